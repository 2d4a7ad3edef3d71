/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals: whether a token keeps to a key's CKA_DERIVE_TEMPLATE. A throw-away key gets the template
 * that keys at work get. What is derived from it, as in real use and by a template that says
 * nothing, must be as the key demands, and each contradiction must be refused; to take the
 * attribute is not enough.
 */
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/profile_probe.h"
#include "p11/role.h"

/* Any: of a KDF's fixed input the length is X9.143's. */
static const uint8_t data[32] = "public data to derive from.....";
#define FIXED_INPUT 7

struct sealing {
    const struct probe_key *key;
    enum role_seal seal;
    enum key_algorithm algorithm;
    CK_OBJECT_HANDLE base;
    struct p11_template demands;
};

static bool derive(struct probe *probe, const struct sealing *sealing,
                   struct p11_template *template, CK_OBJECT_HANDLE *result, struct kf_error *err)
{
    const struct p11_token *token = probe->token;
    enum p11_cipher cipher = sealing->key->cipher;

    if (!(sealing->seal == SEAL_BLOCK_KEYS
              ? op_kdf(token, cipher, sealing->base, data, FIXED_INPUT, template, result, err)
              : op_derive(token, cipher, sealing->base, data, cipher == P11_AES ? 32 : 8, template,
                          result, err)))
        return false;
    return probe_keep(probe, *result, err);
}

/* What a worker derives: a KBEK, or an initial key or its half. */
static bool takes_the_roles_own(struct probe *probe, const struct sealing *sealing,
                                struct kf_error *err)
{
    bool aes = sealing->key->cipher == P11_AES;
    struct p11_template template = {0};
    CK_OBJECT_HANDLE result;

    if (sealing->seal == SEAL_BLOCK_KEYS)
        role_session_template(probe->token, ROLE_KBEK, sealing->algorithm, 0, &template);
    else
        role_session_template(probe->token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, aes ? 32 : 8,
                              &template);
    return derive(probe, sealing, &template, &result, err);
}

static bool has(struct probe *probe, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *attribute)
{
    CK_ULONG value = 0;
    CK_ATTRIBUTE found = {attribute->type, &value, sizeof value};

    return p11_get_attributes(probe->token->session, object, &found, 1, NULL) == CKR_OK &&
           found.ulValueLen == attribute->ulValueLen &&
           memcmp(&value, attribute->pValue, attribute->ulValueLen) == 0;
}

static bool adds_what_is_not_said(struct probe *probe, const struct sealing *sealing,
                                  struct kf_error *err)
{
    struct p11_template template = {0};
    CK_OBJECT_HANDLE result;
    uint8_t value[KNOWN_MAX];
    CK_ATTRIBUTE shown = {CKA_VALUE, value, sizeof value};

    template_flag(&template, CKA_PRIVATE, true);
    if (!derive(probe, sealing, &template, &result, err))
        return false;
    for (CK_ULONG i = 0; i < sealing->demands.count; i++)
        if (!has(probe, result, &sealing->demands.attributes[i]))
            return probe_fail(err, "what is derived is not as its key demands");
    if (p11_get_attributes(probe->token->session, result, &shown, 1, NULL) == CKR_OK)
        return probe_fail(err, "what is derived can be read");
    return true;
}

/* Another type of the same length, or of one that a key without a seal would be cut to. */
static CK_KEY_TYPE other_type(const struct sealing *sealing)
{
    if (sealing->seal == SEAL_BLOCK_KEYS)
        return CKK_GENERIC_SECRET;
    return sealing->key->cipher == P11_AES ? CKK_AES : CKK_DES;
}

/* A template that a key without a seal would take: the kind that is demanded, with one attribute
 * another one. Of another class, only what that class has. */
static void contradict(const struct sealing *sealing, const CK_ATTRIBUTE *demand,
                       struct p11_template *out)
{
    bool blocks = sealing->seal == SEAL_BLOCK_KEYS, aes = sealing->key->cipher == P11_AES;
    CK_KEY_TYPE type = blocks ? sealing->key->type : CKK_GENERIC_SECRET;
    CK_ULONG len = blocks || aes ? sealing->key->len : 8;

    if (demand->type == CKA_CLASS) {
        template_number(out, CKA_CLASS, CKO_DATA);
        return;
    }
    if (demand->type == CKA_KEY_TYPE)
        type = other_type(sealing);
    if (demand->type == CKA_VALUE_LEN)
        len = blocks ? 16 : 1;
    template_number(out, CKA_CLASS, CKO_SECRET_KEY);
    template_number(out, CKA_KEY_TYPE, type);
    if (type != CKK_DES2 && type != CKK_DES)
        template_number(out, CKA_VALUE_LEN, len);
    if (demand->ulValueLen == sizeof(CK_BBOOL))
        template_flag(out, demand->type, !*(const CK_BBOOL *)demand->pValue);
}

/* A call that failed by a fault was not refused. */
static bool is_refusal(const struct kf_error *refused, struct kf_error *err)
{
    if (refused->fault == KF_FAULT_NONE)
        return true;
    *err = *refused;
    return false;
}

static bool refuses_contradictions(struct probe *probe, const struct sealing *sealing,
                                   struct kf_error *err)
{
    for (CK_ULONG i = 0; i < sealing->demands.count; i++) {
        struct p11_template template = {0};
        struct kf_error refused = {0};
        CK_OBJECT_HANDLE result;

        contradict(sealing, &sealing->demands.attributes[i], &template);
        if (derive(probe, sealing, &template, &result, &refused))
            return probe_fail(err, "a key was derived against the template");
        if (!is_refusal(&refused, err))
            return false;
    }
    return true;
}

/* The counter KDF can make further keys in the same call, each with a template of its own: here one
 * that can be read. */
static bool refuses_a_second_key(struct probe *probe, const struct sealing *sealing,
                                 struct kf_error *err)
{
    struct p11_template first = {0}, second = {0};
    struct kf_error refused = {0};
    CK_OBJECT_HANDLE keys[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    bool derived;

    role_session_template(probe->token, ROLE_KBEK, sealing->algorithm, 0, &first);
    probe_template(&second, sealing->key->type, sealing->key->len,
                   PROBE_EXTRACTABLE | PROBE_ENCRYPT);
    derived = op_kdf_two(probe->token, sealing->key->cipher, sealing->base, data, FIXED_INPUT,
                         &first, &second, keys, &refused);
    for (int i = 0; i < 2; i++)
        op_destroy(probe->token, &keys[i]);
    return derived ? probe_fail(err, "a second key was derived against the template")
                   : is_refusal(&refused, err);
}

/* A session's key: a token that refuses the attribute may leave what it had begun to make, and this
 * goes with the session. */
static bool takes_the_template(struct probe *probe, const struct sealing *sealing,
                               struct kf_error *err)
{
    const struct probe_key *key = sealing->key;
    struct p11_template template = {0};
    CK_OBJECT_HANDLE base, result;

    probe_template(&template, key->type, key->len, PROBE_SENSITIVE | PROBE_DERIVE);
    template_nest(&template, CKA_DERIVE_TEMPLATE, &sealing->demands);
    return known_key(probe, key, PROBE_SENSITIVE | PROBE_DERIVE, &base, err) &&
           op_identity(probe->token, base, key->len, &template, &result, err) &&
           probe_keep(probe, result, err);
}

static bool seals(struct probe *probe, const struct probe_key *key, enum role_seal seal,
                  struct kf_error *err)
{
    struct p11_template_rungs rungs = probe->token->rungs;
    struct sealing sealing = {.key = key, .seal = seal};
    bool there;

    sealing.algorithm = key->cipher == P11_AES ? KEY_AES_256 : KEY_TDES_2KEY;
    rungs.allowed_mechanisms = false; /* it would not let it derive */
    role_seal_template(probe->token, seal, sealing.algorithm, &sealing.demands);
    if (!takes_the_template(probe, &sealing, err) ||
        !probe_sealing(probe, key, PROBE_SENSITIVE | PROBE_DERIVE, &rungs, &sealing.demands,
                       &sealing.base, err))
        return false;
    if (!role_seal_check(probe->token, sealing.base, seal, sealing.algorithm, &there, err) ||
        !there)
        return err->status != KF_OK ? false : probe_fail(err, "the key did not get the template");
    probe->takes_seals = true;
    return takes_the_roles_own(probe, &sealing, err) &&
           adds_what_is_not_said(probe, &sealing, err) &&
           refuses_contradictions(probe, &sealing, err) &&
           (seal != SEAL_BLOCK_KEYS || refuses_a_second_key(probe, &sealing, err));
}

/* Whether there are keys at work of this cipher that derive so. */
static bool works(const struct p11_way *ways, enum p11_operation operation, enum p11_cipher cipher)
{
    return ways[p11_for(operation, cipher)].proven && ways[p11_for(P11_IDENTITY, cipher)].proven;
}

bool probe_seal(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    const struct p11_way *ways = probe->token->ways;
    bool derives = false;

    for (enum p11_cipher cipher = P11_AES; cipher <= P11_TDES; cipher++)
        derives =
            derives || works(ways, P11_KDF_AES, cipher) || works(ways, P11_DERIVE_AES, cipher);
    if (!derives)
        return probe_fail(err, "no key can be made that derives");
    /* Of a cipher that derives nothing there is nothing to prove. */
    return (!works(ways, P11_KDF_AES, key->cipher) || seals(probe, key, SEAL_BLOCK_KEYS, err)) &&
           (!works(ways, P11_DERIVE_AES, key->cipher) || seals(probe, key, SEAL_INITIAL_KEYS, err));
}
