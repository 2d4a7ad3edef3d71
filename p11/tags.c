/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/tags.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

#define KEY_CHARACTERS_MAX 128
#define VALUE_CHARACTERS_MAX 256
/* Digits of the length of the longest value: 256 characters of 4 bytes. */
#define LENGTH_DIGITS_MAX 4

#define TEXT_RULE "must be UTF-8 without control characters"

/* Below U+0020, and U+007F to U+009F. */
static bool is_control(const uint8_t *sequence, size_t size)
{
    if (size == 2)
        return sequence[0] == 0xC2 && sequence[1] < 0xA0;
    return sequence[0] < 0x20 || sequence[0] == 0x7F;
}

static bool count_characters(const char *text, size_t len, size_t *count)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t size;

    for (*count = 0; len > 0; at += size, len -= size, (*count)++) {
        size = utf8_sequence(at, len);
        if (size == 0 || is_control(at, size))
            return false;
    }
    return true;
}

const char *tag_key_fault(const char *key, size_t len)
{
    size_t characters;

    if (!count_characters(key, len, &characters))
        return TEXT_RULE;
    if (characters < 1 || characters > KEY_CHARACTERS_MAX)
        return "must be 1 to 128 characters long";
    if (len >= strlen("aws:") && strncasecmp(key, "aws:", strlen("aws:")) == 0)
        return "must not begin with aws:, which is AWS's own";
    return NULL;
}

const char *tag_value_fault(const char *value, size_t len)
{
    size_t characters;

    if (!count_characters(value, len, &characters))
        return TEXT_RULE;
    return characters > VALUE_CHARACTERS_MAX ? "must be 0 to 256 characters long" : NULL;
}

/* What stands behind this character, with its length before it. */
static bool read_part(const char **at, char before, const char **text, size_t *len)
{
    const char *digits = *at + 1;
    size_t count;

    if (**at != before)
        return false;
    count = strspn(digits, "0123456789");
    if (count == 0 || count > LENGTH_DIGITS_MAX || (digits[0] == '0' && count > 1) ||
        digits[count] != ':')
        return false;
    *len = strtoul(digits, NULL, 10);
    *text = digits + count + 1;
    if (strnlen(*text, *len) < *len)
        return false;
    *at = *text + *len;
    return true;
}

bool tags_next(const char **at, struct tag *tag)
{
    return read_part(at, ' ', &tag->key, &tag->key_len) &&
           read_part(at, '=', &tag->value, &tag->value_len);
}

/* In the order of the keys' bytes. */
static int order(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int by_bytes = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return by_bytes ? by_bytes : (a_len > b_len) - (a_len < b_len);
}

int tag_key_order(const struct tag *tag, const char *key)
{
    return order(tag->key, tag->key_len, key, strlen(key));
}

bool tags_read(const char *text, char tags[TAGS_BYTES_MAX + 1])
{
    const char *at = text;
    struct tag tag, before = {.key = ""};

    if (strlen(text) > TAGS_BYTES_MAX)
        return false;
    for (size_t count = 0; *at; count++, before = tag)
        if (count == TAGS_MAX || !tags_next(&at, &tag) || tag_key_fault(tag.key, tag.key_len) ||
            tag_value_fault(tag.value, tag.value_len) ||
            order(before.key, before.key_len, tag.key, tag.key_len) >= 0)
            return false;
    strcpy(tags, text);
    return true;
}

size_t tags_count(const char *tags)
{
    struct tag tag;
    size_t count = 0;

    while (tags_next(&tags, &tag))
        count++;
    return count;
}

size_t tags_size(const char *key, const char *value)
{
    return (size_t)snprintf(NULL, 0, " %zu:%s=%zu:%s", strlen(key), key, strlen(value), value);
}

/* Where the tag with this key begins, or belongs; *end is behind it, or there too. */
static char *place(char *tags, const char *key, char **end)
{
    const char *at = tags;
    char *start = tags;
    struct tag tag;

    while (tags_next(&at, &tag)) {
        int by_key = tag_key_order(&tag, key);

        if (by_key >= 0) {
            *end = by_key == 0 ? tags + (at - tags) : start;
            return start;
        }
        start = tags + (at - tags);
    }
    *end = start;
    return start;
}

void tags_remove(char *tags, const char *key)
{
    char *end, *start = place(tags, key, &end);

    memmove(start, end, strlen(end) + 1);
}

void tags_add(char *tags, const char *key, const char *value)
{
    char text[TAGS_BYTES_MAX + 1];
    char *end, *start = place(tags, key, &end);
    size_t size = tags_size(key, value);

    snprintf(text, sizeof text, " %zu:%s=%zu:%s", strlen(key), key, strlen(value), value);
    memmove(start + size, start, strlen(start) + 1);
    memcpy(start, text, size);
}
