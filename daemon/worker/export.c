/* SPDX-License-Identifier: Apache-2.0 */
/* What all formats of an export share: which key leaves, and whether it may. */
#include "daemon/worker/export.h"

#include <string.h>

#include "daemon/worker/initial_key.h"
#include "p11/ops.h"

static bool check_exported(const struct p11_key *key, struct kf_error *err)
{
    if (!service_check_usable(EXPORT_KEY_FIELD, key, err))
        return false;
    if (key_facts_class(&key->facts) != KEY_CLASS_SYMMETRIC)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_KEY_FIELD ": key/%s is of class %s; only a SYMMETRIC_KEY leaves.",
                       key->name, key_class_name(key_facts_class(&key->facts)));
    if (key->facts.exportability == 'N' || key->export_copy == CK_INVALID_HANDLE)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_KEY_FIELD
                       ": key/%s is not exportable: it %s, so the token holds "
                       "no copy of it that may leave. That cannot be changed; make a new key.",
                       key->name,
                       key->facts.imported ? "came in a key block with exportability N"
                                           : "was made with Exportable false");
    return true;
}

bool export_find(struct export_job *job, struct kf_error *err)
{
    bool again = job->key != NULL;

    job->key = service_find_key(job->service, EXPORT_KEY_FIELD,
                                GIVEN(job->request, export_key_identifier), err);
    if (job->key && !again)
        service_record_key(job->service, job->record, "", job->key);
    return job->key != NULL;
}

bool export_check_recipient(const struct tr34_certificate *recipient, const char *field,
                            const struct key_facts *facts, struct kf_error *err)
{
    enum key_algorithm rsa =
        key_algorithm_from_rsa_bits((unsigned)tr34_certificate_modulus(recipient).len * 8);

    return key_strength_allows_rsa(rsa, facts->algorithm) ||
           kf_fail(err, KF_VALIDATION, "%s (%s): %s wraps no %s key: it takes TDES keys%s.", field,
                   tr34_certificate_name(recipient), key_algorithm_name(rsa),
                   key_algorithm_name(facts->algorithm),
                   rsa == KEY_RSA_2048 ? "; AES_128 needs RSA_3072" : " and AES_128");
}

bool export_choose(struct export_job *job, struct kf_error *err)
{
    const struct p11_key *key = job->key;

    if (!initial_key_describe(job->service, job->request, key, &job->ksn, &job->subject, err))
        return false;
    if (job->subject.ksn) {
        record_text(job->record, "KeySerialNumber", job->ksn.text);
        return true;
    }
    job->subject = (struct export_subject){.object = key->export_copy, .facts = key->facts};
    return check_exported(key, err);
}

bool export_take(struct export_job *job, struct kf_error *err)
{
    return !job->subject.ksn ||
           initial_key_derive(&job->service->token, job->key, &job->subject, err);
}

void export_end(struct export_job *job)
{
    if (job->subject.ksn)
        op_destroy(&job->service->token, &job->subject.object);
}

void export_fill_reply(struct export_job *job, const char *wrapping_name, const char *format)
{
    keyferry_WrappedKey *wrapped = &job->reply->wrapped_key;
    const struct key_facts *facts = &job->subject.facts;

    job->reply->has_wrapped_key = true;
    service_key_arn(job->service, wrapping_name, wrapped->wrapping_key_arn);
    service_key_arn(job->service, job->key->name, job->reply->export_key_arn);
    strcpy(wrapped->wrapped_key_material_format, format);
    strcpy(wrapped->key_check_value, facts->kcv);
    strcpy(wrapped->key_check_value_algorithm, kcv_algorithm_name(facts->kcv_algorithm));
    if (job->subject.ksn)
        record_text(job->record, "InitialKeyCheckValue", facts->kcv);
}
