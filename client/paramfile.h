/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are in files: file://PATH, fileb://PATH and base64://PATH. */
#ifndef KF_CLIENT_PARAMFILE_H
#define KF_CLIENT_PARAMFILE_H

#include "client/outcome.h"

/* *text becomes the value to use, which the caller frees: the file's whole text where value begins
 * with file:// or fileb://, base64 of its bytes where it begins with base64:// (what members that
 * hold a certificate or another document take), else a copy of value. "~/" at the path's start is
 * the home directory. */
enum outcome paramfile_resolve(const char *value, const char *option, char **text,
                               struct kf_error *err);

#endif
