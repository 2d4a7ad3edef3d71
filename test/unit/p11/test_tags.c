/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: their rules, their order, and that any text may stand in them. */
#include "p11/tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/p11/support.h"

static char tags[TAGS_BYTES_MAX + 1];

static void expect(const char *text)
{
    char read[TAGS_BYTES_MAX + 1];

    ck_assert_str_eq(tags, text);
    ck_assert(tags_read(tags, read));
    ck_assert_str_eq(read, tags);
}

START_TEST(tags_come_and_go)
{
    tags[0] = '\0';
    expect("");
    tags_add(tags, "Region", "EU");
    tags_add(tags, "Acquirer", "ABCD");
    expect(" 8:Acquirer=4:ABCD 6:Region=2:EU");
    tags_add(tags, "Regio", "");
    tags_add(tags, "Z", "1");
    expect(" 8:Acquirer=4:ABCD 5:Regio=0: 6:Region=2:EU 1:Z=1:1");
    ck_assert_uint_eq(tags_count(tags), 4);
    tags_remove(tags, "Reg");
    tags_remove(tags, "acquirer");
    ck_assert_uint_eq(tags_count(tags), 4);
    tags_remove(tags, "Z");
    tags_remove(tags, "Acquirer");
    expect(" 5:Regio=0: 6:Region=2:EU");
    tags_remove(tags, "Regio");
    tags_remove(tags, "Region");
    expect("");
}
END_TEST

/* What looks like the form's own characters is text. */
START_TEST(any_text_may_stand_in_them)
{
    static const char *const texts[] = {
        " ", "=", ":", "1:a=1:b", " 1:a=1:b", "a b", "\xC3\xA9", "\xF0\x9F\x94\x91", "\"\\'%s",
    };
    const char *at = tags;
    struct tag tag;
    size_t count = 0;

    tags[0] = '\0';
    for (size_t i = 0; i < COUNT(texts); i++)
        tags_add(tags, texts[i], texts[COUNT(texts) - 1 - i]);
    ck_assert_uint_eq(tags_count(tags), COUNT(texts));
    for (; tags_next(&at, &tag); count++)
        for (size_t i = 0; i < COUNT(texts); i++)
            if (tag_key_order(&tag, texts[i]) == 0) {
                ck_assert_uint_eq(tag.value_len, strlen(texts[COUNT(texts) - 1 - i]));
                ck_assert_mem_eq(tag.value, texts[COUNT(texts) - 1 - i], tag.value_len);
            }
    ck_assert_uint_eq(count, COUNT(texts));
    for (size_t i = 0; i < COUNT(texts); i++)
        tags_remove(tags, texts[i]);
    expect("");
}
END_TEST

/* Of the given number of characters, each one of these. */
static const char *repeat(const char *character, size_t count)
{
    static char text[2048];

    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(text, character);
    return text;
}

static void expect_fault(const char *fault, const char *part)
{
    if (part)
        ck_assert_msg(fault && strstr(fault, part), "%s, not %s", fault ? fault : "none", part);
    else
        ck_assert_msg(!fault, "%s", fault);
}

START_TEST(keys_and_values_have_rules)
{
    static const struct {
        const char *text, *key, *value;
    } cases[] = {
        {"", "1 to 128", NULL},
        {"a", NULL, NULL},
        {"aws", NULL, NULL},
        {"aws:", "aws:", NULL},
        {"AwS:x", "aws:", NULL},
        {"my-aws:x", NULL, NULL},
        {"tab\t", "control", "control"},
        {"\x7F", "control", "control"},
        {"\xC2\x80", "control", "control"},
        {"\xC2\x9F", "control", "control"},
        {"\xC2\xA0", NULL, NULL},
        {"\xE4", "UTF-8", "UTF-8"},
        {"\xED\xA0\x80", "UTF-8", "UTF-8"},
    };
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x94\x91"};

    for (size_t i = 0; i < COUNT(cases); i++) {
        expect_fault(tag_key_fault(cases[i].text, strlen(cases[i].text)), cases[i].key);
        expect_fault(tag_value_fault(cases[i].text, strlen(cases[i].text)), cases[i].value);
    }
    expect_fault(tag_key_fault("a\0b", 3), "control");
    for (size_t i = 0; i < COUNT(characters); i++) {
        size_t size = strlen(characters[i]);

        expect_fault(tag_key_fault(repeat(characters[i], 128), 128 * size), NULL);
        expect_fault(tag_key_fault(repeat(characters[i], 129), 129 * size), "1 to 128");
        expect_fault(tag_value_fault(repeat(characters[i], 256), 256 * size), NULL);
        expect_fault(tag_value_fault(repeat(characters[i], 257), 257 * size), "0 to 256");
    }
}
END_TEST

START_TEST(bounds_are_kept)
{
    char key[16], value[TAGS_BYTES_MAX], text[TAGS_BYTES_MAX + 64];

    tags[0] = '\0';
    for (int i = 0; i < TAGS_MAX; i++) {
        snprintf(key, sizeof key, "k%02d", i);
        tags_add(tags, key, "");
    }
    ck_assert(tags_read(tags, text));
    tags_add(tags, "x", "");
    ck_assert(!tags_read(tags, text));
    /* to the last byte: four tags of 256, 255 and so on */
    tags[0] = '\0';
    for (int i = 0; i < 4; i++) {
        snprintf(key, sizeof key, "%d", i);
        snprintf(value, sizeof value, "%s", repeat("v", 256 - strlen(" 1:k=248:")));
        ck_assert_uint_eq(tags_size(key, value), 256);
        tags_add(tags, key, value);
    }
    ck_assert_uint_eq(strlen(tags), TAGS_BYTES_MAX);
    ck_assert(tags_read(tags, text));
    snprintf(text, sizeof text, "%s 1:z=0:", tags);
    ck_assert(!tags_read(text, tags));
    snprintf(value, sizeof value, "%s", repeat("\xF0\x9F\x94\x91", 128));
    ck_assert_uint_eq(tags_size(value, repeat("\xF0\x9F\x94\x91", 256)),
                      512 + 1024 + TAG_OVERHEAD_MAX);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("tags");

    tcase_add_test(tests, tags_come_and_go);
    tcase_add_test(tests, any_text_may_stand_in_them);
    tcase_add_test(tests, keys_and_values_have_rules);
    tcase_add_test(tests, bounds_are_kept);
    return run_case(tests, "tags");
}
