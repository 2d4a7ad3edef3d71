/* SPDX-License-Identifier: Apache-2.0 */
/* Shorthand against the JSON that the AWS command line makes of the same text. */
#include "config.h"

#include "client/shorthand.h"

#include <stdio.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/client/support.h"

static const struct {
    const char *text;
    const char *json; /* NULL: refused */
} cases[] = {
    {"a=b", "{\"a\":\"b\"}"},
    {"a=", "{\"a\":\"\"}"},
    {"a=,b=c", "{\"a\":\"\",\"b\":\"c\"}"},
    {"a=b,c=d", "{\"a\":\"b\",\"c\":\"d\"}"},
    {" a = b , \n c = d ", NULL},
    {"a = b , \n c = d ", "{\"a\":\"b\",\"c\":\"d\"}"},
    {"a=b c,d=e f", "{\"a\":\"b c\",\"d\":\"e f\"}"},
    {"a=b,c", "{\"a\":[\"b\",\"c\"]}"},
    {"a=b,c,d=e,f", "{\"a\":[\"b\",\"c\"],\"d\":[\"e\",\"f\"]}"},
    {"a=b, \"c\" , 'd'", "{\"a\":[\"b\",\"c\",\"d\"]}"},
    {"a=[1,2]", "{\"a\":[\"1\",\"2\"]}"},
    {"a=[]", "{\"a\":[]}"},
    {"a={}", "{\"a\":{}}"},
    {"a=[[1],[2, 3]]", "{\"a\":[[\"1\"],[\"2\",\"3\"]]}"},
    {"a={b=c,d=[e,{f=g}]},h=i", "{\"a\":{\"b\":\"c\",\"d\":[\"e\",{\"f\":\"g\"}]},\"h\":\"i\"}"},
    {"a={ b = c , d = e }", "{\"a\":{\"b\":\"c\",\"d\":\"e\"}}"},
    {"a='x,y={z}'", "{\"a\":\"x,y={z}\"}"},
    {"a=\"x,y\",b='q'", "{\"a\":\"x,y\",\"b\":\"q\"}"},
    {"a='it\\'s'", "{\"a\":\"it's\"}"},
    {"a=\"say \\\"so\\\"\"", "{\"a\":\"say \\\"so\\\"\"}"},
    {"a='\\\\'", "{\"a\":\"\\\\\"}"},
    {"a='\\n'", "{\"a\":\"\\\\n\"}"},
    {"a=x\\,y", "{\"a\":\"x,y\"}"},
    {"a=\\x", "{\"a\":\"\\\\x\"}"},
    {"a=b=c", "{\"a\":\"b=c\"}"},
    {"a=x[y]{z", NULL},
    {"a=b,c[d]", "{\"a\":[\"b\",\"c[d]\"]}"},
    {"a.b-c_d#/:1=2", "{\"a.b-c_d#/:1\":\"2\"}"},
    {"", NULL},
    {"a", NULL},
    {"=b", NULL},
    {"a==b", NULL},
    {"a=b,", NULL},
    {"a={b=c", NULL},
    {"a=[b", NULL},
    {"a=[b]c", NULL},
    {"a={b=c}x", NULL},
    {"a='b", NULL},
    {"a='b'c", NULL},
    {"a={b}", NULL},
    {"a=b,{c=d}", NULL},
    {"a=b,a=c", NULL},
    {"a={b=c,b=d}", NULL},
};

START_TEST(each_case)
{
    struct kf_error err = {0};
    json_t *object = NULL;
    enum outcome outcome = shorthand_parse(cases[_i].text, "--option", &object, &err);

    if (!cases[_i].json) {
        ck_assert_msg(outcome == OUTCOME_USAGE, "%s", cases[_i].text);
        ck_assert_msg(strncmp(err.message, "--option: ", 10) == 0, "%s", err.message);
    } else {
        char *text;

        ck_assert_msg(outcome == OUTCOME_DONE, "%s: %s", cases[_i].text, err.message);
        text = json_dumps(object, JSON_COMPACT);
        ck_assert_str_eq(text, cases[_i].json);
        free(text);
    }
    json_decref(object);
}
END_TEST

START_TEST(says_where)
{
    struct kf_error err = {0};
    json_t *object = NULL;

    ck_assert_int_eq(shorthand_parse("a={b=c}x", "--option", &object, &err), OUTCOME_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "expected \",\", found \"x\" at character 8"));
}
END_TEST

/* As deep as a command line is long, and nothing that breaks. */
START_TEST(bounded_depth)
{
    static char text[65536] = "a=";
    struct kf_error err = {0};
    json_t *object = NULL;

    memset(text + 2, '[', sizeof text - 3);
    ck_assert_int_eq(shorthand_parse(text, "--option", &object, &err), OUTCOME_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "brackets"));
}
END_TEST

START_TEST(values_in_files)
{
    char path[] = "/tmp/keyferry-shorthand-XXXXXX";
    int fd = mkstemp(path);
    char text[160];
    char literal[48];
    struct kf_error err = {0};
    json_t *object = NULL;
    json_t *inner;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "x,y\n", 4), 4);
    close(fd);
    snprintf(literal, sizeof literal, "file://%s", path);
    snprintf(text, sizeof text, "a@=%s,b={c@=%s,d=%s}", literal, literal, literal);
    ck_assert_int_eq(shorthand_parse(text, "--option", &object, &err), OUTCOME_DONE);
    inner = json_object_get(object, "b");
    ck_assert_str_eq(json_string_value(json_object_get(object, "a")), "x,y\n");
    ck_assert_str_eq(json_string_value(json_object_get(inner, "c")), "x,y\n");
    ck_assert_str_eq(json_string_value(json_object_get(inner, "d")), literal);
    json_decref(object);
    for (int i = 0; i < 4; i++) {
        static const char *const encoded[] = {"eA==", "eCw=", "eCx5", "eCx5Cg=="};

        ck_assert_int_eq(truncate(path, 0), 0);
        fd = open(path, O_WRONLY);
        ck_assert_int_eq(write(fd, "x,y\n", (size_t)i + 1), i + 1);
        close(fd);
        snprintf(text, sizeof text, "a@=base64://%s", path);
        ck_assert_int_eq(shorthand_parse(text, "--option", &object, &err), OUTCOME_DONE);
        ck_assert_str_eq(json_string_value(json_object_get(object, "a")), encoded[i]);
        json_decref(object);
    }
    unlink(path);
    ck_assert_int_eq(shorthand_parse("a@=file:///nonexistent", "--option", &object, &err),
                     OUTCOME_USAGE);
}
END_TEST

int main(void)
{
    const struct test tests[] = {
        {each_case, COUNT(cases)}, {says_where, 1}, {bounded_depth, 1}, {values_in_files, 1}};

    return run_suite("shorthand", tests, COUNT(tests));
}
