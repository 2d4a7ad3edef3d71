/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X9.143:2021: payload = length ‖ key ‖ padding; MAC = CMAC(KBMK, header ‖ payload); ciphertext =
 * CBC(KBEK, IV = MAC, payload). The payload only ever exists as an object in the token. Its CMAC
 * comes from the CBC encryption that C_WrapKey makes of it under the KBMK, begun with the state the
 * header left; the header and the payload are whole blocks, so the last step takes the subkey K1.
 */
#include "daemon/worker/export_tr31.h"

#include <string.h>

#include "daemon/worker/keyblock_mac.h"
#include "p11/ops.h"

/* Two bytes of length, the longest key (HMAC), padding to the block: five AES blocks. */
#define PAYLOAD_MAX 80

struct states {
    uint8_t header[TR31_BLOCK_MAX]; /* the CBC state after the header */
    uint8_t payload[PAYLOAD_MAX];   /* and those after each payload block */
    uint8_t padding[PAYLOAD_MAX];
    uint8_t mac[TR31_MAC_MAX];
};

static bool join_payload(const struct p11_token *token, CK_OBJECT_HANDLE key, size_t key_len,
                         const uint8_t *padding, size_t padding_len, CK_OBJECT_HANDLE *payload,
                         struct kf_error *err)
{
    struct p11_template first = {0}, second = {0};
    CK_OBJECT_HANDLE head = CK_INVALID_HANDLE;
    uint8_t prefix[TR31_PAYLOAD_PREFIX];
    bool good;

    tr31_payload_prefix(key_len, prefix);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &first);
    /* Only an HMAC key can fill its last block to the end: other lengths are hidden. */
    if (padding_len == 0)
        return op_join_prefix(token, prefix, sizeof prefix, key, &first, payload, err);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &second);
    good = op_join_prefix(token, prefix, sizeof prefix, key, &first, &head, err) &&
           op_join_suffix(token, head, padding, padding_len, &second, payload, err);
    op_destroy(token, &head);
    return good;
}

/* The last block is all padding, which is known here: the token encrypts up to it, and the last
 * step is made of its state, the padding and K1. One derivation less than xoring K1 into the
 * payload. */
static bool mac_over_padding(const struct p11_token *token, const struct kbpk *kbpk,
                             CK_OBJECT_HANDLE payload, const struct tr31_layout *layout,
                             struct states *s, struct kf_error *err)
{
    size_t block = layout->mac_len;
    const uint8_t *before;
    uint8_t last[TR31_BLOCK_MAX];
    bool good;

    if (!op_wrap_cbc(token, kbpk->cipher, kbpk->kbmk, payload, s->header, s->payload,
                     layout->payload_len, err))
        return false;
    before = s->payload + layout->payload_len - 2 * block;
    memcpy(last, s->padding + layout->padding_len - block, block);
    tr31_cmac_finish(&kbpk->mac, last, block);
    for (size_t i = 0; i < block; i++)
        last[i] ^= before[i];
    good = op_encrypt_ecb(token, kbpk->cipher, kbpk->kbmk, last, block, s->mac, err);
    explicit_bzero(last, sizeof last);
    return good;
}

static bool make_mac(const struct p11_token *token, struct kbpk *kbpk, CK_OBJECT_HANDLE payload,
                     const struct tr31_layout *layout, const char *header, struct states *s,
                     struct kf_error *err)
{
    if (!keyblock_mac_header(token, kbpk, header, layout->header_size, s->header, err))
        return false;
    if (layout->last_block_is_padding && layout->payload_len >= 2 * layout->mac_len)
        return mac_over_padding(token, kbpk, payload, layout, s, err);
    return keyblock_mac_payload(token, kbpk, s->header, payload, layout->payload_len, s->mac, err);
}

bool export_tr31(const struct p11_token *token, struct random_pool *random, struct kbpk *kbpk,
                 CK_OBJECT_HANDLE key, size_t key_len, const struct tr31_header *header, char *out,
                 struct kf_error *err)
{
    struct tr31_layout layout;
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    uint8_t filler[TR31_FILLER_MAX], ciphertext[PAYLOAD_MAX];
    struct states s = {0};
    bool good = false;

    if (!tr31_layout_make(header, key_len, true, &layout, err))
        return false;
    if (layout.payload_len > PAYLOAD_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "A key of %zu bytes is longer than any this format carries here.", key_len);
    if (!random_take(random, token, filler, layout.filler_len, err) ||
        !random_take(random, token, s.padding, layout.padding_len, err))
        goto out;
    tr31_layout_header(header, &layout, filler, out);
    if (!join_payload(token, key, key_len, s.padding, layout.padding_len, &payload, err) ||
        !make_mac(token, kbpk, payload, &layout, out, &s, err) ||
        !op_wrap_cbc(token, kbpk->cipher, kbpk->kbek, payload, s.mac, ciphertext,
                     layout.payload_len, err))
        goto out;
    tr31_keyblock_write(&layout, out, ciphertext, s.mac, out);
    good = true;

out:
    op_destroy(token, &payload);
    explicit_bzero(&s, sizeof s);
    return good;
}
