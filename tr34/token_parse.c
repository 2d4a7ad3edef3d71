/* SPDX-License-Identifier: Apache-2.0 */
/* Reading key tokens. */
#include "tr34/token_parse.h"

#include <string.h>

#include "tr34/token_identity.h"
#include "tr34/token_signed_data.h"

/* SignedData.version depends on the layout, which only the content tells. */
static bool read_version(struct der_reader *reader, uint8_t *version)
{
    struct der_view content;

    if (!der_read(reader, DER_INTEGER, "SignedData.version", &content))
        return false;
    *version = content.len == 1 ? content.bytes[0] : 0;
    return true;
}

static bool read_content(struct der_reader *reader, struct tr34_received *received)
{
    static const char name[] = "SignedData.encapContentInfo";
    struct der_reader content, explicit_tag, octets;

    if (!der_enter(reader, DER_SEQUENCE, name, &content) ||
        !der_expect(&content, der_oid_enveloped_data,
                    "SignedData.encapContentInfo.eContentType must be id-envelopedData") ||
        !der_enter(&content, DER_GROUP_0, "SignedData.encapContentInfo.eContent", &explicit_tag) ||
        !der_end(&content, name) ||
        !der_enter(&explicit_tag, DER_OCTETS, "SignedData.encapContentInfo.eContent", &octets) ||
        !der_end(&explicit_tag, name))
        return false;
    received->token.envelope = (struct der_view){octets.at, octets.left};
    return tr34_envelope_parse(&octets, &received->layout, &received->envelope);
}

static bool read_attributes(struct der_reader *reader, struct tr34_received *received)
{
    static const char name[] = "SignerInfo.signedAttrs";
    struct tr34_signed *to_verify = &received->to_verify;
    struct der_reader inside = *reader;
    struct der_view whole;

    if (!der_read_whole(reader, DER_GROUP_0, name, &whole))
        return false;
    if (whole.len > sizeof to_verify->bytes)
        return der_refuse(reader, "%s must have at most %zu bytes; it has %zu", name,
                          sizeof to_verify->bytes, whole.len);
    memcpy(to_verify->bytes, whole.bytes, whole.len);
    to_verify->bytes[0] = DER_SET;
    to_verify->len = whole.len;
    received->token.attributes = (struct der_view){to_verify->bytes, to_verify->len};
    return der_enter(&inside, DER_GROUP_0, name, &inside) &&
           tr34_attributes_parse(&inside, &received->attributes, &received->digest);
}

/* rsaEncryption and sha256WithRSAEncryption are both written, and mean the same signature. */
static bool read_signature(struct der_reader *reader, struct tr34_token *token)
{
    static const char name[] = "SignerInfo.signatureAlgorithm";
    struct der_view algorithm;

    if (!der_read_whole(reader, DER_SEQUENCE, name, &algorithm))
        return false;
    if (!der_equal(algorithm, der_alg_rsa) && !der_equal(algorithm, der_alg_sha256_rsa))
        return der_refuse(reader, "%s must be rsaEncryption or sha256WithRSAEncryption", name);
    if (!der_read(reader, DER_OCTETS, "SignerInfo.signature", &token->signature))
        return false;
    if (!tr34_modulus_known(token->signature.len))
        return der_refuse(reader,
                          "SignerInfo.signature must have 256, 384 or 512 bytes; it has %zu",
                          token->signature.len);
    return true;
}

static bool read_signer_digest(struct der_reader *reader)
{
    static const char name[] = "SignerInfo.digestAlgorithm";
    struct der_view algorithm;

    if (!der_read_whole(reader, DER_SEQUENCE, name, &algorithm))
        return false;
    return der_is_sha256(algorithm) || der_refuse(reader, "%s must be SHA-256", name);
}

static bool read_signer(struct der_reader *reader, struct tr34_received *received)
{
    struct der_reader set, signer;

    if (!der_enter(reader, DER_SET, "SignedData.signerInfos", &set) ||
        !der_enter(&set, DER_SEQUENCE, "SignedData.signerInfos' first", &signer) ||
        !der_end(&set, "SignedData.signerInfos, which has exactly one,") ||
        !der_expect_small(&signer, 1, "SignerInfo.version") ||
        !tr34_identity_read(&signer, "SignerInfo.sid", &received->token.signer) ||
        !read_signer_digest(&signer) || !read_attributes(&signer, received) ||
        !read_signature(&signer, &received->token))
        return false;
    if (der_next_is(&signer, DER_GROUP_1))
        return der_refuse(&signer, "SignerInfo.unsignedAttrs must be absent");
    return der_end(&signer, "SignerInfo");
}

static bool read_digest_algorithms(struct der_reader *reader)
{
    static const char name[] = "SignedData.digestAlgorithms";
    struct der_view algorithms;

    if (!der_read(reader, DER_SET, name, &algorithms))
        return false;
    return der_is_sha256(algorithms) || der_refuse(reader, "%s must be SHA-256 alone", name);
}

bool tr34_token_parse(const char *document, struct der_view bytes, struct tr34_received *received,
                      struct kf_error *err)
{
    struct der_reader reader = der_reader_make(document, bytes, err), members;
    uint8_t version;

    memset(received, 0, sizeof *received);
    if (!tr34_signed_data_enter(&reader, &members) || !read_version(&members, &version) ||
        !read_digest_algorithms(&members) || !read_content(&members, received))
        return false;
    if (version != tr34_form(received->layout)->version)
        return der_refuse(&members, "SignedData.version must be %u in the layout %s",
                          (unsigned)tr34_form(received->layout)->version,
                          tr34_form(received->layout)->name);
    if (der_next_is(&members, DER_GROUP_0))
        return der_refuse(&members, "SignedData.certificates must be absent");
    return (!der_next_is(&members, DER_GROUP_1) ||
            tr34_crls_read(&members, &received->token.crl)) &&
           read_signer(&members, received) && der_end(&members, "SignedData");
}

bool tr34_token_check_digest(const char *document, const struct tr34_received *received,
                             struct kf_error *err)
{
    uint8_t digest[TR34_DIGEST_SIZE];

    if (!tr34_digest(received->token.envelope, digest, err))
        return false;
    if (memcmp(digest, received->digest.bytes, sizeof digest) != 0)
        return kf_fail(err, KF_VALIDATION,
                       "%s: messageDigest must be the SHA-256 of eContent; the content was changed",
                       document);
    return true;
}

bool tr34_token_candidate(const struct tr34_received *received, size_t *next,
                          struct tr34_frame *frame)
{
    static const struct {
        uint8_t version;
        bool bare_header;
    } forms[] = {{1, false}, {0, true}, {0, false}, {1, true}};
    static const size_t key_lens[] = {TR34_KEY_MIN, TR34_KEY_MAX};
    enum { FORMS = sizeof forms / sizeof forms[0], LENS = sizeof key_lens / sizeof key_lens[0] };

    while (*next < FORMS * LENS) {
        size_t i = (*next)++;
        struct tr34_keyblock keyblock = {
            .signer = received->token.signer,
            .header = received->attributes.header,
            .key_len = key_lens[i % LENS],
            .block = tr34_cipher_block(received->envelope.cipher),
            .version = forms[i / LENS].version,
            .bare_header = forms[i / LENS].bare_header,
        };

        if (tr34_frame_make(&keyblock, "KeyBlock", frame, NULL) &&
            frame->len == received->envelope.ciphertext.len)
            return true;
    }
    return false;
}
