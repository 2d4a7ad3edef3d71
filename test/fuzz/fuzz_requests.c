/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request, of the operation that the first byte names: what is taken has no members
 * twice and no text that runs on, so it can be written again, and that reads as the same. */
#include <pb_encode.h>

#include "test/fuzz/fuzz.h"
#include "wire/keyferry.pb.h"
#include "wire/message.h"

#define ROW(name)                                                         \
    {                                                                     \
        keyferry_##name##Request_fields, sizeof(keyferry_##name##Request) \
    }

static const struct {
    const pb_msgdesc_t *type;
    size_t size;
} rows[] = {
    ROW(CreateKey),
    ROW(GetKey),
    ROW(ListKeys),
    ROW(DeleteKey),
    ROW(RestoreKey),
    ROW(StartKeyUsage),
    ROW(StopKeyUsage),
    ROW(TagResource),
    ROW(UntagResource),
    ROW(ListTagsForResource),
    ROW(CreateAlias),
    ROW(UpdateAlias),
    ROW(DeleteAlias),
    ROW(GetAlias),
    ROW(ListAliases),
    ROW(ExportKey),
    ROW(ImportKey),
    ROW(AdoptKey),
    ROW(InitCa),
    ROW(GetParametersForExport),
    ROW(GetParametersForImport),
    ROW(GetPublicKeyCertificate),
    ROW(GetCertificateSigningRequest),
    ROW(Token),
    ROW(Status),
};

#define ROWS (sizeof rows / sizeof rows[0])
#define AGAIN_MAX (256 * 1024)

static size_t write_again(const pb_msgdesc_t *type, const void *message, uint8_t *out)
{
    pb_ostream_t stream = pb_ostream_from_buffer(out, AGAIN_MAX);

    FUZZ_HOLDS(pb_encode(&stream, type, message));
    return stream.bytes_written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kf_error err = {0};
    const pb_msgdesc_t *type;
    uint8_t *one, *other;
    void *message;
    size_t len;

    if (size == 0)
        return 0;
    type = rows[data[0] % ROWS].type;
    message = calloc(1, rows[data[0] % ROWS].size);
    one = malloc(AGAIN_MAX);
    other = malloc(AGAIN_MAX);
    if (message && one && other && wire_body_decode(data + 1, size - 1, type, message, &err)) {
        len = write_again(type, message, one);
        FUZZ_HOLDS(wire_body_decode(one, len, type, message, &err));
        FUZZ_HOLDS(write_again(type, message, other) == len && memcmp(one, other, len) == 0);
    } else {
        FUZZ_HOLDS(err.status != KF_OK && err.message[0]);
    }
    free(message);
    free(one);
    free(other);
    return 0;
}
