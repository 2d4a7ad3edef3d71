/* SPDX-License-Identifier: Apache-2.0 */
/* The keyferry command: reads the command line, asks the daemon, writes the answer. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/block.h"
#include "client/help.h"
#include "client/options.h"
#include "client/run.h"
#include "client/text_out.h"

/* As JSON indented by four, or as text; nothing at all for an answer without members. */
static void write_answer(const struct command_line *line, json_t *answer)
{
    json_t *token = json_object_get(answer, "NextToken");

    if (json_object_size(answer) == 0)
        return;
    if (!line->text) {
        json_dumpf(answer, stdout, JSON_INDENT(4));
        fputc('\n', stdout);
        return;
    }
    /* A cut list ends with its token on a line of its own; a single page has it as a column. */
    if (token && line->all_pages)
        json_object_set_new(answer, "NextToken", json_pack("{sO}", "NextToken", token));
    text_out(answer, stdout);
}

static enum outcome run(const struct command_line *line, struct kf_error *err)
{
    json_t *answer = NULL;
    enum outcome outcome;

    if (line->help) {
        help_write(line, stdout);
        return OUTCOME_DONE;
    }
    if (line->version) {
        printf("keyferry %s\n", PACKAGE_VERSION);
        return OUTCOME_DONE;
    }
    if (line->operation)
        outcome = run_operation(line, &answer, err);
    else
        outcome = block_describe(line->block, &answer, err);
    if (outcome == OUTCOME_DONE)
        write_answer(line, answer);
    json_decref(answer);
    return outcome;
}

/* What comes from elsewhere must not steer the terminal. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
}

static void complain(const struct command_line *line, enum outcome outcome, struct kf_error *err)
{
    make_printable(err->message);
    if (outcome == OUTCOME_REFUSED)
        fprintf(stderr, "%s: %s\n", kf_status_name(err->status), err->message);
    else
        fprintf(stderr, "keyferry%s%s: %s\nSee 'keyferry%s%s --help'.\n", line->command ? " " : "",
                line->command ? line->command : "", err->message, line->command ? " " : "",
                line->command ? line->command : "");
}

int main(int argc, char **argv)
{
    struct command_line line = {0};
    struct kf_error err = {0};
    enum outcome outcome = options_parse(argc, argv, &line, &err);

    if (outcome == OUTCOME_DONE)
        outcome = run(&line, &err);
    if (outcome != OUTCOME_DONE)
        complain(&line, outcome, &err);
    options_free(&line);
    /* An answer that did not arrive is no answer: a full disk shows here at the latest. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "keyferry: cannot write the answer: %s\n", strerror(errno));
        outcome = OUTCOME_REFUSED;
    }
    return (int)outcome;
}
