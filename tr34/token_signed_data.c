/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of signed-data. */
#include "tr34/token_signed_data.h"

#include "tr34/layout.h"

void tr34_signed_data_open(struct der_writer *writer, uint8_t version,
                           struct tr34_signed_data *frame)
{
    frame->info = der_open(writer, DER_SEQUENCE);
    der_put(writer, der_oid_signed_data);
    frame->explicit_tag = der_open(writer, DER_GROUP_0);
    frame->data = der_open(writer, DER_SEQUENCE);
    der_put_small(writer, version);
}

void tr34_signed_data_close(struct der_writer *writer, const struct tr34_signed_data *frame)
{
    der_close(writer, frame->data);
    der_close(writer, frame->explicit_tag);
    der_close(writer, frame->info);
}

bool tr34_signed_data_enter(struct der_reader *document, struct der_reader *members)
{
    struct der_reader info, content;

    if (document->left > TR34_TOKEN_MAX)
        return der_refuse(document, "must have at most %d bytes; it has %zu", TR34_TOKEN_MAX,
                          document->left);
    return der_enter(document, DER_SEQUENCE, "ContentInfo", &info) &&
           der_end(document, "ContentInfo") &&
           der_expect(&info, der_oid_signed_data,
                      "ContentInfo.contentType must be id-signedData") &&
           der_enter(&info, DER_GROUP_0, "ContentInfo.content", &content) &&
           der_end(&info, "ContentInfo.content") &&
           der_enter(&content, DER_SEQUENCE, "SignedData", members) &&
           der_end(&content, "SignedData");
}

void tr34_crls_put(struct der_writer *writer, struct der_view crl)
{
    der_put_value(writer, DER_GROUP_1, crl);
}

bool tr34_crls_read(struct der_reader *members, struct der_view *crl)
{
    static const char name[] = "SignedData.crls, which has exactly one CertificateList,";
    struct der_reader set;

    return der_enter(members, DER_GROUP_1, "SignedData.crls", &set) &&
           der_read_whole(&set, DER_SEQUENCE, "SignedData.crls' first", crl) && der_end(&set, name);
}

bool tr34_element_check(const char *field, struct der_view element, struct kf_error *err)
{
    static const char name[] = "the DER";
    struct der_reader reader = der_reader_make(field, element, err);
    struct der_view same;

    return der_read_whole(&reader, DER_SEQUENCE, name, &same) && der_end(&reader, name);
}
