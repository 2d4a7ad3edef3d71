/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the objects of a key have the value that their labels say. A template says nothing of it:
 * who has the PIN can put another key's object in the place of one, label and all. The export copy
 * is joined with a byte, which is all that it may do, and cut again; of that the check value is
 * made anew, and the mask variant. What derives by encryption is asked for three bytes of a check
 * value, which are public: readable, or under a cover where the key is sealed. A sealed BDK of AES,
 * whose check value takes two steps, and what derives by SP 800-108 are compared with the export
 * copy. Where there is none, a token's result cannot be read, or no mechanism was proven, nothing
 * is known and nothing is said.
 */
#include <string.h>

#include "base/hex.h"
#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/store_index.h"
#include "tr31/derive.h"

#define VALUE_BYTES 3 /* of a check value */

static const uint8_t zeros[P11_BLOCK_MAX];

/* The first len bytes of E(key, block); known is false where the token does not let them be read.
 */
static bool encrypt_block(const struct p11_token *token, enum p11_cipher cipher,
                          CK_OBJECT_HANDLE key, const uint8_t *block, uint8_t *out, size_t len,
                          bool *known, struct kf_error *err)
{
    struct p11_template template = {0};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_ATTRIBUTE value = {CKA_VALUE, out, len};
    struct kf_error failed = {0};
    CK_RV rv = CKR_OK;

    role_session_template(token, ROLE_CONSTANT, KEY_ALGORITHM_NONE, len, &template);
    if (!op_derive(token, cipher, key, block, cipher == P11_AES ? 16 : 8, &template, &made, err))
        return false;
    rv = p11_get_attributes(token->session, made, &value, 1, &failed);
    op_destroy(token, &made);
    *known = rv == CKR_OK;
    if (!*known && rv != CKR_ATTRIBUTE_SENSITIVE)
        return kf_fail_fault(err, failed.status, failed.fault, failed.detail, "%s", failed.message);
    return !*known || value.ulValueLen == len ||
           kf_fail(err, KF_INTERNAL, "The token's constant has a wrong length.");
}

/* The check value of a key that derives by encryption: TDES of the block of zeros, AES its CMAC. */
static bool derive_value(const struct p11_token *token, enum key_algorithm algorithm,
                         CK_OBJECT_HANDLE key, uint8_t value[VALUE_BYTES], bool *known,
                         struct kf_error *err)
{
    struct tr31_cmac_subkeys subkeys = {0};
    uint8_t l[P11_BLOCK_MAX];
    bool good;

    if (op_cipher(algorithm) == P11_TDES)
        return encrypt_block(token, P11_TDES, key, zeros, value, VALUE_BYTES, known, err);
    good = encrypt_block(token, P11_AES, key, zeros, l, sizeof l, known, err);
    if (good && *known) {
        tr31_cmac_subkeys(l, sizeof l, &subkeys);
        good = encrypt_block(token, P11_AES, key, subkeys.k1, value, VALUE_BYTES, known, err);
    }
    explicit_bzero(l, sizeof l);
    explicit_bzero(&subkeys, sizeof subkeys);
    return good;
}

static bool check_working(const struct p11_store *store, const struct p11_key *key, bool *differs,
                          struct kf_error *err)
{
    uint8_t value[VALUE_BYTES];
    char text[2 * VALUE_BYTES + 1];
    bool known;

    if (key->seal != SEAL_NONE && hex_decode(key->facts.kcv, sizeof value, value))
        return store_sealed_differs(store->token, key->facts.algorithm, key->working, value,
                                    sizeof value, differs, err);
    if (!derive_value(store->token, key->facts.algorithm, key->working, value, &known, err))
        return false;
    if (known) {
        hex_encode(value, sizeof value, text);
        *differs = strcmp(text, key->facts.kcv) != 0;
    }
    return true;
}

/* The value of the export copy, in the session. */
static bool open_copy(const struct p11_token *token, const struct p11_key *key,
                      CK_OBJECT_HANDLE *value, struct kf_error *err)
{
    struct p11_template longer = {0}, exact = {0};
    CK_OBJECT_HANDLE joined = CK_INVALID_HANDLE;
    size_t len = key_facts_bytes(&key->facts);
    bool good;

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, len + 1, &longer);
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, len, &exact);
    good = op_join_suffix(token, key->export_copy, zeros, 1, &longer, &joined, err) &&
           op_cut(token, joined, 0, &exact, value, err);
    op_destroy(token, &joined);
    return good;
}

/* Both encrypt zeros to the same. */
static bool check_mask(struct p11_store *store, const struct p11_key *key, CK_OBJECT_HANDLE value,
                       bool *differs, struct kf_error *err)
{
    struct p11_template template = {0};
    CK_OBJECT_HANDLE masked = CK_INVALID_HANDLE;
    uint8_t right[P11_BLOCK_MAX], found[VALUE_BYTES];
    bool known = false, good;

    role_session_template(store->token, ROLE_CHECK_VALUE, key->facts.algorithm, 0, &template);
    good = store_make_variant(store, ROLE_MASK_VARIANT, value, key_facts_bytes(&key->facts),
                              &template, &masked, err) &&
           op_encrypt_ecb(store->token, P11_TDES, masked, zeros, 8, right, err);
    op_destroy(store->token, &masked);
    if (good && key->seal != SEAL_NONE)
        return store_sealed_differs(store->token, key->facts.algorithm, key->mask_variant, right, 8,
                                    differs, err);
    good = good &&
           derive_value(store->token, key->facts.algorithm, key->mask_variant, found, &known, err);
    *differs = good && known && memcmp(found, right, sizeof found) != 0;
    return good;
}

/* A sealed BDK of AES against what the copy encrypts zeros to. */
static bool check_sealed_base(struct p11_store *store, const struct p11_key *key,
                              CK_OBJECT_HANDLE value, bool *differs, struct kf_error *err)
{
    enum key_algorithm algorithm = key->facts.algorithm;
    struct p11_template template = {0};
    CK_OBJECT_HANDLE typed = CK_INVALID_HANDLE;
    uint8_t made[P11_BLOCK_MAX];
    bool good;

    role_session_template(store->token, ROLE_CHECK_VALUE, algorithm, 0, &template);
    good =
        op_identity(store->token, value, key_algorithm_bytes(algorithm), &template, &typed, err) &&
        op_encrypt_ecb(store->token, P11_AES, typed, zeros, sizeof made, made, err) &&
        store_sealed_differs(store->token, algorithm, key->working, made, sizeof made, differs,
                             err);
    op_destroy(store->token, &typed);
    explicit_bzero(made, sizeof made);
    return good;
}

/* The working key, where its label does not tell. */
static bool check_against_copy(struct p11_store *store, const struct p11_key *key,
                               CK_OBJECT_HANDLE value, bool *differs, struct kf_error *err)
{
    if (key->working == CK_INVALID_HANDLE)
        return true;
    if (key->kdf)
        return store_kdf_differs(store->token, key, value, differs, err);
    return key->seal == SEAL_NONE || !key_algorithm_is_aes(key->facts.algorithm) ||
           check_sealed_base(store, key, value, differs, err);
}

static bool check_copy(struct p11_store *store, const struct p11_key *key, const char **differs,
                       struct kf_error *err)
{
    struct key_facts facts = key->facts;
    CK_OBJECT_HANDLE value = CK_INVALID_HANDLE;
    bool mask = false, working = false, good;

    good = open_copy(store->token, key, &value, err) &&
           store_check_value(store->token, value, facts.algorithm, &facts, err) &&
           (key->mask_variant == CK_INVALID_HANDLE || check_mask(store, key, value, &mask, err)) &&
           check_against_copy(store, key, value, &working, err);
    op_destroy(store->token, &value);
    if (good && strcmp(facts.kcv, key->facts.kcv) != 0)
        *differs = role_name(ROLE_EXPORT);
    else if (working)
        *differs = role_name(ROLE_WORKING);
    else if (mask)
        *differs = role_name(ROLE_MASK_VARIANT);
    return good;
}

/* A token that can do less makes no keys, but may hold some. */
static bool can_open(const struct p11_token *token)
{
    return token->ways[P11_JOIN_SUFFIX].proven && token->ways[P11_CUT].proven &&
           token->ways[P11_IDENTITY].proven;
}

/* Whether the working key's own check value can be asked for. */
static bool tells(const struct p11_token *token, const struct p11_key *key)
{
    enum p11_cipher cipher = op_cipher(key->facts.algorithm);

    return key->working != CK_INVALID_HANDLE && !key->kdf &&
           token->ways[p11_for(P11_DERIVE_AES, cipher)].proven &&
           (key->seal == SEAL_NONE || cipher == P11_TDES);
}

bool store_check_values(struct p11_store *store, const struct p11_key *key, const char **differs,
                        struct kf_error *err)
{
    bool working = false;

    *differs = NULL;
    if (tells(store->token, key) && !check_working(store, key, &working, err))
        return false;
    if (working)
        *differs = role_name(ROLE_WORKING);
    return working || key->export_copy == CK_INVALID_HANDLE || !can_open(store->token) ||
           check_copy(store, key, differs, err);
}
