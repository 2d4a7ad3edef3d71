/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X9.143:2021 backwards. Versions B and D: payload = CBC decryption(KBEK, IV = MAC), then the MAC
 * over header and payload, which the token computes as it does for an export. Versions A and C: the
 * MAC is over header and ciphertext, four bytes of a CBC-MAC, and the IV is the first eight
 * characters of the header.
 */
#include "daemon/worker/import_tr31.h"

#include <openssl/crypto.h>
#include <string.h>

#include "daemon/worker/import_payload.h"
#include "daemon/worker/keyblock_mac.h"
#include "p11/cover.h"
#include "p11/ops.h"

#define FIELD "WrappedKeyBlock"

static bool check_mac(const uint8_t *computed, const struct tr31_keyblock *block,
                      struct kf_error *err)
{
    return CRYPTO_memcmp(computed, block->mac, block->mac_len) == 0 ||
           kf_fail(err, KF_VALIDATION,
                   FIELD ": its MAC is not right: the key block is not under this wrapping key, or "
                         "was changed on its way.");
}

static bool open_derived(const struct p11_token *token, struct kbpk *kbpk,
                         const struct p11_key *wrapping, const char *text,
                         const struct tr31_keyblock *block, CK_OBJECT_HANDLE *payload,
                         struct kf_error *err)
{
    CK_OBJECT_HANDLE kbek;
    uint8_t state[TR31_BLOCK_MAX], mac[TR31_MAC_MAX];
    bool good;

    if (!kbpk_derive_import(token, wrapping, &kbek, err))
        return false;
    good = import_payload(token, kbpk->cipher, kbek, block->mac, block->ciphertext,
                          block->ciphertext_len, payload, err);
    op_destroy(token, &kbek);
    good = good && keyblock_mac_header(token, kbpk, text, block->header_size, state, err) &&
           keyblock_mac_payload(token, kbpk, state, *payload, block->ciphertext_len, mac, err) &&
           check_mac(mac, block, err);
    explicit_bzero(state, sizeof state);
    explicit_bzero(mac, sizeof mac); /* of what is inside, even where it is not the block's */
    return good;
}

static bool open_variant(const struct p11_token *token, const struct p11_key *wrapping,
                         const char *text, const struct tr31_keyblock *block,
                         CK_OBJECT_HANDLE *payload, struct kf_error *err)
{
    static const uint8_t zero_iv[TR31_BLOCK_MAX];
    const size_t last = 8;
    uint8_t data[TR31_KEYBLOCK_MAX], states[TR31_KEYBLOCK_MAX];
    size_t len = block->header_size + block->ciphertext_len;
    bool good;

    memcpy(data, text, block->header_size);
    memcpy(data + block->header_size, block->ciphertext, block->ciphertext_len);
    good =
        op_encrypt_cbc(token, P11_TDES, wrapping->legacy_kbmk, zero_iv, data, len, states, err) &&
        check_mac(states + len - last, block, err) &&
        import_payload(token, P11_TDES, wrapping->legacy_kbek, (const uint8_t *)text,
                       block->ciphertext, block->ciphertext_len, payload, err);
    explicit_bzero(states, len);
    return good;
}

bool import_tr31_open(const struct p11_token *token, struct kbpk_cache *kbpks,
                      const struct p11_key *wrapping, const char *text,
                      const struct tr31_keyblock *block, CK_OBJECT_HANDLE *payload,
                      struct kf_error *err)
{
    bool variant = block->header.version == 'A' || block->header.version == 'C';
    struct kbpk *kbpk = variant ? NULL : kbpk_get(kbpks, wrapping, err);
    bool good;

    *payload = CK_INVALID_HANDLE;
    if (!variant && !kbpk)
        return false;
    good = variant ? open_variant(token, wrapping, text, block, payload, err)
                   : open_derived(token, kbpk, wrapping, text, block, payload, err);
    if (!good)
        op_destroy(token, payload);
    return good;
}

/* The first 16 bits of the payload and zeros, wrapped under the cover. */
static bool wrap_prefix(const struct p11_token *token, enum p11_cipher cipher,
                        CK_OBJECT_HANDLE payload, CK_OBJECT_HANDLE cover, size_t block,
                        uint8_t *out, struct kf_error *err)
{
    static const uint8_t zeros[P11_BLOCK_MAX];
    struct p11_template cut = {0}, whole = {0};
    CK_OBJECT_HANDLE prefix = CK_INVALID_HANDLE, padded = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, TR31_PAYLOAD_PREFIX, &cut);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &whole);
    good =
        op_cut(token, payload, 0, &cut, &prefix, err) &&
        op_join_suffix(token, prefix, zeros, block - TR31_PAYLOAD_PREFIX, &whole, &padded, err) &&
        op_wrap_cbc(token, cipher, cover, padded, zeros, out, block, err);
    op_destroy(token, &padded);
    op_destroy(token, &prefix);
    return good;
}

/* Looks at every allowed length, whichever it is. 0 for none. */
static bool compare_lengths(const struct p11_token *token, enum p11_cipher cipher,
                            CK_OBJECT_HANDLE cover, size_t block, const uint8_t *wrapped,
                            const struct import_lengths *lengths, size_t *len, struct kf_error *err)
{
    uint8_t blocks[IMPORT_LENGTHS_MAX * P11_BLOCK_MAX] = {0}, allowed[sizeof blocks];
    size_t count = (lengths->to - lengths->from) / lengths->step + 1;

    for (size_t i = 0; i < count; i++)
        tr31_payload_prefix(lengths->from + i * lengths->step, blocks + i * block);
    if (!op_encrypt_ecb(token, cipher, cover, blocks, count * block, allowed, err))
        return false;
    *len = 0;
    for (size_t i = 0; i < count; i++)
        if (CRYPTO_memcmp(wrapped, allowed + i * block, block) == 0)
            *len = lengths->from + i * lengths->step;
    return true;
}

static bool find_length(const struct p11_token *token, enum p11_cipher cipher,
                        CK_OBJECT_HANDLE payload, const struct import_lengths *lengths, size_t *len,
                        struct kf_error *err)
{
    size_t block = cipher == P11_AES ? 16 : 8;
    CK_OBJECT_HANDLE cover = CK_INVALID_HANDLE;
    uint8_t wrapped[P11_BLOCK_MAX];
    bool good;

    good = cover_make(token, cipher, &cover, err) &&
           wrap_prefix(token, cipher, payload, cover, block, wrapped, err) &&
           compare_lengths(token, cipher, cover, block, wrapped, lengths, len, err);
    op_destroy(token, &cover);
    return good;
}

bool import_tr31_cut(const struct p11_token *token, enum p11_cipher cipher,
                     CK_OBJECT_HANDLE payload, size_t payload_len,
                     const struct import_lengths *lengths, CK_OBJECT_HANDLE *key, size_t *len,
                     struct kf_error *err)
{
    struct p11_template template = {0};

    *key = CK_INVALID_HANDLE;
    if (!find_length(token, cipher, payload, lengths, len, err))
        return false;
    if (*len == 0 || *len + TR31_PAYLOAD_PREFIX > payload_len)
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": the length of the key inside is not one that its algorithm has, or "
                             "more than the key block holds.");
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, *len, &template);
    return op_cut(token, payload, 8 * TR31_PAYLOAD_PREFIX, &template, key, err);
}
