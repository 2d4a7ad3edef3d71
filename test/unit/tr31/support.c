/* SPDX-License-Identifier: Apache-2.0 */
/* Suite runner and vectors for the unit tests of tr31/. */
#include "test/unit/tr31/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

int run_suite(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < count; i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

json_t *vectors_load(const char *member)
{
    json_error_t error;
    json_t *root = json_load_file(TR31_VECTORS, 0, &error);
    json_t *array = json_object_get(root, member);

    ck_assert_msg(json_is_array(array) && json_array_size(array) > 0, "%s: %s", TR31_VECTORS,
                  root ? member : error.text);
    json_incref(array);
    json_decref(root);
    return array;
}

const char *vector_text(const json_t *vector, const char *member)
{
    const char *text = json_string_value(json_object_get(vector, member));

    ck_assert_msg(text != NULL, "vector without %s", member);
    return text;
}

size_t vector_bytes(const json_t *vector, const char *member, uint8_t *out, size_t room)
{
    const char *text = vector_text(vector, member);
    size_t len = strlen(text) / 2;

    ck_assert_uint_le(len, room);
    ck_assert(hex_decode(text, len, out));
    return len;
}

void each_block(const char *expect, size_t least, vector_test *test)
{
    json_t *vectors = vectors_load("vectors"), *vector;
    size_t index, count = 0;

    json_array_foreach(vectors, index, vector) {
        const char *text = vector_text(vector, "block");
        struct tr31_keyblock block;
        struct kf_error err = {0};
        bool parsed;

        if (strcmp(vector_text(vector, "expect"), expect) != 0)
            continue;
        parsed = tr31_keyblock_parse(text, strlen(text), &block, &err);
        test(vector, text, parsed, &block, &err);
        count++;
    }
    ck_assert_uint_ge(count, least);
    json_decref(vectors);
}

void expect_refusal(bool result, const struct kf_error *err, const char *message)
{
    ck_assert_msg(!result, "accepted instead of: %s", message);
    ck_assert_int_eq(err->status, KF_VALIDATION);
    ck_assert_msg(strncmp(err->message, message, strlen(message)) == 0, "\"%s\" instead of \"%s\"",
                  err->message, message);
}

char *rewrite(const struct tr31_keyblock *block)
{
    struct tr31_layout layout = {
        .header_size = block->header_size,
        .payload_len = block->ciphertext_len,
        .mac_len = block->mac_len,
        .total_size = block->header_size + 2 * (block->ciphertext_len + block->mac_len),
    };
    char *header = malloc(layout.header_size + 1);
    char *text = malloc(layout.total_size + 1);

    ck_assert(header && text);
    tr31_layout_header(&block->header, &layout, NULL, header);
    tr31_keyblock_write(&layout, header, block->ciphertext, block->mac, text);
    free(header);
    return text;
}

struct tr31_header sample_header(void)
{
    return (struct tr31_header){.version = 'D', .usage = "P0", .algorithm = 'A', .mode = 'E',
                                .key_version = "00", .exportability = 'E', .context = '0'};
}
