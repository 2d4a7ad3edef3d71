/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KeyCryptogram: a key under our RSA key, RSAES-OAEP and nothing else. Nothing in it says who sent
 * it or what the key is for: whoever has the certificate can make one, and the request alone says
 * what becomes of it. That is what the record has, too.
 */
#include "daemon/worker/cryptogram.h"
#include "daemon/worker/import.h"
#include "daemon/worker/receiver.h"
#include "p11/ops.h"

#define FIELD "WrappedKeyCryptogram"

static bool check_token(const struct service *service, char algorithm, struct kf_error *err)
{
    char text[400];

    if (!store_can_make(&service->token, algorithm, err))
        return false;
    return profile_can(&service->token, FORMAT_KEY_CRYPTOGRAM_IMPORT, algorithm, text,
                       sizeof text) ||
           kf_fail(err, KF_VALIDATION, FIELD ": this token is not capable of the %s: %s",
                   profile_format_name(FORMAT_KEY_CRYPTOGRAM_IMPORT), text);
}

/* What the request says the key is; external, but of no key block that it would have to leave in
 * again. */
static bool read_facts(const keyferry_ImportKeyCryptogram *in, struct key_facts *facts,
                       struct kf_error *err)
{
    if (!service_read_attributes(in->has_key_attributes, &in->key_attributes,
                                 1U << KEY_CLASS_SYMMETRIC, facts, err))
        return false;
    if (!in->has_exportable)
        return kf_fail(err, KF_VALIDATION, "Exportable is required.");
    facts->exportability = in->exportable ? 'S' : 'N';
    facts->external = true;
    return true;
}

/* A cryptogram that does not open, and one of a key of another length: the same words. */
static bool refuse(const struct kf_error *why, struct kf_error *err)
{
    if (why->status == KF_VALIDATION)
        return kf_fail_fault(
            err, KF_VALIDATION, KF_FAULT_NONE, why->detail, "%s",
            FIELD ": holds no key of KeyAlgorithm's length for the private key of ImportToken: "
                  "wrap the key again to its certificate, by RSA-OAEP with the hash of "
                  "WrappingSpec, for MGF1 too, and an empty label.");
    *err = *why;
    return false;
}

static bool take(struct import_job *job, const struct receiver *receiver, enum p11_hash hash,
                 const uint8_t *wrapped, size_t len, struct key_facts *facts, struct kf_error *err)
{
    const struct p11_token *token = &job->service->token;
    struct p11_template template = {0};
    struct kf_error why = {0};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    bool good;

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE,
                          key_algorithm_bytes(facts->algorithm), &template);
    if (!op_unwrap_oaep(token, hash, receiver->pair.private_key, wrapped, len, &template, &key,
                        &why))
        return refuse(&why, err);
    good = import_take(job, key, facts, err);
    op_destroy(token, &key);
    return good;
}

bool import_as_cryptogram(struct import_job *job, struct kf_error *err)
{
    const keyferry_ImportKeyCryptogram *in = &job->request->key_material.key_cryptogram;
    const char *text = GIVEN(in, wrapped_key_cryptogram);
    struct key_facts facts = {.version = "00"};
    struct receiver receiver = {.field = NULL};
    uint8_t wrapped[RSA_BYTES_MAX];
    enum p11_hash hash;
    size_t len;
    bool good;

    if (!read_facts(in, &facts, err) || !cryptogram_read_spec(GIVEN(in, wrapping_spec), &hash, err))
        return false;
    if (!text)
        return kf_fail(err, KF_VALIDATION, FIELD " is required.");
    if (!check_token(job->service, key_algorithm_letter(facts.algorithm), err) ||
        !import_read_hex(FIELD, text, wrapped, sizeof wrapped, &len, err))
        return false;
    service_record_material(job->record, CRYPTOGRAM_FORMAT, NULL, text);
    record_flag(job->record, "SenderAuthenticated", false);
    good = receiver_open_cryptogram(job->service, in, job->record, &receiver, err) &&
           receiver_check_length(&receiver, FIELD, len, err) &&
           receiver_check_strength(&receiver, facts.algorithm, err) &&
           take(job, &receiver, hash, wrapped, len, &facts, err);
    receiver_close(&receiver);
    return good;
}
