/* SPDX-License-Identifier: Apache-2.0 */
/* Which PINs are presented: none twice that was not accepted. */
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/siphash.h"
#include "daemon/worker/login.h"
#include "test/unit/suite.h"

struct host {
    struct shared shared;
    struct login_memory memory;
};

static void host_make(struct host *host)
{
    memset(host, 0, sizeof *host);
    host->memory.key[0] = 1;
}

static bool begin(struct host *host, unsigned slot, const char *pin)
{
    struct login login = {&host->memory, &host->shared, slot};
    struct kf_error err = {0};
    bool good = login_begin(&login, (const unsigned char *)pin, strlen(pin), &err);

    ck_assert_int_eq(err.fault, good ? KF_FAULT_NONE : KF_FAULT_PIN);
    if (good)
        ck_assert(atomic_load(&host->shared.slots[slot].logging_in));
    return good;
}

static void end(struct host *host, unsigned slot, enum pin_said said)
{
    struct login login = {&host->memory, &host->shared, slot};

    login_end(&login, said);
    ck_assert(!atomic_load(&host->shared.slots[slot].logging_in));
}

/* As the parent sees it. */
static void died(struct host *host, unsigned slot)
{
    atomic_store(&host->shared.slots[slot].logging_in, false);
}

START_TEST(a_refused_pin_is_not_presented_again)
{
    struct host host;

    host_make(&host);
    ck_assert(begin(&host, 3, "1234"));
    end(&host, 3, PIN_REFUSED);
    ck_assert(!begin(&host, 3, "1234"));
    ck_assert(!begin(&host, 0, "1234"));
    ck_assert(begin(&host, 0, "12345"));
    end(&host, 0, PIN_ACCEPTED);
    ck_assert(begin(&host, 1, "12345"));
}
END_TEST

START_TEST(a_worker_that_dies_leaves_it_open)
{
    struct host host;

    host_make(&host);
    ck_assert(begin(&host, 1, "1234"));
    died(&host, 1);
    ck_assert(!begin(&host, 1, "1234")); /* its own successor */
    ck_assert(!begin(&host, 0, "1234"));
}
END_TEST

START_TEST(an_answer_about_something_else_leaves_it_open)
{
    struct host host;

    host_make(&host);
    ck_assert(begin(&host, 0, "1234"));
    end(&host, 0, PIN_UNSEEN);
    ck_assert(begin(&host, 1, "1234"));
    end(&host, 1, PIN_OPEN);
    ck_assert(!begin(&host, 0, "1234"));
    ck_assert(!begin(&host, 1, "1234"));
}
END_TEST

/* And no other outlives any, nor this one after it was refused. */
START_TEST(an_accepted_pin_outlives_some_deaths)
{
    struct host host;

    host_make(&host);
    for (unsigned round = 0; round < 2; round++) {
        ck_assert(begin(&host, 0, "1234"));
        end(&host, 0, PIN_ACCEPTED);
        for (unsigned death = 0; death < LOGIN_LOST_MAX; death++) {
            ck_assert(begin(&host, death, "1234"));
            died(&host, death);
        }
    }
    ck_assert(begin(&host, 1, "1234"));
    died(&host, 1);
    ck_assert(!begin(&host, 2, "1234"));
    ck_assert(!begin(&host, 1, "1234"));
    /* Then it is presented now and then. */
    atomic_fetch_sub(&host.memory.lost_ms, LOGIN_PATIENCE_MS);
    ck_assert(begin(&host, 3, "1234"));
    died(&host, 3);
    ck_assert(!begin(&host, 4, "1234"));
    ck_assert(begin(&host, 2, "other"));
    died(&host, 2);
    ck_assert(!begin(&host, 2, "other"));
}
END_TEST

START_TEST(a_pin_refused_since_outlives_none)
{
    struct host host;

    host_make(&host);
    ck_assert(begin(&host, 0, "1234"));
    end(&host, 0, PIN_ACCEPTED);
    ck_assert(begin(&host, 1, "1234"));
    end(&host, 1, PIN_REFUSED);
    ck_assert(!begin(&host, 0, "1234"));
    ck_assert(!begin(&host, 1, "1234"));
}
END_TEST

/* Three processes log in at the same moment, many times: one at a time has the PIN, and the mark of
 * one that is just accepted does not look like one that was refused. */
START_TEST(one_at_a_time_logs_in)
{
    enum { ROUNDS = 60, PROCESSES = 3 };
    struct side_by_side {
        struct host host;
        _Atomic unsigned arrived, inside, hindered, together;
    } *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned slot = 0;
    int status;

    ck_assert(all != MAP_FAILED);
    host_make(&all->host);
    while (slot + 1 < PROCESSES && fork() == 0)
        slot++;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct login login = {&all->host.memory, &all->host.shared, slot};
        struct kf_error err = {0};

        atomic_fetch_add(&all->arrived, 1);
        while (atomic_load(&all->arrived) < PROCESSES * round)
            sched_yield();
        if (!login_begin(&login, (const unsigned char *)"1234", 4, &err)) {
            atomic_fetch_add(&all->hindered, 1);
            continue;
        }
        if (atomic_fetch_add(&all->inside, 1) > 0)
            atomic_fetch_add(&all->together, 1);
        sched_yield();
        atomic_fetch_sub(&all->inside, 1);
        login_end(&login, PIN_ACCEPTED);
    }
    if (slot + 1 < PROCESSES)
        ck_assert(wait(&status) > 0 && WIFEXITED(status));
    if (slot > 0)
        _exit(0);
    ck_assert_uint_eq(atomic_load(&all->hindered), 0);
    ck_assert_uint_eq(atomic_load(&all->together), 0);
    munmap(all, sizeof *all);
}
END_TEST

/* The paper's appendix A, and the reference implementation's vector of no bytes. */
START_TEST(siphash_as_published)
{
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    const uint8_t text[15] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

    ck_assert(siphash(key, text, sizeof text) == 0xa129ca6149be45e5);
    ck_assert(siphash(key, text, 0) == 0x726fdb47dd0e0e31);
}
END_TEST

SUITE_MAIN("login", a_refused_pin_is_not_presented_again, a_worker_that_dies_leaves_it_open,
           an_accepted_pin_outlives_some_deaths, a_pin_refused_since_outlives_none,
           one_at_a_time_logs_in, an_answer_about_something_else_leaves_it_open,
           siphash_as_published)
