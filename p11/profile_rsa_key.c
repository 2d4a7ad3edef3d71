/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RSA key of the self-test. Its primes are printed here for everyone to read, so it protects
 * nothing and is of no worth: it only is quicker to bring in than a new pair is to make. It lives
 * in the token as a session object while the self-test runs. A token that takes no keys from
 * outside makes a pair of its own.
 */
#include <openssl/bn.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/profile_probe.h"
#include "p11/rsa.h"

#define PRIME_BYTES 128

static const uint8_t prime_1[PRIME_BYTES] = {
    0xFB, 0xDC, 0x35, 0xCB, 0x03, 0x8E, 0xAF, 0x87, 0x27, 0xCA, 0x3C, 0xAC, 0x13, 0x54, 0xC2, 0x58,
    0x07, 0x55, 0x83, 0x33, 0x0E, 0xAA, 0x1F, 0xD1, 0x07, 0x69, 0xB8, 0xB0, 0xFF, 0xBB, 0x84, 0xA7,
    0x1E, 0x9C, 0xBB, 0x2F, 0x2E, 0x60, 0xDE, 0x9E, 0x8A, 0x03, 0xB8, 0x54, 0x19, 0x11, 0x88, 0xFA,
    0xEC, 0x16, 0xDC, 0x6F, 0xD4, 0x18, 0x9C, 0xD6, 0x84, 0x16, 0x20, 0x50, 0x6F, 0xD6, 0x4D, 0xB4,
    0x6B, 0xE7, 0xC1, 0x0E, 0xCC, 0x1E, 0xAD, 0x30, 0x28, 0x53, 0x50, 0x5E, 0xD5, 0x99, 0xCC, 0x58,
    0xDC, 0x08, 0xDE, 0xF1, 0xB4, 0x3D, 0x2C, 0x5B, 0x5C, 0xEA, 0x3D, 0x98, 0x8C, 0xFF, 0x18, 0xB6,
    0xA7, 0xC6, 0x22, 0xAE, 0xFF, 0x12, 0xEC, 0xFA, 0x2B, 0xCF, 0xA4, 0x17, 0x7C, 0x58, 0x65, 0x6D,
    0xA7, 0xA1, 0xBE, 0x91, 0xC9, 0xCF, 0xEA, 0x1A, 0xA7, 0x19, 0x64, 0x04, 0x00, 0x9B, 0x3D, 0x6D};
static const uint8_t prime_2[PRIME_BYTES] = {
    0xBC, 0x32, 0x9C, 0x58, 0xF7, 0x59, 0xE1, 0x18, 0x95, 0xF6, 0x2F, 0x88, 0xF5, 0x2A, 0x07, 0x81,
    0x98, 0x28, 0x75, 0xEF, 0xE2, 0xA7, 0x0F, 0xBC, 0xDA, 0x63, 0xD9, 0xA1, 0x29, 0x83, 0x57, 0x94,
    0x95, 0xEB, 0xB9, 0x37, 0x39, 0x17, 0x7C, 0xA8, 0x89, 0x35, 0x21, 0x1D, 0x94, 0x60, 0xCD, 0xF4,
    0x54, 0x9E, 0xE0, 0xEA, 0x4D, 0xC2, 0x12, 0xB4, 0x43, 0x94, 0x5C, 0x3F, 0x7B, 0x34, 0x17, 0x42,
    0xF7, 0x6A, 0xD0, 0x23, 0xAE, 0x25, 0x35, 0x36, 0xF2, 0xED, 0x47, 0xB0, 0xBE, 0x66, 0xD4, 0xA0,
    0xC5, 0xD4, 0x5A, 0xCC, 0x88, 0xC9, 0xFB, 0x68, 0x97, 0xB6, 0x34, 0x5F, 0x47, 0xE5, 0x69, 0x7C,
    0xFF, 0x03, 0x26, 0x35, 0xAB, 0xAE, 0x0E, 0x83, 0xC1, 0x82, 0xA8, 0xE4, 0x7A, 0x39, 0x6D, 0xBE,
    0x14, 0x0C, 0xD2, 0x81, 0xF7, 0xFF, 0x98, 0x4F, 0xE1, 0x48, 0xC5, 0x00, 0xDC, 0x31, 0x88, 0x4D};

/* The numbers of RFC 8017 3.2 that are made of those. */
struct numbers {
    uint8_t modulus[2 * PRIME_BYTES], private_exponent[2 * PRIME_BYTES];
    uint8_t exponent_1[PRIME_BYTES], exponent_2[PRIME_BYTES], coefficient[PRIME_BYTES];
};

static bool compute(struct numbers *out)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p, *q, *e, *p1, *q1, *phi, *result;
    bool good = false;

    if (!ctx)
        return false;
    BN_CTX_start(ctx);
    p = BN_CTX_get(ctx);
    q = BN_CTX_get(ctx);
    e = BN_CTX_get(ctx);
    p1 = BN_CTX_get(ctx);
    q1 = BN_CTX_get(ctx);
    phi = BN_CTX_get(ctx);
    result = BN_CTX_get(ctx);
    good = result && BN_bin2bn(prime_1, sizeof prime_1, p) &&
           BN_bin2bn(prime_2, sizeof prime_2, q) &&
           BN_bin2bn(rsa_exponent, sizeof rsa_exponent, e) && BN_mul(result, p, q, ctx) &&
           BN_bn2binpad(result, out->modulus, sizeof out->modulus) > 0 &&
           BN_sub(p1, p, BN_value_one()) && BN_sub(q1, q, BN_value_one()) &&
           BN_mul(phi, p1, q1, ctx) && BN_mod_inverse(phi, e, phi, ctx) &&
           BN_bn2binpad(phi, out->private_exponent, sizeof out->private_exponent) > 0 &&
           BN_mod(result, phi, p1, ctx) &&
           BN_bn2binpad(result, out->exponent_1, sizeof out->exponent_1) > 0 &&
           BN_mod(result, phi, q1, ctx) &&
           BN_bn2binpad(result, out->exponent_2, sizeof out->exponent_2) > 0 &&
           BN_mod_inverse(result, q, p, ctx) &&
           BN_bn2binpad(result, out->coefficient, sizeof out->coefficient) > 0;
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return good;
}

static void private_template(enum probe_pair_use use, struct p11_template *out)
{
    template_number(out, CKA_CLASS, CKO_PRIVATE_KEY);
    template_number(out, CKA_KEY_TYPE, CKK_RSA);
    template_flag(out, CKA_TOKEN, false);
    template_flag(out, CKA_PRIVATE, true);
    template_flag(out, CKA_SENSITIVE, true);
    template_flag(out, CKA_EXTRACTABLE, false);
    template_flag(out, CKA_DECRYPT, false);
    template_flag(out, CKA_SIGN, use == PAIR_SIGNS);
    template_flag(out, CKA_SIGN_RECOVER, false);
    template_flag(out, CKA_UNWRAP, use == PAIR_UNWRAPS);
    template_flag(out, CKA_DERIVE, false);
}

static bool create(struct probe *probe, enum probe_pair_use use, struct probe_pair *pair,
                   struct kf_error *err)
{
    struct p11_template template = {0};
    struct numbers numbers;

    if (!compute(&numbers))
        return probe_fail(err, "OpenSSL cannot compute an RSA key");
    private_template(use, &template);
    template_bytes(&template, CKA_MODULUS, numbers.modulus, sizeof numbers.modulus);
    template_bytes(&template, CKA_PUBLIC_EXPONENT, rsa_exponent, sizeof rsa_exponent);
    template_bytes(&template, CKA_PRIVATE_EXPONENT, numbers.private_exponent,
                   sizeof numbers.private_exponent);
    template_bytes(&template, CKA_PRIME_1, prime_1, sizeof prime_1);
    template_bytes(&template, CKA_PRIME_2, prime_2, sizeof prime_2);
    template_bytes(&template, CKA_EXPONENT_1, numbers.exponent_1, sizeof numbers.exponent_1);
    template_bytes(&template, CKA_EXPONENT_2, numbers.exponent_2, sizeof numbers.exponent_2);
    template_bytes(&template, CKA_COEFFICIENT, numbers.coefficient, sizeof numbers.coefficient);
    memcpy(pair->modulus, numbers.modulus, sizeof numbers.modulus);
    return p11_create_object(probe->token->session, template.attributes, template.count,
                             &pair->private_key, err) == CKR_OK;
}

bool probe_pair_generate(struct probe *probe, enum probe_pair_use use, struct probe_pair *pair,
                         struct kf_error *err)
{
    struct p11_template private = {0}, public = {0};
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    size_t len = 0;
    bool good;

    private_template(use, &private);
    rsa_public_template(use == PAIR_UNWRAPS, RSA_PROBE_BYTES * 8, &public);
    good = p11_generate_pair(probe->token->session,
                             &(CK_MECHANISM){CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0}, &public, &private,
                             &public_key, &pair->private_key, err) == CKR_OK &&
           rsa_modulus(probe->token, pair->private_key, pair->modulus, &len, err) &&
           (len == RSA_PROBE_BYTES || probe_fail(err, "modulus of another length"));
    op_destroy(probe->token, &public_key);
    if (!good)
        op_destroy(probe->token, &pair->private_key);
    return good;
}

bool probe_pair(struct probe *probe, enum probe_pair_use use, const struct probe_pair **out,
                struct kf_error *err)
{
    struct probe_pair *pair = &probe->pairs[use];
    struct kf_error refused = {0};

    *out = pair;
    return pair->private_key != CK_INVALID_HANDLE || create(probe, use, pair, &refused) ||
           probe_pair_generate(probe, use, pair, err);
}

void probe_pairs_release(struct probe *probe)
{
    for (int use = 0; use < 2; use++)
        op_destroy(probe->token, &probe->pairs[use].private_key);
}
