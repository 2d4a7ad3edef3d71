/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of a key block's parts, its final text, and the way back. */
#include "tr31/keyblock.h"

#include <string.h>

#include "base/hex.h"
#include "tr31/text.h"

/* The key length that hides all shorter ones of the algorithm. */
static size_t hidden_key_len(char algorithm)
{
    return algorithm == 'A' ? 32 : algorithm == 'T' ? 24 : 0;
}

static size_t round_up(size_t value, size_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

bool tr31_layout_make(const struct tr31_header *header, size_t key_len, bool hide_length,
                      struct tr31_layout *layout, struct kf_error *err)
{
    const struct tr31_version *version;
    size_t optional = tr31_optblocks_size(&header->optional);
    size_t hidden = hide_length ? hidden_key_len(header->algorithm) : 0;
    size_t longest = hidden > key_len ? hidden : key_len;

    if (!tr31_header_check(header, err))
        return false;
    version = tr31_version_find(header->version);
    memset(layout, 0, sizeof *layout);
    layout->pb_size = tr31_padding_size(optional, version->block);
    layout->filler_len = layout->pb_size ? 2 * (layout->pb_size - 4) : 0;
    layout->header_size = TR31_HEADER_SIZE + optional + layout->pb_size;
    layout->payload_len = round_up(TR31_PAYLOAD_PREFIX + longest, version->payload_block);
    layout->padding_len = layout->payload_len - TR31_PAYLOAD_PREFIX - key_len;
    layout->mac_len = version->mac;
    layout->total_size = layout->header_size + 2 * (layout->payload_len + layout->mac_len);
    layout->last_block_is_padding = layout->padding_len >= version->block;
    if (header->optional.count + (layout->pb_size != 0) > TR31_OPTBLOCKS_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "optional blocks: a key block holds at most %d, padding block included",
                       TR31_OPTBLOCKS_MAX);
    if (layout->total_size > TR31_KEYBLOCK_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "optional blocks: the key block would have %zu characters; it may have %d",
                       layout->total_size, TR31_KEYBLOCK_MAX);
    return true;
}

void tr31_payload_prefix(size_t key_len, uint8_t out[TR31_PAYLOAD_PREFIX])
{
    size_t bits = 8 * key_len;

    out[0] = (uint8_t)(bits >> 8);
    out[1] = (uint8_t)bits;
}

void tr31_layout_header(const struct tr31_header *header, const struct tr31_layout *layout,
                        const uint8_t *filler, char *out)
{
    out[tr31_header_write(header, layout->total_size, layout->pb_size, filler, out)] = '\0';
}

void tr31_keyblock_write(const struct tr31_layout *layout, const char *header,
                         const uint8_t *ciphertext, const uint8_t *mac, char *out)
{
    memmove(out, header, layout->header_size); /* it may be there already */
    hex_encode(ciphertext, layout->payload_len, out + layout->header_size);
    hex_encode(mac, layout->mac_len, out + layout->header_size + 2 * layout->payload_len);
}

/* The part of a block that is len bytes in hex at text[from]. */
static bool read_part(const char *text, size_t from, size_t len, const char *part, uint8_t *out,
                      struct kf_error *err)
{
    size_t digit;

    if (hex_decode(text + from, len, out))
        return true;
    for (size_t i = 0; i < 2 * len; i++)
        if (!tr31_read_hex(text + from + i, 1, &digit))
            return kf_fail(err, KF_VALIDATION,
                           "KeyBlock %s: must be upper-case hex digits; byte %zu is '%c'", part,
                           from + i, text[from + i]);
    return false;
}

bool tr31_keyblock_parse(const char *text, size_t len, struct tr31_keyblock *block,
                         struct kf_error *err)
{
    const struct tr31_version *version;
    size_t rest;

    if (!tr31_header_parse(text, len, &block->header, &block->header_size, err))
        return false;
    version = tr31_version_find(block->header.version);
    rest = len - block->header_size;
    if (rest <= 2 * version->mac || (rest - 2 * version->mac) % (2 * version->payload_block) != 0)
        return kf_fail(err, KF_VALIDATION,
                       "KeyBlock length: %zu characters follow the header; version %c has a "
                       "ciphertext of one or more times %zu, and %zu of MAC; from byte %zu on",
                       rest, version->letter, 2 * version->payload_block, 2 * version->mac,
                       block->header_size);
    block->mac_len = version->mac;
    block->ciphertext_len = rest / 2 - version->mac;
    return read_part(text, block->header_size, block->ciphertext_len, "ciphertext",
                     block->ciphertext, err) &&
           read_part(text, block->header_size + 2 * block->ciphertext_len, block->mac_len, "MAC",
                     block->mac, err);
}
