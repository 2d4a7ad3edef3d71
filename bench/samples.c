/* SPDX-License-Identifier: Apache-2.0 */
/* Samples in shared memory. */
#include "bench/samples.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Latencies kept of each process; later ones are only counted. */
#define KEPT 200000
#define POLL_NS 1000000

struct samples {
    _Atomic unsigned *waiting; /* processes that are not ready yet */
    uint64_t duration_ns, end_ns;
    uint64_t *count;
    uint32_t *latency_ns;
};

struct shared {
    _Atomic unsigned waiting;
};

uint64_t sample_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void sample_ready(struct samples *samples)
{
    struct timespec nap = {.tv_nsec = POLL_NS};

    atomic_fetch_sub(samples->waiting, 1);
    while (atomic_load(samples->waiting) > 0)
        nanosleep(&nap, NULL);
    samples->end_ns = sample_now_ns() + samples->duration_ns;
}

bool sample_done(struct samples *samples, uint64_t begin_ns)
{
    uint64_t now = sample_now_ns();

    if (now > samples->end_ns)
        return false;
    if (*samples->count < KEPT)
        samples->latency_ns[*samples->count] = (uint32_t)(now - begin_ns);
    ++*samples->count;
    return true;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* Puts the kept latencies of all processes side by side at the beginning; returns how many there
 * are. */
static size_t gather(uint32_t *latencies, const uint64_t *counts, unsigned processes)
{
    size_t kept = 0;

    for (unsigned i = 0; i < processes; i++) {
        const uint32_t *from = latencies + (size_t)i * KEPT;

        for (uint64_t j = 0; j < counts[i] && j < KEPT; j++)
            latencies[kept++] = from[j];
    }
    return kept;
}

static void report(uint32_t *latencies, const uint64_t *counts, unsigned processes, double seconds)
{
    size_t kept = gather(latencies, counts, processes);
    uint64_t total = 0;

    for (unsigned i = 0; i < processes; i++)
        total += counts[i];
    qsort(latencies, kept, sizeof *latencies, compare);
    printf("exports=%llu seconds=%.1f rate=%.0f p50_us=%.1f p99_us=%.1f\n",
           (unsigned long long)total, seconds, (double)total / seconds,
           kept ? latencies[kept / 2] / 1000.0 : 0.0,
           kept ? latencies[kept * 99 / 100] / 1000.0 : 0.0);
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return memory;
}

static bool all_succeeded(_Atomic unsigned *waiting)
{
    bool good = true;
    int status;

    while (wait(&status) > 0) {
        if (status != 0) {
            good = false;
            /* The others must not wait for one that is gone. */
            atomic_store(waiting, 0);
        }
    }
    return good;
}

bool samples_run(unsigned processes, double seconds, sample_body *body, void *context)
{
    struct shared *shared = share(sizeof *shared);
    uint64_t *counts = share(processes * sizeof *counts);
    uint32_t *latencies = share((size_t)processes * KEPT * sizeof *latencies);

    atomic_store(&shared->waiting, processes);
    fflush(stdout);
    for (unsigned i = 0; i < processes; i++) {
        if (fork() == 0) {
            struct samples samples = {
                .waiting = &shared->waiting,
                .duration_ns = (uint64_t)(seconds * 1e9),
                .count = &counts[i],
                .latency_ns = latencies + (size_t)i * KEPT,
            };

            _exit(body(&samples, context) ? 0 : 1);
        }
    }
    if (!all_succeeded(&shared->waiting))
        return false;
    report(latencies, counts, processes, seconds);
    return true;
}
