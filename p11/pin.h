/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN: read late from a file or a systemd credential, kept in locked memory, wiped as soon as it was used. */
#ifndef KF_P11_PIN_H
#define KF_P11_PIN_H

#include <stddef.h>

#include "base/error.h"

#define PIN_MAX 256

/* Exactly one is set. */
struct pin_source {
    const char *file;       /* a path */
    const char *credential; /* a name in $CREDENTIALS_DIRECTORY */
};

struct pin {
    unsigned char *text; /* one locked page */
    size_t len;
};

/* The path of the source; false (KF_FAULT_CONFIG) where a credential is asked for and systemd passed none. */
bool pin_source_path(const struct pin_source *source, char *path, size_t room, struct kf_error *err);

/*
 * Reads it, without one trailing line end. Refused (KF_FAULT_PIN, naming the rule): a file that is not regular, that others than its owner
 * and group may read or write, that is empty or longer than PIN_MAX. pin_wipe must follow in every case.
 */
bool pin_read(const struct pin_source *source, struct pin *pin, struct kf_error *err);
void pin_wipe(struct pin *pin);

#endif
