/* SPDX-License-Identifier: Apache-2.0 */
/* CMAC by the token's own CBC. States never leave this worker, and are wiped. */
#include "daemon/worker/keyblock_mac.h"

#include <string.h>

#include "p11/ops.h"
#include "tr31/header.h"

bool keyblock_mac_header(const struct p11_token *token, struct kbpk *kbpk, const char *header,
                         size_t len, uint8_t *state, struct kf_error *err)
{
    static const uint8_t zero_iv[TR31_BLOCK_MAX];
    size_t block = kbpk->mac.block;
    uint8_t all[TR31_KEYBLOCK_MAX];

    if (kbpk->header_len == len && memcmp(kbpk->header, header, len) == 0) {
        memcpy(state, kbpk->header_state, block);
        return true;
    }
    if (!op_encrypt_cbc(token, kbpk->cipher, kbpk->kbmk, zero_iv, (const uint8_t *)header, len, all,
                        err))
        return false;
    memcpy(state, all + len - block, block);
    explicit_bzero(all, len);
    if (len <= sizeof kbpk->header) {
        memcpy(kbpk->header, header, len);
        memcpy(kbpk->header_state, state, block);
        kbpk->header_len = len;
    }
    return true;
}

bool keyblock_mac_payload(const struct p11_token *token, const struct kbpk *kbpk,
                          const uint8_t *state, CK_OBJECT_HANDLE payload, size_t len, uint8_t *mac,
                          struct kf_error *err)
{
    struct p11_template template = {0};
    CK_OBJECT_HANDLE masked = CK_INVALID_HANDLE;
    uint8_t bytes[P11_WRAP_MAX]; /* first zeros and K1, then the states */
    bool good;

    memset(bytes, 0, len);
    tr31_cmac_finish(&kbpk->mac, bytes, len);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &template);
    good = op_xor(token, payload, bytes, len, &template, &masked, err) &&
           op_wrap_cbc(token, kbpk->cipher, kbpk->kbmk, masked, state, bytes, len, err);
    if (good)
        memcpy(mac, bytes + len - kbpk->mac.block, kbpk->mac.block);
    op_destroy(token, &masked);
    explicit_bzero(bytes, len);
    return good;
}
