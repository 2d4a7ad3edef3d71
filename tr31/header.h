/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a key block (X9.143:2021 6.2, table 1): the sixteen characters that say what the
 * key is for, and the optional blocks behind them. All of it is clear text that the MAC protects.
 */
#ifndef KF_TR31_HEADER_H
#define KF_TR31_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tr31/attributes.h"
#include "tr31/optblock.h"

/* The header's length field has four decimal digits. */
#define TR31_KEYBLOCK_MAX 9999

struct tr31_header {
    char version;        /* A to E; D and B are the ones we write */
    char usage[3];       /* "P0" */
    char algorithm;      /* of the wrapped key: A, T ... */
    char mode;           /* B, C, D, E, G, N, S, T, V, X, Y */
    char key_version[3]; /* "00" where unused, "c1" for a component */
    char exportability;  /* E, N, S */
    char context;        /* key context: '0' unless the block says otherwise */
    struct tr31_optblocks optional;
};

/* What the version letter settles, in bytes. */
struct tr31_version {
    char letter;
    size_t block;         /* of its cipher; the optional blocks' sum is a multiple of it */
    size_t payload_block; /* the payload is a multiple of it: 1 for E, a stream cipher */
    size_t mac;
};

/* The version's row, or NULL where the standard has no such version. */
const struct tr31_version *tr31_version_find(char letter);

/* The version to write under this KBPK: 'D' for AES, 'B' for TDES. */
char tr31_version_for(enum key_algorithm kbpk);

/* Checks the fields against the rules that the parser goes by. Not the optional blocks: the list
 * did that. */
bool tr31_header_check(const struct tr31_header *header, struct kf_error *err);

/* Writes the whole header: sixteen characters, optional blocks, and a PB of pb_size characters
 * where that is not 0, filled from 2 * (pb_size - 4) random bytes. length is that of the whole key
 * block. Returns the characters written; adds no NUL. */
size_t tr31_header_write(const struct tr31_header *header, size_t length, size_t pb_size,
                         const uint8_t *filler, char *out);

/* Reads the header of the key block in text, whose length is len: strict, and the declared length
 * must be len. The optional blocks point into text. *size is the header's length with its optional
 * blocks. A refusal names field and rule, and says at which byte, counted from 0 as the standard
 * does. */
bool tr31_header_parse(const char *text, size_t len, struct tr31_header *header, size_t *size,
                       struct kf_error *err);

#endif
