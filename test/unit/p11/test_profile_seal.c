/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the self-test believes a token that takes CKA_DERIVE_TEMPLATE and does not keep to it, in
 * each way that matters. The patched SoftHSM keeps to it; functions of the module are replaced.
 */
#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/profile.h"
#include "test/unit/p11/support.h"

static struct fixture fixture;
static struct p11_token token;
static struct p11_profile profile;
static struct kf_error err;
static CK_FUNCTION_LIST *functions, original;
static size_t objects;

static void setup(void)
{
    ck_assert(fixture_create(FIXTURE_SOFTHSM, &fixture));
    token.session = open_session(&fixture);
    functions = p11_session_functions(token.session);
    original = *functions;
    objects = count_objects(token.session);
}

static void teardown(void)
{
    *functions = original;
    ck_assert_uint_eq(count_objects(token.session), objects);
    p11_session_close(token.session);
    fixture_destroy(&fixture);
}

static void expect(const char *reason)
{
    ck_assert_msg(profile_probe(&token, &profile, &err), "%s (%s)", err.message, err.detail);
    ck_assert_int_eq(token.ways[P11_SEAL].proven, reason[0] == '\0');
    ck_assert_msg(strncmp(profile.reasons[P11_SEAL], reason, strlen(reason)) == 0, "%s",
                  profile.reasons[P11_SEAL]);
    ck_assert(token.ways[P11_KDF_AES].proven);
}

START_TEST(the_patched_token_keeps_to_it)
{
    expect("");
}
END_TEST

/* The template without the attribute. */
static CK_ULONG strip(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
                      CK_ATTRIBUTE out[32])
{
    CK_ULONG kept = 0;

    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type != type)
            out[kept++] = template[i];
    return kept;
}

static bool names(const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE others[32];

    return strip(template, count, type, others) < count;
}

static CK_RV forget_the_template(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                 CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                                 CK_OBJECT_HANDLE *key)
{
    CK_ATTRIBUTE others[32];
    CK_ULONG kept = strip(template, count, CKA_DERIVE_TEMPLATE, others);

    return original.C_DeriveKey(session, mechanism, base, others, kept, key);
}

START_TEST(a_template_that_is_dropped_is_noticed)
{
    functions->C_DeriveKey = forget_the_template;
    expect("CKA_DERIVE_TEMPLATE: the key did not get the template (AES-256)");
}
END_TEST

static CK_RV refuse_the_template(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                 CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                                 CK_OBJECT_HANDLE *key)
{
    if (names(template, count, CKA_DERIVE_TEMPLATE))
        return CKR_ATTRIBUTE_TYPE_INVALID;
    return original.C_DeriveKey(session, mechanism, base, template, count, key);
}

START_TEST(a_template_that_is_refused_is_said)
{
    functions->C_DeriveKey = refuse_the_template;
    expect("CKA_DERIVE_TEMPLATE: C_DeriveKey: CKR_ATTRIBUTE_TYPE_INVALID (AES-256)");
    ck_assert(!profile.seal_doubtful);
}
END_TEST

/* Makes something of a template that contradicts in this attribute alone. */
static CK_ATTRIBUTE_TYPE tolerated;

static CK_RV tolerate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                      CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_RV rv = original.C_DeriveKey(session, mechanism, base, template, count, key);
    CK_ATTRIBUTE others[32];
    CK_ULONG kept = strip(template, count, tolerated, others);

    if (rv != CKR_TEMPLATE_INCONSISTENT || kept == count)
        return rv;
    return original.C_DeriveKey(session, mechanism, base, others, kept, key);
}

START_TEST(each_contradiction_that_is_tolerated_is_noticed)
{
    static const CK_ATTRIBUTE_TYPE types[] = {
        CKA_CLASS,   CKA_KEY_TYPE, CKA_VALUE_LEN, CKA_TOKEN,      CKA_SENSITIVE, CKA_EXTRACTABLE,
        CKA_DECRYPT, CKA_DERIVE,   CKA_COPYABLE,  CKA_MODIFIABLE, CKA_PRIVATE};

    tolerated = types[_i];
    functions->C_DeriveKey = tolerate;
    expect("CKA_DERIVE_TEMPLATE: a key was derived against the template (AES-256)");
}
END_TEST

/* The first key is sealed, the second as its own template says. */
static CK_RV derive_two(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                        CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    kf_sp800_108_kdf_params params;
    CK_MECHANISM one = *mechanism, generation = {CKM_AES_KEY_GEN, NULL, 0};
    kf_derived_key *second;
    CK_RV rv;

    if (mechanism->mechanism != KF_CKM_SP800_108_COUNTER_KDF)
        return original.C_DeriveKey(session, mechanism, base, template, count, key);
    params = *(kf_sp800_108_kdf_params *)mechanism->pParameter;
    second = params.ulAdditionalDerivedKeys > 0 ? params.pAdditionalDerivedKeys : NULL;
    params.ulAdditionalDerivedKeys = 0;
    one.pParameter = &params;
    rv = original.C_DeriveKey(session, &one, base, template, count, key);
    if (rv != CKR_OK || !second)
        return rv;
    return functions->C_GenerateKey(session, &generation, second->pTemplate,
                                    second->ulAttributeCount, second->phKey);
}

START_TEST(a_second_key_without_a_seal_is_noticed)
{
    functions->C_DeriveKey = derive_two;
    expect("CKA_DERIVE_TEMPLATE: a second key was derived against the template (AES-256)");
}
END_TEST

/* It is not put into templates that leave it out: here, what says nothing is made of another key.
 */
static CK_RV add_nothing(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                         CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG len = 32;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE open[] = {{CKA_CLASS, &class, sizeof class},
                           {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_VALUE_LEN, &len, sizeof len},
                           {CKA_TOKEN, &no, sizeof no},
                           {CKA_SENSITIVE, &no, sizeof no}};

    if (count != 1)
        return original.C_DeriveKey(session, mechanism, base, template, count, key);
    return original.C_GenerateKey(session, &(CK_MECHANISM){CKM_AES_KEY_GEN, NULL, 0}, open,
                                  COUNT(open), key);
}

START_TEST(what_is_not_added_is_noticed)
{
    functions->C_DeriveKey = add_nothing;
    expect("CKA_DERIVE_TEMPLATE: what is derived is not as its key demands (AES-256)");
}
END_TEST

/* A fault is no refusal. */
static unsigned faults;

static CK_RV fail_contradictions(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                 CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                                 CK_OBJECT_HANDLE *key)
{
    CK_RV rv = original.C_DeriveKey(session, mechanism, base, template, count, key);

    if (rv != CKR_TEMPLATE_INCONSISTENT || faults == 0)
        return rv;
    faults--;
    return CKR_DEVICE_ERROR;
}

START_TEST(a_fault_is_no_refusal)
{
    functions->C_DeriveKey = fail_contradictions;
    faults = 1; /* a bad moment: it is tried again */
    expect("");
    ck_assert(!profile.seal_doubtful);
    faults = 2;
    expect("CKA_DERIVE_TEMPLATE: C_DeriveKey: CKR_DEVICE_ERROR (AES-256)");
    ck_assert(profile.seal_doubtful);
}
END_TEST

static bool is_with_tdes(const CK_MECHANISM *mechanism)
{
    const kf_sp800_108_kdf_params *params = mechanism->pParameter;

    return mechanism->mechanism == CKM_DES3_ECB_ENCRYPT_DATA ||
           (mechanism->mechanism == KF_CKM_SP800_108_COUNTER_KDF &&
            params->prfType != CKM_AES_CMAC);
}

static CK_RV derive_without_tdes(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                 CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                                 CK_OBJECT_HANDLE *key)
{
    if (is_with_tdes(mechanism))
        return CKR_MECHANISM_INVALID;
    return original.C_DeriveKey(session, mechanism, base, template, count, key);
}

/* What cannot be derived needs no seal. */
START_TEST(tdes_does_not_stand_in_the_way)
{
    functions->C_DeriveKey = derive_without_tdes;
    expect("");
    ck_assert(!token.ways[P11_KDF_TDES].proven && !token.ways[P11_DERIVE_TDES].proven);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create(fixture_name(FIXTURE_SOFTHSM));

    if (!fixture_available(FIXTURE_SOFTHSM))
        return FIXTURE_SKIP;
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, the_patched_token_keeps_to_it);
    tcase_add_test(tcase, a_template_that_is_dropped_is_noticed);
    tcase_add_test(tcase, a_template_that_is_refused_is_said);
    tcase_add_loop_test(tcase, each_contradiction_that_is_tolerated_is_noticed, 0, 11);
    tcase_add_test(tcase, a_second_key_without_a_seal_is_noticed);
    tcase_add_test(tcase, what_is_not_added_is_noticed);
    tcase_add_test(tcase, a_fault_is_no_refusal);
    tcase_add_test(tcase, tdes_does_not_stand_in_the_way);
    return run_case(tcase, "profile_seal");
}
