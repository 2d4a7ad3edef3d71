/* SPDX-License-Identifier: Apache-2.0 */
/* The file is read once: whatever becomes of it, all processes have the same. */
#include "daemon/parent/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "daemon/parent/group.h"
#include "daemon/process.h"

/* The configuration's bytes, kept in memory. Of a file that is too long no more is kept than
 * conf_load_fd refuses. -1 where it cannot be read. */
static int keep(const char *path, struct kf_error *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int copy = memfd_create("keyferry-configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char bytes[4096];
    size_t kept = 0;
    ssize_t got = 0;
    bool good = file >= 0 && copy >= 0;

    while (good && kept < CONF_BYTES_MAX && (got = read(file, bytes, sizeof bytes)) > 0) {
        good = write(copy, bytes, (size_t)got) == got;
        kept += (size_t)got;
    }
    good = good && got >= 0 &&
           fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
    if (!good) {
        kf_fail(err, KF_VALIDATION, "%s: cannot be read: %s", path, strerror(errno));
        if (copy >= 0)
            close(copy);
    }
    if (file >= 0)
        close(file);
    return good ? copy : -1;
}

static int64_t time_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The front has a descriptor for each connection, and takes what the hard limit allows. */
static bool check_files(const struct conf *conf, struct kf_error *err)
{
    uint64_t needed = (uint64_t)conf->limits.connections + FRONT_OTHER_FDS;
    uint64_t allowed = process_files_max();

    return needed <= allowed ||
           conf_fail(
               conf, "limits.connections", err,
               "limits.connections is %u, for which the daemon needs %llu descriptors, and may "
               "have %llu; allow fewer connections, or more descriptors (LimitNOFILE= of the "
               "unit, ulimit -Hn)",
               conf->limits.connections, (unsigned long long)needed, (unsigned long long)allowed);
}

static bool fill(struct settings *settings, uint64_t started_ms, struct kf_error *err)
{
    struct control_options *options = &settings->options;

    options->log_level = settings->conf->log_level;
    options->max_frame = settings->conf->socket.max_frame;
    options->workers = settings->conf->workers;
    options->limits = settings->conf->limits;
    options->owner = geteuid();
    options->started_ms = started_ms;
    settings->read_ms = time_ms();
    return check_files(settings->conf, err) &&
           group_find(settings->conf, &options->has_group, &options->group, err);
}

bool settings_load(struct settings *settings, const char *path, uint64_t started_ms,
                   struct kf_error *err)
{
    *settings = (struct settings){.fd = keep(path, err)};
    if (settings->fd >= 0)
        settings->conf = conf_load_fd(settings->fd, path, err);
    if (settings->conf && fill(settings, started_ms, err))
        return true;
    settings_free(settings);
    return false;
}

void settings_free(struct settings *settings)
{
    conf_free(settings->conf);
    if (settings->fd >= 0)
        close(settings->fd);
    *settings = (struct settings){.fd = -1};
}
