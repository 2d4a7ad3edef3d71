/* SPDX-License-Identifier: Apache-2.0 */
/* Tr34KeyBlock: who sends, to whom, under which header. The recipe itself is export_tr34.c. */
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "daemon/worker/anchor.h"
#include "daemon/worker/authority.h"
#include "daemon/worker/export.h"
#include "daemon/worker/export_tr34.h"
#include "daemon/worker/sender.h"
#include "daemon/worker/tr34_request.h"
#include "tr31/keyblock.h"

#define DAY (24 * 3600)

/* algorithm: the key's letter; 0 as long as nothing is looked up. */
static bool check_token(const struct service *service, char algorithm, struct kf_error *err)
{
    char text[400];

    return profile_can(&service->token, FORMAT_TR34, algorithm, text, sizeof text) ||
           kf_fail(err, KF_VALIDATION, "KeyMaterial: this token cannot make TR-34 key tokens: %s",
                   text);
}

/*
 * The header as text. TR-34 states nothing about its version and length but what the samples have:
 * version A for TDES, D for AES, and 0256, which says nothing about the key's length. Optional
 * blocks are laid out as in a key block of the key's own cipher.
 */
static bool write_header(const struct export_job *job, const keyferry_KeyBlockHeaders *headers,
                         char out[TR34_HEADER_MAX + 1], struct kf_error *err)
{
    const struct key_facts *facts = &job->subject.facts;
    bool aes = key_algorithm_is_aes(facts->algorithm);
    uint8_t filler[TR31_FILLER_MAX];
    struct export_header header;
    struct tr31_layout layout;

    if (!export_header_make(&job->subject, aes ? 'D' : 'B', NULL, headers, time(NULL), &header,
                            err) ||
        !tr31_layout_make(&header.tr31, key_facts_bytes(facts), true, &layout, err))
        return false;
    if (layout.header_size > TR34_HEADER_MAX)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS "OptionalBlocks: make a header of %zu characters; a key "
                                      "token has room for %d.",
                       layout.header_size, TR34_HEADER_MAX);
    if (!random_take(&job->service->random, &job->service->token, filler, layout.filler_len, err))
        return false;
    tr31_layout_header(&header.tr31, &layout, filler, out);
    memcpy(out, aes ? "D0256" : "A0256", 5);
    return true;
}

/* Everything that one token is made of. */
struct making {
    struct export_job *job;
    const keyferry_ExportTr34KeyBlock *tr34;
    struct anchor anchor;
    struct tr34_certificate *recipient;
    struct sender sender;
    uint8_t nonce[TR34_NONCE_MAX];
    char header[TR34_HEADER_MAX + 1];
    uint8_t crl[CERTIFICATE_MAX];
    struct export_tr34 what;
};

static bool read_layout(struct making *m, struct kf_error *err)
{
    const char *layout = GIVEN(m->tr34, layout);

    m->what.layout = TR34_AWS2012;
    return tr34_request_check_format(GIVEN(m->tr34, key_block_format), err) &&
           (!layout || tr34_layout_find("Layout", layout, &m->what.layout, err));
}

/* The revocation list of the sender's CA, where the layout has one in it. */
static bool add_crl(struct making *m, struct kf_error *err)
{
    struct authority authority;
    bool good;

    if (tr34_form(m->what.layout)->crl != TR34_CRL_REQUIRED)
        return true;
    if (!m->sender.own)
        return kf_fail(err, KF_VALIDATION,
                       "Layout: %s has the revocation list of the sender's CA in it, which is "
                       "known for an ExportToken only.",
                       tr34_form(m->what.layout)->name);
    m->what.crl.bytes = m->crl;
    good = authority_open(m->job->service, &authority, err) &&
           authority_crl(
               &authority,
               authority_until(&authority, tr34_certificate_not_after(m->sender.certificate)),
               m->crl, sizeof m->crl, &m->what.crl.len, err);
    authority_close(&authority);
    return good;
}

static bool prepare(struct making *m, struct kf_error *err)
{
    struct export_job *job = m->job;
    const struct key_facts *facts = &job->subject.facts;

    if (!export_find(job, err) || !export_choose(job, err) ||
        !check_token(job->service, key_algorithm_letter(facts->algorithm), err) ||
        !export_check_recipient(m->recipient, tr34_request_recipient_field(m->tr34), facts, err) ||
        !write_header(job, m->tr34->has_key_block_headers ? &m->tr34->key_block_headers : NULL,
                      m->header, err) ||
        !export_take(job, err))
        return false;
    m->what.key = job->subject.object;
    m->what.key_len = key_facts_bytes(facts);
    m->what.aes = key_algorithm_is_aes(facts->algorithm);
    m->what.attributes.header = (struct der_view){(const uint8_t *)m->header, strlen(m->header)};
    m->what.attributes.signing_time = time(NULL);
    m->what.recipient = m->recipient;
    m->what.signing = m->sender.signing;
    m->what.signer = m->sender.certificate;
    return true;
}

static bool write_token(struct making *m, struct kf_error *err)
{
    keyferry_WrappedKey *wrapped = &m->job->reply->wrapped_key;
    uint8_t token[TR34_TOKEN_MAX];
    size_t len;

    if (!export_tr34(&m->job->service->token, &m->job->service->random, &m->what, token, &len, err))
        return false;
    if (2 * len >= sizeof wrapped->key_material)
        return kf_fail(err, KF_VALIDATION,
                       "Tr34KeyBlock: makes a key token of %zu bytes; a reply has room for %zu.",
                       len, sizeof wrapped->key_material / 2);
    hex_encode(token, len, wrapped->key_material);
    return true;
}

bool export_as_tr34(struct export_job *job, struct kf_error *err)
{
    struct making m = {.job = job, .tr34 = &job->request->key_material.tr34_key_block};
    const char *identifier = GIVEN(m.tr34, certificate_authority_public_key_identifier);
    bool good = false;

    if (!read_layout(&m, err) || !check_token(job->service, 0, err) ||
        !tr34_request_nonce(m.tr34, m.nonce, &m.what.attributes.nonce, err) ||
        !export_find(job, err) ||
        !anchor_open(job->service, identifier, job->record, &m.anchor, err))
        goto out;
    m.recipient = tr34_request_recipient(m.tr34, err);
    good = m.recipient &&
           anchor_check(&m.anchor, m.recipient, tr34_request_recipient_field(m.tr34),
                        TR34_RECIPIENT, job->record, err) &&
           sender_open(job->service, m.tr34, job->record, &m.sender, err) && add_crl(&m, err) &&
           prepare(&m, err) && write_token(&m, err);
    if (good) {
        export_fill_reply(job, m.anchor.name, TR34_FORMAT);
        service_record_material(job->record, TR34_FORMAT, m.header,
                                job->reply->wrapped_key.key_material);
    }

out:
    tr34_certificate_free(m.recipient);
    sender_close(&m.sender);
    anchor_close(&m.anchor);
    return good;
}
