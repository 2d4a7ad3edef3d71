/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ImportKey from inside: every token call that fails, a token that lies, published key blocks of
 * versions A and C, and that no object stays. What is imported was exported here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/ops.h"
#include "test/unit/daemon/worker/failing.h"
#include "test/unit/daemon/worker/support.h"
#include "tr31/header.h"

static keyferry_ImportKeyReply reply;

static void import_key(const char *block, const char *wrapping)
{
    static keyferry_ImportKeyRequest request;

    memset(&request, 0, sizeof request);
    request.has_key_material = true;
    request.key_material.which_material = keyferry_ImportKeyMaterial_tr31_key_block_tag;
    set_text(&request.key_material.tr31_key_block, wrapping_key_identifier, wrapping);
    set_text(&request.key_material.tr31_key_block, wrapped_key_block, block);
    SEND(IMPORT_KEY, ImportKey, &request, &reply);
}

/* A key of this kind that left under the wrapping key. */
static void make_block(const char *usage, enum key_algorithm algorithm, char mode,
                       const char *wrapping, char block[TR31_KEYBLOCK_MAX + 1])
{
    char arn[ARN_MAX];

    create_key(usage, algorithm, mode, true, arn);
    strcpy(block, export_key(arn, wrapping)->wrapped_key.key_material);
    expect_ok();
}

static struct p11_key *found(const char *arn)
{
    struct kf_error err = {0};
    struct p11_key *key = store_key(service->store, id_of(arn), &err);

    ck_assert_msg(key != NULL, "%s", err.message);
    return key;
}

static const struct sweep {
    enum key_algorithm wrapping, key;
    const char *usage;
    char mode;
} sweeps[] = {
    {KEY_AES_256, KEY_AES_128, "P0", 'B'},
    {KEY_AES_128, KEY_TDES_2KEY, "B0", 'X'},
    {KEY_TDES_3KEY, KEY_TDES_3KEY, "K1", 'B'},
};

/* One call after the other fails, until none is left to fail and the key is in. */
START_TEST(each_failing_call_leaves_nothing)
{
    const struct sweep *sweep = &sweeps[_i];
    char kbpk[ARN_MAX], block[TR31_KEYBLOCK_MAX + 1];
    bool reached = true;
    size_t objects;
    int fail_at;

    create_key("K1", sweep->wrapping, 'B', false, kbpk);
    make_block(sweep->usage, sweep->key, sweep->mode, kbpk, block);
    kbpk_cache_clear(service->kbpks);
    objects = count_objects(service->session);
    for (fail_at = 0; reached; fail_at++) {
        found(kbpk);
        failing_start(service->session, fail_at, CKR_DEVICE_MEMORY);
        import_key(block, kbpk);
        reached = failing_stop();
        kbpk_cache_clear(service->kbpks);
        if (!reached)
            break;
        ck_assert_msg(response.status == KF_UNAVAILABLE || response.status == KF_INTERNAL,
                      "call %d failed: %s", fail_at, response.message);
        ck_assert_ptr_null(strstr(response.message, "CKR"));
        ck_assert_msg(count_objects(service->session) == objects, "call %d", fail_at);
    }
    expect_ok();
    ck_assert_int_gt(fail_at, 30);
}
END_TEST

/* No session object stays, whatever was wrong with a block. */
START_TEST(no_object_is_left_behind)
{
    char kbpks[2][ARN_MAX], blocks[2][TR31_KEYBLOCK_MAX + 1];
    size_t objects;

    create_key("K1", KEY_AES_256, 'B', true, kbpks[0]);
    create_key("K0", KEY_TDES_2KEY, 'B', true, kbpks[1]);
    for (int i = 0; i < 2; i++)
        make_block("P0", KEY_TDES_2KEY, 'B', kbpks[i], blocks[i]);
    objects = count_objects(service->session);
    for (size_t at = 0; at < strlen(blocks[0]); at++)
        for (int i = 0; i < 2 && at < strlen(blocks[i]); i++) {
            char changed[TR31_KEYBLOCK_MAX + 1];

            strcpy(changed, blocks[i]);
            changed[at] = changed[at] == '1' ? '0' : '1';
            import_key(changed, kbpks[i]);
            expect_refusal(KF_VALIDATION, "WrappedKeyBlock: ");
            import_key(blocks[i], kbpks[!i]);
            expect_refusal(KF_VALIDATION, "WrappedKeyBlock: ");
        }
    ck_assert_uint_eq(count_objects(service->session), objects);
    import_key(blocks[0], kbpks[0]);
    expect_ok();
    ck_assert_uint_eq(count_objects(service->session), objects + 2); /* export copy and card */
}
END_TEST

/* An import is not tried again by itself; its caller's next try must find the way free. */
START_TEST(lost_session_keys_cost_one_import)
{
    struct kf_error err = {0};
    char kbpk[ARN_MAX], block[TR31_KEYBLOCK_MAX + 1];
    struct kbpk *cached;

    create_key("K1", KEY_AES_256, 'B', false, kbpk);
    make_block("P0", KEY_AES_128, 'B', kbpk, block);
    cached = kbpk_get(service->kbpks, found(kbpk), &err);
    ck_assert_ptr_nonnull(cached);
    ck_assert_uint_eq(p11_destroy_object(service->session, cached->kbmk, NULL), CKR_OK);
    import_key(block, kbpk);
    expect_refusal(KF_UNAVAILABLE, "try again");
    import_key(block, kbpk);
    expect_ok();
}
END_TEST

START_TEST(a_payload_that_is_readable_is_not_used)
{
    char kbpk[ARN_MAX], block[TR31_KEYBLOCK_MAX + 1];
    size_t objects;

    create_key("K1", KEY_AES_256, 'B', false, kbpk);
    make_block("P0", KEY_AES_128, 'B', kbpk, block);
    objects = count_objects(service->session);
    readable_start(service->session, 0);
    import_key(block, kbpk);
    readable_stop();
    expect_refusal(KF_INTERNAL, "readable");
    ck_assert_uint_eq(count_objects(service->session), objects);
}
END_TEST

static void adopt_legacy(const char *label, const uint8_t *value, size_t len, char arn[ARN_MAX])
{
    keyferry_AdoptKeyRequest request = {
        .has_key_attributes = true, .has_legacy_import = true, .legacy_import = true};
    keyferry_AdoptKeyReply adopted;

    put_foreign(
        &(struct foreign){.label = label, .type = CKK_GENERIC_SECRET, .value = value, .len = len});
    set_text(&request, object_label, label);
    set_attributes(&request.key_attributes, key_usage_name("K1"),
                   len == 16 ? "TDES_2KEY" : "TDES_3KEY", 'B');
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    expect_ok();
    strcpy(arn, adopted.key.key_arn);
}

/* X9.143:2021, 8.4.1, and TR-31:2018, A.7.2.1 and A.7.3.1. */
static const struct published {
    uint8_t kbpk[16];
    const char *block, *facts;
} published[] = {
    {{0x89, 0xE8, 0x8C, 0xF7, 0x93, 0x14, 0x44, 0xF3, 0x34, 0xBD, 0x75, 0x47, 0xFC, 0x3F, 0x38,
      0x0C},
     "A0072P0TE00E0000F5161ED902807AF26F1D62263644BD24192FDB3193C730301CEE8701",
     "P0 TDES_2KEY E 00 E ANSI_X9_24:CB9DEA IMPORTED"},
    {{0xB8, 0xED, 0x59, 0xE0, 0xA2, 0x79, 0xA2, 0x95, 0xE9, 0xF5, 0xED, 0x79, 0x44, 0xFD, 0x06,
      0xB9},
     "C0096B0TX12S0100KS1800604B120F9292800000BFB9B689CB567E66FC3FEE5AD5F52161FC6545B9D60989015D021"
     "55"
     "C",
     "B0 TDES_2KEY X 12 S ANSI_X9_24:F4B08D IMPORTED"},
};

START_TEST(versions_a_and_c_need_legacy_import)
{
    char kbpk[ARN_MAX], modern[ARN_MAX], label[LABEL_MAX], name[24];

    create_key("K1", KEY_TDES_2KEY, 'B', true, modern);
    for (size_t i = 0; i < COUNT(published); i++) {
        snprintf(name, sizeof name, "ceremony %zu", i);
        adopt_legacy(name, published[i].kbpk, sizeof published[i].kbpk, kbpk);
        import_key(published[i].block, modern);
        expect_refusal(KF_VALIDATION, "LegacyImport");
        service_again(); /* the key is found with its objects, and they are as they should be */
        import_key(published[i].block, kbpk);
        expect_ok();
        label_write_object("", &found(reply.key.key_arn)->facts, label);
        ck_assert_msg(strstr(label, published[i].facts) != NULL, "%s", label);
        label_write_object("", &found(kbpk)->facts, label);
        ck_assert_ptr_nonnull(strstr(label, "K1 TDES_2KEY:legacy B"));
    }
}
END_TEST

START_TEST(legacy_import_is_for_tdes_wrapping_keys)
{
    static const struct {
        const char *usage;
        enum key_algorithm algorithm;
        char mode;
        bool good;
    } cases[] = {{"K1", KEY_TDES_2KEY, 'B', true},  {"K0", KEY_TDES_3KEY, 'D', true},
                 {"K1", KEY_TDES_2KEY, 'E', false}, {"K1", KEY_TDES_2KEY, 'N', false},
                 {"K1", KEY_AES_128, 'B', false},   {"P0", KEY_TDES_2KEY, 'B', false}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        keyferry_CreateKeyRequest request = {.has_key_attributes = true,
                                             .has_exportable = true,
                                             .has_legacy_import = true,
                                             .legacy_import = true};
        keyferry_CreateKeyReply made;

        set_attributes(&request.key_attributes, key_usage_name(cases[i].usage),
                       key_algorithm_name(cases[i].algorithm), cases[i].mode);
        SEND(CREATE_KEY, CreateKey, &request, &made);
        if (!cases[i].good) {
            expect_refusal(KF_VALIDATION, "LegacyImport: ");
            continue;
        }
        expect_ok();
        ck_assert_uint_ne(found(made.key.key_arn)->legacy_kbek, CK_INVALID_HANDLE);
        ck_assert_uint_ne(found(made.key.key_arn)->legacy_kbmk, CK_INVALID_HANDLE);
    }
}
END_TEST

/* What a token lacks is named, and nothing is asked of it. */
START_TEST(what_an_import_needs_is_named)
{
    static const struct {
        enum p11_operation missing;
        const char *message;
    } cases[] = {
        {P11_UNWRAP_AES, "WrappedKeyBlock: this token is not capable of the import of TR-31 "
                         "version D: AES-CBC unwrap (CKM_AES_CBC)"},
        {P11_CUT, "cut a key out of a key (CKM_EXTRACT_KEY_FROM_KEY)"},
        {P11_IDENTITY, "This token can neither create nor adopt"},
    };
    char kbpk[ARN_MAX], block[TR31_KEYBLOCK_MAX + 1];

    create_key("K1", KEY_AES_256, 'B', false, kbpk);
    make_block("P0", KEY_AES_128, 'B', kbpk, block);
    for (size_t i = 0; i < COUNT(cases); i++) {
        service->token.ways[cases[i].missing].proven = false;
        import_key(block, kbpk);
        expect_refusal(KF_VALIDATION, cases[i].message);
        service->token.ways[cases[i].missing].proven = true;
    }
    import_key(block, kbpk);
    expect_ok();
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, service_setup, service_teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, each_failing_call_leaves_nothing, 0, COUNT(sweeps));
    tcase_add_test(tests, no_object_is_left_behind);
    tcase_add_test(tests, lost_session_keys_cost_one_import);
    tcase_add_test(tests, a_payload_that_is_readable_is_not_used);
    tcase_add_test(tests, versions_a_and_c_need_legacy_import);
    tcase_add_test(tests, legacy_import_is_for_tdes_wrapping_keys);
    tcase_add_test(tests, what_an_import_needs_is_named);
    return run_case(tests, "import");
}
