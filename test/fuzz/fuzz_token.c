/* SPDX-License-Identifier: Apache-2.0 */
/* TR-34's documents: a key token, a credential, a random number. The first byte chooses. */
#include "test/fuzz/fuzz.h"
#include "tr34/credential.h"
#include "tr34/token_parse.h"

static bool within(struct der_view inner, struct der_view outer)
{
    return inner.len == 0 ||
           (inner.bytes >= outer.bytes && inner.bytes + inner.len <= outer.bytes + outer.len);
}

static void take_token(struct der_view bytes)
{
    static struct tr34_received received;
    static struct tr34_frame frame;
    struct kf_error err = {0};
    size_t next = 0;

    if (!tr34_token_parse("T", bytes, &received, &err)) {
        FUZZ_HOLDS(err.status == KF_VALIDATION && strncmp(err.message, "T", 1) == 0);
        return;
    }
    FUZZ_HOLDS(within(received.token.signer, bytes) && within(received.token.crl, bytes) &&
               within(received.envelope.ciphertext, bytes) &&
               within(received.attributes.header, bytes));
    tr34_token_check_digest("T", &received, &err);
    while (tr34_token_candidate(&received, &next, &frame))
        FUZZ_HOLDS(frame.len == received.envelope.ciphertext.len &&
                   frame.key_at + frame.key_len <= frame.len &&
                   frame.middle_at + frame.middle_len <= frame.len);
}

static void take_credential(struct der_view bytes)
{
    struct tr34_credential credential;
    struct kf_error err = {0};

    if (tr34_credential_parse("T", bytes, &credential, &err))
        FUZZ_HOLDS(credential.certificate.len > 0 && within(credential.certificate, bytes) &&
                   within(credential.crl, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct der_view bytes = {data + 1, size - 1}, nonce;
    struct kf_error err = {0};

    if (size == 0)
        return 0;
    switch (data[0] % 3) {
    case 0:
        take_token(bytes);
        break;
    case 1:
        take_credential(bytes);
        break;
    default:
        if (tr34_random_parse("T", bytes, &nonce, &err))
            FUZZ_HOLDS(within(nonce, bytes) && nonce.len >= TR34_NONCE_MIN &&
                       nonce.len <= TR34_NONCE_MAX);
    }
    return 0;
}
