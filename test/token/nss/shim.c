/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets pkcs11-tool and other tools open NSS softokn. Softokn refuses the standard C_Initialize: it
 * wants its database in a structure of its own. This module is softokn's function list with
 * C_Initialize replaced by one that passes the database's directory.
 *
 *     cc -shared -fPIC -o nss-shim.so shim.c $(pkg-config --cflags p11-kit-1) -ldl
 *
 * Environment: KEYFERRY_NSS_CONFIGDIR, the directory of the database; KEYFERRY_NSS_MODULE, the path
 * of libsoftokn3.so (default: as the dynamic linker finds it).
 */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <p11-kit/pkcs11.h>

/* CK_C_INITIALIZE_ARGS as NSS has it: one pointer more than the standard's. */
struct nss_initialize_args {
    CK_CREATEMUTEX create_mutex;
    CK_DESTROYMUTEX destroy_mutex;
    CK_LOCKMUTEX lock_mutex;
    CK_UNLOCKMUTEX unlock_mutex;
    CK_FLAGS flags;
    char *library_parameters;
    void *reserved;
};

/* Global because C_Initialize and C_GetFunctionList have no other way to share them. */
static CK_FUNCTION_LIST functions;
static CK_C_Initialize softokn_initialize;

static CK_RV initialize(void *init_args)
{
    const char *directory = getenv("KEYFERRY_NSS_CONFIGDIR");
    char parameters[4096];
    struct nss_initialize_args args = {
        .flags = CKF_OS_LOCKING_OK,
        .library_parameters = parameters,
    };
    int length;

    (void)init_args;
    if (!directory) {
        fprintf(stderr, "nss shim: KEYFERRY_NSS_CONFIGDIR is not set\n");
        return CKR_ARGUMENTS_BAD;
    }
    length = snprintf(parameters, sizeof parameters, "configDir='sql:%s' flags=", directory);
    if (length < 0 || (size_t)length >= sizeof parameters) {
        return CKR_ARGUMENTS_BAD;
    }
    return softokn_initialize(&args);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
    const char *path = getenv("KEYFERRY_NSS_MODULE");
    CK_C_GetFunctionList get_list;
    CK_FUNCTION_LIST *softokn;
    void *library;
    CK_RV rv;

    library = dlopen(path ? path : "libsoftokn3.so", RTLD_NOW);
    if (!library) {
        fprintf(stderr, "nss shim: %s\n", dlerror());
        return CKR_GENERAL_ERROR;
    }
    /* POSIX has dlsym() give functions as object pointers */
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    if (!get_list) {
        fprintf(stderr, "nss shim: %s\n", dlerror());
        return CKR_GENERAL_ERROR;
    }
    rv = get_list(&softokn);
    if (rv != CKR_OK) {
        return rv;
    }
    functions = *softokn;
    softokn_initialize = softokn->C_Initialize;
    functions.C_Initialize = initialize;
    *list = &functions;
    return CKR_OK;
}
