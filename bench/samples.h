/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measuring several processes that do the same: each takes samples of how long one export took,
 * into memory that the measuring process shares with them, and one line sums them up.
 */
#ifndef KF_BENCH_SAMPLES_H
#define KF_BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct samples;

/* What one process does. done() must be called after each export, with when it began; false ends
 * the measuring. */
typedef bool sample_body(struct samples *samples, void *context);

/*
 * Runs body in this many processes for this many seconds, counted from when all have called
 * sample_ready, and writes "exports=N seconds=S rate=R p50_us=… p99_us=…" to stdout. False where
 * one of them failed.
 */
bool samples_run(unsigned processes, double seconds, sample_body *body, void *context);

/* For a body: it has warmed up; waits for the others. */
void sample_ready(struct samples *samples);
uint64_t sample_now_ns(void);
/* One export that began then is done; false when the time is up. */
bool sample_done(struct samples *samples, uint64_t begin_ns);

#endif
