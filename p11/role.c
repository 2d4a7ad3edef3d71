/* SPDX-License-Identifier: Apache-2.0 */
/* The templates made from the table of roles. */
#include "p11/role.h"

#include <string.h>

#include "p11/role_rule.h"

static void add_kind(const struct rule *rule, enum key_algorithm algorithm, size_t len,
                     struct p11_template *out)
{
    CK_KEY_TYPE type = rule_key_type(rule, algorithm);

    template_number(out, CKA_CLASS, rule_class(rule));
    if (rule->shape == SHAPE_CERTIFICATE) {
        template_number(out, CKA_CERTIFICATE_TYPE, CKC_X_509);
        return;
    }
    template_number(out, CKA_KEY_TYPE, type);
    if (rule_has_length(type) && len > 0)
        template_number(out, CKA_VALUE_LEN, len);
}

static void add_flags(const struct rule *rule, bool extractable, struct p11_template *out)
{
    struct rule_flag flags[RULE_FLAGS];
    size_t count = rule_flags(rule, flags);

    for (size_t i = 0; i < count; i++)
        template_flag(out, flags[i].type,
                      flags[i].type == CKA_EXTRACTABLE ? extractable : flags[i].value);
}

static void add_mechanisms(const struct p11_token *token, const struct rule *rule,
                           enum key_algorithm algorithm, bool kdf, struct p11_template *out)
{
    size_t count = rule_mechanisms(token, rule, algorithm, kdf, out->mechanisms);

    if (count > 0)
        template_bytes(out, CKA_ALLOWED_MECHANISMS, out->mechanisms,
                       count * sizeof out->mechanisms[0]);
}

void role_session_template(const struct p11_token *token, enum p11_role role,
                           enum key_algorithm algorithm, size_t len, struct p11_template *out)
{
    const struct rule *rule = role_rule(role);

    add_kind(rule, algorithm, len ? len : key_algorithm_bytes(algorithm), out);
    add_flags(rule, rule->extractable, out);
    add_mechanisms(token, rule, algorithm, false, out);
}

void role_source_template(enum key_algorithm algorithm, bool extractable, struct p11_template *out)
{
    const struct rule *rule = role_rule(ROLE_SOURCE);

    add_kind(rule, algorithm, key_algorithm_bytes(algorithm), out);
    add_flags(rule, extractable, out);
}

void role_token_template(const struct p11_token *token, const struct role_object *object,
                         struct p11_template *out)
{
    const struct rule *rule = role_rule(object->role);

    add_kind(rule, object->algorithm, rule_length(object->algorithm, object->len), out);
    template_bytes(out, CKA_ID, object->id, sizeof object->id);
    template_bytes(out, CKA_LABEL, object->label, strlen(object->label));
    add_flags(rule, rule->extractable, out);
    for (size_t i = 0; i < object->parts_count; i++)
        template_bytes(out, object->parts[i].type, object->parts[i].pValue,
                       object->parts[i].ulValueLen);
    if (token->rungs.allowed_mechanisms)
        add_mechanisms(token, rule, object->algorithm, object->kdf, out);
    if (object->seal != SEAL_NONE && rule_seals(rule)) {
        struct p11_template seal = {0};

        role_seal_template(token, object->seal, object->algorithm, &seal);
        template_nest(out, CKA_DERIVE_TEMPLATE, &seal);
    }
    if (token->rungs.copyable)
        template_flag(out, CKA_COPYABLE, false);
    /* Last: a token applies attributes in order, and refuses all that follow this one. */
    if (token->rungs.modifiable)
        template_flag(out, CKA_MODIFIABLE, rule->modifiable);
}
