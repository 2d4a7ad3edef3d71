/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and initialising, by dlopen: the module runs in this process's own arguments, not in
 * p11-kit's registry. */
#include "config.h"

#include "p11/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p11/ckr.h"

struct p11_module {
    void *library;
    CK_FUNCTION_LIST *functions;
    char description[80];
};

/* CK_C_INITIALIZE_ARGS as NSS softokn reads it: LibraryParameters where the standard has pReserved,
 * and pReserved behind. A module that keeps to the standard reads the same string at the same place
 * and never looks behind it. */
struct initialize_args {
    CK_C_INITIALIZE_ARGS standard;
    void *behind;
};

void p11_unpad(const CK_UTF8CHAR *field, size_t len, char *out, size_t room)
{
    while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\0'))
        len--;
    if (len >= room)
        len = room - 1;
    memcpy(out, field, len);
    out[len] = '\0';
}

static bool load(struct p11_module *module, const char *path, struct kf_error *err)
{
    CK_C_GetFunctionList get_list;
    double started;
    CK_RV rv;

    module->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module->library)
        return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_CONFIG, dlerror(),
                             "token.module: %s cannot be loaded; the daemon's log says why.", path);
    *(void **)&get_list = dlsym(module->library, "C_GetFunctionList");
    if (!get_list)
        return kf_fail_fault(
            err, KF_UNAVAILABLE, KF_FAULT_CONFIG, NULL,
            "token.module: %s is not a PKCS#11 module (it has no C_GetFunctionList).", path);
    started = ckr_clock();
    rv = get_list(&module->functions);
    if (rv != CKR_OK)
        return ckr_fail(err, "C_GetFunctionList", rv, ckr_clock() - started);
    return true;
}

static bool initialize(struct p11_module *module, const char *init_args, struct kf_error *err)
{
    struct initialize_args args = {.standard.flags = CKF_OS_LOCKING_OK};
    double started = ckr_clock();
    CK_RV rv;

    args.standard.pReserved = (void *)init_args;
    rv = module->functions->C_Initialize(&args);
    if (rv != CKR_OK)
        return ckr_fail(err, "C_Initialize", rv, ckr_clock() - started);
    return true;
}

static bool describe(struct p11_module *module, struct kf_error *err)
{
    double started = ckr_clock();
    CK_INFO info;
    CK_RV rv = module->functions->C_GetInfo(&info);
    char manufacturer[33], library[33];

    if (rv != CKR_OK)
        return ckr_fail(err, "C_GetInfo", rv, ckr_clock() - started);
    p11_unpad(info.manufacturerID, sizeof info.manufacturerID, manufacturer, sizeof manufacturer);
    p11_unpad(info.libraryDescription, sizeof info.libraryDescription, library, sizeof library);
    snprintf(module->description, sizeof module->description, "%s %s %u.%u", manufacturer, library,
             info.libraryVersion.major, info.libraryVersion.minor);
    return true;
}

struct p11_module *p11_module_open(const char *path, const char *init_args, struct kf_error *err)
{
    struct p11_module *module = calloc(1, sizeof *module);

    if (!module) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    if (!load(module, path, err))
        goto unload;
    if (!initialize(module, init_args, err))
        goto unload;
    if (!describe(module, err)) {
        p11_module_close(module);
        return NULL;
    }
    return module;

unload:
    if (module->library)
        dlclose(module->library);
    free(module);
    return NULL;
}

CK_FUNCTION_LIST *p11_module_functions(const struct p11_module *module)
{
    return module->functions;
}

const char *p11_module_description(const struct p11_module *module)
{
    return module->description;
}

void p11_module_close(struct p11_module *module)
{
    if (!module)
        return;
    module->functions->C_Finalize(NULL);
#ifndef KF_SANITIZERS
    /* What a module leaks is told from what we do by its name, which goes with its mapping. */
    dlclose(module->library);
#endif
    free(module);
}
