/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key tokens and RSA cryptograms from inside, both ways: every token call that fails, a token that
 * lies, and that no object stays. What is imported was exported here, to a receiver that is here
 * too.
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/worker/parameters.h"
#include "p11/rsa.h"
#include "test/unit/daemon/worker/failing.h"
#include "test/unit/daemon/worker/support.h"
#include "tr34/issue.h"

#define DAY (24 * 3600)

/* A partner's CA, outside of the token, which certifies both sides. */
static EVP_PKEY *authority_key;
static struct tr34_certificate *authority;
static char anchor[ARN_MAX];
static keyferry_ExportKeyRequest asked;
static keyferry_ImportKeyRequest request;
static keyferry_ImportKeyReply reply;

/* A side of an exchange: its token, and its certificate in AWS's form. */
struct side {
    char token[PARAMETERS_TOKEN_MAX], certificate[10001];
};

static bool sign_by_authority(void *context, enum tr34_hash hash, const uint8_t *data, size_t len,
                              uint8_t *signature, size_t *signature_len, struct kf_error *err)
{
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    bool good = hash == TR34_SHA256 &&
                EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, context) == 1 &&
                EVP_DigestSign(signing, signature, signature_len, data, len) == 1;

    EVP_MD_CTX_free(signing);
    return good || kf_fail(err, KF_INTERNAL, "not signed");
}

static bool issue(enum tr34_profile profile, const char *name, struct der_view modulus,
                  uint8_t *der, size_t room, size_t *len, struct kf_error *err)
{
    static uint8_t serials;
    static const uint8_t exponent[] = {1, 0, 1};
    struct tr34_signer signer = {sign_by_authority, authority_key};
    struct tr34_issue what = {.profile = profile,
                              .subject = {.common_name = name},
                              .modulus = modulus,
                              .exponent = {exponent, sizeof exponent},
                              .authority = authority,
                              .serial = {0x10, ++serials},
                              .not_before = time(NULL) - DAY,
                              .not_after = time(NULL) + DAY};

    return tr34_issue(&what, &signer, der, room, len, err);
}

static void make_authority(void)
{
    struct kf_error err = {0};
    uint8_t modulus[RSA_BYTES_MAX], der[CERTIFICATE_MAX];
    BIGNUM *number = NULL;
    size_t len;

    authority_key = EVP_RSA_gen(2048);
    ck_assert_int_eq(EVP_PKEY_get_bn_param(authority_key, "n", &number), 1);
    len = (size_t)BN_bn2bin(number, modulus);
    BN_free(number);
    ck_assert_msg(issue(TR34_PROFILE_CA, "Partner", (struct der_view){modulus, len}, der,
                        sizeof der, &len, &err),
                  "%s", err.message);
    authority = tr34_certificate_from_der("CA", (struct der_view){der, len}, &err);
    ck_assert_ptr_nonnull(authority);
}

static void trust_authority(void)
{
    keyferry_RootCertificatePublicKey *root = &request.key_material.root_certificate_public_key;
    struct kf_error err = {0};

    memset(&request, 0, sizeof request);
    request.has_key_material = true;
    request.key_material.which_material =
        keyferry_ImportKeyMaterial_root_certificate_public_key_tag;
    root->has_key_attributes = true;
    set_attributes(&root->key_attributes, key_usage_name("S0"), "RSA_2048", 'V');
    strcpy(root->key_attributes.key_class, key_class_name(KEY_CLASS_PUBLIC));
    root->has_public_key_certificate = true;
    ck_assert(tr34_text_write("CERTIFICATE", tr34_certificate_der(authority),
                              root->public_key_certificate, sizeof root->public_key_certificate,
                              &err));
    SEND(IMPORT_KEY, ImportKey, &request, &reply);
    expect_ok();
    strcpy(anchor, reply.key.key_arn);
}

static bool certify(void *context, const struct p11_key *key, const uint8_t *modulus,
                    size_t modulus_len, uint8_t *der, size_t room, size_t *der_len,
                    struct kf_error *err)
{
    (void)context;
    return issue(key->facts.mode == 'S' ? TR34_PROFILE_SENDER : TR34_PROFILE_RECIPIENT, "Side",
                 (struct der_view){modulus, modulus_len}, der, room, der_len, err);
}

/* As get-parameters-for-export and -import do it, which need a CA in the token. */
static void open_side(enum key_purpose purpose, enum key_algorithm algorithm, struct side *side)
{
    bool sends = purpose == PURPOSE_EXPORT_TOKEN;
    struct key_facts facts = {.algorithm = algorithm,
                              .mode = sends ? 'S' : 'D',
                              .version = "00",
                              .exportability = 'N',
                              .kcv_algorithm = KCV_SHA_1,
                              .kcv = KCV_NONE,
                              .purpose = purpose};
    struct key_state state = {.enabled = true, .delete_ms = ((int64_t)time(NULL) + DAY) * 1000};
    struct kf_error err = {0};
    uint8_t der[CERTIFICATE_MAX];
    const struct p11_key *key;
    size_t len;

    strcpy(facts.usage, sends ? "S0" : "K2");
    key = store_make_pair(service->store, NULL, &facts, &state, certify, NULL, &err);
    ck_assert_msg(key != NULL, "%s", err.message);
    parameters_token(key, side->token);
    ck_assert(store_read_certificate(service->store, key, der, &len, &err));
    ck_assert(tr34_text_write("CERTIFICATE", (struct der_view){der, len}, side->certificate,
                              sizeof side->certificate, &err));
}

static const char *export_it(void)
{
    static keyferry_ExportKeyReply exported;

    SEND(EXPORT_KEY, ExportKey, &asked, &exported);
    return exported.wrapped_key.key_material;
}

/* A new key's, or where ksn is not NULL a new BDK's initial key's. */
static const char *export_new(enum key_algorithm algorithm, const char *ksn)
{
    const char *material;
    char key[ARN_MAX];

    create_key(ksn ? "B0" : "P0", algorithm, ksn ? 'X' : 'B', true, key);
    set_text(&asked, export_key_identifier, key);
    asked.has_key_material = true;
    if (ksn) {
        asked.has_export_attributes = true;
        asked.export_attributes.has_export_dukpt_initial_key = true;
        set_text(&asked.export_attributes.export_dukpt_initial_key, key_serial_number, ksn);
    }
    material = export_it();
    expect_ok();
    return material;
}

static enum key_algorithm receiving(enum key_algorithm algorithm)
{
    return algorithm == KEY_AES_128 ? KEY_RSA_3072 : KEY_RSA_2048;
}

/* A key that left in a key token, and the request that takes it in again. */
static void prepare_tr34(enum key_algorithm algorithm, const char *layout, const char *ksn)
{
    keyferry_ExportTr34KeyBlock *out = &asked.key_material.tr34_key_block;
    static struct side sender, receiver;
    keyferry_ImportTr34KeyBlock *in = &request.key_material.tr34_key_block;

    open_side(PURPOSE_EXPORT_TOKEN, KEY_RSA_2048, &sender);
    open_side(PURPOSE_IMPORT_TR34, receiving(algorithm), &receiver);
    memset(&asked, 0, sizeof asked);
    asked.key_material.which_material = keyferry_ExportKeyMaterial_tr34_key_block_tag;
    set_text(out, certificate_authority_public_key_identifier, anchor);
    set_text(out, wrapping_key_certificate, receiver.certificate);
    set_text(out, export_token, sender.token);
    set_text(out, key_block_format, "X9_TR34_2012");
    set_text(out, layout, layout);
    memset(&request, 0, sizeof request);
    request.has_key_material = true;
    request.key_material.which_material = keyferry_ImportKeyMaterial_tr34_key_block_tag;
    set_text(in, certificate_authority_public_key_identifier, anchor);
    set_text(in, signing_key_certificate, sender.certificate);
    set_text(in, import_token, receiver.token);
    set_text(in, key_block_format, "X9_TR34_2012");
    set_text(in, wrapped_key_block, export_new(algorithm, ksn));
}

static void prepare_cryptogram(enum key_algorithm algorithm, const char *ksn)
{
    keyferry_ExportKeyCryptogram *out = &asked.key_material.key_cryptogram;
    static struct side receiver;
    keyferry_ImportKeyCryptogram *in = &request.key_material.key_cryptogram;

    open_side(PURPOSE_IMPORT_CRYPTOGRAM, receiving(algorithm), &receiver);
    memset(&asked, 0, sizeof asked);
    asked.key_material.which_material = keyferry_ExportKeyMaterial_key_cryptogram_tag;
    set_text(out, certificate_authority_public_key_identifier, anchor);
    set_text(out, wrapping_key_certificate, receiver.certificate);
    memset(&request, 0, sizeof request);
    request.has_key_material = true;
    request.key_material.which_material = keyferry_ImportKeyMaterial_key_cryptogram_tag;
    in->has_key_attributes = in->has_exportable = in->exportable = true;
    set_attributes(&in->key_attributes, key_usage_name("P0"), key_algorithm_name(algorithm), 'B');
    set_text(in, import_token, receiver.token);
    set_text(in, wrapped_key_cryptogram, export_new(algorithm, ksn));
}

static void prepare(int number)
{
    static const struct {
        const char *layout; /* NULL: a cryptogram */
        enum key_algorithm algorithm;
        const char *ksn;
    } kinds[] = {
        {"aws2012", KEY_TDES_2KEY, NULL},
        {"aws2012", KEY_AES_128, NULL},
        {"cms", KEY_TDES_3KEY, NULL},
        {NULL, KEY_TDES_3KEY, NULL},
        {NULL, KEY_AES_128, NULL},
        {"aws2012", KEY_TDES_2KEY, "FFFF9876543210E00000"},
        {NULL, KEY_AES_128, "123456789012345600000000"},
    };

    if (kinds[number].layout)
        prepare_tr34(kinds[number].algorithm, kinds[number].layout, kinds[number].ksn);
    else
        prepare_cryptogram(kinds[number].algorithm, kinds[number].ksn);
}
#define KINDS 5 /* whose import ends with an export copy and a card */
#define EXPORT_KINDS 7

static void import_it(void)
{
    SEND(IMPORT_KEY, ImportKey, &request, &reply);
}

static void export_again(void)
{
    export_it();
}

/* One call after the other fails, until none is left to fail and the job is done; how many there
 * are. None may leave an object, nor anything but what the job is to leave. */
static int fail_each_call(void (*job)(void), size_t leaves)
{
    size_t objects = count_objects(service->session);
    bool reached = true;
    int fail_at;

    for (fail_at = 0; reached; fail_at++) {
        random_wipe(&service->random);
        failing_start(service->session, fail_at, CKR_DEVICE_MEMORY);
        job();
        reached = failing_stop();
        if (!reached)
            break;
        ck_assert_msg(response.status == KF_UNAVAILABLE || response.status == KF_INTERNAL,
                      "call %d failed: %s", fail_at, response.message);
        ck_assert_ptr_null(strstr(response.message, "CKR"));
        ck_assert_msg(count_objects(service->session) == objects, "call %d", fail_at);
    }
    expect_ok();
    ck_assert_uint_eq(count_objects(service->session), objects + leaves);
    return fail_at;
}

START_TEST(each_failing_call_leaves_nothing)
{
    trust_authority();
    prepare(_i);
    ck_assert_int_gt(fail_each_call(import_it, 2), 15); /* export copy and card */
}
END_TEST

/* The same on the way out; the receiver's public key is an object, too. */
START_TEST(each_failing_call_of_an_export_leaves_nothing)
{
    trust_authority();
    prepare(_i);
    ck_assert_int_ge(fail_each_call(export_again, 0), 3); /* of a cryptogram: read, create, wrap */
}
END_TEST

/* The content key, the blocks with the key, the key of a cryptogram. */
START_TEST(what_is_readable_is_not_used)
{
    size_t objects;

    trust_authority();
    for (int i = 0; i < 3; i++) {
        prepare(i < 2 ? 0 : 3);
        objects = count_objects(service->session);
        readable_start(service->session, i % 2);
        import_it();
        readable_stop();
        expect_refusal(KF_INTERNAL, "readable");
        ck_assert_uint_eq(count_objects(service->session), objects);
    }
}
END_TEST

/* What a token lacks is named, and nothing is asked of it. */
START_TEST(what_an_import_needs_is_named)
{
    static const struct {
        int kind;
        enum p11_operation missing;
        const char *message;
    } cases[] = {
        {0, P11_OAEP_UNWRAP_SHA256,
         "WrappedKeyBlock: this token is not capable of the import of TR-34 key tokens: OAEP "
         "unwrap with SHA-256 (CKM_RSA_PKCS_OAEP)"},
        {0, P11_JOIN_PREFIX, "join data before a key"},
        {0, P11_UNWRAP_TDES, "TDES-CBC unwrap"},
        {0, P11_DERIVE_TDES, "derive by TDES encryption"},
        {3, P11_CUT,
         "WrappedKeyCryptogram: this token is not capable of the import of RSA key cryptograms: "
         "cut a key out of a key"},
    };

    trust_authority();
    for (size_t i = 0; i < COUNT(cases); i++) {
        prepare(cases[i].kind);
        service->token.ways[cases[i].missing].proven = false;
        import_it();
        expect_refusal(KF_VALIDATION, cases[i].message);
        service->token.ways[cases[i].missing].proven = true;
    }
    import_it();
    expect_ok();
}
END_TEST

static void setup(void)
{
    static struct conf_anchor any[] = {{.key_cryptogram = true}};

    service_setup();
    make_authority();
    conf.certificates.anchors = any;
    conf.certificates.anchors_count = COUNT(any);
}

static void teardown(void)
{
    tr34_certificate_free(authority);
    EVP_PKEY_free(authority_key);
    service_teardown();
}

int main(void)
{
    TCase *tests = tcase_create(fixture_name(TEST_TOKEN));

    if (!fixture_available(TEST_TOKEN))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, each_failing_call_leaves_nothing, 0, KINDS);
    tcase_add_loop_test(tests, each_failing_call_of_an_export_leaves_nothing, 0, EXPORT_KINDS);
    tcase_add_test(tests, what_is_readable_is_not_used);
    tcase_add_test(tests, what_an_import_needs_is_named);
    return run_case(tests, "import-tr34");
}
