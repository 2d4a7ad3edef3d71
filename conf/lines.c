/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over libyaml's events that notes the line of each key of the two outer levels. */
#include "conf/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* More than the schema has keys: what comes after these has no line of its own. */
#define KEYS_MAX 256

struct lines {
    size_t count;
    struct {
        char key[LINES_KEY_MAX];
        size_t line;
    } keys[KEYS_MAX];
};

/* Where the walk is: depth of open mappings and sequences, and whether the next scalar is a key. */
struct walk {
    struct lines *lines;
    unsigned depth, documents;
    bool expect_key[3]; /* of the mapping at this depth; depth 1 is the outer one */
    bool is_mapping[3];
    char section[LINES_KEY_MAX / 2];
    const char *problem;
};

static void note_key(struct walk *walk, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.scalar.value;
    struct lines *lines = walk->lines;

    if (walk->depth == 1)
        snprintf(walk->section, sizeof walk->section, "%.*s", (int)sizeof walk->section - 1, name);
    if (lines->count == KEYS_MAX)
        return;
    snprintf(lines->keys[lines->count].key, LINES_KEY_MAX, "%s%s%.*s",
             walk->depth == 1 ? "" : walk->section, walk->depth == 1 ? "" : ".",
             LINES_KEY_MAX / 2 - 2, name);
    lines->keys[lines->count++].line = event->start_mark.line + 1;
}

/* A node begins: in a mapping keys and values take turns. */
static void take_node(struct walk *walk, const yaml_event_t *event)
{
    if (walk->depth == 0 || walk->depth > 2 || !walk->is_mapping[walk->depth])
        return;
    if (walk->expect_key[walk->depth] && event->type == YAML_SCALAR_EVENT)
        note_key(walk, event);
    walk->expect_key[walk->depth] = !walk->expect_key[walk->depth];
}

static void open_node(struct walk *walk, bool mapping)
{
    walk->depth++;
    if (walk->depth > 2)
        return;
    walk->is_mapping[walk->depth] = mapping;
    walk->expect_key[walk->depth] = true;
}

static void take_event(struct walk *walk, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++walk->documents > 1)
            walk->problem = "a second YAML document begins; there may be one only";
        break;
    case YAML_ALIAS_EVENT:
        walk->problem = "YAML aliases (*name) are not allowed";
        break;
    case YAML_SCALAR_EVENT:
        if (walk->depth == 0 && event->data.scalar.length > 0)
            walk->problem = "the file must be a mapping of keys to values";
        if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
            walk->problem = "a text has a NUL character in it";
        take_node(walk, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        if (walk->depth == 0)
            walk->problem = "the file must be a mapping of keys to values";
        take_node(walk, event);
        open_node(walk, false);
        break;
    case YAML_MAPPING_START_EVENT:
        take_node(walk, event);
        open_node(walk, true);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        walk->depth--;
        break;
    default:
        break;
    }
}

/* One event; false when there is no more to come. */
static bool step(yaml_parser_t *parser, struct walk *walk, char *problem, size_t room, size_t *line)
{
    yaml_event_t event;
    bool more;

    if (!yaml_parser_parse(parser, &event)) {
        snprintf(problem, room, "not valid YAML: %s",
                 parser->problem ? parser->problem : "unreadable");
        *line = parser->problem_mark.line + 1;
        walk->problem = problem;
        return false;
    }
    take_event(walk, &event);
    if (walk->problem) {
        snprintf(problem, room, "%s", walk->problem);
        *line = event.start_mark.line + 1;
    }
    more = event.type != YAML_STREAM_END_EVENT && !walk->problem;
    yaml_event_delete(&event);
    return more;
}

struct lines *lines_read(const uint8_t *text, size_t len, char *problem, size_t room, size_t *line)
{
    struct walk walk = {.lines = calloc(1, sizeof(struct lines))};
    yaml_parser_t parser;

    *line = 0;
    if (!walk.lines || !yaml_parser_initialize(&parser)) {
        snprintf(problem, room, "memory is short");
        lines_free(walk.lines);
        return NULL;
    }
    yaml_parser_set_input_string(&parser, text, len);
    while (step(&parser, &walk, problem, room, line))
        ;
    yaml_parser_delete(&parser);
    if (!walk.problem)
        return walk.lines;
    lines_free(walk.lines);
    return NULL;
}

size_t lines_find(const struct lines *lines, const char *key)
{
    size_t section = strcspn(key, ".");
    size_t line = 0;

    for (size_t i = 0; i < lines->count; i++) {
        if (strcmp(lines->keys[i].key, key) == 0)
            line = lines->keys[i].line; /* of a key given twice, the second is to blame */
    }
    for (size_t i = 0; line == 0 && i < lines->count; i++)
        if (strlen(lines->keys[i].key) == section && strncmp(lines->keys[i].key, key, section) == 0)
            line = lines->keys[i].line;
    return line;
}

bool lines_empty(const struct lines *lines)
{
    return lines->count == 0;
}

void lines_free(struct lines *lines)
{
    free(lines);
}
