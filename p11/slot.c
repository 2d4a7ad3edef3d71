/* SPDX-License-Identifier: Apache-2.0 */
/* p11-kit parses and matches the URI; counting the matches is ours. */
#include "p11/slot.h"

#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p11/ckr.h"

/* More than any module has. */
#define SLOTS_MAX 65536

#define CONFIG(err, ...) kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_CONFIG, NULL, __VA_ARGS__)

static P11KitUri *parse(const char *text, struct kf_error *err)
{
    P11KitUri *uri = p11_kit_uri_new();
    int rc;

    if (!uri) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    rc = p11_kit_uri_parse(text, P11_KIT_URI_FOR_TOKEN | P11_KIT_URI_FOR_MODULE, uri);
    if (rc != P11_KIT_URI_OK)
        CONFIG(err, "token.uri: not a PKCS#11 URI (RFC 7512): %s.", p11_kit_uri_message(rc));
    else if (p11_kit_uri_any_unrecognized(uri))
        CONFIG(err, "token.uri: has an attribute that does not choose a token; use token, serial, "
                    "model, manufacturer.");
    else if (p11_kit_uri_get_pin_value(uri) || p11_kit_uri_get_pin_source(uri))
        CONFIG(err, "token.uri: must not have pin-value or pin-source; the PIN comes from "
                    "token.pin-file or "
                    "token.pin-credential.");
    else
        return uri;
    p11_kit_uri_free(uri);
    return NULL;
}

static CK_SLOT_ID *list_slots(CK_FUNCTION_LIST *functions, CK_ULONG *count, struct kf_error *err)
{
    double started = ckr_clock();
    CK_SLOT_ID *slots = NULL;
    CK_RV rv = functions->C_GetSlotList(CK_TRUE, NULL, count);
    CK_ULONG room = *count;

    if (rv == CKR_OK && room > SLOTS_MAX)
        rv = CKR_GENERAL_ERROR;
    if (rv == CKR_OK) {
        slots = calloc(room + 1, sizeof *slots);
        if (!slots)
            rv = CKR_HOST_MEMORY;
        else
            rv = functions->C_GetSlotList(CK_TRUE, slots, count);
        if (rv == CKR_OK && *count > room)
            rv = CKR_GENERAL_ERROR;
    }
    if (rv != CKR_OK) {
        ckr_fail(err, "C_GetSlotList", rv, ckr_clock() - started);
        free(slots);
        return NULL;
    }
    return slots;
}

static void fill(struct p11_token_info *token, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
    token->slot = slot;
    token->flags = info->flags;
    p11_unpad(info->label, sizeof info->label, token->label, sizeof token->label);
    p11_unpad(info->manufacturerID, sizeof info->manufacturerID, token->manufacturer,
              sizeof token->manufacturer);
    p11_unpad(info->model, sizeof info->model, token->model, sizeof token->model);
    p11_unpad(info->serialNumber, sizeof info->serialNumber, token->serial, sizeof token->serial);
}

bool p11_slot_same_token(const struct p11_token_info *token, const CK_TOKEN_INFO *info)
{
    struct p11_token_info now;

    fill(&now, token->slot, info);
    return strcmp(now.label, token->label) == 0 && strcmp(now.serial, token->serial) == 0 &&
           strcmp(now.manufacturer, token->manufacturer) == 0 &&
           strcmp(now.model, token->model) == 0;
}

bool p11_slot_find(const struct p11_module *module, const char *uri_text,
                   struct p11_token_info *token, struct kf_error *err)
{
    CK_FUNCTION_LIST *functions = p11_module_functions(module);
    CK_ULONG count = 0, matches = 0, initialised = 0;
    CK_SLOT_ID *slots = NULL;
    P11KitUri *uri = parse(uri_text, err);
    bool good = false;

    if (!uri)
        return false;
    slots = list_slots(functions, &count, err);
    if (!slots)
        goto out;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        if (functions->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            !(info.flags & CKF_TOKEN_INITIALIZED))
            continue;
        initialised++;
        if (p11_kit_uri_match_token_info(uri, &info) && matches++ == 0)
            fill(token, slots[i], &info);
    }
    if (matches == 1)
        good = true;
    else if (matches == 0) /* it may come: a network HSM that restarts, a card that is put in */
        kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_MODULE, NULL,
                      "token.uri: %s matches none of the module's %lu initialised tokens.",
                      uri_text, initialised);
    else
        CONFIG(err, "token.uri: %s matches %lu tokens; it must name exactly one (add serial=).",
               uri_text, matches);

out:
    free(slots);
    p11_kit_uri_free(uri);
    return good;
}
