/* SPDX-License-Identifier: Apache-2.0 */
/* ImportKey: which key blocks are taken, under which wrapping key, and what the key in one becomes.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/worker/import.h"
#include "daemon/worker/import_tr31.h"
#include "daemon/worker/wrapping.h"
#include "p11/ops.h"

#define FIELD IMPORT_BLOCK_FIELD

/* The payload of the longest key that is imported: two bytes of length, an HMAC key, whole AES
 * blocks. Some tokens have no secrets that are much longer, so of a longer one not even the MAC is
 * looked at. */
#define PAYLOAD_MAX 80

/* What is imported, as far as its header says it. */
struct kind {
    char letter;
    struct import_lengths lengths; /* of the key, in bytes */
};

static const struct kind kinds[] = {
    {'T', {16, 24, 8}},
    {'A', {16, 32, 8}},
    {'H', {KEY_HMAC_BYTES_MIN, KEY_HMAC_BYTES_MAX, 1}},
};

_Static_assert(KEY_HMAC_BYTES_MAX - KEY_HMAC_BYTES_MIN < IMPORT_LENGTHS_MAX, "all are compared");
_Static_assert(TR31_PAYLOAD_PREFIX + KEY_HMAC_BYTES_MAX <= PAYLOAD_MAX, "all fit");

static bool parse(const keyferry_ImportTr31KeyBlock *tr31, struct tr31_keyblock *block,
                  struct kf_error *err)
{
    struct kf_error why = {0};

    if (!tr31->has_wrapped_key_block)
        return kf_fail(err, KF_VALIDATION, FIELD " is required.");
    if (!tr31_keyblock_parse(tr31->wrapped_key_block, strlen(tr31->wrapped_key_block), block, &why))
        return import_refuse_block(&why, err);
    if (block->header.version == 'E')
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": key blocks of version E are not imported, only A, B, C and D.");
    if (block->ciphertext_len > PAYLOAD_MAX)
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": its ciphertext has %zu bytes, but no AES, TDES or HMAC key that is "
                             "imported takes more than %d; asymmetric keys are not imported.",
                       block->ciphertext_len, PAYLOAD_MAX);
    return true;
}

/* Whether the block can be under such a key at all. */
static bool check_version(const struct p11_key *wrapping, char version, struct kf_error *err)
{
    bool aes = key_algorithm_is_aes(wrapping->facts.algorithm);

    if (aes != (version == 'D'))
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": a key block of version %c is under %s key, but the wrapping key "
                             "key/%s is %s.",
                       version, version == 'D' ? "an AES" : "a TDES", wrapping->name,
                       key_algorithm_name(wrapping->facts.algorithm));
    if (version != 'A' && version != 'C')
        return true;
    return wrapping->facts.legacy_import ||
           kf_fail(err, KF_VALIDATION,
                   WRAPPING_FIELD
                   ": key/%s was made without LegacyImport, which key blocks of version "
                   "A and C need; ask for one of version B, or make the wrapping key "
                   "with it.",
                   wrapping->name);
}

static bool check_token(const struct service *service, char version, char algorithm,
                        struct kf_error *err)
{
    enum profile_format format = version == 'D'   ? FORMAT_TR31_IMPORT_D
                                 : version == 'B' ? FORMAT_TR31_IMPORT_B
                                                  : FORMAT_TR31_IMPORT_AC;
    char text[400];

    if (!store_can_make(&service->token, algorithm, err))
        return false;
    return profile_can(&service->token, format, algorithm, text, sizeof text) ||
           kf_fail(err, KF_VALIDATION, FIELD ": this token is not capable of the %s: %s",
                   profile_format_name(format), text);
}

static struct p11_key *find_wrapping(struct service *service,
                                     const keyferry_ImportTr31KeyBlock *tr31,
                                     const struct tr31_header *header, struct kf_error *err)
{
    struct p11_key *key =
        service_find_key(service, WRAPPING_FIELD, GIVEN(tr31, wrapping_key_identifier), err);

    if (!key || !wrapping_check(key, WRAPPING_UNWRAP, err) ||
        !check_version(key, header->version, err) ||
        !check_token(service, header->version, header->algorithm, err))
        return NULL;
    return key;
}

/* From here on the block's MAC was right. */

static const struct kind *find_kind(const struct tr31_keyblock *block, struct kf_error *err)
{
    char letter = block->header.algorithm;
    const struct tr31_version *version = tr31_version_find(block->header.version);

    if (!import_check_whole(&block->header, err))
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t most = TR31_PAYLOAD_PREFIX + kinds[i].lengths.to;

        if (kinds[i].letter != letter)
            continue;
        most =
            (most + version->payload_block - 1) / version->payload_block * version->payload_block;
        if (block->ciphertext_len <= most)
            return &kinds[i];
        kf_fail(err, KF_VALIDATION,
                FIELD ": its ciphertext has %zu bytes; the longest key of algorithm %c takes %zu.",
                block->ciphertext_len, letter, most);
        return NULL;
    }
    kf_fail(err, KF_VALIDATION,
            FIELD ": algorithm %c is %s; only AES (A), TDES (T) and HMAC (H) keys are imported.",
            letter, strchr("ERS", letter) ? "of an asymmetric key" : "not one that is imported");
    return NULL;
}

static const struct tr31_optblock *find_optional(const struct tr31_header *header, const char *id)
{
    for (size_t i = 0; i < header->optional.count; i++)
        if (strcmp(header->optional.list[i].id, id) == 0)
            return &header->optional.list[i];
    return NULL;
}

/* An HMAC key's hash: the block's own HM, else what the request says. */
static bool find_hash(const struct tr31_header *header, const keyferry_ImportTr31KeyBlock *tr31,
                      enum key_algorithm *algorithm, struct kf_error *err)
{
    const struct tr31_optblock *hm = find_optional(header, "HM");
    enum key_algorithm wanted = KEY_ALGORITHM_NONE;

    if (tr31->has_hmac_algorithm) {
        wanted = key_algorithm_from_name(tr31->hmac_algorithm);
        if (!key_algorithm_is_hmac(wanted))
            return kf_fail(err, KF_VALIDATION,
                           "HmacAlgorithm: must be HMAC_SHA224, HMAC_SHA256, HMAC_SHA384 or "
                           "HMAC_SHA512.");
    }
    *algorithm = hm ? key_algorithm_from_hash_code(hm->data) : wanted;
    if (hm && *algorithm == KEY_ALGORITHM_NONE)
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": optional block HM: its hash is %.2s; only keys for SHA-224 (20), "
                             "SHA-256 (21), SHA-384 (22) and SHA-512 (23) are imported.",
                       hm->data);
    if (*algorithm == KEY_ALGORITHM_NONE)
        return kf_fail(err, KF_VALIDATION,
                       "HmacAlgorithm is required: the key block holds an HMAC key, and has no "
                       "optional block HM that says its hash.");
    if (hm && wanted != KEY_ALGORITHM_NONE && wanted != *algorithm)
        return kf_fail(err, KF_VALIDATION,
                       "HmacAlgorithm: is %s, but the key block's optional block HM says %s.",
                       key_algorithm_name(wanted), key_algorithm_name(*algorithm));
    return true;
}

/* What the header and the length make of the key. */
static bool find_facts(const struct tr31_header *header, const keyferry_ImportKeyRequest *request,
                       size_t len, struct key_facts *facts, struct kf_error *err)
{
    const keyferry_ImportTr31KeyBlock *tr31 = &request->key_material.tr31_key_block;

    if (header->algorithm == 'H') {
        if (!find_hash(header, tr31, &facts->algorithm, err))
            return false;
        facts->hmac_bytes = len;
    } else if (tr31->has_hmac_algorithm) {
        return kf_fail(err, KF_VALIDATION,
                       "HmacAlgorithm: is for HMAC keys; the key block's algorithm is %c.",
                       header->algorithm);
    } else {
        facts->algorithm = import_cipher_key(header->algorithm, len);
    }
    return import_read_header(header, facts, err);
}

/* The key object becomes a key of the store. */
static bool take(struct import_job *job, const struct p11_key *wrapping,
                 const struct tr31_header *header, CK_OBJECT_HANDLE object, size_t len,
                 struct kf_error *err)
{
    struct key_facts facts = {.usage = ""};

    return find_facts(header, job->request, len, &facts, err) &&
           wrapping_check_strength(wrapping, WRAPPING_UNWRAP, &facts, err) &&
           import_take(job, object, &facts, err);
}

static bool import(struct import_job *job, const struct p11_key *wrapping,
                   const struct tr31_keyblock *block, struct kf_error *err)
{
    const char *text = job->request->key_material.tr31_key_block.wrapped_key_block;
    struct service *service = job->service;
    enum p11_cipher cipher = op_cipher(wrapping->facts.algorithm);
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE, object = CK_INVALID_HANDLE;
    const struct kind *kind = NULL;
    size_t len = 0;
    bool good;

    if (!import_tr31_open(&service->token, service->kbpks, wrapping, text, block, &payload, err))
        return false;
    kind = find_kind(block, err);
    good = kind && import_tr31_cut(&service->token, cipher, payload, block->ciphertext_len,
                                   &kind->lengths, &object, &len, err);
    op_destroy(&service->token, &payload);
    good = good && take(job, wrapping, &block->header, object, len, err);
    op_destroy(&service->token, &object);
    return good;
}

bool import_as_tr31(struct import_job *job, struct kf_error *err)
{
    const keyferry_ImportTr31KeyBlock *tr31 = &job->request->key_material.tr31_key_block;
    const struct p11_key *wrapping;
    struct tr31_keyblock block;

    if (!parse(tr31, &block, err))
        return false;
    service_record_block(job->record, tr31->wrapped_key_block);
    wrapping = find_wrapping(job->service, tr31, &block.header, err);
    if (!wrapping)
        return false;
    service_record_key(job->service, job->record, "Wrapping", wrapping);
    return import(job, wrapping, &block, err);
}
