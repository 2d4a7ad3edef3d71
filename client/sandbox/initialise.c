/* SPDX-License-Identifier: Apache-2.0 */
/* C_InitToken, C_Login as security officer, C_InitPIN. */
#include "client/sandbox/initialise.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/hex.h"
#include "p11/ckr.h"
#include "p11/module.h"

#define SO_PIN_BYTES 8
#define SLOTS_MAX 16

typedef bool slot_test(const CK_TOKEN_INFO *info);

static bool is_blank(const CK_TOKEN_INFO *info)
{
    return !(info->flags & CKF_TOKEN_INITIALIZED);
}

static bool is_nss_database(const CK_TOKEN_INFO *info)
{
    char label[33];

    p11_unpad(info->label, sizeof info->label, label, sizeof label);
    return strcmp(label, SANDBOX_NSS_LABEL) == 0;
}

static bool find_slot(CK_FUNCTION_LIST *functions, slot_test *test, CK_SLOT_ID *slot,
                      struct kf_error *err)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_RV rv = functions->C_GetSlotList(CK_TRUE, slots, &count);

    if (rv != CKR_OK)
        return ckr_fail(err, "C_GetSlotList", rv, 0);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        if (functions->C_GetTokenInfo(slots[i], &info) == CKR_OK && test(&info)) {
            *slot = slots[i];
            return true;
        }
    }
    return kf_fail(err, KF_UNAVAILABLE, "The module has no token that could be initialised.");
}

static bool set_pin(CK_FUNCTION_LIST *functions, CK_SLOT_ID slot, const char *so_pin,
                    const char *pin, struct kf_error *err)
{
    CK_SESSION_HANDLE session;
    CK_RV rv =
        functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);

    if (rv != CKR_OK)
        return ckr_fail(err, "C_OpenSession", rv, 0);
    rv = functions->C_Login(session, CKU_SO, (CK_UTF8CHAR *)so_pin, strlen(so_pin));
    if (rv != CKR_OK)
        return ckr_fail(err, "C_Login", rv, 0);
    rv = functions->C_InitPIN(session, (CK_UTF8CHAR *)pin, strlen(pin));
    if (rv != CKR_OK)
        return ckr_fail(err, "C_InitPIN", rv, 0);
    return true;
}

static bool init_token(CK_FUNCTION_LIST *functions, CK_SLOT_ID slot, const char *so_pin,
                       struct kf_error *err)
{
    CK_UTF8CHAR label[32];
    static const char text[] = "keyferry-sandbox";
    CK_RV rv;

    memset(label, ' ', sizeof label);
    memcpy(label, text, strlen(text));
    rv = functions->C_InitToken(slot, (CK_UTF8CHAR *)so_pin, strlen(so_pin), label);
    if (rv != CKR_OK)
        return ckr_fail(err, "C_InitToken", rv, 0);
    return true;
}

bool sandbox_initialise_blank(const char *path, const char *init_args, const char *pin,
                              struct kf_error *err)
{
    struct p11_module *module = NULL;
    CK_FUNCTION_LIST *functions;
    uint8_t bytes[SO_PIN_BYTES];
    char so_pin[2 * SO_PIN_BYTES + 1];
    CK_SLOT_ID slot;
    bool good;

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return kf_fail(err, KF_UNAVAILABLE, "No random bytes for a PIN: %s.", strerror(errno));
    hex_encode(bytes, sizeof bytes, so_pin);
    module = p11_module_open(path, init_args, err);
    if (!module)
        return false;
    functions = p11_module_functions(module);
    good = find_slot(functions, is_blank, &slot, err) && init_token(functions, slot, so_pin, err) &&
           set_pin(functions, slot, so_pin, pin, err);
    p11_module_close(module);
    return good;
}

bool sandbox_initialise_nss(const char *path, const char *init_args, const char *pin,
                            struct kf_error *err)
{
    struct p11_module *module = p11_module_open(path, init_args, err);
    CK_SLOT_ID slot;
    bool good;

    if (!module)
        return false;
    good = find_slot(p11_module_functions(module), is_nss_database, &slot, err) &&
           set_pin(p11_module_functions(module), slot, "", pin, err);
    p11_module_close(module);
    return good;
}
