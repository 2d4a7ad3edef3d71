#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every TR-31 export of known keys opens in an independent reader, to the exact bytes and header."""
import itertools
import json

import harness
import tr31_reader

USAGES = {
    "TDES_2KEY": ("TR31_B0_BASE_DERIVATION_KEY", {"derive_key": True}, "B0", "X"),
    "TDES_3KEY": ("TR31_P0_PIN_ENCRYPTION_KEY", {"encrypt": True, "wrap": True}, "P0", "E"),
    "AES_128": ("TR31_B0_BASE_DERIVATION_KEY", {"derive_key": True}, "B0", "X"),
    "AES_192": ("TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY", harness.KEK_MODES, "D0", "B"),
    "AES_256": ("TR31_M6_ISO_9797_5_CMAC_KEY", {"generate": True, "verify": True}, "M6", "C"),
}
STRENGTH = {name: place for place, name in enumerate(harness.ALGORITHMS)}


class KeyBlocks(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keks = {
            name: cls.sandbox.adopt_known(harness.kek_attributes(name))
            for name in harness.ALGORITHMS
        }
        cls.keys = {}
        for name in harness.ALGORITHMS:
            usage, modes, _, _ = USAGES[name]
            cls.keys[name] = cls.sandbox.adopt_known(harness.attributes(name, usage, modes))

    def check_block(self, kek, key):
        kbpk, kek_arn = self.keks[kek]
        value, key_arn = self.keys[key]
        reply = self.sandbox.export(key_arn, kek_arn)
        wrapped = reply["wrapped_key"]
        block = wrapped["key_material"]
        opened = tr31_reader.open_block(kbpk, block)

        _, _, usage, mode = USAGES[key]
        aes = not key.startswith("TDES")
        version = "B" if kek.startswith("TDES") else "D"
        length = {"B": 96, "D": 144 if aes else 112}[version]
        self.assertEqual(opened["key"], value)
        self.assertEqual(
            opened["header"],
            {
                "version": version,
                "length": length,
                "usage": usage,
                "algorithm": "A" if aes else "T",
                "mode": mode,
                "keyversion": "00",
                "exportability": "E",
                "context": "0",
            },
        )
        self.assertEqual(opened["optional_blocks"], [])
        self.assertEqual(wrapped["key_check_value"], harness.check_value(key, value))
        self.assertEqual(wrapped["key_check_value_algorithm"], "CMAC" if aes else "ANSI_X9_24")
        self.assertEqual(wrapped["wrapped_key_material_format"], "TR31_KEY_BLOCK")
        self.assertEqual(wrapped["wrapping_key_arn"], kek_arn)
        self.assertEqual(reply["export_key_arn"], key_arn)

    def test_every_combination(self):
        for kek, key in itertools.product(harness.ALGORITHMS, repeat=2):
            with self.subTest(kek=kek, key=key):
                if STRENGTH[key] <= STRENGTH[kek]:
                    self.check_block(kek, key)
                else:
                    text = self.refuses(
                        "ValidationException",
                        self.sandbox.export,
                        self.keys[key][1],
                        self.keks[kek][1],
                    )
                    self.assertIn("stron", text)

    def test_padding_is_fresh(self):
        blocks = {
            self.sandbox.export(self.keys["AES_128"][1], self.keks["AES_256"][1])["wrapped_key"][
                "key_material"
            ]
            for _ in range(20)
        }
        self.assertEqual(len(blocks), 20)
        pads = {tr31_reader.open_block(self.keks["AES_256"][0], block)["pad"] for block in blocks}
        self.assertEqual(len(pads), 20)

    def test_a_key_encryption_key_travels_too(self):
        value, arn = self.sandbox.adopt_known(harness.kek_attributes("AES_128"))
        block = self.sandbox.export(arn, self.keks["AES_128"][1])["wrapped_key"]["key_material"]
        opened = tr31_reader.open_block(self.keks["AES_128"][0], block)
        self.assertEqual(opened["key"], value)
        self.assertEqual(opened["header"]["usage"], "K1")
        self.assertEqual(opened["header"]["mode"], "B")

    def test_the_command(self):
        self.sandbox.cli(
            "create-alias", "--alias-name", "alias/kek", "--key-arn", self.keks["AES_256"][1]
        )
        answer = self.sandbox.cli(
            "export-key",
            "--export-key-identifier",
            self.keys["TDES_2KEY"][1],
            "--key-material",
            "Tr31KeyBlock={WrappingKeyIdentifier=alias/kek}",
        )
        block = answer["WrappedKey"]["KeyMaterial"]
        self.assertEqual(
            tr31_reader.open_block(self.keks["AES_256"][0], block)["key"], self.keys["TDES_2KEY"][0]
        )
        self.assertEqual(answer["WrappedKey"]["WrappingKeyArn"], self.keks["AES_256"][1])
        as_json = json.dumps({"Tr31KeyBlock": {"WrappingKeyIdentifier": "alias/kek"}})
        again = self.sandbox.cli(
            "export-key",
            "--export-key-identifier",
            self.keys["TDES_2KEY"][1],
            "--key-material",
            as_json,
        )
        self.assertEqual(again["WrappedKey"].keys(), answer["WrappedKey"].keys())
        self.sandbox.cli("parse-key-block", block)

    def test_made_keys_have_the_check_value_they_say(self):
        kbpk, kek = self.keks["AES_256"]
        for algorithm in harness.ALGORITHMS:
            usage, modes, _, _ = USAGES[algorithm]
            arn = self.sandbox.create(harness.attributes(algorithm, usage, modes))
            key = self.sandbox.call("GET_KEY", {"key_identifier": arn})["key"]
            opened = tr31_reader.open_block(
                kbpk, self.sandbox.export(arn, kek)["wrapped_key"]["key_material"]
            )
            self.assertEqual(len(opened["key"]), harness.LENGTHS[algorithm])
            self.assertEqual(harness.check_value(algorithm, opened["key"]), key["key_check_value"])


harness.on_both_tokens(KeyBlocks)
del KeyBlocks

if __name__ == "__main__":
    harness.main()
