/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of PKCS#11 return values: their names for the log, what each says about the token
 * (kf_fault), and so which status a client gets. A client never sees a raw CKR.
 */
#ifndef KF_P11_CKR_H
#define KF_P11_CKR_H

#include "base/error.h"
#include "p11/cryptoki.h"

/* "CKR_KEY_HANDLE_INVALID"; "CKR_0x80000001" style text for unknown ones is made by ckr_describe.
 * NULL if unknown. */
const char *ckr_name(CK_RV rv);
enum kf_fault ckr_fault(CK_RV rv);

/* Milliseconds of a clock that only goes forward: calls are timed with it. */
double ckr_clock(void);

/* Records the failure of a call: its name, CKR and time go to err->detail, the client's sentence
 * and status follow from the fault. Returns false. */
bool ckr_fail(struct kf_error *err, const char *call, CK_RV rv, double milliseconds);

#endif
