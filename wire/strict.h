/* SPDX-License-Identifier: Apache-2.0 */
/* What nanopb does not refuse: see strict_check. */
#ifndef KF_WIRE_STRICT_H
#define KF_WIRE_STRICT_H

#include <pb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Walks an encoded message of the given type, submessages included, and refuses (KF_VALIDATION,
 * naming the member as AWS does) unknown members, members of the wrong type, members given twice
 * that are not lists, strings longer than the type holds, and strings that are not UTF-8 or have
 * control characters, NUL among them.
 */
bool strict_check(const uint8_t *message, size_t len, const pb_msgdesc_t *type,
                  struct kf_error *err);

#endif
