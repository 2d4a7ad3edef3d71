/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operations; its order is the protocol's numbering, so that finding one is an index.
 */
#include "daemon/operation.h"

#include <stddef.h>

#include "wire/keyferry.pb.h"
#include "wire/message.h"

#define ROW(number, name, class, makes_keys)                                                 \
    [keyferry_Operation_OPERATION_##number] = {keyferry_Operation_OPERATION_##number, #name, \
                                               class, makes_keys, keyferry_##name##Reply_size}

static const struct operation table[] = {
    ROW(CREATE_KEY, CreateKey, CLASS_MANAGE, true),
    ROW(GET_KEY, GetKey, CLASS_VIEW, false),
    ROW(LIST_KEYS, ListKeys, CLASS_VIEW, false),
    ROW(DELETE_KEY, DeleteKey, CLASS_MANAGE, false),
    ROW(CREATE_ALIAS, CreateAlias, CLASS_MANAGE, false),
    ROW(UPDATE_ALIAS, UpdateAlias, CLASS_MANAGE, false),
    ROW(DELETE_ALIAS, DeleteAlias, CLASS_MANAGE, false),
    ROW(GET_ALIAS, GetAlias, CLASS_VIEW, false),
    ROW(LIST_ALIASES, ListAliases, CLASS_VIEW, false),
    ROW(EXPORT_KEY, ExportKey, CLASS_EXPORT, false),
    ROW(ADOPT_KEY, AdoptKey, CLASS_MANAGE, true),
    ROW(TOKEN, Token, CLASS_VIEW, false),
    ROW(STATUS, Status, CLASS_VIEW, false),
    ROW(IMPORT_KEY, ImportKey, CLASS_MANAGE, true),
    ROW(START_KEY_USAGE, StartKeyUsage, CLASS_MANAGE, false),
    ROW(STOP_KEY_USAGE, StopKeyUsage, CLASS_MANAGE, false),
    ROW(RESTORE_KEY, RestoreKey, CLASS_MANAGE, false),
    ROW(TAG_RESOURCE, TagResource, CLASS_MANAGE, false),
    ROW(UNTAG_RESOURCE, UntagResource, CLASS_MANAGE, false),
    ROW(LIST_TAGS_FOR_RESOURCE, ListTagsForResource, CLASS_VIEW, false),
    ROW(INIT_CA, InitCa, CLASS_TRUST, true),
    ROW(GET_PARAMETERS_FOR_EXPORT, GetParametersForExport, CLASS_TRUST, true),
    ROW(GET_PARAMETERS_FOR_IMPORT, GetParametersForImport, CLASS_TRUST, true),
    ROW(GET_PUBLIC_KEY_CERTIFICATE, GetPublicKeyCertificate, CLASS_TRUST, false),
    ROW(GET_CERTIFICATE_SIGNING_REQUEST, GetCertificateSigningRequest, CLASS_TRUST, false),
};

_Static_assert(sizeof table / sizeof *table == _keyferry_Operation_MAX + 1,
               "every operation has a row");

const struct operation *operation_find(uint32_t number)
{
    if (number >= sizeof table / sizeof *table || !table[number].name)
        return NULL;
    return &table[number];
}

size_t operation_response_max(uint32_t number)
{
    const struct operation *operation = operation_find(number);

    return WIRE_ENVELOPE_MAX + (operation ? operation->reply_max : 0);
}

const char *operation_class_name(enum operation_class class)
{
    switch (class) {
    case CLASS_VIEW:
        return "view";
    case CLASS_EXPORT:
        return "export";
    case CLASS_MANAGE:
        return "manage";
    case CLASS_TRUST:
        return "trust";
    }
    return "trust";
}
