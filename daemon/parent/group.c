/* SPDX-License-Identifier: Apache-2.0 */
/* getgrnam, with an error that says what to do. */
#include "daemon/parent/group.h"

#include <grp.h>

bool group_find(const struct conf *conf, bool *has_group, gid_t *group, struct kf_error *err)
{
    const struct group *found;

    *has_group = false;
    if (!conf->access.group)
        return true;
    found = getgrnam(conf->access.group);
    if (!found)
        return conf_fail(
            conf, "access.group", err,
            "access.group is \"%s\", and there is no group of that name; make it, or name another",
            conf->access.group);
    *has_group = true;
    *group = found->gr_gid;
    return true;
}
