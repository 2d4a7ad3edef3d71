/* SPDX-License-Identifier: Apache-2.0 */
/* One write(2) a line, so that lines of several processes on one stderr never mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
    const char *process;
    enum log_level level;
} log_state = {"keyferryd", LOG_LEVEL_INFO};

void log_setup(const char *process, enum log_level level)
{
    log_state.process = process;
    log_state.level = level;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "info";
}

void log_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    int head, body;
    size_t len;
    ssize_t written;

    if (level > log_state.level)
        return;
    if (getenv("JOURNAL_STREAM"))
        head = snprintf(line, sizeof line, "<%d>%s: ", (int)level, log_state.process);
    else
        head =
            snprintf(line, sizeof line, "keyferryd[%s] %s: ", log_state.process, level_name(level));
    if (head < 0 || (size_t)head >= sizeof line - 2)
        return;
    va_start(args, format);
    body = vsnprintf(line + head, sizeof line - 1 - (size_t)head, format, args);
    va_end(args);
    if (body < 0)
        return;
    len = (size_t)head + (size_t)body;
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    line[len] = '\0';
    log_one_line(line + head); /* a text from outside must not be able to forge a second one */
    line[len++] = '\n';
    written = write(STDERR_FILENO, line, len);
    (void)written; /* nowhere is left to report that the log cannot be written */
}
