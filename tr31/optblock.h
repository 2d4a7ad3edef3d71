/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The optional blocks of a key block's header (X9.143:2021 6.2): an ordered list that is written
 * and read. The short form is id, length in two hex digits, data; the extended form, for a block of
 * more than 255 characters, is id, "0004", length in four hex digits, data. Every length counts its
 * whole block in characters.
 */
#ifndef KF_TR31_OPTBLOCK_H
#define KF_TR31_OPTBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The characters of the header that they stand behind. */
#define TR31_HEADER_SIZE 16
/* The header counts them in two decimal digits. */
#define TR31_OPTBLOCKS_MAX 99
/* The padding block PB at its largest: 19 characters, of which 4 are id and length. */
#define TR31_PB_MAX 19
/* Random bytes that the largest PB takes: two for each of its characters. */
#define TR31_FILLER_MAX (2 * (TR31_PB_MAX - 4))

struct tr31_optblock {
    char id[3];
    const char *data; /* not NUL-terminated; belongs to whoever gave it and must outlive the list */
    size_t len;
};

/* Starts as all zeros: an empty list. */
struct tr31_optblocks {
    size_t count;
    struct tr31_optblock list[TR31_OPTBLOCKS_MAX];
};

/* Appends a block; refuses an id that is not two of 0-9 and A-Z, that is in the list already, or is
 * PB (the writer makes it), data that do not fit the id's format, and a list that is full. No
 * message quotes data. */
bool tr31_optblocks_add(struct tr31_optblocks *blocks, const char *id, const char *data, size_t len,
                        struct kf_error *err);

/* The characters that the list takes as text, without a PB to come. */
size_t tr31_optblocks_size(const struct tr31_optblocks *blocks);

/* The characters of the PB that makes `size` a multiple of the cipher block: 0 where it is one
 * already. */
size_t tr31_padding_size(size_t size, size_t cipher_block);

/* Writes the list, and behind it a PB of pb_size characters where that is not 0, filled with 0-9,
 * A-Z and a-z drawn from 2 * (pb_size - 4) random bytes. Returns the characters written; adds no
 * NUL. */
size_t tr31_optblocks_write(const struct tr31_optblocks *blocks, size_t pb_size,
                            const uint8_t *filler, char *out);

/* Reads `count` blocks from the start of text, of which `len` characters are there. The list points
 * into text. Refuses what tr31_optblocks_add refuses, a PB that is not the last, lengths that are
 * malformed, out of range, not in the form their size asks for or beyond the text, and a sum that
 * is not a multiple of the cipher block; says at which byte of the key block, whose header ends
 * where text begins. *size is the sum. */
bool tr31_optblocks_parse(const char *text, size_t len, size_t count, size_t cipher_block,
                          struct tr31_optblocks *blocks, size_t *size, struct kf_error *err);

#endif
