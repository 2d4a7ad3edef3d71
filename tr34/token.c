/* SPDX-License-Identifier: Apache-2.0 */
/* Writing key tokens. */
#include "tr34/token.h"

#include "tr34/token_envelope.h"
#include "tr34/token_identity.h"
#include "tr34/token_signed_data.h"

static const char crl_field[] = "CertificateRevocationList";

static void put_content(struct der_writer *writer, struct der_view envelope)
{
    size_t content = der_open(writer, DER_SEQUENCE), explicit_tag;

    der_put(writer, der_oid_enveloped_data);
    explicit_tag = der_open(writer, DER_GROUP_0);
    der_put_value(writer, DER_OCTETS, envelope);
    der_close(writer, explicit_tag);
    der_close(writer, content);
}

/* The attributes with their tag of SET put under [0] IMPLICIT. */
static void put_attributes(struct der_writer *writer, struct der_view attributes)
{
    static const uint8_t tag = DER_GROUP_0;

    der_put(writer, (struct der_view){&tag, 1});
    der_put(writer, (struct der_view){attributes.bytes + 1, attributes.len - 1});
}

static void put_signer(struct der_writer *writer, const struct tr34_form *form,
                       const struct tr34_token *token)
{
    size_t set = der_open(writer, DER_SET);
    size_t signer = der_open(writer, DER_SEQUENCE);

    der_put_small(writer, 1);
    der_put(writer, token->signer);
    der_put(writer, der_alg_sha256);
    put_attributes(writer, token->attributes);
    der_put(writer, form->sha256_rsa ? der_alg_sha256_rsa : der_alg_rsa);
    der_put_value(writer, DER_OCTETS, token->signature);
    der_close(writer, signer);
    der_close(writer, set);
}

static bool check_crl(const struct tr34_form *form, struct der_view crl, struct kf_error *err)
{
    if (crl.len == 0 && form->crl == TR34_CRL_REQUIRED)
        return kf_fail(err, KF_VALIDATION, "%s: the layout %s needs the CRL of the KDH's CA",
                       crl_field, form->name);
    if (crl.len > 0 && form->crl == TR34_CRL_NEVER)
        return kf_fail(err, KF_VALIDATION, "%s: the layout %s holds no CRL; leave it out",
                       crl_field, form->name);
    return crl.len == 0 || tr34_element_check(crl_field, crl, err);
}

bool tr34_token_write(enum tr34_layout layout, const struct tr34_token *token, const char *field,
                      uint8_t out[TR34_TOKEN_MAX], size_t *len, struct kf_error *err)
{
    const struct tr34_form *form = tr34_form(layout);
    struct der_writer writer = {.out = out, .room = TR34_TOKEN_MAX};
    struct tr34_signed_data frame;

    if (!check_crl(form, token->crl, err) || !tr34_identity_check(field, token->signer, err))
        return false;
    if (!tr34_modulus_known(token->signature.len))
        return kf_fail(err, KF_VALIDATION,
                       "%s: the signing key must be RSA of 2048, 3072 or 4096 bits; this one's "
                       "signature has %zu bytes",
                       field, token->signature.len);
    tr34_signed_data_open(&writer, form->version, &frame);
    der_put_value(&writer, DER_SET, der_alg_sha256);
    put_content(&writer, token->envelope);
    if (token->crl.len > 0)
        tr34_crls_put(&writer, token->crl);
    put_signer(&writer, form, token);
    tr34_signed_data_close(&writer, &frame);
    if (writer.len > writer.room) /* without a CRL it is never half as much */
        return kf_fail(err, KF_VALIDATION,
                       "%s: too long; the key token would have %zu bytes, and may have %d",
                       crl_field, writer.len, TR34_TOKEN_MAX);
    *len = writer.len;
    return true;
}
