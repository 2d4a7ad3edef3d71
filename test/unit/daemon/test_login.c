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

static void end(struct host *host, unsigned slot, bool refused)
{
    struct login login = {&host->memory, &host->shared, slot};

    login_end(&login, refused);
    ck_assert(!atomic_load(&host->shared.slots[slot].logging_in));
}

START_TEST(a_refused_pin_is_not_presented_again)
{
    struct host host;

    host_make(&host);
    ck_assert(begin(&host, 3, "1234"));
    end(&host, 3, true);
    ck_assert(!begin(&host, 3, "1234"));
    ck_assert(!begin(&host, 0, "1234"));
    ck_assert(begin(&host, 0, "12345"));
    end(&host, 0, false);
    ck_assert(begin(&host, 1, "12345"));
}
END_TEST

START_TEST(a_worker_that_dies_leaves_it_open)
{
    struct host host;

    host_make(&host);
    ck_assert(begin(&host, 1, "1234"));
    ck_assert(begin(&host, 2, "1234")); /* beside it */
    end(&host, 2, false);
    ck_assert(!begin(&host, 1, "1234"));                   /* its own successor */
    atomic_store(&host.shared.slots[1].logging_in, false); /* the parent has seen the end */
    ck_assert(!begin(&host, 0, "1234"));
}
END_TEST

/* Two processes log in at the same moment, many times: the mark of one that is just accepted must
 * not look like one that was refused. */
START_TEST(logins_at_once_do_not_hinder_each_other)
{
    enum { ROUNDS = 20000 };
    struct side_by_side {
        struct host host;
        _Atomic unsigned arrived, hindered;
    } *both = mmap(NULL, sizeof *both, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t other;
    int status;

    ck_assert(both != MAP_FAILED);
    host_make(&both->host);
    other = fork();
    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct login login = {&both->host.memory, &both->host.shared, other == 0};
        struct kf_error err = {0};

        atomic_fetch_add(&both->arrived, 1);
        while (atomic_load(&both->arrived) < 2 * round)
            sched_yield();
        if (login_begin(&login, (const unsigned char *)"1234", 4, &err))
            login_end(&login, false);
        else
            atomic_fetch_add(&both->hindered, 1);
    }
    if (other == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_uint_eq(atomic_load(&both->hindered), 0);
    munmap(both, sizeof *both);
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
           logins_at_once_do_not_hinder_each_other, siphash_as_published)
