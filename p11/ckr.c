/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#11 v2.40 / v3.0, "Function return values". */
#include "p11/ckr.h"

#include <stdio.h>

#include "base/clock.h"

struct row {
    CK_RV rv;
    const char *name;
    enum kf_fault fault;
};

#define ROW(name, fault)              \
    {                                 \
        name, #name, KF_FAULT_##fault \
    }

/* In the order of their numbers. NONE: the request, or our use of the token, is at fault. */
static const struct row rows[] = {
    ROW(CKR_OK, NONE),
    ROW(CKR_CANCEL, BUSY),
    ROW(CKR_HOST_MEMORY, BUSY),
    ROW(CKR_SLOT_ID_INVALID, MODULE),
    ROW(CKR_GENERAL_ERROR, MODULE),
    ROW(CKR_FUNCTION_FAILED, BUSY),
    ROW(CKR_ARGUMENTS_BAD, NONE),
    ROW(CKR_NO_EVENT, NONE),
    ROW(CKR_NEED_TO_CREATE_THREADS, CONFIG),
    ROW(CKR_CANT_LOCK, CONFIG),
    ROW(CKR_ATTRIBUTE_READ_ONLY, NONE),
    ROW(CKR_ATTRIBUTE_SENSITIVE, NONE),
    ROW(CKR_ATTRIBUTE_TYPE_INVALID, NONE),
    ROW(CKR_ATTRIBUTE_VALUE_INVALID, NONE),
    {0x1BUL, "CKR_ACTION_PROHIBITED", KF_FAULT_NONE},
    ROW(CKR_DATA_INVALID, NONE),
    ROW(CKR_DATA_LEN_RANGE, NONE),
    ROW(CKR_DEVICE_ERROR, MODULE),
    ROW(CKR_DEVICE_MEMORY, BUSY),
    ROW(CKR_DEVICE_REMOVED, MODULE),
    ROW(CKR_ENCRYPTED_DATA_INVALID, NONE),
    ROW(CKR_ENCRYPTED_DATA_LEN_RANGE, NONE),
    ROW(CKR_FUNCTION_CANCELED, BUSY),
    ROW(CKR_FUNCTION_NOT_PARALLEL, NONE),
    ROW(CKR_FUNCTION_NOT_SUPPORTED, NONE),
    ROW(CKR_KEY_HANDLE_INVALID, STALE),
    ROW(CKR_KEY_SIZE_RANGE, NONE),
    ROW(CKR_KEY_TYPE_INCONSISTENT, NONE),
    ROW(CKR_KEY_NOT_NEEDED, NONE),
    ROW(CKR_KEY_CHANGED, NONE),
    ROW(CKR_KEY_NEEDED, NONE),
    ROW(CKR_KEY_INDIGESTIBLE, NONE),
    ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, NONE),
    ROW(CKR_KEY_NOT_WRAPPABLE, NONE),
    ROW(CKR_KEY_UNEXTRACTABLE, NONE),
    ROW(CKR_MECHANISM_INVALID, NONE),
    ROW(CKR_MECHANISM_PARAM_INVALID, NONE),
    ROW(CKR_OBJECT_HANDLE_INVALID, STALE),
    ROW(CKR_OPERATION_ACTIVE, SESSION),
    ROW(CKR_OPERATION_NOT_INITIALIZED, SESSION),
    ROW(CKR_PIN_INCORRECT, PIN),
    ROW(CKR_PIN_INVALID, PIN),
    ROW(CKR_PIN_LEN_RANGE, PIN),
    ROW(CKR_PIN_EXPIRED, PIN),
    ROW(CKR_PIN_LOCKED, PIN),
    ROW(CKR_SESSION_CLOSED, SESSION),
    ROW(CKR_SESSION_COUNT, BUSY),
    ROW(CKR_SESSION_HANDLE_INVALID, SESSION),
    ROW(CKR_SESSION_PARALLEL_NOT_SUPPORTED, CONFIG),
    ROW(CKR_SESSION_READ_ONLY, CONFIG),
    ROW(CKR_SESSION_EXISTS, SESSION),
    ROW(CKR_SESSION_READ_ONLY_EXISTS, SESSION),
    ROW(CKR_SESSION_READ_WRITE_SO_EXISTS, SESSION),
    ROW(CKR_SIGNATURE_INVALID, NONE),
    ROW(CKR_SIGNATURE_LEN_RANGE, NONE),
    ROW(CKR_TEMPLATE_INCOMPLETE, NONE),
    ROW(CKR_TEMPLATE_INCONSISTENT, NONE),
    ROW(CKR_TOKEN_NOT_PRESENT, MODULE),
    ROW(CKR_TOKEN_NOT_RECOGNIZED, MODULE),
    ROW(CKR_TOKEN_WRITE_PROTECTED, CONFIG),
    ROW(CKR_UNWRAPPING_KEY_HANDLE_INVALID, STALE),
    ROW(CKR_UNWRAPPING_KEY_SIZE_RANGE, NONE),
    ROW(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, NONE),
    ROW(CKR_USER_ALREADY_LOGGED_IN, NONE),
    ROW(CKR_USER_NOT_LOGGED_IN, LOGIN),
    ROW(CKR_USER_PIN_NOT_INITIALIZED, PIN),
    ROW(CKR_USER_TYPE_INVALID, CONFIG),
    ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, CONFIG),
    ROW(CKR_USER_TOO_MANY_TYPES, CONFIG),
    ROW(CKR_WRAPPED_KEY_INVALID, NONE),
    ROW(CKR_WRAPPED_KEY_LEN_RANGE, NONE),
    ROW(CKR_WRAPPING_KEY_HANDLE_INVALID, STALE),
    ROW(CKR_WRAPPING_KEY_SIZE_RANGE, NONE),
    ROW(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, NONE),
    ROW(CKR_RANDOM_SEED_NOT_SUPPORTED, NONE),
    ROW(CKR_RANDOM_NO_RNG, CONFIG),
    ROW(CKR_DOMAIN_PARAMS_INVALID, NONE),
    ROW(CKR_BUFFER_TOO_SMALL, NONE),
    ROW(CKR_SAVED_STATE_INVALID, NONE),
    ROW(CKR_INFORMATION_SENSITIVE, NONE),
    ROW(CKR_STATE_UNSAVEABLE, NONE),
    ROW(CKR_CRYPTOKI_NOT_INITIALIZED, MODULE),
    ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, MODULE),
    ROW(CKR_MUTEX_BAD, MODULE),
    ROW(CKR_MUTEX_NOT_LOCKED, MODULE),
    ROW(CKR_FUNCTION_REJECTED, NONE),
};

static const struct row *find_row(CK_RV rv)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].rv == rv)
            return &rows[i];
    return NULL;
}

const char *ckr_name(CK_RV rv)
{
    const struct row *row = find_row(rv);

    return row ? row->name : NULL;
}

enum kf_fault ckr_fault(CK_RV rv)
{
    const struct row *row = find_row(rv);

    /* A vendor's own code: nothing is known but that the call failed, so a new process is the safe
     * cure. */
    return row ? row->fault : KF_FAULT_MODULE;
}

static enum kf_status fault_status(enum kf_fault fault)
{
    return fault == KF_FAULT_NONE ? KF_INTERNAL : KF_UNAVAILABLE;
}

static const char *fault_sentence(enum kf_fault fault)
{
    switch (fault) {
    case KF_FAULT_NONE:
        return "The token refused a step of this operation; the daemon's log names it.";
    case KF_FAULT_STALE:
        return "An object of this operation has just gone from the token; try again.";
    case KF_FAULT_SESSION:
    case KF_FAULT_LOGIN:
        return "The session with the token was lost; try again.";
    case KF_FAULT_MODULE:
        return "The token does not answer as it should; try again later.";
    case KF_FAULT_BUSY:
        return "The token is short of resources; try again.";
    case KF_FAULT_PIN:
        return "The token does not accept the daemon's PIN; the operator must correct it.";
    case KF_FAULT_CONFIG:
        return "The token does not fit the daemon's configuration; the operator must correct it.";
    }
    return "The token failed.";
}

double ckr_clock(void)
{
    return (double)clock_us() / 1e3;
}

bool ckr_fail(struct kf_error *err, const char *call, CK_RV rv, double milliseconds)
{
    const char *name = ckr_name(rv);
    enum kf_fault fault = ckr_fault(rv);
    char detail[KF_DETAIL_MAX];

    if (name)
        snprintf(detail, sizeof detail, "%s: %s after %.1f ms", call, name, milliseconds);
    else
        snprintf(detail, sizeof detail, "%s: CKR 0x%lX after %.1f ms", call, rv, milliseconds);
    return kf_fail_fault(err, fault_status(fault), fault, detail, "%s", fault_sentence(fault));
}
