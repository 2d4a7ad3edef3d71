/* SPDX-License-Identifier: Apache-2.0 */
/* Failures to notify are not ours to handle: systemd's own timeouts take over. */
#include "daemon/parent/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

static uint64_t read_watchdog(void)
{
    const char *interval = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");

    if (!interval || (pid && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    return strtoull(interval, NULL, 10) / 2000;
}

void notify_open(struct notify *notify)
{
    const char *path = getenv("NOTIFY_SOCKET");

    *notify = (struct notify){.socket = -1};
    if (path && (*path == '/' || *path == '@') && strlen(path) < sizeof notify->address.sun_path) {
        notify->address.sun_family = AF_UNIX;
        strcpy(notify->address.sun_path, path);
        notify->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
        if (*path == '@')
            notify->address.sun_path[0] = '\0'; /* the abstract name space */
        notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        notify->watchdog_ms = read_watchdog();
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_send(const struct notify *notify, const char *format, ...)
{
    char text[KF_MESSAGE_MAX * 2];
    va_list args;
    int len;

    if (notify->socket < 0)
        return;
    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len > 0)
        (void)sendto(notify->socket, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                     (const struct sockaddr *)&notify->address, notify->address_len);
}

void notify_reloading(const struct notify *notify)
{
    /* To the microsecond: Type=notify-reload does not take what is earlier than its signal. */
    notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_us());
}

int notify_watchdog(struct notify *notify, uint64_t now)
{
    if (notify->socket < 0 || notify->watchdog_ms == 0)
        return -1;
    if (now - notify->pinged_ms >= notify->watchdog_ms) {
        notify_send(notify, "WATCHDOG=1");
        notify->pinged_ms = now;
    }
    return (int)(notify->pinged_ms + notify->watchdog_ms - now);
}

void notify_close(struct notify *notify)
{
    if (notify->socket >= 0)
        close(notify->socket);
    notify->socket = -1;
}
