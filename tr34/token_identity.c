/* SPDX-License-Identifier: Apache-2.0 */
/* The check of raw IssuerAndSerialNumbers. */
#include "tr34/token_identity.h"

#include "tr34/layout.h"

static bool shortest_integer(struct der_view serial)
{
    const uint8_t *b = serial.bytes;

    if (serial.len < 2)
        return serial.len == 1;
    return !(b[0] == 0x00 && b[1] < 0x80) && !(b[0] == 0xFF && b[1] >= 0x80);
}

bool tr34_identity_read(struct der_reader *reader, const char *name, struct der_view *identity)
{
    struct der_reader whole = *reader, inside;
    struct der_view issuer, serial;

    if (!der_next_is(reader, DER_SEQUENCE))
        return der_refuse(reader, "%s must be an IssuerAndSerialNumber", name);
    if (!der_read_whole(reader, DER_SEQUENCE, name, identity))
        return false;
    if (identity->len > TR34_IDENTITY_MAX)
        return der_refuse(reader, "%s has %zu bytes of issuer and serial number; at most %d go in",
                          name, identity->len, TR34_IDENTITY_MAX);
    if (!der_enter(&whole, DER_SEQUENCE, name, &inside) ||
        !der_read(&inside, DER_SEQUENCE, name, &issuer) ||
        !der_read(&inside, DER_INTEGER, name, &serial) || !der_end(&inside, name))
        return false;
    if (!shortest_integer(serial))
        return der_refuse(reader, "the serial number of %s must have DER's shortest form", name);
    return true;
}

bool tr34_identity_check(const char *field, struct der_view identity, struct kf_error *err)
{
    static const char name[] = "the certificate's identity";
    struct der_reader reader = der_reader_make(field, identity, err);
    struct der_view same;

    return tr34_identity_read(&reader, name, &same) && der_end(&reader, name);
}
