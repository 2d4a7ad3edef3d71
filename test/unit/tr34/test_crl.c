/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists: what file is one, which list may be relied on, and whom it revokes. */
#include "test/unit/tr34/pki.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tr34/chain.h"

#define LEAF "WrappingKeyCertificate"

/* Fails the test unless err is one of the operator's and its message starts so. */
static void expect_unavailable(bool result, const struct kf_error *err, const char *message)
{
    ck_assert_msg(!result, "accepted instead of %s", message);
    ck_assert_int_eq(err->status, KF_UNAVAILABLE);
    ck_assert_msg(strncmp(err->message, message, strlen(message)) == 0, "%s", err->message);
}

static struct pki make_root(const char *usage)
{
    struct pki_spec spec = pki_root();

    spec.usage = usage;
    return pki_make(&spec);
}

/* A file of these bytes; gone when the next is made. */
static const char *file_of(const void *bytes, size_t len)
{
    static char path[] = "/tmp/keyferry-crl-XXXXXX";
    int fd;

    unlink(path);
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    return path;
}

#define UNREAD "The revocation list that the configuration names for this CA cannot be read: "
#define NO_LIST UNREAD "it is not one certificate revocation list, in PEM or DER."

/* der or, where the file is none, the message. */
static void expect_file(const void *bytes, size_t len, const struct der_view *der,
                        const char *message)
{
    const char *path = file_of(bytes, len);
    struct kf_error err = {0};
    struct tr34_crl *crl = tr34_crl_load(path, &err);

    if (der) {
        ck_assert_msg(crl != NULL, "%s", err.message);
        ck_assert(der_equal(tr34_crl_der(crl), *der));
    } else {
        expect_unavailable(crl != NULL, &err, message);
        ck_assert_str_eq(err.detail, path);
    }
    tr34_crl_free(crl);
    unlink(path);
}

START_TEST(files_are_pem_or_der)
{
    struct pki root = make_root(CA_USAGE);
    struct pki_list list = {.issuer = &root};
    struct der_view der = pki_list(&list);
    const char *pem = pki_pem("X509 CRL", der);
    char text[8192];

    expect_file(der.bytes, der.len, &der, NULL);
    expect_file(pem, strlen(pem), &der, NULL);
    snprintf(text, sizeof text, "%s\n \n", pem);
    expect_file(text, strlen(text), &der, NULL);
    expect_file("", 0, NULL, UNREAD "it is empty.");
    expect_file("hello", 5, NULL, NO_LIST);
    expect_file(der.bytes, der.len - 1, NULL, NO_LIST);
    memcpy(text, der.bytes, der.len);
    text[der.len] = 0;
    expect_file(text, der.len + 1, NULL, NO_LIST);
    snprintf(text, sizeof text, "%s%s", pem, pem);
    expect_file(text, strlen(text), NULL, NO_LIST);
    pem = pki_pem("CERTIFICATE", root.der);
    expect_file(pem, strlen(pem), NULL, NO_LIST);
    expect_file(root.der.bytes, root.der.len, NULL, NO_LIST);
}
END_TEST

START_TEST(other_files_are_refused)
{
    struct kf_error err = {0};
    char directory[] = "/tmp/keyferry-crl-XXXXXX", path[64];

    ck_assert_ptr_nonnull(mkdtemp(directory));
    expect_unavailable(tr34_crl_load(directory, &err) != NULL, &err,
                       UNREAD "it is not a regular file.");
    kf_error_clear(&err);
    snprintf(path, sizeof path, "%s/pipe", directory);
    expect_unavailable(tr34_crl_load(path, &err) != NULL, &err,
                       UNREAD "No such file or directory.");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    kf_error_clear(&err); /* and it is not waited for */
    expect_unavailable(tr34_crl_load(path, &err) != NULL, &err, UNREAD "it is not a regular file.");
    kf_error_clear(&err);
    strcat(path, "/list");
    expect_unavailable(tr34_crl_load(path, &err) != NULL, &err, UNREAD "Not a directory.");
    *strrchr(path, '/') = '\0';
    unlink(path);
    rmdir(directory);
}
END_TEST

/* A list with blank lines behind it up to that size. */
START_TEST(files_have_a_bound)
{
    struct pki root = make_root(CA_USAGE);
    struct der_view der = pki_list(&(struct pki_list){.issuer = &root});
    const char *pem = pki_pem("X509 CRL", der);
    char *big = malloc(TR34_CRL_MAX + 1);

    memset(big, '\n', TR34_CRL_MAX + 1);
    memcpy(big, pem, strlen(pem));
    expect_file(big, TR34_CRL_MAX, &der, NULL);
    expect_file(big, TR34_CRL_MAX + 1, NULL, UNREAD "it is longer than 1 MiB.");
    free(big);
}
END_TEST

static struct tr34_crl *read_list(const struct pki_list *list)
{
    struct kf_error err = {0};
    struct tr34_crl *crl = tr34_crl_from_der("List", pki_list(list), &err);

    ck_assert_msg(crl != NULL, "%s", err.message);
    return crl;
}

static void expect_list(const struct pki_list *list, const struct pki *authority,
                        const char *message)
{
    struct tr34_crl *crl = read_list(list);
    struct kf_error err = {0};
    bool good = tr34_crl_check(crl, pki_read(authority), PKI_NOW, &err);

    if (message)
        expect_unavailable(good, &err, message);
    else
        ck_assert_msg(good, "%s", err.message);
    tr34_crl_free(crl);
}

START_TEST(a_list_is_its_cas_own)
{
    struct pki root = make_root(CA_USAGE), plain = make_root(NULL), other = root;
    struct pki_spec spec = pki_root();

    spec.name = "Other";
    other = pki_make(&spec);
    expect_list(&(struct pki_list){.issuer = &root}, &root, NULL);
    expect_list(&(struct pki_list){.issuer = &plain}, &plain, NULL);
    expect_list(&(struct pki_list){.issuer = &root, .signer = pki_key(KEY_OTHER)}, &root,
                "The revocation list that the configuration names for CN=Root,O=Partner is not ");
    expect_list(&(struct pki_list){.issuer = &other}, &root, /* the key, but another name */
                "The revocation list that the configuration names for CN=Root,O=Partner is not ");
}
END_TEST

START_TEST(a_ca_must_be_allowed_to_sign_lists)
{
    struct pki root = make_root("critical,keyCertSign");

    expect_list(&(struct pki_list){.issuer = &root}, &root,
                "The revocation list of CN=Root,O=Partner cannot be relied on: its keyUsage has");
}
END_TEST

START_TEST(a_list_has_its_time)
{
    struct pki root = make_root(CA_USAGE);

    expect_list(&(struct pki_list){.issuer = &root, .from = 0, .to = 1}, &root, NULL);
    expect_list(&(struct pki_list){.issuer = &root, .from = 1, .to = DAY}, &root,
                "The revocation list of CN=Root,O=Partner is not valid yet.");
    expect_list(&(struct pki_list){.issuer = &root, .from = -DAY, .to = -1}, &root,
                "The revocation list of CN=Root,O=Partner is out of date;");
    expect_list(&(struct pki_list){.issuer = &root, .endless = true}, &root,
                "The revocation list of CN=Root,O=Partner is out of date;");
}
END_TEST

START_TEST(a_list_is_whole_and_strong)
{
    struct pki root = make_root(CA_USAGE);

    expect_list(&(struct pki_list){.issuer = &root, .partial = true}, &root,
                "The revocation list of CN=Root,O=Partner has a critical extension;");
    expect_list(&(struct pki_list){.issuer = &root, .hash = EVP_sha1()}, &root,
                "The revocation list of CN=Root,O=Partner is signed with a weak hash;");
    expect_list(&(struct pki_list){.issuer = &root, .hash = EVP_sha512()}, &root, NULL);
    expect_list(&(struct pki_list){.issuer = &root, .pss = true}, &root, NULL);
    expect_list(&(struct pki_list){.issuer = &root, .pss = true, .hash = EVP_sha512()}, &root,
                NULL);
    expect_list(&(struct pki_list){.issuer = &root, .pss = true, .hash = EVP_sha1()}, &root,
                "The revocation list of CN=Root,O=Partner is signed with a weak hash;");
}
END_TEST

/* A chain of three with a list each of the two CAs. */
static bool check_with(const struct pki_list *of_root, const struct pki_list *of_middle,
                       struct kf_error *err)
{
    struct pki_spec spec = pki_root();
    struct pki root = pki_make(&spec), middle, leaf;
    struct pki_list upper = *of_root, lower = *of_middle;
    struct tr34_chain chain = {.count = 2, .field = "Authority"};
    struct tr34_crl *lists[2];
    bool good;

    spec = pki_middle(&root);
    spec.serial = 11;
    middle = pki_make(&spec);
    spec = pki_leaf(&middle);
    spec.serial = 22;
    leaf = pki_make(&spec);
    upper.issuer = &root;
    lower.issuer = &middle;
    lists[0] = read_list(&lower);
    lists[1] = read_list(&upper);
    chain.authorities[0] = (struct tr34_authority){pki_read(&middle), lists[0]};
    chain.authorities[1] = (struct tr34_authority){pki_read(&root), lists[1]};
    good = tr34_chain_check(&chain, pki_read(&leaf), LEAF, TR34_RECIPIENT, PKI_NOW, err);
    tr34_crl_free(lists[0]);
    tr34_crl_free(lists[1]);
    return good;
}

START_TEST(the_revoked_are_refused)
{
    static const int reasons[] = {CRL_REASON_UNSPECIFIED, CRL_REASON_KEY_COMPROMISE,
                                  CRL_REASON_SUPERSEDED, CRL_REASON_CERTIFICATE_HOLD,
                                  CRL_REASON_REMOVE_FROM_CRL};
    struct pki_list none = {0}, leaf = {.revoked = 22}, middle = {.revoked = 11};
    struct kf_error err = {0};

    ck_assert_msg(check_with(&none, &none, &err), "%s", err.message);
    /* Serials are of their own issuer's list only. */
    ck_assert_msg(check_with(&leaf, &middle, &err), "%s", err.message);
    for (size_t i = 0; i < COUNT(reasons); i++) {
        leaf.reason = reasons[i];
        expect_refusal(check_with(&none, &leaf, &err), &err,
                       LEAF " (CN=KRD,O=Partner): the certificate is revoked.");
        kf_error_clear(&err);
    }
    expect_refusal(check_with(&middle, &none, &err), &err,
                   "Authority (CN=Middle,O=Partner): the certificate is revoked.");
}
END_TEST

START_TEST(a_list_that_cannot_serve_stops_all)
{
    struct pki_list good = {0}, old = {.from = -2 * DAY, .to = -DAY};
    struct kf_error err = {0};

    expect_unavailable(check_with(&good, &old, &err), &err,
                       "The revocation list of CN=Middle,O=Partner is out of date;");
    kf_error_clear(&err);
    expect_unavailable(check_with(&old, &good, &err), &err,
                       "The revocation list of CN=Root,O=Partner is out of date;");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        files_are_pem_or_der,
        other_files_are_refused,
        files_have_a_bound,
        a_list_is_its_cas_own,
        a_ca_must_be_allowed_to_sign_lists,
        a_list_has_its_time,
        a_list_is_whole_and_strong,
        the_revoked_are_refused,
        a_list_that_cannot_serve_stops_all,
    };

    pki_start();
    return run_suite("revocation lists", tests, COUNT(tests));
}
