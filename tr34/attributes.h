/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed attributes of a key token (TR-34:2012 B.8 and B.9; RFC 5652 5.3 and 11), exactly four:
 * contentType, randomNonce (two passes) or signingTime (one pass), the TR-31 header under the type
 * id-data, and messageDigest. They are signed as a SET and stand in SignerInfo as [0]; the bytes
 * behind the tag are the same, in the order in which they are written, whatever that is.
 */
#ifndef KF_TR34_ATTRIBUTES_H
#define KF_TR34_ATTRIBUTES_H

#include <time.h>

#include "tr34/der_read.h"
#include "tr34/layout.h"

#define TR34_DIGEST_SIZE 32
#define TR34_ATTRIBUTES_MAX (TR34_HEADER_MAX + 160)

struct tr34_attributes {
    struct der_view header; /* the TR-31 header, optional blocks included */
    struct der_view nonce;  /* TR34_NONCE_MIN to _MAX bytes: two passes; none: one pass */
    time_t signing_time;    /* of one pass; years 1950 to 9999 */
};

/* The bytes to sign: tag 31. To embed them tr34_token_write changes the tag. */
struct tr34_signed {
    uint8_t bytes[TR34_ATTRIBUTES_MAX];
    size_t len;
};

/* Writes the attributes over these eContent octets, in the layout's order. Refuses a nonce
 * (RandomNonce), header (KeyBlockHeaders) or time out of its bounds. */
bool tr34_attributes_write(enum tr34_layout layout, const struct tr34_attributes *attributes,
                           struct der_view envelope, struct tr34_signed *out, struct kf_error *err);

/* Reads the attributes from a reader of the content of [0]; the views point into it. digest is
 * messageDigest's TR34_DIGEST_SIZE bytes. Any order; not more, not fewer, none twice. */
bool tr34_attributes_parse(struct der_reader *reader, struct tr34_attributes *attributes,
                           struct der_view *digest);

/* SHA-256 by OpenSSL. */
bool tr34_digest(struct der_view bytes, uint8_t digest[TR34_DIGEST_SIZE], struct kf_error *err);

#endif
