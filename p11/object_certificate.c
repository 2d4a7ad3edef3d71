/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/object_certificate.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/ops.h"

/* What of a certificate is an attribute of its own, in the certificate's own DER. */
struct pieces {
    uint8_t *subject, *issuer, *serial;
    int subject_len, issuer_len, serial_len;
};

static void pieces_free(struct pieces *pieces)
{
    OPENSSL_free(pieces->subject);
    OPENSSL_free(pieces->issuer);
    OPENSSL_free(pieces->serial);
}

static bool cut(const uint8_t *der, size_t len, struct pieces *out, struct kf_error *err)
{
    const uint8_t *end = der;
    X509 *certificate = len <= CERTIFICATE_MAX ? d2i_X509(NULL, &end, (long)len) : NULL;

    memset(out, 0, sizeof *out);
    if (certificate && end == der + len) {
        /* OpenSSL keeps a name's own encoding and writes that. */
        out->subject_len = i2d_X509_NAME(X509_get_subject_name(certificate), &out->subject);
        out->issuer_len = i2d_X509_NAME(X509_get_issuer_name(certificate), &out->issuer);
        out->serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &out->serial);
    }
    X509_free(certificate);
    if (out->subject && out->issuer && out->serial)
        return true;
    pieces_free(out);
    return kf_fail(err, KF_VALIDATION,
                   "This is not one X.509 certificate of at most %d bytes of DER.",
                   CERTIFICATE_MAX);
}

static bool find(const struct p11_token *token, const struct pieces *pieces,
                 CK_OBJECT_HANDLE *certificate, struct kf_error *err)
{
    struct p11_template query = {0};
    CK_OBJECT_HANDLE *found;
    size_t count;

    *certificate = CK_INVALID_HANDLE;
    template_number(&query, CKA_CLASS, CKO_CERTIFICATE);
    template_flag(&query, CKA_TOKEN, true);
    template_bytes(&query, CKA_ISSUER, pieces->issuer, (size_t)pieces->issuer_len);
    template_bytes(&query, CKA_SERIAL_NUMBER, pieces->serial, (size_t)pieces->serial_len);
    if (p11_find_objects(token->session, query.attributes, query.count, &found, &count, err) !=
        CKR_OK)
        return false;
    if (count > 0)
        *certificate = found[0];
    free(found);
    return true;
}

bool certificate_find(const struct p11_token *token, const uint8_t *der, size_t len,
                      CK_OBJECT_HANDLE *certificate, struct kf_error *err)
{
    struct pieces pieces;
    bool good;

    if (!cut(der, len, &pieces, err))
        return false;
    good = find(token, &pieces, certificate, err);
    pieces_free(&pieces);
    return good;
}

static bool fail_taken(struct kf_error *err)
{
    return kf_fail(err, KF_CONFLICT,
                   "This certificate, or another with its issuer and serial number, is in the "
                   "token already.");
}

static bool check_free(const struct p11_token *token, const struct pieces *pieces,
                       struct kf_error *err)
{
    CK_OBJECT_HANDLE other;

    if (!find(token, pieces, &other, err))
        return false;
    return other == CK_INVALID_HANDLE || fail_taken(err);
}

/* Whether a certificate is the one that was to be made: a token may make what it says it did not.
 */
static bool is_object(const struct p11_token *token, CK_OBJECT_HANDLE certificate,
                      const struct role_object *object)
{
    struct object found;
    struct kf_error ignored = {0};

    return object_read(token, certificate, &found, &ignored) &&
           memcmp(found.id, object->id, sizeof found.id) == 0;
}

static bool create(const struct p11_token *token, const struct role_object *object,
                   const struct pieces *pieces, const uint8_t *der, size_t len,
                   CK_OBJECT_HANDLE *certificate, struct kf_error *err)
{
    const CK_ATTRIBUTE parts[] = {
        {CKA_SUBJECT, pieces->subject, (CK_ULONG)pieces->subject_len},
        {CKA_ISSUER, pieces->issuer, (CK_ULONG)pieces->issuer_len},
        {CKA_SERIAL_NUMBER, pieces->serial, (CK_ULONG)pieces->serial_len},
        {CKA_VALUE, (void *)der, (CK_ULONG)len},
    };
    struct role_object whole = *object;
    struct p11_template template = {0};
    CK_OBJECT_HANDLE other;
    struct kf_error failed = {0};

    whole.parts = parts;
    whole.parts_count = sizeof parts / sizeof parts[0];
    role_token_template(token, &whole, &template);
    if (p11_create_object(token->session, template.attributes, template.count, certificate,
                          &failed) == CKR_OK)
        return true;
    /* Somebody else may have put it there just now; a token that takes it once only says
     * CKR_GENERAL_ERROR or the like. */
    if (!find(token, pieces, &other, err))
        return false;
    if (other != CK_INVALID_HANDLE && !is_object(token, other, object))
        return fail_taken(err);
    op_destroy(token, &other);
    return kf_fail_fault(err, failed.status, failed.fault, failed.detail, "%s", failed.message);
}

static bool reads_back(const struct p11_token *token, CK_OBJECT_HANDLE certificate,
                       const uint8_t *der, size_t len, struct kf_error *err)
{
    uint8_t kept[CERTIFICATE_MAX];
    size_t kept_len;

    if (!certificate_read(token, certificate, kept, &kept_len, err))
        return false;
    return (kept_len == len && memcmp(kept, der, len) == 0) ||
           kf_fail(err, KF_INTERNAL, "The token keeps another certificate than it was given.");
}

bool certificate_make(const struct p11_token *token, const struct role_object *object,
                      const uint8_t *der, size_t len, CK_OBJECT_HANDLE *certificate,
                      struct kf_error *err)
{
    struct pieces pieces;
    bool good;

    *certificate = CK_INVALID_HANDLE;
    if (!cut(der, len, &pieces, err))
        return false;
    good = check_free(token, &pieces, err) &&
           create(token, object, &pieces, der, len, certificate, err) &&
           reads_back(token, *certificate, der, len, err);
    if (!good)
        op_destroy(token, certificate);
    pieces_free(&pieces);
    return good;
}

bool certificate_read(const struct p11_token *token, CK_OBJECT_HANDLE certificate,
                      uint8_t der[CERTIFICATE_MAX], size_t *len, struct kf_error *err)
{
    CK_ATTRIBUTE attribute = {CKA_VALUE, der, CERTIFICATE_MAX};

    if (p11_get_attributes(token->session, certificate, &attribute, 1, err) != CKR_OK)
        return false;
    if (attribute.ulValueLen == 0 || attribute.ulValueLen > CERTIFICATE_MAX)
        return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, "CKA_VALUE: unexpected length",
                             "The token has a certificate without a value.");
    *len = attribute.ulValueLen;
    return true;
}
