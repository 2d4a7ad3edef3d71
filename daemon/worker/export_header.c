/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver may do with the key is at most what it may do here. */
#include "daemon/worker/export_header.h"

#include <stdio.h>
#include <string.h>

/* AWS's bounds of OptionalBlocks: of one value, and of all with their ids and lengths. */
#define VALUE_MAX 108
#define BLOCKS_MAX 112
#define BLOCK_HEAD 4

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

/* From strict to free. */
static const char exportabilities[] = "NES";

static bool made_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

/* A failure of the block list, under the name of the request's member. */
static bool fail_blocks(const char *field, const struct kf_error *inner, struct kf_error *err)
{
    return kf_fail(err, KF_VALIDATION, "%s: %s.", field, inner->message);
}

static bool includes(const struct key_modes *all, const struct key_modes *some)
{
    return (all->encrypt || !some->encrypt) && (all->decrypt || !some->decrypt) &&
           (all->wrap || !some->wrap) && (all->unwrap || !some->unwrap) &&
           (all->generate || !some->generate) && (all->sign || !some->sign) &&
           (all->verify || !some->verify) && (all->derive_key || !some->derive_key) &&
           (all->no_restrictions || !some->no_restrictions);
}

/* Of a key with NoRestrictions every set that its usage takes is a part. */
static bool check_narrower(const struct key_facts *facts, const struct key_modes *asked,
                           char letter, struct kf_error *err)
{
    struct kf_error inner = {0};
    struct key_modes own = {0};

    if (facts->mode == 'N') {
        if (letter == 'N' ||
            key_attributes_check_import(facts->usage, facts->algorithm, letter, &inner))
            return true;
        return kf_fail(err, KF_VALIDATION, "KeyBlockHeaders.%s", inner.message);
    }
    key_modes_from_letter(facts->mode, &own);
    if (includes(&own, asked))
        return true;
    return kf_fail(err, KF_VALIDATION,
                   "KeyBlockHeaders.KeyModesOfUse: the key has mode %c and %c is asked for; modes "
                   "can be narrowed, not widened.",
                   facts->mode, letter);
}

static bool set_mode(const struct key_facts *facts, const keyferry_KeyBlockHeaders *headers,
                     struct tr31_header *header, struct kf_error *err)
{
    const keyferry_KeyModesOfUse *in = &headers->key_modes_of_use;
    struct key_modes modes = {in->encrypt, in->decrypt,    in->wrap,
                              in->unwrap,  in->generate,   in->sign,
                              in->verify,  in->derive_key, in->no_restrictions};
    char letter = key_modes_letter(&modes);

    if (!headers->has_key_modes_of_use)
        return true;
    if (!letter)
        return kf_fail(err, KF_VALIDATION,
                       "KeyBlockHeaders.KeyModesOfUse: no key block can say this set; the sets are "
                       "{Encrypt,Decrypt,Wrap,Unwrap}, {Encrypt,Wrap}, {Decrypt,Unwrap}, "
                       "{Generate,Verify}, {Generate}, {Verify}, {Sign}, {DeriveKey} and "
                       "{NoRestrictions}.");
    header->mode = letter;
    return check_narrower(facts, &modes, letter, err);
}

static bool set_exportability(const struct key_facts *facts,
                              const keyferry_KeyBlockHeaders *headers, struct tr31_header *header,
                              struct kf_error *err)
{
    static const char *const names[] = {"NON_EXPORTABLE", "EXPORTABLE", "SENSITIVE"};

    if (!headers->has_key_exportability)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(headers->key_exportability, names[i]) != 0)
            continue;
        header->exportability = exportabilities[i];
        if (strchr(exportabilities, facts->exportability) >= exportabilities + i)
            return true;
        return kf_fail(err, KF_VALIDATION,
                       "KeyBlockHeaders.KeyExportability: the key came as %c and %s (%c) is asked "
                       "for; it can be narrowed (S to E to N), not widened.",
                       facts->exportability, names[i], exportabilities[i]);
    }
    return kf_fail(err, KF_VALIDATION,
                   "KeyBlockHeaders.KeyExportability: must be EXPORTABLE, NON_EXPORTABLE or "
                   "SENSITIVE.");
}

static bool set_version(const keyferry_KeyBlockHeaders *headers, struct tr31_header *header,
                        struct kf_error *err)
{
    if (!headers->has_key_version)
        return true;
    if (strlen(headers->key_version) != 2 || !made_of(headers->key_version, DIGITS UPPER))
        return kf_fail(err, KF_VALIDATION,
                       "KeyBlockHeaders.KeyVersion: must be two characters of 0-9 and A-Z.");
    memcpy(header->key_version, headers->key_version, sizeof header->key_version);
    return true;
}

/* KS in the form of eight bytes is the KSN without the FFFF in front of it. */
static bool same_ksn(const char *given, const char *expected)
{
    size_t skip = strlen(given) == 16 && strlen(expected) == 20 ? 4 : 0;

    return strncmp(expected, "FFFF", skip) == 0 && strcmp(given, expected + skip) == 0;
}

/* What a block says of an initial key's KSN must be so. */
static bool check_ksn(const struct dukpt_ksn *ksn, const keyferry_OptionalBlock *block,
                      struct kf_error *err)
{
    char expected[DUKPT_BLOCK_MAX + 1];

    if (!ksn || (strcmp(block->id, "KS") != 0 && strcmp(block->id, "IK") != 0 &&
                 strcmp(block->id, "BI") != 0))
        return true;
    if (!dukpt_ksn_write_block(ksn, block->id, expected))
        return kf_fail(err, KF_VALIDATION,
                       "KeyBlockHeaders.OptionalBlocks: %s is not for an initial key of %s (KS is "
                       "TDES DUKPT's, IK AES DUKPT's).",
                       block->id, key_algorithm_name(ksn->bdk));
    if (same_ksn(block->value, expected))
        return true;
    return kf_fail(err, KF_VALIDATION,
                   "KeyBlockHeaders.OptionalBlocks: %s contradicts KeySerialNumber%s.", block->id,
                   strcmp(block->id, "BI") == 0
                       ? ""
                       : ", whose counter it has as zero; AddBlocks would make it");
}

static bool check_block(const keyferry_OptionalBlock *block, struct kf_error *err)
{
    static const char field[] = "KeyBlockHeaders.OptionalBlocks";
    size_t len = strlen(block->value);

    if (strlen(block->id) != 2 || !made_of(block->id, DIGITS UPPER))
        return kf_fail(err, KF_VALIDATION, "%s: an id must be two characters of 0-9 and A-Z.",
                       field);
    if (strcmp(block->id, "PB") == 0 || strcmp(block->id, "HM") == 0)
        return kf_fail(err, KF_VALIDATION,
                       "%s: %s is made by the service where it is needed; leave it out.", field,
                       block->id);
    if (len < 1 || len > VALUE_MAX || !made_of(block->value, DIGITS UPPER LOWER))
        return kf_fail(err, KF_VALIDATION,
                       "%s: the value of %s must be 1 to %d characters of 0-9, A-Z and a-z.", field,
                       block->id, VALUE_MAX);
    if (strcmp(block->id, "BI") == 0 && strncmp(block->value, "11", 2) == 0)
        return kf_fail(err, KF_VALIDATION,
                       "%s: BI has no type 11: X9.143 has 00 for the key set id of TDES DUKPT and "
                       "01 for the BDK id of AES DUKPT; begin it with 01.",
                       field);
    return true;
}

static bool add_given(const struct dukpt_ksn *ksn, const keyferry_KeyBlockHeaders *headers,
                      struct tr31_optblocks *list, struct kf_error *err)
{
    size_t sum = 0;

    for (size_t i = 0; i < headers->optional_blocks_count; i++) {
        const keyferry_OptionalBlock *block = &headers->optional_blocks[i];
        struct kf_error inner = {0};

        if (!check_block(block, err) || !check_ksn(ksn, block, err))
            return false;
        if (!tr31_optblocks_add(list, block->id, block->value, strlen(block->value), &inner))
            return fail_blocks("KeyBlockHeaders.OptionalBlocks", &inner, err);
        sum += BLOCK_HEAD + strlen(block->value);
    }
    return sum <= BLOCKS_MAX ||
           kf_fail(err, KF_VALIDATION,
                   "KeyBlockHeaders.OptionalBlocks: take %zu characters, %d of each for its id and "
                   "length; must be %d at most.",
                   sum, BLOCK_HEAD, BLOCKS_MAX);
}

/* The data of a block that is made here. */
static bool write_added(const struct export_subject *subject, const struct p11_key *wrapping,
                        const char *id, time_t now, char out[DUKPT_BLOCK_MAX + 1],
                        struct kf_error *err)
{
    static const char field[] = "KeyBlockHeaders.AddBlocks";
    struct tm tm;

    if (strcmp(id, "KP") == 0) {
        snprintf(out, DUKPT_BLOCK_MAX + 1, "%s%s",
                 wrapping->facts.kcv_algorithm == KCV_CMAC ? "01" : "00", wrapping->facts.kcv);
        return true;
    }
    if (strcmp(id, "TS") == 0)
        return (gmtime_r(&now, &tm) && strftime(out, DUKPT_BLOCK_MAX + 1, "%Y%m%d%H%M%SZ", &tm)) ||
               kf_fail(err, KF_INTERNAL, "The time of day cannot be told.");
    if (strcmp(id, "KS") != 0 && strcmp(id, "IK") != 0)
        return kf_fail(err, KF_VALIDATION, "%s: must be of KP, KS, IK and TS.", field);
    if (!subject->ksn)
        return kf_fail(err, KF_VALIDATION,
                       "%s: %s is for initial keys, and ExportDukptInitialKey is not given.", field,
                       id);
    return dukpt_ksn_write_block(subject->ksn, id, out) ||
           kf_fail(err, KF_VALIDATION,
                   "%s: %s is not for an initial key of %s (KS is TDES DUKPT's, IK AES DUKPT's).",
                   field, id, key_algorithm_name(subject->facts.algorithm));
}

static bool add_made(const struct export_subject *subject, const struct p11_key *wrapping,
                     const keyferry_KeyBlockHeaders *headers, time_t now, struct export_header *out,
                     struct kf_error *err)
{
    for (size_t i = 0; i < headers->add_blocks_count; i++) {
        const char *id = headers->add_blocks[i];
        struct kf_error inner = {0};
        char *data = out->added[out->added_count];

        /* Each id once, so that the fifth is a repetition or none of the four. */
        if (out->added_count == EXPORT_ADDED_MAX)
            return kf_fail(err, KF_VALIDATION,
                           "KeyBlockHeaders.AddBlocks: must be of KP, KS, IK and TS, each once.");
        if (!write_added(subject, wrapping, id, now, data, err))
            return false;
        if (!tr31_optblocks_add(&out->header.optional, id, data, strlen(data), &inner))
            return fail_blocks("KeyBlockHeaders.AddBlocks", &inner, err);
        out->added_count++;
    }
    return true;
}

/* A key that was imported keeps its letter. One made or adopted here as exportable may leave in any
 * form, but the receiver gets it as EXPORTABLE, for key blocks. An initial key goes on to a
 * terminal in whatever form that takes. */
static void inherit(const struct export_subject *subject, const struct p11_key *wrapping,
                    struct tr31_header *header)
{
    const struct key_facts *facts = &subject->facts;

    header->version = tr31_version_for(wrapping->facts.algorithm);
    memcpy(header->usage, facts->usage, sizeof header->usage);
    header->algorithm = key_algorithm_letter(facts->algorithm);
    header->mode = facts->mode;
    memcpy(header->key_version, facts->version, sizeof header->key_version);
    header->exportability = subject->ksn ? 'S' : facts->imported ? facts->exportability : 'E';
    header->context = '0';
}

bool export_header_make(const struct export_subject *subject, const struct p11_key *wrapping,
                        const keyferry_KeyBlockHeaders *headers, time_t now,
                        struct export_header *out, struct kf_error *err)
{
    const struct key_facts *facts = &subject->facts;
    const char *hash = key_algorithm_hash_code(facts->algorithm);

    memset(out, 0, sizeof *out);
    inherit(subject, wrapping, &out->header);
    if (headers && (!set_mode(facts, headers, &out->header, err) ||
                    !set_exportability(facts, headers, &out->header, err) ||
                    !set_version(headers, &out->header, err) ||
                    !add_given(subject->ksn, headers, &out->header.optional, err) ||
                    !add_made(subject, wrapping, headers, now, out, err)))
        return false;
    /* The letter H says HMAC, HM says of which hash. */
    return !hash || tr31_optblocks_add(&out->header.optional, "HM", hash, strlen(hash), err);
}
