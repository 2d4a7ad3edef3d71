/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: what AWS's API calls the members of each request and reply, and where the protocol keeps
 * them. One table drives options, JSON, shorthand, help and output alike; kind, bound and place of
 * a member come from nanopb's own descriptor of the message, so they are written nowhere twice.
 */
#ifndef KF_CLIENT_SHAPE_H
#define KF_CLIENT_SHAPE_H

#include <pb.h>
#include <pb_common.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/keyferry.pb.h"

struct member {
    const char *name;          /* AWS's spelling: "KeyModesOfUse" */
    uint32_t tag;              /* the member of the protocol's message */
    const struct shape *shape; /* of a structure, or of a list's elements; else NULL */
    bool map;                  /* a list of pairs, its shape's two members: an object in JSON */
    bool timestamp;            /* an integer that counts milliseconds since the epoch */
    const char *option; /* its option's name where it is not derived from the member's: "object" */
    const char *help;   /* one line for --help; NULL in what is only answered */
};

struct shape {
    const pb_msgdesc_t *type;
    size_t size; /* of nanopb's structure */
    const struct member *members;
    size_t count;
    bool primitive; /* an absent boolean is false (AWS's PrimitiveBoolean) and is shown */
};

enum member_kind { MEMBER_BOOLEAN, MEMBER_INTEGER, MEMBER_STRING, MEMBER_STRUCTURE, MEMBER_LIST };

/* The member's place in message (NULL where only its kind is asked). */
pb_field_iter_t shape_field(const struct shape *shape, const struct member *member, void *message);
enum member_kind shape_kind(const pb_field_iter_t *field);
/* The kind of a list's elements. */
enum member_kind shape_element_kind(const pb_field_iter_t *field);
/* "boolean", "integer", "string", "structure", "list". Static text. */
const char *shape_kind_name(enum member_kind kind);

/* NULL where the shape has no such member. */
const struct member *shape_member(const struct shape *shape, const char *name);

/* The member's option without its dashes, as AWS derives it: KeyModesOfUse is key-modes-of-use.
 * Names are cut to what fits; size 64 holds all. */
void shape_option(const struct member *member, char *name, size_t size);

/* The operations of the command. */
struct operation {
    const char *name; /* "create-key" */
    keyferry_Operation number;
    const struct shape *request;
    const struct shape *reply;
    const char *list;    /* the reply's list where it comes in pages: "Keys"; else NULL */
    const char *summary; /* one sentence */
    const char *example; /* a whole command line */
};

extern const struct operation operations[];
extern const size_t operations_count;
/* NULL where there is no such operation. */
const struct operation *operation_find(const char *name);

#endif
