/* SPDX-License-Identifier: Apache-2.0 */
/* Reading is writing backwards: what was read is written again, and must give the same text. That
 * makes the reader strict about form without a rule for every character; each word must also be one
 * that Keyferry writes. */
#include "p11/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PREFIX "keyferry1"
#define TIME_LEN 17
#define LEGACY ":legacy"
#define EXTERNAL "EXTERNAL"
#define IMPORTED "IMPORTED"
#define FACTS_MAX 192
#define STATE_MAX (64 + TAGS_BYTES_MAX)
#define ALIAS_PREFIX "alias/"

static const char *const kcv_algorithms[] = {
    [KCV_ANSI_X9_24] = "ANSI_X9_24",
    [KCV_CMAC] = "CMAC",
    [KCV_HMAC] = "HMAC",
    [KCV_SHA_1] = "SHA_1",
};

static const char *const purposes[] = {
    [PURPOSE_ROOT] = "root",
    [PURPOSE_INTERMEDIATE] = "by-", /* and the CA's name */
    [PURPOSE_CA] = "CA",
    [PURPOSE_EXPORT_TOKEN] = "export-token",
    [PURPOSE_IMPORT_TR34] = "import-TR34",
    [PURPOSE_IMPORT_CRYPTOGRAM] = "import-cryptogram",
};

bool key_purpose_is_anchor(enum key_purpose purpose)
{
    return purpose == PURPOSE_ROOT || purpose == PURPOSE_INTERMEDIATE;
}

bool key_purpose_is_public(enum key_purpose purpose)
{
    return purpose == PURPOSE_PLAIN || key_purpose_is_anchor(purpose);
}

enum key_class key_facts_class(const struct key_facts *facts)
{
    if (!key_algorithm_is_rsa(facts->algorithm))
        return KEY_CLASS_SYMMETRIC;
    return key_purpose_is_anchor(facts->purpose) ? KEY_CLASS_PUBLIC : KEY_CLASS_PAIR;
}

const char *kcv_algorithm_name(enum kcv_algorithm algorithm)
{
    return kcv_algorithms[algorithm];
}

enum kcv_algorithm kcv_algorithm_for(enum key_algorithm algorithm)
{
    if (key_algorithm_is_hmac(algorithm))
        return KCV_HMAC;
    if (key_algorithm_is_rsa(algorithm))
        return KCV_SHA_1;
    return key_algorithm_is_aes(algorithm) ? KCV_CMAC : KCV_ANSI_X9_24;
}

bool key_can_import_legacy(const struct key_facts *facts)
{
    return key_algorithm_letter(facts->algorithm) == 'T' &&
           (strcmp(facts->usage, "K0") == 0 || strcmp(facts->usage, "K1") == 0) &&
           (facts->mode == 'B' || facts->mode == 'D');
}

size_t key_facts_bytes(const struct key_facts *facts)
{
    return facts->hmac_bytes ? facts->hmac_bytes : key_algorithm_bytes(facts->algorithm);
}

/* "20261122T230000Z", or "-" for 0. */
static void write_time(int64_t ms, char out[TIME_LEN])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    if (ms == 0 || !gmtime_r(&seconds, &tm) || strftime(out, TIME_LEN, "%Y%m%dT%H%M%SZ", &tm) == 0)
        strcpy(out, "-");
}

static int64_t read_time(const char *text)
{
    struct tm tm = {0};

    if (sscanf(text, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec) != 6)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000;
}

static const char *origin_word(const struct key_facts *facts)
{
    return facts->imported ? IMPORTED : facts->external ? EXTERNAL : "AWS";
}

static int write_facts(const struct key_facts *facts, char *out, size_t room)
{
    char created[TIME_LEN], more[112] = "";

    write_time(facts->created_ms, created);
    if (facts->legacy_import)
        snprintf(more, sizeof more, LEGACY);
    else if (key_algorithm_is_hmac(facts->algorithm))
        snprintf(more, sizeof more, ":%zu", key_facts_bytes(facts));
    else if (facts->purpose != PURPOSE_PLAIN)
        snprintf(more, sizeof more, ":%s%s%s%s", purposes[facts->purpose], facts->issuer,
                 facts->sha_256[0] ? ":" : "", facts->sha_256);
    return snprintf(out, room, "%s %s%s %c %s %c %s:%s %s %s", facts->usage,
                    key_algorithm_name(facts->algorithm), more, facts->mode, facts->version,
                    facts->exportability, kcv_algorithm_name(facts->kcv_algorithm), facts->kcv,
                    origin_word(facts), created);
}

static void write_state(const struct key_state *state, char out[STATE_MAX])
{
    char start[TIME_LEN], stop[TIME_LEN], delete[TIME_LEN];

    write_time(state->start_ms, start);
    write_time(state->stop_ms, stop);
    write_time(state->delete_ms, delete);
    snprintf(out, STATE_MAX, "%s %s %s %s %zu%s", state->enabled ? "on" : "off", start, stop,
             delete, tags_count(state->tags), state->tags);
}

static bool read_state(const char *text, struct key_state *state)
{
    char enabled[4], start[TIME_LEN], stop[TIME_LEN], delete[TIME_LEN];

    int used = 0;

    memset(state, 0, sizeof *state);
    if (sscanf(text, " %3s %16s %16s %16s %*2[0-9]%n", enabled, start, stop, delete, &used) != 4 ||
        used == 0 || !tags_read(text + used, state->tags))
        return false;
    state->enabled = strcmp(enabled, "on") == 0;
    state->start_ms = read_time(start);
    state->stop_ms = read_time(stop);
    state->delete_ms = read_time(delete);
    return true;
}

void label_write_object(const char *role, const struct key_facts *facts, char *out)
{
    char text[FACTS_MAX];

    write_facts(facts, text, sizeof text);
    snprintf(out, LABEL_MAX, PREFIX " %s %s", role, text);
}

void label_write_card(const struct key_facts *facts, const struct key_state *state, char *out)
{
    char text[FACTS_MAX], changing[STATE_MAX];

    write_facts(facts, text, sizeof text);
    write_state(state, changing);
    snprintf(out, LABEL_MAX, PREFIX " card %s %s", text, changing);
}

void label_write_alias(const char *alias, const char *key_name, char *out)
{
    snprintf(out, LABEL_MAX, PREFIX " alias %.*s %s", ALIAS_NAME_MAX, alias,
             key_name[0] ? key_name : "-");
}

void label_write_claim(const char *alias, bool making, char *out)
{
    snprintf(out, LABEL_MAX, PREFIX " %s %.*s", making ? "making" : "claim", ALIAS_NAME_MAX, alias);
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define HEX_LETTERS "ABCDEF"

static bool made_of(const char *text, const char *characters)
{
    return text[0] && text[strspn(text, characters)] == '\0';
}

static bool good_words(const struct key_facts *facts)
{
    struct key_modes modes;

    bool good_length = !facts->hmac_bytes || (facts->hmac_bytes >= KEY_HMAC_BYTES_MIN &&
                                              facts->hmac_bytes <= KEY_HMAC_BYTES_MAX);

    bool good_legacy = !facts->legacy_import || key_can_import_legacy(facts);

    bool pair = key_facts_class(facts) == KEY_CLASS_PAIR;

    bool good_sha_256 = key_purpose_is_anchor(facts->purpose) == (facts->sha_256[0] != '\0');

    bool good_kcv = pair ? strcmp(facts->kcv, KCV_NONE) == 0
                         : strlen(facts->kcv) % 2 == 0 && made_of(facts->kcv, DIGITS HEX_LETTERS);

    return facts->algorithm != KEY_ALGORITHM_NONE && good_length && good_legacy && good_kcv &&
           good_sha_256 && key_usage_name(facts->usage) &&
           key_modes_from_letter(facts->mode, &modes) && strchr("SEN", facts->exportability) &&
           strlen(facts->version) == 2 && made_of(facts->version, UPPER LOWER DIGITS);
}

/* Another word than these shows when the label is written again. */
static void read_purpose(char *word, struct key_facts *facts)
{
    size_t by = strlen(purposes[PURPOSE_INTERMEDIATE]);
    char *sha_256 = strchr(word, ':');

    if (sha_256) {
        *sha_256++ = '\0';
        if (strlen(sha_256) == KEY_SHA_256_LEN && made_of(sha_256, DIGITS "abcdef"))
            strcpy(facts->sha_256, sha_256);
    }
    if (strncmp(word, purposes[PURPOSE_INTERMEDIATE], by) == 0) {
        if (strlen(word + by) != KEY_NAME_LEN || !made_of(word + by, LOWER "234567"))
            return;
        facts->purpose = PURPOSE_INTERMEDIATE;
        strcpy(facts->issuer, word + by);
        return;
    }
    for (enum key_purpose i = PURPOSE_ROOT; i <= PURPOSE_IMPORT_CRYPTOGRAM; i++)
        if (strcmp(word, purposes[i]) == 0)
            facts->purpose = i;
}

/* The algorithm, and what stands behind it. */
static void read_algorithm(char *word, struct key_facts *facts)
{
    char *more = strchr(word, ':');

    facts->legacy_import = more && strcmp(more, LEGACY) == 0;
    if (more)
        *more++ = '\0';
    facts->algorithm = key_algorithm_from_name(word);
    if (more && key_algorithm_is_hmac(facts->algorithm))
        facts->hmac_bytes = strtoul(more, NULL, 10);
    if (more && key_algorithm_is_rsa(facts->algorithm))
        read_purpose(more, facts);
}

/* Another word than these shows when the label is written again. */
static enum kcv_algorithm read_kcv_algorithm(const char *word)
{
    for (enum kcv_algorithm i = KCV_ANSI_X9_24; i <= KCV_SHA_1; i++)
        if (strcmp(kcv_algorithms[i], word) == 0)
            return i;
    return KCV_ANSI_X9_24;
}

static bool read_words(const char *text, struct key_facts *facts, char *tail, size_t tail_room)
{
    char algorithm[112], kcv_algorithm[16], origin[16], created[TIME_LEN];
    int used = 0;

    memset(facts, 0, sizeof *facts);
    if (sscanf(text, "%2s %111s %c %2s %c %15[^:]:%10s %15s %16s%n", facts->usage, algorithm,
               &facts->mode, facts->version, &facts->exportability, kcv_algorithm, facts->kcv,
               origin, created, &used) != 9)
        return false;
    read_algorithm(algorithm, facts);
    if (!good_words(facts))
        return false;
    facts->kcv_algorithm = read_kcv_algorithm(kcv_algorithm);
    if ((facts->kcv_algorithm == KCV_SHA_1) != key_algorithm_is_rsa(facts->algorithm))
        return false;
    facts->imported = strcmp(origin, IMPORTED) == 0;
    facts->external = facts->imported || strcmp(origin, EXTERNAL) == 0;
    facts->created_ms = read_time(created);
    if (strlen(text + used) >= tail_room)
        return false;
    strcpy(tail, text + used);
    return true;
}

/* The text behind "keyferry1 <kind> ", NULL where it does not begin so. */
static const char *after_kind(const char *label, const char *kind)
{
    char head[48];
    int len = snprintf(head, sizeof head, PREFIX " %s ", kind);

    return strncmp(label, head, (size_t)len) == 0 ? label + len : NULL;
}

/* Reads the facts' words; tail gets what follows them. Facts that are not good are none: words of
 * them would be shown as if they meant something. */
static bool read_facts(const char *text, struct key_facts *facts, char *tail, size_t tail_room)
{
    if (read_words(text, facts, tail, tail_room))
        return true;
    memset(facts, 0, sizeof *facts);
    return false;
}

bool label_read_object(const char *label, const char *role, struct key_facts *facts)
{
    const char *text = after_kind(label, role);
    char tail[LABEL_MAX], again[LABEL_MAX];

    if (!text || !read_facts(text, facts, tail, sizeof tail))
        return false;
    label_write_object(role, facts, again);
    return strcmp(label, again) == 0;
}

bool label_read_card(const char *label, struct key_facts *facts, struct key_state *state)
{
    const char *text = after_kind(label, "card");
    char tail[LABEL_MAX], again[LABEL_MAX];

    if (!text || !read_facts(text, facts, tail, sizeof tail) || !read_state(tail, state))
        return false;
    label_write_card(facts, state, again);
    return strcmp(label, again) == 0;
}

bool label_read_alias(const char *label, char *alias, char *key_name)
{
    const char *text = after_kind(label, "alias");
    char again[LABEL_MAX];

    _Static_assert(ALIAS_NAME_MAX == 256 && KEY_NAME_LEN == 16, "the widths below");
    if (!text || sscanf(text, "%256s %16s", alias, key_name) != 2)
        return false;
    if (strncmp(alias, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) != 0 ||
        !made_of(alias + strlen(ALIAS_PREFIX), UPPER LOWER DIGITS "/_-"))
        return false;
    if (strcmp(key_name, "-") == 0)
        key_name[0] = '\0';
    else if (strlen(key_name) != KEY_NAME_LEN || !made_of(key_name, LOWER "234567"))
        return false;
    label_write_alias(alias, key_name, again);
    return strcmp(label, again) == 0;
}

bool key_facts_equal(const struct key_facts *a, const struct key_facts *b)
{
    char one[FACTS_MAX], other[FACTS_MAX];

    write_facts(a, one, sizeof one);
    write_facts(b, other, sizeof other);
    return strcmp(one, other) == 0;
}

bool key_state_equal(const struct key_state *a, const struct key_state *b)
{
    char one[STATE_MAX], other[STATE_MAX];

    write_state(a, one);
    write_state(b, other);
    return strcmp(one, other) == 0;
}

bool key_state_is_due(const struct key_state *state, int64_t now_ms)
{
    return state->delete_ms != 0 && state->delete_ms <= now_ms;
}
