/* SPDX-License-Identifier: Apache-2.0 */
/* The recipe of a TR-34 key token: tr34/ says which bytes go where, p11/ what the token does with
 * them. */
#ifndef KF_DAEMON_WORKER_EXPORT_TR34_H
#define KF_DAEMON_WORKER_EXPORT_TR34_H

#include "daemon/worker/random.h"
#include "p11/rsa.h"
#include "tr34/attributes.h"
#include "tr34/certificate.h"
#include "tr34/token.h"
#include "tr34/token_envelope.h"

struct export_tr34 {
    enum tr34_layout layout;
    CK_OBJECT_HANDLE
        key; /* a generic secret of the exact bytes (ROLE_EXPORT, or one of this job) */
    size_t key_len;
    bool aes;                                 /* what the key is, and so its content key */
    struct tr34_attributes attributes;        /* header, and nonce or time */
    const struct tr34_certificate *recipient; /* of the KRD, validated */
    CK_OBJECT_HANDLE signing;                 /* the KDH's private key */
    const struct tr34_certificate *signer;    /* and its certificate */
    struct der_view crl;                      /* of the KDH's CA, where the layout has it */
};

/* Writes the token, DER, *len bytes. Leaves no object behind. The signature is verified before the
 * token is given out. */
bool export_tr34(const struct p11_token *token, struct random_pool *random,
                 const struct export_tr34 *what, uint8_t out[TR34_TOKEN_MAX], size_t *len,
                 struct kf_error *err);

#endif
