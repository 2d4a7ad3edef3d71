/* SPDX-License-Identifier: Apache-2.0 */
/* The configured group's number, looked up once, before anything is served. */
#ifndef KF_DAEMON_PARENT_GROUP_H
#define KF_DAEMON_PARENT_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "conf/conf.h"

/* *has_group is false where the configuration names none. Fails where there is no group of that
 * name. */
bool group_find(const struct conf *conf, bool *has_group, gid_t *group, struct kf_error *err);

#endif
