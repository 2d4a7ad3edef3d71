/* SPDX-License-Identifier: Apache-2.0 */
/* Looking over the whole token: what a sweep destroys and what it leaves, and what an inspection
 * tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base32.h"
#include "p11/calls.h"
#include "p11/objects.h"
#include "test/unit/p11/store_support.h"

#define MINUTE_MS (60 * 1000LL)
#define HOUR_MS (60 * MINUTE_MS)

static char name[KEY_NAME_LEN + 1];

static void set_due(struct p11_key *key, int64_t in_ms)
{
    struct key_state state = {.delete_ms = (wall_ms() + in_ms) / 1000 * 1000};

    expect_good(set_state(key, &state));
}

START_TEST(a_due_key_is_swept)
{
    char later[KEY_NAME_LEN + 1];
    uint8_t id[KEY_ID_BYTES];
    size_t before = count_objects(token.session);

    set_due(make_key("K1", KEY_AES_128, 'S', name), -2000);
    base32_decode(name, sizeof id, id);
    set_due(make_key("B0", KEY_TDES_2KEY, 'S', later), HOUR_MS);
    expect_good(store_sweep(store, &err));
    expect_error(store_key_any(store, name, &err) != NULL, KF_NOT_FOUND, name);
    ck_assert_ptr_nonnull(store_key(store, later, &err));
    for (int role = 1; role <= ROLE_ALIAS; role++)
        ck_assert_uint_eq(count_role((enum p11_role)role, id), 0);
    ck_assert_uint_eq(count_objects(token.session),
                      before + 4); /* the other's: card, working, variant, export copy */
}
END_TEST

static CK_C_DestroyObject original_destroy;
static CK_OBJECT_HANDLE kept_object;
static CK_RV destroy_but_one(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    return object == kept_object ? CKR_FUNCTION_FAILED : original_destroy(session, object);
}

/* Whatever call fails, the next sweep ends what this one began. */
START_TEST(a_sweep_that_was_cut_short_is_finished)
{
    CK_FUNCTION_LIST *functions = p11_session_functions(token.session);
    struct p11_key *key = make_key("K1", KEY_AES_128, 'S', name);
    CK_OBJECT_HANDLE objects[] = {key->working, key->export_copy, key->card};
    uint8_t id[KEY_ID_BYTES];

    memcpy(id, key->id, sizeof id);
    set_due(key, -2000);
    original_destroy = functions->C_DestroyObject;
    kept_object = objects[_i];
    functions->C_DestroyObject = destroy_but_one;
    expect_good(store_sweep(store, &err));
    functions->C_DestroyObject = original_destroy;
    ck_assert_uint_eq(count_role(ROLE_CARD, id), 1);
    expect_good(store_sweep(store, &err));
    ck_assert_uint_eq(count_role(ROLE_CARD, id), 0);
    ck_assert_uint_eq(count_role(ROLE_WORKING, id), 0);
    ck_assert_uint_eq(count_role(ROLE_EXPORT, id), 0);
}
END_TEST

START_TEST(a_due_key_that_contradicts_itself_stays)
{
    struct p11_key *key = make_key("K1", KEY_AES_128, 'N', name);
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true);

    forge(key, ROLE_EXPORT, source, NULL, 0);
    set_due(key, -2000);
    expect_good(store_sweep(store, &err));
    ck_assert_ptr_nonnull(store_key_any(store, name, &err));
    ck_assert_ptr_ne(store_key_any(store, name, &err)->trouble, "");
}
END_TEST

START_TEST(only_recent_leftovers_are_swept)
{
    static const struct {
        int64_t age_ms;
        bool swept;
    } cases[] = {
        {0, false},           {9 * MINUTE_MS, false}, {11 * MINUTE_MS, true},
        {23 * HOUR_MS, true}, {25 * HOUR_MS, false},  {-HOUR_MS, false},
    };
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true);
    struct p11_key leftover = {.facts = facts_of("K1", KEY_AES_128, 'S')};

    for (size_t i = 0; i < COUNT(cases); i++) {
        leftover.id[0] = (uint8_t)i;
        leftover.facts.created_ms = (wall_ms() - cases[i].age_ms) / 1000 * 1000;
        forge(&leftover, ROLE_WORKING, source, NULL, 0);
    }
    /* and a key of the same age that has a card */
    leftover.id[0] = 0xEE;
    leftover.facts.created_ms = (wall_ms() - HOUR_MS) / 1000 * 1000;
    forge(&leftover, ROLE_WORKING, source, NULL, 0);
    forge(&leftover, ROLE_EXPORT, source, NULL, 0);
    {
        CK_OBJECT_HANDLE card;
        char label[LABEL_MAX];

        label_write_card(&leftover.facts, &(struct key_state){.enabled = true}, label);
        expect_good(object_make_card(&token, ROLE_CARD, leftover.id, label, &card, &err));
    }
    expect_good(store_sweep(store, &err));
    for (size_t i = 0; i < COUNT(cases); i++) {
        leftover.id[0] = (uint8_t)i;
        ck_assert_msg(count_role(ROLE_WORKING, leftover.id) == !cases[i].swept, "%zu", i);
    }
    leftover.id[0] = 0xEE;
    ck_assert_uint_eq(count_role(ROLE_WORKING, leftover.id), 1);
}
END_TEST

/* The id of our CA is all zeros, and other tools' objects have none. */
START_TEST(the_first_id_is_no_one_elses)
{
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true), made;
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    struct p11_key first = {.facts = facts_of("K1", KEY_AES_128, 'N')}, **keys;
    struct p11_template template = {0};
    char label[LABEL_MAX];
    size_t count;

    first.facts.created_ms = (wall_ms() - HOUR_MS) / 1000 * 1000;
    forge(&first, ROLE_WORKING, source, NULL, 0);
    label_write_card(&first.facts, &enabled, label);
    expect_good(object_make_card(&token, ROLE_CARD, first.id, label, &made, &err));
    template_flag(&template, CKA_TOKEN, true);
    template_flag(&template, CKA_PRIVATE, true);
    template_number(&template, CKA_VALUE_LEN, 16);
    template_bytes(&template, CKA_ID, "other", strlen("other"));
    expect_good(p11_generate_key(token.session, &mechanism, template.attributes, template.count,
                                 &made, &err) == CKR_OK);
    expect_good(store_list_keys(store, &keys, &count, &err));
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(keys[0]->name, "aaaaaaaaaaaaaaaa");
    expect_good(store_sweep(store, &err));
    ck_assert_uint_eq(count_role(ROLE_WORKING, first.id), 1);
}
END_TEST

struct findings {
    char text[2000];
};

static void note(void *context, const char *kind, const char *object, const char *detail)
{
    struct findings *findings = context;
    size_t len = strlen(findings->text);

    snprintf(findings->text + len, sizeof findings->text - len, "%s|%s|%s\n", kind, object, detail);
}

START_TEST(dead_claims_are_swept)
{
    static const struct {
        int64_t age_ms;
        bool told, swept;
    } cases[] = {{0, false, false},
                 {2 * MINUTE_MS, true, false},
                 {11 * MINUTE_MS, true, true},
                 {-11 * MINUTE_MS, true, true}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t made = wall_ms() - cases[i].age_ms;
        struct findings findings = {{0}};
        uint8_t id[KEY_ID_BYTES] = {0};
        CK_OBJECT_HANDLE claim;

        for (size_t k = 0; k < 6; k++)
            id[k] = (uint8_t)(made >> 8 * (5 - k));
        expect_good(
            object_make_card(&token, ROLE_CLAIM, id, "keyferry1 claim alias/a", &claim, &err));
        expect_good(store_inspect(store, note, &findings, &err));
        ck_assert_str_eq(findings.text, cases[i].told ? "leftover|keyferry1 claim alias/a|an "
                                                        "interrupted change left it; it "
                                                        "is harmless\n"
                                                      : "");
        expect_good(store_sweep(store, &err));
        ck_assert_uint_eq(count_role(ROLE_CLAIM, id), !cases[i].swept);
        if (!cases[i].swept)
            destroy_object(claim);
    }
}
END_TEST

START_TEST(an_inspection_tells_what_is_wrong)
{
    struct findings findings = {{0}};
    struct p11_key leftover = {.facts = facts_of("K1", KEY_AES_128, 'S')};
    CK_OBJECT_HANDLE card;
    char expected[200];
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wrong = {CKA_ENCRYPT, &yes, sizeof yes};
    struct p11_key *key = make_key("K1", KEY_AES_128, 'S', name);

    expect_good(store_inspect(store, note, &findings, &err));
    ck_assert_str_eq(findings.text, "");
    key = store_key_any(store, name, &err);
    destroy_object(key->working);
    forge(key, ROLE_WORKING, make_source(KEY_AES_128, true), &wrong, 1);
    leftover.id[0] = 1;
    leftover.facts.created_ms = 1795388400000;
    forge(&leftover, ROLE_EXPORT, make_source(KEY_AES_128, true), NULL, 0);
    leftover.id[0] = 2;
    expect_good(object_make_card(&token, ROLE_ALIAS, leftover.id, "no alias", &card, &err));
    expect_good(store_inspect(store, note, &findings, &err));
    snprintf(expected, sizeof expected, "deviation|key/%s|CKA_ENCRYPT is true (working)\n", name);
    ck_assert_msg(strstr(findings.text, expected) != NULL, "%s", findings.text);
    ck_assert_ptr_nonnull(strstr(findings.text, "no card|keyferry1 export K1 AES_128 B 00 S"));
    ck_assert_ptr_nonnull(strstr(findings.text, "deviation|no alias|"));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, store_setup, store_teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_due_key_is_swept);
    tcase_add_loop_test(tests, a_sweep_that_was_cut_short_is_finished, 0, 3);
    tcase_add_test(tests, a_due_key_that_contradicts_itself_stays);
    tcase_add_test(tests, only_recent_leftovers_are_swept);
    tcase_add_test(tests, the_first_id_is_no_one_elses);
    tcase_add_test(tests, dead_claims_are_swept);
    tcase_add_test(tests, an_inspection_tells_what_is_wrong);
    return run_case(tests, "sweeping the store");
}
