/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver may do with the key is what it may do here; EXPORTABLE says "in key blocks",
 * whatever more is allowed here; an imported key keeps the letter it came with. An initial key goes
 * on to a terminal in whatever form that takes: SENSITIVE. */
#include "daemon/worker/export_header.h"

#include <string.h>

bool export_header_make(const struct export_subject *subject, const struct p11_key *wrapping,
                        const keyferry_KeyBlockHeaders *headers, struct tr31_header *header,
                        struct kf_error *err)
{
    const struct key_facts *facts = &subject->facts;
    const char *hash = key_algorithm_hash_code(facts->algorithm);

    if (headers)
        return kf_fail(err, KF_VALIDATION, "KeyBlockHeaders: cannot be given.");
    memset(header, 0, sizeof *header);
    header->version = tr31_version_for(wrapping->facts.algorithm);
    memcpy(header->usage, facts->usage, sizeof header->usage);
    header->algorithm = key_algorithm_letter(facts->algorithm);
    header->mode = facts->mode;
    memcpy(header->key_version, facts->version, sizeof header->key_version);
    header->exportability = subject->ksn ? 'S' : facts->imported ? facts->exportability : 'E';
    header->context = '0';
    /* The letter H says HMAC, HM says of which hash. */
    return !hash || tr31_optblocks_add(&header->optional, "HM", hash, strlen(hash), err);
}
