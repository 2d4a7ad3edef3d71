/* SPDX-License-Identifier: Apache-2.0 */
/* The tables. */
#include "client/block_words.h"

#include <stddef.h>
#include <string.h>

struct letter {
    char letter;
    const char *words;
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *find(const struct letter *table, size_t count, char letter)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].letter == letter)
            return table[i].words;
    return "not in the standard";
}

static const struct letter versions[] = {
    {'A', "TDES KBPK, its variants encrypt and authenticate; deprecated"},
    {'B', "TDES KBPK, keys derived from it encrypt and authenticate"},
    {'C', "TDES KBPK, its variants encrypt and authenticate; deprecated"},
    {'D', "AES KBPK, keys derived from it encrypt (CBC) and authenticate"},
    {'E', "AES KBPK, keys derived from it encrypt (CTR) and authenticate; ISO 20038"},
};

static const struct letter algorithms[] = {
    {'A', "AES"},
    {'D', "single DES"},
    {'E', "elliptic curve"},
    {'H', "HMAC; the optional block HM names the hash"},
    {'I', "HMAC with SHA-2 (ISO 20038)"},
    {'J', "HMAC with SHA-3 (ISO 20038)"},
    {'R', "RSA"},
    {'S', "DSA"},
    {'T', "TDES"},
};

static const struct letter modes[] = {
    {'B', "encrypt and decrypt, wrap and unwrap"},
    {'C', "generate and verify (MACs, PINs, card values)"},
    {'D', "decrypt and unwrap only"},
    {'E', "encrypt and wrap only"},
    {'G', "generate only"},
    {'N', "no special restrictions"},
    {'S', "sign only"},
    {'T', "sign and decrypt"},
    {'V', "verify only"},
    {'X', "derive other keys"},
    {'Y', "make variants of itself"},
};

static const struct letter exportabilities[] = {
    {'E', "may leave again in a key block, under a key encryption key"},
    {'N', "must not leave the receiver"},
    {'S', "sensitive: may leave again in other forms than a key block too"},
};

static const struct letter contexts[] = {
    {'0', "storage or exchange, as the KBPK's own use says"},
    {'1', "storage only"},
    {'2', "exchange only"},
};

static const struct {
    char usage[3];
    const char *words;
} usages[] = {
    {"B0", "base derivation key (BDK) of DUKPT"},
    {"B1", "initial key of DUKPT (IPEK or AES initial key)"},
    {"B2", "base key variant; deprecated"},
    {"B3", "key derivation key, not of DUKPT"},
    {"C0", "card verification key (CVK)"},
    {"D0", "symmetric data encryption key"},
    {"D1", "asymmetric data encryption key"},
    {"D2", "encryption key for a decimalization table"},
    {"D3", "encryption key for sensitive data"},
    {"E0", "EMV issuer master key: application cryptograms"},
    {"E1", "EMV issuer master key: secure messaging, confidentiality"},
    {"E2", "EMV issuer master key: secure messaging, integrity"},
    {"E3", "EMV issuer master key: data authentication code"},
    {"E4", "EMV issuer master key: dynamic numbers"},
    {"E5", "EMV issuer master key: card personalization"},
    {"E6", "EMV issuer master key: other"},
    {"E7", "EMV key pair of a card, for PIN encryption"},
    {"F0", "EMV card key: application cryptograms"},
    {"F1", "EMV card key: secure messaging, confidentiality"},
    {"F2", "EMV card key: secure messaging, integrity"},
    {"F4", "EMV card key: dynamic numbers"},
    {"I0", "initialization vector"},
    {"K0", "key encryption key (KEK)"},
    {"K1", "key block protection key (KBPK)"},
    {"K2", "asymmetric key encryption key of TR-34"},
    {"K3", "asymmetric key for key wrapping or agreement"},
    {"K4", "key block protection key of ISO 20038"},
    {"M0", "MAC key, ISO 16609 algorithm 1 (TDES)"},
    {"M1", "MAC key, ISO 9797-1 algorithm 1"},
    {"M2", "MAC key, ISO 9797-1 algorithm 2"},
    {"M3", "MAC key, ISO 9797-1 algorithm 3 (retail MAC)"},
    {"M4", "MAC key, ISO 9797-1 algorithm 4"},
    {"M5", "MAC key, ISO 9797-1:1999 algorithm 5"},
    {"M6", "MAC key, ISO 9797-1:2011 algorithm 5 (CMAC)"},
    {"M7", "MAC key, HMAC"},
    {"M8", "MAC key, ISO 9797-1:2011 algorithm 6"},
    {"P0", "PIN encryption key"},
    {"P1", "PIN generation key"},
    {"S0", "asymmetric key for digital signature"},
    {"S1", "asymmetric key of a certification authority"},
    {"S2", "asymmetric key, other than S0 and S1"},
    {"V0", "PIN verification key of another or a proprietary method"},
    {"V1", "PIN verification key, IBM 3624"},
    {"V2", "PIN verification key, Visa PVV"},
    {"V3", "PIN verification key, X9.132 algorithm 1"},
    {"V4", "PIN verification key, X9.132 algorithm 2"},
    {"V5", "PIN verification key, X9.132 algorithm 3"},
};

const char *block_version_words(char version)
{
    return find(versions, COUNT(versions), version);
}

const char *block_usage_words(const char *usage)
{
    for (size_t i = 0; i < COUNT(usages); i++)
        if (strcmp(usages[i].usage, usage) == 0)
            return usages[i].words;
    /* X9.143 leaves numbers to whoever agrees on them. */
    if (usage[0] >= '0' && usage[0] <= '9')
        return "proprietary";
    return "not in the standard, or newer than this program";
}

const char *block_algorithm_words(char algorithm)
{
    return find(algorithms, COUNT(algorithms), algorithm);
}

const char *block_mode_words(char mode)
{
    return find(modes, COUNT(modes), mode);
}

const char *block_exportability_words(char exportability)
{
    return find(exportabilities, COUNT(exportabilities), exportability);
}

const char *block_context_words(char context)
{
    return find(contexts, COUNT(contexts), context);
}

const char *block_key_version_words(const char *version)
{
    if (version[0] == 'c')
        return "a component of a key, not a key; the second character is the component's number";
    return strcmp(version, "00") == 0 ? "key version is not used" : "version of the key";
}
