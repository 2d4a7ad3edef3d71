/* SPDX-License-Identifier: Apache-2.0 */
/* The list of trust checks, and what their findings amount to. */
#include <stdio.h>
#include <string.h>

#include "p11/trust_checks.h"

static const struct {
    const char *name;
    bool (*run)(struct probe *probe, struct trial *trial, struct kf_error *err);
} checks[PROFILE_CHECKS] = {
    [CHECK_REVEAL_SENSITIVE] = {"reading the value of a sensitive key", check_reveal},
    [CHECK_WRAP_UNEXTRACTABLE] = {"wrapping a key that is not extractable",
                                  check_wrap_unextractable},
    [CHECK_WRAP_JOIN] = {"wrapping or reading what is made of a protected key", check_wrap_join},
    [CHECK_USAGE_FLAGS] = {"using a key against its usage flags", check_usage_flags},
    [CHECK_ALLOWED_MECHANISMS] = {"using a key against its CKA_ALLOWED_MECHANISMS",
                                  check_allowed_mechanisms},
    [CHECK_WEAKEN] = {"taking a key's protection away", check_weaken},
};

const char *profile_check_name(enum profile_check check)
{
    return checks[check].name;
}

/* A list with separators, of whole items; an item that does not fit is left out. */
static void append(char *text, size_t room, const char *item)
{
    size_t len = strlen(text);

    if (len + strlen(item) + 3 <= room)
        snprintf(text + len, room - len, "%s%s", len > 0 ? ", " : "", item);
}

void trial_note(struct trial *trial, bool allowed, const char *what)
{
    trial->tried++;
    if (!allowed)
        return;
    trial->allowed++;
    append(trial->names, sizeof trial->names, what);
}

void trust_check(struct probe *probe, enum profile_check check, struct p11_profile *profile)
{
    struct trial trial = {0};
    struct kf_error err = {0};
    enum profile_result *result = &profile->checks[check];
    char *detail = profile->details[check];
    bool run = checks[check].run(probe, &trial, &err);

    /* A fault may have been a bad moment. */
    if (!run && trial.allowed == 0 && err.fault != KF_FAULT_NONE) {
        kf_error_clear(&err);
        trial = (struct trial){0};
        run = checks[check].run(probe, &trial, &err);
    }
    if (!run) {
        /* What cannot be tried is not believed. */
        *result = PROFILE_FAILED;
        snprintf(detail, PROFILE_REASON_MAX, "cannot be tried: %.150s",
                 err.detail[0] ? err.detail : err.message);
    } else if (trial.allowed > 0) {
        *result = PROFILE_FAILED;
        snprintf(detail, PROFILE_REASON_MAX, "%u of %u attempts were not refused: %s",
                 trial.allowed, trial.tried, trial.names);
    } else if (trial.tried > 0) {
        *result = PROFILE_PASSED;
        snprintf(detail, PROFILE_REASON_MAX, "%u attempts, all refused", trial.tried);
    } else {
        *result = PROFILE_NOT_APPLICABLE;
        snprintf(detail, PROFILE_REASON_MAX, "the token has no mechanism to try it with");
    }
}

bool profile_trusted(const struct p11_profile *profile, char *text, size_t room)
{
    bool trusted = true;

    text[0] = '\0';
    for (enum profile_check check = 0; check < PROFILE_CHECKS; check++)
        if (profile->checks[check] == PROFILE_FAILED) {
            trusted = false;
            append(text, room, checks[check].name);
        }
    return trusted;
}
