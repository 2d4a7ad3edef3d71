/* SPDX-License-Identifier: Apache-2.0 */
/* A received TR-31 key block. */
#include "test/fuzz/fuzz.h"
#include "tr31/keyblock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tr31_keyblock block;
    struct kf_error err = {0};

    if (tr31_keyblock_parse((const char *)data, size, &block, &err)) {
        FUZZ_HOLDS(block.header_size + 2 * (block.ciphertext_len + block.mac_len) == size);
        for (size_t i = 0; i < block.header.optional.count; i++) {
            const struct tr31_optblock *each = &block.header.optional.list[i];

            FUZZ_HOLDS(each->data >= (const char *)data &&
                       each->data + each->len <= (const char *)data + block.header_size);
        }
    } else {
        FUZZ_HOLDS(err.status == KF_VALIDATION);
    }
    return 0;
}
