/* SPDX-License-Identifier: Apache-2.0 */
/* A key's state in the store: changed from what the token has, one change after the other, and kept
 * whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/store_index.h"
#include "test/unit/p11/store_support.h"

static char name[KEY_NAME_LEN + 1], claim_name[CLAIM_NAME_MAX];

static struct p11_key *get(void)
{
    struct p11_key *key = store_key(store, name, &err);

    expect_good(key != NULL);
    return key;
}

static void make(void)
{
    struct p11_key *key = make_key("K1", KEY_AES_128, 'S', name);

    store_claim_name(key, claim_name);
}

/* As a program would that knows no claims. */
static void write_tags(const char *tags)
{
    struct p11_key *key = store_index_key(store, get()->id);
    struct key_state state = key->state;
    char label[LABEL_MAX];

    strcpy(state.tags, tags);
    label_write_card(&key->facts, &state, label);
    expect_good(object_set_label(&token, key->card, label, &err));
}

static bool add_tag(void *context, const struct p11_key *key, struct key_state *state,
                    struct kf_error *unused)
{
    (void)key;
    (void)unused;
    tags_add(state->tags, context, "");
    return true;
}

static bool tag(const char *tag_key)
{
    return store_change_state(store, get(), add_tag, (void *)tag_key, &err);
}

static void expect_tags(const char *tags)
{
    store_forget(store);
    ck_assert_str_eq(get()->state.tags, tags);
    expect_no_claim(claim_name);
}

/* The index may be as old as its entries may be: the change starts from the card. */
START_TEST(a_change_starts_from_what_the_token_has)
{
    uint64_t before;

    make();
    before = atomic_load(changes);
    write_tags(" 5:other=0:");
    expect_good(tag("mine"));
    expect_tags(" 4:mine=0: 5:other=0:");
    ck_assert_uint_gt(atomic_load(changes), before);
}
END_TEST

START_TEST(others_changes_come_first)
{
    CK_OBJECT_HANDLE claim;

    make();
    claim = add_claim(claim_name, 2000, true);
    expect_error(tag("mine"), KF_CONFLICT, "somebody else");
    expect_error(set_state(get(), &enabled), KF_CONFLICT, name);
    destroy_object(claim);
    expect_tags("");
    expect_good(tag("mine"));
    expect_tags(" 4:mine=0:");
}
END_TEST

static void tag_by_the_other(void)
{
    write_tags(" 5:other=0:");
}

START_TEST(a_change_before_the_claim_is_not_undone)
{
    make();
    before_object(ROLE_CLAIM, tag_by_the_other);
    expect_good(tag("mine"));
    expect_tags(" 4:mine=0: 5:other=0:");
}
END_TEST

static bool refuse(void *context, const struct p11_key *key, struct key_state *state,
                   struct kf_error *why)
{
    (void)context;
    (void)key;
    state->enabled = false;
    return kf_fail(why, KF_VALIDATION, "no");
}

START_TEST(a_refused_change_changes_nothing)
{
    make();
    expect_error(store_change_state(store, get(), refuse, NULL, &err), KF_VALIDATION, "no");
    expect_tags("");
    ck_assert(get()->state.enabled);
}
END_TEST

START_TEST(a_card_that_is_gone_is_stale)
{
    struct p11_key *key;

    make();
    key = get();
    destroy_object(key->card);
    ck_assert(!store_change_state(store, key, add_tag, (char[]){"mine"}, &err));
    ck_assert_int_eq(err.fault, KF_FAULT_STALE);
    kf_error_clear(&err);
    expect_no_claim(claim_name);
}
END_TEST

/* Keeps the first hundred bytes of a label only. */
static CK_C_SetAttributeValue original_set;
static CK_RV set_shorter(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    CK_ATTRIBUTE shorter = template[0];

    if (count == 1 && shorter.type == CKA_LABEL && shorter.ulValueLen > 100)
        shorter.ulValueLen = 100;
    return original_set(session, object, &shorter, 1);
}

START_TEST(a_label_that_is_cut_short_is_put_right)
{
    make();
    expect_good(set_state(get(), &(struct key_state){.enabled = true}));
    original_set = p11_session_functions(token.session)->C_SetAttributeValue;
    p11_session_functions(token.session)->C_SetAttributeValue = set_shorter;
    expect_error(tag("a tag that is longer than what this token keeps"), KF_INTERNAL,
                 "did not keep a card's label");
    p11_session_functions(token.session)->C_SetAttributeValue = original_set;
    expect_tags("");
    ck_assert(get()->state.enabled);
}
END_TEST

START_TEST(the_longest_label_is_kept)
{
    struct key_state state = {.enabled = true, .start_ms = 1000, .stop_ms = 1000};
    char value[TAGS_BYTES_MAX], label[LABEL_MAX];

    memset(value, 'v', sizeof value);
    value[247] = '\0';
    for (int i = 0; i < 4; i++)
        tags_add(state.tags, (const char *const[]){"a", "b", "c", "d"}[i], value);
    ck_assert_uint_eq(strlen(state.tags), TAGS_BYTES_MAX);
    make();
    expect_good(set_state(get(), &state));
    expect_tags(state.tags);
    read_label(get()->card, label);
    ck_assert_uint_gt(strlen(label), TAGS_BYTES_MAX + 100);
}
END_TEST

static void restore(void)
{
    struct p11_key *key = store_key_any(store, name, &err);
    char label[LABEL_MAX];

    label_write_card(&key->facts, &enabled, label);
    expect_good(object_set_label(&token, key->card, label, &err));
}

/* A key that is restored at the last moment, and one that somebody else is about to restore. */
START_TEST(a_sweep_leaves_what_is_restored)
{
    CK_OBJECT_HANDLE claim;

    make();
    expect_good(set_state(get(), &(struct key_state){.delete_ms = wall_ms() / 1000 * 1000 - 2000}));
    claim = add_claim(claim_name, 2000, true);
    expect_good(store_sweep(store, &err));
    ck_assert_uint_eq(count_role(ROLE_WORKING, get()->id), 1);
    destroy_object(claim);
    before_object(ROLE_CLAIM, restore);
    expect_good(store_sweep(store, &err));
    expect_tags("");
    ck_assert(get()->state.enabled);
    ck_assert_uint_eq(count_role(ROLE_WORKING, get()->id), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, store_setup, store_teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_change_starts_from_what_the_token_has);
    tcase_add_test(tests, others_changes_come_first);
    tcase_add_test(tests, a_change_before_the_claim_is_not_undone);
    tcase_add_test(tests, a_refused_change_changes_nothing);
    tcase_add_test(tests, a_card_that_is_gone_is_stale);
    tcase_add_test(tests, a_label_that_is_cut_short_is_put_right);
    tcase_add_test(tests, the_longest_label_is_kept);
    tcase_add_test(tests, a_sweep_leaves_what_is_restored);
    return run_case(tests, "states in the store");
}
