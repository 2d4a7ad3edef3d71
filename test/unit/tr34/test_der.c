/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's lengths and its room, and what the reader refuses. */
#include "test/unit/tr34/support.h"

#include <stdlib.h>
#include <string.h>

START_TEST(lengths_have_the_shortest_form)
{
    static const struct {
        size_t content;
        const char *text;
    } cases[] = {{0, "0400"},
                 {1, "0401 EE"},
                 {127, "047F EE*127"},
                 {128, "048180 EE*128"},
                 {255, "0481FF EE*255"},
                 {256, "04820100 EE*256"},
                 {300, "0482012C EE*300"},
                 {65536, "0483010000 EE*65536"}};
    static uint8_t content[65536], out[65600], expected[65600];

    memset(content, 0xEE, sizeof content);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct der_writer writer = {.out = out, .room = sizeof out};
        size_t len = expand(cases[i].text, expected, sizeof expected);

        der_put_value(&writer, DER_OCTETS, (struct der_view){content, cases[i].content});
        ck_assert_uint_eq(writer.len, len);
        ck_assert_mem_eq(out, expected, len);
    }
}
END_TEST

static void write_nested(struct der_writer *writer)
{
    static const uint8_t content[200];
    size_t outer = der_open(writer, DER_SEQUENCE), inner;

    der_put_small(writer, 3);
    inner = der_open(writer, DER_GROUP_1);
    der_put_value(writer, DER_OCTETS, (struct der_view){content, sizeof content});
    der_close(writer, inner);
    der_put(writer, der_alg_sha256);
    der_close(writer, outer);
}

START_TEST(a_writer_keeps_to_its_room_and_counts_on)
{
    static const char expected[] = "30{020103 A1{04{00*200}} 30{" SHA256 "}}";
    uint8_t all[300];
    size_t len = expand(expected, all, sizeof all);

    for (size_t room = 0; room <= len; room++) {
        uint8_t *exact = malloc(room ? room : 1);
        struct der_writer writer = {.out = exact, .room = room};

        ck_assert_ptr_nonnull(exact);
        write_nested(&writer);
        ck_assert_uint_eq(writer.len, len);
        if (room == len)
            ck_assert_mem_eq(exact, all, len);
        free(exact);
    }
}
END_TEST

START_TEST(the_reader_takes_what_is_there)
{
    struct der_view bytes = expand_exact("30{020103 A0{0401EE} 04{22*130}}"), content, whole;
    struct kf_error err = {0};
    struct der_reader reader = der_reader_make("Doc", bytes, &err), members, inside;

    ck_assert(der_next_is(&reader, DER_SEQUENCE));
    ck_assert(!der_next_is(&reader, DER_SET));
    ck_assert(der_enter(&reader, DER_SEQUENCE, "all", &members));
    ck_assert(der_end(&reader, "all"));
    ck_assert(!der_next_is(&reader, DER_SEQUENCE));
    ck_assert(der_expect_small(&members, 3, "number"));
    ck_assert(der_enter(&members, DER_GROUP_0, "group", &inside));
    ck_assert(der_read_whole(&inside, DER_OCTETS, "octets", &whole));
    expect_view(whole, "0401EE");
    ck_assert(der_read(&members, DER_OCTETS, "octets", &content));
    expect_view(content, "22*130");
    ck_assert(der_end(&members, "all") && der_end(&inside, "group"));
    free((void *)bytes.bytes);
}
END_TEST

START_TEST(the_reader_refuses_what_is_not_der)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "Doc: the thing must be a SEQUENCE; nothing is there at byte 0"},
        {"31020500", "Doc: the thing must be a SEQUENCE; byte 0 is tag 31"},
        {"30", "Doc: the thing at byte 0 ends behind what holds it"},
        {"30020500AA", "Doc: the thing must end at byte 4; 1 more are there"},
        {"300305", "Doc: the thing at byte 0 ends behind what holds it"},
        {"30800000", "Doc: the length of the thing must be DER: definite, and at most 65535; byte "
                     "1 is 80"},
        {"308300000100", "Doc: the length of the thing must be DER: definite"},
        {"3081", "Doc: the thing at byte 0 ends behind what holds it"},
        {"308200", "Doc: the thing at byte 0 ends behind what holds it"},
        {"30820100 00*255", "Doc: the thing at byte 0 ends behind what holds it"},
        {"30817F 00*127", "Doc: the length of the thing at byte 1 must have DER's shortest form"},
        {"308200FF 00*255", "Doc: the length of the thing at byte 1 must have DER's shortest form"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct der_view bytes = expand_exact(cases[i].text), content;
        struct kf_error err = {0};
        struct der_reader reader = der_reader_make("Doc", bytes, &err);

        expect_refusal(der_read(&reader, DER_SEQUENCE, "the thing", &content) &&
                           der_end(&reader, "the thing"),
                       &err, cases[i].message);
        free((void *)bytes.bytes);
    }
}
END_TEST

START_TEST(numbers_are_compared_whole)
{
    static const char *const texts[] = {"020102", "02020003", "0200", "02020300"};

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct der_view bytes = expand_exact(texts[i]);
        struct kf_error err = {0};
        struct der_reader reader = der_reader_make("Doc", bytes, &err);

        expect_refusal(der_expect_small(&reader, 3, "it"), &err, "Doc: it must be 3");
        free((void *)bytes.bytes);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        lengths_have_the_shortest_form, a_writer_keeps_to_its_room_and_counts_on,
        the_reader_takes_what_is_there, the_reader_refuses_what_is_not_der,
        numbers_are_compared_whole,
    };

    return run_suite("der", tests, COUNT(tests));
}
