/* SPDX-License-Identifier: Apache-2.0 */
/* As plain as an export can be: what is not given is the daemon's to choose. */
#include "bench/request.h"

#include <stdio.h>

void bench_request(const char *key, const char *kek, keyferry_ExportKeyRequest *request)
{
    keyferry_ExportTr31KeyBlock *tr31 = &request->key_material.tr31_key_block;

    *request =
        (keyferry_ExportKeyRequest){.has_export_key_identifier = true, .has_key_material = true};
    request->key_material.which_material = keyferry_ExportKeyMaterial_tr31_key_block_tag;
    tr31->has_wrapping_key_identifier = true;
    snprintf(request->export_key_identifier, sizeof request->export_key_identifier, "%s", key);
    snprintf(tr31->wrapping_key_identifier, sizeof tr31->wrapping_key_identifier, "%s", kek);
}
