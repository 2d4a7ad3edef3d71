/* SPDX-License-Identifier: Apache-2.0 */
/* stat, and a comparison member by member. */
#include "daemon/parent/pinmark.h"

#include <limits.h>

static struct pin_mark mark_of(const char *path)
{
    struct pin_mark mark = {0};
    struct stat status;

    if (stat(path, &status) != 0)
        return mark;
    mark.there = true;
    mark.device = status.st_dev;
    mark.inode = status.st_ino;
    mark.size = status.st_size;
    mark.changed = status.st_ctim; /* a change of mode counts too */
    return mark;
}

struct pin_mark pin_mark_take(const struct conf_token *token)
{
    struct pin_mark none = {0};
    char path[PATH_MAX];
    struct kf_error ignored = {0};

    return conf_pin_path(token, path, sizeof path, &ignored) ? mark_of(path) : none;
}

struct pin_mark pin_mark_of_module(const struct conf_token *token)
{
    return mark_of(token->module);
}

bool pin_mark_same(const struct pin_mark *one, const struct pin_mark *other)
{
    return one->there == other->there && one->device == other->device &&
           one->inode == other->inode && one->size == other->size &&
           one->changed.tv_sec == other->changed.tv_sec &&
           one->changed.tv_nsec == other->changed.tv_nsec;
}
