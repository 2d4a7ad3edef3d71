/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's log: one line an event, to stderr, which systemd takes into the journal. Where
 * stderr is the journal the line carries the journal's own priority prefix ("<4>"), elsewhere the
 * level's name. Nothing that a screen should not show may be logged: no key, no optional block
 * text, no PIN.
 */
#ifndef KF_BASE_LOG_H
#define KF_BASE_LOG_H

/* syslog's numbers, as the journal reads them. */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Process-wide by nature, like stderr itself: set after exec, before the first line, and where the
 * level changes. process: "front", "worker 0" and so on; kept by reference. */
void log_setup(const char *process, enum log_level level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes a text one line: its control characters become spaces. */
void log_one_line(char *text);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
