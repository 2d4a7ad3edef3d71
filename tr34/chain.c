/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each rule first by itself, so that a refusal says which certificate breaks which; then OpenSSL's
 * own verification over the whole, which has the last word and knows more rules than these.
 */
#include "tr34/chain.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tr34/certificate_internal.h"

/* 112 bits: RSA of 2048 bits, and hashes from SHA-224 on. */
#define SECURITY_LEVEL 2

static bool refuse(const struct tr34_certificate *certificate, const char *field,
                   struct kf_error *err, const char *reason)
{
    return kf_fail(err, KF_VALIDATION, "%s (%s): %s.", field, certificate->name, reason);
}

static bool check_validity(const struct tr34_certificate *c, const char *field, time_t now,
                           struct kf_error *err)
{
    /* 0 is a time that cannot be read. */
    if (X509_cmp_time(X509_get0_notBefore(c->x509), &now) >= 0)
        return refuse(c, field, err, "the certificate is not valid yet");
    if (X509_cmp_time(X509_get0_notAfter(c->x509), &now) <= 0)
        return refuse(c, field, err, "the certificate has expired");
    return true;
}

static bool check_hash(const struct tr34_certificate *c, const char *field, struct kf_error *err)
{
    const X509_ALGOR *algorithm;

    X509_get0_signature(NULL, &algorithm, c->x509);
    return certificate_strong_signature(algorithm) ||
           refuse(c, field, err,
                  "the certificate is signed with a weak hash; it must be SHA-256, SHA-384 or "
                  "SHA-512");
}

/* Bits of keyUsage; all of them where there is no such extension. */
static bool may(const struct tr34_certificate *c, uint32_t usage)
{
    return (X509_get_key_usage(c->x509) & usage) != 0;
}

/* Purposes of extendedKeyUsage (RFC 5280 4.2.1.12) with which no keys are exchanged: whose
 * certificate has no others is somebody else. None is TR-34's own, so that all others, unknown ones
 * too, are let pass. */
static bool serves_something_else(const struct tr34_certificate *c)
{
    static const uint32_t others = XKU_OCSP_SIGN | XKU_TIMESTAMP | XKU_CODE_SIGN | XKU_DVCS;
    uint32_t purposes = X509_get_extended_key_usage(c->x509); /* all bits where there is none */

    return purposes != 0 && (purposes & ~others) == 0;
}

static bool check_extensions(const struct tr34_certificate *c, const char *field,
                             struct kf_error *err)
{
    uint32_t flags = X509_get_extension_flags(c->x509);

    if (flags & EXFLAG_INVALID)
        return refuse(c, field, err, "the certificate has malformed or doubled extensions");
    if (flags & EXFLAG_CRITICAL)
        return refuse(c, field, err, "the certificate has a critical extension that is unknown");
    return true;
}

static bool check_authority(const struct tr34_certificate *c, const char *field, time_t now,
                            struct kf_error *err)
{
    if (!check_extensions(c, field, err))
        return false;
    if (!(X509_get_extension_flags(c->x509) & EXFLAG_CA))
        return refuse(c, field, err,
                      "the certificate is not a CA's (basicConstraints has no CA:TRUE)");
    if (!may(c, KU_KEY_CERT_SIGN))
        return refuse(c, field, err, "its keyUsage does not allow to sign certificates");
    return check_validity(c, field, now, err);
}

static bool check_leaf(const struct tr34_certificate *c, const char *field,
                       enum tr34_purpose purpose, struct kf_error *err)
{
    if (!check_extensions(c, field, err))
        return false;
    if (X509_get_extension_flags(c->x509) & EXFLAG_CA)
        return refuse(c, field, err, "it is a CA's certificate; a partner's own is needed");
    /* RFC 5280 4.2.1.3 */
    if ((X509_get_extension_flags(c->x509) & EXFLAG_KUSAGE) && may(c, KU_KEY_CERT_SIGN))
        return refuse(c, field, err,
                      "its keyUsage allows to sign certificates, but basicConstraints has no "
                      "CA:TRUE");
    if (serves_something_else(c))
        return refuse(c, field, err,
                      "its extendedKeyUsage is for OCSP, time stamps, notaries or code only");
    if (purpose == TR34_RECIPIENT && !may(c, KU_KEY_ENCIPHERMENT))
        return refuse(c, field, err, "its keyUsage does not allow keyEncipherment");
    if (purpose == TR34_SENDER && !may(c, KU_DIGITAL_SIGNATURE))
        return refuse(c, field, err, "its keyUsage does not allow digitalSignature");
    return true;
}

static bool is_signed_by(const struct tr34_certificate *c, const struct tr34_certificate *issuer)
{
    bool good =
        X509_NAME_cmp(X509_get_issuer_name(c->x509), X509_get_subject_name(issuer->x509)) == 0 &&
        X509_verify(c->x509, X509_get0_pubkey(issuer->x509)) == 1;

    ERR_clear_error();
    return good;
}

static bool is_self_issued(const struct tr34_certificate *c)
{
    return X509_NAME_cmp(X509_get_issuer_name(c->x509), X509_get_subject_name(c->x509)) == 0;
}

static bool check_issuer(const struct tr34_certificate *c, const char *field,
                         const struct tr34_authority *authority, time_t now, struct kf_error *err)
{
    const struct tr34_certificate *issuer = authority->certificate;

    if (!is_signed_by(c, issuer))
        return kf_fail(err, KF_VALIDATION,
                       "%s (%s): was not issued by %s, the CA that it must "
                       "come from.",
                       field, c->name, issuer->name);
    if (!check_hash(c, field, err) ||
        (authority->crl && !tr34_crl_check(authority->crl, issuer, now, err)))
        return false;
    if (authority->crl && tr34_crl_revokes(authority->crl, c))
        return refuse(c, field, err, "the certificate is revoked");
    return true;
}

/* What OpenSSL found, at the certificate where it did. */
static void refuse_found(const struct tr34_chain *chain, const struct tr34_certificate *leaf,
                         const char *field, X509_STORE_CTX *context, struct kf_error *err)
{
    const X509 *where = X509_STORE_CTX_get_current_cert(context);
    const struct tr34_certificate *c = leaf;

    for (size_t i = 0; i < chain->count; i++)
        if (chain->authorities[i].certificate->x509 == where)
            c = chain->authorities[i].certificate;
    kf_fail(err, KF_VALIDATION, "%s (%s): the certificate's chain is not valid: %s.",
            c == leaf ? field : chain->field, c->name,
            X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
}

/* OpenSSL's: the last of the chain is the trust, the others are what it may pass. */
static bool verify_all(const struct tr34_chain *chain, const struct tr34_certificate *leaf,
                       const char *field, time_t now, struct kf_error *err)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    bool ready = store && context && others &&
                 X509_STORE_add_cert(store, chain->authorities[chain->count - 1].certificate->x509);
    bool good = false;

    for (size_t i = 0; ready && i + 1 < chain->count; i++)
        ready = sk_X509_push(others, chain->authorities[i].certificate->x509) > 0;
    ready = ready && X509_STORE_CTX_init(context, store, leaf->x509, others) == 1;
    if (ready) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);

        X509_VERIFY_PARAM_set_time(param, now);
        X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
        good = X509_verify_cert(context) == 1;
        if (!good)
            refuse_found(chain, leaf, field, context, err);
    } else {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
    }
    sk_X509_free(others);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return good;
}

/* Whoever has a CA's key could otherwise have it certified as a partner's too. */
static bool check_keys(const struct tr34_chain *chain, const struct tr34_certificate *leaf,
                       const char *field, struct kf_error *err)
{
    for (size_t i = 0; i < chain->count; i++)
        if (der_equal(tr34_certificate_modulus(leaf),
                      tr34_certificate_modulus(chain->authorities[i].certificate)))
            return kf_fail(err, KF_VALIDATION, "%s (%s): its key is also that of the CA %s.", field,
                           leaf->name, chain->authorities[i].certificate->name);
    return true;
}

/* below: how many CAs there are between the first of the chain and the leaf. OpenSSL counts them
 * too (RFC 5280 4.2.1.9), but not a CA that is the leaf, which could then be imported for nothing.
 */
static bool check_authorities(const struct tr34_chain *chain, long below, time_t now,
                              struct kf_error *err)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct tr34_certificate *c = chain->authorities[i].certificate;
        long most = X509_get_pathlen(c->x509);

        if (!check_authority(c, chain->field, now, err))
            return false;
        if (most >= 0 && below > most)
            return refuse(c, chain->field, err,
                          "its pathLenConstraint does not allow that many CAs below it");
        if (i + 1 < chain->count &&
            !check_issuer(c, chain->field, &chain->authorities[i + 1], now, err))
            return false;
        below += !is_self_issued(c);
    }
    return true;
}

bool tr34_chain_check(const struct tr34_chain *chain, const struct tr34_certificate *leaf,
                      const char *field, enum tr34_purpose purpose, time_t now,
                      struct kf_error *err)
{
    if (is_self_issued(leaf))
        return refuse(leaf, field, err,
                      is_signed_by(leaf, leaf)
                          ? "the certificate is self-signed; it must come from the CA that is named"
                          : "its subject is the name of its issuer; it must have one of its own");
    if (purpose == TR34_CA ? !check_authority(leaf, field, now, err)
                           : !check_leaf(leaf, field, purpose, err))
        return false;
    return check_issuer(leaf, field, &chain->authorities[0], now, err) &&
           check_validity(leaf, field, now, err) && check_keys(chain, leaf, field, err) &&
           check_authorities(chain, purpose == TR34_CA, now, err) &&
           verify_all(chain, leaf, field, now, err) && certificate_check_modulus(leaf, field, err);
}

bool tr34_own_check(const struct tr34_certificate *own, const char *field,
                    enum tr34_purpose purpose, time_t now, struct kf_error *err)
{
    return check_leaf(own, field, purpose, err) && check_validity(own, field, now, err);
}

bool tr34_root_check(const struct tr34_certificate *root, const char *field, time_t now,
                     struct kf_error *err)
{
    if (!is_self_issued(root) || !is_signed_by(root, root))
        return refuse(root, field, err,
                      "the certificate is not self-signed; one that another CA signed is a "
                      "TrustedCertificatePublicKey");
    return check_authority(root, field, now, err) && certificate_check_modulus(root, field, err);
}
