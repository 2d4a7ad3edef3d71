/* SPDX-License-Identifier: Apache-2.0 */
/* The operations: one table of number, name and class, for the policy, the deadlines and the audit
 * log. */
#ifndef KF_DAEMON_OPERATION_H
#define KF_DAEMON_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a peer must be allowed for an operation. */
enum operation_class {
    CLASS_VIEW,
    CLASS_EXPORT,
    CLASS_MANAGE, /* create, adopt, aliases, delete */
    CLASS_TRUST,  /* signing keys and certificates of our own CA; root certificates come by
                     ImportKey, which is of CLASS_MANAGE */
};

struct operation {
    uint32_t number;  /* keyferry_Operation */
    const char *name; /* AWS's, or ours in the same spelling: "ExportKey" */
    enum operation_class class;
    bool makes_keys;  /* has the longer deadline */
    size_t reply_max; /* bytes of the longest reply */
};

/* NULL for a number that is no operation. */
const struct operation *operation_find(uint32_t number);

/* Bytes of the longest Response there can be to it, a refusal included; any number. */
size_t operation_response_max(uint32_t number);

/* "view", "export", "manage", "trust". */
const char *operation_class_name(enum operation_class class);

#endif
