#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""KeyBlockHeaders: what a block's header says, what may be asked of it, and each refusal."""
import random
import re
import time

import harness
import tr31_reader

LETTERS = {
    "B": ("encrypt", "decrypt", "wrap", "unwrap"),
    "E": ("encrypt", "wrap"),
    "D": ("decrypt", "unwrap"),
    "C": ("generate", "verify"),
    "G": ("generate",),
    "V": ("verify",),
    "S": ("sign",),
    "X": ("derive_key",),
    "N": ("no_restrictions",),
}
NARROWER = {"B": "BED", "E": "E", "D": "D", "C": "CGV", "G": "G", "V": "V", "X": "X", "N": "NCGV"}
USAGES = {  # mode: a usage that has it
    "B": "TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY",
    "E": "TR31_P0_PIN_ENCRYPTION_KEY",
    "D": "TR31_P0_PIN_ENCRYPTION_KEY",
    "C": "TR31_M6_ISO_9797_5_CMAC_KEY",
    "G": "TR31_M6_ISO_9797_5_CMAC_KEY",
    "V": "TR31_M6_ISO_9797_5_CMAC_KEY",
    "X": "TR31_B0_BASE_DERIVATION_KEY",
    "N": "TR31_M6_ISO_9797_5_CMAC_KEY",
}
CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROUNDS = 200


def modes(letter):
    return {name: True for name in LETTERS[letter]}


def blocks(*pairs):
    return {"optional_blocks": [{"id": ident, "value": value} for ident, value in pairs]}


class Headers(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keks = {
            name: cls.sandbox.adopt_known(harness.kek_attributes(name))
            for name in ("AES_256", "TDES_3KEY")
        }
        cls.value, cls.bdk = cls.sandbox.adopt_known(harness.bdk_attributes())

    def export(self, key=None, kek="AES_256", ksn=None, check_value=None, **headers):
        request = harness.tr31_request(key or self.bdk, self.keks[kek][1])
        tr31 = request["key_material"]["tr31_key_block"]
        tr31["key_block_headers"] = headers
        if check_value is not None:
            tr31["wrapping_key_check_value"] = check_value
        if ksn:
            request["export_attributes"] = {"export_dukpt_initial_key": {"key_serial_number": ksn}}
        return self.sandbox.call("EXPORT_KEY", request)["wrapped_key"]["key_material"]

    def opened(self, *arguments, kek="AES_256", **headers):
        block = self.export(*arguments, kek=kek, **headers)
        self.assertEqual(int(block[1:5]), len(block))
        return tr31_reader.open_block(self.keks[kek][0], block)

    def refused(self, parts, *arguments, **headers):
        text = self.refuses("ValidationException", lambda: self.export(*arguments, **headers))
        for part in parts if isinstance(parts, tuple) else (parts,):
            self.assertIn(part, text)
        return text

    def test_the_guides_example(self):
        block = self.export(
            key_modes_of_use=modes("X"),
            key_exportability="NON_EXPORTABLE",
            key_version="02",
            **blocks(("BI", "00ABCDEFABCD")),
        )
        self.assertEqual(block[:32], "D0128B0TX02N0100BI1000ABCDEFABCD")
        self.assertEqual(len(block), 128)
        opened = tr31_reader.open_block(self.keks["AES_256"][0], block)
        self.assertEqual(opened["key"], self.value)
        block = self.export(kek="TDES_3KEY", **blocks(("BI", "00ABCDEFABCD")))
        self.assertEqual(block[:32], "B0112B0TX00E0100BI1000ABCDEFABCD")
        kek, arn = self.sandbox.adopt_known(harness.kek_attributes("AES_128"))
        block = self.export(arn)
        self.assertEqual((block[:16], len(block)), ("D0144K1AB00E0000", 144))
        self.assertEqual(tr31_reader.open_block(self.keks["AES_256"][0], block)["key"], kek)

    def test_modes_can_be_narrowed_only(self):
        for own, narrower in NARROWER.items():
            arn = self.sandbox.create(harness.attributes("AES_128", USAGES[own], modes(own)))
            for asked in LETTERS:
                with self.subTest(own=own, asked=asked):
                    if asked in narrower:
                        opened = self.opened(arn, key_modes_of_use=modes(asked))
                        self.assertEqual(opened["header"]["mode"], asked)
                    else:
                        self.refused("KeyModesOfUse", arn, key_modes_of_use=modes(asked))
        for odd in ({}, {"wrap": True}, {"encrypt": True, "verify": True}, {"derive_key": False}):
            self.refused("KeyBlockHeaders.KeyModesOfUse", key_modes_of_use=odd)

    def test_exportability(self):
        for name, letter in (("EXPORTABLE", "E"), ("NON_EXPORTABLE", "N"), ("SENSITIVE", "S")):
            opened = self.opened(key_exportability=name)
            self.assertEqual(opened["header"]["exportability"], letter)
        for wrong in ("", "E", "sensitive", "EXPORTABLE "):
            self.refused("KeyBlockHeaders.KeyExportability", key_exportability=wrong)

    def test_versions(self):
        for version in ("00", "02", "Z9", "AA"):
            self.assertEqual(self.opened(key_version=version)["header"]["keyversion"], version)
        for wrong in ("", "0", "002", "c1", "a0", "0-"):
            self.refused("KeyBlockHeaders.KeyVersion", key_version=wrong)

    def test_optional_blocks(self):
        """In the order given, padded only where needed, and to the version's cipher block."""
        pairs = [("LB", "first"), ("10", "own"), ("AA", "x" * 20), ("BI", "0112345678")]
        for kek, size in (("AES_256", 16), ("TDES_3KEY", 8)):
            for count in range(len(pairs) + 1):
                found = self.opened(kek=kek, **blocks(*pairs[:count]))["optional_blocks"]
                self.assertEqual(found[:count], pairs[:count])
                taken = sum(4 + len(value) for _, value in pairs[:count])
                self.assertEqual(len(found) - count, taken % size != 0)
                if taken % size:
                    self.assertEqual(found[-1][0], "PB")
                    self.assertTrue(re.fullmatch("[0-9A-Za-z]*", found[-1][1]))

    def test_their_bounds(self):
        self.opened(**blocks(("LB", "x" * 108)))
        self.refused("1 to 108 characters", **blocks(("LB", "x" * 109)))
        self.refused("1 to 108 characters", **blocks(("LB", "")))
        self.opened(**blocks(("LB", "x" * 52), ("AA", "x" * 52)))
        text = self.refused("112", **blocks(("LB", "x" * 52), ("AA", "x" * 53)))
        self.assertIn("113 characters", text)
        many = [(ident, "x") for ident in ["%02d" % n for n in range(22)]]
        self.assertEqual(len(self.opened(**blocks(*many))["optional_blocks"]), 23)
        self.refused("112", **blocks(*many, ("LB", "x")))

    def test_bad_blocks(self):
        field = "KeyBlockHeaders.OptionalBlocks"
        for ident in ("", "A", "AAA", "bi", "A-"):
            self.refused((field, "id"), **blocks((ident, "x")))
        for value in ("a b", "a-b", "a_", "\u00e9"):
            self.refused((field, "0-9, A-Z and a-z"), **blocks(("LB", value)))
        for ident in ("PB", "HM"):
            self.refused((field, ident, "leave it out"), **blocks((ident, "21")))
        self.refused((field, "LB", "once"), **blocks(("LB", "x"), ("LB", "y")))
        self.refused((field, "begin it with 01"), **blocks(("BI", "1112345678")))
        for ident, value in (
            ("BI", "00ABCDEFAB"),
            ("BI", "02ABCDEFABCD"),
            ("KS", "FFFF9876543210E0000"),
            ("IK", "12345678"),
            ("KP", "09ABCDEF"),
            ("TS", "20201318221218Z"),
        ):
            text = self.refused((field, ident), **blocks((ident, value)))
            self.assertNotIn(value, text)

    def test_blocks_of_an_initial_key(self):
        ksn = "FFFF9876543210E00001"
        given = [("KS", "FFFF9876543210E00000"), ("BI", "00FFFF987654")]
        for some in (given[:1], given[1:], [("KS", "9876543210E00000")]):
            self.assertEqual(self.opened(ksn=ksn, **blocks(*some))["optional_blocks"][:1], some)
        for ident, value in (("KS", ksn), ("BI", "00FFFF987655"), ("KS", "9876543210E00001")):
            self.refused((ident, "contradicts KeySerialNumber"), ksn=ksn, **blocks((ident, value)))
        self.refused("IK", ksn=ksn, **blocks(("IK", "FFFF987654321000")))
        aes = self.sandbox.create(harness.bdk_attributes("AES_128"))
        ksn = "123456789012345600000001"
        for ident, value in (("IK", "1234567890123456"), ("BI", "0112345678")):
            found = self.opened(aes, ksn=ksn, **blocks((ident, value)))["optional_blocks"]
            self.assertEqual(found[0], (ident, value))
        self.refused("IK contradicts", aes, ksn=ksn, **blocks(("IK", "1234567890123457")))
        self.refused("BI contradicts", aes, ksn=ksn, **blocks(("BI", "0112345679")))
        self.refused("KS is not for", aes, ksn=ksn, **blocks(("KS", "12345678901234560000")))

    def test_an_initial_keys_header(self):
        ksn = "FFFF9876543210E00001"
        self.assertEqual(self.opened(ksn=ksn)["header"]["exportability"], "S")
        for name, letter in (("EXPORTABLE", "E"), ("NON_EXPORTABLE", "N"), ("SENSITIVE", "S")):
            opened = self.opened(ksn=ksn, key_exportability=name)
            self.assertEqual(opened["header"]["exportability"], letter)
        self.opened(ksn=ksn, key_modes_of_use=modes("X"))
        self.refused("KeyModesOfUse", ksn=ksn, key_modes_of_use=modes("N"))

    def test_blocks_that_are_made(self):
        for kek, method in (("AES_256", "01"), ("TDES_3KEY", "00")):
            value = harness.check_value(kek, self.keks[kek][0])
            found = self.opened(kek=kek, add_blocks=["KP"])["optional_blocks"]
            self.assertEqual(found[0], ("KP", method + value))
        began = time.time()
        found = self.opened(add_blocks=["TS", "KP"], **blocks(("LB", "x")))["optional_blocks"]
        self.assertEqual([ident for ident, _ in found[:3]], ["LB", "TS", "KP"])
        stamp = time.strptime(found[1][1], "%Y%m%d%H%M%SZ")
        self.assertLess(abs(time.mktime(stamp) - time.timezone - began), 60)
        ksn = "FFFF9876543210E00001"
        found = self.opened(ksn=ksn, add_blocks=["KS"])["optional_blocks"]
        self.assertEqual(found[0], ("KS", "FFFF9876543210E00000"))
        aes = self.sandbox.create(harness.bdk_attributes("AES_256"))
        found = self.opened(aes, ksn="123456789012345600000001", add_blocks=["IK"])
        self.assertEqual(found["optional_blocks"][0], ("IK", "1234567890123456"))

    def test_blocks_that_cannot_be_made(self):
        field = "KeyBlockHeaders.AddBlocks"
        self.refused((field, "KS", "initial keys"), add_blocks=["KS"])
        self.refused((field, "IK", "initial keys"), add_blocks=["IK"])
        self.refused((field, "IK"), ksn="FFFF9876543210E00001", add_blocks=["IK"])
        self.refused((field, "KP", "once"), add_blocks=["KP", "KP"])
        self.refused((field, "KP", "once"), add_blocks=["KP"], **blocks(("KP", "01123456")))
        for ident in ("", "LB", "kp", "PB", "HM"):
            self.refused((field, "KP, KS, IK and TS"), add_blocks=[ident])

    def test_the_hash_of_an_hmac_key(self):
        arn = self.sandbox.create(
            harness.attributes("HMAC_SHA384", "TR31_M7_HMAC_KEY", modes("C"))
        )
        opened = self.opened(arn, add_blocks=["KP"], **blocks(("LB", "x")))
        found = [ident for ident, _ in opened["optional_blocks"]]
        self.assertEqual(found[:3], ["LB", "KP", "HM"])
        self.assertEqual(dict(opened["optional_blocks"])["HM"], "22")
        self.assertEqual(opened["header"]["algorithm"], "H")

    def test_the_check_value_of_the_wrapping_key(self):
        value = harness.check_value("AES_256", self.keks["AES_256"][0])
        self.export(check_value=value)
        self.export(check_value=value.lower())
        for wrong in ("", "000000", value[:4], value + "00"):
            text = self.refused("WrappingKeyCheckValue", check_value=wrong)
            self.assertIn(value, text)

    def test_random_headers(self):
        """Whatever is asked within the rules, a receiver opens; the seed is in the failure."""
        seed = random.randrange(1 << 32)
        draw = random.Random(seed)
        for _ in range(ROUNDS):
            pairs, room = [], 112
            while room >= 5 and draw.random() < 0.7:
                value = "".join(draw.choices(CHARACTERS, k=draw.randint(1, room - 4)))
                pairs.append(("%02d" % len(pairs), value))
                room -= 4 + len(value)
            headers = dict(
                blocks(*pairs),
                key_version="".join(draw.choices("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=2)),
                key_exportability=draw.choice(("EXPORTABLE", "NON_EXPORTABLE", "SENSITIVE")),
                add_blocks=draw.sample(("KP", "TS"), draw.randint(0, 2)),
            )
            kek = draw.choice(list(self.keks))
            with self.subTest(seed=seed, headers=headers, kek=kek):
                opened = self.opened(kek=kek, **headers)
                self.assertEqual(opened["key"], self.value)
                self.assertEqual(opened["optional_blocks"][: len(pairs)], pairs)
                self.assertEqual(opened["header"]["keyversion"], headers["key_version"])
                self.assertEqual(opened["header"]["exportability"], headers["key_exportability"][0])

    def test_the_command(self):
        answer = self.sandbox.cli(
            "export-key", "--export-key-identifier", self.bdk, "--key-material",
            '{"Tr31KeyBlock": {"WrappingKeyIdentifier": "%s", "KeyBlockHeaders": {"KeyVersion": "07",'
            ' "OptionalBlocks": {"LB": "b", "AA": "a"}, "AddBlocks": ["KP"]}}}'
            % self.keks["AES_256"][1],
        )
        opened = tr31_reader.open_block(self.keks["AES_256"][0], answer["WrappedKey"]["KeyMaterial"])
        self.assertEqual(opened["optional_blocks"][:2], [("LB", "b"), ("AA", "a")])
        answer = self.sandbox.cli(
            "export-key", "--export-key-identifier", self.bdk, "--key-material",
            "Tr31KeyBlock={WrappingKeyIdentifier=%s,KeyBlockHeaders={KeyVersion=07,"
            "OptionalBlocks={LB=b},AddBlocks=[KP,TS]}}" % self.keks["AES_256"][1],
        )
        self.assertEqual(answer["WrappedKey"]["KeyMaterial"][9:14], "07E04")

    def test_no_log_has_a_callers_block(self):
        self.export(**blocks(("LB", "SomethingOnlyTheCallerKnows")))
        self.refused("once", **blocks(("LB", "SomethingElseOnly"), ("LB", "TheCallerKnows")))
        text = str(self.sandbox.audit()) + self.sandbox.log()
        for secret in ("SomethingOnlyTheCallerKnows", "SomethingElseOnly", "TheCallerKnows"):
            self.assertNotIn(secret, text)


harness.on_both_tokens(Headers)
del Headers

if __name__ == "__main__":
    harness.main()
