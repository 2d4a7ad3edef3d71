/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of ways and the run through it. Rows stand in the order in which they can be proven
 * (results of derivations are compared by what they encrypt and wrap to), and for one operation in
 * order of preference.
 */
#include "p11/profile.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "p11/calls.h"
#include "p11/profile_probe.h"

struct kinds {
    const struct probe_key *keys;
    size_t count;
};

struct strategy {
    enum p11_operation operation;
    const char *name;
    CK_MECHANISM_TYPE mechanism;
    bool drop_last_block;
    const struct kinds *kinds;
    bool (*probe)(struct probe *probe, const struct probe_key *key, struct kf_error *err);
};

static const struct probe_key all_keys[] = {
    {"AES-128", CKK_AES, 16, P11_AES},
    {"AES-192", CKK_AES, 24, P11_AES},
    {"AES-256", CKK_AES, 32, P11_AES},
    {"16-byte secret", CKK_GENERIC_SECRET, 16, P11_AES},
    {"24-byte secret", CKK_GENERIC_SECRET, 24, P11_AES},
    {"32-byte secret", CKK_GENERIC_SECRET, 32, P11_AES},
    {"64-byte secret", CKK_GENERIC_SECRET, 64, P11_AES},
    {"DES2", CKK_DES2, 16, P11_TDES},
    {"DES3", CKK_DES3, 24, P11_TDES},
};

/* An initial key is joined of two of these. */
static const struct probe_key tdes_half = {"8-byte secret", CKK_GENERIC_SECRET, 8, P11_TDES};

/* A token may have no TDES at all: nothing is proven with keys of both ciphers together. */
static const struct kinds aes = {all_keys, 3}, secrets = {all_keys + 3, 4}, no_tdes = {all_keys, 7},
                          tdes = {all_keys + 7, 2}, half = {&tdes_half, 1};
/* Not every token takes HMAC keys that are shorter than the hash. */
static const struct kinds hmac = {all_keys + 6, 1};

/* What leaves under an RSA key: keys as generic secrets, and with SHA-256 the content keys of key
 * tokens. Each mechanism for the rest of RSA is proven once. */
static const struct probe_key oaep_keys[] = {
    {"AES-128", CKK_AES, 16, P11_AES},
    {"16-byte secret", CKK_GENERIC_SECRET, 16, P11_AES},
    {"24-byte secret", CKK_GENERIC_SECRET, 24, P11_AES},
};
static const struct probe_key rsa_key = {"RSA-2048", CKK_RSA, RSA_PROBE_BYTES, P11_AES};
static const struct kinds oaep = {oaep_keys, sizeof oaep_keys / sizeof oaep_keys[0]},
                          oaep_secrets = {oaep_keys + 1, 2}, oaep_tdes = {all_keys + 8, 1},
                          rsa = {&rsa_key, 1};

/* What works with a seal: one length of each cipher does, for BDKs also the one that TDES has. */
static const struct probe_key seal_keys[] = {
    {"AES-256", CKK_AES, 32, P11_AES},
    {"DES2", CKK_DES2, 16, P11_TDES},
};

static const struct strategy strategies[] = {
    {P11_ECB_AES, NAMED(CKM_AES_ECB), false, &aes, probe_ecb},
    {P11_ECB_TDES, NAMED(CKM_DES3_ECB), false, &tdes, probe_ecb},
    {P11_CBC_AES, NAMED(CKM_AES_CBC), false, &aes, probe_cbc},
    {P11_CBC_TDES, NAMED(CKM_DES3_CBC), false, &tdes, probe_cbc},
    {P11_CMAC_AES, NAMED(CKM_AES_CMAC), false, &aes, probe_cmac},
    {P11_HMAC_SHA224, NAMED(CKM_SHA224_HMAC), false, &hmac, probe_hmac_sha224},
    {P11_HMAC_SHA256, NAMED(CKM_SHA256_HMAC), false, &hmac, probe_hmac_sha256},
    {P11_HMAC_SHA384, NAMED(CKM_SHA384_HMAC), false, &hmac, probe_hmac_sha384},
    {P11_HMAC_SHA512, NAMED(CKM_SHA512_HMAC), false, &hmac, probe_hmac_sha512},
    {P11_WRAP_AES, NAMED(CKM_AES_CBC), false, &aes, probe_wrap},
    {P11_WRAP_AES, NAMED(CKM_AES_CBC_PAD), true, &aes, probe_wrap},
    {P11_WRAP_TDES, NAMED(CKM_DES3_CBC), false, &tdes, probe_wrap},
    {P11_WRAP_TDES, NAMED(CKM_DES3_CBC_PAD), true, &tdes, probe_wrap},
    {P11_UNWRAP_AES, NAMED(CKM_AES_CBC), false, &aes, probe_unwrap},
    {P11_UNWRAP_TDES, NAMED(CKM_DES3_CBC), false, &tdes, probe_unwrap},
    {P11_DERIVE_AES, NAMED(CKM_AES_ECB_ENCRYPT_DATA), false, &aes, probe_derive},
    {P11_DERIVE_TDES, NAMED(CKM_DES3_ECB_ENCRYPT_DATA), false, &tdes, probe_derive},
    {P11_KDF_AES, NAMED_KF(CKM_SP800_108_COUNTER_KDF), false, &aes, probe_kdf},
    {P11_KDF_TDES, NAMED_KF(CKM_SP800_108_COUNTER_KDF), false, &tdes, probe_kdf},
    {P11_JOIN_PREFIX, NAMED(CKM_CONCATENATE_DATA_AND_BASE), false, &secrets, probe_join_prefix},
    {P11_JOIN_SUFFIX, NAMED(CKM_CONCATENATE_BASE_AND_DATA), false, &secrets, probe_join_suffix},
    {P11_JOIN_KEYS, NAMED(CKM_CONCATENATE_BASE_AND_KEY), false, &half, probe_join_keys},
    {P11_XOR, NAMED(CKM_XOR_BASE_AND_DATA), false, &secrets, probe_xor},
    {P11_CUT, NAMED(CKM_EXTRACT_KEY_FROM_KEY), false, &secrets, probe_cut},
    {P11_IDENTITY, NAMED(CKM_EXTRACT_KEY_FROM_KEY), false, &no_tdes, probe_identity},
    {P11_IDENTITY, NAMED(CKM_XOR_BASE_AND_DATA), false, &no_tdes, probe_identity},
    {P11_IDENTITY_TDES, NAMED(CKM_EXTRACT_KEY_FROM_KEY), false, &tdes, probe_identity},
    {P11_IDENTITY_TDES, NAMED(CKM_XOR_BASE_AND_DATA), false, &tdes, probe_identity},
    {P11_GENERATE_AES, NAMED(CKM_AES_KEY_GEN), false, &aes, probe_generate_key},
    {P11_GENERATE_TDES, NAMED(CKM_DES3_KEY_GEN), false, &tdes, probe_generate_key},
    {P11_GENERATE_SECRET, NAMED(CKM_GENERIC_SECRET_KEY_GEN), false, &secrets, probe_generate_key},
    {P11_OAEP_UNWRAP_SHA256, NAMED(CKM_RSA_PKCS_OAEP), false, &oaep_secrets,
     probe_unwrap_oaep_sha256},
    {P11_OAEP_UNWRAP_SHA512, NAMED(CKM_RSA_PKCS_OAEP), false, &oaep_secrets,
     probe_unwrap_oaep_sha512},
    {P11_OAEP_SHA256, NAMED(CKM_RSA_PKCS_OAEP), false, &oaep, probe_oaep_sha256},
    {P11_OAEP_SHA512, NAMED(CKM_RSA_PKCS_OAEP), false, &oaep_secrets, probe_oaep_sha512},
    {P11_OAEP_TDES, NAMED(CKM_RSA_PKCS_OAEP), false, &oaep_tdes, probe_oaep_tdes},
    {P11_SIGN_SHA224, NAMED(CKM_SHA224_RSA_PKCS), false, &rsa, probe_sign_sha224},
    {P11_SIGN_SHA224, NAMED(CKM_RSA_PKCS), false, &rsa, probe_sign_sha224},
    {P11_SIGN_SHA256, NAMED(CKM_SHA256_RSA_PKCS), false, &rsa, probe_sign_sha256},
    {P11_SIGN_SHA256, NAMED(CKM_RSA_PKCS), false, &rsa, probe_sign_sha256},
    {P11_SIGN_SHA384, NAMED(CKM_SHA384_RSA_PKCS), false, &rsa, probe_sign_sha384},
    {P11_SIGN_SHA384, NAMED(CKM_RSA_PKCS), false, &rsa, probe_sign_sha384},
    {P11_SIGN_SHA512, NAMED(CKM_SHA512_RSA_PKCS), false, &rsa, probe_sign_sha512},
    {P11_SIGN_SHA512, NAMED(CKM_RSA_PKCS), false, &rsa, probe_sign_sha512},
    {P11_RSA_GENERATE, NAMED(CKM_RSA_PKCS_KEY_PAIR_GEN), false, &rsa, probe_rsa_generate},
};

/* An attribute, no mechanism; tried when everything is known that goes into it. */
static const struct kinds sealed = {seal_keys, sizeof seal_keys / sizeof seal_keys[0]};
static const struct strategy sealing = {P11_SEAL, NAMED(CKA_DERIVE_TEMPLATE), false, &sealed,
                                        probe_seal};

/* The call and its CKR, without the time it took; what failed otherwise is in the message. */
static void describe(const struct kf_error *err, char *out, size_t room)
{
    const char *text = err->detail[0] ? err->detail : err->message;
    const char *end = strstr(text, " after ");

    snprintf(out, room, "%.*s", end ? (int)(end - text) : (int)strlen(text), text);
}

/* Adds to what was already tried for the operation. */
static void add_reason(char *reason, const struct strategy *strategy, const struct probe_key *key,
                       const struct kf_error *err)
{
    size_t len = strlen(reason);
    char text[PROFILE_REASON_MAX];

    describe(err, text, sizeof text);
    snprintf(reason + len, PROFILE_REASON_MAX - len, "%s%s: %s (%s)", len > 0 ? "; " : "",
             strategy->name, text, key->name);
}

/* A call that fails twice is the token; one that fails once may have been a bad moment, and a
 * worker would go by it as long as it lives. A wrong answer is not asked for again, nor what the
 * token refuses: those are no faults. But the cryptograms of a proof are good, so to blame one is;
 * and without a seal keys are made that can never have one, so for that all is asked again. */
static bool may_be_better(const struct strategy *strategy, const struct kf_error *refused)
{
    return refused->fault != KF_FAULT_NONE || refused->status == KF_VALIDATION ||
           strategy->operation == P11_SEAL;
}

static bool prove(struct probe *probe, const struct strategy *strategy, const struct probe_key *key,
                  struct kf_error *refused)
{
    size_t mark = probe->count;
    bool proven = strategy->probe(probe, key, refused);

    probe_release(probe, mark);
    if (!proven && may_be_better(strategy, refused)) {
        kf_error_clear(refused);
        proven = strategy->probe(probe, key, refused);
        probe_release(probe, mark);
    }
    return proven;
}

/* Some tokens refuse what they do not know by CKR_GENERAL_ERROR; none does so once it knows it. */
static bool is_no_answer(const struct kf_error *refused, bool knows)
{
    return refused->fault != KF_FAULT_NONE && (knows || refused->fault != KF_FAULT_MODULE);
}

/* False only where the session is gone. */
static bool try_strategy(struct probe *probe, const struct strategy *strategy,
                         struct p11_profile *profile, struct kf_error *err)
{
    struct p11_way *way = &probe->token->ways[strategy->operation];
    char *reason = profile->reasons[strategy->operation];

    /* Proven already for the probe, which runs the operation itself. */
    *way = (struct p11_way){true, strategy->mechanism, strategy->name, strategy->drop_last_block};
    for (size_t i = 0; way->proven && i < strategy->kinds->count; i++) {
        const struct probe_key *key = &strategy->kinds->keys[i];
        struct kf_error refused = {0};

        way->proven = prove(probe, strategy, key, &refused);
        if (way->proven)
            continue;
        /* Something is active in the session: no proof in it says anything. */
        if (refused.fault == KF_FAULT_SESSION) {
            *err = refused;
            return false;
        }
        add_reason(reason, strategy, key, &refused);
        if (strategy->operation == P11_SEAL)
            profile->seal_doubtful = is_no_answer(&refused, probe->takes_seals);
    }
    if (way->proven) {
        reason[0] = '\0';
        return true;
    }
    *way = (struct p11_way){0};
    return p11_session_alive(probe->token->session, err);
}

static bool probe_capabilities(struct probe *probe, struct p11_profile *profile,
                               struct kf_error *err)
{
    for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; i++)
        if (!probe->token->ways[strategies[i].operation].proven &&
            !try_strategy(probe, &strategies[i], profile, err))
            return false;
    return probe_rungs(probe, err) && try_strategy(probe, &sealing, profile, err);
}

static void explain_all(struct p11_profile *profile, const struct kf_error *err)
{
    char text[PROFILE_REASON_MAX - 40];

    describe(err, text, sizeof text);
    for (size_t i = 0; i < P11_OPERATIONS; i++)
        snprintf(profile->reasons[i], PROFILE_REASON_MAX, "no key of a known value can be made: %s",
                 text);
}

static bool probe_trust(struct probe *probe, struct p11_profile *profile, struct kf_error *err)
{
    size_t mark = probe->count;

    for (enum profile_check check = 0; check < PROFILE_CHECKS; check++) {
        trust_check(probe, check, profile);
        probe_release(probe, mark);
        if (!p11_session_alive(probe->token->session, err))
            return false;
    }
    return true;
}

bool profile_probe(struct p11_token *token, struct p11_profile *profile, struct kf_error *err)
{
    struct probe probe = {.token = token};
    struct kf_error unknown = {0};
    bool good = false;

    memset(token->ways, 0, sizeof token->ways);
    memset(&token->rungs, 0, sizeof token->rungs);
    memset(profile, 0, sizeof *profile);
    if (!probe_sweep(&probe, err))
        return false;
    if (known_start(&probe, &unknown) || known_start(&probe, &unknown)) {
        if (!probe_capabilities(&probe, profile, err))
            goto out;
    } else {
        explain_all(profile, &unknown);
        if (!p11_session_alive(token->session, err))
            goto out;
    }
    good = probe_trust(&probe, profile, err);

out:
    probe_pairs_release(&probe);
    probe_release(&probe, 0);
    return good;
}
