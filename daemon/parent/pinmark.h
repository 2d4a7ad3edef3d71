/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the PIN source has changed, told from its file's metadata alone: the parent never reads a
 * PIN. And the same of the module's file, which it never loads. */
#ifndef KF_DAEMON_PARENT_PINMARK_H
#define KF_DAEMON_PARENT_PINMARK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "conf/conf.h"

struct pin_mark {
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct pin_mark pin_mark_take(const struct conf_token *token);
struct pin_mark pin_mark_of_module(const struct conf_token *token);
bool pin_mark_same(const struct pin_mark *one, const struct pin_mark *other);

#endif
