/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of what RSA keys do, and of the making of keys. */
#include "p11/profile_probe.h"

#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/rsa.h"
#include "p11/rsa_openssl.h"

static const uint8_t message[] = "Keyferry self-test, to be signed";

static enum key_algorithm algorithm_of(const struct probe_key *key)
{
    if (key->type == CKK_DES2)
        return KEY_TDES_2KEY;
    if (key->type == CKK_DES3)
        return KEY_TDES_3KEY;
    if (key->type == CKK_GENERIC_SECRET)
        return KEY_HMAC_SHA512;
    return key->len == 16 ? KEY_AES_128 : key->len == 24 ? KEY_AES_192 : KEY_AES_256;
}

/* What tells a key from another: a secret's bytes, other keys' encryption of zeros. */
static bool fingerprint(struct probe *probe, const struct probe_key *key, uint8_t *out,
                        struct kf_error *err)
{
    static const uint8_t zeros[P11_BLOCK_MAX];
    bool secret = key->type == CKK_GENERIC_SECRET;
    CK_ATTRIBUTE value = {CKA_VALUE, out, (CK_ULONG)key->len};
    struct p11_template template;
    CK_OBJECT_HANDLE made;

    probe_template(&template, key->type, key->len,
                   secret ? PROBE_EXTRACTABLE : PROBE_ENCRYPT | PROBE_SENSITIVE);
    if (!op_generate(probe->token, algorithm_of(key), &template, &made, err) ||
        !probe_keep(probe, made, err))
        return false;
    if (!secret)
        return op_encrypt_ecb(probe->token, key->cipher, made, zeros, sizeof zeros, out, err);
    if (p11_get_attributes(probe->token->session, made, &value, 1, err) != CKR_OK)
        return false;
    return value.ulValueLen == key->len || probe_fail(err, "secret of another length");
}

/* What is random has no known answer, but is not the same twice. */
bool probe_generate_key(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    uint8_t first[KNOWN_MAX], second[KNOWN_MAX];

    memset(first, 0, sizeof first);
    memset(second, 0, sizeof second);
    if (!fingerprint(probe, key, first, err) || !fingerprint(probe, key, second, err))
        return false;
    return memcmp(first, second, sizeof first) != 0 || probe_fail(err, "the same key twice");
}

/*
 * A new pair takes from a tenth of a second to many seconds, at each start of each worker. So first
 * a pair is asked for whose length is not said: a token that names that as what is wrong has the
 * mechanism. Every pair is looked at when it is made (p11/rsa.h), and every signature.
 */
bool probe_rsa_generate(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    struct probe_pair pair = {0};
    struct p11_template private = {0}, public = {0};
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE, private_key = CK_INVALID_HANDLE;
    CK_RV rv;

    (void)key;
    template_flag(&public, CKA_TOKEN, false);
    template_flag(&private, CKA_TOKEN, false);
    rv = p11_generate_pair(probe->token->session,
                           &(CK_MECHANISM){CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0}, &public, &private,
                           &public_key, &private_key, NULL);
    op_destroy(probe->token, &public_key);
    op_destroy(probe->token, &private_key);
    if (rv == CKR_TEMPLATE_INCOMPLETE)
        return true;
    if (!probe_pair_generate(probe, PAIR_SIGNS, &pair, err))
        return false;
    op_destroy(probe->token, &pair.private_key);
    return true;
}

/* op_sign verifies with the modulus that the token says it has; here it is the one that is known.
 */
static bool probe_sign(struct probe *probe, enum p11_hash hash, struct kf_error *err)
{
    const struct probe_pair *pair;
    uint8_t signature[RSA_BYTES_MAX];
    size_t len = sizeof signature;

    if (!probe_pair(probe, PAIR_SIGNS, &pair, err) ||
        !op_sign(probe->token, hash, pair->private_key, message, sizeof message, signature, &len,
                 err))
        return false;
    return rsa_openssl_verify(pair->modulus, RSA_PROBE_BYTES, hash, message, sizeof message,
                              signature, len) ||
           probe_fail(err, "wrong signature");
}

bool probe_sign_sha224(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    (void)key;
    return probe_sign(probe, P11_SHA224, err);
}

bool probe_sign_sha256(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    (void)key;
    return probe_sign(probe, P11_SHA256, err);
}

bool probe_sign_sha384(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    (void)key;
    return probe_sign(probe, P11_SHA384, err);
}

bool probe_sign_sha512(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    (void)key;
    return probe_sign(probe, P11_SHA512, err);
}

static bool unwrap(struct probe *probe, const struct probe_key *key, enum p11_hash hash,
                   const uint8_t *wrapped, unsigned uses, CK_OBJECT_HANDLE *result,
                   struct kf_error *err)
{
    const struct probe_pair *pair;
    struct p11_template template;

    probe_template(&template, key->type, key->len, uses);
    return probe_pair(probe, PAIR_UNWRAPS, &pair, err) &&
           op_unwrap_oaep(probe->token, hash, pair->private_key, wrapped, RSA_PROBE_BYTES,
                          &template, result, err) &&
           probe_keep(probe, *result, err);
}

/* Whether the cryptogram opens to the known key: a secret is read, another key encrypts. Keyferry
 * itself unwraps to secrets only. */
static bool opens(struct probe *probe, const struct probe_key *key, enum p11_hash hash,
                  const uint8_t *wrapped, struct kf_error *err)
{
    bool secret = key->type == CKK_GENERIC_SECRET;
    unsigned uses = secret ? PROBE_EXTRACTABLE : PROBE_SENSITIVE | PROBE_ENCRYPT;
    CK_OBJECT_HANDLE result;

    if (!unwrap(probe, key, hash, wrapped, uses, &result, err))
        return false;
    return secret ? probe_reads_as(probe, result, probe->value, key->len, err)
                  : probe_encrypts_as(probe, key, result, probe->value, err);
}

/* A cryptogram with one wrong bit must not give a key, which is tried with one kind: each use of
 * the private key takes a millisecond or two. */
static bool probe_unwrap_oaep(struct probe *probe, const struct probe_key *key, enum p11_hash hash,
                              struct kf_error *err)
{
    uint8_t wrapped[RSA_PROBE_BYTES];
    const struct probe_pair *pair;
    struct kf_error refused = {0};
    CK_OBJECT_HANDLE result;

    if (!probe_pair(probe, PAIR_UNWRAPS, &pair, err))
        return false;
    if (!rsa_openssl_oaep(pair->modulus, RSA_PROBE_BYTES, hash, probe->value, key->len, wrapped))
        return probe_fail(err, "OpenSSL cannot wrap a key");
    if (!opens(probe, key, hash, wrapped, err))
        return false;
    if (key->len != 16)
        return true;
    wrapped[RSA_PROBE_BYTES - 1] ^= 1;
    return !unwrap(probe, key, hash, wrapped, PROBE_SENSITIVE | PROBE_DERIVE, &result, &refused) ||
           probe_fail(err, "a damaged cryptogram opens");
}

bool probe_unwrap_oaep_sha256(struct probe *probe, const struct probe_key *key,
                              struct kf_error *err)
{
    return probe_unwrap_oaep(probe, key, P11_SHA256, err);
}

bool probe_unwrap_oaep_sha512(struct probe *probe, const struct probe_key *key,
                              struct kf_error *err)
{
    return probe_unwrap_oaep(probe, key, P11_SHA512, err);
}

static bool wrap(struct probe *probe, const struct probe_key *key, enum p11_hash hash,
                 CK_OBJECT_HANDLE recipient, CK_OBJECT_HANDLE known, uint8_t *out,
                 struct kf_error *err)
{
    if (key->cipher == P11_TDES)
        return op_wrap_content(probe->token, P11_TDES, recipient, known, out, RSA_PROBE_BYTES, err);
    return op_wrap_oaep(probe->token, hash, recipient, known, out, RSA_PROBE_BYTES, err);
}

/* What the token wraps, it unwraps, which was proven with what OpenSSL wrapped. */
static bool probe_oaep(struct probe *probe, const struct probe_key *key, enum p11_hash hash,
                       struct kf_error *err)
{
    uint8_t wrapped[RSA_PROBE_BYTES];
    const struct probe_pair *pair;
    CK_OBJECT_HANDLE recipient, known;

    return probe_pair(probe, PAIR_UNWRAPS, &pair, err) &&
           rsa_public(probe->token, pair->modulus, RSA_PROBE_BYTES, rsa_exponent,
                      sizeof rsa_exponent, &recipient, err) &&
           probe_keep(probe, recipient, err) &&
           known_key(probe, key, PROBE_SENSITIVE | PROBE_EXTRACTABLE, &known, err) &&
           wrap(probe, key, hash, recipient, known, wrapped, err) &&
           opens(probe, key, hash, wrapped, err);
}

bool probe_oaep_sha256(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return probe_oaep(probe, key, P11_SHA256, err);
}

bool probe_oaep_sha512(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return probe_oaep(probe, key, P11_SHA512, err);
}

bool probe_oaep_tdes(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return probe_oaep(probe, key, P11_SHA256, err);
}
