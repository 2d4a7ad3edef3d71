/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sixteen characters. One rule of exportability: whatever may leave at all gets a letter from
 * its own on downwards (S: in any form, E: in key blocks only, N: no more). Without a word of the
 * caller's a key made or adopted here says E, whatever more is allowed here; an imported one keeps
 * its letter; and an initial key, which goes on to a terminal in whatever form that takes, says S.
 */
#include "daemon/worker/export_header.h"

#include <string.h>

#include "daemon/worker/export_blocks.h"
#include "daemon/worker/service_internal.h"
#include "tr31/text.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool set_mode(const struct key_facts *facts, const keyferry_KeyBlockHeaders *headers,
                     struct tr31_header *header, struct kf_error *err)
{
    struct kf_error inner = {0};
    struct key_modes modes;

    if (!headers->has_key_modes_of_use)
        return true;
    service_read_modes(&headers->key_modes_of_use, &modes);
    header->mode = key_modes_letter(&modes);
    return key_modes_check_narrower(facts->usage, facts->mode, header->mode, &inner) ||
           kf_fail(err, inner.status, EXPORT_HEADERS "%s.", inner.message);
}

/* From the freest to the strictest. */
static const struct {
    char letter;
    const char *name;
} exportabilities[] = {{'S', "SENSITIVE"}, {'E', "EXPORTABLE"}, {'N', "NON_EXPORTABLE"}};

static bool set_exportability(const struct key_facts *facts,
                              const keyferry_KeyBlockHeaders *headers, struct tr31_header *header,
                              struct kf_error *err)
{
    size_t own = 0, asked = 0;

    if (!headers->has_key_exportability)
        return true;
    while (asked < COUNT(exportabilities) &&
           strcmp(headers->key_exportability, exportabilities[asked].name) != 0)
        asked++;
    if (asked == COUNT(exportabilities))
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS
                       "KeyExportability: must be EXPORTABLE, NON_EXPORTABLE or SENSITIVE.");
    while (own + 1 < COUNT(exportabilities) && exportabilities[own].letter != facts->exportability)
        own++;
    if (asked < own)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS
                       "KeyExportability: %s is wider than the key's own %s; it can be narrowed "
                       "only, from SENSITIVE to EXPORTABLE to NON_EXPORTABLE.",
                       exportabilities[asked].name, exportabilities[own].name);
    header->exportability = exportabilities[asked].letter;
    return true;
}

static bool set_version(const keyferry_KeyBlockHeaders *headers, struct tr31_header *header,
                        struct kf_error *err)
{
    const char *version = headers->key_version;

    if (!headers->has_key_version)
        return true;
    if (strlen(version) != 2 || strspn(version, TR31_ALPHANUMERIC) != 2)
        return kf_fail(err, KF_VALIDATION,
                       EXPORT_HEADERS "KeyVersion: must be two of 0-9 and A-Z.");
    memcpy(header->key_version, version, sizeof header->key_version);
    return true;
}

static void inherit(const struct export_subject *subject, char version, struct tr31_header *header)
{
    const struct key_facts *facts = &subject->facts;

    header->version = version;
    memcpy(header->usage, facts->usage, sizeof header->usage);
    header->algorithm = key_algorithm_letter(facts->algorithm);
    header->mode = facts->mode;
    memcpy(header->key_version, facts->version, sizeof header->key_version);
    header->exportability = subject->ksn || facts->imported ? facts->exportability : 'E';
    header->context = '0';
}

bool export_header_make(const struct export_subject *subject, char version,
                        const struct key_facts *wrapping, const keyferry_KeyBlockHeaders *headers,
                        time_t now, struct export_header *out, struct kf_error *err)
{
    const struct key_facts *facts = &subject->facts;

    memset(out, 0, sizeof *out);
    inherit(subject, version, &out->tr31);
    if (headers && (!set_mode(facts, headers, &out->tr31, err) ||
                    !set_exportability(facts, headers, &out->tr31, err) ||
                    !set_version(headers, &out->tr31, err)))
        return false;
    return export_blocks_make(subject, wrapping, headers, now, out, err);
}
