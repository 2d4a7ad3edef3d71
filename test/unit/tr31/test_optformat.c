/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of the known optional blocks: what fits and what does not, a line each. */
#include "test/unit/tr31/support.h"

#include <string.h>

#include "tr31/optformat.h"

static const struct {
    const char *id, *good, *bad;
} cases[] = {
    {"KS", "FFFF9876543210E00000", "FFFF9876543210E0000"},
    {"KS", "00604B120F929280", "FFFF9876543210E0000g"},
    {"KS", "00604B120F929280", "ffff9876543210e00000"},
    {"KS", "00604B120F929280", "DE#GBIC#0000"},
    {"IK", "1234567890123456", "12345678901234567890"},
    {"BI", "00ABCDEFABCD", "00ABCDEFAB"},
    {"BI", "0112345678", "1112345678"},
    {"BI", "0112345678", "0012345678"},
    {"KC", "000169E3", "000169E3AB"},
    {"KC", "0008", "00"},
    {"KP", "012331550BC9", "012331550BC9AB"},
    {"KP", "010FA329", "010FA32"},
    {"PK", "019876543210", "029876543210"},
    {"HM", "21", "11"},
    {"HM", "41", "2"},
    {"HM", "10", "10|20"},
    {"TS", "20200818221218Z", "20200818221218"},
    {"TS", "2020081819203022Z", "20201318221218Z"},
    {"TC", "2017-05-17T19:41:38Z", "2017-05-17 19:41:38Z"},
    {"TC", "2017-05-17T19:41:38.25Z", "2017-05-17T24:41:38Z"},
    {"TC", "2016-12-31T23:59:60Z", "2017-05-00T19:41:38Z"},
    {"AL", "0101", "0102"},
    {"WP", "003", "004"},
    {"KV", "0000", "00a0"},
    {"LB", "My Great Key", "line\nbreak"},
    {"LB", "", "\x7F"},
    {"PB", "", "\xE4"},
    {"FL", "anything goes", "\t"},
    {"DA", "01D2ABND3AEN", "01"},
    {"DA", "01D2ABN", "00D2ABN"},
    {"DA", "01D2ABN", "01D2ABN0"},
    {"DA", "01D2ABN", "01d2ABN"},
    {"DA", "01D2ABN", "01D2QBN"},
    {"DA", "01D2ABN", "01D2AAN"},
    {"DA", "01D2ABN", "01D2ABX"},
    {"CT", "00QUJD", "00QUJ"},
    {"CT", "01QUI=", "00"},
    {"CT", "00QQ==", "00Q==="},
    {"CT", "00QQ==", "03QUJD"},
    {"CT", "00QUJD", "02"},
    {"CT", "02000004QUJD", "02000005QUJD"},
    {"CT", "02000004QUJD", "02000004QUJD0"},
    {"CT", "02000004QUJD010004QUI=", "02000004QUJD010008QUI="},
    {"CT", "02000004QUJD", "02020004QUJD"},
    {"CT", "02000004QUJD", "02000000"},
    {"10", "a vendor's own", "\x1F"},
};

static const char *check(const char *id, const char *data)
{
    return tr31_optformat_check(id, data, strlen(data));
}

START_TEST(good_data_fit_and_bad_do_not)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *rule = check(cases[i].id, cases[i].good);

        ck_assert_msg(rule == NULL, "%s %s: %s", cases[i].id, cases[i].good, rule);
        ck_assert_msg(check(cases[i].id, cases[i].bad), "%s %s", cases[i].id, cases[i].bad);
    }
}
END_TEST

/* What AWS's text says of AES, and what the standard says. */
START_TEST(the_aes_kind_of_bi_is_named)
{
    ck_assert_ptr_nonnull(strstr(check("BI", "1112345678"), "01 for it, not 11"));
}
END_TEST

START_TEST(ids_are_two_digits_or_capitals)
{
    ck_assert(tr31_optformat_is_id("KS"));
    ck_assert(tr31_optformat_is_id("10"));
    ck_assert(!tr31_optformat_is_id("ks"));
    ck_assert(!tr31_optformat_is_id("K "));
    ck_assert(!tr31_optformat_is_id(""));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {good_data_fit_and_bad_do_not, the_aes_kind_of_bi_is_named,
                                  ids_are_two_digits_or_capitals};

    return run_suite("optformat", tests, COUNT(tests));
}
