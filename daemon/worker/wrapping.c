/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/wrapping.h"

#include <stdio.h>
#include <string.h>

#include "daemon/worker/service_internal.h"

/* {E,D,W,U} does both; NoRestrictions is not among what AWS lets do either. */
static const struct {
    const char *verb, *modes, *of_the_key;
    char mode; /* besides B */
} uses[] = {
    [WRAPPING_WRAP] = {"wrap", "Encrypt and Wrap", "it is to wrap", 'E'},
    [WRAPPING_UNWRAP] = {"unwrap", "Decrypt and Unwrap", "that the key block holds", 'D'},
};

bool wrapping_check(const struct p11_key *key, enum wrapping_use use, struct kf_error *err)
{
    if (!service_check_usable(WRAPPING_FIELD, key, err))
        return false;
    if (strcmp(key->facts.usage, "K0") != 0 && strcmp(key->facts.usage, "K1") != 0)
        return kf_fail(err, KF_VALIDATION,
                       WRAPPING_FIELD
                       ": key/%s has usage %s; only TR31_K1_KEY_BLOCK_PROTECTION_KEY and "
                       "TR31_K0_KEY_ENCRYPTION_KEY %s key blocks.",
                       key->name, key->facts.usage, uses[use].verb);
    if (key->facts.mode != 'B' && key->facts.mode != uses[use].mode)
        return kf_fail(err, KF_VALIDATION,
                       WRAPPING_FIELD
                       ": key/%s lacks the KeyModesOfUse %s%s; a key's modes cannot be changed, so "
                       "make another.",
                       key->name, uses[use].modes,
                       key->facts.mode == 'N' ? ", which NoRestrictions does not stand for" : "");
    return true;
}

bool wrapping_check_strength(const struct p11_key *wrapping, enum wrapping_use use,
                             const struct key_facts *facts, struct kf_error *err)
{
    char length[32] = "";

    if (key_strength_allows(wrapping->facts.algorithm, facts->algorithm, key_facts_bytes(facts)))
        return true;
    /* An HMAC key's name does not say how strong it is. */
    if (key_algorithm_is_hmac(facts->algorithm))
        snprintf(length, sizeof length, " of %zu bytes", key_facts_bytes(facts));
    return kf_fail(err, KF_VALIDATION,
                   WRAPPING_FIELD ": %s is weaker than the %s key%s %s; a wrapping key must be at "
                                  "least as strong.",
                   key_algorithm_name(wrapping->facts.algorithm),
                   key_algorithm_name(facts->algorithm), length, uses[use].of_the_key);
}
