/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a failure travels. Every function that can fail returns false and fills in a kf_error: the
 * status a client will see (one of AWS's exceptions), a sentence for the client, a detail for the
 * log, and what the failure says about the token. The first failure wins: what follows from it
 * never hides it.
 */
#ifndef KF_BASE_ERROR_H
#define KF_BASE_ERROR_H

#include <stdbool.h>

/* The numbers are the protocol's (wire/keyferry.proto, enum Status). */
enum kf_status {
    KF_OK = 0,
    KF_VALIDATION = 1,
    KF_NOT_FOUND = 2,
    KF_CONFLICT = 3,
    KF_ACCESS_DENIED = 4,
    KF_THROTTLING = 5,
    KF_UNAVAILABLE = 6,
    KF_INTERNAL = 7,
};

/* What a failure says about the token, and so what the worker has to do next. */
enum kf_fault {
    KF_FAULT_NONE,    /* the request was at fault, or nothing was asked of the token */
    KF_FAULT_STALE,   /* an object handle no longer names an object: look it up again */
    KF_FAULT_SESSION, /* the session is gone: open a new one */
    KF_FAULT_LOGIN,   /* the login is gone: log in again */
    KF_FAULT_MODULE,  /* module or device is unusable: a new process is needed */
    KF_FAULT_BUSY,    /* out of memory or sessions, or a function cancelled: later */
    KF_FAULT_PIN,     /* the PIN is wrong, locked or expired: never try again by itself */
    KF_FAULT_CONFIG,  /* the configuration does not fit module or token */
};

#define KF_MESSAGE_MAX 512
#define KF_DETAIL_MAX 256

struct kf_error {
    enum kf_status status;
    enum kf_fault fault;
    char
        message[KF_MESSAGE_MAX]; /* for the client: names the field and the rule, says what to do */
    char detail[KF_DETAIL_MAX];  /* for the log only: the PKCS#11 call, the CKR, errno; may be empty
                                  */
};

/* Both record a failure unless one is recorded already; return false so that a caller can return
 * it. */
bool kf_fail(struct kf_error *err, enum kf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool kf_fail_fault(struct kf_error *err, enum kf_status status, enum kf_fault fault,
                   const char *detail, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Puts the request's member before the message of a refusal that was recorded without it: "KeyArn:
 * There is no key/...". Only what the member is at fault for: not found, conflict. */
void kf_error_name_field(struct kf_error *err, const char *field);

/* Forgets a recorded failure, before another way is tried. */
void kf_error_clear(struct kf_error *err);

/* "ValidationException" and so on; "OK" for KF_OK. Static text. */
const char *kf_status_name(enum kf_status status);

#endif
