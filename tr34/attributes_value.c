/* SPDX-License-Identifier: Apache-2.0 */
/* One attribute, written and read. */
#include "tr34/attributes_value.h"

#include "tr31/text.h"

void tr34_attribute_put(struct der_writer *writer, struct der_view type, enum der_tag tag,
                        struct der_view value)
{
    size_t attribute = der_open(writer, DER_SEQUENCE), values;

    der_put(writer, type);
    values = der_open(writer, DER_SET);
    der_put_value(writer, tag, value);
    der_close(writer, values);
    der_close(writer, attribute);
}

bool tr34_attribute_enter(struct der_reader *reader, const char *name, struct der_view *type,
                          struct der_reader *values)
{
    struct der_reader inside;

    return der_enter(reader, DER_SEQUENCE, name, &inside) &&
           der_read_whole(&inside, DER_OID, name, type) &&
           der_enter(&inside, DER_SET, name, values) && der_end(&inside, name);
}

bool tr34_attribute_value(struct der_reader *values, const char *name, enum der_tag tag,
                          struct der_view *value)
{
    return der_read(values, tag, name, value) && der_end(values, name);
}

bool tr34_header_check(const char *field, struct der_view header, struct kf_error *err)
{
    if (header.len < TR34_HEADER_MIN || header.len > TR34_HEADER_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "%s: the TR-31 header must have %d to %d characters; it has %zu", field,
                       TR34_HEADER_MIN, TR34_HEADER_MAX, header.len);
    if (!tr31_is_printable((const char *)header.bytes, header.len))
        return kf_fail(err, KF_VALIDATION, "%s: the TR-31 header must be printable ASCII", field);
    return true;
}

bool tr34_nonce_check(const char *field, struct der_view nonce, struct kf_error *err)
{
    if (nonce.len < TR34_NONCE_MIN || nonce.len > TR34_NONCE_MAX)
        return kf_fail(err, KF_VALIDATION, "%s: the nonce must have %d to %d bytes; it has %zu",
                       field, TR34_NONCE_MIN, TR34_NONCE_MAX, nonce.len);
    return true;
}
