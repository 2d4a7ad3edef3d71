/* SPDX-License-Identifier: Apache-2.0 */
/* Marks come and go in an order that errs, where a worker dies in between, towards presenting
 * nothing. */
#include "daemon/worker/login.h"

#include <time.h>

#include "base/clock.h"
#include "base/siphash.h"

static uint64_t mark_of(const struct login *login, const unsigned char *pin, size_t len)
{
    uint64_t mark = siphash(login->memory->key, pin, len);

    return mark != 0 ? mark : 1;
}

static bool others_log_in(const struct login *login)
{
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (i != login->slot && atomic_load(&login->shared->slots[i].logging_in))
            return true;
    return false;
}

/* One at a time, so that what the token makes of a PIN is known before it is presented again. Of
 * two that come together both step back, each for a time of its own. What waits too long is killed
 * by the parent, as a worker that does not get the token open. */
static void take_turn(struct login *login)
{
    _Atomic bool *logging_in = &login->shared->slots[login->slot].logging_in;

    for (;;) {
        while (others_log_in(login))
            nanosleep(&(struct timespec){.tv_nsec = 5000000L}, NULL);
        atomic_store(logging_in, true);
        if (!others_log_in(login))
            return;
        atomic_store(logging_in, false);
        nanosleep(&(struct timespec){.tv_nsec = (1 + login->slot % 32) * 300000L}, NULL);
    }
}

/* Of a PIN that was refused since, nothing is known to be accepted. */
static bool outlives(struct login_memory *memory, uint64_t mark, uint64_t now)
{
    if (atomic_load(&memory->accepted) != mark)
        return false;
    if (atomic_load(&memory->lost) >= LOGIN_LOST_MAX &&
        now - atomic_load(&memory->lost_ms) < LOGIN_PATIENCE_MS)
        return false;
    atomic_fetch_add(&memory->lost, 1);
    atomic_store(&memory->lost_ms, now);
    return true;
}

/* What was presented and neither accepted nor taken back. */
static bool may_present(struct login_memory *memory, uint64_t mark, struct kf_error *err)
{
    for (unsigned i = 0; i < WORKER_SLOTS; i++) {
        if (atomic_load(&memory->presented[i]) != mark)
            continue;
        if (!outlives(memory, mark, clock_ms()))
            return kf_fail_fault(
                err, KF_UNAVAILABLE, KF_FAULT_PIN, NULL,
                "The PIN's source still holds a PIN that the token refused, or of which nobody "
                "knows what the token made of it; it was not presented again. Put another there, "
                "or restart the daemon to have this one presented once more.");
        atomic_store(&memory->presented[i], 0);
    }
    return true;
}

bool login_begin(struct login *login, const unsigned char *pin, size_t len, struct kf_error *err)
{
    uint64_t mark = mark_of(login, pin, len);

    take_turn(login);
    if (!may_present(login->memory, mark, err)) {
        atomic_store(&login->shared->slots[login->slot].logging_in, false);
        return false;
    }
    atomic_store(&login->memory->presented[login->slot], mark);
    return true;
}

void login_end(struct login *login, enum pin_said said)
{
    struct login_memory *memory = login->memory;
    uint64_t mark = atomic_load(&memory->presented[login->slot]);

    if (said == PIN_REFUSED)
        atomic_compare_exchange_strong(&memory->accepted, &mark, 0);
    if (said == PIN_ACCEPTED) {
        atomic_store(&memory->lost, 0);
        atomic_store(&memory->accepted, mark);
    }
    if (said == PIN_ACCEPTED || said == PIN_UNSEEN)
        atomic_store(&memory->presented[login->slot], 0);
    atomic_store(&login->shared->slots[login->slot].logging_in, false);
}
