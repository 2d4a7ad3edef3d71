/* SPDX-License-Identifier: Apache-2.0 */
/* Which operations a format is made of. */
#include "p11/profile.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "p11/ops.h"

#define NEED(operation) (UINT64_C(1) << P11_##operation)
_Static_assert(P11_OPERATIONS <= 64, "an operation is a bit");

/* What the format takes: one of the first, and all of the rest. Check values are by CMAC for AES
 * keys and by ECB for TDES keys. */
static const struct {
    const char *name;
    uint64_t one, all, not_tdes, tdes; /* the last two by the key that travels */
} formats[PROFILE_FORMATS] = {
    [FORMAT_TR31_B] = {.name = "TR-31 version B",
                       .one = NEED(DERIVE_TDES) | NEED(KDF_TDES),
                       .all = NEED(JOIN_PREFIX) | NEED(JOIN_SUFFIX) | NEED(XOR) | NEED(WRAP_TDES) |
                              NEED(ECB_TDES) | NEED(CBC_TDES)},
    [FORMAT_TR31_D] = {.name = "TR-31 version D",
                       .one = NEED(DERIVE_AES) | NEED(KDF_AES),
                       .all = NEED(JOIN_PREFIX) | NEED(JOIN_SUFFIX) | NEED(XOR) | NEED(WRAP_AES) |
                              NEED(ECB_AES) | NEED(CBC_AES),
                       .not_tdes = NEED(CMAC_AES),
                       .tdes = NEED(ECB_TDES)},
    /* The xor makes the BDK's mask variant; identity is for the check value. */
    [FORMAT_DUKPT_TDES] = {.name = "TDES DUKPT initial keys",
                           .one = NEED(DERIVE_TDES),
                           .all =
                               NEED(JOIN_KEYS) | NEED(XOR) | NEED(IDENTITY_TDES) | NEED(ECB_TDES)},
    [FORMAT_DUKPT_AES] = {.name = "AES DUKPT initial keys",
                          .one = NEED(DERIVE_AES),
                          .all = NEED(IDENTITY) | NEED(CMAC_AES)},
    /* Cut, join and ECB find the key's length, derive by TDES compares the parts of a TDES key,
     * identity stores it, and what leaves as a generic secret. */
    [FORMAT_TR31_IMPORT_B] = {.name = "import of TR-31 version B",
                              .one = NEED(DERIVE_TDES) | NEED(KDF_TDES),
                              .all = NEED(UNWRAP_TDES) | NEED(JOIN_SUFFIX) | NEED(XOR) | NEED(CUT) |
                                     NEED(IDENTITY) | NEED(WRAP_TDES) | NEED(ECB_TDES) |
                                     NEED(CBC_TDES),
                              .tdes = NEED(IDENTITY_TDES) | NEED(DERIVE_TDES)},
    [FORMAT_TR31_IMPORT_D] = {.name = "import of TR-31 version D",
                              .one = NEED(DERIVE_AES) | NEED(KDF_AES),
                              .all = NEED(UNWRAP_AES) | NEED(JOIN_SUFFIX) | NEED(XOR) | NEED(CUT) |
                                     NEED(IDENTITY) | NEED(WRAP_AES) | NEED(ECB_AES) |
                                     NEED(CBC_AES),
                              .not_tdes = NEED(CMAC_AES),
                              .tdes = NEED(IDENTITY_TDES) | NEED(ECB_TDES) | NEED(DERIVE_TDES)},
    /* The xor makes the import variants of the key block protection key. */
    [FORMAT_TR31_IMPORT_AC] = {.name = "import of TR-31 versions A and C",
                               .one = NEED(UNWRAP_TDES),
                               .all = NEED(JOIN_SUFFIX) | NEED(XOR) | NEED(CUT) | NEED(IDENTITY) |
                                      NEED(WRAP_TDES) | NEED(ECB_TDES) | NEED(CBC_TDES),
                               .tdes = NEED(IDENTITY_TDES) | NEED(DERIVE_TDES)},
    /* CBC is for what stands around the key; the pair is the sender's, the other key the content
     * key, which is of the key's own cipher. */
    [FORMAT_TR34] = {.name = "TR-34 key tokens",
                     .one = NEED(OAEP_SHA256),
                     .all = NEED(SIGN_SHA256) | NEED(RSA_GENERATE) | NEED(JOIN_PREFIX) |
                            NEED(JOIN_SUFFIX),
                     .not_tdes =
                         NEED(GENERATE_AES) | NEED(WRAP_AES) | NEED(CBC_AES) | NEED(CMAC_AES),
                     .tdes = NEED(OAEP_TDES) | NEED(GENERATE_TDES) | NEED(WRAP_TDES) |
                             NEED(CBC_TDES) | NEED(ECB_TDES)},
    /* The signature is for the receiver's certificate. */
    [FORMAT_TR34_IMPORT] = {.name = "import of TR-34 key tokens",
                            .one = NEED(OAEP_UNWRAP_SHA256),
                            .all = NEED(SIGN_SHA256) | NEED(RSA_GENERATE) | NEED(CUT) |
                                   NEED(JOIN_PREFIX) | NEED(JOIN_SUFFIX) | NEED(IDENTITY),
                            .not_tdes =
                                NEED(UNWRAP_AES) | NEED(WRAP_AES) | NEED(CBC_AES) | NEED(CMAC_AES),
                            .tdes = NEED(UNWRAP_TDES) | NEED(IDENTITY_TDES) | NEED(WRAP_TDES) |
                                    NEED(CBC_TDES) | NEED(ECB_TDES) | NEED(DERIVE_TDES)},
    [FORMAT_KEY_CRYPTOGRAM] = {.name = "RSA key cryptograms",
                               .one = NEED(OAEP_SHA256) | NEED(OAEP_SHA512)},
    [FORMAT_KEY_CRYPTOGRAM_IMPORT] = {.name = "import of RSA key cryptograms",
                                      .one = NEED(OAEP_UNWRAP_SHA256) | NEED(OAEP_UNWRAP_SHA512),
                                      .all = NEED(SIGN_SHA256) | NEED(RSA_GENERATE) | NEED(CUT) |
                                             NEED(JOIN_SUFFIX) | NEED(IDENTITY),
                                      .not_tdes = NEED(CMAC_AES),
                                      .tdes =
                                          NEED(IDENTITY_TDES) | NEED(ECB_TDES) | NEED(DERIVE_TDES)},
};

const char *profile_format_name(enum profile_format format)
{
    return formats[format].name;
}

static uint64_t proven(const struct p11_token *token)
{
    uint64_t set = 0;

    for (enum p11_operation i = 0; i < P11_OPERATIONS; i++)
        if (token->ways[i].proven)
            set |= UINT64_C(1) << i;
    return set;
}

static void list(uint64_t set, const char *separator, char *text, size_t room)
{
    const char *before = text[0] != '\0' ? ", " : "";

    for (enum p11_operation i = 0; i < P11_OPERATIONS; i++)
        if (set & UINT64_C(1) << i) {
            size_t len = strlen(text);

            snprintf(text + len, room - len, "%s%s (%s)", before, op_name(i), op_mechanisms(i));
            before = separator;
        }
}

static bool can(uint64_t has, enum profile_format format, bool tdes, char *text, size_t room)
{
    uint64_t one = formats[format].one;
    uint64_t missing =
        (formats[format].all | (tdes ? formats[format].tdes : formats[format].not_tdes)) & ~has;

    text[0] = '\0';
    if ((one & has) == 0)
        list(one, " or ", text, room);
    list(missing, ", ", text, room);
    return text[0] == '\0';
}

bool profile_can(const struct p11_token *token, enum profile_format format, char algorithm,
                 char *text, size_t room)
{
    uint64_t has = proven(token);

    if (algorithm == '\0' && can(has, format, true, text, room))
        return true;
    return can(has, format, algorithm == 'T', text, room);
}
