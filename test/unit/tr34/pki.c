/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is kept in one list, so that a leak of the library's is not lost among the tests'. */
#include "test/unit/tr34/pki.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/core_names.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *keys[PKI_KEYS];
static struct kept {
    struct kept *next;
    void *what[3];
} * kept;

static void *keep(void *what, void *second, void *third)
{
    struct kept *entry = malloc(sizeof *entry);

    if (!entry || !what) /* before the suite runs there are no assertions */
        abort();
    *entry = (struct kept){kept, {what, second, third}};
    kept = entry;
    return what;
}

EVP_PKEY *pki_rsa(int bits, unsigned exponent)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *e = BN_new();
    EVP_PKEY *key = NULL;

    if (!context || !e || !BN_set_word(e, exponent) || EVP_PKEY_keygen_init(context) != 1 ||
        EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) != 1 ||
        EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) != 1 ||
        EVP_PKEY_generate(context, &key) != 1)
        abort();
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    return keep(key, NULL, NULL);
}

void pki_start(void)
{
    for (size_t i = 0; i < PKI_KEYS; i++)
        keys[i] = pki_rsa(2048, 65537);
}

EVP_PKEY *pki_key(enum pki_key key)
{
    return keys[key];
}

static X509_NAME *make_name(const char *name, int type)
{
    X509_NAME *made = X509_NAME_new();

    ck_assert(X509_NAME_add_entry_by_txt(made, "O", V_ASN1_PRINTABLESTRING,
                                         (const unsigned char *)"Partner", -1, -1, 0));
    ck_assert(X509_NAME_add_entry_by_txt(made, "CN", type ? type : V_ASN1_UTF8STRING,
                                         (const unsigned char *)name, -1, -1, 0));
    return made;
}

static void add_extension(X509 *x509, const char *name, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    if (!value)
        return;
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    extension = X509V3_EXT_conf(NULL, &context, name, value);
    ck_assert_ptr_nonnull(extension);
    ck_assert(X509_add_ext(x509, extension, -1));
    X509_EXTENSION_free(extension);
}

static void set_names(X509 *x509, const struct pki_spec *spec)
{
    X509_NAME *subject = make_name(spec->name, spec->name_type);
    X509_NAME *issuer = spec->issuer_name ? make_name(spec->issuer_name, 0) : NULL;

    X509_set_subject_name(x509, subject);
    X509_set_issuer_name(
        x509, issuer ? issuer : X509_get_subject_name(spec->issuer ? spec->issuer->x509 : x509));
    X509_NAME_free(subject);
    X509_NAME_free(issuer);
}

/* To sign with; by PKCS #1 v1.5 or RSASSA-PSS. */
static EVP_MD_CTX *begin_signature(EVP_PKEY *key, const EVP_MD *hash, bool pss)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner;

    ck_assert_int_eq(EVP_DigestSignInit(context, &inner, hash ? hash : EVP_sha256(), NULL, key), 1);
    if (pss)
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING), 1);
    return context;
}

struct pki pki_make(const struct pki_spec *spec)
{
    bool timed = spec->from || spec->to;
    EVP_PKEY *signer = spec->signer ? spec->signer : spec->issuer ? spec->issuer->key : spec->key;
    struct pki made = {X509_new(), spec->key, {NULL, 0}};
    unsigned char *der = NULL;
    X509 *x509 = made.x509;
    EVP_MD_CTX *signature;
    int len;

    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), spec->serial ? spec->serial : 7);
    set_names(x509, spec);
    ASN1_TIME_set(X509_getm_notBefore(x509), PKI_NOW + (timed ? spec->from : -10 * DAY));
    ASN1_TIME_set(X509_getm_notAfter(x509), PKI_NOW + (timed ? spec->to : 10 * DAY));
    ck_assert(X509_set_pubkey(x509, spec->key));
    add_extension(x509, "basicConstraints", spec->constraints);
    add_extension(x509, "keyUsage", spec->usage);
    add_extension(x509, spec->more, spec->more_value);
    signature = begin_signature(signer, spec->hash, spec->pss);
    ck_assert_int_gt(X509_sign_ctx(x509, signature), 0);
    EVP_MD_CTX_free(signature);
    len = i2d_X509(x509, &der);
    ck_assert_int_gt(len, 0);
    made.der = (struct der_view){der, (size_t)len};
    keep(x509, der, NULL);
    return made;
}

struct tr34_certificate *pki_read(const struct pki *made)
{
    struct kf_error err = {0};
    struct tr34_certificate *c = tr34_certificate_from_der("Certificate", made->der, &err);

    ck_assert_msg(c != NULL, "%s", err.message);
    return keep(c, NULL, NULL);
}

struct pki_spec pki_root(void)
{
    return (struct pki_spec){
        .name = "Root", .key = pki_key(KEY_ROOT), .constraints = CA_TRUE, .usage = CA_USAGE};
}

struct pki_spec pki_middle(const struct pki *root)
{
    return (struct pki_spec){.name = "Middle",
                             .key = pki_key(KEY_MIDDLE),
                             .issuer = root,
                             .constraints = CA_TRUE,
                             .usage = CA_USAGE};
}

struct pki_spec pki_leaf(const struct pki *middle)
{
    return (struct pki_spec){.name = "KRD",
                             .key = pki_key(KEY_LEAF),
                             .issuer = middle,
                             .constraints = "CA:FALSE",
                             .usage = KRD_USAGE};
}

static void revoke(X509_CRL *crl, const struct pki_list *spec, const ASN1_TIME *when)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

    ASN1_INTEGER_set(serial, spec->revoked);
    ASN1_ENUMERATED_set(reason, spec->reason);
    X509_REVOKED_set_serialNumber(entry, serial);
    X509_REVOKED_set_revocationDate(entry, (ASN1_TIME *)when);
    ck_assert(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0));
    ck_assert(X509_CRL_add0_revoked(crl, entry));
    ASN1_INTEGER_free(serial);
    ASN1_ENUMERATED_free(reason);
}

static void make_partial(X509_CRL *crl)
{
    ISSUING_DIST_POINT *point = ISSUING_DIST_POINT_new();

    point->onlyuser = 1;
    ck_assert(X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, point, 1, 0));
    ISSUING_DIST_POINT_free(point);
}

struct der_view pki_list(const struct pki_list *spec)
{
    X509_CRL *crl = X509_CRL_new();
    bool timed = spec->from || spec->to;
    ASN1_TIME *from = ASN1_TIME_set(NULL, PKI_NOW + (timed ? spec->from : -DAY));
    ASN1_TIME *to = ASN1_TIME_set(NULL, PKI_NOW + (timed ? spec->to : DAY));
    unsigned char *der = NULL;
    EVP_MD_CTX *signature;
    int len;

    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(spec->issuer->x509));
    X509_CRL_set1_lastUpdate(crl, from);
    if (!spec->endless)
        X509_CRL_set1_nextUpdate(crl, to);
    if (spec->revoked)
        revoke(crl, spec, from);
    if (spec->partial)
        make_partial(crl);
    signature =
        begin_signature(spec->signer ? spec->signer : spec->issuer->key, spec->hash, spec->pss);
    ck_assert_int_gt(X509_CRL_sign_ctx(crl, signature), 0);
    EVP_MD_CTX_free(signature);
    len = i2d_X509_CRL(crl, &der);
    ck_assert_int_gt(len, 0);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_CRL_free(crl);
    return (struct der_view){keep(der, NULL, NULL), (size_t)len};
}

static bool sign(void *context, enum tr34_hash hash, const uint8_t *data, size_t len,
                 uint8_t *signature, size_t *signature_len, struct kf_error *err)
{
    static const char *const hashes[] = {[TR34_SHA224] = "SHA224",
                                         [TR34_SHA256] = "SHA256",
                                         [TR34_SHA384] = "SHA384",
                                         [TR34_SHA512] = "SHA512"};
    struct pki_signer *signer = context;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    ck_assert(digest && EVP_DigestSignInit_ex(digest, NULL, hashes[hash], NULL, NULL, signer->key,
                                              NULL) == 1);
    ck_assert_int_eq(EVP_DigestSign(digest, signature, signature_len, data, len), 1);
    EVP_MD_CTX_free(digest);
    if (signer->spoil)
        signature[*signature_len / 2] ^= 1;
    return !signer->refuse || kf_fail(err, KF_UNAVAILABLE, "the token is away");
}

struct tr34_signer pki_signer(struct pki_signer *signer)
{
    return (struct tr34_signer){sign, signer};
}

struct der_view pki_number(EVP_PKEY *key, const char *which)
{
    BIGNUM *number = NULL;
    uint8_t *bytes = malloc(EVP_MAX_MD_SIZE + 8192 / 8);
    int len;

    ck_assert(EVP_PKEY_get_bn_param(key, which, &number) == 1 && bytes);
    len = BN_bn2bin(number, bytes);
    BN_free(number);
    return (struct der_view){keep(bytes, NULL, NULL), (size_t)len};
}

const char *pki_pem(const char *label, struct der_view der)
{
    BIO *bio = BIO_new(BIO_s_mem());
    BUF_MEM *text;
    char *copy;

    ck_assert_int_gt(PEM_write_bio(bio, label, "", der.bytes, (long)der.len), 0);
    BIO_get_mem_ptr(bio, &text);
    copy = strndup(text->data, text->length);
    BIO_free(bio);
    return keep(copy, NULL, NULL);
}

const char *pki_base64(const void *bytes, size_t len)
{
    char *text = malloc(len / 3 * 4 + 5);

    ck_assert_ptr_nonnull(text);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
    return keep(text, NULL, NULL);
}

const char *pki_text(const char *label, struct der_view der)
{
    const char *pem = pki_pem(label, der);

    return pki_base64(pem, strlen(pem));
}
