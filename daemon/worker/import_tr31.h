/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recipe that opens a TR-31 key block of version A to D: tr31/ says which bytes are where, p11/
 * what the token does with them. The payload, and the key in it, only ever exist as objects in the
 * token. First import_tr31_open; nothing that depends on what is inside is asked before its MAC is
 * found right.
 */
#ifndef KF_DAEMON_WORKER_IMPORT_TR31_H
#define KF_DAEMON_WORKER_IMPORT_TR31_H

#include "daemon/worker/kbpk.h"
#include "tr31/keyblock.h"

/*
 * Unwraps the payload of the block parsed from text under the wrapping key, and checks the MAC.
 * *payload is a sensitive generic secret of block->ciphertext_len bytes, the caller's to destroy.
 * The wrapping key is a working K0 or K1 whose algorithm fits the version, with the objects of
 * legacy import for A and C. Of a wrong MAC and a wrong key the refusal (KF_VALIDATION) is one and
 * the same. Leaves no other object behind.
 */
bool import_tr31_open(const struct p11_token *token, struct kbpk_cache *kbpks,
                      const struct p11_key *wrapping, const char *text,
                      const struct tr31_keyblock *block, CK_OBJECT_HANDLE *payload,
                      struct kf_error *err);

/* Lengths that the key inside may have, in bytes: from, from + step ... to. */
struct import_lengths {
    size_t from, to, step;
};
#define IMPORT_LENGTHS_MAX 64

/*
 * Cuts the key out of a payload of payload_len bytes. Its length is found without reading it: the
 * first 16 bits of the payload are cut out, filled up with zeros and wrapped under a random key,
 * which encrypts each allowed length to compare. Refuses (KF_VALIDATION) any other length. *key is
 * a sensitive generic secret of *len bytes, the caller's to destroy. cipher: any that the token
 * has.
 */
bool import_tr31_cut(const struct p11_token *token, enum p11_cipher cipher,
                     CK_OBJECT_HANDLE payload, size_t payload_len,
                     const struct import_lengths *lengths, CK_OBJECT_HANDLE *key, size_t *len,
                     struct kf_error *err);

#endif
