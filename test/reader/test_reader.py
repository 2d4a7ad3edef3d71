#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The reader on published blocks, check values and initial keys, and on blocks it must refuse."""
import contextlib
import io
import json
import os
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

try:
    import tr31_reader as reader
except ImportError as error:
    print("needs python3-cryptography:", error)
    sys.exit(77)

with open(os.path.join(HERE, "..", "vectors", "tr31-vectors.json"), encoding="utf-8") as file:
    VECTORS = json.load(file)

AES_KBPK = bytes.fromhex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")
TDES_KBPK = bytes.fromhex("1D22BF32387C600AD97F9B97A51311AC")


def key_of(length):
    return bytes(range(1, length + 1))


class PublishedVectors(unittest.TestCase):
    def each(self, expect):
        vectors = [v for v in VECTORS["vectors"] if v["expect"] == expect]
        self.assertGreaterEqual(len(vectors), 15)
        return [(vector, bytes.fromhex(vector["kbpk_hex"])) for vector in vectors]

    def test_good_blocks_open(self):
        for vector, kbpk in self.each("accept"):
            with self.subTest(vector["name"]):
                opened = reader.open_block(kbpk, vector["block"], vector.get("lenient", False))
                expected = dict(vector["expected_header"])
                optional = [tuple(pair) for pair in expected.pop("optblocks")]
                self.assertEqual({k: opened["header"][k] for k in expected}, expected)
                self.assertEqual(opened["optional_blocks"], optional)
                self.assertEqual(opened["key"].hex().upper(), vector["expected_key_hex"])

    def test_good_blocks_can_be_made_again(self):
        for vector, kbpk in self.each("accept"):
            with self.subTest(vector["name"]):
                opened = reader.open_block(kbpk, vector["block"], vector.get("lenient", False))
                header = opened["header"]
                del header["length"]
                again = reader.make_block(kbpk, key=opened["key"], pad=opened["pad"],
                                          optional_blocks=opened["optional_blocks"], **header)
                self.assertEqual(again, vector["block"])

    def test_bad_blocks_are_refused_for_their_reason(self):
        for vector, kbpk in self.each("reject"):
            with self.subTest(vector["name"]):
                with self.assertRaises(reader.KeyBlockError) as caught:
                    reader.open_block(kbpk, vector["block"])
                self.assertEqual(caught.exception.code, vector["reason"])

    def test_any_changed_digit_is_noticed(self):
        for vector, kbpk in self.each("accept"):
            with self.subTest(vector["name"]):
                block = vector["block"]
                for at in (9, len(block) // 2, len(block) - 40, len(block) - 1):
                    digit = "1" if block[at] != "1" else "2"
                    with self.assertRaises(reader.KeyBlockError):
                        reader.open_block(kbpk, block[:at] + digit + block[at + 1:], True)

    def test_lenient_is_needed_for_a_single_length_key(self):
        vector = next(v for v in VECTORS["vectors"] if v.get("lenient"))
        with self.assertRaises(reader.KeyBlockError) as caught:
            reader.open_block(bytes.fromhex(vector["kbpk_hex"]), vector["block"])
        self.assertEqual(caught.exception.code, "KEY_LENGTH")

    def test_derivations(self):
        for vector in VECTORS["derivation"]:
            with self.subTest(vector["kbpk_hex"], version=vector["version"]):
                keys = reader.derive_keys(vector["version"], bytes.fromhex(vector["kbpk_hex"]))
                self.assertEqual([key.hex().upper() for key in keys],
                                 [vector["kbek_hex"], vector["kbak_hex"]])

    def test_check_values(self):
        for vector in VECTORS["kcv"]:
            with self.subTest(vector["name"]):
                key = bytes.fromhex(vector["key_hex"])
                expected = vector["kcv"]
                got = (reader.kcv_tdes(key) if vector["kind"] == "legacy"
                       else reader.kcv_aes(key, len(expected) // 2))
                self.assertEqual(got, expected)

    def test_initial_keys(self):
        derive = {"tdes": reader.dukpt_tdes_initial_key, "aes": reader.dukpt_aes_initial_key}
        for vector in VECTORS["dukpt"]:
            with self.subTest(vector["name"]):
                key = derive[vector["kind"]](bytes.fromhex(vector["bdk_hex"]),
                                             bytes.fromhex(vector["ksn_hex"]))
                self.assertEqual(key.hex().upper(), vector["ik_hex"])


class OwnBlocks(unittest.TestCase):
    def test_what_is_made_opens(self):
        optional = [("KS", "FFFF9876543210E00000"), ("LB", "x" * 300), ("KV", "0000")]
        for version, kbpk in (("A", TDES_KBPK), ("B", TDES_KBPK), ("C", TDES_KBPK),
                              ("D", AES_KBPK), ("E", AES_KBPK)):
            for algorithm, length in (("T", 16), ("T", 24), ("A", 16), ("A", 32), ("H", 20)):
                block = reader.make_block(kbpk, version, "D0", algorithm, "B", key_of(length),
                                          optional_blocks=optional)
                opened = reader.open_block(kbpk, block)
                self.assertEqual(opened["key"], key_of(length))
                self.assertEqual(opened["optional_blocks"][:3], optional)

    def test_published_lengths(self):
        for version, algorithm, length, hide, total in (
                ("B", "T", 16, True, 96), ("B", "T", 16, False, 80), ("D", "A", 16, True, 144),
                ("D", "A", 16, False, 112), ("D", "A", 32, False, 144), ("D", "T", 16, True, 112)):
            kbpk = AES_KBPK if version == "D" else TDES_KBPK
            block = reader.make_block(kbpk, version, "P0", algorithm, "E", key_of(length),
                                      hide_length=hide)
            self.assertEqual(len(block), total)
            self.assertEqual(block[1:5], "%04d" % total)

    def test_wrong_kbpk_is_a_mac_error(self):
        block = reader.make_block(AES_KBPK, "D", "P0", "A", "E", key_of(16))
        with self.assertRaises(reader.KeyBlockError) as caught:
            reader.open_block(AES_KBPK[::-1], block)
        self.assertEqual(caught.exception.code, "MAC")

    def test_bad_optional_blocks_with_a_good_mac_are_refused(self):
        for optional, code in (
                ([("KS", "123")], "OPT_DATA"), ([("TS", "20201318221218Z")], "OPT_DATA"),
                ([("TC", "2017-05-17T19:41:38")], "OPT_DATA"), ([("HM", "11")], "OPT_DATA"),
                ([("CT", "02000005QUJD")], "OPT_DATA"), ([("CT", "02000004QUJD01")], "OPT_DATA"),
                ([("PB", "0000"), ("LB", "last")], "OPT_ORDER"), ([("lb", "text")], "OPT_ID"),
                ([("KV", "0000"), ("KV", "0000")], "OPT_DUP")):
            block = reader.make_block(TDES_KBPK, "B", "P0", "T", "E", key_of(16),
                                      optional_blocks=optional)
            with self.subTest(optional), self.assertRaises(reader.KeyBlockError) as caught:
                reader.open_block(TDES_KBPK, block)
            self.assertEqual(caught.exception.code, code)

    def test_good_optional_blocks_pass(self):
        for pair in (("TS", "20200818221218Z"), ("TS", "2020081819203022Z"),
                     ("TC", "2017-05-17T19:41:38Z"), ("TC", "2017-05-17T19:41:38.25Z"),
                     ("CT", "02000004QUJD010004QUI="), ("CT", "00QQ=="), ("DA", "01D2ABND3AEN"),
                     ("10", "a vendor's own"), ("LB", "")):
            block = reader.make_block(TDES_KBPK, "B", "P0", "T", "E", key_of(16),
                                      optional_blocks=[pair])
            with self.subTest(pair):
                self.assertEqual(reader.open_block(TDES_KBPK, block)["optional_blocks"][0], pair)


class InitialKeys(unittest.TestCase):
    def test_tdes_counter_is_21_bits(self):
        bdk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
        keys = [reader.dukpt_tdes_initial_key(bdk, bytes.fromhex(ksn)) for ksn in
                ("12345678901234560001", "12345678901234569999", "12345678901234760001")]
        self.assertEqual(keys[0], keys[1])
        self.assertNotEqual(keys[0], keys[2])

    def test_lengths_are_strict(self):
        for derive, bdk, ksn in ((reader.dukpt_tdes_initial_key, 24, 10),
                                 (reader.dukpt_tdes_initial_key, 16, 8),
                                 (reader.dukpt_aes_initial_key, 8, 12),
                                 (reader.dukpt_aes_initial_key, 16, 10)):
            with self.assertRaises(reader.KeyBlockError):
                derive(key_of(bdk), bytes(ksn))


class HmacCheckValue(unittest.TestCase):
    def test_empty_message(self):
        # HMAC-SHA-256 with an empty key over an empty message: B613679A0814D9EC...
        self.assertEqual(reader.kcv_hmac(b"\0"), "B61367")


class CommandLine(unittest.TestCase):
    def run_main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = reader.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def test_prints_json(self):
        vector = VECTORS["vectors"][1]
        status, out, _ = self.run_main(vector["kbpk_hex"], vector["block"])
        opened = json.loads(out)
        self.assertEqual(status, 0)
        self.assertEqual(opened["key"], vector["expected_key_hex"])
        self.assertEqual(opened["kcv"], "57C409")
        self.assertEqual(opened["header"]["usage"], "P0")

    def test_says_why_not(self):
        status, out, err = self.run_main(VECTORS["vectors"][1]["kbpk_hex"], "B0016P0TE00E0000")
        self.assertEqual((status, out), (1, ""))
        self.assertTrue(err.startswith("PAYLOAD: "))
        self.assertEqual(self.run_main("xyz", "B")[0], 2)


if __name__ == "__main__":
    unittest.main()
