/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: every message's members in the order of AWS's model, and every operation. */
#include "client/shape.h"

/* A member of a message: the protocol's name, AWS's name, the line of help. */
#define MEMBER(message, field, aws, text)                                                          \
    {                                                                                              \
        .name = aws, .tag = keyferry_##message##_##field##_tag, .help = text                       \
    }
#define STRUCTURE(message, field, aws, inner, text)                                                \
    {                                                                                              \
        .name = aws, .tag = keyferry_##message##_##field##_tag, .shape = &inner##_shape,           \
        .help = text                                                                               \
    }
#define TIMESTAMP(message, field, aws)                                                             \
    {                                                                                              \
        .name = aws, .tag = keyferry_##message##_##field##_tag, .timestamp = true                  \
    }
#define SHAPE(message, list, ...)                                                                  \
    static const struct shape message##_shape = {.type = keyferry_##message##_fields,              \
                                                 .size = sizeof(keyferry_##message),               \
                                                 .members = list,                                  \
                                                 .count = sizeof list / sizeof *list,              \
                                                 __VA_ARGS__}
/* A message without members. */
#define EMPTY_SHAPE(message)                                                                       \
    static const struct shape message##_shape = {.type = keyferry_##message##_fields,              \
                                                 .size = sizeof(keyferry_##message)}

#define HELP_IDENTIFIER "Key id, ARN or alias/NAME."

static const struct member modes[] = {
    MEMBER(KeyModesOfUse, encrypt, "Encrypt", "Encrypt data."),
    MEMBER(KeyModesOfUse, decrypt, "Decrypt", "Decrypt data."),
    MEMBER(KeyModesOfUse, wrap, "Wrap", "Wrap other keys."),
    MEMBER(KeyModesOfUse, unwrap, "Unwrap", "Unwrap other keys."),
    MEMBER(KeyModesOfUse, generate, "Generate", "Generate MACs, card values and PINs."),
    MEMBER(KeyModesOfUse, sign, "Sign", "Sign."),
    MEMBER(KeyModesOfUse, verify, "Verify", "Verify MACs, values and signatures."),
    MEMBER(KeyModesOfUse, derive_key, "DeriveKey", "Derive other keys."),
    MEMBER(KeyModesOfUse, no_restrictions, "NoRestrictions", "All that the usage allows."),
};
SHAPE(KeyModesOfUse, modes, .primitive = true);

static const struct member attributes[] = {
    MEMBER(KeyAttributes, key_usage, "KeyUsage", "Such as TR31_K1_KEY_BLOCK_PROTECTION_KEY."),
    MEMBER(KeyAttributes, key_class, "KeyClass", "SYMMETRIC_KEY."),
    MEMBER(KeyAttributes, key_algorithm, "KeyAlgorithm", "Such as AES_256 or TDES_2KEY."),
    STRUCTURE(KeyAttributes, key_modes_of_use, "KeyModesOfUse", KeyModesOfUse, "What it may do."),
};
SHAPE(KeyAttributes, attributes);

static const struct member key[] = {
    MEMBER(Key, key_arn, "KeyArn", NULL),
    STRUCTURE(Key, key_attributes, "KeyAttributes", KeyAttributes, NULL),
    MEMBER(Key, key_check_value, "KeyCheckValue", NULL),
    MEMBER(Key, key_check_value_algorithm, "KeyCheckValueAlgorithm", NULL),
    MEMBER(Key, enabled, "Enabled", NULL),
    MEMBER(Key, exportable, "Exportable", NULL),
    MEMBER(Key, key_state, "KeyState", NULL),
    MEMBER(Key, key_origin, "KeyOrigin", NULL),
    TIMESTAMP(Key, create_timestamp, "CreateTimestamp"),
    TIMESTAMP(Key, usage_start_timestamp, "UsageStartTimestamp"),
    TIMESTAMP(Key, usage_stop_timestamp, "UsageStopTimestamp"),
    TIMESTAMP(Key, delete_pending_timestamp, "DeletePendingTimestamp"),
    TIMESTAMP(Key, delete_timestamp, "DeleteTimestamp"),
};
SHAPE(Key, key);

static const struct member create_key[] = {
    STRUCTURE(CreateKeyRequest, key_attributes, "KeyAttributes", KeyAttributes,
              "Usage, class, algorithm and modes of the key."),
    MEMBER(CreateKeyRequest, key_check_value_algorithm, "KeyCheckValueAlgorithm",
           "ANSI_X9_24 for TDES, CMAC for AES; by default the key's own."),
    MEMBER(CreateKeyRequest, exportable, "Exportable", "Whether the key may ever be exported."),
    MEMBER(CreateKeyRequest, enabled, "Enabled",
           "Whether the key may be used at once (the default)."),
};
SHAPE(CreateKeyRequest, create_key);
static const struct member create_key_reply[] = {
    STRUCTURE(CreateKeyReply, key, "Key", Key, NULL),
};
SHAPE(CreateKeyReply, create_key_reply);

static const struct member get_key[] = {
    MEMBER(GetKeyRequest, key_identifier, "KeyIdentifier", HELP_IDENTIFIER),
};
SHAPE(GetKeyRequest, get_key);
static const struct member get_key_reply[] = {
    STRUCTURE(GetKeyReply, key, "Key", Key, NULL),
};
SHAPE(GetKeyReply, get_key_reply);

static const struct member key_summary[] = {
    MEMBER(KeySummary, key_arn, "KeyArn", NULL),
    MEMBER(KeySummary, key_state, "KeyState", NULL),
    STRUCTURE(KeySummary, key_attributes, "KeyAttributes", KeyAttributes, NULL),
    MEMBER(KeySummary, key_check_value, "KeyCheckValue", NULL),
    MEMBER(KeySummary, exportable, "Exportable", NULL),
    MEMBER(KeySummary, enabled, "Enabled", NULL),
};
SHAPE(KeySummary, key_summary);
static const struct member list_keys[] = {
    MEMBER(ListKeysRequest, key_state, "KeyState",
           "Only keys in this state: CREATE_COMPLETE or DELETE_PENDING."),
    MEMBER(ListKeysRequest, next_token, "NextToken",
           "NextToken of the page before; one page only."),
    MEMBER(ListKeysRequest, max_results, "MaxResults", "Keys in a page, 1 to 100; one page only."),
};
SHAPE(ListKeysRequest, list_keys);
static const struct member list_keys_reply[] = {
    STRUCTURE(ListKeysReply, keys, "Keys", KeySummary, NULL),
    MEMBER(ListKeysReply, next_token, "NextToken", NULL),
};
SHAPE(ListKeysReply, list_keys_reply);

static const struct member delete_key[] = {
    MEMBER(DeleteKeyRequest, key_identifier, "KeyIdentifier", HELP_IDENTIFIER),
    MEMBER(DeleteKeyRequest, delete_key_in_days, "DeleteKeyInDays",
           "Days until it is destroyed, 3 to 180; by default 7."),
};
SHAPE(DeleteKeyRequest, delete_key);
static const struct member delete_key_reply[] = {
    STRUCTURE(DeleteKeyReply, key, "Key", Key, NULL),
};
SHAPE(DeleteKeyReply, delete_key_reply);

static const struct member alias[] = {
    MEMBER(Alias, alias_name, "AliasName", NULL),
    MEMBER(Alias, key_arn, "KeyArn", NULL),
};
SHAPE(Alias, alias);
static const struct member create_alias[] = {
    MEMBER(CreateAliasRequest, alias_name, "AliasName", "The new alias: alias/NAME."),
    MEMBER(CreateAliasRequest, key_arn, "KeyArn",
           "ARN or id of the key; none for an alias of no key."),
};
SHAPE(CreateAliasRequest, create_alias);
static const struct member create_alias_reply[] = {
    STRUCTURE(CreateAliasReply, alias, "Alias", Alias, NULL),
};
SHAPE(CreateAliasReply, create_alias_reply);
static const struct member update_alias[] = {
    MEMBER(UpdateAliasRequest, alias_name, "AliasName", "The alias: alias/NAME."),
    MEMBER(UpdateAliasRequest, key_arn, "KeyArn",
           "ARN or id of the key; none to take the alias off its key."),
};
SHAPE(UpdateAliasRequest, update_alias);
static const struct member update_alias_reply[] = {
    STRUCTURE(UpdateAliasReply, alias, "Alias", Alias, NULL),
};
SHAPE(UpdateAliasReply, update_alias_reply);
static const struct member delete_alias[] = {
    MEMBER(DeleteAliasRequest, alias_name, "AliasName", "The alias: alias/NAME."),
};
SHAPE(DeleteAliasRequest, delete_alias);
EMPTY_SHAPE(DeleteAliasReply);
static const struct member get_alias[] = {
    MEMBER(GetAliasRequest, alias_name, "AliasName", "The alias: alias/NAME."),
};
SHAPE(GetAliasRequest, get_alias);
static const struct member get_alias_reply[] = {
    STRUCTURE(GetAliasReply, alias, "Alias", Alias, NULL),
};
SHAPE(GetAliasReply, get_alias_reply);
static const struct member list_aliases[] = {
    MEMBER(ListAliasesRequest, key_arn, "KeyArn", "Only aliases of this key: its ARN or id."),
    MEMBER(ListAliasesRequest, next_token, "NextToken",
           "NextToken of the page before; one page only."),
    MEMBER(ListAliasesRequest, max_results, "MaxResults",
           "Aliases in a page, 1 to 100; one page only."),
};
SHAPE(ListAliasesRequest, list_aliases);
static const struct member list_aliases_reply[] = {
    STRUCTURE(ListAliasesReply, aliases, "Aliases", Alias, NULL),
    MEMBER(ListAliasesReply, next_token, "NextToken", NULL),
};
SHAPE(ListAliasesReply, list_aliases_reply);

static const struct member tr31_key_block[] = {
    MEMBER(ExportTr31KeyBlock, wrapping_key_identifier, "WrappingKeyIdentifier", HELP_IDENTIFIER),
};
SHAPE(ExportTr31KeyBlock, tr31_key_block);
static const struct member key_material[] = {
    STRUCTURE(ExportKeyMaterial, tr31_key_block, "Tr31KeyBlock", ExportTr31KeyBlock,
              "As a TR-31 key block under a key of this token."),
};
SHAPE(ExportKeyMaterial, key_material);
static const struct member export_key[] = {
    STRUCTURE(ExportKeyRequest, key_material, "KeyMaterial", ExportKeyMaterial,
              "The format, and what it needs."),
    MEMBER(ExportKeyRequest, export_key_identifier, "ExportKeyIdentifier",
           "The key to export: key id, ARN or alias/NAME."),
};
SHAPE(ExportKeyRequest, export_key);
static const struct member wrapped_key[] = {
    MEMBER(WrappedKey, wrapping_key_arn, "WrappingKeyArn", NULL),
    MEMBER(WrappedKey, wrapped_key_material_format, "WrappedKeyMaterialFormat", NULL),
    MEMBER(WrappedKey, key_material, "KeyMaterial", NULL),
    MEMBER(WrappedKey, key_check_value, "KeyCheckValue", NULL),
    MEMBER(WrappedKey, key_check_value_algorithm, "KeyCheckValueAlgorithm", NULL),
};
SHAPE(WrappedKey, wrapped_key);
static const struct member export_key_reply[] = {
    STRUCTURE(ExportKeyReply, wrapped_key, "WrappedKey", WrappedKey, NULL),
    MEMBER(ExportKeyReply, export_key_arn, "ExportKeyArn", NULL),
};
SHAPE(ExportKeyReply, export_key_reply);

static const struct member adopt_key[] = {
    {.name = "ObjectLabel",
     .tag = keyferry_AdoptKeyRequest_object_label_tag,
     .option = "object",
     .help = "CKA_LABEL of the secret key in the token; exactly one object may have it."},
    STRUCTURE(AdoptKeyRequest, key_attributes, "KeyAttributes", KeyAttributes,
              "Usage, class, algorithm and modes of the key."),
    MEMBER(AdoptKeyRequest, exportable, "Exportable", "Whether the key may ever be exported."),
    MEMBER(AdoptKeyRequest, alias_name, "AliasName", "An alias to make for it: alias/NAME."),
    MEMBER(AdoptKeyRequest, keep_source, "KeepSource",
           "Leave the source object in the token; by default it is destroyed."),
};
SHAPE(AdoptKeyRequest, adopt_key);
static const struct member adopt_key_reply[] = {
    STRUCTURE(AdoptKeyReply, key, "Key", Key, NULL),
    STRUCTURE(AdoptKeyReply, alias, "Alias", Alias, NULL),
};
SHAPE(AdoptKeyReply, adopt_key_reply);

static const struct member token_operation[] = {
    MEMBER(TokenOperation, operation, "Operation", NULL),
    MEMBER(TokenOperation, mechanism, "Mechanism", NULL),
    MEMBER(TokenOperation, reason, "Reason", NULL),
};
SHAPE(TokenOperation, token_operation);
static const struct member token_format[] = {
    MEMBER(TokenFormat, format, "Format", NULL),
    MEMBER(TokenFormat, possible, "Possible", NULL),
    MEMBER(TokenFormat, reason, "Reason", NULL),
};
SHAPE(TokenFormat, token_format);
static const struct member token_check[] = {
    MEMBER(TokenCheck, check, "Check", NULL),
    MEMBER(TokenCheck, result, "Result", NULL),
    MEMBER(TokenCheck, detail, "Detail", NULL),
};
SHAPE(TokenCheck, token_check);
static const struct member token_finding[] = {
    MEMBER(TokenFinding, kind, "Kind", NULL),
    MEMBER(TokenFinding, object, "Object", NULL),
    MEMBER(TokenFinding, detail, "Detail", NULL),
};
SHAPE(TokenFinding, token_finding);
EMPTY_SHAPE(TokenRequest);
static const struct member token_reply[] = {
    MEMBER(TokenReply, label, "Label", NULL),
    MEMBER(TokenReply, manufacturer, "Manufacturer", NULL),
    MEMBER(TokenReply, model, "Model", NULL),
    MEMBER(TokenReply, serial_number, "SerialNumber", NULL),
    MEMBER(TokenReply, library, "Library", NULL),
    MEMBER(TokenReply, trusted, "Trusted", NULL),
    STRUCTURE(TokenReply, formats, "Formats", TokenFormat, NULL),
    STRUCTURE(TokenReply, operations, "Operations", TokenOperation, NULL),
    STRUCTURE(TokenReply, checks, "Checks", TokenCheck, NULL),
    STRUCTURE(TokenReply, findings, "Findings", TokenFinding, NULL),
    MEMBER(TokenReply, more_findings, "MoreFindings", NULL),
};
SHAPE(TokenReply, token_reply);

EMPTY_SHAPE(StatusRequest);
static const struct member status_reply[] = {
    MEMBER(StatusReply, state, "State", NULL),
    MEMBER(StatusReply, reason, "Reason", NULL),
    MEMBER(StatusReply, workers, "Workers", NULL),
    MEMBER(StatusReply, workers_ready, "WorkersReady", NULL),
    MEMBER(StatusReply, connections, "Connections", NULL),
    MEMBER(StatusReply, jobs, "Jobs", NULL),
    MEMBER(StatusReply, uptime_seconds, "UptimeSeconds", NULL),
    MEMBER(StatusReply, version, "Version", NULL),
};
SHAPE(StatusReply, status_reply);

#define OPERATION(id, command, message, pages, text, usage)                                        \
    {                                                                                              \
        .name = command, .number = keyferry_Operation_OPERATION_##id,                              \
        .request = &message##Request_shape, .reply = &message##Reply_shape, .list = pages,         \
        .summary = text, .example = usage                                                          \
    }

const struct operation operations[] = {
    OPERATION(CREATE_KEY, "create-key", CreateKey, NULL, "Make a key in the token.",
              "keyferry create-key --exportable --key-attributes "
              "KeyAlgorithm=AES_256,KeyUsage=TR31_K1_KEY_BLOCK_PROTECTION_KEY,"
              "KeyClass=SYMMETRIC_KEY,KeyModesOfUse='{Wrap=true,Unwrap=true,Encrypt=true,"
              "Decrypt=true}'"),
    OPERATION(GET_KEY, "get-key", GetKey, NULL, "Show a key's attributes, state and check value.",
              "keyferry get-key --key-identifier alias/kek"),
    OPERATION(LIST_KEYS, "list-keys", ListKeys, "Keys", "List the keys.",
              "keyferry list-keys --output text"),
    OPERATION(DELETE_KEY, "delete-key", DeleteKey, NULL,
              "Stop a key's use at once and destroy it when its waiting time is over.",
              "keyferry delete-key --key-identifier alias/old-kek --delete-key-in-days 30"),
    OPERATION(CREATE_ALIAS, "create-alias", CreateAlias, NULL, "Give a key a name.",
              "keyferry create-alias --alias-name alias/kek --key-arn 5rplquuwozodpwsp"),
    OPERATION(UPDATE_ALIAS, "update-alias", UpdateAlias, NULL,
              "Let an alias name another key, or none.",
              "keyferry update-alias --alias-name alias/kek --key-arn ov6icy4ryas4zcza"),
    OPERATION(DELETE_ALIAS, "delete-alias", DeleteAlias, NULL, "Remove an alias; its key stays.",
              "keyferry delete-alias --alias-name alias/kek"),
    OPERATION(GET_ALIAS, "get-alias", GetAlias, NULL, "Show which key an alias names.",
              "keyferry get-alias --alias-name alias/kek"),
    OPERATION(LIST_ALIASES, "list-aliases", ListAliases, "Aliases", "List the aliases.",
              "keyferry list-aliases --output text"),
    OPERATION(EXPORT_KEY, "export-key", ExportKey, NULL,
              "Export a key, wrapped under another key, as the receiving party can import it.",
              "keyferry export-key --export-key-identifier alias/bdk --key-material "
              "Tr31KeyBlock='{WrappingKeyIdentifier=alias/kek}'"),
    OPERATION(ADOPT_KEY, "adopt-key", AdoptKey, NULL,
              "Take over a secret key that another tool put into the token.",
              "keyferry adopt-key --object old-bdk --alias-name alias/bdk --exportable "
              "--key-attributes KeyAlgorithm=TDES_2KEY,KeyUsage=TR31_B0_BASE_DERIVATION_KEY,"
              "KeyClass=SYMMETRIC_KEY,KeyModesOfUse='{DeriveKey=true}'"),
    OPERATION(TOKEN, "token", Token, NULL,
              "Show what the token has proved able to do, and what in it is not in order.",
              "keyferry token"),
    OPERATION(STATUS, "status", Status, NULL, "Show whether the daemon is ready, and if not, why.",
              "keyferry status"),
};
const size_t operations_count = sizeof operations / sizeof *operations;
