/* SPDX-License-Identifier: Apache-2.0 */
/* Which operations a format is made of. */
#include "p11/profile.h"

#include <stdio.h>
#include <string.h>

#include "p11/ops.h"

#define NEEDS_MAX 10

/* An operation, or another that serves as well. */
struct need {
    enum p11_operation one, other;
};

#define NEED(operation) {operation, operation}

static const struct {
    const char *name;
    size_t count;
    struct need needs[NEEDS_MAX];
} formats[PROFILE_FORMATS] = {
    [FORMAT_TR31_B] = {"TR-31 version B", 7, {
        {P11_DERIVE_TDES, P11_KDF_TDES}, NEED(P11_JOIN_PREFIX), NEED(P11_JOIN_SUFFIX), NEED(P11_XOR),
        NEED(P11_WRAP_TDES), NEED(P11_ECB_TDES), NEED(P11_CBC_TDES)}},
    /* CMAC and TDES for the check values of the keys that a D block carries. */
    [FORMAT_TR31_D] = {"TR-31 version D", 9, {
        {P11_DERIVE_AES, P11_KDF_AES}, NEED(P11_JOIN_PREFIX), NEED(P11_JOIN_SUFFIX), NEED(P11_XOR),
        NEED(P11_WRAP_AES), NEED(P11_ECB_AES), NEED(P11_CBC_AES), NEED(P11_CMAC_AES), NEED(P11_ECB_TDES)}},
};

const char *profile_format_name(enum profile_format format)
{
    return formats[format].name;
}

static void append(char *text, size_t room, const char *separator, enum p11_operation operation)
{
    size_t len = strlen(text);

    snprintf(text + len, room - len, "%s%s (%s)", len > 0 ? separator : "", op_name(operation),
             op_mechanisms(operation));
}

bool profile_can(const struct p11_token *token, enum profile_format format, char *text, size_t room)
{
    bool can = true;

    text[0] = '\0';
    for (size_t i = 0; i < formats[format].count; i++) {
        const struct need *need = &formats[format].needs[i];

        if (token->ways[need->one].proven || token->ways[need->other].proven)
            continue;
        can = false;
        append(text, room, ", ", need->one);
        if (need->other != need->one)
            append(text, room, " or ", need->other);
    }
    return can;
}
