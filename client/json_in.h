/* SPDX-License-Identifier: Apache-2.0 */
/* From JSON as AWS writes it to a protocol message. */
#ifndef KF_CLIENT_JSON_IN_H
#define KF_CLIENT_JSON_IN_H

#include <jansson.h>

#include "client/outcome.h"
#include "client/shape.h"

/*
 * Fills in message (all zero before, of the shape's type) from an object. Unknown members and wrong
 * JSON types are usage errors that name the member by its path; a value that the message cannot
 * hold is a ValidationException. All else is the daemon's to judge: values pass as they are, empty
 * ones too.
 */
enum outcome json_in(const json_t *object, const struct shape *shape, void *message,
                     struct kf_error *err);

/* Reads text as JSON, strictly: no member twice, nothing after it. what says in errors where it
 * came from. */
enum outcome json_in_parse(const char *text, const char *what, json_t **json, struct kf_error *err);

/* As json_in_parse, for a list. */
enum outcome json_in_parse_list(const char *text, const char *what, json_t **json,
                                struct kf_error *err);

/* Turns the strings that shorthand gives for booleans, integers and lists of one into what their
 * members are. Changes object. */
void json_in_coerce(json_t *object, const struct shape *shape);

#endif
