/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TR-34 B.9 backwards, without seeing the KeyBlock. All of it but the key is known: the signed
 * header, the signer, and a few ways in which it may be written down (frames). So only the blocks
 * with key octets are unwrapped, and the key is cut out of them; then the whole frame is encrypted
 * again around it, and must give what was received. That proves every byte before and behind the
 * key, the padding too, and that the key has the frame's length.
 */
#include "daemon/worker/import_tr34.h"

#include <string.h>

#include "daemon/worker/import.h"
#include "daemon/worker/import_payload.h"
#include "daemon/worker/tr34_frame.h"
#include "p11/ops.h"
#include "p11/rsa.h"

/* The content key, as what it has to do here. */
struct content {
    CK_OBJECT_HANDLE unwrapping, check;
};

static bool refuse(const char *detail, struct kf_error *err)
{
    return kf_fail_fault(err, KF_VALIDATION, KF_FAULT_NONE, detail, "%s",
                         IMPORT_BLOCK_FIELD
                         ": the key inside is not as its header and sender say, or it was wrapped "
                         "to another key.");
}

/* Unwrapped without a type first: of a key of another length than its type has, tokens make what
 * they like. */
static bool unwrap_content_key(const struct p11_token *token, CK_OBJECT_HANDLE unwrapping,
                               const struct tr34_envelope *envelope, enum key_algorithm algorithm,
                               CK_OBJECT_HANDLE *source, struct kf_error *err)
{
    struct p11_template template = {0};
    struct kf_error why = {0};

    role_session_template(token, ROLE_CONTENT_SOURCE, KEY_ALGORITHM_NONE,
                          key_algorithm_bytes(algorithm), &template);
    if (op_unwrap_oaep(token, P11_SHA256, unwrapping, envelope->wrapped_key.bytes,
                       envelope->wrapped_key.len, &template, source, &why))
        return true;
    if (why.status == KF_VALIDATION)
        return refuse(why.detail, err);
    *err = why;
    return false;
}

static bool make_content(const struct p11_token *token, CK_OBJECT_HANDLE source,
                         enum key_algorithm algorithm, enum p11_role role,
                         CK_OBJECT_HANDLE *content, struct kf_error *err)
{
    struct p11_template template = {0};

    role_session_template(token, role, algorithm, 0, &template);
    return op_identity(token, source, key_algorithm_bytes(algorithm), &template, content, err);
}

static bool open_content(const struct p11_token *token, CK_OBJECT_HANDLE unwrapping,
                         const struct tr34_envelope *envelope, struct content *content,
                         struct kf_error *err)
{
    enum key_algorithm algorithm =
        envelope->cipher == TR34_AES128_CBC ? KEY_AES_128 : KEY_TDES_3KEY;
    CK_OBJECT_HANDLE source = CK_INVALID_HANDLE;
    bool good =
        unwrap_content_key(token, unwrapping, envelope, algorithm, &source, err) &&
        make_content(token, source, algorithm, ROLE_IMPORT_CONTENT, &content->unwrapping, err) &&
        make_content(token, source, algorithm, ROLE_CONTENT_CHECK, &content->check, err);

    op_destroy(token, &source);
    return good;
}

/* The key that stands where the frame has it, if this is the right one. */
static bool cut(const struct p11_token *token, const struct content *content,
                const struct tr34_envelope *envelope, const struct tr34_frame *frame,
                CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    size_t at = frame->middle_at, block = tr34_cipher_block(envelope->cipher);
    const uint8_t *ciphertext = envelope->ciphertext.bytes;
    struct p11_template template = {0};
    CK_OBJECT_HANDLE middle = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, frame->key_len, &template);
    good = import_payload(token, tr34_frame_cipher(envelope->cipher), content->unwrapping,
                          at > 0 ? ciphertext + at - block : envelope->iv.bytes, ciphertext + at,
                          frame->middle_len, &middle, err) &&
           op_cut(token, middle, 8 * (frame->key_at - at), &template, key, err);
    op_destroy(token, &middle);
    return good;
}

/* Cuts the key out and proves it; *key is none where this is not the right frame. */
static bool try_frame(const struct p11_token *token, const struct content *content,
                      const struct tr34_envelope *envelope, const struct tr34_frame *frame,
                      CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    uint8_t again[TR34_FRAME_MAX];

    if (!cut(token, content, envelope, frame, key, err))
        return false;
    if (!tr34_frame_encrypt(token, envelope->cipher, content->check, envelope->iv.bytes, frame,
                            *key, again, err)) {
        op_destroy(token, key);
        return false;
    }
    if (memcmp(again, envelope->ciphertext.bytes, frame->len) != 0)
        op_destroy(token, key);
    return true;
}

static bool find_key(const struct p11_token *token, const struct content *content,
                     const struct tr34_received *received, CK_OBJECT_HANDLE *key, size_t *len,
                     struct kf_error *err)
{
    bool aes = received->envelope.cipher == TR34_AES128_CBC;
    struct tr34_frame frame;
    size_t next = 0;

    while (tr34_token_candidate(received, &next, &frame)) {
        /* An AES key of more than its content key is none that may come so. */
        if (aes && frame.key_len != key_algorithm_bytes(KEY_AES_128))
            continue;
        if (!try_frame(token, content, &received->envelope, &frame, key, err))
            return false;
        *len = frame.key_len;
        if (*key != CK_INVALID_HANDLE)
            return true;
    }
    return refuse("no KeyBlock encrypts to this", err);
}

bool import_tr34_open(const struct p11_token *token, CK_OBJECT_HANDLE unwrapping,
                      const struct tr34_received *received, CK_OBJECT_HANDLE *key, size_t *len,
                      struct kf_error *err)
{
    struct content content = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    bool good;

    *key = CK_INVALID_HANDLE;
    good = open_content(token, unwrapping, &received->envelope, &content, err) &&
           find_key(token, &content, received, key, len, err);
    op_destroy(token, &content.check);
    op_destroy(token, &content.unwrapping);
    return good;
}
