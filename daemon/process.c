/* SPDX-License-Identifier: Apache-2.0 */
/* A core dump or a debugger of the same user would show what the PIN and the module's memory are
 * kept from showing. */
#include "daemon/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Where one of 0, 1, 2 is closed, the next file opened would take its number, and the lines of the
 * log would be written into it: into the audit log, say. */
static void fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void process_harden(void)
{
    struct rlimit none = {0, 0};

    fill_standard_descriptors();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    /* A program started through /proc/self/exe is called "exe" otherwise. */
    prctl(PR_SET_NAME, "keyferryd", 0, 0, 0);
}

uint64_t process_files_max(void)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_max : 0;
}

void process_raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

bool process_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}
