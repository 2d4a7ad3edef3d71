/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's shorthand syntax, the way to write a structure on a command line without JSON:
 *
 *     parameter = keyval *("," keyval)
 *     keyval    = key "=" values / key "@=" values
 *     values    = value *("," value) / list / hash
 *     list      = "[" [item *("," item)] "]"
 *     hash      = "{" [key "=" item *("," key "=" item)] "}"
 *     item      = list / hash / value
 *     value     = plain / "'" quoted "'" / '"' quoted '"'
 *
 * as in KeyUsage=TR31_B0_BASE_DERIVATION_KEY,KeyModesOfUse={DeriveKey=true}. After "@=",
 * file://PATH stands for the file's text; the values a,b,c are a list of three.
 *
 * A plain value ends before a comma (written "\," where it belongs to the value), a quote or a
 * closing bracket; blanks around it are dropped. In quotes, the same quote and a backslash are
 * written behind a backslash. Every value is a string: which are booleans or numbers, the shapes
 * know.
 */
#ifndef KF_CLIENT_SHORTHAND_H
#define KF_CLIENT_SHORTHAND_H

#include <jansson.h>

#include "client/outcome.h"

/* *object becomes a new object, the caller's. A syntax error is a usage error that names option,
 * what was expected and where. Unlike AWS's parser, this one takes no key twice, in hashes neither.
 */
enum outcome shorthand_parse(const char *text, const char *option, json_t **object,
                             struct kf_error *err);

#endif
