/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity: a key's value under another template, straight to a token object, which is how every
 * key of Keyferry's gets its final attributes. The throw-away token objects are known by their
 * CKA_ID, which holds the time they were made: workers start side by side, so one must not sweep
 * away what another is just trying.
 */
#include "p11/profile_probe.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "p11/calls.h"
#include "p11/ops.h"

#define PROBE_ROLE 0xFE /* the first byte of CKA_ID; no role of p11/role.h */
#define PROBE_ID_BYTES 11
#define LEFTOVER_SECONDS 30

static const char label[] = "Keyferry self-test, to be deleted";

static void write_time(uint8_t *out, uint32_t seconds)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(seconds >> (24 - 8 * i));
}

static uint32_t read_time(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* What the template refers to lives beside it. */
struct final_template {
    struct p11_template template;
    uint8_t id[PROBE_ID_BYTES];
    CK_MECHANISM_TYPE allowed;
};

static CK_MECHANISM_TYPE allowed_mechanism(const struct probe_key *key)
{
    return key->cipher == P11_AES ? CKM_AES_ECB : CKM_DES3_ECB;
}

static bool make_template(struct probe *probe, const struct probe_key *key, unsigned uses,
                          const struct p11_template_rungs *rungs, const struct p11_template *seal,
                          struct final_template *out, struct kf_error *err)
{
    out->template.count = 0;
    out->id[0] = PROBE_ROLE;
    write_time(out->id + 1, (uint32_t)time(NULL));
    if (p11_generate_random(probe->token->session, out->id + 5, sizeof out->id - 5, err) != CKR_OK)
        return false;
    template_flag(&out->template, CKA_TOKEN, true);
    template_bytes(&out->template, CKA_ID, out->id, sizeof out->id);
    template_bytes(&out->template, CKA_LABEL, label, sizeof label - 1);
    probe_template_uses(&out->template, key->type, key->len, uses);
    out->allowed = allowed_mechanism(key);
    if (rungs->allowed_mechanisms)
        template_bytes(&out->template, CKA_ALLOWED_MECHANISMS, &out->allowed, sizeof out->allowed);
    if (seal)
        template_nest(&out->template, CKA_DERIVE_TEMPLATE, seal);
    if (rungs->copyable)
        template_flag(&out->template, CKA_COPYABLE, false);
    if (rungs->modifiable) /* last: what comes behind it is refused as a change by some tokens */
        template_flag(&out->template, CKA_MODIFIABLE, false);
    return true;
}

static CK_MECHANISM_TYPE generation(CK_KEY_TYPE type)
{
    if (type == CKK_AES)
        return CKM_AES_KEY_GEN;
    return type == CKK_DES3 ? CKM_DES3_KEY_GEN : CKM_GENERIC_SECRET_KEY_GEN;
}

/* Where there is no identity, keys are generated with their final template. */
static bool generate(struct probe *probe, const struct probe_key *key,
                     struct p11_template *template, CK_OBJECT_HANDLE *result, struct kf_error *err)
{
    return p11_generate_key(probe->token->session, &(CK_MECHANISM){generation(key->type), NULL, 0},
                            template->attributes, template->count, result, err) == CKR_OK;
}

static bool has_identity(const struct probe *probe, const struct probe_key *key)
{
    return probe->token->ways[p11_for(P11_IDENTITY, key->cipher)].proven;
}

bool probe_sealing(struct probe *probe, const struct probe_key *key, unsigned uses,
                   const struct p11_template_rungs *rungs, const struct p11_template *seal,
                   CK_OBJECT_HANDLE *result, struct kf_error *err)
{
    unsigned base_uses = PROBE_SENSITIVE | PROBE_DERIVE | (uses & PROBE_EXTRACTABLE);
    struct final_template final = {0};
    CK_OBJECT_HANDLE base;
    bool good;

    if (!make_template(probe, key, uses, rungs, seal, &final, err))
        return false;
    if (has_identity(probe, key))
        good = known_key(probe, key, base_uses, &base, err) &&
               op_identity(probe->token, base, key->len, &final.template, result, err);
    else
        good = generate(probe, key, &final.template, result, err);
    return good && probe_keep(probe, *result, err);
}

bool probe_object(struct probe *probe, const struct probe_key *key, unsigned uses,
                  const struct p11_template_rungs *rungs, CK_OBJECT_HANDLE *result,
                  struct kf_error *err)
{
    return probe_sealing(probe, key, uses, rungs, NULL, result, err);
}

static bool identity_of_key(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    const struct p11_template_rungs none = {0};
    CK_OBJECT_HANDLE result;

    return probe_object(probe, key, PROBE_SENSITIVE | PROBE_ENCRYPT, &none, &result, err) &&
           probe_encrypts_as(probe, key, result, probe->value, err);
}

/* The token object is compared as it is wrapped; its bytes are read as a session object, because
 * some tokens keep every token secret unreadable. */
static bool identity_of_secret(struct probe *probe, const struct probe_key *key,
                               struct kf_error *err)
{
    const unsigned uses = PROBE_DERIVE | PROBE_EXTRACTABLE;
    const struct p11_template_rungs none = {0};
    struct p11_template readable;
    CK_OBJECT_HANDLE base, result;

    if (!probe_object(probe, key, uses | PROBE_SENSITIVE, &none, &result, err) ||
        !probe_wraps_as(probe, result, probe->value, key->len, err))
        return false;
    probe_template(&readable, key->type, key->len, uses);
    return known_key(probe, key, uses, &base, err) &&
           op_identity(probe->token, base, key->len, &readable, &result, err) &&
           probe_keep(probe, result, err) &&
           probe_reads_as(probe, result, probe->value, key->len, err);
}

bool probe_identity(struct probe *probe, const struct probe_key *key, struct kf_error *err)
{
    if (key->type == CKK_GENERIC_SECRET)
        return identity_of_secret(probe, key, err);
    return identity_of_key(probe, key, err);
}

bool probe_reads_flag(struct probe *probe, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                      bool expected)
{
    CK_BBOOL value = !expected;
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    return p11_get_attributes(probe->token->session, object, &attribute, 1, NULL) == CKR_OK &&
           value == (CK_BBOOL)expected;
}

static bool reads_allowed(struct probe *probe, CK_OBJECT_HANDLE object, CK_MECHANISM_TYPE expected)
{
    CK_MECHANISM_TYPE value[4];
    CK_ATTRIBUTE attribute = {CKA_ALLOWED_MECHANISMS, value, sizeof value};

    return p11_get_attributes(probe->token->session, object, &attribute, 1, NULL) == CKR_OK &&
           attribute.ulValueLen == sizeof value[0] && value[0] == expected;
}

/* Whether a token object of this kind takes these rungs and says so when asked. */
static bool takes(struct probe *probe, const struct probe_key *key,
                  const struct p11_template_rungs *rungs)
{
    size_t mark = probe->count;
    struct kf_error ignored = {0};
    CK_OBJECT_HANDLE result;
    bool good;

    good = probe_object(probe, key, PROBE_SENSITIVE | PROBE_ENCRYPT, rungs, &result, &ignored) &&
           (!rungs->allowed_mechanisms || reads_allowed(probe, result, allowed_mechanism(key))) &&
           (!rungs->copyable || probe_reads_flag(probe, result, CKA_COPYABLE, false)) &&
           (!rungs->modifiable || probe_reads_flag(probe, result, CKA_MODIFIABLE, false));
    probe_release(probe, mark);
    return good;
}

/* A token without TDES keys has no less of a template for the others. */
static bool made_here(const struct probe *probe, const struct probe_key *key)
{
    return key->type != CKK_DES3 || has_identity(probe, key) ||
           probe->token->ways[P11_GENERATE_TDES].proven;
}

static void try_rung(struct probe *probe, bool *rung)
{
    static const struct probe_key kinds[] = {
        {"AES-256", CKK_AES, 32, P11_AES},
        {"DES3", CKK_DES3, 24, P11_TDES},
        {"secret", CKK_GENERIC_SECRET, 32, P11_AES},
    };

    *rung = true;
    for (size_t i = 0; *rung && i < sizeof kinds / sizeof kinds[0]; i++)
        *rung = !made_here(probe, &kinds[i]) || takes(probe, &kinds[i], &probe->token->rungs) ||
                takes(probe, &kinds[i], &probe->token->rungs); /* not a bad moment */
}

bool probe_rungs(struct probe *probe, struct kf_error *err)
{
    struct p11_template_rungs *rungs = &probe->token->rungs;

    try_rung(probe, &rungs->allowed_mechanisms);
    try_rung(probe, &rungs->copyable);
    try_rung(probe, &rungs->modifiable);
    return p11_session_alive(probe->token->session, err);
}

/* A clock of another host may be ahead of ours. */
static bool is_leftover(struct probe *probe, CK_OBJECT_HANDLE object, uint32_t now)
{
    uint8_t id[PROBE_ID_BYTES];
    CK_ATTRIBUTE attribute = {CKA_ID, id, sizeof id};
    int64_t age;

    if (p11_get_attributes(probe->token->session, object, &attribute, 1, NULL) != CKR_OK ||
        attribute.ulValueLen != sizeof id || id[0] != PROBE_ROLE)
        return false;
    age = (int64_t)now - read_time(id + 1);
    return age > LEFTOVER_SECONDS || age < -LEFTOVER_SECONDS;
}

bool probe_sweep(struct probe *probe, struct kf_error *err)
{
    struct p11_template template = {0};
    CK_OBJECT_HANDLE *objects;
    size_t found;

    template_flag(&template, CKA_TOKEN, true);
    template_number(&template, CKA_CLASS, CKO_SECRET_KEY);
    template_bytes(&template, CKA_LABEL, label, sizeof label - 1);
    if (p11_find_objects(probe->token->session, template.attributes, template.count, &objects,
                         &found, err) != CKR_OK)
        return false;
    for (size_t i = 0; i < found; i++)
        if (is_leftover(probe, objects[i], (uint32_t)time(NULL))) {
            log_info("an object left by a self-test that was killed is destroyed");
            op_destroy(probe->token, &objects[i]);
        }
    free(objects);
    return true;
}
