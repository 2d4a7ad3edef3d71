/* SPDX-License-Identifier: Apache-2.0 */
/* What AWS calls the members of requests, for messages to people: the schema's names in AWS's
 * spelling, key_material as KeyMaterial. */
#ifndef KF_WIRE_NAMES_H
#define KF_WIRE_NAMES_H

#include <pb.h>
#include <stdint.h>

#define WIRE_NAME_MAX 48

/* Writes the name of the member with this tag; of what no request holds, "member number N". */
void wire_member_name(const pb_msgdesc_t *type, uint32_t tag, char out[WIRE_NAME_MAX]);

#endif
