/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary of key attributes: what AWS's API calls KeyUsage, KeyAlgorithm, KeyModesOfUse and
 * KeyExportability, and the letters X9.143:2021 6.2 puts for them into a key block's header. Also
 * the rules that need nothing but attributes: which usage takes which algorithm and modes, and
 * which key may wrap which.
 */
#ifndef KF_TR31_ATTRIBUTES_H
#define KF_TR31_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum key_algorithm {
    KEY_ALGORITHM_NONE = 0,
    KEY_TDES_2KEY,
    KEY_TDES_3KEY,
    KEY_AES_128,
    KEY_AES_192,
    KEY_AES_256,
    KEY_HMAC_SHA224,
    KEY_HMAC_SHA256,
    KEY_HMAC_SHA384,
    KEY_HMAC_SHA512,
    KEY_RSA_2048,
    KEY_RSA_3072,
    KEY_RSA_4096,
};

/* AWS's KeyClass. A private key alone is never one here. */
enum key_class { KEY_CLASS_SYMMETRIC, KEY_CLASS_PAIR, KEY_CLASS_PUBLIC };
/* "SYMMETRIC_KEY", "ASYMMETRIC_KEY_PAIR", "PUBLIC_KEY". */
const char *key_class_name(enum key_class class);
/* False where the name is none of these. */
bool key_class_from_name(const char *name, enum key_class *class);

/* An HMAC key may have any length within these, in bytes: 112 bits is the least that NIST SP
 * 800-131A lets be used, SHA-512's output the longest that is of any good. */
#define KEY_HMAC_BYTES_MIN 14
#define KEY_HMAC_BYTES_MAX 64

/* The key's length in bytes (16, 24, 16, 24, 32), an RSA key's modulus'. Of HMAC keys it is that of
 * a key that is made here, the hash's (28, 32, 48, 64); those from elsewhere have their own, and
 * what asks for a certain key's length asks key_facts_bytes (p11/label.h). */
size_t key_algorithm_bytes(enum key_algorithm algorithm);
/* Its cipher's block in bytes (8 or 16); 0 for HMAC. */
size_t key_algorithm_block(enum key_algorithm algorithm);
bool key_algorithm_is_aes(enum key_algorithm algorithm);
bool key_algorithm_is_hmac(enum key_algorithm algorithm);
bool key_algorithm_is_rsa(enum key_algorithm algorithm);
/* The modulus' length in bits, 0 for other keys; and back, KEY_ALGORITHM_NONE for other lengths. */
unsigned key_algorithm_rsa_bits(enum key_algorithm algorithm);
enum key_algorithm key_algorithm_from_rsa_bits(unsigned bits);
/* The header's algorithm letter: 'A', 'T', 'H' or 'R'. */
char key_algorithm_letter(enum key_algorithm algorithm);
/* The data of the optional block HM that names an HMAC key's hash ("21" for SHA-256; X9.143:2021
 * 6.3.6.5), NULL for other keys; and back, KEY_ALGORITHM_NONE for a hash that is none of these. */
const char *key_algorithm_hash_code(enum key_algorithm algorithm);
enum key_algorithm key_algorithm_from_hash_code(const char code[2]);
/* "AES_128" and so on; and back, KEY_ALGORITHM_NONE where the name is none of these. */
const char *key_algorithm_name(enum key_algorithm algorithm);
enum key_algorithm key_algorithm_from_name(const char *name);

/* A usage is its two letters ("K1"). The name is AWS's ("TR31_K1_KEY_BLOCK_PROTECTION_KEY");
 * X9.143's usages of symmetric keys that AWS has none for are named in the same manner
 * ("TR31_B1_DUKPT_INITIAL_KEY"). NULL for all others. */
const char *key_usage_name(const char *code);
/* The two letters, static text, or NULL where no usage is called so. */
const char *key_usage_from_name(const char *name);

/* The nine modes of AWS's KeyModesOfUse. */
struct key_modes {
    bool encrypt, decrypt, wrap, unwrap, generate, sign, verify, derive_key, no_restrictions;
};
/* The header's mode letter for a set: {E,D,W,U} B, {E,W} E, {D,U} D, {G,V} C, {G} G, {V} V, {S} S,
 * {DeriveKey} X, {NoRestrictions} N; '\0' for any other set. And back: false for a letter without a
 * set. */
char key_modes_letter(const struct key_modes *modes);
bool key_modes_from_letter(char letter, struct key_modes *modes);

/*
 * Whether such a key pair can be made here: a TR31_S0 key that signs, {Sign}; a TR31_K2 key that
 * signs key tokens as their sender, {Encrypt,Wrap}, or unwraps them as their receiver,
 * {Decrypt,Unwrap}. One key for both is none. And whether a certificate's key can be such: TR31_S0,
 * {Verify}.
 */
bool key_attributes_check_pair(const char *usage, enum key_algorithm algorithm, char mode,
                               struct kf_error *err);
bool key_attributes_check_public(const char *usage, enum key_algorithm algorithm, char mode,
                                 struct kf_error *err);

/* Whether AWS lets such a key be created (spec table "usage x algorithm x modes", symmetric rows):
 * on refusal the error is a KF_VALIDATION that names KeyUsage, KeyAlgorithm or KeyModesOfUse and
 * says which values are allowed. */
bool key_attributes_check(const char *usage, enum key_algorithm algorithm, char mode,
                          struct kf_error *err);
/* The same for a key that comes in a key block: besides AWS's rows X9.143's other usages of
 * symmetric keys, which are not to be created here. */
bool key_attributes_check_import(const char *usage, enum key_algorithm algorithm, char mode,
                                 struct kf_error *err);

/*
 * Whether a key of this usage with mode `own` may leave as one with mode `asked` ('\0': a set that
 * has no letter): the same modes, or fewer. NoRestrictions stands for whatever the usage takes. On
 * refusal the error is a KF_VALIDATION that names KeyModesOfUse and both sets, and says which the
 * key may leave with.
 */
bool key_modes_check_narrower(const char *usage, char own, char asked, struct kf_error *err);

/*
 * Whether a KBPK of one algorithm may wrap a key of another ("at least as strong", AWS user guide,
 * "Import/Export Key" table). That table knows no HMAC keys; they go by their length, wrapped_bytes
 * (which is not looked at for other keys): up to 128 bits under AES_128 and up, to 192 under
 * AES_192 and up, longer ones under AES_256, whose strength is the most that a KBPK has. TDES, with
 * 112 bits, wraps none.
 */
bool key_strength_allows(enum key_algorithm wrapping, enum key_algorithm wrapped,
                         size_t wrapped_bytes);

/* The same for an RSA key: TDES under any, AES_128 under RSA_3072 and RSA_4096, nothing else. */
bool key_strength_allows_rsa(enum key_algorithm wrapping, enum key_algorithm wrapped);

#endif
