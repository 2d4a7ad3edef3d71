/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's patterns: KeyArnOrKeyAliasType, AliasName. */
#include "daemon/worker/identifier.h"

#include <stdio.h>
#include <string.h>

#define ARN_PREFIX "arn:aws:payment-cryptography:"
#define ALIAS_PREFIX "alias/"
#define KEY_PREFIX "key/"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What follows "arn:aws:payment-cryptography:<region>:<account>:", or the text itself; NULL for an
 * ARN of something else. */
static const char *skip_arn(const char *text)
{
    const char *at;

    if (!starts_with(text, "arn:"))
        return text;
    if (!starts_with(text, ARN_PREFIX))
        return NULL;
    at = strchr(text + strlen(ARN_PREFIX), ':');
    at = at ? strchr(at + 1, ':') : NULL;
    if (!at || (!starts_with(at + 1, KEY_PREFIX) && !starts_with(at + 1, ALIAS_PREFIX)))
        return NULL;
    return at + 1;
}

static bool parse_alias(const char *field, const char *text, struct identifier *out,
                        struct kf_error *err)
{
    const char *name = text + strlen(ALIAS_PREFIX);
    size_t len = strlen(text);

    if (len > ALIAS_NAME_MAX || !*name || name[strspn(name, DIGITS LETTERS "/_-")] != '\0')
        return kf_fail(err, KF_VALIDATION,
                       "%s: an alias is alias/ and then letters, digits, '/', '_' and '-', %d "
                       "characters in all at most.",
                       field, ALIAS_NAME_MAX);
    out->is_alias = true;
    memcpy(out->name, text, len + 1);
    return true;
}

static bool parse_key(const char *field, const char *text, struct identifier *out,
                      struct kf_error *err)
{
    size_t len = strlen(text);

    if (len < 16 || len > 64 || text[strspn(text, DIGITS LETTERS)] != '\0')
        return kf_fail(err, KF_VALIDATION,
                       "%s: must be a key ARN, a key id of 16 characters, or an alias (alias/...).",
                       field);
    out->is_alias = false;
    memcpy(out->name, text, len + 1);
    return true;
}

bool identifier_parse(const char *field, const char *text, struct identifier *out,
                      struct kf_error *err)
{
    const char *last;

    if (!text)
        return kf_fail(err, KF_VALIDATION, "%s is required.", field);
    last = skip_arn(text);
    if (!last)
        return kf_fail(err, KF_VALIDATION,
                       "%s: is an ARN, but not of a key or alias (" ARN_PREFIX "...).", field);
    if (starts_with(last, ALIAS_PREFIX))
        return parse_alias(field, last, out, err);
    return parse_key(field, starts_with(last, KEY_PREFIX) ? last + strlen(KEY_PREFIX) : last, out,
                     err);
}

bool identifier_parse_alias(const char *field, const char *text, struct identifier *out,
                            struct kf_error *err)
{
    if (!text)
        return kf_fail(err, KF_VALIDATION, "%s is required.", field);
    if (!starts_with(text, ALIAS_PREFIX))
        return kf_fail(err, KF_VALIDATION, "%s: must begin with alias/.", field);
    return parse_alias(field, text, out, err);
}

bool identifier_parse_key(const char *field, const char *text, struct identifier *out,
                          struct kf_error *err)
{
    if (!identifier_parse(field, text, out, err))
        return false;
    if (out->is_alias)
        return kf_fail(err, KF_VALIDATION, "%s: must be a key ARN or key id, not an alias.", field);
    return true;
}
