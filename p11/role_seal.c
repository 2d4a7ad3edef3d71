/* SPDX-License-Identifier: Apache-2.0 */
/* What keys demand of what is derived from them: their CKA_DERIVE_TEMPLATE, made and compared. */
#include <string.h>

#include "p11/calls.h"
#include "p11/role_rule.h"

/* More than any seal of ours has. */
#define FOUND_MAX 16
/* An initial key of TDES is derived in halves. */
#define HALF 8

void role_seal_template(const struct p11_token *token, enum role_seal seal,
                        enum key_algorithm algorithm, struct p11_template *out)
{
    bool blocks = seal == SEAL_BLOCK_KEYS;
    const struct rule *rule = role_rule(blocks ? ROLE_KBEK : ROLE_PAYLOAD);
    CK_KEY_TYPE type = rule_key_type(rule, algorithm);

    template_number(out, CKA_CLASS, rule_class(rule));
    template_number(out, CKA_KEY_TYPE, type);
    if (rule_has_length(type))
        template_number(out, CKA_VALUE_LEN,
                        key_algorithm_is_aes(algorithm) ? key_algorithm_bytes(algorithm) : HALF);
    template_flag(out, CKA_TOKEN, false);
    template_flag(out, CKA_PRIVATE, true);
    template_flag(out, CKA_SENSITIVE, true);
    if (blocks) {
        template_flag(out, CKA_EXTRACTABLE, false);
        template_flag(out, CKA_DECRYPT, false);
        template_flag(out, CKA_DERIVE, false);
    }
    if (token->rungs.copyable)
        template_flag(out, CKA_COPYABLE, false);
    if (token->rungs.modifiable)
        template_flag(out, CKA_MODIFIABLE, false);
}

static bool is_in(const CK_ATTRIBUTE *attribute, const CK_ATTRIBUTE *found, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (found[i].type == attribute->type)
            return found[i].ulValueLen == attribute->ulValueLen &&
                   memcmp(found[i].pValue, attribute->pValue, attribute->ulValueLen) == 0;
    return false;
}

static bool same(const struct p11_template *expected, const CK_ATTRIBUTE *found, size_t count)
{
    if (count != expected->count)
        return false;
    for (size_t i = 0; i < expected->count; i++)
        if (!is_in(&expected->attributes[i], found, count))
            return false;
    return true;
}

/* Which attributes there are, then their values: so it is asked for [PKCS#11 v3.0,
 * C_GetAttributeValue]. None of ours is longer than a number. *count is 0 where there is none;
 * false without error where it is nothing of ours. */
static bool read_seal(const struct p11_token *token, CK_OBJECT_HANDLE object,
                      CK_ATTRIBUTE found[FOUND_MAX], CK_ULONG values[FOUND_MAX], size_t *count,
                      struct kf_error *err)
{
    CK_ATTRIBUTE seal = {CKA_DERIVE_TEMPLATE, found, FOUND_MAX * sizeof found[0]};
    struct kf_error failed = {0};
    CK_RV rv = p11_get_attributes(token->session, object, &seal, 1, &failed);

    *count = 0;
    if (rv == CKR_OK && seal.ulValueLen > 0) {
        *count = seal.ulValueLen / sizeof found[0];
        for (size_t i = 0; i < *count; i++) {
            if (found[i].ulValueLen > sizeof values[i])
                return false;
            found[i].pValue = &values[i];
        }
        rv = p11_get_attributes(token->session, object, &seal, 1, &failed);
    }
    if (rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID)
        return true;
    if (rv == CKR_BUFFER_TOO_SMALL || rv == CKR_ATTRIBUTE_SENSITIVE)
        return false;
    return kf_fail_fault(err, failed.status, failed.fault, failed.detail, "%s", failed.message);
}

bool role_seal_check(const struct p11_token *token, CK_OBJECT_HANDLE object, enum role_seal seal,
                     enum key_algorithm algorithm, bool *there, struct kf_error *err)
{
    struct p11_template expected = {0};
    CK_ATTRIBUTE found[FOUND_MAX] = {0};
    CK_ULONG values[FOUND_MAX] = {0};
    size_t count;

    *there = false;
    if (!read_seal(token, object, found, values, &count, err))
        return false;
    role_seal_template(token, seal, algorithm, &expected);
    *there = count > 0;
    return count == 0 || same(&expected, found, count);
}
