/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases in the store: made, pointed elsewhere, deleted, doubled; alone and beside other workers
 * and hosts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/store_index.h"
#include "test/unit/p11/store_support.h"

#define KEK "alias/kek-acme"
#define ONE "aaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbb"

static struct p11_alias *get(void)
{
    struct p11_alias *alias = store_alias(store, KEK, &err);

    expect_good(alias != NULL);
    return alias;
}

static size_t count_cards(void)
{
    uint8_t id[KEY_ID_BYTES];

    store_alias_id(KEK, id);
    return count_role(ROLE_ALIAS, id);
}

START_TEST(an_alias_lives_and_dies)
{
    char label[LABEL_MAX];

    expect_error(store_alias(store, KEK, &err) != NULL, KF_NOT_FOUND, KEK);
    expect_good(store_alias_create(store, KEK, ONE, &err) != NULL);
    ck_assert_str_eq(get()->key_name, ONE);
    read_label(get()->card, label);
    ck_assert_str_eq(label, "keyferry1 alias " KEK " " ONE);
    expect_good(store_alias_point(store, get(), OTHER, &err));
    ck_assert_str_eq(get()->key_name, OTHER);
    expect_good(store_alias_point(store, get(), "", &err));
    ck_assert_str_eq(get()->key_name, "");
    ck_assert_uint_eq(count_cards(), 1);
    expect_good(store_alias_delete(store, get(), &err));
    expect_error(store_alias(store, KEK, &err) != NULL, KF_NOT_FOUND, KEK);
    ck_assert_uint_eq(count_cards(), 0);
}
END_TEST

START_TEST(a_taken_name_is_refused)
{
    expect_good(store_alias_create(store, KEK, ONE, &err) != NULL);
    expect_error(store_alias_create(store, KEK, OTHER, &err) != NULL, KF_CONFLICT,
                 "exists already");
    ck_assert_str_eq(get()->key_name, ONE);
    ck_assert_uint_eq(count_cards(), 1);
}
END_TEST

START_TEST(the_longest_name_will_do)
{
    char name[ALIAS_NAME_MAX + 2];

    memset(name, 'x', sizeof name);
    memcpy(name, "alias/", strlen("alias/"));
    name[ALIAS_NAME_MAX] = '\0';
    expect_good(store_alias_create(store, name, ONE, &err) != NULL);
    store_forget(store);
    ck_assert_str_eq(store_alias(store, name, &err)->name, name);
    name[ALIAS_NAME_MAX] = 'x';
    name[ALIAS_NAME_MAX + 1] = '\0';
    expect_error(store_alias(store, name, &err) != NULL, KF_NOT_FOUND, "There is no");
}
END_TEST

START_TEST(other_workers_and_hosts_see_it)
{
    run_peer(true, "create-alias", KEK, ONE);
    ck_assert_str_eq(get()->key_name, ONE);
    run_peer(true, "point-alias", KEK, OTHER);
    ck_assert_str_eq(get()->key_name, OTHER);
    run_peer(false, "point-alias", KEK, ONE);
    outlast_freshness();
    ck_assert_str_eq(get()->key_name, ONE);
    run_peer(false, "delete-alias", KEK, "");
    outlast_freshness();
    expect_error(store_alias(store, KEK, &err) != NULL, KF_NOT_FOUND, KEK);
    expect_good(store_alias_create(store, KEK, ONE, &err) != NULL);
    run_peer(false, "expect-alias", KEK, ONE);
    run_peer(true, "delete-alias", KEK, "");
    expect_error(store_alias(store, KEK, &err) != NULL, KF_NOT_FOUND, KEK);
}
END_TEST

/* A card that another program writes beside the first. */
static CK_OBJECT_HANDLE add_card(const char *key_name)
{
    char label[LABEL_MAX];
    uint8_t id[KEY_ID_BYTES];
    CK_OBJECT_HANDLE card;

    store_alias_id(KEK, id);
    label_write_alias(KEK, key_name, label);
    expect_good(object_make_card(&token, ROLE_ALIAS, id, label, &card, &err));
    return card;
}

START_TEST(two_cards_are_refused_until_one_is_gone)
{
    struct p11_alias **aliases;
    CK_OBJECT_HANDLE second;
    size_t count;

    if (TEST_TOKEN == FIXTURE_NSS)
        return; /* it keeps the second only */
    expect_good(store_alias_create(store, KEK, ONE, &err) != NULL);
    second = add_card(OTHER);
    expect_good(store_list_aliases(store, &aliases, &count, &err));
    ck_assert_uint_eq(count, 1);
    ck_assert(aliases[0]->duplicate);
    expect_error(store_alias(store, KEK, &err) != NULL, KF_CONFLICT, "two cards");
    expect_error(store_alias_create(store, KEK, ONE, &err) != NULL, KF_CONFLICT, "two cards");
    ck_assert_uint_eq(count_cards(), 2);
    destroy_object(second);
    outlast_freshness();
    ck_assert_str_eq(get()->key_name, ONE);
}
END_TEST

static void make_the_other(void)
{
    add_card(OTHER);
}

/* Another worker has made the alias between this one's search and its claim. */
START_TEST(a_race_is_lost_by_name)
{
    before_object(ROLE_CLAIM, make_the_other);
    expect_error(store_alias_create(store, KEK, ONE, &err) != NULL, KF_CONFLICT, "exists already");
    ck_assert_uint_eq(count_cards(), 1);
    ck_assert_str_eq(get()->key_name, OTHER);
    expect_no_claim(KEK);
}
END_TEST

/* Another program that knows no claims writes a card between this one's last search and its own. */
START_TEST(a_program_without_claims_is_noticed)
{
    uint64_t before = atomic_load(changes);

    if (TEST_TOKEN == FIXTURE_NSS)
        return; /* the second card is written over it */
    before_object(ROLE_ALIAS, make_the_other);
    expect_error(store_alias_create(store, KEK, ONE, &err) != NULL, KF_CONFLICT, "another program");
    ck_assert_uint_ge(atomic_load(changes), before + 2); /* made, and withdrawn */
    ck_assert_uint_eq(count_cards(), 1);
    ck_assert_str_eq(get()->key_name, OTHER);
    expect_no_claim(KEK);
}
END_TEST

/* Earlier claims go first; a later one only when it is making its card; dead ones do not count. */
START_TEST(claims_are_heeded)
{
    static const struct {
        int64_t age_ms;
        bool making, free;
    } cases[] = {
        {2000, false, false}, {2000, true, false}, {-5000, true, false}, {-5000, false, true},
        {70000, false, true}, {70000, true, true}, {-70000, true, true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        CK_OBJECT_HANDLE claim = add_claim(KEK, cases[i].age_ms, cases[i].making);

        if (cases[i].free) {
            expect_good(store_alias_create(store, KEK, ONE, &err) != NULL);
            expect_good(store_alias_delete(store, get(), &err));
        } else {
            expect_error(store_alias_create(store, KEK, ONE, &err) != NULL, KF_CONFLICT,
                         "somebody else");
            ck_assert_uint_eq(count_cards(), 0);
        }
        destroy_object(claim);
        expect_no_claim(KEK);
    }
}
END_TEST

/* While this process is about to say that it makes the card, an earlier claim appears: a process
 * that took its time before it wrote. */
static CK_C_SetAttributeValue original_set;
static bool rival_makes;
static CK_OBJECT_HANDLE rival;
static CK_RV set_after(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                       CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    p11_session_functions(token.session)->C_SetAttributeValue = original_set;
    rival = add_claim(KEK, 2000, rival_makes);
    return original_set(session, object, template, count);
}

START_TEST(an_earlier_claim_that_comes_late_is_heeded)
{
    original_set = p11_session_functions(token.session)->C_SetAttributeValue;
    for (int makes = 0; makes < 2; makes++) {
        rival_makes = makes;
        p11_session_functions(token.session)->C_SetAttributeValue = set_after;
        expect_error(store_alias_create(store, KEK, ONE, &err) != NULL, KF_CONFLICT,
                     "somebody else");
        ck_assert_uint_eq(count_cards(), 0);
        destroy_object(rival);
        expect_no_claim(KEK);
    }
}
END_TEST

static CK_C_FindObjectsInit original_find;
static CK_RV fail_to_find(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    (void)session;
    (void)template;
    (void)count;
    return CKR_FUNCTION_FAILED;
}

static void break_searches(void)
{
    p11_session_functions(token.session)->C_FindObjectsInit = fail_to_find;
}

START_TEST(what_cannot_be_read_back_is_taken_back)
{
    static const enum p11_role roles[] = {ROLE_ALIAS, ROLE_CLAIM};
    CK_FUNCTION_LIST *functions = p11_session_functions(token.session);

    original_find = functions->C_FindObjectsInit;
    before_object(roles[_i], break_searches);
    expect_error(store_alias_create(store, KEK, ONE, &err) != NULL, KF_UNAVAILABLE, "");
    functions->C_FindObjectsInit = original_find;
    ck_assert_uint_eq(count_cards(), 0);
    expect_no_claim(KEK);
}
END_TEST

START_TEST(lists_are_sorted)
{
    static const char *const names[] = {"alias/b", "alias/a", "alias/B", "alias/a/b", "alias/1"};
    struct p11_alias **aliases;
    size_t count;

    for (size_t i = 0; i < COUNT(names); i++)
        expect_good(store_alias_create(store, names[i], "", &err) != NULL);
    expect_good(store_list_aliases(store, &aliases, &count, &err));
    ck_assert_uint_eq(count, COUNT(names));
    for (size_t i = 1; i < count; i++)
        ck_assert_str_lt(aliases[i - 1]->name, aliases[i]->name);
}
END_TEST

START_TEST(a_card_of_another_name_is_none)
{
    uint8_t id[KEY_ID_BYTES];
    CK_OBJECT_HANDLE card;

    store_alias_id(KEK, id);
    expect_good(
        object_make_card(&token, ROLE_ALIAS, id, "keyferry1 alias alias/other " ONE, &card, &err));
    expect_error(store_alias(store, KEK, &err) != NULL, KF_NOT_FOUND, KEK);
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
    tcase_add_test(tests, an_alias_lives_and_dies);
    tcase_add_test(tests, a_taken_name_is_refused);
    tcase_add_test(tests, the_longest_name_will_do);
    tcase_add_test(tests, other_workers_and_hosts_see_it);
    tcase_add_test(tests, two_cards_are_refused_until_one_is_gone);
    tcase_add_test(tests, a_race_is_lost_by_name);
    tcase_add_test(tests, a_program_without_claims_is_noticed);
    tcase_add_test(tests, claims_are_heeded);
    tcase_add_test(tests, an_earlier_claim_that_comes_late_is_heeded);
    tcase_add_loop_test(tests, what_cannot_be_read_back_is_taken_back, 0, 2);
    tcase_add_test(tests, lists_are_sorted);
    tcase_add_test(tests, a_card_of_another_name_is_none);
    return run_case(tests, "aliases in the store");
}
