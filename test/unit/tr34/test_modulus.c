/* SPDX-License-Identifier: Apache-2.0 */
/* Certified keys whose modulus is none: OpenSSL reads them, and a token may fail on them. */
#include "test/unit/tr34/pki.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <string.h>

#include "tr34/certificate_internal.h"
#include "tr34/chain.h"

#define FIELD "WrappingKeyCertificate"
#define BITS 2048

enum bad_modulus { EVEN, POWER_OF_TWO, ALL_ONES, TIMES_3, TIMES_751, PRIME, SQUARE, BAD_MODULI };

/* Odd and of BITS bits, divided by the factor. */
static BIGNUM *random_times(BIGNUM *n, BN_ULONG factor)
{
    do {
        ck_assert(BN_rand(n, BITS, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD));
        BN_div_word(n, factor);
        BN_set_bit(n, 0);
        BN_mul_word(n, factor);
    } while (BN_num_bits(n) != BITS);
    return n;
}

static BIGNUM *make_modulus(enum bad_modulus kind)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *n = BN_new(), *p = BN_new();

    switch (kind) {
    case EVEN:
        random_times(n, 1);
        BN_clear_bit(n, 0);
        break;
    case POWER_OF_TWO:
        BN_set_bit(n, BITS - 1);
        break;
    case ALL_ONES: /* 3 is a factor */
        BN_set_bit(n, BITS);
        BN_sub_word(n, 1);
        break;
    case TIMES_3:
        random_times(n, 3);
        break;
    case TIMES_751:
        random_times(n, 751);
        break;
    case PRIME:
        ck_assert(BN_generate_prime_ex(n, BITS, 0, NULL, NULL, NULL));
        break;
    default:
        ck_assert(BN_generate_prime_ex(p, BITS / 2, 0, NULL, NULL, NULL)); /* with two ones ahead */
        BN_sqr(n, p, context);
    }
    ck_assert_int_eq(BN_num_bits(n), BITS);
    BN_free(p);
    BN_CTX_free(context);
    return n;
}

/* With a private exponent where that is not NULL. */
static EVP_PKEY *make_key(const BIGNUM *n, const BIGNUM *d)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params;
    EVP_PKEY *key = NULL;

    ck_assert(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n));
    ck_assert(OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, 65537));
    if (d)
        ck_assert(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d));
    params = OSSL_PARAM_BLD_to_param(build);
    ck_assert_int_eq(EVP_PKEY_fromdata_init(context), 1);
    ck_assert_int_eq(
        EVP_PKEY_fromdata(context, &key, d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void expect_bad(struct pki_spec spec, const struct tr34_chain *chain,
                       enum tr34_purpose purpose)
{
    struct pki made = pki_make(&spec);
    struct kf_error err = {0};
    bool good = chain ? tr34_chain_check(chain, pki_read(&made), FIELD, purpose, PKI_NOW, &err)
                      : tr34_root_check(pki_read(&made), FIELD, PKI_NOW, &err);
    char message[200];

    snprintf(message, sizeof message, FIELD " (CN=%s,O=Partner): its RSA modulus is no product of ",
             spec.name);
    expect_refusal(good, &err, message);
}

/* As a receiver's, a sender's and a CA's. */
START_TEST(a_certified_modulus_can_be_one)
{
    struct pki_spec spec = pki_root();
    struct pki root = pki_make(&spec);
    const struct tr34_chain chain = {
        .authorities = {{pki_read(&root), NULL}}, .count = 1, .field = "Authority"};

    for (enum bad_modulus kind = EVEN; kind < BAD_MODULI; kind++) {
        BIGNUM *n = make_modulus(kind);
        EVP_PKEY *key = make_key(n, NULL);

        spec = pki_leaf(&root);
        spec.key = key;
        expect_bad(spec, &chain, TR34_RECIPIENT);
        spec.usage = KDH_USAGE;
        expect_bad(spec, &chain, TR34_SENDER);
        spec = pki_middle(&root);
        spec.key = key;
        expect_bad(spec, &chain, TR34_CA);
        EVP_PKEY_free(key);
        BN_free(n);
    }
}
END_TEST

/* One can sign with a prime for a modulus, as its owner and as everybody else. */
START_TEST(a_roots_modulus_can_be_one)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *n = make_modulus(PRIME), *e = BN_new(), *d;
    struct pki_spec spec = pki_root();

    BN_set_word(e, 65537);
    BN_sub_word(n, 1);
    d = BN_mod_inverse(NULL, e, n, context);
    BN_add_word(n, 1);
    ck_assert_ptr_nonnull(d);
    spec.key = make_key(n, d);
    expect_bad(spec, NULL, TR34_CA);
    EVP_PKEY_free(spec.key);
    BN_free(n);
    BN_free(e);
    BN_free(d);
    BN_CTX_free(context);
}
END_TEST

/* Only what is certified is worth the time that it takes. */
START_TEST(what_nobody_certified_is_refused_for_that)
{
    struct pki_spec spec = pki_root();
    struct pki root = pki_make(&spec);
    const struct tr34_chain chain = {
        .authorities = {{pki_read(&root), NULL}}, .count = 1, .field = "Authority"};
    BIGNUM *n = make_modulus(EVEN);
    EVP_PKEY *key = make_key(n, NULL);
    struct kf_error err = {0};
    struct pki made;

    spec = pki_leaf(&root);
    spec.key = key;
    spec.signer = pki_key(KEY_OTHER);
    made = pki_make(&spec);
    expect_refusal(tr34_chain_check(&chain, pki_read(&made), FIELD, TR34_RECIPIENT, PKI_NOW, &err),
                   &err, FIELD " (CN=KRD,O=Partner): was not issued by");
    EVP_PKEY_free(key);
    BN_free(n);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_certified_modulus_can_be_one,
        a_roots_modulus_can_be_one,
        what_nobody_certified_is_refused_for_that,
    };

    pki_start();
    return run_suite("moduli", tests, COUNT(tests));
}
