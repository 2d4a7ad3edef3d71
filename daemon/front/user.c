/* SPDX-License-Identifier: Apache-2.0 */
/* Who has connections: few at a time, so a list. A user is there as long as his connections are. */
#include <stdlib.h>

#include "daemon/front/front.h"

struct user *user_of(struct front *front, uid_t uid)
{
    struct user *user = front->users;

    while (user && user->uid != uid)
        user = user->next;
    if (user)
        return user;
    user = calloc(1, sizeof *user);
    if (!user)
        return NULL;
    user->uid = uid;
    user->next = front->users;
    if (user->next)
        user->next->previous = user;
    front->users = user;
    return user;
}

void user_release(struct front *front, struct user *user)
{
    if (user->connections > 0)
        return;
    if (user->previous)
        user->previous->next = user->next;
    else
        front->users = user->next;
    if (user->next)
        user->next->previous = user->previous;
    free(user);
}
