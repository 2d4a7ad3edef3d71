/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as tab-separated text, in the form of the AWS command line's --output text. */
#ifndef KF_CLIENT_TEXT_OUT_H
#define KF_CLIENT_TEXT_OUT_H

#include <jansson.h>
#include <stdio.h>

/*
 * Writes an object: first a line with its own scalar values, ordered by their names; then, for each
 * structure and list in the order of the names, lines that begin with its name in capitals. All
 * elements of a list have the same columns, empty where an element lacks a member. Booleans are
 * True and False. The stream keeps write errors.
 */
void text_out(const json_t *object, FILE *stream);

#endif
