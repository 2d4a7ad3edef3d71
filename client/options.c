/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the arguments; what a member's value means is said by its shape. */
#include "config.h"

#include "client/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/json_in.h"
#include "client/nearest.h"
#include "client/option_value.h"
#include "client/paramfile.h"

#define DEFAULT_TIMEOUT_SECONDS 60
#define LONGEST_TIMEOUT_SECONDS 86400

const struct common_option_info common_options[OPTION_COUNT] = {
    [OPTION_SOCKET] = {"socket", "PATH", false, true,
                       "The daemon's socket; else KEYFERRY_SOCKET, else "
                       "/run/keyferry/keyferry.sock."},
    [OPTION_OUTPUT] = {"output", "json|text", false, false,
                       "The form of the answer: JSON (the default) or tab-separated text."},
    [OPTION_CLI_INPUT_JSON] = {"cli-input-json", "JSON", false, true,
                               "The request as JSON, or file://PATH; other options go before it."},
    [OPTION_CLI_READ_TIMEOUT] = {"cli-read-timeout", "SECONDS", false, true,
                                 "How long to wait for an answer; 0 for ever, by default 60."},
    [OPTION_NO_PAGINATE] = {"no-paginate", NULL, true, true, "Ask for the first page only."},
    [OPTION_MAX_ITEMS] = {"max-items", "N", true, true,
                          "Stop after so many items and give a NextToken for the rest."},
    [OPTION_PAGE_SIZE] = {"page-size", "N", true, true, "Items asked for at a time, 1 to 100."},
    [OPTION_STARTING_TOKEN] = {"starting-token", "TOKEN", true, true,
                               "Go on from the NextToken of an answer cut by --max-items."},
    [OPTION_HELP] = {"help", NULL, false, false, "Show this help."},
    [OPTION_VERSION] = {"version", NULL, false, false, "Show the version."},
};

struct reader {
    struct command_line *line;
    struct kf_error *err;
    char **next;   /* arguments not read yet, up to a NULL */
    unsigned seen; /* common options, a bit each */
    char *input_json;
};

/* An option as it was written, and what it names. */
struct option {
    const char *written; /* "--no-exportable=x" */
    char name[64];       /* "no-exportable" */
    const char *value;   /* behind "=", else NULL */
    const struct member *member;
    bool negated;
    enum common_option common;
};

static enum outcome command_named(struct reader *r, const char *name)
{
    struct nearest nearest;
    char text[256];

    r->line->command = name;
    r->line->operation = operation_find(name);
    if (r->line->operation) {
        r->line->request = json_object();
        return OUTCOME_DONE;
    }
    if (strcmp(name, COMMAND_PARSE_KEY_BLOCK) == 0)
        return OUTCOME_DONE;
    r->line->command = NULL;
    nearest_begin(&nearest, name);
    for (size_t i = 0; i < operations_count; i++)
        nearest_offer(&nearest, operations[i].name);
    nearest_offer(&nearest, COMMAND_PARSE_KEY_BLOCK);
    nearest_text(&nearest, text, sizeof text);
    return outcome_usage(r->err, "unknown command \"%.64s\"; did you mean %s?", name, text);
}

bool options_apply(const struct command_line *line, const struct common_option_info *info)
{
    if (!line->command)
        return true;
    return (!info->paging || (line->operation && line->operation->list)) &&
           (!info->asking || line->operation);
}

static enum outcome unknown_option(const struct reader *r, const char *written)
{
    const struct operation *operation = r->line->operation;
    struct nearest nearest;
    char name[NEAREST_NAME] = "--";
    char text[256];

    nearest_begin(&nearest, written);
    for (size_t i = 0; operation && i < operation->request->count; i++) {
        shape_option(&operation->request->members[i], name + 2, sizeof name - 2);
        nearest_offer(&nearest, name);
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        snprintf(name, sizeof name, "--%s", common_options[i].name);
        if (options_apply(r->line, &common_options[i]))
            nearest_offer(&nearest, name);
    }
    nearest_text(&nearest, text, sizeof text);
    return outcome_usage(r->err, "unknown option \"%.64s\"; the nearest are %s", written, text);
}

static bool is_boolean(const struct shape *shape, const struct member *member)
{
    pb_field_iter_t field = shape_field(shape, member, NULL);

    return shape_kind(&field) == MEMBER_BOOLEAN;
}

/* Finds what an option's name stands for among the request's members. */
static bool find_member(const struct operation *operation, struct option *option)
{
    for (size_t i = 0; operation && i < operation->request->count; i++) {
        const struct member *member = &operation->request->members[i];
        char name[64];

        shape_option(member, name, sizeof name);
        option->negated = is_boolean(operation->request, member) &&
                          strncmp(option->name, "no-", 3) == 0 &&
                          strcmp(option->name + 3, name) == 0;
        if (option->negated || strcmp(option->name, name) == 0) {
            option->member = member;
            return true;
        }
    }
    return false;
}

static bool find_common(const struct reader *r, struct option *option)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strcmp(option->name, common_options[i].name) == 0 &&
            options_apply(r->line, &common_options[i])) {
            option->common = (enum common_option)i;
            return true;
        }
    return false;
}

/* The option's value, from behind "=" or from the next argument, with files read; the caller frees
 * it. */
static enum outcome take_value(struct reader *r, const struct option *option, char **text)
{
    const char *value = option->value;

    if (!value) {
        if (!*r->next || strncmp(*r->next, "--", 2) == 0)
            return outcome_usage(r->err, "--%s: a value is expected after it", option->name);
        value = *r->next++;
    }
    if (!option->member && option->common != OPTION_CLI_INPUT_JSON) {
        *text = strdup(value);
        return *text ? OUTCOME_DONE : outcome_refused(r->err, KF_UNAVAILABLE, "Out of memory.");
    }
    return paramfile_resolve(value, option->written, text, r->err);
}

static enum outcome read_value(struct reader *r, const struct option *option, json_t **value)
{
    char *text = NULL;
    enum outcome outcome = take_value(r, option, &text);

    if (outcome == OUTCOME_DONE)
        outcome = option_value(r->line->operation->request, option->member, option->name, text,
                               value, r->err);
    free(text);
    return outcome;
}

static bool is_list(const struct shape *shape, const struct member *member)
{
    pb_field_iter_t field = shape_field(shape, member, NULL);

    return shape_kind(&field) == MEMBER_LIST;
}

/* One argument of a list: a JSON list, or an element. */
static enum outcome read_elements(struct reader *r, const struct option *option, json_t *list)
{
    char *text = NULL, what[70];
    enum outcome outcome = take_value(r, option, &text);
    json_t *value = NULL;

    snprintf(what, sizeof what, "--%s", option->name);
    if (outcome == OUTCOME_DONE && text[strspn(text, " \t\n")] == '[') {
        outcome = json_in_parse_list(text, what, &value, r->err);
        if (outcome == OUTCOME_DONE && json_array_extend(list, value) < 0)
            outcome = outcome_refused(r->err, KF_UNAVAILABLE, "Out of memory.");
    } else if (outcome == OUTCOME_DONE) {
        outcome = option_value(r->line->operation->request, option->member, option->name, text,
                               &value, r->err);
        if (outcome == OUTCOME_DONE && json_array_append(list, value) < 0)
            outcome = outcome_refused(r->err, KF_UNAVAILABLE, "Out of memory.");
    }
    json_decref(value);
    free(text);
    return outcome;
}

/* A list takes the arguments up to the next option, an element each. */
static enum outcome read_list(struct reader *r, const struct option *option, json_t **list)
{
    enum outcome outcome;

    *list = json_array();
    do
        outcome = read_elements(r, option, *list);
    while (outcome == OUTCOME_DONE && !option->value && *r->next &&
           strncmp(*r->next, "--", 2) != 0);
    if (outcome != OUTCOME_DONE)
        json_decref(*list);
    return outcome;
}

static enum outcome read_member(struct reader *r, const struct option *option)
{
    bool boolean = is_boolean(r->line->operation->request, option->member);
    json_t *value = NULL;
    enum outcome outcome;

    if (json_object_get(r->line->request, option->member->name))
        return outcome_usage(r->err, "--%s: %s is given twice", option->name, option->member->name);
    if (boolean && option->value)
        return outcome_usage(r->err, "--%s takes no value", option->name);
    if (boolean) {
        value = json_boolean(!option->negated);
    } else {
        outcome = is_list(r->line->operation->request, option->member)
                      ? read_list(r, option, &value)
                      : read_value(r, option, &value);
        if (outcome != OUTCOME_DONE)
            return outcome;
    }
    if (json_object_set_new(r->line->request, option->member->name, value) < 0)
        return outcome_refused(r->err, KF_UNAVAILABLE, "Out of memory.");
    return OUTCOME_DONE;
}

static enum outcome output_form(struct reader *r, const char *value)
{
    r->line->text = strcmp(value, "text") == 0;
    if (!r->line->text && strcmp(value, "json") != 0)
        return outcome_usage(r->err, "--output: \"%.32s\" is neither json nor text", value);
    return OUTCOME_DONE;
}

/* Options whose value is kept point into argv, which outlives everything. */
static enum outcome read_common_value(struct reader *r, const struct option *option)
{
    struct command_line *line = r->line;
    const char *kept = option->value ? option->value : *r->next;
    long long number = 0;
    char *text = NULL;
    enum outcome outcome = take_value(r, option, &text);

    if (outcome != OUTCOME_DONE)
        return outcome;
    switch (option->common) {
    case OPTION_SOCKET:
        line->socket = kept;
        break;
    case OPTION_OUTPUT:
        outcome = output_form(r, text);
        break;
    case OPTION_CLI_INPUT_JSON:
        r->input_json = text;
        return OUTCOME_DONE;
    case OPTION_CLI_READ_TIMEOUT:
        outcome = option_number(option->name, text, 0, LONGEST_TIMEOUT_SECONDS, &number, r->err);
        line->timeout_ms = (unsigned)number * 1000;
        break;
    case OPTION_MAX_ITEMS:
        outcome = option_number(option->name, text, 1, INT32_MAX, &number, r->err);
        line->max_items = (int)number;
        break;
    case OPTION_PAGE_SIZE:
        outcome = option_number(option->name, text, 1, 100, &number, r->err);
        line->page_size = (int)number;
        break;
    default:
        line->starting_token = kept;
    }
    free(text);
    return outcome;
}

static enum outcome read_common(struct reader *r, const struct option *option)
{
    if (r->seen & 1u << option->common)
        return outcome_usage(r->err, "--%s is given twice", option->name);
    r->seen |= 1u << option->common;
    if (common_options[option->common].value)
        return read_common_value(r, option);
    if (option->value)
        return outcome_usage(r->err, "--%s takes no value", option->name);
    r->line->help = r->line->help || option->common == OPTION_HELP;
    r->line->version = r->line->version || option->common == OPTION_VERSION;
    r->line->no_paginate = r->line->no_paginate || option->common == OPTION_NO_PAGINATE;
    return OUTCOME_DONE;
}

static enum outcome read_option(struct reader *r, const char *written)
{
    struct option option = {.written = written};
    const char *equals = strchr(written, '=');
    size_t len = equals ? (size_t)(equals - written) : strlen(written);

    if (len < 3 || len - 2 >= sizeof option.name || written[1] != '-')
        return unknown_option(r, written);
    memcpy(option.name, written + 2, len - 2);
    option.value = equals ? equals + 1 : NULL;
    if (find_member(r->line->operation, &option))
        return read_member(r, &option);
    return find_common(r, &option) ? read_common(r, &option) : unknown_option(r, written);
}

static enum outcome read_argument(struct reader *r, const char *argument)
{
    struct command_line *line = r->line;

    if (argument[0] == '-' && argument[1] != '\0')
        return read_option(r, argument);
    if (strcmp(argument, "help") == 0) {
        line->help = true;
        return OUTCOME_DONE;
    }
    if (!line->command)
        return command_named(r, argument);
    if (!line->operation && !line->block) {
        line->block = argument;
        return OUTCOME_DONE;
    }
    return outcome_usage(r->err, "unexpected argument \"%.64s\"", argument);
}

/* What --cli-input-json gives and no option of its own does. */
static enum outcome merge_input(struct reader *r)
{
    json_t *input;
    enum outcome outcome;

    if (!r->input_json)
        return OUTCOME_DONE;
    outcome = json_in_parse(r->input_json, "--cli-input-json", &input, r->err);
    if (outcome != OUTCOME_DONE)
        return outcome;
    if (json_object_update_missing(r->line->request, input) < 0)
        outcome = outcome_refused(r->err, KF_UNAVAILABLE, "Out of memory.");
    json_decref(input);
    return outcome;
}

static enum outcome check_whole(struct reader *r)
{
    struct command_line *line = r->line;
    bool one_page = line->no_paginate || json_object_get(line->request, "NextToken") ||
                    json_object_get(line->request, "MaxResults");
    bool paged = line->max_items || line->page_size || line->starting_token;

    if (line->help || line->version)
        return OUTCOME_DONE;
    if (!line->command)
        return outcome_usage(r->err, "a command is expected");
    if (!line->operation)
        return line->block ? OUTCOME_DONE : outcome_usage(r->err, "a key block is expected");
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if ((r->seen & 1u << i) && !options_apply(r->line, &common_options[i]))
            return outcome_usage(r->err, "--%s is for commands that list", common_options[i].name);
    line->all_pages = line->operation->list && !one_page;
    if (paged && one_page)
        return outcome_usage(r->err, "--max-items, --page-size and --starting-token cannot go with "
                                     "--no-paginate, --max-results and --next-token, which ask for "
                                     "one page");
    return OUTCOME_DONE;
}

enum outcome options_parse(int argc, char **argv, struct command_line *line, struct kf_error *err)
{
    struct reader r = {.line = line, .err = err, .next = argv + (argc > 0)};
    enum outcome outcome = OUTCOME_DONE;

    line->timeout_ms = DEFAULT_TIMEOUT_SECONDS * 1000;
    while (outcome == OUTCOME_DONE && *r.next) {
        char *argument = *r.next++;

        outcome = read_argument(&r, argument);
    }
    if (outcome == OUTCOME_DONE && line->operation && !line->help)
        outcome = merge_input(&r);
    if (outcome == OUTCOME_DONE)
        outcome = check_whole(&r);
    free(r.input_json);
    return outcome;
}

void options_free(struct command_line *line)
{
    json_decref(line->request);
    line->request = NULL;
}
