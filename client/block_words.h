/* SPDX-License-Identifier: Apache-2.0 */
/* The letters of a key block's header in words (X9.143:2021 6.2, tables 1 to 5). All text is
 * static; a letter or usage that has no row gets words that say so. */
#ifndef KF_CLIENT_BLOCK_WORDS_H
#define KF_CLIENT_BLOCK_WORDS_H

const char *block_version_words(char version);
const char *block_usage_words(const char *usage);
const char *block_algorithm_words(char algorithm);
const char *block_mode_words(char mode);
const char *block_exportability_words(char exportability);
const char *block_context_words(char context);
const char *block_key_version_words(const char *version);

#endif
