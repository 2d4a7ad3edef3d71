/* SPDX-License-Identifier: Apache-2.0 */
/* One locked page from the file to C_Login. */
#include "p11/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAIL(err, ...) kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_PIN, NULL, __VA_ARGS__)
#define PAGE 4096

/* All bytes there are, one more than a PIN and its line end at most, straight into the locked page.
 */
static ssize_t read_all(int fd, unsigned char *out, size_t room)
{
    size_t len = 0;

    while (len < room) {
        ssize_t n = read(fd, out + len, room - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static bool check_file(int fd, const char *path, struct kf_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return FAIL(err, "The PIN file %s cannot be examined: %s.", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return FAIL(err, "The PIN file %s is not a regular file.", path);
    if (st.st_mode & (S_IRWXO | S_IWGRP))
        return FAIL(err,
                    "The PIN file %s is open to others (mode %03o); it must not be more than 640.",
                    path, (unsigned)(st.st_mode & 0777));
    return true;
}

bool pin_read(const char *path, struct pin *pin, struct kf_error *err)
{
    ssize_t len;
    int fd = -1;
    bool good = false;

    pin->text = NULL;
    pin->len = 0;
    /* O_NONBLOCK: a pipe without a writer must be refused, not waited for. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return FAIL(err, "The PIN file %s cannot be read: %s.", path, strerror(errno));
    if (!check_file(fd, path, err))
        goto out;
    pin->text = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pin->text == MAP_FAILED || mlock(pin->text, PAGE) != 0) {
        FAIL(err, "No memory can be locked for the PIN: %s (see LimitMEMLOCK=).", strerror(errno));
        goto out;
    }
    /* A module may start processes, and may allow core dumps: neither gets a copy. */
    madvise(pin->text, PAGE, MADV_DONTDUMP);
    madvise(pin->text, PAGE, MADV_WIPEONFORK);
    len = read_all(fd, pin->text, PIN_MAX + sizeof "\r\n");
    if (len < 0) {
        FAIL(err, "The PIN file %s cannot be read: %s.", path, strerror(errno));
        goto out;
    }
    if (len > 0 && pin->text[len - 1] == '\n')
        len--;
    if (len > 0 && pin->text[len - 1] == '\r')
        len--;
    if (len == 0 || len > PIN_MAX) {
        FAIL(err, "The PIN file %s must hold 1 to %d characters.", path, PIN_MAX);
        goto out;
    }
    pin->len = (size_t)len;
    good = true;

out:
    close(fd);
    return good;
}

void pin_wipe(struct pin *pin)
{
    if (!pin->text || pin->text == MAP_FAILED)
        return;
    explicit_bzero(pin->text, PAGE);
    munlock(pin->text, PAGE);
    munmap(pin->text, PAGE);
    pin->text = NULL;
    pin->len = 0;
}
