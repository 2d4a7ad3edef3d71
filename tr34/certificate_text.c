/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's form of certificates: base64 of PEM text, so base64 twice. */
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "tr34/base64.h"
#include "tr34/certificate.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define CERTIFICATE "CERTIFICATE-----"
#define BLANKS " \t\r\n"
#define PRIVATE_KEY "PRIVATE KEY-----"

static bool is_text(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isprint((unsigned char)bytes[i]) && !isspace((unsigned char)bytes[i]))
            return false;
    return true;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, BLANKS)] == '\0';
}

/* Whether the text is one certificate and nothing else, before OpenSSL reads it: that skips what it
 * does not know. */
static bool check_frame(const char *field, const char *text, struct kf_error *err)
{
    const char *begin = text + strspn(text, BLANKS), *second, *end, *rest;

    if (strncmp(begin, BEGIN, strlen(BEGIN)) != 0)
        return kf_fail(
            err, KF_VALIDATION,
            "%s: its base64 holds no PEM text that begins with \"" BEGIN CERTIFICATE "\".", field);
    if (strncmp(begin + strlen(BEGIN), CERTIFICATE, strlen(CERTIFICATE)) != 0)
        return kf_fail(err, KF_VALIDATION, "%s: holds PEM of something that is no CERTIFICATE.",
                       field);
    second = strstr(begin + strlen(BEGIN), BEGIN);
    if (second && strncmp(second + strlen(BEGIN), CERTIFICATE, strlen(CERTIFICATE)) == 0)
        return kf_fail(err, KF_VALIDATION,
                       "%s: holds more than one certificate; give the one that it is about.",
                       field);
    end = strstr(begin, END);
    rest = end ? strstr(end + strlen(END), "-----") : NULL;
    if (!rest)
        return kf_fail(err, KF_VALIDATION, "%s: its PEM text has no end.", field);
    return is_blank(rest + strlen("-----")) ||
           kf_fail(err, KF_VALIDATION, "%s: holds something else behind the certificate.", field);
}

static bool check_text(const char *field, const char *text, size_t len, struct kf_error *err)
{
    if (len > 0 && text[0] == 0x30 && !is_text(text, len))
        return kf_fail(err, KF_VALIDATION,
                       "%s: its base64 holds DER; it must hold the certificate's PEM text.", field);
    if (!is_text(text, len))
        return kf_fail(err, KF_VALIDATION, "%s: its base64 holds no PEM text.", field);
    if (strstr(text, PRIVATE_KEY))
        return kf_fail(err, KF_VALIDATION,
                       "%s: holds a private key, which must not leave its owner; replace that key, "
                       "and give the certificate alone.",
                       field);
    return check_frame(field, text, err);
}

static struct tr34_certificate *read_pem(const char *field, const char *text, size_t len,
                                         struct kf_error *err)
{
    struct tr34_certificate *certificate = NULL;
    size_t blanks = strspn(text, BLANKS); /* OpenSSL wants the frame where a line begins */
    BIO *bio = BIO_new_mem_buf(text + blanks, (int)(len - blanks));
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long der_len = 0;

    if (bio && PEM_read_bio(bio, &name, &header, &der, &der_len) == 1 && header[0] == '\0')
        certificate =
            tr34_certificate_from_der(field, (struct der_view){der, (size_t)der_len}, err);
    else
        kf_fail(err, KF_VALIDATION, "%s: its PEM text is damaged.", field);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

struct tr34_certificate *tr34_certificate_read(const char *field, const char *text,
                                               struct kf_error *err)
{
    struct tr34_certificate *certificate = NULL;
    char *pem;
    size_t len;

    if (!text || !text[0]) {
        kf_fail(err, KF_VALIDATION, "%s is required.", field);
        return NULL;
    }
    if (strncmp(text, BEGIN, strlen(BEGIN)) == 0) {
        kf_fail(err, KF_VALIDATION,
                "%s: is PEM text itself; it must be that in base64, on one line (base64 -w0).",
                field);
        return NULL;
    }
    pem = base64_decode(text, &len);
    if (!pem) {
        kf_fail(err, KF_VALIDATION,
                "%s: is not base64 (letters, digits, +, / and = at the end, no line breaks).",
                field);
        return NULL;
    }
    if (check_text(field, pem, len, err))
        certificate = read_pem(field, pem, len, err);
    free(pem);
    return certificate;
}

/* Two encodings, one after the other; what OpenSSL writes, it ends with a NUL. */
bool tr34_text_write(const char *label, struct der_view der, char *out, size_t room,
                     struct kf_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long len = 0;
    bool good;

    if (bio && PEM_write_bio(bio, label, "", der.bytes, (long)der.len) > 0)
        len = BIO_get_mem_data(bio, &pem);
    good = len > 0 && ((size_t)len + 2) / 3 * 4 < room;
    if (good)
        EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)pem, (int)len);
    BIO_free(bio);
    ERR_clear_error();
    return good || kf_fail(err, KF_INTERNAL, "A %s of %zu bytes does not fit into its place.",
                           label, der.len);
}
