/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of TR-34, byte by byte. */
#include "tr34/der_oid.h"

#include <string.h>

#define VIEW(...)                                                              \
    {                                                                          \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
    }
#define PKCS1 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01
#define PKCS7 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07
#define PKCS9 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09
#define SHA256 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01

const struct der_view der_oid_data = VIEW(PKCS7, 0x01);
const struct der_view der_oid_signed_data = VIEW(PKCS7, 0x02);
const struct der_view der_oid_enveloped_data = VIEW(PKCS7, 0x03);
const struct der_view der_oid_content_type = VIEW(PKCS9, 0x03);
const struct der_view der_oid_message_digest = VIEW(PKCS9, 0x04);
const struct der_view der_oid_signing_time = VIEW(PKCS9, 0x05);
const struct der_view der_oid_random_nonce =
    VIEW(0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x19, 0x03);
const struct der_view der_oid_rsaes_oaep = VIEW(PKCS1, 0x07);
const struct der_view der_oid_mgf1 = VIEW(PKCS1, 0x08);
const struct der_view der_oid_des_ede3_cbc =
    VIEW(0x06, 0x08, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x03, 0x07);
const struct der_view der_oid_aes128_cbc =
    VIEW(0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02);

const struct der_view der_alg_sha256 = VIEW(0x30, 0x0B, SHA256);
const struct der_view der_alg_sha256_null = VIEW(0x30, 0x0D, SHA256, 0x05, 0x00);
const struct der_view der_alg_rsa = VIEW(0x30, 0x0D, PKCS1, 0x01, 0x05, 0x00);
const struct der_view der_alg_sha256_rsa = VIEW(0x30, 0x0D, PKCS1, 0x0B, 0x05, 0x00);
const struct der_view der_alg_empty_label = VIEW(0x30, 0x0D, PKCS1, 0x09, 0x04, 0x00);

bool der_equal(struct der_view a, struct der_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

bool der_is_sha256(struct der_view algorithm)
{
    return der_equal(algorithm, der_alg_sha256) || der_equal(algorithm, der_alg_sha256_null);
}
