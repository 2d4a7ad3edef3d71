/* SPDX-License-Identifier: Apache-2.0 */
/* Roles: what the objects of each key are when they are read back from the token, and that an
 * object that is anything else is noticed. */
#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "test/unit/p11/store_support.h"

static CK_ULONG read_number(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG value = 0;
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    expect_good(p11_get_attributes(token.session, object, &attribute, 1, &err) == CKR_OK);
    return value;
}

/* The design's table of roles, in this test's own words. */
struct expected {
    enum p11_role role;
    bool extractable, derive, modifiable;
    CK_MECHANISM_TYPE mechanisms[3]; /* ends at 0; none: no list */
    CK_ATTRIBUTE_TYPE use;           /* the one flag that is true; 0: none */
};

static const struct expected expected_aes[] = {
    {ROLE_WORKING, false, true, false, {CKM_AES_ECB_ENCRYPT_DATA}, 0},
    {ROLE_EXPORT,
     true,
     true,
     false,
     {CKM_CONCATENATE_DATA_AND_BASE, CKM_CONCATENATE_BASE_AND_DATA},
     0},
    {ROLE_KEPT, false, false, false, {0}, 0},
    {ROLE_CARD, false, false, true, {0}, 0},
};

/* Where the token derives by SP 800-108; initial keys are by encryption there, too. */
static const struct expected expected_kdf = {
    ROLE_WORKING, false, true, false, {KF_CKM_SP800_108_COUNTER_KDF}, 0};

static const struct expected expected_tdes[] = {
    {ROLE_WORKING, false, true, false, {CKM_DES3_ECB_ENCRYPT_DATA}, 0},
    {ROLE_MASK_VARIANT, false, true, false, {CKM_DES3_ECB_ENCRYPT_DATA}, 0},
    {ROLE_LEGACY_KBEK, false, false, false, {CKM_DES3_CBC}, CKA_UNWRAP},
    {ROLE_LEGACY_KBMK, false, false, false, {CKM_DES3_CBC}, CKA_ENCRYPT},
};

static const struct expected *expectation(enum p11_role role, enum key_algorithm algorithm,
                                          const char *usage)
{
    if (role == ROLE_WORKING && usage[0] == 'K' &&
        token.ways[p11_for(P11_KDF_AES, op_cipher(algorithm))].proven)
        return &expected_kdf;
    if (!key_algorithm_is_aes(algorithm))
        for (size_t i = 0; i < COUNT(expected_tdes); i++)
            if (expected_tdes[i].role == role)
                return &expected_tdes[i];
    for (size_t i = 0; i < COUNT(expected_aes); i++)
        if (expected_aes[i].role == role)
            return &expected_aes[i];
    ck_abort_msg("role %d", role);
}

static void expect_mechanisms(CK_OBJECT_HANDLE object, const CK_MECHANISM_TYPE *expected)
{
    CK_MECHANISM_TYPE list[8];
    CK_ATTRIBUTE attribute = {CKA_ALLOWED_MECHANISMS, list, sizeof list};
    size_t count = 0;

    if (!token.rungs.allowed_mechanisms || !expected[0])
        return;
    expect_good(p11_get_attributes(token.session, object, &attribute, 1, &err) == CKR_OK);
    while (count < 3 && expected[count])
        count++;
    ck_assert_uint_eq(attribute.ulValueLen, count * sizeof list[0]);
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;

        while (k < count && list[k] != expected[i])
            k++;
        ck_assert_uint_lt(k, count);
    }
}

static CK_KEY_TYPE type_of(enum p11_role role, enum key_algorithm algorithm)
{
    if (role == ROLE_EXPORT || role == ROLE_CARD || role == ROLE_ALIAS)
        return CKK_GENERIC_SECRET;
    return algorithm == KEY_TDES_2KEY ? CKK_DES2 : algorithm == KEY_TDES_3KEY ? CKK_DES3 : CKK_AES;
}

/* The template for what is derived, in this test's own words; returns how many it has. */
static size_t read_seal(CK_OBJECT_HANDLE object, CK_ATTRIBUTE found[16], CK_ULONG values[16])
{
    CK_ATTRIBUTE seal = {CKA_DERIVE_TEMPLATE, found, 16 * sizeof found[0]};

    memset(found, 0, 16 * sizeof found[0]);
    memset(values, 0, 16 * sizeof values[0]);
    expect_good(p11_get_attributes(token.session, object, &seal, 1, &err) == CKR_OK);
    for (size_t i = 0; i < seal.ulValueLen / sizeof found[0]; i++)
        found[i].pValue = &values[i];
    if (seal.ulValueLen > 0)
        expect_good(p11_get_attributes(token.session, object, &seal, 1, &err) == CKR_OK);
    return seal.ulValueLen / sizeof found[0];
}

static void expect_sealed(CK_OBJECT_HANDLE object, enum key_algorithm algorithm, bool blocks)
{
    bool aes = key_algorithm_is_aes(algorithm);
    CK_ULONG own = type_of(ROLE_WORKING, algorithm), len = aes ? key_algorithm_bytes(algorithm) : 8;
    const struct {
        CK_ATTRIBUTE_TYPE type;
        CK_ULONG value;
        bool expected;
    } demands[] = {
        {CKA_CLASS, CKO_SECRET_KEY, true},
        {CKA_KEY_TYPE, blocks ? own : CKK_GENERIC_SECRET, true},
        {CKA_VALUE_LEN, len, aes || !blocks},
        {CKA_TOKEN, 0, true},
        {CKA_PRIVATE, 1, true},
        {CKA_SENSITIVE, 1, true},
        {CKA_EXTRACTABLE, 0, blocks},
        {CKA_DECRYPT, 0, blocks},
        {CKA_DERIVE, 0, blocks},
        {CKA_COPYABLE, 0, true},
        {CKA_MODIFIABLE, 0, true},
    };
    CK_ATTRIBUTE found[16];
    CK_ULONG values[16];
    size_t count = read_seal(object, found, values), expected = 0;

    for (size_t i = 0; i < COUNT(demands); i++) {
        size_t at = 0;

        if (!demands[i].expected)
            continue;
        expected++;
        while (at < count && found[at].type != demands[i].type)
            at++;
        ck_assert_msg(at < count, "0x%lX", demands[i].type);
        ck_assert_uint_eq(values[at], demands[i].value);
    }
    ck_assert_uint_eq(count, expected);
}

static void expect_role(CK_OBJECT_HANDLE object, enum p11_role role, enum key_algorithm algorithm,
                        const char *usage)
{
    static const CK_ATTRIBUTE_TYPE uses[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,
                                             CKA_VERIFY,  CKA_WRAP,    CKA_UNWRAP};
    const struct expected *expected = expectation(role, algorithm, usage);
    CK_KEY_TYPE type = type_of(role, algorithm);
    uint8_t value[64];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, sizeof value};

    ck_assert_uint_eq(read_number(object, CKA_CLASS), CKO_SECRET_KEY);
    ck_assert_uint_eq(read_number(object, CKA_KEY_TYPE), type);
    if (type == CKK_AES || type == CKK_GENERIC_SECRET)
        ck_assert_uint_eq(read_number(object, CKA_VALUE_LEN),
                          role == ROLE_CARD ? 1 : key_algorithm_bytes(algorithm));
    for (size_t i = 0; i < COUNT(uses); i++)
        ck_assert_msg(read_flag(object, uses[i]) == (uses[i] == expected->use), "%s 0x%lX",
                      role_name(role), uses[i]);
    ck_assert(read_flag(object, CKA_TOKEN));
    ck_assert(read_flag(object, CKA_PRIVATE));
    ck_assert(read_flag(object, CKA_SENSITIVE));
    ck_assert_int_eq(read_flag(object, CKA_EXTRACTABLE), expected->extractable);
    ck_assert_int_eq(read_flag(object, CKA_DERIVE), expected->derive);
    if (token.rungs.modifiable)
        ck_assert_int_eq(read_flag(object, CKA_MODIFIABLE), expected->modifiable);
    if (token.rungs.copyable)
        ck_assert(!read_flag(object, CKA_COPYABLE));
    expect_mechanisms(object, expected->mechanisms);
    if (expected->derive && role != ROLE_EXPORT && token.ways[P11_SEAL].proven)
        expect_sealed(object, algorithm, usage[0] == 'K');
    ck_assert_uint_ne(p11_get_attributes(token.session, object, &attribute, 1, NULL), CKR_OK);
}

/* Every usage class with every algorithm, exportable and not: which objects there are, and what
 * each is. */
START_TEST(objects_are_as_their_roles_say)
{
    static const char *const usages[] = {"K1", "K0", "B0", "P0"};
    const char *usage = usages[_i / 2];
    char exportability = _i % 2 ? 'N' : 'S';
    bool works = usage[0] != 'P', leaves = exportability != 'N';

    for (enum key_algorithm algorithm = KEY_TDES_2KEY; algorithm <= KEY_AES_256; algorithm++) {
        const struct p11_key *key = make_key(usage, algorithm, exportability, NULL);
        const struct {
            enum p11_role role;
            bool there;
        } objects[] = {
            {ROLE_CARD, true},
            {ROLE_WORKING, works},
            {ROLE_MASK_VARIANT, usage[0] == 'B' && algorithm == KEY_TDES_2KEY},
            {ROLE_EXPORT, leaves},
            {ROLE_KEPT, !works && !leaves},
        };

        for (size_t i = 0; i < COUNT(objects); i++) {
            ck_assert_msg(count_role(objects[i].role, key->id) == objects[i].there, "%s %d %s",
                          usage, algorithm, role_name(objects[i].role));
            if (objects[i].there)
                expect_role(find_role(objects[i].role, key->id), objects[i].role, algorithm, usage);
        }
    }
}
END_TEST

/* A wrapping key with legacy import has two objects more. */
START_TEST(legacy_import_has_objects_of_its_own)
{
    static const enum p11_role roles[] = {ROLE_LEGACY_KBEK, ROLE_LEGACY_KBMK, ROLE_WORKING};

    for (enum key_algorithm algorithm = KEY_TDES_2KEY; algorithm <= KEY_TDES_3KEY; algorithm++) {
        struct key_facts facts = facts_of("K1", algorithm, 'N');
        CK_OBJECT_HANDLE source = make_source(algorithm, false);
        const struct p11_key *key;

        facts.legacy_import = true;
        key = make_from(source, &facts);
        for (size_t i = 0; i < COUNT(roles); i++) {
            ck_assert_uint_eq(count_role(roles[i], key->id), 1);
            expect_role(find_role(roles[i], key->id), roles[i], algorithm, "K1");
        }
        destroy_object(source);
    }
}
END_TEST

static bool check(CK_OBJECT_HANDLE object, enum p11_role role, enum key_algorithm algorithm,
                  char text[96])
{
    struct role_found found;
    bool good = role_check(&token, object, role, algorithm, 0, &found, text, 96, &err);

    ck_assert_int_eq(err.status, KF_OK);
    ck_assert_int_eq(good, text[0] == '\0');
    return good;
}

/* A working key that may do one thing more, or one thing less. */
START_TEST(each_wrong_flag_is_noticed)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        CK_BBOOL value;
        const char *text;
    } wrong[] = {
        {CKA_EXTRACTABLE, CK_TRUE, "CKA_EXTRACTABLE is true"},
        {CKA_ENCRYPT, CK_TRUE, "CKA_ENCRYPT is true"},
        {CKA_DECRYPT, CK_TRUE, "CKA_DECRYPT is true"},
        {CKA_SIGN, CK_TRUE, "CKA_SIGN is true"},
        {CKA_VERIFY, CK_TRUE, "CKA_VERIFY is true"},
        {CKA_WRAP, CK_TRUE, "CKA_WRAP is true"},
        {CKA_UNWRAP, CK_TRUE, "CKA_UNWRAP is true"},
        {CKA_DERIVE, CK_FALSE, "CKA_DERIVE is false"},
        {CKA_TOKEN, CK_FALSE, "CKA_TOKEN is false"},
        {CKA_MODIFIABLE, CK_TRUE, "CKA_MODIFIABLE is true"},
        {CKA_COPYABLE, CK_TRUE, "CKA_COPYABLE is true"},
    };
    struct p11_key key = {.facts = facts_of("K1", KEY_AES_128, 'S')};
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true);
    char text[96];

    for (size_t i = 0; i < COUNT(wrong); i++) {
        CK_BBOOL value = wrong[i].value;
        CK_ATTRIBUTE other = {wrong[i].type, &value, sizeof value};
        CK_OBJECT_HANDLE object;

        if ((wrong[i].type == CKA_MODIFIABLE && !token.rungs.modifiable) ||
            (wrong[i].type == CKA_COPYABLE && !token.rungs.copyable))
            continue;
        key.id[0] = (uint8_t)i;
        object = forge(&key, ROLE_WORKING, source, &other, 1);
        ck_assert(!check(object, ROLE_WORKING, KEY_AES_128, text));
        ck_assert_str_eq(text, wrong[i].text);
        destroy_object(object);
    }
    key.id[0] = 0xFF;
    ck_assert(check(forge(&key, ROLE_WORKING, source, NULL, 0), ROLE_WORKING, KEY_AES_128, text));
}
END_TEST

START_TEST(wrong_kinds_are_noticed)
{
    struct p11_key key = {.facts = facts_of("K1", KEY_AES_128, 'S')};
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true),
                     object = forge(&key, ROLE_WORKING, source, NULL, 0);
    char text[96];

    ck_assert(!check(object, ROLE_WORKING, KEY_AES_192, text));
    ck_assert_str_eq(text, "CKA_VALUE_LEN is 16");
    ck_assert(!check(object, ROLE_WORKING, KEY_TDES_2KEY, text));
    ck_assert_str_eq(text, "CKA_KEY_TYPE is 0x1F");
    ck_assert(!check(object, ROLE_EXPORT, KEY_AES_128, text));
    ck_assert(!check(object, ROLE_KEPT, KEY_AES_128, text));
    ck_assert(!check(object, ROLE_CARD, KEY_ALGORITHM_NONE, text));
}
END_TEST

/* A list that is longer, another, or none: each would open the key to what its role rules out. */
START_TEST(wrong_mechanism_lists_are_noticed)
{
    CK_MECHANISM_TYPE more[20] = {CKM_AES_ECB_ENCRYPT_DATA, CKM_EXTRACT_KEY_FROM_KEY},
                      other = CKM_AES_CBC_ENCRYPT_DATA;
    const CK_ATTRIBUTE lists[] = {
        {CKA_ALLOWED_MECHANISMS, more, 2 * sizeof more[0]},
        {CKA_ALLOWED_MECHANISMS, more, sizeof more},
        {CKA_ALLOWED_MECHANISMS, &other, sizeof other},
        {CKA_ALLOWED_MECHANISMS, NULL, 0},
    };
    struct p11_key key = {.facts = facts_of("K1", KEY_AES_128, 'S')};
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true);
    char text[96];

    if (!token.rungs.allowed_mechanisms)
        return;
    for (size_t i = 2; i < COUNT(more); i++)
        more[i] = 0x80000000UL + i;
    for (size_t i = 0; i < COUNT(lists); i++) {
        key.id[0] = (uint8_t)i;
        ck_assert(!check(forge(&key, ROLE_WORKING, source, &lists[i], 1), ROLE_WORKING, KEY_AES_128,
                         text));
        ck_assert_ptr_nonnull(strstr(text, "CKA_ALLOWED_MECHANISMS"));
    }
}
END_TEST

/* None at all is what a key has that was made before the token kept to one. */
START_TEST(wrong_seals_are_noticed)
{
    struct p11_key key = {
        .facts = facts_of("K1", KEY_AES_128, 'S'), .kdf = true, .seal = SEAL_BLOCK_KEYS};
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true), object;
    struct role_found found;
    char text[96];

    if (!token.ways[P11_SEAL].proven)
        return;
    for (int i = 0; i < 4; i++) {
        struct p11_template seal = {0}, holder = {0};

        role_seal_template(&token, SEAL_BLOCK_KEYS, KEY_AES_128, &seal);
        if (i == 1) /* one less */
            seal.count--;
        if (i == 2) /* one more */
            template_flag(&seal, CKA_ENCRYPT, true);
        for (CK_ULONG k = 0; i == 3 && k < seal.count; k++)
            if (seal.attributes[k].type == CKA_VALUE_LEN)
                seal.numbers[k] = 1;
        template_nest(&holder, CKA_DERIVE_TEMPLATE, &seal);
        object = forge(&key, ROLE_WORKING, source, holder.attributes, 1);
        if (i == 0) {
            ck_assert(check(object, ROLE_WORKING, KEY_AES_128, text));
        } else {
            ck_assert(!check(object, ROLE_WORKING, KEY_AES_128, text));
            ck_assert_str_eq(text, "CKA_DERIVE_TEMPLATE is not the role's");
        }
        destroy_object(object);
    }
    key.seal = SEAL_NONE;
    object = forge(&key, ROLE_WORKING, source, NULL, 0);
    ck_assert(
        role_check(&token, object, ROLE_WORKING, KEY_AES_128, 0, &found, text, sizeof text, &err));
    ck_assert(found.kdf);
    ck_assert_int_eq(found.seal, SEAL_NONE);
}
END_TEST

/* A worker that has not proven that the token seals uses a sealed key as one. */
START_TEST(a_seal_is_seen_without_proof)
{
    const struct p11_key *key = make_key("K1", KEY_AES_128, 'S', NULL);
    bool proven = token.ways[P11_SEAL].proven;
    struct role_found found;
    char text[96];

    token.ways[P11_SEAL].proven = false;
    ck_assert(role_check(&token, key->working, ROLE_WORKING, KEY_AES_128, 0, &found, text,
                         sizeof text, &err));
    token.ways[P11_SEAL].proven = proven;
    ck_assert_int_eq(found.seal, proven ? SEAL_BLOCK_KEYS : SEAL_NONE);
}
END_TEST

/* What is derived from a sealed key is neither read, nor wrapped, nor derived from, nor made short,
 * and cannot be opened afterwards. */
START_TEST(seals_bite)
{
    static const uint8_t fixed[7], data[32];
    const struct p11_key *kbpk = make_key("K1", KEY_AES_256, 'S', NULL),
                         *bdk = make_key("B0", KEY_AES_256, 'S', NULL);
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE opening = {CKA_DERIVE, &yes, sizeof yes};
    struct p11_template good = {0};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    const struct {
        enum p11_role role;
        enum key_algorithm algorithm;
        size_t len;
    } wrong[] = {{ROLE_CONSTANT, KEY_ALGORITHM_NONE, 32},
                 {ROLE_PART, KEY_ALGORITHM_NONE, 32},
                 {ROLE_SOURCE, KEY_AES_256, 32},
                 {ROLE_CONTENT, KEY_AES_256, 32},
                 {ROLE_KBEK, KEY_AES_128, 16}};

    if (!token.ways[P11_SEAL].proven)
        return;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct p11_template template = {0};

        role_session_template(&token, wrong[i].role, wrong[i].algorithm, wrong[i].len, &template);
        ck_assert(
            !op_kdf(&token, P11_AES, kbpk->working, fixed, sizeof fixed, &template, &made, &err));
        kf_error_clear(&err);
        if (wrong[i].role == ROLE_PART) /* an initial key may be derived from */
            continue;
        ck_assert(
            !op_derive(&token, P11_AES, bdk->working, data, sizeof data, &template, &made, &err));
        kf_error_clear(&err);
    }
    role_session_template(&token, ROLE_KBEK, KEY_AES_256, 0, &good);
    expect_good(op_kdf(&token, P11_AES, kbpk->working, fixed, sizeof fixed, &good, &made, &err));
    ck_assert_uint_ne(p11_set_attributes(token.session, made, &opening, 1, NULL), CKR_OK);
    ck_assert_uint_ne(p11_copy_object(token.session, made, &opening, 1, &made, NULL), CKR_OK);
}
END_TEST

START_TEST(an_object_that_is_gone_is_no_deviation)
{
    struct p11_key key = {.facts = facts_of("K1", KEY_AES_128, 'S')};
    CK_OBJECT_HANDLE source = make_source(KEY_AES_128, true),
                     object = forge(&key, ROLE_WORKING, source, NULL, 0);
    char text[96];
    struct role_found found;

    destroy_object(object);
    ck_assert(
        !role_check(&token, object, ROLE_WORKING, KEY_AES_128, 0, &found, text, sizeof text, &err));
    ck_assert_int_eq(err.fault, KF_FAULT_STALE);
    ck_assert_str_eq(text, "");
}
END_TEST

/* What the token enforces of a role, where the profile says that it enforces. */
START_TEST(roles_bite)
{
    const struct p11_key *key = make_key("K1", KEY_AES_256, 'S', NULL);
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE, wrapping = make_source(KEY_AES_256, false);
    struct p11_template readable = {0}, payload = {0};
    uint8_t data[16] = {0}, wrapped[64];
    CK_ULONG len = sizeof wrapped;

    if (!token.rungs.allowed_mechanisms)
        return;
    role_session_template(&token, ROLE_CONSTANT, KEY_ALGORITHM_NONE, 1, &readable);
    ck_assert(!op_cut(&token, key->working, 0, &readable, &made, &err));
    kf_error_clear(&err);
    ck_assert(!op_cut(&token, key->export_copy, 0, &readable, &made, &err));
    kf_error_clear(&err);
    role_session_template(&token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &payload);
    ck_assert(!op_join_prefix(&token, data, 2, key->working, &payload, &made, &err));
    kf_error_clear(&err);
    ck_assert(!op_encrypt_ecb(&token, P11_AES, key->working, data, 16, wrapped, &err));
    kf_error_clear(&err);
    ck_assert_uint_ne(p11_wrap_key(token.session, &(CK_MECHANISM){CKM_AES_KEY_WRAP_PAD, NULL, 0},
                                   wrapping, key->working, wrapped, &len, NULL),
                      CKR_OK);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, store_setup, store_teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, objects_are_as_their_roles_say, 0, 8);
    tcase_add_test(tests, legacy_import_has_objects_of_its_own);
    tcase_add_test(tests, each_wrong_flag_is_noticed);
    tcase_add_test(tests, wrong_kinds_are_noticed);
    tcase_add_test(tests, wrong_mechanism_lists_are_noticed);
    tcase_add_test(tests, wrong_seals_are_noticed);
    tcase_add_test(tests, a_seal_is_seen_without_proof);
    tcase_add_test(tests, seals_bite);
    tcase_add_test(tests, an_object_that_is_gone_is_no_deviation);
    tcase_add_test(tests, roles_bite);
    return run_case(tests, "role");
}
