/* SPDX-License-Identifier: Apache-2.0 */
/* From what the file says to what holds: defaults, ranges, and rules between keys. Private to
 * conf/. */
#ifndef KF_CONF_CHECK_H
#define KF_CONF_CHECK_H

#include <stdbool.h>

#include "base/error.h"
#include "conf/conf.h"
#include "conf/lines.h"
#include "conf/raw.h"

/* Where a message is about: the file's name and the lines of its keys. */
struct check_place {
    const char *name;
    const struct lines *lines;
};

/* Records "NAME:LINE: " and the message, a KF_FAULT_CONFIG; key may be NULL. Returns false. */
bool check_fail(const struct check_place *place, const char *key, struct kf_error *err,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Fills in conf, whose texts are those of raw, and whose list of anchors is *anchors, the caller's
 * to free whatever comes back. */
bool check_conf(const struct raw_conf *raw, const struct check_place *place, struct conf *conf,
                struct conf_anchor **anchors, struct kf_error *err);

#endif
