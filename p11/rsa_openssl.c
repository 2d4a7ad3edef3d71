/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/rsa_openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define EXPONENT 65537

static const EVP_MD *digest(enum p11_hash hash)
{
    switch (hash) {
    case P11_SHA224:
        return EVP_sha224();
    case P11_SHA256:
        return EVP_sha256();
    case P11_SHA384:
        return EVP_sha384();
    case P11_SHA512:
        break;
    }
    return EVP_sha512();
}

static EVP_PKEY *public_key(const uint8_t *modulus, size_t len)
{
    BIGNUM *n = BN_bin2bn(modulus, (int)len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (!n || !builder || !ctx || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, EXPONENT) != 1)
        goto out;
    params = OSSL_PARAM_BLD_to_param(builder);
    if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;

out:
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    return key;
}

bool rsa_openssl_verify(const uint8_t *modulus, size_t modulus_len, enum p11_hash hash,
                        const uint8_t *data, size_t len, const uint8_t *signature,
                        size_t signature_len)
{
    EVP_PKEY *key = public_key(modulus, modulus_len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = key && ctx && EVP_DigestVerifyInit(ctx, NULL, digest(hash), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}

bool rsa_openssl_digest_info(enum p11_hash hash, const uint8_t *data, size_t len,
                             uint8_t out[DIGEST_INFO_MAX], size_t *out_len)
{
    X509_SIG *info = X509_SIG_new();
    uint8_t value[EVP_MAX_MD_SIZE], *end = out;
    unsigned value_len = 0;
    X509_ALGOR *algorithm = NULL;
    ASN1_OCTET_STRING *octets = NULL;
    int size = 0;

    if (!info || EVP_Digest(data, len, value, &value_len, digest(hash), NULL) != 1)
        goto out;
    X509_SIG_getm(info, &algorithm, &octets);
    if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(EVP_MD_get_type(digest(hash))), V_ASN1_NULL, NULL) !=
            1 ||
        ASN1_OCTET_STRING_set(octets, value, (int)value_len) != 1)
        goto out;
    size = i2d_X509_SIG(info, NULL);
    if (size <= 0 || size > DIGEST_INFO_MAX || i2d_X509_SIG(info, &end) != size)
        size = 0;

out:
    X509_SIG_free(info);
    *out_len = size > 0 ? (size_t)size : 0;
    return *out_len > 0;
}

bool rsa_openssl_oaep(const uint8_t *modulus, size_t modulus_len, enum p11_hash hash,
                      const uint8_t *value, size_t len, uint8_t *out)
{
    EVP_PKEY *key = public_key(modulus, modulus_len);
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    size_t out_len = modulus_len;
    bool good = ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(ctx, digest(hash)) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, digest(hash)) == 1 &&
                EVP_PKEY_encrypt(ctx, out, &out_len, value, len) == 1 && out_len == modulus_len;

    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}
