/* SPDX-License-Identifier: Apache-2.0 */
/* The writer. Closing an element of more than 127 bytes moves its content to make room for the
 * length: tokens are a few kilobytes at most. */
#include "tr34/der_write.h"

#include <string.h>

static void put_byte(struct der_writer *writer, uint8_t byte)
{
    der_put(writer, (struct der_view){&byte, 1});
}

void der_put(struct der_writer *writer, struct der_view elements)
{
    if (elements.len > 0 && writer->len <= writer->room &&
        elements.len <= writer->room - writer->len)
        memcpy(writer->out + writer->len, elements.bytes, elements.len);
    writer->len += elements.len;
}

void der_put_value(struct der_writer *writer, enum der_tag tag, struct der_view content)
{
    size_t start = der_open(writer, tag);

    der_put(writer, content);
    der_close(writer, start);
}

void der_put_small(struct der_writer *writer, uint8_t value)
{
    der_put_value(writer, DER_INTEGER, (struct der_view){&value, 1});
}

size_t der_open(struct der_writer *writer, enum der_tag tag)
{
    put_byte(writer, (uint8_t)tag);
    put_byte(writer, 0); /* the length, or the first byte of it */
    return writer->len;
}

void der_close(struct der_writer *writer, size_t content)
{
    size_t length = writer->len - content, more = 0;

    if (length > 0x7F)
        for (size_t rest = length; rest > 0; rest >>= 8)
            more++;
    writer->len += more;
    if (writer->len > writer->room)
        return;
    if (more == 0) {
        writer->out[content - 1] = (uint8_t)length;
        return;
    }
    memmove(writer->out + content + more, writer->out + content, length);
    writer->out[content - 1] = (uint8_t)(0x80 | more);
    for (size_t i = 0; i < more; i++)
        writer->out[content + i] = (uint8_t)(length >> 8 * (more - 1 - i));
}
