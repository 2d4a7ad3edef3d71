/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/p11/rsa_support.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "p11/calls.h"

CK_FUNCTION_LIST *functions, original;

void rsa_setup(void)
{
    store_setup();
    functions = p11_session_functions(token.session);
    original = *functions;
}

void rsa_teardown(void)
{
    *functions = original;
    store_teardown();
}

const enum p11_hash oaep_hashes[2] = {P11_SHA256, P11_SHA512};

const uint8_t known_value[64] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE,
                                 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0x02, 0x04,
                                 0x07, 0x08, 0x0B, 0x0D, 0x0E, 0x10, 0x13, 0x15};

size_t modulus_of(const EVP_PKEY *key, uint8_t modulus[RSA_BYTES_MAX])
{
    BIGNUM *n = NULL;
    int len;

    ck_assert_int_eq(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    len = BN_bn2bin(n, modulus);
    BN_free(n);
    return (size_t)len;
}

EVP_PKEY *key_of(const uint8_t *modulus, size_t len)
{
    BIGNUM *n = BN_bin2bn(modulus, (int)len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params;
    EVP_PKEY *key = NULL;

    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, 65537);
    params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_fromdata_init(ctx);
    ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    BN_free(n);
    return key;
}

struct padding padding_of(enum p11_hash hash)
{
    const EVP_MD *md = hash == P11_SHA256 ? EVP_sha256() : EVP_sha512();

    return (struct padding){md, md, NULL};
}

static void set_padding(EVP_PKEY_CTX *ctx, const struct padding *padding)
{
    ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, padding->hash), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, padding->mgf), 1);
    if (padding->label)
        ck_assert_int_eq(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(padding->label),
                                                          (int)strlen(padding->label)),
                         1);
}

size_t openssl_wrap(EVP_PKEY *key, const struct padding *padding, const uint8_t *value, size_t len,
                    uint8_t out[RSA_BYTES_MAX])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t out_len = RSA_BYTES_MAX;

    ck_assert_int_eq(EVP_PKEY_encrypt_init(ctx), 1);
    set_padding(ctx, padding);
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, out, &out_len, value, len), 1);
    EVP_PKEY_CTX_free(ctx);
    return out_len;
}

size_t openssl_unwrap(EVP_PKEY *key, const struct padding *padding, const uint8_t *wrapped,
                      size_t len, uint8_t out[RSA_BYTES_MAX])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t out_len = RSA_BYTES_MAX;

    ck_assert_int_eq(EVP_PKEY_decrypt_init(ctx), 1);
    set_padding(ctx, padding);
    ck_assert_int_eq(EVP_PKEY_decrypt(ctx, out, &out_len, wrapped, len), 1);
    EVP_PKEY_CTX_free(ctx);
    return out_len;
}

void describe_pair(enum p11_role role, enum key_algorithm algorithm, struct role_object *object)
{
    *object = (struct role_object){.role = role, .algorithm = algorithm, .label = "a pair"};
    object->id[0] = (uint8_t)role;
    expect_good(p11_generate_random(token.session, object->id + 1, KEY_ID_BYTES, &err) == CKR_OK);
}

CK_OBJECT_HANDLE make_pair(enum p11_role role, enum key_algorithm algorithm,
                           uint8_t modulus[RSA_BYTES_MAX], size_t *len)
{
    struct role_object object;
    CK_OBJECT_HANDLE pair;

    describe_pair(role, algorithm, &object);
    expect_good(rsa_generate(&token, &object, &pair, modulus, len, &err));
    return pair;
}

CK_OBJECT_HANDLE make_known(CK_KEY_TYPE type, size_t len)
{
    struct p11_template template = {0};
    CK_OBJECT_HANDLE key;

    template_number(&template, CKA_CLASS, CKO_SECRET_KEY);
    template_number(&template, CKA_KEY_TYPE, type);
    template_flag(&template, CKA_TOKEN, false);
    template_flag(&template, CKA_SENSITIVE, true);
    template_flag(&template, CKA_EXTRACTABLE, true);
    template_bytes(&template, CKA_VALUE, known_value, len);
    expect_good(p11_create_object(token.session, template.attributes, template.count, &key, &err) ==
                CKR_OK);
    return key;
}
