/* SPDX-License-Identifier: Apache-2.0 */
/* The header is signed but clear: reading it takes no key, and so says nothing about whether the
 * block is genuine. */
#include "client/block.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/block_optional.h"
#include "client/block_words.h"
#include "client/paramfile.h"
#include "tr31/keyblock.h"

/* "9998-9999" and its NUL fit; so does every text that is made of an optional block's data but a
 * very long DA, which is cut. */
#define SPAN_MAX 48
#define DECODED_MAX 512
/* Of a TDES or AES key, in bytes. */
#define SHORTEST_KEY 16

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

/* "7" or "5-6": where in the block, counted from 0 as in the standard. */
static void write_span(size_t from, size_t len, char out[SPAN_MAX])
{
    if (len > 1)
        snprintf(out, SPAN_MAX, "%zu-%zu", from, from + len - 1);
    else
        snprintf(out, SPAN_MAX, "%zu", from);
}

static size_t optional_size(const struct tr31_optblock *block)
{
    struct tr31_optblocks one = {.count = 1, .list = {*block}};

    return tr31_optblocks_size(&one);
}

static json_t *optional_blocks(const struct tr31_optblocks *blocks)
{
    json_t *array = json_array();
    size_t at = TR31_HEADER_SIZE;

    for (size_t i = 0; i < blocks->count; i++) {
        const struct tr31_optblock *block = &blocks->list[i];
        size_t size = optional_size(block);
        char span[SPAN_MAX], decoded[DECODED_MAX];

        write_span(at, size, span);
        block_optional_decode(block, decoded, sizeof decoded);
        json_array_append_new(array,
                              json_pack("{ss ss sI ss% ss ss*}", "Id", block->id, "Bytes", span,
                                        "Length", (json_int_t)size, "Value", block->data,
                                        block->len, "Meaning", block_optional_words(block->id),
                                        "Decoded", decoded[0] ? decoded : NULL));
        at += size;
    }
    return array;
}

/* A letter of the header as a string. */
static json_t *letter(char c)
{
    return json_stringn(&c, 1);
}

static void add_field(json_t *fields, size_t at, const char *text, const char *field,
                      const char *meaning)
{
    char span[SPAN_MAX];

    write_span(at, strlen(text), span);
    json_array_append_new(fields, json_pack("{ss ss ss ss}", "Bytes", span, "Field", field, "Text",
                                            text, "Meaning", meaning));
}

/* The sixteen characters, one field after the other. */
static json_t *header_fields(const char *text, const struct tr31_header *header)
{
    const struct {
        size_t len;
        const char *field, *meaning;
    } fields[] = {
        {1, "version", block_version_words(header->version)},
        {4, "length", "characters of the whole key block"},
        {2, "key usage", block_usage_words(header->usage)},
        {1, "algorithm", block_algorithm_words(header->algorithm)},
        {1, "mode of use", block_mode_words(header->mode)},
        {2, "key version", block_key_version_words(header->key_version)},
        {1, "exportability", block_exportability_words(header->exportability)},
        {2, "number of optional blocks", "padding block included"},
        {1, "key context", block_context_words(header->context)},
        {1, "reserved", "always 0"},
    };
    json_t *array = json_array();
    size_t at = 0;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char part[5];

        snprintf(part, sizeof part, "%.*s", (int)fields[i].len, text + at);
        add_field(array, at, part, fields[i].field, fields[i].meaning);
        at += fields[i].len;
    }
    return array;
}

static void __attribute__((format(printf, 5, 6)))
add_part(json_t *parts, const char *part, size_t *at, size_t characters, const char *format, ...)
{
    char span[SPAN_MAX], meaning[DECODED_MAX];
    va_list args;

    if (characters == 0)
        return;
    va_start(args, format);
    vsnprintf(meaning, sizeof meaning, format, args);
    va_end(args);
    write_span(*at, characters, span);
    json_array_append_new(parts,
                          json_pack("{ss ss sI ss}", "Bytes", span, "Part", part, "Characters",
                                    (json_int_t)characters, "Meaning", meaning));
    *at += characters;
}

/* How the declared length comes about. */
static json_t *lengths(const struct tr31_keyblock *block)
{
    json_t *parts = json_array();
    size_t at = 0;

    add_part(parts, "header", &at, TR31_HEADER_SIZE, "fixed");
    add_part(parts, "optional blocks", &at, block->header_size - TR31_HEADER_SIZE,
             "%zu of them; whole cipher blocks of %zu", block->header.optional.count,
             tr31_version_find(block->header.version)->block);
    add_part(parts, "ciphertext", &at, 2 * block->ciphertext_len,
             "%zu bytes in hex: the key's length in bits (2 bytes), the key (at most %zu bytes), "
             "random padding",
             block->ciphertext_len,
             block->ciphertext_len > TR31_PAYLOAD_PREFIX
                 ? block->ciphertext_len - TR31_PAYLOAD_PREFIX
                 : 0);
    add_part(parts, "MAC", &at, 2 * block->mac_len,
             "%zu bytes in hex; not checked, that takes the "
             "key block protection key",
             block->mac_len);
    return parts;
}

static void add_note(json_t *notes, const char *note)
{
    json_array_append_new(notes, json_pack("{ss}", "Note", note));
}

/* Any algorithm that goes by the letter: usages take all lengths of a cipher, all hashes of HMAC.
 */
static enum key_algorithm algorithm_of(char letter)
{
    switch (letter) {
    case 'T':
        return KEY_TDES_2KEY;
    case 'A':
        return KEY_AES_128;
    case 'H':
        return KEY_HMAC_SHA256;
    default:
        return KEY_ALGORITHM_NONE;
    }
}

/* What is no fault of the text, but will be refused or should be known. */
static json_t *notes(const struct tr31_keyblock *block)
{
    const struct tr31_header *header = &block->header;
    enum key_algorithm algorithm = algorithm_of(header->algorithm);
    struct kf_error against = {0};
    json_t *array = json_array();

    if (strchr("AC", header->version))
        add_note(array, "Versions A and C are deprecated; a key of --legacy-import is needed to "
                        "import this block.");
    if (header->version == 'E')
        add_note(array, "Blocks of version E cannot be imported here.");
    if (header->key_version[0] == 'c')
        add_note(array, "Key components cannot be imported here.");
    if (algorithm == KEY_ALGORITHM_NONE)
        add_note(array, "Keys of this algorithm cannot be imported here.");
    else if (!key_attributes_check_import(header->usage, algorithm, header->mode, &against))
        add_note(array, against.message);
    if (block->ciphertext_len < TR31_PAYLOAD_PREFIX + SHORTEST_KEY &&
        !key_algorithm_is_hmac(algorithm))
        add_note(array, "The ciphertext is too short for a key of 16 bytes or more.");
    return array;
}

static json_t *describe(const char *text, const struct tr31_keyblock *block, size_t length)
{
    const struct tr31_header *header = &block->header;

    /* "*" leaves out what AWS has no name for. */
    return json_pack(
        "{so sI ss ss* so so so* ss so ss so so so so sI sI sb so}", "Version",
        letter(header->version), "Length", (json_int_t)length, "Usage", header->usage, "KeyUsage",
        key_usage_name(header->usage), "Algorithm", letter(header->algorithm), "Mode",
        letter(header->mode), "KeyModesOfUse", modes(header->mode), "KeyVersion",
        header->key_version, "Exportability", letter(header->exportability), "KeyExportability",
        exportability_name(header->exportability), "KeyContext", letter(header->context), "Header",
        header_fields(text, header), "OptionalBlocks", optional_blocks(&header->optional),
        "Lengths", lengths(block), "EncryptedBytes", (json_int_t)block->ciphertext_len, "MacBytes",
        (json_int_t)block->mac_len, "MacChecked", false, "Notes", notes(block));
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
    *answer = describe(start, block, len);
    if (!*answer)
        outcome = outcome_refused(err, KF_INTERNAL, "The key block cannot be shown.");
out:
    free(whole);
    free(block);
    return outcome;
}
