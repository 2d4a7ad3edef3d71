/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TR-34 B.9: the KeyBlock around the key is encrypted under a content key that leaves under the
 * receiver's RSA key, and the sender signs. The KeyBlock never is anywhere as a whole: what is
 * public in it is encrypted by C_Encrypt, only the blocks with key octets are an object, joined and
 * wrapped in the token; CBC makes one ciphertext of both.
 */
#include "daemon/worker/export_tr34.h"

#include <string.h>

#include "p11/ops.h"
#include "tr34/keyblock.h"

/* Everything on the way of one token. */
struct making {
    const struct p11_token *token;
    const struct export_tr34 *what;
    enum tr34_cipher content_cipher;
    enum p11_cipher cipher;
    CK_OBJECT_HANDLE content, middle, recipient;
    struct tr34_frame frame;
    uint8_t iv[TR34_CIPHER_BLOCK_MAX];
    uint8_t ciphertext[TR34_FRAME_MAX];
    uint8_t wrapped[RSA_BYTES_MAX];
    uint8_t envelope[TR34_ENVELOPE_MAX];
    size_t envelope_len;
};

static size_t block_of(const struct making *m)
{
    return tr34_cipher_block(m->content_cipher);
}

/* The KDH's request member, for refusals that name where a certificate came in. */
#define RECIPIENT_FIELD "WrappingKeyCertificate"
#define SIGNER_FIELD "SigningKeyCertificate"

static bool make_frame(struct making *m, struct kf_error *err)
{
    struct tr34_keyblock keyblock = {
        .signer = tr34_certificate_identity(m->what->signer),
        .header = m->what->attributes.header,
        .key_len = m->what->key_len,
        .block = block_of(m),
        .version = 1,
    };

    return tr34_frame_make(&keyblock, SIGNER_FIELD, &m->frame, err);
}

/* The blocks of the frame that have key octets, as an object; none is made where these are the key
 * alone. */
static bool join_middle(struct making *m, struct kf_error *err)
{
    const struct tr34_frame *frame = &m->frame;
    size_t before = frame->key_at - frame->middle_at;
    size_t after = frame->middle_len - before - frame->key_len;
    struct p11_template first = {0}, second = {0};
    CK_OBJECT_HANDLE head = CK_INVALID_HANDLE;
    bool good;

    role_session_template(m->token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &first);
    role_session_template(m->token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &second);
    if (before == 0 && after == 0)
        return true;
    if (before == 0)
        return op_join_suffix(m->token, m->what->key, frame->bytes + frame->key_at + frame->key_len,
                              after, &first, &m->middle, err);
    if (after == 0)
        return op_join_prefix(m->token, frame->bytes + frame->middle_at, before, m->what->key,
                              &first, &m->middle, err);
    good = op_join_prefix(m->token, frame->bytes + frame->middle_at, before, m->what->key, &first,
                          &head, err) &&
           op_join_suffix(m->token, head, frame->bytes + frame->key_at + frame->key_len, after,
                          &second, &m->middle, err);
    op_destroy(m->token, &head);
    return good;
}

/* What CBC goes on with behind the first at bytes of ciphertext. */
static const uint8_t *state_at(const struct making *m, size_t at)
{
    return at == 0 ? m->iv : m->ciphertext + at - block_of(m);
}

static bool encrypt_public(struct making *m, size_t at, size_t len, struct kf_error *err)
{
    return len == 0 || op_encrypt_cbc(m->token, m->cipher, m->content, state_at(m, at),
                                      m->frame.bytes + at, len, m->ciphertext + at, err);
}

static bool encrypt(struct making *m, struct kf_error *err)
{
    size_t at = m->frame.middle_at, back = at + m->frame.middle_len;

    if (!encrypt_public(m, 0, at, err) || !join_middle(m, err))
        return false;
    return op_wrap_cbc(m->token, m->cipher, m->content,
                       m->middle == CK_INVALID_HANDLE ? m->what->key : m->middle, state_at(m, at),
                       m->ciphertext + at, m->frame.middle_len, err) &&
           encrypt_public(m, back, m->frame.len - back, err);
}

static bool make_content_key(struct making *m, struct random_pool *random, struct kf_error *err)
{
    enum key_algorithm algorithm = m->what->aes ? KEY_AES_128 : KEY_TDES_3KEY;
    struct p11_template template = {0};

    role_session_template(m->token, ROLE_CONTENT, algorithm, 0, &template);
    return op_generate(m->token, algorithm, &template, &m->content, err) &&
           random_take(random, m->token, m->iv, block_of(m), err);
}

static bool wrap_content_key(struct making *m, struct kf_error *err)
{
    struct der_view modulus = tr34_certificate_modulus(m->what->recipient);
    struct der_view exponent = tr34_certificate_exponent(m->what->recipient);

    return rsa_public(m->token, modulus.bytes, modulus.len, exponent.bytes, exponent.len,
                      &m->recipient, err) &&
           op_wrap_oaep(m->token, P11_SHA256, m->recipient, m->content, m->wrapped, modulus.len,
                        err);
}

static bool write_envelope(struct making *m, struct kf_error *err)
{
    struct tr34_envelope envelope = {
        .recipient = tr34_certificate_identity(m->what->recipient),
        .wrapped_key = {m->wrapped, tr34_certificate_modulus(m->what->recipient).len},
        .cipher = m->content_cipher,
        .iv = {m->iv, block_of(m)},
        .ciphertext = {m->ciphertext, m->frame.len},
    };

    return tr34_envelope_write(m->what->layout, &envelope, RECIPIENT_FIELD, m->envelope,
                               &m->envelope_len, err);
}

/* The token's answer is checked, never assumed: a signature that its own certificate does not
 * verify would be the receiver's to find. */
static bool sign(const struct making *m, const struct tr34_signed *attributes,
                 uint8_t signature[RSA_BYTES_MAX], size_t *len, struct kf_error *err)
{
    const struct export_tr34 *what = m->what;

    *len = RSA_BYTES_MAX;
    return op_sign(m->token, P11_SHA256, what->signing, attributes->bytes, attributes->len,
                   signature, len, err) &&
           tr34_certificate_verify(what->signer, attributes->bytes, attributes->len, signature,
                                   *len, SIGNER_FIELD, err);
}

static bool seal(const struct making *m, uint8_t out[TR34_TOKEN_MAX], size_t *len,
                 struct kf_error *err)
{
    struct der_view envelope = {m->envelope, m->envelope_len};
    uint8_t signature[RSA_BYTES_MAX];
    struct tr34_signed attributes;
    struct tr34_token token;
    size_t signature_len;

    if (!tr34_attributes_write(m->what->layout, &m->what->attributes, envelope, &attributes, err) ||
        !sign(m, &attributes, signature, &signature_len, err))
        return false;
    token = (struct tr34_token){
        .envelope = envelope,
        .crl = m->what->crl,
        .signer = tr34_certificate_identity(m->what->signer),
        .attributes = {attributes.bytes, attributes.len},
        .signature = {signature, signature_len},
    };
    return tr34_token_write(m->what->layout, &token, SIGNER_FIELD, out, len, err);
}

bool export_tr34(const struct p11_token *token, struct random_pool *random,
                 const struct export_tr34 *what, uint8_t out[TR34_TOKEN_MAX], size_t *len,
                 struct kf_error *err)
{
    struct making m = {
        .token = token,
        .what = what,
        .content_cipher = what->aes ? TR34_AES128_CBC : TR34_DES_EDE3_CBC,
        .cipher = what->aes ? P11_AES : P11_TDES,
        .content = CK_INVALID_HANDLE,
        .middle = CK_INVALID_HANDLE,
        .recipient = CK_INVALID_HANDLE,
    };
    bool good = make_frame(&m, err) && make_content_key(&m, random, err) && encrypt(&m, err) &&
                wrap_content_key(&m, err) && write_envelope(&m, err) && seal(&m, out, len, err);

    op_destroy(token, &m.middle);
    op_destroy(token, &m.content);
    op_destroy(token, &m.recipient);
    return good;
}
