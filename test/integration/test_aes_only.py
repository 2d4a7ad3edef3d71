#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A token that has put TDES away, as HSMs in FIPS mode do: everything that takes none of it goes on."""
import secrets

import harness
import mock_case
import tr31_reader
import tr34_case
import tr34_partner
from pkcs11 import CKK

KSN = "123456789012345600000000"
POSSIBLE = (
    "TR-31 version D",
    "AES DUKPT initial keys",
    "import of TR-31 version D",
    "TR-34 key tokens",
    "import of TR-34 key tokens",
    "RSA key cryptograms",
    "import of RSA key cryptograms",
)


class AesOnly(tr34_case.Tr34Case):
    @classmethod
    def setUpClass(cls):
        mock = mock_case.Mock()
        cls.addClassCleanup(mock.close)
        mock.tell("lack key-type 0x%X" % CKK.DES2, "lack key-type 0x%X" % CKK.DES3)
        cls.options = dict(mock_case.options(mock), ca=True, workers=1)
        super().setUpClass()
        cls.kek_value, cls.kek = cls.sandbox.adopt_known(harness.kek_attributes("AES_256"))
        cls.partner = tr34_partner.Partner(cls.kit)
        cls.partner.anchor = cls.root

    def leaves(self, key, value):
        """In a block of version D, that another reader opens."""
        block = self.sandbox.export(key, self.kek)["wrapped_key"]["key_material"]
        self.assertEqual(tr31_reader.open_block(self.kek_value, block)["key"], value)
        return block

    def data_key(self, algorithm="AES_128"):
        return self.sandbox.adopt_known(tr34_case.data_key(algorithm))

    def test_it_says_what_it_cannot_do(self):
        token = self.sandbox.cli("token")
        self.assertTrue(token["Trusted"])
        formats = {each["Format"]: each for each in token["Formats"]}
        possible = [name for name, each in formats.items() if each["Possible"]]
        self.assertEqual(tuple(possible), POSSIBLE)
        for name in POSSIBLE:
            if name not in ("AES DUKPT initial keys", "RSA key cryptograms"):
                self.assertIn("not for TDES keys: ", formats[name]["Reason"])
        self.assertIn("derive by TDES encryption", formats["TR-31 version B"]["Reason"])
        operations = {each["Operation"]: each for each in token["Operations"]}
        for name, each in operations.items():
            self.assertEqual("TDES" in name, "Reason" in each, each)

    def test_keys_made_here(self):
        for attributes in (
            harness.kek_attributes("AES_128"),
            harness.bdk_attributes("AES_256"),
            harness.attributes("HMAC_SHA256", "TR31_M7_HMAC_KEY", {"generate": True, "verify": True}),
        ):
            key = self.sandbox.create(attributes)
            block = self.sandbox.export(key, self.kek)["wrapped_key"]["key_material"]
            opened = tr31_reader.open_block(self.kek_value, block)
            self.assertEqual(opened["header"]["algorithm"], attributes["key_algorithm"][0])

    def test_blocks(self):
        for algorithm in ("AES_128", "AES_192", "AES_256"):
            value, key = self.data_key(algorithm)
            request = harness.import_request(self.leaves(key, value), self.kek)
            self.leaves(self.sandbox.call("IMPORT_KEY", request)["key"]["key_arn"], value)

    def test_initial_keys(self):
        _, bdk = self.sandbox.adopt_known(harness.bdk_attributes("AES_128"))
        request = harness.initial_key_request(bdk, self.kek, KSN)
        block = self.sandbox.call("EXPORT_KEY", request)["wrapped_key"]["key_material"]
        self.assertEqual(len(tr31_reader.open_block(self.kek_value, block)["key"]), 16)

    def test_key_tokens(self):
        value, key = self.data_key()
        self.assertEqual(self.export(key)[1]["key"], value)
        krd = self.partner.receiver(self.sandbox, 3072)
        token = self.partner.token(krd, value, "D0256D0AB00E0000")
        request = self.partner.request(token, krd)
        self.leaves(self.sandbox.call("IMPORT_KEY", request)["key"]["key_arn"], value)

    def test_cryptograms(self):
        value, key = self.data_key()
        self.send(self.cryptogram(key))
        krd = self.partner.receiver(self.sandbox, 3072, "KEY_CRYPTOGRAM")
        request = tr34_partner.cryptogram_request(krd, tr34_partner.cryptogram(krd, value), "AES_128")
        self.leaves(self.sandbox.call("IMPORT_KEY", request)["key"]["key_arn"], value)

    def test_tdes_is_refused_by_name(self):
        def refused(words, operation, request):
            text = self.refuses("ValidationException", self.sandbox.call, operation, request)
            self.assertIn(words, text)

        for algorithm in ("TDES_2KEY", "TDES_3KEY"):
            request = {"key_attributes": harness.bdk_attributes(algorithm), "exportable": True}
            refused("it cannot give a TDES key a new template", "CREATE_KEY", request)
        value = secrets.token_bytes(16)
        block = tr31_reader.make_block(self.kek_value, "D", "D0", "T", "B", value)
        refused("it cannot give a TDES key a new template", "IMPORT_KEY", harness.import_request(block, self.kek))
        krd = self.partner.receiver(self.sandbox, 3072)
        other = self.partner.receiver(self.sandbox, 3072, "KEY_CRYPTOGRAM")
        before = self.count()
        missing = "it cannot give a TDES key a new template"
        refused(missing, "IMPORT_KEY", self.partner.request(self.partner.token(krd, value), krd))
        wrapped = tr34_partner.cryptogram(other, value)
        refused(missing, "IMPORT_KEY", tr34_partner.cryptogram_request(other, wrapped))
        self.assertEqual(self.count(), before)


if __name__ == "__main__":
    harness.main()
