/* SPDX-License-Identifier: Apache-2.0 */
/* AdoptKey: what it does, what it refuses, what it records. */
#include <stdio.h>
#include <stdlib.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/profile_reference.h"
#include "test/unit/daemon/worker/support.h"

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
    ck_assert_str_eq(shown_key.key.key_arn, adopted.key.key_arn);
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
    return run_case(tests, "adoption of keys");
}
