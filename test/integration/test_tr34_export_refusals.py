#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What no key token is made for: each request refused by name, and nothing left behind in the token."""
import base64
import datetime
import os
import random
import secrets
import tempfile

import harness
import certificates
import tr31_reader
import tr34_case
import tr34_chain
import tr34_files
import tr34_partner
import wire
from tr34_case import LAYOUTS

DAY = datetime.timedelta(days=1)
MUTATIONS = int(os.environ.get("KEYFERRY_TEST_MUTATIONS", "1500"))
SEED = os.environ.get("KEYFERRY_TEST_SEED", "1")
WINDOW = 32
# What a refusal says of each of certificates.bad_leaves.
REASONS = {
    "wrong_anchor": "was not issued by",
    "expired": "has expired",
    "not_yet_valid": "not valid yet",
    "weak": "too weak",
    "self_signed": "self-signed",
    "ca_as_leaf": "a CA's certificate",
    "authority_itself": "self-signed",
    "wrong_usage": "keyEncipherment",
    "below_a_leaf": "was not issued by",
    "unknown_intermediate": "was not issued by",
    "broken_chain": "was not issued by",
    "other_root_of_that_name": "was not issued by",
    "not_rsa": "not an RSA key",
    "sha1_signature": "weak hash",
    "even_modulus": "its RSA modulus is no product of two large primes",
    "power_of_two": "its RSA modulus is no product of two large primes",
    "small_factor": "its RSA modulus is no product of two large primes",
    "prime_modulus": "its RSA modulus is no product of two large primes",
    "small_exponent": "its public exponent must be odd, at least 65537",
    "long_exponent": "of 64 bits at most",
    "two_pems": "more than one certificate",
    "der": "holds DER",
    "pem_without_base64": "control character",  # its line breaks
    "wrong_base64": "is not base64",
    "base64_without_end": "is not base64",
    "cut_pem": "has no end",
    "octets_behind": "is not one X.509 certificate",
    "damaged_der": "is not one X.509 certificate",
    "other_label": "no CERTIFICATE",
    "private_key": "must not leave its owner",
}


class Refusals(tr34_case.Tr34Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.aes = cls.sandbox.create(tr34_case.data_key("AES_128"))
        cls.tdes = cls.sandbox.create(tr34_case.data_key("TDES_2KEY"))
        cls.kek_value, cls.kek = cls.sandbox.adopt_known(harness.kek_attributes("AES_256"))

    def setUp(self):
        before = self.count()
        self.addCleanup(lambda: self.assertEqual(self.count(), before))

    def requests(self, key, receiver=None, **members):
        """The same in either format."""
        receiver = receiver or self.receivers[3072]
        return self.tr34(key, receiver, **members), self.cryptogram(key, receiver, **members)

    def test_members(self):
        for words, members in (
            ("KeyBlockFormat: must be X9_TR34_2012", {"key_block_format": None}),
            ("KeyBlockFormat: must be X9_TR34_2012", {"key_block_format": "X9_TR34_2019"}),
            ("KeyBlockFormat: must be X9_TR34_2012", {"key_block_format": ""}),
            ("Layout: ", {"layout": "AWS2012"}),
            ("Layout: ", {"layout": ""}),
            ("RandomNonce: must be", {"random_nonce": ""}),
            ("RandomNonce: must be", {"random_nonce": "0" * 17}),
            ("RandomNonce: must be", {"random_nonce": "0" * 14}),
            ("RandomNonce: must be", {"random_nonce": "0" * 34}),
            ("RandomNonce: must be", {"random_nonce": "0" * 300}),
            ("RandomNonce: must be", {"random_nonce": "0" * 15 + "G"}),
            ("RandomNonce: must be", {"random_nonce": "0" * 15 + " "}),
            ("WrappingKeyCertificate is required", {"wrapping_key_certificate": None}),
            ("WrappingKeyCertificate is required", {"wrapping_key_certificate": ""}),
            ("ExportToken: must be export-token-", {"export_token": "import-token-abc"}),
            ("ExportToken: must be export-token-", {"export_token": "0"}),
        ):
            with self.subTest(words, members=members):
                self.refuses_export(words, self.tr34(self.tdes, **members))

    def test_tokens_that_nobody_has(self):
        given = {"key_material_type": tr34_case.TR34, "wrapping_key_algorithm": "RSA_2048"}
        reply = self.sandbox.call("GET_PARAMETERS_FOR_IMPORT", given)
        imported = reply["import_token"].rpartition("-")[2]
        self.gone_afterwards(imported)
        good = self.parameters["export_token"]
        for end in ("", "a" * 16, "a" * 64, good[13:].upper(), good[13:] + "a", imported, "../../a"):
            text = self.refuses_export(
                "ExportToken: there is no such token",
                self.tr34(self.tdes, export_token="export-token-" + end),
                "ResourceNotFoundException",
            )
            self.assertNotIn(good, text)

    def test_anchors(self):
        name = "certificate_authority_public_key_identifier"
        for error, words, identifier in (
            ("ValidationException", "is required", None),
            ("ValidationException", "must be a key ARN", "root"),
            ("ResourceNotFoundException", "There is no alias/nobody", "alias/nobody"),
            ("ResourceNotFoundException", "There is no key/", self.root[:-16] + "a" * 16),
            ("ValidationException", "not a CA's certificate", self.aes),
            ("ValidationException", "not a CA's certificate", self.kek),
        ):
            for request in self.requests(self.tdes, **{name: identifier}):
                text = self.refuses_export(words, request, error)
                self.assertTrue(text.startswith("CertificateAuthorityPublicKeyIdentifier"), text)

    def test_certificates(self):
        for issuer, anchor in (
            (None, self.root),
            (self.kit.intermediate, self.intermediate),
        ):
            named = {"certificate_authority_public_key_identifier": anchor}
            for name, form in certificates.bad_leaves(self.kit, "KRD", issuer).items():
                if name == "authority_itself" and issuer:
                    continue  # for an intermediate there is the next test
                for request in self.requests(
                    self.tdes, wrapping_key_certificate=form, **named
                ):
                    with self.subTest(name, intermediate=issuer is not None):
                        self.refuses_export(("WrappingKeyCertificate", REASONS[name]), request)

    def test_an_intermediate_is_no_receiver(self):
        for request in self.requests(self.tdes, self.kit.intermediate):
            self.refuses_export("a CA's certificate", request)

    def test_receivers_that_are_too_weak(self):
        for algorithm, bits, words in (
            ("AES_128", 2048, "RSA_2048 wraps no AES_128 key"),
            ("AES_192", 4096, "RSA_4096 wraps no AES_192 key"),
            ("AES_256", 4096, "RSA_4096 wraps no AES_256 key"),
        ):
            key = self.made(tr34_case.data_key(algorithm))
            for request in self.requests(key, self.receivers[bits]):
                self.refuses_export(("WrappingKeyCertificate (CN=KRD", words), request)
        key = self.made(
            harness.attributes("HMAC_SHA256", "TR31_M7_HMAC_KEY", {"generate": True, "verify": True})
        )
        for request in self.requests(key, self.receivers[4096]):
            self.refuses_export("RSA_4096 wraps no HMAC_SHA256 key", request)

    def made(self, attributes, exportable=True):
        """A key that is there for the test alone."""
        key = self.sandbox.create(attributes, exportable)
        self.gone_afterwards(key)
        return key

    def gone_afterwards(self, key):
        def destroy():
            session = self.sandbox.open_token()
            for handle in tr34_case.objects_of(self.sandbox, harness.name_of(key)):
                session.destroy(handle)

        self.addCleanup(destroy)

    def imported(self, letter):
        block = tr31_reader.make_block(
            self.kek_value, "D", "D0", "A", "B", secrets.token_bytes(16), exportability=letter
        )
        given = harness.import_request(block, self.kek)
        key = self.sandbox.call("IMPORT_KEY", given)["key"]["key_arn"]
        self.gone_afterwards(key)
        return key

    def test_keys_that_may_not_leave(self):
        stays = self.made(tr34_case.data_key("TDES_2KEY"), False)
        pair = self.made(tr34_case.pair_attributes(), False)
        came = self.imported("N")
        for key, words in (
            (stays, "is not exportable"),
            (came, "came in a key block with exportability N"),
            (pair, "ExportKeyIdentifier"),
            (self.root, "ExportKeyIdentifier"),
        ):
            for request in self.requests(key):
                self.refuses_export(("ExportKeyIdentifier", words), request)

    def test_keys_that_may_leave_in_key_blocks_only(self):
        key = self.imported("E")
        self.send(self.tr34(key))
        text = self.refuses_export("ExportKeyIdentifier", self.cryptogram(key))
        self.assertIn("exportability E", text)
        free = self.imported("S")
        self.send(self.tr34(free))
        self.send(self.cryptogram(free))

    def test_keys_that_are_not_there(self):
        for error, words, key in (
            (
                "ResourceNotFoundException",
                "ExportKeyIdentifier: There is no key/",
                self.aes[:-16] + "a" * 16,
            ),
            ("ValidationException", "ExportKeyIdentifier is required", None),
        ):
            for request in self.requests(key):
                self.refuses_export(words, tr34_case.without_none(request), error)

    def test_anchors_that_rest_or_go(self):
        other = self.kit.authority("Other")
        anchor = tr34_case.put_anchor(self.sandbox, other.certificate)
        self.gone_afterwards(anchor)
        named = {"certificate_authority_public_key_identifier": anchor}
        receiver = self.kit.leaf("KRD", other)
        for stop, back in (
            ("STOP_KEY_USAGE", "START_KEY_USAGE"),
            ("DELETE_KEY", "RESTORE_KEY"),
        ):
            requests = self.requests(self.tdes, receiver, **named)
            for request in requests:
                self.send(request)
            self.sandbox.call(stop, {"key_identifier": anchor})
            for request in requests:
                self.refuses_export(
                    "CertificateAuthorityPublicKeyIdentifier", request, "ConflictException"
                )
            self.sandbox.call(back, {"key_identifier": anchor})
            self.sandbox.call("START_KEY_USAGE", {"key_identifier": anchor})

    def test_mutated_certificates(self):
        """None is taken, whatever was changed. KEYFERRY_TEST_MUTATIONS gives another number than
        1500 on each token; with test_tr34_mutations.py, which heeds it too, a plain run has 5000.
        """
        chance = random.Random("%s %s" % (SEED, self.token))
        good = self.receivers[3072]
        with self.sandbox.connect() as connection:
            sent = answered = 0
            while answered < MUTATIONS:
                while sent < MUTATIONS and len(connection.waiting) < WINDOW:
                    connection.send("EXPORT_KEY", self.mutated(chance, good))
                    sent += 1
                reply = connection.receive()[1]
                self.assertIsInstance(reply, wire.Refused, "seed %s, answer %d" % (SEED, answered))
                self.assertEqual(reply.name, "ValidationException", reply.text)
                self.assertRegex(reply.text, "^(WrappingKeyCertificate|KrdCredential)")
                answered += 1
        self.send(self.tr34(self.tdes))

    def mutated(self, chance, good):
        while True:
            der = tr34_partner.mutate(chance, good.der)
            if der != good.der:
                break
        kind = chance.randrange(4)
        if kind == 0:
            return self.cryptogram(self.tdes, wrapping_key_certificate=form_of(der))
        if kind == 1:
            return self.tr34(
                self.tdes, wrapping_key_certificate=None, krd_credential=credential_of(der)
            )
        return self.tr34(
            self.tdes,
            wrapping_key_certificate=form_of(der),
            layout=chance.choice(LAYOUTS),
        )


def form_of(der):
    return base64.b64encode(certificates.pem_of(der)).decode()


def credential_of(der):
    return tr34_files.write_ct_krd(der).hex()


class Ruled(tr34_case.Tr34Case):
    """The configuration names a revocation list for the partner's root, and lets cryptograms go to another's only."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = os.path.join(folder.name, "root.crl")
        cls.kit = certificates.Kit(root_bits=2048)
        cls.revoke()
        rules = "certificates:\n  anchors:\n    - sha-256: %s\n      crl: %s\n"
        rules += "    - sha-256: %s\n      key-cryptogram: allow\n"
        root, other = cls.kit.root.certificate, cls.kit.intermediate.certificate
        rules %= (tr34_case.fingerprint(root), cls.file, tr34_case.fingerprint(other))
        cls.options = {"ca": True, "config": rules}
        super().setUpClass()
        cls.key = cls.sandbox.create(tr34_case.data_key("TDES_2KEY"))

    @classmethod
    def revoke(cls, *parties, **options):
        with open(cls.file + ".new", "wb") as file:
            file.write(cls.kit.crl(serials=[party.serial for party in parties], **options))
        os.replace(cls.file + ".new", cls.file)

    def test_revoked(self):
        good, bad = self.kit.leaf("KRD"), self.kit.leaf("KRD")
        self.revoke(bad)
        before = self.count()
        self.send(self.tr34(self.key, good))
        for request in (self.tr34(self.key, bad), self.cryptogram(self.key, bad)):
            self.refuses_export(("WrappingKeyCertificate (CN=KRD", "is revoked"), request)
        self.revoke(self.kit.intermediate)
        below = self.kit.leaf("KRD", self.kit.intermediate)
        named = {"certificate_authority_public_key_identifier": self.intermediate}
        for request in (
            self.tr34(self.key, below, **named),
            self.cryptogram(self.key, below, **named),
        ):
            words = ("CertificateAuthorityPublicKeyIdentifier (CN=Intermediate", "is revoked")
            self.refuses_export(words, request)
        self.revoke()
        self.send(self.tr34(self.key, below, **named))
        self.assertEqual(self.count(), before)

    def test_lists_that_cannot_serve(self):
        request, now = self.tr34(self.key), tr34_chain.now()
        self.revoke(last_update=now - 9 * DAY, next_update=now - DAY)
        self.refuses_export("out of date", request, "ServiceUnavailableException")
        os.remove(self.file)
        self.refuses_export("cannot be read", request, "ServiceUnavailableException")
        self.revoke()
        self.send(request)

    def test_cryptograms_go_where_the_rule_is(self):
        self.revoke()
        before = self.count()
        words = ("KeyCryptogram: the configuration does not allow", "key-cryptogram: allow")
        self.refuses_export(words, self.cryptogram(self.key))
        below = self.kit.leaf("KRD", self.kit.intermediate)
        named = {"certificate_authority_public_key_identifier": self.intermediate}
        self.send(self.cryptogram(self.key, below, **named))
        self.assertEqual(self.count(), before)


class Unruled(tr34_case.Tr34Case):
    options = {"ca": True, "config": "certificates:\n  anchors: []\n"}

    def test_no_cryptogram_leaves(self):
        key = self.sandbox.create(tr34_case.data_key("TDES_2KEY"))
        self.refuses_export("KeyCryptogram: the configuration", self.cryptogram(key))
        self.send(self.tr34(key))


harness.on_both_tokens(Refusals)
del Refusals

if __name__ == "__main__":
    harness.main()
