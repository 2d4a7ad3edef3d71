/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around the key: its bytes, where the key goes, its padding and its three parts. */
#include "test/unit/tr34/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct der_view kdh, header, long_header;

static void views_make(void)
{
    kdh = expand_exact(KDH);
    header = expand_exact(HEADER);
    long_header = expand_exact(LONG_HEADER);
}

static void views_free(void)
{
    free((void *)kdh.bytes);
    free((void *)header.bytes);
    free((void *)long_header.bytes);
}

static struct tr34_frame make(struct tr34_keyblock keyblock)
{
    struct tr34_frame frame;
    struct kf_error err = {0};

    ck_assert_msg(tr34_frame_make(&keyblock, "Field", &frame, &err), "%s", err.message);
    ck_assert_str_eq(err.message, "");
    return frame;
}

START_TEST(frames_are_the_standards_bytes)
{
    static const struct {
        bool long_header, bare;
        uint8_t version;
        size_t key_len, block;
        const char *text;
    } cases[] = {
        {false, false, 1, 24, 8,
         "30{020101 " KDH "04{00*24} 30{" PKCS7 "01 31{04{" HEADER "}}}} 04*4"},
        {false, false, 1, 16, 8,
         "30{020101 " KDH "04{00*16} 30{" PKCS7 "01 31{04{" HEADER "}}}} 04*4"},
        {false, false, 1, 16, 16,
         "30{020101 " KDH "04{00*16} 30{" PKCS7 "01 31{04{" HEADER "}}}} 04*4"},
        {false, false, 1, 24, 16,
         "30{020101 " KDH "04{00*24} 30{" PKCS7 "01 31{04{" HEADER "}}}} 0C*12"},
        {true, false, 1, 16, 16,
         "30{020101 " KDH "04{00*16} 30{" PKCS7 "01 31{04{" LONG_HEADER "}}}} 01"},
        {false, true, 0, 16, 16, "30{020100 " KDH "04{00*16} 04{" HEADER "}} 03*3"},
    };

    views_make();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr34_frame frame = make((struct tr34_keyblock){
            .signer = kdh,
            .header = cases[i].long_header ? long_header : header,
            .key_len = cases[i].key_len,
            .block = cases[i].block,
            .version = cases[i].version,
            .bare_header = cases[i].bare,
        });

        expect_bytes(frame.bytes, frame.len, cases[i].text);
        ck_assert_uint_eq(frame.len % cases[i].block, 0);
        ck_assert_uint_eq(frame.key_len, cases[i].key_len);
        /* In front of the key is its tag and length. */
        ck_assert_uint_eq(frame.bytes[frame.key_at - 2], DER_OCTETS);
        ck_assert_uint_eq(frame.bytes[frame.key_at - 1], frame.key_len);
    }
    views_free();
}
END_TEST

/* An identity whose name has that many bytes. */
static struct der_view identity(size_t name)
{
    char text[64] = "30{3000 020105}";

    if (name > 0)
        snprintf(text, sizeof text, "30{30{31*%zu} 020105}", name);
    return expand_exact(text);
}

/* Whatever the length of the name, and so the place of the key: the key is in the middle, which is
 * as short as whole blocks allow, and the padding is right. */
START_TEST(the_middle_alone_holds_the_key)
{
    size_t aligned = 0;

    views_make();
    for (size_t name = 0; name <= TR34_IDENTITY_MAX - 11; name += name < 300 ? 1 : 9)
        for (int variant = 0; variant < 4; variant++) {
            struct tr34_keyblock keyblock = {.signer = identity(name),
                                             .header = header,
                                             .key_len = variant & 1 ? 24 : 16,
                                             .block = variant & 2 ? 16 : 8,
                                             .version = 1};
            struct tr34_frame frame;
            size_t block = keyblock.block, end;
            uint8_t padding;

            frame = make(keyblock);
            end = frame.middle_at + frame.middle_len;
            padding = frame.bytes[frame.len - 1];
            ck_assert_uint_eq(frame.middle_at % block, 0);
            ck_assert_uint_eq(frame.middle_len % block, 0);
            ck_assert_uint_eq(frame.len % block, 0);
            ck_assert_uint_le(frame.middle_at, frame.key_at);
            ck_assert_uint_lt(frame.key_at - frame.middle_at, block);
            ck_assert_uint_le(frame.key_at + frame.key_len, end);
            ck_assert_uint_lt(end - frame.key_at - frame.key_len, block);
            ck_assert_uint_lt(end, frame.len);
            ck_assert(padding >= 1 && padding <= block);
            for (size_t i = 1; i <= padding; i++)
                ck_assert_uint_eq(frame.bytes[frame.len - i], padding);
            aligned += frame.middle_len == frame.key_len;
            free((void *)keyblock.signer.bytes);
        }
    ck_assert_uint_gt(aligned, 0);
    views_free();
}
END_TEST

START_TEST(a_whole_block_of_padding_follows_whole_blocks)
{
    struct tr34_keyblock keyblock = {.key_len = 16, .block = 8, .version = 1};
    size_t seen = 0;

    views_make();
    keyblock.header = header;
    for (size_t name = 20; name < 28; name++) {
        struct tr34_frame frame;

        keyblock.signer = identity(name);
        frame = make(keyblock);
        seen += frame.bytes[frame.len - 1] == 8;
        free((void *)keyblock.signer.bytes);
    }
    ck_assert_uint_eq(seen, 1);
    views_free();
}
END_TEST

START_TEST(what_does_not_fit_is_refused_by_name)
{
    static const struct {
        const char *signer, *header;
        size_t key_len;
        const char *message;
    } cases[] = {
        {KDH, HEADER, 32, "key length: a TR-34 key token carries keys of 16 or 24 bytes, not 32"},
        {KDH, HEADER, 8, "key length: "},
        {KDH, "'A0256K0TB00E000'", 16,
         "KeyBlockHeaders: the TR-31 header must have 16 to 256 characters; it has 15"},
        {KDH, "58*257", 16,
         "KeyBlockHeaders: the TR-31 header must have 16 to 256 characters; it has 257"},
        {KDH, "'A0256K0TB00E00' 0A 00", 16,
         "KeyBlockHeaders: the TR-31 header must be printable ASCII"},
        {"30{30{31*1019} 020105}", HEADER, 16,
         "Field: the certificate's identity has 1030 bytes of issuer and serial number; at most "
         "1024 go in"},
        {"30{3000}", HEADER, 16, "Field: the certificate's identity must be an INTEGER"},
        {KDH KDH, HEADER, 16, "Field: the certificate's identity must end at byte 20"},
        {"30{3000 02020005}", HEADER, 16, "Field: the serial number of the certificate's "},
        {"30{3000 0202FF80}", HEADER, 16, "Field: the serial number of the certificate's "},
        {"30{3000 0200}", HEADER, 16, "Field: the serial number of the certificate's identity"},
        {"30{3000 020105 0500}", HEADER, 16, "Field: the certificate's identity must end at byte"},
        {"80{11*20}", HEADER, 16, "Field: the certificate's identity must be an IssuerAndSerial"},
        {"", HEADER, 16, "Field: the certificate's identity must be an IssuerAndSerial"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr34_keyblock keyblock = {
            .signer = expand_exact(cases[i].signer),
            .header = expand_exact(cases[i].header),
            .key_len = cases[i].key_len,
            .block = 8,
            .version = 1,
        };
        struct tr34_frame frame;
        struct kf_error err = {0};

        expect_refusal(tr34_frame_make(&keyblock, "Field", &frame, &err), &err, cases[i].message);
        free((void *)keyblock.signer.bytes);
        free((void *)keyblock.header.bytes);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        frames_are_the_standards_bytes,
        the_middle_alone_holds_the_key,
        a_whole_block_of_padding_follows_whole_blocks,
        what_does_not_fit_is_refused_by_name,
    };

    return run_suite("tr34 keyblock", tests, COUNT(tests));
}
