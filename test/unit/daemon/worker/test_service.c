/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases, the token's description, unknown and malformed requests. On the unpatched SoftHSM: what
 * it cannot do is refused by name. */
#include <stdio.h>
#include <stdlib.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/store_index.h"
#include "test/unit/daemon/worker/support.h"

static keyferry_Alias shown;

static void create_alias(const char *name, const char *key)
{
    keyferry_CreateAliasRequest request = {0};
    keyferry_CreateAliasReply reply;

    if (name)
        set_text(&request, alias_name, name);
    if (key)
        set_text(&request, key_arn, key);
    SEND(CREATE_ALIAS, CreateAlias, &request, &reply);
    shown = reply.alias;
}

static void update_alias(const char *name, const char *key)
{
    keyferry_UpdateAliasRequest request = {0};
    keyferry_UpdateAliasReply reply;

    if (name)
        set_text(&request, alias_name, name);
    if (key)
        set_text(&request, key_arn, key);
    SEND(UPDATE_ALIAS, UpdateAlias, &request, &reply);
    shown = reply.alias;
}

static void get_alias(const char *name)
{
    keyferry_GetAliasRequest request = {0};
    keyferry_GetAliasReply reply;

    if (name)
        set_text(&request, alias_name, name);
    SEND(GET_ALIAS, GetAlias, &request, &reply);
    shown = reply.alias;
}

static void delete_alias(const char *name)
{
    keyferry_DeleteAliasRequest request = {0};

    if (name)
        set_text(&request, alias_name, name);
    SEND(DELETE_ALIAS, DeleteAlias, &request, NULL);
}

START_TEST(an_alias_lives_and_dies)
{
    char key[ARN_MAX], other[ARN_MAX], kbpk[ARN_MAX];
    const keyferry_ExportKeyReply *exported;

    create_key("P0", KEY_AES_128, 'B', true, key);
    create_key("P0", KEY_AES_128, 'B', true, other);
    create_key("K1", KEY_AES_128, 'B', true, kbpk);
    create_alias("alias/pin", key);
    expect_ok();
    ck_assert_str_eq(shown.key_arn, key);
    ck_assert_str_eq(recorded("AliasName"), "alias/pin");
    ck_assert_str_eq(recorded("KeyArn"), key);
    exported = export_key("alias/pin", kbpk);
    expect_ok();
    ck_assert_str_eq(exported->export_key_arn, key);
    update_alias("alias/pin", other);
    expect_ok();
    exported = export_key("alias/pin", kbpk);
    ck_assert_str_eq(exported->export_key_arn, other);
    update_alias("alias/pin", NULL);
    expect_ok();
    ck_assert(!shown.has_key_arn);
    export_key("alias/pin", kbpk);
    expect_refusal(KF_NOT_FOUND, "ExportKeyIdentifier: alias/pin points to no key");
    get_alias("alias/pin");
    expect_ok();
    ck_assert(!shown.has_key_arn);
    delete_alias("alias/pin");
    expect_ok();
    ck_assert_str_eq(recorded("AliasName"), "alias/pin");
    get_alias("alias/pin");
    expect_refusal(KF_NOT_FOUND, "alias/pin");
    delete_alias("alias/pin");
    expect_refusal(KF_NOT_FOUND, "alias/pin");
}
END_TEST

START_TEST(aliases_name_what_is_wrong)
{
    char key[ARN_MAX];

    create_key("P0", KEY_AES_128, 'B', true, key);
    for (int i = 0; i < 4; i++) {
        const char *name = (const char *[]){NULL, "", "pin", "alias/a b"}[i];

        create_alias(name, key);
        expect_refusal(KF_VALIDATION, "AliasName");
        update_alias(name, key);
        expect_refusal(KF_VALIDATION, "AliasName");
        get_alias(name);
        expect_refusal(KF_VALIDATION, "AliasName");
        delete_alias(name);
        expect_refusal(KF_VALIDATION, "AliasName");
    }
    for (int i = 0; i < 3; i++) {
        create_alias("alias/a", (const char *[]){"", "alias/pin", "nonsense"}[i]);
        expect_refusal(KF_VALIDATION, "KeyArn: ");
    }
    create_alias("alias/a", "aaaaaaaaaaaaaaaa");
    expect_refusal(KF_NOT_FOUND, "aaaaaaaaaaaaaaaa");
    update_alias("alias/none", key);
    expect_refusal(KF_NOT_FOUND, "alias/none");
    create_alias("alias/a", key);
    expect_ok();
    create_alias("alias/a", key);
    expect_refusal(KF_CONFLICT, "exists already");
}
END_TEST

static keyferry_ListAliasesReply listed;

static void list_aliases(const char *key, const char *token, int max)
{
    keyferry_ListAliasesRequest request = {0};

    if (key)
        set_text(&request, key_arn, key);
    if (token)
        set_text(&request, next_token, token);
    request.has_max_results = max != 0;
    request.max_results = max;
    listed = (keyferry_ListAliasesReply){0};
    SEND(LIST_ALIASES, ListAliases, &request, &listed);
}

START_TEST(aliases_come_in_pages)
{
    char key[ARN_MAX], name[32], token[257] = "", last[257] = "";
    size_t seen = 0;

    create_key("P0", KEY_AES_128, 'B', true, key);
    for (int i = 0; i < 23; i++) {
        snprintf(name, sizeof name, "alias/%d", i);
        create_alias(name, i % 2 ? key : NULL);
        expect_ok();
    }
    do {
        list_aliases(NULL, seen ? token : NULL, 5);
        expect_ok();
        for (size_t i = 0; i < listed.aliases_count; i++, seen++) {
            ck_assert_str_lt(last, listed.aliases[i].alias_name);
            strcpy(last, listed.aliases[i].alias_name);
        }
        strcpy(token, listed.next_token);
    } while (listed.has_next_token);
    ck_assert_uint_eq(seen, 23);
    list_aliases(key, NULL, 0);
    ck_assert_uint_eq(listed.aliases_count, 11);
    list_aliases("aaaaaaaaaaaaaaaa", NULL, 0);
    expect_refusal(KF_NOT_FOUND, "aaaaaaaaaaaaaaaa");
    list_aliases("", NULL, 0);
    expect_refusal(KF_VALIDATION, "KeyArn: ");
    list_aliases(NULL, "", 0);
    expect_refusal(KF_VALIDATION, "NextToken: ");
    list_aliases(NULL, "a b", 0);
    expect_refusal(KF_VALIDATION, "NextToken: ");
    list_aliases(NULL, NULL, 101);
    expect_refusal(KF_VALIDATION, "MaxResults: ");
    list_aliases(NULL, NULL, -1);
    expect_refusal(KF_VALIDATION, "MaxResults: ");
}
END_TEST

START_TEST(a_doubled_alias_points_nowhere)
{
    struct kf_error err = {0};
    char key[ARN_MAX], label[LABEL_MAX];
    uint8_t id[KEY_ID_BYTES];
    CK_OBJECT_HANDLE card;

    if (TEST_TOKEN == FIXTURE_NSS)
        return; /* it keeps the second card only */
    create_key("P0", KEY_AES_128, 'B', true, key);
    create_alias("alias/a", key);
    store_alias_id("alias/a", id);
    label_write_alias("alias/a", "aaaaaaaaaaaaaaaa", label);
    ck_assert(object_make_card(&service->token, ROLE_ALIAS, id, label, &card, &err));
    list_aliases(NULL, NULL, 0);
    ck_assert_uint_eq(listed.aliases_count, 1);
    ck_assert(!listed.aliases[0].has_key_arn);
    export_key("alias/a", key);
    expect_refusal(KF_CONFLICT, "two cards");
    update_alias("alias/a", key);
    expect_refusal(KF_CONFLICT, "two cards");
}
END_TEST

static void add_tag(const char *arn)
{
    keyferry_TagResourceRequest request = {.tags_count = 1};

    set_text(&request, resource_arn, arn);
    set_text(&request.tags[0], key, "a");
    set_text(&request.tags[0], value, "");
    SEND(TAG_RESOURCE, TagResource, &request, NULL);
    expect_ok();
}

/* However long a request's list is: a record that has not all of it is of a refusal, and no change
 * is without its key. Quotation marks take most room there. */
START_TEST(records_of_tags_are_whole)
{
    static keyferry_UntagResourceRequest request;
    char arn[ARN_MAX];
    size_t good = 0;

    create_key("P0", KEY_AES_128, 'B', false, arn);
    for (size_t filler = 0; filler <= 19 * 128; filler += 61) {
        memset(&request, 0, sizeof request);
        set_text(&request, resource_arn, arn);
        strcpy(request.tag_keys[0], "a");
        request.tag_keys_count = 1;
        for (size_t left = filler; left > 0; request.tag_keys_count++) {
            size_t len = left < 128 ? left : 128;

            memset(request.tag_keys[request.tag_keys_count], '"', len);
            left -= len;
        }
        add_tag(arn);
        SEND(UNTAG_RESOURCE, UntagResource, &request, NULL);
        if (response.status != KF_OK) {
            expect_refusal(KF_VALIDATION, "TagKeys: the keys take more than the 1024 bytes");
            continue;
        }
        ck_assert_msg(recorded("KeyArn") && recorded("TagKeys"), "%zu", filler);
        good++;
    }
    ck_assert_uint_ge(good, 16);
    ck_assert_uint_le(good, 17);
}
END_TEST

START_TEST(the_token_is_described)
{
    static keyferry_TokenReply reply;
    keyferry_TokenRequest request = {0};
    static const uint8_t value[16] = {1};
    bool found = false;

    put_foreign(&(struct foreign){
        .label = "k\xE4se \xC3\xA4 \x1B[2J", .type = CKK_AES, .value = value, .len = 16});
    SEND(TOKEN, Token, &request, &reply);
    expect_ok();
    ck_assert_uint_eq(reply.operations_count, P11_OPERATIONS);
    ck_assert_uint_eq(reply.formats_count, PROFILE_FORMATS);
    ck_assert_uint_eq(reply.checks_count, PROFILE_CHECKS);
    ck_assert_int_eq(reply.trusted, TEST_TOKEN != FIXTURE_NSS);
    for (size_t i = 0; i < reply.formats_count; i++) {
        ck_assert_str_eq(reply.formats[i].format, profile_format_name((enum profile_format)i));
        ck_assert_int_eq(reply.formats[i].possible, TEST_TOKEN != FIXTURE_STOCK_SOFTHSM);
    }
    for (size_t i = 0; i < reply.findings_count; i++) {
        json_t *text = json_string(reply.findings[i].object);

        ck_assert_ptr_nonnull(text); /* is UTF-8 */
        json_decref(text);
        found = found || strcmp(reply.findings[i].object, "k?se \xC3\xA4 ?[2J") == 0;
    }
    ck_assert(found);
}
END_TEST

START_TEST(unknown_operations_are_refused)
{
    keyferry_TokenRequest request = {0};

    send_request(keyferry_Operation_OPERATION_STATUS, keyferry_TokenRequest_fields, &request, NULL,
                 NULL);
    expect_refusal(KF_VALIDATION, "Operation: ");
    send_request(0, keyferry_TokenRequest_fields, &request, NULL, NULL);
    expect_refusal(KF_VALIDATION, "Operation: ");
    send_request(4711, keyferry_TokenRequest_fields, &request, NULL, NULL);
    expect_refusal(KF_VALIDATION, "Operation: 4711");
}
END_TEST

START_TEST(malformed_bodies_are_refused)
{
    keyferry_ListKeysRequest other = {.has_max_results = true, .max_results = 1};

    /* member 3 is not one of GetKey's */
    send_request(keyferry_Operation_OPERATION_GET_KEY, keyferry_ListKeysRequest_fields, &other,
                 NULL, NULL);
    expect_refusal(KF_VALIDATION, "");
    ck_assert_str_eq(recorded("operation"), "GetKey");
}
END_TEST

/* What a new process cures is told to the loop. */
static CK_RV device_gone(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    (void)session;
    (void)object;
    (void)template;
    (void)count;
    return CKR_DEVICE_REMOVED;
}

START_TEST(a_lost_token_is_unavailable)
{
    CK_FUNCTION_LIST *functions = p11_session_functions(service->session);
    CK_C_GetAttributeValue original = functions->C_GetAttributeValue;

    functions->C_GetAttributeValue = device_gone;
    get_alias("alias/none");
    expect_refusal(KF_NOT_FOUND, "alias/none"); /* nothing was found, so nothing was read */
    create_alias("alias/a", NULL);
    functions->C_GetAttributeValue = original;
    expect_refusal(KF_UNAVAILABLE, "");
    ck_assert_int_eq(fault, KF_FAULT_MODULE);
    ck_assert_ptr_null(strstr(response.message, "CKR"));
    get_alias("alias/a");
    expect_refusal(KF_NOT_FOUND, "alias/a");
    ck_assert_int_eq(fault, KF_FAULT_NONE);
}
END_TEST

static CK_RV rv_of_token = CKR_OK;
static CK_C_GetTokenInfo real_token_info;
static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
    ck_assert_uint_eq(real_token_info(slot, info), CKR_OK);
    return rv_of_token;
}

/* A token that is gone for good in this process may find nothing and call that a success. */
START_TEST(nothing_found_is_not_trusted_blindly)
{
    static const struct {
        CK_RV rv;
        enum kf_fault fault;
    } cases[] = {{CKR_GENERAL_ERROR, KF_FAULT_MODULE},
                 {CKR_DEVICE_REMOVED, KF_FAULT_MODULE},
                 {CKR_FUNCTION_FAILED, KF_FAULT_NONE}};
    CK_FUNCTION_LIST *functions = p11_session_functions(service->session);
    keyferry_GetKeyRequest get = {0};
    keyferry_ListKeysRequest list = {0};

    set_text(&get, key_identifier, "5rplquuwozodpwsp");
    real_token_info = functions->C_GetTokenInfo;
    functions->C_GetTokenInfo = token_info;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kf_error err = {0};

        rv_of_token = cases[i].rv;
        SEND(GET_KEY, GetKey, &get, NULL);
        expect_refusal(KF_UNAVAILABLE, "");
        ck_assert_int_eq(fault, cases[i].fault);
        get_alias("alias/none");
        expect_refusal(KF_UNAVAILABLE, "");
        ck_assert_int_eq(fault, cases[i].fault);
        SEND(LIST_KEYS, ListKeys, &list, NULL);
        expect_refusal(KF_UNAVAILABLE, "");
        ck_assert_int_eq(fault, cases[i].fault);
        ck_assert(service_idle(service, &err) == (cases[i].fault == KF_FAULT_NONE));
        ck_assert_int_eq(err.fault, cases[i].fault);
    }
    rv_of_token = CKR_OK;
    SEND(GET_KEY, GetKey, &get, NULL);
    expect_refusal(KF_NOT_FOUND, "5rplquuwozodpwsp");
    functions->C_GetTokenInfo = real_token_info;
}
END_TEST

START_TEST(what_the_token_cannot_do_is_named)
{
    keyferry_CreateKeyRequest request = {.has_key_attributes = true, .has_exportable = true};
    keyferry_AdoptKeyRequest adopt = {.has_key_attributes = true, .has_exportable = true};
    static const uint8_t value[16] = {1};
    size_t before;

    put_foreign(&(struct foreign){.label = "foreign", .type = CKK_AES, .value = value, .len = 16});
    before = count_objects(service->session);
    set_attributes(&request.key_attributes, "TR31_K1_KEY_BLOCK_PROTECTION_KEY", "AES_128", 'B');
    SEND(CREATE_KEY, CreateKey, &request, NULL);
    expect_refusal(KF_VALIDATION, "CKM_EXTRACT_KEY_FROM_KEY");
    ck_assert_ptr_nonnull(strstr(response.message, "can neither create nor adopt"));
    ck_assert_ptr_nonnull(strstr(response.message, "Use a token or firmware"));
    set_text(&adopt, object_label, "foreign");
    adopt.key_attributes = request.key_attributes;
    SEND(ADOPT_KEY, AdoptKey, &adopt, NULL);
    expect_refusal(KF_VALIDATION, "can neither create nor adopt");
    export_key("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb");
    expect_refusal(KF_VALIDATION, "KeyMaterial: ");
    ck_assert_ptr_nonnull(strstr(response.message, "CKM_CONCATENATE_DATA_AND_BASE"));
    ck_assert_uint_eq(count_objects(service->session), before);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, service_setup, service_teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_token_is_described);
    tcase_add_test(tests, unknown_operations_are_refused);
    tcase_add_test(tests, malformed_bodies_are_refused);
    tcase_add_test(tests, a_lost_token_is_unavailable);
    tcase_add_test(tests, nothing_found_is_not_trusted_blindly);
    if (TEST_TOKEN == FIXTURE_STOCK_SOFTHSM) {
        tcase_add_test(tests, what_the_token_cannot_do_is_named);
    } else {
        tcase_add_test(tests, records_of_tags_are_whole);
        tcase_add_test(tests, an_alias_lives_and_dies);
        tcase_add_test(tests, aliases_name_what_is_wrong);
        tcase_add_test(tests, aliases_come_in_pages);
        tcase_add_test(tests, a_doubled_alias_points_nowhere);
    }
    return run_case(tests, "service");
}
