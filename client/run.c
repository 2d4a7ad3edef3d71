/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its reply; for lists, as many as there are pages. */
#include "client/run.h"

#include <stdlib.h>

#include "client/connection.h"
#include "client/json_in.h"
#include "client/json_out.h"

/* As many items as a page may have when --max-items leaves the choice. */
#define PAGE_MOST 100

static enum outcome out_of_memory(struct kf_error *err)
{
    return outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
}

static enum outcome ask(struct connection *connection, const struct operation *operation,
                        const void *request, void *reply, json_t **answer, struct kf_error *err)
{
    if (!connection_call(connection, operation->number, operation->request->type, request,
                         operation->reply->type, reply, err))
        return OUTCOME_REFUSED;
    *answer = json_out(reply, operation->reply);
    if (!*answer)
        return outcome_refused(err, KF_INTERNAL, "The daemon's reply is not UTF-8 text.");
    return OUTCOME_DONE;
}

/* With no connection the request is only looked at, so that what is wrong with a command line is
 * said whether or not a daemon runs. */
static enum outcome one_request(struct connection *connection, const struct operation *operation,
                                const json_t *input, json_t **answer, struct kf_error *err)
{
    void *request = calloc(1, operation->request->size);
    void *reply = calloc(1, operation->reply->size);
    enum outcome outcome =
        request && reply ? json_in(input, operation->request, request, err) : out_of_memory(err);

    if (outcome == OUTCOME_DONE && connection)
        outcome = ask(connection, operation, request, reply, answer, err);
    free(request);
    free(reply);
    return outcome;
}

struct paging {
    json_t *items;
    json_t *token; /* for the next page; NULL at the end, and at first where none is given */
    int left;      /* items still wanted; -1 for all */
};

static bool prepare_page(const struct command_line *line, const struct paging *paging)
{
    int size = line->page_size ? line->page_size : PAGE_MOST;
    bool good = true;

    if (paging->left >= 0 && paging->left < size)
        size = paging->left;
    if (line->page_size || paging->left >= 0)
        good = json_object_set_new(line->request, "MaxResults", json_integer(size)) == 0;
    if (paging->token)
        good = good && json_object_set(line->request, "NextToken", paging->token) == 0;
    return good;
}

/* Takes over what a page brings. */
static enum outcome take_page(struct paging *paging, const json_t *page, const char *list,
                              struct kf_error *err)
{
    json_t *items = json_object_get(page, list);
    json_t *token = json_object_get(page, "NextToken");

    if (token && paging->token && json_equal(token, paging->token))
        return outcome_refused(err, KF_INTERNAL,
                               "The daemon's list does not come to an end: a page names itself as "
                               "the next. See its log.");
    if (json_array_extend(paging->items, items) < 0)
        return out_of_memory(err);
    if (paging->left >= 0)
        paging->left -= (int)json_array_size(items);
    json_decref(paging->token);
    paging->token = json_incref(token);
    return OUTCOME_DONE;
}

static enum outcome all_pages(struct connection *connection, const struct command_line *line,
                              json_t **answer, struct kf_error *err)
{
    struct paging paging = {.items = json_array(), .left = line->max_items ? line->max_items : -1};
    enum outcome outcome = OUTCOME_DONE;

    if (line->starting_token)
        paging.token = json_string_nocheck(line->starting_token);
    do {
        json_t *page = NULL;

        outcome = prepare_page(line, &paging)
                      ? one_request(connection, line->operation, line->request, &page, err)
                      : out_of_memory(err);
        if (outcome == OUTCOME_DONE)
            outcome = take_page(&paging, page, line->operation->list, err);
        json_decref(page);
    } while (outcome == OUTCOME_DONE && paging.token && paging.left != 0);
    if (outcome == OUTCOME_DONE) {
        *answer = json_object();
        if (json_object_set(*answer, line->operation->list, paging.items) < 0 ||
            (paging.token && json_object_set(*answer, "NextToken", paging.token) < 0))
            outcome = out_of_memory(err);
    }
    json_decref(paging.items);
    json_decref(paging.token);
    return outcome;
}

enum outcome run_operation(const struct command_line *line, json_t **answer, struct kf_error *err)
{
    struct connection *connection;
    enum outcome outcome = one_request(NULL, line->operation, line->request, answer, err);

    if (outcome != OUTCOME_DONE)
        return outcome;
    connection = connection_open(line->socket, err);
    if (!connection)
        return OUTCOME_REFUSED;
    connection_set_timeout(connection, line->timeout_ms);
    outcome = line->all_pages
                  ? all_pages(connection, line, answer, err)
                  : one_request(connection, line->operation, line->request, answer, err);
    connection_close(connection);
    return outcome;
}
