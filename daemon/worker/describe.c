/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and aliases as replies show them, in AWS's words, and as requests name and describe them. */
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "daemon/worker/service_internal.h"
#include "p11/rsa.h"
#include "tr31/header.h"
#include "tr34/certificate.h"

void service_key_arn(const struct service *service, const char *key_name, char out[ARN_MAX])
{
    snprintf(out, ARN_MAX, "arn:aws:payment-cryptography:%s:%s:key/%s",
             service->conf->identity.region, service->conf->identity.account, key_name);
}

static const char *key_state(const struct p11_key *key)
{
    return key->state.delete_ms ? "DELETE_PENDING" : "CREATE_COMPLETE";
}

static void fill_modes(char letter, keyferry_KeyModesOfUse *out)
{
    struct key_modes modes = {0};

    key_modes_from_letter(letter, &modes);
    *out = (keyferry_KeyModesOfUse){
        true, modes.encrypt, true, modes.decrypt,    true, modes.wrap,
        true, modes.unwrap,  true, modes.generate,   true, modes.sign,
        true, modes.verify,  true, modes.derive_key, true, modes.no_restrictions,
    };
}

static void fill_attributes(const struct key_facts *facts, keyferry_KeyAttributes *out)
{
    const char *usage = key_usage_name(facts->usage);

    out->has_key_usage = out->has_key_class = out->has_key_algorithm = out->has_key_modes_of_use =
        true;
    snprintf(out->key_usage, sizeof out->key_usage, "%s", usage ? usage : facts->usage);
    snprintf(out->key_class, sizeof out->key_class, "%s", key_class_name(key_facts_class(facts)));
    snprintf(out->key_algorithm, sizeof out->key_algorithm, "%s",
             key_algorithm_name(facts->algorithm));
    fill_modes(facts->mode, &out->key_modes_of_use);
}

/* A pair's is made of its modulus; empty where the object behind the name has none. */
static bool read_check_value(const struct service *service, const struct p11_key *key,
                             char out[KCV_SIZE], struct kf_error *err)
{
    CK_OBJECT_HANDLE private = key->facts.mode == 'D' ? key->unwrapping : key->signing;
    uint8_t modulus[RSA_BYTES_MAX];
    size_t len;

    strcpy(out, key->facts.kcv);
    if (key_facts_class(&key->facts) != KEY_CLASS_PAIR)
        return true;
    out[0] = '\0';
    if (private == CK_INVALID_HANDLE ||
        (rsa_modulus(&service->token, private, modulus, &len, err) &&
         tr34_check_value((struct der_view){modulus, len},
                          (struct der_view){rsa_exponent, sizeof rsa_exponent}, out, err)))
        return true;
    if (err->fault != KF_FAULT_NONE)
        return false;
    kf_error_clear(err);
    return true;
}

bool service_fill_key(const struct service *service, const struct p11_key *key, keyferry_Key *out,
                      struct kf_error *err)
{
    if (!read_check_value(service, key, out->key_check_value, err))
        return false;
    service_key_arn(service, key->name, out->key_arn);
    out->has_key_attributes = true;
    fill_attributes(&key->facts, &out->key_attributes);
    snprintf(out->key_check_value_algorithm, sizeof out->key_check_value_algorithm, "%s",
             kcv_algorithm_name(key->facts.kcv_algorithm));
    out->enabled = key->state.enabled;
    out->exportable = key->facts.exportability != 'N';
    snprintf(out->key_state, sizeof out->key_state, "%s", key_state(key));
    snprintf(out->key_origin, sizeof out->key_origin, "%s",
             key->facts.external ? "EXTERNAL" : "AWS_PAYMENT_CRYPTOGRAPHY");
    out->create_timestamp = key->facts.created_ms;
    out->has_usage_start_timestamp = key->state.start_ms != 0;
    out->usage_start_timestamp = key->state.start_ms;
    out->has_usage_stop_timestamp = key->state.stop_ms != 0;
    out->usage_stop_timestamp = key->state.stop_ms;
    out->has_delete_pending_timestamp = key->state.delete_ms != 0;
    out->delete_pending_timestamp = key->state.delete_ms;
    return true;
}

bool service_fill_summary(const struct service *service, const struct p11_key *key,
                          keyferry_KeySummary *out, struct kf_error *err)
{
    if (!read_check_value(service, key, out->key_check_value, err))
        return false;
    service_key_arn(service, key->name, out->key_arn);
    out->has_key_attributes = true;
    fill_attributes(&key->facts, &out->key_attributes);
    snprintf(out->key_state, sizeof out->key_state, "%s", key_state(key));
    out->exportable = key->facts.exportability != 'N';
    out->enabled = key->state.enabled;
    return true;
}

void service_fill_alias(const struct service *service, const struct p11_alias *alias,
                        keyferry_Alias *out)
{
    snprintf(out->alias_name, sizeof out->alias_name, "%s", alias->name);
    /* Where two cards have the name, none of them says where it points. */
    out->has_key_arn = alias->key_name[0] != '\0' && !alias->duplicate;
    if (out->has_key_arn)
        service_key_arn(service, alias->key_name, out->key_arn);
}

void service_record_key(const struct service *service, struct record *record, const char *prefix,
                        const struct p11_key *key)
{
    char arn[ARN_MAX], name[48], check_value[KCV_SIZE];
    struct kf_error unread = {0}; /* the operation itself meets what is wrong with the token */

    service_key_arn(service, key->name, arn);
    snprintf(name, sizeof name, "%sKeyArn", prefix);
    record_text(record, name, arn);
    snprintf(name, sizeof name, "%sKeyCheckValue", prefix);
    if (read_check_value(service, key, check_value, &unread) && check_value[0])
        record_text(record, name, check_value);
}

void service_record_material(struct record *record, const char *format, const char *header,
                             const char *material)
{
    char fixed[TR31_HEADER_SIZE + 1], hex[2 * SHA256_DIGEST_LENGTH + 1];
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)material, strlen(material), digest);
    hex_encode(digest, sizeof digest, hex);
    record_text(record, "Format", format);
    if (header) {
        snprintf(fixed, sizeof fixed, "%.*s", TR31_HEADER_SIZE, header);
        record_text(record, "Header", fixed);
    }
    record_text(record, "Sha256", hex);
}

void service_record_block(struct record *record, const char *block)
{
    service_record_material(record, TR31_FORMAT, block, block);
}

struct p11_key *service_key(struct service *service, const char *field, const char *name,
                            struct kf_error *err)
{
    struct p11_key *key = store_key(service->store, name, err);

    if (!key)
        kf_error_name_field(err, field);
    return key;
}

struct p11_alias *service_alias(struct service *service, const char *field, const char *name,
                                struct kf_error *err)
{
    struct p11_alias *alias = store_alias(service->store, name, err);

    if (!alias)
        kf_error_name_field(err, field);
    return alias;
}

bool service_key_name(struct service *service, const char *field, const char *text,
                      char name[KEY_NAME_LEN + 1], struct kf_error *err)
{
    struct identifier identifier;
    const struct p11_alias *alias;

    if (!identifier_parse(field, text, &identifier, err))
        return false;
    if (!identifier.is_alias) {
        /* A longer id may be another system's; it is none of ours. */
        if (strlen(identifier.name) != KEY_NAME_LEN)
            return kf_fail(err, KF_NOT_FOUND, "%s: there is no key/%s.", field, identifier.name);
        memcpy(name, identifier.name, KEY_NAME_LEN + 1);
        return true;
    }
    alias = service_alias(service, field, identifier.name, err);
    if (!alias)
        return false;
    if (!alias->key_name[0])
        return kf_fail(err, KF_NOT_FOUND, "%s: %s points to no key.", field, identifier.name);
    memcpy(name, alias->key_name, KEY_NAME_LEN + 1);
    return true;
}

struct p11_key *service_find_key(struct service *service, const char *field, const char *text,
                                 struct kf_error *err)
{
    char name[KEY_NAME_LEN + 1];

    if (!service_key_name(service, field, text, name, err))
        return NULL;
    return service_key(service, field, name, err);
}

bool service_check_not_pending(const char *field, const struct p11_key *key,
                               const struct key_state *state, struct kf_error *err)
{
    if (!state->delete_ms)
        return true;
    return kf_fail(err, KF_CONFLICT,
                   "%s: key/%s is to be deleted (DELETE_PENDING); restore-key takes that back.",
                   field, key->name);
}

bool service_check_usable(const char *field, const struct p11_key *key, struct kf_error *err)
{
    if (!service_check_not_pending(field, key, &key->state, err))
        return false;
    if (!key->state.enabled)
        return kf_fail(err, KF_CONFLICT, "%s: key/%s is not enabled; start-key-usage enables it.",
                       field, key->name);
    return true;
}

void service_read_modes(const keyferry_KeyModesOfUse *in, struct key_modes *out)
{
    *out = (struct key_modes){in->encrypt, in->decrypt,    in->wrap,
                              in->unwrap,  in->generate,   in->sign,
                              in->verify,  in->derive_key, in->no_restrictions};
}

static bool read_class(const char *name, unsigned classes, enum key_class *class,
                       struct kf_error *err)
{
    char allowed[80] = "";

    if (key_class_from_name(name, class) && (classes & 1U << *class))
        return true;
    for (enum key_class i = KEY_CLASS_SYMMETRIC; i <= KEY_CLASS_PUBLIC; i++)
        if (classes & 1U << i)
            snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), "%s%s",
                     allowed[0] ? " or " : "", key_class_name(i));
    return kf_fail(err, KF_VALIDATION, "KeyClass: must be %s.", allowed);
}

static bool check_attributes(enum key_class class, const struct key_facts *facts,
                             struct kf_error *err)
{
    switch (class) {
    case KEY_CLASS_PAIR:
        return key_attributes_check_pair(facts->usage, facts->algorithm, facts->mode, err);
    case KEY_CLASS_PUBLIC:
        return key_attributes_check_public(facts->usage, facts->algorithm, facts->mode, err);
    case KEY_CLASS_SYMMETRIC:
        break;
    }
    return key_attributes_check(facts->usage, facts->algorithm, facts->mode, err);
}

bool service_read_attributes(bool given, const keyferry_KeyAttributes *attributes, unsigned classes,
                             struct key_facts *facts, struct kf_error *err)
{
    struct key_modes modes;
    enum key_class class;
    const char *usage;

    if (!given)
        return kf_fail(err, KF_VALIDATION, "KeyAttributes is required.");
    if (!attributes->has_key_usage || !attributes->has_key_class ||
        !attributes->has_key_algorithm || !attributes->has_key_modes_of_use)
        return kf_fail(
            err, KF_VALIDATION,
            "KeyAttributes: KeyUsage, KeyClass, KeyAlgorithm and KeyModesOfUse are all required.");
    usage = key_usage_from_name(attributes->key_usage);
    if (!usage)
        return kf_fail(
            err, KF_VALIDATION,
            "KeyUsage: %s is not a key usage (TR31_K1_KEY_BLOCK_PROTECTION_KEY and so on).",
            attributes->key_usage);
    if (!read_class(attributes->key_class, classes, &class, err))
        return false;
    facts->algorithm = key_algorithm_from_name(attributes->key_algorithm);
    if (facts->algorithm == KEY_ALGORITHM_NONE)
        return kf_fail(
            err, KF_VALIDATION,
            "KeyAlgorithm: must be TDES_2KEY, TDES_3KEY, AES_128, AES_192, AES_256, HMAC_SHA224, "
            "HMAC_SHA256, HMAC_SHA384, HMAC_SHA512, RSA_2048, RSA_3072 or RSA_4096.");
    service_read_modes(&attributes->key_modes_of_use, &modes);
    facts->mode = key_modes_letter(&modes);
    snprintf(facts->usage, sizeof facts->usage, "%s", usage);
    return check_attributes(class, facts, err);
}

bool service_check_kcv_algorithm(bool given, const char *name, enum key_algorithm algorithm,
                                 struct kf_error *err)
{
    const char *right = kcv_algorithm_name(kcv_algorithm_for(algorithm));

    if (given && strcmp(name, right) != 0)
        return kf_fail(err, KF_VALIDATION, "KeyCheckValueAlgorithm: for %s it is %s.",
                       key_algorithm_name(algorithm), right);
    return true;
}

bool service_read_legacy_import(const struct service *service, bool wanted, struct key_facts *facts,
                                struct kf_error *err)
{
    char text[400];

    if (!wanted)
        return true;
    if (!key_can_import_legacy(facts))
        return kf_fail(err, KF_VALIDATION,
                       "LegacyImport: is for TDES keys of usage TR31_K1_KEY_BLOCK_PROTECTION_KEY "
                       "or TR31_K0_KEY_ENCRYPTION_KEY with the KeyModesOfUse Decrypt and Unwrap.");
    facts->legacy_import = true;
    return profile_can(&service->token, FORMAT_TR31_IMPORT_AC, 'T', text, sizeof text) ||
           kf_fail(err, KF_VALIDATION, "LegacyImport: this token is not capable of the %s: %s",
                   profile_format_name(FORMAT_TR31_IMPORT_AC), text);
}

bool service_page_size(bool given, int32_t max_results, size_t *size, struct kf_error *err)
{
    if (given && (max_results < 1 || max_results > 100))
        return kf_fail(err, KF_VALIDATION, "MaxResults: must be 1 to 100.");
    *size = given ? (size_t)max_results : 50;
    return true;
}
