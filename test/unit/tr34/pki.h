/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partner's PKI, for the unit tests of tr34/: certificates and revocation lists that OpenSSL's
 * own functions make and sign, so that the library is never compared with itself. What is made here
 * stays until the program ends.
 */
#ifndef KF_TEST_UNIT_TR34_PKI_H
#define KF_TEST_UNIT_TR34_PKI_H

#include <openssl/x509v3.h>
#include <time.h>

#include "test/unit/tr31/support.h"
#include "tr34/certificate.h"
#include "tr34/crl.h"
#include "tr34/issue.h"

#define PKI_NOW ((time_t)1795000000) /* in November 2026 */
#define DAY 86400

/* RSA keys of 2048 bits, made once by pki_start. */
enum pki_key { KEY_ROOT, KEY_MIDDLE, KEY_LEAF, KEY_OTHER, PKI_KEYS };

/* Makes the keys; before the suite runs, since each test runs in a process of its own. */
void pki_start(void);
EVP_PKEY *pki_key(enum pki_key key);
/* Another RSA key. */
EVP_PKEY *pki_rsa(int bits, unsigned exponent);

struct pki {
    X509 *x509;
    EVP_PKEY *key; /* both halves */
    struct der_view der;
};

struct pki_spec {
    const char *name;                /* its CN; the organization is always the same */
    EVP_PKEY *key;                   /* what is certified */
    const struct pki *issuer;        /* NULL: itself */
    const char *issuer_name;         /* NULL: the issuer's own */
    EVP_PKEY *signer;                /* NULL: the issuer's */
    long from, to;                   /* seconds around PKI_NOW; both 0: ten days each way */
    long serial;                     /* 0: 7 */
    int name_type;                   /* of its CN; 0: V_ASN1_UTF8STRING */
    const EVP_MD *hash;              /* NULL: SHA-256 */
    bool pss;                        /* signed by RSASSA-PSS */
    const char *constraints, *usage; /* NULL: without the extension */
    /* One more extension, in OpenSSL's words. */
    const char *more, *more_value;
};

/* The certificate by OpenSSL, or by the library from that. */
struct pki pki_make(const struct pki_spec *spec);
struct tr34_certificate *pki_read(const struct pki *made);

#define CA_TRUE "critical,CA:TRUE"
#define CA_USAGE "critical,keyCertSign,cRLSign"
#define KRD_USAGE "critical,keyEncipherment,dataEncipherment"
#define KDH_USAGE "critical,digitalSignature"

/* What most tests begin with: a root, a CA below it, and a recipient's leaf below that. */
struct pki_spec pki_root(void);
struct pki_spec pki_middle(const struct pki *root);
struct pki_spec pki_leaf(const struct pki *middle);

struct pki_list {
    const struct pki *issuer;
    EVP_PKEY *signer;   /* NULL: the issuer's */
    long from, to;      /* around PKI_NOW; both 0: a day each way */
    bool endless;       /* without nextUpdate */
    long revoked;       /* a serial; 0: none */
    int reason;         /* CRL_REASON_ of that */
    bool partial;       /* says so, in a critical extension */
    const EVP_MD *hash; /* NULL: SHA-256 */
    bool pss;           /* signed by RSASSA-PSS */
};

/* Its DER. */
struct der_view pki_list(const struct pki_list *spec);

/* A key of the tests in the place of the token: spoil makes it answer with a wrong signature. */
struct pki_signer {
    EVP_PKEY *key;
    bool spoil, refuse;
};
struct tr34_signer pki_signer(struct pki_signer *signer);
/* The key's numbers, as the token would give them. */
struct der_view pki_number(EVP_PKEY *key, const char *which);

/* AWS's form: base64 of PEM with that label; and of a text as it is. */
const char *pki_text(const char *label, struct der_view der);
const char *pki_base64(const void *bytes, size_t len);
const char *pki_pem(const char *label, struct der_view der);

#endif
