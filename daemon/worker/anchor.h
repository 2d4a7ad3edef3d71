/* SPDX-License-Identifier: Apache-2.0 */
/* The CA that a request names: its certificate and those above it out of the token, the revocation
 * lists and rules that the configuration has for them. */
#ifndef KF_DAEMON_WORKER_ANCHOR_H
#define KF_DAEMON_WORKER_ANCHOR_H

#include "daemon/worker/service_internal.h"
#include "tr34/chain.h"

#define ANCHOR_FIELD "CertificateAuthorityPublicKeyIdentifier"

struct anchor {
    char name[KEY_NAME_LEN + 1]; /* the key that the request names */
    bool key_cryptogram;         /* keys may leave to its certificates without a key block */
    struct tr34_chain chain;
    struct tr34_certificate *certificates[TR34_CHAIN_MAX];
    struct tr34_crl *crls[TR34_CHAIN_MAX];
};

/* Reads it for this job; identifier is the request's, NULL where it has none. The CA's ARN goes
 * into the record. Also after a failure to be ended by anchor_close. */
bool anchor_open(struct service *service, const char *identifier, struct record *record,
                 struct anchor *anchor, struct kf_error *err);
void anchor_close(struct anchor *anchor);

/* Writes a certificate's subject and fingerprint into the record. */
void anchor_record(struct record *record, const struct tr34_certificate *certificate);

/* The certificate that came in field, in AWS's form, if it is to be trusted for the purpose now;
 * the caller's to free. NULL: refused. Its name and fingerprint go into the record, good or not. */
struct tr34_certificate *anchor_read(const struct anchor *anchor, const char *field,
                                     const char *text, enum tr34_purpose purpose,
                                     struct record *record, struct kf_error *err);
/* The same for one that was read already. */
bool anchor_check(const struct anchor *anchor, const struct tr34_certificate *certificate,
                  const char *field, enum tr34_purpose purpose, struct record *record,
                  struct kf_error *err);

#endif
