#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who signs a key token: a key pair of ours with another CA's certificate, or an export token until it expires."""
import datetime
import time

import harness
import certificates
import tr34_case
import tr34_chain
import tr34_openssl
from cryptography import x509

DAY = datetime.timedelta(days=1)
HASHES = ("SHA224", "SHA256", "SHA384", "SHA512")


class OwnPki(tr34_case.Tr34Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.value, cls.arn = cls.sandbox.adopt_known(tr34_case.data_key("AES_128"))
        cls.pairs = {
            kind: tr34_case.create_pair(cls.sandbox, kind) for kind in tr34_case.PAIRS
        }

    def signed(self, pair, certificate, **members):
        given = {"signing_key_identifier": pair, "signing_key_certificate": certificate}
        return self.tr34(self.arn, **dict({"export_token": None}, **given, **members))

    def test_both_kinds_of_pair(self):
        for kind in ("K2", "S0"):
            sender = self.own_certificate(self.pairs[kind])
            for layout in ("aws2012", "cms"):
                for nonce in (None, bytes(range(16))):
                    request = self.signed(
                        self.pairs[kind],
                        sender.form,
                        layout=layout,
                        random_nonce=nonce.hex() if nonce else None,
                    )
                    wrapped = self.send(request)
                    opened = self.open(
                        wrapped, None, nonce, layout, sender, [self.kit.root.der]
                    )
                    self.assertEqual(opened["key"], self.value)
                    token = bytes.fromhex(wrapped["key_material"])
                    verified = tr34_openssl.cms_verify(token, sender, [self.kit.root])
                    self.assertEqual(verified, opened["envelope"])
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["SigningKeyArn"], self.pairs["S0"])
        self.assertNotIn("ExportToken", record)

    def test_by_alias_and_below_an_intermediate(self):
        name = {"alias_name": "alias/sender", "key_arn": self.pairs["S0"]}
        self.sandbox.call("CREATE_ALIAS", name)
        sender = self.own_certificate(self.pairs["S0"], issuer=self.kit.intermediate)
        wrapped = self.send(self.signed("alias/sender", sender.form, export_token=""))
        chain = [self.kit.intermediate.der, self.kit.root.der]
        self.assertEqual(self.open(wrapped, sender=sender, chain=chain)["key"], self.value)

    def test_a_longer_signing_key(self):
        pair = tr34_case.create_pair(self.sandbox, "S0", "RSA_3072")
        sender = self.own_certificate(pair)
        wrapped = self.send(self.signed(pair, sender.form))
        opened = self.open(wrapped, sender=sender, chain=[self.kit.root.der])
        self.assertEqual(opened["key"], self.value)

    def test_requests_for_certificates(self):
        subject = {
            "common_name": "Keys of Zürich",
            "organization_unit": "Payments",
            "organization": "Example AG",
            "city": "Zürich",
            "country": "CH",
            "state_or_province": "ZH",
            "email_address": "keys@example.com",
        }
        for name in HASHES:
            form = self.sandbox.call(
                "GET_CERTIFICATE_SIGNING_REQUEST",
                {
                    "key_identifier": self.pairs["K2"],
                    "signing_algorithm": name,
                    "certificate_subject": subject,
                },
            )["certificate_signing_request"]
            request = x509.load_pem_x509_csr(tr34_case.pem(form))
            self.assertTrue(request.is_signature_valid)
            self.assertEqual(request.signature_hash_algorithm.name, name.lower())
            self.assertEqual(
                {each.value for each in request.subject}, set(subject.values()), name
            )

    def test_requests_that_are_refused(self):
        good = {
            "key_identifier": self.pairs["S0"],
            "signing_algorithm": "SHA256",
            "certificate_subject": {"common_name": "Sender"},
        }
        for words, changes in (
            ("SigningAlgorithm: ", {"signing_algorithm": "SHA1"}),
            ("SigningAlgorithm: ", {"signing_algorithm": None}),
            ("CertificateSubject is required", {"certificate_subject": None}),
            ("CertificateSubject.CommonName", {"certificate_subject": {"country": "CH"}}),
            ("only unwraps", {"key_identifier": self.pairs["K2 unwraps"]}),
            ("KeyIdentifier: key/", {"key_identifier": self.arn}),
            ("KeyIdentifier: key/", {"key_identifier": self.root}),
            ("KeyIdentifier is required", {"key_identifier": None}),
        ):
            given = tr34_case.without_none(dict(good, **changes))
            text = self.refuses(
                "ValidationException",
                self.sandbox.call,
                "GET_CERTIFICATE_SIGNING_REQUEST",
                given,
            )
            self.assertIn(words, text)

    def test_certificates_that_are_refused(self):
        pair, now = self.pairs["S0"], tr34_chain.now()
        other = self.own_certificate(self.pairs["K2"])
        before = self.count()
        for words, certificate in (
            (("is not of the key", "SigningKeyIdentifier"), other),
            (
                "has expired",
                self.own_certificate(pair, not_before=now - 9 * DAY, not_after=now - DAY),
            ),
            ("not valid yet", self.own_certificate(pair, not_before=now + DAY)),
            ("digitalSignature", self.own_certificate(pair, usages=certificates.ROLES["KRD"])),
            ("a CA's", self.own_certificate(pair, ca=True, usages=certificates.ROLES["CA"])),
        ):
            text = self.refuses_export(words, self.signed(pair, certificate.form))
            self.assertTrue(text.startswith("SigningKeyCertificate (CN=KDH"), text)
        for name, form in certificates.bad_forms(self.kit.leaf("KDH")).items():
            with self.subTest(name):
                self.refuses_export("SigningKeyCertificate: ", self.signed(pair, form))
        self.assertEqual(self.count(), before)

    def test_members_that_are_refused(self):
        pair = self.pairs["S0"]
        form = self.own_certificate(pair).form
        token = self.parameters["export_token"]
        for words, request in (
            ("not both", self.signed(pair, form, export_token=token)),
            ("not both", self.signed(pair, None, export_token=token)),
            ("either ExportToken", self.tr34(self.arn, export_token=None)),
            ("either ExportToken", self.tr34(self.arn, export_token="")),
            ("SigningKeyCertificate is required", self.signed(pair, None)),
            ("SigningKeyIdentifier is required", self.signed(None, form)),
            ("SigningKeyIdentifier: key/", self.signed(self.pairs["K2 unwraps"], form)),
            ("SigningKeyIdentifier: key/", self.signed(self.arn, form)),
            ("SigningKeyIdentifier: key/", self.signed(self.root, form)),
            (
                ("Layout: annexb2019", "ExportToken"),
                self.signed(pair, form, layout="annexb2019"),
            ),
        ):
            self.refuses_export(words, request)

    def test_a_pair_that_rests(self):
        pair = tr34_case.create_pair(self.sandbox, "S0")
        form = self.own_certificate(pair).form
        self.sandbox.call("STOP_KEY_USAGE", {"key_identifier": pair})
        self.refuses_export("SigningKeyIdentifier", self.signed(pair, form), "ConflictException")
        self.sandbox.call("START_KEY_USAGE", {"key_identifier": pair})
        self.send(self.signed(pair, form))
        self.sandbox.call("DELETE_KEY", {"key_identifier": pair})
        self.refuses_export("SigningKeyIdentifier", self.signed(pair, form), "ConflictException")

    def test_certificates_of_pairs(self):
        """Ninety days, and each time another one."""
        for kind, usage in (
            ("K2", "digital_signature"),
            ("S0", "digital_signature"),
            ("K2 unwraps", "key_encipherment"),
        ):
            given = {"key_identifier": self.pairs[kind]}
            replies = [
                self.sandbox.call("GET_PUBLIC_KEY_CERTIFICATE", given) for _ in range(2)
            ]
            first, second = (tr34_case.read(reply["key_certificate"]) for reply in replies)
            self.assertNotEqual(first.serial_number, second.serial_number)
            numbers = [each.public_key().public_numbers() for each in (first, second)]
            self.assertEqual(*numbers)
            self.assertEqual(replies[0]["key_certificate_chain"], self.ca.form)
            self.assertTrue(tr34_case.is_signed_by(first, self.ca.certificate))
            self.assertTrue(getattr(tr34_case.key_usage(first), usage))
            left = first.not_valid_after - tr34_chain.now()
            self.assertLess(abs(left - 90 * DAY), datetime.timedelta(minutes=5))
        for wrong in (self.arn, self.root):
            text = self.refuses(
                "ValidationException",
                self.sandbox.call,
                "GET_PUBLIC_KEY_CERTIFICATE",
                {"key_identifier": wrong},
            )
            self.assertIn("not an asymmetric key pair", text)

    def test_our_own_certificate_of_a_pair_signs_too(self):
        form = self.sandbox.call(
            "GET_PUBLIC_KEY_CERTIFICATE", {"key_identifier": self.pairs["S0"]}
        )["key_certificate"]
        wrapped = self.send(self.signed(self.pairs["S0"], form))
        self.assertEqual(self.open(wrapped, sender=tr34_case.party(form))["key"], self.value)


class Expiry(tr34_case.Tr34Case):
    """An export token ends with its certificate, and then its key is gone."""

    options = {"ca": True, "config": "certificates:\n  token-validity: 2000\n"}

    def sign_of_life(self, parameters):
        end = parameters["parameters_valid_until_timestamp"]
        certificate = tr34_case.read(parameters["signing_key_certificate"])
        seconds = (certificate.not_valid_after - datetime.datetime(1970, 1, 1)).total_seconds()
        self.assertEqual(end, seconds * 1000)
        return end / 1000

    def test_a_token_that_is_used_too_late(self):
        arn = self.sandbox.create(tr34_case.data_key("TDES_2KEY"))
        self.sandbox.call("LIST_KEYS")
        before = self.count()
        parameters = self.parameters_for_export()
        request = self.tr34(arn, export_token=parameters["export_token"])
        self.send(request)
        self.send(request)
        self.assertGreater(self.count(), before)
        self.assertEqual(len(self.left(parameters)), 3, "card, private key and certificate")
        time.sleep(max(0, self.sign_of_life(parameters) - time.time()) + 0.1)
        self.refuses_export("ExportToken: the token has expired", request)
        self.refuses_export(
            "ExportToken: there is no such token", request, "ResourceNotFoundException"
        )
        self.assertEqual(self.left(parameters), [])

    def test_a_token_that_is_not_used(self):
        """The next start sweeps it away."""
        parameters = self.parameters_for_export()
        time.sleep(max(0, self.sign_of_life(parameters) - time.time()) + 0.1)
        with harness.Daemon(self.sandbox) as daemon:
            daemon.wait_for("ready")
        self.assertEqual(self.left(parameters), [])

    def left(self, parameters):
        """What the token has of it."""
        name = parameters["export_token"].rpartition("-")[2]
        return tr34_case.objects_of(self.sandbox, name)


harness.on_both_tokens(OwnPki)
harness.on_both_tokens(Expiry)
del OwnPki, Expiry

if __name__ == "__main__":
    harness.main()
