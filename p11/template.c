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
