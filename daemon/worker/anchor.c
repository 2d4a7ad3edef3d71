/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/anchor.h"

#include <string.h>
#include <time.h>

/* The first of the configuration's rules that fits the certificate. */
static const struct conf_anchor *find_rule(const struct service *service,
                                           const struct tr34_certificate *certificate)
{
    const struct conf_certificates *conf = &service->conf->certificates;
    char fingerprint[TR34_FINGERPRINT_SIZE];

    tr34_certificate_fingerprint(certificate, fingerprint);
    for (size_t i = 0; i < conf->anchors_count; i++)
        if (!conf->anchors[i].sha_256 || strcmp(conf->anchors[i].sha_256, fingerprint) == 0)
            return &conf->anchors[i];
    return NULL;
}

static struct p11_key *find_anchor(struct service *service, const char *name, struct kf_error *err)
{
    struct p11_key *key = service_key(service, ANCHOR_FIELD, name, err);

    if (!key || !service_check_usable(ANCHOR_FIELD, key, err))
        return NULL;
    if (key_facts_class(&key->facts) == KEY_CLASS_PUBLIC)
        return key;
    kf_fail(err, KF_VALIDATION,
            ANCHOR_FIELD ": key/%s is not a CA's certificate; import-key brings one in as "
                         "RootCertificatePublicKey or TrustedCertificatePublicKey.",
            key->name);
    return NULL;
}

static struct tr34_certificate *read_anchor(struct service *service, const struct p11_key *key,
                                            struct kf_error *err)
{
    uint8_t der[CERTIFICATE_MAX];
    struct kf_error why = {0};
    size_t len;

    if (!store_read_certificate(service->store, key, der, &len, &why)) {
        kf_fail_fault(err, why.status, why.fault, why.detail, "%s%.480s",
                      why.status == KF_CONFLICT ? ANCHOR_FIELD ": " : "", why.message);
        return NULL;
    }
    return tr34_certificate_from_der(ANCHOR_FIELD, (struct der_view){der, len}, err);
}

/* One level of the chain; name is the CA's above it then, empty above a root. */
static bool add_authority(struct service *service, char name[KEY_NAME_LEN + 1],
                          struct anchor *anchor, struct kf_error *err)
{
    size_t i = anchor->chain.count;
    const struct p11_key *key;
    const struct conf_anchor *rule;

    if (i == TR34_CHAIN_MAX)
        return kf_fail(err, KF_VALIDATION, ANCHOR_FIELD ": has more than %d CAs up to its root.",
                       TR34_CHAIN_MAX);
    key = find_anchor(service, name, err);
    anchor->certificates[i] = key ? read_anchor(service, key, err) : NULL;
    if (!anchor->certificates[i])
        return false;
    rule = find_rule(service, anchor->certificates[i]);
    if (i == 0)
        anchor->key_cryptogram = rule && rule->key_cryptogram;
    if (rule && rule->crl) {
        anchor->crls[i] = tr34_crl_load(rule->crl, err);
        if (!anchor->crls[i])
            return false;
    }
    anchor->chain.authorities[i] =
        (struct tr34_authority){anchor->certificates[i], anchor->crls[i]};
    anchor->chain.count = i + 1;
    memcpy(name, key->facts.issuer, KEY_NAME_LEN + 1);
    return true;
}

bool anchor_open(struct service *service, const char *identifier, struct record *record,
                 struct anchor *anchor, struct kf_error *err)
{
    char name[KEY_NAME_LEN + 1], arn[ARN_MAX];

    *anchor = (struct anchor){.chain = {.field = ANCHOR_FIELD}};
    if (!service_key_name(service, ANCHOR_FIELD, identifier, name, err))
        return false;
    memcpy(anchor->name, name, sizeof anchor->name);
    service_key_arn(service, name, arn);
    record_text(record, "CertificateAuthorityKeyArn", arn);
    do {
        if (!add_authority(service, name, anchor, err))
            return false;
    } while (name[0]);
    return true;
}

void anchor_close(struct anchor *anchor)
{
    for (size_t i = 0; i < TR34_CHAIN_MAX; i++) {
        tr34_certificate_free(anchor->certificates[i]);
        tr34_crl_free(anchor->crls[i]);
    }
    *anchor = (struct anchor){.chain = {.count = 0}};
}

void anchor_record(struct record *record, const struct tr34_certificate *certificate)
{
    char fingerprint[TR34_FINGERPRINT_SIZE];

    tr34_certificate_fingerprint(certificate, fingerprint);
    record_text(record, "CertificateSubject", tr34_certificate_name(certificate));
    record_text(record, "CertificateSha256", fingerprint);
}

bool anchor_check(const struct anchor *anchor, const struct tr34_certificate *certificate,
                  const char *field, enum tr34_purpose purpose, struct record *record,
                  struct kf_error *err)
{
    anchor_record(record, certificate);
    return tr34_chain_check(&anchor->chain, certificate, field, purpose, time(NULL), err);
}

struct tr34_certificate *anchor_read(const struct anchor *anchor, const char *field,
                                     const char *text, enum tr34_purpose purpose,
                                     struct record *record, struct kf_error *err)
{
    struct tr34_certificate *certificate = tr34_certificate_read(field, text, err);

    if (!certificate || anchor_check(anchor, certificate, field, purpose, record, err))
        return certificate;
    tr34_certificate_free(certificate);
    return NULL;
}
