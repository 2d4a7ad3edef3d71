/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate in AWS's form or DER, a revocation list, a document. The first byte chooses. */
#include "test/fuzz/fuzz.h"
#include "tr34/chain.h"
#include "tr34/document.h"

#define NOW 1795000000

static void take_certificate(struct tr34_certificate *certificate, const struct kf_error *err)
{
    struct kf_error ignored = {0};
    char fingerprint[TR34_FINGERPRINT_SIZE];

    if (!certificate) {
        FUZZ_HOLDS(err->status != KF_OK);
        return;
    }
    tr34_certificate_fingerprint(certificate, fingerprint);
    FUZZ_HOLDS(tr34_certificate_name(certificate)[0] &&
               tr34_certificate_identity(certificate).len > 0 &&
               tr34_certificate_modulus(certificate).len >= 256);
    tr34_root_check(certificate, "C", NOW, &ignored);
    tr34_certificate_free(certificate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kf_error err = {0};
    struct der_view der = {data + 1, size - 1};
    uint8_t out[8192];
    size_t len;
    char *text;

    if (size == 0)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        take_certificate(tr34_certificate_read("C", text, &err), &err);
        break;
    case 1:
        take_certificate(tr34_certificate_from_der("C", der, &err), &err);
        break;
    case 2:
        tr34_crl_free(tr34_crl_from_der("C", der, &err));
        break;
    default:
        if (tr34_document_read("C", text, out, sizeof out, &len, &err))
            FUZZ_HOLDS(len <= sizeof out);
    }
    free(text);
    return 0;
}
