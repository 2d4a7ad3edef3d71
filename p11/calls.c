/* SPDX-License-Identifier: Apache-2.0 */
/* The wrappers: time the call, pass it on, record how it failed. */
#include "p11/calls.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "p11/ckr.h"
#include "p11/session.h"

/* A call that takes longer is worth a line in the log, whatever it returned. */
#define SLOW_MS 2000.0
#define FIND_BATCH 256
/* More than are read in one call anywhere. */
#define ATTRIBUTES_MAX 8

static CK_RV done(const char *name, double started, CK_RV rv, struct kf_error *err)
{
    double took = ckr_clock() - started;

    if (took > SLOW_MS)
        log_warning("%s took %.0f ms", name, took);
    if (rv != CKR_OK && err)
        ckr_fail(err, name, rv, took);
    return rv;
}

/* For a wrapper's body: session and err are its parameters, started its clock; the arguments follow
 * the session handle. */
#define CALL(name, ...)  \
    done(#name, started, \
         p11_session_functions(session)->name(p11_session_handle(session), __VA_ARGS__), err)

/* Whether it did what it says it could not do nobody knows. */
static CK_RV risked(struct p11_session *session, CK_RV rv)
{
    if (rv != CKR_OK)
        p11_session_doubt(session);
    return rv;
}

/* After a failure a handle says nothing, whatever the token wrote there: it may be another
 * object's, and whoever made the call destroys what it left behind. */
static CK_RV made(struct p11_session *session, CK_RV rv, CK_OBJECT_HANDLE *object)
{
    if (rv != CKR_OK)
        *object = CK_INVALID_HANDLE;
    return risked(session, rv);
}

CK_RV p11_generate_key(struct p11_session *session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template,
                       CK_ULONG count, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    double started = ckr_clock();

    return made(session, CALL(C_GenerateKey, mechanism, template, count, key), key);
}

CK_RV p11_generate_pair(struct p11_session *session, CK_MECHANISM *mechanism,
                        const struct p11_template *public_template,
                        const struct p11_template *private_template, CK_OBJECT_HANDLE *public_key,
                        CK_OBJECT_HANDLE *private_key, struct kf_error *err)
{
    double started = ckr_clock();
    CK_RV rv = CALL(C_GenerateKeyPair, mechanism, (CK_ATTRIBUTE *)public_template->attributes,
                    public_template->count, (CK_ATTRIBUTE *)private_template->attributes,
                    private_template->count, public_key, private_key);

    made(session, rv, public_key);
    return made(session, rv, private_key);
}

CK_RV p11_derive_key(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                     CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key,
                     struct kf_error *err)
{
    double started = ckr_clock();

    return made(session, CALL(C_DeriveKey, mechanism, base, template, count, key), key);
}

CK_RV p11_wrap_key(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
                   CK_OBJECT_HANDLE key, uint8_t *out, CK_ULONG *len, struct kf_error *err)
{
    double started = ckr_clock();

    return CALL(C_WrapKey, mechanism, wrapping, key, out, len);
}

CK_RV p11_unwrap_key(struct p11_session *session, CK_MECHANISM *mechanism,
                     CK_OBJECT_HANDLE unwrapping, const uint8_t *wrapped, CK_ULONG len,
                     CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key,
                     struct kf_error *err)
{
    double started = ckr_clock();

    return made(
        session,
        CALL(C_UnwrapKey, mechanism, unwrapping, (CK_BYTE_PTR)wrapped, len, template, count, key),
        key);
}

CK_RV p11_encrypt(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                  const uint8_t *data, CK_ULONG data_len, uint8_t *out, CK_ULONG *len,
                  struct kf_error *err)
{
    double started = ckr_clock();
    CK_RV rv = risked(session, CALL(C_EncryptInit, mechanism, key));

    if (rv != CKR_OK)
        return rv;
    started = ckr_clock();
    return risked(session, CALL(C_Encrypt, (CK_BYTE_PTR)data, data_len, out, len));
}

CK_RV p11_sign(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
               const uint8_t *data, CK_ULONG data_len, uint8_t *out, CK_ULONG *len,
               struct kf_error *err)
{
    double started = ckr_clock();
    CK_RV rv = risked(session, CALL(C_SignInit, mechanism, key));

    if (rv != CKR_OK)
        return rv;
    started = ckr_clock();
    return risked(session, CALL(C_Sign, (CK_BYTE_PTR)data, data_len, out, len));
}

CK_RV p11_create_object(struct p11_session *session, CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *object, struct kf_error *err)
{
    double started = ckr_clock();

    return made(session, CALL(C_CreateObject, template, count, object), object);
}

CK_RV p11_copy_object(struct p11_session *session, CK_OBJECT_HANDLE source, CK_ATTRIBUTE *template,
                      CK_ULONG count, CK_OBJECT_HANDLE *object, struct kf_error *err)
{
    double started = ckr_clock();

    return made(session, CALL(C_CopyObject, source, template, count, object), object);
}

CK_RV p11_destroy_object(struct p11_session *session, CK_OBJECT_HANDLE object, struct kf_error *err)
{
    double started = ckr_clock();

    return risked(session, CALL(C_DestroyObject, object));
}

/* Whether a refusal is one of single attributes, which the token has to mark. */
static bool refuses_attributes(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
           rv == CKR_BUFFER_TOO_SMALL;
}

CK_RV p11_get_attributes(struct p11_session *session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *template, CK_ULONG count, struct kf_error *err)
{
    double started = ckr_clock();
    CK_ULONG rooms[ATTRIBUTES_MAX];
    bool marked = false;
    CK_RV rv;

    assert(count <= ATTRIBUTES_MAX);
    for (CK_ULONG i = 0; i < count; i++)
        rooms[i] = template[i].ulValueLen;
    rv = CALL(C_GetAttributeValue, object, template, count);
    for (CK_ULONG i = 0; i < count; i++) {
        if (rv == CKR_OK && template[i].ulValueLen > rooms[i])
            return done("C_GetAttributeValue", started, CKR_GENERAL_ERROR, err);
        marked |= template[i].ulValueLen > rooms[i] || template[i].ulValueLen == 0;
    }
    return refuses_attributes(rv) && !marked ? CKR_FUNCTION_REJECTED : rv;
}

CK_RV p11_set_attributes(struct p11_session *session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *template, CK_ULONG count, struct kf_error *err)
{
    double started = ckr_clock();

    return CALL(C_SetAttributeValue, object, template, count);
}

CK_RV p11_generate_random(struct p11_session *session, uint8_t *out, size_t len,
                          struct kf_error *err)
{
    double started = ckr_clock();

    return CALL(C_GenerateRandom, out, (CK_ULONG)len);
}

bool p11_session_alive(struct p11_session *session, struct kf_error *err)
{
    double started = ckr_clock();
    CK_SESSION_INFO info;

    if (CALL(C_GetSessionInfo, &info) != CKR_OK)
        return false;
    if (info.state != CKS_RW_USER_FUNCTIONS) {
        done("C_GetSessionInfo", started, CKR_USER_NOT_LOGGED_IN, err);
        return false;
    }
    return true;
}

bool p11_token_present(struct p11_session *session, struct kf_error *err)
{
    double started = ckr_clock();
    CK_TOKEN_INFO info;
    CK_RV rv =
        p11_session_functions(session)->C_GetTokenInfo(p11_session_token(session)->slot, &info);

    if (rv == CKR_OK && (!(info.flags & CKF_TOKEN_INITIALIZED) ||
                         !p11_slot_same_token(p11_session_token(session), &info)))
        rv = CKR_TOKEN_NOT_RECOGNIZED;
    return done("C_GetTokenInfo", started, rv, err) == CKR_OK;
}

static CK_RV find_some(struct p11_session *session, CK_OBJECT_HANDLE *out, CK_ULONG *found,
                       struct kf_error *err)
{
    double started = ckr_clock();

    return CALL(C_FindObjects, out, FIND_BATCH, found);
}

static CK_RV find_all(struct p11_session *session, CK_OBJECT_HANDLE **objects, size_t *found,
                      struct kf_error *err)
{
    size_t capacity = 0;

    for (;;) {
        CK_ULONG some = 0;
        CK_RV rv;

        if (capacity - *found < FIND_BATCH) {
            size_t wanted = capacity * 2 + FIND_BATCH;
            CK_OBJECT_HANDLE *grown = realloc(*objects, wanted * sizeof *grown);

            if (!grown)
                return done("C_FindObjects", ckr_clock(), CKR_HOST_MEMORY, err);
            *objects = grown;
            capacity = wanted;
        }
        rv = find_some(session, *objects + *found, &some, err);
        if (rv == CKR_OK && some > FIND_BATCH)
            rv = done("C_FindObjects", ckr_clock(), CKR_GENERAL_ERROR, err);
        if (rv != CKR_OK || some == 0)
            return rv;
        *found += some;
    }
}

/* A search that could not be ended, in a job that failed, is in the way of no other. */
static CK_RV begin_search(struct p11_session *session, CK_ATTRIBUTE *template, CK_ULONG count,
                          struct kf_error *err)
{
    double started = ckr_clock();
    CK_FUNCTION_LIST *functions = p11_session_functions(session);
    CK_RV rv = functions->C_FindObjectsInit(p11_session_handle(session), template, count);

    if (rv == CKR_OPERATION_ACTIVE) {
        functions->C_FindObjectsFinal(p11_session_handle(session));
        rv = functions->C_FindObjectsInit(p11_session_handle(session), template, count);
    }
    return done("C_FindObjectsInit", started, rv, err);
}

CK_RV p11_find_objects(struct p11_session *session, CK_ATTRIBUTE *template, CK_ULONG count,
                       CK_OBJECT_HANDLE **objects, size_t *found, struct kf_error *err)
{
    CK_RV rv = begin_search(session, template, count, err);
    double started = ckr_clock();
    CK_RV closed;

    *objects = NULL;
    *found = 0;
    if (rv != CKR_OK)
        return rv;
    rv = find_all(session, objects, found, err);
    closed = p11_session_functions(session)->C_FindObjectsFinal(p11_session_handle(session));
    if (rv == CKR_OK)
        rv = done("C_FindObjectsFinal", started, closed, err);
    if (rv != CKR_OK) {
        free(*objects);
        *objects = NULL;
        *found = 0;
    }
    return rv;
}
