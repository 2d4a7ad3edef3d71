#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys leave as TR-34 key tokens, and an independent receiver and openssl open them."""
import base64
import datetime
import json
import re
import secrets

from cryptography.hazmat.primitives import hashes

import harness  # first: it says where the others are
import certificates
import tr31_reader
import tr34_case
import tr34_chain
import tr34_files
import tr34_openssl

LAYOUTS = ("aws2012", "annexb2019", "cms")
NONCES = (None, 8, 15, 16)
FORMAT = "TR34_KEY_BLOCK"


def header_of(algorithm, usage="D0", mode="B", exportability="E", version="00"):
    letter = "T" if algorithm.startswith("TDES") else "A"
    start = {"T": "A0256", "A": "D0256"}[letter]
    return "%s%s%s%s%s%s0000" % (start, usage, letter, mode, version, exportability)


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
        self.assertEqual(wrapped["wrapped_key_material_format"], FORMAT)
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
        for algorithm, bdk, ksn, expected, bits in (
            (
                "TDES_2KEY",
                "0123456789ABCDEFFEDCBA9876543210",
                "FFFF9876543210E00000",
                "6AC292FAA1315B4D858AB3A3D7D5933A",
                2048,
            ),
            (
                "AES_128",
                "FEDCBA9876543210F1F1F1F1F1F1F1F1",
                "123456789012345600000000",
                "1273671EA26AC29AFA4D1084127652A1",
                3072,
            ),
        ):
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


class Headers(tr34_case.Tr34Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.value, cls.tdes = cls.sandbox.adopt_known(tr34_case.data_key("TDES_3KEY"))
        cls.aes_value, cls.aes = cls.sandbox.adopt_known(tr34_case.data_key("AES_128"))

    def test_narrower(self):
        for headers, expected in (
            ({"key_modes_of_use": {"encrypt": True, "wrap": True}}, {"mode": "E"}),
            ({"key_exportability": "SENSITIVE"}, {"exportability": "S"}),
            ({"key_exportability": "NON_EXPORTABLE"}, {"exportability": "N"}),
            ({"key_version": "4Z"}, {"version": "4Z"}),
        ):
            for arn, algorithm in ((self.tdes, "TDES_3KEY"), (self.aes, "AES_128")):
                opened = self.export(arn, nonce=bytes(16), headers=headers)[1]
                self.assertEqual(opened["header"], header_of(algorithm, **expected))

    def test_optional_blocks(self):
        """Longer headers, each side of every length at which an octet of DER more is needed, and sorted last in cms."""
        for layout in LAYOUTS:
            for length in (1, 3, 4, 12, 40, 96, 100, 108):
                for arn, value in ((self.tdes, self.value), (self.aes, self.aes_value)):
                    headers = {"optional_blocks": [{"id": "LB", "value": "7" * length}]}
                    opened = self.export(arn, nonce=bytes(9), layout=layout, headers=headers)[1]
                    self.assertEqual(opened["key"], value)
                    self.check_blocks(opened["header"], length, 8 if arn == self.tdes else 16)

    def check_blocks(self, header, length, block):
        blocks, used = tr31_reader.read_optional(header[16:], int(header[12:14]), block)
        self.assertEqual(used, len(header) - 16)
        self.assertEqual(used % block, 0)
        self.assertEqual(tuple(blocks[0][:2]), ("LB", "7" * length))
        self.assertEqual([each[0] for each in blocks[1:]], ["PB"] * (len(blocks) - 1))

    def test_blocks_that_are_made(self):
        opened = self.export(self.tdes, headers={"add_blocks": ["TS"]})[1]
        self.assertRegex(opened["header"][16:], r"^TS13\d{14}Z")
        for name, words in (
            ("KP", ("KeyBlockHeaders.AddBlocks: KP", "wrapping key")),
            ("KS", ("KeyBlockHeaders.AddBlocks: KS", "ExportDukptInitialKey")),
            ("XX", "KeyBlockHeaders.AddBlocks: "),
        ):
            self.refuses_export(words, self.tr34(self.tdes, headers={"add_blocks": [name]}))

    def test_refused(self):
        for headers, words in (
            ({"key_modes_of_use": {"derive_key": True}}, "KeyBlockHeaders.KeyModesOfUse"),
            ({"key_exportability": "MAYBE"}, "KeyBlockHeaders.KeyExportability: "),
            ({"key_version": "1"}, "KeyBlockHeaders.KeyVersion: "),
            ({"optional_blocks": [{"id": "PB", "value": "00"}]}, "KeyBlockHeaders.OptionalBlocks"),
            (
                {"optional_blocks": [{"id": "LB", "value": "7" * 109}]},
                "KeyBlockHeaders.OptionalBlocks",
            ),
        ):
            self.refuses_export(words, self.tr34(self.aes, headers=headers))

    def test_the_record(self):
        """What left, to whom and under which signer: nothing of certificates, and of headers what is public anyway."""
        headers = {"optional_blocks": [{"id": "LB", "value": "CONFIDENTIALREMARK"}]}
        wrapped = self.export(self.aes, nonce=bytes(8), headers=headers)[0]
        record = self.sandbox.audit()[-1]
        receiver = self.receivers[3072]
        self.assertEqual(record["Format"], FORMAT)
        self.assertEqual(record["KeyArn"], self.aes)
        self.assertEqual(record["CertificateAuthorityKeyArn"], self.root)
        self.assertEqual(record["ExportToken"], self.parameters["export_token"])
        self.assertEqual(record["CertificateSha256"], tr34_case.fingerprint(receiver.certificate))
        self.assertIn("CN=KRD", record["CertificateSubject"])
        self.assertEqual(record["Header"][:12], header_of("AES_128")[:12])
        digest = hashes.Hash(hashes.SHA256())
        digest.update(wrapped["key_material"].encode())
        self.assertEqual(record["Sha256"].lower(), digest.finalize().hex())
        self.check_quiet(record, receiver)

    def check_quiet(self, record, receiver):
        text = json.dumps(record)
        self.assertNotIn("CONFIDENTIAL", text)
        for form in (receiver.form, receiver.der.hex(), base64.b64encode(receiver.der).decode()):
            for at in range(0, len(form) - 40, 40):
                self.assertNotIn(form[at : at + 40].upper(), text.upper())

    def test_the_record_of_a_refusal(self):
        bad = self.kit.leaf("KRD", usages=certificates.ROLES["KDH"])
        self.refuses_export("keyUsage", self.tr34(self.aes, bad))
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["KeyArn"], self.aes)
        self.assertEqual(record["CertificateSha256"], tr34_case.fingerprint(bad.certificate))
        self.assertNotIn("Format", record)
        self.check_quiet(record, bad)


class Documents(tr34_case.Tr34Case):
    """The documents of TR-34 itself in place of certificate and nonce."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.value, cls.arn = cls.sandbox.adopt_known(tr34_case.data_key("AES_128"))

    def forms(self, document, label):
        pem = certificates.pem_of(document, label)
        return (
            document.hex(),
            document.hex().upper(),
            base64.b64encode(document).decode(),
            base64.b64encode(pem).decode(),
        )

    def test_documents(self):
        receiver, nonce = self.receivers[3072], secrets.token_bytes(16)
        credential = tr34_files.write_ct_krd(receiver.der)
        random = tr34_files.write_rt_krd(nonce)
        forms = zip(self.forms(credential, "PKCS7"), self.forms(random, "RANDOM"))
        for credential_text, random_text in forms:
            wrapped = self.send(
                self.tr34(
                    self.arn,
                    wrapping_key_certificate=None,
                    krd_credential=credential_text,
                    krd_nonce=random_text,
                )
            )
            self.assertEqual(self.open(wrapped, nonce=nonce)["key"], self.value)

    def test_refused(self):
        good = tr34_files.write_ct_krd(self.receivers[3072].der).hex()
        random = tr34_files.write_rt_krd(bytes(8)).hex()
        revoked = self.kit.crl().hex()
        for words, members in (
            (("WrappingKeyCertificate", "KrdCredential"), {"krd_credential": good}),
            (
                ("RandomNonce", "KrdNonce"),
                {"random_nonce": "00" * 8, "krd_nonce": random},
            ),
            ("KrdNonce: ", {"krd_nonce": good}),
            ("KrdNonce: ", {"krd_nonce": tr34_files.write_rt_krd(bytes(7)).hex()}),
            ("KrdNonce: ", {"krd_nonce": tr34_files.write_rt_krd(bytes(17)).hex()}),
            ("KrdNonce: ", {"krd_nonce": random + "00"}),
            ("KrdNonce: ", {"krd_nonce": ""}),
            ("KrdCredential: ", {"krd_credential": random}),
            ("KrdCredential: ", {"krd_credential": revoked}),
            ("KrdCredential: ", {"krd_credential": good[:-2]}),
            ("KrdCredential: ", {"krd_credential": good + "00"}),
            ("KrdCredential: ", {"krd_credential": "30"}),
            ("KrdCredential: ", {"krd_credential": "3g"}),
            ("KrdCredential: ", {"krd_credential": "not base64"}),
            ("KrdCredential: ", {"krd_credential": ""}),
            ("KrdCredential: ", {"krd_credential": self.receivers[3072].form}),
        ):
            with self.subTest(words=words, members=str(members)[:60]):
                if "krd_credential" in members and isinstance(words, str):
                    members = dict(members, wrapping_key_certificate=None)
                self.refuses_export(words, self.tr34(self.arn, **members))

    def test_bad_certificates_in_a_credential(self):
        before = self.count()
        for name, bad in certificates.bad_leaf_parties(self.kit, "KRD").items():
            with self.subTest(name):
                credential = tr34_files.write_ct_krd(bad.der).hex()
                request = self.tr34(
                    self.arn, wrapping_key_certificate=None, krd_credential=credential
                )
                self.refuses_export("KrdCredential (", request)
        self.assertEqual(self.count(), before)

    def test_the_senders_credential(self):
        """CT_KDH: what the partner needs to open annexb2019, by the standard's own document."""
        given = self.parameters["kdh_credential"]
        self.assertTrue(re.fullmatch("[0-9A-F]+", given))
        certificate, crl = tr34_files.read_ct_kdh(bytes.fromhex(given))
        self.assertEqual(certificate, self.sender.der)
        tr34_chain.check_chain(certificate, [self.ca.der])
        tr34_chain.check_crl(crl, certificate, self.ca.der)
        self.assertIn(b"BEGIN CERTIFICATE", tr34_openssl.certificates_of(bytes.fromhex(given)))


harness.on_both_tokens(Tokens)
harness.on_both_tokens(Headers)
harness.on_both_tokens(Documents)
del Tokens, Headers, Documents

if __name__ == "__main__":
    harness.main()
