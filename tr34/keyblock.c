/* SPDX-License-Identifier: Apache-2.0 */
/* Everything around the key. */
#include "tr34/keyblock.h"

#include <string.h>

#include "tr34/attributes_value.h"
#include "tr34/token_identity.h"

static void write_keyblock(const struct tr34_keyblock *keyblock, struct der_writer *writer,
                           size_t *key_end)
{
    static const uint8_t nothing[TR34_KEY_MAX];
    size_t sequence = der_open(writer, DER_SEQUENCE);

    der_put_small(writer, keyblock->version);
    der_put(writer, keyblock->signer);
    der_put_value(writer, DER_OCTETS, (struct der_view){nothing, keyblock->key_len});
    *key_end = writer->len;
    if (keyblock->bare_header)
        der_put_value(writer, DER_OCTETS, keyblock->header);
    else
        tr34_attribute_put(writer, der_oid_data, DER_OCTETS, keyblock->header);
    /* Counted from the end: closing the SEQUENCE moves what is before. */
    *key_end = writer->len - *key_end;
    der_close(writer, sequence);
    *key_end = writer->len - *key_end;
}

/* PKCS #7 (RFC 5652 6.3): 1 byte to a whole block, each of that number. */
static void pad(struct tr34_frame *frame, size_t block)
{
    size_t padding = block - frame->len % block;

    memset(frame->bytes + frame->len, (int)padding, padding);
    frame->len += padding;
}

bool tr34_frame_make(const struct tr34_keyblock *keyblock, const char *field,
                     struct tr34_frame *frame, struct kf_error *err)
{
    struct der_writer writer = {.out = frame->bytes, .room = sizeof frame->bytes};
    size_t block = keyblock->block, key_end;

    if (keyblock->key_len != TR34_KEY_MIN && keyblock->key_len != TR34_KEY_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "key length: a TR-34 key token carries keys of %d or %d bytes, not %zu",
                       TR34_KEY_MIN, TR34_KEY_MAX, keyblock->key_len);
    if (!tr34_identity_check(field, keyblock->signer, err) ||
        !tr34_header_check("KeyBlockHeaders", keyblock->header, err))
        return false;
    write_keyblock(keyblock, &writer, &key_end);
    frame->len = writer.len;
    frame->key_len = keyblock->key_len;
    frame->key_at = key_end - keyblock->key_len;
    pad(frame, block);
    frame->middle_at = frame->key_at / block * block;
    frame->middle_len = (key_end + block - 1) / block * block - frame->middle_at;
    return true;
}
