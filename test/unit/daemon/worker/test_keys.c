/* SPDX-License-Identifier: Apache-2.0 */
/* CreateKey, GetKey, ListKeys and DeleteKey: what they do, what they refuse, what they
 * record. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/profile_reference.h"
#include "test/unit/daemon/worker/support.h"

#define DAY_MS (24 * 3600 * 1000LL)

static void create_refused(const keyferry_CreateKeyRequest *request, const char *part)
{
    size_t before = count_objects(service->session);

    SEND(CREATE_KEY, CreateKey, request, NULL);
    expect_refusal(KF_VALIDATION, part);
    ck_assert_uint_eq(count_objects(service->session), before);
}

START_TEST(create_answers_what_was_made)
{
    keyferry_CreateKeyRequest request = good_create();
    keyferry_CreateKeyReply reply;
    const keyferry_Key *key = &reply.key;

    SEND(CREATE_KEY, CreateKey, &request, &reply);
    expect_ok();
    ck_assert_int_eq(
        strncmp(key->key_arn, "arn:aws:payment-cryptography:xx-local-1:000000000000:key/", 57), 0);
    ck_assert_str_eq(key->key_attributes.key_usage, "TR31_K1_KEY_BLOCK_PROTECTION_KEY");
    ck_assert_str_eq(key->key_attributes.key_class, "SYMMETRIC_KEY");
    ck_assert_str_eq(key->key_attributes.key_algorithm, "AES_128");
    ck_assert(key->key_attributes.key_modes_of_use.wrap &&
              !key->key_attributes.key_modes_of_use.sign);
    ck_assert_uint_eq(strlen(key->key_check_value), 6);
    ck_assert_str_eq(key->key_check_value_algorithm, "CMAC");
    ck_assert(key->enabled && key->exportable);
    ck_assert_str_eq(key->key_state, "CREATE_COMPLETE");
    ck_assert_str_eq(key->key_origin, "AWS_PAYMENT_CRYPTOGRAPHY");
    ck_assert(!key->has_delete_pending_timestamp);
    ck_assert_str_eq(recorded("KeyArn"), key->key_arn);
    ck_assert_str_eq(recorded("KeyCheckValue"), key->key_check_value);
    ck_assert_str_eq(recorded("operation"), "CreateKey");
    request.has_enabled = true;
    request.enabled = false;
    request.exportable = false;
    set_text(&request, key_check_value_algorithm, "CMAC");
    SEND(CREATE_KEY, CreateKey, &request, &reply);
    expect_ok();
    ck_assert(!key->enabled && !key->exportable);
}
END_TEST

START_TEST(create_names_what_is_wrong)
{
    static const char *const texts[] = {"", "NONSENSE", "tr31_k1_key_block_protection_key"};
    keyferry_CreateKeyRequest request = good_create();

    request.has_key_attributes = false;
    create_refused(&request, "KeyAttributes is required");
    request = good_create();
    request.has_exportable = false;
    create_refused(&request, "Exportable is required");
    for (int i = 0; i < 4; i++) {
        request = good_create();
        *(bool *[]){&request.key_attributes.has_key_usage, &request.key_attributes.has_key_class,
                    &request.key_attributes.has_key_algorithm,
                    &request.key_attributes.has_key_modes_of_use}[i] = false;
        create_refused(&request, "KeyAttributes: ");
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        request = good_create();
        set_text(&request.key_attributes, key_usage, texts[i]);
        create_refused(&request, "KeyUsage: ");
        request = good_create();
        set_text(&request.key_attributes, key_class, texts[i]);
        create_refused(&request, "KeyClass: ");
        request = good_create();
        set_text(&request.key_attributes, key_algorithm, texts[i]);
        create_refused(&request, "KeyAlgorithm: ");
        request = good_create();
        set_text(&request, key_check_value_algorithm, texts[i]);
        create_refused(&request, "KeyCheckValueAlgorithm: ");
    }
    request = good_create();
    set_text(&request, key_check_value_algorithm, "ANSI_X9_24");
    create_refused(&request, "KeyCheckValueAlgorithm: ");
    request = good_create();
    request.key_attributes.key_modes_of_use = (keyferry_KeyModesOfUse){0};
    create_refused(&request, "KeyModesOfUse: ");
    set_attributes(&request.key_attributes, "TR31_K1_KEY_BLOCK_PROTECTION_KEY", "AES_128", 'X');
    create_refused(&request, "KeyModesOfUse: ");
    set_attributes(&request.key_attributes, "TR31_M1_ISO_9797_1_MAC_KEY", "AES_128", 'C');
    create_refused(&request, "KeyAlgorithm: ");
    set_attributes(&request.key_attributes, "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE",
                   "AES_128", 'S');
    create_refused(&request, "KeyUsage: ");
    set_attributes(&request.key_attributes, "TR31_P1_PIN_GENERATION_KEY", "AES_128", 'B');
    create_refused(&request, "KeyUsage: ");
}
END_TEST

START_TEST(get_finds_by_every_name)
{
    char arn[ARN_MAX], other[ARN_MAX + 20];

    create_key("P0", KEY_AES_128, 'B', true, arn);
    snprintf(other, sizeof other, "arn:aws:payment-cryptography:us-east-2:111122223333:key/%s",
             id_of(arn));
    for (int i = 0; i < 3; i++) {
        get_key((const char *[]){arn, id_of(arn), other}[i]);
        expect_ok();
        ck_assert_str_eq(shown_key.key.key_arn, arn);
        ck_assert_str_eq(recorded("KeyArn"), arn);
    }
    get_key(NULL);
    expect_refusal(KF_VALIDATION, "KeyIdentifier is required");
    get_key("");
    expect_refusal(KF_VALIDATION, "KeyIdentifier: ");
    get_key("aaaaaaaaaaaaaaaa");
    expect_refusal(KF_NOT_FOUND, "key/aaaaaaaaaaaaaaaa");
}
END_TEST

START_TEST(get_shows_a_key_in_trouble_as_far_as_it_can)
{
    struct kf_error err = {0};
    char arn[ARN_MAX];
    struct p11_key *key;

    create_key("K1", KEY_AES_128, 'B', true, arn);
    key = store_key(service->store, id_of(arn), &err);
    ck_assert_uint_eq(p11_destroy_object(service->session, key->export_copy, NULL), CKR_OK);
    service_again();
    get_key(arn);
    expect_ok();
    delete_key(arn);
    expect_refusal(KF_CONFLICT, "an object is missing (export)");
    key = store_key_any(service->store, id_of(arn), &err);
    ck_assert(object_set_label(&service->token, key->card, "nothing", &err));
    atomic_fetch_add(&host.changes, 1);
    get_key(arn);
    expect_refusal(KF_CONFLICT, "its label is not a card's");
}
END_TEST

static keyferry_ListKeysReply listed;

static void list_keys(const char *state, const char *token, int max)
{
    keyferry_ListKeysRequest request = {0};

    if (state)
        set_text(&request, key_state, state);
    if (token)
        set_text(&request, next_token, token);
    request.has_max_results = max != -1000;
    request.max_results = max;
    listed = (keyferry_ListKeysReply){0};
    SEND(LIST_KEYS, ListKeys, &request, &listed);
}

#define DEFAULT_MAX -1000

START_TEST(lists_come_in_pages)
{
    enum { KEYS = 53 };
    char arns[KEYS][ARN_MAX], token[128] = "";
    size_t seen = 0;

    for (int i = 0; i < KEYS; i++)
        create_key("P0", KEY_AES_128, 'B', false, arns[i]);
    list_keys(NULL, NULL, DEFAULT_MAX);
    expect_ok();
    ck_assert_uint_eq(listed.keys_count, 50);
    ck_assert(listed.has_next_token);
    list_keys(NULL, NULL, 100);
    ck_assert_uint_eq(listed.keys_count, KEYS);
    ck_assert(!listed.has_next_token);
    list_keys(NULL, NULL, KEYS);
    ck_assert(!listed.has_next_token);
    do {
        list_keys(NULL, seen ? token : NULL, 7);
        expect_ok();
        for (size_t i = 0; i < listed.keys_count; i++, seen++)
            for (int k = 0; k < KEYS; k++)
                if (strcmp(listed.keys[i].key_arn, arns[k]) == 0)
                    arns[k][0] = '\0';
        ck_assert(!listed.has_next_token || listed.keys_count == 7);
        strcpy(token, listed.next_token);
    } while (listed.has_next_token);
    ck_assert_uint_eq(seen, KEYS);
    for (int k = 0; k < KEYS; k++)
        ck_assert_str_eq(arns[k], "");
}
END_TEST

/* Its card names an algorithm that there is not: nothing that could be shown_key is known of it. */
START_TEST(lists_leave_out_what_cannot_be_read)
{
    static keyferry_ListKeysReply all;
    keyferry_ListKeysRequest request = {0};
    struct kf_error err = {0};
    struct p11_key *key;
    char arn[ARN_MAX], label[LABEL_MAX], *algorithm;

    create_key("P0", KEY_AES_128, 'B', false, arn);
    key = store_key(service->store, id_of(arn), &err);
    ck_assert_ptr_nonnull(key);
    label_write_card(&key->facts, &key->state, label);
    algorithm = strstr(label, "AES_128");
    ck_assert_ptr_nonnull(algorithm);
    memcpy(algorithm, "AES_129", 7);
    ck_assert(object_set_label(&service->token, key->card, label, &err));
    SEND(LIST_KEYS, ListKeys, &request, &all);
    expect_ok();
    ck_assert_uint_eq(all.keys_count, 0);
}
END_TEST

START_TEST(lists_refuse_what_they_do_not_know)
{
    static const int sizes[] = {0, -1, 101, 1 << 30};
    static const char *const tokens[] = {"", "x", "aaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaa"};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        list_keys(NULL, NULL, sizes[i]);
        expect_refusal(KF_VALIDATION, "MaxResults: ");
    }
    for (size_t i = 0; i < COUNT(tokens); i++) {
        list_keys(NULL, tokens[i], DEFAULT_MAX);
        expect_refusal(KF_VALIDATION, "NextToken: ");
    }
    list_keys("", NULL, DEFAULT_MAX);
    expect_refusal(KF_VALIDATION, "KeyState: ");
    list_keys("GONE", NULL, DEFAULT_MAX);
    expect_refusal(KF_VALIDATION, "KeyState: ");
    list_keys(NULL, NULL, DEFAULT_MAX);
    expect_ok();
    ck_assert_uint_eq(listed.keys_count, 0);
}
END_TEST

static void delete_in(const char *key, int days, enum kf_status status, const char *part)
{
    keyferry_DeleteKeyRequest request = {.has_delete_key_in_days = true,
                                         .delete_key_in_days = days};

    set_text(&request, key_identifier, key);
    SEND(DELETE_KEY, DeleteKey, &request, NULL);
    ck_assert_msg(answered(status, part), "%s: %s", kf_status_name(response.status),
                  response.message);
}

static void restore_key(const char *key)
{
    keyferry_RestoreKeyRequest request = {0};

    set_text(&request, key_identifier, key);
    SEND(RESTORE_KEY, RestoreKey, &request, NULL);
}

START_TEST(deletion_waits_and_comes)
{
    char arn[ARN_MAX], live[ARN_MAX];
    int64_t now = (int64_t)time(NULL) * 1000;

    create_key("K1", KEY_AES_128, 'B', true, live);
    create_key("K1", KEY_AES_128, 'B', true, arn);
    for (int i = 0; i < 4; i++)
        delete_in(arn, (const int[]){0, 2, 181, -3}[i], KF_VALIDATION, "DeleteKeyInDays: ");
    delete_in("aaaaaaaaaaaaaaaa", 3, KF_NOT_FOUND, "aaaaaaaaaaaaaaaa");
    delete_key(arn);
    expect_ok();
    ck_assert_str_eq(recorded("KeyArn"), arn);
    get_key(arn);
    ck_assert_str_eq(shown_key.key.key_state, "DELETE_PENDING");
    ck_assert(!shown_key.key.enabled);
    ck_assert(llabs(shown_key.key.delete_pending_timestamp - now - 7 * DAY_MS) < 60000);
    delete_key(arn);
    expect_refusal(KF_CONFLICT, "is to be deleted (DELETE_PENDING)");
    list_keys("DELETE_PENDING", NULL, DEFAULT_MAX);
    ck_assert_uint_eq(listed.keys_count, 1);
    ck_assert_str_eq(listed.keys[0].key_arn, arn);
    list_keys("CREATE_COMPLETE", NULL, DEFAULT_MAX);
    ck_assert_uint_eq(listed.keys_count, 1);
    ck_assert_str_eq(listed.keys[0].key_arn, live);
    list_keys("DELETE_COMPLETE", NULL, DEFAULT_MAX);
    ck_assert_uint_eq(listed.keys_count, 0);
    service_again(); /* not due */
    get_key(arn);
    expect_ok();
    write_card(arn, &(struct key_state){.delete_ms = now - 1000});
    restore_key(arn);
    expect_refusal(KF_CONFLICT, "KeyIdentifier: key/");
    expect_refusal(KF_CONFLICT, "its waiting time is over");
    get_key(arn);
    ck_assert_str_eq(shown_key.key.key_state, "DELETE_PENDING");
    service_again(); /* sweeps at its start */
    get_key(arn);
    expect_refusal(KF_NOT_FOUND, id_of(arn));
    get_key(live);
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
    tcase_add_test(tests, create_answers_what_was_made);
    tcase_add_test(tests, create_names_what_is_wrong);
    tcase_add_test(tests, get_finds_by_every_name);
    tcase_add_test(tests, get_shows_a_key_in_trouble_as_far_as_it_can);
    tcase_add_test(tests, lists_come_in_pages);
    tcase_add_test(tests, lists_leave_out_what_cannot_be_read);
    tcase_add_test(tests, lists_refuse_what_they_do_not_know);
    tcase_add_test(tests, deletion_waits_and_comes);
    return run_case(tests, "keys of the service");
}
