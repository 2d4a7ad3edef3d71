/* SPDX-License-Identifier: Apache-2.0 */
/* The derivation inputs of X9.143:2021 and the subkey arithmetic of CMAC. */
#include "tr31/derive.h"

#include <string.h>

/* The KBPK's algorithm, as the derivation input names it. */
static uint8_t algorithm_code(enum key_algorithm kbpk)
{
    static const uint8_t codes[] = {
        [KEY_TDES_2KEY] = 0, [KEY_TDES_3KEY] = 1, [KEY_AES_128] = 2,
        [KEY_AES_192] = 3,   [KEY_AES_256] = 4,
    };

    return codes[kbpk];
}

/* Doubling in GF(2^n); the mask instead of a branch because L depends on the key. */
static void double_block(const uint8_t *in, size_t block, uint8_t *out)
{
    const uint8_t reduction = block == 8 ? 0x1B : 0x87;
    uint8_t mask = (uint8_t) - (in[0] >> 7);

    for (size_t i = 0; i + 1 < block; i++)
        out[i] = (uint8_t)(in[i] << 1 | in[i + 1] >> 7);
    out[block - 1] = (uint8_t)(in[block - 1] << 1 ^ (mask & reduction));
}

static void xor_into(uint8_t *data, const uint8_t *with, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] ^= with[i];
}

void tr31_cmac_subkeys(const uint8_t *l, size_t block, struct tr31_cmac_subkeys *subkeys)
{
    memset(subkeys, 0, sizeof *subkeys);
    subkeys->block = block;
    double_block(l, block, subkeys->k1);
    double_block(subkeys->k1, block, subkeys->k2);
}

void tr31_cmac_finish(const struct tr31_cmac_subkeys *subkeys, uint8_t *data, size_t len)
{
    xor_into(data + len - subkeys->block, subkeys->k1, subkeys->block);
}

size_t tr31_derivation_count(enum key_algorithm kbpk)
{
    size_t block = key_algorithm_block(kbpk);

    return (key_algorithm_bytes(kbpk) + block - 1) / block;
}

void tr31_kdf_fixed_input(enum key_algorithm kbpk, enum tr31_derived_key derived,
                          uint8_t out[TR31_KDF_FIXED_INPUT])
{
    size_t bits = 8 * key_algorithm_bytes(kbpk);

    out[0] = (uint8_t)(derived >> 8);
    out[1] = (uint8_t)derived;
    out[2] = 0; /* separator */
    out[3] = 0;
    out[4] = algorithm_code(kbpk);
    out[5] = (uint8_t)(bits >> 8);
    out[6] = (uint8_t)bits;
}

void tr31_derivation_input(enum key_algorithm kbpk, enum tr31_derived_key derived, unsigned counter,
                           uint8_t out[TR31_DERIVATION_INPUT])
{
    out[0] = (uint8_t)counter;
    tr31_kdf_fixed_input(kbpk, derived, out + 1);
}

size_t tr31_derivation_data(enum key_algorithm kbpk, enum tr31_derived_key derived,
                            const struct tr31_cmac_subkeys *subkeys,
                            uint8_t out[TR31_DERIVATION_MAX])
{
    size_t block = subkeys->block;
    size_t count = tr31_derivation_count(kbpk);

    memset(out, 0, TR31_DERIVATION_MAX);
    for (size_t i = 0; i < count; i++) {
        uint8_t *data = out + i * block;

        tr31_derivation_input(kbpk, derived, (unsigned)i + 1, data);
        /* CMAC: a whole block takes K1; a shorter one is padded with a one bit and zeros, and takes
         * K2. */
        if (block > TR31_DERIVATION_INPUT)
            data[TR31_DERIVATION_INPUT] = 0x80;
        xor_into(data, block > TR31_DERIVATION_INPUT ? subkeys->k2 : subkeys->k1, block);
    }
    return count * block;
}
