/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as the parent hands it on: to itself, to front and auditor, to workers. */
#ifndef KF_DAEMON_PARENT_SETTINGS_H
#define KF_DAEMON_PARENT_SETTINGS_H

#include "conf/conf.h"
#include "daemon/ipc.h"

struct settings {
    struct conf *conf;
    int fd; /* the file's bytes, which workers read; -1 where conf is NULL */
    struct control_options options;
    int64_t read_ms; /* when the file was read: ms since 1970 */
};

/* Reads the file and checks it as a whole, its group and the limit of
 * descriptors too. started_ms: clock_ms() when the daemon
 * began. On failure settings has nothing in it, and err is conf_load's. */
bool settings_load(struct settings *settings, const char *path, uint64_t started_ms,
                   struct kf_error *err);
/* Leaves nothing in it. */
void settings_free(struct settings *settings);

#endif
