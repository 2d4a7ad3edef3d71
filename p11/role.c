/* SPDX-License-Identifier: Apache-2.0 */
/* The table of roles, and the templates and the comparison made from it. */
#include "p11/role.h"

#include <stdio.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"

/* What a role's value is stored as. */
enum shape { SHAPE_TYPED, SHAPE_GENERIC };

/* Which mechanisms a role's list names; the numbers follow from cipher and token. */
enum mechanism_set { ANY, DERIVING, MASKING, JOINING, WRAPPING, MACING, UNWRAPPING, CBC };

struct rule {
    enum p11_role role;
    const char *name;
    enum shape shape;
    bool in_token, sensitive, extractable, derive, wrap, unwrap, encrypt, sign, modifiable;
    enum mechanism_set mechanisms;
};

static const struct rule rules[] = {
    {.role = ROLE_WORKING,
     .name = "working",
     .shape = SHAPE_TYPED,
     .in_token = true,
     .sensitive = true,
     .derive = true,
     .mechanisms = DERIVING},
    {.role = ROLE_MASK_VARIANT,
     .name = "mask-variant",
     .shape = SHAPE_TYPED,
     .in_token = true,
     .sensitive = true,
     .derive = true,
     .mechanisms = MASKING},
    {.role = ROLE_EXPORT,
     .name = "export",
     .shape = SHAPE_GENERIC,
     .in_token = true,
     .sensitive = true,
     .extractable = true,
     .derive = true,
     .mechanisms = JOINING},
    {.role = ROLE_KEPT,
     .name = "kept",
     .shape = SHAPE_TYPED,
     .in_token = true,
     .sensitive = true,
     .mechanisms = ANY},
    {.role = ROLE_LEGACY_KBEK,
     .name = "legacy-KBEK",
     .shape = SHAPE_TYPED,
     .in_token = true,
     .sensitive = true,
     .unwrap = true,
     .mechanisms = UNWRAPPING},
    {.role = ROLE_LEGACY_KBMK,
     .name = "legacy-KBMK",
     .shape = SHAPE_TYPED,
     .in_token = true,
     .sensitive = true,
     .encrypt = true,
     .mechanisms = CBC},
    {.role = ROLE_CARD,
     .name = "card",
     .shape = SHAPE_GENERIC,
     .in_token = true,
     .sensitive = true,
     .modifiable = true,
     .mechanisms = ANY},
    {.role = ROLE_ALIAS,
     .name = "alias",
     .shape = SHAPE_GENERIC,
     .in_token = true,
     .sensitive = true,
     .modifiable = true,
     .mechanisms = ANY},
    {.role = ROLE_CLAIM,
     .name = "claim",
     .shape = SHAPE_GENERIC,
     .in_token = true,
     .sensitive = true,
     .modifiable = true,
     .mechanisms = ANY},
    {.role = ROLE_SOURCE,
     .name = "source",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .derive = true,
     .mechanisms = ANY},
    {.role = ROLE_KBEK,
     .name = "KBEK",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .wrap = true,
     .mechanisms = WRAPPING},
    {.role = ROLE_KBMK,
     .name = "KBMK",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .wrap = true,
     .encrypt = true,
     .mechanisms = MACING},
    {.role = ROLE_IMPORT_KBEK,
     .name = "import KBEK",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .unwrap = true,
     .mechanisms = UNWRAPPING},
    {.role = ROLE_PAYLOAD,
     .name = "payload",
     .shape = SHAPE_GENERIC,
     .sensitive = true,
     .extractable = true,
     .derive = true,
     .mechanisms = ANY},
    {.role = ROLE_CHECK_VALUE,
     .name = "check value",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .encrypt = true,
     .sign = true,
     .mechanisms = ANY},
    {.role = ROLE_PART,
     .name = "part",
     .shape = SHAPE_GENERIC,
     .sensitive = true,
     .derive = true,
     .mechanisms = ANY},
    {.role = ROLE_COVER,
     .name = "cover",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .wrap = true,
     .encrypt = true,
     .mechanisms = MACING},
    {.role = ROLE_CONSTANT,
     .name = "constant",
     .shape = SHAPE_GENERIC,
     .extractable = true,
     .mechanisms = ANY},
};

static const struct rule *find_rule(enum p11_role role)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].role == role)
            return &rules[i];
    return NULL;
}

const char *role_name(enum p11_role role)
{
    const struct rule *rule = find_rule(role);

    return rule ? rule->name : "no role";
}

static CK_KEY_TYPE typed_key(enum key_algorithm algorithm)
{
    switch (algorithm) {
    case KEY_TDES_2KEY:
        return CKK_DES2;
    case KEY_TDES_3KEY:
        return CKK_DES3;
    case KEY_AES_128:
    case KEY_AES_192:
    case KEY_AES_256:
        return CKK_AES;
    case KEY_HMAC_SHA224:
    case KEY_HMAC_SHA256:
    case KEY_HMAC_SHA384:
    case KEY_HMAC_SHA512: /* every HMAC mechanism takes it, not every token has types for them */
    case KEY_RSA_2048: /* no secret key */
    case KEY_RSA_3072:
    case KEY_RSA_4096:
    case KEY_ALGORITHM_NONE:
        break;
    }
    return CKK_GENERIC_SECRET;
}

static CK_KEY_TYPE rule_key_type(const struct rule *rule, enum key_algorithm algorithm)
{
    return rule->shape == SHAPE_GENERIC ? CKK_GENERIC_SECRET : typed_key(algorithm);
}

/* DES2 and DES3 have their length by type; a CKA_VALUE_LEN is an error there. */
static bool has_length(CK_KEY_TYPE type)
{
    return type == CKK_AES || type == CKK_GENERIC_SECRET;
}

static size_t mechanism_list(const struct p11_token *token, enum mechanism_set set,
                             enum key_algorithm algorithm, bool kdf, CK_MECHANISM_TYPE out[4])
{
    enum p11_cipher cipher = op_cipher(algorithm);

    switch (set) {
    case ANY:
        return 0;
    case DERIVING:
        out[0] = token->ways[p11_for(kdf ? P11_KDF_AES : P11_DERIVE_AES, cipher)].mechanism;
        return 1;
    case MASKING:
        out[0] = token->ways[P11_DERIVE_TDES].mechanism;
        return 1;
    case JOINING:
        out[0] = token->ways[P11_JOIN_PREFIX].mechanism;
        out[1] = token->ways[P11_JOIN_SUFFIX].mechanism;
        return 2;
    case WRAPPING:
        out[0] = token->ways[p11_for(P11_WRAP_AES, cipher)].mechanism;
        return 1;
    case MACING:
        out[0] = token->ways[p11_for(P11_WRAP_AES, cipher)].mechanism;
        out[1] = token->ways[p11_for(P11_CBC_AES, cipher)].mechanism;
        out[2] = token->ways[p11_for(P11_ECB_AES, cipher)].mechanism;
        return 3;
    case UNWRAPPING:
        out[0] = token->ways[p11_for(P11_UNWRAP_AES, cipher)].mechanism;
        return 1;
    case CBC:
        out[0] = token->ways[p11_for(P11_CBC_AES, cipher)].mechanism;
        return 1;
    }
    return 0;
}

static void add_kind(const struct rule *rule, enum key_algorithm algorithm, size_t len,
                     struct p11_template *out)
{
    CK_KEY_TYPE type = rule_key_type(rule, algorithm);

    template_number(out, CKA_CLASS, CKO_SECRET_KEY);
    template_number(out, CKA_KEY_TYPE, type);
    if (has_length(type) && len > 0)
        template_number(out, CKA_VALUE_LEN, len);
}

/* Every flag is named: what a template leaves out becomes true on some tokens. */
static void add_flags(const struct rule *rule, bool extractable, struct p11_template *out)
{
    template_flag(out, CKA_TOKEN, rule->in_token);
    template_flag(out, CKA_PRIVATE, true);
    template_flag(out, CKA_SENSITIVE, rule->sensitive);
    template_flag(out, CKA_EXTRACTABLE, extractable);
    template_flag(out, CKA_ENCRYPT, rule->encrypt);
    template_flag(out, CKA_DECRYPT, false);
    template_flag(out, CKA_SIGN, rule->sign);
    template_flag(out, CKA_VERIFY, false);
    template_flag(out, CKA_WRAP, rule->wrap);
    template_flag(out, CKA_UNWRAP, rule->unwrap);
    template_flag(out, CKA_DERIVE, rule->derive);
}

static void add_mechanisms(const struct p11_token *token, const struct rule *rule,
                           enum key_algorithm algorithm, bool kdf, struct p11_template *out)
{
    size_t count = mechanism_list(token, rule->mechanisms, algorithm, kdf, out->mechanisms);

    if (count > 0)
        template_bytes(out, CKA_ALLOWED_MECHANISMS, out->mechanisms,
                       count * sizeof out->mechanisms[0]);
}

void role_session_template(const struct p11_token *token, enum p11_role role,
                           enum key_algorithm algorithm, size_t len, struct p11_template *out)
{
    const struct rule *rule = find_rule(role);

    add_kind(rule, algorithm, len ? len : key_algorithm_bytes(algorithm), out);
    add_flags(rule, rule->extractable, out);
    add_mechanisms(token, rule, algorithm, false, out);
}

void role_source_template(enum key_algorithm algorithm, bool extractable, struct p11_template *out)
{
    const struct rule *rule = find_rule(ROLE_SOURCE);

    add_kind(rule, algorithm, key_algorithm_bytes(algorithm), out);
    add_flags(rule, extractable, out);
}

/* The length of a token object. */
static size_t token_length(enum key_algorithm algorithm, size_t len)
{
    if (len)
        return len;
    return algorithm == KEY_ALGORITHM_NONE ? 1 : key_algorithm_bytes(algorithm);
}

void role_token_template(const struct p11_token *token, const struct role_object *object,
                         struct p11_template *out)
{
    const struct rule *rule = find_rule(object->role);

    add_kind(rule, object->algorithm, token_length(object->algorithm, object->len), out);
    template_bytes(out, CKA_ID, object->id, sizeof object->id);
    template_bytes(out, CKA_LABEL, object->label, strlen(object->label));
    add_flags(rule, rule->extractable, out);
    if (token->rungs.allowed_mechanisms)
        add_mechanisms(token, rule, object->algorithm, object->kdf, out);
    if (token->rungs.copyable)
        template_flag(out, CKA_COPYABLE, false);
    /* Last: a token applies attributes in order, and refuses all that follow this one. */
    if (token->rungs.modifiable)
        template_flag(out, CKA_MODIFIABLE, rule->modifiable);
}

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

static bool check_flags(const struct p11_token *token, CK_OBJECT_HANDLE object,
                        const struct rule *rule, char *text, size_t room, struct kf_error *err)
{
    const struct {
        CK_ATTRIBUTE_TYPE type;
        const char *name;
        bool expected, checked;
    } flags[] = {
        {CKA_TOKEN, "CKA_TOKEN", rule->in_token, true},
        {CKA_PRIVATE, "CKA_PRIVATE", true, true},
        {CKA_SENSITIVE, "CKA_SENSITIVE", rule->sensitive, true},
        {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", rule->extractable, true},
        {CKA_ENCRYPT, "CKA_ENCRYPT", rule->encrypt, true},
        {CKA_DECRYPT, "CKA_DECRYPT", false, true},
        {CKA_SIGN, "CKA_SIGN", rule->sign, true},
        {CKA_VERIFY, "CKA_VERIFY", false, true},
        {CKA_WRAP, "CKA_WRAP", rule->wrap, true},
        {CKA_UNWRAP, "CKA_UNWRAP", rule->unwrap, true},
        {CKA_DERIVE, "CKA_DERIVE", rule->derive, true},
        {CKA_MODIFIABLE, "CKA_MODIFIABLE", rule->modifiable, token->rungs.modifiable},
        {CKA_COPYABLE, "CKA_COPYABLE", false, token->rungs.copyable},
    };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        CK_BBOOL value = CK_FALSE;
        CK_ATTRIBUTE attribute = {flags[i].type, &value, sizeof value};

        if (!flags[i].checked)
            continue;
        if (!read_attribute(token, object, &attribute, flags[i].name, text, room, err))
            return false;
        if ((value != CK_FALSE) != flags[i].expected)
            return DEVIATES("%s is %s", flags[i].name, value ? "true" : "false");
    }
    return true;
}

static bool check_kind(const struct p11_token *token, CK_OBJECT_HANDLE object,
                       const struct rule *rule, enum key_algorithm algorithm, size_t len,
                       char *text, size_t room, struct kf_error *err)
{
    CK_OBJECT_CLASS class = 0;
    CK_KEY_TYPE type = 0;
    CK_ULONG length = 0;
    CK_ATTRIBUTE class_of = {CKA_CLASS, &class, sizeof class},
                 type_of = {CKA_KEY_TYPE, &type, sizeof type};
    CK_ATTRIBUTE value_len = {CKA_VALUE_LEN, &length, sizeof length};

    if (!read_attribute(token, object, &class_of, "CKA_CLASS", text, room, err) ||
        !read_attribute(token, object, &type_of, "CKA_KEY_TYPE", text, room, err))
        return false;
    if (class != CKO_SECRET_KEY)
        return DEVIATES("CKA_CLASS is 0x%lX", class);
    if (type != rule_key_type(rule, algorithm))
        return DEVIATES("CKA_KEY_TYPE is 0x%lX", type);
    if (!has_length(type))
        return true;
    if (!read_attribute(token, object, &value_len, "CKA_VALUE_LEN", text, room, err))
        return false;
    if (length != token_length(algorithm, len))
        return DEVIATES("CKA_VALUE_LEN is %lu", length);
    return true;
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
                      mechanism_list(token, rule->mechanisms, algorithm, *kdf, expected)))
            return true;
    *kdf = false;
    return DEVIATES("CKA_ALLOWED_MECHANISMS has %zu mechanisms, not the role's", count);
}

bool role_check(const struct p11_token *token, CK_OBJECT_HANDLE object, enum p11_role role,
                enum key_algorithm algorithm, size_t len, bool *kdf, char *text, size_t room,
                struct kf_error *err)
{
    const struct rule *rule = find_rule(role);

    *kdf = false;
    text[0] = '\0';
    return check_kind(token, object, rule, algorithm, len, text, room, err) &&
           check_flags(token, object, rule, text, room, err) &&
           check_mechanisms(token, object, rule, algorithm, kdf, text, room, err);
}
