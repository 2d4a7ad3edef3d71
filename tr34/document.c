/* SPDX-License-Identifier: Apache-2.0 */
#include "tr34/document.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "tr34/base64.h"

/* A DER SEQUENCE: in hex it begins "30", which in base64 would be the bytes DF and something. */
#define HEX_BEGIN "30"

static bool give(const char *field, const void *bytes, size_t size, uint8_t *out, size_t room,
                 size_t *len, struct kf_error *err)
{
    if (size > room)
        return kf_fail(err, KF_VALIDATION, "%s: has %zu bytes; the most is %zu.", field, size,
                       room);
    memcpy(out, bytes, size);
    *len = size;
    return true;
}

static bool read_hex(const char *field, const char *text, uint8_t *out, size_t room, size_t *len,
                     struct kf_error *err)
{
    long size = 0;
    unsigned char *bytes = OPENSSL_hexstr2buf(text, &size);
    bool good = bytes ? give(field, bytes, (size_t)size, out, room, len, err)
                      : kf_fail(err, KF_VALIDATION, "%s: is not hex.", field);

    OPENSSL_free(bytes);
    return good;
}

static bool read_pem(const char *field, const char *text, size_t text_len, uint8_t *out,
                     size_t room, size_t *len, struct kf_error *err)
{
    BIO *bio = BIO_new_mem_buf(text, (int)text_len);
    char *name = NULL, *header = NULL;
    unsigned char *bytes = NULL;
    long size = 0;
    bool good = bio && PEM_read_bio(bio, &name, &header, &bytes, &size) == 1;

    good = good ? give(field, bytes, (size_t)size, out, room, len, err)
                : kf_fail(err, KF_VALIDATION, "%s: its PEM text is damaged.", field);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    BIO_free(bio);
    return good;
}

bool tr34_document_read(const char *field, const char *text, uint8_t *out, size_t room, size_t *len,
                        struct kf_error *err)
{
    static const char begin[] = "-----BEGIN ";
    char *bytes;
    size_t size;
    bool good;

    if (strncmp(text, HEX_BEGIN, strlen(HEX_BEGIN)) == 0)
        good = read_hex(field, text, out, room, len, err);
    else if (!(bytes = base64_decode(text, &size)))
        good = kf_fail(err, KF_VALIDATION,
                       "%s: must be the document's DER as hex or base64, or base64 of its PEM "
                       "text.",
                       field);
    else {
        if (strncmp(bytes, begin, strlen(begin)) == 0)
            good = read_pem(field, bytes, size, out, room, len, err);
        else
            good = give(field, bytes, size, out, room, len, err);
        free(bytes);
    }
    ERR_clear_error();
    return good;
}
