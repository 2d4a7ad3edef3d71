#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys leave as TR-34 key tokens, and an independent receiver and openssl open them."""
import datetime
import secrets

import harness
import certificates
import tr31_reader
import tr34_case
import tr34_chain
import tr34_openssl
from tr34_case import LAYOUTS, header_of

NONCES = (None, 8, 15, 16)


class Tokens(tr34_case.Tr34Case):
    """Every key that may leave, under every receiver's key that may take it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {
            name: cls.sandbox.adopt_known(tr34_case.data_key(name))
            for name in ("TDES_2KEY", "TDES_3KEY", "AES_128")
        }

    def test_every_key_size_layout_and_pass(self):
        before = self.count()
        for algorithm, bits in tr34_case.MATRIX:
            for layout in LAYOUTS:
                for size in NONCES:
                    with self.subTest(algorithm=algorithm, bits=bits, layout=layout, nonce=size):
                        nonce = secrets.token_bytes(size) if size else None
                        self.leaves(algorithm, self.receivers[bits], layout, nonce)
        self.assertEqual(self.count(), before)

    def leaves(self, algorithm, receiver, layout, nonce):
        value, arn = self.keys[algorithm]
        given = layout if layout != "aws2012" or nonce else None  # which is the default
        wrapped, opened = self.export(arn, receiver, nonce, given)
        self.assertEqual(opened["key"], value)
        self.assertEqual(opened["header"], header_of(algorithm))
        self.assertEqual(opened["signing_time"] is None, nonce is not None)
        self.assertEqual(wrapped["key_check_value"], harness.check_value(algorithm, value))
        self.assertEqual(wrapped["wrapped_key_material_format"], tr34_case.TR34)
        self.assertEqual(wrapped["wrapping_key_arn"], self.root)
        self.assertRegex(wrapped["key_material"], "^[0-9A-F]+$")
        token = bytes.fromhex(wrapped["key_material"])
        verified = tr34_openssl.cms_verify(token, self.sender, [self.ca])
        self.assertEqual(verified, opened["envelope"])
        if layout == "cms":
            clear = tr34_openssl.cms_decrypt(opened["envelope"], receiver)
            self.assertEqual(clear, opened["key_block"])

    def test_two_tokens_have_nothing_in_common(self):
        arn = self.keys["AES_128"][1]
        opened = [self.export(arn, nonce=bytes(8))[1] for _ in range(8)]
        self.assertEqual(len({each["content_key"] for each in opened}), 8)
        self.assertEqual(len({each["envelope"][-48:] for each in opened}), 8)

    def test_nonces_are_taken_in_either_case(self):
        arn = self.keys["TDES_2KEY"][1]
        nonce = bytes.fromhex("ABCDEF0123456789AB")
        for text in (nonce.hex(), nonce.hex().upper(), "aBCDef0123456789Ab"):
            wrapped = self.send(self.tr34(arn, random_nonce=text))
            self.open(wrapped, nonce=nonce)

    def test_the_signing_time(self):
        time = self.export(self.keys["TDES_2KEY"][1])[1]["signing_time"]
        self.assertLess(abs(time - tr34_chain.now()), datetime.timedelta(minutes=1))

    def test_other_sizes_of_the_signing_key(self):
        value, arn = self.keys["AES_128"]
        for algorithm in ("RSA_3072", "RSA_4096"):
            given = self.parameters_for_export(algorithm)
            sender = tr34_case.party(given["signing_key_certificate"])
            for layout in LAYOUTS:
                wrapped = self.send(
                    self.tr34(arn, export_token=given["export_token"], layout=layout)
                )
                opened = self.open(wrapped, layout=layout, sender=sender)
                self.assertEqual(opened["key"], value)

    def test_an_intermediate_names_its_own(self):
        """The anchor that is named is the issuer of the certificate; the root is not, though it is above."""
        receiver = self.kit.leaf("KRD", self.kit.intermediate, bits=3072)
        value, arn = self.keys["AES_128"]
        named = {"certificate_authority_public_key_identifier": self.intermediate}
        wrapped = self.send(self.tr34(arn, receiver, **named))
        self.assertEqual(wrapped["wrapping_key_arn"], self.intermediate)
        self.assertEqual(self.open(wrapped, receiver)["key"], value)
        self.refuses_export("WrappingKeyCertificate (", self.tr34(arn, receiver))
        self.refuses_export("WrappingKeyCertificate (", self.tr34(arn, **named))

    def test_aliases_and_printable_names(self):
        """The issuer's name goes into the token octet by octet, whatever strings it is made of."""
        printable = certificates.Kit(self.kit.directory, printable=True)
        anchor = tr34_case.put_anchor(self.sandbox, printable.root.certificate)
        for alias, arn in (
            ("alias/partner", anchor),
            ("alias/data", self.keys["AES_128"][1]),
        ):
            self.sandbox.call("CREATE_ALIAS", {"alias_name": alias, "key_arn": arn})
        receiver = printable.leaf("KRD", bits=3072, serial=0x80FF)
        named = {"certificate_authority_public_key_identifier": "alias/partner"}
        wrapped = self.send(self.tr34("alias/data", receiver, **named))
        self.assertEqual(wrapped["wrapping_key_arn"], anchor)
        self.assertEqual(self.open(wrapped, receiver)["key"], self.keys["AES_128"][0])

    def test_certificates_without_extensions(self):
        receiver = self.kit.leaf("KRD", bits=3072, usages=None, ca=None)
        opened = self.export(self.keys["AES_128"][1], receiver)[1]
        self.assertEqual(opened["key"], self.keys["AES_128"][0])

    def test_a_key_of_every_usage(self):
        for usage, modes, letter in (
            ("TR31_K1_KEY_BLOCK_PROTECTION_KEY", harness.KEK_MODES, "B"),
            ("TR31_B0_BASE_DERIVATION_KEY", {"derive_key": True}, "X"),
            ("TR31_P0_PIN_ENCRYPTION_KEY", {"encrypt": True, "wrap": True}, "E"),
            ("TR31_M3_ISO_9797_3_MAC_KEY", {"generate": True, "verify": True}, "C"),
        ):
            given = harness.attributes("TDES_2KEY", usage, modes)
            value, arn = self.sandbox.adopt_known(given)
            wrapped, opened = self.export(arn, self.receivers[2048])
            self.assertEqual(opened["key"], value)
            self.assertEqual(opened["header"], header_of("TDES_2KEY", usage[5:7], letter))
            self.assertEqual(wrapped["key_check_value"], tr31_reader.kcv_tdes(value))

    def test_initial_keys(self):
        for algorithm, bdk, ksn, expected, bits in tr34_case.INITIAL_KEYS:
            label = "bdk " + secrets.token_hex(4)
            self.sandbox.put_key(label, algorithm, bytes.fromhex(bdk))
            arn = self.sandbox.adopt(label, harness.bdk_attributes(algorithm), False)
            attributes = {"export_dukpt_initial_key": {"key_serial_number": ksn}}
            for layout in LAYOUTS:
                wrapped, opened = self.export(
                    arn, self.receivers[bits], None, layout, attributes=attributes
                )
                self.assertEqual(opened["key"].hex().upper(), expected)
                self.assertEqual(opened["header"], header_of(algorithm, "B1", "X", "S"))
                self.assertEqual(
                    wrapped["key_check_value"],
                    harness.check_value(algorithm, bytes.fromhex(expected)),
                )
            headers = {"add_blocks": ["KS" if algorithm == "TDES_2KEY" else "IK"]}
            opened = self.export(
                arn, self.receivers[bits], headers=headers, attributes=attributes
            )[1]
            self.assertIn(headers["add_blocks"][0], opened["header"][16:18])
            self.assertIn(ksn[:16], opened["header"])
        self.refuses_export(
            ("WrappingKeyCertificate (", "AES_128 needs RSA_3072"),
            self.tr34(arn, self.receivers[2048], attributes=attributes),
        )


harness.on_both_tokens(Tokens)
del Tokens

if __name__ == "__main__":
    harness.main()
