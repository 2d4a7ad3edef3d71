/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, the completion and the protocol's description against the tables and the code.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "client/options.h"
#include "test/unit/client/support.h"
#include "wire/frame.h"
#include "wire/message.h"

/* Whether text has the word with no letter, digit or dash next to it, so that "--key" is not found
 * in "--key-arn". */
static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        char before = at > text ? at[-1] : ' ';

        if (!isalnum((unsigned char)before) && before != '-' && !isalnum((unsigned char)at[len]) &&
            at[len] != '-')
            return true;
    }
    return false;
}

/* The manual page without troff's backslashes. */
static char *manual(void)
{
    char *text = source_text("doc/keyferry.1");
    char *to = text;

    for (const char *c = text; *c; c++)
        if (*c != '\\')
            *to++ = *c;
    *to = '\0';
    return text;
}

/* The part that begins with start and ends before end, cut out in place. */
static const char *part(char *text, const char *start, const char *end)
{
    char *from = strstr(text, start);
    char *to;

    ck_assert_msg(from != NULL, "%s", start);
    to = strstr(from + strlen(start), end);
    if (to)
        *to = '\0';
    return from;
}

static void check_options(const char *text, const struct operation *operation)
{
    for (size_t i = 0; i < operation->request->count; i++) {
        const struct member *member = &operation->request->members[i];
        pb_field_iter_t field = shape_field(operation->request, member, NULL);
        char name[72] = "--no-";

        shape_option(member, name + 5, sizeof name - 5);
        if (shape_kind(&field) == MEMBER_BOOLEAN)
            ck_assert_msg(has_word(text, name), "%s %s", operation->name, name);
        memmove(name + 2, name + 5, strlen(name + 5) + 1);
        ck_assert_msg(has_word(text, name), "%s %s", operation->name, name);
    }
}

START_TEST(manual_describes_each_option_under_its_command)
{
    char *text = manual();
    char title[64];

    snprintf(title, sizeof title, ".SS %s\n", operations[_i].name);
    check_options(part(text, title, "\n.S"), &operations[_i]);
    free(text);
}
END_TEST

START_TEST(manual_describes_the_rest)
{
    char *text = manual();

    ck_assert_ptr_nonnull(strstr(text, ".SS " COMMAND_PARSE_KEY_BLOCK));
    ck_assert_ptr_nonnull(strstr(text, ".SH EXIT STATUS"));
    ck_assert_ptr_nonnull(strstr(text, "KEYFERRY_SOCKET"));
    part(text, ".SH COMMON OPTIONS", ".SH VALUES");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[64];

        snprintf(name, sizeof name, "--%s", common_options[i].name);
        ck_assert_msg(has_word(strstr(text, ".SH COMMON OPTIONS"), name), "%s", name);
    }
    free(text);
}
END_TEST

START_TEST(completion_knows_each_option)
{
    char *text = source_text("client/completion/keyferry.bash");
    char title[64];

    ck_assert(has_word(text, operations[_i].name));
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[64];

        snprintf(name, sizeof name, "--%s", common_options[i].name);
        ck_assert_msg(has_word(text, name), "%s", name);
    }
    if (operations[_i].request->count > 0) {
        snprintf(title, sizeof title, "    %s)\n", operations[_i].name);
        check_options(part(text, title, ";;"), &operations[_i]);
    }
    free(text);
}
END_TEST

/* Fails unless the frame is in the description as hexadecimal, blanks and line ends not counted. */
static void check_described(const uint8_t *message, size_t len)
{
    char *text = source_text("doc/protocol.md");
    char hex[1024];
    uint8_t frame[512];
    char *to = text;

    frame_put_u32(frame, (uint32_t)len);
    memcpy(frame + FRAME_HEADER, message, len);
    hex_encode(frame, FRAME_HEADER + len, hex);
    for (const char *c = text; *c; c++)
        if (!isspace((unsigned char)*c))
            *to++ = *c;
    *to = '\0';
    ck_assert_msg(strstr(text, hex) != NULL, "%s", hex);
    free(text);
}

START_TEST(protocol_examples_are_what_is_sent)
{
    keyferry_StatusReply ready = {.state = "ready",
                                  .workers = 2,
                                  .workers_ready = 2,
                                  .connections = 1,
                                  .uptime_seconds = 3600,
                                  .version = "0.1.0",
                                  .has_configuration_timestamp = true,
                                  .configuration_timestamp = 1767225600000};
    keyferry_ExportKeyRequest export = {
        .has_key_material = true,
        .key_material = {.which_material = keyferry_ExportKeyMaterial_tr31_key_block_tag,
                         .tr31_key_block = {.has_wrapping_key_identifier = true,
                                            .wrapping_key_identifier = "alias/kek"}},
        .has_export_key_identifier = true,
        .export_key_identifier = "alias/bdk"};
    uint8_t out[500];

    check_described(out, wire_request_encode(1, keyferry_Operation_OPERATION_STATUS, NULL, NULL,
                                             out, sizeof out));
    check_described(out, wire_response_encode(1, KF_OK, NULL, keyferry_StatusReply_fields, &ready,
                                              out, sizeof out));
    check_described(out, wire_request_encode(2, keyferry_Operation_OPERATION_EXPORT_KEY,
                                             keyferry_ExportKeyRequest_fields, &export, out,
                                             sizeof out));
    check_described(out, wire_response_encode(2, KF_NOT_FOUND, "No alias alias/bdk.", NULL, NULL,
                                              out, sizeof out));
}
END_TEST

START_TEST(protocol_names_each_status)
{
    char *text = source_text("doc/protocol.md");

    for (int status = KF_VALIDATION; status <= KF_INTERNAL; status++) {
        char row[64];

        snprintf(row, sizeof row, "| %d | %s |", status, kf_status_name((enum kf_status)status));
        ck_assert_msg(strstr(text, row) != NULL, "%s", row);
    }
    free(text);
}
END_TEST

int main(void)
{
    const struct test tests[] = {{manual_describes_each_option_under_its_command, operations_count},
                                 {manual_describes_the_rest, 1},
                                 {completion_knows_each_option, operations_count},
                                 {protocol_examples_are_what_is_sent, 1},
                                 {protocol_names_each_status, 1}};

    return run_suite("documents", tests, COUNT(tests));
}
