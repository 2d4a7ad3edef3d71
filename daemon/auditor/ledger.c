/* SPDX-License-Identifier: Apache-2.0 */
/* One write and one fdatasync for as many lines as there are. */
#include "daemon/auditor/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/auditor/shape.h"
#include "daemon/record.h"

/* Room for the last line, whatever it is. */
#define TAIL_MAX (2 * RECORD_MAX)
/* Lines wait in memory while the log cannot be written. The front lets no jobs through then, so
 * this is never reached by those under way; beyond it lines are counted only. */
#define WAITING_MAX (16 * 1024 * 1024)
#define PREFIX_MAX 64

/* The number of the last whole line in text, 0 where there is none. */
static uint64_t last_seq(char *text, size_t len)
{
    static const char mark[] = "{\"seq\":";

    while (len > 0 && text[len - 1] != '\n')
        len--;
    while (len > 0) {
        size_t end = --len;

        while (len > 0 && text[len - 1] != '\n')
            len--;
        text[end] = '\0';
        if (strncmp(text + len, mark, sizeof mark - 1) == 0)
            return strtoull(text + len + sizeof mark - 1, NULL, 10);
    }
    return 0;
}

static void collect(struct ledger *ledger, const char *text, size_t len)
{
    memcpy(ledger->lines + ledger->len, text, len);
    ledger->len += len;
}

static bool make_room(struct ledger *ledger, size_t need)
{
    size_t wanted = ledger->capacity ? ledger->capacity : 65536;
    char *grown;

    if (ledger->capacity - ledger->len >= need)
        return true;
    while (wanted - ledger->len < need)
        wanted *= 2;
    if (wanted > WAITING_MAX)
        return false;
    grown = realloc(ledger->lines, wanted);
    if (!grown)
        return false;
    ledger->lines = grown;
    ledger->capacity = wanted;
    return true;
}

/* Half a line that a crash left is ended before anything else is written. */
static void end_line(struct ledger *ledger)
{
    if (!make_room(ledger, 1))
        return;
    memmove(ledger->lines + 1, ledger->lines, ledger->len);
    ledger->lines[0] = '\n';
    ledger->len++;
}

void ledger_move(struct ledger *ledger, int fd)
{
    char tail[TAIL_MAX + 1];
    struct stat status;
    uint64_t last;
    ssize_t got = 0;

    ledger->fd = fd;
    ledger->written = 0;
    if (fstat(fd, &status) == 0 && status.st_size > 0)
        got = pread(fd, tail, TAIL_MAX, status.st_size > TAIL_MAX ? status.st_size - TAIL_MAX : 0);
    if (got <= 0)
        return;
    if (tail[got - 1] != '\n')
        end_line(ledger);
    last = last_seq(tail, (size_t)got);
    if (last >= ledger->next_seq)
        ledger->next_seq = last + 1;
}

void ledger_open(struct ledger *ledger, int fd)
{
    *ledger = (struct ledger){.next_seq = 1};
    ledger_move(ledger, fd);
}

static size_t put_seq(char *at, uint64_t value)
{
    char digits[20];
    size_t start = sizeof digits;

    do {
        digits[--start] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    memcpy(at, digits + start, sizeof digits - start);
    return sizeof digits - start;
}

bool ledger_add(struct ledger *ledger, const char *by, const char *record, size_t len)
{
    static const char seq[] = "{\"seq\":", who[] = ",\"by\":\"";
    uint64_t number = ledger->next_seq;

    if (len > RECORD_MAX || !shape_is_record(record, len))
        return false;
    ledger->next_seq++;
    if (!make_room(ledger, len + PREFIX_MAX)) {
        ledger->lost++;
        return true;
    }
    collect(ledger, seq, sizeof seq - 1);
    ledger->len += put_seq(ledger->lines + ledger->len, number);
    collect(ledger, who, sizeof who - 1);
    collect(ledger, by, strlen(by));
    collect(ledger, "\",", 2);
    collect(ledger, record + 1, len - 1);
    collect(ledger, "\n", 1);
    return true;
}

/* A file that was removed takes lines, and loses them. */
static bool has_name(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return false;
    errno = ENOENT;
    return status.st_nlink > 0;
}

static bool write_all(struct ledger *ledger)
{
    while (ledger->written < ledger->len) {
        ssize_t done =
            write(ledger->fd, ledger->lines + ledger->written, ledger->len - ledger->written);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            errno = done == 0 ? EIO : errno;
            return false;
        }
        ledger->written += (size_t)done;
    }
    return true;
}

bool ledger_commit(struct ledger *ledger)
{
    if (ledger->fd < 0) {
        errno = ENOENT;
        return false;
    }
    if (ledger->len == 0)
        return true;
    if (!write_all(ledger))
        return false;
    if (fdatasync(ledger->fd) != 0 || !has_name(ledger->fd)) {
        /* What the kernel failed to write it has forgotten: write it again, even if some lines
         * appear twice. */
        ledger->written = 0;
        return false;
    }
    ledger->len = ledger->written = 0;
    return true;
}

void ledger_free(struct ledger *ledger)
{
    free(ledger->lines);
    ledger->lines = NULL;
}
