/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may make the card of a name, or change a key's. A token has no "create unless there is one":
 * two processes that search and then create both create, and some tokens (NSS) overwrite the first
 * card with the second. So a name is claimed first, by an object of its own in the token, and of
 * all that claim it at one time, on this host and on others, at most one is let through. Only a
 * claim's maker removes it; one that a crash left behind holds up its name for a minute and is
 * swept.
 */
#ifndef KF_P11_STORE_CLAIM_H
#define KF_P11_STORE_CLAIM_H

#include "p11/objects.h"
#include "p11/store.h"

/* A claim older than this has no maker any more: several times what a job may take. The hosts'
 * clocks must agree better than that, so one that comes from further in the future was made by a
 * clock that has been put right since. */
#define CLAIM_DEAD_MS (60 * 1000LL)

struct store_claim {
    CK_OBJECT_HANDLE object;
    uint8_t id[OBJECT_ID_BYTES]; /* zero before there may be an object */
};

/* True when the name is this claim's until store_unclaim. KF_CONFLICT: somebody else is making it.
 * After a failure nothing is left to be removed. */
bool store_claim(struct p11_store *store, const char *name, struct store_claim *claim,
                 struct kf_error *err);
void store_unclaim(struct p11_store *store, struct store_claim *claim);

/* Milliseconds between now and when the claim with this id was made, before or after. */
int64_t store_claim_age_ms(const uint8_t id[OBJECT_ID_BYTES]);

#endif
