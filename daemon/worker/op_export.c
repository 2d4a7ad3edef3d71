/* SPDX-License-Identifier: Apache-2.0 */
/* ExportKey: which key may leave, under which, and in which form. */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/worker/export_header.h"
#include "daemon/worker/export_tr31.h"
#include "daemon/worker/initial_key.h"
#include "daemon/worker/service_internal.h"
#include "daemon/worker/wrapping.h"
#include "p11/ops.h"

/* A token that can make no key block at all says so before anything is looked up. */
static bool check_token(const struct service *service, struct kf_error *err)
{
    char text[400];

    if (profile_can(&service->token, FORMAT_TR31_B, text, sizeof text) ||
        profile_can(&service->token, FORMAT_TR31_D, text, sizeof text))
        return true;
    return kf_fail(err, KF_VALIDATION, "KeyMaterial: this token cannot make TR-31 key blocks: %s",
                   text);
}

static bool check_format(const struct service *service, enum key_algorithm wrapping,
                         struct kf_error *err)
{
    enum profile_format format = key_algorithm_is_aes(wrapping) ? FORMAT_TR31_D : FORMAT_TR31_B;
    char text[400];

    if (profile_can(&service->token, format, text, sizeof text))
        return true;
    return kf_fail(err, KF_VALIDATION, "KeyMaterial: this token cannot make %s: %s",
                   profile_format_name(format), text);
}

static bool check_exported(const struct p11_key *key, struct kf_error *err)
{
    if (!service_check_usable("ExportKeyIdentifier", key, err))
        return false;
    if (key->facts.exportability == 'N' || key->export_copy == CK_INVALID_HANDLE)
        return kf_fail(err, KF_VALIDATION,
                       "ExportKeyIdentifier: key/%s is not exportable: it %s, so the token holds "
                       "no copy of it that may leave. That cannot be changed; make a new key.",
                       key->name,
                       key->facts.imported ? "came in a key block with exportability N"
                                           : "was made with Exportable false");
    return true;
}

/* Two parties agree on a KBPK by its check value: with it in the request, no block leaves under
 * another key because an alias was pointed elsewhere. */
static bool check_expected(const struct p11_key *key, const keyferry_ExportTr31KeyBlock *tr31,
                           struct kf_error *err)
{
    static const char field[] = "WrappingKeyCheckValue";
    const char *expected = tr31->wrapping_key_check_value;
    size_t len = strlen(expected);

    if (!tr31->has_wrapping_key_check_value)
        return true;
    if (len < 4 || len > 16 || strspn(expected, "0123456789ABCDEFabcdef") != len)
        return kf_fail(err, KF_VALIDATION, "%s: must be 4 to 16 hex digits.", field);
    if (strcasecmp(expected, key->facts.kcv) != 0)
        return kf_fail(err, KF_VALIDATION,
                       "%s: key/%s, the wrapping key, has the check value %s (%s), not %s.", field,
                       key->name, key->facts.kcv, kcv_algorithm_name(key->facts.kcv_algorithm),
                       expected);
    return true;
}

static bool find_keys(struct service *service, const keyferry_ExportKeyRequest *request,
                      struct p11_key **key, struct p11_key **wrapping, struct kf_error *err)
{
    const keyferry_ExportTr31KeyBlock *tr31 = &request->key_material.tr31_key_block;
    char name[KEY_NAME_LEN + 1], wrapping_name[KEY_NAME_LEN + 1];

    if (!service_key_name(service, "ExportKeyIdentifier", GIVEN(request, export_key_identifier),
                          name, err) ||
        !service_key_name(service, WRAPPING_FIELD, GIVEN(tr31, wrapping_key_identifier),
                          wrapping_name, err))
        return false;
    if (strcmp(name, wrapping_name) == 0)
        return kf_fail(err, KF_VALIDATION, WRAPPING_FIELD ": a key cannot wrap itself.");
    *key = store_key(service->store, name, err);
    if (!*key)
        return false;
    *wrapping = store_key(service->store, wrapping_name, err);
    return *wrapping != NULL;
}

/* What leaves: the key's export copy, or the initial key of a BDK, which is derived later. */
static bool choose_subject(const struct service *service, const keyferry_ExportKeyRequest *request,
                           const struct p11_key *key, struct dukpt_ksn *ksn,
                           struct export_subject *subject, struct kf_error *err)
{
    if (!initial_key_describe(service, request, key, ksn, subject, err))
        return false;
    if (subject->ksn)
        return true;
    *subject = (struct export_subject){.object = key->export_copy, .facts = key->facts};
    return check_exported(key, err);
}

static bool wrap(struct service *service, struct export_subject *subject, const struct p11_key *key,
                 struct p11_key *wrapping, const keyferry_ExportTr31KeyBlock *tr31, char *block,
                 struct kf_error *err)
{
    struct export_header header;
    struct kbpk *kbpk;

    if (!wrapping_check_strength(wrapping, WRAPPING_WRAP, &subject->facts, err) ||
        !check_format(service, wrapping->facts.algorithm, err) ||
        !export_header_make(subject, wrapping,
                            tr31->has_key_block_headers ? &tr31->key_block_headers : NULL,
                            time(NULL), &header, err))
        return false;
    if (subject->ksn && !initial_key_derive(&service->token, key, subject, err))
        return false;
    kbpk = kbpk_get(service->kbpks, wrapping, err);
    return kbpk && export_tr31(&service->token, &service->random, kbpk, subject->object,
                               key_facts_bytes(&subject->facts), &header.tr31, block, err);
}

static void fill_reply(const struct service *service, const struct p11_key *key,
                       const struct p11_key *wrapping, const struct key_facts *facts,
                       keyferry_ExportKeyReply *reply)
{
    reply->has_wrapped_key = true;
    service_key_arn(service, wrapping->name, reply->wrapped_key.wrapping_key_arn);
    service_key_arn(service, key->name, reply->export_key_arn);
    strcpy(reply->wrapped_key.wrapped_key_material_format, TR31_FORMAT);
    strcpy(reply->wrapped_key.key_check_value, facts->kcv);
    strcpy(reply->wrapped_key.key_check_value_algorithm, kcv_algorithm_name(facts->kcv_algorithm));
}

bool op_export_key(struct service *service, const void *request_, void *reply_,
                   struct record *record, struct kf_error *err)
{
    const keyferry_ExportKeyRequest *request = request_;
    const keyferry_ExportTr31KeyBlock *tr31 = &request->key_material.tr31_key_block;
    keyferry_ExportKeyReply *reply = reply_;
    struct p11_key *key = NULL, *wrapping = NULL;
    struct export_subject subject;
    struct dukpt_ksn ksn;
    bool good;

    if (!request->has_key_material ||
        request->key_material.which_material != keyferry_ExportKeyMaterial_tr31_key_block_tag)
        return kf_fail(err, KF_VALIDATION,
                       "KeyMaterial: exactly one of its members is required: Tr31KeyBlock.");
    if (!check_token(service, err) || !find_keys(service, request, &key, &wrapping, err))
        return false;
    service_record_key(service, record, "", key);
    service_record_key(service, record, "Wrapping", wrapping);
    if (!wrapping_check(wrapping, WRAPPING_WRAP, err) || !check_expected(wrapping, tr31, err) ||
        !choose_subject(service, request, key, &ksn, &subject, err))
        return false;
    if (subject.ksn)
        record_text(record, "KeySerialNumber", ksn.text);
    good = wrap(service, &subject, key, wrapping, tr31, reply->wrapped_key.key_material, err);
    if (subject.ksn)
        op_destroy(&service->token, &subject.object);
    if (!good)
        return false;
    fill_reply(service, key, wrapping, &subject.facts, reply);
    if (subject.ksn)
        record_text(record, "InitialKeyCheckValue", subject.facts.kcv);
    service_record_block(record, reply->wrapped_key.key_material);
    return true;
}
