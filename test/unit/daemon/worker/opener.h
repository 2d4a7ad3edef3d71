/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving party: opens a version B or D key block with the KBPK's bytes, by OpenSSL, sharing
 * nothing with tr31/ and the exporter. */
#ifndef KF_TEST_UNIT_DAEMON_WORKER_OPENER_H
#define KF_TEST_UNIT_DAEMON_WORKER_OPENER_H

#include <stddef.h>
#include <stdint.h>

struct opened {
    char header[17];
    uint8_t key[64];
    size_t key_len, padding_len;
    uint8_t padding[64];
};

/* Fails the test where the block is malformed or its MAC is wrong. */
void open_block(const char *block, const uint8_t *kbpk, size_t kbpk_len, struct opened *out);

#endif
