/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going from one configuration to another. What is with a worker or with the auditor stays as it
 * was decided; whatever has not been given to a worker yet is looked at anew, so that no request is
 * judged by one configuration and carried out under another.
 */
#include "daemon/front/front.h"

/* Refusals have places of their own in the table: they too are under way until they are recorded.
 */
size_t options_jobs(const struct control_options *options)
{
    size_t wanted = options->limits.jobs + REFUSALS_MAX;

    return wanted < JOBS_MAX ? wanted : JOBS_MAX;
}

void options_take(struct front *front, const struct control_options *options)
{
    front->options = *options;
    front->jobs.capacity = options_jobs(options);
    log_setup("front", options->log_level);
    for (struct connection *each = front->connections; each; each = each->next)
        connection_review(each);
}
