/* SPDX-License-Identifier: Apache-2.0 */
/* parse-key-block: what a key block says in clear. */
#ifndef KF_CLIENT_BLOCK_H
#define KF_CLIENT_BLOCK_H

#include <jansson.h>

#include "client/outcome.h"

/* *answer becomes a new object with the header's fields, by letter and by AWS's names where AWS has
 * them, the optional blocks in their order, and the sizes of what is encrypted and of the MAC. text
 * is the block or names a file with it; blanks around it do not count. What is no key block is a
 * ValidationException. */
enum outcome block_describe(const char *text, json_t **answer, struct kf_error *err);

#endif
