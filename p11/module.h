/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module, loaded by its path and initialised. One process loads one module, once, after
 * its last fork: a child of a process that called C_Initialize can use the parent's sessions and
 * nothing warns of it.
 */
#ifndef KF_P11_MODULE_H
#define KF_P11_MODULE_H

#include "base/error.h"
#include "p11/cryptoki.h"

struct p11_module;

/*
 * Loads path (absolute) and calls C_Initialize with OS locking. init_args, where not NULL, is the
 * vendor's string: it is handed over as pReserved and, for NSS, as its LibraryParameters (an NSS
 * module takes it one pointer further). Failures are KF_FAULT_CONFIG or what the CKR says.
 */
struct p11_module *p11_module_open(const char *path, const char *init_args, struct kf_error *err);
CK_FUNCTION_LIST *p11_module_functions(const struct p11_module *module);
/* "manufacturer description version" of C_GetInfo, without padding; owned by the module. */
const char *p11_module_description(const struct p11_module *module);
/* C_Finalize and unload. NULL is allowed. */
void p11_module_close(struct p11_module *module);

/* A space-padded field of PKCS#11's as a string; room counts the NUL. */
void p11_unpad(const CK_UTF8CHAR *field, size_t len, char *out, size_t room);

#endif
