/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in the store: made, found, refused where the token contradicts itself, deleted, swept; alone
 * and beside other workers and hosts. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/ops.h"
#include "p11/store_index.h"
#include "test/unit/p11/store_support.h"

#define MINUTE_MS (60 * 1000LL)

static char name[KEY_NAME_LEN + 1];

static struct p11_key *get(void)
{
    struct p11_key *key = store_key(store, name, &err);

    expect_good(key != NULL);
    return key;
}

START_TEST(a_made_key_is_what_was_asked_for)
{
    struct p11_key *key = make_key("K1", KEY_AES_256, 'S', name);
    struct key_facts facts = key->facts, read;
    struct key_state state;
    char label[LABEL_MAX];

    ck_assert_uint_eq(strlen(name), KEY_NAME_LEN);
    ck_assert(key->state.enabled && key->state.delete_ms == 0);
    ck_assert(llabs(facts.created_ms - wall_ms()) < MINUTE_MS);
    read_label(key->card, label);
    ck_assert(label_read_card(label, &read, &state));
    ck_assert(key_facts_equal(&read, &facts));
    read_label(key->working, label);
    ck_assert(label_read_object(label, "working", &read) && key_facts_equal(&read, &facts));
    read_label(key->export_copy, label);
    ck_assert(label_read_object(label, "export", &read) && key_facts_equal(&read, &facts));

    /* and a store that is opened later finds the same */
    store_close(store);
    store = store_open(&token, changes, &err);
    key = get();
    ck_assert(key_facts_equal(&key->facts, &facts));
    ck_assert_str_eq(key->trouble, "");
}
END_TEST

START_TEST(nothing_is_left_of_a_key_that_failed)
{
    struct key_facts facts = facts_of("B0", KEY_TDES_2KEY, 'S');
    CK_OBJECT_HANDLE source = make_source(KEY_TDES_2KEY, true),
                     typeless = make_source(KEY_AES_128, true);
    size_t before = count_objects(token.session);
    struct p11_way xor = token.ways[P11_XOR];

    /* its second object cannot be made */
    token.ways[P11_XOR].proven = false;
    expect_error(store_make(store, source, &facts, &enabled, &err) != NULL, KF_VALIDATION,
                 "CKM_XOR_BASE_AND_DATA");
    token.ways[P11_XOR] = xor;
    ck_assert_uint_eq(count_objects(token.session), before);
    /* the source has fewer bytes than the key */
    facts = facts_of("K1", KEY_AES_256, 'S');
    ck_assert_ptr_null(store_make(store, typeless, &facts, &enabled, &err));
    ck_assert_int_ne(err.status, KF_OK);
    ck_assert_uint_eq(count_objects(token.session), before);
    ck_assert_uint_eq(store->key_count, 0);
}
END_TEST

/* The token answers OK to every call, but the object is not what was asked for. */
static CK_C_DeriveKey original_derive;
static CK_RV derive_extractable(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                                CK_OBJECT_HANDLE base, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                                CK_OBJECT_HANDLE_PTR key)
{
    static CK_BBOOL yes = CK_TRUE;

    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == CKA_EXTRACTABLE)
            template[i].pValue = &yes;
    return original_derive(session, mechanism, base, template, count, key);
}

START_TEST(a_token_that_makes_another_object_is_noticed)
{
    struct key_facts facts = facts_of("K1", KEY_AES_128, 'N');
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true);
    size_t before = count_objects(token.session);
    CK_FUNCTION_LIST *functions = p11_session_functions(token.session);

    original_derive = functions->C_DeriveKey;
    functions->C_DeriveKey = derive_extractable;
    expect_error(store_make(store, source, &facts, &enabled, &err) != NULL, KF_INTERNAL,
                 "CKA_EXTRACTABLE is true");
    functions->C_DeriveKey = original_derive;
    ck_assert_uint_eq(count_objects(token.session), before);
}
END_TEST

START_TEST(check_values_are_right)
{
    /* of a key of zeros: AES-128 CMAC and TDES, from published tables of check values; HMAC of no
     * message, which under a key of zeros is that under an empty key, as commonly shown */
    static uint8_t zeros[64];
    static const struct {
        enum key_algorithm algorithm;
        const char *kcv;
    } expected[] = {{KEY_AES_128, "763CBC"},     {KEY_TDES_2KEY, "8CA64D"},
                    {KEY_TDES_3KEY, "8CA64D"},   {KEY_HMAC_SHA224, "5CE14F"},
                    {KEY_HMAC_SHA256, "B61367"}, {KEY_HMAC_SHA384, "6C1F2E"},
                    {KEY_HMAC_SHA512, "B936CE"}};

    for (size_t i = 0; i < COUNT(expected); i++) {
        struct key_facts facts = {0};
        struct p11_template template = {0};
        CK_OBJECT_HANDLE source;

        template_number(&template, CKA_CLASS, CKO_SECRET_KEY);
        template_number(&template, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
        template_flag(&template, CKA_TOKEN, false);
        template_flag(&template, CKA_DERIVE, true);
        template_bytes(&template, CKA_VALUE, zeros, key_algorithm_bytes(expected[i].algorithm));
        expect_good(p11_create_object(token.session, template.attributes, template.count, &source,
                                      &err) == CKR_OK);
        expect_good(store_check_value(&token, source, expected[i].algorithm, &facts, &err));
        ck_assert_str_eq(facts.kcv, expected[i].kcv);
        ck_assert_int_eq(facts.kcv_algorithm, kcv_algorithm_for(expected[i].algorithm));
        destroy_object(source);
    }
}
END_TEST

/* The same value is in every object of a key, and X9.24-1's variant of it in the mask variant. */
static void expect_derives(const struct p11_key *key, CK_OBJECT_HANDLE object,
                           const uint8_t value[16])
{
    static const uint8_t data[16];
    struct p11_template template = {0};
    CK_OBJECT_HANDLE readable = CK_INVALID_HANDLE;
    uint8_t got[16], expected[32], triple[24];
    CK_ATTRIBUTE attribute = {CKA_VALUE, got, sizeof got};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;

    memcpy(triple, value, 16);
    memcpy(triple + 16, value, 8);
    ck_assert_int_eq(EVP_EncryptInit_ex(context, EVP_des_ede3_ecb(), NULL, triple, NULL), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(context, expected, &len, data, sizeof data), 1);
    EVP_CIPHER_CTX_free(context);
    if (key->seal != SEAL_NONE) {
        bool differs;

        expect_good(
            store_sealed_differs(&token, KEY_TDES_2KEY, object, expected, 8, &differs, &err));
        ck_assert(!differs);
        expected[0] ^= 1;
        expect_good(
            store_sealed_differs(&token, KEY_TDES_2KEY, object, expected, 8, &differs, &err));
        ck_assert(differs);
        return;
    }
    role_session_template(&token, ROLE_CONSTANT, KEY_ALGORITHM_NONE, sizeof data, &template);
    expect_good(op_derive(&token, P11_TDES, object, data, sizeof data, &template, &readable, &err));
    expect_good(p11_get_attributes(token.session, readable, &attribute, 1, &err) == CKR_OK);
    ck_assert_mem_eq(got, expected, sizeof got);
    destroy_object(readable);
}

START_TEST(the_mask_variant_is_masked)
{
    static const uint8_t mask[16] = {0xC0, 0xC0, 0xC0, 0xC0, 0, 0, 0, 0,
                                     0xC0, 0xC0, 0xC0, 0xC0, 0, 0, 0, 0};
    struct key_facts facts = facts_of("B0", KEY_TDES_2KEY, 'N');
    uint8_t value[16], masked[16];
    struct p11_template template = {0};
    CK_OBJECT_HANDLE source;
    struct p11_key *key;

    for (size_t i = 0; i < sizeof value; i++) {
        value[i] = (uint8_t)(0x11 * i + 2);
        masked[i] = value[i] ^ mask[i];
    }
    template_number(&template, CKA_CLASS, CKO_SECRET_KEY);
    template_number(&template, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    template_flag(&template, CKA_TOKEN, false);
    template_flag(&template, CKA_DERIVE, true);
    template_bytes(&template, CKA_VALUE, value, sizeof value);
    expect_good(p11_create_object(token.session, template.attributes, template.count, &source,
                                  &err) == CKR_OK);
    key = make_from(source, &facts);
    expect_derives(key, key->working, value);
    expect_derives(key, key->mask_variant, masked);
}
END_TEST

START_TEST(unknown_keys_are_not_found)
{
    static const char *const names[] = {"aaaaaaaaaaaaaaaa",  "",
                                        "AAAAAAAAAAAAAAAA",  "aaaaaaaaaaaaaaa",
                                        "aaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa1"};

    for (size_t i = 0; i < COUNT(names); i++)
        expect_error(store_key(store, names[i], &err) != NULL, KF_NOT_FOUND, names[i]);
}
END_TEST

/* What is wrong with a key is found at its next use, said, and forgotten once it is put right. */
static void expect_trouble(const char *what)
{
    store_forget(store);
    expect_error(store_key(store, name, &err) != NULL, KF_CONFLICT, what);
    ck_assert_ptr_nonnull(store_key_any(store, name, &err));
    /* the whole token, read anew, says the same */
    expect_good(store_list_keys(store, &(struct p11_key **){NULL}, &(size_t){0}, &err));
    expect_error(store_key(store, name, &err) != NULL, KF_CONFLICT, what);
}

static void expect_healed(void)
{
    outlast_freshness();
    ck_assert_str_eq(get()->trouble, "");
}

START_TEST(a_wrong_flag_is_refused)
{
    static const CK_ATTRIBUTE_TYPE flags[] = {CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_WRAP, CKA_UNWRAP,
                                              CKA_DECRYPT};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE other = {flags[_i], &yes, sizeof yes};
    struct key_facts facts = facts_of("K1", KEY_AES_128, 'S');
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true), forged;
    struct p11_key *key;

    key = make_from(source, &facts);
    strcpy(name, key->name);
    destroy_object(key->working);
    forged = forge(key, ROLE_WORKING, source, &other, 1);
    expect_trouble("is true (working)");
    key = store_key_any(store, name, &err);
    destroy_object(forged);
    forge(key, ROLE_WORKING, source, NULL, 0);
    expect_healed();
}
END_TEST

/* An object of another key, with the label and template of this one's. */
START_TEST(another_value_is_refused)
{
    static const struct {
        enum p11_role role;
        const char *usage;
        enum key_algorithm algorithm;
    } cases[] = {
        {ROLE_WORKING, "B0", KEY_AES_256},        {ROLE_WORKING, "B0", KEY_TDES_2KEY},
        {ROLE_WORKING, "K1", KEY_TDES_3KEY},      {ROLE_EXPORT, "D0", KEY_AES_192},
        {ROLE_MASK_VARIANT, "B0", KEY_TDES_2KEY},
    };
    enum key_algorithm algorithm = cases[_i].algorithm;
    CK_OBJECT_HANDLE other = make_source(algorithm, true), forged;
    struct p11_key *key = make_key(cases[_i].usage, algorithm, 'S', name);
    char what[96];

    destroy_object(cases[_i].role == ROLE_WORKING  ? key->working
                   : cases[_i].role == ROLE_EXPORT ? key->export_copy
                                                   : key->mask_variant);
    forged = forge(key, cases[_i].role, other, NULL, 0);
    snprintf(what, sizeof what, "its value is not the one that its label says (%s)",
             role_name(cases[_i].role));
    expect_trouble(what);
    destroy_object(forged);
    destroy_object(other);
}
END_TEST

START_TEST(a_missing_object_is_refused)
{
    struct key_facts facts = facts_of("K1", KEY_AES_128, 'S');
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true);
    struct p11_key *key = make_from(source, &facts);

    strcpy(name, key->name);
    destroy_object(key->export_copy);
    expect_trouble("an object is missing (export)");
    forge(store_key_any(store, name, &err), ROLE_EXPORT, source, NULL, 0);
    expect_healed();
}
END_TEST

START_TEST(an_object_too_many_is_refused)
{
    struct key_facts facts = facts_of("K1", KEY_AES_128, 'N');
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true), forged;
    struct p11_key *key = make_from(source, &facts);

    /* a key that never leaves with a copy that may */
    strcpy(name, key->name);
    forged = forge(key, ROLE_EXPORT, source, NULL, 0);
    expect_trouble("there is an object that such a key does not have (export)");
    destroy_object(forged);
    expect_healed();
}
END_TEST

START_TEST(a_label_that_contradicts_the_card_is_refused)
{
    struct key_facts facts = facts_of("K1", KEY_AES_128, 'S');
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true), forged;
    struct p11_key *key = make_from(source, &facts), other;

    strcpy(name, key->name);
    other = *key;
    strcpy(other.facts.usage, "K0");
    destroy_object(key->working);
    forged = forge(&other, ROLE_WORKING, source, NULL, 0);
    expect_trouble("an object's label contradicts the key's card (working)");
    destroy_object(forged);
    forge(store_key_any(store, name, &err), ROLE_WORKING, source, NULL, 0);
    expect_healed();
}
END_TEST

START_TEST(a_duplicate_is_refused)
{
    struct key_facts facts = facts_of("K1", KEY_AES_128, 'S');
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true), forged;
    struct p11_key *key = make_from(source, &facts);

    /* NSS cannot have two secrets with one id: it destroys the first */
    if (TEST_TOKEN == FIXTURE_NSS)
        return;
    expect_good(key != NULL);
    strcpy(name, key->name);
    forged = forge(key, ROLE_WORKING, source, NULL, 0);
    expect_trouble("two objects have the same id and role (working)");
    destroy_object(forged);
    expect_healed();
}
END_TEST

START_TEST(a_card_that_says_nothing_is_refused)
{
    struct p11_key *key = make_key("K1", KEY_AES_128, 'S', name);
    char label[LABEL_MAX];
    CK_OBJECT_HANDLE card = key->card;

    read_label(card, label);
    expect_good(object_set_label(&token, card, "keyferry1 card rewritten", &err));
    expect_trouble("its label is not a card's (card)");
    expect_good(object_set_label(&token, card, label, &err));
    expect_healed();
}
END_TEST

START_TEST(a_changed_card_is_refused)
{
    struct p11_key *key = make_key("K1", KEY_AES_128, 'N', name);
    struct key_facts facts = key->facts;
    CK_OBJECT_HANDLE card = key->card;
    char label[LABEL_MAX];

    facts.exportability = 'S';
    label_write_card(&facts, &key->state, label);
    expect_good(object_set_label(&token, card, label, &err));
    expect_trouble("an object's label contradicts the key's card");
}
END_TEST

START_TEST(objects_without_a_card_are_no_key)
{
    struct p11_key *key = make_key("K1", KEY_AES_128, 'S', name);

    destroy_object(key->card);
    store_forget(store);
    expect_error(store_key_any(store, name, &err) != NULL, KF_NOT_FOUND, name);
}
END_TEST

/* An object of one byte as nobody with a PIN would make it; whether the token makes one. */
static bool make_public(enum p11_role role, const uint8_t id[KEY_ID_BYTES], const char *label)
{
    struct role_object object = {.role = role, .algorithm = KEY_ALGORITHM_NONE, .label = label};
    struct p11_template template = {0};
    CK_MECHANISM mechanism = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    CK_BBOOL no = CK_FALSE;
    CK_OBJECT_HANDLE made;

    object_id(role, id, object.id);
    role_token_template(&token, &object, &template);
    for (CK_ULONG i = 0; i < template.count; i++)
        if (template.attributes[i].type == CKA_PRIVATE ||
            template.attributes[i].type == CKA_SENSITIVE)
            template.attributes[i].pValue = &no;
    return p11_generate_key(token.session, &mechanism, template.attributes, template.count, &made,
                            &(struct kf_error){0}) == CKR_OK &&
           !read_flag(made, CKA_PRIVATE);
}

/* Objects that are not private need no PIN to be made. */
START_TEST(what_anybody_can_make_is_no_key_and_in_no_ones_way)
{
    struct p11_key *key = make_key("K1", KEY_AES_128, 'S', name);
    uint8_t id[KEY_ID_BYTES];
    char label[LABEL_MAX];

    read_label(key->card, label);
    if (!make_public(ROLE_CARD, key->id, label))
        return;
    store_forget(store);
    key = get();
    destroy_object(key->card);
    store_forget(store);
    expect_error(store_key_any(store, name, &err) != NULL, KF_NOT_FOUND, name);
    expect_error(store_alias(store, "alias/kek", &err) != NULL, KF_NOT_FOUND, "alias/kek");
    store_alias_id("alias/kek", id);
    label_write_alias("alias/kek", name, label);
    ck_assert(make_public(ROLE_ALIAS, id, label));
    expect_error(store_alias(store, "alias/kek", &err) != NULL, KF_NOT_FOUND, "alias/kek");
}
END_TEST

/* The card is as it was, but the working key is another object: what was derived from the first one
 * is void. */
START_TEST(a_stale_handle_is_looked_up_again)
{
    struct key_facts facts = facts_of("K1", KEY_AES_128, 'S');
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true), forged;
    struct p11_key *key = make_from(source, &facts);
    uint64_t generation;

    expect_good(key != NULL);
    strcpy(name, key->name);
    generation = key->generation;
    destroy_object(key->working);
    forged = forge(key, ROLE_WORKING, source, NULL, 0);
    store_forget(store);
    key = get();
    ck_assert_uint_eq(key->working, forged);
    ck_assert_uint_ne(key->generation, generation);
}
END_TEST

START_TEST(reading_all_anew_keeps_what_is_the_same)
{
    struct p11_key *key = make_key("B0", KEY_TDES_2KEY, 'S', name), **keys;
    uint64_t generation = key->generation;
    CK_OBJECT_HANDLE variant = key->mask_variant;
    size_t count;

    expect_good(store_list_keys(store, &keys, &count, &err));
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(keys[0]->generation, generation);
    ck_assert(keys[0]->verified);
    forge(keys[0], ROLE_MASK_VARIANT, make_source(KEY_TDES_2KEY, true), NULL, 0);
    destroy_object(variant);
    expect_good(store_list_keys(store, &keys, &count, &err));
    ck_assert(!keys[0]->verified);
    ck_assert_uint_ne(keys[0]->generation, generation);
}
END_TEST

/* Another worker of this host: at the next use. */
START_TEST(a_change_of_this_host_binds_at_once)
{
    make_key("K1", KEY_AES_128, 'S', name);
    for (int i = 0; i < 3; i++) {
        ck_assert(get()->state.enabled);
        run_peer(true, "disable", name, "");
        ck_assert(!get()->state.enabled);
        run_peer(true, "enable", name, "");
    }
}
END_TEST

/* Another host: when the entry is not fresh any more; what it noticed, this host's other workers
 * are told. */
START_TEST(a_change_of_another_host_binds_soon)
{
    uint64_t before;

    make_key("K1", KEY_AES_128, 'S', name);
    ck_assert(get()->state.enabled);
    run_peer(false, "disable", name, "");
    outlast_freshness();
    before = atomic_load(changes);
    ck_assert(!get()->state.enabled);
    ck_assert_uint_ne(atomic_load(changes), before);
    run_peer(false, "enable", name, "");
    outlast_freshness();
    ck_assert(get()->state.enabled);
}
END_TEST

/* Not later than an entry may serve, whatever else goes on: nothing but time passes here. */
START_TEST(an_entry_does_not_serve_longer_than_it_may)
{
    struct p11_key *key;
    struct key_state off = {.enabled = false};
    char label[LABEL_MAX];

    make_key("K1", KEY_AES_128, 'S', name);
    key = get();
    label_write_card(&key->facts, &off, label);
    expect_good(object_set_label(&token, key->card, label,
                                 &err)); /* as another host does, without the counter */
    ck_assert(get()->state.enabled);
    outlast_freshness();
    ck_assert(!get()->state.enabled);
}
END_TEST

/* The card is there, the working key is not, or says another thing. */
START_TEST(a_working_key_that_goes_is_missed_soon)
{
    make_key("K1", KEY_AES_128, 'N', name);
    get();
    run_peer(false, "destroy-working", name, "");
    outlast_freshness();
    expect_error(store_key(store, name, &err) != NULL, KF_CONFLICT, "an object is missing");
}
END_TEST

/* A change between the reading of a card and the end of that reading must not count as seen. */
static CK_C_GetAttributeValue original_read;
static struct p11_key *changing;
static CK_RV read_then_change(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    CK_RV rv = original_read(session, object, template, count);
    char label[LABEL_MAX];

    if (changing && object == changing->card) {
        label_write_card(&changing->facts, &(struct key_state){.enabled = false}, label);
        changing = NULL;
        ck_assert(object_set_label(&token, object, label, &err));
        atomic_fetch_add(changes, 1);
    }
    return rv;
}

START_TEST(a_change_during_the_reading_is_not_missed)
{
    CK_FUNCTION_LIST *functions = p11_session_functions(token.session);
    struct p11_key copy = *make_key("K1", KEY_AES_128, 'S', name);
    struct p11_key **keys;
    size_t count;

    original_read = functions->C_GetAttributeValue;
    functions->C_GetAttributeValue = read_then_change;
    changing = &copy;
    if (_i == 0)
        expect_good(store_list_keys(store, &keys, &count, &err));
    else
        expect_good((store_forget(store), store_key(store, name, &err)) != NULL);
    functions->C_GetAttributeValue = original_read;
    ck_assert_ptr_null(changing);
    ck_assert(!get()->state.enabled);
}
END_TEST

START_TEST(keys_of_others_are_found)
{
    make_key("K1", KEY_AES_128, 'S', name);
    run_peer(false, "expect-key", name, "");
    run_peer(true, "expect-key", name, "");
}
END_TEST

START_TEST(lists_are_sorted_and_whole)
{
    struct p11_key **keys;
    size_t count;

    for (int i = 0; i < 20; i++)
        make_key("P0", KEY_AES_128, 'S', NULL);
    expect_good(store_list_keys(store, &keys, &count, &err));
    ck_assert_uint_eq(count, 20);
    for (size_t i = 1; i < count; i++)
        ck_assert_int_lt(memcmp(keys[i - 1]->id, keys[i]->id, KEY_ID_BYTES), 0);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests;
    int status;

    if (be_peer(argc, argv, &status))
        return status;
    tests = tcase_create(fixture_name(TEST_TOKEN));
    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, store_setup, store_teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_made_key_is_what_was_asked_for);
    tcase_add_test(tests, nothing_is_left_of_a_key_that_failed);
    tcase_add_test(tests, a_token_that_makes_another_object_is_noticed);
    tcase_add_test(tests, check_values_are_right);
    tcase_add_test(tests, the_mask_variant_is_masked);
    tcase_add_test(tests, unknown_keys_are_not_found);
    tcase_add_loop_test(tests, a_wrong_flag_is_refused, 0, 5);
    tcase_add_loop_test(tests, another_value_is_refused, 0, 5);
    tcase_add_test(tests, a_missing_object_is_refused);
    tcase_add_test(tests, an_object_too_many_is_refused);
    tcase_add_test(tests, a_label_that_contradicts_the_card_is_refused);
    tcase_add_test(tests, a_duplicate_is_refused);
    tcase_add_test(tests, a_card_that_says_nothing_is_refused);
    tcase_add_test(tests, a_changed_card_is_refused);
    tcase_add_test(tests, objects_without_a_card_are_no_key);
    tcase_add_test(tests, what_anybody_can_make_is_no_key_and_in_no_ones_way);
    tcase_add_test(tests, a_stale_handle_is_looked_up_again);
    tcase_add_test(tests, reading_all_anew_keeps_what_is_the_same);
    tcase_add_test(tests, a_change_of_this_host_binds_at_once);
    tcase_add_test(tests, a_change_of_another_host_binds_soon);
    tcase_add_test(tests, an_entry_does_not_serve_longer_than_it_may);
    tcase_add_test(tests, a_working_key_that_goes_is_missed_soon);
    tcase_add_loop_test(tests, a_change_during_the_reading_is_not_missed, 0, 2);
    tcase_add_test(tests, keys_of_others_are_found);
    tcase_add_test(tests, lists_are_sorted_and_whole);
    return run_case(tests, "store");
}
