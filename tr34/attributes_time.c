/* SPDX-License-Identifier: Apache-2.0 */
/* Times, written and read. */
#include "tr34/attributes_time.h"

#include <string.h>

bool tr34_time_write(time_t time, enum der_tag *tag, char text[TR34_TIME_SIZE],
                     struct kf_error *err)
{
    struct tm parts;

    if (!gmtime_r(&time, &parts) || parts.tm_year < 50 || parts.tm_year > 9999 - 1900)
        return kf_fail(err, KF_INTERNAL, "the clock's year cannot be written in a key token");
    strftime(text, TR34_TIME_SIZE, "%Y%m%d%H%M%SZ", &parts);
    *tag = parts.tm_year < 150 ? DER_UTC_TIME : DER_GENERALIZED_TIME;
    if (*tag == DER_UTC_TIME)
        memmove(text, text + 2, TR34_TIME_SIZE - 2); /* without the century */
    return true;
}

static int two_digits(const uint8_t *digits)
{
    return 10 * (digits[0] - '0') + digits[1] - '0';
}

/* Seconds since 1970 of a text of digits, century given; out of range where a field is. */
static time_t count_seconds(int century, const uint8_t *digits)
{
    struct tm parts = {
        .tm_year = 100 * century + two_digits(digits) - 1900,
        .tm_mon = two_digits(digits + 2) - 1,
        .tm_mday = two_digits(digits + 4),
        .tm_hour = two_digits(digits + 6),
        .tm_min = two_digits(digits + 8),
        .tm_sec = two_digits(digits + 10),
    };

    return timegm(&parts);
}

static bool convert(enum der_tag tag, struct der_view text, time_t *time)
{
    size_t century = tag == DER_UTC_TIME ? 0 : 2;
    char again[TR34_TIME_SIZE];
    enum der_tag same;

    if (text.len != century + 13)
        return false;
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
    if (tag == DER_UTC_TIME)
        *time = count_seconds(text.bytes[0] < '5' ? 20 : 19, text.bytes);
    else
        *time = count_seconds(two_digits(text.bytes), text.bytes + 2);
    /* A 30th of February becomes another day, and a year of the other type another type. */
    return tr34_time_write(*time, &same, again, NULL) && same == tag &&
           memcmp(again, text.bytes, text.len) == 0;
}

bool tr34_time_read(struct der_reader *reader, const char *name, time_t *time)
{
    enum der_tag tag =
        der_next_is(reader, DER_GENERALIZED_TIME) ? DER_GENERALIZED_TIME : DER_UTC_TIME;
    struct der_view text;

    if (!der_read(reader, tag, name, &text))
        return false;
    if (!convert(tag, text, time))
        return der_refuse(reader,
                          "%s must be a time YYMMDDHHMMSSZ, or from 2050 on YYYYMMDDHHMMSSZ", name);
    return true;
}
