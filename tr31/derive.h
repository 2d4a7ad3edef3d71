/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is encrypted under a KBPK to derive the KBEK and the KBMK of a version B or D key block
 * (X9.143:2021: SP 800-108 in counter mode with CMAC), and the public half of a CMAC. There is no
 * cipher here and no key: the caller has the token do the encryption, and hands in only L, the CMAC
 * constant.
 */
#ifndef KF_TR31_DERIVE_H
#define KF_TR31_DERIVE_H

#include <stddef.h>
#include <stdint.h>

#include "tr31/attributes.h"

/* A cipher block at its largest, in bytes. */
#define TR31_BLOCK_MAX 16
/* The derivation data of one key at its longest: three TDES blocks, or two AES blocks, in bytes. */
#define TR31_DERIVATION_MAX 32
#define TR31_DERIVATION_INPUT 8
#define TR31_KDF_FIXED_INPUT 7

/* Which key is derived: the usage field of the derivation input. */
enum tr31_derived_key {
    TR31_KBEK = 0x0000,
    TR31_KBMK = 0x0001,
};

/* The two subkeys of CMAC (SP 800-38B 6.1), `block` bytes of each. To be wiped by their owner. */
struct tr31_cmac_subkeys {
    size_t block;
    uint8_t k1[TR31_BLOCK_MAX];
    uint8_t k2[TR31_BLOCK_MAX];
};

/* Makes the subkeys from L = E(key, 0). block is 8 or 16, the length of l. */
void tr31_cmac_subkeys(const uint8_t *l, size_t block, struct tr31_cmac_subkeys *subkeys);

/* Xors K1 into the last block of data, which is at least one block long: the last step of a CMAC
 * over whole blocks, taken before the encryption. For data that is xored in its turn, hand in
 * zeros. */
void tr31_cmac_finish(const struct tr31_cmac_subkeys *subkeys, uint8_t *data, size_t len);

/* How many cipher blocks make one derived key: 2 (TDES_2KEY), 3 (TDES_3KEY), 1, 2, 2 (AES_128, 192,
 * 256). Here and below kbpk is a real algorithm, not KEY_ALGORITHM_NONE. */
size_t tr31_derivation_count(enum key_algorithm kbpk);

/* The input of block number `counter`, which starts at 1 for each derived key. */
void tr31_derivation_input(enum key_algorithm kbpk, enum tr31_derived_key derived, unsigned counter,
                           uint8_t out[TR31_DERIVATION_INPUT]);

/* The same without its counter: the fixed input for CKM_SP800_108_COUNTER_KDF with an 8-bit counter
 * in front. */
void tr31_kdf_fixed_input(enum key_algorithm kbpk, enum tr31_derived_key derived,
                          uint8_t out[TR31_KDF_FIXED_INPUT]);

/* All inputs of one derived key, ready for the cipher: ECB under the KBPK gives the derived key, of
 * which the first key_algorithm_bytes(kbpk) bytes count. subkeys are those of the KBPK. Returns the
 * bytes written, at most TR31_DERIVATION_MAX. */
size_t tr31_derivation_data(enum key_algorithm kbpk, enum tr31_derived_key derived,
                            const struct tr31_cmac_subkeys *subkeys,
                            uint8_t out[TR31_DERIVATION_MAX]);

#endif
