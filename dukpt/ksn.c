/* SPDX-License-Identifier: Apache-2.0 */
/* The KSN's rules, and the data of the two derivations (X9.24-1 and X9.24-3). */
#include "dukpt/ksn.h"

#include <string.h>

#include "base/hex.h"

#define TDES_KSN 10
#define AES_KSN 12
/* The left 8 bytes of a KSN: the TDES register, the AES initial key's id. */
#define LEFT 8
#define AES_BLOCK 16

bool dukpt_has_algorithm(enum key_algorithm bdk)
{
    return bdk == KEY_TDES_2KEY || key_algorithm_is_aes(bdk);
}

static bool is_aes(const struct dukpt_ksn *ksn)
{
    return key_algorithm_is_aes(ksn->bdk);
}

bool dukpt_ksn_parse(enum key_algorithm bdk, const char *text, struct dukpt_ksn *ksn,
                     struct kf_error *err)
{
    bool aes = key_algorithm_is_aes(bdk);

    if (!text)
        return kf_fail(err, KF_VALIDATION,
                       "KeySerialNumber is required: it says which initial key is derived.");
    if (!dukpt_has_algorithm(bdk))
        return kf_fail(err, KF_VALIDATION,
                       "KeySerialNumber: DUKPT has no initial keys of %s, only of TDES_2KEY and "
                       "AES.",
                       key_algorithm_name(bdk));
    *ksn = (struct dukpt_ksn){.bdk = bdk, .len = aes ? AES_KSN : TDES_KSN};
    if (strlen(text) != 2 * ksn->len)
        return kf_fail(err, KF_VALIDATION,
                       "KeySerialNumber: with a BDK of %s it has exactly %zu hex digits, %s.",
                       key_algorithm_name(bdk), 2 * ksn->len,
                       aes ? "8 each of BDK id, derivation id and counter"
                           : "and a shorter one is padded with F on the left");
    if (!hex_decode(text, ksn->len, ksn->bytes))
        return kf_fail(err, KF_VALIDATION,
                       "KeySerialNumber: hex digits are 0 to 9 and upper-case A to F only.");
    memcpy(ksn->text, text, 2 * ksn->len);
    return true;
}

/* The left 8 bytes without what the counter has of them: of TDES's 21 bits 16 are behind, of AES's
 * 32 all. */
static void write_left(const struct dukpt_ksn *ksn, uint8_t out[LEFT])
{
    memcpy(out, ksn->bytes, LEFT);
    if (!is_aes(ksn))
        out[LEFT - 1] &= 0xE0;
}

bool dukpt_ksn_write_block(const struct dukpt_ksn *ksn, const char *id,
                           char out[DUKPT_BLOCK_MAX + 1])
{
    uint8_t initial[TDES_KSN] = {0};

    write_left(ksn, initial);
    if (strcmp(id, "KS") == 0 && !is_aes(ksn)) {
        hex_encode(initial, TDES_KSN, out);
    } else if (strcmp(id, "IK") == 0 && is_aes(ksn)) {
        hex_encode(initial, LEFT, out);
    } else if (strcmp(id, "BI") == 0) {
        memcpy(out, is_aes(ksn) ? "01" : "00", 2);
        hex_encode(initial, is_aes(ksn) ? 4 : 5, out + 2);
    } else {
        return false;
    }
    return true;
}

/* X9.24-3, "derivation data": version, counter of the blocks, usage 8001 (initial key), algorithm,
 * length in bits, initial key id. */
static size_t write_aes(const struct dukpt_ksn *ksn, const uint8_t id[LEFT], uint8_t *out)
{
    size_t bytes = key_algorithm_bytes(ksn->bdk);
    size_t blocks = (bytes + AES_BLOCK - 1) / AES_BLOCK;

    for (size_t i = 0; i < blocks; i++, out += AES_BLOCK) {
        out[0] = 0x01;
        out[1] = (uint8_t)(i + 1);
        out[2] = 0x80;
        out[3] = 0x01;
        out[4] = 0x00;
        out[5] = (uint8_t)(bytes / 8); /* 2, 3, 4 for AES-128, 192, 256 */
        out[6] = (uint8_t)(8 * bytes >> 8);
        out[7] = (uint8_t)(8 * bytes);
        memcpy(out + 8, id, LEFT);
    }
    return blocks * AES_BLOCK;
}

size_t dukpt_derivation_data(const struct dukpt_ksn *ksn, uint8_t out[DUKPT_DATA_MAX])
{
    uint8_t left[LEFT];

    write_left(ksn, left);
    if (is_aes(ksn))
        return write_aes(ksn, left, out);
    memcpy(out, left, LEFT);
    return LEFT;
}
