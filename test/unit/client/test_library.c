/* SPDX-License-Identifier: Apache-2.0 */
/* libkeyferry as its users have it: the shared library and its one header. */
#include "config.h"

#include "client/keyferry.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/client/server.h"
#include "test/unit/client/support.h"

static void export_well(int fd)
{
    static const char members[] = "\x22\x1f\x0a\x1a\x0a\x01w\x12\x0eTR31_KEY_BLOCK\x1a\x05"
                                  "D0112\x12\x01"
                                  "e";

    server_read_frame(fd);
    server_reply(fd, 1, members, sizeof members - 1);
}

static void export_badly(int fd)
{
    server_read_frame(fd);
    server_reply(fd, 1, "\x10\x02\x1a\x07no such", 11);
    server_read_frame(fd);
}

START_TEST(exports)
{
    struct server server;
    struct kf_client_error error = {0};
    struct kf_wrapped_key key;
    struct kf_client *client;

    server_start(&server, export_well);
    client = kf_client_open(server.path, &error);
    ck_assert_msg(client != NULL, "%s", error.message);
    kf_client_set_timeout(client, 5000);
    ck_assert_msg(kf_client_export_tr31(client, "alias/bdk", "alias/kek", &key, &error), "%s",
                  error.message);
    ck_assert_str_eq(key.key_material, "D0112");
    ck_assert_str_eq(key.wrapped_key_material_format, "TR31_KEY_BLOCK");
    ck_assert_str_eq(key.wrapping_key_arn, "w");
    ck_assert_str_eq(key.export_key_arn, "e");
    ck_assert_str_eq(key.key_check_value, "");
    kf_client_close(client);
    ck_assert(server_stop(&server));
}
END_TEST

START_TEST(refusals)
{
    struct server server;
    struct kf_client_error error = {0};
    struct kf_client_reply reply;
    struct kf_wrapped_key key;
    struct kf_client *client;
    char long_name[600] = "";

    server_start(&server, export_badly);
    client = kf_client_open(server.path, &error);
    ck_assert_ptr_nonnull(client);
    memset(long_name, 'x', sizeof long_name - 1);
    ck_assert(!kf_client_export_tr31(client, "alias/bdk", long_name, &key, &error));
    ck_assert_int_eq(error.status, KF_CLIENT_VALIDATION);
    ck_assert_str_eq(error.message, "WrappingKeyIdentifier is longer than 511 characters.");
    ck_assert(!kf_client_export_tr31(client, "alias/bdk", "alias/kek", &key, &error));
    ck_assert_int_eq(error.status, KF_CLIENT_NOT_FOUND);
    ck_assert_str_eq(error.message, "no such");
    ck_assert(!kf_client_receive(client, &reply, &error));
    ck_assert_int_eq(error.status, KF_CLIENT_VALIDATION);
    ck_assert(kf_client_send(client, KF_CLIENT_STATUS, NULL, 0, NULL, NULL));
    ck_assert(!kf_client_export_tr31(client, "alias/bdk", "alias/kek", &key, &error));
    ck_assert_int_eq(error.status, KF_CLIENT_VALIDATION);
    ck_assert(!kf_client_receive(client, &reply, &error));
    ck_assert_int_eq(error.status, KF_CLIENT_UNAVAILABLE);
    kf_client_close(client);
    ck_assert(server_stop(&server));
}
END_TEST

static void answer_two(int fd)
{
    server_read_frame(fd);
    server_read_frame(fd);
    server_reply(fd, 2,
                 "\x10\x05\x1a\x04"
                 "busy",
                 8);
    server_reply(fd, 1,
                 "\x22\x03"
                 "abc",
                 5);
}

START_TEST(replies_come_in_any_order)
{
    struct server server;
    struct kf_client_error error = {0};
    struct kf_client_reply reply;
    struct kf_client *client;
    struct pollfd poll_fd = {.events = POLLIN};
    uint64_t first, second;

    server_start(&server, answer_two);
    client = kf_client_open(server.path, &error);
    ck_assert_ptr_nonnull(client);
    ck_assert(!kf_client_pending(client));
    ck_assert(kf_client_send(client, KF_CLIENT_GET_KEY, "\x0a\x01k", 3, &first, &error));
    ck_assert(kf_client_send(client, KF_CLIENT_GET_KEY, "\x0a\x01k", 3, &second, &error));
    poll_fd.fd = kf_client_descriptor(client);
    ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
    ck_assert_msg(kf_client_receive(client, &reply, &error), "%s", error.message);
    ck_assert_uint_eq(reply.id, second);
    ck_assert_int_eq(reply.status, KF_CLIENT_THROTTLING);
    ck_assert_str_eq(reply.message, "busy");
    ck_assert(!reply.more);
    ck_assert_msg(kf_client_receive(client, &reply, &error), "%s", error.message);
    ck_assert_uint_eq(reply.id, first);
    ck_assert_int_eq(reply.status, KF_CLIENT_OK);
    ck_assert_str_eq(reply.message, "");
    ck_assert_mem_eq(reply.body, "abc", reply.body_len);
    ck_assert_uint_eq(reply.body_len, 3);
    ck_assert(!kf_client_pending(client));
    kf_client_close(client);
    ck_assert(server_stop(&server));
}
END_TEST

START_TEST(nobody_listens)
{
    struct kf_client_error error = {0};

    ck_assert_ptr_null(kf_client_open("/nonexistent/socket", &error));
    ck_assert_int_eq(error.status, KF_CLIENT_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/socket"));
    setenv("KEYFERRY_SOCKET", "/nonexistent/other", 1);
    ck_assert_ptr_null(kf_client_open(NULL, &error));
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/other"));
    ck_assert_ptr_null(kf_client_open(NULL, NULL));
    kf_client_close(NULL);
}
END_TEST

START_TEST(statuses_have_awss_names)
{
    ck_assert_str_eq(kf_client_status_name(KF_CLIENT_NOT_FOUND), "ResourceNotFoundException");
    ck_assert_str_eq(kf_client_status_name(KF_CLIENT_INTERNAL), "InternalServerException");
}
END_TEST

START_TEST(only_its_own_names_leave_it)
{
    ck_assert_ptr_nonnull(dlsym(RTLD_DEFAULT, "kf_client_open"));
    ck_assert_ptr_null(dlsym(RTLD_DEFAULT, "connection_open"));
    ck_assert_ptr_null(dlsym(RTLD_DEFAULT, "kf_fail"));
    ck_assert_ptr_null(dlsym(RTLD_DEFAULT, "wire_response_decode"));
}
END_TEST

int main(void)
{
    const struct test tests[] = {{exports, 1},
                                 {refusals, 1},
                                 {replies_come_in_any_order, 1},
                                 {nobody_listens, 1},
                                 {statuses_have_awss_names, 1},
                                 {only_its_own_names_leave_it, 1}};

    return run_suite("library", tests, COUNT(tests));
}
