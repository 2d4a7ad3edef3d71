/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in flight, and every way a connection ends. */
#include "config.h"

#include "client/connection.h"

#include <string.h>
#include <unistd.h>

#include "test/unit/client/server.h"
#include "test/unit/client/support.h"

/* Enough that neither side's buffers hold it. */
#define MANY 20000
#define BODY_SIZE 200

static struct connection *connected(struct server *server, void (*behaviour)(int fd))
{
    struct kf_error err = {0};
    struct connection *connection;

    server_start(server, behaviour);
    connection = connection_open(server->path, &err);
    ck_assert_msg(connection != NULL, "%s", err.message);
    return connection;
}

static void ask(struct connection *connection)
{
    struct kf_error err = {0};

    ck_assert_msg(
        connection_send(connection, keyferry_Operation_OPERATION_STATUS, NULL, 0, NULL, &err), "%s",
        err.message);
}

static void backwards(int fd)
{
    while (!server_read_frame(fd) || !server_read_frame(fd) || !server_read_frame(fd))
        return;
    for (uint64_t id = 3; id > 0; id--)
        server_reply(fd, id, "\x10\x01\x1a\x02no", 6);
}

START_TEST(replies_in_any_order)
{
    struct server server;
    struct connection *connection = connected(&server, backwards);
    struct wire_response response;
    struct kf_error err = {0};

    for (int i = 0; i < 3; i++)
        ask(connection);
    for (uint64_t id = 3; id > 0; id--) {
        ck_assert(connection_receive(connection, &response, &err));
        ck_assert_uint_eq(response.id, id);
        ck_assert_int_eq(response.status, KF_VALIDATION);
        ck_assert_str_eq(response.message, "no");
    }
    ck_assert(!connection_receive(connection, &response, &err));
    ck_assert_int_eq(err.status, KF_VALIDATION);
    connection_close(connection);
    ck_assert(server_stop(&server));
}
END_TEST

static void echo_each(int fd)
{
    uint8_t members[2 + BODY_SIZE] = {0x1a, 0x7f};

    members[1] = 0x7f;
    memset(members + 2, 'm', BODY_SIZE);
    for (uint64_t id = 1; server_read_frame(fd); id++)
        server_reply(fd, id, members, 2 + 0x7f);
}

/* The server reads nothing while it cannot write, so a client that only sent would stand still for
 * ever. */
START_TEST(sending_many_before_receiving_any)
{
    struct server server;
    struct connection *connection = connected(&server, echo_each);
    struct wire_response response;
    struct kf_error err = {0};
    uint8_t body[BODY_SIZE] = {0};

    connection_set_timeout(connection, 20000);
    for (uint64_t i = 1; i <= MANY; i++) {
        uint64_t id;

        ck_assert_msg(connection_send(connection, keyferry_Operation_OPERATION_STATUS, body,
                                      sizeof body, &id, &err),
                      "%s", err.message);
        ck_assert_uint_eq(id, i);
    }
    ck_assert(connection_pending(connection));
    for (uint64_t i = 1; i <= MANY; i++) {
        ck_assert_msg(connection_receive(connection, &response, &err), "%s", err.message);
        ck_assert_uint_eq(response.id, i);
        ck_assert_uint_eq(strlen(response.message), 0x7f);
    }
    ck_assert(!connection_pending(connection));
    connection_close(connection);
    ck_assert(server_stop(&server));
}
END_TEST

static void three_parts(int fd)
{
    server_read_frame(fd);
    server_reply(fd, 1, "\x22\x01x\x28\x01", 5);
    server_reply(fd, 1, "\x22\x01y\x28\x01", 5);
    server_reply(fd, 1, "\x22\x01z", 3);
}

START_TEST(streams_end_with_their_last_part)
{
    struct server server;
    struct connection *connection = connected(&server, three_parts);
    struct wire_response response;
    struct kf_error err = {0};

    ask(connection);
    for (const char *part = "xyz"; *part; part++) {
        ck_assert(connection_receive(connection, &response, &err));
        ck_assert_int_eq(response.more, *part != 'z');
        ck_assert_uint_eq(response.body_len, 1);
        ck_assert_uint_eq(response.body[0], *part);
    }
    ck_assert(!connection_receive(connection, &response, &err));
    connection_close(connection);
    ck_assert(server_stop(&server));
}
END_TEST

static void turn_away(int fd)
{
    server_reply(fd, 0, "\x10\x05\x1a\x08too many", 12);
}

/* Whether the client was quick enough to send or not, it learns why. */
START_TEST(a_refusal_of_the_whole_connection_arrives)
{
    struct server server;
    struct connection *connection = connected(&server, turn_away);
    struct wire_response response;
    struct kf_error err = {0};

    if (_i == 1)
        ck_assert(server_stop(&server));
    if (connection_send(connection, keyferry_Operation_OPERATION_STATUS, NULL, 0, NULL, &err))
        ck_assert(!connection_receive(connection, &response, &err));
    ck_assert_int_eq(err.status, KF_THROTTLING);
    ck_assert_str_eq(err.message, "too many");
    kf_error_clear(&err);
    ck_assert(
        !connection_send(connection, keyferry_Operation_OPERATION_STATUS, NULL, 0, NULL, &err));
    ck_assert_int_eq(err.status, KF_UNAVAILABLE);
    connection_close(connection);
    if (_i == 0)
        ck_assert(server_stop(&server));
}
END_TEST

static void be_silent(int fd)
{
    while (server_read_frame(fd))
        continue;
}

START_TEST(waiting_ends)
{
    struct server server;
    struct connection *connection = connected(&server, be_silent);
    struct wire_response response;
    struct kf_error err = {0};

    ask(connection);
    connection_set_timeout(connection, 20);
    ck_assert(!connection_receive(connection, &response, &err));
    ck_assert_int_eq(err.status, KF_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.message, "20 ms"));
    kf_error_clear(&err);
    ck_assert(
        !connection_send(connection, keyferry_Operation_OPERATION_STATUS, NULL, 0, NULL, &err));
    connection_close(connection);
    ck_assert(server_stop(&server));
}
END_TEST

START_TEST(what_is_too_long_is_not_sent)
{
    static const uint8_t body[1024 * 1024 + 1];
    struct server server;
    struct connection *connection = connected(&server, be_silent);
    struct kf_error err = {0};

    ck_assert(!connection_send(connection, keyferry_Operation_OPERATION_STATUS, body, sizeof body,
                               NULL, &err));
    ck_assert_int_eq(err.status, KF_VALIDATION);
    ask(connection);
    connection_close(connection);
    ck_assert(server_stop(&server));
}
END_TEST

int main(void)
{
    const struct test tests[] = {{replies_in_any_order, 1},
                                 {sending_many_before_receiving_any, 1},
                                 {streams_end_with_their_last_part, 1},
                                 {a_refusal_of_the_whole_connection_arrives, 2},
                                 {waiting_ends, 1},
                                 {what_is_too_long_is_not_sent, 1}};

    return run_suite("connection", tests, COUNT(tests));
}
