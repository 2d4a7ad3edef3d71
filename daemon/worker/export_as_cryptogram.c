/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KeyCryptogram: the key itself under the receiver's RSA key, RSAES-OAEP and nothing else. It says
 * neither what the key is for nor who sent it, so that the configuration has to allow it, and only
 * a key that may leave in any form does.
 */
#include "base/hex.h"
#include "daemon/worker/anchor.h"
#include "daemon/worker/cryptogram.h"
#include "daemon/worker/export.h"
#include "p11/ops.h"
#include "p11/rsa.h"

static bool check_token(const struct service *service, struct kf_error *err)
{
    char text[400];

    return profile_can(&service->token, FORMAT_KEY_CRYPTOGRAM, 0, text, sizeof text) ||
           kf_fail(err, KF_VALIDATION, "KeyMaterial: this token cannot make RSA cryptograms: %s",
                   text);
}

static bool check_allowed(const struct anchor *anchor, const struct key_facts *facts,
                          struct kf_error *err)
{
    if (!anchor->key_cryptogram)
        return kf_fail(err, KF_VALIDATION,
                       "KeyCryptogram: the configuration does not allow keys to leave to "
                       "certificates of this CA without a key block (certificates.anchors, "
                       "key-cryptogram: allow).");
    return facts->exportability == 'S' ||
           kf_fail(err, KF_VALIDATION,
                   EXPORT_KEY_FIELD ": the key came in a key block with exportability %c, so it "
                                    "may leave in a key block only.",
                   facts->exportability);
}

static bool wrap(struct export_job *job, const struct tr34_certificate *recipient,
                 enum p11_hash hash, struct kf_error *err)
{
    const struct p11_token *token = &job->service->token;
    struct der_view modulus = tr34_certificate_modulus(recipient);
    struct der_view exponent = tr34_certificate_exponent(recipient);
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    uint8_t wrapped[RSA_BYTES_MAX];
    bool good =
        export_take(job, err) &&
        rsa_public(token, modulus.bytes, modulus.len, exponent.bytes, exponent.len, &public_key,
                   err) &&
        op_wrap_oaep(token, hash, public_key, job->subject.object, wrapped, modulus.len, err);

    op_destroy(token, &public_key);
    if (good)
        hex_encode(wrapped, modulus.len, job->reply->wrapped_key.key_material);
    return good;
}

bool export_as_cryptogram(struct export_job *job, struct kf_error *err)
{
    const keyferry_ExportKeyCryptogram *cryptogram = &job->request->key_material.key_cryptogram;
    struct tr34_certificate *recipient = NULL;
    struct anchor anchor = {.chain = {.count = 0}};
    enum p11_hash hash;
    bool good = false;

    if (!cryptogram_read_spec(GIVEN(cryptogram, wrapping_spec), &hash, err) ||
        !check_token(job->service, err) || !export_find(job, err) ||
        !anchor_open(job->service, GIVEN(cryptogram, certificate_authority_public_key_identifier),
                     job->record, &anchor, err))
        goto out;
    recipient = anchor_read(&anchor, RECIPIENT_FIELD, GIVEN(cryptogram, wrapping_key_certificate),
                            TR34_RECIPIENT, job->record, err);
    good = recipient && export_find(job, err) && export_choose(job, err) &&
           check_allowed(&anchor, &job->subject.facts, err) &&
           export_check_recipient(recipient, RECIPIENT_FIELD, &job->subject.facts, err) &&
           wrap(job, recipient, hash, err);
    if (good) {
        export_fill_reply(job, anchor.name, CRYPTOGRAM_FORMAT);
        service_record_material(job->record, CRYPTOGRAM_FORMAT, NULL,
                                job->reply->wrapped_key.key_material);
    }

out:
    tr34_certificate_free(recipient);
    anchor_close(&anchor);
    return good;
}
