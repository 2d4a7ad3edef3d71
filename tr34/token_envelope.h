/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eContent of a key token: EnvelopedData (RFC 5652 6, TR-34:2012 B.9) for one recipient, whose
 * RSA key carries the content key by OAEP with SHA-256, MGF1 with SHA-256 and no label, in each
 * layout's own way of writing it down. Nothing is encrypted here.
 */
#ifndef KF_TR34_TOKEN_ENVELOPE_H
#define KF_TR34_TOKEN_ENVELOPE_H

#include "tr34/der_read.h"
#include "tr34/layout.h"

enum tr34_cipher { TR34_DES_EDE3_CBC, TR34_AES128_CBC };

/* RSA-2048 to RSA-4096 */
#define TR34_MODULUS_MAX 512
#define TR34_ENVELOPE_MAX 3200

struct tr34_envelope {
    struct der_view recipient;   /* the KRD's raw IssuerAndSerialNumber */
    struct der_view wrapped_key; /* the content key by OAEP: 256, 384 or 512 bytes */
    enum tr34_cipher cipher;
    struct der_view iv;         /* one cipher block */
    struct der_view ciphertext; /* of the padded KeyBlock, whole cipher blocks */
};

/* 8 or 16: of the cipher, its IV and the padding. */
size_t tr34_cipher_block(enum tr34_cipher cipher);

/* True for a modulus of 2048, 3072 or 4096 bits: the length in bytes of a wrapped key or of a
 * signature. */
bool tr34_modulus_known(size_t len);

/* Writes eContent's octets, at most TR34_ENVELOPE_MAX. field is the request's member that the
 * recipient's certificate came in. */
bool tr34_envelope_write(enum tr34_layout layout, const struct tr34_envelope *envelope,
                         const char *field, uint8_t out[TR34_ENVELOPE_MAX], size_t *len,
                         struct kf_error *err);

/* Reads eContent's octets to their end and tells the layout from them. The views point into them.
 * SHA-256 may have NULL parameters or none wherever it stands. */
bool tr34_envelope_parse(struct der_reader *reader, enum tr34_layout *layout,
                         struct tr34_envelope *envelope);

#endif
