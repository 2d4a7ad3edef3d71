/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-test on one token, TEST_TOKEN: what it must find there, that it leaves nothing behind,
 * and that it notices a token that answers wrongly. For the latter single functions of the module
 * are replaced.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/profile.h"
#include "test/unit/p11/support.h"

#define BIT(operation) (1ull << (operation))
#define KDFS (BIT(P11_KDF_AES) | BIT(P11_KDF_TDES))
#define UNWRAPS (BIT(P11_UNWRAP_AES) | BIT(P11_UNWRAP_TDES))
#define JOINS                                                                          \
    (BIT(P11_JOIN_PREFIX) | BIT(P11_JOIN_SUFFIX) | BIT(P11_JOIN_KEYS) | BIT(P11_XOR) | \
     BIT(P11_CUT) | BIT(P11_IDENTITY) | BIT(P11_IDENTITY_TDES))

#define OAEPS                                                           \
    (BIT(P11_OAEP_SHA256) | BIT(P11_OAEP_SHA512) | BIT(P11_OAEP_TDES) | \
     BIT(P11_OAEP_UNWRAP_SHA256) | BIT(P11_OAEP_UNWRAP_SHA512))
#define ALL_FORMATS                                                      \
    {                                                                    \
        true, true, true, true, true, true, true, true, true, true, true \
    }

/* What is known of each token. */
static const struct {
    unsigned long long missing;
    struct p11_template_rungs rungs;
    enum profile_result checks[PROFILE_CHECKS];
    bool formats[PROFILE_FORMATS];
} known[FIXTURE_TOKENS] = {
    [FIXTURE_SOFTHSM] =
        {
            .rungs = {true, true, true},
            .formats = ALL_FORMATS,
        },
    [FIXTURE_NSS] =
        {
            .missing = BIT(P11_KDF_TDES) | BIT(P11_SEAL),
            .rungs = {.modifiable = true},
            .checks =
                {
                    [CHECK_WRAP_UNEXTRACTABLE] = PROFILE_FAILED,
                    [CHECK_WRAP_JOIN] = PROFILE_FAILED,
                    [CHECK_USAGE_FLAGS] = PROFILE_FAILED,
                    [CHECK_ALLOWED_MECHANISMS] = PROFILE_FAILED,
                    [CHECK_WEAKEN] = PROFILE_FAILED,
                },
            .formats = ALL_FORMATS,
        },
    [FIXTURE_STOCK_SOFTHSM] =
        {
            .missing = KDFS | JOINS | UNWRAPS | OAEPS | BIT(P11_WRAP_TDES) | BIT(P11_SEAL),
            .rungs = {true, true, true},
            .checks = {[CHECK_WRAP_JOIN] = PROFILE_NOT_APPLICABLE},
        },
};

static struct fixture fixture;
static struct p11_token token;
static struct p11_profile profile;
static struct kf_error err;
static CK_FUNCTION_LIST *functions, original;
static size_t objects;

static void setup(void)
{
    ck_assert(fixture_create(TEST_TOKEN, &fixture));
    token.session = open_session(&fixture);
    functions = p11_session_functions(token.session);
    original = *functions;
    objects = count_objects(token.session);
}

/* Whatever a test did, no object may be left. */
static void teardown(void)
{
    *functions = original;
    ck_assert_uint_eq(count_objects(token.session), objects);
    p11_session_close(token.session);
    fixture_destroy(&fixture);
}

static void probe(void)
{
    ck_assert_msg(profile_probe(&token, &profile, &err), "%s (%s)", err.message, err.detail);
}

static bool expected(enum p11_operation operation)
{
    return !(known[TEST_TOKEN].missing & BIT(operation));
}

START_TEST(each_operation_is_as_known)
{
    probe();
    for (enum p11_operation i = 0; i < P11_OPERATIONS; i++) {
        ck_assert_msg(token.ways[i].proven == expected(i), "%s: %s", op_name(i),
                      profile.reasons[i]);
        ck_assert_msg((profile.reasons[i][0] == '\0') == expected(i), "%s: %s", op_name(i),
                      profile.reasons[i]);
        ck_assert_msg(!token.ways[i].drop_last_block, "%s", op_name(i));
    }
}
END_TEST

START_TEST(the_rungs_are_as_known)
{
    probe();
    ck_assert_int_eq(token.rungs.allowed_mechanisms, known[TEST_TOKEN].rungs.allowed_mechanisms);
    ck_assert_int_eq(token.rungs.copyable, known[TEST_TOKEN].rungs.copyable);
    ck_assert_int_eq(token.rungs.modifiable, known[TEST_TOKEN].rungs.modifiable);
}
END_TEST

START_TEST(each_check_is_as_known)
{
    bool trusted = true;
    char text[600];

    probe();
    for (enum profile_check i = 0; i < PROFILE_CHECKS; i++) {
        ck_assert_msg(profile.checks[i] == known[TEST_TOKEN].checks[i], "%s: %s",
                      profile_check_name(i), profile.details[i]);
        ck_assert_str_ne(profile.details[i], "");
        trusted = trusted && known[TEST_TOKEN].checks[i] != PROFILE_FAILED;
    }
    ck_assert_int_eq(profile_trusted(&profile, text, sizeof text), trusted);
    ck_assert_int_eq(text[0] == '\0', trusted);
}
END_TEST

START_TEST(each_format_is_as_known)
{
    static const char *const missing[PROFILE_FORMATS] = {
        [FORMAT_TR31_B] = "join data before a key (CKM_CONCATENATE_DATA_AND_BASE)",
        [FORMAT_TR31_D] = "join data before a key (CKM_CONCATENATE_DATA_AND_BASE)",
        [FORMAT_DUKPT_TDES] = "join two keys (CKM_CONCATENATE_BASE_AND_KEY), xor data into a key",
        [FORMAT_DUKPT_AES] = "give a key a new template (CKM_EXTRACT_KEY_FROM_KEY or",
        [FORMAT_TR31_IMPORT_B] = "TDES-CBC unwrap (CKM_DES3_CBC)",
        [FORMAT_TR31_IMPORT_D] = "AES-CBC unwrap (CKM_AES_CBC)",
        [FORMAT_TR31_IMPORT_AC] = "TDES-CBC unwrap (CKM_DES3_CBC)",
        [FORMAT_TR34] = "OAEP wrap with SHA-256 (CKM_RSA_PKCS_OAEP), join data before a key",
        [FORMAT_TR34_IMPORT] =
            "OAEP unwrap with SHA-256 (CKM_RSA_PKCS_OAEP), join data before a key",
        [FORMAT_KEY_CRYPTOGRAM] = "OAEP wrap with SHA-256 (CKM_RSA_PKCS_OAEP) or OAEP wrap",
        [FORMAT_KEY_CRYPTOGRAM_IMPORT] = "OAEP unwrap with SHA-256 (CKM_RSA_PKCS_OAEP) or OAEP",
    };
    char text[600];

    probe();
    for (enum profile_format i = 0; i < PROFILE_FORMATS; i++) {
        ck_assert_int_eq(profile_can(&token, i, 0, text, sizeof text),
                         known[TEST_TOKEN].formats[i]);
        if (known[TEST_TOKEN].formats[i])
            ck_assert_str_eq(text, "");
        else
            ck_assert_msg(strstr(text, missing[i]) != NULL, "%s", text);
    }
}
END_TEST

START_TEST(a_second_probe_finds_the_same)
{
    struct p11_profile first;

    probe();
    first = profile;
    probe();
    ck_assert_mem_eq(&first, &profile, sizeof first);
}
END_TEST

/* A token object as a self-test makes it, made `age` seconds ago, or another with the same label.
 */
static CK_OBJECT_HANDLE leave(uint8_t role, time_t age)
{
    static const char label[] = "Keyferry self-test, to be deleted";
    struct p11_template template = {0};
    uint32_t made = (uint32_t)(time(NULL) - age);
    uint8_t id[11] = {
        role, (uint8_t)(made >> 24), (uint8_t)(made >> 16), (uint8_t)(made >> 8), (uint8_t)made,
        role};
    CK_OBJECT_HANDLE object;

    template_number(&template, CKA_CLASS, CKO_SECRET_KEY);
    template_number(&template, CKA_KEY_TYPE, CKK_AES);
    template_number(&template, CKA_VALUE_LEN, 16);
    template_flag(&template, CKA_TOKEN, true);
    template_bytes(&template, CKA_ID, id, sizeof id);
    template_bytes(&template, CKA_LABEL, label, sizeof label - 1);
    ck_assert_uint_eq(p11_generate_key(token.session, &(CK_MECHANISM){CKM_AES_KEY_GEN, NULL, 0},
                                       template.attributes, template.count, &object, NULL),
                      CKR_OK);
    return object;
}

START_TEST(leftovers_of_a_killed_probe_are_swept)
{
    leave(0xFE, 3600);
    leave(0xFE, -3600);
    probe();
    ck_assert_uint_eq(count_objects(token.session), objects);
}
END_TEST

START_TEST(what_another_probe_is_trying_stays)
{
    CK_OBJECT_HANDLE fresh = leave(0xFE, 0), other = leave(0x01, 3600);

    probe();
    ck_assert_uint_eq(count_objects(token.session), objects + 2);
    op_destroy(&token, &fresh);
    op_destroy(&token, &other);
}
END_TEST

/* CKM_AES_CBC_PAD made of CKM_AES_CBC, for tokens that do not wrap with it: whole blocks get one
 * more. */
static CK_RV wrap_with_padding(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out,
                               CK_ULONG *len)
{
    CK_MECHANISM cbc = {CKM_AES_CBC, mechanism->pParameter, mechanism->ulParameterLen};
    CK_RV rv = original.C_WrapKey(session, &cbc, wrapping, key, out, len);

    if (rv == CKR_OK)
        *len += 16;
    return rv;
}

/* SoftHSM 2.7.0's CKM_AES_CBC wrap. */
static CK_RV wrap_without_iv(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                             CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out,
                             CK_ULONG *len)
{
    uint8_t zeros[16] = {0};
    CK_MECHANISM changed = {CKM_AES_CBC, zeros, sizeof zeros};

    if (mechanism->mechanism == CKM_AES_CBC_PAD)
        return wrap_with_padding(session, mechanism, wrapping, key, out, len);
    if (mechanism->mechanism == CKM_AES_CBC)
        mechanism = &changed;
    return original.C_WrapKey(session, mechanism, wrapping, key, out, len);
}

START_TEST(a_wrap_that_ignores_the_iv_is_not_used)
{
    functions->C_WrapKey = wrap_without_iv;
    probe();
    ck_assert(token.ways[P11_WRAP_AES].proven);
    ck_assert_uint_eq(token.ways[P11_WRAP_AES].mechanism, CKM_AES_CBC_PAD);
    ck_assert(token.ways[P11_WRAP_AES].drop_last_block);
    ck_assert_str_eq(profile.reasons[P11_WRAP_AES], "");
}
END_TEST

static CK_RV wrap_padded_only(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                              CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out,
                              CK_ULONG *len)
{
    if (mechanism->mechanism == CKM_AES_CBC)
        return wrap_with_padding(session, mechanism, wrapping, key, out, len);
    if (mechanism->mechanism == CKM_AES_CBC_PAD)
        return CKR_GENERAL_ERROR;
    return original.C_WrapKey(session, mechanism, wrapping, key, out, len);
}

START_TEST(a_wrap_that_pads_is_not_used)
{
    functions->C_WrapKey = wrap_padded_only;
    probe();
    ck_assert(!token.ways[P11_WRAP_AES].proven);
    ck_assert_str_eq(profile.reasons[P11_WRAP_AES],
                     "CKM_AES_CBC: C_WrapKey: unexpected length (AES-128); "
                     "CKM_AES_CBC_PAD: C_WrapKey: CKR_GENERAL_ERROR (AES-128)");
}
END_TEST

static CK_RV encrypt_with_a_slip(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len,
                                 CK_BYTE *out, CK_ULONG *out_len)
{
    CK_RV rv = original.C_Encrypt(session, data, len, out, out_len);

    if (rv == CKR_OK)
        out[len - 1] ^= 1;
    return rv;
}

START_TEST(one_wrong_bit_is_noticed)
{
    functions->C_Encrypt = encrypt_with_a_slip;
    probe();
    ck_assert(!token.ways[P11_ECB_AES].proven);
    ck_assert_str_eq(profile.reasons[P11_ECB_AES], "CKM_AES_ECB: wrong result (AES-128)");
    ck_assert_str_eq(profile.reasons[P11_CBC_TDES], "CKM_DES3_CBC: wrong result (DES2)");
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

START_TEST(a_wrong_signature_is_noticed)
{
    functions->C_Sign = sign_with_a_slip;
    probe();
    ck_assert(!token.ways[P11_SIGN_SHA256].proven);
    ck_assert_str_eq(profile.reasons[P11_SIGN_SHA256],
                     "CKM_SHA256_RSA_PKCS: C_Sign: wrong signature (RSA-2048); "
                     "CKM_RSA_PKCS: C_Sign: wrong signature (RSA-2048)");
}
END_TEST

/* A token that does not hash itself. */
static CK_RV sign_bare_only(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE key)
{
    if (mechanism->mechanism == CKM_SHA256_RSA_PKCS)
        return CKR_MECHANISM_INVALID;
    return original.C_SignInit(session, mechanism, key);
}

START_TEST(signatures_without_a_hash_are_the_second_way)
{
    functions->C_SignInit = sign_bare_only;
    probe();
    ck_assert_uint_eq(token.ways[P11_SIGN_SHA256].mechanism, CKM_RSA_PKCS);
    ck_assert_uint_eq(token.ways[P11_SIGN_SHA512].mechanism, CKM_SHA512_RSA_PKCS);
}
END_TEST

/* OAEP with one hash whatever is asked for, as a token would that does not look at the parameter:
 * a round trip of its own works. */
static CK_MECHANISM *with_one_hash(CK_MECHANISM *mechanism, CK_RSA_PKCS_OAEP_PARAMS *params)
{
    if (mechanism->mechanism != CKM_RSA_PKCS_OAEP)
        return mechanism;
    memcpy(params, mechanism->pParameter, sizeof *params);
    params->hashAlg = CKM_SHA_1;
    params->mgf = CKG_MGF1_SHA1;
    mechanism->pParameter = params;
    return mechanism;
}

static CK_RV wrap_with_one_hash(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out,
                                CK_ULONG *len)
{
    CK_RSA_PKCS_OAEP_PARAMS params;

    return original.C_WrapKey(session, with_one_hash(mechanism, &params), wrapping, key, out, len);
}

static CK_RV unwrap_with_one_hash(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                  CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                                  CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_RSA_PKCS_OAEP_PARAMS params;

    return original.C_UnwrapKey(session, with_one_hash(mechanism, &params), unwrapping, wrapped,
                                len, template, count, key);
}

START_TEST(oaep_with_another_hash_is_noticed)
{
    char text[600];

    functions->C_WrapKey = wrap_with_one_hash;
    functions->C_UnwrapKey = unwrap_with_one_hash;
    probe();
    for (enum p11_operation i = P11_OAEP_SHA256; i <= P11_OAEP_UNWRAP_SHA512; i++)
        ck_assert_msg(!token.ways[i].proven, "%s", op_name(i));
    ck_assert(!profile_can(&token, FORMAT_KEY_CRYPTOGRAM, 0, text, sizeof text));
    ck_assert(token.ways[P11_SIGN_SHA256].proven);
}
END_TEST

/* Takes every cryptogram for one, as a token would that answers a wrong padding with a random key.
 */
static CK_RV unwrap_whatever(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                             CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                             CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_RV rv =
        original.C_UnwrapKey(session, mechanism, unwrapping, wrapped, len, template, count, key);
    CK_ULONG bytes = 16;
    CK_ATTRIBUTE with_length[TEMPLATE_MAX];

    if (rv == CKR_OK || mechanism->mechanism != CKM_RSA_PKCS_OAEP)
        return rv;
    memcpy(with_length, template, count * sizeof *template);
    with_length[count] = (CK_ATTRIBUTE){CKA_VALUE_LEN, &bytes, sizeof bytes};
    return original.C_GenerateKey(session, &(CK_MECHANISM){CKM_GENERIC_SECRET_KEY_GEN, NULL, 0},
                                  with_length, count + 1, key);
}

START_TEST(a_damaged_cryptogram_that_opens_is_noticed)
{
    functions->C_UnwrapKey = unwrap_whatever;
    probe();
    ck_assert(!token.ways[P11_OAEP_UNWRAP_SHA256].proven);
    if (expected(P11_OAEP_UNWRAP_SHA256))
        ck_assert_str_eq(profile.reasons[P11_OAEP_UNWRAP_SHA256],
                         "CKM_RSA_PKCS_OAEP: a damaged cryptogram opens (16-byte secret)");
}
END_TEST

static unsigned good_ones, blamed;

/* Blames a good cryptogram once. */
static CK_RV unwrap_badly_once(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                               CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_RV rv =
        original.C_UnwrapKey(session, mechanism, unwrapping, wrapped, len, template, count, key);

    if (rv != CKR_OK || mechanism->mechanism != CKM_RSA_PKCS_OAEP || good_ones++ != blamed)
        return rv;
    original.C_DestroyObject(session, *key);
    return CKR_DEVICE_ERROR;
}

START_TEST(a_good_cryptogram_that_is_blamed_once_is_tried_again)
{
    good_ones = 0;
    blamed = (unsigned)_i;
    functions->C_UnwrapKey = unwrap_badly_once;
    probe();
    for (enum p11_operation i = P11_OAEP_SHA256; i <= P11_OAEP_UNWRAP_SHA512; i++)
        ck_assert_msg(token.ways[i].proven == expected(i), "%s: %s", op_name(i),
                      profile.reasons[i]);
}
END_TEST

static bool names_tdes(CK_MECHANISM_TYPE mechanism, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_KEY_TYPE type = CKK_AES;

    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == CKA_KEY_TYPE)
            memcpy(&type, template[i].pValue, sizeof type);
    return type == CKK_DES2 || type == CKK_DES3 || mechanism == CKM_DES2_KEY_GEN ||
           mechanism == CKM_DES3_KEY_GEN;
}

static CK_RV derive_no_tdes(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                            CK_OBJECT_HANDLE *key)
{
    if (names_tdes(mechanism->mechanism, template, count))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return original.C_DeriveKey(session, mechanism, base, template, count, key);
}

static CK_RV create_no_tdes(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                            CK_OBJECT_HANDLE *object)
{
    if (names_tdes(0, template, count))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return original.C_CreateObject(session, template, count, object);
}

static CK_RV unwrap_no_tdes(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                            CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (names_tdes(mechanism->mechanism, template, count))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return original.C_UnwrapKey(session, mechanism, unwrapping, wrapped, len, template, count, key);
}

static CK_RV generate_no_tdes(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                              CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (names_tdes(mechanism->mechanism, template, count))
        return CKR_MECHANISM_INVALID;
    return original.C_GenerateKey(session, mechanism, template, count, key);
}

/* As HSMs are that have put TDES away: all of it is missing, and nothing else. */
START_TEST(a_token_without_tdes_keeps_the_rest)
{
    const unsigned long long of_tdes =
        BIT(P11_DERIVE_TDES) | BIT(P11_KDF_TDES) | BIT(P11_IDENTITY_TDES) | BIT(P11_WRAP_TDES) |
        BIT(P11_UNWRAP_TDES) | BIT(P11_ECB_TDES) | BIT(P11_CBC_TDES) | BIT(P11_OAEP_TDES) |
        BIT(P11_GENERATE_TDES);
    static const bool possible[PROFILE_FORMATS] = {[FORMAT_TR31_D] = true,
                                                   [FORMAT_DUKPT_AES] = true,
                                                   [FORMAT_TR31_IMPORT_D] = true,
                                                   [FORMAT_TR34] = true,
                                                   [FORMAT_TR34_IMPORT] = true,
                                                   [FORMAT_KEY_CRYPTOGRAM] = true,
                                                   [FORMAT_KEY_CRYPTOGRAM_IMPORT] = true};
    struct p11_template tdes = {0};
    CK_OBJECT_HANDLE key;
    char text[600];

    functions->C_DeriveKey = derive_no_tdes;
    functions->C_CreateObject = create_no_tdes;
    functions->C_UnwrapKey = unwrap_no_tdes;
    functions->C_GenerateKey = generate_no_tdes;
    probe();
    for (enum p11_operation i = 0; i < P11_OPERATIONS; i++)
        ck_assert_msg(token.ways[i].proven == (expected(i) && !(of_tdes & BIT(i))), "%s: %s",
                      op_name(i), profile.reasons[i]);
    ck_assert_int_eq(token.rungs.allowed_mechanisms, known[TEST_TOKEN].rungs.allowed_mechanisms);
    ck_assert_int_eq(token.rungs.copyable, known[TEST_TOKEN].rungs.copyable);
    ck_assert_int_eq(token.rungs.modifiable, known[TEST_TOKEN].rungs.modifiable);
    for (enum profile_format i = 0; i < PROFILE_FORMATS; i++) {
        bool can = known[TEST_TOKEN].formats[i] && possible[i];

        ck_assert_msg(profile_can(&token, i, 'A', text, sizeof text) == can, "%s: %s",
                      profile_format_name(i), text);
        ck_assert_int_eq(profile_can(&token, i, 0, text, sizeof text), can);
        ck_assert_int_eq(profile_can(&token, i, 'T', text, sizeof text),
                         can && (i == FORMAT_KEY_CRYPTOGRAM || i == FORMAT_DUKPT_AES));
    }
    /* Asked for all the same, it is refused before the token is asked. */
    template_number(&tdes, CKA_KEY_TYPE, CKK_DES3);
    ck_assert(!op_identity(&token, CK_INVALID_HANDLE, 24, &tdes, &key, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "\"give a TDES key a new template\""));
}
END_TEST

static CK_RV generate_the_same(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_RV rv = original.C_GenerateKey(session, mechanism, template, count, key);
    static CK_OBJECT_HANDLE first;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE in_session = {CKA_TOKEN, &no, sizeof no};

    if (rv != CKR_OK || mechanism->mechanism != CKM_DES3_KEY_GEN)
        return rv;
    if (first != CK_INVALID_HANDLE && original.C_DestroyObject(session, *key) == CKR_OK &&
        original.C_CopyObject(session, first, &in_session, 1, key) == CKR_OK)
        return CKR_OK;
    first = *key;
    return rv;
}

START_TEST(a_key_that_is_not_random_is_noticed)
{
    functions->C_GenerateKey = generate_the_same;
    probe();
    ck_assert_str_eq(profile.reasons[P11_GENERATE_TDES],
                     "CKM_DES3_KEY_GEN: the same key twice (DES3)");
}
END_TEST

/* Not those with CKM_AES_ECB_ENCRYPT_DATA: known values are made by it. */
static CK_RV derive_from_other_data(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                    CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                                    CK_OBJECT_HANDLE *key)
{
    CK_KEY_DERIVATION_STRING_DATA string;
    CK_MECHANISM changed = *mechanism;
    uint8_t data[64];

    if (mechanism->mechanism != CKM_DES3_ECB_ENCRYPT_DATA &&
        mechanism->mechanism != CKM_XOR_BASE_AND_DATA)
        return original.C_DeriveKey(session, mechanism, base, template, count, key);
    memcpy(&string, mechanism->pParameter, sizeof string);
    memcpy(data, string.pData, string.ulLen);
    data[string.ulLen - 1] ^= 0x80;
    string.pData = data;
    changed.pParameter = &string;
    return original.C_DeriveKey(session, &changed, base, template, count, key);
}

START_TEST(a_derivation_from_other_data_is_noticed)
{
    functions->C_DeriveKey = derive_from_other_data;
    probe();
    ck_assert_str_eq(profile.reasons[P11_DERIVE_TDES],
                     "CKM_DES3_ECB_ENCRYPT_DATA: wrong result (DES2)");
    if (expected(P11_XOR))
        ck_assert_str_eq(profile.reasons[P11_XOR],
                         "CKM_XOR_BASE_AND_DATA: wrong result (16-byte secret)");
}
END_TEST

/* Joins in the wrong order. */
static CK_RV join_backwards(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                            CK_OBJECT_HANDLE *key)
{
    CK_OBJECT_HANDLE second = base;
    CK_MECHANISM changed = {mechanism->mechanism, &second, sizeof second};

    if (mechanism->mechanism != CKM_CONCATENATE_BASE_AND_KEY)
        return original.C_DeriveKey(session, mechanism, base, template, count, key);
    memcpy(&base, mechanism->pParameter, sizeof base);
    return original.C_DeriveKey(session, &changed, base, template, count, key);
}

START_TEST(a_join_of_keys_in_the_wrong_order_is_noticed)
{
    char text[600];

    functions->C_DeriveKey = join_backwards;
    probe();
    ck_assert(!token.ways[P11_JOIN_KEYS].proven);
    if (expected(P11_JOIN_KEYS)) {
        ck_assert_str_eq(profile.reasons[P11_JOIN_KEYS],
                         "CKM_CONCATENATE_BASE_AND_KEY: wrong result (8-byte secret)");
        ck_assert(!profile_can(&token, FORMAT_DUKPT_TDES, 0, text, sizeof text));
        ck_assert_str_eq(text, "join two keys (CKM_CONCATENATE_BASE_AND_KEY)");
        ck_assert(profile_can(&token, FORMAT_TR31_B, 0, text, sizeof text));
    }
}
END_TEST

static CK_RV refuse_encryption(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_OBJECT_HANDLE key)
{
    (void)session;
    (void)mechanism;
    (void)key;
    return CKR_MECHANISM_INVALID;
}

static CK_RV refuse_wrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                         CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out,
                         CK_ULONG *len)
{
    (void)key;
    (void)out;
    (void)len;
    return refuse_encryption(session, mechanism, wrapping);
}

START_TEST(readable_results_are_compared_by_themselves)
{
    functions->C_EncryptInit = refuse_encryption;
    functions->C_WrapKey = refuse_wrap;
    functions->C_DeriveKey = derive_from_other_data;
    probe();
    ck_assert(token.ways[P11_DERIVE_AES].proven);
    ck_assert(!token.ways[P11_DERIVE_TDES].proven);
    ck_assert(!token.ways[P11_XOR].proven);
}
END_TEST

static CK_RV refuse_derivation(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                               CK_OBJECT_HANDLE *key)
{
    if (mechanism->mechanism == CKM_AES_ECB_ENCRYPT_DATA)
        return CKR_MECHANISM_INVALID;
    return original.C_DeriveKey(session, mechanism, base, template, count, key);
}

/* The second way to known values: everything else is proven as before. */
START_TEST(without_derivation_known_values_are_created)
{
    functions->C_DeriveKey = refuse_derivation;
    probe();
    for (enum p11_operation i = 0; i < P11_OPERATIONS; i++)
        ck_assert_msg(token.ways[i].proven == (expected(i) && i != P11_DERIVE_AES), "%s: %s",
                      op_name(i), profile.reasons[i]);
    ck_assert_str_eq(profile.reasons[P11_DERIVE_AES],
                     "CKM_AES_ECB_ENCRYPT_DATA: C_DeriveKey: CKR_MECHANISM_INVALID (AES-128)");
}
END_TEST

static CK_RV refuse_creation(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                             CK_OBJECT_HANDLE *key)
{
    (void)session;
    (void)template;
    (void)count;
    (void)key;
    return CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV refuse_private(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                            CK_OBJECT_HANDLE *key)
{
    CK_OBJECT_CLASS class;

    memcpy(&class, template[0].pValue, sizeof class);
    if (class == CKO_PRIVATE_KEY)
        return refuse_creation(session, template, count, key);
    return original.C_CreateObject(session, template, count, key);
}

/* A token that takes no private keys makes its own for the test. */
START_TEST(without_creation_pairs_are_generated)
{
    functions->C_CreateObject = refuse_private;
    probe();
    for (enum p11_operation i = 0; i < P11_OPERATIONS; i++)
        ck_assert_msg(token.ways[i].proven == expected(i), "%s: %s", op_name(i),
                      profile.reasons[i]);
}
END_TEST

static CK_RV refuse_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
                         CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count,
                         CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    (void)session, (void)mechanism, (void)public, (void)public_count;
    (void)private, (void)private_count, (void)public_key, (void)private_key;
    return CKR_MECHANISM_INVALID;
}

START_TEST(without_any_pair_no_rsa_is_proven)
{
    functions->C_CreateObject = refuse_private;
    functions->C_GenerateKeyPair = refuse_pair;
    probe();
    for (enum p11_operation i = P11_OAEP_SHA256; i <= P11_RSA_GENERATE; i++) {
        ck_assert(!token.ways[i].proven);
        ck_assert_ptr_nonnull(
            strstr(profile.reasons[i], "C_GenerateKeyPair: CKR_MECHANISM_INVALID"));
    }
    ck_assert(token.ways[P11_ECB_AES].proven);
}
END_TEST

START_TEST(without_any_known_value_nothing_is_proven)
{
    functions->C_DeriveKey = refuse_derivation;
    functions->C_CreateObject = refuse_creation;
    probe();
    for (enum p11_operation i = 0; i < P11_OPERATIONS; i++) {
        ck_assert(!token.ways[i].proven);
        ck_assert_str_eq(profile.reasons[i], "no key of a known value can be made: C_CreateObject: "
                                             "CKR_TEMPLATE_INCONSISTENT");
    }
}
END_TEST

/* Reads anything, as a token would that does not look at CKA_SENSITIVE. */
static CK_RV read_anything(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = original.C_GetAttributeValue(session, object, template, count);

    if (rv != CKR_ATTRIBUTE_SENSITIVE)
        return rv;
    memset(template[0].pValue, 0x11, 32);
    template[0].ulValueLen = 32;
    return CKR_OK;
}

START_TEST(a_token_that_reveals_is_not_trusted)
{
    char text[600];

    functions->C_GetAttributeValue = read_anything;
    probe();
    ck_assert_int_eq(profile.checks[CHECK_REVEAL_SENSITIVE], PROFILE_FAILED);
    ck_assert(!profile_trusted(&profile, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "reading the value of a sensitive key"));
}
END_TEST

/* Protects nothing by marking it. */
static CK_RV generate_unprotected(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                  CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    static CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE changed[TEMPLATE_MAX];
    CK_ULONG kept = 0;

    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].type == CKA_ALLOWED_MECHANISMS)
            continue;
        changed[kept] = template[i];
        if (template[i].type == CKA_EXTRACTABLE || template[i].type == CKA_ENCRYPT)
            changed[kept].pValue = &yes;
        kept++;
    }
    return original.C_GenerateKey(session, mechanism, changed, kept, key);
}

START_TEST(a_token_that_protects_nothing_is_not_trusted)
{
    functions->C_GenerateKey = generate_unprotected;
    probe();
    ck_assert_int_eq(profile.checks[CHECK_WRAP_UNEXTRACTABLE], PROFILE_FAILED);
    ck_assert_int_eq(profile.checks[CHECK_WRAP_JOIN],
                     expected(P11_JOIN_PREFIX) ? PROFILE_FAILED : PROFILE_NOT_APPLICABLE);
    ck_assert_int_eq(profile.checks[CHECK_USAGE_FLAGS], PROFILE_FAILED);
    ck_assert_int_eq(profile.checks[CHECK_ALLOWED_MECHANISMS], PROFILE_FAILED);
    ck_assert_int_eq(profile.checks[CHECK_WEAKEN], PROFILE_FAILED);
    ck_assert_ptr_nonnull(strstr(profile.details[CHECK_USAGE_FLAGS], "CKA_ENCRYPT (CKM_AES_ECB)"));
}
END_TEST

static CK_RV refuse_generation(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    (void)mechanism;
    (void)key;
    return refuse_creation(session, template, count, NULL);
}

START_TEST(what_cannot_be_tried_is_not_trusted)
{
    functions->C_GenerateKey = refuse_generation;
    probe();
    for (enum profile_check i = 0; i < PROFILE_CHECKS; i++) {
        ck_assert_int_eq(profile.checks[i], PROFILE_FAILED);
        ck_assert_ptr_nonnull(strstr(profile.details[i], "cannot be tried: C_GenerateKey"));
    }
}
END_TEST

static CK_RV session_gone(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    (void)session;
    (void)info;
    return CKR_SESSION_HANDLE_INVALID;
}

static CK_RV sign_on_a_lost_session(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                    CK_OBJECT_HANDLE key)
{
    (void)session;
    (void)mechanism;
    (void)key;
    functions->C_GetSessionInfo = session_gone;
    return CKR_SESSION_HANDLE_INVALID;
}

START_TEST(a_lost_session_is_a_failure_as_a_whole)
{
    functions->C_SignInit = sign_on_a_lost_session;
    ck_assert(!profile_probe(&token, &profile, &err));
    ck_assert_int_eq(err.fault, KF_FAULT_SESSION);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, each_operation_is_as_known);
    tcase_add_test(tcase, the_rungs_are_as_known);
    tcase_add_test(tcase, each_check_is_as_known);
    tcase_add_test(tcase, each_format_is_as_known);
    tcase_add_test(tcase, a_second_probe_finds_the_same);
    tcase_add_test(tcase, leftovers_of_a_killed_probe_are_swept);
    tcase_add_test(tcase, what_another_probe_is_trying_stays);
    tcase_add_test(tcase, a_wrap_that_ignores_the_iv_is_not_used);
    tcase_add_test(tcase, a_wrap_that_pads_is_not_used);
    tcase_add_test(tcase, one_wrong_bit_is_noticed);
    tcase_add_test(tcase, a_wrong_signature_is_noticed);
    tcase_add_test(tcase, signatures_without_a_hash_are_the_second_way);
    tcase_add_test(tcase, oaep_with_another_hash_is_noticed);
    tcase_add_test(tcase, a_damaged_cryptogram_that_opens_is_noticed);
    tcase_add_loop_test(tcase, a_good_cryptogram_that_is_blamed_once_is_tried_again, 0, 9);
    tcase_add_test(tcase, a_token_without_tdes_keeps_the_rest);
    tcase_add_test(tcase, a_key_that_is_not_random_is_noticed);
    tcase_add_test(tcase, a_derivation_from_other_data_is_noticed);
    tcase_add_test(tcase, a_join_of_keys_in_the_wrong_order_is_noticed);
    tcase_add_test(tcase, readable_results_are_compared_by_themselves);
    tcase_add_test(tcase, without_derivation_known_values_are_created);
    tcase_add_test(tcase, without_creation_pairs_are_generated);
    tcase_add_test(tcase, without_any_pair_no_rsa_is_proven);
    tcase_add_test(tcase, without_any_known_value_nothing_is_proven);
    tcase_add_test(tcase, a_token_that_reveals_is_not_trusted);
    tcase_add_test(tcase, a_token_that_protects_nothing_is_not_trusted);
    tcase_add_test(tcase, what_cannot_be_tried_is_not_trusted);
    tcase_add_test(tcase, a_lost_session_is_a_failure_as_a_whole);
    return run_case(tcase, "profile");
}
