/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys wrap key blocks and unwrap them (AWS user guide, "Import/Export Key" table). */
#ifndef KF_DAEMON_WORKER_WRAPPING_H
#define KF_DAEMON_WORKER_WRAPPING_H

#include "p11/store.h"

/* The request's member that names the key. */
#define WRAPPING_FIELD "WrappingKeyIdentifier"

enum wrapping_use { WRAPPING_WRAP, WRAPPING_UNWRAP };

/* Refuses a key that is not in use (KF_CONFLICT), and one that is not a K0 or K1 whose modes allow
 * it (KF_VALIDATION). */
bool wrapping_check(const struct p11_key *key, enum wrapping_use use, struct kf_error *err);
/* Refuses (KF_VALIDATION) a wrapping key that is weaker than the key with these facts. */
bool wrapping_check_strength(const struct p11_key *wrapping, enum wrapping_use use,
                             const struct key_facts *facts, struct kf_error *err);

#endif
