/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KeyBlock inside a key token (TR-34:2012 B.9 and Annex D):
 *
 *     SEQUENCE { version, idKDH IssuerAndSerialNumber, clearKey OCTET STRING, keyBlockHeader }
 *
 * padded by PKCS #7 to whole cipher blocks. Here is everything around the key, never the key: a
 * frame holds zeros in its place. The key is joined, wrapped and encrypted in the token, in three
 * parts that are one CBC encryption together, so that the token has to join no more than it must:
 * the front, public, by C_Encrypt; the middle, the only part with key octets, by C_WrapKey with the
 * front's last ciphertext block as IV; the back, public, by C_Encrypt in the same way.
 */
#ifndef KF_TR34_KEYBLOCK_H
#define KF_TR34_KEYBLOCK_H

#include "base/error.h"
#include "tr34/der_oid.h"
#include "tr34/layout.h"

#define TR34_CIPHER_BLOCK_MAX 16
/* TDES-2 and AES-128; TDES-3 */
#define TR34_KEY_MIN 16
#define TR34_KEY_MAX 24
/* Identity, header and key with the frames around each, and a block of padding. */
#define TR34_FRAME_MAX (TR34_IDENTITY_MAX + TR34_HEADER_MAX + TR34_KEY_MAX + 64)

struct tr34_keyblock {
    struct der_view signer; /* idKDH: the raw IssuerAndSerialNumber of the KDH's certificate */
    struct der_view header; /* the TR-31 header, printable ASCII, optional blocks included */
    size_t key_len;         /* 16 or 24 */
    size_t block;           /* of the content cipher: 8 or 16 */
    /* Annex D has version 0 and the header as a bare OCTET STRING. Every sample, and what is
     * written here, has version 1 and an Attribute of type id-data. */
    uint8_t version;
    bool bare_header;
};

struct tr34_frame {
    /* The padded KeyBlock, zeros where the key goes. Before key_at and behind key_at + key_len are
     * the prefix and the suffix of the key. */
    uint8_t bytes[TR34_FRAME_MAX];
    size_t len; /* whole cipher blocks */
    size_t key_at, key_len;
    /* The shortest run of whole blocks that holds the key: bytes[middle_at] and middle_len on. What
     * is before is the front, may be empty; what is behind is the back, may be empty. */
    size_t middle_at, middle_len;
};

/* Refuses by field an identity that is none or too long; the header and the key length by their
 * own names. */
bool tr34_frame_make(const struct tr34_keyblock *keyblock, const char *field,
                     struct tr34_frame *frame, struct kf_error *err);

#endif
