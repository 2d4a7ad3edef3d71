/* SPDX-License-Identifier: Apache-2.0 */
/* parse-key-block: what a key block says in clear. */
#ifndef KF_CLIENT_BLOCK_H
#define KF_CLIENT_BLOCK_H

#include <jansson.h>

#include "client/outcome.h"

/* *answer becomes a new object: the header's fields by letter, by AWS's names where AWS has them,
 * and in words; the optional blocks in their order, decoded where their format is known; how the
 * length comes about; and notes on what an import would refuse. text is the block or names a file
 * with it; blanks around it do not count. What is no key block is a ValidationException that names
 * field, rule and byte. The MAC is not checked. */
enum outcome block_describe(const char *text, json_t **answer, struct kf_error *err);

#endif
