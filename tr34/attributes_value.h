/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attribute (RFC 5652 5.3) of a single value, as signed attributes, the KeyBlock's header and
 * RT_KRD have it, and the bounds of the two values that come from a person.
 */
#ifndef KF_TR34_ATTRIBUTES_VALUE_H
#define KF_TR34_ATTRIBUTES_VALUE_H

#include "tr34/der_read.h"
#include "tr34/layout.h"

/* SEQUENCE { type, SET { value } }, for a value of a primitive type. type has tag and length, value
 * has neither. */
void tr34_attribute_put(struct der_writer *writer, struct der_view type, enum der_tag tag,
                        struct der_view value);

/* Takes the next element, which must be such an attribute: its type with tag and length, and a
 * reader of the content of the SET, for tr34_attribute_value. */
bool tr34_attribute_enter(struct der_reader *reader, const char *name, struct der_view *type,
                          struct der_reader *values);
/* The only value of the SET. */
bool tr34_attribute_value(struct der_reader *values, const char *name, enum der_tag tag,
                          struct der_view *value);

/* TR34_HEADER_MIN to TR34_HEADER_MAX characters of printable ASCII; a refusal names field. */
bool tr34_header_check(const char *field, struct der_view header, struct kf_error *err);
/* TR34_NONCE_MIN to TR34_NONCE_MAX bytes. */
bool tr34_nonce_check(const char *field, struct der_view nonce, struct kf_error *err);

#endif
