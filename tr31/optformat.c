/* SPDX-License-Identifier: Apache-2.0 */
/* The table of optional block formats. Most are patterns; the few that are not have a function. */
#include "tr31/optformat.h"

#include <string.h>

#include "tr31/text.h"

#define DIGITS "0123456789"
#define HEX_DIGITS DIGITS "ABCDEF"
#define BASE64_DIGITS DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static bool all_of(const char *text, size_t len, const char *set)
{
    for (size_t i = 0; i < len; i++)
        if (!one_of(text[i], set))
            return false;
    return true;
}

static bool starts_with(const char *data, size_t len, const char *prefix)
{
    return len >= strlen(prefix) && memcmp(data, prefix, strlen(prefix)) == 0;
}

/* One alternative of a pattern, up to its end or '|': h is an upper-case hex digit, d a decimal
 * digit, n a digit or upper-case letter; any other character stands for itself. */
static bool matches(const char *pattern, size_t pattern_len, const char *data, size_t len)
{
    if (pattern_len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *set = pattern[i] == 'h'   ? HEX_DIGITS
                          : pattern[i] == 'd' ? DIGITS
                          : pattern[i] == 'n' ? TR31_ALPHANUMERIC
                                              : NULL;

        if (set ? !one_of(data[i], set) : data[i] != pattern[i])
            return false;
    }
    return true;
}

static bool matches_any(const char *patterns, const char *data, size_t len)
{
    for (;;) {
        size_t pattern_len = strcspn(patterns, "|");

        if (matches(patterns, pattern_len, data, len))
            return true;
        if (patterns[pattern_len] == '\0')
            return false;
        patterns += pattern_len + 1;
    }
}

/* The date and time in data that fit a time's pattern. A second of 60 is a leap second. */
static bool check_time(const char *data, size_t len)
{
    static const struct {
        unsigned low, high;
    } ranges[] = {{1, 12}, {1, 31}, {0, 23}, {0, 59}, {0, 60}};
    char digits[16] = "";
    size_t count = 0;

    for (size_t i = 0; i < len && count < sizeof digits; i++)
        if (one_of(data[i], DIGITS))
            digits[count++] = data[i];
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const char *two = digits + 4 + 2 * i; /* after the year */
        unsigned value = (unsigned)(two[0] - '0') * 10 + (unsigned)(two[1] - '0');

        if (value < ranges[i].low || value > ranges[i].high)
            return false;
    }
    return true;
}

static bool is_base64(const char *data, size_t len)
{
    if (len == 0 || len % 4 != 0)
        return false;
    for (int i = 0; i < 2 && data[len - 1] == '='; i++)
        len--;
    return all_of(data, len, BASE64_DIGITS);
}

static bool is_certificate_kind(const char *data, size_t len)
{
    return starts_with(data, len, "00") || starts_with(data, len, "01");
}

/* One certificate, or "02" and a chain of kind, length of the base64 text in four hex digits, and
 * the text. */
static bool check_certificate(const char *data, size_t len)
{
    if (is_certificate_kind(data, len))
        return is_base64(data + 2, len - 2);
    if (!starts_with(data, len, "02") || len == 2)
        return false;
    for (size_t at = 2; at < len;) {
        size_t size;

        if (len - at < 6 || !is_certificate_kind(data + at, 2) ||
            !tr31_read_hex(data + at + 2, 4, &size) || size > len - at - 6 ||
            !is_base64(data + at + 6, size))
            return false;
        at += 6 + size;
    }
    return true;
}

/* "01" and any number of usage (2), algorithm, mode, exportability. */
static bool check_derivations(const char *data, size_t len)
{
    if (!starts_with(data, len, "01") || len == 2 || (len - 2) % 5 != 0)
        return false;
    for (size_t at = 2; at < len; at += 5)
        if (!all_of(data + at, 2, TR31_ALPHANUMERIC) || !one_of(data[at + 2], TR31_ALGORITHMS) ||
            !one_of(data[at + 3], TR31_MODES) || !one_of(data[at + 4], TR31_EXPORTABILITIES))
            return false;
    return true;
}

#define KCV_PATTERNS "00hh|00hhhh|00hhhhhh|01hh|01hhhh|01hhhhhh|01hhhhhhhh|01hhhhhhhhhh"
#define KCV_RULE "00 and 2 to 6 hex digits (legacy), or 01 and 2 to 10 hex digits (CMAC)"
#define TIME_PATTERNS \
    "ddddddddddddddZ|ddddddddddddddddZ|dddd-dd-ddTdd:dd:ddZ|dddd-dd-ddTdd:dd:dd.ddZ"
#define TIME_RULE "a UTC time, as 20200818221218Z or 2020-08-18T22:12:18Z"

static const struct format {
    char id[3];
    const char *patterns;                        /* NULL: none, the function alone decides */
    bool (*check)(const char *data, size_t len); /* NULL: the patterns alone decide */
    const char *rule;
} formats[] = {
    {"AL", "0100|0101", NULL, "01 and 00 (ephemeral) or 01 (static)"},
    {"BI", "00hhhhhhhhhh|01hhhhhhhh", NULL,
     "00 and 10 hex digits (TDES key set id), or 01 and 8 hex digits (AES BDK id; X9.143 has 01 "
     "for "
     "it, not 11)"},
    {"CT", NULL, check_certificate,
     "00 (X.509) or 01 (EMV) and a certificate in base64, or 02 and a chain of them"},
    {"DA", NULL, check_derivations,
     "01 and groups of five: usage, algorithm, mode of use, exportability"},
    {"HM", "10|20|21|22|23|24|25|30|31|32|33|40|41", NULL,
     "a hash: 10, 20 to 25, 30 to 33, 40 or 41"},
    {"IK", "hhhhhhhhhhhhhhhh", NULL, "16 hex digits (initial key id of AES DUKPT)"},
    {"KC", KCV_PATTERNS, NULL, KCV_RULE},
    {"KP", KCV_PATTERNS, NULL, KCV_RULE},
    {"KS", "hhhhhhhhhhhhhhhhhhhh|hhhhhhhhhhhhhhhh", NULL,
     "20 hex digits (KSN of TDES DUKPT), or 16 in the old form"},
    {"KV", "nnnn", NULL, "four digits or upper-case letters"},
    {"PK", KCV_PATTERNS, NULL, KCV_RULE},
    {"TC", TIME_PATTERNS, check_time, TIME_RULE},
    {"TS", TIME_PATTERNS, check_time, TIME_RULE},
    {"WP", "000|001|002|003", NULL, "00 and 0 to 3"},
};

bool tr31_optformat_is_id(const char *id)
{
    return all_of(id, 2, TR31_ALPHANUMERIC);
}

const char *tr31_optformat_check(const char *id, const char *data, size_t len)
{
    if (!tr31_is_printable(data, len))
        return "printable ASCII characters only";
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const struct format *format = &formats[i];

        if (memcmp(format->id, id, 2) != 0)
            continue;
        if (format->patterns && !matches_any(format->patterns, data, len))
            return format->rule;
        if (format->check && !format->check(data, len))
            return format->rule;
        return NULL;
    }
    return NULL;
}
