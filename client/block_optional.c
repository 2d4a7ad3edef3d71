/* SPDX-License-Identifier: Apache-2.0 */
/* One row for each id of X9.143:2021 6.3.6, with the function that reads its data. */
#include "client/block_optional.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tr31/text.h"

/* The counter of a TDES KSN: its low 21 bits. */
#define COUNTER_MASK 0x1FFFFF

typedef void (*decoder)(const char *data, size_t len, char *out, size_t room);

/* A length for "%.*s". */
#define TEXT(data, len) (int)(len), (data)

static void decode_ksn(const char *data, size_t len, char *out, size_t room)
{
    size_t last = 0;

    tr31_read_hex(data + len - 6, 6, &last);
    snprintf(out, room, "KSN %.*s, transaction counter %zu", TEXT(data, len), last & COUNTER_MASK);
}

static void decode_initial_key_id(const char *data, size_t len, char *out, size_t room)
{
    (void)len;
    snprintf(out, room, "BDK id %.8s, derivation id %.8s", data, data + 8);
}

static void decode_bdk_id(const char *data, size_t len, char *out, size_t room)
{
    snprintf(out, room, "%s %.*s", data[1] == '0' ? "TDES key set id" : "AES BDK id",
             TEXT(data + 2, len - 2));
}

static void decode_check_value(const char *data, size_t len, char *out, size_t room)
{
    snprintf(out, room, "%.*s, %s", TEXT(data + 2, len - 2),
             data[1] == '0' ? "legacy: encryption of zeros" : "CMAC");
}

static void decode_hash(const char *data, size_t len, char *out, size_t room)
{
    static const char *const hashes[][2] = {
        {"10", "SHA-1"},    {"20", "SHA-224"},     {"21", "SHA-256"},     {"22", "SHA-384"},
        {"23", "SHA-512"},  {"24", "SHA-512/224"}, {"25", "SHA-512/256"}, {"30", "SHA3-224"},
        {"31", "SHA3-256"}, {"32", "SHA3-384"},    {"33", "SHA3-512"},    {"40", "SHAKE128"},
        {"41", "SHAKE256"},
    };

    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (len == 2 && memcmp(hashes[i][0], data, 2) == 0)
            snprintf(out, room, "%s", hashes[i][1]);
}

/* Both forms, with and without separators, as one. */
static void decode_time(const char *data, size_t len, char *out, size_t room)
{
    char d[17] = "";
    size_t count = 0;

    for (size_t i = 0; i < len && count < sizeof d - 1; i++)
        if (data[i] >= '0' && data[i] <= '9')
            d[count++] = data[i];
    snprintf(out, room, "%.4s-%.2s-%.2s %.2s:%.2s:%.2s%s%s UTC", d, d + 4, d + 6, d + 8, d + 10,
             d + 12, count > 14 ? "." : "", d + 14);
}

static void decode_life(const char *data, size_t len, char *out, size_t room)
{
    (void)len;
    snprintf(out, room, "%s", data[3] == '0' ? "ephemeral" : "static");
}

static void decode_pedigree(const char *data, size_t len, char *out, size_t room)
{
    (void)len;
    snprintf(out, room, "pedigree %c", data[2]);
}

static void decode_certificate(const char *data, size_t len, char *out, size_t room)
{
    size_t certificates = 0;

    if (data[1] != '2') {
        snprintf(out, room, "one %s certificate", data[1] == '0' ? "X.509" : "EMV");
        return;
    }
    for (size_t at = 2, size = 0; at < len; at += 6 + size, certificates++)
        tr31_read_hex(data + at + 2, 4, &size);
    snprintf(out, room, "a chain of %zu certificates", certificates);
}

/* Each derivation that is allowed as usage, algorithm, mode and exportability. */
static void decode_derivations(const char *data, size_t len, char *out, size_t room)
{
    size_t used = 0;

    for (size_t at = 2; at < len && used < room; at += 5) {
        const char *one = data + at;
        int wrote = snprintf(out + used, room - used, "%s%.2s %c %c %c", at > 2 ? ", " : "", one,
                             one[2], one[3], one[4]);

        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static void decode_padding(const char *data, size_t len, char *out, size_t room)
{
    (void)data;
    snprintf(out, room, "%zu characters of no meaning", len);
}

static const struct {
    char id[3];
    const char *words;
    decoder decode;
} rows[] = {
    {"AL", "life of an asymmetric key", decode_life},
    {"BI", "base derivation key id of DUKPT", decode_bdk_id},
    {"CT", "public key certificate or chain", decode_certificate},
    {"DA", "derivations that a B3 key may be used for", decode_derivations},
    {"FL", "flags", NULL},
    {"HM", "hash of an HMAC key", decode_hash},
    {"IK", "initial key id of AES DUKPT", decode_initial_key_id},
    {"KC", "check value of the wrapped key", decode_check_value},
    {"KP", "check value of the key block protection key", decode_check_value},
    {"KS", "initial key serial number of TDES DUKPT", decode_ksn},
    {"KV", "key block values; deprecated", NULL},
    {"LB", "label", NULL},
    {"PB", "padding to whole cipher blocks", decode_padding},
    {"PK", "check value of the key block protection key it was exported under", decode_check_value},
    {"TC", "time of the key's creation", decode_time},
    {"TS", "time of the key block's making", decode_time},
    {"WP", "wrapping pedigree: how strong the keys were that wrapped it before", decode_pedigree},
};

#define ROWS (sizeof rows / sizeof rows[0])

const char *block_optional_words(const char *id)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].id, id) == 0)
            return rows[i].words;
    return id[0] >= '0' && id[0] <= '9' ? "proprietary"
                                        : "not in the standard, or newer than this program";
}

void block_optional_decode(const struct tr31_optblock *block, char *out, size_t room)
{
    out[0] = '\0';
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].id, block->id) == 0 && rows[i].decode)
            rows[i].decode(block->data, block->len, out, room);
}
