/* SPDX-License-Identifier: Apache-2.0 */
/* Files are read whole, up to what any request could carry. */
#include "config.h"

#include "client/paramfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

static const char *path_in(const char *value)
{
    static const char *const prefixes[] = {"file://", "fileb://"};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(value, prefixes[i], strlen(prefixes[i])) == 0)
            return value + strlen(prefixes[i]);
    return NULL;
}

static FILE *open_expanded(const char *path)
{
    const char *home = getenv("HOME");
    FILE *file = NULL;
    char *whole;

    if (strncmp(path, "~/", 2) != 0 || !home)
        return fopen(path, "re");
    if (asprintf(&whole, "%s%s", home, path + 1) >= 0) {
        file = fopen(whole, "re");
        free(whole);
    }
    return file;
}

static enum outcome read_whole(FILE *file, const char *path, const char *option, char **text,
                               struct kf_error *err)
{
    char *buffer = malloc(FILE_MAX + 1);
    size_t len;

    if (!buffer)
        return outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
    len = fread(buffer, 1, FILE_MAX + 1, file);
    if (ferror(file) || len > FILE_MAX || memchr(buffer, '\0', len)) {
        free(buffer);
        return outcome_usage(err, "%s: cannot take %s: %s", option, path,
                             ferror(file)     ? strerror(errno)
                             : len > FILE_MAX ? "it is longer than a megabyte"
                                              : "it is not text");
    }
    buffer[len] = '\0';
    *text = buffer;
    return OUTCOME_DONE;
}

enum outcome paramfile_resolve(const char *value, const char *option, char **text,
                               struct kf_error *err)
{
    const char *path = path_in(value);
    enum outcome outcome;
    FILE *file;

    if (!path) {
        *text = strdup(value);
        return *text ? OUTCOME_DONE : outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
    }
    file = open_expanded(path);
    if (!file)
        return outcome_usage(err, "%s: cannot read %s: %s", option, path, strerror(errno));
    outcome = read_whole(file, path, option, text, err);
    fclose(file);
    return outcome;
}
