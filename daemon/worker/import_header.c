/* SPDX-License-Identifier: Apache-2.0 */
/* What the header of a key block, or of a key token, makes of the key that came with it. */
#include <string.h>

#include "daemon/worker/import.h"

bool import_refuse_block(const struct kf_error *why, struct kf_error *err)
{
    return kf_fail(err, why->status, IMPORT_BLOCK_FIELD ": %.480s", why->message);
}

bool import_check_whole(const struct tr31_header *header, struct kf_error *err)
{
    return header->key_version[0] != 'c' ||
           kf_fail(err, KF_VALIDATION,
                   IMPORT_BLOCK_FIELD ": key version %s says that it holds a component of a key; "
                                      "only whole keys are imported.",
                   header->key_version);
}

enum key_algorithm import_cipher_key(char letter, size_t len)
{
    if (letter == 'T')
        return len == 16 ? KEY_TDES_2KEY : KEY_TDES_3KEY;
    return len == 16 ? KEY_AES_128 : len == 24 ? KEY_AES_192 : KEY_AES_256;
}

bool import_read_header(const struct tr31_header *header, struct key_facts *facts,
                        struct kf_error *err)
{
    struct kf_error why = {0};

    memcpy(facts->usage, header->usage, sizeof facts->usage);
    memcpy(facts->version, header->key_version, sizeof facts->version);
    facts->mode = header->mode;
    facts->exportability = header->exportability;
    facts->external = facts->imported = true;
    return key_attributes_check_import(facts->usage, facts->algorithm, facts->mode, &why) ||
           import_refuse_block(&why, err);
}
