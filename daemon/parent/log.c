/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping the auditor's log where its name is. Who moves it away, as logrotate does, or removes it,
 * would have the auditor go on in a file that nobody looks at. The auditor knows no path, so the
 * parent looks; what a removed file took in between the auditor itself sees and withholds.
 */
#include <unistd.h>

#include "daemon/parent/auditlog.h"
#include "daemon/parent/parent.h"

#define LOOK_MS 1000

static void tell_auditor(struct parent *parent, int fd)
{
    struct control message = {.kind = CONTROL_LOG};

    if (parent->auditor.pid > 0 && !control_send(parent->auditor.control, &message, fd))
        parent_restart(parent, "auditor takes no more messages");
}

static void open_anew(struct parent *parent)
{
    const char *path = parent->settings.conf->audit.path;
    struct kf_error err = {0};
    int fd = auditlog_open(path, &err);

    if (fd >= 0) {
        log_info("The audit log %s was moved or removed: going on in a new one.", path);
        close(parent->log_fd);
        parent->log_fd = fd;
        tell_auditor(parent, fd);
    } else if (!parent->log_gone) {
        log_error("The audit log was moved or removed. %s", err.message);
        tell_auditor(parent, -1);
    }
    parent->log_gone = fd < 0;
}

void log_tick(struct parent *parent, uint64_t now)
{
    if (now - parent->log_looked_ms < LOOK_MS)
        return;
    parent->log_looked_ms = now;
    if (!auditlog_is_at(parent->log_fd, parent->settings.conf->audit.path)) {
        open_anew(parent);
    } else if (parent->log_gone) { /* it was put back */
        parent->log_gone = false;
        tell_auditor(parent, parent->log_fd);
    }
}
