/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key serial number of DUKPT. TDES (X9.24-1): 10 bytes, of which the last 21 bits count
 * transactions. AES (X9.24-3): 12 bytes, which are the BDK's id, the derivation id and the counter,
 * 4 bytes of each; the first 8 are the initial key's id. An initial key depends on everything but
 * the counter. Pure text and bits.
 */
#ifndef KF_DUKPT_KSN_H
#define KF_DUKPT_KSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tr31/attributes.h"

#define DUKPT_KSN_MAX 12
/* What the initial key is derived from at its longest, in bytes: two AES blocks. */
#define DUKPT_DATA_MAX 32
/* The longest text of an optional block here: that of KS. */
#define DUKPT_BLOCK_MAX 20

struct dukpt_ksn {
    enum key_algorithm bdk; /* KEY_TDES_2KEY or an AES: what the KSN's form goes by */
    size_t len;             /* bytes: 10 for TDES, 12 for AES */
    uint8_t bytes[DUKPT_KSN_MAX];
    char text[2 * DUKPT_KSN_MAX + 1]; /* as it was given, counter and all */
};

/* Whether DUKPT has initial keys for a BDK of this algorithm: TDES_2KEY and AES. */
bool dukpt_has_algorithm(enum key_algorithm bdk);

/* Reads the request's KeySerialNumber for such a BDK: exactly 20 (TDES) or 24 (AES) upper-case hex
 * digits. text may be NULL: it is missing. Errors are KF_VALIDATION. */
bool dukpt_ksn_parse(enum key_algorithm bdk, const char *text, struct dukpt_ksn *ksn,
                     struct kf_error *err);

/*
 * What the optional block of this id says of the KSN (X9.143:2021 6.3.6): KS the KSN with its
 * counter zero (TDES, 20 hex digits), IK the initial key's id (AES, 16), BI the key set's id (00
 * and 10) or the BDK's (01 and 8). False, and nothing written, for any other id and for a KS of an
 * AES or an IK of a TDES key, which the standard does not have.
 */
bool dukpt_ksn_write_block(const struct dukpt_ksn *ksn, const char *id,
                           char out[DUKPT_BLOCK_MAX + 1]);

/*
 * What is encrypted under the BDK, in ECB, for the initial key; returns its length in bytes.
 * TDES: the KSN register, 8 bytes, which gives the left half under the BDK and the right half under
 * the BDK's mask variant. AES: one block or two, of whose encryption the first
 * key_algorithm_bytes(bdk) bytes are the initial key.
 */
size_t dukpt_derivation_data(const struct dukpt_ksn *ksn, uint8_t out[DUKPT_DATA_MAX]);

#endif
