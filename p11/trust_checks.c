/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to use keys as they must not be used. Before an attempt the same use is made of a key
 * that allows it: only where that works does a refusal say anything about the token's protection.
 */
#include "p11/trust_checks.h"

#include <stdio.h>

#include "p11/calls.h"
#include "p11/trust_use.h"

#define ALL_USES (PROBE_ENCRYPT | PROBE_SIGN | PROBE_WRAP | PROBE_DERIVE)

static bool can_read(struct probe *probe, CK_OBJECT_HANDLE key)
{
    uint8_t value[2 * KNOWN_MAX];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof value};

    return p11_get_attributes(probe->token->session, key, &attribute, 1, NULL) == CKR_OK &&
           attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION && attribute.ulValueLen > 0;
}

bool check_reveal(struct probe *probe, struct trial *trial, struct kf_error *err)
{
    CK_OBJECT_HANDLE locked, extractable;

    if (!probe_generate(probe, PROBE_SENSITIVE, &locked, err) ||
        !probe_generate(probe, PROBE_SENSITIVE | PROBE_EXTRACTABLE, &extractable, err))
        return false;
    trial_note(trial, can_read(probe, locked), "a key that is sensitive and not extractable");
    trial_note(trial, can_read(probe, extractable), "a key that is sensitive and extractable");
    return true;
}

bool check_wrap_unextractable(struct probe *probe, struct trial *trial, struct kf_error *err)
{
    CK_OBJECT_HANDLE wrapping, extractable, locked, public_key;
    struct kf_error ignored = {0};

    if (!probe_generate(probe, PROBE_SENSITIVE | PROBE_WRAP, &wrapping, err) ||
        !probe_generate(probe, PROBE_SENSITIVE | PROBE_EXTRACTABLE, &extractable, err) ||
        !probe_generate(probe, PROBE_SENSITIVE, &locked, err))
        return false;
    for (size_t i = 0; i < use_row_count; i++)
        if (use_rows[i].flag == PROBE_WRAP &&
            use_key(probe, &use_rows[i], wrapping, extractable, 0, NULL) == CKR_OK)
            trial_note(trial, use_key(probe, &use_rows[i], wrapping, locked, 0, NULL) == CKR_OK,
                       use_rows[i].name);
    if (!use_public_key(probe, &public_key, &ignored))
        return true;
    for (size_t i = 0; i < USE_OAEPS; i++)
        if (use_key(probe, &use_oaep[i], public_key, extractable, 0, NULL) == CKR_OK)
            trial_note(trial, use_key(probe, &use_oaep[i], public_key, locked, 0, NULL) == CKR_OK,
                       use_oaep[i].name);
    return true;
}

/* Under any wrap that the token has. */
static bool can_wrap(struct probe *probe, CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key)
{
    for (size_t i = 0; i < use_row_count; i++)
        if (use_rows[i].flag == PROBE_WRAP &&
            use_key(probe, &use_rows[i], wrapping, key, 0, NULL) == CKR_OK)
            return true;
    return false;
}

static void note_join(struct trial *trial, bool allowed, const char *name, const char *how)
{
    char what[80];

    snprintf(what, sizeof what, "%s %s", name, how);
    trial_note(trial, allowed, what);
}

/* open is neither sensitive nor locked, and is joined to the others. */
struct join_keys {
    CK_OBJECT_HANDLE wrapping, open, extractable, locked;
};

static void try_join(struct probe *probe, const struct use_row *row, const struct join_keys *keys,
                     struct trial *trial)
{
    const unsigned readable = PROBE_EXTRACTABLE, wrappable = PROBE_SENSITIVE | PROBE_EXTRACTABLE;
    CK_OBJECT_HANDLE made;

    if (use_key(probe, row, keys->extractable, keys->open, wrappable, &made) != CKR_OK)
        return;
    if (can_wrap(probe, keys->wrapping, made)) {
        note_join(trial,
                  use_key(probe, row, keys->locked, keys->open, wrappable, &made) == CKR_OK &&
                      can_wrap(probe, keys->wrapping, made),
                  row->name, "wrapped");
        note_join(trial,
                  use_key(probe, row, keys->locked, keys->open, PROBE_SENSITIVE, &made) == CKR_OK &&
                      can_wrap(probe, keys->wrapping, made),
                  row->name, "wrapped unextractable");
    }
    note_join(trial,
              use_key(probe, row, keys->locked, keys->open, readable, &made) == CKR_OK &&
                  can_read(probe, made),
              row->name, "read");
    note_join(trial,
              use_key(probe, row, keys->extractable, keys->open, readable, &made) == CKR_OK &&
                  can_read(probe, made),
              row->name, "of an extractable key read");
}

bool check_wrap_join(struct probe *probe, struct trial *trial, struct kf_error *err)
{
    struct join_keys keys;
    size_t mark;

    if (!probe_generate(probe, PROBE_SENSITIVE | PROBE_WRAP, &keys.wrapping, err) ||
        !probe_generate(probe, PROBE_EXTRACTABLE | PROBE_DERIVE, &keys.open, err) ||
        !probe_generate(probe, PROBE_SENSITIVE | PROBE_EXTRACTABLE | PROBE_DERIVE,
                        &keys.extractable, err) ||
        !probe_generate(probe, PROBE_SENSITIVE | PROBE_DERIVE, &keys.locked, err))
        return false;
    mark = probe->count;
    for (size_t i = 0; i < use_row_count; i++) {
        if (use_rows[i].join)
            try_join(probe, &use_rows[i], &keys, trial);
        probe_release(probe, mark);
    }
    return true;
}

struct usage_flag {
    unsigned flag;
    const char *name;
};

/* Each use of a key that may only do this, then of one that may do all but this. The first that is
 * not refused names the mechanism. */
static bool try_flag(struct probe *probe, const struct usage_flag *flag, CK_OBJECT_HANDLE other,
                     struct trial *trial, struct kf_error *err)
{
    CK_OBJECT_HANDLE may, must_not;
    size_t mark = probe->count;
    char what[80] = "";

    if (!probe_generate(probe, PROBE_SENSITIVE | flag->flag, &may, err) ||
        !probe_generate(probe, PROBE_SENSITIVE | (ALL_USES & ~flag->flag), &must_not, err))
        return false;
    for (size_t i = 0; i < use_row_count && !what[0]; i++) {
        const struct use_row *row = &use_rows[i];

        if (row->flag != flag->flag ||
            use_key(probe, row, may, other, PROBE_SENSITIVE, NULL) != CKR_OK)
            continue;
        if (use_key(probe, row, must_not, other, PROBE_SENSITIVE, NULL) == CKR_OK)
            snprintf(what, sizeof what, "%s (%s)", flag->name, row->name);
        trial_note(trial, what[0], what);
    }
    probe_release(probe, mark);
    return true;
}

bool check_usage_flags(struct probe *probe, struct trial *trial, struct kf_error *err)
{
    static const struct usage_flag flags[] = {
        {PROBE_ENCRYPT, "CKA_ENCRYPT"},
        {PROBE_SIGN, "CKA_SIGN"},
        {PROBE_WRAP, "CKA_WRAP"},
        {PROBE_DERIVE, "CKA_DERIVE"},
    };
    CK_OBJECT_HANDLE other;

    if (!probe_generate(probe, PROBE_EXTRACTABLE | PROBE_DERIVE, &other, err))
        return false;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (!try_flag(probe, &flags[i], other, trial, err))
            return false;
    return true;
}

static bool generate_restricted(struct probe *probe, const CK_MECHANISM_TYPE *mechanism,
                                CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    struct p11_template template;

    probe_template(&template, CKK_AES, 32, PROBE_SENSITIVE | ALL_USES);
    template_bytes(&template, CKA_ALLOWED_MECHANISMS, mechanism, sizeof *mechanism);
    if (p11_generate_key(probe->token->session, &(CK_MECHANISM){CKM_AES_KEY_GEN, NULL, 0},
                         template.attributes, template.count, key, err) != CKR_OK)
        return false;
    return probe_keep(probe, *key, err);
}

/* Every use but that by the one mechanism a key is for. */
bool check_allowed_mechanisms(struct probe *probe, struct trial *trial, struct kf_error *err)
{
    static const CK_MECHANISM_TYPE ecb = CKM_AES_ECB, cbc = CKM_AES_CBC;
    CK_OBJECT_HANDLE free_key, only_ecb, only_cbc, other;

    if (!probe_generate(probe, PROBE_SENSITIVE | ALL_USES, &free_key, err) ||
        !probe_generate(probe, PROBE_EXTRACTABLE | PROBE_DERIVE, &other, err) ||
        !generate_restricted(probe, &ecb, &only_ecb, err) ||
        !generate_restricted(probe, &cbc, &only_cbc, err))
        return false;
    for (size_t i = 0; i < use_row_count; i++) {
        const struct use_row *row = &use_rows[i];
        CK_OBJECT_HANDLE restricted = row->mechanism == ecb ? only_cbc : only_ecb;
        size_t mark = probe->count;

        if (use_key(probe, row, free_key, other, PROBE_SENSITIVE, NULL) == CKR_OK)
            trial_note(trial,
                       use_key(probe, row, restricted, other, PROBE_SENSITIVE, NULL) == CKR_OK,
                       row->name);
        probe_release(probe, mark);
    }
    return true;
}
