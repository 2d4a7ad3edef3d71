/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key's tags as text, for its card's label. Each is its key and its value with their lengths in
 * bytes before them, so that every character may stand in both; they are sorted by key:
 *
 *      8:Acquirer=4:ABCD 6:Region=2:EU
 *
 * with a space before each, so that no tags are no text. Pure text. Keys and values are UTF-8
 * without control characters; a key is 1 to 128 characters long and does not begin with "aws:"
 * however written, a value 0 to 256 (AWS's rules).
 */
#ifndef KF_P11_TAGS_H
#define KF_P11_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#define TAGS_MAX 20
/* A key's tags as text are not longer. */
#define TAGS_BYTES_MAX 1024
/* What a tag is longer than its key and its value, at most. */
#define TAG_OVERHEAD_MAX 11

/* One tag in a text; not terminated. */
struct tag {
    const char *key, *value;
    size_t key_len, value_len;
};

/* The rule that a key or value breaks ("must be 1 to 128 characters long"), NULL for a good one. */
const char *tag_key_fault(const char *key, size_t len);
const char *tag_value_fault(const char *value, size_t len);

/* Copies a text; false unless it is exactly of that form, with good keys and values, and in bounds.
 */
bool tags_read(const char *text, char tags[TAGS_BYTES_MAX + 1]);

/* Reads the tag at *at and moves on; false at the end. */
bool tags_next(const char **at, struct tag *tag);
/* Less than, equal to or greater than 0 as the tag comes before, has or comes after this key. */
int tag_key_order(const struct tag *tag, const char *key);
size_t tags_count(const char *tags);
/* The bytes of a tag in the text. */
size_t tags_size(const char *key, const char *value);

/* Removes the tag with this key, if there is one. */
void tags_remove(char *tags, const char *key);
/* Adds a tag whose key is not there; for good ones, where there is room. */
void tags_add(char *tags, const char *key, const char *value);

#endif
