/* SPDX-License-Identifier: Apache-2.0 */
/* nanopb's descriptors have no names, but the lists of members that it generates do. */
#include "wire/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wire/keyferry.pb.h"

/* Requests with members, and what these hold. */
#define MESSAGES(EACH)                   \
    EACH(KeyModesOfUse)                  \
    EACH(KeyAttributes)                  \
    EACH(Tag)                            \
    EACH(CreateKeyRequest)               \
    EACH(GetKeyRequest)                  \
    EACH(ListKeysRequest)                \
    EACH(DeleteKeyRequest)               \
    EACH(RestoreKeyRequest)              \
    EACH(StartKeyUsageRequest)           \
    EACH(StopKeyUsageRequest)            \
    EACH(TagResourceRequest)             \
    EACH(UntagResourceRequest)           \
    EACH(ListTagsForResourceRequest)     \
    EACH(CreateAliasRequest)             \
    EACH(UpdateAliasRequest)             \
    EACH(DeleteAliasRequest)             \
    EACH(GetAliasRequest)                \
    EACH(ListAliasesRequest)             \
    EACH(OptionalBlock)                  \
    EACH(KeyBlockHeaders)                \
    EACH(ExportTr31KeyBlock)             \
    EACH(ExportKeyMaterial)              \
    EACH(ExportDukptInitialKey)          \
    EACH(ExportAttributes)               \
    EACH(ExportKeyRequest)               \
    EACH(ExportTr34KeyBlock)             \
    EACH(ExportKeyCryptogram)            \
    EACH(ImportTr31KeyBlock)             \
    EACH(RootCertificatePublicKey)       \
    EACH(TrustedCertificatePublicKey)    \
    EACH(ImportTr34KeyBlock)             \
    EACH(ImportKeyCryptogram)            \
    EACH(ImportKeyMaterial)              \
    EACH(ImportKeyRequest)               \
    EACH(AdoptKeyRequest)                \
    EACH(CertificateSubject)             \
    EACH(InitCaRequest)                  \
    EACH(GetParametersForExportRequest)  \
    EACH(GetParametersForImportRequest)  \
    EACH(GetPublicKeyCertificateRequest) \
    EACH(GetCertificateSigningRequestRequest)

struct name {
    uint32_t tag;
    const char *name;
};

#define NAME(argument, allocation, rule, kind, field, number) {number, #field},
#define NAMES(message) \
    static const struct name message##_names[] = {keyferry_##message##_FIELDLIST(NAME, 0){0, NULL}};
MESSAGES(NAMES)

#define ROW(message) {keyferry_##message##_fields, message##_names},
static const struct {
    const pb_msgdesc_t *type;
    const struct name *names;
} table[] = {MESSAGES(ROW)};

static const char *find(const pb_msgdesc_t *type, uint32_t tag)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (const struct name *each = table[i].names; table[i].type == type && each->name; each++)
            if (each->tag == tag)
                return each->name;
    return NULL;
}

void wire_member_name(const pb_msgdesc_t *type, uint32_t tag, char out[WIRE_NAME_MAX])
{
    const char *name = find(type, tag);
    size_t len = 0;
    bool upper = true;

    if (!name) {
        snprintf(out, WIRE_NAME_MAX, "member number %u", (unsigned)tag);
        return;
    }
    /* A member of a oneof is listed as (group,member,place). */
    if (*name == '(')
        name = strchr(name, ',') + 1;
    for (; *name && *name != ',' && len < WIRE_NAME_MAX - 1; name++) {
        if (*name != '_')
            out[len++] = (char)(upper ? toupper((unsigned char)*name) : *name);
        upper = *name == '_';
    }
    out[len] = '\0';
}
