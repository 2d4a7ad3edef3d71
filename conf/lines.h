/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each key of a YAML text stands. libcyaml reports the place of the key before the wrong one,
 * so the lines for our messages come from a walk of our own. Private to conf/.
 */
#ifndef KF_CONF_LINES_H
#define KF_CONF_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINES_KEY_MAX 96

struct lines;

/*
 * Reads the keys of the outer mapping and of the mappings in it: "workers", "token.uri". NULL where
 * the text is not one YAML document that is a mapping; then problem and *line (0 where none is to
 * blame) say why.
 */
struct lines *lines_read(const uint8_t *text, size_t len, char *problem, size_t room, size_t *line);
/* The line, counted from 1, of a key as above; of its section where the key is not there; 0 where
 * neither is. */
size_t lines_find(const struct lines *lines, const char *key);
/* Whether the text has no key at all. */
bool lines_empty(const struct lines *lines);
void lines_free(struct lines *lines);

#endif
