#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""parse-key-block: what it says of good key blocks, and what is wrong with bad ones. No daemon runs."""
import json
import os
import unittest

from test_cli import MODES, Case

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "..", "..", "vectors", "tr31-vectors.json"), encoding="utf-8") as vectors:
    VECTORS = json.load(vectors)["vectors"]

# Of the vectors' reasons those that only the KBPK shows: such a block is shown.
KEY_NEEDED = {"MAC", "KBPK_LENGTH", "KEY_LENGTH"}
# The others: words of the message.
REASONS = {
    "OPT_DATA": ("optional block BI: its data must be", "it begins at byte 16"),
    "RESERVED": ("KeyBlock key context: must be 0, 1 or 2", "byte 14 is '9'"),
    "VERSION": ("KeyBlock version: must be A, B, C, D or E", "byte 0 is '"),
    "PAYLOAD": ("KeyBlock length: 0 characters follow the header", "from byte 16 on"),
    "OPT_DUP": ("optional block KS: may be there only once", "it begins at byte 40"),
    "LENGTH": ("optional blocks: their ", "must be a multiple of ", "bytes 16 to "),
    "LENGTH_FIELD": ("KeyBlock length: the header says 160, but the key block has 144", "bytes 1 to 4"),
    "OPT_LEN": ("optional block LB: an extended length must be 0004", "it begins at byte 16"),
    "CHARSET": ("KeyBlock: must be printable ASCII characters only", "byte 14 is 0x01"),
}
FIELDS = ["version", "length", "key usage", "algorithm", "mode of use", "key version", "exportability",
          "number of optional blocks", "key context", "reserved"]
BI = "BI1000ABCDEFABCD"
SEALED = "0" * 64 + "F" * 32


def block(header="P0AB00E", optional="", count=0, rest=SEALED, version="D", context="00"):
    """A block of right length, whatever else is wrong with it."""
    length = 16 + len(optional) + len(rest)
    return "%s%04d%s%02d%s%s%s" % (version, length, header, count, context, optional, rest)


class Blocks(Case):
    BLOCK = block("B0TX02N", BI, 1)

    def show(self, argument, *options):
        result = self.run_program("parse-key-block", argument, *options)
        self.assertEqual((result.returncode, result.stderr), (0, b""), argument)
        return result.stdout.decode()

    def parse(self, argument):
        return json.loads(self.show(argument))

    def test_shows_all_of_a_block(self):
        path = os.path.join(self.folder, "block")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n" + self.BLOCK + " \n")
        for argument in (self.BLOCK, "file://" + path):
            answer = self.parse(argument)
            modes = answer.pop("KeyModesOfUse")
            fields = answer.pop("Header")
            lengths = answer.pop("Lengths")
            self.assertEqual([mode for mode in MODES if modes[mode]], ["DeriveKey"])
            self.assertEqual(answer, {
                "Version": "D", "Length": 128, "Usage": "B0", "KeyUsage": "TR31_B0_BASE_DERIVATION_KEY",
                "Algorithm": "T", "Mode": "X", "KeyVersion": "02", "Exportability": "N",
                "KeyExportability": "NON_EXPORTABLE", "KeyContext": "0",
                "OptionalBlocks": [{
                    "Id": "BI", "Bytes": "16-31", "Length": 16, "Value": "00ABCDEFABCD",
                    "Meaning": "base derivation key id of DUKPT", "Decoded": "TDES key set id ABCDEFABCD"}],
                "EncryptedBytes": 32, "MacBytes": 16, "MacChecked": False, "Notes": []})
            self.assertEqual([field["Field"] for field in fields], FIELDS)
            self.assertEqual("".join(field["Text"] for field in fields), self.BLOCK[:16])
            self.assertEqual([field["Bytes"] for field in fields],
                             ["0", "1-4", "5-6", "7", "8", "9-10", "11", "12-13", "14", "15"])
            self.assertTrue(all(field["Meaning"] for field in fields))
            self.assertEqual([(part["Part"], part["Bytes"], part["Characters"]) for part in lengths],
                             [("header", "0-15", 16), ("optional blocks", "16-31", 16),
                              ("ciphertext", "32-95", 64), ("MAC", "96-127", 32)])
            self.assertIn("at most 30 bytes", lengths[2]["Meaning"])
            self.assertIn("not checked", lengths[3]["Meaning"])

    def test_text(self):
        text = self.show(self.BLOCK, "--output", "text")
        self.assertIn("\nHEADER\t7\talgorithm\tTDES\tT\n", text)
        self.assertIn("\nOPTIONALBLOCKS\t16-31\tTDES key set id ABCDEFABCD\tBI\t16\t", text)
        self.assertIn("\nLENGTHS\t96-127\t32\t", text)

    def test_every_good_vector(self):
        for vector in VECTORS:
            if vector["expect"] != "accept":
                continue
            with self.subTest(vector["name"]):
                answer = self.parse(vector["block"])
                header = vector["expected_header"]
                self.assertEqual(
                    [answer[name] for name in ("Version", "Length", "Usage", "Algorithm", "Mode", "KeyVersion",
                                               "Exportability")],
                    [header[name] for name in ("version", "length", "usage", "algorithm", "mode", "keyversion",
                                               "exportability")])
                self.assertEqual([[one["Id"], one["Value"]] for one in answer["OptionalBlocks"]],
                                 header["optblocks"])
                self.assertEqual(sum(part["Characters"] for part in answer["Lengths"]), header["length"])
                for one in answer["OptionalBlocks"]:
                    first, last = map(int, one["Bytes"].split("-"))
                    self.assertEqual(last - first + 1, one["Length"])
                    self.assertEqual(vector["block"][first:first + 2], one["Id"])
                    self.assertTrue(vector["block"][first:last + 1].endswith(one["Value"]))
                    self.assertNotIn("not in the standard", one["Meaning"])
                words = {field["Field"]: field["Meaning"] for field in answer["Header"]}
                self.assertNotIn("not in the standard", " ".join(words.values()))

    def test_every_bad_vector(self):
        seen = set()
        for vector in VECTORS:
            if vector["expect"] != "reject":
                continue
            with self.subTest(vector["name"]):
                if vector["reason"] in KEY_NEEDED:
                    self.assertIs(self.parse(vector["block"])["MacChecked"], False)
                    continue
                seen.add(vector["reason"])
                self.refused(self.run_program("parse-key-block", vector["block"]), "ValidationException",
                             *REASONS[vector["reason"]])
        self.assertEqual(seen, set(REASONS))

    def test_each_field_that_is_wrong_is_named_with_its_place(self):
        for text, words in (
                ("", ("KeyBlock length: 0 characters; must be 16 to 9999",)),
                (self.BLOCK[:-1], ("the header says 128, but the key block has 127", "bytes 1 to 4")),
                (self.BLOCK + "0", ("the header says 128, but the key block has 129",)),
                (block(version="1"), ("KeyBlock version: 1 is a vendor's own format", "byte 0")),
                ("D01x4" + block()[5:], ("KeyBlock length: must be four decimal digits", "byte 3 is 'x'")),
                (block("p0AB00E"), ("KeyBlock key usage: must be", "byte 5 is 'p'")),
                (block("P-AB00E"), ("KeyBlock key usage: must be", "byte 6 is '-'")),
                (block("P0XB00E"), ("KeyBlock algorithm: must be one of A, D, E, H", "byte 7 is 'X'")),
                (block("M7IC00E", version="B"), ("KeyBlock algorithm: I and J belong to versions D and E",)),
                (block("P0AA00E"), ("KeyBlock mode of use: must be one of B, C, D", "byte 8 is 'A'")),
                (block("P0ABd0E"), ("KeyBlock key version: must be two characters", "byte 9 is 'd'")),
                (block("P0AB0cE"), ("KeyBlock key version: must be two characters", "byte 10 is 'c'")),
                (block("P0AB00X"), ("KeyBlock exportability: must be E, N or S", "byte 11 is 'X'")),
                (block()[:12] + "0X" + block()[14:], ("KeyBlock number of optional blocks: must be", "byte 13 is 'X'")),
                (block(context="30"), ("KeyBlock key context: must be 0, 1 or 2", "byte 14 is '3'")),
                (block(context="01"), ("KeyBlock reserved character: must be 0", "byte 15 is '1'")),
                (block(count=1, rest="f" * 96), ("optional block 1: its id must be", "byte 16")),
                (block(optional="LB0aABCDEFPB0600", count=2), ("optional block LB: its length must be two upper-case",)),
                (block(optional="LB03ABCDEFABCDEF", count=1), ("optional block LB: its length counts id and length",)),
                (block(optional="LBFFABCDEFABCDEF", count=1), ("optional block LB: its length exceeds the key block",)),
                (block(optional="LB00020106ABCDEF", count=1), ("optional block LB: an extended length must be 0004",)),
                (block(optional="LB00040010ABCDEF", count=1), ("optional block LB: an extended length is for more",)),
                (block(optional="PB10ABCDEFABCDEF" + BI, count=2), ("optional block PB: must be the last", "byte 16")),
                (block(optional=BI + BI, count=2), ("optional block BI: may be there only once", "byte 32")),
                (block(optional="KS10FFFF9876543x", count=1), ("optional block KS: its data must be 20 hex digits",)),
                (block(optional="BI0E1112345678PB1200000000000000", count=2),
                 ("optional block BI: its data must be", "01 and 8 hex digits (AES BDK id", "byte 16")),
                (block(optional="LB08ABCD", count=1), ("their 8 characters must be a multiple of 16",
                                                       "bytes 16 to 23")),
                (block(rest="0" * 32), ("32 characters follow the header; version D has a ciphertext of one or more",
                                        "32 of MAC", "from byte 16 on")),
                (block(rest="0" * 80), ("80 characters follow the header",)),
                (block(rest="0" * 63 + "a" + "0" * 32), ("KeyBlock ciphertext: must be upper-case hex", "byte 79 is 'a'")),
                (block(rest="0" * 95 + "G"), ("KeyBlock MAC: must be upper-case hex digits", "byte 111 is 'G'")),
                (block(rest="0" * 64 + "\u00e4" + "0" * 31)[:112], ("KeyBlock", )),
                (self.BLOCK[:20] + "\t" + self.BLOCK[21:], ("must be printable ASCII characters only",
                                                            "byte 20 is 0x09")),
        ):
            with self.subTest(text):
                self.refused(self.run_program("parse-key-block", text), "ValidationException", *words)

    def test_optional_blocks_are_decoded(self):
        for text, decoded in (
                ("KS18FFFF9876543210E00001", "KSN FFFF9876543210E00001, transaction counter 1"),
                ("KS18FFFF9876543210FFFFFF", "KSN FFFF9876543210FFFFFF, transaction counter 2097151"),
                ("IK141234567890123456", "BDK id 12345678, derivation id 90123456"),
                ("BI0E0112345678", "AES BDK id 12345678"),
                ("KC0C000169E3", "0169E3, legacy: encryption of zeros"),
                ("KP10012331550BC9", "2331550BC9, CMAC"),
                ("HM0623", "SHA-512"), ("HM0610", "SHA-1"), ("HM0641", "SHAKE256"),
                ("TS1320200818221218Z", "2020-08-18 22:12:18 UTC"),
                ("TS152020081822121805Z", "2020-08-18 22:12:18.05 UTC"),
                ("TC182017-05-17T19:41:38Z", "2017-05-17 19:41:38 UTC"),
                ("TC1B2017-05-17T19:41:38.07Z", "2017-05-17 19:41:38.07 UTC"),
                ("AL080101", "static"), ("AL080100", "ephemeral"), ("WP07003", "pedigree 3"),
                ("DA1001D2ABND3AEN", "D2 A B N, D3 A E N"),
                ("CT0A00MIIB", "one X.509 certificate"),
                ("CT1A02000004MIIB010004MIIB", "a chain of 2 certificates"),
                ("LB10My Great Key", None), ("KV080000", None), ("10081234", None)):
            missing = -len(text) % 16
            missing += 16 if 0 < missing < 4 else 0
            pad = "PB%02X%s" % (missing, "0" * (missing - 4)) if missing else ""
            with self.subTest(text):
                shown = self.parse(block(optional=text + pad, count=1 + bool(pad)))["OptionalBlocks"]
                self.assertEqual(shown[0].get("Decoded"), decoded)
                self.assertTrue(shown[0]["Meaning"])
                if pad:
                    self.assertEqual((shown[1]["Id"], shown[1]["Decoded"]),
                                     ("PB", "%d characters of no meaning" % (missing - 4)))

    def test_notes_tell_what_import_refuses(self):
        for text, words in (
                (block("P0AX00E"), "KeyModesOfUse: a TR31_P0_PIN_ENCRYPTION_KEY takes {"),
                (block("M3AC00E"), "KeyAlgorithm: a TR31_M3_ISO_9797_3_MAC_KEY takes TDES_2KEY"),
                (block("ZZAB00E"), "KeyUsage: this usage is unknown"),
                (block("S0RS00E"), "Keys of this algorithm cannot be imported here."),
                (block("P0ABc1E"), "Key components cannot be imported here."),
                (block("P0AB00E", version="E"), "Blocks of version E cannot be imported here."),
                (block("P0TB00E", version="A", rest="0" * 56), "Versions A and C are deprecated"),
                (block("P0TB00E", version="B", rest="0" * 48), "The ciphertext is too short for a key of 16 bytes")):
            with self.subTest(text):
                self.assertIn(words, " ".join(note["Note"] for note in self.parse(text)["Notes"]))
        for text in (block("P0AB00E"), block("B1TX00S", version="B", rest="0" * 80), block("M7HC00E"),
                     block("M7TC00E"), block("D3AE00N"), block("K0TN00N", version="B", rest="0" * 80)):
            with self.subTest(text):
                self.assertEqual(self.parse(text)["Notes"], [])

    def test_usages_that_only_come_in_key_blocks_have_names(self):
        answer = self.parse("B0096B1TX00S0000" + "0" * 80)
        self.assertEqual((answer["Usage"], answer["KeyUsage"], answer["KeyExportability"]),
                         ("B1", "TR31_B1_DUKPT_INITIAL_KEY", "SENSITIVE"))
        self.assertNotIn("KeyUsage", self.parse(block("E7RB00E")))


if __name__ == "__main__":
    unittest.main()
