#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The CA in the token, and the certified key pairs that get-parameters-for-export and -import make."""
import contextlib
import datetime
import time

import harness
import tr34_case
import tr34_chain
import wire
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
MINUTES = datetime.timedelta(minutes=5)
EXPORT = ("GET_PARAMETERS_FOR_EXPORT", "signing_key_algorithm")
IMPORT = ("GET_PARAMETERS_FOR_IMPORT", "wrapping_key_algorithm")
# AWS's bounds of each part of a subject.
BOUNDS = {
    "common_name": 64,
    "organization_unit": 64,
    "organization": 64,
    "city": 128,
    "state_or_province": 128,
}


def parameters(client, operation, algorithm="RSA_2048", kind=tr34_case.TR34):
    name, member = operation
    given = {"key_material_type": kind, member: algorithm}
    return client.call(name, tr34_case.without_none(given))


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def text_of(name, oid):
    return [part.value for part in name.get_attributes_for_oid(oid)]


class NoAuthority(harness.TwoDaemonsCase):
    """What there is before init-ca, and what many at once get."""

    options = {"config": "certificates:\n  token-validity: 3600000\n"}

    def count(self):
        return len(self.sandbox.open_token().find())

    def test_in_order(self):
        self.before_there_is_one()
        self.subjects_that_are_none()
        subject = {"common_name": "Keys", "organization": "Zürich & Söhne", "country": "CH"}
        ca = self.many_at_once(subject)
        self.assertEqual(text_of(ca.subject, NameOID.ORGANIZATION_NAME), ["Zürich & Söhne"])
        self.assertEqual(text_of(ca.subject, NameOID.COUNTRY_NAME), ["CH"])
        for client in (self.sandbox, self.second):
            text = self.refuses("ConflictException", client.call, "INIT_CA")
            self.assertIn("has its CA already", text)
            given = parameters(client, EXPORT)
            chain = tr34_case.read(given["signing_key_certificate_chain"])
            self.assertEqual(chain, ca)
        self.check_window(given, 3600)

    def before_there_is_one(self):
        pair = tr34_case.create_pair(self.sandbox)
        before = self.count()
        for call in (
            lambda: parameters(self.sandbox, EXPORT),
            lambda: parameters(self.sandbox, IMPORT),
            lambda: self.sandbox.call("GET_PUBLIC_KEY_CERTIFICATE", {"key_identifier": pair}),
        ):
            self.assertIn("keyferry init-ca", self.refuses("ConflictException", call))
        self.assertEqual(self.count(), before)

    def subjects_that_are_none(self):
        before = self.count()
        wrong = [({member: "x" * (most + 1)}, member) for member, most in BOUNDS.items()]
        wrong += [({member: ""}, member) for member in BOUNDS]
        wrong += [({member: "a[b"}, member) for member in BOUNDS]
        wrong += [({"country": each}, "country") for each in ("C", "CHE", "C1", "ÜÄ")]
        wrong += [({"email_address": each}, "email_address") for each in ("a", "a b@c", "@c", "a@")]
        for given, member in wrong:
            subject = dict({"common_name": "Keys"}, **given)
            text = self.refuses(
                "ValidationException",
                self.sandbox.call,
                "INIT_CA",
                {"certificate_subject": subject},
            )
            name = "".join(part.capitalize() for part in member.split("_"))
            self.assertIn("CertificateSubject." + name, text)
        text = self.refuses(
            "ValidationException", self.sandbox.call, "INIT_CA", {"certificate_subject": {}}
        )
        self.assertIn("CommonName is required", text)
        self.assertEqual(self.count(), before)

    def many_at_once(self, subject):
        """One of them makes it, whichever daemon it asks."""
        before = self.count()
        calls = [("INIT_CA", {"certificate_subject": subject})] * 6
        replies = self.race(calls)
        made = [reply for reply in replies if isinstance(reply, dict)]
        refused = [reply.name for reply in replies if isinstance(reply, wire.Refused)]
        self.assertEqual(len(made), 1, [str(reply) for reply in replies])
        self.assertEqual(set(refused), {"ConflictException"}, [str(reply) for reply in replies])
        for reply in replies:
            if isinstance(reply, wire.Refused):
                self.assertRegex(reply.text, "The token('s CA is being made| has its CA already)")
        self.assertEqual(self.count(), before + 3, "card, private key and certificate")
        certificate = tr34_case.read(made[0]["key_certificate"])
        end = (certificate.not_valid_after - datetime.datetime(1970, 1, 1)).total_seconds()
        self.assertEqual(made[0]["valid_until_timestamp"], end * 1000)
        return certificate

    def check_window(self, given, seconds):
        left = given["parameters_valid_until_timestamp"] / 1000 - time.time()
        self.assertLess(abs(left - seconds), 60)


class Parameters(tr34_case.Tr34Case):
    def test_the_authority(self):
        ca = self.ca.certificate
        self.assertEqual(ca.public_key().key_size, 4096)
        self.assertTrue(tr34_case.is_signed_by(ca, ca))
        self.assertIsInstance(ca.signature_hash_algorithm, hashes.SHA256)
        constraints = extension(ca, x509.BasicConstraints)
        self.assertTrue(constraints.critical)
        self.assertEqual((constraints.value.ca, constraints.value.path_length), (True, 0))
        usage = tr34_case.key_usage(ca)
        self.assertTrue(usage.key_cert_sign and usage.crl_sign)
        self.assertFalse(usage.digital_signature or usage.key_encipherment)
        self.assertLess(abs(ca.not_valid_after - tr34_chain.now() - 3650 * DAY), DAY)

    def check_leaf(self, form, chain, algorithm, usage, unit, until):
        leaf = tr34_case.read(form)
        self.assertEqual(chain, self.ca.form)
        self.assertTrue(tr34_case.is_signed_by(leaf, self.ca.certificate))
        self.assertIsInstance(leaf.signature_hash_algorithm, hashes.SHA256)
        self.assertEqual("RSA_%d" % leaf.public_key().key_size, algorithm)
        self.assertFalse(extension(leaf, x509.BasicConstraints).value.ca)
        found = tr34_case.key_usage(leaf)
        self.assertTrue(getattr(found, usage))
        self.assertFalse(found.key_cert_sign or found.crl_sign)
        self.assertNotEqual(found.digital_signature, found.key_encipherment)
        self.assertEqual(text_of(leaf.subject, NameOID.ORGANIZATIONAL_UNIT_NAME), [unit])
        identifier = extension(leaf, x509.AuthorityKeyIdentifier).value.key_identifier
        own = extension(self.ca.certificate, x509.SubjectKeyIdentifier).value.digest
        self.assertEqual(identifier, own)
        self.assertLess(leaf.not_valid_before, tr34_chain.now())
        end = (leaf.not_valid_after - datetime.datetime(1970, 1, 1)).total_seconds()
        self.assertEqual(until, end * 1000)
        self.assertLess(abs(leaf.not_valid_after - tr34_chain.now() - 7 * DAY), MINUTES)
        return leaf

    def test_what_is_given(self):
        serials = {self.ca.serial}
        for operation, algorithm, kind in (
            (EXPORT, "RSA_2048", tr34_case.TR34),
            (EXPORT, "RSA_3072", tr34_case.TR34),
            (EXPORT, "RSA_4096", tr34_case.TR34),
            (IMPORT, "RSA_2048", tr34_case.TR34),
            (IMPORT, "RSA_3072", "KEY_CRYPTOGRAM"),
        ):
            given = parameters(self.sandbox, operation, algorithm, kind)
            sends = operation == EXPORT
            member = "signing_key" if sends else "wrapping_key"
            leaf = self.check_leaf(
                given[member + "_certificate"],
                given[member + "_certificate_chain"],
                algorithm,
                "digital_signature" if sends else "key_encipherment",
                "KDH" if sends else "KRD",
                given["parameters_valid_until_timestamp"],
            )
            self.assertEqual(given[member + "_algorithm"], algorithm)
            name = "export" if sends else "import"
            self.assertRegex(given[name + "_token"], "^%s-token-[0-9a-z]{16}$" % name)
            serials.add(leaf.serial_number)
        self.assertEqual(len(serials), 6)

    def test_refused(self):
        before = self.count()
        for operation, algorithm, kind, words in (
            (EXPORT, "RSA_1024", tr34_case.TR34, "SigningKeyAlgorithm: must be"),
            (EXPORT, "AES_128", tr34_case.TR34, "SigningKeyAlgorithm: must be"),
            (EXPORT, None, tr34_case.TR34, "SigningKeyAlgorithm: must be"),
            (EXPORT, "RSA_2048", "KEY_CRYPTOGRAM", "KeyMaterialType: must be"),
            (EXPORT, "RSA_2048", "TR31_KEY_BLOCK", "KeyMaterialType: must be"),
            (EXPORT, "RSA_2048", None, "KeyMaterialType: must be"),
            (IMPORT, "RSA_1024", tr34_case.TR34, "WrappingKeyAlgorithm: must be"),
            (IMPORT, None, "KEY_CRYPTOGRAM", "WrappingKeyAlgorithm: must be"),
            (IMPORT, "RSA_2048", "ROOT_PUBLIC_KEY_CERTIFICATE", "KeyMaterialType: must be"),
            (IMPORT, "RSA_2048", None, "KeyMaterialType: must be"),
        ):
            text = self.refuses(
                "ValidationException", parameters, self.sandbox, operation, algorithm, kind
            )
            self.assertIn(words, text)
        self.assertEqual(self.count(), before)

    def test_one_token_sends_many_keys(self):
        for algorithm, bits in tr34_case.MATRIX[:3]:
            value, arn = self.sandbox.adopt_known(tr34_case.data_key(algorithm))
            self.assertEqual(self.export(arn, self.receivers[bits])[1]["key"], value)

    def test_keys_of_keyferrys_own_are_nobodys(self):
        """Neither the CA's nor a token's is listed, or does anything that a key's name is for."""
        ca = "a" * 16
        for name in (ca, self.parameters["export_token"].rpartition("-")[2]):
            self.assertEqual(len(tr34_case.objects_of(self.sandbox, name)), 3)
            arn = self.root.rpartition("/")[0] + "/" + name
            listed = self.sandbox.call("LIST_KEYS")["keys"]
            self.assertNotIn(arn, [key["key_arn"] for key in listed])
            for operation, given in (
                ("GET_KEY", {"key_identifier": arn}),
                ("DELETE_KEY", {"key_identifier": arn}),
                ("RESTORE_KEY", {"key_identifier": arn}),
                ("START_KEY_USAGE", {"key_identifier": arn}),
                ("STOP_KEY_USAGE", {"key_identifier": arn}),
                ("CREATE_ALIAS", {"alias_name": "alias/own", "key_arn": arn}),
                ("TAG_RESOURCE", {"resource_arn": arn, "tags": [{"key": "a", "value": "b"}]}),
                ("LIST_TAGS_FOR_RESOURCE", {"resource_arn": arn}),
                ("GET_PUBLIC_KEY_CERTIFICATE", {"key_identifier": arn}),
                (
                    "GET_CERTIFICATE_SIGNING_REQUEST",
                    {
                        "key_identifier": arn,
                        "signing_algorithm": "SHA256",
                        "certificate_subject": {"common_name": "Mine"},
                    },
                ),
            ):
                with self.subTest(operation, name=name):
                    self.refuses("ResourceNotFoundException", self.sandbox.call, operation, given)
            signing = {
                "export_token": None,
                "signing_key_identifier": arn,
                "signing_key_certificate": self.sender.form,
            }
            other = {"certificate_authority_public_key_identifier": arn}
            key = self.sandbox.create(tr34_case.data_key("TDES_2KEY"))
            for request in (self.tr34(key, **signing), self.tr34(key, **other), self.tr34(arn)):
                self.refuses_export("There is no key/", request, "ResourceNotFoundException")
        request = self.tr34(key, export_token="export-token-" + ca)
        self.refuses_export("no such token", request, "ResourceNotFoundException")

    def test_a_worker_that_dies_over_it(self):
        """No token, no key that is listed; what lies about has no card and is of no use."""
        listed = self.sandbox.call("LIST_KEYS")
        for wait in (0.05, 0.2, 0.5):
            with self.sandbox.connect() as connection:
                given = {"key_material_type": tr34_case.TR34, "signing_key_algorithm": "RSA_4096"}
                connection.send("GET_PARAMETERS_FOR_EXPORT", given)
                connection.send("GET_PARAMETERS_FOR_EXPORT", given)
                time.sleep(wait)
                for which in range(2):
                    with contextlib.suppress(IndexError, KeyError, ProcessLookupError):
                        self.sandbox.kill_worker(which)
                replies = [connection.receive()[1] for _ in range(2)]
            for reply in replies:
                if isinstance(reply, wire.Refused):
                    self.assertEqual(reply.name, "ServiceUnavailableException")
            self.sandbox.wait_ready()
        self.assertEqual(self.sandbox.call("LIST_KEYS"), listed)
        key = self.sandbox.create(tr34_case.data_key("TDES_2KEY"))
        self.export(key)
        self.parameters_for_export()

    def test_the_record(self):
        given = self.parameters_for_export()
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["ExportToken"], given["export_token"])
        for form in (given["signing_key_certificate"], given["kdh_credential"]):
            self.assertNotIn(form[100:140], str(record))


harness.on_both_tokens(NoAuthority)
harness.on_both_tokens(Parameters)
del NoAuthority, Parameters

if __name__ == "__main__":
    harness.main()
