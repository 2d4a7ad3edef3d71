/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers as text: what is inherited, what may be narrowed or added, in which order, and each
 * refusal. Only the layout makes PB; its data are written as zeros here.
 */
#include "daemon/worker/export_header.h"

#include <stdio.h>
#include <string.h>

#include "test/unit/p11/support.h"
#include "tr31/keyblock.h"

/* 2026-11-22T23:09:05Z */
#define NOW 1795388945

static struct export_subject subject;
static struct p11_key kbpk;
static struct dukpt_ksn ksn;
static keyferry_KeyBlockHeaders headers;
static struct export_header made;
static struct kf_error err;

static void be_key(const char *usage, enum key_algorithm algorithm, char mode)
{
    memset(&subject, 0, sizeof subject);
    memcpy(subject.facts.usage, usage, 3);
    memcpy(subject.facts.version, "00", 3);
    subject.facts.algorithm = algorithm;
    subject.facts.mode = mode;
    subject.facts.exportability = 'S';
}

static void be_initial_key(enum key_algorithm bdk, const char *number)
{
    be_key("B1", bdk, 'X');
    ck_assert(dukpt_ksn_parse(bdk, number, &ksn, &err));
    subject.ksn = &ksn;
}

static void be_imported(char exportability)
{
    be_key("B0", KEY_TDES_2KEY, 'X');
    memcpy(subject.facts.version, "7Z", 3);
    subject.facts.external = subject.facts.imported = true;
    subject.facts.exportability = exportability;
}

static void wrap_under(enum key_algorithm algorithm)
{
    memset(&kbpk, 0, sizeof kbpk);
    kbpk.facts.algorithm = algorithm;
    kbpk.facts.kcv_algorithm = kcv_algorithm_for(algorithm);
    strcpy(kbpk.facts.kcv, "0FA329");
}

/* A request anew: a 2-key BDK under AES-256, nothing asked for. */
static void setup(void)
{
    memset(&headers, 0, sizeof headers);
    memset(&err, 0, sizeof err);
    be_key("B0", KEY_TDES_2KEY, 'X');
    wrap_under(KEY_AES_256);
}

static void give(const char *id, const char *value)
{
    keyferry_OptionalBlock *block = &headers.optional_blocks[headers.optional_blocks_count++];

    snprintf(block->id, sizeof block->id, "%s", id);
    snprintf(block->value, sizeof block->value, "%s", value);
}

static void give_filled(const char *id, size_t len)
{
    char value[256];

    memset(value, 'x', len);
    value[len] = '\0';
    give(id, value);
}

static void ask(const char *id)
{
    snprintf(headers.add_blocks[headers.add_blocks_count++], sizeof headers.add_blocks[0], "%s",
             id);
}

static void ask_exportability(const char *name)
{
    headers.has_key_exportability = true;
    snprintf(headers.key_exportability, sizeof headers.key_exportability, "%s", name);
}

static void ask_version(const char *version)
{
    headers.has_key_version = true;
    snprintf(headers.key_version, sizeof headers.key_version, "%s", version);
}

/* The whole header, PB and all, but for the block's length. */
static void expect(const char *text)
{
    static const uint8_t filler[TR31_FILLER_MAX];
    struct tr31_layout layout;
    char out[TR31_KEYBLOCK_MAX + 1];

    ck_assert_msg(export_header_make(&subject, tr31_version_for(kbpk.facts.algorithm), &kbpk.facts,
                                     &headers, NOW, &made, &err),
                  "%s", err.message);
    ck_assert(tr31_layout_make(&made.tr31, 16, true, &layout, &err));
    tr31_layout_header(&made.tr31, &layout, filler, out);
    memset(out + 1, '.', 4);
    ck_assert_str_eq(out, text);
    memset(&headers, 0, sizeof headers);
}

static void expect_refusal(const char *member, const char *part)
{
    ck_assert_msg(!export_header_make(&subject, tr31_version_for(kbpk.facts.algorithm), &kbpk.facts,
                                      &headers, NOW, &made, &err),
                  "%s: %s", member, part);
    ck_assert_int_eq(err.status, KF_VALIDATION);
    ck_assert_mem_eq(err.message, EXPORT_HEADERS, strlen(EXPORT_HEADERS));
    ck_assert_msg(strncmp(err.message + strlen(EXPORT_HEADERS), member, strlen(member)) == 0, "%s",
                  err.message);
    ck_assert_msg(strstr(err.message, part) != NULL, "%s: %s", err.message, part);
    kf_error_clear(&err);
    memset(&headers, 0, sizeof headers);
}

START_TEST(what_is_not_asked_for_is_inherited)
{
    ck_assert(export_header_make(&subject, tr31_version_for(kbpk.facts.algorithm), &kbpk.facts,
                                 NULL, NOW, &made, &err));
    ck_assert_mem_eq(made.tr31.usage, "B0", 2);
    expect("D....B0TX00E0000");
    wrap_under(KEY_TDES_3KEY);
    expect("B....B0TX00E0000");
    be_key("K0", KEY_AES_128, 'B');
    wrap_under(KEY_AES_128);
    expect("D....K0AB00E0000");
    be_initial_key(KEY_TDES_2KEY, "12345678901234560001");
    expect("D....B1TX00S0000");
    be_imported('E');
    expect("D....B0TX7ZE0000");
    be_imported('S');
    expect("D....B0TX7ZS0000");
}
END_TEST

/* The user guide's example; its header is two whole blocks, so there is no PB. */
START_TEST(the_published_example)
{
    headers.has_key_modes_of_use = headers.key_modes_of_use.derive_key = true;
    ask_exportability("NON_EXPORTABLE");
    ask_version("02");
    give("BI", "00ABCDEFABCD");
    expect("D....B0TX02N0100BI1000ABCDEFABCD");
}
END_TEST

START_TEST(modes_are_narrowed)
{
    be_key("C0", KEY_TDES_2KEY, 'C');
    headers.has_key_modes_of_use = headers.key_modes_of_use.verify = true;
    expect("D....C0TV00E0000");
    be_key("D0", KEY_AES_128, 'N');
    headers.has_key_modes_of_use = true;
    headers.key_modes_of_use.decrypt = headers.key_modes_of_use.unwrap = true;
    expect("D....D0AD00E0000");
    be_key("C0", KEY_TDES_2KEY, 'G');
    headers.has_key_modes_of_use = true;
    headers.key_modes_of_use.generate = headers.key_modes_of_use.verify = true;
    expect_refusal("KeyModesOfUse: {Generate,Verify}", "own {Generate}");
    headers.has_key_modes_of_use = true;
    expect_refusal("KeyModesOfUse: ", "no key block can say");
    headers.has_key_modes_of_use = headers.key_modes_of_use.encrypt = true;
    expect_refusal("KeyModesOfUse: ", "no key block can say");
}
END_TEST

START_TEST(exportability_is_narrowed)
{
    static const struct {
        const char *name;
        char letter;
    } words[] = {{"SENSITIVE", 'S'}, {"EXPORTABLE", 'E'}, {"NON_EXPORTABLE", 'N'}};
    char text[32];

    for (size_t i = 0; i < COUNT(words); i++) {
        be_key("B0", KEY_TDES_2KEY, 'X');
        ask_exportability(words[i].name);
        snprintf(text, sizeof text, "D....B0TX00%c0000", words[i].letter);
        expect(text);
        be_initial_key(KEY_TDES_2KEY, "12345678901234560001");
        ask_exportability(words[i].name);
        snprintf(text, sizeof text, "D....B1TX00%c0000", words[i].letter);
        expect(text);
        be_imported('S');
        ask_exportability(words[i].name);
        snprintf(text, sizeof text, "D....B0TX7Z%c0000", words[i].letter);
        expect(text);
        be_imported('E');
        ask_exportability(words[i].name);
        snprintf(text, sizeof text, "D....B0TX7Z%c0000", words[i].letter);
        if (words[i].letter == 'S')
            expect_refusal("KeyExportability: SENSITIVE", "own EXPORTABLE");
        else
            expect(text);
    }
    ask_exportability("");
    expect_refusal("KeyExportability: ", "EXPORTABLE, NON_EXPORTABLE or SENSITIVE");
    ask_exportability("E");
    expect_refusal("KeyExportability: ", "EXPORTABLE, NON_EXPORTABLE or SENSITIVE");
}
END_TEST

START_TEST(versions_are_two_digits_or_capitals)
{
    static const char *const bad[] = {"", "1", "001", "0a", "c1", "-1", "0 "};

    ask_version("A9");
    expect("D....B0TXA9E0000");
    be_imported('E');
    ask_version("00");
    expect("D....B0TX00E0000");
    for (size_t i = 0; i < COUNT(bad); i++) {
        ask_version(bad[i]);
        expect_refusal("KeyVersion: ", "two of 0-9 and A-Z");
    }
}
END_TEST

START_TEST(blocks_stand_in_the_order_of_the_request)
{
    give("ZZ", "a1");
    give("10", "B2c3");
    give("AA", "000000");
    expect("D....B0TX00E0400ZZ06a11008B2c3AA0A000000PB080000");
    give("AA", "000000");
    give("ZZ", "a1");
    expect("D....B0TX00E0200AA0A000000ZZ06a1");
}
END_TEST

/* 16 characters fill a block of AES and two of TDES, 8 one of TDES only; where less than a PB's
 * four are missing, PB takes a block more. */
START_TEST(padding_is_last_and_only_where_needed)
{
    give_filled("LB", 12);
    expect("D....B0TX00E0100LB10xxxxxxxxxxxx");
    give_filled("LB", 4);
    expect("D....B0TX00E0200LB08xxxxPB080000");
    give_filled("LB", 10);
    expect("D....B0TX00E0200LB0ExxxxxxxxxxPB1200000000000000");
    wrap_under(KEY_TDES_2KEY);
    give_filled("LB", 4);
    expect("B....B0TX00E0100LB08xxxx");
    give_filled("LB", 5);
    expect("B....B0TX00E0200LB09xxxxxPB07000");
    give_filled("LB", 3);
    expect("B....B0TX00E0200LB07xxxPB0900000");
}
END_TEST

START_TEST(blocks_are_made)
{
    ask("TS");
    ask("KP");
    expect("D....B0TX00E0300TS1320261122230905ZKP0C010FA329PB110000000000000");
    wrap_under(KEY_TDES_2KEY);
    give("LB", "x");
    ask("KP");
    expect("B....B0TX00E0300LB05xKP0C000FA329PB07000");
    be_initial_key(KEY_TDES_2KEY, "12345678901234569999");
    ask("KS");
    expect("B....B1TX00S0100KS1812345678901234400000");
    be_initial_key(KEY_AES_128, "1234567890123456FFFFFFFF");
    wrap_under(KEY_AES_128);
    ask("IK");
    ask("KP");
    expect("D....B1AX00S0200IK141234567890123456KP0C010FA329");
}
END_TEST

/* Behind everything else but PB. */
START_TEST(an_hmac_key_says_its_hash)
{
    be_key("M7", KEY_HMAC_SHA512, 'C');
    give("LB", "xxxxxx");
    ask("KP");
    expect("D....M7HC00E0400LB0AxxxxxxKP0C010FA329HM0623PB04");
    give("HM", "23");
    expect_refusal("OptionalBlocks: ", "HM");
    be_key("M7", KEY_AES_128, 'C');
    expect("D....M7AC00E0000");
    give("HM", "21");
    expect_refusal("OptionalBlocks: HM", "leave it out");
}
END_TEST

START_TEST(a_block_may_have_108_characters_and_all_112)
{
    give_filled("LB", 108);
    ck_assert(export_header_make(&subject, tr31_version_for(kbpk.facts.algorithm), &kbpk.facts,
                                 &headers, NOW, &made, &err));
    memset(&headers, 0, sizeof headers);
    give_filled("LB", 109);
    expect_refusal("OptionalBlocks: the value of LB", "109 characters");
    give("LB", "");
    expect_refusal("OptionalBlocks: the value of LB", "0 characters; it must have 1 to 108");
    give_filled("LB", 52);
    give_filled("L2", 52);
    ck_assert(export_header_make(&subject, tr31_version_for(kbpk.facts.algorithm), &kbpk.facts,
                                 &headers, NOW, &made, &err));
    memset(&headers, 0, sizeof headers);
    give_filled("LB", 52);
    give_filled("L2", 53);
    expect_refusal("OptionalBlocks: have 113 characters", "they may have 112");
}
END_TEST

/* Theirs do not count into AWS's bound, and the block's own is far. */
START_TEST(all_that_can_be_asked_for_fits)
{
    struct tr31_layout layout;

    be_initial_key(KEY_AES_256, "1234567890123456FFFFFFFF");
    give_filled("LB", 108);
    ask("TS");
    ask("IK");
    ask("KP");
    ck_assert(export_header_make(&subject, tr31_version_for(kbpk.facts.algorithm), &kbpk.facts,
                                 &headers, NOW, &made, &err));
    ck_assert_uint_eq(made.tr31.optional.count, 4);
    ck_assert(tr31_layout_make(&made.tr31, 32, true, &layout, &err));
    ck_assert_uint_eq(layout.header_size, 16 + 112 + 19 + 20 + 12 + 13);
}
END_TEST

START_TEST(blocks_that_break_a_rule_are_refused)
{
    static const struct {
        const char *id, *value, *part;
    } cases[] = {
        {"bi", "00ABCDEFABCD", "two characters of 0-9 and A-Z"},
        {"B", "00ABCDEFABCD", "two characters of 0-9 and A-Z"},
        {"", "00ABCDEFABCD", "two characters of 0-9 and A-Z"},
        {"BI0", "00ABCDEFABCD", "two characters of 0-9 and A-Z"},
        {"PB", "0000", "PB: padding is added where it is needed"},
        {"LB", "two words", "the value of LB must be of 0-9, A-Z and a-z only"},
        {"TC", "2017-05-17T19:41:38Z", "the value of TC must be of 0-9, A-Z and a-z only"},
        {"BI", "1112345678", "not 11"},
        {"BI", "00ABCDEFAB", "10 hex digits"},
        {"KS", "ffff9876543210e00000", "20 hex digits"},
        {"KC", "02ABCDEF", "CMAC"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        give(cases[i].id, cases[i].value);
        expect_refusal("OptionalBlocks: ", cases[i].part);
        /* What it holds is in no log. */
        ck_assert_ptr_null(strstr(err.message, cases[i].value));
    }
    give("LB", "x");
    give("BI", "00ABCDEFABCD");
    give("LB", "y");
    expect_refusal("OptionalBlocks: ", "LB: may be there only once");
}
END_TEST

START_TEST(blocks_that_cannot_be_made_are_refused)
{
    static const char *const unknown[] = {"", "BI", "PB", "HM", "kp", "KPP"};

    for (size_t i = 0; i < COUNT(unknown); i++) {
        ask(unknown[i]);
        expect_refusal("AddBlocks: ", "KP, KS, IK and TS");
    }
    ask("KS");
    expect_refusal("AddBlocks: KS", "ExportDukptInitialKey");
    ask("IK");
    expect_refusal("AddBlocks: IK", "ExportDukptInitialKey");
    be_initial_key(KEY_AES_192, "123456789012345600000000");
    ask("KS");
    expect_refusal("AddBlocks: KS", "AES has IK");
    be_initial_key(KEY_TDES_2KEY, "FFFF9876543210E00000");
    ask("IK");
    expect_refusal("AddBlocks: IK", "TDES has KS");
    ask("TS");
    ask("TS");
    expect_refusal("AddBlocks: ", "TS: may be there only once");
    give("KP", "010FA329");
    ask("KP");
    expect_refusal("AddBlocks: ", "KP: may be there only once");
}
END_TEST

START_TEST(blocks_may_not_contradict_the_ksn)
{
    static const struct {
        enum key_algorithm bdk;
        const char *number, *id, *good, *bad;
    } cases[] = {
        {KEY_TDES_2KEY, "FFFF9876543210E00001", "KS", "FFFF9876543210E00000",
         "FFFF9876543210E00001"},
        {KEY_TDES_2KEY, "FFFF9876543210E00001", "KS", "FFFF9876543210E0", "9876543210E00000"},
        {KEY_TDES_2KEY, "FFFF9876543210E00001", "BI", "00FFFF987654", "00FFFF987655"},
        {KEY_TDES_2KEY, "FFFF9876543210E00001", "BI", "00FFFF987654", "01FFFF9876"},
        {KEY_AES_256, "1234567890123456000000FF", "IK", "1234567890123456", "1234567890123457"},
        {KEY_AES_256, "1234567890123456000000FF", "BI", "0112345678", "0112345679"},
        {KEY_AES_256, "1234567890123456000000FF", "BI", "0112345678", "001234567890"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        be_initial_key(cases[i].bdk, cases[i].number);
        give(cases[i].id, cases[i].good);
        ck_assert_msg(export_header_make(&subject, tr31_version_for(kbpk.facts.algorithm),
                                         &kbpk.facts, &headers, NOW, &made, &err),
                      "%s", err.message);
        memset(&headers, 0, sizeof headers);
        give(cases[i].id, cases[i].bad);
        expect_refusal("OptionalBlocks: ", "contradicts KeySerialNumber");
        ck_assert_ptr_null(strstr(err.message, cases[i].bad));
    }
    be_initial_key(KEY_AES_256, "123456789012345600000000");
    give("KS", "12345678901234560000");
    expect_refusal("OptionalBlocks: KS", "initial key of AES_256");
    be_initial_key(KEY_TDES_2KEY, "FFFF9876543210E00000");
    give("IK", "FFFF9876543210E0");
    expect_refusal("OptionalBlocks: IK", "initial key of TDES_2KEY");
    /* Of a key without a KSN nothing can be contradicted. */
    be_imported('E');
    give("KS", "FFFF9876543210E00000");
    expect("D....B0TX7ZE0200KS18FFFF9876543210E00000PB080000");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("export_header");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, what_is_not_asked_for_is_inherited);
    tcase_add_test(tests, the_published_example);
    tcase_add_test(tests, modes_are_narrowed);
    tcase_add_test(tests, exportability_is_narrowed);
    tcase_add_test(tests, versions_are_two_digits_or_capitals);
    tcase_add_test(tests, blocks_stand_in_the_order_of_the_request);
    tcase_add_test(tests, padding_is_last_and_only_where_needed);
    tcase_add_test(tests, blocks_are_made);
    tcase_add_test(tests, an_hmac_key_says_its_hash);
    tcase_add_test(tests, a_block_may_have_108_characters_and_all_112);
    tcase_add_test(tests, all_that_can_be_asked_for_fits);
    tcase_add_test(tests, blocks_that_break_a_rule_are_refused);
    tcase_add_test(tests, blocks_that_cannot_be_made_are_refused);
    tcase_add_test(tests, blocks_may_not_contradict_the_ksn);
    return run_case(tests, "export headers");
}
