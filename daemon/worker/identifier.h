/* SPDX-License-Identifier: Apache-2.0 */
/* What clients call keys: a key id, a key ARN, an alias or an alias's ARN. Of an ARN only the last
 * part is read. Pure text. */
#ifndef KF_DAEMON_WORKER_IDENTIFIER_H
#define KF_DAEMON_WORKER_IDENTIFIER_H

#include <stdbool.h>

#include "base/error.h"
#include "p11/label.h"

struct identifier {
    bool is_alias;
    char name[ALIAS_NAME_MAX + 1]; /* "alias/kek-acme", or a key's 16 characters */
};

/* field names the request's member in errors (KF_VALIDATION). text NULL: the member is missing. */
bool identifier_parse(const char *field, const char *text, struct identifier *out,
                      struct kf_error *err);
/* The same where only an alias's name, or only a key, will do. */
bool identifier_parse_alias(const char *field, const char *text, struct identifier *out,
                            struct kf_error *err);
bool identifier_parse_key(const char *field, const char *text, struct identifier *out,
                          struct kf_error *err);

#endif
