/* SPDX-License-Identifier: Apache-2.0 */
/* Credential tokens and random numbers. */
#include "tr34/credential.h"

#include <string.h>

#include "tr34/attributes_value.h"
#include "tr34/token_signed_data.h"

static const struct der_view nothing = {NULL, 0};

static void put_content(struct der_writer *writer)
{
    size_t content = der_open(writer, DER_SEQUENCE), explicit_tag;

    der_put(writer, der_oid_data);
    explicit_tag = der_open(writer, DER_GROUP_0);
    der_put_value(writer, DER_OCTETS, nothing);
    der_close(writer, explicit_tag);
    der_close(writer, content);
}

bool tr34_credential_write(const struct tr34_credential *credential, uint8_t out[TR34_TOKEN_MAX],
                           size_t *len, struct kf_error *err)
{
    struct der_writer writer = {.out = out, .room = TR34_TOKEN_MAX};
    bool has_crl = credential->crl.len > 0;
    const char *crl_field = "CertificateRevocationList";
    struct tr34_signed_data frame;

    if (!tr34_element_check("Certificate", credential->certificate, err) ||
        (has_crl && !tr34_element_check(crl_field, credential->crl, err)))
        return false;
    tr34_signed_data_open(&writer, 1, &frame);
    der_put_value(&writer, DER_SET, nothing);
    put_content(&writer);
    der_put_value(&writer, DER_GROUP_0, credential->certificate);
    if (has_crl)
        tr34_crls_put(&writer, credential->crl);
    der_put_value(&writer, DER_SET, nothing);
    tr34_signed_data_close(&writer, &frame);
    if (writer.len > writer.room)
        return kf_fail(err, KF_VALIDATION,
                       "%s: too long; the credential token would have %zu bytes, and may have %d",
                       has_crl ? crl_field : "Certificate", writer.len, TR34_TOKEN_MAX);
    *len = writer.len;
    return true;
}

static bool read_empty(struct der_reader *reader, enum der_tag tag, const char *name)
{
    struct der_view content;

    if (!der_read(reader, tag, name, &content))
        return false;
    return content.len == 0 || der_refuse(reader, "%s must be empty in a credential token", name);
}

/* RFC 5652 5.2 leaves eContent out of such SignedData; TR-34 has it, empty. */
static bool read_content(struct der_reader *reader)
{
    static const char name[] = "SignedData.encapContentInfo";
    struct der_reader content, explicit_tag;

    if (!der_enter(reader, DER_SEQUENCE, name, &content) ||
        !der_expect(&content, der_oid_data,
                    "SignedData.encapContentInfo.eContentType must be id-data"))
        return false;
    if (content.left == 0)
        return true;
    return der_enter(&content, DER_GROUP_0, "SignedData.encapContentInfo.eContent",
                     &explicit_tag) &&
           read_empty(&explicit_tag, DER_OCTETS, "SignedData.encapContentInfo.eContent") &&
           der_end(&explicit_tag, name) && der_end(&content, name);
}

static bool read_certificate(struct der_reader *reader, struct der_view *certificate)
{
    struct der_reader set;

    return der_enter(reader, DER_GROUP_0, "SignedData.certificates", &set) &&
           der_read_whole(&set, DER_SEQUENCE, "SignedData.certificates' first", certificate) &&
           der_end(&set, "SignedData.certificates, which has exactly one,");
}

bool tr34_credential_parse(const char *document, struct der_view bytes,
                           struct tr34_credential *credential, struct kf_error *err)
{
    struct der_reader reader = der_reader_make(document, bytes, err), members;

    memset(credential, 0, sizeof *credential);
    if (!tr34_signed_data_enter(&reader, &members) ||
        !der_expect_small(&members, 1, "SignedData.version") ||
        !read_empty(&members, DER_SET, "SignedData.digestAlgorithms") || !read_content(&members) ||
        !read_certificate(&members, &credential->certificate) ||
        (der_next_is(&members, DER_GROUP_1) && !tr34_crls_read(&members, &credential->crl)) ||
        !read_empty(&members, DER_SET, "SignedData.signerInfos"))
        return false;
    if (credential->crl.len == 0 && der_next_is(&members, DER_GROUP_1) &&
        !tr34_crls_read(&members, &credential->crl))
        return false;
    return der_end(&members, "SignedData");
}

bool tr34_random_write(struct der_view nonce, uint8_t out[TR34_RANDOM_MAX], size_t *len,
                       struct kf_error *err)
{
    struct der_writer writer = {.out = out, .room = TR34_RANDOM_MAX};

    if (!tr34_nonce_check("RandomNonce", nonce, err))
        return false;
    tr34_attribute_put(&writer, der_oid_random_nonce, DER_OCTETS, nonce);
    *len = writer.len;
    return true;
}

bool tr34_random_parse(const char *document, struct der_view bytes, struct der_view *nonce,
                       struct kf_error *err)
{
    static const char name[] = "RT_KRD";
    struct der_reader reader = der_reader_make(document, bytes, err), values;
    struct der_view type;

    if (!tr34_attribute_enter(&reader, name, &type, &values) || !der_end(&reader, name))
        return false;
    if (!der_equal(type, der_oid_random_nonce))
        return der_refuse(&reader, "RT_KRD must be an attribute of type randomNonce");
    return tr34_attribute_value(&values, name, DER_OCTETS, nonce) &&
           tr34_nonce_check(document, *nonce, err);
}
