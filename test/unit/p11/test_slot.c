/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the token and logging in, on the test tokens that are there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/p11/support.h"

static struct fixture softhsm, nss;

static void setup_softhsm(void)
{
    ck_assert(fixture_create(FIXTURE_STOCK_SOFTHSM, &softhsm));
}

static void setup_nss(void)
{
    ck_assert(fixture_create(FIXTURE_NSS, &nss));
}

static void teardown(void)
{
    fixture_destroy(&softhsm);
    fixture_destroy(&nss);
}

static void refused(const struct p11_settings *settings, enum kf_fault fault, const char *why)
{
    struct kf_error err = {0};

    ck_assert_ptr_null(p11_session_open(settings, &err));
    ck_assert_int_eq(err.status, KF_UNAVAILABLE);
    ck_assert_int_eq(err.fault, fault);
    ck_assert_msg(strstr(err.message, why), "\"%s\" is not in: %s", why, err.message);
}

/* A URI that is wrong stays so; a token that is not there may come. */
static const struct {
    const char *uri;
    enum kf_fault fault;
    const char *why;
} bad_uris[] = {
    {"softhsm", KF_FAULT_CONFIG, "not a PKCS#11 URI"},
    {"pkcs11:token=100%", KF_FAULT_CONFIG, "not a PKCS#11 URI"},
    {"pkcs11:tokn=Keyferry%20test", KF_FAULT_CONFIG,
     "has an attribute that does not choose a token"},
    {"pkcs11:token=Keyferry%20test?pin-value=123456", KF_FAULT_CONFIG,
     "must not have pin-value or pin-source"},
    {"pkcs11:token=Keyferry%20test?pin-source=file:/etc/pin", KF_FAULT_CONFIG,
     "must not have pin-value or pin-source"},
    {"pkcs11:token=keyferry%20test", KF_FAULT_MODULE,
     "matches none of the module's 1 initialised tokens"},
    {"pkcs11:serial=0000000000000000", KF_FAULT_MODULE, "matches none"},
};

START_TEST(a_uri_that_names_no_token_is_refused)
{
    softhsm.settings.uri = bad_uris[_i].uri;
    refused(&softhsm.settings, bad_uris[_i].fault, bad_uris[_i].why);
}
END_TEST

/* SoftHSM shows a second slot, whose token is not initialised: it does not count. */
START_TEST(the_only_initialised_token_needs_no_name)
{
    struct p11_session *session;

    softhsm.settings.uri = "pkcs11:";
    session = open_session(&softhsm);
    ck_assert_str_eq(p11_session_token(session)->label, "Keyferry test");
    ck_assert_ptr_nonnull(strstr(p11_session_library(session), "SoftHSM"));
    p11_session_close(session);
}
END_TEST

START_TEST(one_uri_must_not_match_two_tokens)
{
    nss.settings.uri = "pkcs11:serial=0000000000000000";
    refused(&nss.settings, KF_FAULT_CONFIG, "matches 2 tokens");
}
END_TEST

START_TEST(the_token_can_be_named)
{
    struct p11_session *session = open_session(&nss);

    ck_assert_str_eq(p11_session_token(session)->label, "NSS Certificate DB");
    p11_session_close(session);
}
END_TEST

START_TEST(what_is_not_a_module_is_refused)
{
    softhsm.settings.module = "libm.so.6";
    refused(&softhsm.settings, KF_FAULT_CONFIG, "not a PKCS#11 module");
    softhsm.settings.module = softhsm.pin_file;
    refused(&softhsm.settings, KF_FAULT_CONFIG, "cannot be loaded");
}
END_TEST

START_TEST(a_wrong_pin_is_named_as_such)
{
    int fd = open(softhsm.pin_file, O_WRONLY | O_TRUNC);

    ck_assert_int_eq(write(fd, "654321", 6), 6);
    close(fd);
    refused(&softhsm.settings, KF_FAULT_PIN, "does not accept the daemon's PIN");
}
END_TEST

START_TEST(a_bad_pin_file_stops_before_the_login)
{
    ck_assert_int_eq(chmod(softhsm.pin_file, 0644), 0);
    refused(&softhsm.settings, KF_FAULT_PIN, "must not be more than 640");
}
END_TEST

static int run_softhsm(void)
{
    TCase *tcase = tcase_create("SoftHSM");

    tcase_add_checked_fixture(tcase, setup_softhsm, teardown);
    tcase_add_loop_test(tcase, a_uri_that_names_no_token_is_refused, 0, COUNT(bad_uris));
    tcase_add_test(tcase, the_only_initialised_token_needs_no_name);
    tcase_add_test(tcase, what_is_not_a_module_is_refused);
    tcase_add_test(tcase, a_wrong_pin_is_named_as_such);
    tcase_add_test(tcase, a_bad_pin_file_stops_before_the_login);
    return run_case(tcase, "slot, SoftHSM");
}

static int run_nss(void)
{
    TCase *tcase = tcase_create("NSS");

    tcase_add_checked_fixture(tcase, setup_nss, teardown);
    tcase_add_test(tcase, one_uri_must_not_match_two_tokens);
    tcase_add_test(tcase, the_token_can_be_named);
    return run_case(tcase, "slot, NSS");
}

/* A failure counts before a token that is missing. */
static int worse(int one, int other)
{
    return one == EXIT_FAILURE || other == EXIT_SUCCESS ? one : other;
}

int main(void)
{
    int on_softhsm = fixture_available(FIXTURE_STOCK_SOFTHSM) ? run_softhsm() : FIXTURE_SKIP;
    int on_nss = fixture_available(FIXTURE_NSS) ? run_nss() : FIXTURE_SKIP;

    return worse(on_softhsm, on_nss);
}
