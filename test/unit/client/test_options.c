/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines to requests. */
#include "client/options.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/client/support.h"

#define ARGUMENTS_MAX 12

static const struct {
    const char *arguments[ARGUMENTS_MAX];
    const char *request; /* NULL: a usage error */
} cases[] = {
    {{"create-key"}, "{}"},
    {{"create-key", "--exportable"}, "{\"Exportable\":true}"},
    {{"create-key", "--no-exportable", "--no-enabled"}, "{\"Exportable\":false,\"Enabled\":false}"},
    {{"create-key", "--key-attributes", "KeyUsage=true,KeyModesOfUse={Wrap=true}"},
     "{\"KeyAttributes\":{\"KeyUsage\":\"true\",\"KeyModesOfUse\":{\"Wrap\":true}}}"},
    {{"create-key", "--key-attributes= {\"KeyUsage\": \"x\"}"},
     "{\"KeyAttributes\":{\"KeyUsage\":\"x\"}}"},
    {{"delete-key", "--delete-key-in-days", "-5"}, "{\"DeleteKeyInDays\":-5}"},
    {{"get-key", "--key-identifier", ""}, "{\"KeyIdentifier\":\"\"}"},
    {{"get-key", "--key-identifier="}, "{\"KeyIdentifier\":\"\"}"},
    {{"get-key", "--key-identifier=a=b"}, "{\"KeyIdentifier\":\"a=b\"}"},
    {{"get-key", "--key-identifier", "-"}, "{\"KeyIdentifier\":\"-\"}"},
    {{"--output", "text", "get-key", "--cli-input-json", "{\"KeyIdentifier\":\"k\"}"},
     "{\"KeyIdentifier\":\"k\"}"},
    {{"get-key", "--cli-input-json={\"KeyIdentifier\":\"k\"}", "--key-identifier", "l"},
     "{\"KeyIdentifier\":\"l\"}"},
    {{"adopt-key", "--object", "x", "--keep-source"},
     "{\"ObjectLabel\":\"x\",\"KeepSource\":true}"},
    {{"tag-resource", "--tags", "Key=a,Value=b c", "{\"Key\":\"d\"}", "--resource-arn", "k"},
     "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"b c\"},{\"Key\":\"d\"}],\"ResourceArn\":\"k\"}"},
    {{"tag-resource", "--tags", "[{\"Key\":\"a\"}]", "Key=b"},
     "{\"Tags\":[{\"Key\":\"a\"},{\"Key\":\"b\"}]}"},
    {{"untag-resource", "--tag-keys", "a", "", "b=c"}, "{\"TagKeys\":[\"a\",\"\",\"b=c\"]}"},
    {{"untag-resource", "--tag-keys=[\"a\", \"b\"]"}, "{\"TagKeys\":[\"a\",\"b\"]}"},
    {{"export-key", "--key-material",
      "Tr31KeyBlock={KeyBlockHeaders={OptionalBlocks={BI=00ABCDEFABCD},AddBlocks=KP}}"},
     "{\"KeyMaterial\":{\"Tr31KeyBlock\":{\"KeyBlockHeaders\":{\"OptionalBlocks\":{\"BI\":"
     "\"00ABCDEFABCD\"},\"AddBlocks\":[\"KP\"]}}}}"},
    {{"untag-resource", "--tag-keys"}, NULL},
    {{"untag-resource", "--tag-keys", "a", "--tag-keys", "b"}, NULL},
    {{"untag-resource", "--tag-keys", "[\"a\""}, NULL},
    {{"tag-resource", "--tags", "a"}, NULL},
    {{"adopt-key", "--object-label", "x"}, NULL},
    {{"get-key", "--key-identifier"}, NULL},
    {{"get-key", "--key-identifier", "--output"}, NULL},
    {{"get-key", "--key-identifier", "a", "--key-identifier", "a"}, NULL},
    {{"get-key", "--no-key-identifier", "a"}, NULL},
    {{"get-key", "--key-identifie", "a"}, NULL},
    {{"get-key", "key"}, NULL},
    {{"create-key", "--exportable", "--no-exportable"}, NULL},
    {{"create-key", "--exportable=false"}, NULL},
    {{"create-key", "--key-attributes", "[]"}, NULL},
    {{"--key-identifier", "k", "get-key"}, NULL},
    {{"get-key", "--cli-input-json", "KeyIdentifier=k"}, NULL},
    {{"get-key", "--help=x"}, NULL},
    {{"get-key", "--page-size", "5"}, NULL},
    {{"list-keys", "--page-size", "101"}, NULL},
    {{"list-keys", "--page-size", "5", "--no-paginate"}, NULL},
    {{"list-keys", "--max-items", "5", "--cli-input-json", "{\"MaxResults\":5}"}, NULL},
    {{"get-kye"}, NULL},
    {{NULL}, NULL},
};

static enum outcome parse(const char *const *arguments, struct command_line *line,
                          struct kf_error *err)
{
    /* options_parse takes what main gets and changes none of it. */
    char *argv[ARGUMENTS_MAX + 2] = {(char *)(uintptr_t) "keyferry"};
    int argc = 1;

    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    return options_parse(argc, argv, line, err);
}

START_TEST(each_command_line)
{
    struct command_line line = {0};
    struct kf_error err = {0};
    enum outcome outcome = parse(cases[_i].arguments, &line, &err);

    if (!cases[_i].request) {
        ck_assert_int_eq(outcome, OUTCOME_USAGE);
        ck_assert_str_ne(err.message, "");
    } else {
        char *text;

        ck_assert_msg(outcome == OUTCOME_DONE, "%s", err.message);
        text = json_dumps(line.request, JSON_COMPACT);
        ck_assert_str_eq(text, cases[_i].request);
        free(text);
    }
    options_free(&line);
}
END_TEST

START_TEST(options_of_all_commands)
{
    static const char *const arguments[] = {
        "--socket",           "s", "list-keys",   "--output=text",
        "--cli-read-timeout", "0", "--max-items", "5",
        "--starting-token",   "t", NULL};
    struct command_line line = {0};
    struct kf_error err = {0};

    ck_assert_int_eq(parse(arguments, &line, &err), OUTCOME_DONE);
    ck_assert_str_eq(line.socket, "s");
    ck_assert_str_eq(line.starting_token, "t");
    ck_assert(line.text && line.all_pages && !line.no_paginate);
    ck_assert_uint_eq(line.timeout_ms, 0);
    ck_assert_int_eq(line.max_items, 5);
    options_free(&line);
}
END_TEST

START_TEST(one_page_or_all)
{
    static const char *const all[] = {"list-keys", NULL};
    static const char *const first[] = {"list-keys", "--no-paginate", NULL};
    static const char *const given[] = {"list-keys", "--max-results", "5", NULL};
    static const char *const none[] = {"status", NULL};
    const char *const *const lines[] = {all, first, given, none};

    for (size_t i = 0; i < COUNT(lines); i++) {
        struct command_line line = {0};
        struct kf_error err = {0};

        ck_assert_int_eq(parse(lines[i], &line, &err), OUTCOME_DONE);
        ck_assert_int_eq(line.all_pages, lines[i] == all);
        ck_assert_uint_eq(line.timeout_ms, 60000);
        options_free(&line);
    }
}
END_TEST

START_TEST(unknown_names_are_answered_with_near_ones)
{
    static const char *const option[] = {"create-key", "--exportabel", NULL};
    static const char *const command[] = {"export-keys", NULL};
    struct command_line line = {0};
    struct kf_error err = {0};

    ck_assert_int_eq(parse(option, &line, &err), OUTCOME_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "the nearest are --exportable, "));
    options_free(&line);
    memset(&line, 0, sizeof line);
    kf_error_clear(&err);
    ck_assert_int_eq(parse(command, &line, &err), OUTCOME_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "did you mean export-key, "));
    options_free(&line);
}
END_TEST

int main(void)
{
    const struct test tests[] = {{each_command_line, COUNT(cases)},
                                 {options_of_all_commands, 1},
                                 {one_page_or_all, 1},
                                 {unknown_names_are_answered_with_near_ones, 1}};

    return run_suite("options", tests, COUNT(tests));
}
