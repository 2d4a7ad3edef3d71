/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the data of each known optional block look like (X9.143:2021 6.3.6): the one table by which
 * blocks are checked, those that are written and those that are read.
 */
#ifndef KF_TR31_OPTFORMAT_H
#define KF_TR31_OPTFORMAT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the two characters can be a block's id: 0-9 and A-Z. */
bool tr31_optformat_is_id(const char *id);

/* NULL where the data fit the id's format, else the rule in words (static text). Ids that the table
 * does not know may hold any printable text. */
const char *tr31_optformat_check(const char *id, const char *data, size_t len);

#endif
