/* SPDX-License-Identifier: Apache-2.0 */
/* AES and TDES as OpenSSL's default provider has them. */
#include "p11/profile_reference.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#define TDES_KEY 24

static const EVP_CIPHER *find_cipher(enum p11_cipher cipher, size_t key_len, bool cbc)
{
    if (cipher == P11_TDES)
        return cbc ? EVP_des_ede3_cbc() : EVP_des_ede3_ecb();
    if (key_len == 16)
        return cbc ? EVP_aes_128_cbc() : EVP_aes_128_ecb();
    if (key_len == 24)
        return cbc ? EVP_aes_192_cbc() : EVP_aes_192_ecb();
    return cbc ? EVP_aes_256_cbc() : EVP_aes_256_ecb();
}

/* A double-length TDES key as OpenSSL wants it: K1 K2 K1. */
static size_t expand(enum p11_cipher cipher, const uint8_t *key, size_t key_len, uint8_t *out)
{
    memcpy(out, key, key_len);
    if (cipher != P11_TDES || key_len == TDES_KEY)
        return key_len;
    memcpy(out + key_len, key, TDES_KEY - key_len);
    return TDES_KEY;
}

static bool encrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv,
                    const uint8_t *data, size_t len, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int got = 0;
    bool good;

    good = ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv) == 1 &&
           EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
           EVP_EncryptUpdate(ctx, out, &got, data, (int)len) == 1 && (size_t)got == len;
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

bool reference_ecb(enum p11_cipher cipher, const uint8_t *key, size_t key_len, const uint8_t *data,
                   size_t len, uint8_t *out)
{
    uint8_t expanded[32];

    expand(cipher, key, key_len, expanded);
    return encrypt(find_cipher(cipher, key_len, false), expanded, NULL, data, len, out);
}

bool reference_cbc(enum p11_cipher cipher, const uint8_t *key, size_t key_len, const uint8_t *iv,
                   const uint8_t *data, size_t len, uint8_t *out)
{
    uint8_t expanded[32];

    expand(cipher, key, key_len, expanded);
    return encrypt(find_cipher(cipher, key_len, true), expanded, iv, data, len, out);
}

bool reference_hmac(enum key_algorithm algorithm, const uint8_t *key, size_t key_len,
                    const uint8_t *data, size_t len, uint8_t *out)
{
    static const char *const digests[] = {"SHA224", "SHA256", "SHA384", "SHA512"};
    size_t size = key_algorithm_bytes(algorithm), got = 0;

    return EVP_Q_mac(NULL, "HMAC", NULL, digests[algorithm - KEY_HMAC_SHA224], NULL, key, key_len,
                     data, len, out, size, &got) != NULL &&
           got == size;
}

bool reference_cmac(enum p11_cipher cipher, const uint8_t *key, size_t key_len, const uint8_t *data,
                    size_t len, uint8_t *out)
{
    const char *name = EVP_CIPHER_get0_name(find_cipher(cipher, key_len, true));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, (char *)name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    uint8_t expanded[32];
    size_t expanded_len = expand(cipher, key, key_len, expanded), got = 0;
    bool good;

    good = ctx && EVP_MAC_init(ctx, expanded, expanded_len, params) == 1 &&
           EVP_MAC_update(ctx, data, len) == 1 && EVP_MAC_final(ctx, out, &got, 16) == 1;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return good;
}
