/* SPDX-License-Identifier: Apache-2.0 */
/* The secret keys, private keys and certificates in the token as the store sees them: class,
 * handle, CKA_ID, CKA_LABEL. The store's own. */
#ifndef KF_P11_OBJECTS_H
#define KF_P11_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p11/label.h"
#include "p11/role.h"

struct object {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS class;
    /* Its id has an id's length and begins with a role of token objects, of its class; and it is
     * private, or a certificate. */
    bool ours;
    uint8_t id[OBJECT_ID_BYTES]; /* zero where it is not ours */
    char label[LABEL_MAX];       /* empty where it is longer, or no text */
};

/* Reads one; false with KF_FAULT_STALE where it is gone. */
bool object_read(const struct p11_token *token, CK_OBJECT_HANDLE handle, struct object *object,
                 struct kf_error *err);

/* All secret keys, private keys and certificates in the token, sorted by id without its role byte,
 * then by role; for the caller to free. Objects that go while they are read are left out. */
bool objects_read_all(const struct p11_token *token, struct object **objects, size_t *count,
                      struct kf_error *err);

/* Those with one id and role; the same order, to be freed. */
bool objects_find(const struct p11_token *token, enum p11_role role, const uint8_t id[KEY_ID_BYTES],
                  struct object **objects, size_t *count, struct kf_error *err);

/* Secret keys with exactly this label; the same order, to be freed. */
bool objects_find_label(const struct p11_token *token, const char *label, struct object **objects,
                        size_t *count, struct kf_error *err);

/* Makes the one-byte object that a card, an alias or a claim is. */
bool object_make_card(const struct p11_token *token, enum p11_role role,
                      const uint8_t id[KEY_ID_BYTES], const char *label, CK_OBJECT_HANDLE *handle,
                      struct kf_error *err);
/* Destroys a token object that was just made, or whose making failed: by its handle, and where that
 * is not known or not taken, by its role and id, which nobody else's object has. */
void object_unmake(const struct p11_token *token, enum p11_role role,
                   const uint8_t id[KEY_ID_BYTES], CK_OBJECT_HANDLE *handle);
bool object_set_label(const struct p11_token *token, CK_OBJECT_HANDLE handle, const char *label,
                      struct kf_error *err);

void object_id(enum p11_role role, const uint8_t id[KEY_ID_BYTES], uint8_t out[OBJECT_ID_BYTES]);

#endif
