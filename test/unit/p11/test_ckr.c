/* SPDX-License-Identifier: Apache-2.0 */
/* The table of return values: names, faults, and what a client gets to read. */
#include <stdlib.h>
#include <string.h>

#include "p11/ckr.h"
#include "test/unit/p11/support.h"

START_TEST(names_are_those_of_the_standard)
{
    ck_assert_str_eq(ckr_name(CKR_OK), "CKR_OK");
    ck_assert_str_eq(ckr_name(CKR_KEY_HANDLE_INVALID), "CKR_KEY_HANDLE_INVALID");
    ck_assert_str_eq(ckr_name(0x1B), "CKR_ACTION_PROHIBITED");
    ck_assert_str_eq(ckr_name(CKR_FUNCTION_REJECTED), "CKR_FUNCTION_REJECTED");
    ck_assert_ptr_null(ckr_name(CKR_VENDOR_DEFINED | 1));
}
END_TEST

static const struct {
    CK_RV rv;
    enum kf_fault fault;
} faults[] = {
    {CKR_KEY_UNEXTRACTABLE, KF_FAULT_NONE},
    {CKR_MECHANISM_INVALID, KF_FAULT_NONE},
    {CKR_KEY_HANDLE_INVALID, KF_FAULT_STALE},
    {CKR_OBJECT_HANDLE_INVALID, KF_FAULT_STALE},
    {CKR_SESSION_HANDLE_INVALID, KF_FAULT_SESSION},
    {CKR_OPERATION_ACTIVE, KF_FAULT_SESSION},
    {CKR_USER_NOT_LOGGED_IN, KF_FAULT_LOGIN},
    {CKR_DEVICE_REMOVED, KF_FAULT_MODULE},
    {CKR_VENDOR_DEFINED | 1, KF_FAULT_MODULE},
    {CKR_DEVICE_MEMORY, KF_FAULT_BUSY},
    {CKR_PIN_INCORRECT, KF_FAULT_PIN},
    {CKR_PIN_LOCKED, KF_FAULT_PIN},
    {CKR_TOKEN_WRITE_PROTECTED, KF_FAULT_CONFIG},
};

START_TEST(each_class_has_its_fault)
{
    ck_assert_int_eq(ckr_fault(faults[_i].rv), faults[_i].fault);
}
END_TEST

START_TEST(the_client_never_sees_a_ckr)
{
    struct kf_error err = {0};

    ck_assert(!ckr_fail(&err, "C_WrapKey", faults[_i].rv, 1.25));
    ck_assert_int_eq(err.fault, faults[_i].fault);
    ck_assert_int_eq(err.status, faults[_i].fault == KF_FAULT_NONE ? KF_INTERNAL : KF_UNAVAILABLE);
    ck_assert_ptr_null(strstr(err.message, "CKR"));
    ck_assert_ptr_null(strstr(err.message, "C_WrapKey"));
    ck_assert_ptr_nonnull(strstr(err.detail, "C_WrapKey: CKR"));
    ck_assert_ptr_nonnull(strstr(err.detail, "1.2 ms"));
}
END_TEST

START_TEST(unknown_codes_are_shown_as_numbers)
{
    struct kf_error err = {0};

    ckr_fail(&err, "C_Login", CKR_VENDOR_DEFINED | 0x12, 0);
    ck_assert_str_eq(err.detail, "C_Login: CKR 0x80000012 after 0.0 ms");
}
END_TEST

START_TEST(the_first_failure_wins)
{
    struct kf_error err = {0};

    ckr_fail(&err, "C_DeriveKey", CKR_SESSION_CLOSED, 0);
    ckr_fail(&err, "C_DestroyObject", CKR_OBJECT_HANDLE_INVALID, 0);
    ck_assert_int_eq(err.fault, KF_FAULT_SESSION);
    ck_assert_ptr_nonnull(strstr(err.detail, "C_DeriveKey"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ckr");

    tcase_add_test(tcase, names_are_those_of_the_standard);
    tcase_add_loop_test(tcase, each_class_has_its_fault, 0, COUNT(faults));
    tcase_add_loop_test(tcase, the_client_never_sees_a_ckr, 0, COUNT(faults));
    tcase_add_test(tcase, unknown_codes_are_shown_as_numbers);
    tcase_add_test(tcase, the_first_failure_wins);
    return run_case(tcase, "ckr");
}
