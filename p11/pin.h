/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN: read late from its file, kept in locked memory, wiped as soon as it was used. */
#ifndef KF_PIN_H
#define KF_PIN_H

#include <stddef.h>

#include "base/error.h"

#define PIN_MAX 256

/* What C_Login's answer says of the PIN: PIN_UNSEEN, that the token did not look at it; PIN_OPEN,
 * nothing at all. */
enum pin_said { PIN_UNSEEN, PIN_OPEN, PIN_ACCEPTED, PIN_REFUSED };

struct pin {
    unsigned char *text; /* one locked page */
    size_t len;
};

/*
 * Reads it, without one trailing line end. Refused (KF_FAULT_PIN, naming the rule): a file that is
 * not regular, that others than its owner and group may read or write, that is empty or longer than
 * PIN_MAX. pin_wipe must follow in every case.
 */
bool pin_read(const char *path, struct pin *pin, struct kf_error *err);
void pin_wipe(struct pin *pin);

#endif
