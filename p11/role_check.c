/* SPDX-License-Identifier: Apache-2.0 */
/* Objects compared with their roles. */
#include <stdio.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/role_rule.h"
#include "p11/rsa.h"

/* Says how, returns false. */
#define DEVIATES(...) (snprintf(text, room, __VA_ARGS__), false)

/* An attribute that the token does not give out, or that is longer than the role's can be, is a
 * deviation; a token that is gone is not. */
static bool read_attribute(const struct p11_token *token, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE *attribute, const char *name, char *text, size_t room,
                           struct kf_error *err)
{
    struct kf_error failed = {0};
    CK_RV rv = p11_get_attributes(token->session, object, attribute, 1, &failed);

    if (rv == CKR_OK)
        return true;
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
        rv == CKR_BUFFER_TOO_SMALL)
        return DEVIATES("%s is not what the role has", name);
    return kf_fail_fault(err, failed.status, failed.fault, failed.detail, "%s", failed.message);
}

static bool check_flag(const struct p11_token *token, CK_OBJECT_HANDLE object,
                       const struct rule_flag *flag, char *text, size_t room, struct kf_error *err)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE attribute = {flag->type, &value, sizeof value};

    if (!read_attribute(token, object, &attribute, flag->name, text, room, err))
        return false;
    if ((value != CK_FALSE) != flag->value)
        return DEVIATES("%s is %s", flag->name, value ? "true" : "false");
    return true;
}

static bool check_flags(const struct p11_token *token, CK_OBJECT_HANDLE object,
                        const struct rule *rule, char *text, size_t room, struct kf_error *err)
{
    struct rule_flag flags[RULE_FLAGS];
    size_t count = rule_flags(rule, flags);

    if (token->rungs.modifiable)
        flags[count++] = (struct rule_flag){CKA_MODIFIABLE, "CKA_MODIFIABLE", rule->modifiable};
    if (token->rungs.copyable)
        flags[count++] = (struct rule_flag){CKA_COPYABLE, "CKA_COPYABLE", false};
    for (size_t i = 0; i < count; i++)
        if (!check_flag(token, object, &flags[i], text, room, err))
            return false;
    return true;
}

static bool check_number(const struct p11_token *token, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_TYPE type, const char *name, CK_ULONG expected, char *text,
                         size_t room, struct kf_error *err)
{
    CK_ULONG value = 0;
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    if (!read_attribute(token, object, &attribute, name, text, room, err))
        return false;
    if (value == expected)
        return true;
    return type == CKA_VALUE_LEN ? DEVIATES("%s is %lu", name, value)
                                 : DEVIATES("%s is 0x%lX", name, value);
}

/* A private key has no CKA_MODULUS_BITS. */
static bool check_modulus(const struct p11_token *token, CK_OBJECT_HANDLE object,
                          enum key_algorithm algorithm, char *text, size_t room,
                          struct kf_error *err)
{
    uint8_t modulus[RSA_BYTES_MAX];
    size_t len;
    CK_ATTRIBUTE attribute = {CKA_MODULUS, modulus, sizeof modulus};

    if (!read_attribute(token, object, &attribute, "CKA_MODULUS", text, room, err))
        return false;
    len = rsa_strip(modulus, attribute.ulValueLen);
    if (len * 8 != key_algorithm_rsa_bits(algorithm) || !(modulus[0] & 0x80))
        return DEVIATES("CKA_MODULUS has %zu bytes", len);
    return true;
}

static bool check_kind(const struct p11_token *token, CK_OBJECT_HANDLE object,
                       const struct rule *rule, enum key_algorithm algorithm, size_t len,
                       char *text, size_t room, struct kf_error *err)
{
    CK_KEY_TYPE type = rule_key_type(rule, algorithm);

    if (!check_number(token, object, CKA_CLASS, "CKA_CLASS", rule_class(rule), text, room, err))
        return false;
    if (rule->shape == SHAPE_CERTIFICATE)
        return check_number(token, object, CKA_CERTIFICATE_TYPE, "CKA_CERTIFICATE_TYPE", CKC_X_509,
                            text, room, err);
    if (!check_number(token, object, CKA_KEY_TYPE, "CKA_KEY_TYPE", type, text, room, err))
        return false;
    if (rule->shape == SHAPE_PRIVATE)
        return check_modulus(token, object, algorithm, text, room, err);
    return !rule_has_length(type) || check_number(token, object, CKA_VALUE_LEN, "CKA_VALUE_LEN",
                                                  rule_length(algorithm, len), text, room, err);
}

static bool same_list(const CK_MECHANISM_TYPE *a, size_t a_count, const CK_MECHANISM_TYPE *b,
                      size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        size_t j = 0;

        while (j < b_count && a[i] != b[j])
            j++;
        if (j == b_count)
            return false;
    }
    return true;
}

static bool check_mechanisms(const struct p11_token *token, CK_OBJECT_HANDLE object,
                             const struct rule *rule, enum key_algorithm algorithm, bool *kdf,
                             char *text, size_t room, struct kf_error *err)
{
    CK_MECHANISM_TYPE expected[4], found[16];
    CK_ATTRIBUTE list = {CKA_ALLOWED_MECHANISMS, found, sizeof found};
    enum p11_cipher cipher = op_cipher(algorithm);
    size_t count;

    *kdf = rule->mechanisms == DERIVING && token->ways[p11_for(P11_KDF_AES, cipher)].proven;
    if (rule->mechanisms == ANY || !token->rungs.allowed_mechanisms)
        return true;
    if (!read_attribute(token, object, &list, "CKA_ALLOWED_MECHANISMS", text, room, err))
        return false;
    count = list.ulValueLen / sizeof found[0];
    for (int other = 0; other < 2; other++, *kdf = !*kdf)
        if (same_list(found, count, expected,
                      rule_mechanisms(token, rule, algorithm, *kdf, expected)))
            return true;
    *kdf = false;
    return DEVIATES("CKA_ALLOWED_MECHANISMS has %zu mechanisms, not the role's", count);
}

/* Only what derives for key blocks or initial keys has one, and a sealed key is used as one whether
 * or not this worker has proven that the token seals. Which it is must fit the key's usage,
 * which is not known here. */
static bool check_seal(const struct p11_token *token, CK_OBJECT_HANDLE object,
                       const struct rule *rule, enum key_algorithm algorithm,
                       struct role_found *found, char *text, size_t room, struct kf_error *err)
{
    static const enum role_seal seals[] = {SEAL_BLOCK_KEYS, SEAL_INITIAL_KEYS};

    if (!rule_seals(rule))
        return true;
    for (size_t i = 0; i < sizeof seals / sizeof seals[0]; i++) {
        struct kf_error failed = {0};
        bool there;

        if (role_seal_check(token, object, seals[i], algorithm, &there, &failed)) {
            found->seal = there ? seals[i] : SEAL_NONE;
            return true;
        }
        if (failed.status != KF_OK)
            return kf_fail_fault(err, failed.status, failed.fault, failed.detail, "%s",
                                 failed.message);
    }
    return DEVIATES("CKA_DERIVE_TEMPLATE is not the role's");
}

bool role_check(const struct p11_token *token, CK_OBJECT_HANDLE object, enum p11_role role,
                enum key_algorithm algorithm, size_t len, struct role_found *found, char *text,
                size_t room, struct kf_error *err)
{
    const struct rule *rule = role_rule(role);

    *found = (struct role_found){0};
    text[0] = '\0';
    return check_kind(token, object, rule, algorithm, len, text, room, err) &&
           check_flags(token, object, rule, text, room, err) &&
           check_mechanisms(token, object, rule, algorithm, &found->kdf, text, room, err) &&
           check_seal(token, object, rule, algorithm, found, text, room, err);
}
