/* SPDX-License-Identifier: Apache-2.0 */
/* AdoptKey: a key that another tool put into the token gets Keyferry's objects, and the original
 * goes. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/worker/service_internal.h"
#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/ops.h"

#define FIELD "ObjectLabel"

/* What is looked at before a source is used. */
struct source {
    CK_OBJECT_HANDLE handle;
    CK_KEY_TYPE type;
    CK_ULONG length;
    CK_BBOOL sensitive, extractable, derive, destroyable;
};

static bool find_source(const struct p11_token *token, const char *label, CK_OBJECT_HANDLE *handle,
                        struct kf_error *err)
{
    struct p11_template query = {0};
    CK_OBJECT_HANDLE *handles = NULL;
    size_t found = 0, matches = 0;

    template_number(&query, CKA_CLASS, CKO_SECRET_KEY);
    template_flag(&query, CKA_TOKEN, true);
    template_bytes(&query, CKA_LABEL, label, strlen(label));
    if (p11_find_objects(token->session, query.attributes, query.count, &handles, &found, err) !=
        CKR_OK)
        return false;
    for (size_t i = 0; i < found; i++) {
        struct object object;
        struct kf_error gone = {0};

        if (!object_read(token, handles[i], &object, &gone)) {
            if (gone.fault != KF_FAULT_STALE)
                kf_fail_fault(err, gone.status, gone.fault, gone.detail, "%s", gone.message);
        } else if (!object.ours && matches++ == 0) {
            *handle = handles[i];
        }
    }
    free(handles);
    if (err->status != KF_OK || (matches == 0 && !p11_token_present(token->session, err)))
        return false;
    if (matches == 0)
        return kf_fail(
            err, KF_NOT_FOUND,
            FIELD ": the token has no secret key with the label %s that is not Keyferry's.", label);
    if (matches > 1)
        return kf_fail(
            err, KF_CONFLICT,
            FIELD ": %zu secret keys have the label %s; give the one to adopt a label of its own.",
            matches, label);
    return true;
}

/* A DES key's length is its type; not every token lets it be read. */
static bool has_length(CK_KEY_TYPE type)
{
    static const CK_KEY_TYPE types[] = {CKK_AES,         CKK_GENERIC_SECRET, CKK_SHA224_HMAC,
                                        CKK_SHA256_HMAC, CKK_SHA384_HMAC,    CKK_SHA512_HMAC};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i] == type)
            return true;
    return false;
}

static bool read_source(const struct p11_token *token, struct source *source, struct kf_error *err)
{
    CK_ATTRIBUTE attributes[] = {
        {CKA_KEY_TYPE, &source->type, sizeof source->type},
        {CKA_SENSITIVE, &source->sensitive, sizeof source->sensitive},
        {CKA_EXTRACTABLE, &source->extractable, sizeof source->extractable},
        {CKA_DERIVE, &source->derive, sizeof source->derive},
    };
    CK_ATTRIBUTE length = {CKA_VALUE_LEN, &source->length, sizeof source->length};
    CK_ATTRIBUTE destroyable = {CKA_DESTROYABLE, &source->destroyable, sizeof source->destroyable};
    struct kf_error failed = {0};
    CK_RV rv;

    /* Not every token has it. */
    source->destroyable = CK_TRUE;
    if (p11_get_attributes(token->session, source->handle, &destroyable, 1, NULL) != CKR_OK)
        source->destroyable = CK_TRUE;
    if (p11_get_attributes(token->session, source->handle, attributes,
                           sizeof attributes / sizeof attributes[0], err) != CKR_OK)
        return false;
    if (!has_length(source->type))
        return true;
    rv = p11_get_attributes(token->session, source->handle, &length, 1, &failed);
    /* Of types of their own for HMAC keys not every token tells it. */
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID)
        source->length = 0;
    else if (rv != CKR_OK)
        return kf_fail_fault(err, failed.status, failed.fault, failed.detail, "%s", failed.message);
    return true;
}

/* The type that tokens have for the HMAC keys of one hash, beside generic secrets. */
static CK_KEY_TYPE hmac_type(enum key_algorithm algorithm)
{
    static const CK_KEY_TYPE types[] = {CKK_SHA224_HMAC, CKK_SHA256_HMAC, CKK_SHA384_HMAC,
                                        CKK_SHA512_HMAC};

    return types[algorithm - KEY_HMAC_SHA224];
}

static bool type_fits(const struct source *source, enum key_algorithm algorithm)
{
    if (key_algorithm_is_hmac(algorithm))
        return source->type == CKK_GENERIC_SECRET || source->type == hmac_type(algorithm);
    if (source->type == CKK_GENERIC_SECRET)
        return source->length == key_algorithm_bytes(algorithm);
    switch (algorithm) {
    case KEY_TDES_2KEY:
        return source->type == CKK_DES2;
    case KEY_TDES_3KEY:
        return source->type == CKK_DES3;
    default:
        return source->type == CKK_AES && source->length == key_algorithm_bytes(algorithm);
    }
}

/* What speaks against this source; an HMAC key's length goes into the facts. */
static bool check_source(const struct source *source, const char *label, struct key_facts *facts,
                         bool keep, struct kf_error *err)
{
    if (!type_fits(source, facts->algorithm))
        return kf_fail(
            err, KF_VALIDATION,
            "KeyAlgorithm: the object %s is not a key of %s: its type or length is another.", label,
            key_algorithm_name(facts->algorithm));
    if (key_algorithm_is_hmac(facts->algorithm)) {
        if (source->length == 0)
            return kf_fail(err, KF_VALIDATION,
                           FIELD ": the token does not tell the length of the object %s; put the "
                                 "key in again as a CKK_GENERIC_SECRET.",
                           label);
        if (source->length < KEY_HMAC_BYTES_MIN || source->length > KEY_HMAC_BYTES_MAX)
            return kf_fail(err, KF_VALIDATION,
                           "KeyAlgorithm: the object %s has %lu bytes; an HMAC key has %d to %d.",
                           label, source->length, KEY_HMAC_BYTES_MIN, KEY_HMAC_BYTES_MAX);
        facts->hmac_bytes = source->length;
    }
    if (facts->exportability != 'N' && !source->extractable)
        return kf_fail(
            err, KF_VALIDATION,
            "Exportable: the object %s is not CKA_EXTRACTABLE; it can only be adopted with "
            "Exportable false.",
            label);
    if (!keep && !source->destroyable)
        return kf_fail(err, KF_VALIDATION,
                       FIELD
                       ": the object %s is not CKA_DESTROYABLE, so it would stay in the token "
                       "beside the adopted key; KeepSource accepts that.",
                       label);
    return true;
}

static bool set_derive(const struct p11_token *token, CK_OBJECT_HANDLE handle, bool derive)
{
    struct p11_template change = {0};

    template_flag(&change, CKA_DERIVE, derive);
    return p11_set_attributes(token->session, handle, change.attributes, change.count, NULL) ==
           CKR_OK;
}

/* Keyferry's objects are derived from the source. Tools such as pkcs11-tool write keys that may not
 * be derived from, and have no option for it; who may destroy the object may also allow that. */
static bool allow_derive(const struct p11_token *token, const struct source *source,
                         const char *label, struct kf_error *err)
{
    if (source->derive || set_derive(token, source->handle, true))
        return true;
    return kf_fail(err, KF_VALIDATION,
                   FIELD ": the object %s is not CKA_DERIVE and cannot be changed, so the token "
                         "cannot give it Keyferry's templates; put the key in again with it.",
                   label);
}

static bool check_alias_free(struct service *service, const char *name, struct identifier *alias,
                             struct kf_error *err)
{
    struct kf_error none = {0};

    if (!identifier_parse_alias("AliasName", name, alias, err))
        return false;
    if (store_alias(service->store, alias->name, &none))
        return kf_fail(err, KF_CONFLICT, "AliasName: %s exists already.", alias->name);
    if (none.status != KF_NOT_FOUND) {
        *err = none;
        return false;
    }
    return true;
}

/* Whether the source is gone. What a token does not let go stays: the key exists, and its maker is
 * told. */
static bool dispose(struct service *service, const struct source *source, const char *label,
                    bool keep)
{
    struct kf_error err = {0};

    if (!keep && (p11_destroy_object(service->session, source->handle, &err) == CKR_OK ||
                  err.fault == KF_FAULT_STALE))
        return true;
    if (!source->derive && !set_derive(&service->token, source->handle, false))
        log_warning("the object %s stays CKA_DERIVE", label);
    log_warning("the object %s was adopted and is left in the token (%s): who has the PIN can use "
                "it outside of "
                "Keyferry's rules",
                label, keep ? "KeepSource" : err.detail);
    return false;
}

/* The key's alias, once the key is there; a failure says that it is. */
static const struct p11_alias *name_key(struct service *service, const char *alias,
                                        const char *key_name, struct kf_error *err)
{
    struct kf_error failed = {0};
    const struct p11_alias *made = store_alias_create(service->store, alias, key_name, &failed);

    if (!made)
        kf_fail_fault(err, failed.status, failed.fault, failed.detail,
                      "AliasName: the object was adopted as key/%s, but its alias was not made; "
                      "make it by create-alias. "
                      "%.300s",
                      key_name, failed.message);
    return made;
}

/* The key made of a source. One that was not taken is left as it was. */
static struct p11_key *make_key(struct service *service, const struct source *source,
                                const char *label, struct key_facts *facts,
                                const struct key_state *state, struct kf_error *err)
{
    struct p11_key *key = NULL;

    if (!allow_derive(&service->token, source, label, err))
        return NULL;
    if (store_check_parts(&service->token, source->handle, facts->algorithm, err) &&
        store_check_value(&service->token, source->handle, facts->algorithm, facts, err))
        key = store_make(service->store, source->handle, facts, state, err);
    if (!key && !source->derive && !set_derive(&service->token, source->handle, false))
        log_warning("the object %s stays CKA_DERIVE", label);
    return key;
}

bool op_adopt_key(struct service *service, const void *request_, void *reply_,
                  struct record *record, struct kf_error *err)
{
    const keyferry_AdoptKeyRequest *request = request_;
    keyferry_AdoptKeyReply *reply = reply_;
    struct key_facts facts = {.version = "00", .external = true};
    struct key_state state = {.enabled = true};
    struct identifier alias_name;
    struct source source = {0};
    const struct p11_key *key;
    const struct p11_alias *alias;
    char name[KEY_NAME_LEN + 1];
    bool keep = request->has_keep_source && request->keep_source;

    if (!request->has_object_label)
        return kf_fail(err, KF_VALIDATION, FIELD " is required.");
    if (!request->object_label[0])
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": is empty; an object without a label cannot be adopted.");
    record_text(record, "ObjectLabel", request->object_label);
    if (!service_read_attributes(request->has_key_attributes, &request->key_attributes,
                                 1U << KEY_CLASS_SYMMETRIC, &facts, err) ||
        !service_read_legacy_import(service, request->has_legacy_import && request->legacy_import,
                                    &facts, err))
        return false;
    /* What is not said is the one that gives nothing away. */
    facts.exportability = request->has_exportable && request->exportable ? 'S' : 'N';
    if (request->has_alias_name &&
        !check_alias_free(service, request->alias_name, &alias_name, err))
        return false;
    if (!service_read_tags(request->tags, request->tags_count, &state, record, err) ||
        !store_can_make(&service->token, key_algorithm_letter(facts.algorithm), err) ||
        !find_source(&service->token, request->object_label, &source.handle, err) ||
        !read_source(&service->token, &source, err) ||
        !check_source(&source, request->object_label, &facts, keep, err))
        return false;
    key = make_key(service, &source, request->object_label, &facts, &state, err);
    if (!key)
        return false;
    if (!source.sensitive)
        log_warning("the object %s was readable (not CKA_SENSITIVE) before it was adopted",
                    request->object_label);
    service_record_key(service, record, "", key);
    reply->has_key = true;
    if (!service_fill_key(service, key, &reply->key, err))
        return false;
    strcpy(name, key->name);
    record_flag(record, "SourceKept", !dispose(service, &source, request->object_label, keep));
    if (!request->has_alias_name)
        return true;
    alias = name_key(service, alias_name.name, name, err);
    if (!alias)
        return false;
    record_text(record, "AliasName", alias->name);
    reply->has_alias = true;
    service_fill_alias(service, alias, &reply->alias);
    return true;
}
