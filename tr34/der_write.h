/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes DER (X.690 10): definite lengths of the shortest form, from front to back. An element is
 * opened, filled and closed; its length is put in when it is closed. A writer whose room ends goes
 * on counting, so that the caller asks once, at the end, and can tell how much was needed.
 */
#ifndef KF_TR34_DER_WRITE_H
#define KF_TR34_DER_WRITE_H

#include "tr34/der_oid.h"

enum der_tag {
    DER_INTEGER = 0x02,
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0x80, /* [0] IMPLICIT of a primitive type */
    DER_GROUP_0 = 0xA0,   /* [0] to [2] of constructed types, or EXPLICIT */
    DER_GROUP_1 = 0xA1,
    DER_GROUP_2 = 0xA2,
};

struct der_writer {
    uint8_t *out;
    size_t room;
    size_t len; /* written, or needed: more than room when the room did not suffice */
};

/* Any bytes, which are whole elements already. */
void der_put(struct der_writer *writer, struct der_view elements);
/* One primitive element. */
void der_put_value(struct der_writer *writer, enum der_tag tag, struct der_view content);
/* An INTEGER of 0 to 127. */
void der_put_small(struct der_writer *writer, uint8_t value);

/* Starts an element; what is put until der_close(writer, what der_open returned) is its content. */
size_t der_open(struct der_writer *writer, enum der_tag tag);
void der_close(struct der_writer *writer, size_t content);

#endif
