/* SPDX-License-Identifier: Apache-2.0 */
/* Optional blocks, written and read. */
#include "tr31/optblock.h"

#include <stdio.h>
#include <string.h>

#include "tr31/optformat.h"
#include "tr31/text.h"

#define SHORT_HEAD 4
#define SHORT_MAX 255
/* In X9.143 the two digits behind "00" count the hex digits of the length. Some implementations put
 * the length's bytes there ("02" for the same four digits): such a block has two readings, so only
 * the standard's is taken. */
#define EXTENDED_MARK "0004"
#define EXTENDED_HEAD 10

static const char padding_id[] = "PB";

static bool is_padding(const char *id)
{
    return memcmp(id, padding_id, 2) == 0;
}

static bool append(struct tr31_optblocks *blocks, const char *id, const char *data, size_t len,
                   struct kf_error *err)
{
    const char *rule = tr31_optformat_check(id, data, len);
    struct tr31_optblock *block;

    if (rule)
        return kf_fail(err, KF_VALIDATION, "optional block %.2s: its data must be %s", id, rule);
    for (size_t i = 0; i < blocks->count; i++)
        if (memcmp(blocks->list[i].id, id, 2) == 0)
            return kf_fail(err, KF_VALIDATION, "optional block %.2s: may be there only once", id);
    if (blocks->count == TR31_OPTBLOCKS_MAX)
        return kf_fail(err, KF_VALIDATION, "optional blocks: a key block holds at most %d",
                       TR31_OPTBLOCKS_MAX);
    block = &blocks->list[blocks->count++];
    memcpy(block->id, id, 2);
    block->id[2] = '\0';
    block->data = data;
    block->len = len;
    return true;
}

bool tr31_optblocks_add(struct tr31_optblocks *blocks, const char *id, const char *data, size_t len,
                        struct kf_error *err)
{
    if (strlen(id) != 2 || !tr31_optformat_is_id(id))
        return kf_fail(err, KF_VALIDATION,
                       "optional block id: must be two characters of 0-9 and A-Z");
    if (is_padding(id))
        return kf_fail(err, KF_VALIDATION,
                       "optional block PB: padding is added where it is needed; leave it out");
    return append(blocks, id, data, len, err);
}

static size_t block_size(size_t data_len)
{
    return data_len + (data_len + SHORT_HEAD > SHORT_MAX ? EXTENDED_HEAD : SHORT_HEAD);
}

size_t tr31_optblocks_size(const struct tr31_optblocks *blocks)
{
    size_t size = 0;

    for (size_t i = 0; i < blocks->count; i++)
        size += block_size(blocks->list[i].len);
    return size;
}

size_t tr31_padding_size(size_t size, size_t cipher_block)
{
    size_t rest = size % cipher_block;
    size_t missing = rest ? cipher_block - rest : 0;

    return missing && missing < SHORT_HEAD ? missing + cipher_block : missing;
}

static char *write_hex(size_t value, size_t digits, char *out)
{
    for (size_t i = digits; i-- > 0; value >>= 4)
        out[i] = "0123456789ABCDEF"[value & 0x0F];
    return out + digits;
}

/* Writes id and length of a block; returns where its data go. */
static char *write_head(const char *id, size_t data_len, char *out)
{
    size_t size = block_size(data_len);

    memcpy(out, id, 2);
    if (size <= SHORT_MAX)
        return write_hex(size, 2, out + 2);
    memcpy(out + 2, EXTENDED_MARK, 4);
    return write_hex(size, 4, out + 6);
}

/* Sixteen bits for one of 62 characters: none is more than 0.1 % likelier than another. */
static char filler_character(const uint8_t *two)
{
    static const char characters[] = TR31_ALPHANUMERIC "abcdefghijklmnopqrstuvwxyz";
    uint32_t value = (uint32_t)two[0] << 8 | two[1];

    return characters[value * (sizeof characters - 1) >> 16];
}

size_t tr31_optblocks_write(const struct tr31_optblocks *blocks, size_t pb_size,
                            const uint8_t *filler, char *out)
{
    char *at = out;

    for (size_t i = 0; i < blocks->count; i++) {
        const struct tr31_optblock *block = &blocks->list[i];

        at = write_head(block->id, block->len, at);
        if (block->len)
            memcpy(at, block->data, block->len);
        at += block->len;
    }
    if (pb_size) {
        size_t data_len = pb_size - SHORT_HEAD;

        at = write_head(padding_id, data_len, at);
        for (size_t i = 0; i < data_len; i++)
            *at++ = filler_character(filler + 2 * i);
    }
    return (size_t)(at - out);
}

/* Reads the extended length of the block at text. */
static bool parse_extended(const char *text, size_t len, size_t *size, struct kf_error *err)
{
    if (len < EXTENDED_HEAD || memcmp(text + 2, EXTENDED_MARK, 4) != 0 ||
        !tr31_read_hex(text + 6, 4, size))
        return kf_fail(err, KF_VALIDATION,
                       "optional block %.2s: an extended length must be 0004 and four upper-case "
                       "hex digits",
                       text);
    if (*size <= SHORT_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "optional block %.2s: an extended length is for more than 255 characters",
                       text);
    return true;
}

/* Reads id and length of the block at text, of which len characters are there: the length of its
 * head and of the whole block. */
static bool parse_head(const char *text, size_t len, size_t number, size_t *head, size_t *size,
                       struct kf_error *err)
{
    if (len < SHORT_HEAD)
        return kf_fail(err, KF_VALIDATION, "optional block %zu: the key block ends before it",
                       number);
    if (!tr31_optformat_is_id(text))
        return kf_fail(err, KF_VALIDATION,
                       "optional block %zu: its id must be two characters of 0-9 and A-Z", number);
    if (!tr31_read_hex(text + 2, 2, size))
        return kf_fail(err, KF_VALIDATION,
                       "optional block %.2s: its length must be two upper-case hex digits", text);
    *head = *size == 0 ? EXTENDED_HEAD : SHORT_HEAD;
    if (*size == 0 && !parse_extended(text, len, size, err))
        return false;
    if (*size < *head)
        return kf_fail(err, KF_VALIDATION,
                       "optional block %.2s: its length counts id and length too, so it must be 04 "
                       "or more",
                       text);
    if (*size > len)
        return kf_fail(err, KF_VALIDATION, "optional block %.2s: its length exceeds the key block",
                       text);
    return true;
}

/* Adds to a refusal where the block begins that is meant; returns false. */
static bool refuse_at(size_t offset, struct kf_error *err)
{
    size_t len = strlen(err->message);

    snprintf(err->message + len, sizeof err->message - len, "; it begins at byte %zu",
             TR31_HEADER_SIZE + offset);
    return false;
}

bool tr31_optblocks_parse(const char *text, size_t len, size_t count, size_t cipher_block,
                          struct tr31_optblocks *blocks, size_t *size, struct kf_error *err)
{
    size_t used = 0;

    blocks->count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *at = text + used;
        size_t head = 0, whole = 0;

        if (!parse_head(at, len - used, i + 1, &head, &whole, err) ||
            !append(blocks, at, at + head, whole - head, err))
            return refuse_at(used, err);
        if (is_padding(at) && i + 1 < count) {
            kf_fail(err, KF_VALIDATION, "optional block PB: must be the last");
            return refuse_at(used, err);
        }
        used += whole;
    }
    if (used % cipher_block != 0)
        return kf_fail(err, KF_VALIDATION,
                       "optional blocks: their %zu characters must be a multiple of %zu; bytes %d "
                       "to %zu",
                       used, cipher_block, TR31_HEADER_SIZE, TR31_HEADER_SIZE + used - 1);
    *size = used;
    return true;
}
