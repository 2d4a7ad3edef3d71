/* SPDX-License-Identifier: Apache-2.0 */
/* Writing signed attributes. */
#include "tr34/attributes.h"

#include <openssl/evp.h>
#include <string.h>

#include "tr34/attributes_time.h"
#include "tr34/attributes_value.h"

enum { COUNT = 4 };

/* Four attributes, each a run of the same buffer. */
struct list {
    struct der_writer writer;
    struct der_view items[COUNT];
    size_t count;
};

static void add(struct list *list, struct der_view type, enum der_tag tag, struct der_view value)
{
    size_t from = list->writer.len;

    tr34_attribute_put(&list->writer, type, tag, value);
    list->items[list->count++] =
        (struct der_view){list->writer.out + from, list->writer.len - from};
}

/* X.690 11.6. No element is the beginning of another, so lengths never decide. */
static bool before(struct der_view a, struct der_view b)
{
    return memcmp(a.bytes, b.bytes, a.len < b.len ? a.len : b.len) < 0;
}

static void sort(struct der_view *items, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && before(items[j], items[j - 1]); j--) {
            struct der_view later = items[j - 1];

            items[j - 1] = items[j];
            items[j] = later;
        }
}

bool tr34_digest(struct der_view bytes, uint8_t digest[TR34_DIGEST_SIZE], struct kf_error *err)
{
    if (!EVP_Digest(bytes.bytes, bytes.len, digest, NULL, EVP_sha256(), NULL))
        return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, "EVP_Digest failed",
                             "the digest of a key token could not be made");
    return true;
}

/* The second attribute: what proves that the token is fresh. */
static bool add_freshness(struct list *list, const struct tr34_attributes *attributes,
                          struct kf_error *err)
{
    char text[TR34_TIME_SIZE];
    struct der_view time = {(const uint8_t *)text, 0};
    enum der_tag tag;

    if (attributes->nonce.len > 0) {
        if (!tr34_nonce_check("RandomNonce", attributes->nonce, err))
            return false;
        add(list, der_oid_random_nonce, DER_OCTETS, attributes->nonce);
        return true;
    }
    if (!tr34_time_write(attributes->signing_time, &tag, text, err))
        return false;
    time.len = strlen(text);
    add(list, der_oid_signing_time, tag, time);
    return true;
}

bool tr34_attributes_write(enum tr34_layout layout, const struct tr34_attributes *attributes,
                           struct der_view envelope, struct tr34_signed *out, struct kf_error *err)
{
    uint8_t space[TR34_ATTRIBUTES_MAX], digest[TR34_DIGEST_SIZE];
    struct list list = {.writer = {.out = space, .room = sizeof space}};
    struct der_writer writer = {.out = out->bytes, .room = sizeof out->bytes};
    /* contentType's value is an OBJECT IDENTIFIER, tag and length in place. */
    struct der_view content = der_oid_enveloped_data;
    size_t set;

    if (!tr34_header_check("KeyBlockHeaders", attributes->header, err) ||
        !tr34_digest(envelope, digest, err))
        return false;
    content.bytes += 2;
    content.len -= 2;
    add(&list, der_oid_content_type, DER_OID, content);
    if (!add_freshness(&list, attributes, err))
        return false;
    add(&list, der_oid_data, DER_OCTETS, attributes->header);
    add(&list, der_oid_message_digest, DER_OCTETS, (struct der_view){digest, sizeof digest});
    if (tr34_form(layout)->sorted_attributes)
        sort(list.items, list.count);
    set = der_open(&writer, DER_SET);
    for (size_t i = 0; i < list.count; i++)
        der_put(&writer, list.items[i]);
    der_close(&writer, set);
    out->len = writer.len;
    return true;
}

/* What was read so far. */
struct found {
    bool content_type, nonce, time, header, digest;
};

static bool once(const struct der_reader *reader, bool *found, const char *name)
{
    if (*found)
        return der_refuse(reader, "signed attribute %s must be there only once", name);
    *found = true;
    return true;
}

static bool read_content_type(struct der_reader *values, struct found *found)
{
    return once(values, &found->content_type, "contentType") &&
           der_expect(values, der_oid_enveloped_data,
                      "signed attribute contentType must be id-envelopedData") &&
           der_end(values, "signed attribute contentType");
}

static bool read_nonce(struct der_reader *values, struct found *found, struct der_view *nonce)
{
    return once(values, &found->nonce, "randomNonce") &&
           tr34_attribute_value(values, "signed attribute randomNonce", DER_OCTETS, nonce) &&
           tr34_nonce_check(values->document, *nonce, values->err);
}

static bool read_time(struct der_reader *values, struct found *found, time_t *time)
{
    return once(values, &found->time, "signingTime") &&
           tr34_time_read(values, "signed attribute signingTime", time) &&
           der_end(values, "signed attribute signingTime");
}

static bool read_header(struct der_reader *values, struct found *found, struct der_view *header)
{
    return once(values, &found->header, "id-data") &&
           tr34_attribute_value(values, "signed attribute id-data", DER_OCTETS, header) &&
           tr34_header_check(values->document, *header, values->err);
}

static bool read_digest(struct der_reader *values, struct found *found, struct der_view *digest)
{
    if (!once(values, &found->digest, "messageDigest") ||
        !tr34_attribute_value(values, "signed attribute messageDigest", DER_OCTETS, digest))
        return false;
    if (digest->len != TR34_DIGEST_SIZE)
        return der_refuse(values, "signed attribute messageDigest must have %d bytes; it has %zu",
                          TR34_DIGEST_SIZE, digest->len);
    return true;
}

static bool all_found(const struct der_reader *reader, const struct found *found)
{
    if (found->nonce && found->time)
        return der_refuse(reader, "signed attributes randomNonce and signingTime must not both be "
                                  "there: one is of two passes, the other of one");
    if (!found->content_type || !found->header || !found->digest || (!found->nonce && !found->time))
        return der_refuse(reader, "signed attribute %s is missing",
                          !found->content_type ? "contentType"
                          : !found->header     ? "id-data, the TR-31 header,"
                          : !found->digest     ? "messageDigest"
                                               : "randomNonce or signingTime");
    return true;
}

bool tr34_attributes_parse(struct der_reader *reader, struct tr34_attributes *attributes,
                           struct der_view *digest)
{
    struct found found = {0};
    struct der_reader values;
    struct der_view type;
    bool good = true;

    memset(attributes, 0, sizeof *attributes);
    while (good && reader->left > 0) {
        if (!tr34_attribute_enter(reader, "signed attribute", &type, &values))
            return false;
        if (der_equal(type, der_oid_content_type))
            good = read_content_type(&values, &found);
        else if (der_equal(type, der_oid_random_nonce))
            good = read_nonce(&values, &found, &attributes->nonce);
        else if (der_equal(type, der_oid_signing_time))
            good = read_time(&values, &found, &attributes->signing_time);
        else if (der_equal(type, der_oid_data))
            good = read_header(&values, &found, &attributes->header);
        else if (der_equal(type, der_oid_message_digest))
            good = read_digest(&values, &found, digest);
        else
            good = der_refuse(reader,
                              "signed attributes must be contentType, randomNonce or "
                              "signingTime, id-data and messageDigest alone; another is there");
    }
    return good && all_found(reader, &found);
}
