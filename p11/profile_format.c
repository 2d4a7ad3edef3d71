/* SPDX-License-Identifier: Apache-2.0 */
/* Which operations a format is made of. */
#include "p11/profile.h"

#include <stdio.h>
#include <string.h>

#include "p11/ops.h"

#define OTHERS_MAX 15

/* Of either and other one is enough; where they are the same, only that will do. */
static const struct {
    const char *name;
    enum p11_operation either, other;
    size_t count;
    enum p11_operation others[OTHERS_MAX];
} formats[PROFILE_FORMATS] = {
    [FORMAT_TR31_B] = {"TR-31 version B",
                       P11_DERIVE_TDES,
                       P11_KDF_TDES,
                       6,
                       {P11_JOIN_PREFIX, P11_JOIN_SUFFIX, P11_XOR, P11_WRAP_TDES, P11_ECB_TDES,
                        P11_CBC_TDES}},
    /* CMAC and TDES for the check values of the keys that a D block carries. */
    [FORMAT_TR31_D] = {"TR-31 version D",
                       P11_DERIVE_AES,
                       P11_KDF_AES,
                       8,
                       {P11_JOIN_PREFIX, P11_JOIN_SUFFIX, P11_XOR, P11_WRAP_AES, P11_ECB_AES,
                        P11_CBC_AES, P11_CMAC_AES, P11_ECB_TDES}},
    /* The xor makes the BDK's mask variant; identity and ECB or CMAC are for the check value. */
    [FORMAT_DUKPT_TDES] = {"TDES DUKPT initial keys",
                           P11_DERIVE_TDES,
                           P11_DERIVE_TDES,
                           4,
                           {P11_JOIN_KEYS, P11_XOR, P11_IDENTITY, P11_ECB_TDES}},
    [FORMAT_DUKPT_AES] =
        {"AES DUKPT initial keys", P11_DERIVE_AES, P11_DERIVE_AES, 2, {P11_IDENTITY, P11_CMAC_AES}},
    /* Cut, join and ECB find the key's length, derive by TDES compares the parts of a TDES key,
     * identity stores it, with its check value. */
    [FORMAT_TR31_IMPORT_B] = {"import of TR-31 version B",
                              P11_DERIVE_TDES,
                              P11_KDF_TDES,
                              9,
                              {P11_UNWRAP_TDES, P11_JOIN_SUFFIX, P11_XOR, P11_CUT, P11_IDENTITY,
                               P11_WRAP_TDES, P11_ECB_TDES, P11_CBC_TDES, P11_DERIVE_TDES}},
    [FORMAT_TR31_IMPORT_D] = {"import of TR-31 version D",
                              P11_DERIVE_AES,
                              P11_KDF_AES,
                              11,
                              {P11_UNWRAP_AES, P11_JOIN_SUFFIX, P11_XOR, P11_CUT, P11_IDENTITY,
                               P11_WRAP_AES, P11_ECB_AES, P11_CBC_AES, P11_CMAC_AES, P11_ECB_TDES,
                               P11_DERIVE_TDES}},
    /* The xor makes the import variants of the key block protection key. */
    [FORMAT_TR31_IMPORT_AC] = {"import of TR-31 versions A and C",
                               P11_UNWRAP_TDES,
                               P11_UNWRAP_TDES,
                               8,
                               {P11_JOIN_SUFFIX, P11_XOR, P11_CUT, P11_IDENTITY, P11_WRAP_TDES,
                                P11_ECB_TDES, P11_CBC_TDES, P11_DERIVE_TDES}},
    /* CBC is for what stands around the key; CMAC and ECB are for check values, the pair is the
     * sender's. */
    [FORMAT_TR34] = {"TR-34 key tokens",
                     P11_OAEP_SHA256,
                     P11_OAEP_SHA256,
                     12,
                     {P11_SIGN_SHA256, P11_RSA_GENERATE, P11_GENERATE_AES, P11_GENERATE_TDES,
                      P11_JOIN_PREFIX, P11_JOIN_SUFFIX, P11_WRAP_AES, P11_WRAP_TDES, P11_CBC_AES,
                      P11_CBC_TDES, P11_CMAC_AES, P11_ECB_TDES}},
    /* The signature is for the receiver's certificate, derive by TDES compares the parts of a TDES
     * key. */
    [FORMAT_TR34_IMPORT] = {"import of TR-34 key tokens",
                            P11_OAEP_UNWRAP_SHA256,
                            P11_OAEP_UNWRAP_SHA256,
                            15,
                            {P11_SIGN_SHA256, P11_RSA_GENERATE, P11_UNWRAP_AES, P11_UNWRAP_TDES,
                             P11_CUT, P11_JOIN_PREFIX, P11_JOIN_SUFFIX, P11_IDENTITY, P11_WRAP_AES,
                             P11_WRAP_TDES, P11_CBC_AES, P11_CBC_TDES, P11_CMAC_AES, P11_ECB_TDES,
                             P11_DERIVE_TDES}},
    [FORMAT_KEY_CRYPTOGRAM] = {"RSA key cryptograms", P11_OAEP_SHA256, P11_OAEP_SHA512, 0, {0}},
    [FORMAT_KEY_CRYPTOGRAM_IMPORT] = {"import of RSA key cryptograms",
                                      P11_OAEP_UNWRAP_SHA256,
                                      P11_OAEP_UNWRAP_SHA512,
                                      8,
                                      {P11_SIGN_SHA256, P11_RSA_GENERATE, P11_CUT, P11_JOIN_SUFFIX,
                                       P11_IDENTITY, P11_CMAC_AES, P11_ECB_TDES, P11_DERIVE_TDES}},
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
    enum p11_operation either = formats[format].either, other = formats[format].other;
    bool can = token->ways[either].proven || token->ways[other].proven;

    text[0] = '\0';
    if (!can) {
        append(text, room, "", either);
        if (other != either)
            append(text, room, " or ", other);
    }
    for (size_t i = 0; i < formats[format].count; i++)
        if (!token->ways[formats[format].others[i]].proven) {
            can = false;
            append(text, room, ", ", formats[format].others[i]);
        }
    return can;
}
