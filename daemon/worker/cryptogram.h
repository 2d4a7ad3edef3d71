/* SPDX-License-Identifier: Apache-2.0 */
/* What KeyCryptogram has in common on its way out and in. */
#ifndef KF_DAEMON_WORKER_CRYPTOGRAM_H
#define KF_DAEMON_WORKER_CRYPTOGRAM_H

#include "p11/rsa.h"

/* The hash of a WrappingSpec; NULL is RSA_OAEP_SHA_256. */
bool cryptogram_read_spec(const char *spec, enum p11_hash *hash, struct kf_error *err);

#endif
