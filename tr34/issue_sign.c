/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL signs only with keys that it has, so the token's signature is put under the part here. */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "tr34/der_write.h"
#include "tr34/issue_internal.h"
#include "tr34/token_envelope.h"

#define DER_BITS ((enum der_tag)0x03)

int issue_algorithm(enum tr34_hash hash)
{
    static const int algorithms[] = {
        [TR34_SHA224] = NID_sha224WithRSAEncryption,
        [TR34_SHA256] = NID_sha256WithRSAEncryption,
        [TR34_SHA384] = NID_sha384WithRSAEncryption,
        [TR34_SHA512] = NID_sha512WithRSAEncryption,
    };

    return algorithms[hash];
}

bool issue_failed(struct kf_error *err)
{
    char reason[120];

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, reason,
                         "A certificate could not be put together.");
}

bool issue_put_algorithm(struct der_writer *writer, enum tr34_hash hash)
{
    X509_ALGOR *algorithm = X509_ALGOR_new();
    unsigned char *der = NULL;
    int len = 0;

    if (algorithm &&
        X509_ALGOR_set0(algorithm, OBJ_nid2obj(issue_algorithm(hash)), V_ASN1_NULL, NULL) == 1)
        len = i2d_X509_ALGOR(algorithm, &der);
    if (len > 0)
        der_put(writer, (struct der_view){der, (size_t)len});
    OPENSSL_free(der);
    X509_ALGOR_free(algorithm);
    return len > 0;
}

bool issue_sign(const uint8_t *part, int part_len, enum tr34_hash hash,
                const struct tr34_signer *signer, uint8_t *out, size_t room, size_t *len,
                struct kf_error *err)
{
    struct der_writer writer = {out, room, 0};
    /* A BIT STRING says first how many bits at its end do not count. */
    uint8_t signature[1 + TR34_MODULUS_MAX] = {0};
    size_t signature_len = TR34_MODULUS_MAX, whole;

    if (part_len <= 0)
        return issue_failed(err);
    if (!signer->sign(signer->context, hash, part, (size_t)part_len, signature + 1, &signature_len,
                      err))
        return false;
    whole = der_open(&writer, DER_SEQUENCE);
    der_put(&writer, (struct der_view){part, (size_t)part_len});
    if (!issue_put_algorithm(&writer, hash))
        return issue_failed(err);
    der_put_value(&writer, DER_BITS, (struct der_view){signature, 1 + signature_len});
    der_close(&writer, whole);
    *len = writer.len;
    return writer.len <= room ||
           kf_fail(err, KF_VALIDATION,
                   "A certificate of %zu bytes is longer than any that is kept.", writer.len);
}
