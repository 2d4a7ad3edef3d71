/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a chain, each broken once, and what must not be taken for a broken one. */
#include "test/unit/tr34/pki.h"

#include <string.h>

#include "tr34/chain.h"

#define LEAF "WrappingKeyCertificate"
#define ANCHOR "CertificateAuthorityPublicKeyIdentifier"

/* A root, a CA below it and a leaf, and the chain as the first two make it; a test changes a
 * specification before it builds. */
struct setting {
    struct pki_spec root, middle, leaf;
    struct pki made_root, made_middle, made_leaf;
    struct tr34_chain chain;
};

static struct setting setting(void)
{
    return (struct setting){.root = pki_root(),
                            .middle = pki_middle(NULL),
                            .leaf = pki_leaf(NULL),
                            .chain = {.field = ANCHOR}};
}

static void build(struct setting *s)
{
    s->made_root = pki_make(&s->root);
    s->middle.issuer = &s->made_root;
    s->made_middle = pki_make(&s->middle);
    if (!s->leaf.issuer)
        s->leaf.issuer = &s->made_middle;
    s->made_leaf = pki_make(&s->leaf);
    s->chain.authorities[0].certificate = pki_read(&s->made_middle);
    s->chain.authorities[1].certificate = pki_read(&s->made_root);
    s->chain.count = 2;
}

static bool check(struct setting *s, enum tr34_purpose purpose, struct kf_error *err)
{
    build(s);
    return tr34_chain_check(&s->chain, pki_read(&s->made_leaf), LEAF, purpose, PKI_NOW, err);
}

static void expect_good(struct setting *s, enum tr34_purpose purpose)
{
    struct kf_error err = {0};

    ck_assert_msg(check(s, purpose, &err), "%s", err.message);
    ck_assert_int_eq(err.status, KF_OK);
}

static void expect_bad(struct setting *s, enum tr34_purpose purpose, const char *message)
{
    struct kf_error err = {0};

    expect_refusal(check(s, purpose, &err), &err, message);
}

START_TEST(a_good_chain_passes)
{
    struct setting s = setting();

    expect_good(&s, TR34_RECIPIENT);
    s.leaf.usage = KDH_USAGE;
    expect_good(&s, TR34_SENDER);
    s.leaf.usage = "critical,digitalSignature,nonRepudiation,keyEncipherment";
    s.leaf.hash = EVP_sha512();
    s.middle.hash = EVP_sha384();
    expect_good(&s, TR34_SENDER);
    expect_good(&s, TR34_RECIPIENT);
}
END_TEST

START_TEST(a_root_alone_is_a_chain)
{
    struct setting s = setting();
    struct kf_error err = {0};

    s.leaf.issuer = &s.made_root;
    build(&s);
    s.chain.authorities[0] = s.chain.authorities[1];
    s.chain.count = 1;
    ck_assert_msg(
        tr34_chain_check(&s.chain, pki_read(&s.made_leaf), LEAF, TR34_RECIPIENT, PKI_NOW, &err),
        "%s", err.message);
}
END_TEST

START_TEST(leaves_need_no_extensions)
{
    struct setting s = setting();

    s.leaf.constraints = s.leaf.usage = NULL;
    expect_good(&s, TR34_RECIPIENT);
    expect_good(&s, TR34_SENDER);
    s.leaf.more = "extendedKeyUsage";
    s.leaf.more_value = "critical,serverAuth";
    expect_good(&s, TR34_RECIPIENT);
}
END_TEST

START_TEST(key_usage_binds_where_there_is_one)
{
    struct setting s = setting();

    s.leaf.usage = KDH_USAGE;
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): its keyUsage does not allow keyEncipherment.");
    s.leaf.usage = "dataEncipherment";
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): its keyUsage does not allow keyEncipherment.");
    s.leaf.usage = KRD_USAGE;
    expect_bad(&s, TR34_SENDER,
               LEAF " (CN=KRD,O=Partner): its keyUsage does not allow digitalSignature.");
    s = setting();
    s.middle.usage = "critical,cRLSign,digitalSignature";
    expect_bad(&s, TR34_RECIPIENT,
               ANCHOR " (CN=Middle,O=Partner): its keyUsage does not allow to "
                      "sign certificates.");
    s = setting();
    s.root.usage = "critical,cRLSign";
    expect_bad(&s, TR34_RECIPIENT,
               ANCHOR " (CN=Root,O=Partner): its keyUsage does not allow to "
                      "sign certificates.");
    s = setting();
    s.root.usage = s.middle.usage = NULL;
    expect_good(&s, TR34_RECIPIENT);
}
END_TEST

START_TEST(a_leaf_may_not_sign_certificates)
{
    static const char message[] = LEAF " (CN=KRD,O=Partner): its keyUsage allows to sign ";
    struct setting s = setting();

    s.leaf.usage = "critical,keyEncipherment,keyCertSign";
    expect_bad(&s, TR34_RECIPIENT, message);
    s.leaf.usage = "digitalSignature,keyCertSign";
    expect_bad(&s, TR34_SENDER, message);
    s.leaf.constraints = NULL;
    expect_bad(&s, TR34_SENDER, message);
    s.leaf.usage = "digitalSignature,cRLSign"; /* an indirect list's signer is no CA */
    expect_good(&s, TR34_SENDER);
}
END_TEST

START_TEST(other_services_are_no_partners)
{
    static const struct {
        const char *purposes;
        bool good;
    } cases[] = {
        {"critical,OCSPSigning", false},  {"OCSPSigning", false},
        {"critical,timeStamping", false}, {"codeSigning,timeStamping", false},
        {"critical,dvcs", false},         {"critical,OCSPSigning,1.2.3.4.5", false},
        {"codeSigning,clientAuth", true}, {"critical,emailProtection", true},
        {"critical,1.2.3.4.5", true},     {"critical,anyExtendedKeyUsage", true},
        {"OCSPSigning,serverAuth", true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct setting s = setting();

        s.leaf.usage = "keyEncipherment,digitalSignature";
        s.leaf.more = "extendedKeyUsage";
        s.leaf.more_value = cases[i].purposes;
        for (enum tr34_purpose purpose = TR34_RECIPIENT; purpose <= TR34_SENDER; purpose++)
            if (cases[i].good)
                expect_good(&s, purpose);
            else
                expect_bad(&s, purpose, LEAF " (CN=KRD,O=Partner): its extendedKeyUsage is for ");
    }
}
END_TEST

/* Each certificate's, and the two ends told apart. */
START_TEST(every_certificate_has_its_time)
{
    static const struct {
        long from, to;
        const char *reason;
    } cases[] = {
        {DAY, 2 * DAY, "is not valid yet."},
        {1, DAY, "is not valid yet."},
        {-2 * DAY, -DAY, "has expired."},
        {-DAY, 0, "has expired."},
    };
    char message[200];

    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t which = 0; which < 3; which++) {
            struct setting s = setting();
            struct pki_spec *spec = which == 0 ? &s.leaf : which == 1 ? &s.middle : &s.root;

            spec->from = cases[i].from;
            spec->to = cases[i].to;
            snprintf(message, sizeof message, "%s (CN=%s,O=Partner): the certificate %s",
                     which == 0 ? LEAF : ANCHOR, spec->name, cases[i].reason);
            expect_bad(&s, TR34_RECIPIENT, message);
        }
}
END_TEST

START_TEST(the_first_and_the_last_second_count)
{
    struct setting s = setting();

    s.leaf.from = 0;
    s.leaf.to = 1;
    expect_good(&s, TR34_RECIPIENT);
}
END_TEST

START_TEST(a_leaf_is_no_ca)
{
    struct setting s = setting();

    s.leaf.constraints = CA_TRUE;
    expect_bad(&s, TR34_RECIPIENT, LEAF " (CN=KRD,O=Partner): it is a CA's certificate;");
    expect_bad(&s, TR34_SENDER, LEAF " (CN=KRD,O=Partner): it is a CA's certificate;");
}
END_TEST

START_TEST(a_leaf_is_not_self_signed)
{
    struct setting s = setting();
    struct pki_spec self = s.leaf;
    struct kf_error err = {0};
    struct pki made;

    build(&s);
    self.issuer = NULL;
    made = pki_make(&self);
    expect_refusal(tr34_chain_check(&s.chain, pki_read(&made), LEAF, TR34_RECIPIENT, PKI_NOW, &err),
                   &err, LEAF " (CN=KRD,O=Partner): the certificate is self-signed;");
}
END_TEST

/* It has its issuer's name, but that does not make its signature its own. */
START_TEST(a_leaf_has_a_name_of_its_own)
{
    struct setting s = setting();

    s.leaf.name = "Middle";
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=Middle,O=Partner): its subject is the name of its issuer;");
}
END_TEST

START_TEST(a_ca_is_one)
{
    struct setting s = setting();

    s.middle.constraints = "critical,CA:FALSE";
    expect_bad(&s, TR34_RECIPIENT,
               ANCHOR " (CN=Middle,O=Partner): the certificate is not a CA's (");
    s.middle.constraints = NULL;
    expect_bad(&s, TR34_RECIPIENT,
               ANCHOR " (CN=Middle,O=Partner): the certificate is not a CA's (");
    s = setting();
    s.root.constraints = NULL;
    expect_bad(&s, TR34_RECIPIENT, ANCHOR " (CN=Root,O=Partner): the certificate is not a CA's (");
}
END_TEST

START_TEST(path_lengths_bind)
{
    struct setting s = setting();

    s.root.constraints = "critical,CA:TRUE,pathlen:1";
    s.middle.constraints = "critical,CA:TRUE,pathlen:0";
    expect_good(&s, TR34_RECIPIENT);
    s.root.constraints = "critical,CA:TRUE,pathlen:0";
    expect_bad(&s, TR34_RECIPIENT, ANCHOR " (CN=Root,O=Partner): its pathLenConstraint does not");
}
END_TEST

START_TEST(a_ca_may_come_below_a_chain)
{
    struct setting s = setting();

    s.leaf.constraints = CA_TRUE;
    s.leaf.usage = CA_USAGE;
    expect_good(&s, TR34_CA);
    s.leaf.usage = NULL;
    expect_good(&s, TR34_CA);
    s.leaf.usage = KDH_USAGE;
    expect_bad(&s, TR34_CA, LEAF " (CN=KRD,O=Partner): its keyUsage does not allow to sign");
    s.leaf.usage = CA_USAGE;
    s.leaf.constraints = "CA:FALSE";
    expect_bad(&s, TR34_CA, LEAF " (CN=KRD,O=Partner): the certificate is not a CA's (");
    s.leaf.constraints = CA_TRUE;
    s.middle.constraints = "critical,CA:TRUE,pathlen:0";
    expect_bad(&s, TR34_CA, ANCHOR " (CN=Middle,O=Partner): its pathLenConstraint does not");
    s.middle.constraints = CA_TRUE;
    s.root.constraints = "critical,CA:TRUE,pathlen:1";
    expect_bad(&s, TR34_CA, ANCHOR " (CN=Root,O=Partner): its pathLenConstraint does not");
    s = setting();
    s.leaf.constraints = CA_TRUE;
    s.leaf.usage = CA_USAGE;
    s.leaf.from = -2 * DAY;
    s.leaf.to = -DAY;
    expect_bad(&s, TR34_CA, LEAF " (CN=KRD,O=Partner): the certificate has expired.");
}
END_TEST

START_TEST(only_the_named_ca_counts)
{
    struct setting s = setting();

    s.leaf.issuer = &s.made_root; /* the CA above the named one */
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): was not issued by CN=Middle,O=Partner, the CA that");
    s = setting();
    s.leaf.signer = pki_key(KEY_OTHER); /* the right name, another key */
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): was not issued by CN=Middle,O=Partner, the CA that");
    s = setting();
    s.leaf.issuer_name = "Meddle"; /* the right key, another name */
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): was not issued by CN=Middle,O=Partner, the CA that");
    s = setting();
    s.middle.signer = pki_key(KEY_OTHER);
    expect_bad(&s, TR34_RECIPIENT, ANCHOR " (CN=Middle,O=Partner): was not issued by CN=Root,");
}
END_TEST

START_TEST(a_chain_ends_in_a_root)
{
    struct setting s = setting();
    struct kf_error err = {0};

    build(&s);
    s.chain.count = 1;
    expect_refusal(
        tr34_chain_check(&s.chain, pki_read(&s.made_leaf), LEAF, TR34_RECIPIENT, PKI_NOW, &err),
        &err, ANCHOR " (CN=Middle,O=Partner): the certificate's chain is not valid: ");
}
END_TEST

START_TEST(a_ca_keeps_its_key_for_itself)
{
    struct setting s = setting();

    s.leaf.key = pki_key(KEY_MIDDLE);
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): its key is also that of the CA CN=Middle,O=Partner.");
    s.leaf.key = pki_key(KEY_ROOT);
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): its key is also that of the CA CN=Root,O=Partner.");
}
END_TEST

START_TEST(weak_hashes_are_refused)
{
    static const struct {
        const char *hash;
        bool pss, good;
    } cases[] = {{"MD5", false, false},   {"SHA1", false, false},  {"SHA224", false, false},
                 {"SHA256", false, true}, {"SHA384", false, true}, {"SHA512", false, true},
                 {"SHA1", true, false},   {"SHA224", true, false}, {"SHA256", true, true}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct setting s = setting();
        const EVP_MD *hash = EVP_get_digestbyname(cases[i].hash);

        s.root.hash = hash; /* proves nothing: any will do */
        s.root.pss = cases[i].pss;
        expect_good(&s, TR34_RECIPIENT);
        s.leaf.hash = hash;
        s.leaf.pss = cases[i].pss;
        if (cases[i].good) {
            expect_good(&s, TR34_RECIPIENT);
            continue;
        }
        expect_bad(&s, TR34_RECIPIENT,
                   LEAF " (CN=KRD,O=Partner): the certificate is signed with a weak hash;");
        s = setting();
        s.middle.hash = hash;
        s.middle.pss = cases[i].pss;
        expect_bad(&s, TR34_RECIPIENT,
                   ANCHOR " (CN=Middle,O=Partner): the certificate is signed with a weak hash;");
    }
}
END_TEST

START_TEST(unknown_critical_extensions_are_refused)
{
    struct setting s = setting();

    s.leaf.more = "1.2.3.4.5";
    s.leaf.more_value = "DER:0500";
    expect_good(&s, TR34_RECIPIENT);
    s.leaf.more_value = "critical,DER:0500";
    expect_bad(&s, TR34_RECIPIENT,
               LEAF
               " (CN=KRD,O=Partner): the certificate has a critical extension that is unknown");
    s = setting();
    s.middle.more = "1.2.3.4.5";
    s.middle.more_value = "critical,DER:0500";
    expect_bad(&s, TR34_RECIPIENT, ANCHOR " (CN=Middle,O=Partner): the certificate has a critical");
    s = setting();
    s.root.more = "1.2.3.4.5";
    s.root.more_value = "critical,DER:0500";
    expect_bad(&s, TR34_RECIPIENT, ANCHOR " (CN=Root,O=Partner): the certificate has a critical");
}
END_TEST

START_TEST(malformed_and_doubled_extensions_are_refused)
{
    struct setting s = setting();

    s.leaf.more = "2.5.29.15";
    s.leaf.more_value = "DER:03020780";
    expect_bad(&s, TR34_RECIPIENT, LEAF " (CN=KRD,O=Partner): the certificate has malformed or");
    s.leaf.usage = NULL;
    expect_good(&s, TR34_SENDER);
    s.leaf.more_value = "DER:0500";
    expect_bad(&s, TR34_RECIPIENT, LEAF " (CN=KRD,O=Partner): the certificate has malformed or");
}
END_TEST

/* OpenSSL's own rules have a say: here name constraints, which nobody else looks at. */
START_TEST(name_constraints_bind)
{
    struct setting s = setting();

    s.middle.more = "nameConstraints";
    s.middle.more_value = "critical,permitted;email:a.example";
    expect_good(&s, TR34_RECIPIENT);
    s.leaf.more = "subjectAltName";
    s.leaf.more_value = "email:a@b.example";
    expect_bad(&s, TR34_RECIPIENT,
               LEAF " (CN=KRD,O=Partner): the certificate's chain is not valid: permitted subtree");
}
END_TEST

static void expect_root(const struct pki_spec *spec, const char *message)
{
    struct pki made = pki_make(spec);
    struct kf_error err = {0};
    bool good = tr34_root_check(pki_read(&made), LEAF, PKI_NOW, &err);

    if (message)
        expect_refusal(good, &err, message);
    else
        ck_assert_msg(good, "%s", err.message);
}

START_TEST(roots_have_their_rules)
{
    struct pki_spec spec = pki_root();
    struct pki root = pki_make(&spec);
    struct pki_spec middle = pki_middle(&root);

    expect_root(&spec, NULL);
    spec.usage = NULL;
    expect_root(&spec, NULL);
    spec.usage = KDH_USAGE;
    expect_root(&spec, LEAF " (CN=Root,O=Partner): its keyUsage does not allow to sign");
    spec = pki_root();
    spec.constraints = NULL;
    expect_root(&spec, LEAF " (CN=Root,O=Partner): the certificate is not a CA's (");
    spec = pki_root();
    spec.signer = pki_key(KEY_OTHER);
    expect_root(&spec, LEAF " (CN=Root,O=Partner): the certificate is not self-signed;");
    spec = pki_root();
    spec.from = -2 * DAY;
    spec.to = -DAY;
    expect_root(&spec, LEAF " (CN=Root,O=Partner): the certificate has expired.");
    spec.from = DAY;
    spec.to = 2 * DAY;
    expect_root(&spec, LEAF " (CN=Root,O=Partner): the certificate is not valid yet.");
    spec = pki_root();
    spec.more = "1.2.3.4.5";
    spec.more_value = "critical,DER:0500";
    expect_root(&spec, LEAF " (CN=Root,O=Partner): the certificate has a critical extension");
    expect_root(&middle, LEAF " (CN=Middle,O=Partner): the certificate is not self-signed;");
}
END_TEST

START_TEST(our_own_certificates_have_their_rules)
{
    struct pki_spec spec = pki_leaf(NULL);
    struct kf_error err = {0};
    struct pki made;

    spec.usage = KDH_USAGE;
    made = pki_make(&spec);
    ck_assert(tr34_own_check(pki_read(&made), LEAF, TR34_SENDER, PKI_NOW, &err));
    expect_refusal(tr34_own_check(pki_read(&made), LEAF, TR34_RECIPIENT, PKI_NOW, &err), &err,
                   LEAF " (CN=KRD,O=Partner): its keyUsage does not allow keyEncipherment.");
    kf_error_clear(&err);
    expect_refusal(tr34_own_check(pki_read(&made), LEAF, TR34_SENDER, PKI_NOW + 10 * DAY, &err),
                   &err, LEAF " (CN=KRD,O=Partner): the certificate has expired.");
    kf_error_clear(&err);
    expect_refusal(tr34_own_check(pki_read(&made), LEAF, TR34_SENDER, PKI_NOW - 11 * DAY, &err),
                   &err, LEAF " (CN=KRD,O=Partner): the certificate is not valid yet.");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_good_chain_passes,
        a_root_alone_is_a_chain,
        leaves_need_no_extensions,
        key_usage_binds_where_there_is_one,
        a_leaf_may_not_sign_certificates,
        other_services_are_no_partners,
        every_certificate_has_its_time,
        the_first_and_the_last_second_count,
        a_leaf_is_no_ca,
        a_leaf_is_not_self_signed,
        a_leaf_has_a_name_of_its_own,
        a_ca_is_one,
        path_lengths_bind,
        a_ca_may_come_below_a_chain,
        only_the_named_ca_counts,
        a_chain_ends_in_a_root,
        a_ca_keeps_its_key_for_itself,
        weak_hashes_are_refused,
        unknown_critical_extensions_are_refused,
        malformed_and_doubled_extensions_are_refused,
        name_constraints_bind,
        roots_have_their_rules,
        our_own_certificates_have_their_rules,
    };

    pki_start();
    return run_suite("chain", tests, COUNT(tests));
}
