/* SPDX-License-Identifier: Apache-2.0 */
/* The table of roles, and what it means for a token's objects. */
#include "p11/role_rule.h"

#include "p11/ops.h"

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
    {.role = ROLE_SIGNING,
     .name = "signing",
     .shape = SHAPE_PRIVATE,
     .in_token = true,
     .sensitive = true,
     .sign = true,
     .mechanisms = SIGNING},
    {.role = ROLE_UNWRAPPING,
     .name = "unwrapping",
     .shape = SHAPE_PRIVATE,
     .in_token = true,
     .sensitive = true,
     .unwrap = true,
     .mechanisms = OAEP_UNWRAPPING},
    {.role = ROLE_CERTIFICATE,
     .name = "certificate",
     .shape = SHAPE_CERTIFICATE,
     .in_token = true,
     .mechanisms = ANY},
    {.role = ROLE_CONTENT,
     .name = "content key",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .extractable = true,
     .wrap = true,
     .encrypt = true,
     .mechanisms = WRAPPING_AROUND},
    {.role = ROLE_CONTENT_SOURCE,
     .name = "content key source",
     .shape = SHAPE_GENERIC,
     .sensitive = true,
     .derive = true,
     .mechanisms = ANY},
    {.role = ROLE_IMPORT_CONTENT,
     .name = "import content key",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .unwrap = true,
     .mechanisms = UNWRAPPING},
    {.role = ROLE_CONTENT_CHECK,
     .name = "content key check",
     .shape = SHAPE_TYPED,
     .sensitive = true,
     .wrap = true,
     .encrypt = true,
     .mechanisms = WRAPPING_AROUND},
    {.role = ROLE_RECIPIENT,
     .name = "recipient",
     .shape = SHAPE_PUBLIC,
     .wrap = true,
     .mechanisms = OAEP_WRAPPING},
};

const struct rule *role_rule(enum p11_role role)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].role == role)
            return &rules[i];
    return NULL;
}

CK_OBJECT_CLASS role_class(enum p11_role role)
{
    const struct rule *rule = role_rule(role);

    return rule ? rule_class(rule) : CKO_SECRET_KEY;
}

bool role_in_token(uint8_t byte)
{
    const struct rule *rule = role_rule(byte);

    return rule && rule->in_token;
}

const char *role_name(enum p11_role role)
{
    const struct rule *rule = role_rule(role);

    return rule ? rule->name : "no role";
}

CK_OBJECT_CLASS rule_class(const struct rule *rule)
{
    switch (rule->shape) {
    case SHAPE_TYPED:
    case SHAPE_GENERIC:
        break;
    case SHAPE_PRIVATE:
        return CKO_PRIVATE_KEY;
    case SHAPE_PUBLIC:
        return CKO_PUBLIC_KEY;
    case SHAPE_CERTIFICATE:
        return CKO_CERTIFICATE;
    }
    return CKO_SECRET_KEY;
}

static CK_KEY_TYPE typed_key(enum key_algorithm algorithm)
{
    if (algorithm == KEY_TDES_2KEY)
        return CKK_DES2;
    if (algorithm == KEY_TDES_3KEY)
        return CKK_DES3;
    /* HMAC keys are generic: every HMAC mechanism takes that, not every token has types for them.
     */
    return key_algorithm_is_aes(algorithm) ? CKK_AES : CKK_GENERIC_SECRET;
}

CK_KEY_TYPE rule_key_type(const struct rule *rule, enum key_algorithm algorithm)
{
    if (rule->shape == SHAPE_PRIVATE || rule->shape == SHAPE_PUBLIC)
        return CKK_RSA;
    return rule->shape == SHAPE_GENERIC ? CKK_GENERIC_SECRET : typed_key(algorithm);
}

bool rule_has_length(CK_KEY_TYPE type)
{
    return type == CKK_AES || type == CKK_GENERIC_SECRET;
}

/* A list in the making, each mechanism once. */
struct mechanisms {
    const struct p11_token *token;
    CK_MECHANISM_TYPE *list;
    size_t count;
};

static void include(struct mechanisms *out, enum p11_operation operation)
{
    const struct p11_way *way = &out->token->ways[operation];

    for (size_t i = 0; i < out->count; i++)
        if (out->list[i] == way->mechanism)
            return;
    out->list[out->count++] = way->mechanism;
}

/* Only what was proven: of these a token needs not have all. */
static void include_proven(struct mechanisms *out, enum p11_operation first,
                           enum p11_operation last)
{
    for (enum p11_operation i = first; i <= last; i++)
        if (out->token->ways[i].proven)
            include(out, i);
}

size_t rule_mechanisms(const struct p11_token *token, const struct rule *rule,
                       enum key_algorithm algorithm, bool kdf, CK_MECHANISM_TYPE out[4])
{
    enum p11_cipher cipher = op_cipher(algorithm);
    struct mechanisms made = {token, out, 0};

    switch (rule->mechanisms) {
    case ANY:
        break;
    case DERIVING:
        include(&made, p11_for(kdf ? P11_KDF_AES : P11_DERIVE_AES, cipher));
        break;
    case MASKING:
        include(&made, P11_DERIVE_TDES);
        break;
    case JOINING:
        include(&made, P11_JOIN_PREFIX);
        include(&made, P11_JOIN_SUFFIX);
        break;
    case WRAPPING:
        include(&made, p11_for(P11_WRAP_AES, cipher));
        break;
    case WRAPPING_AROUND:
        include(&made, p11_for(P11_WRAP_AES, cipher));
        include(&made, p11_for(P11_CBC_AES, cipher));
        break;
    case MACING:
        include(&made, p11_for(P11_WRAP_AES, cipher));
        include(&made, p11_for(P11_CBC_AES, cipher));
        include(&made, p11_for(P11_ECB_AES, cipher));
        break;
    case UNWRAPPING:
        include(&made, p11_for(P11_UNWRAP_AES, cipher));
        break;
    case CBC:
        include(&made, p11_for(P11_CBC_AES, cipher));
        break;
    case SIGNING:
        include_proven(&made, P11_SIGN_SHA224, P11_SIGN_SHA512);
        break;
    case OAEP_WRAPPING:
        include_proven(&made, P11_OAEP_SHA256, P11_OAEP_SHA512);
        break;
    case OAEP_UNWRAPPING:
        include_proven(&made, P11_OAEP_UNWRAP_SHA256, P11_OAEP_UNWRAP_SHA512);
        break;
    }
    return made.count;
}

/* Every flag that the class has is named: what a template leaves out becomes true on some tokens.
 */
size_t rule_flags(const struct rule *rule, struct rule_flag out[RULE_FLAGS])
{
    enum { SECRET = 1, PRIVATE = 2, PUBLIC = 4, CERTIFICATE = 8 };
    static const unsigned bits[] = {[SHAPE_TYPED] = SECRET,
                                    [SHAPE_GENERIC] = SECRET,
                                    [SHAPE_PRIVATE] = PRIVATE,
                                    [SHAPE_PUBLIC] = PUBLIC,
                                    [SHAPE_CERTIFICATE] = CERTIFICATE};
    const unsigned secrets = SECRET | PRIVATE, keys = SECRET | PRIVATE | PUBLIC;
    const struct {
        unsigned shapes;
        struct rule_flag flag;
    } flags[] = {
        {keys | CERTIFICATE, {CKA_TOKEN, "CKA_TOKEN", rule->in_token}},
        {keys | CERTIFICATE, {CKA_PRIVATE, "CKA_PRIVATE", bits[rule->shape] & secrets}},
        {secrets, {CKA_SENSITIVE, "CKA_SENSITIVE", rule->sensitive}},
        {secrets, {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", rule->extractable}},
        {SECRET | PUBLIC, {CKA_ENCRYPT, "CKA_ENCRYPT", rule->encrypt}},
        {secrets, {CKA_DECRYPT, "CKA_DECRYPT", false}},
        {secrets, {CKA_SIGN, "CKA_SIGN", rule->sign}},
        {PRIVATE, {CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", false}},
        {SECRET | PUBLIC, {CKA_VERIFY, "CKA_VERIFY", false}},
        {PUBLIC, {CKA_VERIFY_RECOVER, "CKA_VERIFY_RECOVER", false}},
        {SECRET | PUBLIC, {CKA_WRAP, "CKA_WRAP", rule->wrap}},
        {secrets, {CKA_UNWRAP, "CKA_UNWRAP", rule->unwrap}},
        {keys, {CKA_DERIVE, "CKA_DERIVE", rule->derive}},
    };
    size_t count = 0;

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].shapes & bits[rule->shape])
            out[count++] = flags[i].flag;
    return count;
}

size_t rule_length(enum key_algorithm algorithm, size_t len)
{
    if (len)
        return len;
    return algorithm == KEY_ALGORITHM_NONE ? 1 : key_algorithm_bytes(algorithm);
}
