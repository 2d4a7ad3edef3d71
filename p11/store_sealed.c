/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a working key derives, compared with what it should, where that cannot be read: under a
 * cover, or by what two derived keys encrypt.
 */
#include <string.h>

#include "p11/cover.h"
#include "p11/ops.h"
#include "p11/store_index.h"

/* What is compared under a cover: whole blocks of either cipher. */
#define COVERED 16
/* A TDES key derives one block. */
#define TDES_BLOCK 8

static const uint8_t zeros[2 * P11_BLOCK_MAX];

/* The first len bytes of what a sealed key derives of zeros, filled up with zeros. */
static bool derive_sealed(const struct p11_token *token, enum key_algorithm algorithm,
                          CK_OBJECT_HANDLE key, size_t len, CK_OBJECT_HANDLE *filled,
                          struct kf_error *err)
{
    enum p11_cipher cipher = op_cipher(algorithm);
    size_t whole = cipher == P11_AES ? key_algorithm_bytes(algorithm) : TDES_BLOCK;
    size_t data_len = cipher == P11_AES ? (whole + 15) / 16 * 16 : TDES_BLOCK;
    struct p11_template derive = {0}, shorten = {0}, fill = {0};
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE, cut = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, whole, &derive);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, len, &shorten);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, COVERED, &fill);
    good = op_derive(token, cipher, key, zeros, data_len, &derive, &derived, err);
    if (good && len == COVERED)
        good = op_cut(token, derived, 0, &fill, filled, err);
    else if (good)
        good = op_cut(token, derived, 0, &shorten, &cut, err) &&
               op_join_suffix(token, cut, zeros, COVERED - len, &fill, filled, err);
    op_destroy(token, &cut);
    op_destroy(token, &derived);
    return good;
}

static bool can_compare(const struct p11_token *token, enum p11_cipher cipher)
{
    return token->ways[p11_for(P11_GENERATE_AES, cipher)].proven &&
           token->ways[p11_for(P11_WRAP_AES, cipher)].proven &&
           token->ways[p11_for(P11_CBC_AES, cipher)].proven && token->ways[P11_CUT].proven &&
           token->ways[P11_JOIN_SUFFIX].proven;
}

bool store_sealed_differs(const struct p11_token *token, enum key_algorithm algorithm,
                          CK_OBJECT_HANDLE key, const uint8_t *expected, size_t len, bool *differs,
                          struct kf_error *err)
{
    enum p11_cipher cipher = op_cipher(algorithm);
    CK_OBJECT_HANDLE cover = CK_INVALID_HANDLE, filled = CK_INVALID_HANDLE;
    uint8_t block[COVERED] = {0}, wrapped[COVERED], encrypted[COVERED];
    bool good;

    *differs = false;
    if (!can_compare(token, cipher))
        return true;
    memcpy(block, expected, len);
    good = derive_sealed(token, algorithm, key, len, &filled, err) &&
           cover_make(token, cipher, &cover, err) &&
           op_wrap_cbc(token, cipher, cover, filled, zeros, wrapped, COVERED, err) &&
           op_encrypt_cbc(token, cipher, cover, zeros, block, COVERED, encrypted, err);
    *differs = good && memcmp(wrapped, encrypted, COVERED) != 0;
    op_destroy(token, &cover);
    op_destroy(token, &filled);
    explicit_bzero(block, sizeof block);
    return good;
}

/* Of what a key derives by SP 800-108 of an input that X9.143 has no use for, the encryption of
 * zeros. */
static bool encrypt_by_kdf(const struct p11_token *token, enum key_algorithm algorithm,
                           CK_OBJECT_HANDLE key, uint8_t *out, struct kf_error *err)
{
    static const uint8_t fixed[] = {0xFF, 0xFF, 0, 0, 0, 0, 0};
    enum p11_cipher cipher = op_cipher(algorithm);
    struct p11_template template = {0};
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_CHECK_VALUE, algorithm, 0, &template);
    good = op_kdf(token, cipher, key, fixed, sizeof fixed, &template, &derived, err) &&
           op_encrypt_ecb(token, cipher, derived, zeros, key_algorithm_block(algorithm), out, err);
    op_destroy(token, &derived);
    return good;
}

bool store_kdf_differs(const struct p11_token *token, const struct p11_key *key,
                       CK_OBJECT_HANDLE value, bool *differs, struct kf_error *err)
{
    enum key_algorithm algorithm = key->facts.algorithm;
    struct p11_template template = {0};
    CK_OBJECT_HANDLE typed = CK_INVALID_HANDLE;
    uint8_t right[P11_BLOCK_MAX], found[P11_BLOCK_MAX];
    bool good;

    *differs = false;
    role_session_template(token, ROLE_SOURCE, algorithm, 0, &template);
    good = op_identity(token, value, key_algorithm_bytes(algorithm), &template, &typed, err) &&
           encrypt_by_kdf(token, algorithm, typed, right, err) &&
           encrypt_by_kdf(token, algorithm, key->working, found, err);
    *differs = good && memcmp(found, right, key_algorithm_block(algorithm)) != 0;
    op_destroy(token, &typed);
    explicit_bzero(right, sizeof right);
    explicit_bzero(found, sizeof found);
    return good;
}
