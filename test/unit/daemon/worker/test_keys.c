/* SPDX-License-Identifier: Apache-2.0 */
/* CreateKey, GetKey, ListKeys, DeleteKey and AdoptKey: what they do, what they refuse, what they
 * record. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/profile_reference.h"
#include "test/unit/daemon/worker/support.h"

#define DAY_MS (24 * 3600 * 1000LL)

static keyferry_CreateKeyRequest good_create(void)
{
    keyferry_CreateKeyRequest request = {
        .has_key_attributes = true, .has_exportable = true, .exportable = true};

    set_attributes(&request.key_attributes, "TR31_K1_KEY_BLOCK_PROTECTION_KEY", "AES_128", 'B');
    return request;
}

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

static keyferry_GetKeyReply shown;

static void get_key(const char *identifier)
{
    keyferry_GetKeyRequest request = {0};

    if (identifier)
        set_text(&request, key_identifier, identifier);
    SEND(GET_KEY, GetKey, &request, &shown);
}

START_TEST(get_finds_by_every_name)
{
    char arn[ARN_MAX], other[ARN_MAX + 20];

    create_key("P0", KEY_AES_128, 'B', true, arn);
    snprintf(other, sizeof other, "arn:aws:payment-cryptography:us-east-2:111122223333:key/%s",
             id_of(arn));
    for (int i = 0; i < 3; i++) {
        get_key((const char *[]){arn, id_of(arn), other}[i]);
        expect_ok();
        ck_assert_str_eq(shown.key.key_arn, arn);
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

/* Its card names an algorithm that there is not: nothing that could be shown is known of it. */
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
    ck_assert_str_eq(shown.key.key_state, "DELETE_PENDING");
    ck_assert(!shown.key.enabled);
    ck_assert(llabs(shown.key.delete_pending_timestamp - now - 7 * DAY_MS) < 60000);
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
    ck_assert_str_eq(shown.key.key_state, "DELETE_PENDING");
    service_again(); /* sweeps at its start */
    get_key(arn);
    expect_refusal(KF_NOT_FOUND, id_of(arn));
    get_key(live);
    expect_ok();
}
END_TEST

static const uint8_t value[32] = "a value that is known to us all.";
static keyferry_AdoptKeyReply adopted;

static keyferry_AdoptKeyRequest good_adopt(const char *label)
{
    keyferry_AdoptKeyRequest request = {
        .has_key_attributes = true, .has_exportable = true, .exportable = true};

    set_text(&request, object_label, label);
    set_attributes(&request.key_attributes, "TR31_P0_PIN_ENCRYPTION_KEY", "AES_128", 'B');
    return request;
}

static void adopt_refused(const keyferry_AdoptKeyRequest *request, enum kf_status status,
                          const char *part)
{
    size_t before = count_objects(service->session);

    SEND(ADOPT_KEY, AdoptKey, request, NULL);
    ck_assert_msg(answered(status, part), "%s: %s", kf_status_name(response.status),
                  response.message);
    ck_assert_uint_eq(count_objects(service->session), before);
}

static bool source_kept(void)
{
    json_t *kept = json_object_get(record, "SourceKept");

    ck_assert(json_is_boolean(kept));
    return json_is_true(kept);
}

START_TEST(adoption_takes_the_source_away)
{
    keyferry_AdoptKeyRequest request = good_adopt("of another tool");
    size_t before = count_objects(service->session);

    put_foreign(
        &(struct foreign){.label = "of another tool", .type = CKK_AES, .value = value, .len = 16});
    set_text(&request, alias_name, "alias/adopted");
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    expect_ok();
    ck_assert_str_eq(adopted.key.key_origin, "EXTERNAL");
    ck_assert(adopted.has_alias);
    ck_assert_str_eq(adopted.alias.alias_name, "alias/adopted");
    ck_assert_str_eq(adopted.alias.key_arn, adopted.key.key_arn);
    ck_assert(!source_kept());
    ck_assert_str_eq(recorded("ObjectLabel"), "of another tool");
    ck_assert_str_eq(recorded("AliasName"), "alias/adopted");
    ck_assert_uint_eq(count_objects(service->session), before + 3); /* export copy, card, alias */
    get_key("alias/adopted");
    ck_assert_str_eq(shown.key.key_arn, adopted.key.key_arn);
    adopt_refused(&request, KF_CONFLICT, "AliasName: ");
    request.has_alias_name = false;
    adopt_refused(&request, KF_NOT_FOUND, "ObjectLabel: ");
}
END_TEST

START_TEST(adoption_may_leave_the_source)
{
    keyferry_AdoptKeyRequest request = good_adopt("of another tool");
    size_t before = count_objects(service->session);

    put_foreign(
        &(struct foreign){.label = "of another tool", .type = CKK_AES, .value = value, .len = 16});
    request.has_keep_source = request.keep_source = true;
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    expect_ok();
    ck_assert(source_kept());
    ck_assert_uint_eq(count_objects(service->session), before + 3); /* source, export copy, card */
}
END_TEST

/* Unlike CreateKey, which has to be told, as AWS's has. */
START_TEST(adoption_is_for_good_unless_told)
{
    keyferry_AdoptKeyRequest request = good_adopt("of another tool");
    size_t before = count_objects(service->session);

    put_foreign(
        &(struct foreign){.label = "of another tool", .type = CKK_AES, .value = value, .len = 16});
    request.has_exportable = request.exportable = false;
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    expect_ok();
    ck_assert(!adopted.key.exportable);
    ck_assert_uint_eq(count_objects(service->session), before + 2); /* kept, card */
}
END_TEST

static CK_C_DestroyObject original_destroy;
static CK_OBJECT_HANDLE not_destroyable;
static CK_RV destroy_or_refuse(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    return object == not_destroyable ? CKR_FUNCTION_FAILED : original_destroy(session, object);
}

START_TEST(a_source_that_stays_is_told)
{
    keyferry_AdoptKeyRequest request = good_adopt("of another tool");
    CK_FUNCTION_LIST *functions = p11_session_functions(service->session);

    not_destroyable = put_foreign(
        &(struct foreign){.label = "of another tool", .type = CKK_AES, .value = value, .len = 16});
    original_destroy = functions->C_DestroyObject;
    functions->C_DestroyObject = destroy_or_refuse;
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    functions->C_DestroyObject = original_destroy;
    expect_ok();
    ck_assert(source_kept());
}
END_TEST

START_TEST(what_cannot_be_destroyed_is_not_adopted)
{
    keyferry_AdoptKeyRequest request = good_adopt("for ever");

    if (TEST_TOKEN == FIXTURE_NSS)
        return; /* it has no CKA_DESTROYABLE for token objects */
    put_foreign(&(struct foreign){
        .label = "for ever", .type = CKK_AES, .value = value, .len = 16, .not_destroyable = true});
    adopt_refused(&request, KF_VALIDATION, "CKA_DESTROYABLE");
    request.has_keep_source = request.keep_source = true;
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    expect_ok();
}
END_TEST

START_TEST(adoption_names_what_is_wrong)
{
    keyferry_AdoptKeyRequest request = good_adopt("");

    adopt_refused(&request, KF_VALIDATION, "ObjectLabel: is empty");
    request.has_object_label = false;
    adopt_refused(&request, KF_VALIDATION, "ObjectLabel is required");
    request = good_adopt("none");
    adopt_refused(&request, KF_NOT_FOUND, "ObjectLabel: ");
    ck_assert_str_eq(recorded("ObjectLabel"), "none");
    request.has_key_attributes = false;
    adopt_refused(&request, KF_VALIDATION, "KeyAttributes is required");
    request = good_adopt("none");
    set_text(&request, alias_name, "");
    adopt_refused(&request, KF_VALIDATION, "AliasName: ");
    put_foreign(
        &(struct foreign){.label = "1 AES-192", .type = CKK_AES, .value = value, .len = 24});
    put_foreign(&(struct foreign){
        .label = "2 secret", .type = CKK_GENERIC_SECRET, .value = value, .len = 20});
    put_foreign(&(struct foreign){
        .label = "3 sealed", .type = CKK_AES, .value = value, .len = 16, .not_extractable = true});
    put_foreign(&(struct foreign){.label = "4 idle",
                                  .type = CKK_AES,
                                  .value = value,
                                  .len = 16,
                                  .not_derivable = true,
                                  .not_modifiable = true});
    put_foreign(&(struct foreign){.label = "5 as pkcs11-tool",
                                  .type = CKK_AES,
                                  .value = value,
                                  .len = 16,
                                  .not_derivable = true});
    request = good_adopt("1 AES-192");
    adopt_refused(&request, KF_VALIDATION, "KeyAlgorithm: ");
    request = good_adopt("2 secret");
    adopt_refused(&request, KF_VALIDATION, "KeyAlgorithm: ");
    request = good_adopt("3 sealed");
    adopt_refused(&request, KF_VALIDATION, "Exportable: ");
    request = good_adopt("4 idle");
    adopt_refused(&request, KF_VALIDATION, "CKA_DERIVE");
    request = good_adopt("5 as pkcs11-tool");
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    expect_ok();
    request = good_adopt("3 sealed");
    request.exportable = false;
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    expect_ok();
    ck_assert(!adopted.key.exportable);
}
END_TEST

/* SP 800-67: a TDES key with equal parts is a weaker one, whatever its length says. Parity is no
 * difference. */
START_TEST(tdes_keys_with_equal_parts_are_refused)
{
    static const struct {
        const char *bytes; /* parts by letter; "a" has the parity bits of "A" turned */
        CK_KEY_TYPE type;
        const char *refusal; /* NULL: adopted */
    } cases[] = {
        {"AB", CKK_DES2, NULL},
        {"AA", CKK_DES2, "K1 and K2, parts of the TDES_2KEY key, are equal"},
        {"AA", CKK_GENERIC_SECRET, "no stronger than single DES"},
        {"Aa", CKK_GENERIC_SECRET, "K1 and K2"},
        {"ABC", CKK_DES3, NULL},
        {"AAB", CKK_DES3, "K1 and K2, parts of the TDES_3KEY key, are equal"},
        {"ABB", CKK_DES3, "K2 and K3"},
        {"ABA", CKK_DES3,
         "K1 and K3, parts of the TDES_3KEY key, are equal, so it is no stronger "
         "than TDES_2KEY"},
        {"ABa", CKK_GENERIC_SECRET, "K1 and K3"},
        {"AAA", CKK_DES3, "K1 and K2"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t parts = strlen(cases[i].bytes);
        struct foreign source = {
            .label = "parts", .type = cases[i].type, .len = 8 * parts, .not_derivable = true};
        keyferry_AdoptKeyRequest request = good_adopt("parts");
        CK_OBJECT_HANDLE object;
        CK_BBOOL derive = CK_TRUE;
        CK_ATTRIBUTE attribute = {CKA_DERIVE, &derive, sizeof derive};
        uint8_t bytes[24];

        for (size_t k = 0; k < 8 * parts; k++)
            bytes[k] = (uint8_t)((cases[i].bytes[k / 8] & 0x5F) * 2 + 16 * (k % 8)) ^
                       (cases[i].bytes[k / 8] >= 'a');
        source.value = bytes;
        object = put_foreign(&source);
        set_attributes(&request.key_attributes, "TR31_P0_PIN_ENCRYPTION_KEY",
                       parts == 2 ? "TDES_2KEY" : "TDES_3KEY", 'B');
        if (cases[i].refusal) {
            adopt_refused(&request, KF_VALIDATION, "KeyAlgorithm: ");
            ck_assert_msg(answered(KF_VALIDATION, cases[i].refusal), "%s: %s", cases[i].bytes,
                          response.message);
            ck_assert_uint_eq(p11_get_attributes(service->session, object, &attribute, 1, NULL),
                              CKR_OK);
            ck_assert_msg(!derive, "%s is left as it was", cases[i].bytes);
            ck_assert_uint_eq(p11_destroy_object(service->session, object, NULL), CKR_OK);
        } else {
            SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
            expect_ok();
        }
    }
}
END_TEST

static CK_FUNCTION_LIST original;
static uint8_t said[4096]; /* all that the token encrypted and wrapped */
static size_t said_len;

static CK_RV note_said(CK_RV rv, const CK_BYTE *out, const CK_ULONG *len)
{
    if (rv == CKR_OK && out) {
        ck_assert_uint_le(*len, sizeof said - said_len);
        memcpy(said + said_len, out, *len);
        said_len += *len;
    }
    return rv;
}

static CK_RV encrypt_noted(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len,
                           CK_BYTE_PTR out, CK_ULONG_PTR len)
{
    return note_said(original.C_Encrypt(session, data, data_len, out, len), out, len);
}

static CK_RV wrap_noted(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                        CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE_PTR out,
                        CK_ULONG_PTR len)
{
    return note_said(original.C_WrapKey(session, mechanism, wrapping, key, out, len), out, len);
}

/* Half a TDES key is a single DES key: whoever sees what it encrypts to can search for it alone. */
START_TEST(what_a_part_encrypts_to_stays_in_the_token)
{
    static const uint8_t zeros[8],
        public_half[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
    static const uint8_t bytes[16] = "two parts of key";
    const struct foreign source = {
        .label = "parts", .type = CKK_GENERIC_SECRET, .value = bytes, .len = sizeof bytes};
    CK_FUNCTION_LIST *functions = p11_session_functions(service->session);
    keyferry_AdoptKeyRequest request = good_adopt("parts");
    uint8_t whole[8], part[16], print[8];

    put_foreign(&source);
    set_attributes(&request.key_attributes, "TR31_P0_PIN_ENCRYPTION_KEY", "TDES_2KEY", 'B');
    original = *functions;
    said_len = 0;
    functions->C_Encrypt = encrypt_noted;
    functions->C_WrapKey = wrap_noted;
    SEND(ADOPT_KEY, AdoptKey, &request, &adopted);
    *functions = original;
    expect_ok();
    ck_assert(reference_ecb(P11_TDES, bytes, sizeof bytes, zeros, 8, whole));
    ck_assert_ptr_nonnull(memmem(said, said_len, whole, 8)); /* for the check bytes */
    for (size_t i = 0; i < 2; i++) {
        memcpy(part, bytes + 8 * i, 8);
        memcpy(part + 8, public_half, 8);
        ck_assert(reference_ecb(P11_TDES, part, sizeof part, zeros, 8, print));
        ck_assert_ptr_null(memmem(said, said_len, print, 8));
    }
}
END_TEST

static CK_OBJECT_HANDLE bystander;

static CK_RV fail_and_point(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                            CK_OBJECT_HANDLE base, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                            CK_OBJECT_HANDLE_PTR key)
{
    (void)session, (void)mechanism, (void)base, (void)template, (void)count;
    *key = bystander;
    return CKR_DEVICE_MEMORY;
}

/* What a failing call left in its handle is not taken for something that was made, and destroyed.
 */
START_TEST(a_failed_call_costs_no_other_key)
{
    static const uint8_t bytes[16] = "somebody's own.";
    const struct foreign other = {
        .label = "bystander", .type = CKK_GENERIC_SECRET, .value = bytes, .len = sizeof bytes};
    CK_FUNCTION_LIST *functions = p11_session_functions(service->session);
    keyferry_CreateKeyRequest request = good_create();
    size_t before;

    bystander = put_foreign(&other);
    before = count_objects(service->session);
    original = *functions;
    functions->C_DeriveKey = fail_and_point;
    SEND(CREATE_KEY, CreateKey, &request, NULL);
    *functions = original;
    expect_refusal(KF_UNAVAILABLE, "");
    ck_assert_uint_eq(count_objects(service->session), before);
}
END_TEST

START_TEST(two_sources_are_none)
{
    keyferry_AdoptKeyRequest request = good_adopt("twin");
    struct foreign twin = {.label = "twin", .type = CKK_AES, .value = value, .len = 16};
    CK_OBJECT_HANDLE first = put_foreign(&twin);
    uint8_t other_id = 9;
    CK_ATTRIBUTE id = {CKA_ID, &other_id, 1};

    /* NSS keeps one secret for each id */
    ck_assert_uint_eq(p11_set_attributes(service->session, first, &id, 1, NULL), CKR_OK);
    put_foreign(&twin);
    adopt_refused(&request, KF_CONFLICT, "2 secret keys");
}
END_TEST

START_TEST(keyferrys_own_are_not_adopted)
{
    struct kf_error err = {0};
    char arn[ARN_MAX], label[LABEL_MAX];
    keyferry_AdoptKeyRequest request;
    const struct p11_key *key;

    create_key("P0", KEY_AES_128, 'B', true, arn);
    key = store_key(service->store, id_of(arn), &err);
    label_write_object("export", &key->facts, label);
    request = good_adopt(label);
    adopt_refused(&request, KF_NOT_FOUND, "ObjectLabel: ");
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
    tcase_add_test(tests, adoption_takes_the_source_away);
    tcase_add_test(tests, adoption_may_leave_the_source);
    tcase_add_test(tests, adoption_is_for_good_unless_told);
    tcase_add_test(tests, a_source_that_stays_is_told);
    tcase_add_test(tests, what_cannot_be_destroyed_is_not_adopted);
    tcase_add_test(tests, adoption_names_what_is_wrong);
    tcase_add_test(tests, tdes_keys_with_equal_parts_are_refused);
    tcase_add_test(tests, what_a_part_encrypts_to_stays_in_the_token);
    tcase_add_test(tests, a_failed_call_costs_no_other_key);
    tcase_add_test(tests, two_sources_are_none);
    tcase_add_test(tests, keyferrys_own_are_not_adopted);
    return run_case(tests, "keys of the service");
}
