/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layouts of a TR-34 key token (KT_KDH), which differ in a handful of details, and the bounds
 * that hold for all of them. TR-34's text and its samples disagree, and receivers follow one or the
 * other, so each layout is written whole and never mixed with another.
 */
#ifndef KF_TR34_LAYOUT_H
#define KF_TR34_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* An IssuerAndSerialNumber with tag and length; certificates have 50 to 200 bytes of it. */
#define TR34_IDENTITY_MAX 1024
/* The TR-31 header with its optional blocks, in characters. */
#define TR34_HEADER_MIN 16
#define TR34_HEADER_MAX 256
/* The KRD's random number: 8 in the AWS pages and the rebinding samples, 16 in the others. */
#define TR34_NONCE_MIN 8
#define TR34_NONCE_MAX 16
/* Any token or credential, written or read. */
#define TR34_TOKEN_MAX 8192

enum tr34_layout {
    TR34_AWS2012,     /* TR-34:2012 B.9's sample; what AWS calls X9_TR34_2012 */
    TR34_ANNEXB2019,  /* TR-34:2019 Annex B with its corrigendum */
    TR34_CMS,         /* RFC 5652, 5754 and 4055 to the letter */
    TR34_LAYOUT_COUNT /* no layout: the number of them */
};

enum tr34_crl_rule { TR34_CRL_NEVER, TR34_CRL_OPTIONAL, TR34_CRL_REQUIRED };

struct tr34_form {
    const char *name;
    /* eContent holds the members of EnvelopedData without the SEQUENCE around them. */
    bool bare_envelope;
    /* encryptedContent is the last member of contentEncryptionAlgorithm, not what follows it. */
    bool content_inside;
    /* RSAES-OAEP-params have RFC 4055's tags; else they are three bare members. */
    bool tagged_oaep;
    /* Signed attributes in the order of DER's SET OF; else in the order of the samples. */
    bool sorted_attributes;
    /* SignerInfo.signatureAlgorithm is sha256WithRSAEncryption; else rsaEncryption. Both mean the
     * same signature. */
    bool sha256_rsa;
    uint8_t version; /* of SignedData */
    enum tr34_crl_rule crl;
};

const struct tr34_form *tr34_form(enum tr34_layout layout);

/* The layout of that name ("aws2012", "annexb2019", "cms"); a refusal names field. */
bool tr34_layout_find(const char *field, const char *name, enum tr34_layout *layout,
                      struct kf_error *err);

#endif
