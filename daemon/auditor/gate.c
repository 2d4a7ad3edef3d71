/* SPDX-License-Identifier: Apache-2.0 */
/* Two buffers of answers on either side of one commit. */
#include "config.h"

#include "daemon/auditor/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/end.h"

#define SELF "auditor"

void gate_open(struct gate *gate, int log_fd)
{
    *gate = (struct gate){0};
    ledger_open(&gate->ledger, log_fd);
    gate->durable = gate->ledger.next_seq - 1;
}

/* Without an answer or a mark the front would wait for ever. The parent starts everything anew, and
 * clients see their connections close. */
static void need(bool done)
{
    if (done)
        return;
    log_error("Answers cannot be kept: memory is short.");
    end_process(1);
}

bool gate_add(struct gate *gate, const char *by, uint64_t origin, const struct result *result)
{
    const struct answer_head head = {ANSWER_RECORDED, result->number, origin};

    if (!ledger_add(&gate->ledger, by, result->record, result->record_len))
        return false;
    need(answer_put(&gate->held, &head, result->response, result->response_len));
    return true;
}

void gate_worker_gone(struct gate *gate, uint64_t origin)
{
    const struct answer_head head = {.kind = ANSWER_WORKER_GONE, .origin = origin};

    need(answer_put(&gate->held, &head, NULL, 0));
}

static void add_own(struct gate *gate, struct record *record)
{
    ledger_add(&gate->ledger, SELF, record->text, record_end(record));
}

void gate_event(struct gate *gate, const char *event)
{
    char text[256];
    struct record record;

    record_open(&record, text, sizeof text);
    record_text(&record, "event", event);
    record_number(&record, "pid", (uint64_t)getpid());
    record_text(&record, "version", PACKAGE_VERSION);
    add_own(gate, &record);
}

void gate_move(struct gate *gate, int log_fd)
{
    if (gate->ledger.fd >= 0)
        close(gate->ledger.fd);
    ledger_move(&gate->ledger, log_fd);
    /* So that numbers go on from the first line of a new file, whenever the daemon ends. */
    if (log_fd >= 0)
        gate_event(gate, "move");
}

/* Lets everything that is held go on. */
static void let_go(struct gate *gate)
{
    size_t len;
    const uint8_t *data;

    frame_out_data(&gate->open, &len);
    if (len == 0) {
        struct frame_out empty = gate->open;

        gate->open = gate->held;
        gate->held = empty;
        return;
    }
    data = frame_out_data(&gate->held, &len);
    need(frame_out_splice(&gate->open, data, len));
    frame_out_written(&gate->held, len);
}

/* Replaces each held answer by the news that it was withheld; marks stay marks. */
static void withhold(struct gate *gate)
{
    size_t len;
    const uint8_t *data = frame_out_data(&gate->held, &len);
    struct frame_in view = {.data = (uint8_t *)data, .end = len, .max_frame = ANSWER_FRAME_MAX};
    const uint8_t *frame, *bytes;
    size_t frame_len, bytes_len;
    struct answer_head head;

    while (frame_in_next(&view, &frame, &frame_len) == FRAME_READY) {
        if (!answer_get(frame, frame_len, &head, &bytes, &bytes_len))
            continue;
        if (head.kind == ANSWER_RECORDED)
            head.kind = ANSWER_WITHHELD;
        need(answer_put(&gate->open, &head, NULL, 0));
    }
    frame_out_written(&gate->held, len);
}

static void go_down(struct gate *gate, int cause)
{
    const struct answer_head head = {.kind = ANSWER_LOG_DOWN};
    char reason[KF_MESSAGE_MAX];

    snprintf(reason, sizeof reason, "The audit log cannot be written: %s.", strerror(cause));
    log_error("%s Nothing is answered until it can.", reason);
    gate->down = true;
    need(answer_put(&gate->open, &head, reason, strlen(reason)));
}

/* The log takes lines again: it must also say which of those before are about answers that never
 * left. */
static void note_withheld(struct gate *gate)
{
    char text[256];
    struct record record;

    record_open(&record, text, sizeof text);
    record_text(&record, "event", "withheld");
    record_number(&record, "from", gate->withheld_from);
    record_number(&record, "to", gate->durable);
    record_number(&record, "lost", gate->ledger.lost);
    gate->withheld_from = 0;
    gate->ledger.lost = 0;
    add_own(gate, &record);
}

static bool commit(struct gate *gate)
{
    if (!ledger_commit(&gate->ledger))
        return false;
    gate->durable = gate->ledger.next_seq - 1;
    return true;
}

void gate_pass(struct gate *gate)
{
    const struct answer_head up = {.kind = ANSWER_LOG_UP};
    /* A line that was lost for want of memory is as little on disk as one that was not written. */
    bool lost = gate->ledger.lost > 0;

    if (!gate->down && !lost && commit(gate)) {
        let_go(gate);
        return;
    }
    if (!gate->down)
        go_down(gate, lost ? ENOMEM : errno);
    withhold(gate);
    if (gate->withheld_from == 0 && gate->ledger.next_seq - 1 > gate->durable)
        gate->withheld_from = gate->durable + 1;
    if (!commit(gate))
        return;
    if (gate->withheld_from > 0) {
        note_withheld(gate);
        if (!commit(gate))
            return;
    }
    log_info("The audit log can be written again.");
    gate->down = false;
    need(answer_put(&gate->open, &up, NULL, 0));
}

void gate_free(struct gate *gate)
{
    ledger_free(&gate->ledger);
    frame_out_free(&gate->held);
    frame_out_free(&gate->open);
}
