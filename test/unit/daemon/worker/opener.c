/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/daemon/worker/opener.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 256

struct cipher {
    bool aes;
    size_t block;
};

/* A 2-key TDES key as the 3-key one that OpenSSL wants. */
static size_t for_openssl(const struct cipher *cipher, const uint8_t *key, size_t len,
                          uint8_t out[32])
{
    memcpy(out, key, len);
    if (cipher->aes || len == 24)
        return len;
    memcpy(out + 16, key, 8);
    return 24;
}

static const char *cbc_name(const struct cipher *cipher, size_t len)
{
    return !cipher->aes ? "DES-EDE3-CBC"
           : len == 16  ? "AES-128-CBC"
           : len == 24  ? "AES-192-CBC"
                        : "AES-256-CBC";
}

static void cmac(const struct cipher *cipher, const uint8_t *key, size_t len, const uint8_t *data,
                 size_t data_len, uint8_t *out)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    uint8_t whole[32];
    size_t whole_len = for_openssl(cipher, key, len, whole), got;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER,
                                                            (char *)cbc_name(cipher, whole_len), 0),
                           OSSL_PARAM_construct_end()};

    ck_assert_int_eq(EVP_MAC_init(context, whole, whole_len, params), 1);
    ck_assert_int_eq(EVP_MAC_update(context, data, data_len), 1);
    ck_assert_int_eq(EVP_MAC_final(context, out, &got, cipher->block), 1);
    ck_assert_uint_eq(got, cipher->block);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

static void decrypt(const struct cipher *cipher, const uint8_t *key, size_t len, const uint8_t *iv,
                    const uint8_t *data, size_t data_len, uint8_t *out)
{
    uint8_t whole[32];
    size_t whole_len = for_openssl(cipher, key, len, whole);
    EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, cbc_name(cipher, whole_len), NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int got = 0;

    ck_assert_int_eq(EVP_DecryptInit_ex2(context, algorithm, whole, iv, NULL), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_set_padding(context, 0), 1);
    ck_assert_int_eq(EVP_DecryptUpdate(context, out, &got, data, (int)data_len), 1);
    ck_assert_int_eq(got, (int)data_len);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(algorithm);
}

/* X9.143:2021, the derivation of version B and D keys: CMAC over counter, usage, 0, algorithm,
 * length in bits. */
static void derive(const struct cipher *cipher, const uint8_t *kbpk, size_t len, uint8_t usage,
                   uint8_t *out)
{
    uint8_t bits = (uint8_t)(len * 8), algorithm = (uint8_t)(cipher->aes ? len / 8 : len / 8 - 2),
            made[64];

    for (size_t at = 0, counter = 1; at < len; at += cipher->block, counter++) {
        const uint8_t input[8] = {(uint8_t)counter, 0, usage, 0, 0, algorithm, len == 32, bits};

        cmac(cipher, kbpk, len, input, sizeof input, made + at);
    }
    memcpy(out, made, len);
}

static size_t from_hex(const char *text, size_t characters, uint8_t *out)
{
    ck_assert_uint_eq(characters % 2, 0);
    ck_assert_uint_le(characters / 2, MAX_BYTES);
    for (size_t i = 0; i < characters; i++) {
        const char *digits = "0123456789ABCDEF", *at = text[i] ? strchr(digits, text[i]) : NULL;

        ck_assert_ptr_nonnull(at);
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] << 4 | (at - digits) : at - digits);
    }
    return characters / 2;
}

void open_block(const char *block, const uint8_t *kbpk, size_t kbpk_len, struct opened *out)
{
    struct cipher cipher = {block[0] == 'D', block[0] == 'D' ? 16 : 8};
    size_t len = strlen(block), ciphertext_len, bits;
    uint8_t binary[MAX_BYTES], mac_over[16 + MAX_BYTES], kbek[32], kbmk[32], mac[16],
        *payload = mac_over + 16;

    ck_assert(block[0] == 'B' || block[0] == 'D');
    ck_assert_uint_gt(len, 16 + 4 * cipher.block);
    memcpy(out->header, block, 16);
    out->header[16] = '\0';
    ck_assert_uint_eq(
        (size_t)strtoul((char[]){block[1], block[2], block[3], block[4], 0}, NULL, 10), len);
    ck_assert_mem_eq(block + 12, "00", 2); /* no optional blocks */
    ciphertext_len = from_hex(block + 16, len - 16, binary) - cipher.block;
    ck_assert_uint_eq(ciphertext_len % cipher.block, 0);
    derive(&cipher, kbpk, kbpk_len, 0, kbek);
    derive(&cipher, kbpk, kbpk_len, 1, kbmk);
    memcpy(mac_over, block, 16);
    decrypt(&cipher, kbek, kbpk_len, binary + ciphertext_len, binary, ciphertext_len, payload);
    cmac(&cipher, kbmk, kbpk_len, mac_over, 16 + ciphertext_len, mac);
    ck_assert_mem_eq(mac, binary + ciphertext_len, cipher.block);
    bits = (size_t)payload[0] << 8 | payload[1];
    ck_assert_uint_eq(bits % 8, 0);
    out->key_len = bits / 8;
    ck_assert_uint_le(out->key_len, ciphertext_len - 2);
    memcpy(out->key, payload + 2, out->key_len);
    out->padding_len = ciphertext_len - 2 - out->key_len;
    memcpy(out->padding, payload + 2 + out->key_len, out->padding_len);
}
