/* SPDX-License-Identifier: Apache-2.0 */
/* Names of subjects. */
#include <ctype.h>
#include <openssl/asn1.h>
#include <string.h>

#include "base/utf8.h"
#include "tr34/issue_internal.h"

/* AWS's members and bounds, in the order in which they stand in a name. */
static const struct part {
    const char *member;
    const char *attribute;
    size_t offset, most;
    int type;
} parts[] = {
    {"Country", "C", offsetof(struct tr34_subject, country), 2, V_ASN1_PRINTABLESTRING},
    {"Organization", "O", offsetof(struct tr34_subject, organization), 64, V_ASN1_UTF8STRING},
    {"OrganizationUnit", "OU", offsetof(struct tr34_subject, unit), 64, V_ASN1_UTF8STRING},
    {"StateOrProvince", "ST", offsetof(struct tr34_subject, state), 128, V_ASN1_UTF8STRING},
    {"CommonName", "CN", offsetof(struct tr34_subject, common_name), 64, V_ASN1_UTF8STRING},
    {"City", "L", offsetof(struct tr34_subject, city), 128, V_ASN1_UTF8STRING},
    {"EmailAddress", "emailAddress", offsetof(struct tr34_subject, email), 128, V_ASN1_IA5STRING},
};

#define PARTS (sizeof parts / sizeof parts[0])

static const char *part_text(const struct tr34_subject *subject, const struct part *part)
{
    return *(const char *const *)((const char *)subject + part->offset);
}

static size_t characters(const char *text)
{
    size_t count = 0, left = strlen(text), size;

    for (; left > 0; text += size, left -= size, count++) {
        size = utf8_sequence((const uint8_t *)text, left);
        if (size == 0)
            return 0;
    }
    return count;
}

static bool is_email(const char *text)
{
    const char *at = strchr(text, '@');

    for (const char *c = text; *c; c++)
        if (!isgraph((unsigned char)*c))
            return false;
    return at && at != text && isalnum((unsigned char)at[1]) && !strchr(at + 1, '@');
}

static bool is_country(const char *text)
{
    return strlen(text) == 2 && isalpha((unsigned char)text[0]) && isalpha((unsigned char)text[1]);
}

bool tr34_subject_check(const struct tr34_subject *subject, const char *field, struct kf_error *err)
{
    if (subject->country && !is_country(subject->country))
        return kf_fail(err, KF_VALIDATION, "%s.Country: must be two letters.", field);
    for (size_t i = 0; i < PARTS; i++) {
        const char *text = part_text(subject, &parts[i]);
        size_t count = text ? characters(text) : 0;

        if (text && (count < 1 || count > parts[i].most))
            return kf_fail(err, KF_VALIDATION, "%s.%s: must have 1 to %zu characters.", field,
                           parts[i].member, parts[i].most);
        /* AWS's pattern for all of them: what could be taken for markup or another name. */
        if (text && text[strcspn(text, "[;]<>")] != '\0')
            return kf_fail(err, KF_VALIDATION, "%s.%s: must not have any of [ ; ] < >.", field,
                           parts[i].member);
    }
    if (!subject->common_name)
        return kf_fail(err, KF_VALIDATION, "%s.CommonName is required.", field);
    return !subject->email || is_email(subject->email) ||
           kf_fail(err, KF_VALIDATION, "%s.EmailAddress: must be an address such as a@b.example.",
                   field);
}

X509_NAME *issue_name(const struct tr34_subject *subject)
{
    X509_NAME *name = X509_NAME_new();

    for (size_t i = 0; name && i < PARTS; i++) {
        const char *text = part_text(subject, &parts[i]);

        if (text && X509_NAME_add_entry_by_txt(name, parts[i].attribute, parts[i].type,
                                               (const unsigned char *)text, -1, -1, 0) != 1) {
            X509_NAME_free(name);
            name = NULL;
        }
    }
    return name;
}
