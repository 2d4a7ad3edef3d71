#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a request for a TR-34 key token may say of the header and the receiver, and what is recorded of it."""
import base64
import hashlib
import json
import re
import secrets

import harness
import certificates
import tr31_reader
import tr34_case
import tr34_chain
import tr34_files
import tr34_openssl
from tr34_case import LAYOUTS, header_of


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
        self.assertEqual(record["Format"], tr34_case.TR34)
        self.assertEqual(record["KeyArn"], self.aes)
        self.assertEqual(record["CertificateAuthorityKeyArn"], self.root)
        self.assertEqual(record["ExportToken"], self.parameters["export_token"])
        self.assertEqual(record["CertificateSha256"], tr34_case.fingerprint(receiver.certificate))
        self.assertIn("CN=KRD", record["CertificateSubject"])
        self.assertEqual(record["Header"][:12], header_of("AES_128")[:12])
        digest = hashlib.sha256(wrapped["key_material"].encode()).hexdigest().upper()
        self.assertEqual(record["Sha256"], digest)
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
        parties = certificates.bad_leaf_parties(self.kit, "KRD")
        parties.update(certificates.bad_key_parties(self.kit, "KRD"))
        for name, bad in parties.items():
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


harness.on_both_tokens(Headers)
harness.on_both_tokens(Documents)
del Headers, Documents

if __name__ == "__main__":
    harness.main()
