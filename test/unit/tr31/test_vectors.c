/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's public halves joined with a cipher, as the token will be: published derivations
 * come out, and published version B and D blocks are made again to the last character. The cipher
 * is OpenSSL's, here only.
 */
#include "test/unit/tr31/support.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "tr31/derive.h"

#define KEY_MAX 32
#define PAYLOAD_MAX 256

/* One key of the test. Its algorithm follows from version and length. */
struct secret {
    uint8_t bytes[KEY_MAX];
    enum key_algorithm algorithm;
};

static enum key_algorithm kbpk_algorithm(char version, size_t len)
{
    if (version == 'D')
        return len == 16 ? KEY_AES_128 : len == 24 ? KEY_AES_192 : KEY_AES_256;
    return len == 16 ? KEY_TDES_2KEY : KEY_TDES_3KEY;
}

static const EVP_CIPHER *cipher_of(enum key_algorithm algorithm, bool cbc)
{
    switch (algorithm) {
    case KEY_TDES_2KEY:
        return cbc ? EVP_des_ede_cbc() : EVP_des_ede_ecb();
    case KEY_TDES_3KEY:
        return cbc ? EVP_des_ede3_cbc() : EVP_des_ede3_ecb();
    case KEY_AES_128:
        return cbc ? EVP_aes_128_cbc() : EVP_aes_128_ecb();
    case KEY_AES_192:
        return cbc ? EVP_aes_192_cbc() : EVP_aes_192_ecb();
    default:
        return cbc ? EVP_aes_256_cbc() : EVP_aes_256_ecb();
    }
}

/* CBC with an IV, ECB without; whole blocks only. */
static void run_cipher(const struct secret *key, const uint8_t *iv, bool encrypt, const uint8_t *in,
                       size_t len, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = cipher_of(key->algorithm, iv != NULL);
    int wrote = 0;

    ck_assert_int_eq(EVP_CipherInit_ex(context, cipher, NULL, key->bytes, iv, encrypt), 1);
    EVP_CIPHER_CTX_set_padding(context, 0);
    ck_assert_int_eq(EVP_CipherUpdate(context, out, &wrote, in, (int)len), 1);
    ck_assert_uint_eq((size_t)wrote, len);
    EVP_CIPHER_CTX_free(context);
}

static void find_subkeys(const struct secret *key, struct tr31_cmac_subkeys *subkeys)
{
    const uint8_t zero[TR31_BLOCK_MAX] = {0};
    uint8_t l[TR31_BLOCK_MAX];
    size_t block = key_algorithm_block(key->algorithm);

    run_cipher(key, NULL, true, zero, block, l);
    tr31_cmac_subkeys(l, block, subkeys);
}

static struct secret derive(const struct secret *kbpk, enum tr31_derived_key which)
{
    struct tr31_cmac_subkeys subkeys;
    struct secret derived = {.algorithm = kbpk->algorithm};
    uint8_t data[TR31_DERIVATION_MAX], out[TR31_DERIVATION_MAX];
    size_t len;

    find_subkeys(kbpk, &subkeys);
    len = tr31_derivation_data(kbpk->algorithm, which, &subkeys, data);
    run_cipher(kbpk, NULL, true, data, len, out);
    memcpy(derived.bytes, out, key_algorithm_bytes(kbpk->algorithm));
    return derived;
}

static struct secret load_kbpk(const json_t *vector, char version)
{
    struct secret kbpk = {.algorithm = KEY_ALGORITHM_NONE};

    kbpk.algorithm = kbpk_algorithm(
        version, vector_bytes(vector, "kbpk_hex", kbpk.bytes, sizeof kbpk.bytes));
    return kbpk;
}

START_TEST(published_derivations_come_out)
{
    json_t *vectors = vectors_load("derivation"), *vector;
    size_t index, tested = 0;

    json_array_foreach(vectors, index, vector) {
        char version = vector_text(vector, "version")[0];
        struct secret kbpk, kbek, kbmk;
        uint8_t expected[KEY_MAX];

        if (version != 'B' && version != 'D')
            continue;
        kbpk = load_kbpk(vector, version);
        kbek = derive(&kbpk, TR31_KBEK);
        kbmk = derive(&kbpk, TR31_KBMK);
        ck_assert_mem_eq(kbek.bytes, expected,
                         vector_bytes(vector, "kbek_hex", expected, sizeof expected));
        ck_assert_mem_eq(kbmk.bytes, expected,
                         vector_bytes(vector, "kbak_hex", expected, sizeof expected));
        tested++;
    }
    ck_assert_uint_ge(tested, 8);
    json_decref(vectors);
}
END_TEST

/* The MAC as the token makes it: CBC over the header, then over the payload with K1 in its last
 * block. */
static void make_mac(const struct secret *kbmk, const char *header, size_t header_size,
                     const uint8_t *payload, size_t len, uint8_t *mac)
{
    const uint8_t zero[TR31_BLOCK_MAX] = {0};
    uint8_t data[PAYLOAD_MAX], out[TR31_KEYBLOCK_MAX];
    size_t block = key_algorithm_block(kbmk->algorithm);
    struct tr31_cmac_subkeys subkeys;

    find_subkeys(kbmk, &subkeys);
    run_cipher(kbmk, zero, true, (const uint8_t *)header, header_size, out);
    memcpy(mac, out + header_size - block, block);
    memcpy(data, payload, len);
    tr31_cmac_finish(&subkeys, data, len);
    run_cipher(kbmk, mac, true, data, len, out);
    memcpy(mac, out + len - block, block);
}

/* Opens the block for its padding, and makes it again from header, key and padding. */
static void remake(const json_t *vector, const char *text, bool parsed,
                   const struct tr31_keyblock *block, const struct kf_error *err)
{
    uint8_t key[PAYLOAD_MAX], opened[PAYLOAD_MAX], payload[PAYLOAD_MAX], ciphertext[PAYLOAD_MAX];
    uint8_t mac[TR31_MAC_MAX];
    char header[PAYLOAD_MAX], again[2 * PAYLOAD_MAX];
    struct secret kbpk, kbek, kbmk;
    struct tr31_layout layout;
    struct kf_error refused = {0};
    size_t key_len, natural;

    ck_assert_msg(parsed, "%s", err->message);
    /* Ours to write: B and D. The long private keys are left to the reader. */
    if (!strchr("BD", block->header.version) || strchr("RE", block->header.algorithm))
        return;
    kbpk = load_kbpk(vector, block->header.version);
    kbek = derive(&kbpk, TR31_KBEK);
    kbmk = derive(&kbpk, TR31_KBMK);
    ck_assert_uint_le(block->ciphertext_len, sizeof opened);
    run_cipher(&kbek, block->mac, false, block->ciphertext, block->ciphertext_len, opened);

    key_len = vector_bytes(vector, "expected_key_hex", key, sizeof key);
    natural = TR31_PAYLOAD_PREFIX + key_len + key_algorithm_block(kbpk.algorithm);
    ck_assert(tr31_layout_make(&block->header, key_len, block->ciphertext_len >= natural, &layout,
                               &refused));
    ck_assert_uint_eq(layout.payload_len, block->ciphertext_len);
    ck_assert_uint_lt(layout.total_size, sizeof again);
    tr31_payload_prefix(key_len, payload);
    memcpy(payload + TR31_PAYLOAD_PREFIX, key, key_len);
    memcpy(payload + TR31_PAYLOAD_PREFIX + key_len, opened + TR31_PAYLOAD_PREFIX + key_len,
           layout.padding_len);
    tr31_layout_header(&block->header, &layout, NULL, header);
    make_mac(&kbmk, header, layout.header_size, payload, layout.payload_len, mac);
    run_cipher(&kbek, mac, true, payload, layout.payload_len, ciphertext);
    tr31_keyblock_write(&layout, header, ciphertext, mac, again);
    ck_assert_str_eq(again, text);
}

START_TEST(published_blocks_are_made_again)
{
    each_block("accept", 40, remake);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {published_derivations_come_out, published_blocks_are_made_again};

    return run_suite("vectors", tests, COUNT(tests));
}
