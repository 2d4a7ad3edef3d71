/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: every message's members in the order of AWS's model, and every operation. */
#include "client/shape.h"

/* A member of a message: the protocol's name, AWS's name, the line of help. */
#define MEMBER(message, field, aws, text)                                    \
    {                                                                        \
        .name = aws, .tag = keyferry_##message##_##field##_tag, .help = text \
    }
#define STRUCTURE(message, field, aws, inner, text)                                      \
    {                                                                                    \
        .name = aws, .tag = keyferry_##message##_##field##_tag, .shape = &inner##_shape, \
        .help = text                                                                     \
    }
/* A list whose elements are pairs of names and values: an object in JSON. */
#define MAP(message, field, aws, inner, text)                                            \
    {                                                                                    \
        .name = aws, .tag = keyferry_##message##_##field##_tag, .shape = &inner##_shape, \
        .map = true, .help = text                                                        \
    }
#define TIMESTAMP(message, field, aws)                                            \
    {                                                                             \
        .name = aws, .tag = keyferry_##message##_##field##_tag, .timestamp = true \
    }
#define SHAPE(message, list, ...)                                                     \
    static const struct shape message##_shape = {.type = keyferry_##message##_fields, \
                                                 .size = sizeof(keyferry_##message),  \
                                                 .members = list,                     \
                                                 .count = sizeof list / sizeof *list, \
                                                 __VA_ARGS__}
/* A message without members. */
#define EMPTY_SHAPE(message)                                                          \
    static const struct shape message##_shape = {.type = keyferry_##message##_fields, \
                                                 .size = sizeof(keyferry_##message)}

#define HELP_IDENTIFIER "Key id, ARN or alias/NAME."
#define HELP_TAGS "Names and values to keep with the key; no secrets."
#define HELP_ANCHOR "The CA that the certificate must come from: key id, ARN or alias/NAME."
#define HELP_LEGACY_IMPORT \
    "For a TDES wrapping key: also let key blocks of versions A and C be imported."

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
    MEMBER(KeyAttributes, key_class, "KeyClass",
           "SYMMETRIC_KEY, ASYMMETRIC_KEY_PAIR or PUBLIC_KEY."),
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

static const struct member tag[] = {
    MEMBER(Tag, key, "Key", NULL),
    MEMBER(Tag, value, "Value", NULL),
};
SHAPE(Tag, tag);

static const struct member create_key[] = {
    STRUCTURE(CreateKeyRequest, key_attributes, "KeyAttributes", KeyAttributes,
              "Usage, class, algorithm and modes of the key."),
    MEMBER(CreateKeyRequest, key_check_value_algorithm, "KeyCheckValueAlgorithm",
           "ANSI_X9_24 for TDES, CMAC for AES, HMAC for HMAC, SHA_1 for RSA; the key's own is the "
           "default."),
    MEMBER(CreateKeyRequest, exportable, "Exportable", "Whether the key may ever be exported."),
    MEMBER(CreateKeyRequest, enabled, "Enabled",
           "Whether the key may be used at once (the default)."),
    STRUCTURE(CreateKeyRequest, tags, "Tags", Tag, HELP_TAGS),
    MEMBER(CreateKeyRequest, legacy_import, "LegacyImport", HELP_LEGACY_IMPORT),
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

static const struct member restore_key[] = {
    MEMBER(RestoreKeyRequest, key_identifier, "KeyIdentifier", HELP_IDENTIFIER),
};
SHAPE(RestoreKeyRequest, restore_key);
static const struct member restore_key_reply[] = {
    STRUCTURE(RestoreKeyReply, key, "Key", Key, NULL),
};
SHAPE(RestoreKeyReply, restore_key_reply);
static const struct member start_key_usage[] = {
    MEMBER(StartKeyUsageRequest, key_identifier, "KeyIdentifier", HELP_IDENTIFIER),
};
SHAPE(StartKeyUsageRequest, start_key_usage);
static const struct member start_key_usage_reply[] = {
    STRUCTURE(StartKeyUsageReply, key, "Key", Key, NULL),
};
SHAPE(StartKeyUsageReply, start_key_usage_reply);
static const struct member stop_key_usage[] = {
    MEMBER(StopKeyUsageRequest, key_identifier, "KeyIdentifier", HELP_IDENTIFIER),
};
SHAPE(StopKeyUsageRequest, stop_key_usage);
static const struct member stop_key_usage_reply[] = {
    STRUCTURE(StopKeyUsageReply, key, "Key", Key, NULL),
};
SHAPE(StopKeyUsageReply, stop_key_usage_reply);

static const struct member tag_resource[] = {
    MEMBER(TagResourceRequest, resource_arn, "ResourceArn", "ARN or id of the key."),
    STRUCTURE(TagResourceRequest, tags, "Tags", Tag, HELP_TAGS),
};
SHAPE(TagResourceRequest, tag_resource);
EMPTY_SHAPE(TagResourceReply);
static const struct member untag_resource[] = {
    MEMBER(UntagResourceRequest, resource_arn, "ResourceArn", "ARN or id of the key."),
    MEMBER(UntagResourceRequest, tag_keys, "TagKeys", "The names of the tags to remove."),
};
SHAPE(UntagResourceRequest, untag_resource);
EMPTY_SHAPE(UntagResourceReply);
static const struct member list_tags[] = {
    MEMBER(ListTagsForResourceRequest, resource_arn, "ResourceArn", "ARN or id of the key."),
    MEMBER(ListTagsForResourceRequest, next_token, "NextToken",
           "NextToken of the page before; one page only."),
    MEMBER(ListTagsForResourceRequest, max_results, "MaxResults",
           "Tags in a page, 1 to 100; one page only."),
};
SHAPE(ListTagsForResourceRequest, list_tags);
static const struct member list_tags_reply[] = {
    STRUCTURE(ListTagsForResourceReply, tags, "Tags", Tag, NULL),
    MEMBER(ListTagsForResourceReply, next_token, "NextToken", NULL),
};
SHAPE(ListTagsForResourceReply, list_tags_reply);

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

static const struct member optional_block[] = {
    MEMBER(OptionalBlock, id, "Id", NULL),
    MEMBER(OptionalBlock, value, "Value", NULL),
};
SHAPE(OptionalBlock, optional_block);
static const struct member key_block_headers[] = {
    STRUCTURE(KeyBlockHeaders, key_modes_of_use, "KeyModesOfUse", KeyModesOfUse,
              "What the receiver may do; no more than the key may here."),
    MEMBER(KeyBlockHeaders, key_exportability, "KeyExportability",
           "EXPORTABLE, NON_EXPORTABLE or SENSITIVE."),
    MEMBER(KeyBlockHeaders, key_version, "KeyVersion", "Two of 0-9 and A-Z."),
    MAP(KeyBlockHeaders, optional_blocks, "OptionalBlocks", OptionalBlock,
        "Optional blocks: id and value."),
    MEMBER(KeyBlockHeaders, add_blocks, "AddBlocks",
           "Optional blocks that the daemon makes: KP, KS, IK, TS."),
};
SHAPE(KeyBlockHeaders, key_block_headers);
static const struct member tr31_key_block[] = {
    MEMBER(ExportTr31KeyBlock, wrapping_key_identifier, "WrappingKeyIdentifier", HELP_IDENTIFIER),
    STRUCTURE(ExportTr31KeyBlock, key_block_headers, "KeyBlockHeaders", KeyBlockHeaders,
              "What the block's header says where it is not the key's own."),
    MEMBER(ExportTr31KeyBlock, wrapping_key_check_value, "WrappingKeyCheckValue",
           "The check value that the wrapping key must have."),
};
SHAPE(ExportTr31KeyBlock, tr31_key_block);
static const struct member tr34_key_block[] = {
    MEMBER(ExportTr34KeyBlock, certificate_authority_public_key_identifier,
           "CertificateAuthorityPublicKeyIdentifier", HELP_ANCHOR),
    MEMBER(ExportTr34KeyBlock, wrapping_key_certificate, "WrappingKeyCertificate",
           "The receiver's certificate: base64 of its PEM text."),
    MEMBER(ExportTr34KeyBlock, export_token, "ExportToken", "What get-parameters-for-export gave."),
    MEMBER(ExportTr34KeyBlock, signing_key_identifier, "SigningKeyIdentifier",
           "In place of ExportToken: a key pair of this token that signs."),
    MEMBER(ExportTr34KeyBlock, signing_key_certificate, "SigningKeyCertificate",
           "Its certificate: base64 of its PEM text."),
    MEMBER(ExportTr34KeyBlock, key_block_format, "KeyBlockFormat", "X9_TR34_2012."),
    MEMBER(ExportTr34KeyBlock, random_nonce, "RandomNonce",
           "16 to 32 hex digits that the receiver chose; none for a token of one pass."),
    STRUCTURE(ExportTr34KeyBlock, key_block_headers, "KeyBlockHeaders", KeyBlockHeaders,
              "What the block's header says where it is not the key's own."),
    MEMBER(ExportTr34KeyBlock, layout, "Layout",
           "How the token is laid out: aws2012 (the default), cms or annexb2019."),
    MEMBER(ExportTr34KeyBlock, krd_credential, "KrdCredential",
           "The receiver's CT_KRD, in place of WrappingKeyCertificate."),
    MEMBER(ExportTr34KeyBlock, krd_nonce, "KrdNonce",
           "The receiver's RT_KRD, in place of RandomNonce."),
};
SHAPE(ExportTr34KeyBlock, tr34_key_block);
static const struct member key_cryptogram[] = {
    MEMBER(ExportKeyCryptogram, certificate_authority_public_key_identifier,
           "CertificateAuthorityPublicKeyIdentifier", HELP_ANCHOR),
    MEMBER(ExportKeyCryptogram, wrapping_key_certificate, "WrappingKeyCertificate",
           "The receiver's certificate: base64 of its PEM text."),
    MEMBER(ExportKeyCryptogram, wrapping_spec, "WrappingSpec",
           "RSA_OAEP_SHA_256 (the default) or RSA_OAEP_SHA_512."),
};
SHAPE(ExportKeyCryptogram, key_cryptogram);
static const struct member key_material[] = {
    STRUCTURE(ExportKeyMaterial, tr31_key_block, "Tr31KeyBlock", ExportTr31KeyBlock,
              "As a TR-31 key block under a key of this token."),
    STRUCTURE(ExportKeyMaterial, tr34_key_block, "Tr34KeyBlock", ExportTr34KeyBlock,
              "As a TR-34 key token to a receiver's certificate."),
    STRUCTURE(ExportKeyMaterial, key_cryptogram, "KeyCryptogram", ExportKeyCryptogram,
              "As an RSA cryptogram to a receiver's certificate, without a key block."),
};
SHAPE(ExportKeyMaterial, key_material);
static const struct member initial_key[] = {
    MEMBER(ExportDukptInitialKey, key_serial_number, "KeySerialNumber",
           "20 hex digits for a TDES BDK, 24 for an AES one."),
};
SHAPE(ExportDukptInitialKey, initial_key);
static const struct member export_attributes[] = {
    STRUCTURE(ExportAttributes, export_dukpt_initial_key, "ExportDukptInitialKey",
              ExportDukptInitialKey, "Export the BDK's initial key of this serial number."),
    MEMBER(ExportAttributes, key_check_value_algorithm, "KeyCheckValueAlgorithm",
           "Of the initial key's check value: ANSI_X9_24 or CMAC."),
};
SHAPE(ExportAttributes, export_attributes);
static const struct member export_key[] = {
    STRUCTURE(ExportKeyRequest, key_material, "KeyMaterial", ExportKeyMaterial,
              "The format, and what it needs."),
    MEMBER(ExportKeyRequest, export_key_identifier, "ExportKeyIdentifier",
           "The key to export: key id, ARN or alias/NAME."),
    STRUCTURE(ExportKeyRequest, export_attributes, "ExportAttributes", ExportAttributes,
              "To export a BDK's initial key instead of the BDK."),
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

static const struct member import_tr31_key_block[] = {
    MEMBER(ImportTr31KeyBlock, wrapping_key_identifier, "WrappingKeyIdentifier", HELP_IDENTIFIER),
    MEMBER(ImportTr31KeyBlock, wrapped_key_block, "WrappedKeyBlock", "The key block."),
    MEMBER(ImportTr31KeyBlock, hmac_algorithm, "HmacAlgorithm",
           "HMAC_SHA256 and so on, for an HMAC key whose block does not say."),
};
SHAPE(ImportTr31KeyBlock, import_tr31_key_block);
static const struct member root_certificate[] = {
    STRUCTURE(RootCertificatePublicKey, key_attributes, "KeyAttributes", KeyAttributes,
              "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE, PUBLIC_KEY, Verify."),
    MEMBER(RootCertificatePublicKey, public_key_certificate, "PublicKeyCertificate",
           "The certificate: base64 of its PEM text."),
};
SHAPE(RootCertificatePublicKey, root_certificate);
static const struct member trusted_certificate[] = {
    STRUCTURE(TrustedCertificatePublicKey, key_attributes, "KeyAttributes", KeyAttributes,
              "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE, PUBLIC_KEY, Verify."),
    MEMBER(TrustedCertificatePublicKey, public_key_certificate, "PublicKeyCertificate",
           "The certificate: base64 of its PEM text."),
    MEMBER(TrustedCertificatePublicKey, certificate_authority_public_key_identifier,
           "CertificateAuthorityPublicKeyIdentifier", HELP_ANCHOR),
};
SHAPE(TrustedCertificatePublicKey, trusted_certificate);
static const struct member import_tr34_key_block[] = {
    MEMBER(ImportTr34KeyBlock, certificate_authority_public_key_identifier,
           "CertificateAuthorityPublicKeyIdentifier", HELP_ANCHOR),
    MEMBER(ImportTr34KeyBlock, signing_key_certificate, "SigningKeyCertificate",
           "The sender's certificate: base64 of its PEM text."),
    MEMBER(ImportTr34KeyBlock, import_token, "ImportToken", "What get-parameters-for-import gave."),
    MEMBER(ImportTr34KeyBlock, wrapping_key_identifier, "WrappingKeyIdentifier",
           "In place of ImportToken: a key pair of this token that unwraps."),
    MEMBER(ImportTr34KeyBlock, wrapping_key_certificate, "WrappingKeyCertificate",
           "Its certificate: base64 of its PEM text."),
    MEMBER(ImportTr34KeyBlock, wrapped_key_block, "WrappedKeyBlock", "The key token, in hex."),
    MEMBER(ImportTr34KeyBlock, key_block_format, "KeyBlockFormat", "X9_TR34_2012."),
    MEMBER(ImportTr34KeyBlock, random_nonce, "RandomNonce",
           "The 16 to 32 hex digits that were chosen here; none for a token of one pass."),
};
SHAPE(ImportTr34KeyBlock, import_tr34_key_block);
static const struct member import_key_cryptogram[] = {
    STRUCTURE(ImportKeyCryptogram, key_attributes, "KeyAttributes", KeyAttributes,
              "Usage, class, algorithm and modes of the key."),
    MEMBER(ImportKeyCryptogram, exportable, "Exportable", "Whether the key may ever be exported."),
    MEMBER(ImportKeyCryptogram, wrapped_key_cryptogram, "WrappedKeyCryptogram",
           "The cryptogram, in hex."),
    MEMBER(ImportKeyCryptogram, import_token, "ImportToken",
           "What get-parameters-for-import gave."),
    MEMBER(ImportKeyCryptogram, wrapping_spec, "WrappingSpec",
           "RSA_OAEP_SHA_256 (the default) or RSA_OAEP_SHA_512."),
};
SHAPE(ImportKeyCryptogram, import_key_cryptogram);
static const struct member import_key_material[] = {
    STRUCTURE(ImportKeyMaterial, root_certificate_public_key, "RootCertificatePublicKey",
              RootCertificatePublicKey, "A partner's root certificate, to trust from now on."),
    STRUCTURE(ImportKeyMaterial, trusted_certificate_public_key, "TrustedCertificatePublicKey",
              TrustedCertificatePublicKey, "A CA certificate under one that is trusted."),
    STRUCTURE(ImportKeyMaterial, tr31_key_block, "Tr31KeyBlock", ImportTr31KeyBlock,
              "From a TR-31 key block under a key of this token."),
    STRUCTURE(ImportKeyMaterial, tr34_key_block, "Tr34KeyBlock", ImportTr34KeyBlock,
              "From a TR-34 key token to a key pair of this token."),
    STRUCTURE(ImportKeyMaterial, key_cryptogram, "KeyCryptogram", ImportKeyCryptogram,
              "From an RSA cryptogram to a key pair of this token."),
};
SHAPE(ImportKeyMaterial, import_key_material);
static const struct member import_key[] = {
    STRUCTURE(ImportKeyRequest, key_material, "KeyMaterial", ImportKeyMaterial,
              "The format, and what it needs."),
    MEMBER(ImportKeyRequest, key_check_value_algorithm, "KeyCheckValueAlgorithm",
           "ANSI_X9_24 for TDES, CMAC for AES, HMAC for HMAC, SHA_1 for RSA; the key's own is the "
           "default."),
    MEMBER(ImportKeyRequest, enabled, "Enabled",
           "Whether the key may be used at once (the default)."),
    STRUCTURE(ImportKeyRequest, tags, "Tags", Tag, HELP_TAGS),
    MEMBER(ImportKeyRequest, legacy_import, "LegacyImport", HELP_LEGACY_IMPORT),
};
SHAPE(ImportKeyRequest, import_key);
static const struct member import_key_reply[] = {
    STRUCTURE(ImportKeyReply, key, "Key", Key, NULL),
};
SHAPE(ImportKeyReply, import_key_reply);

static const struct member certificate_subject[] = {
    MEMBER(CertificateSubject, common_name, "CommonName", "CN, 1 to 64 characters."),
    MEMBER(CertificateSubject, organization_unit, "OrganizationUnit", "OU."),
    MEMBER(CertificateSubject, organization, "Organization", "O."),
    MEMBER(CertificateSubject, city, "City", "L."),
    MEMBER(CertificateSubject, country, "Country", "C, two letters."),
    MEMBER(CertificateSubject, state_or_province, "StateOrProvince", "ST."),
    MEMBER(CertificateSubject, email_address, "EmailAddress", "Such as keys@example.com."),
};
SHAPE(CertificateSubject, certificate_subject);
static const struct member init_ca[] = {
    STRUCTURE(InitCaRequest, certificate_subject, "CertificateSubject", CertificateSubject,
              "The CA's name; by default the account's number."),
};
SHAPE(InitCaRequest, init_ca);
static const struct member init_ca_reply[] = {
    MEMBER(InitCaReply, key_certificate, "KeyCertificate", NULL),
    TIMESTAMP(InitCaReply, valid_until_timestamp, "ValidUntilTimestamp"),
};
SHAPE(InitCaReply, init_ca_reply);
static const struct member parameters_for_export[] = {
    MEMBER(GetParametersForExportRequest, key_material_type, "KeyMaterialType", "TR34_KEY_BLOCK."),
    MEMBER(GetParametersForExportRequest, signing_key_algorithm, "SigningKeyAlgorithm",
           "RSA_2048, RSA_3072 or RSA_4096."),
};
SHAPE(GetParametersForExportRequest, parameters_for_export);
static const struct member parameters_for_export_reply[] = {
    MEMBER(GetParametersForExportReply, signing_key_certificate, "SigningKeyCertificate", NULL),
    MEMBER(GetParametersForExportReply, signing_key_certificate_chain, "SigningKeyCertificateChain",
           NULL),
    MEMBER(GetParametersForExportReply, signing_key_algorithm, "SigningKeyAlgorithm", NULL),
    MEMBER(GetParametersForExportReply, export_token, "ExportToken", NULL),
    TIMESTAMP(GetParametersForExportReply, parameters_valid_until_timestamp,
              "ParametersValidUntilTimestamp"),
    MEMBER(GetParametersForExportReply, kdh_credential, "KdhCredential", NULL),
};
SHAPE(GetParametersForExportReply, parameters_for_export_reply);
static const struct member parameters_for_import[] = {
    MEMBER(GetParametersForImportRequest, key_material_type, "KeyMaterialType",
           "TR34_KEY_BLOCK or KEY_CRYPTOGRAM."),
    MEMBER(GetParametersForImportRequest, wrapping_key_algorithm, "WrappingKeyAlgorithm",
           "RSA_2048, RSA_3072 or RSA_4096."),
};
SHAPE(GetParametersForImportRequest, parameters_for_import);
static const struct member parameters_for_import_reply[] = {
    MEMBER(GetParametersForImportReply, wrapping_key_certificate, "WrappingKeyCertificate", NULL),
    MEMBER(GetParametersForImportReply, wrapping_key_certificate_chain,
           "WrappingKeyCertificateChain", NULL),
    MEMBER(GetParametersForImportReply, wrapping_key_algorithm, "WrappingKeyAlgorithm", NULL),
    MEMBER(GetParametersForImportReply, import_token, "ImportToken", NULL),
    TIMESTAMP(GetParametersForImportReply, parameters_valid_until_timestamp,
              "ParametersValidUntilTimestamp"),
};
SHAPE(GetParametersForImportReply, parameters_for_import_reply);
static const struct member public_key_certificate[] = {
    MEMBER(GetPublicKeyCertificateRequest, key_identifier, "KeyIdentifier", HELP_IDENTIFIER),
};
SHAPE(GetPublicKeyCertificateRequest, public_key_certificate);
static const struct member public_key_certificate_reply[] = {
    MEMBER(GetPublicKeyCertificateReply, key_certificate, "KeyCertificate", NULL),
    MEMBER(GetPublicKeyCertificateReply, key_certificate_chain, "KeyCertificateChain", NULL),
};
SHAPE(GetPublicKeyCertificateReply, public_key_certificate_reply);
static const struct member signing_request[] = {
    MEMBER(GetCertificateSigningRequestRequest, key_identifier, "KeyIdentifier", HELP_IDENTIFIER),
    MEMBER(GetCertificateSigningRequestRequest, signing_algorithm, "SigningAlgorithm",
           "SHA224, SHA256, SHA384 or SHA512."),
    STRUCTURE(GetCertificateSigningRequestRequest, certificate_subject, "CertificateSubject",
              CertificateSubject, "Whom the certificate is to name."),
};
SHAPE(GetCertificateSigningRequestRequest, signing_request);
static const struct member signing_request_reply[] = {
    MEMBER(GetCertificateSigningRequestReply, certificate_signing_request,
           "CertificateSigningRequest", NULL),
};
SHAPE(GetCertificateSigningRequestReply, signing_request_reply);

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
    STRUCTURE(AdoptKeyRequest, tags, "Tags", Tag, HELP_TAGS),
    MEMBER(AdoptKeyRequest, legacy_import, "LegacyImport", HELP_LEGACY_IMPORT),
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
    TIMESTAMP(StatusReply, configuration_timestamp, "ConfigurationTimestamp"),
    MEMBER(StatusReply, reload_failure, "ReloadFailure", NULL),
};
SHAPE(StatusReply, status_reply);

#define OPERATION(id, command, message, pages, text, usage)                                \
    {                                                                                      \
        .name = command, .number = keyferry_Operation_OPERATION_##id,                      \
        .request = &message##Request_shape, .reply = &message##Reply_shape, .list = pages, \
        .summary = text, .example = usage                                                  \
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
    OPERATION(
        IMPORT_KEY, "import-key", ImportKey, NULL,
        "Import a key that another party wrapped under a key of this token.",
        "keyferry import-key --key-material "
        "Tr31KeyBlock='{WrappingKeyIdentifier=alias/kek,WrappedKeyBlock=D0112P0AE00E0000...}'"),
    OPERATION(START_KEY_USAGE, "start-key-usage", StartKeyUsage, NULL,
              "Let a key be used that was not enabled.",
              "keyferry start-key-usage --key-identifier alias/kek"),
    OPERATION(STOP_KEY_USAGE, "stop-key-usage", StopKeyUsage, NULL,
              "Let a key be used no more until it is started again.",
              "keyferry stop-key-usage --key-identifier alias/kek"),
    OPERATION(RESTORE_KEY, "restore-key", RestoreKey, NULL,
              "Take back a delete-key while its waiting time lasts; the key stays stopped.",
              "keyferry restore-key --key-identifier alias/old-kek"),
    OPERATION(TAG_RESOURCE, "tag-resource", TagResource, NULL, "Keep names and values with a key.",
              "keyferry tag-resource --resource-arn 5rplquuwozodpwsp --tags "
              "Key=Acquirer,Value=ABCD"),
    OPERATION(UNTAG_RESOURCE, "untag-resource", UntagResource, NULL, "Remove a key's tags.",
              "keyferry untag-resource --resource-arn 5rplquuwozodpwsp --tag-keys Acquirer"),
    OPERATION(LIST_TAGS_FOR_RESOURCE, "list-tags-for-resource", ListTagsForResource, "Tags",
              "List a key's tags.",
              "keyferry list-tags-for-resource --resource-arn 5rplquuwozodpwsp"),
    OPERATION(INIT_CA, "init-ca", InitCa, NULL,
              "Make the CA in the token that certifies the keys that sign and receive key tokens.",
              "keyferry init-ca --certificate-subject CommonName=keys.example.com"),
    OPERATION(GET_PARAMETERS_FOR_EXPORT, "get-parameters-for-export", GetParametersForExport, NULL,
              "Make a key that signs key tokens, with its certificate and an export token for it.",
              "keyferry get-parameters-for-export --key-material-type TR34_KEY_BLOCK "
              "--signing-key-algorithm RSA_2048"),
    OPERATION(GET_PARAMETERS_FOR_IMPORT, "get-parameters-for-import", GetParametersForImport, NULL,
              "Make a key that others wrap keys to, with its certificate and an import token.",
              "keyferry get-parameters-for-import --key-material-type TR34_KEY_BLOCK "
              "--wrapping-key-algorithm RSA_2048"),
    OPERATION(GET_PUBLIC_KEY_CERTIFICATE, "get-public-key-certificate", GetPublicKeyCertificate,
              NULL, "Certify a key pair's public key by the token's CA, for 90 days.",
              "keyferry get-public-key-certificate --key-identifier alias/signing"),
    OPERATION(GET_CERTIFICATE_SIGNING_REQUEST, "get-certificate-signing-request",
              GetCertificateSigningRequest, NULL,
              "Make the request by which another CA certifies a key pair.",
              "keyferry get-certificate-signing-request --key-identifier alias/signing "
              "--signing-algorithm SHA256 --certificate-subject CommonName=keys.example.com"),
};
const size_t operations_count = sizeof operations / sizeof *operations;
