/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers of what makes a key from a key. Each is tried twice: with a readable result, whose
 * bytes are compared, and with a sensitive result as it is in real use, which is compared by what
 * it encrypts to, as key or as wrapped payload.
 */
#include "p11/profile_probe.h"

#include <string.h>

#include "p11/ops.h"
#include "p11/profile_reference.h"

#define RESULT_MAX (2 * KNOWN_MAX)

static const uint8_t data[KNOWN_MAX] =
    "public data to derive keys from, longer than every key there is.";

static bool missing_reference(struct kf_error *err)
{
    return probe_fail(err, "OpenSSL cannot compute the expected answer");
}

/* A derivation, its arguments but base and result bound. */
struct derivation {
    enum p11_operation operation; /* of AES and TDES the one for AES; the key says which cipher */
    const uint8_t *data;
    size_t len;
    CK_ULONG first_bit;
};

static bool run(struct probe *probe, const struct probe_key *key, const struct derivation *how,
                CK_OBJECT_HANDLE base, struct p11_template *template, CK_OBJECT_HANDLE *result,
                struct kf_error *err)
{
    const struct p11_token *token = probe->token;
    bool good;

    if (how->operation == P11_DERIVE_AES)
        good = op_derive(token, key->cipher, base, how->data, how->len, template, result, err);
    else if (how->operation == P11_KDF_AES)
        good = op_kdf(token, key->cipher, base, how->data, how->len, template, result, err);
    else if (how->operation == P11_JOIN_PREFIX)
        good = op_join_prefix(token, how->data, how->len, base, template, result, err);
    else if (how->operation == P11_JOIN_SUFFIX)
        good = op_join_suffix(token, base, how->data, how->len, template, result, err);
    else if (how->operation == P11_XOR)
        good = op_xor(token, base, how->data, how->len, template, result, err);
    else
        good = op_cut(token, base, how->first_bit, template, result, err);
    return good && probe_keep(probe, *result, err);
}

/* Base and result readable: tokens refuse a readable result of a sensitive base. Then both
 * sensitive, as they will be. */
static bool derive_key(struct probe *probe, const struct probe_key *key,
                       const struct derivation *how, const uint8_t *expected, size_t len,
                       struct kf_error *err)
{
    struct p11_template template;
    CK_OBJECT_HANDLE base, result;

    probe_template(&template, CKK_GENERIC_SECRET, len, PROBE_EXTRACTABLE);
    if (!known_key(probe, key, PROBE_DERIVE | PROBE_EXTRACTABLE, &base, err) ||
        !run(probe, key, how, base, &template, &result, err) ||
        !probe_reads_as(probe, result, expected, len, err))
        return false;
    probe_template(&template, key->type, key->len, PROBE_ENCRYPT | PROBE_SENSITIVE);
    return known_key(probe, key, PROBE_DERIVE | PROBE_SENSITIVE, &base, err) &&
           run(probe, key, how, base, &template, &result, err) &&
           probe_encrypts_as(probe, key, result, expected, err);
}

bool probe_derive(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    size_t block = key->cipher == P11_AES ? 16 : 8;
    struct derivation how = {
        .operation = P11_DERIVE_AES, .data = data, .len = (key->len + block - 1) / block * block};
    uint8_t expected[KNOWN_MAX];

    if (!reference_ecb(key->cipher, probe->value, key->len, data, how.len, expected))
        return missing_reference(err);
    return derive_key(probe, key, &how, expected, how.len, err);
}

/* TR-31's derivation of a KBMK (X9.143: usage 0001, separator, algorithm and length in bits of the
 * KBPK). */
static bool kdf_expected(const struct probe *probe, const struct probe_key *key, uint8_t *fixed,
                         uint8_t *out)
{
    size_t block = key->cipher == P11_AES ? 16 : 8;
    unsigned algorithm = (unsigned)(key->cipher == P11_AES ? key->len / 8 : key->len / 8 - 2);
    unsigned bits = (unsigned)key->len * 8;
    uint8_t input[8] = {0, 0, 1, 0, 0, (uint8_t)algorithm, (uint8_t)(bits >> 8), (uint8_t)bits};

    memcpy(fixed, input + 1, 7);
    for (size_t done = 0; done < key->len; done += block) {
        input[0]++;
        if (!reference_cmac(key->cipher, probe->value, key->len, input, sizeof input, out + done))
            return false;
    }
    return true;
}

bool probe_kdf(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    uint8_t expected[32], fixed[7];
    struct derivation how = {.operation = P11_KDF_AES, .data = fixed, .len = sizeof fixed};

    if (!kdf_expected(probe, key, fixed, expected))
        return missing_reference(err);
    return derive_key(probe, key, &how, expected, key->len, err);
}

/* The same for what is made of a secret; the sensitive result is wrapped. */
static bool derive_secret(struct probe *probe, const struct probe_key *key,
                          const struct derivation *how, const uint8_t *expected, size_t len,
                          struct kf_error *err)
{
    CK_OBJECT_HANDLE base, result;
    struct p11_template template;

    probe_template(&template, CKK_GENERIC_SECRET, len, PROBE_EXTRACTABLE | PROBE_DERIVE);
    if (!known_key(probe, key, PROBE_EXTRACTABLE | PROBE_DERIVE, &base, err) ||
        !run(probe, key, how, base, &template, &result, err) ||
        !probe_reads_as(probe, result, expected, len, err))
        return false;
    probe_template(&template, CKK_GENERIC_SECRET, len,
                   PROBE_SENSITIVE | PROBE_EXTRACTABLE | PROBE_DERIVE);
    return known_key(probe, key, PROBE_SENSITIVE | PROBE_EXTRACTABLE | PROBE_DERIVE, &base, err) &&
           run(probe, key, how, base, &template, &result, err) &&
           probe_wraps_as(probe, result, expected, len, err);
}

/* Once with the two bytes of a payload's length field, once to whole blocks, which can be wrapped.
 */
static bool join(struct probe *probe, const struct probe_key *key, enum p11_operation operation,
                 struct kf_error *err)
{
    const size_t lengths[] = {2, 32 - key->len % 16};

    for (size_t i = 0; i < 2; i++) {
        struct derivation how = {.operation = operation, .data = data, .len = lengths[i]};
        uint8_t expected[RESULT_MAX];
        size_t at = operation == P11_JOIN_PREFIX ? how.len : 0;

        memcpy(expected + at, probe->value, key->len);
        memcpy(expected + (at ? 0 : key->len), data, how.len);
        if (!derive_secret(probe, key, &how, expected, key->len + how.len, err))
            return false;
    }
    return true;
}

bool probe_join_prefix(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return join(probe, key, P11_JOIN_PREFIX, err);
}

bool probe_join_suffix(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    return join(probe, key, P11_JOIN_SUFFIX, err);
}

static bool join_keys(struct probe *probe, const struct probe_key *first,
                      const struct probe_key *second, unsigned uses, CK_OBJECT_HANDLE *result,
                      struct kf_error *err)
{
    struct p11_template template;
    CK_OBJECT_HANDLE parts[2];

    probe_template(&template, CKK_GENERIC_SECRET, first->len + second->len, uses);
    return known_key(probe, first, uses, &parts[0], err) &&
           known_key(probe, second, uses, &parts[1], err) &&
           op_join_keys(probe->token, parts[0], parts[1], &template, result, err) &&
           probe_keep(probe, *result, err);
}

/* With a key of the same length, as in real use, and with a longer one, which shows the order. */
bool probe_join_keys(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    const struct probe_key seconds[] = {*key, {"24-byte secret", CKK_GENERIC_SECRET, 24, P11_AES}};
    const unsigned uses = PROBE_EXTRACTABLE | PROBE_DERIVE;

    for (size_t i = 0; i < 2; i++) {
        size_t len = key->len + seconds[i].len;
        uint8_t expected[RESULT_MAX];
        CK_OBJECT_HANDLE result;

        memcpy(expected, probe->value, key->len);
        memcpy(expected + key->len, probe->value, seconds[i].len);
        if (!join_keys(probe, key, &seconds[i], uses, &result, err) ||
            !probe_reads_as(probe, result, expected, len, err) ||
            !join_keys(probe, key, &seconds[i], uses | PROBE_SENSITIVE, &result, err) ||
            !probe_wraps_as(probe, result, expected, len, err))
            return false;
    }
    return true;
}

bool probe_xor(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    struct derivation how = {.operation = P11_XOR, .data = data, .len = key->len};
    uint8_t expected[RESULT_MAX];

    for (size_t i = 0; i < key->len; i++)
        expected[i] = probe->value[i] ^ data[i];
    return derive_secret(probe, key, &how, expected, key->len, err);
}

/* All of it, and the last eight bytes. */
bool probe_cut(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    struct derivation all = {.operation = P11_CUT};
    struct derivation end = {.operation = P11_CUT, .first_bit = (key->len - 8) * 8};

    return derive_secret(probe, key, &all, probe->value, key->len, err) &&
           derive_secret(probe, key, &end, probe->value + key->len - 8, 8, err);
}
