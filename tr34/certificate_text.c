/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's form of certificates: base64 of PEM text, so base64 twice. */
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "tr34/certificate.h"

#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define BEGIN "-----BEGIN "
#define END "-----END "
#define CERTIFICATE "CERTIFICATE-----"

/* What base64 holds, with a NUL behind it, to be freed; NULL where it is none. EVP_DecodeBlock is
 * lax about characters and padding, so these are looked at here. */
static char *decode(const char *text, size_t *len)
{
    size_t all = strlen(text), letters = strspn(text, BASE64), pad = all - letters;
    unsigned char *out;
    int got;

    if (all == 0 || all % 4 != 0 || pad > 2 || strspn(text + letters, "=") != pad)
        return NULL;
    out = malloc(all / 4 * 3 + 1);
    got = out ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)all) : -1;
    if (got < 0) {
        free(out);
        return NULL;
    }
    *len = (size_t)got - pad;
    out[*len] = '\0';
    return (char *)out;
}

static bool is_text(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isprint((unsigned char)bytes[i]) && !isspace((unsigned char)bytes[i]))
            return false;
    return true;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Whether the text is one certificate and nothing else, before OpenSSL reads it: that skips what it
 * does not know. */
static bool check_frame(const char *field, const char *text, struct kf_error *err)
{
    const char *begin = text + strspn(text, " \t\r\n"), *end, *rest;

    if (strncmp(begin, BEGIN, strlen(BEGIN)) != 0)
        return kf_fail(
            err, KF_VALIDATION,
            "%s: its base64 holds no PEM text that begins with \"" BEGIN CERTIFICATE "\".", field);
    if (strncmp(begin + strlen(BEGIN), CERTIFICATE, strlen(CERTIFICATE)) != 0)
        return kf_fail(err, KF_VALIDATION, "%s: holds PEM of something that is no CERTIFICATE.",
                       field);
    end = strstr(begin, END);
    rest = end ? strstr(end + strlen(END), "-----") : NULL;
    if (!rest)
        return kf_fail(err, KF_VALIDATION, "%s: its PEM text has no end.", field);
    rest += strlen("-----");
    if (strstr(rest, BEGIN CERTIFICATE))
        return kf_fail(err, KF_VALIDATION,
                       "%s: holds more than one certificate; give the one that it is about.",
                       field);
    return is_blank(rest) ||
           kf_fail(err, KF_VALIDATION, "%s: holds something else behind the certificate.", field);
}

static bool check_text(const char *field, const char *text, size_t len, struct kf_error *err)
{
    if (len > 0 && text[0] == 0x30 && !is_text(text, len))
        return kf_fail(err, KF_VALIDATION,
                       "%s: its base64 holds DER; it must hold the certificate's PEM text.", field);
    if (!is_text(text, len))
        return kf_fail(err, KF_VALIDATION, "%s: its base64 holds no PEM text.", field);
    return check_frame(field, text, err);
}

static struct tr34_certificate *read_pem(const char *field, const char *text, size_t len,
                                         struct kf_error *err)
{
    struct tr34_certificate *certificate = NULL;
    BIO *bio = BIO_new_mem_buf(text, (int)len);
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
    pem = decode(text, &len);
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
