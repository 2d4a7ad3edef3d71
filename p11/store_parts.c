/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the parts of a TDES key differ, found without seeing them: each part is cut out inside
 * the token and made the first half of a two-key TDES key whose second half is public; equal parts
 * encrypt zeros to the same block. (Single DES would do without the second half, but many tokens
 * have none any more.) DES ignores parity, and so does this.
 */
#include <string.h>

#include "p11/ops.h"
#include "p11/store.h"

#define PART_BYTES 8
#define PARTS_MAX 3

/* Any eight bytes: the same for all parts. */
static const uint8_t second_half[PART_BYTES] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};

static bool fingerprint(const struct p11_token *token, CK_OBJECT_HANDLE source, size_t part,
                        uint8_t out[PART_BYTES], struct kf_error *err)
{
    static const uint8_t zeros[PART_BYTES];
    struct p11_template cut = {0}, whole = {0};
    CK_OBJECT_HANDLE half = CK_INVALID_HANDLE, key = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_PART, KEY_ALGORITHM_NONE, PART_BYTES, &cut);
    role_session_template(token, ROLE_CHECK_VALUE, KEY_TDES_2KEY, 0, &whole);
    good = op_cut(token, source, part * PART_BYTES * 8, &cut, &half, err) &&
           op_join_suffix(token, half, second_half, sizeof second_half, &whole, &key, err) &&
           op_encrypt_ecb(token, P11_TDES, key, zeros, sizeof zeros, out, err);
    op_destroy(token, &key);
    op_destroy(token, &half);
    return good;
}

bool store_check_parts(const struct p11_token *token, CK_OBJECT_HANDLE source,
                       enum key_algorithm algorithm, struct kf_error *err)
{
    size_t parts = key_algorithm_bytes(algorithm) / PART_BYTES;
    uint8_t prints[PARTS_MAX][PART_BYTES];
    bool good = true;

    if (key_algorithm_letter(algorithm) != 'T')
        return true;
    for (size_t i = 0; i < parts && good; i++) {
        good = fingerprint(token, source, i, prints[i], err);
        for (size_t k = 0; k < i && good; k++)
            if (memcmp(prints[i], prints[k], PART_BYTES) == 0)
                good = kf_fail(err, KF_VALIDATION,
                               "KeyAlgorithm: K%zu and K%zu, parts of the %s key, are equal, so it "
                               "is no stronger than %s; NIST SP 800-67 demands that all parts "
                               "differ. Make a new key.",
                               k + 1, i + 1, key_algorithm_name(algorithm),
                               i - k == 1 ? "single DES" : "TDES_2KEY");
    }
    explicit_bzero(prints, sizeof prints);
    return good;
}
