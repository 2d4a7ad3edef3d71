/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Throw-away keys of known value. The value is made in the token: public data is encrypted under a
 * random key into a readable generic secret, and the same derivation with another template gives a
 * key of any type with that value. Creating keys from bytes is the second way, because tokens in
 * FIPS mode refuse it.
 */
#include "p11/profile_probe.h"

#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/profile_reference.h"

/* Four blocks, all different. */
static const uint8_t public_data[KNOWN_MAX] =
    "Keyferry self-test, blocks 1, 2, 3 and 4, no two of them alike..";

static const uint8_t wrap_iv[P11_BLOCK_MAX] = {0x5A, 0xC3, 0x0F, 0x96, 0x69, 0xF0, 0x3C, 0xA5,
                                               0x18, 0x27, 0x36, 0x45, 0x54, 0x63, 0x72, 0x81};

bool probe_fail(struct kf_error *err, const char *what)
{
    return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, what, "The token's self-test failed: %s.",
                         what);
}

bool probe_keep(struct probe *probe, CK_OBJECT_HANDLE object, struct kf_error *err)
{
    if (probe->count == PROBE_OBJECTS) {
        op_destroy(probe->token, &object);
        return probe_fail(err, "too many throw-away objects");
    }
    probe->made[probe->count++] = object;
    return true;
}

void probe_release(struct probe *probe, size_t mark)
{
    while (probe->count > mark)
        op_destroy(probe->token, &probe->made[--probe->count]);
}

void probe_template_uses(struct p11_template *out, CK_KEY_TYPE type, size_t len, unsigned uses)
{
    template_number(out, CKA_CLASS, CKO_SECRET_KEY);
    template_number(out, CKA_KEY_TYPE, type);
    if (type != CKK_DES2 && type != CKK_DES3 && len > 0)
        template_number(out, CKA_VALUE_LEN, len);
    template_flag(out, CKA_PRIVATE, true);
    template_flag(out, CKA_SENSITIVE, uses & PROBE_SENSITIVE);
    template_flag(out, CKA_EXTRACTABLE, uses & PROBE_EXTRACTABLE);
    template_flag(out, CKA_ENCRYPT, uses & PROBE_ENCRYPT);
    template_flag(out, CKA_DECRYPT, false);
    template_flag(out, CKA_SIGN, uses & PROBE_SIGN);
    template_flag(out, CKA_VERIFY, false);
    template_flag(out, CKA_WRAP, uses & PROBE_WRAP);
    template_flag(out, CKA_UNWRAP, uses & PROBE_UNWRAP);
    template_flag(out, CKA_DERIVE, uses & PROBE_DERIVE);
}

void probe_template(struct p11_template *out, CK_KEY_TYPE type, size_t len, unsigned uses)
{
    out->count = 0;
    template_flag(out, CKA_TOKEN, false);
    probe_template_uses(out, type, len, uses);
}

bool probe_generate(struct probe *probe, unsigned uses, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    struct p11_template template;

    probe_template(&template, CKK_AES, 32, uses);
    if (p11_generate_key(probe->token->session, &(CK_MECHANISM){CKM_AES_KEY_GEN, NULL, 0},
                         template.attributes, template.count, key, err) != CKR_OK)
        return false;
    return probe_keep(probe, *key, err);
}

static bool derive_known(struct probe *probe, CK_KEY_TYPE type, size_t len, unsigned uses,
                         CK_OBJECT_HANDLE *out, struct kf_error *err)
{
    size_t data_len = (len + 15) / 16 * 16;
    CK_KEY_DERIVATION_STRING_DATA string = {(CK_BYTE_PTR)public_data, data_len};
    struct p11_template template;

    probe_template(&template, type, len, uses);
    if (p11_derive_key(probe->token->session,
                       &(CK_MECHANISM){CKM_AES_ECB_ENCRYPT_DATA, &string, sizeof string},
                       probe->seed, template.attributes, template.count, out, err) != CKR_OK)
        return false;
    return probe_keep(probe, *out, err);
}

/* DES ignores the parity bits; tokens that take keys from outside may not. */
static void set_odd_parity(uint8_t *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        value[i] ^= (uint8_t)(__builtin_parity(value[i]) ^ 1);
}

static bool create_known(struct probe *probe, CK_KEY_TYPE type, size_t len, unsigned uses,
                         CK_OBJECT_HANDLE *out, struct kf_error *err)
{
    struct p11_template template, wanted;
    uint8_t value[KNOWN_MAX];

    memcpy(value, probe->value, len);
    if (type == CKK_DES2 || type == CKK_DES3)
        set_odd_parity(value, len);
    probe_template(&wanted, type, len, uses);
    template.count = 0;
    for (CK_ULONG i = 0; i < wanted.count; i++) /* C_CreateObject takes the value for the length */
        if (wanted.attributes[i].type != CKA_VALUE_LEN)
            template_bytes(&template, wanted.attributes[i].type, wanted.attributes[i].pValue,
                           wanted.attributes[i].ulValueLen);
    template_bytes(&template, CKA_VALUE, value, len);
    if (p11_create_object(probe->token->session, template.attributes, template.count, out, err) !=
        CKR_OK)
        return false;
    return probe_keep(probe, *out, err);
}

static bool read_value(struct probe *probe, CK_OBJECT_HANDLE object, uint8_t *out, size_t len,
                       struct kf_error *err)
{
    CK_ATTRIBUTE attribute = {CKA_VALUE, out, (CK_ULONG)len};

    if (p11_get_attributes(probe->token->session, object, &attribute, 1, err) != CKR_OK)
        return false;
    if (attribute.ulValueLen != len)
        return probe_fail(err, "result of another length");
    return true;
}

static bool start_by_derivation(struct probe *probe, struct kf_error *err)
{
    CK_OBJECT_HANDLE readable;

    return probe_generate(probe, PROBE_SENSITIVE | PROBE_DERIVE, &probe->seed, err) &&
           derive_known(probe, CKK_GENERIC_SECRET, KNOWN_MAX, PROBE_EXTRACTABLE, &readable, err) &&
           read_value(probe, readable, probe->value, KNOWN_MAX, err);
}

static bool start_by_creation(struct probe *probe, struct kf_error *err)
{
    CK_OBJECT_HANDLE readable;

    probe->seed = CK_INVALID_HANDLE;
    return p11_generate_random(probe->token->session, probe->value, KNOWN_MAX, err) == CKR_OK &&
           create_known(probe, CKK_GENERIC_SECRET, KNOWN_MAX, PROBE_EXTRACTABLE, &readable, err);
}

bool known_start(struct probe *probe, struct kf_error *err)
{
    if (start_by_derivation(probe, err))
        return true;
    kf_error_clear(err);
    probe_release(probe, 0);
    return start_by_creation(probe, err);
}

bool known_key(struct probe *probe, const struct probe_key *key, unsigned uses,
               CK_OBJECT_HANDLE *out, struct kf_error *err)
{
    if (probe->seed == CK_INVALID_HANDLE)
        return create_known(probe, key->type, key->len, uses, out, err);
    return derive_known(probe, key->type, key->len, uses, out, err);
}

bool probe_reads_as(struct probe *probe, CK_OBJECT_HANDLE object, const uint8_t *value, size_t len,
                    struct kf_error *err)
{
    uint8_t got[2 * KNOWN_MAX];

    if (!read_value(probe, object, got, len, err))
        return false;
    return memcmp(got, value, len) == 0 || probe_fail(err, "wrong result");
}

bool probe_encrypts_as(struct probe *probe, const struct probe_key *key, CK_OBJECT_HANDLE object,
                       const uint8_t *value, struct kf_error *err)
{
    static const uint8_t zeros[P11_BLOCK_MAX];
    uint8_t expected[P11_BLOCK_MAX], got[P11_BLOCK_MAX];

    if (!probe->token->ways[p11_for(P11_ECB_AES, key->cipher)].proven)
        return true;
    if (!reference_ecb(key->cipher, value, key->len, zeros, sizeof zeros, expected))
        return probe_fail(err, "OpenSSL cannot compute the expected answer");
    if (!op_encrypt_ecb(probe->token, key->cipher, object, zeros, sizeof zeros, got, err))
        return false;
    return memcmp(got, expected, sizeof got) == 0 || probe_fail(err, "wrong result");
}

bool probe_wraps_under(struct probe *probe, const struct probe_key *key, CK_OBJECT_HANDLE object,
                       const uint8_t *value, size_t len, struct kf_error *err)
{
    uint8_t expected[2 * KNOWN_MAX], got[2 * KNOWN_MAX];
    CK_OBJECT_HANDLE wrapping;

    if (!reference_cbc(key->cipher, probe->value, key->len, wrap_iv, value, len, expected))
        return probe_fail(err, "OpenSSL cannot compute the expected answer");
    if (!known_key(probe, key, PROBE_WRAP | PROBE_SENSITIVE, &wrapping, err) ||
        !op_wrap_cbc(probe->token, key->cipher, wrapping, object, wrap_iv, got, len, err))
        return false;
    return memcmp(got, expected, len) == 0 || probe_fail(err, "wrong result");
}

bool probe_wraps_as(struct probe *probe, CK_OBJECT_HANDLE object, const uint8_t *value, size_t len,
                    struct kf_error *err)
{
    static const struct probe_key aes = {"AES-256", CKK_AES, 32, P11_AES},
                                  tdes = {"DES3", CKK_DES3, 24, P11_TDES};

    if (len % 16 == 0 && probe->token->ways[P11_WRAP_AES].proven)
        return probe_wraps_under(probe, &aes, object, value, len, err);
    if (len % 8 == 0 && probe->token->ways[P11_WRAP_TDES].proven)
        return probe_wraps_under(probe, &tdes, object, value, len, err);
    return true;
}
