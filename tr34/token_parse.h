/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A received key token taken apart, in any of the layouts. Everything that stands outside of the
 * signature is checked here against the layout or handed out, because nobody else will notice:
 * versions, algorithms, the number of signers and recipients, what follows behind.
 */
#ifndef KF_TR34_TOKEN_PARSE_H
#define KF_TR34_TOKEN_PARSE_H

#include "tr34/attributes.h"
#include "tr34/keyblock.h"
#include "tr34/token.h"
#include "tr34/token_envelope.h"

/* The views point into the bytes that were parsed, but for token.attributes. */
struct tr34_received {
    enum tr34_layout layout;
    struct tr34_token token;
    struct tr34_envelope envelope;
    struct tr34_attributes attributes;
    struct der_view digest;
    struct tr34_signed to_verify; /* what the signature is over: tag 31, in the order received */
};

/* Parses bytes, which came in the request's member document ("WrappedKeyBlock"). Does not check:
 * the signature, the digest, whether signer, recipient and nonce are the right ones, and the CRL.
 * received must not be moved or copied: token.attributes points into it. */
bool tr34_token_parse(const char *document, struct der_view bytes, struct tr34_received *received,
                      struct kf_error *err);

/* Compares messageDigest with SHA-256 over eContent's octets. */
bool tr34_token_check_digest(const char *document, const struct tr34_received *received,
                             struct kf_error *err);

/* The frames that the token's ciphertext may be an encryption of, going by its length, the signed
 * header and the signer: both versions, both forms of the header, keys of 16 and 24 bytes; the form
 * that everybody writes first. *next starts at 0 and is moved on; false when there are no more. The
 * candidate is the right one if and only if encrypting it gives the ciphertext, which also proves
 * that the header and the KDH's identity inside are those that were signed. */
bool tr34_token_candidate(const struct tr34_received *received, size_t *next,
                          struct tr34_frame *frame);

#endif
