/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: what is kept, what is referred to, and that they do not overflow. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "p11/template.h"
#include "test/unit/p11/support.h"

START_TEST(flags_are_booleans_of_one_byte)
{
    struct p11_template template = {0};
    int uses = 1 << 6; /* any true value is CK_TRUE */

    template_flag(&template, CKA_WRAP, true);
    template_flag(&template, CKA_UNWRAP, false);
    template_flag(&template, CKA_DERIVE, uses);
    ck_assert_uint_eq(template.count, 3);
    ck_assert_uint_eq(template.attributes[0].type, CKA_WRAP);
    ck_assert_uint_eq(template.attributes[0].ulValueLen, sizeof(CK_BBOOL));
    ck_assert_uint_eq(*(CK_BBOOL *)template.attributes[0].pValue, CK_TRUE);
    ck_assert_uint_eq(*(CK_BBOOL *)template.attributes[1].pValue, CK_FALSE);
    ck_assert_uint_eq(*(CK_BBOOL *)template.attributes[2].pValue, CK_TRUE);
}
END_TEST

START_TEST(numbers_are_kept_apart)
{
    struct p11_template template = {0};

    template_number(&template, CKA_CLASS, CKO_SECRET_KEY);
    template_number(&template, CKA_KEY_TYPE, CKK_AES);
    template_number(&template, CKA_VALUE_LEN, 32);
    ck_assert_uint_eq(*(CK_ULONG *)template.attributes[0].pValue, CKO_SECRET_KEY);
    ck_assert_uint_eq(*(CK_ULONG *)template.attributes[1].pValue, CKK_AES);
    ck_assert_uint_eq(*(CK_ULONG *)template.attributes[2].pValue, 32);
    ck_assert_uint_eq(template.attributes[2].ulValueLen, sizeof(CK_ULONG));
}
END_TEST

START_TEST(bytes_are_referred_to)
{
    struct p11_template template = {0};
    char label[] = "a label";

    template_bytes(&template, CKA_LABEL, label, strlen(label));
    ck_assert_ptr_eq(template.attributes[0].pValue, label);
    ck_assert_uint_eq(template.attributes[0].ulValueLen, 7);
}
END_TEST

START_TEST(the_last_place_can_be_used)
{
    struct p11_template template = {0};

    for (CK_ULONG i = 0; i < TEMPLATE_MAX; i++)
        template_number(&template, CKA_VALUE_LEN, i);
    ck_assert_uint_eq(template.count, TEMPLATE_MAX);
    ck_assert_uint_eq(*(CK_ULONG *)template.attributes[TEMPLATE_MAX - 1].pValue, TEMPLATE_MAX - 1);
}
END_TEST

START_TEST(one_more_stops_the_program)
{
    struct p11_template template = {0};

    for (CK_ULONG i = 0; i <= TEMPLATE_MAX; i++)
        template_flag(&template, CKA_WRAP, true);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("template");

    tcase_add_test(tcase, flags_are_booleans_of_one_byte);
    tcase_add_test(tcase, numbers_are_kept_apart);
    tcase_add_test(tcase, bytes_are_referred_to);
    tcase_add_test(tcase, the_last_place_can_be_used);
    tcase_add_test_raise_signal(tcase, one_more_stops_the_program, SIGABRT);
    return run_case(tcase, "template");
}
