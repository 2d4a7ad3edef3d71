/* SPDX-License-Identifier: Apache-2.0 */
/* EnvelopedData, written in each layout and read in all of them. */
#include "tr34/token_envelope.h"

#include <string.h>

#include "tr34/keyblock.h"
#include "tr34/token_identity.h"

static const struct {
    const struct der_view *oid;
    size_t block;
} ciphers[] = {
    [TR34_DES_EDE3_CBC] = {&der_oid_des_ede3_cbc, 8},
    [TR34_AES128_CBC] = {&der_oid_aes128_cbc, 16},
};

/* What of a form the octets themselves show. */
struct shape {
    bool bare_envelope, content_inside, tagged_oaep;
};

size_t tr34_cipher_block(enum tr34_cipher cipher)
{
    return ciphers[cipher].block;
}

bool tr34_modulus_known(size_t len)
{
    return len == 256 || len == 384 || len == 512;
}

static void put_mgf1(struct der_writer *writer, struct der_view hash)
{
    size_t sequence = der_open(writer, DER_SEQUENCE);

    der_put(writer, der_oid_mgf1);
    der_put(writer, hash);
    der_close(writer, sequence);
}

static void put_oaep(struct der_writer *writer, bool tagged)
{
    size_t algorithm = der_open(writer, DER_SEQUENCE), parameters, member;

    der_put(writer, der_oid_rsaes_oaep);
    parameters = der_open(writer, DER_SEQUENCE);
    if (tagged) {
        der_put_value(writer, DER_GROUP_0, der_alg_sha256_null);
        member = der_open(writer, DER_GROUP_1);
        put_mgf1(writer, der_alg_sha256_null);
        der_close(writer, member);
    } else {
        der_put(writer, der_alg_sha256_null);
        put_mgf1(writer, der_alg_sha256);
        der_put(writer, der_alg_empty_label);
    }
    der_close(writer, parameters);
    der_close(writer, algorithm);
}

static void put_recipients(struct der_writer *writer, const struct tr34_envelope *envelope,
                           bool tagged_oaep)
{
    size_t set = der_open(writer, DER_SET);
    size_t recipient = der_open(writer, DER_SEQUENCE);

    der_put_small(writer, 0);
    der_put(writer, envelope->recipient);
    put_oaep(writer, tagged_oaep);
    der_put_value(writer, DER_OCTETS, envelope->wrapped_key);
    der_close(writer, recipient);
    der_close(writer, set);
}

static void put_content(struct der_writer *writer, const struct tr34_envelope *envelope,
                        bool content_inside)
{
    size_t content = der_open(writer, DER_SEQUENCE), algorithm;

    der_put(writer, der_oid_data);
    algorithm = der_open(writer, DER_SEQUENCE);
    der_put(writer, *ciphers[envelope->cipher].oid);
    der_put_value(writer, DER_OCTETS, envelope->iv);
    if (!content_inside)
        der_close(writer, algorithm);
    der_put_value(writer, DER_CONTEXT_0, envelope->ciphertext);
    if (content_inside)
        der_close(writer, algorithm);
    der_close(writer, content);
}

/* The lengths that the cipher and RSA settle; parsed or to be written. */
static bool check_lengths(const struct der_reader *reader, const struct tr34_envelope *envelope)
{
    size_t block = tr34_cipher_block(envelope->cipher);

    if (!tr34_modulus_known(envelope->wrapped_key.len))
        return der_refuse(reader,
                          "RecipientInfo.encryptedKey must have 256, 384 or 512 bytes; it has %zu",
                          envelope->wrapped_key.len);
    if (envelope->iv.len != block)
        return der_refuse(reader, "the IV of the content must have %zu bytes; it has %zu", block,
                          envelope->iv.len);
    if (envelope->ciphertext.len == 0 || envelope->ciphertext.len % block != 0 ||
        envelope->ciphertext.len > TR34_FRAME_MAX)
        return der_refuse(reader,
                          "EncryptedContentInfo.encryptedContent must be whole blocks of %zu "
                          "bytes, at most %d in all; it has %zu",
                          block, TR34_FRAME_MAX, envelope->ciphertext.len);
    return true;
}

bool tr34_envelope_write(enum tr34_layout layout, const struct tr34_envelope *envelope,
                         const char *field, uint8_t out[TR34_ENVELOPE_MAX], size_t *len,
                         struct kf_error *err)
{
    const struct tr34_form *form = tr34_form(layout);
    const struct der_reader names = {.document = "KeyBlock", .err = err};
    struct der_writer writer = {.out = out, .room = TR34_ENVELOPE_MAX};
    size_t sequence = 0;

    if (!tr34_identity_check(field, envelope->recipient, err) || !check_lengths(&names, envelope))
        return false;
    if (!form->bare_envelope)
        sequence = der_open(&writer, DER_SEQUENCE);
    der_put_small(&writer, 0);
    put_recipients(&writer, envelope, form->tagged_oaep);
    put_content(&writer, envelope, form->content_inside);
    if (!form->bare_envelope)
        der_close(&writer, sequence);
    *len = writer.len;
    return true;
}

static bool read_sha256(struct der_reader *reader, const char *name)
{
    struct der_view algorithm;

    if (!der_read_whole(reader, DER_SEQUENCE, name, &algorithm))
        return false;
    if (!der_is_sha256(algorithm))
        return der_refuse(reader, "%s must be SHA-256", name);
    return true;
}

static bool read_mgf1(struct der_reader *reader)
{
    static const char name[] = "RSAES-OAEP-params.maskGenAlgorithm";
    struct der_reader inside;

    return der_enter(reader, DER_SEQUENCE, name, &inside) &&
           der_expect(&inside, der_oid_mgf1,
                      "RSAES-OAEP-params.maskGenAlgorithm must be id-mgf1") &&
           read_sha256(&inside, "the hash of RSAES-OAEP-params.maskGenAlgorithm") &&
           der_end(&inside, name);
}

static bool read_label(struct der_reader *reader)
{
    return der_expect(reader, der_alg_empty_label,
                      "RSAES-OAEP-params.pSourceAlgorithm must be id-pSpecified with an empty "
                      "label");
}

/* One member behind its tag of RFC 4055 4.1. What is left out there means SHA-1, which read refuses
 * as missing. */
static bool read_tagged(struct der_reader *reader, enum der_tag tag, const char *name,
                        bool (*read)(struct der_reader *reader))
{
    struct der_reader inside;

    return der_enter(reader, tag, name, &inside) && read(&inside) && der_end(&inside, name);
}

static bool read_hash(struct der_reader *reader)
{
    return read_sha256(reader, "RSAES-OAEP-params.hashAlgorithm");
}

static bool read_parameters(struct der_reader *reader, bool tagged)
{
    if (!tagged)
        return read_hash(reader) && read_mgf1(reader) && read_label(reader);
    return read_tagged(reader, DER_GROUP_0, "RSAES-OAEP-params.hashAlgorithm", read_hash) &&
           read_tagged(reader, DER_GROUP_1, "RSAES-OAEP-params.maskGenAlgorithm", read_mgf1) &&
           (!der_next_is(reader, DER_GROUP_2) ||
            read_tagged(reader, DER_GROUP_2, "RSAES-OAEP-params.pSourceAlgorithm", read_label));
}

static bool read_oaep(struct der_reader *reader, bool *tagged)
{
    static const char name[] = "RecipientInfo.keyEncryptionAlgorithm";
    struct der_reader inside, parameters;

    if (!der_enter(reader, DER_SEQUENCE, name, &inside) ||
        !der_expect(&inside, der_oid_rsaes_oaep,
                    "RecipientInfo.keyEncryptionAlgorithm must be id-RSAES-OAEP") ||
        !der_enter(&inside, DER_SEQUENCE, "RSAES-OAEP-params", &parameters) ||
        !der_end(&inside, name))
        return false;
    *tagged = !der_next_is(&parameters, DER_SEQUENCE);
    return read_parameters(&parameters, *tagged) && der_end(&parameters, "RSAES-OAEP-params");
}

static bool read_recipients(struct der_reader *reader, struct tr34_envelope *envelope,
                            bool *tagged_oaep)
{
    struct der_reader set, recipient;

    return der_enter(reader, DER_SET, "EnvelopedData.recipientInfos", &set) &&
           der_enter(&set, DER_SEQUENCE, "EnvelopedData.recipientInfos' first", &recipient) &&
           der_end(&set, "EnvelopedData.recipientInfos, which has exactly one,") &&
           der_expect_small(&recipient, 0, "RecipientInfo.version") &&
           tr34_identity_read(&recipient, "RecipientInfo.rid", &envelope->recipient) &&
           read_oaep(&recipient, tagged_oaep) &&
           der_read(&recipient, DER_OCTETS, "RecipientInfo.encryptedKey", &envelope->wrapped_key) &&
           der_end(&recipient, "RecipientInfo");
}

static bool read_cipher(struct der_reader *reader, enum tr34_cipher *cipher)
{
    struct der_view oid;

    if (!der_read_whole(reader, DER_OID, "the content's cipher", &oid))
        return false;
    *cipher = der_equal(oid, der_oid_aes128_cbc) ? TR34_AES128_CBC : TR34_DES_EDE3_CBC;
    if (!der_equal(oid, *ciphers[*cipher].oid))
        return der_refuse(reader, "the content's cipher must be des-ede3-cbc or aes128-CBC");
    return true;
}

static bool read_content(struct der_reader *reader, struct tr34_envelope *envelope, bool *inside)
{
    static const char info[] = "EncryptedContentInfo";
    static const char cipher[] = "EncryptedContentInfo.contentEncryptionAlgorithm";
    struct der_reader content, algorithm;

    if (!der_enter(reader, DER_SEQUENCE, info, &content) ||
        !der_expect(&content, der_oid_data, "EncryptedContentInfo.contentType must be id-data") ||
        !der_enter(&content, DER_SEQUENCE, cipher, &algorithm) ||
        !read_cipher(&algorithm, &envelope->cipher) ||
        !der_read(&algorithm, DER_OCTETS, "the IV of the content", &envelope->iv))
        return false;
    *inside = algorithm.left > 0;
    return der_read(*inside ? &algorithm : &content, DER_CONTEXT_0,
                    "EncryptedContentInfo.encryptedContent", &envelope->ciphertext) &&
           der_end(&algorithm, cipher) && der_end(&content, info);
}

static bool find_layout(const struct der_reader *reader, const struct shape *shape,
                        enum tr34_layout *layout)
{
    for (int i = 0; i < TR34_LAYOUT_COUNT; i++) {
        const struct tr34_form *form = tr34_form((enum tr34_layout)i);

        if (form->bare_envelope == shape->bare_envelope &&
            form->content_inside == shape->content_inside &&
            form->tagged_oaep == shape->tagged_oaep) {
            *layout = (enum tr34_layout)i;
            return true;
        }
    }
    return der_refuse(reader,
                      "EnvelopedData must have the layout aws2012, annexb2019 or cms; this one, "
                      "with %s SEQUENCE, content %s its algorithm and %s OAEP parameters, is none",
                      shape->bare_envelope ? "no" : "a", shape->content_inside ? "in" : "behind",
                      shape->tagged_oaep ? "tagged" : "bare");
}

bool tr34_envelope_parse(struct der_reader *reader, enum tr34_layout *layout,
                         struct tr34_envelope *envelope)
{
    static const char name[] = "EnvelopedData";
    struct shape shape = {.bare_envelope = der_next_is(reader, DER_INTEGER)};
    struct der_reader members = *reader;

    memset(envelope, 0, sizeof *envelope);
    if (!shape.bare_envelope &&
        (!der_enter(reader, DER_SEQUENCE, name, &members) || !der_end(reader, name)))
        return false;
    return der_expect_small(&members, 0, "EnvelopedData.version") &&
           read_recipients(&members, envelope, &shape.tagged_oaep) &&
           read_content(&members, envelope, &shape.content_inside) && der_end(&members, name) &&
           check_lengths(&members, envelope) && find_layout(&members, &shape, layout);
}
