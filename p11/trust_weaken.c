/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to take a key's protection away: by C_SetAttributeValue, by C_CopyObject, and against
 * what a template said. */
#include <stdio.h>

#include "p11/calls.h"
#include "p11/trust_checks.h"

static const struct {
    CK_ATTRIBUTE_TYPE type;
    bool weak; /* the value that protects less */
    const char *name;
} weakenings[] = {
    {CKA_SENSITIVE, false, "CKA_SENSITIVE"},
    {CKA_EXTRACTABLE, true, "CKA_EXTRACTABLE"},
};

static bool set(struct probe *probe, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool value)
{
    struct p11_template change = {0};

    template_flag(&change, type, value);
    return p11_set_attributes(probe->token->session, object, change.attributes, change.count,
                              NULL) == CKR_OK &&
           probe_reads_flag(probe, object, type, value);
}

/* A session object. */
static bool copy(struct probe *probe, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool value)
{
    struct p11_template change = {0};
    struct kf_error ignored = {0};
    CK_OBJECT_HANDLE made;

    template_flag(&change, CKA_TOKEN, false);
    template_flag(&change, type, value);
    return p11_copy_object(probe->token->session, object, change.attributes, change.count, &made,
                           NULL) == CKR_OK &&
           probe_keep(probe, made, &ignored) && probe_reads_flag(probe, made, type, value);
}

static void note(struct trial *trial, bool allowed, const char *call, const char *what)
{
    char text[80];

    snprintf(text, sizeof text, "%s %s", call, what);
    trial_note(trial, allowed, text);
}

/* A token object as this token takes it, against its own CKA_MODIFIABLE and CKA_COPYABLE. */
static bool weaken_token_object(struct probe *probe, struct trial *trial, struct kf_error *err)
{
    static const struct probe_key key = {"AES-256", CKK_AES, 32, P11_AES};
    const struct p11_template_rungs *rungs = &probe->token->rungs;
    CK_OBJECT_HANDLE object;

    if (!rungs->modifiable && !rungs->copyable)
        return true;
    if (!probe_object(probe, &key, PROBE_SENSITIVE, rungs, &object, err))
        return false;
    if (rungs->modifiable)
        note(trial, set(probe, object, CKA_ENCRYPT, true), "C_SetAttributeValue",
             "against CKA_MODIFIABLE");
    if (rungs->copyable)
        note(trial, copy(probe, object, CKA_ENCRYPT, false), "C_CopyObject",
             "against CKA_COPYABLE");
    return true;
}

bool check_weaken(struct probe *probe, struct trial *trial, struct kf_error *err)
{
    for (size_t i = 0; i < sizeof weakenings / sizeof weakenings[0]; i++) {
        CK_OBJECT_HANDLE key;

        if (!probe_generate(probe, PROBE_SENSITIVE, &key, err))
            return false;
        note(trial, copy(probe, key, weakenings[i].type, weakenings[i].weak), "C_CopyObject",
             weakenings[i].name);
        note(trial, set(probe, key, weakenings[i].type, weakenings[i].weak), "C_SetAttributeValue",
             weakenings[i].name);
    }
    return weaken_token_object(probe, trial, err);
}
