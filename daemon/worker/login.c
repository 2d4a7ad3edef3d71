/* SPDX-License-Identifier: Apache-2.0 */
/* Marks come and go in an order that errs, where a worker dies in between, towards presenting
 * nothing. */
#include "daemon/worker/login.h"

#include "base/siphash.h"

static uint64_t mark_of(const struct login *login, const unsigned char *pin, size_t len)
{
    uint64_t mark = siphash(login->memory->key, pin, len);

    return mark != 0 ? mark : 1;
}

/* A worker that has the same PIN with the token just now leaves nothing open yet: that several
 * present one PIN together is the parent's to allow. Its mark is looked at twice, because it may be
 * accepted in between: then the mark goes before it has ended to log in. */
static bool is_open(const struct login *login, unsigned slot, uint64_t mark)
{
    const _Atomic uint64_t *presented = &login->memory->presented[slot];

    return atomic_load(presented) == mark &&
           (slot == login->slot || (!atomic_load(&login->shared->slots[slot].logging_in) &&
                                    atomic_load(presented) == mark));
}

bool login_begin(struct login *login, const unsigned char *pin, size_t len, struct kf_error *err)
{
    uint64_t mark = mark_of(login, pin, len);

    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (is_open(login, i, mark))
            return kf_fail_fault(
                err, KF_UNAVAILABLE, KF_FAULT_PIN, NULL,
                "The PIN's source still holds a PIN that the token refused, or that a worker ended "
                "over; it was not presented again. Put another there, or restart the daemon to "
                "have this one presented once more.");
    atomic_store(&login->shared->slots[login->slot].logging_in, true);
    atomic_store(&login->memory->presented[login->slot], mark);
    return true;
}

void login_end(struct login *login, bool refused)
{
    if (!refused)
        atomic_store(&login->memory->presented[login->slot], 0);
    atomic_store(&login->shared->slots[login->slot].logging_in, false);
}
