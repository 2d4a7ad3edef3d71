/* SPDX-License-Identifier: Apache-2.0 */
/* JSON to message and back. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "client/json_in.h"
#include "client/json_out.h"
#include "client/text_out.h"
#include "test/unit/client/support.h"

static json_t *parsed(const char *text)
{
    struct kf_error err = {0};
    json_t *json = NULL;

    ck_assert_int_eq(json_in_parse(text, "test", &json, &err), OUTCOME_DONE);
    return json;
}

static enum outcome fill(const char *operation, const char *text, void *message,
                         struct kf_error *err)
{
    const struct shape *shape = operation_find(operation)->request;
    json_t *json = parsed(text);
    enum outcome outcome;

    memset(message, 0, shape->size);
    outcome = json_in(json, shape, message, err);
    json_decref(json);
    return outcome;
}

START_TEST(members_know_whether_they_were_given)
{
    struct kf_error err = {0};
    keyferry_CreateKeyRequest request;

    ck_assert_int_eq(
        fill("create-key",
             "{\"KeyAttributes\":{\"KeyUsage\":\"\",\"KeyModesOfUse\":{\"Wrap\":false}},"
             "\"Enabled\":true}",
             &request, &err),
        OUTCOME_DONE);
    ck_assert(request.has_key_attributes && request.key_attributes.has_key_usage);
    ck_assert_str_eq(request.key_attributes.key_usage, "");
    ck_assert(!request.key_attributes.has_key_class);
    ck_assert(request.key_attributes.has_key_modes_of_use);
    ck_assert(request.key_attributes.key_modes_of_use.has_wrap);
    ck_assert(!request.key_attributes.key_modes_of_use.wrap);
    ck_assert(!request.key_attributes.key_modes_of_use.has_encrypt);
    ck_assert(request.has_enabled && request.enabled && !request.has_exportable);
}
END_TEST

START_TEST(integers)
{
    struct kf_error err = {0};
    keyferry_DeleteKeyRequest request;

    ck_assert_int_eq(fill("delete-key", "{\"DeleteKeyInDays\":-2147483648}", &request, &err), 0);
    ck_assert_int_eq(request.delete_key_in_days, INT32_MIN);
    ck_assert_int_eq(fill("delete-key", "{\"DeleteKeyInDays\":2147483648}", &request, &err),
                     OUTCOME_REFUSED);
    ck_assert_str_eq(err.message, "DeleteKeyInDays is out of range: 2147483648.");
}
END_TEST

static const struct {
    const char *operation, *json;
    enum outcome outcome;
    const char *message;
} refusals[] = {
    {"create-key", "{\"KeyAttributes\":{\"KeyModesOfUse\":{\"Derive\":true}}}", OUTCOME_USAGE,
     "Unknown parameter in KeyAttributes.KeyModesOfUse: \"Derive\", must be one of: Encrypt, "
     "Decrypt, Wrap, Unwrap, Generate, Sign, Verify, DeriveKey, NoRestrictions"},
    {"get-key", "{\"keyIdentifier\":\"x\"}", OUTCOME_USAGE,
     "Unknown parameter in input: \"keyIdentifier\", must be one of: KeyIdentifier"},
    {"get-key", "{\"KeyIdentifier\":[]}", OUTCOME_USAGE,
     "Invalid type for parameter KeyIdentifier: list given, string wanted"},
    {"create-key", "{\"KeyAttributes\":\"x\"}", OUTCOME_USAGE,
     "Invalid type for parameter KeyAttributes: string given, structure wanted"},
    {"create-key", "{\"Exportable\":1}", OUTCOME_USAGE,
     "Invalid type for parameter Exportable: integer given, boolean wanted"},
    {"delete-key", "{\"DeleteKeyInDays\":7.0}", OUTCOME_USAGE,
     "Invalid type for parameter DeleteKeyInDays: fractional number given, integer wanted"},
    {"get-key", "{\"KeyIdentifier\":\"a\\u0000b\"}", OUTCOME_REFUSED,
     "KeyIdentifier has a control character (hex 00) at character 2."},
    {"export-key", "{\"KeyMaterial\":{\"Tr31KeyBlock\":{\"WrappingKeyIdentifier\":\"a\\u0000\"}}}",
     OUTCOME_REFUSED,
     "KeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier has a control character (hex 00) at "
     "character 2."},
    {"tag-resource", "{\"Tags\":{}}", OUTCOME_USAGE,
     "Invalid type for parameter Tags: structure given, list wanted"},
    {"tag-resource", "{\"Tags\":[{\"Key\":\"a\"},{\"Key\":1}]}", OUTCOME_USAGE,
     "Invalid type for parameter Tags[1].Key: integer given, string wanted"},
    {"untag-resource", "{\"TagKeys\":[1]}", OUTCOME_USAGE,
     "Invalid type for parameter TagKeys[0]: integer given, string wanted"},
    {"untag-resource",
     "{\"TagKeys\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
     "\"\",\"\","
     "\"\",\"\",\"\",\"\"]}",
     OUTCOME_REFUSED, "TagKeys has more than 20 elements."},
    {"export-key",
     "{\"KeyMaterial\":{\"Tr31KeyBlock\":{\"KeyBlockHeaders\":{\"OptionalBlocks\":[]}}}}",
     OUTCOME_USAGE,
     "Invalid type for parameter KeyMaterial.Tr31KeyBlock.KeyBlockHeaders.OptionalBlocks: list "
     "given, structure wanted"},
    {"export-key",
     "{\"KeyMaterial\":{\"Tr31KeyBlock\":{\"KeyBlockHeaders\":{\"OptionalBlocks\":{\"KS\":1}}}}}",
     OUTCOME_USAGE,
     "Invalid type for parameter KeyMaterial.Tr31KeyBlock.KeyBlockHeaders.OptionalBlocks.KS: "
     "integer given, string wanted"},
};

START_TEST(refusals_name_the_place)
{
    struct kf_error err = {0};
    void *message = malloc(operation_find(refusals[_i].operation)->request->size);

    ck_assert_int_eq(fill(refusals[_i].operation, refusals[_i].json, message, &err),
                     refusals[_i].outcome);
    ck_assert_str_eq(err.message, refusals[_i].message);
    free(message);
}
END_TEST

START_TEST(lists_and_maps_keep_their_order)
{
    struct kf_error err = {0};
    static keyferry_ExportKeyRequest export;
    static keyferry_TagResourceRequest tags;
    const keyferry_KeyBlockHeaders *headers = &export.key_material.tr31_key_block.key_block_headers;

    ck_assert_int_eq(fill("export-key",
                          "{\"KeyMaterial\":{\"Tr31KeyBlock\":{\"KeyBlockHeaders\":{"
                          "\"OptionalBlocks\":{\"LB\":\"x\",\"BI\":\"00ABCDEFABCD\"},"
                          "\"AddBlocks\":[\"TS\",\"KP\"]}}}}",
                          &export, &err),
                     OUTCOME_DONE);
    ck_assert_uint_eq(headers->optional_blocks_count, 2);
    ck_assert_str_eq(headers->optional_blocks[0].id, "LB");
    ck_assert_str_eq(headers->optional_blocks[0].value, "x");
    ck_assert_str_eq(headers->optional_blocks[1].id, "BI");
    ck_assert_uint_eq(headers->add_blocks_count, 2);
    ck_assert_str_eq(headers->add_blocks[1], "KP");
    ck_assert_int_eq(
        fill("tag-resource", "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"\"},{}]}", &tags, &err),
        OUTCOME_DONE);
    ck_assert_uint_eq(tags.tags_count, 2);
    ck_assert(tags.tags[0].has_value && !tags.tags[1].has_key);
}
END_TEST

START_TEST(strings_up_to_their_bound)
{
    struct kf_error err = {0};
    keyferry_GetKeyRequest request;
    char text[600] = "{\"KeyIdentifier\":\"";
    size_t start = strlen(text);

    memset(text + start, 'k', 511);
    strcpy(text + start + 511, "\"}");
    ck_assert_int_eq(fill("get-key", text, &request, &err), OUTCOME_DONE);
    ck_assert_uint_eq(strlen(request.key_identifier), 511);
    strcpy(text + start + 511, "k\"}");
    ck_assert_int_eq(fill("get-key", text, &request, &err), OUTCOME_REFUSED);
    ck_assert_int_eq(err.status, KF_VALIDATION);
    ck_assert_str_eq(err.message, "KeyIdentifier is longer than 511 characters.");
}
END_TEST

START_TEST(json_is_read_strictly)
{
    static const char *const wrong[] = {
        "",        "{",         "[]", "\"x\"", "{} {}", "{\"a\":1,\"a\":1}", "{\"a\":\"\xff\"}",
        "{'a':1}", "{\"a\":1,}"};
    struct kf_error err = {0};
    json_t *json = NULL;

    ck_assert_uint_lt(_i, COUNT(wrong));
    ck_assert_int_eq(json_in_parse(wrong[_i], "--x", &json, &err), OUTCOME_USAGE);
    ck_assert_ptr_null(json);
    ck_assert_int_eq(strncmp(err.message, "--x: ", 5), 0);
}
END_TEST

START_TEST(shorthand_strings_become_what_members_are)
{
    json_t *json = parsed("{\"KeyAttributes\":{\"KeyUsage\":\"true\",\"KeyModesOfUse\":"
                          "{\"Wrap\":\"True\",\"Sign\":\"false\",\"Verify\":\"yes\"}},"
                          "\"Exportable\":\"FALSE\",\"Other\":\"true\"}");
    char *text;

    json_in_coerce(json, operation_find("create-key")->request);
    text = json_dumps(json, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"KeyAttributes\":{\"KeyUsage\":\"true\",\"KeyModesOfUse\":"
                           "{\"Wrap\":true,\"Sign\":false,\"Verify\":\"yes\"}},"
                           "\"Exportable\":false,\"Other\":\"true\"}");
    free(text);
    json_decref(json);
}
END_TEST

static char *shown(const char *operation, const void *reply)
{
    json_t *json = json_out(reply, operation_find(operation)->reply);
    char *text;

    ck_assert_ptr_nonnull(json);
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

START_TEST(replies_are_shown_in_order)
{
    keyferry_ListAliasesReply reply = {
        .aliases_count = 2,
        .aliases = {{.alias_name = "alias/a"},
                    {.alias_name = "alias/b", .has_key_arn = true, .key_arn = "arn"}},
        .has_next_token = true,
        .next_token = "t"};
    keyferry_GetKeyReply key = {.has_key = true,
                                .key = {.key_arn = "arn",
                                        .has_key_attributes = true,
                                        .key_attributes.has_key_modes_of_use = true,
                                        .create_timestamp = -500}};
    char *text = shown("list-aliases", &reply);

    ck_assert_str_eq(text, "{\"Aliases\":[{\"AliasName\":\"alias/a\"},{\"AliasName\":\"alias/b\","
                           "\"KeyArn\":\"arn\"}],\"NextToken\":\"t\"}");
    free(text);
    setenv("TZ", "UTC", 1);
    text = shown("get-key", &key);
    ck_assert_str_eq(text, "{\"Key\":{\"KeyArn\":\"arn\",\"KeyAttributes\":{\"KeyModesOfUse\":"
                           "{\"Encrypt\":false,\"Decrypt\":false,\"Wrap\":false,\"Unwrap\":false,"
                           "\"Generate\":false,\"Sign\":false,\"Verify\":false,"
                           "\"DeriveKey\":false,\"NoRestrictions\":false}},\"Enabled\":false,"
                           "\"Exportable\":false,"
                           "\"CreateTimestamp\":\"1969-12-31T23:59:59.500000+00:00\"}}");
    free(text);
}
END_TEST

START_TEST(numbers_of_every_size)
{
    keyferry_StatusReply reply = {
        .state = "down", .workers = UINT32_MAX, .uptime_seconds = (uint64_t)1 << 40};
    char *text = shown("status", &reply);

    ck_assert_str_eq(text, "{\"State\":\"down\",\"Workers\":4294967295,\"WorkersReady\":0,"
                           "\"Connections\":0,\"Jobs\":0,\"UptimeSeconds\":1099511627776}");
    free(text);
}
END_TEST

START_TEST(text_that_is_not_utf8_is_not_shown)
{
    keyferry_StatusReply reply = {.state = "\xff"};

    ck_assert_ptr_null(json_out(&reply, operation_find("status")->reply));
}
END_TEST

START_TEST(text_has_one_record_a_line)
{
    json_t *json =
        parsed("{\"B\":\"x\\ty\\n\",\"A\":true,\"L\":[{\"P\":1},{\"Q\":2,\"N\":{\"Z\":3}}]}");
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    text_out(json, stream);
    fclose(stream);
    ck_assert_str_eq(text, "True\tx?y?\nL\t1\t\nL\t\t2\nN\t3\n");
    free(text);
    json_decref(json);
}
END_TEST

int main(void)
{
    const struct test tests[] = {{members_know_whether_they_were_given, 1},
                                 {integers, 1},
                                 {refusals_name_the_place, COUNT(refusals)},
                                 {lists_and_maps_keep_their_order, 1},
                                 {strings_up_to_their_bound, 1},
                                 {json_is_read_strictly, 9},
                                 {shorthand_strings_become_what_members_are, 1},
                                 {replies_are_shown_in_order, 1},
                                 {numbers_of_every_size, 1},
                                 {text_that_is_not_utf8_is_not_shown, 1},
                                 {text_has_one_record_a_line, 1}};

    return run_suite("json", tests, COUNT(tests));
}
