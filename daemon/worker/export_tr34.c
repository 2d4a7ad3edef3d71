/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TR-34 B.9: the KeyBlock around the key is encrypted under a content key that leaves under the
 * receiver's RSA key, and the sender signs.
 */
#include "daemon/worker/export_tr34.h"

#include <string.h>

#include "daemon/worker/export.h"
#include "daemon/worker/tr34_frame.h"
#include "p11/ops.h"
#include "tr34/keyblock.h"

/* Everything on the way of one token. */
struct making {
    const struct p11_token *token;
    const struct export_tr34 *what;
    enum tr34_cipher content_cipher;
    CK_OBJECT_HANDLE content, recipient;
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

/* The request's member that the sender's certificate came in, for refusals. */
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

static bool encrypt(struct making *m, struct kf_error *err)
{
    return tr34_frame_encrypt(m->token, m->content_cipher, m->content, m->iv, &m->frame,
                              m->what->key, m->ciphertext, err);
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
           op_wrap_content(m->token, tr34_frame_cipher(m->content_cipher), m->recipient, m->content,
                           m->wrapped, modulus.len, err);
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
        .content = CK_INVALID_HANDLE,
        .recipient = CK_INVALID_HANDLE,
    };
    bool good = make_frame(&m, err) && make_content_key(&m, random, err) && encrypt(&m, err) &&
                wrap_content_key(&m, err) && write_envelope(&m, err) && seal(&m, out, len, err);

    op_destroy(token, &m.content);
    op_destroy(token, &m.recipient);
    return good;
}
