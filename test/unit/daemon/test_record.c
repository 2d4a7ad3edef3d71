/* SPDX-License-Identifier: Apache-2.0 */
/* Records are one line of JSON, whatever is put into them. */
#include <stdio.h>
#include <string.h>

#include "daemon/record.h"
#include "test/unit/suite.h"
#include "wire/keyferry.pb.h"

static char text[RECORD_MAX + 1];

/* Ends the record, and skips its time, whose form it checks. */
static const char *finish(struct record *record)
{
    static const char form[] = "{\"time\":\"dddd-dd-ddTdd:dd:dd.dddZ\"";

    record->text[record_end(record)] = '\0';
    for (size_t i = 0; i < sizeof form - 1; i++)
        ck_assert(form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i]);
    return text + sizeof form - 1;
}

START_TEST(members)
{
    const struct peer peer = {1000, 100, 4242};
    struct record record;

    record_begin(&record, text, RECORD_MAX, &peer, keyferry_Operation_OPERATION_EXPORT_KEY,
                 UINT64_MAX);
    record_text(&record, "KeyArn", "arn:x");
    record_number(&record, "n", 0);
    record_flag(&record, "f", true);
    record_bytes(&record, "b", (const uint8_t *)"\x01\xAB", 2);
    record_result(&record, KF_OK, "not shown");
    ck_assert_str_eq(
        finish(&record),
        ",\"peer\":{\"uid\":1000,\"gid\":100,\"pid\":4242},\"operation\":\"ExportKey\","
        "\"id\":18446744073709551615,\"KeyArn\":\"arn:x\",\"n\":0,\"f\":true,\"b\":\"01AB\","
        "\"result\":\"OK\"}");
}
END_TEST

START_TEST(without_peer_and_operation)
{
    struct record record;

    record_begin(&record, text, RECORD_MAX, NULL, 0, 0);
    record_result(&record, KF_THROTTLING, "later");
    ck_assert_str_eq(finish(&record),
                     ",\"id\":0,\"result\":\"ThrottlingException\",\"message\":\"later\"}");
    record_begin(&record, text, RECORD_MAX, NULL, 99, 1);
    ck_assert_str_eq(finish(&record), ",\"operation\":99,\"id\":1}");
}
END_TEST

START_TEST(escapes)
{
    struct record record;

    record_open(&record, text, RECORD_MAX);
    record_text(&record, "t", "\"\\\n\r\t\x01\x7f/\xc3\xa9\xff\xc3");
    ck_assert_str_eq(finish(&record),
                     ",\"t\":\"\\\"\\\\\\n\\r\\t\\u0001\\u007f/\xc3\xa9\\ufffd\\ufffd\"}");
}
END_TEST

START_TEST(what_does_not_fit_is_left_out)
{
    static char big[RECORD_MAX];
    struct record record;

    memset(big, 'x', sizeof big - 1);
    for (size_t room = 160; room < 400; room++) {
        memset(text, 0, sizeof text);
        record_open(&record, text, room);
        record_text(&record, "big", big);
        record_text(&record, "small", "y");
        record_result(&record, KF_NOT_FOUND, big);
        ck_assert_str_eq(
            finish(&record),
            ",\"small\":\"y\",\"result\":\"ResourceNotFoundException\",\"truncated\":true}");
        ck_assert_uint_le(record.len, room);
    }
}
END_TEST

START_TEST(the_longest_message_fits)
{
    static char message[KF_MESSAGE_MAX];
    struct record record;

    memset(message, 1, sizeof message - 1); /* six characters each */
    record_open(&record, text, RECORD_MAX);
    record_result(&record, KF_VALIDATION, message);
    ck_assert_ptr_null(strstr(finish(&record), "truncated"));
}
END_TEST

SUITE_MAIN("record", members, without_peer_and_operation, escapes, what_does_not_fit_is_left_out,
           the_longest_message_fits)
