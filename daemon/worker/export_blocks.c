/* SPDX-License-Identifier: Apache-2.0 */
/* What the request may put into a header, and what is made here: KP of the wrapping key's check
 * value, KS and IK of the KSN, TS of the clock, HM of the key's algorithm. */
#include "daemon/worker/export_blocks.h"

#include <stdio.h>
#include <string.h>

#include "tr31/text.h"

/* AWS's bounds of OptionalBlocks: of one value, and of all with their ids and lengths. */
#define VALUE_MAX 108
#define GIVEN_MAX 112
#define BLOCK_HEAD 4

#define LOWER "abcdefghijklmnopqrstuvwxyz"

/* tr31/ checks ids and data, for every block that is written or read; here its word gets the
 * request's member in front. */
static bool add(struct tr31_optblocks *list, const char *field, const char *id, const char *data,
                struct kf_error *err)
{
    struct kf_error inner = {0};

    return tr31_optblocks_add(list, id, data, strlen(data), &inner) ||
           kf_fail(err, KF_VALIDATION, EXPORT_HEADERS "%s: %s.", field, inner.message);
}

static bool is_one_of(const char *id, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(id, ids[i]) == 0)
            return true;
    return false;
}

static bool check_value(const keyferry_OptionalBlock *block, struct kf_error *err)
{
    size_t len = strlen(block->value);

    if (len < 1 || len > VALUE_MAX)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS
                       "OptionalBlocks: the value of %s has %zu characters; it must have 1 to %d.",
                       block->id, len, VALUE_MAX);
    if (block->value[strspn(block->value, TR31_ALPHANUMERIC LOWER)] != '\0')
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS
                       "OptionalBlocks: the value of %s must be of 0-9, A-Z and a-z only.",
                       block->id);
    return true;
}

static bool write_ksn(const char *field, const struct dukpt_ksn *ksn, const char *id,
                      char out[EXPORT_MADE_ROOM], struct kf_error *err)
{
    return dukpt_ksn_write_block(ksn, id, out) ||
           kf_fail(err, KF_VALIDATION,
                   EXPORT_HEADERS
                   "%s: %s is not for an initial key of %s; TDES has KS, AES has IK.",
                   field, id, key_algorithm_name(ksn->bdk));
}

/* An initial key's KS, IK or BI has to be that of the KSN from which the key is derived. The
 * formats leave only KS a shorter form, the old one: the first 8 of a KSN's 10 bytes, of which the
 * last two are zeros without the counter. */
static bool check_ksn(const struct dukpt_ksn *ksn, const keyferry_OptionalBlock *block,
                      struct kf_error *err)
{
    static const char *const ids[] = {"KS", "IK", "BI"};
    char expected[EXPORT_MADE_ROOM];

    if (!ksn || !is_one_of(block->id, ids, sizeof ids / sizeof ids[0]))
        return true;
    if (!write_ksn("OptionalBlocks", ksn, block->id, expected, err))
        return false;
    return strncmp(block->value, expected, strlen(block->value)) == 0 ||
           kf_fail(err, KF_VALIDATION,
                   EXPORT_HEADERS
                   "OptionalBlocks: %s contradicts KeySerialNumber, of which it is %s.",
                   block->id, expected);
}

static bool add_given(const struct dukpt_ksn *ksn, const keyferry_KeyBlockHeaders *headers,
                      struct tr31_optblocks *list, struct kf_error *err)
{
    size_t total = 0;

    for (size_t i = 0; i < headers->optional_blocks_count; i++) {
        const keyferry_OptionalBlock *block = &headers->optional_blocks[i];

        if (strcmp(block->id, "HM") == 0)
            return kf_fail(err, KF_VALIDATION,
                           EXPORT_HEADERS
                           "OptionalBlocks: HM is made from the key's algorithm where it is an "
                           "HMAC key; leave it out.");
        if (!add(list, "OptionalBlocks", block->id, block->value, err) ||
            !check_value(block, err) || !check_ksn(ksn, block, err))
            return false;
        total += BLOCK_HEAD + strlen(block->value);
    }
    return total <= GIVEN_MAX ||
           kf_fail(err, KF_VALIDATION,
                   EXPORT_HEADERS
                   "OptionalBlocks: have %zu characters together, with %d of each for its id and "
                   "length; they may have %d.",
                   total, BLOCK_HEAD, GIVEN_MAX);
}

/* The check value with its method in front, as KC, KP and PK have it (X9.143:2021 6.3.6). */
static bool write_check_value(const struct key_facts *facts, char out[EXPORT_MADE_ROOM],
                              struct kf_error *err)
{
    if (!facts)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS "AddBlocks: KP is of a wrapping key, and there is none in a "
                                      "key token.");
    snprintf(out, EXPORT_MADE_ROOM, "%s%s", facts->kcv_algorithm == KCV_CMAC ? "01" : "00",
             facts->kcv);
    return true;
}

static bool write_time(time_t now, char out[EXPORT_MADE_ROOM], struct kf_error *err)
{
    struct tm utc;

    return (gmtime_r(&now, &utc) && strftime(out, EXPORT_MADE_ROOM, "%Y%m%d%H%M%SZ", &utc)) ||
           kf_fail(err, KF_INTERNAL, EXPORT_HEADERS "AddBlocks: TS: the clock is past all years.");
}

static bool make_block(const struct export_subject *subject, const struct key_facts *wrapping,
                       const char *id, time_t now, char out[EXPORT_MADE_ROOM], struct kf_error *err)
{
    if (strcmp(id, "TS") == 0)
        return write_time(now, out, err);
    if (strcmp(id, "KP") == 0)
        return write_check_value(wrapping, out, err);
    if (!subject->ksn)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS
                       "AddBlocks: %s is made from a KSN, for initial keys only; give "
                       "ExportDukptInitialKey, or leave it out.",
                       id);
    return write_ksn("AddBlocks", subject->ksn, id, out, err);
}

static bool add_made(const struct export_subject *subject, const struct key_facts *wrapping,
                     const keyferry_KeyBlockHeaders *headers, time_t now, struct export_header *out,
                     struct kf_error *err)
{
    static const char *const ids[] = {"KP", "KS", "IK", "TS"};

    for (size_t i = 0; i < headers->add_blocks_count; i++) {
        const char *id = headers->add_blocks[i];

        if (!is_one_of(id, ids, sizeof ids / sizeof ids[0]))
            return kf_fail(err, KF_VALIDATION,
                           EXPORT_HEADERS
                           "AddBlocks: those that can be made are KP, KS, IK and TS.");
        if (!make_block(subject, wrapping, id, now, out->made[i], err) ||
            !add(&out->tr31.optional, "AddBlocks", id, out->made[i], err))
            return false;
    }
    return true;
}

bool export_blocks_make(const struct export_subject *subject, const struct key_facts *wrapping,
                        const keyferry_KeyBlockHeaders *headers, time_t now,
                        struct export_header *out, struct kf_error *err)
{
    const char *hash = key_algorithm_hash_code(subject->facts.algorithm);

    if (headers && (!add_given(subject->ksn, headers, &out->tr31.optional, err) ||
                    !add_made(subject, wrapping, headers, now, out, err)))
        return false;
    /* The letter H says HMAC, HM says of which hash. */
    return !hash || tr31_optblocks_add(&out->tr31.optional, "HM", hash, strlen(hash), err);
}
