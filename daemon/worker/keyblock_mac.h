/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MAC of key blocks of version B and D: CMAC(KBMK, header ‖ payload), where the payload is an
 * object in the token. Header and payload are whole cipher blocks, so the last step takes the
 * subkey K1; the rest is the CBC encryption that the token makes of both.
 */
#ifndef KF_DAEMON_WORKER_KEYBLOCK_MAC_H
#define KF_DAEMON_WORKER_KEYBLOCK_MAC_H

#include "daemon/worker/kbpk.h"

/* The CBC state that the header (len characters, whole blocks) leaves, one block to state. */
bool keyblock_mac_header(const struct p11_token *token, struct kbpk *kbpk, const char *header,
                         size_t len, uint8_t *state, struct kf_error *err);

/* The MAC, one block to mac: goes on from the header's state with the payload, a generic secret of
 * len bytes (whole blocks, P11_WRAP_MAX at most), into whose last block the token xors K1. */
bool keyblock_mac_payload(const struct p11_token *token, const struct kbpk *kbpk,
                          const uint8_t *state, CK_OBJECT_HANDLE payload, size_t len, uint8_t *mac,
                          struct kf_error *err);

#endif
