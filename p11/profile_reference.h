/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expected answers of the self-test, computed in the host with OpenSSL. Keys here are
 * throw-away values of p11/profile_probe.h that were read from the token for this purpose; nothing
 * that protects anything comes here.
 */
#ifndef KF_P11_PROFILE_REFERENCE_H
#define KF_P11_PROFILE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p11/token.h"
#include "tr31/attributes.h"

/* len is whole blocks, key_len 16, 24 or 32 (AES) or 16, 24 (TDES). False where OpenSSL fails. */
bool reference_ecb(enum p11_cipher cipher, const uint8_t *key, size_t key_len, const uint8_t *data,
                   size_t len, uint8_t *out);
bool reference_cbc(enum p11_cipher cipher, const uint8_t *key, size_t key_len, const uint8_t *iv,
                   const uint8_t *data, size_t len, uint8_t *out);
/* As many bytes to out as the hash has. */
bool reference_hmac(enum key_algorithm algorithm, const uint8_t *key, size_t key_len,
                    const uint8_t *data, size_t len, uint8_t *out);
/* One block to out. */
bool reference_cmac(enum p11_cipher cipher, const uint8_t *key, size_t key_len, const uint8_t *data,
                    size_t len, uint8_t *out);

#endif
