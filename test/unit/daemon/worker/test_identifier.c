/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers: what is read of each, and that each refusal names the member. */
#include "daemon/worker/identifier.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/p11/support.h"

static struct identifier read_as;
static struct kf_error err;

static void expect(const char *text, bool is_alias, const char *name)
{
    ck_assert_msg(identifier_parse("KeyIdentifier", text, &read_as, &err), "%s: %s", text,
                  err.message);
    ck_assert_int_eq(read_as.is_alias, is_alias);
    ck_assert_str_eq(read_as.name, name);
}

START_TEST(each_form_is_read)
{
    static const char sixty_four[] =
        "0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123";

    expect("5rplquuwozodpwsp", false, "5rplquuwozodpwsp");
    expect(sixty_four, false, sixty_four);
    expect("key/5rplquuwozodpwsp", false, "5rplquuwozodpwsp");
    expect("arn:aws:payment-cryptography:xx-local-1:000000000000:key/5rplquuwozodpwsp", false,
           "5rplquuwozodpwsp");
    expect("arn:aws:payment-cryptography:us-east-2:111122223333:key/5rplquuwozodpwsp", false,
           "5rplquuwozodpwsp");
    expect("alias/kek-acme", true, "alias/kek-acme");
    expect("alias/a/b_C-9", true, "alias/a/b_C-9");
    expect("arn:aws:payment-cryptography:us-east-2:111122223333:alias/kek-acme", true,
           "alias/kek-acme");
}
END_TEST

static void expect_refusal(bool (*parse)(const char *, const char *, struct identifier *,
                                         struct kf_error *),
                           const char *text)
{
    ck_assert_msg(!parse("WrappingKeyIdentifier", text, &read_as, &err), "%s",
                  text ? text : "NULL");
    ck_assert_int_eq(err.status, KF_VALIDATION);
    ck_assert_msg(strncmp(err.message, "WrappingKeyIdentifier", strlen("WrappingKeyIdentifier")) ==
                      0,
                  "%s", err.message);
    kf_error_clear(&err);
}

START_TEST(everything_else_is_refused)
{
    static const char *const bad[] = {
        NULL,
        "",
        " ",
        "5rplquuwozodpws",
        "5rplquuwozodpwsp ",
        "5rplquuwozodpws-",
        "5rplquuwozodpws\xC3\xA4",
        "0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ01234",
        "key/",
        "key/5rplquuwozodpws",
        "key/key/5rplquuwozodpwsp",
        "alias/",
        "alias/a b",
        "alias/a.b",
        "alias/\xC3\xA4",
        "alias",
        "ALIAS/kek-acme-kek",
        "arn:",
        "arn:aws",
        "arn:aws:kms:us-east-2:111122223333:key/5rplquuwozodpwsp",
        "arn:aws:payment-cryptography:us-east-2:key/5rplquuwozodpwsp",
        "arn:aws:payment-cryptography:us-east-2:111122223333:5rplquuwozodpwsp",
        "arn:aws:payment-cryptography:us-east-2:111122223333:key/",
        "arn:aws:payment-cryptography:us-east-2:111122223333:alias/",
        "arn:aws:payment-cryptography:us-east-2:111122223333:key/5rplquuwozodpwsp:1",
        "arn:aws:payment-cryptography:us-east-2:111122223333:certificate/5rplquuwozodpwsp",
        "arn:aws-cn:payment-cryptography:us-east-2:111122223333:key/5rplquuwozodpwsp",
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        expect_refusal(identifier_parse, bad[i]);
}
END_TEST

START_TEST(an_alias_has_256_characters_at_most)
{
    char name[ALIAS_NAME_MAX + 2];

    memset(name, 'a', sizeof name);
    memcpy(name, "alias/", strlen("alias/"));
    name[ALIAS_NAME_MAX + 1] = '\0';
    expect_refusal(identifier_parse, name);
    expect_refusal(identifier_parse_alias, name);
    name[ALIAS_NAME_MAX] = '\0';
    expect(name, true, name);
    ck_assert(identifier_parse_alias("AliasName", name, &read_as, &err));
}
END_TEST

START_TEST(some_members_take_one_kind_only)
{
    expect_refusal(identifier_parse_alias, NULL);
    expect_refusal(identifier_parse_alias, "");
    expect_refusal(identifier_parse_alias, "kek-acme");
    expect_refusal(identifier_parse_alias, "5rplquuwozodpwsp");
    expect_refusal(identifier_parse_alias,
                   "arn:aws:payment-cryptography:us-east-2:111122223333:alias/kek-acme");
    expect_refusal(identifier_parse_key, NULL);
    expect_refusal(identifier_parse_key, "alias/kek-acme");
    expect_refusal(identifier_parse_key,
                   "arn:aws:payment-cryptography:us-east-2:111122223333:alias/kek-acme");
    ck_assert(identifier_parse_key("KeyArn", "5rplquuwozodpwsp", &read_as, &err));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("identifier");

    tcase_add_test(tests, each_form_is_read);
    tcase_add_test(tests, everything_else_is_refused);
    tcase_add_test(tests, an_alias_has_256_characters_at_most);
    tcase_add_test(tests, some_members_take_one_kind_only);
    return run_case(tests, "identifiers");
}
