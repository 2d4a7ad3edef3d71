/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tr34KeyBlock: who sent it, to whom, when, under which header. Everything that can be known
 * without the private key is checked first; only then is the token asked (import_tr34.c).
 */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "daemon/worker/anchor.h"
#include "daemon/worker/import.h"
#include "daemon/worker/import_tr34.h"
#include "daemon/worker/receiver.h"
#include "daemon/worker/tr34_request.h"
#include "p11/ops.h"

#define FIELD IMPORT_BLOCK_FIELD
#define SENDER_FIELD "SigningKeyCertificate"

/* How far a sender's clock may be ahead of ours. */
#define CLOCK_SKEW_S 300

/* Everything that one token is checked with. */
struct opening {
    struct import_job *job;
    const keyferry_ImportTr34KeyBlock *tr34;
    uint8_t bytes[TR34_TOKEN_MAX];
    size_t len;
    struct tr34_received received;
    struct anchor anchor;
    struct tr34_certificate *sender;
    struct receiver receiver;
    struct tr31_header header;
};

/* algorithm: the key's letter; 0 as long as nothing is known of it. */
static bool check_token(const struct service *service, char algorithm, struct kf_error *err)
{
    char text[400];

    if (!store_can_make(&service->token, algorithm, err))
        return false;
    return profile_can(&service->token, FORMAT_TR34_IMPORT, algorithm, text, sizeof text) ||
           kf_fail(err, KF_VALIDATION, FIELD ": this token is not capable of the %s: %s",
                   profile_format_name(FORMAT_TR34_IMPORT), text);
}

static bool parse(struct opening *o, struct kf_error *err)
{
    struct service *service = o->job->service;
    const char *text = o->tr34->wrapped_key_block;
    struct der_view header;
    char fixed[TR31_HEADER_SIZE + 1] = "";

    if (!o->tr34->has_wrapped_key_block)
        return kf_fail(err, KF_VALIDATION, FIELD " is required.");
    if (!check_token(service, 0, err) ||
        !import_read_hex(FIELD, text, o->bytes, sizeof o->bytes, &o->len, err) ||
        !tr34_token_parse(FIELD, (struct der_view){o->bytes, o->len}, &o->received, err))
        return false;
    header = o->received.attributes.header;
    memcpy(fixed, header.bytes, TR31_HEADER_SIZE);
    service_record_material(o->job->record, TR34_FORMAT, fixed, text);
    return true;
}

/* A revocation list that came along stands outside of the signature: it can speak against the
 * sender, never for it. */
static bool check_crl(const struct opening *o, struct kf_error *err)
{
    struct kf_error why = {0};
    struct tr34_crl *crl;
    bool good;

    if (o->received.token.crl.len == 0)
        return true;
    crl = tr34_crl_from_der(FIELD, o->received.token.crl, &why);
    good = crl && tr34_crl_check(crl, o->anchor.certificates[0], time(NULL), &why);
    if (!good)
        kf_fail(err, KF_VALIDATION, FIELD ": its revocation list does not serve: %.400s",
                why.message);
    else if (tr34_crl_revokes(crl, o->sender))
        good =
            kf_fail(err, KF_VALIDATION, SENDER_FIELD " (%s): is revoked by the list in " FIELD ".",
                    tr34_certificate_name(o->sender));
    tr34_crl_free(crl);
    return good;
}

static bool check_signature(struct opening *o, struct kf_error *err)
{
    const struct tr34_token *token = &o->received.token;

    if (!der_equal(token->signer, tr34_certificate_identity(o->sender)))
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": SignerInfo.sid names another certificate than " SENDER_FIELD
                             " (%s); its issuer and serial number must be the certificate's.",
                       tr34_certificate_name(o->sender));
    return tr34_certificate_verify(o->sender, token->attributes.bytes, token->attributes.len,
                                   token->signature.bytes, token->signature.len, FIELD, err) &&
           tr34_token_check_digest(FIELD, &o->received, err);
}

/* From here on it is what the sender signed. */

static bool check_two_passes(const struct opening *o, struct kf_error *err)
{
    uint8_t bytes[TR34_NONCE_MAX];
    struct der_view given;

    if (!o->tr34->has_random_nonce)
        return kf_fail(err, KF_VALIDATION,
                       "RandomNonce is required: the key token is one of two passes, with the "
                       "receiver's random number in it.");
    return tr34_request_hex_nonce(o->tr34->random_nonce, bytes, &given, err) &&
           (der_equal(given, o->received.attributes.nonce) ||
            kf_fail(err, KF_VALIDATION,
                    "RandomNonce: is not the one that the key token was made for."));
}

static bool check_one_pass(const struct opening *o, struct kf_error *err)
{
    time_t signed_at = o->received.attributes.signing_time;

    if (o->tr34->has_random_nonce)
        return kf_fail(err, KF_VALIDATION,
                       "RandomNonce: is given, but the key token is one of a single pass, which "
                       "has no random number in it.");
    if (signed_at > time(NULL) + CLOCK_SKEW_S)
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": its signingTime is more than %d minutes ahead of this host's "
                             "clock.",
                       CLOCK_SKEW_S / 60);
    return signed_at >= tr34_certificate_not_before(o->sender) ||
           kf_fail(err, KF_VALIDATION,
                   FIELD ": its signingTime is before the validity of " SENDER_FIELD " (%s).",
                   tr34_certificate_name(o->sender));
}

static bool check_receiver(const struct opening *o, struct kf_error *err)
{
    const struct tr34_certificate *own = o->receiver.pair.certificate;

    if (!der_equal(o->received.envelope.recipient, tr34_certificate_identity(own)))
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": its recipient is not the certificate (%s) of %s; issuer and serial "
                             "number must be the same.",
                       tr34_certificate_name(own), o->receiver.field);
    return receiver_check_length(&o->receiver, FIELD, o->received.envelope.wrapped_key.len, err);
}

/* TR-34 states nothing about the header's version and length, and senders put anything there
 * ("D9999"): any letter of a version will do, any digits, and the optional blocks may end at a
 * multiple of either cipher's block. */
static bool parse_header(struct opening *o, struct kf_error *err)
{
    struct der_view header = o->received.attributes.header;
    char text[TR34_HEADER_MAX + 1];
    struct kf_error why = {0};
    size_t size;

    memcpy(text, header.bytes, header.len);
    text[header.len] = '\0';
    if (!tr31_version_find(text[0]) || strspn(text + 1, "0123456789") < 4)
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": its header must begin with the letter of a version, A to E, and "
                             "four digits.");
    snprintf(text, 6, "A%04zu", header.len);
    text[5] = (char)header.bytes[5];
    if (!tr31_header_parse(text, header.len, &o->header, &size, &why))
        return import_refuse_block(&why, err);
    o->header.optional.count = 0; /* they point into text, and are not kept */
    return size == header.len ||
           kf_fail(err, KF_VALIDATION, FIELD ": its header has %zu characters, but %zu are used.",
                   header.len, size);
}

static bool check_header(struct opening *o, struct kf_error *err)
{
    bool aes = o->received.envelope.cipher == TR34_AES128_CBC;
    /* Which TDES key it is makes no difference here. */
    struct key_facts facts = {.algorithm = aes ? KEY_AES_128 : KEY_TDES_3KEY};

    if (!parse_header(o, err) || !import_check_whole(&o->header, err))
        return false;
    if (!strchr("AT", o->header.algorithm))
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": algorithm %c is not imported in a key token, only AES (A) and TDES "
                             "(T) are.",
                       o->header.algorithm);
    if (aes != (o->header.algorithm == 'A'))
        return kf_fail(err, KF_VALIDATION,
                       FIELD ": its content is encrypted by %s, but the header's algorithm is %c; "
                             "TDES keys come under DES-EDE3, AES keys under AES-128.",
                       aes ? "AES-128" : "DES-EDE3", o->header.algorithm);
    return check_token(o->job->service, o->header.algorithm, err) &&
           import_read_header(&o->header, &facts, err) &&
           receiver_check_strength(&o->receiver, facts.algorithm, err);
}

static bool check(struct opening *o, struct kf_error *err)
{
    struct import_job *job = o->job;

    if (!tr34_request_check_format(GIVEN(o->tr34, key_block_format), err) || !parse(o, err) ||
        !anchor_open(job->service, GIVEN(o->tr34, certificate_authority_public_key_identifier),
                     job->record, &o->anchor, err))
        return false;
    o->sender = anchor_read(&o->anchor, SENDER_FIELD, GIVEN(o->tr34, signing_key_certificate),
                            TR34_SENDER, job->record, err);
    return o->sender && check_crl(o, err) && check_signature(o, err) &&
           (o->received.attributes.nonce.len > 0 ? check_two_passes(o, err)
                                                 : check_one_pass(o, err)) &&
           receiver_open_tr34(job->service, o->tr34, job->record, &o->receiver, err) &&
           check_receiver(o, err) && check_header(o, err);
}

static bool take(struct opening *o, struct kf_error *err)
{
    const struct p11_token *token = &o->job->service->token;
    struct key_facts facts = {.usage = ""};
    CK_OBJECT_HANDLE key;
    size_t len;
    bool good;

    if (!import_tr34_open(token, o->receiver.pair.private_key, &o->received, &key, &len, err))
        return false;
    facts.algorithm = import_cipher_key(o->header.algorithm, len);
    good = import_read_header(&o->header, &facts, err) && import_take(o->job, key, &facts, err);
    op_destroy(token, &key);
    return good;
}

bool import_as_tr34(struct import_job *job, struct kf_error *err)
{
    struct opening o = {.job = job, .tr34 = &job->request->key_material.tr34_key_block};
    bool good = check(&o, err) && take(&o, err);

    tr34_certificate_free(o.sender);
    receiver_close(&o.receiver);
    anchor_close(&o.anchor);
    return good;
}
