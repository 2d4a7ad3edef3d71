/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about a key, as text in the labels of its objects, readable in `pkcs11-tool -O`.
 * Each object of the key has
 *
 *     keyferry1 working K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z
 *     keyferry1 export M7 HMAC_SHA256:32 C 00 S HMAC:0BD67A AWS 20261122T230000Z
 *
 * with an HMAC key's length in bytes behind its algorithm (HMAC_SHA256:32), or the word that a key
 * block protection key has the objects for key blocks of versions A and C (TDES_2KEY:legacy), or
 * what an RSA key is for where that is not a user's key pair (RSA_2048:export-token,
 * RSA_4096:by-ov6icy4ryas4zcza:0d5b...), of a CA's certificate with the SHA-256 of its DER, so that
 * another that takes its place is noticed; an RSA key pair has "-" for its check value, which is
 * not known before it is made; its card the same, and what changes: whether it is enabled, when its
 * use was last started and stopped, and when it is to be deleted ("-": not), how many tags it has,
 * and these (p11/tags.h)
 *
 *     keyferry1 card K1 ... AWS 20261122T230000Z on 20261122T230000Z - - 0
 *     keyferry1 card K1 ... AWS 20261122T230000Z on 20261122T230000Z - - 1 8:Acquirer=4:ABCD
 *
 * an alias's card ("-" for no key), and while that is made, the claims on its name, as there are on
 * a key that is changed and on the SHA-256 of a CA's certificate that is imported
 * (p11/store_claim.h)
 *
 *     keyferry1 alias alias/kek-acme 5rplquuwozodpwsp
 *     keyferry1 claim alias/kek-acme
 *     keyferry1 making alias/kek-acme
 *
 * Pure text; a label that is not exactly so is not Keyferry's.
 */
#ifndef KF_P11_LABEL_H
#define KF_P11_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p11/tags.h"
#include "tr31/attributes.h"

#define LABEL_MAX (384 + TAGS_BYTES_MAX)
#define ALIAS_NAME_MAX 256
#define KEY_NAME_LEN 16

/* AWS's KeyCheckValueAlgorithm. */
enum kcv_algorithm { KCV_ANSI_X9_24, KCV_CMAC, KCV_HMAC, KCV_SHA_1 };
const char *kcv_algorithm_name(enum kcv_algorithm algorithm);
/* The one for a key: TDES by ANSI_X9_24, AES by CMAC, HMAC by HMAC, RSA by SHA_1 (of the
 * SubjectPublicKeyInfo, the first four bytes). */
enum kcv_algorithm kcv_algorithm_for(enum key_algorithm algorithm);
/* Room for a check value. */
#define KCV_SIZE 11
/* The check value of an RSA key pair in its label. */
#define KCV_NONE "-"

/* What an RSA key is there for. Only pairs and certificates of CAs are keys that requests name;
 * the rest are Keyferry's own, are not listed, and end by the deletion date in their card. */
enum key_purpose {
    PURPOSE_PLAIN,             /* every symmetric key, and a user's key pair */
    PURPOSE_ROOT,              /* a partner's root certificate */
    PURPOSE_INTERMEDIATE,      /* a CA certificate below one that is trusted */
    PURPOSE_CA,                /* our own CA's key and certificate */
    PURPOSE_EXPORT_TOKEN,      /* a key that signs key tokens, and its certificate */
    PURPOSE_IMPORT_TR34,       /* a key that receives key tokens, and its certificate */
    PURPOSE_IMPORT_CRYPTOGRAM, /* the same for RSA cryptograms */
};
/* Whether requests may name such a key. */
bool key_purpose_is_public(enum key_purpose purpose);
/* Whether there is no private key, only a certificate. */
bool key_purpose_is_anchor(enum key_purpose purpose);

#define KEY_SHA_256_LEN 64 /* lower-case hex */

/* What never changes. */
struct key_facts {
    char usage[3];
    enum key_algorithm algorithm;
    size_t hmac_bytes;                 /* length of an HMAC key; 0: as the algorithm says */
    enum key_purpose purpose;          /* of an RSA key */
    char issuer[KEY_NAME_LEN + 1];     /* of PURPOSE_INTERMEDIATE: the CA above it */
    char sha_256[KEY_SHA_256_LEN + 1]; /* of a CA's certificate; empty for other keys */
    bool legacy_import; /* a TDES K0 or K1 that unwraps key blocks of versions A and C too */
    char mode;          /* the header's letter */
    char version[3];    /* "00" unless the key was imported with another */
    char exportability; /* 'S' may leave in any form, 'E' in key blocks only, 'N' never */
    enum kcv_algorithm kcv_algorithm;
    char kcv[KCV_SIZE]; /* upper-case hex */
    bool external;      /* adopted or imported, not made here */
    bool imported;      /* external, and came in a key block: it keeps that one's exportability */
    int64_t created_ms; /* since the epoch, whole seconds */
};

enum key_class key_facts_class(const struct key_facts *facts);

/* Whether such a key may have legacy_import: a TDES K0 or K1 that unwraps. */
bool key_can_import_legacy(const struct key_facts *facts);

/* The key's length. */
size_t key_facts_bytes(const struct key_facts *facts);

/* What does. */
struct key_state {
    bool enabled;
    int64_t start_ms;  /* when it was last enabled; 0: never */
    int64_t stop_ms;   /* when its use was stopped; 0: enabled, or never was */
    int64_t delete_ms; /* 0: not pending */
    char tags[TAGS_BYTES_MAX + 1];
};

/* Whether the time has come to destroy the key. */
bool key_state_is_due(const struct key_state *state, int64_t now_ms);
/* Whether both say the same. */
bool key_state_equal(const struct key_state *a, const struct key_state *b);

/* Write a label to out (LABEL_MAX bytes). */
void label_write_object(const char *role, const struct key_facts *facts, char *out);
void label_write_card(const struct key_facts *facts, const struct key_state *state, char *out);
void label_write_alias(const char *alias, const char *key_name, char *out);
void label_write_claim(const char *alias, bool making, char *out);

/* Read one; false where the text is not exactly of that kind. role is compared, alias and key_name
 * are filled in (ALIAS_NAME_MAX + 1 and KEY_NAME_LEN + 1 bytes; key_name empty for none). */
bool label_read_object(const char *label, const char *role, struct key_facts *facts);
bool label_read_card(const char *label, struct key_facts *facts, struct key_state *state);
bool label_read_alias(const char *label, char *alias, char *key_name);

/* Whether two keys' unchanging facts are the same. */
bool key_facts_equal(const struct key_facts *a, const struct key_facts *b);

#endif
