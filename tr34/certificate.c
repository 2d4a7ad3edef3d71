/* SPDX-License-Identifier: Apache-2.0 */
#include "tr34/certificate.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "tr34/certificate_internal.h"
#include "tr34/der_read.h"

#define WEAKEST_BITS 2048
#define LEAST_EXPONENT 65537
#define HEAD_MAX 6 /* of an element: tag and length */

/* The subject as one line; control characters are escaped, a question mark stands for each octet
 * beyond ASCII, and three dots for what does not fit. */
static void write_name(X509 *x509, char out[CERTIFICATE_NAME_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;

    out[0] = '\0';
    if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
                                  XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
        len = BIO_get_mem_data(bio, &text);
    for (long i = 0; i < len && i < CERTIFICATE_NAME_MAX - 1; i++) {
        out[i] = text[i] >= 0x20 && text[i] < 0x7F ? text[i] : '?';
        out[i + 1] = '\0';
    }
    if (len >= CERTIFICATE_NAME_MAX)
        strcpy(out + CERTIFICATE_NAME_MAX - sizeof "...", "...");
    if (!out[0])
        strcpy(out, "no subject");
    BIO_free(bio);
    ERR_clear_error();
}

/* By the certificate's own octets: OpenSSL would write the serial anew, and reads more than DER. */
static bool read_identity(struct tr34_certificate *c, const char *field, struct kf_error *err)
{
    struct der_reader document = der_reader_make(field, (struct der_view){c->der, c->der_len}, err);
    struct der_reader whole, part;
    struct der_view version, serial, algorithm, issuer;
    struct der_writer writer = {0};
    size_t content;

    if (!der_enter(&document, DER_SEQUENCE, "Certificate", &whole) ||
        !der_enter(&whole, DER_SEQUENCE, "tbsCertificate", &part) ||
        (der_next_is(&part, DER_GROUP_0) && !der_read(&part, DER_GROUP_0, "version", &version)) ||
        !der_read_whole(&part, DER_INTEGER, "serialNumber", &serial) ||
        !der_read_whole(&part, DER_SEQUENCE, "signature", &algorithm) ||
        !der_read_whole(&part, DER_SEQUENCE, "issuer", &issuer))
        return false;
    writer.room = serial.len + issuer.len + HEAD_MAX;
    writer.out = c->identity = malloc(writer.room);
    if (!c->identity)
        return kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
    content = der_open(&writer, DER_SEQUENCE);
    der_put(&writer, issuer);
    der_put(&writer, serial);
    der_close(&writer, content);
    c->identity_len = writer.len;
    return true;
}

static bool read_numbers(struct tr34_certificate *c, const EVP_PKEY *key)
{
    BIGNUM *n = NULL, *e = NULL;
    bool good = false;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
        (size_t)BN_num_bytes(e) > sizeof c->exponent)
        goto out;
    c->modulus_len = (size_t)BN_num_bytes(n);
    c->modulus = malloc(c->modulus_len);
    if (!c->modulus)
        goto out;
    BN_bn2bin(n, c->modulus);
    c->exponent_len = (size_t)BN_bn2bin(e, c->exponent);
    good = BN_is_odd(e) && (BN_num_bits(e) > 17 || BN_get_word(e) >= LEAST_EXPONENT);

out:
    BN_free(n);
    BN_free(e);
    return good;
}

static bool check_key(struct tr34_certificate *c, const char *field, struct kf_error *err)
{
    const EVP_PKEY *key = X509_get0_pubkey(c->x509);
    int bits = key ? EVP_PKEY_get_bits(key) : 0;

    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        return kf_fail(err, KF_VALIDATION, "%s (%s): its key is not an RSA key.", field, c->name);
    if (bits < WEAKEST_BITS)
        return kf_fail(err, KF_VALIDATION,
                       "%s (%s): its RSA key of %d bits is too weak; it must have 2048, 3072 or "
                       "4096.",
                       field, c->name, bits);
    if (bits != 2048 && bits != 3072 && bits != 4096)
        return kf_fail(err, KF_VALIDATION,
                       "%s (%s): its RSA key has %d bits; it must have 2048, 3072 or 4096.", field,
                       c->name, bits);
    return read_numbers(c, key) ||
           kf_fail(err, KF_VALIDATION,
                   "%s (%s): its public exponent must be odd, at least 65537, and of 64 bits at "
                   "most.",
                   field, c->name);
}

bool certificate_check_modulus(const struct tr34_certificate *c, const char *field,
                               struct kf_error *err)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, X509_get0_pubkey(c->x509), NULL);
    bool good = context && EVP_PKEY_public_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return good ||
           kf_fail(err, KF_VALIDATION,
                   "%s (%s): its RSA modulus is no product of two large primes (it is even, has a "
                   "small factor, or is a prime or the power of one); its owner must make another "
                   "key.",
                   field, c->name);
}

struct tr34_certificate *tr34_certificate_from_der(const char *field, struct der_view der,
                                                   struct kf_error *err)
{
    struct tr34_certificate *c = calloc(1, sizeof *c);
    const unsigned char *at = der.bytes;

    if (!c)
        goto memory;
    c->x509 = der.len > 0 && der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (!c->x509 || at != der.bytes + der.len) {
        kf_fail(err, KF_VALIDATION, "%s: is not one X.509 certificate.", field);
        goto fail;
    }
    write_name(c->x509, c->name);
    c->der = malloc(der.len);
    if (!c->der)
        goto memory;
    memcpy(c->der, der.bytes, der.len);
    c->der_len = der.len;
    if (!read_identity(c, field, err) || !check_key(c, field, err))
        goto fail;
    ERR_clear_error();
    return c;

memory:
    kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
fail:
    ERR_clear_error();
    tr34_certificate_free(c);
    return NULL;
}

void tr34_certificate_free(struct tr34_certificate *certificate)
{
    if (!certificate)
        return;
    X509_free(certificate->x509);
    free(certificate->der);
    free(certificate->identity);
    free(certificate->modulus);
    free(certificate);
}

struct der_view tr34_certificate_der(const struct tr34_certificate *certificate)
{
    return (struct der_view){certificate->der, certificate->der_len};
}

struct der_view tr34_certificate_identity(const struct tr34_certificate *certificate)
{
    return (struct der_view){certificate->identity, certificate->identity_len};
}

struct der_view tr34_certificate_modulus(const struct tr34_certificate *certificate)
{
    return (struct der_view){certificate->modulus, certificate->modulus_len};
}

struct der_view tr34_certificate_exponent(const struct tr34_certificate *certificate)
{
    return (struct der_view){certificate->exponent, certificate->exponent_len};
}

const char *tr34_certificate_name(const struct tr34_certificate *certificate)
{
    return certificate->name;
}

void tr34_certificate_fingerprint(const struct tr34_certificate *certificate,
                                  char out[TR34_FINGERPRINT_SIZE])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256(certificate->der, certificate->der_len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static time_t read_time(const ASN1_TIME *time)
{
    struct tm tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

time_t tr34_certificate_not_before(const struct tr34_certificate *certificate)
{
    return read_time(X509_get0_notBefore(certificate->x509));
}

time_t tr34_certificate_not_after(const struct tr34_certificate *certificate)
{
    return read_time(X509_get0_notAfter(certificate->x509));
}

bool tr34_certificate_verify(const struct tr34_certificate *certificate, const uint8_t *data,
                             size_t len, const uint8_t *signature, size_t signature_len,
                             const char *field, struct kf_error *err)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *key = X509_get0_pubkey(certificate->x509);
    bool good = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, signature_len, data, len) == 1;

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good || kf_fail(err, KF_VALIDATION,
                           "%s (%s): the signature is not that of this certificate's key.", field,
                           certificate->name);
}

EVP_PKEY *certificate_key(struct der_view modulus, struct der_view exponent)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus.bytes, (int)modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(exponent.bytes, (int)exponent.len, NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (context && build && n && e && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
        params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    return key;
}

/* RSASSA-PSS names its hash in its parameters; SHA-1 where it does not (RFC 4055 3.1). */
static int pss_hash(const X509_ALGOR *algorithm)
{
    RSA_PSS_PARAMS *params =
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
    int hash =
        params && params->hashAlgorithm ? OBJ_obj2nid(params->hashAlgorithm->algorithm) : NID_sha1;

    RSA_PSS_PARAMS_free(params);
    ERR_clear_error();
    return hash;
}

bool certificate_strong_signature(const X509_ALGOR *algorithm)
{
    int signature = OBJ_obj2nid(algorithm->algorithm), hash = NID_undef;

    if (signature == NID_rsassaPss)
        hash = pss_hash(algorithm);
    else
        OBJ_find_sigid_algs(signature, &hash, NULL);
    return hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512;
}

bool tr34_check_value(struct der_view modulus, struct der_view exponent,
                      char out[TR34_CHECK_VALUE_SIZE], struct kf_error *err)
{
    EVP_PKEY *key = certificate_key(modulus, exponent);
    unsigned char *spki = NULL;
    int len = key ? i2d_PUBKEY(key, &spki) : 0;
    uint8_t digest[SHA_DIGEST_LENGTH];

    if (len > 0) {
        SHA1(spki, (size_t)len, digest);
        hex_encode(digest, TR34_CHECK_VALUE_SIZE / 2, out);
    }
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return len > 0 || kf_fail(err, KF_INTERNAL, "OpenSSL does not take the key's numbers.");
}
