#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""DUKPT initial keys: published figures, random ones against an independent calculation, and what is refused."""
import re
import secrets

import harness
import tr31_reader
from pkcs11 import CKA

TDES_BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
AES_BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
KSN_BYTES = {"TDES_2KEY": 10, "AES_128": 12, "AES_192": 12, "AES_256": 12}
PAIRS = 200
BDKS = 20  # each with PAIRS / BDKS serial numbers


def random_ksn(algorithm):
    return secrets.token_bytes(KSN_BYTES[algorithm]).hex().upper()


def initial_key(algorithm, bdk, ksn):
    derive = tr31_reader.dukpt_tdes_initial_key
    if algorithm.startswith("AES"):
        derive = tr31_reader.dukpt_aes_initial_key
    return derive(bdk, bytes.fromhex(ksn))


class InitialKeys(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kbpk, cls.kek = cls.sandbox.adopt_known(harness.kek_attributes("AES_256"))
        cls.tdes_kbpk, cls.tdes_kek = cls.sandbox.adopt_known(harness.kek_attributes("TDES_2KEY"))

    def adopt(self, algorithm, value, **more):
        label = "bdk " + secrets.token_hex(4)
        self.sandbox.put_key(label, algorithm, value)
        return self.sandbox.adopt(label, harness.bdk_attributes(algorithm), **more)

    def export(self, bdk, ksn, kek=None, **more):
        return self.sandbox.call("EXPORT_KEY", harness.initial_key_request(bdk, kek or self.kek, ksn, **more))

    def derive(self, bdk, ksn):
        """The initial key, as the receiver of its block finds it."""
        block = self.export(bdk, ksn)["wrapped_key"]["key_material"]
        return tr31_reader.open_block(self.kbpk, block)["key"]

    def refused(self, part, bdk, ksn, kek=None, name="ValidationException", **more):
        text = self.refuses(name, lambda: self.export(bdk, ksn, kek, **more))
        self.assertIn(part, text)
        return text

    def test_published_figures(self):
        for algorithm, bdk, ksn, expected in (
            ("TDES_2KEY", TDES_BDK, "FFFF9876543210E00000", "6AC292FAA1315B4D858AB3A3D7D5933A"),
            ("AES_128", AES_BDK, "123456789012345600000000", "1273671EA26AC29AFA4D1084127652A1"),
        ):
            arn = self.adopt(algorithm, bdk)
            self.assertEqual(self.derive(arn, ksn).hex().upper(), expected)
            self.assertNotEqual(self.derive(arn, "0" + ksn[1:]).hex().upper(), expected)

    def test_the_counter_does_not_count(self):
        arn = self.sandbox.create(harness.bdk_attributes())
        first, second, other = (
            self.derive(arn, ksn)
            for ksn in ("12345678901234560001", "12345678901234569999", "12345678901234760001")
        )
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)
        arn = self.sandbox.create(harness.bdk_attributes("AES_256"))
        first, second, other = (
            self.derive(arn, "1234567890123" + end)
            for end in ("45600000000", "456FFFFFFFF", "45700000000")
        )
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)

    def test_random_pairs(self):
        for algorithm in KSN_BYTES:
            requests, expected = [], {}
            for _ in range(BDKS):
                value = harness.random_key(algorithm)
                arn = self.adopt(algorithm, value)
                for _ in range(PAIRS // BDKS):
                    requests.append((value, arn, random_ksn(algorithm)))
            for value, arn, ksn in requests:
                wrapped = self.export(arn, ksn)["wrapped_key"]
                opened = tr31_reader.open_block(self.kbpk, wrapped["key_material"])
                key = initial_key(algorithm, value, ksn)
                self.assertEqual(opened["key"], key, (algorithm, ksn))
                self.assertEqual(wrapped["key_check_value"], harness.check_value(algorithm, key))
                expected[ksn] = key
            self.assertEqual(len(requests), PAIRS)
            self.assertEqual(len(set(expected.values())), PAIRS)

    def test_the_header(self):
        """The guide's own example under a TDES key, and each kind under an AES key."""
        arn = self.sandbox.create(harness.bdk_attributes())
        reply = self.export(arn, "12345678901234560001", self.tdes_kek)
        block = reply["wrapped_key"]["key_material"]
        self.assertEqual(block[:16], "B0096B1TX00S0000")
        self.assertEqual(len(block), 96)
        key = tr31_reader.open_block(self.tdes_kbpk, block)["key"]
        self.assertEqual(len(key), 16)
        self.assertEqual(reply["wrapped_key"]["key_check_value"], tr31_reader.kcv_tdes(key))
        self.assertEqual(reply["wrapped_key"]["key_check_value_algorithm"], "ANSI_X9_24")
        self.assertEqual(reply["wrapped_key"]["wrapping_key_arn"], self.tdes_kek)
        self.assertEqual(reply["export_key_arn"], arn)
        for algorithm in KSN_BYTES:
            arn = self.sandbox.create(harness.bdk_attributes(algorithm))
            block = self.export(arn, random_ksn(algorithm))["wrapped_key"]["key_material"]
            prefix = "D0144B1AX00S0000" if algorithm != "TDES_2KEY" else "D0112B1TX00S0000"
            self.assertEqual(block[:16], prefix)
            opened = tr31_reader.open_block(self.kbpk, block)
            self.assertEqual(len(opened["key"]), harness.LENGTHS[algorithm])

    def test_check_values(self):
        ksn = "FFFF9876543210E00000"
        tdes = self.adopt("TDES_2KEY", TDES_BDK)
        key = initial_key("TDES_2KEY", TDES_BDK, ksn)
        for name, expected in (
            ("ANSI_X9_24", tr31_reader.kcv_tdes(key)),
            ("CMAC", tr31_reader.kcv_cmac(key, 8)),
        ):
            wrapped = self.export(tdes, ksn, key_check_value_algorithm=name)["wrapped_key"]
            self.assertEqual(wrapped["key_check_value_algorithm"], name)
            self.assertEqual(wrapped["key_check_value"], expected)
        aes = self.sandbox.create(harness.bdk_attributes("AES_192"))
        wrapped = self.export(aes, random_ksn("AES_192"), key_check_value_algorithm="CMAC")
        self.assertEqual(wrapped["wrapped_key"]["key_check_value_algorithm"], "CMAC")
        for arn, wrong in (
            (tdes, "HMAC"), (tdes, "SHA_1"), (tdes, "ansi_x9_24"), (tdes, ""),
            (aes, "ANSI_X9_24"), (aes, "HMAC"),
        ):
            text = self.refused(
                "KeyCheckValueAlgorithm: ",
                arn,
                ksn if arn == tdes else random_ksn("AES_192"),
                key_check_value_algorithm=wrong,
            )
            self.assertTrue(text.endswith("CMAC."), text)

    def test_a_check_value_algorithm_is_for_initial_keys(self):
        arn = self.sandbox.create(harness.bdk_attributes())
        for given in ("ANSI_X9_24", "CMAC"):
            made = harness.tr31_request(arn, self.kek)
            made["export_attributes"] = {"key_check_value_algorithm": given}
            text = self.refuses("ValidationException", self.sandbox.call, "EXPORT_KEY", made)
            self.assertIn("KeyCheckValueAlgorithm: is for ExportDukptInitialKey only", text)
        made["export_attributes"] = {}
        block = self.sandbox.call("EXPORT_KEY", made)["wrapped_key"]["key_material"]
        self.assertEqual(block[5:12], "B0TX00E")

    def test_a_bdk_that_may_not_leave_gives_initial_keys(self):
        for algorithm in KSN_BYTES:
            value, arn = self.sandbox.adopt_known(harness.bdk_attributes(algorithm), False)
            ksn = random_ksn(algorithm)
            self.assertEqual(self.derive(arn, ksn), initial_key(algorithm, value, ksn))
            self.refuses("ValidationException", self.sandbox.export, arn, self.kek)

    def test_a_bdk_without_restrictions(self):
        made = harness.attributes(
            "TDES_2KEY", "TR31_B0_BASE_DERIVATION_KEY", {"no_restrictions": True}
        )
        value, arn = self.sandbox.adopt_known(made)
        reply = self.export(arn, "FFFF9876543210E00000")
        block = reply["wrapped_key"]["key_material"]
        self.assertEqual(block[:16], "D0112B1TX00S0000")
        self.assertEqual(
            tr31_reader.open_block(self.kbpk, block)["key"],
            initial_key("TDES_2KEY", value, "FFFF9876543210E00000"),
        )

    def test_serial_numbers(self):
        tdes = self.sandbox.create(harness.bdk_attributes())
        aes = self.sandbox.create(harness.bdk_attributes("AES_128"))
        for ksn in ("", "9876543210E00000", "FFFF9876543210E000000", "1" * 24, "F" * 63):
            text = self.refused("KeySerialNumber: ", tdes, ksn)
            self.assertIn("exactly 20 hex digits", text)
            self.assertIn("padded with F on the left", text)
        for ksn in ("", "1234567890123456", "1" * 20, "1" * 25):
            self.assertIn("exactly 24 hex digits", self.refused("KeySerialNumber: ", aes, ksn))
        for arn, ksn in ((tdes, "ffff9876543210e00000"), (tdes, "G" * 20), (aes, "x" * 24)):
            self.assertIn("upper-case", self.refused("KeySerialNumber: ", arn, ksn))
        made = harness.tr31_request(tdes, self.kek)
        made["export_attributes"] = {"export_dukpt_initial_key": {}}
        text = self.refuses("ValidationException", self.sandbox.call, "EXPORT_KEY", made)
        self.assertIn("KeySerialNumber is required", text)

    def test_keys_that_derive_nothing(self):
        ksn = "FFFF9876543210E00000"
        three = self.sandbox.create(harness.bdk_attributes("TDES_3KEY"))
        text = self.refused("ExportKeyIdentifier: ", three, ksn)
        self.assertIn("TDES_3KEY", text)
        self.assertIn("TDES_2KEY and AES", text)
        pin = harness.attributes("TDES_2KEY", "TR31_P0_PIN_ENCRYPTION_KEY", harness.KEK_MODES)
        for made in (pin, harness.kek_attributes("AES_128")):
            arn = self.sandbox.create(made)
            text = self.refused("ExportKeyIdentifier: ", arn, ksn)
            self.assertIn("TR31_B0_BASE_DERIVATION_KEY", text)
            self.assertIn(arn.rpartition("/")[2], text)
        self.refused("cannot wrap itself", self.kek, ksn)
        self.refused("key/", "aaaaaaaaaaaaaaaa", ksn, name="ResourceNotFoundException")
        gone = self.sandbox.create(harness.bdk_attributes())
        self.sandbox.call("DELETE_KEY", {"key_identifier": gone})
        self.refused("DELETE_PENDING", gone, ksn, name="ConflictException")

    def test_a_weaker_wrapping_key(self):
        for algorithm, kek in (
            ("AES_128", "TDES_2KEY"), ("AES_128", "TDES_3KEY"), ("AES_192", "AES_128"),
            ("AES_256", "AES_192"),
        ):
            arn = self.sandbox.create(harness.bdk_attributes(algorithm))
            wrapping = self.sandbox.create(harness.kek_attributes(kek))
            text = self.refused("WrappingKeyIdentifier: ", arn, random_ksn(algorithm), wrapping)
            self.assertIn("weaker", text)

    def test_nothing_stays(self):
        """Neither a key to be listed nor an object, whether the export was good or refused."""
        bdks = {name: self.sandbox.create(harness.bdk_attributes(name)) for name in KSN_BYTES}
        session = self.sandbox.open_token()
        weak = self.sandbox.create(harness.kek_attributes("TDES_2KEY"))
        before = sorted(session.get_attribute(each, CKA.LABEL) for each in session.find())
        listed = len(self.list_keys())
        for algorithm, arn in bdks.items():
            for _ in range(25):
                self.export(arn, random_ksn(algorithm))
                self.refused("KeySerialNumber", arn, "00")
            if algorithm != "TDES_2KEY":
                self.refused("weaker", arn, random_ksn(algorithm), weak)
        after = sorted(session.get_attribute(each, CKA.LABEL) for each in session.find())
        self.assertEqual(after, before)
        self.assertEqual(len(self.list_keys()), listed)

    def list_keys(self):
        keys, token = [], None
        while True:
            reply = self.sandbox.call("LIST_KEYS", {"next_token": token} if token else {})
            keys += reply.get("keys", [])
            token = reply.get("next_token")
            if not token:
                return keys

    def test_the_record(self):
        arn = self.sandbox.create(harness.bdk_attributes())
        wrapped = self.export(arn, "FFFF9876543210E00001")["wrapped_key"]
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["KeySerialNumber"], "FFFF9876543210E00001")
        self.assertEqual(record["KeyArn"], arn)
        self.assertEqual(record["InitialKeyCheckValue"], wrapped["key_check_value"])
        self.assertEqual(record["Header"], wrapped["key_material"][:16])
        self.sandbox.export(arn, self.kek)
        self.assertNotIn("KeySerialNumber", self.sandbox.audit()[-1])

    def test_the_command(self):
        """The guide's command line with this program's name."""
        self.sandbox.call(
            "CREATE_ALIAS", {"alias_name": "alias/initial-kek", "key_arn": self.tdes_kek}
        )
        arn = self.sandbox.create(harness.bdk_attributes())
        answer = self.sandbox.cli(
            "export-key",
            "--key-material",
            '{"Tr31KeyBlock": {"WrappingKeyIdentifier": "alias/initial-kek"}}',
            "--export-key-identifier",
            arn,
            "--export-attributes",
            "ExportDukptInitialKey={KeySerialNumber=12345678901234560001},"
            "KeyCheckValueAlgorithm=ANSI_X9_24",
        )["WrappedKey"]
        self.assertRegex(answer["KeyMaterial"], "^B0096B1TX00S0000[0-9A-F]{80}$")
        self.assertEqual(answer["KeyCheckValueAlgorithm"], "ANSI_X9_24")
        self.assertTrue(re.fullmatch("[0-9A-F]{6}", answer["KeyCheckValue"]))


harness.on_both_tokens(InitialKeys)
del InitialKeys

if __name__ == "__main__":
    harness.main()
