/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and lists with something changed: each bit of them turned, each octet taken out,
 * doubled, zeroed or set. None may pass and none may be read behind its end, so each is in memory
 * of its exact size.
 */
#include "test/unit/tr34/pki.h"

#include <stdlib.h>
#include <string.h>

#include "tr34/chain.h"

#define LEAST_MUTANTS 5000

static struct pki root, middle, leaf;
static const struct tr34_certificate *good_root, *good_middle, *good_leaf;

static void make_all(void)
{
    struct pki_spec spec = pki_root();

    root = pki_make(&spec);
    spec = pki_middle(&root);
    middle = pki_make(&spec);
    spec = pki_leaf(&middle);
    leaf = pki_make(&spec);
    good_root = pki_read(&root);
    good_middle = pki_read(&middle);
    good_leaf = pki_read(&leaf);
}

/* Whether it passes in the place of the original. */
typedef bool pass_test(struct der_view mutant);

static bool passes_as_leaf(struct der_view mutant)
{
    struct tr34_chain chain = {
        .authorities = {{good_middle, NULL}, {good_root, NULL}}, .count = 2, .field = "Authority"};
    struct kf_error err = {0};
    struct tr34_certificate *c = tr34_certificate_from_der("Certificate", mutant, &err);
    bool good = c && tr34_chain_check(&chain, c, "Certificate", TR34_RECIPIENT, PKI_NOW, &err);

    tr34_certificate_free(c);
    if (!good) {
        ck_assert_int_eq(err.status, KF_VALIDATION);
        ck_assert(strncmp(err.message, "Certificate", 11) == 0);
    }
    return good;
}

static bool passes_as_middle(struct der_view mutant)
{
    struct kf_error err = {0};
    struct tr34_certificate *c = tr34_certificate_from_der("Authority", mutant, &err);
    struct tr34_chain chain = {
        .authorities = {{c, NULL}, {good_root, NULL}}, .count = 2, .field = "Authority"};
    bool good =
        c && tr34_chain_check(&chain, good_leaf, "Certificate", TR34_RECIPIENT, PKI_NOW, &err);

    tr34_certificate_free(c);
    return good;
}

static bool passes_as_list(struct der_view mutant)
{
    struct kf_error err = {0};
    struct tr34_crl *crl = tr34_crl_from_der("List", mutant, &err);
    bool good = crl && tr34_crl_check(crl, good_middle, PKI_NOW, &err);

    tr34_crl_free(crl);
    return good;
}

enum change { TURN_BIT, TAKE_OUT = 8, TWICE, ZERO, ONES, CUT, CHANGES };

/* out has room for one octet more than the original. */
static size_t change(struct der_view der, size_t at, enum change how, uint8_t *out)
{
    memcpy(out, der.bytes, der.len);
    switch (how) {
    case TAKE_OUT:
        memmove(out + at, der.bytes + at + 1, der.len - at - 1);
        return der.len - 1;
    case TWICE:
        memmove(out + at + 1, der.bytes + at, der.len - at);
        return der.len + 1;
    case ZERO:
        out[at] = 0;
        return der.len;
    case ONES:
        out[at] = 0xFF;
        return der.len;
    case CUT:
        return at;
    default:
        out[at] ^= (uint8_t)(1 << how);
        return der.len;
    }
}

static void try_all(struct der_view der, pass_test *passes)
{
    uint8_t *changed = malloc(der.len + 1);
    size_t count = 0;

    ck_assert(passes(der)); /* or the rest proves nothing */
    for (size_t at = 0; at < der.len; at++)
        for (enum change how = TURN_BIT; how < CHANGES; how++) {
            size_t len = change(der, at, how, changed);
            uint8_t *exact = malloc(len ? len : 1);

            memcpy(exact, changed, len);
            if (len != der.len || memcmp(exact, der.bytes, len) != 0) {
                ck_assert_msg(!passes((struct der_view){exact, len}), "octet %zu, change %d", at,
                              (int)how);
                count++;
            }
            free(exact);
        }
    free(changed);
    ck_assert_uint_ge(count, LEAST_MUTANTS);
}

START_TEST(no_mutant_of_a_leaf_passes)
{
    make_all();
    try_all(leaf.der, passes_as_leaf);
}
END_TEST

START_TEST(no_mutant_of_a_ca_passes)
{
    make_all();
    try_all(middle.der, passes_as_middle);
}
END_TEST

START_TEST(no_mutant_of_a_list_passes)
{
    struct pki_list list = {.issuer = &middle, .revoked = 99};

    make_all();
    try_all(pki_list(&list), passes_as_list);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        no_mutant_of_a_leaf_passes,
        no_mutant_of_a_ca_passes,
        no_mutant_of_a_list_passes,
    };

    pki_start();
    return run_suite("hostile chains", tests, COUNT(tests));
}
