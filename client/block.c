/* SPDX-License-Identifier: Apache-2.0 */
/* The header is signed but clear: reading it takes no key, and so says nothing about whether the
 * block is genuine. */
#include "client/block.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/paramfile.h"
#include "tr31/keyblock.h"

static const char *exportability_name(char letter)
{
    switch (letter) {
    case 'E':
        return "EXPORTABLE";
    case 'N':
        return "NON_EXPORTABLE";
    default:
        return "SENSITIVE";
    }
}

static json_t *modes(char letter)
{
    struct key_modes modes;

    if (!key_modes_from_letter(letter, &modes))
        return NULL;
    return json_pack("{sb sb sb sb sb sb sb sb sb}", "Encrypt", modes.encrypt, "Decrypt",
                     modes.decrypt, "Wrap", modes.wrap, "Unwrap", modes.unwrap, "Generate",
                     modes.generate, "Sign", modes.sign, "Verify", modes.verify, "DeriveKey",
                     modes.derive_key, "NoRestrictions", modes.no_restrictions);
}

static json_t *optional_blocks(const struct tr31_optblocks *blocks)
{
    json_t *array = json_array();

    for (size_t i = 0; i < blocks->count; i++) {
        const struct tr31_optblock *block = &blocks->list[i];

        json_array_append_new(
            array, json_pack("{ss ss%}", "Id", block->id, "Value", block->data, block->len));
    }
    return array;
}

/* A letter of the header as a string. */
static json_t *letter(char c)
{
    return json_stringn(&c, 1);
}

static json_t *describe(const struct tr31_keyblock *block, size_t length)
{
    const struct tr31_header *header = &block->header;

    /* "*" leaves out what AWS has no name for. */
    return json_pack("{so sI ss ss* so so so* ss so ss so sI sI}", "Version",
                     letter(header->version), "Length", (json_int_t)length, "Usage", header->usage,
                     "KeyUsage", key_usage_name(header->usage), "Algorithm",
                     letter(header->algorithm), "Mode", letter(header->mode), "KeyModesOfUse",
                     modes(header->mode), "KeyVersion", header->key_version, "Exportability",
                     letter(header->exportability), "KeyExportability",
                     exportability_name(header->exportability), "OptionalBlocks",
                     optional_blocks(&header->optional), "EncryptedBytes",
                     (json_int_t)block->ciphertext_len, "MacBytes", (json_int_t)block->mac_len);
}

enum outcome block_describe(const char *text, json_t **answer, struct kf_error *err)
{
    struct tr31_keyblock *block = malloc(sizeof *block);
    char *whole = NULL;
    const char *start;
    size_t len;
    enum outcome outcome = paramfile_resolve(text, "KEYBLOCK", &whole, err);

    if (outcome != OUTCOME_DONE)
        goto out;
    for (start = whole; isspace((unsigned char)*start); start++)
        continue;
    for (len = strlen(start); len > 0 && isspace((unsigned char)start[len - 1]); len--)
        continue;
    if (!block) {
        outcome = outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
        goto out;
    }
    if (!tr31_keyblock_parse(start, len, block, err)) {
        outcome = OUTCOME_REFUSED;
        goto out;
    }
    *answer = describe(block, len);
    if (!*answer)
        outcome = outcome_refused(err, KF_INTERNAL, "The key block cannot be shown.");
out:
    free(whole);
    free(block);
    return outcome;
}
