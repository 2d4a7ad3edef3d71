#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The TR-31 command lines of AWS's user guide, "Export keys", typed into a shell with keyferry for aws payment-cryptography.

Key ids are this token's; what the page mistypes (a subcommand and a quote left out, Derive for DeriveKey) is mended.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import harness  # noqa: E402
import tr31_reader  # noqa: E402

ARN = "arn:aws:payment-cryptography:us-east-2:111122223333:key/"
WRAP = '{"Tr31KeyBlock": { "WrappingKeyIdentifier": "%s" }}'
HEADERS = (
    '{"Tr31KeyBlock": { "WrappingKeyIdentifier": "%s", "KeyBlockHeaders": { "KeyModesOfUse": { "DeriveKey": true}, '
    '"KeyExportability": "NON_EXPORTABLE", "KeyVersion": "02", "OptionalBlocks": { "BI": "00ABCDEFABCD"}}}}'
)
MEMBERS = {"KeyMaterial", "WrappedKeyMaterialFormat", "WrappingKeyArn", "KeyCheckValue", "KeyCheckValueAlgorithm"}


class UserGuide(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.aes_kbpk, cls.aes_kek = cls.adopt("AES_256", "TR31_K0_KEY_ENCRYPTION_KEY", harness.KEK_MODES)
        cls.tdes_kbpk, cls.tdes_kek = cls.adopt("TDES_3KEY", "TR31_K0_KEY_ENCRYPTION_KEY", harness.KEK_MODES)
        cls.key, cls.key_arn = cls.adopt("AES_128", "TR31_K0_KEY_ENCRYPTION_KEY", harness.KEK_MODES)
        cls.bdk, cls.bdk_arn = cls.adopt("TDES_2KEY", "TR31_B0_BASE_DERIVATION_KEY", {"derive_key": True})

    @classmethod
    def adopt(cls, algorithm, usage, modes):
        """A key of known bytes; those, and its ARN as the page would have it."""
        value, arn = cls.sandbox.adopt_known(harness.attributes(algorithm, usage, modes))
        return value, ARN + arn.rpartition("/")[2]

    def shell(self, line):
        path = harness.BIN + os.pathsep + os.environ["PATH"]
        return subprocess.run(
            ["bash", "-c", line],
            env=harness.environment(PATH=path, KEYFERRY_SOCKET=self.sandbox.socket),
            text=True, timeout=120, capture_output=True, stdin=subprocess.DEVNULL, check=False)

    def answer(self, line):
        done = self.shell(line)
        self.assertEqual((done.returncode, done.stderr), (0, ""), line)
        return json.loads(done.stdout)

    def open_wrapped(self, answer, kbpk, prefix, length):
        """What the receiver finds in the answer's key block."""
        # ExportKeyArn is Keyferry's own: the identifier may have been an alias.
        self.assertEqual(answer.keys(), {"WrappedKey", "ExportKeyArn"})
        wrapped = answer["WrappedKey"]
        self.assertEqual(wrapped.keys(), MEMBERS)
        self.assertEqual(wrapped["WrappedKeyMaterialFormat"], "TR31_KEY_BLOCK")
        block = wrapped["KeyMaterial"]
        self.assertEqual((block[:len(prefix)], len(block)), (prefix, length))
        return wrapped, tr31_reader.open_block(kbpk, block)

    def test_a_key(self):
        answer = self.answer(
            "keyferry export-key \\\n"
            "        --export-key-identifier %s \\\n"
            "        --key-material='%s'" % (self.key_arn, WRAP % self.aes_kek))
        wrapped, opened = self.open_wrapped(answer, self.aes_kbpk, "D0144K0AB00E0000", 144)
        self.assertEqual(opened["key"], self.key)
        self.assertEqual(len(opened["key"]) + len(opened["pad"]), 46)
        # The page shows ANSI_X9_24, but says that an AES key has a CMAC.
        self.assertEqual((wrapped["KeyCheckValue"], wrapped["KeyCheckValueAlgorithm"]),
                         (tr31_reader.kcv_aes(self.key), "CMAC"))

    def test_by_alias(self):
        for name, arn in (("alias/guide-key", self.key_arn), ("alias/guide-kek", self.aes_kek)):
            self.answer("keyferry create-alias --alias-name %s --key-arn %s" % (name, arn))
        answer = self.answer("keyferry export-key --export-key-identifier alias/guide-key --key-material='%s'"
                             % (WRAP % "alias/guide-kek"))
        _, opened = self.open_wrapped(answer, self.aes_kbpk, "D0144K0AB00E0000", 144)
        self.assertEqual(opened["key"], self.key)

    def initial_key(self, ksn):
        answer = self.answer(
            "keyferry export-key \\\n"
            "        --export-key-identifier %s \\\n"
            "        --key-material='%s' \\\n"
            "        --export-attributes 'ExportDukptInitialKey={KeySerialNumber=%s}'"
            % (self.bdk_arn, WRAP % self.tdes_kek, ksn))
        return self.open_wrapped(answer, self.tdes_kbpk, "B0096B1TX00S0000", 96)

    def test_an_initial_key(self):
        wrapped, opened = self.initial_key("12345678901234560001")
        expected = tr31_reader.dukpt_tdes_initial_key(self.bdk, bytes.fromhex("12345678901234560001"))
        self.assertEqual(opened["key"], expected)
        self.assertEqual(len(opened["key"]) + len(opened["pad"]), 30)
        self.assertEqual((wrapped["KeyCheckValue"], wrapped["KeyCheckValueAlgorithm"]),
                         (tr31_reader.kcv_tdes(expected), "ANSI_X9_24"))
        self.assertEqual(self.initial_key("12345678901234569999")[1]["key"], expected)
        self.assertNotEqual(self.initial_key("12345678901234760001")[1]["key"], expected)

    def test_headers(self):
        line = ("keyferry export-key \\\n"
                "        --export-key-identifier %s \\\n"
                "        --key-material='%s'" % (self.bdk_arn, HEADERS % self.aes_kek))
        _, opened = self.open_wrapped(self.answer(line), self.aes_kbpk, "D0128B0TX02N0100BI1000ABCDEFABCD", 128)
        self.assertEqual(opened["key"], self.bdk)

    def test_the_page_as_it_is_mistyped(self):
        """Nothing is guessed: what the page has wrong is refused, and the right word is named."""
        mistyped = HEADERS.replace("DeriveKey", "Derive") % self.aes_kek
        done = self.shell("keyferry export-key --export-key-identifier %s --key-material='%s'"
                          % (self.bdk_arn, mistyped))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("DeriveKey", done.stderr)
        done = self.shell("keyferry --export-key-identifier %s --key-material='%s'"
                          % (self.bdk_arn, WRAP % self.aes_kek))
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_keys_made_as_the_guide_makes_them(self):
        kek = self.answer(
            "keyferry create-key --exportable --key-attributes KeyAlgorithm=AES_128,"
            "KeyUsage=TR31_K0_KEY_ENCRYPTION_KEY,KeyClass=SYMMETRIC_KEY,"
            "KeyModesOfUse='{Encrypt=true,Decrypt=true,Wrap=true,Unwrap=true}'")["Key"]
        bdk = self.answer(
            "keyferry create-key --exportable --key-attributes KeyAlgorithm=TDES_2KEY,"
            "KeyUsage=TR31_B0_BASE_DERIVATION_KEY,KeyClass=SYMMETRIC_KEY,KeyModesOfUse={DeriveKey=true}")["Key"]
        self.assertEqual((kek["KeyAttributes"]["KeyAlgorithm"], kek["KeyState"], kek["KeyCheckValueAlgorithm"]),
                         ("AES_128", "CREATE_COMPLETE", "CMAC"))
        block = self.answer("keyferry export-key --export-key-identifier %s --key-material='%s'"
                            % (bdk["KeyArn"], WRAP % kek["KeyArn"]))["WrappedKey"]["KeyMaterial"]
        self.assertEqual((block[:16], len(block)), ("D0112B0TX00E0000", 112))
        shown = self.answer("keyferry parse-key-block %s" % block)
        self.assertEqual((shown["KeyUsage"], shown["Notes"]), ("TR31_B0_BASE_DERIVATION_KEY", []))


harness.on_both_tokens(UserGuide)
del UserGuide

if __name__ == "__main__":
    harness.main()
