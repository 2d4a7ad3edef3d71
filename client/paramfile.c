/* SPDX-License-Identifier: Apache-2.0 */
/* Files are read whole, up to what any request could carry. */
#include "config.h"

#include "client/paramfile.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

/* How a file's content becomes a value. */
enum form { FORM_TEXT, FORM_BASE64 };

static const char *path_in(const char *value, enum form *form)
{
    static const struct {
        const char *text;
        enum form form;
    } prefixes[] = {{"file://", FORM_TEXT}, {"fileb://", FORM_TEXT}, {"base64://", FORM_BASE64}};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(value, prefixes[i].text, strlen(prefixes[i].text)) == 0) {
            *form = prefixes[i].form;
            return value + strlen(prefixes[i].text);
        }
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

static char *encode_base64(const char *bytes, size_t len)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((len + 2) / 3 * 4 + 1), *to = text;

    for (size_t i = 0; text && i < len; i += 3) {
        uint32_t three = 0;

        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < len ? (uint8_t)bytes[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = i + k > len ? '=' : letters[three >> (18 - 6 * k) & 63];
    }
    if (text)
        *to = '\0';
    return text;
}

static enum outcome read_whole(FILE *file, const char *path, const char *option, enum form form,
                               char **text, struct kf_error *err)
{
    char *buffer = malloc(FILE_MAX + 1);
    size_t len;

    if (!buffer)
        return outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
    len = fread(buffer, 1, FILE_MAX + 1, file);
    if (ferror(file) || len > FILE_MAX || (form == FORM_TEXT && memchr(buffer, '\0', len))) {
        free(buffer);
        return outcome_usage(err, "%s: cannot take %s: %s", option, path,
                             ferror(file)     ? strerror(errno)
                             : len > FILE_MAX ? "it is longer than a megabyte"
                                              : "it is not text");
    }
    buffer[len] = '\0';
    *text = buffer;
    if (form == FORM_BASE64) {
        *text = encode_base64(buffer, len);
        free(buffer);
    }
    return *text ? OUTCOME_DONE : outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
}

enum outcome paramfile_resolve(const char *value, const char *option, char **text,
                               struct kf_error *err)
{
    enum form form = FORM_TEXT;
    const char *path = path_in(value, &form);
    enum outcome outcome;
    FILE *file;

    if (!path) {
        *text = strdup(value);
        return *text ? OUTCOME_DONE : outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
    }
    file = open_expanded(path);
    if (!file)
        return outcome_usage(err, "%s: cannot read %s: %s", option, path, strerror(errno));
    outcome = read_whole(file, path, option, form, text, err);
    fclose(file);
    return outcome;
}
