/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that name things: labels in the token, identifiers and URIs. The first byte chooses. */
#include <p11-kit/uri.h>

#include "daemon/worker/identifier.h"
#include "p11/role.h"
#include "test/fuzz/fuzz.h"

/* What is read is what would be written. */
static void take_label(const char *label)
{
    struct key_facts facts;
    struct key_state state;
    char again[LABEL_MAX], alias[ALIAS_NAME_MAX + 1], name[KEY_NAME_LEN + 1];

    if (label_read_object(label, role_name(ROLE_EXPORT), &facts)) {
        label_write_object(role_name(ROLE_EXPORT), &facts, again);
        FUZZ_HOLDS(strcmp(again, label) == 0);
    }
    if (label_read_card(label, &facts, &state)) {
        label_write_card(&facts, &state, again);
        FUZZ_HOLDS(strcmp(again, label) == 0 && tags_count(state.tags) <= TAGS_MAX);
    }
    if (label_read_alias(label, alias, name)) {
        label_write_alias(alias, name, again);
        FUZZ_HOLDS(strcmp(again, label) == 0);
    }
}

static void take_identifier(const char *text)
{
    struct kf_error err = {0};
    struct identifier identifier;

    if (identifier_parse("F", text, &identifier, &err))
        FUZZ_HOLDS(identifier.name[0] && strstr(text, identifier.name));
    else
        FUZZ_HOLDS(err.status == KF_VALIDATION || err.status == KF_NOT_FOUND);
}

static void take_uri(const char *text)
{
    P11KitUri *uri = p11_kit_uri_new();

    if (uri && p11_kit_uri_parse(text, P11_KIT_URI_FOR_TOKEN | P11_KIT_URI_FOR_MODULE, uri) ==
                   P11_KIT_URI_OK)
        p11_kit_uri_any_unrecognized(uri);
    p11_kit_uri_free(uri);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        if (strlen(text) < LABEL_MAX)
            take_label(text);
        break;
    case 1:
        take_identifier(text);
        break;
    default:
        take_uri(text);
    }
    free(text);
    return 0;
}
