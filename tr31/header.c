/* SPDX-License-Identifier: Apache-2.0 */
/* The header's sixteen characters: one table of rules, by which they are checked before writing and
 * when reading. */
#include "tr31/header.h"

#include <stdio.h>
#include <string.h>

#include "tr31/text.h"

#define DIGITS "0123456789"

enum {
    AT_VERSION = 0,
    AT_LENGTH = 1,
    AT_USAGE = 5,
    AT_ALGORITHM = 7,
    AT_MODE = 8,
    AT_KEY_VERSION = 9,
    AT_EXPORTABILITY = 11,
    AT_COUNT = 12,
    AT_CONTEXT = 14,
    AT_RESERVED = 15,
};

static const struct tr31_version versions[] = {
    {'A', 8, 8, 4}, {'B', 8, 8, 8}, {'C', 8, 8, 4}, {'D', 16, 16, 16}, {'E', 16, 1, 16},
};

static const struct rule {
    const char *field;
    size_t at, len;
    const char *characters;
    const char *rule;
} rules[] = {
    {"version", AT_VERSION, 1, "ABCDE", "A, B, C, D or E"},
    {"length", AT_LENGTH, 4, DIGITS, "four decimal digits"},
    {"key usage", AT_USAGE, 2, TR31_ALPHANUMERIC, "two characters of 0-9 and A-Z"},
    {"algorithm", AT_ALGORITHM, 1, TR31_ALGORITHMS, "one of A, D, E, H, I, J, R, S, T"},
    {"mode of use", AT_MODE, 1, TR31_MODES, "one of B, C, D, E, G, N, S, T, V, X, Y"},
    {"key version", AT_KEY_VERSION, 1, TR31_ALPHANUMERIC "c",
     "two characters of 0-9 and A-Z, or c and one of them for a component"},
    {"key version", AT_KEY_VERSION + 1, 1, TR31_ALPHANUMERIC,
     "two characters of 0-9 and A-Z, or c and one of them for a component"},
    {"exportability", AT_EXPORTABILITY, 1, TR31_EXPORTABILITIES, "E, N or S"},
    {"number of optional blocks", AT_COUNT, 2, DIGITS, "two decimal digits"},
    {"key context", AT_CONTEXT, 1, "012", "0, 1 or 2"},
    {"reserved character", AT_RESERVED, 1, "0", "0"},
};

const struct tr31_version *tr31_version_find(char letter)
{
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        if (versions[i].letter == letter)
            return &versions[i];
    return NULL;
}

char tr31_version_for(enum key_algorithm kbpk)
{
    return key_algorithm_is_aes(kbpk) ? 'D' : 'B';
}

static size_t read_decimal(const char *text, size_t digits)
{
    size_t value = 0;

    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (size_t)(text[i] - '0');
    return value;
}

static void write_decimal(size_t value, size_t digits, char *out)
{
    for (size_t i = digits; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
}

/* Says of a field which byte is wrong, and what it is. */
static bool refuse_byte(const char *text, size_t at, const char *field, const char *rule,
                        struct kf_error *err)
{
    if (tr31_is_printable(text + at, 1))
        return kf_fail(err, KF_VALIDATION, "KeyBlock%s%s: must be %s; byte %zu is '%c'",
                       *field ? " " : "", field, rule, at, text[at]);
    return kf_fail(err, KF_VALIDATION, "KeyBlock%s%s: must be %s; byte %zu is 0x%02X",
                   *field ? " " : "", field, rule, at, (unsigned char)text[at]);
}

static bool check_printable(const char *text, size_t len, struct kf_error *err)
{
    for (size_t at = 0; at < len; at++)
        if (!tr31_is_printable(text + at, 1))
            return refuse_byte(text, at, "", "printable ASCII characters only", err);
    return true;
}

static bool check_text(const char *text, struct kf_error *err)
{
    if (text[AT_VERSION] >= '0' && text[AT_VERSION] <= '9')
        return kf_fail(err, KF_VALIDATION,
                       "KeyBlock version: %c is a vendor's own format; must be A, B, C, D or E; "
                       "byte 0",
                       text[AT_VERSION]);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        for (size_t j = 0; j < rules[i].len; j++) {
            char c = text[rules[i].at + j];

            if (c == '\0' || !strchr(rules[i].characters, c))
                return refuse_byte(text, rules[i].at + j, rules[i].field, rules[i].rule, err);
        }
    if (strchr("IJ", text[AT_ALGORITHM]) && !strchr("DE", text[AT_VERSION]))
        return kf_fail(
            err, KF_VALIDATION,
            "KeyBlock algorithm: I and J belong to versions D and E only; byte %d is '%c'",
            AT_ALGORITHM, text[AT_ALGORITHM]);
    return true;
}

static void write_fixed(const struct tr31_header *header, size_t length, size_t count, char *out)
{
    out[AT_VERSION] = header->version;
    write_decimal(length, 4, out + AT_LENGTH);
    memcpy(out + AT_USAGE, header->usage, 2);
    out[AT_ALGORITHM] = header->algorithm;
    out[AT_MODE] = header->mode;
    memcpy(out + AT_KEY_VERSION, header->key_version, 2);
    out[AT_EXPORTABILITY] = header->exportability;
    write_decimal(count, 2, out + AT_COUNT);
    out[AT_CONTEXT] = header->context;
    out[AT_RESERVED] = '0';
}

static void read_fixed(const char *text, struct tr31_header *header)
{
    header->version = text[AT_VERSION];
    memcpy(header->usage, text + AT_USAGE, 2);
    header->algorithm = text[AT_ALGORITHM];
    header->mode = text[AT_MODE];
    memcpy(header->key_version, text + AT_KEY_VERSION, 2);
    header->exportability = text[AT_EXPORTABILITY];
    header->context = text[AT_CONTEXT];
}

bool tr31_header_check(const struct tr31_header *header, struct kf_error *err)
{
    char text[TR31_HEADER_SIZE];

    write_fixed(header, 0, 0, text);
    return check_text(text, err);
}

size_t tr31_header_write(const struct tr31_header *header, size_t length, size_t pb_size,
                         const uint8_t *filler, char *out)
{
    write_fixed(header, length, header->optional.count + (pb_size != 0), out);
    return TR31_HEADER_SIZE +
           tr31_optblocks_write(&header->optional, pb_size, filler, out + TR31_HEADER_SIZE);
}

bool tr31_header_parse(const char *text, size_t len, struct tr31_header *header, size_t *size,
                       struct kf_error *err)
{
    size_t declared, optional;

    memset(header, 0, sizeof *header);
    if (len < TR31_HEADER_SIZE || len > TR31_KEYBLOCK_MAX)
        return kf_fail(err, KF_VALIDATION, "KeyBlock length: %zu characters; must be %d to %d", len,
                       TR31_HEADER_SIZE, TR31_KEYBLOCK_MAX);
    if (!check_printable(text, len, err) || !check_text(text, err))
        return false;
    declared = read_decimal(text + AT_LENGTH, 4);
    if (declared != len)
        return kf_fail(err, KF_VALIDATION,
                       "KeyBlock length: the header says %zu, but the key block has %zu "
                       "characters; bytes 1 to 4",
                       declared, len);
    read_fixed(text, header);
    if (!tr31_optblocks_parse(
            text + TR31_HEADER_SIZE, len - TR31_HEADER_SIZE, read_decimal(text + AT_COUNT, 2),
            tr31_version_find(header->version)->block, &header->optional, &optional, err))
        return false;
    *size = TR31_HEADER_SIZE + optional;
    return true;
}
