#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates of CAs come in: which are taken, how they are shown, and what becomes of them."""
import base64
import contextlib
import datetime
import hashlib
import itertools
import os
import tempfile

import harness
import certificates
import wire
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from pkcs11 import CKA, CKO

SIGNATURE = "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE"
CERTIFICATE_ROLE = 0x22
DAY = datetime.timedelta(days=1)


def ca_attributes(party, **more):
    return {
        "key_usage": SIGNATURE,
        "key_class": "PUBLIC_KEY",
        "key_algorithm": "RSA_%d" % party.key.key_size,
        "key_modes_of_use": {"verify": True},
        **more,
    }


def ca_request(form, key_attributes, ca=None, **more):
    """A root's without ca, the CA above it."""
    material = {"public_key_certificate": form, "key_attributes": key_attributes}
    if ca is None:
        return dict(more, key_material={"root_certificate_public_key": material})
    material["certificate_authority_public_key_identifier"] = ca
    return dict(more, key_material={"trusted_certificate_public_key": material})


def common_name(party):
    """The place of its key, too, in lower case."""
    return party.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


class Authorities(harness.TokenCase):
    """CAs have names of their own, and keys that no other has at that time: a token takes each certificate once, and
    NSS no two with different names under one label, which has the key's check value and the second.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kit = certificates.Kit(root_bits=2048)
        cls.numbers = itertools.count()

    def root(self, **options):
        number = next(self.numbers)
        options = {"place": "root %d" % number, **options}
        return self.kit.authority("Root %d" % number, **options)

    def below(self, issuer, **options):
        number = next(self.numbers)
        options = {"place": "ca %d" % (number % 9), **options}
        return self.kit.authority("CA %d" % number, issuer, **options)

    def take(self, party, ca=None, **more):
        request = ca_request(party.form, ca_attributes(party), ca, **more)
        return self.sandbox.call("IMPORT_KEY", request)["key"]

    def trust(self, party, ca=None):
        """The same; its ARN."""
        return self.take(party, ca)["key_arn"]

    def objects(self):
        return sorted(self.sandbox.open_token().find())

    def findings(self):
        return self.sandbox.call("TOKEN").get("findings", [])

    def refuse_request(self, request, *words, name="ValidationException"):
        """Nothing is left behind by it."""
        before = self.objects()
        text = self.refuses(name, self.sandbox.call, "IMPORT_KEY", request)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(self.objects(), before)
        return text

    def refuse(self, party, *words, ca=None, name="ValidationException"):
        request = ca_request(party.form, ca_attributes(party), ca)
        return self.refuse_request(request, *words, name=name)

    def get(self, arn):
        return self.sandbox.call("GET_KEY", {"key_identifier": arn})["key"]

    def certificate_object(self, arn):
        """The handle and the DER of a key's certificate in the token."""
        session = self.sandbox.open_token()
        ident = bytes([CERTIFICATE_ROLE]) + base64.b32decode(harness.name_of(arn).upper())
        (handle,) = session.find({CKA.CLASS: CKO.CERTIFICATE, CKA.ID: ident})
        return handle, session.get_attribute(handle, CKA.VALUE)


class Trusted(Authorities):
    def test_what_is_taken_is_shown(self):
        for bits in (2048, 3072):
            root = self.root(bits=bits)
            key = self.take(root)
            given = ca_attributes(root)
            given["key_modes_of_use"] = harness.all_modes(given)
            self.assertEqual(key["key_attributes"], given)
            self.assertEqual(key["key_check_value"], root.check_value)
            self.assertEqual(key["key_check_value_algorithm"], "SHA_1")
            self.assertEqual(key["key_state"], "CREATE_COMPLETE")
            self.assertEqual(key["key_origin"], "EXTERNAL")
            self.assertTrue(key["enabled"])
            self.assertFalse(key.get("exportable", False))
            self.assertEqual(key["usage_start_timestamp"], key["create_timestamp"])
            self.assertEqual(self.get(key["key_arn"]), key)
            listed = self.sandbox.call("LIST_KEYS", {"max_results": 100})["keys"]
            (summary,) = [each for each in listed if each["key_arn"] == key["key_arn"]]
            self.assertEqual(summary, {name: key[name] for name in summary})
            self.assertEqual(self.certificate_object(key["key_arn"])[1], root.der)
        self.assertEqual(self.findings(), [])

    def test_the_command_shows_all_nine_modes(self):
        shown = self.sandbox.cli("get-key", "--key-identifier", self.trust(self.root()))["Key"]
        modes = shown["KeyAttributes"]["KeyModesOfUse"]
        self.assertEqual(len(modes), 9)
        self.assertEqual([name for name in modes if modes[name]], ["Verify"])
        self.assertIs(shown["Exportable"], False)

    def test_the_object_is_public_and_of_its_role(self):
        session = self.sandbox.open_token()
        before = set(self.objects())
        root = self.root()
        arn = self.trust(root)
        handle, _ = self.certificate_object(arn)
        added = set(self.objects()) - before
        self.assertEqual(len(added), 2, "a certificate and a card")
        self.assertIn(handle, added)
        self.assertTrue(session.get_attribute(handle, CKA.TOKEN))
        self.assertFalse(session.get_attribute(handle, CKA.PRIVATE))
        serial = session.get_attribute(handle, CKA.SERIAL_NUMBER)
        self.assertIn(serial, root.der)
        self.assertEqual(int.from_bytes(serial[2:], "big"), root.serial)
        name = root.certificate.subject.public_bytes()
        self.assertEqual(session.get_attribute(handle, CKA.ISSUER), name)
        self.assertEqual(session.get_attribute(handle, CKA.SUBJECT), name)

    def test_the_records_say_who_is_trusted(self):
        root = self.root()
        arn = self.trust(root)
        middle = self.below(root)
        self.trust(middle, arn)
        expired = self.below(
            root, not_before=certificates.now() - 2 * DAY, not_after=certificates.now() - DAY
        )
        self.refuse(expired, "has expired", ca=arn)
        good, bad = self.sandbox.audit()[-2:]
        self.assertEqual(good["CertificateAuthorityKeyArn"], arn)
        self.assertEqual(good["CertificateSha256"], hashlib.sha256(middle.der).hexdigest())
        self.assertEqual(good["KeyCheckValue"], middle.check_value)
        self.assertIn("CN=CA ", good["CertificateSubject"])
        self.assertEqual(bad["CertificateSha256"], hashlib.sha256(expired.der).hexdigest())
        self.assertNotIn("KeyArn", bad)

    def test_cas_below_cas(self):
        """Eight at most, the root among them; each has a key of its own."""
        party = self.root()
        arn = self.trust(party)
        for level in range(1, 8):
            party = self.below(party)
            arn = self.trust(party, arn)
        self.refuse(self.below(party), "CertificateAuthorityPublicKeyIdentifier", "8 CAs", ca=arn)

    def test_one_key_may_have_several_certificates(self):
        """Renewed, or of another name; the very same one is refused and the key that it is named."""
        root = self.root()
        arn = self.trust(root)
        middle = self.below(root)
        middle_arn = self.trust(middle, arn)
        for party, ca, key in ((root, None, arn), (middle, arn, middle_arn)):
            self.refuse(
                party,
                "PublicKeyCertificate",
                "key/%s already" % harness.name_of(key),
                ca=ca,
                name="ConflictException",
            )
        renewed = self.kit.authority(common_name(root), place=common_name(root).lower())
        self.assertEqual(renewed.certificate.subject, root.certificate.subject)
        other = self.take(renewed)
        self.assertEqual(other["key_check_value"], self.get(arn)["key_check_value"])
        self.assertNotEqual(other["key_arn"], arn)
        # What is below the one is below the other, which has its name and key.
        self.trust(self.below(root), other["key_arn"])

    def test_an_issuer_has_a_serial_number_once(self):
        """A token would take one of the two for the other."""
        root = self.root()
        arn = self.trust(root)
        self.trust(self.below(root, serial=4711), arn)
        twin = self.below(root, serial=4711)
        self.refuse(twin, "issuer and serial", ca=arn, name="ConflictException")

    def test_attributes_are_those_of_the_certificate(self):
        root = self.root()
        arn = self.trust(root)
        for party, ca in ((self.root(), None), (self.below(root), arn)):
            for given, words in (
                ({"key_algorithm": "RSA_4096"}, "KeyAlgorithm: is RSA_4096, but the certificate's"),
                ({"key_algorithm": "RSA_3072"}, "KeyAlgorithm: is RSA_3072, but the certificate's"),
                ({"key_algorithm": "AES_128"}, "KeyAlgorithm"),
                ({"key_algorithm": "ECC_NIST_P256"}, "KeyAlgorithm"),
                ({"key_class": "SYMMETRIC_KEY"}, "KeyClass: must be PUBLIC_KEY"),
                ({"key_class": "ASYMMETRIC_KEY_PAIR"}, "KeyClass: must be PUBLIC_KEY"),
                ({"key_class": "PRIVATE_KEY"}, "KeyClass: must be PUBLIC_KEY"),
                ({"key_usage": "TR31_K2_TR34_ASYMMETRIC_KEY"}, "KeyUsage"),
                ({"key_usage": "TR31_K1_KEY_BLOCK_PROTECTION_KEY"}, "KeyUsage"),
                ({"key_usage": "S0"}, "KeyUsage"),
                ({"key_modes_of_use": {"sign": True}}, "KeyModesOfUse"),
                ({"key_modes_of_use": {"sign": True, "verify": True}}, "KeyModesOfUse"),
                ({"key_modes_of_use": {"no_restrictions": True}}, "KeyModesOfUse"),
                ({"key_modes_of_use": {}}, "KeyModesOfUse"),
            ):
                with self.subTest(given=given, ca=ca):
                    attributes = ca_attributes(party, **given)
                    self.refuse_request(ca_request(party.form, attributes, ca), words)
            for missing in ca_attributes(party):
                attributes = ca_attributes(party)
                del attributes[missing]
                self.refuse_request(ca_request(party.form, attributes, ca), "KeyAttributes")
            for more, words in (
                ({"key_check_value_algorithm": "CMAC"}, "KeyCheckValueAlgorithm"),
                ({"legacy_import": True}, "LegacyImport"),
            ):
                request = ca_request(party.form, ca_attributes(party), ca, **more)
                self.refuse_request(request, words)
            self.take(party, ca, key_check_value_algorithm="SHA_1")

    def test_forms_that_are_none(self):
        root = self.root()
        arn = self.trust(root)
        for party, ca in ((self.root(), None), (self.below(root), arn)):
            forms = dict(certificates.bad_forms(party), empty="", blank=" ")
            forms["line_breaks"] = base64.encodebytes(party.pem).decode()
            for name, form in forms.items():
                with self.subTest(form=name, ca=ca):
                    request = ca_request(form, ca_attributes(party), ca)
                    self.refuse_request(request, "PublicKeyCertificate")
            request = ca_request(party.form, ca_attributes(party), ca)
            del next(iter(request["key_material"].values()))["public_key_certificate"]
            self.refuse_request(request, "PublicKeyCertificate is required")

    def test_roots_that_are_none(self):
        root, past = self.root(), certificates.now() - 9 * DAY

        def refuse(*words, **options):
            self.refuse(self.root(place="refused", **options), *words)

        self.refuse(self.below(root), "not self-signed", "TrustedCertificatePublicKey")
        self.refuse(self.kit.leaf("KRD", root), "not self-signed")
        self.refuse(self.kit.self_signed("KRD"), "not a CA's")
        refuse("not a CA's", ca=None)
        refuse("keyUsage", "sign certificates", usages=certificates.ROLES["KDH"])
        refuse("has expired", not_before=past, not_after=past + DAY)
        refuse("not valid yet", not_before=certificates.now() + DAY)
        refuse("1024 bits is too weak", bits=1024)
        self.trust(self.root(usages=None))

    def test_cas_that_are_not_below_the_one_named(self):
        root, other = self.root(), self.root()
        arn, other_arn = self.trust(root), self.trust(other)
        middle = self.below(root)
        field = "PublicKeyCertificate (CN="
        past = certificates.now() - 9 * DAY
        self.refuse(middle, field, "was not issued by CN=Root", ca=other_arn)
        self.refuse(root, field, "self-signed", ca=arn)
        self.refuse(self.root(), field, "self-signed", ca=arn)
        self.refuse(self.below(middle), field, "was not issued by", ca=arn)
        self.refuse(self.kit.leaf("KRD", root), field, "not a CA's", ca=arn)
        self.refuse(self.below(root, usages=("crl_sign",)), "sign certificates", ca=arn)
        self.refuse(self.below(root, not_before=past, not_after=past + DAY), "expired", ca=arn)
        self.refuse(self.below(root, not_before=certificates.now() + DAY), "not valid yet", ca=arn)
        self.refuse(self.below(root, bits=1024), "too weak", ca=arn)
        self.refuse(self.below(root, hash=hashes.SHA1()), "weak hash", ca=arn)
        self.refuse(
            self.below(root, place=common_name(root).lower()),
            "its key is also that of the CA",
            ca=arn,
        )
        namesake = certificates.Party(other.key, root.certificate)
        self.refuse(self.below(namesake), field, "was not issued by", ca=arn)

    def test_cas_that_are_named_wrongly(self):
        root = self.root()
        arn = self.trust(root)
        middle = self.below(root)
        kek = self.sandbox.create(harness.kek_attributes("AES_128"))
        field = "CertificateAuthorityPublicKeyIdentifier"
        self.refuse(middle, field, "is not a CA's certificate", harness.name_of(kek), ca=kek)
        gone = "arn:aws:payment-cryptography:%s:key/aaaaaaaaaaaaaaab" % ":".join(
            arn.split(":")[3:5]
        )
        self.refuse(middle, "aaaaaaaaaaaaaaab", ca=gone, name="ResourceNotFoundException")
        self.refuse(middle, "alias/none", ca="alias/none", name="ResourceNotFoundException")
        for nothing in ("", "no identifier"):
            self.refuse(middle, field, ca=nothing)
        request = ca_request(middle.form, ca_attributes(middle), arn)
        material = request["key_material"]["trusted_certificate_public_key"]
        del material["certificate_authority_public_key_identifier"]
        self.refuse_request(request, field)
        self.trust(middle, harness.name_of(arn))

    def change(self, operation, arn, **more):
        return self.sandbox.call(operation, dict(more, key_identifier=arn))["key"]

    def test_aliases_and_tags(self):
        root = self.root()
        key = self.take(root, tags=[{"key": "Partner", "value": "Acme"}])
        arn = key["key_arn"]
        tags = {"resource_arn": arn}
        listed = self.sandbox.call("LIST_TAGS_FOR_RESOURCE", tags)["tags"]
        self.assertEqual(listed, [{"key": "Partner", "value": "Acme"}])
        self.sandbox.call("TAG_RESOURCE", dict(tags, tags=[{"key": "Site", "value": "1"}]))
        self.sandbox.call("UNTAG_RESOURCE", dict(tags, tag_keys=["Partner"]))
        listed = self.sandbox.call("LIST_TAGS_FOR_RESOURCE", tags)["tags"]
        self.assertEqual(listed, [{"key": "Site", "value": "1"}])
        alias = {"alias_name": "alias/acme-root", "key_arn": arn}
        self.assertEqual(self.sandbox.call("CREATE_ALIAS", alias)["alias"], alias)
        self.assertEqual(self.get("alias/acme-root"), key)
        self.trust(self.below(root), "alias/acme-root")

    def test_a_ca_that_rests_or_goes(self):
        """It, or one above it: nothing below it is taken meanwhile."""
        root = self.root()
        arn = self.trust(root)
        middle = self.below(root)
        middle_arn = self.trust(middle, arn)
        for changed, (operation, back, words) in itertools.product(
            (arn, middle_arn),
            (
                ("STOP_KEY_USAGE", (), "is not enabled"),
                ("DELETE_KEY", ("RESTORE_KEY",), "DELETE_PENDING"),
            ),
        ):
            with self.subTest(operation=operation, changed=changed):
                low = self.below(middle)
                shown = self.change(operation, changed)
                self.assertFalse(shown.get("enabled", False))
                self.assertEqual(shown["key_check_value"], self.get(changed)["key_check_value"])
                self.refuse(
                    low,
                    "CertificateAuthorityPublicKeyIdentifier",
                    "key/%s" % harness.name_of(changed),
                    words,
                    ca=middle_arn,
                    name="ConflictException",
                )
                for each in (*back, "START_KEY_USAGE"):
                    self.change(each, changed)
                self.trust(low, middle_arn)
        self.assertEqual(self.findings(), [])

    def test_one_made_to_rest(self):
        root = self.root()
        key = self.take(root, enabled=False)
        self.assertFalse(key.get("enabled", False))
        self.assertNotIn("usage_start_timestamp", key)
        middle = self.below(root)
        self.refuse(middle, "is not enabled", ca=key["key_arn"], name="ConflictException")

    def test_no_key_leaves_as_one_or_under_one(self):
        arn = self.trust(self.root())
        kek = self.sandbox.create(harness.kek_attributes("AES_128"))
        text = self.refuses("ValidationException", self.sandbox.export, arn, kek)
        self.assertIn("ExportKeyIdentifier: key/%s" % harness.name_of(arn), text)
        self.assertIn("PUBLIC_KEY", text)
        text = self.refuses("ValidationException", self.sandbox.export, kek, arn)
        self.assertIn("WrappingKeyIdentifier: key/%s" % harness.name_of(arn), text)
        request = harness.initial_key_request(arn, kek, "FFFF9876543210E00000")
        text = self.refuses("ValidationException", self.sandbox.call, "EXPORT_KEY", request)
        self.assertIn(harness.name_of(arn), text)


class AtOnce(Authorities, harness.TwoDaemonsCase):
    """Many import one certificate at the same time, through two daemons with several workers each."""

    options = {"workers": 3}

    def race_for(self, party, ca=None):
        """Its ARN."""
        request = ca_request(party.form, ca_attributes(party), ca)
        before = self.objects()
        replies = self.race([("IMPORT_KEY", request)] * 6)
        told = [str(reply) for reply in replies]
        made = [reply for reply in replies if not isinstance(reply, wire.Refused)]
        self.assertEqual(len(made), 1, told)
        name = harness.name_of(made[0]["key"]["key_arn"])
        for reply in replies:
            if isinstance(reply, wire.Refused):
                self.assertEqual(reply.name, "ConflictException", told)
                self.assertRegex(
                    reply.text,
                    "^PublicKeyCertificate: This certificate is "
                    "(key/%s already|being imported by somebody else)" % name,
                )
        self.assertEqual(len(self.objects()), len(before) + 2, "a certificate and a card")
        self.refuse(party, "key/%s already" % name, ca=ca, name="ConflictException")
        return made[0]["key"]["key_arn"]

    def test_one_key_comes_of_it(self):
        for _ in range(4):
            root = self.root()
            self.race_for(self.below(root), self.race_for(root))
        self.assertEqual(self.findings(), [])


class Meddling(Authorities):
    """Another program changes what is in the token."""

    def replace(self, arn, party):
        """Another certificate stands where the key's did, under the same names."""
        session = self.sandbox.open_token()
        handle, _ = self.certificate_object(arn)
        names = session.get_attributes(handle, [CKA.ID, CKA.LABEL])
        session.destroy(handle)
        serial = party.serial.to_bytes(party.serial.bit_length() // 8 + 1, "big")
        template = {
            CKA.CLASS: CKO.CERTIFICATE,
            CKA.CERTIFICATE_TYPE: 0,
            CKA.TOKEN: True,
            CKA.PRIVATE: False,
            CKA.MODIFIABLE: False,
            CKA.SUBJECT: party.certificate.subject.public_bytes(),
            CKA.ISSUER: party.certificate.issuer.public_bytes(),
            CKA.SERIAL_NUMBER: b"\x02" + bytes([len(serial)]) + serial,
            CKA.VALUE: party.der,
            **names,
        }
        if self.token == "softhsm":
            template[CKA.COPYABLE] = False
        session.create_object(template)

    def test_a_certificate_that_was_exchanged(self):
        stranger = self.root()
        arn = self.trust(self.root())
        self.replace(arn, stranger)
        text = self.refuse(
            self.below(stranger),
            "CertificateAuthorityPublicKeyIdentifier",
            harness.name_of(arn),
            ca=arn,
            name="ConflictException",
        )
        self.assertIn("operator", text)

    def test_a_certificate_that_is_gone(self):
        root = self.root()
        arn = self.trust(root)
        handle, _ = self.certificate_object(arn)
        self.sandbox.open_token().destroy(handle)
        self.refuse(self.below(root), harness.name_of(arn), ca=arn, name="ConflictException")
        again = self.trust(root)
        self.trust(self.below(root), again)
        self.assertEqual(self.get(arn)["key_check_value"], root.check_value)
        name = harness.name_of(arn)
        self.assertTrue([each for each in self.findings() if name in each["object"]])


class Revocation(Authorities):
    """The configuration names a list for a root; it is read at each use."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = os.path.join(folder.name, "root.crl")
        cls.strict = certificates.Kit(root_bits=2048)
        print_ = hashlib.sha256(cls.strict.root.der).hexdigest()
        rule = "certificates:\n  anchors:\n    - sha-256: %s\n      crl: %s\n"
        cls.options = {"config": rule % (print_, cls.file)}
        super().setUpClass()
        cls.arn = cls.sandbox.call(
            "IMPORT_KEY", ca_request(cls.strict.root.form, ca_attributes(cls.strict.root))
        )["key"]["key_arn"]

    def write(self, data):
        with open(self.file + ".new", "wb") as file:
            file.write(data)
        os.replace(self.file + ".new", self.file)

    def list(self, *parties, **options):
        self.write(self.strict.crl(serials=[party.serial for party in parties], **options))

    def test_lists_that_cannot_serve(self):
        """Without one nothing of that CA is taken; of others it says nothing."""
        root, past = self.strict.root, certificates.now() - 9 * DAY
        middle = self.below(root)

        def refuse(*words):
            self.refuse(middle, *words, ca=self.arn, name="ServiceUnavailableException")

        with contextlib.suppress(FileNotFoundError):
            os.remove(self.file)
        refuse("revocation list", "cannot be read")
        for data in (b"", b"no list", root.der, b"\0" * (2 << 20)):
            self.write(data)
            refuse("revocation list", "cannot be read")
        self.list(last_update=past, next_update=past + DAY)
        refuse("out of date", "CN=Root")
        self.list(last_update=certificates.now() + DAY / 2)
        refuse("not valid yet")
        self.list(signer=middle.key)
        refuse("not signed by it")
        self.list(issuer=self.strict.intermediate)
        refuse("not signed by it")
        other = self.root()
        self.trust(self.below(other), self.trust(other))
        self.list()
        self.trust(middle, self.arn)

    def test_the_revoked(self):
        middle, other = self.below(self.strict.root), self.below(self.strict.root)
        self.list(other)
        self.refuse(other, "PublicKeyCertificate (CN=CA", "is revoked", ca=self.arn)
        middle_arn = self.trust(middle, self.arn)
        self.trust(self.below(middle), middle_arn)
        self.list(middle, other)  # what is below it is no better than it
        words = "CertificateAuthorityPublicKeyIdentifier (CN=%s" % common_name(middle)
        self.refuse(self.below(middle), words, "is revoked", ca=middle_arn)
        pem = certificates.pem_of(self.strict.crl(serials=[other.serial]), "X509 CRL")
        self.write(pem)
        self.trust(self.below(middle), middle_arn)


for case in (Trusted, AtOnce, Meddling):
    harness.on_both_tokens(case)
del Authorities, Trusted, AtOnce, Meddling, case

if __name__ == "__main__":
    harness.main()
