/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and the one login. */
#include "p11/session.h"

#include <stdlib.h>

#include "p11/ckr.h"

struct p11_session {
    struct p11_module *module;
    struct p11_token_info token;
    CK_SESSION_HANDLE handle;
    bool doubtful;
};

static bool pin_allowed(const struct p11_token_info *token, struct kf_error *err)
{
    const char *why = NULL;

    if (token->flags & CKF_USER_PIN_LOCKED)
        why = "the token's user PIN is locked; the security officer must unlock it";
    else if (token->flags & CKF_USER_PIN_TO_BE_CHANGED)
        why = "the token demands a new user PIN before it lets anyone in";
    else if (token->flags & CKF_USER_PIN_FINAL_TRY)
        why = "one more wrong PIN would lock the token; log in once by hand with the right one";
    if (why)
        return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_PIN, NULL, "No PIN was presented: %s.",
                             why);
    return true;
}

/* Answers to a call that came to no PIN: there was no token, session or memory for it, or somebody
 * is logged in. An error "of the device", or a vendor's own, may be any token's word for a wrong
 * one. */
static bool is_unseen(CK_RV rv)
{
    static const CK_RV unseen[] = {
        CKR_HOST_MEMORY,
        CKR_SLOT_ID_INVALID,
        CKR_ARGUMENTS_BAD,
        CKR_DEVICE_REMOVED,
        CKR_OPERATION_ACTIVE,
        CKR_SESSION_CLOSED,
        CKR_SESSION_HANDLE_INVALID,
        CKR_SESSION_READ_ONLY_EXISTS,
        CKR_TOKEN_NOT_PRESENT,
        CKR_TOKEN_NOT_RECOGNIZED,
        CKR_USER_ALREADY_LOGGED_IN,
        CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
        CKR_USER_TOO_MANY_TYPES,
        CKR_CRYPTOKI_NOT_INITIALIZED,
    };

    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
        if (unseen[i] == rv)
            return true;
    return false;
}

static enum pin_said said_of_pin(CK_RV rv, const struct kf_error *err)
{
    if (rv == CKR_OK)
        return PIN_ACCEPTED;
    if (err->fault == KF_FAULT_PIN)
        return PIN_REFUSED;
    return is_unseen(rv) ? PIN_UNSEEN : PIN_OPEN;
}

static bool login(struct p11_session *session, const struct p11_settings *settings,
                  struct kf_error *err)
{
    CK_FUNCTION_LIST *functions = p11_module_functions(session->module);
    struct pin pin = {0};
    bool good = false;
    double started;
    CK_RV rv;

    if (!pin_allowed(&session->token, err))
        return false;
    if (!pin_read(settings->pin_path, &pin, err))
        goto out;
    if (settings->pin_begin && !settings->pin_begin(settings->pin_context, pin.text, pin.len, err))
        goto out;
    started = ckr_clock();
    rv = functions->C_Login(session->handle, CKU_USER, pin.text, pin.len);
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
        ckr_fail(err, "C_Login", rv, ckr_clock() - started);
    else
        good = true;
    if (settings->pin_end)
        settings->pin_end(settings->pin_context, said_of_pin(rv, err));

out:
    pin_wipe(&pin);
    return good;
}

static bool open_session(struct p11_session *session, struct kf_error *err)
{
    double started = ckr_clock();
    CK_RV rv = p11_session_functions(session)->C_OpenSession(
        session->token.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session->handle);

    if (rv == CKR_OK)
        return true;
    session->handle = CK_INVALID_HANDLE;
    return ckr_fail(err, "C_OpenSession", rv, ckr_clock() - started);
}

struct p11_session *p11_session_open(const struct p11_settings *settings, struct kf_error *err)
{
    struct p11_session *session = calloc(1, sizeof *session);

    if (!session) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    session->handle = CK_INVALID_HANDLE;
    session->module = p11_module_open(settings->module, settings->init_args, err);
    if (!session->module)
        goto fail;
    if (!p11_slot_find(session->module, settings->uri, &session->token, err))
        goto fail;
    if (!open_session(session, err) || !login(session, settings, err))
        goto fail;
    return session;

fail:
    p11_session_close(session);
    return NULL;
}

const struct p11_token_info *p11_session_token(const struct p11_session *session)
{
    return &session->token;
}

const char *p11_session_library(const struct p11_session *session)
{
    return p11_module_description(session->module);
}

CK_FUNCTION_LIST *p11_session_functions(const struct p11_session *session)
{
    return p11_module_functions(session->module);
}

CK_SESSION_HANDLE p11_session_handle(const struct p11_session *session)
{
    return session->handle;
}

void p11_session_doubt(struct p11_session *session)
{
    session->doubtful = true;
}

bool p11_session_doubtful(const struct p11_session *session)
{
    return session->doubtful;
}

/* The new one first: with its last session a process loses its login. */
bool p11_session_renew(struct p11_session *session, struct kf_error *err)
{
    CK_SESSION_HANDLE old = session->handle;
    double started;
    CK_RV rv;

    if (!open_session(session, err)) {
        session->handle = old;
        return false;
    }
    started = ckr_clock();
    rv = p11_session_functions(session)->C_CloseSession(old);
    if (rv != CKR_OK)
        return ckr_fail(err, "C_CloseSession", rv, ckr_clock() - started);
    session->doubtful = false;
    return true;
}

void p11_session_close(struct p11_session *session)
{
    if (!session)
        return;
    if (session->handle != CK_INVALID_HANDLE)
        p11_session_functions(session)->C_CloseSession(session->handle);
    p11_module_close(session->module);
    free(session);
}
