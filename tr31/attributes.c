/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of key attributes and the look-ups in them. Everything that AWS's user guide states as
 * a table (usage x algorithm x modes, "Import/Export Key") is a table here too, so that the two can
 * be laid side by side.
 */
#include "tr31/attributes.h"

#include <stdio.h>
#include <string.h>

/* Which algorithms a usage takes. Asymmetric usages are known by name only. */
enum family {
    FAMILY_NONE = 0,
    FAMILY_TDES = 1,
    FAMILY_AES = 2,
    FAMILY_HMAC = 4,
    FAMILY_RSA = 8,
    FAMILY_BOTH = FAMILY_TDES | FAMILY_AES,
    FAMILY_ALL = FAMILY_BOTH | FAMILY_HMAC,
};

struct algorithm_row {
    const char *name;
    enum family family;
    char letter;
    unsigned bytes;
    unsigned block;
    /* Order in the "at least as strong" table: a KBPK wraps its own rank and every lower one. An
     * HMAC key's rank is that of its length. */
    unsigned rank;
    const char *hash_code;
};

static const struct algorithm_row algorithms[] = {
    [KEY_TDES_2KEY] = {"TDES_2KEY", FAMILY_TDES, 'T', 16, 8, 1, NULL},
    [KEY_TDES_3KEY] = {"TDES_3KEY", FAMILY_TDES, 'T', 24, 8, 2, NULL},
    [KEY_AES_128] = {"AES_128", FAMILY_AES, 'A', 16, 16, 3, NULL},
    [KEY_AES_192] = {"AES_192", FAMILY_AES, 'A', 24, 16, 4, NULL},
    [KEY_AES_256] = {"AES_256", FAMILY_AES, 'A', 32, 16, 5, NULL},
    [KEY_HMAC_SHA224] = {"HMAC_SHA224", FAMILY_HMAC, 'H', 28, 0, 0, "20"},
    [KEY_HMAC_SHA256] = {"HMAC_SHA256", FAMILY_HMAC, 'H', 32, 0, 0, "21"},
    [KEY_HMAC_SHA384] = {"HMAC_SHA384", FAMILY_HMAC, 'H', 48, 0, 0, "22"},
    [KEY_HMAC_SHA512] = {"HMAC_SHA512", FAMILY_HMAC, 'H', 64, 0, 0, "23"},
    [KEY_RSA_2048] = {"RSA_2048", FAMILY_RSA, 'R', 0, 0, 0, NULL},
    [KEY_RSA_3072] = {"RSA_3072", FAMILY_RSA, 'R', 0, 0, 0, NULL},
    [KEY_RSA_4096] = {"RSA_4096", FAMILY_RSA, 'R', 0, 0, 0, NULL},
};

/* How keys of a usage come to be here. X9.143 has more usages than AWS lets be created; keys of
 * those come in a key block, and can leave in one again. */
enum beginning { CREATED, IMPORT_ONLY };

struct usage_row {
    char code[3];
    const char *name;
    enum family family;
    const char *modes; /* mode letters */
    enum beginning beginning;
};

static const struct usage_row usages[] = {
    {"B0", "TR31_B0_BASE_DERIVATION_KEY", FAMILY_BOTH, "XN", CREATED},
    {"B1", "TR31_B1_DUKPT_INITIAL_KEY", FAMILY_BOTH, "XN", IMPORT_ONLY},
    {"B2", "TR31_B2_BASE_KEY_VARIANT_KEY", FAMILY_BOTH, "XN", IMPORT_ONLY},
    {"B3", "TR31_B3_KEY_DERIVATION_KEY", FAMILY_ALL, "XN", IMPORT_ONLY},
    {"C0", "TR31_C0_CARD_VERIFICATION_KEY", FAMILY_BOTH, "GVCN", CREATED},
    {"D0", "TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY", FAMILY_BOTH, "BEDN", CREATED},
    {"D1", "TR31_D1_ASYMMETRIC_KEY_FOR_DATA_ENCRYPTION", FAMILY_NONE, "BED", CREATED},
    {"D2", "TR31_D2_DECIMALIZATION_TABLE_ENCRYPTION_KEY", FAMILY_BOTH, "BEDN", IMPORT_ONLY},
    {"D3", "TR31_D3_SENSITIVE_DATA_ENCRYPTION_KEY", FAMILY_BOTH, "BEDN", IMPORT_ONLY},
    {"E0", "TR31_E0_EMV_MKEY_APP_CRYPTOGRAMS", FAMILY_BOTH, "XN", CREATED},
    {"E1", "TR31_E1_EMV_MKEY_CONFIDENTIALITY", FAMILY_BOTH, "XN", CREATED},
    {"E2", "TR31_E2_EMV_MKEY_INTEGRITY", FAMILY_BOTH, "XN", CREATED},
    {"E3", "TR31_E3_EMV_MKEY_DATA_AUTHENTICATION_CODE", FAMILY_BOTH, "XN", IMPORT_ONLY},
    {"E4", "TR31_E4_EMV_MKEY_DYNAMIC_NUMBERS", FAMILY_BOTH, "XN", CREATED},
    {"E5", "TR31_E5_EMV_MKEY_CARD_PERSONALIZATION", FAMILY_BOTH, "XN", CREATED},
    {"E6", "TR31_E6_EMV_MKEY_OTHER", FAMILY_BOTH, "XN", CREATED},
    {"F0", "TR31_F0_EMV_CARD_KEY_APP_CRYPTOGRAMS", FAMILY_BOTH, "XN", IMPORT_ONLY},
    {"F1", "TR31_F1_EMV_CARD_KEY_CONFIDENTIALITY", FAMILY_BOTH, "XN", IMPORT_ONLY},
    {"F2", "TR31_F2_EMV_CARD_KEY_INTEGRITY", FAMILY_BOTH, "XN", IMPORT_ONLY},
    {"F4", "TR31_F4_EMV_CARD_KEY_DYNAMIC_NUMBERS", FAMILY_BOTH, "XN", IMPORT_ONLY},
    {"I0", "TR31_I0_INITIALIZATION_VECTOR", FAMILY_BOTH, "N", IMPORT_ONLY},
    {"K0", "TR31_K0_KEY_ENCRYPTION_KEY", FAMILY_BOTH, "BEDN", CREATED},
    {"K1", "TR31_K1_KEY_BLOCK_PROTECTION_KEY", FAMILY_BOTH, "BEDN", CREATED},
    {"K2", "TR31_K2_TR34_ASYMMETRIC_KEY", FAMILY_NONE, "XBED", CREATED},
    {"K3", "TR31_K3_ASYMMETRIC_KEY_FOR_KEY_AGREEMENT", FAMILY_NONE, "X", CREATED},
    {"K4", "TR31_K4_ISO_20038_KEY_BLOCK_PROTECTION_KEY", FAMILY_BOTH, "BEDN", IMPORT_ONLY},
    {"M0", "TR31_M0_ISO_16609_MAC_KEY", FAMILY_TDES, "GVC", CREATED},
    {"M1", "TR31_M1_ISO_9797_1_MAC_KEY", FAMILY_TDES, "GVCN", CREATED},
    {"M2", "TR31_M2_ISO_9797_2_MAC_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"M3", "TR31_M3_ISO_9797_3_MAC_KEY", FAMILY_TDES, "GVCN", CREATED},
    {"M4", "TR31_M4_ISO_9797_4_MAC_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"M5", "TR31_M5_ISO_9797_1999_5_MAC_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"M6", "TR31_M6_ISO_9797_5_CMAC_KEY", FAMILY_BOTH, "GVCN", CREATED},
    {"M7", "TR31_M7_HMAC_KEY", FAMILY_ALL, "GVCN", CREATED},
    {"M8", "TR31_M8_ISO_9797_6_MAC_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"P0", "TR31_P0_PIN_ENCRYPTION_KEY", FAMILY_BOTH, "BEDN", CREATED},
    /* AWS knows the name, "not currently used". */
    {"P1", "TR31_P1_PIN_GENERATION_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"S0", "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE", FAMILY_NONE, "SV", CREATED},
    {"V0", "TR31_V0_PIN_VERIFICATION_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"V1", "TR31_V1_IBM3624_PIN_VERIFICATION_KEY", FAMILY_BOTH, "GVCN", CREATED},
    {"V2", "TR31_V2_VISA_PIN_VERIFICATION_KEY", FAMILY_BOTH, "GVCN", CREATED},
    {"V3", "TR31_V3_X9_132_1_PIN_VERIFICATION_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"V4", "TR31_V4_X9_132_2_PIN_VERIFICATION_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
    {"V5", "TR31_V5_X9_132_3_PIN_VERIFICATION_KEY", FAMILY_BOTH, "GVCN", IMPORT_ONLY},
};

struct mode_row {
    char letter;
    const char *text;
    struct key_modes modes;
};

static const struct mode_row mode_sets[] = {
    {'B',
     "{Encrypt,Decrypt,Wrap,Unwrap}",
     {.encrypt = true, .decrypt = true, .wrap = true, .unwrap = true}},
    {'E', "{Encrypt,Wrap}", {.encrypt = true, .wrap = true}},
    {'D', "{Decrypt,Unwrap}", {.decrypt = true, .unwrap = true}},
    {'C', "{Generate,Verify}", {.generate = true, .verify = true}},
    {'G', "{Generate}", {.generate = true}},
    {'V', "{Verify}", {.verify = true}},
    {'S', "{Sign}", {.sign = true}},
    {'X', "{DeriveKey}", {.derive_key = true}},
    {'N', "{NoRestrictions}", {.no_restrictions = true}},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* The row of an algorithm; an all-zero one for anything else. */
static const struct algorithm_row *algorithm_row(enum key_algorithm algorithm)
{
    bool known = algorithm > KEY_ALGORITHM_NONE && (size_t)algorithm < COUNT(algorithms);

    return &algorithms[known ? algorithm : KEY_ALGORITHM_NONE];
}

size_t key_algorithm_bytes(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->bytes;
}

size_t key_algorithm_block(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->block;
}

bool key_algorithm_is_aes(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->family == FAMILY_AES;
}

bool key_algorithm_is_hmac(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->family == FAMILY_HMAC;
}

bool key_algorithm_is_rsa(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->family == FAMILY_RSA;
}

unsigned key_algorithm_rsa_bits(enum key_algorithm algorithm)
{
    switch (algorithm) {
    case KEY_RSA_2048:
        return 2048;
    case KEY_RSA_3072:
        return 3072;
    case KEY_RSA_4096:
        return 4096;
    default:
        return 0;
    }
}

const char *key_algorithm_hash_code(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->hash_code;
}

enum key_algorithm key_algorithm_from_hash_code(const char code[2])
{
    for (size_t i = 1; i < COUNT(algorithms); i++)
        if (algorithms[i].hash_code && memcmp(algorithms[i].hash_code, code, 2) == 0)
            return (enum key_algorithm)i;
    return KEY_ALGORITHM_NONE;
}

char key_algorithm_letter(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->letter;
}

const char *key_algorithm_name(enum key_algorithm algorithm)
{
    return algorithm_row(algorithm)->name;
}

enum key_algorithm key_algorithm_from_name(const char *name)
{
    for (size_t i = 1; name && i < COUNT(algorithms); i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return (enum key_algorithm)i;
    return KEY_ALGORITHM_NONE;
}

static const struct usage_row *usage_row(const char *code)
{
    for (size_t i = 0; code && i < COUNT(usages); i++)
        if (strcmp(usages[i].code, code) == 0)
            return &usages[i];
    return NULL;
}

const char *key_usage_name(const char *code)
{
    const struct usage_row *row = usage_row(code);

    return row ? row->name : NULL;
}

const char *key_usage_from_name(const char *name)
{
    for (size_t i = 0; name && i < COUNT(usages); i++)
        if (strcmp(usages[i].name, name) == 0)
            return usages[i].code;
    return NULL;
}

static bool modes_equal(const struct key_modes *a, const struct key_modes *b)
{
    return a->encrypt == b->encrypt && a->decrypt == b->decrypt && a->wrap == b->wrap &&
           a->unwrap == b->unwrap && a->generate == b->generate && a->sign == b->sign &&
           a->verify == b->verify && a->derive_key == b->derive_key &&
           a->no_restrictions == b->no_restrictions;
}

static const struct mode_row *mode_row(char letter)
{
    for (size_t i = 0; i < COUNT(mode_sets); i++)
        if (mode_sets[i].letter == letter)
            return &mode_sets[i];
    return NULL;
}

char key_modes_letter(const struct key_modes *modes)
{
    for (size_t i = 0; i < COUNT(mode_sets); i++)
        if (modes_equal(&mode_sets[i].modes, modes))
            return mode_sets[i].letter;
    return '\0';
}

bool key_modes_from_letter(char letter, struct key_modes *modes)
{
    const struct mode_row *row = mode_row(letter);

    if (row)
        *modes = row->modes;
    return row != NULL;
}

/* A list as one says it: "a, b or c". */
struct list {
    char text[256];
    size_t used;
};

static void list_add(struct list *list, const char *item, size_t index, size_t count)
{
    const char *before = index == 0 ? "" : index + 1 == count ? " or " : ", ";
    size_t room = sizeof list->text - list->used;
    int wrote = snprintf(list->text + list->used, room, "%s%s", before, item);

    if (wrote > 0 && (size_t)wrote < room)
        list->used += (size_t)wrote;
}

/* Whether keys of this usage can be made here, or brought in. */
static bool usage_serves(const struct usage_row *row, bool imported)
{
    return row && row->family != FAMILY_NONE && (imported || row->beginning == CREATED);
}

static bool refuse_usage(const struct usage_row *row, bool imported, struct kf_error *err)
{
    struct list list = {.used = 0};
    const char *why = !row ? "is unknown"
                      : row->family == FAMILY_NONE
                          ? "is for asymmetric keys"
                          : "comes in key blocks only and cannot be created";
    size_t count = 0, index = 0;

    for (size_t i = 0; i < COUNT(usages); i++)
        count += usage_serves(&usages[i], imported);
    for (size_t i = 0; i < COUNT(usages); i++)
        if (usage_serves(&usages[i], imported))
            list_add(&list, usages[i].code, index++, count);
    return kf_fail(err, KF_VALIDATION,
                   "KeyUsage: %s %s; a symmetric key takes one of the TR31_ usages %s",
                   row ? row->name : "this usage", why, list.text);
}

static bool refuse_algorithm(const struct usage_row *row, struct kf_error *err)
{
    struct list list = {.used = 0};
    size_t count = 0, index = 0;

    for (size_t i = 1; i < COUNT(algorithms); i++)
        count += (algorithms[i].family & row->family) != 0;
    for (size_t i = 1; i < COUNT(algorithms); i++)
        if (algorithms[i].family & row->family)
            list_add(&list, algorithms[i].name, index++, count);
    return kf_fail(err, KF_VALIDATION, "KeyAlgorithm: a %s takes %s", row->name, list.text);
}

static bool refuse_modes(const struct usage_row *row, struct kf_error *err)
{
    struct list list = {.used = 0};
    size_t count = strlen(row->modes);

    for (size_t i = 0; i < count; i++)
        list_add(&list, mode_row(row->modes[i])->text, i, count);
    return kf_fail(err, KF_VALIDATION, "KeyModesOfUse: a %s takes %s", row->name, list.text);
}

static bool check(const char *usage, enum key_algorithm algorithm, char mode, bool imported,
                  struct kf_error *err)
{
    const struct usage_row *row = usage_row(usage);

    if (!usage_serves(row, imported))
        return refuse_usage(row, imported, err);
    if (!(algorithm_row(algorithm)->family & row->family))
        return refuse_algorithm(row, err);
    if (mode == '\0' || !strchr(row->modes, mode))
        return refuse_modes(row, err);
    return true;
}

bool key_attributes_check(const char *usage, enum key_algorithm algorithm, char mode,
                          struct kf_error *err)
{
    return check(usage, algorithm, mode, false, err);
}

bool key_attributes_check_import(const char *usage, enum key_algorithm algorithm, char mode,
                                 struct kf_error *err)
{
    return check(usage, algorithm, mode, true, err);
}

/* Whether every mode of some is one of all. */
static bool modes_include(const struct key_modes *all, const struct key_modes *some)
{
    return some->encrypt <= all->encrypt && some->decrypt <= all->decrypt &&
           some->wrap <= all->wrap && some->unwrap <= all->unwrap &&
           some->generate <= all->generate && some->sign <= all->sign &&
           some->verify <= all->verify && some->derive_key <= all->derive_key &&
           some->no_restrictions <= all->no_restrictions;
}

static bool narrows(const struct usage_row *usage, char own, char asked)
{
    struct key_modes all, some;

    if (asked == own)
        return true;
    if (asked == '\0' || !strchr(usage->modes, asked))
        return false;
    return own == 'N' || (key_modes_from_letter(own, &all) && key_modes_from_letter(asked, &some) &&
                          modes_include(&all, &some));
}

bool key_modes_check_narrower(const char *usage, char own, char asked, struct kf_error *err)
{
    const struct usage_row *row = usage_row(usage);
    const struct mode_row *own_row = mode_row(own), *asked_row = mode_row(asked);
    struct list list = {.used = 0};
    size_t count = 0, index = 0;

    if (!row || !own_row)
        return kf_fail(err, KF_INTERNAL, "A key has a usage or modes that there are not.");
    if (narrows(row, own, asked))
        return true;
    for (const char *mode = row->modes; *mode; mode++)
        count += narrows(row, own, *mode);
    for (const char *mode = row->modes; *mode; mode++)
        if (narrows(row, own, *mode))
            list_add(&list, mode_row(*mode)->text, index++, count);
    if (!asked_row)
        return kf_fail(err, KF_VALIDATION,
                       "KeyModesOfUse: no key block can say this set; of its own %s the key may "
                       "leave with %s",
                       own_row->text, list.text);
    return kf_fail(err, KF_VALIDATION,
                   "KeyModesOfUse: %s is not within the key's own %s; modes can be narrowed only, "
                   "so it may leave with %s",
                   asked_row->text, own_row->text, list.text);
}

static unsigned hmac_rank(size_t bytes)
{
    enum key_algorithm as_strong = bytes <= algorithms[KEY_AES_128].bytes   ? KEY_AES_128
                                   : bytes <= algorithms[KEY_AES_192].bytes ? KEY_AES_192
                                                                            : KEY_AES_256;

    return algorithms[as_strong].rank;
}

bool key_strength_allows(enum key_algorithm wrapping, enum key_algorithm wrapped,
                         size_t wrapped_bytes)
{
    unsigned rank =
        key_algorithm_is_hmac(wrapped) ? hmac_rank(wrapped_bytes) : algorithm_row(wrapped)->rank;

    return rank != 0 && algorithm_row(wrapping)->rank >= rank;
}
