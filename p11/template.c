/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/template.h"

#include <assert.h>

void template_bytes(struct p11_template *template, CK_ATTRIBUTE_TYPE type, const void *bytes,
                    size_t len)
{
    assert(template->count < TEMPLATE_MAX);
    template->attributes[template->count++] = (CK_ATTRIBUTE){type, (void *)bytes, (CK_ULONG)len};
}

void template_flag(struct p11_template *template, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

    template_bytes(template, type, value ? &yes : &no, sizeof yes);
}

void template_number(struct p11_template *template, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
    assert(template->count < TEMPLATE_MAX);
    template->numbers[template->count] = value;
    template_bytes(template, type, &template->numbers[template->count], sizeof value);
}

void template_nest(struct p11_template *template, CK_ATTRIBUTE_TYPE type,
                   const struct p11_template *inner)
{
    assert(inner->count <= TEMPLATE_NESTED_MAX);
    for (CK_ULONG i = 0; i < inner->count; i++) {
        template->nested[i] = inner->attributes[i];
        template->nested_numbers[i] = inner->numbers[i];
        if (inner->attributes[i].pValue == &inner->numbers[i])
            template->nested[i].pValue = &template->nested_numbers[i];
    }
    template_bytes(template, type, template->nested, inner->count * sizeof template->nested[0]);
}
