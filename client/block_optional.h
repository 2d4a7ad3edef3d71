/* SPDX-License-Identifier: Apache-2.0 */
/* Optional blocks in words: what an id means, and what the data of a known format say. */
#ifndef KF_CLIENT_BLOCK_OPTIONAL_H
#define KF_CLIENT_BLOCK_OPTIONAL_H

#include <stddef.h>

#include "tr31/optblock.h"

/* What a block of this id is for. Static text. */
const char *block_optional_words(const char *id);

/* Writes what the data say to out, "TDES key set id ABCDEFABCD"; an empty text where there is no
 * format to go by. The block has passed tr31_keyblock_parse, which checked its format. */
void block_optional_decode(const struct tr31_optblock *block, char *out, size_t room);

#endif
