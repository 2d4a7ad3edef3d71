/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recursive descent over the text. The one place that needs to look back is AWS's list without
 * brackets: after "a=b,c" only what follows c tells whether it is a second value of a or the next
 * key.
 */
#include "config.h"

#include "client/shorthand.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/paramfile.h"

/* Lists and hashes inside each other; no shape is half as deep. */
#define DEPTH_MAX 16

struct parser {
    const char *text;
    const char *at;
    const char *option;
    struct kf_error *err;
    enum outcome outcome; /* of the first failure */
    bool files;           /* the value follows "@=" */
    unsigned depth;
};

static void skip_blanks(struct parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static json_t *fail(struct parser *p, const char *expected)
{
    if (*p->at)
        p->outcome = outcome_usage(p->err,
                                   "%s: expected %s, found \"%.16s\" at character %zu of its "
                                   "shorthand (write a value with special characters in quotes, "
                                   "or use JSON)",
                                   p->option, expected, p->at, (size_t)(p->at - p->text) + 1);
    else
        p->outcome = outcome_usage(p->err, "%s: expected %s at the end of its shorthand", p->option,
                                   expected);
    return NULL;
}

static json_t *no_memory(struct parser *p)
{
    p->outcome = outcome_refused(p->err, KF_UNAVAILABLE, "Out of memory.");
    return NULL;
}

/* The value's text as a string, or the file's that it names. Bytes pass as they are: the daemon
 * judges them. */
static json_t *make_string(struct parser *p, char *value, size_t len)
{
    char *text = NULL;
    json_t *string = NULL;

    value[len] = '\0';
    if (p->files) {
        p->outcome = paramfile_resolve(value, p->option, &text, p->err);
        if (p->outcome == OUTCOME_DONE)
            string = json_string_nocheck(text);
    } else {
        string = json_string_nocheck(value);
    }
    if (!string && p->outcome == OUTCOME_DONE)
        no_memory(p);
    free(text);
    free(value);
    return string;
}

static json_t *quoted(struct parser *p)
{
    char quote = *p->at;
    const char *c = p->at + 1;
    char *value = malloc(strlen(c) + 1);
    size_t len = 0;

    if (!value)
        return no_memory(p);
    for (; *c && *c != quote; c++) {
        if (*c == '\\' && (c[1] == quote || c[1] == '\\'))
            c++;
        value[len++] = *c;
    }
    if (!*c) {
        free(value);
        return fail(p, "a closing quote");
    }
    p->at = c + 1;
    return make_string(p, value, len);
}

/* What ends a plain value: a first one may hold "=", a later one of a list without brackets may
 * hold brackets. */
static bool ends_plain(char c, bool later)
{
    return c == '\0' || strchr("\"',", c) || strchr(later ? "=" : "]}", c);
}

static json_t *plain(struct parser *p, bool later)
{
    char *value = malloc(strlen(p->at) + 1);
    size_t len = 0;

    if (!value)
        return no_memory(p);
    if (*p->at == '=') {
        free(value);
        return fail(p, "a value");
    }
    while (!ends_plain(*p->at, later) || (*p->at == '\\' && p->at[1] == ',')) {
        if (*p->at == '\\' && p->at[1] == ',')
            p->at++;
        value[len++] = *p->at++;
    }
    while (len > 0 && isspace((unsigned char)value[len - 1]))
        len--;
    return make_string(p, value, len);
}

static json_t *scalar(struct parser *p, bool later)
{
    return *p->at == '\'' || *p->at == '"' ? quoted(p) : plain(p, later);
}

static json_t *item(struct parser *p);

/* After an item: a comma, or the closing bracket, which is left for the caller. */
static bool next_item(struct parser *p, char close, const char *expected)
{
    skip_blanks(p);
    if (*p->at == close)
        return true;
    if (*p->at != ',') {
        fail(p, expected);
        return false;
    }
    p->at++;
    skip_blanks(p);
    return true;
}

static json_t *list(struct parser *p)
{
    json_t *array = json_array();

    p->at++;
    skip_blanks(p);
    while (*p->at != ']') {
        json_t *value = item(p);

        if (!value || json_array_append_new(array, value) < 0 ||
            !next_item(p, ']', "\",\" or \"]\"")) {
            json_decref(array);
            return NULL;
        }
    }
    p->at++;
    return array;
}

/* Reads key and "=" or "@="; the key is the caller's to free. */
static char *key(struct parser *p)
{
    const char *start = p->at;
    char *name;

    while (*p->at && (isalnum((unsigned char)*p->at) || strchr("-_.#/:", *p->at)))
        p->at++;
    if (p->at == start) {
        fail(p, "a member's name");
        return NULL;
    }
    name = strndup(start, (size_t)(p->at - start));
    skip_blanks(p);
    p->files = *p->at == '@';
    if (p->files) {
        p->at++;
        skip_blanks(p);
    }
    if (!name || *p->at != '=') {
        if (name)
            fail(p, "\"=\"");
        else
            no_memory(p);
        free(name);
        return NULL;
    }
    p->at++;
    skip_blanks(p);
    return name;
}

/* Puts a pair into the object and takes both over. */
static bool put(struct parser *p, json_t *object, char *name, json_t *value)
{
    bool twice = value && json_object_get(object, name);
    bool good;

    if (twice)
        p->outcome =
            outcome_usage(p->err, "%s: \"%.64s\" is given twice in its shorthand", p->option, name);
    good = value && !twice && json_object_set(object, name, value) == 0;
    json_decref(value);
    free(name);
    return good;
}

static json_t *hash(struct parser *p)
{
    json_t *object = json_object();

    p->at++;
    skip_blanks(p);
    while (*p->at != '}') {
        char *name = key(p);

        if (!name || !put(p, object, name, item(p)) || !next_item(p, '}', "\",\" or \"}\"")) {
            json_decref(object);
            return NULL;
        }
    }
    p->at++;
    return object;
}

static json_t *item(struct parser *p)
{
    json_t *value;

    if (*p->at != '[' && *p->at != '{')
        return scalar(p, false);
    if (p->depth == DEPTH_MAX)
        return fail(p, "no more brackets inside brackets");
    p->depth++;
    value = *p->at == '[' ? list(p) : hash(p);
    p->depth--;
    return value;
}

/* Whether a later value of a list without brackets stands here: a plain or quoted text with a comma
 * or the end behind it, where a key would have "=" or "@=". */
static bool later_value(const struct parser *p)
{
    struct kf_error unused = {0};
    struct parser look = *p;
    json_t *value;

    if (!*p->at || strchr(",=[{}", *p->at))
        return false;
    look.err = &unused;
    look.files = false;
    value = scalar(&look, true);
    if (!value)
        return false;
    json_decref(value);
    skip_blanks(&look);
    return *look.at == '\0' || *look.at == ',';
}

static json_t *values(struct parser *p)
{
    json_t *first;
    json_t *array = NULL;

    if (*p->at == '[' || *p->at == '{')
        return item(p);
    first = scalar(p, false);
    while (first) {
        struct parser next = *p;
        json_t *value;

        skip_blanks(&next);
        if (*next.at != ',')
            break;
        next.at++;
        skip_blanks(&next);
        if (!later_value(&next))
            break;
        p->at = next.at;
        value = scalar(p, true);
        if (!array) {
            array = json_array();
            json_array_append_new(array, first);
        }
        if (!value || json_array_append_new(array, value) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array ? array : first;
}

enum outcome shorthand_parse(const char *text, const char *option, json_t **object,
                             struct kf_error *err)
{
    struct parser p = {.text = text, .at = text, .option = option, .err = err};
    json_t *all = json_object();

    for (;;) {
        char *name = key(&p);

        if (!name || !put(&p, all, name, values(&p)))
            break;
        skip_blanks(&p);
        if (*p.at == '\0') {
            *object = all;
            return OUTCOME_DONE;
        }
        if (*p.at != ',') {
            fail(&p, "\",\"");
            break;
        }
        p.at++;
        skip_blanks(&p);
    }
    json_decref(all);
    if (p.outcome == OUTCOME_DONE)
        no_memory(&p);
    return p.outcome;
}
