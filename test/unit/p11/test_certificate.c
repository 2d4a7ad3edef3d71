/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in the token: what goes in comes out, each once, and nothing else goes in. */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/object_certificate.h"
#include "p11/store_index.h"
#include "test/unit/p11/rsa_support.h"

static EVP_PKEY *issuer;

struct der {
    uint8_t bytes[2 * CERTIFICATE_MAX];
    size_t len;
};

static void setup(void)
{
    rsa_setup();
    issuer = EVP_RSA_gen(2048);
}

static void teardown(void)
{
    EVP_PKEY_free(issuer);
    rsa_teardown();
}

/* Self-signed, with this serial number, and a name that makes it so much longer. */
static void certify(const char *name, long serial, size_t padding, struct der *out)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_NAME_new();
    uint8_t *end = out->bytes, filler[64];

    memset(filler, 'x', sizeof filler);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1, 0);
    for (size_t i = 0; i < padding; i += sizeof filler)
        X509_NAME_add_entry_by_txt(subject, "OU", MBSTRING_ASC, filler, sizeof filler, -1, 0);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_set_subject_name(certificate, subject);
    X509_set_issuer_name(certificate, subject);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, issuer);
    ck_assert_int_gt(X509_sign(certificate, issuer, EVP_sha256()), 0);
    ck_assert_int_lt(i2d_X509(certificate, NULL), sizeof out->bytes);
    out->len = (size_t)i2d_X509(certificate, &end);
    X509_NAME_free(subject);
    X509_free(certificate);
}

static bool make(uint8_t id, const char *label, const struct der *der, CK_OBJECT_HANDLE *object)
{
    struct role_object described = {.role = ROLE_CERTIFICATE, .label = label};

    described.id[0] = ROLE_CERTIFICATE;
    described.id[1] = id;
    return certificate_make(&token, &described, der->bytes, der->len, object, &err);
}

static void expect_certificate(CK_OBJECT_HANDLE object, uint8_t id, const char *label,
                               const struct der *der)
{
    uint8_t bytes[CERTIFICATE_MAX], found[64];
    CK_ATTRIBUTE attribute = {CKA_ID, found, sizeof found};
    char read[LABEL_MAX], text[96];
    size_t len;
    struct role_found way;

    expect_good(certificate_read(&token, object, bytes, &len, &err));
    ck_assert_uint_eq(len, der->len);
    ck_assert_mem_eq(bytes, der->bytes, len);
    read_label(object, read);
    ck_assert_str_eq(read, label);
    expect_good(p11_get_attributes(token.session, object, &attribute, 1, &err) == CKR_OK);
    ck_assert_uint_eq(attribute.ulValueLen, OBJECT_ID_BYTES);
    ck_assert_uint_eq(found[0], ROLE_CERTIFICATE);
    ck_assert_uint_eq(found[1], id);
    ck_assert_msg(role_check(&token, object, ROLE_CERTIFICATE, KEY_RSA_2048, 0, &way, text,
                             sizeof text, &err),
                  "%s", text);
}

/* Of one subject as of two: neither changes the other. */
START_TEST(what_goes_in_comes_out)
{
    struct der der[3];
    CK_OBJECT_HANDLE objects[3], found;
    char label[] = "certificate 0";

    certify("one", 1, 0, &der[0]);
    certify("one", 2, 0, &der[1]);
    certify("another", 1, CERTIFICATE_MAX / 2 - 1500, &der[2]);
    for (uint8_t i = 0; i < COUNT(der); i++) {
        label[12] = (char)('0' + i);
        expect_good(make(i, label, &der[i], &objects[i]));
    }
    for (uint8_t i = 0; i < COUNT(der); i++) {
        label[12] = (char)('0' + i);
        expect_certificate(objects[i], i, label, &der[i]);
        expect_good(certificate_find(&token, der[i].bytes, der[i].len, &found, &err));
        ck_assert_uint_eq(found, objects[i]);
    }
    destroy_object(objects[0]);
    expect_good(certificate_find(&token, der[0].bytes, der[0].len, &found, &err));
    ck_assert_uint_eq(found, CK_INVALID_HANDLE);
    expect_good(make(0, "again", &der[0], &objects[0]));
    expect_certificate(objects[0], 0, "again", &der[0]);
}
END_TEST

START_TEST(each_goes_in_once)
{
    struct der der;
    CK_OBJECT_HANDLE first, second = 1;
    size_t before;

    certify("one", 1, 0, &der);
    expect_good(make(1, "first", &der, &first));
    before = count_objects(token.session);
    expect_error(make(2, "second", &der, &second), KF_CONFLICT, "is in the token already");
    ck_assert_uint_eq(second, CK_INVALID_HANDLE);
    ck_assert_uint_eq(count_objects(token.session), before);
    expect_certificate(first, 1, "first", &der);
}
END_TEST

static enum { MADE_BY_NOBODY, MADE_AND_DENIED, MADE_BY_ANOTHER } made;

static CK_RV create_late(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                         CK_OBJECT_HANDLE *object)
{
    for (CK_ULONG i = 0; made == MADE_BY_ANOTHER && i < count; i++)
        if (template[i].type == CKA_ID)
            ((uint8_t *)template[i].pValue)[template[i].ulValueLen - 1] ^= 1;
    if (made != MADE_BY_NOBODY)
        ck_assert_uint_eq(original.C_CreateObject(session, template, count, object), CKR_OK);
    return CKR_GENERAL_ERROR;
}

/* Another process was quicker; and failures that are none of that. */
START_TEST(a_race_is_a_conflict)
{
    struct der der;
    CK_OBJECT_HANDLE object;
    size_t before = count_objects(token.session);

    certify("one", 1, 0, &der);
    functions->C_CreateObject = create_late;
    for (made = MADE_BY_NOBODY; made <= MADE_AND_DENIED; made++) {
        expect_error(make(1, "first", &der, &object), KF_UNAVAILABLE, "does not answer");
        ck_assert_uint_eq(count_objects(token.session), before);
    }
    made = MADE_BY_ANOTHER;
    expect_error(make(1, "first", &der, &object), KF_CONFLICT, "is in the token already");
}
END_TEST

START_TEST(what_is_no_certificate_stays_out)
{
    struct der der, wrong;
    CK_OBJECT_HANDLE object;
    size_t before = count_objects(token.session);

    certify("one", 1, 0, &der);
    wrong = der;
    wrong.bytes[wrong.len++] = 0;
    expect_error(make(1, "longer", &wrong, &object), KF_VALIDATION, "not one X.509 certificate");
    wrong = der;
    wrong.len--;
    expect_error(make(1, "shorter", &wrong, &object), KF_VALIDATION, "not one X.509 certificate");
    wrong.len = 0;
    expect_error(make(1, "empty", &wrong, &object), KF_VALIDATION, "not one X.509 certificate");
    wrong = der;
    wrong.bytes[0] = 0x31;
    expect_error(make(1, "a set", &wrong, &object), KF_VALIDATION, "not one X.509 certificate");
    certify("long", 1, CERTIFICATE_MAX / 2, &wrong);
    ck_assert_uint_gt(wrong.len, CERTIFICATE_MAX);
    expect_error(make(1, "too long", &wrong, &object), KF_VALIDATION, "at most 8192 bytes");
    ck_assert_uint_eq(count_objects(token.session), before);
}
END_TEST

static CK_RV read_otherwise(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = original.C_GetAttributeValue(session, object, template, count);

    if (rv == CKR_OK && template[0].type == CKA_VALUE)
        ((uint8_t *)template[0].pValue)[template[0].ulValueLen - 1] ^= 1;
    return rv;
}

START_TEST(what_the_token_keeps_otherwise_is_taken_out)
{
    struct der der;
    CK_OBJECT_HANDLE object;
    size_t before = count_objects(token.session);

    certify("one", 1, 0, &der);
    functions->C_GetAttributeValue = read_otherwise;
    expect_error(make(1, "one", &der, &object), KF_INTERNAL, "keeps another certificate");
    ck_assert_uint_eq(count_objects(token.session), before);
}
END_TEST

START_TEST(what_is_gone_is_stale)
{
    struct der der;
    CK_OBJECT_HANDLE object;
    uint8_t bytes[CERTIFICATE_MAX];
    size_t len;

    certify("one", 1, 0, &der);
    expect_good(make(1, "one", &der, &object));
    destroy_object(object);
    ck_assert(!certificate_read(&token, object, bytes, &len, &err));
    ck_assert_int_eq(err.fault, KF_FAULT_STALE);
}
END_TEST

static CK_ATTRIBUTE changed;

static CK_RV create_changed(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                            CK_OBJECT_HANDLE *object)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == changed.type)
            template[i] = changed;
    return original.C_CreateObject(session, template, count, object);
}

START_TEST(each_wrong_flag_is_noticed)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        CK_BBOOL value;
        const char *text;
    } wrong[] = {
        {CKA_MODIFIABLE, CK_TRUE, "CKA_MODIFIABLE is true"},
        {CKA_COPYABLE, CK_TRUE, "CKA_COPYABLE is true"},
        {CKA_TOKEN, CK_FALSE, "CKA_TOKEN is false"},
    };
    CK_OBJECT_HANDLE object;
    char text[96];
    struct der der;
    struct role_found way;

    functions->C_CreateObject = create_changed;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CK_BBOOL value = wrong[i].value;

        if ((wrong[i].type == CKA_COPYABLE && !token.rungs.copyable) ||
            (wrong[i].type == CKA_MODIFIABLE && !token.rungs.modifiable))
            continue;
        changed = (CK_ATTRIBUTE){wrong[i].type, &value, sizeof value};
        certify("one", (long)i + 1, 0, &der);
        expect_good(make((uint8_t)i, "one", &der, &object));
        ck_assert(!role_check(&token, object, ROLE_CERTIFICATE, KEY_ALGORITHM_NONE, 0, &way, text,
                              sizeof text, &err));
        ck_assert_str_eq(text, wrong[i].text);
    }
    changed.type = CKA_VENDOR_DEFINED;
    certify("one", 99, 0, &der);
    expect_good(make(99, "one", &der, &object));
    ck_assert(role_check(&token, object, ROLE_CERTIFICATE, KEY_ALGORITHM_NONE, 0, &way, text,
                         sizeof text, &err));
    ck_assert(
        !role_check(&token, object, ROLE_SIGNING, KEY_RSA_2048, 0, &way, text, sizeof text, &err));
    ck_assert_str_eq(text, "CKA_CLASS is 0x1");
}
END_TEST

static struct p11_key *try_anchor(const struct der *der)
{
    struct key_facts facts = {.usage = "S0",
                              .algorithm = KEY_RSA_2048,
                              .purpose = PURPOSE_ROOT,
                              .mode = 'V',
                              .version = "00",
                              .exportability = 'N',
                              .kcv_algorithm = KCV_SHA_1,
                              .kcv = "01AB23CD",
                              .external = true};

    return store_make_anchor(store, der->bytes, der->len, &facts, &enabled, &err);
}

static struct p11_key *make_anchor(const struct der *der)
{
    struct p11_key *key = try_anchor(der);

    expect_good(key != NULL);
    return key;
}

static struct der raced;
static char other[KEY_NAME_LEN + 1];

static void import_by_the_other(void)
{
    strcpy(other, make_anchor(&raced)->name);
}

static void claimed(char name[sizeof "certificate/" + KEY_SHA_256_LEN])
{
    uint8_t digest[32];

    strcpy(name, "certificate/");
    ck_assert(EVP_Digest(raced.bytes, raced.len, digest, NULL, EVP_sha256(), NULL));
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(name + strlen("certificate/") + 2 * i, 3, "%02x", digest[i]);
}

static size_t count_keys(void)
{
    struct p11_key **keys;
    size_t count;

    expect_good(store_list_keys(store, &keys, &count, &err));
    return count;
}

/* Another worker has imported the certificate between this one's search and its claim. */
START_TEST(a_race_for_a_ca_is_lost_by_name)
{
    char name[sizeof "certificate/" + KEY_SHA_256_LEN];

    certify("one", 1, 0, &raced);
    claimed(name);
    before_object(ROLE_CLAIM, import_by_the_other);
    expect_error(try_anchor(&raced) != NULL, KF_CONFLICT, "This certificate is key/");
    ck_assert_uint_eq(count_keys(), 1);
    expect_error(try_anchor(&raced) != NULL, KF_CONFLICT, other);
    expect_no_claim(name);
}
END_TEST

/* A claim that is further on, of a worker that has not made the key yet, or has. */
START_TEST(who_imports_a_ca_is_waited_for)
{
    char name[sizeof "certificate/" + KEY_SHA_256_LEN];
    CK_OBJECT_HANDLE claim;

    certify("one", 1, 0, &raced);
    claimed(name);
    claim = add_claim(name, 2000, true);
    expect_error(try_anchor(&raced) != NULL, KF_CONFLICT, "being imported by somebody else");
    ck_assert_uint_eq(count_keys(), 0);
    destroy_object(claim);
    make_anchor(&raced);
    ck_assert_uint_eq(count_keys(), 1);
    expect_no_claim(name);
}
END_TEST

/* With the same public key, so that its check value is the same; a certificate is not private, and
 * no PIN is needed to put another in its place. */
START_TEST(what_took_the_place_of_a_ca_is_refused)
{
    struct der der[2];
    struct p11_key *key;
    struct role_object object;
    uint8_t bytes[CERTIFICATE_MAX];
    char label[LABEL_MAX], name[KEY_NAME_LEN + 1];
    size_t len;

    certify("one", 1, 0, &der[0]);
    certify("one", 2, 0, &der[1]);
    key = make_anchor(&der[0]);
    strcpy(name, key->name);
    expect_good(store_read_certificate(store, key, bytes, &len, &err));
    ck_assert_uint_eq(len, der[0].len);
    destroy_object(key->certificate);
    store_describe(key, ROLE_CERTIFICATE, label, &object);
    expect_good(
        certificate_make(&token, &object, der[1].bytes, der[1].len, &key->certificate, &err));
    store_forget(store);
    key = store_key(store, name, &err);
    expect_good(key != NULL);
    expect_error(store_read_certificate(store, key, bytes, &len, &err), KF_CONFLICT, name);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_goes_in_comes_out);
    tcase_add_test(tests, each_goes_in_once);
    tcase_add_test(tests, a_race_is_a_conflict);
    tcase_add_test(tests, a_race_for_a_ca_is_lost_by_name);
    tcase_add_test(tests, who_imports_a_ca_is_waited_for);
    tcase_add_test(tests, what_is_no_certificate_stays_out);
    tcase_add_test(tests, what_the_token_keeps_otherwise_is_taken_out);
    tcase_add_test(tests, what_is_gone_is_stale);
    tcase_add_test(tests, each_wrong_flag_is_noticed);
    tcase_add_test(tests, what_took_the_place_of_a_ca_is_refused);
    return run_case(tests, "certificate");
}
