/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A logged-in session with the one token of this process. Never C_Logout: login and logout are the
 * whole process's, and a worker has nothing else to do.
 */
#ifndef KF_P11_SESSION_H
#define KF_P11_SESSION_H

#include "base/error.h"
#include "p11/pin.h"
#include "p11/slot.h"

struct p11_session;

struct p11_settings {
    const char *module;    /* absolute path */
    const char *uri;       /* RFC 7512 */
    const char *init_args; /* NULL: none */
    const char *pin_path;
    /* Asked before the PIN is presented (false: it is not), and told when the token has answered;
     * both NULL, or neither. */
    bool (*pin_begin)(void *context, const unsigned char *pin, size_t len, struct kf_error *err);
    void (*pin_end)(void *context, bool refused);
    void *pin_context;
};

/*
 * Loads the module, finds the token, opens a read-write session and logs in. A PIN is presented
 * only where the token does not say that the next wrong one would lock it (CKF_USER_PIN_FINAL_TRY,
 * CKF_USER_PIN_LOCKED); a PIN error is KF_FAULT_PIN.
 */
struct p11_session *p11_session_open(const struct p11_settings *settings, struct kf_error *err);
const struct p11_token_info *p11_session_token(const struct p11_session *session);
const char *p11_session_library(const struct p11_session *session);

/*
 * A call that failed may have left something in the session: an object whose handle nobody was
 * told, an operation that is still active. p11_session_doubt notes that; p11_session_renew then
 * takes a new session in the place of the old one, with which all of its objects go. The login
 * stays, as it is the process's. On failure the process has nothing it could go on with.
 */
void p11_session_doubt(struct p11_session *session);
bool p11_session_doubtful(const struct p11_session *session);
bool p11_session_renew(struct p11_session *session, struct kf_error *err);

void p11_session_close(struct p11_session *session);

/* For the wrappers of calls.c only. */
CK_FUNCTION_LIST *p11_session_functions(const struct p11_session *session);
CK_SESSION_HANDLE p11_session_handle(const struct p11_session *session);

#endif
