/* SPDX-License-Identifier: Apache-2.0 */
/* What the front itself can say of a request: its frame, its operation, its user, and whether there
 * is a worker for it. */
#include "daemon/front/judge.h"

#include <stdio.h>

#include "daemon/front/policy.h"

static void deny(struct verdict *verdict, enum kf_status status, const char *message)
{
    verdict->status = status;
    snprintf(verdict->message, sizeof verdict->message, "%s", message);
}

/* The one body that the front reads; it has no members, so it must be empty. */
static void judge_status(const struct wire_request *request, struct verdict *verdict)
{
    keyferry_StatusRequest body;
    struct kf_error err = {0};

    if (!wire_body_decode(request->body, request->body_len, keyferry_StatusRequest_fields, &body,
                          &err))
        deny(verdict, KF_VALIDATION, err.message);
}

static void judge_request(const struct connection *connection, const struct wire_request *request,
                          struct verdict *verdict)
{
    const struct front *front = connection->front;
    const struct operation *operation = operation_find(request->operation);
    const char *obstacle = front_obstacle(front);
    uid_t uid = connection->peer.uid;

    if (!operation) {
        verdict->status = KF_VALIDATION;
        snprintf(verdict->message, sizeof verdict->message, "There is no operation number %u.",
                 request->operation);
    } else if (!policy_allows(uid, connection->member, front->options.owner, operation->class)) {
        verdict->status = KF_ACCESS_DENIED;
        policy_explain(uid, connection->member, operation, verdict->message,
                       sizeof verdict->message);
    } else if (request->operation == keyferry_Operation_OPERATION_STATUS) {
        judge_status(request, verdict);
    } else if (obstacle) {
        deny(verdict, KF_UNAVAILABLE, obstacle);
    }
}

void judge(const struct connection *connection, enum frame_result got, const uint8_t *frame,
           size_t len, struct wire_request *request, struct verdict *verdict)
{
    *verdict = (struct verdict){.status = KF_OK};
    *request = (struct wire_request){0};
    if (got == FRAME_TOO_LONG) {
        verdict->status = KF_VALIDATION;
        verdict->poisons = true;
        snprintf(verdict->message, sizeof verdict->message,
                 "The request is longer than %u bytes; the connection is closed.",
                 connection->front->options.max_frame);
    } else if (!wire_request_decode(frame, len, request)) {
        verdict->poisons = true;
        request->operation = 0;
        deny(verdict, KF_VALIDATION, "The request is malformed; the connection is closed.");
    } else {
        judge_request(connection, request, verdict);
    }
}
