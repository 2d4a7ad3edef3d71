/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the parts of a TDES key differ, found without seeing them: each part is cut out inside
 * the token and made the first half of a two-key TDES key whose second half is public; equal parts
 * encrypt zeros to the same block. (Single DES would do without the second half, but many tokens
 * have none any more.) DES ignores parity, and so does this.
 *
 * What a part encrypts to is all that it takes to search for that part alone, 56 bits of the key's
 * 112. So it stays in the token as well: only what it is wrapped to, under a random key that nobody
 * has and that goes with the comparison, is looked at.
 */
#include <string.h>

#include "p11/cover.h"
#include "p11/ops.h"
#include "p11/store.h"

#define PART_BYTES 8
#define PARTS_MAX 3
/* Two encrypted blocks, which are one of AES. */
#define PRINT_BYTES 16

/* Any eight bytes: the same for all parts. */
static const uint8_t second_half[PART_BYTES] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
static const uint8_t zeros[PRINT_BYTES];

/* What prints are wrapped under. */
struct cover {
    enum p11_cipher cipher;
    CK_OBJECT_HANDLE key;
};

static bool fingerprint(const struct p11_token *token, const struct cover *cover,
                        CK_OBJECT_HANDLE source, size_t part, uint8_t out[PRINT_BYTES],
                        struct kf_error *err)
{
    struct p11_template cut = {0}, whole = {0}, result = {0};
    CK_OBJECT_HANDLE half = CK_INVALID_HANDLE, key = CK_INVALID_HANDLE, print = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_PART, KEY_ALGORITHM_NONE, PART_BYTES, &cut);
    role_session_template(token, ROLE_SOURCE, KEY_TDES_2KEY, 0, &whole);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, PRINT_BYTES, &result);
    good = op_cut(token, source, part * PART_BYTES * 8, &cut, &half, err) &&
           op_join_suffix(token, half, second_half, sizeof second_half, &whole, &key, err) &&
           op_derive(token, P11_TDES, key, zeros, sizeof zeros, &result, &print, err) &&
           op_wrap_cbc(token, cover->cipher, cover->key, print, zeros, out, PRINT_BYTES, err);
    op_destroy(token, &print);
    op_destroy(token, &key);
    op_destroy(token, &half);
    return good;
}

static bool compare_parts(const struct p11_token *token, const struct cover *cover,
                          CK_OBJECT_HANDLE source, enum key_algorithm algorithm,
                          struct kf_error *err)
{
    size_t parts = key_algorithm_bytes(algorithm) / PART_BYTES;
    uint8_t prints[PARTS_MAX][PRINT_BYTES];

    for (size_t i = 0; i < parts; i++) {
        if (!fingerprint(token, cover, source, i, prints[i], err))
            return false;
        for (size_t k = 0; k < i; k++)
            if (memcmp(prints[i], prints[k], PRINT_BYTES) == 0)
                return kf_fail(err, KF_VALIDATION,
                               "KeyAlgorithm: K%zu and K%zu, parts of the %s key, are equal, so it "
                               "is no stronger than %s; NIST SP 800-67 demands that all parts "
                               "differ. Make a new key.",
                               k + 1, i + 1, key_algorithm_name(algorithm),
                               i - k == 1 ? "single DES" : "TDES_2KEY");
    }
    return true;
}

bool store_check_parts(const struct p11_token *token, CK_OBJECT_HANDLE source,
                       enum key_algorithm algorithm, struct kf_error *err)
{
    struct cover cover = {token->ways[P11_WRAP_AES].proven ? P11_AES : P11_TDES, CK_INVALID_HANDLE};
    bool good;

    if (key_algorithm_letter(algorithm) != 'T')
        return true;
    good = cover_make(token, cover.cipher, &cover.key, err) &&
           compare_parts(token, &cover, source, algorithm, err);
    op_destroy(token, &cover.key);
    return good;
}
