/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log's lines and numbers, the gate before the answers, and the messages they travel in.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/auditor/gate.h"
#include "daemon/auditor/shape.h"
#include "test/unit/suite.h"

static char log_path[64];

/* A file with a name, the last one's in log_path. */
static int log_with(const char *text)
{
    int fd;

    strcpy(log_path, "/tmp/keyferry-test-log.XXXXXX");
    fd = mkostemp(log_path, O_CLOEXEC | O_APPEND);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

static void log_close(int fd)
{
    char link[32], path[sizeof log_path] = "";

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) > 0)
        unlink(path);
    close(fd);
}

static const char *content(int fd)
{
    static char text[4096];
    ssize_t got = pread(fd, text, sizeof text - 1, 0);

    text[got > 0 ? got : 0] = '\0';
    return text;
}

START_TEST(lines_are_numbered_on)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"", "{\"seq\":1,\"by\":\"me\",\"a\":1}\n"},
        {"{\"seq\":41,\"x\":0}\n", "{\"seq\":41,\"x\":0}\n{\"seq\":42,\"by\":\"me\",\"a\":1}\n"},
        {"{\"seq\":41}\n{\"se", "{\"seq\":41}\n{\"se\n{\"seq\":42,\"by\":\"me\",\"a\":1}\n"},
        {"{\"seq\":41}\nnoise\n\n", "{\"seq\":41}\nnoise\n\n{\"seq\":42,\"by\":\"me\",\"a\":1}\n"},
        {"noise", "noise\n{\"seq\":1,\"by\":\"me\",\"a\":1}\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fd = log_with(cases[i].before);
        struct ledger ledger;

        ledger_open(&ledger, fd);
        ck_assert(ledger_add(&ledger, "me", "{\"a\":1}", 7));
        ck_assert(ledger_commit(&ledger));
        ck_assert_str_eq(content(fd), cases[i].after);
        ledger_free(&ledger);
        log_close(fd);
    }
}
END_TEST

START_TEST(what_is_no_record_is_refused)
{
    static const char *const bad[] = {
        "", "{", "text", "{}", "{\"a\":1}\n", "{\"a\":\n1}", "{\"a\":1} ", "{\"a\":1,}", "{\"a\":1",
        "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":01}", "{\"a\":\"", "{\"a\":\"\\\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"\t\"}", "{\"a\":\"\xff\"}", "{\"a\":{\"b\":{\"c\":1}}}",
        /* another origin or number than the auditor knows */
        "{\"by\":\"worker 0\"}", "{\"a\":1,\"seq\":7}", "{\"b\\u0079\":\"worker 0\"}"};
    int fd = log_with("");
    struct ledger ledger;

    ledger_open(&ledger, fd);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!ledger_add(&ledger, "me", bad[i], strlen(bad[i])), "%s", bad[i]);
    ck_assert(ledger_commit(&ledger));
    ck_assert_str_eq(content(fd), "");
    ledger_free(&ledger);
    log_close(fd);
}
END_TEST

START_TEST(what_records_are_made_of)
{
    static const char *const good[] = {
        "{\"a\":1}",
        "{\"a\":0,\"b\":true,\"c\":false}",
        "{\"peer\":{\"uid\":0,\"by\":\"x\"},\"t\":\"\\\"\\\\\\n\\r\\t\\u001b\\ufffd \xc3\xa9\"}",
    };
    char text[512];
    struct record record;
    struct peer peer = {1, 2, -1};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(shape_is_record(good[i], strlen(good[i])), "%s", good[i]);
    record_begin(&record, text, sizeof text, &peer, 10, UINT64_MAX);
    record_text(&record, "KeyArn", "\x01\n\"\\ \xff\x7f");
    record_bytes(&record, "Sha", (const uint8_t *)"\x01\xff", 2);
    record_flag(&record, "Flag", true);
    record_result(&record, KF_VALIDATION, "no");
    ck_assert(shape_is_record(text, record_end(&record)));
}
END_TEST

/* The kinds of the answers that may leave, as a word: R, W, G, D, U. */
static const char *leaving(struct gate *gate)
{
    static const char letters[] = " RWGDU";
    static char word[32];
    size_t len, bytes_len, at = 0;
    const uint8_t *data = frame_out_data(&gate->open, &len), *frame, *bytes;
    struct frame_in view = {.data = (uint8_t *)data, .end = len, .max_frame = ANSWER_FRAME_MAX};
    size_t frame_len;
    struct answer_head head;

    while (frame_in_next(&view, &frame, &frame_len) == FRAME_READY) {
        ck_assert(answer_get(frame, frame_len, &head, &bytes, &bytes_len));
        word[at++] = letters[head.kind];
        ck_assert_uint_eq(head.origin,
                          strchr("RWG", word[at - 1]) ? worker_key(0, 1) : ORIGIN_FRONT);
    }
    word[at] = '\0';
    frame_out_written(&gate->open, len);
    return word;
}

static void add(struct gate *gate, const char *record)
{
    struct result result = {1, (const uint8_t *)"answer", 6, record, strlen(record)};

    ck_assert(gate_add(gate, "worker 0", worker_key(0, 1), &result));
}

START_TEST(answers_wait_for_their_records)
{
    int fd = log_with("");
    struct gate gate;

    gate_open(&gate, fd);
    add(&gate, "{\"a\":1}");
    gate_worker_gone(&gate, worker_key(0, 1));
    add(&gate, "{\"a\":2}");
    ck_assert_str_eq(leaving(&gate), "");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "RGR");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "");
    gate_free(&gate);
    log_close(fd);
}
END_TEST

START_TEST(what_is_not_recorded_does_not_leave)
{
    int good = log_with(""), full = open("/dev/full", O_WRONLY);
    struct gate gate;

    if (full < 0)
        return; /* a machine without /dev/full; the integration test fills a log by a limit */
    gate_open(&gate, good);
    gate.ledger.fd = full;
    add(&gate, "{\"a\":1}");
    gate_worker_gone(&gate, worker_key(0, 1));
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "DWG");
    add(&gate, "{\"a\":2}");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "W");
    gate.ledger.fd = good;
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "U");
    add(&gate, "{\"a\":3}");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "R");
    ck_assert_ptr_nonnull(
        strstr(content(good), "{\"seq\":2,\"by\":\"worker 0\",\"a\":2}\n{\"seq\":3,"));
    ck_assert_ptr_nonnull(
        strstr(content(good), "\"event\":\"withheld\",\"from\":1,\"to\":2,\"lost\":0}\n"));
    ck_assert_ptr_nonnull(strstr(content(good), "{\"seq\":4,\"by\":\"worker 0\",\"a\":3}\n"));
    gate_free(&gate);
    close(full);
    log_close(good);
}
END_TEST

START_TEST(a_line_lost_to_memory_is_not_recorded)
{
    struct gate gate;
    int fd = log_with("");

    gate_open(&gate, fd);
    add(&gate, "{\"a\":1}");
    gate.ledger.lost = 1;
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "DWU");
    ck_assert(gate.withheld_from == 0 && gate.ledger.lost == 0 && !gate.down);
    ck_assert_ptr_nonnull(
        strstr(content(fd), "\"event\":\"withheld\",\"from\":1,\"to\":1,\"lost\":1"));
    gate_free(&gate);
    log_close(fd);
}
END_TEST

START_TEST(a_log_without_a_name_takes_nothing)
{
    int removed = log_with(""), next;
    struct gate gate;

    gate_open(&gate, removed);
    add(&gate, "{\"a\":1}");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "R");
    unlink(log_path);
    add(&gate, "{\"a\":2}");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "DW");
    next = log_with("{\"se");
    gate_move(&gate, next); /* closes the old one */
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "U");
    ck_assert_ptr_eq(strstr(content(next), "{\"se\n{\"seq\":2,\"by\":\"worker 0\",\"a\":2}\n"),
                     content(next));
    ck_assert_ptr_nonnull(strstr(content(next), "\"event\":\"move\""));
    ck_assert_ptr_nonnull(strstr(content(next), "\"event\":\"withheld\",\"from\":2,"));
    gate_free(&gate);
    log_close(next);
}
END_TEST

START_TEST(without_a_log_nothing_leaves)
{
    int fd = log_with("");
    struct gate gate;

    gate_open(&gate, fd);
    gate_move(&gate, -1);
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "D");
    add(&gate, "{\"a\":1}");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "W");
    unlink(log_path);
    fd = log_with("{\"seq\":7,\"a\":0}\n");
    gate_move(&gate, fd);
    add(&gate, "{\"a\":2}");
    gate_pass(&gate);
    ck_assert_str_eq(leaving(&gate), "WU");
    ck_assert_ptr_nonnull(strstr(content(fd), "{\"seq\":9,\"by\":\"worker 0\",\"a\":2}"));
    gate_free(&gate);
    log_close(fd);
}
END_TEST

START_TEST(one_descriptor_comes_with_a_message)
{
    struct control message = {.kind = CONTROL_READY};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } ancillary = {0};
    struct iovec part = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &ancillary,
                            .msg_controllen = CMSG_LEN(2 * sizeof(int))};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    int two[2] = {0, 0}, pair[2], before, after, fd;

    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof two);
    memcpy(CMSG_DATA(rights), two, sizeof two);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    before = dup(0);
    close(before);
    ck_assert(sendmsg(pair[0], &header, 0) == (ssize_t)sizeof message);
    ck_assert(control_receive(pair[1], true, &message, &fd) == CONTROL_GOT);
    ck_assert_int_eq(fd, before);
    close(fd);
    after = dup(0);
    ck_assert_int_eq(after, before);
    /* The second was not installed behind the first. */
    fd = dup(0);
    ck_assert_int_eq(fd, before + 1);
    close(after);
    close(fd);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(messages_between_processes)
{
    const struct job job = {
        .number = 7,
        .peer = {1, 2, 3},
        .request = {.id = 8, .operation = 10, .body = (const uint8_t *)"body", .body_len = 4},
    };
    uint8_t frame[RESULT_HEAD + 32];
    struct frame_out out = {0};
    struct result result;
    struct job back;
    size_t len;

    ck_assert(job_put(&out, &job));
    ck_assert(job_get(frame_out_data(&out, &len) + FRAME_HEADER, JOB_HEAD + 4, &back));
    ck_assert(back.number == 7 && back.peer.uid == 1 && back.peer.gid == 2 && back.peer.pid == 3);
    ck_assert(back.request.id == 8 && back.request.operation == 10 && back.request.body_len == 4);
    ck_assert_mem_eq(back.request.body, "body", 4);
    ck_assert(!job_get(frame, JOB_HEAD - 1, &back));
    frame_out_free(&out);

    memcpy(frame + RESULT_HEAD, "resp", 4);
    len = result_seal(frame, 9, 4, "{}", 2);
    ck_assert(result_get(frame, len, &result));
    ck_assert(result.number == 9 && result.response_len == 4 && result.record_len == 2);
    ck_assert_mem_eq(result.record, "{}", 2);
    ck_assert(
        !result_get(frame, RESULT_HEAD + 3, &result)); /* the response is longer than the frame */
    ck_assert(!result_get(frame, RESULT_HEAD - 1, &result));
}
END_TEST

SUITE_MAIN("auditor", lines_are_numbered_on, what_is_no_record_is_refused, what_records_are_made_of,
           answers_wait_for_their_records, what_is_not_recorded_does_not_leave,
           a_line_lost_to_memory_is_not_recorded, a_log_without_a_name_takes_nothing,
           without_a_log_nothing_leaves, one_descriptor_comes_with_a_message,
           messages_between_processes)
