/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: the text is read once; libyaml says where its keys are, libcyaml what they are, check.c
 * whether they may be. */
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/check.h"
#include "conf/lines.h"
#include "conf/raw.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* What conf_load gives away is the conf in here. */
struct loaded {
    struct conf conf;
    struct raw_conf *raw; /* owns every text of conf */
    char *name;
    struct lines *lines;
    struct conf_anchor *anchors; /* conf's */
};

/* What libcyaml says while it refuses a text, put together from its log. */
struct complaint {
    char text[128];
    char fields[3][LINES_KEY_MAX / 3]; /* inner one first */
    unsigned fields_count;
};

/* libcyaml logs what is wrong, "Load: Backtrace:", then a line for each mapping around it, from the
 * inside out. */
__attribute__((format(printf, 3, 0))) static void note_complaint(cyaml_log_t level, void *context,
                                                                 const char *format, va_list args)
{
    struct complaint *complaint = context;
    char line[256];
    char *name, *end;

    (void)level;
    vsnprintf(line, sizeof line, format, args);
    name = strstr(line, "in mapping field '");
    if (name && complaint->fields_count < COUNT(complaint->fields)) {
        name = strchr(name, '\'') + 1;
        end = strchr(name, '\'');
        snprintf(complaint->fields[complaint->fields_count++], sizeof complaint->fields[0], "%.*s",
                 end ? (int)(end - name) : 0, name);
    } else if (strncmp(line, "Load: ", 6) == 0 && !strstr(line, "Backtrace") &&
               complaint->text[0] == '\0') {
        snprintf(complaint->text, sizeof complaint->text, "%.*s", (int)strcspn(line + 6, "\n"),
                 line + 6);
    }
}

/* libcyaml's words for a value of the wrong type, in ours. */
static const char *plainly(const char *text)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {
        {"Invalid UINT", "must be a whole number"},
        {"Invalid uint64_t", "must be a whole number"},
        {"Expecting MAPPING", "must have keys below it, or be left out"},
        {"Expecting SEQUENCE", "must be a list of texts"},
        {"Expecting STRING", "must be a list of texts"},
        {"Expecting ", "must be a single value"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(text, words[i].theirs, strlen(words[i].theirs)) == 0)
            return words[i].ours;
    return text;
}

static bool refuse(const struct complaint *complaint, cyaml_err_t code,
                   const struct check_place *place, struct kf_error *err)
{
    static const char unknown[] = "Unexpected key: ", twice[] = "Mapping field already seen: ";
    char key[LINES_KEY_MAX * 2] = "";
    size_t len = 0;

    for (unsigned i = complaint->fields_count; i-- > 0;)
        len += (size_t)snprintf(key + len, sizeof key - len, "%s%s", len > 0 ? "." : "",
                                complaint->fields[i]);
    if (strncmp(complaint->text, unknown, sizeof unknown - 1) == 0) {
        snprintf(key + len, sizeof key - len, "%s%s", len > 0 ? "." : "",
                 complaint->text + sizeof unknown - 1);
        return check_fail(place, key, err, "there is no key %s; see the example configuration",
                          key);
    }
    if (strncmp(complaint->text, twice, sizeof twice - 1) == 0)
        return check_fail(place, key, err, "%s is given twice", key);
    if (raw_choices(key))
        return check_fail(place, key, err, "%s must be %s", key, raw_choices(key));
    return check_fail(place, *key ? key : NULL, err, "%s%s%s", key, *key ? " " : "",
                      complaint->text[0] ? plainly(complaint->text) : cyaml_strerror(code));
}

static struct conf *parse(const uint8_t *text, size_t len, const char *name, struct kf_error *err)
{
    char problem[256];
    size_t line;
    struct complaint complaint = {0};
    cyaml_config_t config = raw_config();
    struct loaded *loaded = calloc(1, sizeof *loaded);
    struct lines *lines = lines_read(text, len, problem, sizeof problem, &line);
    struct check_place place = {name, lines};
    cyaml_err_t code;
    bool good = false;

    if (!loaded) {
        check_fail(&place, NULL, err, "memory is short");
        goto out;
    }
    if (!lines) {
        if (line > 0)
            kf_fail_fault(err, KF_VALIDATION, KF_FAULT_CONFIG, NULL, "%s:%zu: %s", name, line,
                          problem);
        check_fail(&place, NULL, err, "%s", problem);
        goto out;
    }
    /* libcyaml takes an empty text for success, without a structure. */
    if (lines_empty(lines)) {
        check_fail(&place, NULL, err, "the configuration is empty; token.module is missing");
        goto out;
    }
    config.log_fn = note_complaint;
    config.log_ctx = &complaint;
    code = cyaml_load_data(text, len, &config, &raw_schema, (cyaml_data_t **)&loaded->raw, NULL);
    if (code != CYAML_OK || !loaded->raw) {
        refuse(&complaint, code, &place, err);
        goto out;
    }
    loaded->name = strdup(name);
    if (loaded->name)
        good = check_conf(loaded->raw, &place, &loaded->conf, &loaded->anchors, err);
    else
        check_fail(&place, NULL, err, "memory is short");
out:
    if (good) {
        loaded->lines = lines;
        return &loaded->conf;
    }
    lines_free(lines);
    conf_free(loaded ? &loaded->conf : NULL);
    return NULL;
}

struct conf *conf_load_fd(int fd, const char *name, struct kf_error *err)
{
    uint8_t *text = malloc(CONF_BYTES_MAX);
    struct check_place place = {name, NULL};
    struct conf *conf = NULL;
    size_t len = 0;
    ssize_t got = 0;

    while (text && len < CONF_BYTES_MAX) {
        got = pread(fd, text + len, CONF_BYTES_MAX - len, (off_t)len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    if (!text)
        check_fail(&place, NULL, err, "memory is short");
    else if (got < 0)
        check_fail(&place, NULL, err, "cannot be read: %s", strerror(errno));
    else if (len == CONF_BYTES_MAX)
        check_fail(&place, NULL, err, "is longer than %d bytes", CONF_BYTES_MAX - 1);
    else
        conf = parse(text, len, name, err);
    free(text);
    return conf;
}

struct conf *conf_load(const char *path, struct kf_error *err)
{
    struct check_place place = {path, NULL};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct conf *conf;

    if (fd < 0) {
        check_fail(&place, NULL, err, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    conf = conf_load_fd(fd, path, err);
    close(fd);
    return conf;
}

void conf_free(struct conf *conf)
{
    struct loaded *loaded = (struct loaded *)conf; /* conf is its first member */
    cyaml_config_t config = raw_config();

    if (!loaded)
        return;
    cyaml_free(&config, &raw_schema, loaded->raw, 0);
    lines_free(loaded->lines);
    free(loaded->anchors);
    free(loaded->name);
    free(loaded);
}

bool conf_fail(const struct conf *conf, const char *key, struct kf_error *err, const char *format,
               ...)
{
    const struct loaded *loaded = (const struct loaded *)conf;
    struct check_place place = {loaded->name, loaded->lines};
    char text[KF_MESSAGE_MAX / 2];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return check_fail(&place, key, err, "%s", text);
}
