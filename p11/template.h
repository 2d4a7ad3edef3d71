/* SPDX-License-Identifier: Apache-2.0 */
/* Attribute templates, built one attribute after the other. Bytes are referred to, not copied;
 * numbers and flags are kept. */
#ifndef KF_P11_TEMPLATE_H
#define KF_P11_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "p11/cryptoki.h"

#define TEMPLATE_MAX 32
#define TEMPLATE_NESTED_MAX 12

/* All zero is a valid empty one. Never copied: attributes point into numbers. */
struct p11_template {
    CK_ATTRIBUTE attributes[TEMPLATE_MAX];
    CK_ULONG count;
    CK_ULONG numbers[TEMPLATE_MAX];
    CK_MECHANISM_TYPE mechanisms[4]; /* room for a CKA_ALLOWED_MECHANISMS */
    /* room for one template in it */
    CK_ATTRIBUTE nested[TEMPLATE_NESTED_MAX];
    CK_ULONG nested_numbers[TEMPLATE_NESTED_MAX];
};

void template_flag(struct p11_template *template, CK_ATTRIBUTE_TYPE type, bool value);
void template_number(struct p11_template *template, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void template_bytes(struct p11_template *template, CK_ATTRIBUTE_TYPE type, const void *bytes,
                    size_t len);
/* An attribute whose value is a template, such as CKA_DERIVE_TEMPLATE: one in a template. inner is
 * copied, with its numbers. */
void template_nest(struct p11_template *template, CK_ATTRIBUTE_TYPE type,
                   const struct p11_template *inner);

#endif
