/* SPDX-License-Identifier: Apache-2.0 */
/* RSA in the token against OpenSSL: what one wraps or signs, the other opens or verifies; and that
 * a token that answers wrongly is refused. */
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "test/unit/p11/rsa_support.h"

static const struct {
    CK_KEY_TYPE type;
    size_t len;
} kinds[] = {
    {CKK_AES, 16},
    {CKK_AES, 32},
    {CKK_DES2, 16},
    {CKK_DES3, 24},
    {CKK_GENERIC_SECRET, 16},
    {CKK_GENERIC_SECRET, 17},
    {CKK_GENERIC_SECRET, 24},
};

static const enum key_algorithm sizes[] = {KEY_RSA_2048, KEY_RSA_3072, KEY_RSA_4096};

static const uint8_t exponent[] = {1, 0, 1};

static CK_OBJECT_HANDLE recipient_of(const EVP_PKEY *key, size_t *len)
{
    uint8_t modulus[RSA_BYTES_MAX];
    CK_OBJECT_HANDLE recipient;

    *len = modulus_of(key, modulus);
    expect_good(rsa_public(&token, modulus, *len, exponent, sizeof exponent, &recipient, &err));
    return recipient;
}

START_TEST(what_the_token_wraps_openssl_opens)
{
    EVP_PKEY *key = EVP_RSA_gen(key_algorithm_rsa_bits(sizes[_i]));
    uint8_t wrapped[RSA_BYTES_MAX], value[RSA_BYTES_MAX];
    size_t len;
    CK_OBJECT_HANDLE recipient = recipient_of(key, &len);

    for (size_t h = 0; h < COUNT(oaep_hashes); h++)
        for (size_t i = 0; i < COUNT(kinds); i++) {
            struct padding padding = padding_of(oaep_hashes[h]);
            CK_OBJECT_HANDLE known = make_known(kinds[i].type, kinds[i].len);

            expect_good(op_wrap_oaep(&token, oaep_hashes[h], recipient, known, wrapped, len, &err));
            ck_assert_uint_eq(openssl_unwrap(key, &padding, wrapped, len, value), kinds[i].len);
            ck_assert_mem_eq(value, known_value, kinds[i].len);
            destroy_object(known);
        }
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_recipient_may_only_wrap)
{
    static const CK_ATTRIBUTE_TYPE never[] = {CKA_TOKEN,  CKA_PRIVATE,        CKA_ENCRYPT,
                                              CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_DERIVE};
    EVP_PKEY *key = EVP_RSA_gen(2048);
    size_t len;
    CK_OBJECT_HANDLE recipient = recipient_of(key, &len);

    for (size_t i = 0; i < COUNT(never); i++)
        ck_assert_msg(!read_flag(recipient, never[i]), "0x%lX", never[i]);
    ck_assert(read_flag(recipient, CKA_WRAP));
    EVP_PKEY_free(key);
}
END_TEST

/* The first block of zeros under the key that its bytes are. */
static void expect_value(CK_OBJECT_HANDLE key, enum p11_cipher cipher, const uint8_t *value)
{
    static const uint8_t zeros[16];
    uint8_t got[16], expected[32];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;

    expect_good(op_encrypt_cbc(&token, cipher, key, zeros, zeros, 16, got, &err));
    EVP_EncryptInit_ex(ctx, cipher == P11_AES ? EVP_aes_128_cbc() : EVP_des_ede3_cbc(), NULL, value,
                       zeros);
    EVP_EncryptUpdate(ctx, expected, &len, zeros, 16);
    EVP_CIPHER_CTX_free(ctx);
    ck_assert_mem_eq(got, expected, 16);
}

static const enum key_algorithm contents[] = {KEY_AES_128, KEY_TDES_3KEY};

/* An export's content key: made here, at work, and opened by the recipient. */
START_TEST(content_keys_leave_and_work)
{
    struct padding padding = padding_of(P11_SHA256);
    EVP_PKEY *key = EVP_RSA_gen(2048);
    uint8_t wrapped[RSA_BYTES_MAX], value[RSA_BYTES_MAX], block[16], iv[16] = {0};
    size_t len;
    CK_OBJECT_HANDLE recipient = recipient_of(key, &len),
                     payload = make_known(CKK_GENERIC_SECRET, 16);

    for (size_t i = 0; i < COUNT(contents); i++) {
        enum p11_cipher cipher = op_cipher(contents[i]);
        struct p11_template template = {0};
        CK_OBJECT_HANDLE content;

        role_session_template(&token, ROLE_CONTENT, contents[i], 0, &template);
        expect_good(op_generate(&token, contents[i], &template, &content, &err));
        expect_good(op_wrap_cbc(&token, cipher, content, payload, iv, block, 16, &err));
        expect_good(op_wrap_content(&token, cipher, recipient, content, wrapped, len, &err));
        ck_assert_uint_eq(openssl_unwrap(key, &padding, wrapped, len, value),
                          key_algorithm_bytes(contents[i]));
        expect_value(content, cipher, value);
    }
    EVP_PKEY_free(key);
}
END_TEST

static bool unwrap(enum p11_role role, enum key_algorithm algorithm, enum p11_hash hash,
                   CK_OBJECT_HANDLE pair, const uint8_t *wrapped, size_t len, CK_OBJECT_HANDLE *key)
{
    struct p11_template template = {0};

    role_session_template(&token, role, algorithm, 0, &template);
    return op_unwrap_oaep(&token, hash, pair, wrapped, len, &template, key, &err);
}

START_TEST(what_openssl_wraps_the_token_opens)
{
    uint8_t modulus[RSA_BYTES_MAX], wrapped[RSA_BYTES_MAX], back[64], iv[16] = {0};
    size_t len;
    CK_OBJECT_HANDLE pair = make_pair(ROLE_UNWRAPPING, sizes[_i], modulus, &len), result, content;
    EVP_PKEY *key = key_of(modulus, len);

    for (size_t h = 0; h < COUNT(oaep_hashes); h++) {
        struct padding padding = padding_of(oaep_hashes[h]);

        for (size_t i = 0; i < COUNT(contents); i++) {
            size_t bytes = key_algorithm_bytes(contents[i]);
            enum p11_cipher cipher = op_cipher(contents[i]);
            struct p11_template payload = {0};

            ck_assert_uint_eq(openssl_wrap(key, &padding, known_value, bytes, wrapped), len);
            expect_good(unwrap(ROLE_CONTENT_CHECK, contents[i], oaep_hashes[h], pair, wrapped, len,
                               &result));
            expect_value(result, cipher, known_value);
            expect_good(unwrap(ROLE_IMPORT_CONTENT, contents[i], oaep_hashes[h], pair, wrapped, len,
                               &content));
            /* The two are one key: what one encrypts, the other unwraps. */
            role_session_template(&token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &payload);
            expect_good(op_encrypt_cbc(&token, cipher, result, iv, known_value, 48, back, &err));
            expect_good(
                op_unwrap_cbc(&token, cipher, content, iv, back, 48, &payload, &content, &err));
            expect_good(op_wrap_cbc(&token, cipher, result, content, iv, wrapped, 48, &err));
            ck_assert_mem_eq(wrapped, back, 48);
        }
    }
    EVP_PKEY_free(key);
}
END_TEST

/* A payload's length is the token's to say. */
START_TEST(a_secret_of_any_length_is_unwrapped)
{
    static const size_t lengths[] = {1, 16, 17, 24, 48, 64};
    uint8_t modulus[RSA_BYTES_MAX], wrapped[RSA_BYTES_MAX];
    struct padding padding = padding_of(P11_SHA256);
    size_t len;
    CK_OBJECT_HANDLE pair = make_pair(ROLE_UNWRAPPING, KEY_RSA_2048, modulus, &len), result;
    EVP_PKEY *key = key_of(modulus, len);

    for (size_t i = 0; i < COUNT(lengths); i++) {
        CK_ULONG value_len = 0;
        CK_ATTRIBUTE attribute = {CKA_VALUE_LEN, &value_len, sizeof value_len};

        openssl_wrap(key, &padding, known_value, lengths[i], wrapped);
        expect_good(
            unwrap(ROLE_PAYLOAD, KEY_ALGORITHM_NONE, P11_SHA256, pair, wrapped, len, &result));
        expect_good(p11_get_attributes(token.session, result, &attribute, 1, &err) == CKR_OK);
        ck_assert_uint_eq(value_len, lengths[i]);
    }
    EVP_PKEY_free(key);
}
END_TEST

static const char refusal[] =
    "The wrapped key does not open with this private key: wrap the key again to its certificate, "
    "by RSA-OAEP with the hash that is named, for MGF1 too, and an empty label.";

static void expect_refusal(const char *what, enum key_algorithm algorithm, CK_OBJECT_HANDLE pair,
                           const uint8_t *wrapped, size_t len)
{
    size_t before = count_objects(token.session);
    enum p11_role role = algorithm == KEY_ALGORITHM_NONE ? ROLE_PAYLOAD : ROLE_IMPORT_CONTENT;
    CK_OBJECT_HANDLE result = 1;

    ck_assert_msg(!unwrap(role, algorithm, P11_SHA256, pair, wrapped, len, &result), "%s", what);
    ck_assert_msg(err.status == KF_VALIDATION && err.fault == KF_FAULT_NONE, "%s: %s (%s)", what,
                  err.message, err.detail);
    ck_assert_str_eq(err.message, refusal);
    ck_assert_str_ne(err.detail, "");
    kf_error_clear(&err);
    ck_assert_uint_eq(result, CK_INVALID_HANDLE);
    ck_assert_uint_eq(count_objects(token.session), before);
}

/* Every bad cryptogram is refused in the same words. */
START_TEST(bad_cryptograms_are_refused_alike)
{
    const struct {
        const char *what;
        struct padding padding;
        enum key_algorithm algorithm;
        size_t len;
    } wrong[] = {
        {"another hash", {EVP_sha512(), EVP_sha512(), NULL}, KEY_AES_128, 16},
        {"SHA-1", {EVP_sha1(), EVP_sha1(), NULL}, KEY_AES_128, 16},
        {"another MGF1", {EVP_sha256(), EVP_sha1(), NULL}, KEY_AES_128, 16},
        {"a label", {EVP_sha256(), EVP_sha256(), "label"}, KEY_AES_128, 16},
        {"AES-128 of 15 bytes", {EVP_sha256(), EVP_sha256(), NULL}, KEY_AES_128, 15},
        {"AES-128 of 17 bytes", {EVP_sha256(), EVP_sha256(), NULL}, KEY_AES_128, 17},
        {"AES-128 of 24 bytes", {EVP_sha256(), EVP_sha256(), NULL}, KEY_AES_128, 24},
        {"DES3 of 16 bytes", {EVP_sha256(), EVP_sha256(), NULL}, KEY_TDES_3KEY, 16},
        {"DES3 of 32 bytes", {EVP_sha256(), EVP_sha256(), NULL}, KEY_TDES_3KEY, 32},
        {"no bytes", {EVP_sha256(), EVP_sha256(), NULL}, KEY_AES_128, 0},
    };
    uint8_t modulus[RSA_BYTES_MAX], good[RSA_BYTES_MAX], wrapped[RSA_BYTES_MAX + 1];
    struct padding padding = padding_of(P11_SHA256);
    size_t len;
    CK_OBJECT_HANDLE pair = make_pair(ROLE_UNWRAPPING, KEY_RSA_2048, modulus, &len);
    EVP_PKEY *key = key_of(modulus, len), *other = EVP_RSA_gen(2048);

    for (size_t i = 0; i < COUNT(wrong); i++) {
        openssl_wrap(key, &wrong[i].padding, known_value, wrong[i].len, wrapped);
        expect_refusal(wrong[i].what, wrong[i].algorithm, pair, wrapped, len);
    }
    openssl_wrap(other, &padding, known_value, 16, wrapped);
    expect_refusal("another key's", KEY_AES_128, pair, wrapped, len);
    openssl_wrap(key, &padding, known_value, 16, good);
    for (size_t bit = 0; bit < 8 * len; bit += 97) {
        memcpy(wrapped, good, len);
        wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect_refusal("a bit", KEY_ALGORITHM_NONE, pair, wrapped, len);
    }
    memcpy(wrapped, good, len);
    wrapped[len] = 0;
    expect_refusal("a byte less", KEY_ALGORITHM_NONE, pair, wrapped, len - 1);
    expect_refusal("a byte more", KEY_ALGORITHM_NONE, pair, wrapped, len + 1);
    expect_refusal("nothing", KEY_ALGORITHM_NONE, pair, wrapped, 0);
    expect_refusal("half", KEY_ALGORITHM_NONE, pair, wrapped, len / 2);
    memset(wrapped, 0, len);
    expect_refusal("zeros", KEY_ALGORITHM_NONE, pair, wrapped, len);
    memset(wrapped, 0xFF, len);
    expect_refusal("more than the modulus", KEY_ALGORITHM_NONE, pair, wrapped, len);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}
END_TEST

static CK_RV unwrap_answer, session_answer;

static CK_RV answer_unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                           CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                           CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    (void)session, (void)mechanism, (void)unwrapping, (void)wrapped, (void)len;
    (void)template, (void)count, (void)key;
    return unwrap_answer;
}

static CK_RV answer_session(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    return session_answer == CKR_OK ? original.C_GetSessionInfo(session, info) : session_answer;
}

/* Whose fault a failure is. */
START_TEST(only_the_cryptogram_is_blamed_for_the_cryptogram)
{
    static const struct {
        CK_RV unwrap, session;
        enum kf_status status;
        enum kf_fault fault;
    } rows[] = {
        {CKR_WRAPPED_KEY_INVALID, CKR_OK, KF_VALIDATION, KF_FAULT_NONE},
        {CKR_WRAPPED_KEY_LEN_RANGE, CKR_OK, KF_VALIDATION, KF_FAULT_NONE},
        {CKR_ENCRYPTED_DATA_INVALID, CKR_OK, KF_VALIDATION, KF_FAULT_NONE},
        {CKR_FUNCTION_FAILED, CKR_OK, KF_VALIDATION, KF_FAULT_NONE},
        {CKR_GENERAL_ERROR, CKR_OK, KF_VALIDATION, KF_FAULT_NONE},
        {CKR_GENERAL_ERROR, CKR_SESSION_HANDLE_INVALID, KF_UNAVAILABLE, KF_FAULT_SESSION},
        {CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, KF_UNAVAILABLE, KF_FAULT_MODULE},
        {CKR_SESSION_HANDLE_INVALID, CKR_OK, KF_UNAVAILABLE, KF_FAULT_SESSION},
        {CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_OK, KF_UNAVAILABLE, KF_FAULT_STALE},
        {CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_OK, KF_INTERNAL, KF_FAULT_NONE},
        {CKR_MECHANISM_INVALID, CKR_OK, KF_INTERNAL, KF_FAULT_NONE},
    };
    uint8_t wrapped[256] = {0};
    CK_OBJECT_HANDLE result;

    functions->C_UnwrapKey = answer_unwrap;
    functions->C_GetSessionInfo = answer_session;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unwrap_answer = rows[i].unwrap;
        session_answer = rows[i].session;
        ck_assert(!unwrap(ROLE_PAYLOAD, KEY_ALGORITHM_NONE, P11_SHA256, 1, wrapped, 256, &result));
        ck_assert_msg(err.status == rows[i].status && err.fault == rows[i].fault, "%zu: %s (%s)", i,
                      err.message, err.detail);
        ck_assert_int_eq(strcmp(err.message, refusal) == 0, rows[i].status == KF_VALIDATION);
        kf_error_clear(&err);
    }
}
END_TEST

static CK_RV unwrap_readable(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                             CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                             CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    static CK_BBOOL no = CK_FALSE;

    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == CKA_SENSITIVE)
            template[i].pValue = &no;
    return original.C_UnwrapKey(session, mechanism, unwrapping, wrapped, len, template, count, key);
}

START_TEST(a_key_that_came_readable_is_destroyed)
{
    uint8_t modulus[RSA_BYTES_MAX], wrapped[RSA_BYTES_MAX];
    struct padding padding = padding_of(P11_SHA256);
    size_t len;
    CK_OBJECT_HANDLE pair = make_pair(ROLE_UNWRAPPING, KEY_RSA_2048, modulus, &len), result;
    EVP_PKEY *key = key_of(modulus, len);
    size_t before = count_objects(token.session);

    openssl_wrap(key, &padding, known_value, 16, wrapped);
    functions->C_UnwrapKey = unwrap_readable;
    expect_error(unwrap(ROLE_PAYLOAD, KEY_ALGORITHM_NONE, P11_SHA256, pair, wrapped, len, &result),
                 KF_INTERNAL, "readable");
    functions->C_UnwrapKey = original.C_UnwrapKey;
    ck_assert_uint_eq(count_objects(token.session), before);
    EVP_PKEY_free(key);
}
END_TEST

static void expect_signature(CK_OBJECT_HANDLE pair, const uint8_t *modulus, size_t modulus_len)
{
    static const char *const digests[] = {"SHA224", "SHA256", "SHA384", "SHA512"};
    EVP_PKEY *key = key_of(modulus, modulus_len);
    uint8_t data[3000], signature[RSA_BYTES_MAX];

    memset(data, 0x5A, sizeof data);
    for (enum p11_hash hash = P11_SHA224; hash <= P11_SHA512; hash++)
        for (size_t len = 0; len <= sizeof data; len += 1500) {
            EVP_MD_CTX *ctx = EVP_MD_CTX_new();
            size_t signature_len = sizeof signature;

            expect_good(op_sign(&token, hash, pair, data, len, signature, &signature_len, &err));
            ck_assert_uint_eq(signature_len, modulus_len);
            EVP_DigestVerifyInit_ex(ctx, NULL, digests[hash], NULL, NULL, key, NULL);
            ck_assert_int_eq(EVP_DigestVerify(ctx, signature, signature_len, data, len), 1);
            EVP_MD_CTX_free(ctx);
        }
    EVP_PKEY_free(key);
}

START_TEST(what_the_token_signs_openssl_verifies)
{
    uint8_t modulus[RSA_BYTES_MAX];
    size_t len;
    CK_OBJECT_HANDLE pair = make_pair(ROLE_SIGNING, sizes[_i], modulus, &len);

    expect_signature(pair, modulus, len);
}
END_TEST

/* On a token that hashes nothing itself. */
START_TEST(signatures_of_a_digest_info_are_the_same)
{
    uint8_t modulus[RSA_BYTES_MAX];
    size_t len;
    CK_OBJECT_HANDLE pair;

    for (enum p11_operation i = P11_SIGN_SHA224; i <= P11_SIGN_SHA512; i++)
        token.ways[i] = (struct p11_way){true, CKM_RSA_PKCS, "CKM_RSA_PKCS", false};
    pair = make_pair(ROLE_SIGNING, KEY_RSA_2048, modulus, &len);
    expect_signature(pair, modulus, len);
}
END_TEST

static CK_RV sign_with_a_slip(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *out,
                              CK_ULONG *out_len)
{
    CK_RV rv = original.C_Sign(session, data, len, out, out_len);

    if (rv == CKR_OK)
        out[*out_len - 1] ^= 1;
    return rv;
}

START_TEST(a_wrong_signature_is_not_released)
{
    uint8_t modulus[RSA_BYTES_MAX], signature[RSA_BYTES_MAX] = {0}, zeros[RSA_BYTES_MAX] = {0};
    size_t len, room = sizeof signature;
    CK_OBJECT_HANDLE pair = make_pair(ROLE_SIGNING, KEY_RSA_2048, modulus, &len);

    functions->C_Sign = sign_with_a_slip;
    expect_error(op_sign(&token, P11_SHA256, pair, zeros, 10, signature, &room, &err), KF_INTERNAL,
                 "nothing was released");
    ck_assert_mem_eq(signature, zeros, sizeof zeros);
    *functions = original;
    room = len - 1;
    expect_error(op_sign(&token, P11_SHA256, pair, zeros, 10, signature, &room, &err), KF_INTERNAL,
                 "nothing was released");
    ck_assert_mem_eq(signature, zeros, sizeof zeros);
    room = len; /* and no operation stays open */
    expect_good(op_sign(&token, P11_SHA256, pair, zeros, 10, signature, &room, &err));
}
END_TEST

static CK_RV wrap_too_short(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out,
                            CK_ULONG *len)
{
    CK_RV rv = original.C_WrapKey(session, mechanism, wrapping, key, out, len);

    *len -= 1;
    return rv;
}

START_TEST(a_cryptogram_of_another_length_is_not_released)
{
    uint8_t wrapped[RSA_BYTES_MAX] = {0}, zeros[RSA_BYTES_MAX] = {0};
    EVP_PKEY *key = EVP_RSA_gen(2048);
    size_t len;
    CK_OBJECT_HANDLE recipient = recipient_of(key, &len), known = make_known(CKK_AES, 16);

    functions->C_WrapKey = wrap_too_short;
    expect_error(op_wrap_oaep(&token, P11_SHA256, recipient, known, wrapped, len, &err),
                 KF_INTERNAL, "wrapped a key to 255 bytes where the RSA key has 256");
    ck_assert_mem_eq(wrapped, zeros, sizeof zeros);
    EVP_PKEY_free(key);
}
END_TEST

/* Each operation that was not proven is refused by its name, before the token is asked. */
START_TEST(what_was_not_proven_is_refused_by_name)
{
    struct role_object object;
    struct p11_template template = {0};
    uint8_t bytes[RSA_BYTES_MAX];
    size_t len = sizeof bytes;
    CK_OBJECT_HANDLE key;

    describe_pair(ROLE_SIGNING, KEY_RSA_2048, &object);
    memset(token.ways, 0, sizeof token.ways);
    expect_error(rsa_generate(&token, &object, &key, bytes, &len, &err), KF_VALIDATION,
                 "\"generate an RSA key pair\" (CKM_RSA_PKCS_KEY_PAIR_GEN) is missing");
    expect_error(op_wrap_oaep(&token, P11_SHA256, 1, 2, bytes, 256, &err), KF_VALIDATION,
                 "\"OAEP wrap with SHA-256\" (CKM_RSA_PKCS_OAEP) is missing");
    expect_error(op_wrap_oaep(&token, P11_SHA512, 1, 2, bytes, 256, &err), KF_VALIDATION,
                 "\"OAEP wrap with SHA-512\"");
    expect_error(op_wrap_content(&token, P11_TDES, 1, 2, bytes, 256, &err), KF_VALIDATION,
                 "\"OAEP wrap of a TDES key\"");
    expect_error(op_unwrap_oaep(&token, P11_SHA256, 1, bytes, 256, &template, &key, &err),
                 KF_VALIDATION, "\"OAEP unwrap with SHA-256\"");
    expect_error(op_unwrap_oaep(&token, P11_SHA512, 1, bytes, 256, &template, &key, &err),
                 KF_VALIDATION, "\"OAEP unwrap with SHA-512\"");
    expect_error(op_sign(&token, P11_SHA384, 1, bytes, 1, bytes, &len, &err), KF_VALIDATION,
                 "\"RSA signature with SHA-384\" (CKM_SHA384_RSA_PKCS or CKM_RSA_PKCS)");
    expect_error(op_generate(&token, KEY_AES_128, &template, &key, &err), KF_VALIDATION,
                 "\"generate an AES key\"");
    expect_error(op_generate(&token, KEY_TDES_2KEY, &template, &key, &err), KF_VALIDATION,
                 "\"generate a TDES key\"");
    expect_error(op_generate(&token, KEY_HMAC_SHA256, &template, &key, &err), KF_VALIDATION,
                 "\"generate a secret\"");
}
END_TEST

static CK_RV generate_longer(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                             CK_ATTRIBUTE *public, CK_ULONG public_count, CK_ATTRIBUTE *private,
                             CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                             CK_OBJECT_HANDLE *private_key)
{
    static CK_ULONG bits = 3072;

    for (CK_ULONG i = 0; i < public_count; i++)
        if (public[i].type == CKA_MODULUS_BITS)
    public[i].pValue = &bits;
    return original.C_GenerateKeyPair(session, mechanism, public, public_count, private,
                                      private_count, public_key, private_key);
}

static CK_RV read_another_modulus(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                  CK_ATTRIBUTE *template, CK_ULONG count)
{
    static unsigned reads;
    CK_RV rv = original.C_GetAttributeValue(session, object, template, count);

    if (rv == CKR_OK && template[0].type == CKA_MODULUS && reads++ == 0)
        ((uint8_t *)template[0].pValue)[100] ^= 1;
    return rv;
}

/* And nothing of it stays. */
START_TEST(a_pair_that_is_not_as_asked_for_is_refused)
{
    size_t before = count_objects(token.session), len = 0;
    uint8_t modulus[RSA_BYTES_MAX];
    struct role_object object;
    CK_OBJECT_HANDLE pair;

    describe_pair(ROLE_SIGNING, KEY_RSA_2048, &object);
    functions->C_GenerateKeyPair = generate_longer;
    expect_error(rsa_generate(&token, &object, &pair, modulus, &len, &err), KF_INTERNAL,
                 "of another length than 2048 bits");
    *functions = original;
    functions->C_GetAttributeValue = read_another_modulus;
    expect_error(rsa_generate(&token, &object, &pair, modulus, &len, &err), KF_INTERNAL,
                 "two halves of an RSA key that do not fit");
    ck_assert_uint_eq(pair, CK_INVALID_HANDLE);
    ck_assert_uint_eq(count_objects(token.session), before);
}
END_TEST

START_TEST(only_the_private_half_stays)
{
    size_t before = count_objects(token.session), len = 0, again = 0;
    uint8_t modulus[RSA_BYTES_MAX], read[RSA_BYTES_MAX];
    CK_OBJECT_HANDLE pair = make_pair(ROLE_SIGNING, KEY_RSA_2048, modulus, &len);

    ck_assert_uint_eq(count_objects(token.session), before + 1);
    expect_good(rsa_modulus(&token, pair, read, &again, &err));
    ck_assert_mem_eq(read, modulus, len);
    destroy_object(pair);
    expect_error(rsa_modulus(&token, pair, read, &again, &err), KF_UNAVAILABLE, "has just gone");
}
END_TEST

START_TEST(leading_zeros_are_taken_off)
{
    uint8_t number[] = {0, 0, 1, 0, 2}, zeros[] = {0, 0};

    ck_assert_uint_eq(rsa_strip(number, sizeof number), 3);
    ck_assert_mem_eq(number, "\1\0\2", 3);
    ck_assert_uint_eq(rsa_strip(zeros, sizeof zeros), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, rsa_setup, rsa_teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, what_the_token_wraps_openssl_opens, 0, COUNT(sizes));
    tcase_add_test(tests, a_recipient_may_only_wrap);
    tcase_add_test(tests, content_keys_leave_and_work);
    tcase_add_loop_test(tests, what_openssl_wraps_the_token_opens, 0, COUNT(sizes));
    tcase_add_test(tests, a_secret_of_any_length_is_unwrapped);
    tcase_add_test(tests, bad_cryptograms_are_refused_alike);
    tcase_add_test(tests, a_key_that_came_readable_is_destroyed);
    tcase_add_test(tests, only_the_cryptogram_is_blamed_for_the_cryptogram);
    tcase_add_loop_test(tests, what_the_token_signs_openssl_verifies, 0, COUNT(sizes));
    tcase_add_test(tests, signatures_of_a_digest_info_are_the_same);
    tcase_add_test(tests, a_wrong_signature_is_not_released);
    tcase_add_test(tests, a_cryptogram_of_another_length_is_not_released);
    tcase_add_test(tests, what_was_not_proven_is_refused_by_name);
    tcase_add_test(tests, a_pair_that_is_not_as_asked_for_is_refused);
    tcase_add_test(tests, only_the_private_half_stays);
    tcase_add_test(tests, leading_zeros_are_taken_off);
    return run_case(tests, "rsa");
}
