/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of RSA private keys: what the keys are when they are read back, that a key that is
 * anything else is noticed, and that the token keeps each to its own use. */
#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "test/unit/p11/rsa_support.h"

static CK_OBJECT_HANDLE make(enum p11_role role, enum key_algorithm algorithm)
{
    uint8_t modulus[RSA_BYTES_MAX];
    size_t len;

    return make_pair(role, algorithm, modulus, &len);
}

static bool check(CK_OBJECT_HANDLE object, enum p11_role role, enum key_algorithm algorithm,
                  char text[96])
{
    struct role_found found;
    bool good = role_check(&token, object, role, algorithm, 0, &found, text, 96, &err);

    ck_assert_int_eq(err.status, KF_OK);
    ck_assert_int_eq(good, text[0] == '\0');
    return good;
}

static const enum p11_role roles[] = {ROLE_SIGNING, ROLE_UNWRAPPING};

static void expect_list(CK_OBJECT_HANDLE object, enum p11_role role)
{
    static const CK_MECHANISM_TYPE signing[] = {CKM_SHA224_RSA_PKCS, CKM_SHA256_RSA_PKCS,
                                                CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS},
                                   unwrapping[] = {CKM_RSA_PKCS_OAEP};
    CK_MECHANISM_TYPE list[8];
    CK_ATTRIBUTE attribute = {CKA_ALLOWED_MECHANISMS, list, sizeof list};
    size_t count = role == ROLE_SIGNING ? COUNT(signing) : COUNT(unwrapping), seen = 0;

    if (!token.rungs.allowed_mechanisms)
        return;
    expect_good(p11_get_attributes(token.session, object, &attribute, 1, &err) == CKR_OK);
    ck_assert_uint_eq(attribute.ulValueLen, count * sizeof list[0]);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            seen += list[k] == (role == ROLE_SIGNING ? signing : unwrapping)[i];
    ck_assert_uint_eq(seen, count);
}

START_TEST(pairs_are_as_their_roles_say)
{
    static const CK_ATTRIBUTE_TYPE never[] = {CKA_EXTRACTABLE, CKA_DECRYPT, CKA_SIGN_RECOVER,
                                              CKA_DERIVE},
                                   always[] = {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE};
    enum p11_role role = roles[_i];
    CK_OBJECT_HANDLE object = make(role, KEY_RSA_2048);
    uint8_t value[RSA_BYTES_MAX];
    CK_ATTRIBUTE secret = {CKA_PRIVATE_EXPONENT, value, sizeof value};
    char text[96];

    ck_assert_msg(check(object, role, KEY_RSA_2048, text), "%s", text);
    for (size_t i = 0; i < COUNT(never); i++)
        ck_assert_msg(!read_flag(object, never[i]), "0x%lX", never[i]);
    for (size_t i = 0; i < COUNT(always); i++)
        ck_assert_msg(read_flag(object, always[i]), "0x%lX", always[i]);
    ck_assert_int_eq(read_flag(object, CKA_SIGN), role == ROLE_SIGNING);
    ck_assert_int_eq(read_flag(object, CKA_UNWRAP), role == ROLE_UNWRAPPING);
    if (token.rungs.modifiable)
        ck_assert(!read_flag(object, CKA_MODIFIABLE));
    if (token.rungs.copyable)
        ck_assert(!read_flag(object, CKA_COPYABLE));
    expect_list(object, role);
    ck_assert_uint_ne(p11_get_attributes(token.session, object, &secret, 1, NULL), CKR_OK);
}
END_TEST

/* What the next pair's private half is made with instead. The public half may do everything: some
 * tokens try each use of a pair at once. */
static CK_ATTRIBUTE changed;

static CK_RV generate_changed(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                              CK_ATTRIBUTE *public, CK_ULONG public_count, CK_ATTRIBUTE *private,
                              CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                              CK_OBJECT_HANDLE *private_key)
{
    for (CK_ULONG i = 0; i < private_count; i++)
        if (private[i].type == changed.type)
    private[i] = changed;
    return original.C_GenerateKeyPair(session, mechanism, public, public_count, private,
                                      private_count, public_key, private_key);
}

START_TEST(each_wrong_flag_is_noticed)
{
    static const struct {
        enum p11_role role;
        CK_ATTRIBUTE_TYPE type;
        CK_BBOOL value;
        const char *text;
    } wrong[] = {
        {ROLE_SIGNING, CKA_TOKEN, CK_FALSE, "CKA_TOKEN is false"},
        {ROLE_SIGNING, CKA_EXTRACTABLE, CK_TRUE, "CKA_EXTRACTABLE is true"},
        {ROLE_SIGNING, CKA_DECRYPT, CK_TRUE, "CKA_DECRYPT is true"},
        {ROLE_SIGNING, CKA_SIGN_RECOVER, CK_TRUE, "CKA_SIGN_RECOVER is true"},
        {ROLE_SIGNING, CKA_UNWRAP, CK_TRUE, "CKA_UNWRAP is true"},
        {ROLE_SIGNING, CKA_DERIVE, CK_TRUE, "CKA_DERIVE is true"},
        {ROLE_SIGNING, CKA_MODIFIABLE, CK_TRUE, "CKA_MODIFIABLE is true"},
        {ROLE_SIGNING, CKA_COPYABLE, CK_TRUE, "CKA_COPYABLE is true"},
        {ROLE_UNWRAPPING, CKA_SIGN, CK_TRUE, "CKA_SIGN is true"},
        {ROLE_UNWRAPPING, CKA_UNWRAP, CK_FALSE, "CKA_UNWRAP is false"},
    };
    uint8_t modulus[RSA_BYTES_MAX];
    struct role_object object;
    CK_OBJECT_HANDLE pair;
    size_t len, noticed = 0;
    char text[96];

    functions->C_GenerateKeyPair = generate_changed;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CK_BBOOL value = wrong[i].value;

        if ((wrong[i].type == CKA_COPYABLE && !token.rungs.copyable) ||
            (wrong[i].type == CKA_MODIFIABLE && !token.rungs.modifiable))
            continue;
        changed = (CK_ATTRIBUTE){wrong[i].type, &value, sizeof value};
        describe_pair(wrong[i].role, KEY_RSA_2048, &object);
        if (!rsa_generate(&token, &object, &pair, modulus, &len, &err)) {
            kf_error_clear(&err); /* NSS makes no pair that decrypts and signs */
            continue;
        }
        ck_assert(!check(pair, wrong[i].role, KEY_RSA_2048, text));
        ck_assert_str_eq(text, wrong[i].text);
        noticed++;
    }
    ck_assert_uint_ge(noticed, 6);
}
END_TEST

START_TEST(wrong_kinds_are_noticed)
{
    CK_OBJECT_HANDLE signing = make(ROLE_SIGNING, KEY_RSA_3072);
    char text[96];

    ck_assert(check(signing, ROLE_SIGNING, KEY_RSA_3072, text));
    ck_assert(!check(signing, ROLE_SIGNING, KEY_RSA_2048, text));
    ck_assert_str_eq(text, "CKA_MODULUS has 384 bytes");
    ck_assert(!check(signing, ROLE_SIGNING, KEY_RSA_4096, text));
    ck_assert(!check(signing, ROLE_SIGNING, KEY_AES_128, text));
    ck_assert(!check(signing, ROLE_UNWRAPPING, KEY_RSA_3072, text));
    ck_assert_str_eq(text, "CKA_SIGN is true");
    ck_assert(!check(signing, ROLE_CERTIFICATE, KEY_RSA_3072, text));
    ck_assert_str_eq(text, "CKA_CLASS is 0x3");
    ck_assert(!check(signing, ROLE_WORKING, KEY_AES_128, text));
}
END_TEST

START_TEST(wrong_mechanism_lists_are_noticed)
{
    CK_MECHANISM_TYPE lists[][5] = {{CKM_RSA_PKCS},
                                    {CKM_SHA224_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS,
                                     CKM_SHA512_RSA_PKCS, CKM_RSA_PKCS}};
    const size_t counts[] = {1, 5};
    char text[96];

    if (!token.rungs.allowed_mechanisms)
        return;
    functions->C_GenerateKeyPair = generate_changed;
    for (size_t i = 0; i < COUNT(lists); i++) {
        changed = (CK_ATTRIBUTE){CKA_ALLOWED_MECHANISMS, lists[i], counts[i] * sizeof lists[0][0]};
        ck_assert(!check(make(ROLE_SIGNING, KEY_RSA_2048), ROLE_SIGNING, KEY_RSA_2048, text));
        ck_assert_ptr_nonnull(strstr(text, "CKA_ALLOWED_MECHANISMS has"));
    }
}
END_TEST

/* A key that signs opens nothing, and the other way round; and neither is wrapped away
 * by a token that keeps to CKA_EXTRACTABLE. */
START_TEST(roles_bite)
{
    uint8_t modulus[RSA_BYTES_MAX], wrapped[RSA_BYTES_MAX], out[4 * RSA_BYTES_MAX];
    struct padding padding = padding_of(P11_SHA256);
    size_t len, room = sizeof wrapped;
    CK_ULONG out_len = sizeof out;
    CK_OBJECT_HANDLE signing = make_pair(ROLE_SIGNING, KEY_RSA_2048, modulus, &len),
                     unwrapping = make(ROLE_UNWRAPPING, KEY_RSA_2048), made,
                     wrapping = make_known(CKK_AES, 16);
    EVP_PKEY *key = key_of(modulus, len);
    struct p11_template template = {0};
    uint8_t iv[16] = {0};

    openssl_wrap(key, &padding, known_value, 16, wrapped);
    role_session_template(&token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &template);
    expect_error(op_unwrap_oaep(&token, P11_SHA256, signing, wrapped, len, &template, &made, &err),
                 KF_INTERNAL, "The token refused a step");
    expect_error(op_sign(&token, P11_SHA256, unwrapping, wrapped, 10, wrapped, &room, &err),
                 KF_INTERNAL, "The token refused a step");
    if (token.rungs.allowed_mechanisms) {
        ck_assert_uint_ne(p11_wrap_key(token.session,
                                       &(CK_MECHANISM){CKM_AES_CBC_PAD, iv, sizeof iv}, wrapping,
                                       signing, out, &out_len, NULL),
                          CKR_OK);
        ck_assert_uint_ne(p11_sign(token.session, &(CK_MECHANISM){CKM_RSA_PKCS, NULL, 0}, signing,
                                   wrapped, 10, out, &out_len, NULL),
                          CKR_OK);
    }
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_pair_that_is_gone_is_no_deviation)
{
    CK_OBJECT_HANDLE object = make(ROLE_SIGNING, KEY_RSA_2048);
    char text[96];
    struct role_found found;

    destroy_object(object);
    ck_assert(!role_check(&token, object, ROLE_SIGNING, KEY_RSA_2048, 0, &found, text, sizeof text,
                          &err));
    ck_assert_int_eq(err.fault, KF_FAULT_STALE);
    ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, rsa_setup, rsa_teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, pairs_are_as_their_roles_say, 0, COUNT(roles));
    tcase_add_test(tests, each_wrong_flag_is_noticed);
    tcase_add_test(tests, wrong_kinds_are_noticed);
    tcase_add_test(tests, wrong_mechanism_lists_are_noticed);
    tcase_add_test(tests, roles_bite);
    tcase_add_test(tests, a_pair_that_is_gone_is_no_deviation);
    return run_case(tests, "role of RSA keys");
}
