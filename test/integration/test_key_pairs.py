#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""RSA key pairs: made in the token, where their private half stays."""
import base64

import harness
import certificates
import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pkcs11 import CKA, CKM, CKO, Mechanism

SIGNATURE = "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE"
EXCHANGE = "TR31_K2_TR34_ASYMMETRIC_KEY"
SIGN = {"sign": True}
SEND = {"encrypt": True, "wrap": True}
RECEIVE = {"decrypt": True, "unwrap": True}
SIGNING, UNWRAPPING = 0x20, 0x21
PRIVATE_NUMBERS = range(0x123, 0x129)  # CKA_PRIVATE_EXPONENT to CKA_COEFFICIENT
SIGN_RECOVER = 0x109
SIGNATURES = {0x46, 0x40, 0x41, 0x42}  # CKM_SHA224_RSA_PKCS to CKM_SHA512_RSA_PKCS
KSN = "FFFF9876543210E00000"


def pair_attributes(usage=SIGNATURE, modes=None, bits=2048, **more):
    return {
        "key_usage": usage,
        "key_class": "ASYMMETRIC_KEY_PAIR",
        "key_algorithm": "RSA_%d" % bits,
        "key_modes_of_use": SIGN if modes is None else modes,
        **more,
    }


class KeyPairs(harness.TokenCase):
    def make(self, *arguments, **more):
        given = {"key_attributes": pair_attributes(*arguments), "exportable": False}
        return self.sandbox.call("CREATE_KEY", dict(given, **more))["key"]

    def get(self, arn):
        return self.sandbox.call("GET_KEY", {"key_identifier": arn})["key"]

    def listed(self, arn):
        keys = self.sandbox.call("LIST_KEYS", {"max_results": 100})["keys"]
        (summary,) = [each for each in keys if each["key_arn"] == arn]
        return summary

    def objects(self):
        return sorted(self.sandbox.open_token().find())

    def findings(self):
        return self.sandbox.call("TOKEN").get("findings", [])

    def private_key(self, arn, role):
        """Its handle, and the public key that belongs to it."""
        session = self.sandbox.open_token()
        ident = bytes([role]) + base64.b32decode(harness.name_of(arn).upper())
        (handle,) = session.find({CKA.CLASS: CKO.PRIVATE_KEY, CKA.ID: ident})
        modulus = int.from_bytes(session.get_attribute(handle, CKA.MODULUS), "big")
        return handle, rsa.RSAPublicNumbers(65537, modulus).public_key()


class Made(KeyPairs):
    def refuse(self, words, **request):
        """Nothing is left behind by it."""
        before = self.objects()
        request = {"key_attributes": pair_attributes(), "exportable": False, **request}
        text = self.refuses("ValidationException", self.sandbox.call, "CREATE_KEY", request)
        self.assertIn(words, text)
        self.assertEqual(self.objects(), before)

    def test_what_is_made_is_shown(self):
        for usage, modes, bits, role in (
            (SIGNATURE, SIGN, 2048, SIGNING),
            (SIGNATURE, SIGN, 3072, SIGNING),
            (EXCHANGE, SEND, 2048, SIGNING),
            (EXCHANGE, RECEIVE, 2048, UNWRAPPING),
            (EXCHANGE, RECEIVE, 3072, UNWRAPPING),
        ):
            with self.subTest(usage=usage, modes=modes, bits=bits):
                before = len(self.objects())
                key = self.make(usage, modes, bits)
                arn = key["key_arn"]
                handle, public = self.private_key(arn, role)
                self.assertEqual(len(self.objects()) - before, 2, "a private key and a card")
                self.assertEqual(public.key_size, bits)
                self.check_object(handle, role)
                given = pair_attributes(usage, modes, bits)
                given["key_modes_of_use"] = harness.all_modes(given)
                self.assertEqual(key["key_attributes"], given)
                self.assertEqual(key["key_check_value"], certificates.check_value(public))
                self.assertEqual(key["key_check_value_algorithm"], "SHA_1")
                self.assertEqual(key["key_origin"], "AWS_PAYMENT_CRYPTOGRAPHY")
                self.assertFalse(key.get("exportable", False))
                self.assertEqual(self.get(arn), key)
                summary = self.listed(arn)
                self.assertEqual(summary, {name: key[name] for name in summary})
                self.assertIn("key_check_value", summary)
                record = self.sandbox.audit()[-3]
                self.assertEqual(record["KeyArn"], arn)
                self.assertEqual(record["KeyCheckValue"], key["key_check_value"])
        self.assertEqual(self.findings(), [])

    def check_object(self, handle, role):
        """Of its role and no more, and what is secret in it is not to be read."""
        session = self.sandbox.open_token()
        for flag in (CKA.TOKEN, CKA.PRIVATE, CKA.SENSITIVE):
            self.assertTrue(session.get_attribute(handle, flag), flag)
        may = {CKA.SIGN: role == SIGNING, CKA.UNWRAP: role == UNWRAPPING}
        for flag in (CKA.DECRYPT, CKA.DERIVE, CKA.EXTRACTABLE, CKA.MODIFIABLE):
            may[flag] = False
        self.assertEqual(session.get_attributes(handle, may), may)
        self.assertEqual(session.get_attribute(handle, SIGN_RECOVER), b"\0")
        for number in PRIVATE_NUMBERS:
            with self.assertRaises(pkcs11.Error):
                session.get_attribute(handle, number)
        if self.token == "softhsm":
            allowed = set(session.get_attribute(handle, CKA.ALLOWED_MECHANISMS))
            self.assertEqual(allowed, SIGNATURES if role == SIGNING else {CKM.RSA_PKCS_OAEP})

    def test_the_longest(self):
        arn = self.make(SIGNATURE, SIGN, 4096)["key_arn"]
        _, public = self.private_key(arn, SIGNING)
        self.assertEqual(public.key_size, 4096)
        self.assertEqual(self.get(arn)["key_check_value"], certificates.check_value(public))

    def test_the_private_half_belongs_to_what_is_shown(self):
        session = self.sandbox.open_token()
        handle, public = self.private_key(self.make()["key_arn"], SIGNING)
        data = b"another application's"
        signature = session.sign(Mechanism(CKM.SHA256_RSA_PKCS), handle, data)
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())

    def test_every_pair_is_another(self):
        values = {self.make()["key_check_value"] for _ in range(4)}
        self.assertEqual(len(values), 4)

    def test_what_no_pair_can_be(self):
        self.refuse("Exportable: must be false", exportable=True)
        for more, words in (
            ({"key_usage": "TR31_K1_KEY_BLOCK_PROTECTION_KEY"}, "KeyUsage"),
            ({"key_usage": "TR31_S1_ASYMMETRIC_KEY_PAIR_CA"}, "KeyUsage"),
            ({"key_class": "SYMMETRIC_KEY"}, "Key"),
            ({"key_class": "PRIVATE_KEY"}, "KeyClass"),
            ({"key_class": "PUBLIC_KEY"}, "KeyClass"),
            ({"key_algorithm": "AES_128"}, "KeyAlgorithm"),
            ({"key_algorithm": "RSA_1024"}, "KeyAlgorithm"),
            ({"key_algorithm": "ECC_NIST_P256"}, "KeyAlgorithm"),
        ):
            with self.subTest(**more):
                self.refuse(words, key_attributes=pair_attributes(**more))
        for usage, modes in (
            (SIGNATURE, {"verify": True}),
            (SIGNATURE, {"sign": True, "verify": True}),
            (SIGNATURE, {"no_restrictions": True}),
            (SIGNATURE, RECEIVE),
            (SIGNATURE, {}),
            (EXCHANGE, SIGN),
            (EXCHANGE, {"decrypt": True}),
            (EXCHANGE, {"wrap": True}),
            (EXCHANGE, harness.KEK_MODES),
            (EXCHANGE, {"no_restrictions": True}),
        ):
            with self.subTest(usage=usage, modes=modes):
                self.refuse("KeyModesOfUse", key_attributes=pair_attributes(usage, modes))
        self.refuse("KeyCheckValueAlgorithm", key_check_value_algorithm="CMAC")
        self.refuse("LegacyImport", legacy_import=True)
        self.make(key_check_value_algorithm="SHA_1")

    def test_no_pair_is_adopted_or_leaves_or_wraps(self):
        kek = self.sandbox.create(harness.kek_attributes("AES_128"))
        label = "a ceremony's"
        self.sandbox.put_key(label, "AES_128", harness.random_key("AES_128"))
        self.refuses("ValidationException", self.sandbox.adopt, label, pair_attributes(), False)
        (ceremony,) = self.sandbox.open_token().find({CKA.LABEL: label})
        self.sandbox.open_token().destroy(ceremony)
        for arguments in ((SIGNATURE, SIGN), (EXCHANGE, SEND), (EXCHANGE, RECEIVE)):
            arn = self.make(*arguments)["key_arn"]
            name = "key/%s" % harness.name_of(arn)
            text = self.refuses("ValidationException", self.sandbox.export, arn, kek)
            self.assertIn("ExportKeyIdentifier: " + name, text)
            self.assertIn("ASYMMETRIC_KEY_PAIR", text)
            text = self.refuses("ValidationException", self.sandbox.export, kek, arn)
            self.assertIn("WrappingKeyIdentifier: " + name, text)
            request = harness.initial_key_request(arn, kek, KSN)
            text = self.refuses("ValidationException", self.sandbox.call, "EXPORT_KEY", request)
            self.assertIn(name, text)

    def test_life(self):
        key = self.make(tags=[{"key": "Use", "value": "TR-34"}])
        arn, value = key["key_arn"], key["key_check_value"]
        self.sandbox.call("CREATE_ALIAS", {"alias_name": "alias/pair", "key_arn": arn})
        self.assertEqual(self.get("alias/pair"), key)
        subject = {"common_name": "A pair"}
        request = {"key_identifier": arn, "signing_algorithm": "SHA256"}
        request["certificate_subject"] = subject
        asked = "GET_CERTIFICATE_SIGNING_REQUEST"
        for operation in ("STOP_KEY_USAGE", "START_KEY_USAGE", "DELETE_KEY", "RESTORE_KEY"):
            shown = self.sandbox.call(operation, {"key_identifier": arn})["key"]
            self.assertEqual(shown["key_check_value"], value)
            self.assertEqual(self.sandbox.audit()[-1]["KeyCheckValue"], value)
            if operation == "START_KEY_USAGE":
                self.sandbox.call(asked, request)
            else:
                text = self.refuses("ConflictException", self.sandbox.call, asked, request)
                self.assertIn("KeyIdentifier: key/%s" % harness.name_of(arn), text)
        shown = self.sandbox.call("LIST_TAGS_FOR_RESOURCE", {"resource_arn": arn})["tags"]
        self.assertEqual(shown, [{"key": "Use", "value": "TR-34"}])


class Meddling(KeyPairs):
    """Another program takes the private key away, or puts something else in its place."""

    def expect_trouble(self, key):
        """It is shown without a check value, the others as ever, and it does nothing any more."""
        arn = key["key_arn"]
        name = harness.name_of(arn)
        expected = {member: key[member] for member in key if member != "key_check_value"}
        self.assertEqual(self.get(arn), expected)
        self.assertNotIn("key_check_value", self.listed(arn))
        request = {"key_identifier": arn, "certificate_subject": {"common_name": "A pair"}}
        request["signing_algorithm"] = "SHA256"
        asked = "GET_CERTIFICATE_SIGNING_REQUEST"
        text = self.refuses("ConflictException", self.sandbox.call, asked, request)
        self.assertIn(name, text)
        self.assertTrue([each for each in self.findings() if name in each["object"]])

    def test_a_private_key_that_is_gone(self):
        key = self.make()
        handle, _ = self.private_key(key["key_arn"], SIGNING)
        self.sandbox.open_token().destroy(handle)
        self.expect_trouble(key)

    def test_another_object_in_its_place(self):
        key = self.make()
        session = self.sandbox.open_token()
        handle, _ = self.private_key(key["key_arn"], SIGNING)
        names = session.get_attributes(handle, [CKA.ID, CKA.LABEL])
        session.destroy(handle)
        session.generate(
            Mechanism(CKM.AES_KEY_GEN),
            {CKA.VALUE_LEN: 32, CKA.TOKEN: True, CKA.SENSITIVE: True, CKA.PRIVATE: True, **names},
        )
        self.expect_trouble(key)


for case in (Made, Meddling):
    harness.on_both_tokens(case)
del KeyPairs, Made, Meddling, case

if __name__ == "__main__":
    harness.main()
