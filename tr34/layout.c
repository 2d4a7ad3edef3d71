/* SPDX-License-Identifier: Apache-2.0 */
/* The layouts' table. */
#include "tr34/layout.h"

#include <string.h>

static const struct tr34_form forms[TR34_LAYOUT_COUNT] = {
    [TR34_AWS2012] = {.name = "aws2012",
                      .bare_envelope = true,
                      .content_inside = true,
                      .version = 1,
                      .crl = TR34_CRL_NEVER},
    [TR34_ANNEXB2019] = {.name = "annexb2019", .version = 1, .crl = TR34_CRL_REQUIRED},
    [TR34_CMS] = {.name = "cms",
                  .tagged_oaep = true,
                  .sorted_attributes = true,
                  .sha256_rsa = true,
                  .version = 3, /* RFC 5652 5.1: eContentType is not id-data */
                  .crl = TR34_CRL_OPTIONAL},
};

const struct tr34_form *tr34_form(enum tr34_layout layout)
{
    return &forms[layout];
}

bool tr34_layout_find(const char *field, const char *name, enum tr34_layout *layout,
                      struct kf_error *err)
{
    for (int i = 0; i < TR34_LAYOUT_COUNT; i++)
        if (strcmp(forms[i].name, name) == 0) {
            *layout = (enum tr34_layout)i;
            return true;
        }
    return kf_fail(err, KF_VALIDATION, "%s: must be aws2012, annexb2019 or cms", field);
}
