#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys leave as RSA cryptograms, where the configuration allows it, and openssl opens them."""
import json
import secrets

import harness
import tr34_case
import tr34_openssl

CRYPTOGRAM = "KEY_CRYPTOGRAM"
SPECS = ((None, "sha256"), ("RSA_OAEP_SHA_256", "sha256"), ("RSA_OAEP_SHA_512", "sha512"))


class Cryptograms(tr34_case.Tr34Case):
    """The sandbox's configuration allows them for every anchor."""

    def opened(self, wrapped, receiver, digest="sha256"):
        cryptogram = bytes.fromhex(wrapped["key_material"])
        self.assertEqual(len(cryptogram), receiver.key.key_size // 8)
        return tr34_openssl.oaep_open(cryptogram, receiver.key, digest)

    def test_every_key_size_and_hash(self):
        for algorithm, bits in tr34_case.MATRIX:
            value, arn = self.sandbox.adopt_known(tr34_case.data_key(algorithm))
            before = self.count()
            for spec, digest in SPECS:
                with self.subTest(algorithm=algorithm, bits=bits, spec=spec):
                    receiver = self.receivers[bits]
                    wrapped = self.send(self.cryptogram(arn, receiver, wrapping_spec=spec))
                    self.assertEqual(self.opened(wrapped, receiver, digest), value)
                    self.assertEqual(wrapped["wrapped_key_material_format"], CRYPTOGRAM)
                    self.assertEqual(wrapped["wrapping_key_arn"], self.root)
                    kcv = harness.check_value(algorithm, value)
                    self.assertEqual(wrapped["key_check_value"], kcv)
                    self.assertRegex(wrapped["key_material"], "^[0-9A-F]+$")
            self.assertEqual(self.count(), before)

    def test_the_other_hash_does_not_open_it(self):
        arn = self.sandbox.create(tr34_case.data_key("AES_128"))
        receiver = self.receivers[3072]
        for spec, wrong, mgf in (
            ("RSA_OAEP_SHA_256", "sha512", None),
            ("RSA_OAEP_SHA_256", "sha256", "sha1"),
            ("RSA_OAEP_SHA_512", "sha512", "sha256"),
        ):
            wrapped = self.send(self.cryptogram(arn, receiver, wrapping_spec=spec))
            cryptogram = bytes.fromhex(wrapped["key_material"])
            with self.assertRaises(tr34_openssl.OpensslError):
                tr34_openssl.oaep_open(cryptogram, receiver.key, wrong, mgf)

    def test_no_two_are_equal(self):
        arn = self.sandbox.create(tr34_case.data_key("TDES_2KEY"))
        made = {self.send(self.cryptogram(arn))["key_material"] for _ in range(8)}
        self.assertEqual(len(made), 8)

    def test_initial_keys(self):
        for algorithm, bdk, ksn, expected, bits in tr34_case.INITIAL_KEYS:
            label = "bdk " + secrets.token_hex(4)
            self.sandbox.put_key(label, algorithm, bytes.fromhex(bdk))
            arn = self.sandbox.adopt(label, harness.bdk_attributes(algorithm), False)
            attributes = {"export_dukpt_initial_key": {"key_serial_number": ksn}}
            receiver = self.receivers[bits]
            wrapped = self.send(self.cryptogram(arn, receiver, attributes))
            self.assertEqual(self.opened(wrapped, receiver).hex().upper(), expected)
            kcv = harness.check_value(algorithm, bytes.fromhex(expected))
            self.assertEqual(wrapped["key_check_value"], kcv)
        request = self.cryptogram(arn, self.receivers[2048], attributes)
        self.refuses_export("AES_128 needs RSA_3072", request)

    def test_specs_that_are_refused(self):
        arn = self.sandbox.create(tr34_case.data_key("TDES_2KEY"))
        for spec in ("", "RSA_OAEP_SHA_1", "rsa_oaep_sha_256", "RSA_PKCS1"):
            self.refuses_export("WrappingSpec: ", self.cryptogram(arn, wrapping_spec=spec))

    def test_the_command(self):
        value, arn = self.sandbox.adopt_known(tr34_case.data_key("AES_128"))
        receiver = self.receivers[4096]
        material = {
            "CertificateAuthorityPublicKeyIdentifier": self.root,
            "WrappingKeyCertificate": receiver.form,
        }

        def command(**more):
            given = json.dumps({"KeyCryptogram": dict(material, **more)})
            return ("export-key", "--export-key-identifier", arn, "--key-material", given)

        answer = self.sandbox.cli(*command())["WrappedKey"]
        opened = tr34_openssl.oaep_open(bytes.fromhex(answer["KeyMaterial"]), receiver.key)
        self.assertEqual(opened, value)
        self.assertEqual(answer["WrappedKeyMaterialFormat"], CRYPTOGRAM)
        done = self.sandbox.run(*command(KeyBlockHeaders={"KeyExportability": "EXPORTABLE"}))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("KeyBlockHeaders", done.stderr)

    def test_the_record(self):
        arn = self.sandbox.create(tr34_case.data_key("TDES_3KEY"))
        receiver = self.receivers[2048]
        wrapped = self.send(self.cryptogram(arn, receiver))
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["Format"], CRYPTOGRAM)
        self.assertEqual(record["KeyArn"], arn)
        self.assertEqual(record["CertificateAuthorityKeyArn"], self.root)
        self.assertEqual(record["CertificateSha256"], tr34_case.fingerprint(receiver.certificate))
        self.assertNotIn("Header", record)
        self.assertNotIn(wrapped["key_material"][:40], json.dumps(record))


harness.on_both_tokens(Cryptograms)
del Cryptograms

if __name__ == "__main__":
    harness.main()
