/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's notification protocol (sd_notify(3)), by hand: datagrams of NAME=VALUE lines to
 * $NOTIFY_SOCKET. */
#ifndef KF_DAEMON_PARENT_NOTIFY_H
#define KF_DAEMON_PARENT_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    int socket; /* -1: nobody asked */
    struct sockaddr_un address;
    socklen_t address_len;
    uint64_t watchdog_ms; /* how often systemd wants to hear from us, halved; 0: not at all */
    uint64_t pinged_ms;
};

/* Reads the environment, and takes the variables out of it, so that no child answers in our name.
 */
void notify_open(struct notify *notify);
void notify_send(const struct notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Says that the configuration is being read again; READY=1 says that this is over. */
void notify_reloading(const struct notify *notify);
/* Sends WATCHDOG=1 when it is time; returns the milliseconds until the next time, -1 for never. */
int notify_watchdog(struct notify *notify, uint64_t now);
void notify_close(struct notify *notify);

#endif
