/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a record from another process may become a line of the audit log. */
#ifndef KF_DAEMON_AUDITOR_SHAPE_H
#define KF_DAEMON_AUDITOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True for what daemon/record.h writes: one JSON object on one line, with at least one member,
 * whose values are strings, whole numbers, booleans and objects of these. Its own members are named
 * neither "seq" nor "by", which are the auditor's to say: of two members with one name most readers
 * take the last.
 */
bool shape_is_record(const char *record, size_t len);

#endif
