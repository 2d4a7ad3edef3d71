/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "p11/calls.h"
#include "p11/ops.h"

void object_id(enum p11_role role, const uint8_t id[KEY_ID_BYTES], uint8_t out[OBJECT_ID_BYTES])
{
    out[0] = (uint8_t)role;
    memcpy(out + 1, id, KEY_ID_BYTES);
}

/* Whether an object with this id was made by Keyferry. What is not private, anybody can make who
 * reaches the token, without its PIN: of that only certificates count, which cards vouch for. */
static bool is_ours(const CK_ATTRIBUTE *id, CK_OBJECT_CLASS class, CK_BBOOL private)
{
    const uint8_t *role = id->pValue;

    return id->ulValueLen == OBJECT_ID_BYTES && role_in_token(*role) &&
           role_class(*role) == class && (class == CKO_CERTIFICATE || private);
}

bool object_read(const struct p11_token *token, CK_OBJECT_HANDLE handle, struct object *object,
                 struct kf_error *err)
{
    struct kf_error own = {0};
    uint8_t id[64];
    CK_BBOOL private = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {{CKA_ID, id, sizeof id},
                                 {CKA_LABEL, object->label, LABEL_MAX - 1},
                                 {CKA_CLASS, &object->class, sizeof object->class},
                                 {CKA_PRIVATE, &private, sizeof private}};
    CK_RV rv;

    memset(object, 0, sizeof *object);
    object->handle = handle;
    rv = p11_get_attributes(token->session, handle, attributes, 4, &own);
    /* Another tool's object may lack either, or have longer ones: it is shown, not understood. */
    if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_BUFFER_TOO_SMALL &&
        rv != CKR_ATTRIBUTE_SENSITIVE) {
        kf_fail_fault(err, own.status, own.fault, own.detail, "%s", own.message);
        return false;
    }
    /* A label with a NUL inside would read as less than it is. */
    if (attributes[1].ulValueLen < LABEL_MAX &&
        !memchr(object->label, '\0', attributes[1].ulValueLen))
        object->label[attributes[1].ulValueLen] = '\0';
    else
        object->label[0] = '\0';
    if (is_ours(&attributes[0], object->class, private)) {
        object->ours = true;
        memcpy(object->id, id, OBJECT_ID_BYTES);
    }
    return true;
}

static int by_id(const void *a, const void *b)
{
    const struct object *one = a, *other = b;
    int order = memcmp(one->id + 1, other->id + 1, KEY_ID_BYTES);

    return order ? order : (int)one->id[0] - (int)other->id[0];
}

static bool is_kept(const struct object *object)
{
    return object->class == CKO_SECRET_KEY || object->class == CKO_PRIVATE_KEY ||
           object->class == CKO_CERTIFICATE;
}

/* Finds and reads once; *gone says whether a found object was gone when it was to be read. */
static bool find_once(const struct p11_token *token, struct p11_template *query,
                      struct object **objects, size_t *count, bool *gone, struct kf_error *err)
{
    CK_OBJECT_HANDLE *handles = NULL;
    size_t found = 0;
    bool good = false;

    *objects = NULL;
    *count = 0;
    *gone = false;
    if (p11_find_objects(token->session, query->attributes, query->count, &handles, &found, err) !=
        CKR_OK)
        return false;
    *objects = calloc(found + 1, sizeof **objects);
    if (!*objects) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        goto out;
    }
    for (size_t i = 0; i < found; i++) {
        struct kf_error failed = {0};

        if (object_read(token, handles[i], *objects + *count, &failed))
            *count += is_kept(*objects + *count);
        else if (failed.fault == KF_FAULT_STALE)
            *gone = true;
        else {
            *err = failed;
            goto out;
        }
    }
    qsort(*objects, *count, sizeof **objects, by_id);
    good = true;

out:
    free(handles);
    if (!good) {
        free(*objects);
        *objects = NULL;
    }
    return good;
}

/* What was gone is looked for once more: a key that misses an object is one in trouble. */
static bool find(const struct p11_token *token, struct p11_template *query, struct object **objects,
                 size_t *count, struct kf_error *err)
{
    bool gone;

    if (!find_once(token, query, objects, count, &gone, err))
        return false;
    if (!gone)
        return true;
    free(*objects);
    return find_once(token, query, objects, count, &gone, err);
}

static void query_class(struct p11_template *query, CK_OBJECT_CLASS class)
{
    template_number(query, CKA_CLASS, class);
    template_flag(query, CKA_TOKEN, true);
}

bool objects_read_all(const struct p11_token *token, struct object **objects, size_t *count,
                      struct kf_error *err)
{
    struct p11_template query = {0};

    /* One search for all classes: on some tokens each opens every object's file. */
    template_flag(&query, CKA_TOKEN, true);
    return find(token, &query, objects, count, err);
}

bool objects_find(const struct p11_token *token, enum p11_role role, const uint8_t id[KEY_ID_BYTES],
                  struct object **objects, size_t *count, struct kf_error *err)
{
    struct p11_template query = {0};
    uint8_t whole[OBJECT_ID_BYTES];

    object_id(role, id, whole);
    query_class(&query, role_class(role));
    template_bytes(&query, CKA_ID, whole, sizeof whole);
    return find(token, &query, objects, count, err);
}

bool objects_find_label(const struct p11_token *token, const char *label, struct object **objects,
                        size_t *count, struct kf_error *err)
{
    struct p11_template query = {0};

    query_class(&query, CKO_SECRET_KEY);
    template_bytes(&query, CKA_LABEL, label, strlen(label));
    return find(token, &query, objects, count, err);
}

bool object_make_card(const struct p11_token *token, enum p11_role role,
                      const uint8_t id[KEY_ID_BYTES], const char *label, CK_OBJECT_HANDLE *handle,
                      struct kf_error *err)
{
    struct role_object object = {.role = role, .algorithm = KEY_ALGORITHM_NONE, .label = label};
    struct p11_template template = {0};
    CK_MECHANISM mechanism = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};

    object_id(role, id, object.id);
    role_token_template(token, &object, &template);
    return p11_generate_key(token->session, &mechanism, template.attributes, template.count, handle,
                            err) == CKR_OK;
}

void object_unmake(const struct p11_token *token, enum p11_role role,
                   const uint8_t id[KEY_ID_BYTES], CK_OBJECT_HANDLE *handle)
{
    struct object *objects = NULL;
    struct kf_error err = {0};
    size_t count = 0;

    if (*handle != CK_INVALID_HANDLE && op_destroy(token, handle))
        return;
    if (!objects_find(token, role, id, &objects, &count, &err))
        log_warning("what may be left of an object could not be searched: %s", err.detail);
    for (size_t i = 0; i < count; i++)
        op_destroy(token, &objects[i].handle);
    free(objects);
}

bool object_set_label(const struct p11_token *token, CK_OBJECT_HANDLE handle, const char *label,
                      struct kf_error *err)
{
    CK_ATTRIBUTE attribute = {CKA_LABEL, (void *)label, strlen(label)};

    return p11_set_attributes(token->session, handle, &attribute, 1, err) == CKR_OK;
}
