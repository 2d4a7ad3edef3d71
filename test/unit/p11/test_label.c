/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: what is written is read back the same, and nothing else is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p11/label.h"
#include "test/unit/p11/support.h"

#define SHA_256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct key_facts kek = {
    .usage = "K1",
    .algorithm = KEY_AES_256,
    .mode = 'B',
    .version = "00",
    .exportability = 'S',
    .kcv_algorithm = KCV_CMAC,
    .kcv = "73C263",
    .created_ms = 1795388400000,
};

static void expect_facts(const struct key_facts *a, const struct key_facts *b)
{
    ck_assert_str_eq(a->usage, b->usage);
    ck_assert_int_eq(a->algorithm, b->algorithm);
    ck_assert_uint_eq(key_facts_bytes(a), key_facts_bytes(b));
    ck_assert_int_eq(a->mode, b->mode);
    ck_assert_str_eq(a->version, b->version);
    ck_assert_int_eq(a->exportability, b->exportability);
    ck_assert_int_eq(a->kcv_algorithm, b->kcv_algorithm);
    ck_assert_str_eq(a->kcv, b->kcv);
    ck_assert_int_eq(a->external, b->external);
    ck_assert_int_eq(a->imported, b->imported);
    ck_assert_int_eq(a->legacy_import, b->legacy_import);
    ck_assert_int_eq(a->created_ms, b->created_ms);
    ck_assert(key_facts_equal(a, b));
}

START_TEST(labels_have_their_form)
{
    struct key_state state = {.enabled = true, .start_ms = 1795388400000};
    char label[LABEL_MAX];

    label_write_object("working", &kek, label);
    ck_assert_str_eq(label, "keyferry1 working K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z");
    label_write_card(&kek, &state, label);
    ck_assert_str_eq(label, "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on "
                            "20261122T230000Z - - 0");
    state = (struct key_state){.start_ms = 1795388400000,
                               .stop_ms = 1795388400000 + 3600000,
                               .delete_ms = 1795388400000 + 86400000};
    label_write_card(&kek, &state, label);
    ck_assert_str_eq(
        label,
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z off 20261122T230000Z "
        "20261123T000000Z 20261123T230000Z 0");
    label_write_alias("alias/kek-acme", "5rplquuwozodpwsp", label);
    ck_assert_str_eq(label, "keyferry1 alias alias/kek-acme 5rplquuwozodpwsp");
    label_write_alias("alias/kek-acme", "", label);
    ck_assert_str_eq(label, "keyferry1 alias alias/kek-acme -");
    label_write_claim("alias/kek-acme", false, label);
    ck_assert_str_eq(label, "keyferry1 claim alias/kek-acme");
    label_write_claim("alias/kek-acme", true, label);
    ck_assert_str_eq(label, "keyferry1 making alias/kek-acme");
}
END_TEST

START_TEST(hmac_keys_say_their_length)
{
    static const char good[] = "keyferry1 export M7 HMAC_SHA256:20 C 00 S HMAC:0BD67A AWS -";
    static const char *const bad[] = {
        "keyferry1 export M7 HMAC_SHA256 C 00 S HMAC:0BD67A AWS -",
        "keyferry1 export M7 HMAC_SHA256:13 C 00 S HMAC:0BD67A AWS -",
        "keyferry1 export M7 HMAC_SHA256:65 C 00 S HMAC:0BD67A AWS -",
        "keyferry1 export M7 HMAC_SHA256:020 C 00 S HMAC:0BD67A AWS -",
        "keyferry1 export M7 HMAC_SHA256: C 00 S HMAC:0BD67A AWS -",
        "keyferry1 export M7 HMAC_SHA256:0 C 00 S HMAC:0BD67A AWS -",
        "keyferry1 export M7 AES_256:32 C 00 S HMAC:0BD67A AWS -",
        "keyferry1 export M7 HMAC_SHA256:20 C 00 S SHA_1:0BD67A AWS -",
    };
    struct key_facts facts = kek;
    char label[LABEL_MAX];

    ck_assert(label_read_object(good, "export", &facts));
    ck_assert_int_eq(facts.algorithm, KEY_HMAC_SHA256);
    ck_assert_int_eq(facts.kcv_algorithm, KCV_HMAC);
    ck_assert_uint_eq(key_facts_bytes(&facts), 20);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!label_read_object(bad[i], "export", &facts), "%s", bad[i]);
    /* Without a length it is the hash's. */
    facts = kek;
    facts.algorithm = KEY_HMAC_SHA384;
    facts.kcv_algorithm = KCV_HMAC;
    ck_assert_uint_eq(key_facts_bytes(&facts), 48);
    label_write_object("kept", &facts, label);
    ck_assert_ptr_nonnull(strstr(label, " HMAC_SHA384:48 "));
}
END_TEST

START_TEST(check_values_follow_the_algorithm)
{
    ck_assert_str_eq(kcv_algorithm_name(kcv_algorithm_for(KEY_TDES_2KEY)), "ANSI_X9_24");
    ck_assert_str_eq(kcv_algorithm_name(kcv_algorithm_for(KEY_TDES_3KEY)), "ANSI_X9_24");
    ck_assert_str_eq(kcv_algorithm_name(kcv_algorithm_for(KEY_AES_192)), "CMAC");
    ck_assert_str_eq(kcv_algorithm_name(kcv_algorithm_for(KEY_HMAC_SHA224)), "HMAC");
    ck_assert_str_eq(kcv_algorithm_name(kcv_algorithm_for(KEY_RSA_3072)), "SHA_1");
}
END_TEST

START_TEST(rsa_keys_say_what_they_are_for)
{
    static const struct {
        const char *label, *role;
        enum key_purpose purpose;
        enum key_class class;
    } good[] = {
        {"keyferry1 signing K2 RSA_2048 E 00 N SHA_1:- AWS -", "signing", PURPOSE_PLAIN,
         KEY_CLASS_PAIR},
        {"keyferry1 certificate S0 RSA_4096:root:" SHA_256 " V 00 N SHA_1:01AB23CD EXTERNAL -",
         "certificate", PURPOSE_ROOT, KEY_CLASS_PUBLIC},
        {"keyferry1 certificate S0 RSA_4096:by-ov6icy4ryas4zcza:" SHA_256
         " V 00 N SHA_1:01AB23CD EXTERNAL -",
         "certificate", PURPOSE_INTERMEDIATE, KEY_CLASS_PUBLIC},
        {"keyferry1 signing S0 RSA_4096:CA S 00 N SHA_1:- AWS -", "signing", PURPOSE_CA,
         KEY_CLASS_PAIR},
        {"keyferry1 signing S0 RSA_2048:export-token S 00 N SHA_1:- AWS -", "signing",
         PURPOSE_EXPORT_TOKEN, KEY_CLASS_PAIR},
        {"keyferry1 unwrapping K2 RSA_2048:import-TR34 D 00 N SHA_1:- AWS -", "unwrapping",
         PURPOSE_IMPORT_TR34, KEY_CLASS_PAIR},
        {"keyferry1 unwrapping K2 RSA_2048:import-cryptogram D 00 N SHA_1:- AWS -", "unwrapping",
         PURPOSE_IMPORT_CRYPTOGRAM, KEY_CLASS_PAIR},
    };
    static const char *const bad[] = {
        "keyferry1 signing S0 RSA_4096: S 00 N SHA_1:- AWS -",
        "keyferry1 signing S0 RSA_4096:ca S 00 N SHA_1:- AWS -",
        "keyferry1 signing S0 RSA_4096:by-:" SHA_256 " V 00 N SHA_1:01AB23CD AWS -",
        "keyferry1 signing S0 RSA_4096:by-ov6icy4ryas4zcz:" SHA_256 " V 00 N SHA_1:01AB23CD AWS -",
        "keyferry1 signing S0 RSA_4096:by-ov6icy4ryas4zc1a:" SHA_256 " V 00 N SHA_1:01AB23CD AWS -",
        "keyferry1 signing S0 AES_256:CA S 00 N CMAC:73C263 AWS -",
        "keyferry1 signing S0 RSA_4096:CA S 00 N SHA_1:73C263 AWS -",
        "keyferry1 signing S0 RSA_4096:root:" SHA_256 " V 00 N SHA_1:- AWS -",
        "keyferry1 signing S0 RSA_4096:root V 00 N SHA_1:01AB23CD AWS -",
        "keyferry1 signing S0 RSA_4096:root: V 00 N SHA_1:01AB23CD AWS -",
        "keyferry1 signing S0 RSA_4096:root:" SHA_256 "0 V 00 N SHA_1:01AB23CD AWS -",
        "keyferry1 signing S0 RSA_4096:root:A" SHA_256 " V 00 N SHA_1:01AB23CD AWS -",
        "keyferry1 signing S0 RSA_4096:CA:" SHA_256 " S 00 N SHA_1:- AWS -",
        "keyferry1 signing S0 RSA_4096:root:" SHA_256 " V 00 N CMAC:73C263 AWS -",
    };
    struct key_facts facts;
    char label[LABEL_MAX];

    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_msg(label_read_object(good[i].label, good[i].role, &facts), "%s", good[i].label);
        ck_assert_int_eq(facts.purpose, good[i].purpose);
        ck_assert_int_eq(key_facts_class(&facts), good[i].class);
        ck_assert_str_eq(facts.issuer,
                         good[i].purpose == PURPOSE_INTERMEDIATE ? "ov6icy4ryas4zcza" : "");
        label_write_object(good[i].role, &facts, label);
        ck_assert_str_eq(label, good[i].label);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!label_read_object(bad[i], "signing", &facts), "%s", bad[i]);
    ck_assert(key_purpose_is_public(PURPOSE_PLAIN) && key_purpose_is_public(PURPOSE_ROOT));
    ck_assert(!key_purpose_is_public(PURPOSE_CA) && !key_purpose_is_public(PURPOSE_EXPORT_TOKEN));
}
END_TEST

START_TEST(imported_keys_and_legacy_import_say_so)
{
    struct key_facts facts = kek, read;
    char label[LABEL_MAX];

    facts.algorithm = KEY_TDES_2KEY;
    facts.kcv_algorithm = KCV_ANSI_X9_24;
    facts.external = facts.imported = facts.legacy_import = true;
    label_write_object("working", &facts, label);
    ck_assert_str_eq(label, "keyferry1 working K1 TDES_2KEY:legacy B 00 S ANSI_X9_24:73C263 "
                            "IMPORTED 20261122T230000Z");
    ck_assert(label_read_object(label, "working", &read));
    expect_facts(&read, &facts);
    /* only a TDES key that unwraps has it */
    facts.mode = 'E';
    label_write_object("working", &facts, label);
    ck_assert(!label_read_object(label, "working", &read));
    facts.mode = 'B';
    facts.algorithm = KEY_AES_128;
    label_write_object("working", &facts, label);
    ck_assert(!label_read_object(label, "working", &read));
}
END_TEST

START_TEST(facts_come_back)
{
    static const char *const usages[] = {"B0", "C0", "D0", "E0", "E6",
                                         "K0", "K1", "M7", "P0", "V2"};
    static const char modes[] = "BEDCGVSXN", exportabilities[] = "SEN";
    struct key_facts facts = kek, read;
    struct key_state state = {0}, state_read;
    char label[LABEL_MAX];

    for (size_t i = 0; i < 2000; i++) {
        memcpy(facts.usage, usages[(size_t)rand() % COUNT(usages)], 3);
        facts.algorithm = KEY_TDES_2KEY + (unsigned)rand() % 9;
        facts.hmac_bytes = 0;
        if (key_algorithm_is_hmac(facts.algorithm))
            facts.hmac_bytes =
                KEY_HMAC_BYTES_MIN + (size_t)rand() % (KEY_HMAC_BYTES_MAX - KEY_HMAC_BYTES_MIN + 1);
        facts.mode = modes[(size_t)rand() % (sizeof modes - 1)];
        facts.exportability = exportabilities[(size_t)rand() % 3];
        facts.kcv_algorithm = (enum kcv_algorithm)(rand() % 3);
        snprintf(facts.kcv, sizeof facts.kcv, "%06X", (unsigned)rand() & 0xFFFFFF);
        facts.external = rand() % 2;
        facts.imported = facts.external && rand() % 2;
        facts.legacy_import = key_can_import_legacy(&facts) && rand() % 2;
        facts.created_ms = (int64_t)rand() * 1000;
        state.enabled = rand() % 2;
        state.start_ms = rand() % 2 ? (int64_t)rand() * 1000 : 0;
        state.stop_ms = rand() % 2 ? (int64_t)rand() * 1000 : 0;
        state.delete_ms = rand() % 2 ? (int64_t)rand() * 1000 : 0;
        state.tags[0] = '\0';
        for (int count = rand() % 3; count > 0; count--) {
            char key[] = {(char)('a' + count), '\0'};

            tags_add(state.tags, key, rand() % 2 ? "a value" : "");
        }
        label_write_object("export", &facts, label);
        ck_assert_msg(label_read_object(label, "export", &read), "%s", label);
        expect_facts(&read, &facts);
        ck_assert(!label_read_object(label, "working", &read));
        ck_assert(!label_read_card(label, &read, &state_read));
        label_write_card(&facts, &state, label);
        ck_assert_msg(label_read_card(label, &read, &state_read), "%s", label);
        expect_facts(&read, &facts);
        ck_assert_int_eq(state_read.enabled, state.enabled);
        ck_assert_int_eq(state_read.start_ms, state.start_ms);
        ck_assert_int_eq(state_read.stop_ms, state.stop_ms);
        ck_assert_int_eq(state_read.delete_ms, state.delete_ms);
        ck_assert_str_eq(state_read.tags, state.tags);
        ck_assert(key_state_equal(&state_read, &state));
        ck_assert(!label_read_object(label, "card", &read));
    }
}
END_TEST

static bool reads_as_anything(const char *label)
{
    char alias[ALIAS_NAME_MAX + 1], key_name[KEY_NAME_LEN + 1];
    struct key_facts facts;
    struct key_state state;

    return label_read_object(label, "working", &facts) || label_read_card(label, &facts, &state) ||
           label_read_alias(label, alias, key_name);
}

/* Every other text is another label or none: what is read writes the same text again. */
static void expect_strict(const char *label)
{
    static const char bytes[] = "\x01 -/:0aAzZ~\x7F\xE4";
    char alias[ALIAS_NAME_MAX + 1], key_name[KEY_NAME_LEN + 1], again[LABEL_MAX],
        mutant[LABEL_MAX + 1];
    struct key_facts facts;
    struct key_state state;
    size_t len = strlen(label);

    for (size_t at = 0; at <= len; at++)
        for (size_t i = 0; i < sizeof bytes - 1; i++)
            for (int insert = 0; insert < 2; insert++) {
                memcpy(mutant, label, at);
                mutant[at] = bytes[i];
                strcpy(mutant + at + 1, at == len ? "" : label + at + (insert ? 0 : 1));
                again[0] = '\0';
                if (label_read_object(mutant, "working", &facts))
                    label_write_object("working", &facts, again);
                else if (label_read_card(mutant, &facts, &state))
                    label_write_card(&facts, &state, again);
                else if (label_read_alias(mutant, alias, key_name))
                    label_write_alias(alias, key_name, again);
                else
                    continue;
                ck_assert_str_eq(again, mutant);
            }
    for (size_t cut = 0; cut < len; cut++) {
        memcpy(mutant, label, cut);
        mutant[cut] = '\0';
        /* Only an alias's key can become shorter, and then it is no key. */
        ck_assert_msg(!reads_as_anything(mutant), "%s", mutant);
    }
}

START_TEST(mutations_are_refused)
{
    struct key_state pending = {.delete_ms = 1795388400000};
    char label[LABEL_MAX];

    label_write_object("working", &kek, label);
    expect_strict(label);
    label_write_card(&kek, &pending, label);
    expect_strict(label);
    tags_add(pending.tags, "Acquirer", "ABCD");
    tags_add(pending.tags, "Region", "");
    label_write_card(&kek, &pending, label);
    expect_strict(label);
    label_write_alias("alias/kek-acme", "5rplquuwozodpwsp", label);
    expect_strict(label);
}
END_TEST

START_TEST(words_that_are_no_ones_are_refused)
{
    static const char *const labels[] = {
        "",
        "keyferry1",
        "keyferry2 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        " keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1  card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K9 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_512 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 (null) B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 Z 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 0 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 Y CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S SHA_1:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73c263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C26 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC: AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 MINE 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261322T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230060Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000 on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z yes -",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0 ",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0 more",
        "keyferry1 card K1\tAES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - -",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - ",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 00",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0 1:a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 2 1:a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 1:a=1:b "
        "1:b=1:c",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 01 1:a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1  1:a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 2 1:b=1:b "
        "1:a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 2 1:a=1:b "
        "1:a=1:c",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 2:a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 1:a=2:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 1:a=1:bc",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 01:a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 1:a 1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 0:=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 :a=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 4:aws:=1:b",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 1:a=1:\x01",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 "
        "1:a=2:\xC2\x80",
        "keyferry1 card K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 1 1:a=1:\xE4",
        "keyferry1 working K1 AES_256 B 00 S CMAC:73C263 AWS 20261122T230000Z on - - - 0",
        "keyferry1 alias",
        "keyferry1 alias alias/ -",
        "keyferry1 alias kek -",
        "keyferry1 alias alias/k\xC3\xA4se -",
        "keyferry1 alias alias/a.b -",
        "keyferry1 alias alias/a b -",
        "keyferry1 alias alias/a",
        "keyferry1 alias alias/a ",
        "keyferry1 alias alias/a 5rplquuwozodpws",
        "keyferry1 alias alias/a 5RPLQUUWOZODPWSP",
        "keyferry1 alias alias/a 5rplquuwozodpws1",
        "keyferry1 alias alias/a 5rplquuwozodpwspx",
        "keyferry1 alias alias/a --",
    };

    for (size_t i = 0; i < COUNT(labels); i++)
        ck_assert_msg(!reads_as_anything(labels[i]), "%s", labels[i]);
}
END_TEST

START_TEST(aliases_come_back)
{
    char name[ALIAS_NAME_MAX + 1] = "alias/", alias[ALIAS_NAME_MAX + 1], key_name[KEY_NAME_LEN + 1],
                               label[LABEL_MAX];

    for (size_t len = strlen("alias/") + 1; len <= ALIAS_NAME_MAX; len++) {
        name[len - 1] = "aZ9/_-"[len % 6];
        name[len] = '\0';
        label_write_alias(name, len % 2 ? "5rplquuwozodpwsp" : "", label);
        ck_assert(label_read_alias(label, alias, key_name));
        ck_assert_str_eq(alias, name);
        ck_assert_str_eq(key_name, len % 2 ? "5rplquuwozodpwsp" : "");
    }
    /* one character more than an alias may have */
    snprintf(label, sizeof label, "keyferry1 alias %sx -", name);
    ck_assert(!label_read_alias(label, alias, key_name));
}
END_TEST

START_TEST(each_fact_counts)
{
    struct key_facts other[11];

    for (size_t i = 0; i < COUNT(other); i++)
        other[i] = kek;
    strcpy(other[0].usage, "K0");
    other[1].algorithm = KEY_AES_192;
    other[2].mode = 'E';
    strcpy(other[3].version, "01");
    other[4].exportability = 'N';
    other[5].kcv_algorithm = KCV_ANSI_X9_24;
    strcpy(other[6].kcv, "73C264");
    other[7].external = true;
    other[8].created_ms += 1000;
    other[9].external = other[9].imported = true;
    other[10].legacy_import = true;
    for (size_t i = 0; i < COUNT(other); i++)
        ck_assert_msg(!key_facts_equal(&kek, &other[i]), "%zu", i);
    ck_assert(!key_facts_equal(&other[7], &other[9])); /* adopted and imported */
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("label");

    tcase_add_test(tests, labels_have_their_form);
    tcase_add_test(tests, hmac_keys_say_their_length);
    tcase_add_test(tests, check_values_follow_the_algorithm);
    tcase_add_test(tests, imported_keys_and_legacy_import_say_so);
    tcase_add_test(tests, rsa_keys_say_what_they_are_for);
    tcase_add_test(tests, facts_come_back);
    tcase_add_test(tests, mutations_are_refused);
    tcase_add_test(tests, words_that_are_no_ones_are_refused);
    tcase_add_test(tests, aliases_come_back);
    tcase_add_test(tests, each_fact_counts);
    return run_case(tests, "label");
}
