/* SPDX-License-Identifier: Apache-2.0 */
/* The trust checks themselves. For p11/trust*.c only. */
#ifndef KF_P11_TRUST_CHECKS_H
#define KF_P11_TRUST_CHECKS_H

#include "p11/profile_probe.h"

/* What a check found: how many attempts a trustworthy token refuses were made, and which of them
 * were not refused. */
struct trial {
    unsigned tried, allowed;
    char names[120]; /* of those, as far as they fit */
};

void trial_note(struct trial *trial, bool allowed, const char *what);

/* Each makes its own keys, which the caller releases. False with err where it could not be tried at
 * all. */
bool check_reveal(struct probe *probe, struct trial *trial, struct kf_error *err);
bool check_wrap_unextractable(struct probe *probe, struct trial *trial, struct kf_error *err);
bool check_wrap_join(struct probe *probe, struct trial *trial, struct kf_error *err);
bool check_usage_flags(struct probe *probe, struct trial *trial, struct kf_error *err);
bool check_allowed_mechanisms(struct probe *probe, struct trial *trial, struct kf_error *err);
bool check_weaken(struct probe *probe, struct trial *trial, struct kf_error *err);

#endif
