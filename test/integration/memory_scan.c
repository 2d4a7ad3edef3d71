/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for known bytes where none may be: in the memory of a running process, in files. Usage:
 *
 *     memory-scan process PID         every mapping that can be read
 *     memory-scan files PATH...
 *
 * Values come on stdin, one a line: a name without spaces, a space, at least 8 bytes in hex. Each
 * run of 8 bytes of each value is looked for, as bytes and as hex digits of either case. A line on
 * stdout for each place where one is (the value's name, the run's offset in it, "bytes" or "hex",
 * the address or file offset in hex, the mapping's rights and name or the file's); one more line at
 * the end, "scanned" and how many bytes were looked at. Status 0 where all could be read.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN 8
#define PATTERN_MAX (2 * RUN) /* in hex digits */
#define CHUNK ((size_t)1 << 20)
#define FILTER_BITS 24
#define NAME_MAX_LEN 64
#define VALUE_MAX 1024
#define SCAN_FAILED 1
#define USAGE_STATUS 2

struct pattern {
    uint8_t bytes[PATTERN_MAX];
    size_t len, offset; /* of the run in its value */
    const char *name;
};

/* Patterns by their first 8 bytes; a bit for each such beginning keeps most places from a search.
 */
struct patterns {
    struct pattern *all;
    size_t count, room;
    uint8_t *filter;
};

struct place {
    const char *rights, *name;
    uint64_t start;
};

static void *checked(void *memory)
{
    if (!memory) {
        fputs("memory-scan: memory is short\n", stderr);
        exit(SCAN_FAILED);
    }
    return memory;
}

static uint64_t beginning(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static size_t filter_bit(uint64_t value)
{
    return (size_t)(value * UINT64_C(0x9E3779B97F4A7C15) >> (64 - FILTER_BITS));
}

static void add(struct patterns *patterns, const struct pattern *pattern)
{
    size_t bit = filter_bit(beginning(pattern->bytes));

    if (patterns->count == patterns->room) {
        patterns->room = patterns->room ? 2 * patterns->room : 1024;
        patterns->all = checked(reallocarray(patterns->all, patterns->room, sizeof *patterns->all));
    }
    patterns->all[patterns->count++] = *pattern;
    patterns->filter[bit / 8] |= (uint8_t)(1U << bit % 8);
}

static void add_value(struct patterns *patterns, const char *name, const uint8_t *value, size_t len)
{
    static const char *const digits[] = {"0123456789abcdef", "0123456789ABCDEF"};

    for (size_t at = 0; at + RUN <= len; at++) {
        struct pattern pattern = {.len = RUN, .offset = at, .name = name};

        memcpy(pattern.bytes, value + at, RUN);
        add(patterns, &pattern);
        pattern.len = PATTERN_MAX;
        for (size_t kind = 0; kind < 2; kind++) {
            for (size_t i = 0; i < RUN; i++) {
                pattern.bytes[2 * i] = (uint8_t)digits[kind][value[at + i] >> 4];
                pattern.bytes[2 * i + 1] = (uint8_t)digits[kind][value[at + i] & 15];
            }
            add(patterns, &pattern);
        }
    }
}

static bool read_hex(const char *text, uint8_t *out, size_t *len)
{
    for (*len = 0; isxdigit((unsigned char)text[0]) && *len < VALUE_MAX; text += 2) {
        unsigned byte;

        if (sscanf(text, "%2x", &byte) != 1 || !isxdigit((unsigned char)text[1]))
            return false;
        out[(*len)++] = (uint8_t)byte;
    }
    return (*text == '\0' || *text == '\n') && *len >= RUN;
}

static int compare(const void *one, const void *other)
{
    uint64_t a = beginning(((const struct pattern *)one)->bytes);
    uint64_t b = beginning(((const struct pattern *)other)->bytes);

    return a < b ? -1 : a > b;
}

static bool read_patterns(struct patterns *patterns)
{
    char line[NAME_MAX_LEN + 2 * VALUE_MAX + 8];
    uint8_t value[VALUE_MAX];
    size_t len;

    while (fgets(line, sizeof line, stdin)) {
        char *space = strchr(line, ' ');

        if (!space || space - line > NAME_MAX_LEN || !read_hex(space + 1, value, &len))
            return false;
        *space = '\0';
        add_value(patterns, checked(strdup(line)), value, len);
    }
    if (patterns->count == 0)
        return false;
    qsort(patterns->all, patterns->count, sizeof *patterns->all, compare);
    return true;
}

static void report_at(const struct patterns *patterns, const uint8_t *bytes, size_t left,
                      uint64_t address, const struct place *place)
{
    uint64_t wanted = beginning(bytes);
    size_t low = 0, high = patterns->count;

    while (low < high) { /* the first of those that begin so */
        size_t middle = low + (high - low) / 2;

        if (beginning(patterns->all[middle].bytes) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < patterns->count && beginning(patterns->all[low].bytes) == wanted; low++) {
        const struct pattern *pattern = &patterns->all[low];

        if (pattern->len <= left && memcmp(pattern->bytes, bytes, pattern->len) == 0)
            printf("%s %zu %s %" PRIx64 " %s %s\n", pattern->name, pattern->offset,
                   pattern->len == RUN ? "bytes" : "hex", address, place->rights, place->name);
    }
}

/* Looks at what begins in the first `begin` of these bytes. */
static void search(const struct patterns *patterns, const uint8_t *bytes, size_t begin, size_t len,
                   uint64_t address, const struct place *place)
{
    for (size_t at = 0; at < begin && at + RUN <= len; at++) {
        size_t bit = filter_bit(beginning(bytes + at));

        if (patterns->filter[bit / 8] >> bit % 8 & 1)
            report_at(patterns, bytes + at, len - at, address + at, place);
    }
}

/* How many bytes could be read of these: what cannot (a guard page, a device) holds nothing. */
static uint64_t scan(const struct patterns *patterns, int fd, uint64_t end,
                     const struct place *place)
{
    uint8_t *buffer = checked(malloc(CHUNK + PATTERN_MAX));
    uint64_t at = place->start, total = 0;

    while (at < end) {
        size_t room = CHUNK + PATTERN_MAX - 1;
        ssize_t got = pread(fd, buffer, end - at < room ? (size_t)(end - at) : room, (off_t)at);
        size_t begin;

        if (got <= 0)
            break;
        begin = (size_t)got < CHUNK ? (size_t)got : CHUNK;
        search(patterns, buffer, begin, (size_t)got, at, place);
        total += begin;
        at += begin;
    }
    free(buffer);
    return total;
}

static bool scan_process(const struct patterns *patterns, const char *pid)
{
    char path[64], line[4096 + 128], rights[8], name[4096];
    uint64_t start, end, total = 0;
    FILE *maps;
    int memory;

    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    maps = fopen(path, "re");
    if (memory < 0 || !maps) {
        fprintf(stderr, "memory-scan: process %s cannot be read: %s\n", pid, strerror(errno));
        return false;
    }
    while (fgets(line, sizeof line, maps)) {
        name[0] = '\0';
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %4095[^\n]", &start, &end, rights,
                   name) >= 3)
            total += scan(patterns, memory, end, &(struct place){rights, name, start});
    }
    fclose(maps);
    close(memory);
    printf("scanned %" PRIu64 "\n", total);
    return total > 0;
}

static bool scan_files(const struct patterns *patterns, char **paths)
{
    uint64_t total = 0;

    for (; *paths; paths++) {
        int fd = open(*paths, O_RDONLY | O_CLOEXEC);
        struct stat status;

        if (fd < 0 || fstat(fd, &status) != 0) {
            fprintf(stderr, "memory-scan: %s cannot be read: %s\n", *paths, strerror(errno));
            return false;
        }
        total += scan(patterns, fd, (uint64_t)status.st_size, &(struct place){"file", *paths, 0});
        close(fd);
    }
    printf("scanned %" PRIu64 "\n", total);
    return true;
}

int main(int argc, char **argv)
{
    struct patterns patterns = {0};
    bool process = argc == 3 && strcmp(argv[1], "process") == 0;

    if (!process && (argc < 2 || strcmp(argv[1], "files") != 0))
        return USAGE_STATUS;
    patterns.filter = checked(calloc(1, (size_t)1 << (FILTER_BITS - 3)));
    if (!read_patterns(&patterns)) {
        fputs("memory-scan: values must be a name and 8 bytes or more in hex\n", stderr);
        return USAGE_STATUS;
    }
    return (process ? scan_process(&patterns, argv[2]) : scan_files(&patterns, argv + 2))
               ? 0
               : SCAN_FAILED;
}
