/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of what uses a key: ECB, CBC, CMAC, and the CBC wrap and unwrap, whose
 * IV must be honoured and which must not pad. */
#include "p11/profile_probe.h"

#include <string.h>

#include "p11/ops.h"
#include "p11/profile_reference.h"

#define DATA_LEN 32

static const uint8_t data[DATA_LEN] = "0123456789abcdefFEDCBA9876543210";
static const uint8_t iv[P11_BLOCK_MAX] = "initial vector 1";

static bool compare(bool computed, const uint8_t *got, const uint8_t *expected, size_t len,
                    struct kf_error *err)
{
    if (!computed)
        return probe_fail(err, "OpenSSL cannot compute the expected answer");
    return memcmp(got, expected, len) == 0 || probe_fail(err, "wrong result");
}

bool probe_ecb(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    uint8_t got[DATA_LEN], expected[DATA_LEN];
    CK_OBJECT_HANDLE object;

    if (!known_key(probe, key, PROBE_ENCRYPT | PROBE_SENSITIVE, &object, err) ||
        !op_encrypt_ecb(probe->token, key->cipher, object, data, sizeof data, got, err))
        return false;
    return compare(reference_ecb(key->cipher, probe->value, key->len, data, sizeof data, expected),
                   got, expected, sizeof got, err);
}

bool probe_cbc(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    uint8_t got[DATA_LEN], expected[DATA_LEN];
    CK_OBJECT_HANDLE object;

    if (!known_key(probe, key, PROBE_ENCRYPT | PROBE_SENSITIVE, &object, err) ||
        !op_encrypt_cbc(probe->token, key->cipher, object, iv, data, sizeof data, got, err))
        return false;
    return compare(
        reference_cbc(key->cipher, probe->value, key->len, iv, data, sizeof data, expected), got,
        expected, sizeof got, err);
}

/* One whole block, as for a check value, and a partial one. */
bool probe_cmac(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    static const size_t lengths[] = {16, 23};
    uint8_t got[P11_BLOCK_MAX], expected[P11_BLOCK_MAX];
    CK_OBJECT_HANDLE object;

    if (!known_key(probe, key, PROBE_SIGN | PROBE_SENSITIVE, &object, err))
        return false;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        if (!op_cmac(probe->token, object, data, lengths[i], got, err))
            return false;
        if (!compare(
                reference_cmac(key->cipher, probe->value, key->len, data, lengths[i], expected),
                got, expected, sizeof got, err))
            return false;
    }
    return true;
}

/* No message, as for a check value, and some. */
static bool probe_hmac(struct probe *probe, const struct probe_key *key,
                       enum key_algorithm algorithm, struct kf_error *err)
{
    static const size_t lengths[] = {0, 23};
    uint8_t got[P11_HMAC_MAX], expected[P11_HMAC_MAX];
    CK_OBJECT_HANDLE object;

    if (!known_key(probe, key, PROBE_SIGN | PROBE_SENSITIVE, &object, err))
        return false;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        if (!op_hmac(probe->token, algorithm, object, data, lengths[i], got, err))
            return false;
        if (!compare(reference_hmac(algorithm, probe->value, key->len, data, lengths[i], expected),
                     got, expected, key_algorithm_bytes(algorithm), err))
            return false;
    }
    return true;
}

bool probe_hmac_sha224(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return probe_hmac(probe, key, KEY_HMAC_SHA224, err);
}

bool probe_hmac_sha256(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return probe_hmac(probe, key, KEY_HMAC_SHA256, err);
}

bool probe_hmac_sha384(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return probe_hmac(probe, key, KEY_HMAC_SHA384, err);
}

bool probe_hmac_sha512(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return probe_hmac(probe, key, KEY_HMAC_SHA512, err);
}

/* The payload lengths of TR-31 blocks; under TDES also one that is not a multiple of 16. */
static const size_t payload_lengths[][2] = {[P11_AES] = {32, 48}, [P11_TDES] = {24, 32}};

bool probe_wrap(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    for (size_t i = 0; i < 2; i++) {
        struct probe_key payload = {"secret", CKK_GENERIC_SECRET, payload_lengths[key->cipher][i],
                                    key->cipher};
        CK_OBJECT_HANDLE object;

        if (!known_key(probe, &payload, PROBE_SENSITIVE | PROBE_EXTRACTABLE, &object, err) ||
            !probe_wraps_under(probe, key, object, probe->value, payload.len, err))
            return false;
    }
    return true;
}

static bool unwrap(struct probe *probe, const struct probe_key *key, size_t len, unsigned uses,
                   CK_OBJECT_HANDLE *result, struct kf_error *err)
{
    uint8_t wrapped[DATA_LEN * 2];
    struct p11_template template;
    CK_OBJECT_HANDLE unwrapping;

    if (!reference_cbc(key->cipher, probe->value, key->len, iv, probe->value, len, wrapped))
        return probe_fail(err, "OpenSSL cannot compute the wrapped key");
    /* Without a length: the whole of what was wrapped is asked for. */
    probe_template(&template, CKK_GENERIC_SECRET, 0, uses);
    return known_key(probe, key, PROBE_UNWRAP | PROBE_SENSITIVE, &unwrapping, err) &&
           op_unwrap_cbc(probe->token, key->cipher, unwrapping, iv, wrapped, len, &template, result,
                         err) &&
           probe_keep(probe, *result, err);
}

/* To a readable secret, whose bytes are compared, and to one as it is in real use, which is
 * compared as it is wrapped. */
bool probe_unwrap(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    const unsigned uses = PROBE_EXTRACTABLE | PROBE_DERIVE;

    for (size_t i = 0; i < 2; i++) {
        size_t len = payload_lengths[key->cipher][i];
        CK_OBJECT_HANDLE result;

        if (!unwrap(probe, key, len, uses, &result, err) ||
            !probe_reads_as(probe, result, probe->value, len, err) ||
            !unwrap(probe, key, len, uses | PROBE_SENSITIVE, &result, err) ||
            !probe_wraps_as(probe, result, probe->value, len, err))
            return false;
    }
    return true;
}
