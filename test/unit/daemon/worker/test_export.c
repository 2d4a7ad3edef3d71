/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ExportKey: blocks of known keys opened by OpenSSL for every pair of algorithms, and every
 * refusal. Known keys are put into the token by "another tool" and adopted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/ops.h"
#include "p11/store_index.h"
#include "test/unit/daemon/worker/failing.h"
#include "test/unit/daemon/worker/opener.h"
#include "test/unit/daemon/worker/support.h"

static const enum key_algorithm algorithms[] = {KEY_TDES_2KEY, KEY_TDES_3KEY, KEY_AES_128,
                                                KEY_AES_192, KEY_AES_256};

/* Deterministic, of even and odd parity. */
static void fill_value(uint8_t *value, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++)
        value[i] = (uint8_t)(seed + 37 * i);
}

static void adopt(const char *usage, enum key_algorithm algorithm, char mode, uint8_t seed,
                  char arn[ARN_MAX])
{
    keyferry_AdoptKeyRequest request = {
        .has_key_attributes = true, .has_exportable = true, .exportable = true};
    keyferry_AdoptKeyReply reply;
    uint8_t value[32];
    char label[32];

    fill_value(value, sizeof value, seed);
    snprintf(label, sizeof label, "%02X%s of another", seed, usage);
    put_foreign(&(struct foreign){.label = label,
                                  .type = CKK_GENERIC_SECRET,
                                  .value = value,
                                  .len = key_algorithm_bytes(algorithm)});
    set_text(&request, object_label, label);
    set_attributes(&request.key_attributes, key_usage_name(usage), key_algorithm_name(algorithm),
                   mode);
    SEND(ADOPT_KEY, AdoptKey, &request, &reply);
    expect_ok();
    strcpy(arn, reply.key.key_arn);
}

/* Rows and columns of AWS's table: does the first algorithm wrap the second? */
static const bool may_wrap[5][5] = {
    {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, {1, 1, 1, 0, 0}, {1, 1, 1, 1, 0}, {1, 1, 1, 1, 1},
};

static void expect_block(const char *block, size_t wrapping, size_t wrapped)
{
    static const char *const lengths[2][2] = {{"B0096", NULL}, {"D0112", "D0144"}};
    bool aes_kbpk = wrapping >= 2, aes = wrapped >= 2;
    uint8_t kbpk[32], key[32];
    struct opened opened;
    char header[17];

    fill_value(kbpk, sizeof kbpk, (uint8_t)(0x10 + wrapping));
    fill_value(key, sizeof key, (uint8_t)(0x80 + wrapped));
    open_block(block, kbpk, key_algorithm_bytes(algorithms[wrapping]), &opened);
    ck_assert_uint_eq(opened.key_len, key_algorithm_bytes(algorithms[wrapped]));
    ck_assert_mem_eq(opened.key, key, opened.key_len);
    snprintf(header, sizeof header, "%sP0%cE00E0000", lengths[aes_kbpk][aes], aes ? 'A' : 'T');
    ck_assert_str_eq(opened.header, header);
}

START_TEST(every_pair_opens_or_is_refused)
{
    char kbpks[5][ARN_MAX], keys[5][ARN_MAX];

    for (size_t i = 0; i < 5; i++) {
        adopt(i % 2 ? "K0" : "K1", algorithms[i], i % 2 ? 'E' : 'B', (uint8_t)(0x10 + i), kbpks[i]);
        adopt("P0", algorithms[i], 'E', (uint8_t)(0x80 + i), keys[i]);
    }
    for (size_t i = 0; i < 25; i++) {
        size_t wrapping = i / 5, wrapped = i % 5;
        const keyferry_ExportKeyReply *reply = export_key(keys[wrapped], kbpks[wrapping]);

        if (!may_wrap[wrapping][wrapped]) {
            expect_refusal(KF_VALIDATION, "WrappingKeyIdentifier: ");
            ck_assert_ptr_nonnull(strstr(response.message, "is weaker than"));
            ck_assert_ptr_null(recorded("Sha256"));
            continue;
        }
        expect_ok();
        expect_block(reply->wrapped_key.key_material, wrapping, wrapped);
        ck_assert_str_eq(reply->export_key_arn, keys[wrapped]);
        ck_assert_str_eq(reply->wrapped_key.wrapping_key_arn, kbpks[wrapping]);
        ck_assert_str_eq(reply->wrapped_key.wrapped_key_material_format, "TR31_KEY_BLOCK");
        ck_assert_str_eq(reply->wrapped_key.key_check_value_algorithm,
                         wrapped < 2 ? "ANSI_X9_24" : "CMAC");
        ck_assert_str_eq(recorded("KeyArn"), keys[wrapped]);
        ck_assert_str_eq(recorded("WrappingKeyArn"), kbpks[wrapping]);
        ck_assert_str_eq(recorded("KeyCheckValue"), reply->wrapped_key.key_check_value);
        ck_assert_mem_eq(recorded("Header"), reply->wrapped_key.key_material, 16);
        ck_assert_uint_eq(strlen(recorded("Header")), 16);
        ck_assert_uint_eq(strlen(recorded("Sha256")), 64);
    }
}
END_TEST

/* Each usage and mode in the header as it is in the token. */
START_TEST(headers_say_what_the_key_is)
{
    static const struct {
        const char *usage;
        char mode;
    } kinds[] = {{"B0", 'X'}, {"C0", 'C'}, {"C0", 'G'}, {"C0", 'V'}, {"D0", 'B'}, {"D0", 'D'},
                 {"E0", 'X'}, {"E6", 'N'}, {"K0", 'B'}, {"K1", 'E'}, {"K1", 'N'}, {"M1", 'C'},
                 {"M6", 'V'}, {"M7", 'G'}, {"P0", 'D'}, {"V1", 'N'}, {"V2", 'V'}};
    char kbpk[ARN_MAX], key[ARN_MAX], expected[17];
    uint8_t value[32];
    struct opened opened;

    adopt("K1", KEY_AES_256, 'B', 0x14, kbpk);
    fill_value(value, sizeof value, 0x14);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        create_key(kinds[i].usage, KEY_TDES_2KEY, kinds[i].mode, true, key);
        open_block(export_key(key, kbpk)->wrapped_key.key_material, value, 32, &opened);
        expect_ok();
        snprintf(expected, sizeof expected, "D0112%sT%c00E0000", kinds[i].usage, kinds[i].mode);
        ck_assert_str_eq(opened.header, expected);
        ck_assert_uint_eq(opened.key_len, 16);
    }
}
END_TEST

START_TEST(padding_is_random)
{
    char kbpk[ARN_MAX], key[ARN_MAX];
    uint8_t value[32];
    struct opened first, second;

    adopt("K1", KEY_AES_256, 'B', 0x14, kbpk);
    fill_value(value, sizeof value, 0x14);
    create_key("P0", KEY_AES_128, 'B', true, key);
    open_block(export_key(key, kbpk)->wrapped_key.key_material, value, 32, &first);
    open_block(export_key(key, kbpk)->wrapped_key.key_material, value, 32, &second);
    ck_assert_uint_eq(first.padding_len, 30);
    ck_assert_mem_eq(first.key, second.key, 16);
    ck_assert_mem_ne(first.padding, second.padding, 30);
    for (size_t i = 0; i + 8 <= 30; i++) /* no run of zeros of its own */
        ck_assert_mem_ne(first.padding + i, (uint8_t[8]){0}, 8);
}
END_TEST

START_TEST(missing_and_malformed_members_are_refused)
{
    keyferry_ExportKeyRequest request = {0};
    char kbpk[ARN_MAX], key[ARN_MAX];

    create_key("K1", KEY_AES_128, 'B', true, kbpk);
    create_key("P0", KEY_AES_128, 'B', true, key);
    SEND(EXPORT_KEY, ExportKey, &request, NULL);
    expect_refusal(KF_VALIDATION, "KeyMaterial");
    request.has_key_material = true;
    SEND(EXPORT_KEY, ExportKey, &request, NULL);
    expect_refusal(KF_VALIDATION, "KeyMaterial");
    export_key(NULL, kbpk);
    expect_refusal(KF_VALIDATION, "ExportKeyIdentifier is required");
    export_key(key, NULL);
    expect_refusal(KF_VALIDATION, "WrappingKeyIdentifier is required");
    export_key("", kbpk);
    expect_refusal(KF_VALIDATION, "ExportKeyIdentifier: ");
    export_key(key, "");
    expect_refusal(KF_VALIDATION, "WrappingKeyIdentifier: ");
    export_key("nonsense", kbpk);
    expect_refusal(KF_VALIDATION, "ExportKeyIdentifier: ");
    export_key("aaaaaaaaaaaaaaaa", kbpk);
    expect_refusal(KF_NOT_FOUND, "aaaaaaaaaaaaaaaa");
    export_key(key, "aaaaaaaaaaaaaaaa");
    expect_refusal(KF_NOT_FOUND, "aaaaaaaaaaaaaaaa");
    export_key("aaaaaaaaaaaaaaaaaaaaaaaa", kbpk);
    expect_refusal(KF_NOT_FOUND, "ExportKeyIdentifier: ");
    export_key("alias/none", kbpk);
    expect_refusal(KF_NOT_FOUND, "alias/none");
    export_key(kbpk, kbpk);
    expect_refusal(KF_VALIDATION, "WrappingKeyIdentifier: a key cannot wrap itself");
    export_key(id_of(kbpk), kbpk);
    expect_refusal(KF_VALIDATION, "WrappingKeyIdentifier: a key cannot wrap itself");
}
END_TEST

START_TEST(wrong_wrapping_keys_are_refused)
{
    static const struct {
        const char *usage;
        char mode;
    } wrong[] = {{"P0", 'B'}, {"D0", 'B'}, {"B0", 'X'}, {"M6", 'C'},
                 {"K1", 'D'}, {"K1", 'N'}, {"K0", 'D'}, {"K0", 'N'}};
    char wrapping[ARN_MAX], key[ARN_MAX];

    create_key("P0", KEY_AES_128, 'B', true, key);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        create_key(wrong[i].usage, KEY_AES_256, wrong[i].mode, true, wrapping);
        export_key(key, wrapping);
        expect_refusal(KF_VALIDATION, "WrappingKeyIdentifier: ");
        ck_assert_ptr_nonnull(strstr(response.message, wrong[i].usage[0] == 'K' ? "Encrypt and Wrap"
                                                                                : wrong[i].usage));
        ck_assert(!strstr(response.message, "NoRestrictions") == (wrong[i].mode != 'N'));
        ck_assert_str_eq(recorded("KeyArn"), key);
        ck_assert_str_eq(recorded("WrappingKeyArn"), wrapping);
    }
}
END_TEST

START_TEST(states_bind)
{
    char kbpk[ARN_MAX], key[ARN_MAX], kept[ARN_MAX], kept_kek[ARN_MAX];

    create_key("K1", KEY_AES_256, 'B', true, kbpk);
    create_key("P0", KEY_AES_128, 'B', true, key);
    create_key("P0", KEY_AES_128, 'B', false, kept);
    create_key("K1", KEY_AES_128, 'B', false, kept_kek);
    export_key(key, kbpk);
    expect_ok();
    export_key(kept, kbpk);
    expect_refusal(KF_VALIDATION, "ExportKeyIdentifier: ");
    ck_assert_ptr_nonnull(strstr(response.message, "not exportable"));
    export_key(kept_kek, kbpk);
    expect_refusal(KF_VALIDATION, "not exportable");
    /* it wraps all the same */
    export_key(key, kept_kek);
    expect_ok();
    write_card(key, &(struct key_state){.enabled = false});
    export_key(key, kbpk);
    expect_refusal(KF_CONFLICT, "ExportKeyIdentifier: ");
    ck_assert_ptr_nonnull(strstr(response.message, "not enabled"));
    write_card(key, &(struct key_state){.enabled = true});
    write_card(kbpk, &(struct key_state){.enabled = false});
    export_key(key, kbpk);
    expect_refusal(KF_CONFLICT, "WrappingKeyIdentifier: ");
    write_card(kbpk, &(struct key_state){.enabled = true});
    export_key(key, kbpk);
    expect_ok();
    delete_key(kbpk);
    expect_ok();
    export_key(key, kbpk);
    expect_refusal(KF_CONFLICT, "DELETE_PENDING");
    delete_key(key);
    expect_ok();
    export_key(key, kept_kek);
    expect_refusal(KF_CONFLICT, "ExportKeyIdentifier: ");
}
END_TEST

START_TEST(a_forged_export_copy_does_not_leave)
{
    struct kf_error err = {0};
    char kbpk[ARN_MAX], kept[ARN_MAX], label[LABEL_MAX];
    struct p11_key *key;
    struct key_facts facts;

    /* Whoever has the PIN may write the card; the key's own objects say what it was made as. */
    create_key("K1", KEY_AES_256, 'B', true, kbpk);
    create_key("P0", KEY_AES_128, 'B', false, kept);
    key = store_key(service->store, id_of(kept), &err);
    facts = key->facts;
    facts.exportability = 'S';
    label_write_card(&facts, &key->state, label);
    ck_assert(object_set_label(&service->token, key->card, label, &err));
    atomic_fetch_add(&host.changes, 1);
    export_key(kept, kbpk);
    expect_refusal(KF_CONFLICT, "key/");
}
END_TEST

/* Another program swaps the working key: the old one's KBEK may not serve any more, and one retry
 * is enough. */
START_TEST(a_stale_handle_costs_one_retry)
{
    struct kf_error err = {0};
    char kbpk[ARN_MAX], key[ARN_MAX];
    struct p11_key *found;

    create_key("K1", KEY_AES_256, 'B', true, kbpk);
    create_key("P0", KEY_AES_128, 'B', true, key);
    export_key(key, kbpk);
    expect_ok();
    found = store_key(service->store, id_of(key), &err);
    ck_assert_uint_eq(p11_destroy_object(service->session, found->export_copy, NULL), CKR_OK);
    export_key(key, kbpk);
    expect_refusal(KF_CONFLICT, "an object is missing (export)");
    export_key(key, kbpk);
    expect_refusal(KF_CONFLICT, "an object is missing (export)");
    /* the KBPK's working key goes: nothing is derived, nothing cached serves */
    create_key("P0", KEY_AES_128, 'B', true, key);
    found = store_key(service->store, id_of(kbpk), &err);
    ck_assert_uint_eq(p11_destroy_object(service->session, found->working, NULL), CKR_OK);
    kbpk_cache_clear(service->kbpks);
    export_key(key, kbpk);
    expect_refusal(KF_CONFLICT, "an object is missing (working)");
}
END_TEST

static void disable(struct p11_key *key)
{
    char arn[ARN_MAX];

    service_key_arn(service, key->name, arn);
    write_card(arn, &(struct key_state){.enabled = false});
}

static void destroy_working(struct p11_key *key)
{
    ck_assert_uint_eq(p11_destroy_object(service->session, key->working, NULL), CKR_OK);
}

static void destroy_card(struct p11_key *key)
{
    ck_assert_uint_eq(p11_destroy_object(service->session, key->card, NULL), CKR_OK);
}

/* What was derived from a wrapping key serves no longer than the key: from the next job after the
 * freshness window on, nothing of it is in the token, whether the worker has jobs or is idle. */
START_TEST(nothing_derived_outlives_its_key)
{
    static const struct {
        void (*ends)(struct p11_key *);
        enum kf_status status;
        const char *text;
    } ends[] = {
        {disable, KF_CONFLICT, "is not enabled"},
        {destroy_working, KF_CONFLICT, "an object is missing (working)"},
        {destroy_card, KF_NOT_FOUND, "There is no"},
    };
    struct kf_error err = {0};
    char kbpk[ARN_MAX], other[ARN_MAX], key[ARN_MAX];
    CK_OBJECT_HANDLE kbek, kbmk;
    struct kbpk *cached;
    CK_KEY_TYPE type;

    create_key("K1", KEY_AES_256, 'B', true, other);
    create_key("P0", KEY_AES_128, 'B', true, key);
    for (size_t i = 0; i < 2 * COUNT(ends); i++) {
        CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof type};
        bool idle = i % 2;

        create_key("K1", KEY_AES_256, 'B', true, kbpk);
        export_key(key, other);
        export_key(key, kbpk);
        expect_ok();
        cached = kbpk_get(service->kbpks, store_key(service->store, id_of(kbpk), &err), &err);
        kbek = cached->kbek;
        kbmk = cached->kbmk;
        ends[i / 2].ends(store_key(service->store, id_of(kbpk), &err));
        outlast_freshness();
        if (idle)
            ck_assert(service_idle(service, &err));
        else
            export_key(key, other);
        ck_assert_uint_ne(p11_get_attributes(service->session, kbek, &attribute, 1, NULL), CKR_OK);
        ck_assert_uint_ne(p11_get_attributes(service->session, kbmk, &attribute, 1, NULL), CKR_OK);
        export_key(key, kbpk);
        expect_refusal(ends[i / 2].status, ends[i / 2].text);
        /* the others' stay */
        cached = kbpk_get(service->kbpks, store_key(service->store, id_of(other), &err), &err);
        ck_assert_uint_eq(p11_get_attributes(service->session, cached->kbek, &attribute, 1, NULL),
                          CKR_OK);
    }
}
END_TEST

/* Another program puts another key in the place of a KBPK, with all its names: what was derived
 * from the first serves no more. By SP 800-108 its value is told by an export copy only. */
START_TEST(a_replaced_wrapping_key_is_derived_from_anew)
{
    static const uint8_t other[32] = "another value for the wrapping k";
    struct kf_error err = {0};
    char kbpk[ARN_MAX], key[ARN_MAX], label[LABEL_MAX];
    struct role_object object = {.role = ROLE_WORKING, .algorithm = KEY_AES_256, .label = label};
    keyferry_ListKeysRequest list = {0};
    struct p11_template template = {0};
    struct opened opened;
    struct p11_key *found;
    CK_OBJECT_HANDLE source;

    create_key("K1", KEY_AES_256, 'B', _i == 1, kbpk);
    create_key("P0", KEY_AES_128, 'B', true, key);
    export_key(key, kbpk);
    expect_ok();
    found = store_key(service->store, id_of(kbpk), &err);
    label_write_object("working", &found->facts, label);
    object_id(ROLE_WORKING, found->id, object.id);
    object.kdf = found->kdf;
    object.seal = found->seal;
    role_token_template(&service->token, &object, &template);
    ck_assert_uint_eq(p11_destroy_object(service->session, found->working, NULL), CKR_OK);
    source = put_foreign(
        &(struct foreign){.label = "other", .type = CKK_GENERIC_SECRET, .value = other, .len = 32});
    ck_assert(op_identity(&service->token, source, 32, &template, &found->working, &err));
    found->working = CK_INVALID_HANDLE;
    SEND(LIST_KEYS, ListKeys, &list, NULL); /* reads all anew */
    if (object.kdf && _i == 0) {
        open_block(export_key(key, kbpk)->wrapped_key.key_material, other, 32, &opened);
        expect_ok();
    } else {
        export_key(key, kbpk);
        expect_refusal(KF_CONFLICT, "its value is not the one that its label says (working)");
    }
}
END_TEST

/* KBEK and KBMK that vanish, as when a token forgets its session objects, are derived again. */
START_TEST(lost_session_keys_are_made_again)
{
    struct kf_error err = {0};
    char kbpk[ARN_MAX], key[ARN_MAX];
    struct kbpk *cached;

    create_key("K1", KEY_AES_256, 'B', true, kbpk);
    create_key("P0", KEY_AES_128, 'B', true, key);
    for (int i = 0; i < 2; i++) {
        export_key(key, kbpk);
        expect_ok();
        cached = kbpk_get(service->kbpks, store_key(service->store, id_of(kbpk), &err), &err);
        ck_assert_ptr_nonnull(cached);
        ck_assert_uint_eq(
            p11_destroy_object(service->session, i ? cached->kbmk : cached->kbek, NULL), CKR_OK);
    }
    export_key(key, kbpk);
    expect_ok();
}
END_TEST

static const struct sweep {
    enum key_algorithm wrapping, key;
    const char *usage;
    char mode;
    const char *ksn; /* of an initial key, whose BDK may not leave itself */
} sweeps[] = {
    {KEY_AES_256, KEY_AES_256, "P0", 'B', NULL},
    {KEY_TDES_3KEY, KEY_TDES_3KEY, "P0", 'B', NULL},
    {KEY_TDES_2KEY, KEY_TDES_2KEY, "B0", 'X', "FFFF9876543210E00000"},
    {KEY_AES_256, KEY_AES_192, "B0", 'X', "123456789012345600000000"},
};

static void run_sweep(const struct sweep *sweep, const char *key, const char *wrapping)
{
    if (sweep->ksn)
        export_initial_key(key, wrapping, sweep->ksn);
    else
        export_key(key, wrapping);
}

/* Each call of an export fails once, in each way that matters: a refusal, nothing left, and the
 * next export is good. */
START_TEST(each_failing_call_leaves_nothing)
{
    static const CK_RV failures[] = {CKR_DEVICE_MEMORY, CKR_KEY_HANDLE_INVALID,
                                     CKR_MECHANISM_INVALID, CKR_DEVICE_ERROR};
    const struct sweep *sweep = &sweeps[_i];
    char kbpk[ARN_MAX], key[ARN_MAX];
    size_t objects;
    int fail_at;
    bool reached;

    create_key("K1", sweep->wrapping, 'B', true, kbpk);
    create_key(sweep->usage, sweep->key, sweep->mode, !sweep->ksn, key);
    objects = count_objects(service->session);
    for (size_t i = 0; i < COUNT(failures); i++) {
        for (fail_at = 0, reached = true; reached; fail_at++) {
            kbpk_cache_clear(service->kbpks);
            store_forget(service->store);
            random_wipe(&service->random);
            failing_start(service->session, fail_at, failures[i]);
            run_sweep(sweep, key, kbpk);
            reached = failing_stop();
            ck_assert_msg(response.status == KF_OK || response.status == KF_UNAVAILABLE ||
                              response.status == KF_INTERNAL ||
                              failures[i] == CKR_KEY_HANDLE_INVALID,
                          "%d: %s", fail_at, response.message);
            ck_assert_ptr_null(strstr(response.message, "CKR"));
            ck_assert_msg(!reached || response.status != KF_OK ||
                              failures[i] == CKR_KEY_HANDLE_INVALID,
                          "call %d failed and the export did not", fail_at);
            kbpk_cache_clear(service->kbpks);
            ck_assert_msg(count_objects(service->session) == objects, "%d", fail_at);
        }
        ck_assert_int_gt(fail_at, 10);
    }
    store_forget(service->store);
    run_sweep(sweep, key, kbpk);
    expect_ok();
}
END_TEST

/* Key blocks are possible, initial keys are not: refused by the name of what is missing. */
START_TEST(what_initial_keys_need_is_named)
{
    static const struct {
        enum p11_operation missing;
        enum key_algorithm bdk;
        const char *ksn, *message;
    } cases[] = {
        {P11_JOIN_KEYS, KEY_TDES_2KEY, "FFFF9876543210E00000",
         "ExportDukptInitialKey: this token cannot make TDES DUKPT initial keys: join two keys "
         "(CKM_CONCATENATE_BASE_AND_KEY)"},
        {P11_DERIVE_TDES, KEY_TDES_2KEY, "FFFF9876543210E00000", "CKM_DES3_ECB_ENCRYPT_DATA)"},
        {P11_DERIVE_AES, KEY_AES_128, "123456789012345600000000",
         "ExportDukptInitialKey: this token cannot make AES DUKPT initial keys: derive by AES "
         "encryption (CKM_AES_ECB_ENCRYPT_DATA)"},
    };
    char kbpk[ARN_MAX], bdk[ARN_MAX];

    create_key("K1", KEY_AES_256, 'B', true, kbpk);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct p11_way *way = &service->token.ways[cases[i].missing];

        create_key("B0", cases[i].bdk, 'X', false, bdk);
        way->proven = false;
        export_initial_key(bdk, kbpk, cases[i].ksn);
        expect_refusal(KF_VALIDATION, cases[i].message);
        way->proven = true;
        export_initial_key(bdk, kbpk, cases[i].ksn);
        expect_ok();
    }
}
END_TEST

/* Session objects: two for each KBPK, however many exports and refusals there were. */
START_TEST(no_object_is_left_behind)
{
    char kbpks[3][ARN_MAX], keys[3][ARN_MAX], kept[ARN_MAX];
    size_t objects;

    create_key("K1", KEY_AES_256, 'B', true, kbpks[0]);
    create_key("K1", KEY_AES_128, 'B', false, kbpks[1]);
    create_key("K0", KEY_TDES_3KEY, 'E', true, kbpks[2]);
    create_key("P0", KEY_AES_128, 'B', true, keys[0]);
    create_key("D0", KEY_TDES_2KEY, 'B', true, keys[1]);
    create_key("B0", KEY_TDES_2KEY, 'X', true, keys[2]);
    create_key("P0", KEY_TDES_2KEY, 'B', false, kept);
    objects = count_objects(service->session);
    for (int i = 0; i < 500; i++) {
        const char *wrapping = kbpks[i % 3];

        switch (i % 5) {
        case 0:
            export_key(kept, wrapping);
            export_initial_key(keys[2], wrapping, i % 2 ? "FFFF9876543210E00000" : "");
            break;
        case 1:
            export_key(wrapping, wrapping);
            break;
        case 2:
            export_key("aaaaaaaaaaaaaaaa", wrapping);
            break;
        default:
            export_key(keys[i / 3 % 3], wrapping);
            break;
        }
    }
    ck_assert_uint_eq(count_objects(service->session), objects + 6);
    service_again();
    ck_assert_uint_eq(count_objects(service->session), objects);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, service_setup, service_teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_pair_opens_or_is_refused);
    tcase_add_test(tests, headers_say_what_the_key_is);
    tcase_add_test(tests, padding_is_random);
    tcase_add_test(tests, missing_and_malformed_members_are_refused);
    tcase_add_test(tests, wrong_wrapping_keys_are_refused);
    tcase_add_test(tests, states_bind);
    tcase_add_test(tests, a_forged_export_copy_does_not_leave);
    tcase_add_test(tests, a_stale_handle_costs_one_retry);
    tcase_add_test(tests, nothing_derived_outlives_its_key);
    tcase_add_loop_test(tests, a_replaced_wrapping_key_is_derived_from_anew, 0, 2);
    tcase_add_test(tests, lost_session_keys_are_made_again);
    tcase_add_loop_test(tests, each_failing_call_leaves_nothing, 0, COUNT(sweeps));
    tcase_add_test(tests, what_initial_keys_need_is_named);
    tcase_add_test(tests, no_object_is_left_behind);
    return run_case(tests, "export");
}
