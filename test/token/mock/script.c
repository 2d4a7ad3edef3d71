/* SPDX-License-Identifier: Apache-2.0 */
/* A script's rules, and the counts of calls that they are for. */
#include "test/token/mock/script.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_MAX 64
#define FUNCTIONS_MAX 80
#define NAME_ROOM 33
#define LACKS_MAX 8

struct lack {
    enum script_thing thing;
    unsigned long number;
    unsigned long rv; /* 0: the usual one */
};

struct rule {
    char function[NAME_ROOM];
    unsigned long from, to; /* ordinals */
    enum script_action action;
    unsigned long value;
    pid_t only; /* 0: for every process */
};

/* One thread calls a worker's module. */
static struct {
    struct stat file;
    bool read;
    struct rule rules[RULES_MAX];
    size_t count;
    char serial[NAME_ROOM], label[NAME_ROOM];
    struct lack lacks[LACKS_MAX];
    size_t lacking;
    struct {
        const char *function;
        unsigned long calls;
    } counters[FUNCTIONS_MAX];
} script;

static void complain(const char *line)
{
    fprintf(stderr, "mock: not a rule: %s\n", line);
    abort();
}

static bool read_thing(const char *word, enum script_thing *thing)
{
    static const char *const words[] = {[SCRIPT_MECHANISM] = "mechanism",
                                        [SCRIPT_ATTRIBUTE] = "attribute",
                                        [SCRIPT_KEY_TYPE] = "key-type"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], word) == 0) {
            *thing = (enum script_thing)i;
            return true;
        }
    return false;
}

static void read_which(const char *which, struct rule *rule)
{
    char *end;

    rule->from = 1;
    rule->to = ~0UL;
    if (strcmp(which, "*") == 0)
        return;
    rule->from = strtoul(which, &end, 10);
    if (*end != '+')
        rule->to = rule->from;
}

static bool read_action(const char *action, const char *how, const char *value, struct rule *rule)
{
    static const struct {
        const char *action, *how;
        enum script_action does;
    } words[] = {
        {"fail", "before", SCRIPT_FAIL_BEFORE}, {"fail", "after", SCRIPT_FAIL_AFTER},
        {"crash", "segv", SCRIPT_SEGV},         {"crash", "abort", SCRIPT_ABORT},
        {"sleep", NULL, SCRIPT_SLEEP},          {"hang", NULL, SCRIPT_HANG},
        {"garbage", NULL, SCRIPT_GARBAGE},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].action, action) != 0 ||
            (words[i].how && strcmp(words[i].how, how) != 0))
            continue;
        rule->action = words[i].does;
        rule->value = strtoul(words[i].how ? value : how, NULL, 0);
        return true;
    }
    return false;
}

static void read_line(const char *line, pid_t *only)
{
    char words[5][NAME_ROOM] = {{0}};
    struct rule *rule = &script.rules[script.count];
    int given =
        sscanf(line, "%32s %32s %32s %32s %32s", words[0], words[1], words[2], words[3], words[4]);

    if (given < 1)
        return;
    if (strcmp(words[0], "only") == 0) {
        *only = (pid_t)strtoul(words[1], NULL, 10);
    } else if (strcmp(words[0], "serial") == 0) {
        snprintf(script.serial, sizeof script.serial, "%s", words[1]);
    } else if (strcmp(words[0], "label") == 0) {
        snprintf(script.label, sizeof script.label, "%s", words[1]);
    } else if (strcmp(words[0], "lack") == 0) {
        if (given < 3 || given > 4 || script.lacking == LACKS_MAX ||
            !read_thing(words[1], &script.lacks[script.lacking].thing))
            complain(line);
        script.lacks[script.lacking].rv = given > 3 ? strtoul(words[3], NULL, 0) : 0;
        script.lacks[script.lacking++].number = strtoul(words[2], NULL, 0);
    } else {
        if (given < 3 || script.count == RULES_MAX ||
            !read_action(words[0], words[3], words[4], rule))
            complain(line);
        snprintf(rule->function, sizeof rule->function, "%s", words[1]);
        read_which(words[2], rule);
        rule->only = *only;
        script.count++;
    }
}

static void read_file(const char *path)
{
    FILE *file = path ? fopen(path, "re") : NULL;
    char line[256];
    pid_t only = 0;

    memset(&script, 0, sizeof script);
    script.read = true;
    if (!file)
        return;
    fstat(fileno(file), &script.file);
    while (fgets(line, sizeof line, file))
        read_line(line, &only);
    fclose(file);
}

static bool has_changed(const char *path)
{
    struct stat now = {0};

    if (path && stat(path, &now) != 0)
        memset(&now, 0, sizeof now);
    return !script.read || now.st_ino != script.file.st_ino || now.st_size != script.file.st_size ||
           now.st_mtim.tv_sec != script.file.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != script.file.st_mtim.tv_nsec;
}

static unsigned long count(const char *function)
{
    size_t i = 0;

    while (i < FUNCTIONS_MAX - 1 && script.counters[i].function &&
           strcmp(script.counters[i].function, function) != 0)
        i++;
    script.counters[i].function = function;
    return ++script.counters[i].calls;
}

struct script_verdict script_call(const char *function)
{
    const char *path = getenv("KEYFERRY_MOCK_SCRIPT");
    struct script_verdict verdict = {SCRIPT_PASS, 0, 0};

    if (has_changed(path))
        read_file(path);
    verdict.ordinal = count(function);
    for (size_t i = 0; i < script.count; i++) {
        const struct rule *rule = &script.rules[i];

        if ((strcmp(rule->function, "*") != 0 && strcmp(rule->function, function) != 0) ||
            verdict.ordinal < rule->from || verdict.ordinal > rule->to ||
            (rule->only != 0 && rule->only != getpid()))
            continue;
        verdict.action = rule->action;
        verdict.value = rule->value;
        break;
    }
    return verdict;
}

bool script_lacks(enum script_thing thing, unsigned long number, unsigned long *rv)
{
    for (size_t i = 0; i < script.lacking; i++)
        if (script.lacks[i].thing == thing && script.lacks[i].number == number) {
            *rv = script.lacks[i].rv ? script.lacks[i].rv : *rv;
            return true;
        }
    return false;
}

const char *script_serial(void)
{
    return script.serial[0] ? script.serial : NULL;
}

const char *script_label(void)
{
    return script.label[0] ? script.label : NULL;
}
