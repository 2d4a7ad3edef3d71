/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KeyBlock never is anywhere as a whole: what is public in it is encrypted by C_Encrypt, only
 * the blocks with key octets are an object, joined and wrapped in the token; CBC makes one
 * ciphertext of both.
 */
#include "daemon/worker/tr34_frame.h"

#include "p11/role.h"

/* The blocks of the frame that have key octets, as an object; none is made where these are the key
 * alone. */
static bool join_middle(const struct p11_token *token, const struct tr34_frame *frame,
                        CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE *middle, struct kf_error *err)
{
    const uint8_t *prefix = frame->bytes + frame->middle_at;
    const uint8_t *suffix = frame->bytes + frame->key_at + frame->key_len;
    size_t before = frame->key_at - frame->middle_at;
    size_t after = frame->middle_len - before - frame->key_len;
    struct p11_template first = {0}, second = {0};
    CK_OBJECT_HANDLE head = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &first);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &second);
    if (before == 0 && after == 0)
        return true;
    if (before == 0)
        return op_join_suffix(token, key, suffix, after, &first, middle, err);
    if (after == 0)
        return op_join_prefix(token, prefix, before, key, &first, middle, err);
    good = op_join_prefix(token, prefix, before, key, &first, &head, err) &&
           op_join_suffix(token, head, suffix, after, &second, middle, err);
    op_destroy(token, &head);
    return good;
}

bool tr34_frame_encrypt(const struct p11_token *token, enum tr34_cipher cipher,
                        CK_OBJECT_HANDLE content, const uint8_t *iv, const struct tr34_frame *frame,
                        CK_OBJECT_HANDLE key, uint8_t out[TR34_FRAME_MAX], struct kf_error *err)
{
    enum p11_cipher block_cipher = tr34_frame_cipher(cipher);
    size_t block = tr34_cipher_block(cipher);
    size_t at = frame->middle_at, back = at + frame->middle_len;
    CK_OBJECT_HANDLE middle = CK_INVALID_HANDLE;
    bool good;

    /* CBC goes on behind a part with that part's last block of ciphertext. */
    if (at > 0 && !op_encrypt_cbc(token, block_cipher, content, iv, frame->bytes, at, out, err))
        return false;
    good = join_middle(token, frame, key, &middle, err) &&
           op_wrap_cbc(token, block_cipher, content, middle == CK_INVALID_HANDLE ? key : middle,
                       at > 0 ? out + at - block : iv, out + at, frame->middle_len, err) &&
           (back == frame->len ||
            op_encrypt_cbc(token, block_cipher, content, out + back - block, frame->bytes + back,
                           frame->len - back, out + back, err));
    op_destroy(token, &middle);
    return good;
}
