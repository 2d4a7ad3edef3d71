/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon found out about its token, for a person to read. */
#include <stdio.h>
#include <string.h>

#include "daemon/worker/service_internal.h"
#include "p11/ops.h"
#include "base/utf8.h"

static void fill_operations(const struct service *service, keyferry_TokenReply *reply)
{
    for (size_t i = 0; i < P11_OPERATIONS; i++) {
        keyferry_TokenOperation *out = &reply->operations[reply->operations_count++];
        const struct p11_way *way = &service->token.ways[i];

        snprintf(out->operation, sizeof out->operation, "%s", op_name((enum p11_operation)i));
        out->has_mechanism = way->proven;
        out->has_reason = !way->proven;
        if (way->proven)
            snprintf(out->mechanism, sizeof out->mechanism, "%s%s", way->name,
                     way->drop_last_block ? " without padding" : "");
        else
            snprintf(out->reason, sizeof out->reason, "%s", service->profile.reasons[i]);
    }
}

/* What is possible for some keys only says for which it is not, and why. */
static void fill_format(const struct p11_token *token, enum profile_format format,
                        keyferry_TokenFormat *out)
{
    char tdes[sizeof out->reason], others[sizeof out->reason];
    bool with_tdes = profile_can(token, format, 'T', tdes, sizeof tdes);
    bool with_others = profile_can(token, format, 'A', others, sizeof others);

    out->possible = with_tdes || with_others;
    out->has_reason = !with_tdes || !with_others;
    if (out->possible && out->has_reason)
        snprintf(out->reason, sizeof out->reason, "not for %s keys: %.*s",
                 with_tdes ? "AES and HMAC" : "TDES", (int)sizeof out->reason - 40,
                 with_tdes ? others : tdes);
    else
        memcpy(out->reason, others, sizeof out->reason);
}

static void fill_formats(const struct service *service, keyferry_TokenReply *reply)
{
    for (size_t i = 0; i < PROFILE_FORMATS; i++) {
        keyferry_TokenFormat *out = &reply->formats[reply->formats_count++];
        enum profile_format format = (enum profile_format)i;

        snprintf(out->format, sizeof out->format, "%s", profile_format_name(format));
        fill_format(&service->token, format, out);
    }
}

static void fill_checks(const struct service *service, keyferry_TokenReply *reply)
{
    static const char *const results[] = {[PROFILE_PASSED] = "passed",
                                          [PROFILE_FAILED] = "failed",
                                          [PROFILE_NOT_APPLICABLE] = "not applicable"};
    char failed[400];

    for (size_t i = 0; i < PROFILE_CHECKS; i++) {
        keyferry_TokenCheck *out = &reply->checks[reply->checks_count++];
        const char *detail = service->profile.details[i];

        snprintf(out->check, sizeof out->check, "%s", profile_check_name((enum profile_check)i));
        snprintf(out->result, sizeof out->result, "%s", results[service->profile.checks[i]]);
        out->has_detail = detail[0] != '\0';
        snprintf(out->detail, sizeof out->detail, "%.*s", (int)sizeof out->detail - 1, detail);
    }
    reply->trusted = profile_trusted(&service->profile, failed, sizeof failed);
}

/* Another tool's label is any bytes: what a reader of UTF-8, or a terminal, would stumble over
 * becomes a question mark. */
static void show(const char *text, char *out, size_t room)
{
    size_t left = strlen(text), used = 0;

    while (left > 0) {
        size_t size = utf8_sequence((const uint8_t *)text, left);
        bool good = size > 1 || (size == 1 && *text >= 0x20 && *text != 0x7F);

        size = size ? size : 1;
        if (used + size >= room)
            break;
        if (good) {
            memcpy(out + used, text, size);
            used += size;
        } else {
            out[used++] = '?';
        }
        text += size;
        left -= size;
    }
    out[used] = '\0';
}

static void add_finding(void *context, const char *kind, const char *object, const char *detail)
{
    keyferry_TokenReply *reply = context;
    keyferry_TokenFinding *out;

    if (reply->findings_count == sizeof reply->findings / sizeof reply->findings[0]) {
        reply->more_findings++;
        return;
    }
    out = &reply->findings[reply->findings_count++];
    snprintf(out->kind, sizeof out->kind, "%s", kind);
    show(object, out->object, sizeof out->object);
    snprintf(out->detail, sizeof out->detail, "%s", detail);
}

bool op_describe_token(struct service *service, const void *request, void *reply_,
                       struct record *record, struct kf_error *err)
{
    keyferry_TokenReply *reply = reply_;
    const struct p11_token_info *info = p11_session_token(service->session);

    (void)request;
    (void)record;
    snprintf(reply->label, sizeof reply->label, "%s", info->label);
    snprintf(reply->manufacturer, sizeof reply->manufacturer, "%s", info->manufacturer);
    snprintf(reply->model, sizeof reply->model, "%s", info->model);
    snprintf(reply->serial_number, sizeof reply->serial_number, "%s", info->serial);
    snprintf(reply->library, sizeof reply->library, "%s", p11_session_library(service->session));
    fill_operations(service, reply);
    fill_formats(service, reply);
    fill_checks(service, reply);
    return store_inspect(service->store, add_finding, reply, err);
}
