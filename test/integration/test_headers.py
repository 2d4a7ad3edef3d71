#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""KeyBlockHeaders: what a request may narrow, set and add in a block's header, seen by an independent reader, and what is
refused; and the expected check value of the wrapping key."""
import datetime
import json
import random
import string

import harness
import tr31_reader

MODES = {
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
# usage, its mode, the modes that it may leave with
KINDS = (
    ("TR31_K0_KEY_ENCRYPTION_KEY", "B", "BED"),
    ("TR31_K1_KEY_BLOCK_PROTECTION_KEY", "E", "E"),
    ("TR31_P0_PIN_ENCRYPTION_KEY", "D", "D"),
    ("TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY", "N", "BEDN"),
    ("TR31_C0_CARD_VERIFICATION_KEY", "C", "CGV"),
    ("TR31_M6_ISO_9797_5_CMAC_KEY", "N", "CGVN"),
    ("TR31_V1_IBM3624_PIN_VERIFICATION_KEY", "G", "G"),
    ("TR31_V2_VISA_PIN_VERIFICATION_KEY", "V", "V"),
    ("TR31_B0_BASE_DERIVATION_KEY", "X", "X"),
    ("TR31_E0_EMV_MKEY_APP_CRYPTOGRAMS", "N", "XN"),
)
LETTERS = {"SENSITIVE": "S", "EXPORTABLE": "E", "NON_EXPORTABLE": "N"}
VALUE = string.digits + string.ascii_letters
SEED = 20261122
ROUNDS = 200


def modes(letter):
    return {name: True for name in MODES[letter]}


def blocks(*pairs):
    return [{"id": ident, "value": value} for ident, value in pairs]


class Headers(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keks = {
            name: cls.sandbox.adopt_known(harness.kek_attributes(name))
            for name in harness.ALGORITHMS
        }
        cls.bdk = cls.sandbox.adopt_known(harness.bdk_attributes())
        cls.initial = {
            algorithm: cls.sandbox.adopt_known(harness.bdk_attributes(algorithm), False)
            for algorithm in ("TDES_2KEY", "AES_128", "AES_256")
        }

    def request(self, arn, headers, kek="AES_256", ksn=None, **more):
        request = harness.tr31_request(arn, self.keks[kek][1])
        if ksn:
            request = harness.initial_key_request(arn, self.keks[kek][1], ksn)
        tr31 = request["key_material"]["tr31_key_block"]
        tr31.update(more)
        if headers is not None:
            tr31["key_block_headers"] = headers
        return request

    def export(self, arn, headers, kek="AES_256", ksn=None, **more):
        """The block, and what the reader finds in it."""
        reply = self.sandbox.call("EXPORT_KEY", self.request(arn, headers, kek, ksn, **more))
        block = reply["wrapped_key"]["key_material"]
        return block, tr31_reader.open_block(self.keks[kek][0], block)

    def header(self, headers, arn=None, kek="AES_256", ksn=None):
        """The block's text up to the ciphertext, with its length left out."""
        block, _ = self.export(arn or self.bdk[1], headers, kek, ksn)
        return block[0] + block[5 : tr31_reader.read_header(block)[2]]

    def refused(self, part, headers, arn=None, kek="AES_256", ksn=None, **more):
        text = self.refuses(
            "ValidationException",
            self.sandbox.call,
            "EXPORT_KEY",
            self.request(arn or self.bdk[1], headers, kek, ksn, **more),
        )
        self.assertIn(part, text)
        return text

    # The user guide's examples.

    def test_the_published_example_with_headers(self):
        """The guide's command line with this program's name, its typing errors mended."""
        self.sandbox.call(
            "CREATE_ALIAS", {"alias_name": "alias/headers-kek", "key_arn": self.keks["AES_128"][1]}
        )
        material = (
            '{"Tr31KeyBlock": {"WrappingKeyIdentifier": "alias/headers-kek", "KeyBlockHeaders": '
            '{"KeyModesOfUse": {"DeriveKey": true}, "KeyExportability": "NON_EXPORTABLE", '
            '"KeyVersion": "02", "OptionalBlocks": {"BI": "00ABCDEFABCD"}}}}'
        )
        for given in (
            ("--export-key-identifier=" + self.bdk[1], "--key-material=" + material),
            ("--cli-input-json", json.dumps({
                "ExportKeyIdentifier": self.bdk[1], "KeyMaterial": json.loads(material),
            })),
        ):
            wrapped = self.sandbox.cli("export-key", *given)["WrappedKey"]
            block = wrapped["KeyMaterial"]
            self.assertTrue(block.startswith("D0128B0TX02N0100BI1000ABCDEFABCD"), block)
            self.assertEqual(len(block), 128)
            opened = tr31_reader.open_block(self.keks["AES_128"][0], block)
            self.assertEqual(opened["key"], self.bdk[0])
            self.assertEqual(wrapped["KeyCheckValue"], tr31_reader.kcv_tdes(self.bdk[0]))
        self.sandbox.cli("parse-key-block", block)

    def test_the_published_example_without_headers(self):
        value, arn = self.sandbox.adopt_known(
            harness.attributes("AES_256", "TR31_K0_KEY_ENCRYPTION_KEY", harness.KEK_MODES)
        )
        for headers in (None, {}):
            block, opened = self.export(arn, headers)
            self.assertTrue(block.startswith("D0144K0AB00E0000"), block)
            self.assertEqual(len(block), 144)
            self.assertEqual(opened["key"], value)

    # The sixteen characters.

    def test_modes(self):
        for usage, own, allowed in KINDS:
            arn = self.sandbox.create(harness.attributes("TDES_2KEY", usage, modes(own)))
            for letter in MODES:
                headers = {"key_modes_of_use": modes(letter)}
                with self.subTest(usage=usage, own=own, asked=letter):
                    if letter in allowed:
                        _, opened = self.export(arn, headers)
                        self.assertEqual(opened["header"]["mode"], letter)
                        continue
                    text = self.refused("KeyModesOfUse: {", headers, arn)
                    named = {
                        name: "{%s}" % ",".join(word.title().replace("_", "") for word in words)
                        for name, words in MODES.items()
                    }
                    self.assertIn("%s is not within" % named[letter], text)
                    self.assertIn("own %s;" % named[own], text)
            for odd in ({}, {"encrypt": True}, {"generate": True, "derive_key": True},
                        {"derive_key": True, "no_restrictions": True}, {"verify": False}):
                self.refused("KeyModesOfUse: no key block can say", {"key_modes_of_use": odd}, arn)

    def test_exportability(self):
        for word, letter in LETTERS.items():
            headers = {"key_exportability": word}
            self.assertEqual(self.header(headers), "DB0TX00%s0000" % letter)
            for algorithm, ksn in (("TDES_2KEY", "1" * 20), ("AES_256", "1" * 24)):
                _, opened = self.export(self.initial[algorithm][1], headers, ksn=ksn)
                self.assertEqual(opened["header"]["exportability"], letter)
        for wrong in ("", "E", "exportable", "EXPORTABLE "):
            self.refused(
                "KeyExportability: must be EXPORTABLE, NON_EXPORTABLE or SENSITIVE",
                {"key_exportability": wrong},
            )
        arn = self.sandbox.create(harness.bdk_attributes(), exportable=False)
        for word in LETTERS:
            self.refused("not exportable", {"key_exportability": word}, arn)

    def import_key(self, usage, mode, keyversion, exportability):
        """A TDES key that came in a key block: its bytes and its ARN."""
        value = harness.random_key("TDES_2KEY")
        kbpk, kek = self.keks["AES_256"]
        block = tr31_reader.make_block(
            kbpk, "D", usage, "T", mode, value, keyversion, exportability
        )
        tr31 = {"wrapping_key_identifier": kek, "wrapped_key_block": block}
        reply = self.sandbox.call("IMPORT_KEY", {"key_material": {"tr31_key_block": tr31}})
        return value, reply["key"]["key_arn"]

    def test_an_imported_key_keeps_its_header(self):
        for letter in "SEN":
            value, arn = self.import_key("V0", "C", "7Z", letter)
            if letter == "N":
                self.refused("not exportable", None, arn)
                continue
            _, opened = self.export(arn, None)
            self.assertEqual(opened["key"], value)
            header = {"usage": "V0", "mode": "C", "keyversion": "7Z", "exportability": letter}
            self.assertEqual({name: opened["header"][name] for name in header}, header)
            for word, asked in LETTERS.items():
                headers = {"key_exportability": word, "key_modes_of_use": modes("V")}
                if "SEN".index(asked) < "SEN".index(letter):
                    self.refused(
                        "KeyExportability: SENSITIVE is wider than the key's own EXPORTABLE",
                        headers,
                        arn,
                    )
                    continue
                _, opened = self.export(arn, headers)
                self.assertEqual(opened["header"]["exportability"], asked)
                self.assertEqual(opened["header"]["mode"], "V")
        # An initial key of somebody else's: its KSN is not known here.
        _, arn = self.import_key("B1", "X", "00", "E")
        given = [("KS", "FFFF9876543210E00000")]
        _, opened = self.export(arn, {"optional_blocks": blocks(*given)})
        self.assertEqual(opened["optional_blocks"][:1], given)
        self.refused("AddBlocks: KS is made from a KSN", {"add_blocks": ["KS"]}, arn)

    def test_version(self):
        for version in ("00", "02", "99", "A0", "ZZ"):
            self.assertEqual(self.header({"key_version": version}), "DB0TX%sE0000" % version)
        for version in ("", "1", "001", "0a", "c1", "0-", "\u0660\u0660"):
            self.refused("KeyVersion: must be two of 0-9 and A-Z", {"key_version": version})

    # Optional blocks.

    def test_order_is_the_requests(self):
        names = ["ZZ", "10", "BI", "AA", "LB"]
        for shuffle in range(5):
            order = names[shuffle:] + names[:shuffle]
            given = [(name, "00ABCDEFABCD") for name in order]
            _, opened = self.export(self.bdk[1], {"optional_blocks": blocks(*given)})
            self.assertEqual(opened["optional_blocks"], given)  # 5 x 16 characters: no PB
            answer = self.sandbox.cli(
                "export-key",
                "--export-key-identifier",
                self.bdk[1],
                "--key-material",
                "Tr31KeyBlock={WrappingKeyIdentifier=%s,KeyBlockHeaders={OptionalBlocks={%s}}}"
                % (self.keks["AES_256"][1], ",".join("%s=%s" % pair for pair in given)),
            )
            opened = tr31_reader.open_block(
                self.keks["AES_256"][0], answer["WrappedKey"]["KeyMaterial"]
            )
            self.assertEqual(opened["optional_blocks"], given)

    def test_bounds(self):
        def lengths(*sizes):
            return {"optional_blocks": blocks(*[
                ("%02d" % number, "x" * size) for number, size in enumerate(sizes)
            ])}

        for sizes in ((1,), (108,), (52, 52), (1, 103), (10, 90), (1,) * 22):
            _, opened = self.export(self.bdk[1], lengths(*sizes))
            self.assertEqual(
                [len(data) for name, data in opened["optional_blocks"] if name != "PB"],
                list(sizes),
            )
        self.refused("OptionalBlocks: the value of 00 has 109 characters", lengths(109))
        self.refused("OptionalBlocks: the value of 00 has 255 characters", lengths(255))
        self.refused("OptionalBlocks: the value of 00 has 0 characters", lengths(0))
        self.refused("OptionalBlocks: have 113 characters together", lengths(52, 53))
        self.refused("OptionalBlocks: have 115 characters together", lengths(*(1,) * 23))
        self.refused("Value: has more than 255 bytes", lengths(256))

    def test_padding(self):
        """Last, and only where the others are not whole cipher blocks; fresh each time."""
        for kek, unit in (("TDES_3KEY", 8), ("AES_256", 16)):
            for size in range(1, 40):
                headers = {"optional_blocks": blocks(("LB", "y" * size))}
                block, opened = self.export(self.bdk[1], headers, kek)
                found = opened["optional_blocks"]
                missing = -(size + 4) % unit
                with self.subTest(kek=kek, size=size):
                    self.assertEqual(found[0], ("LB", "y" * size))
                    self.assertEqual([name for name, _ in found[1:]], ["PB"] if missing else [])
                    self.assertEqual(opened["header"]["length"], len(block))
                    if missing:
                        total = missing if missing >= 4 else missing + unit
                        self.assertEqual(len(found[1][1]), total - 4)
                        self.assertLessEqual(set(found[1][1]), set(VALUE))
        headers = {"optional_blocks": blocks(("LB", "yy"))}
        fillers = {self.export(self.bdk[1], headers)[1]["optional_blocks"][1] for _ in range(10)}
        self.assertEqual(len(fillers), 10)

    def test_formats(self):
        for ident, value in (
            ("BI", "00ABCDEFABCD"), ("BI", "0112345678"), ("KS", "FFFF9876543210E00000"),
            ("IK", "1234567890123456"), ("KC", "000169E3"), ("KP", "010FA329"), ("AL", "0101"),
            ("TS", "20200818221218Z"), ("LB", "MyGreatKey"), ("FL", "anything"), ("10", "IBM"),
        ):
            _, opened = self.export(
                self.bdk[1], {"optional_blocks": blocks((ident, value))}
            )
            self.assertEqual(opened["optional_blocks"][0], (ident, value))
        text = self.refused(
            "OptionalBlocks: optional block BI: ",
            {"optional_blocks": blocks(("BI", "1112345678"))},
        )
        self.assertIn("01 for it, not 11", text)
        for ident, value, part in (
            ("BI", "00ABCDEFAB", "10 hex digits"),
            ("KS", "FFFF9876543210e00000", "20 hex digits"),
            ("IK", "12345678901234567890", "16 hex digits"),
            ("KP", "02123456", "CMAC"),
            ("TS", "20201318221218Z", "UTC time"),
            ("LB", "two words", "the value of LB must be of 0-9, A-Z and a-z only"),
            ("LB", "under_score", "the value of LB must be of 0-9, A-Z and a-z only"),
            ("LB", "\u00e4", "optional block LB: its data must be printable ASCII"),
            ("lb", "x", "two characters of 0-9 and A-Z"),
            ("L", "x", "two characters of 0-9 and A-Z"),
            ("LBL", "x", "two characters of 0-9 and A-Z"),
            ("", "x", "two characters of 0-9 and A-Z"),
            ("PB", "0000", "PB: padding is added where it is needed; leave it out"),
            ("HM", "21", "HM is made from the key's algorithm"),
        ):
            with self.subTest(ident=ident, value=value):
                text = self.refused(
                    "OptionalBlocks: ", {"optional_blocks": blocks((ident, value))}
                )
                self.assertIn(part, text)
        self.refused(
            "optional block LB: may be there only once",
            {"optional_blocks": blocks(("LB", "x"), ("BI", "0112345678"), ("LB", "x"))},
        )

    # Blocks that the daemon makes.

    def test_made_blocks(self):
        for kek in harness.ALGORITHMS:
            value, _ = self.keks[kek]
            before = datetime.datetime.utcnow().replace(microsecond=0)
            _, opened = self.export(
                self.bdk[1],
                {"add_blocks": ["TS", "KP"], "optional_blocks": blocks(("LB", "first"))},
                kek,
            )
            after = datetime.datetime.utcnow()
            found = opened["optional_blocks"]
            self.assertEqual([name for name, _ in found][:3], ["LB", "TS", "KP"])
            stamp = datetime.datetime.strptime(found[1][1], "%Y%m%d%H%M%SZ")
            self.assertTrue(before <= stamp <= after, (before, stamp, after))
            method = "00" if kek.startswith("TDES") else "01"
            self.assertEqual(found[2][1], method + harness.check_value(kek, value))
        for algorithm, ksn, ident, data in (
            ("TDES_2KEY", "12345678901234569999", "KS", "12345678901234400000"),
            ("AES_128", "1234567890123456FFFFFFFF", "IK", "1234567890123456"),
            ("AES_256", "123456789012345600000000", "IK", "1234567890123456"),
        ):
            headers = {"add_blocks": [ident, "KP"]}
            _, opened = self.export(self.initial[algorithm][1], headers, ksn=ksn)
            self.assertEqual(opened["optional_blocks"][0], (ident, data))
            self.assertEqual(opened["optional_blocks"][1][0], "KP")
            other = "IK" if ident == "KS" else "KS"
            text = self.refused(
                "AddBlocks: %s is not for" % other,
                {"add_blocks": [other]},
                self.initial[algorithm][1],
                ksn=ksn,
            )
            self.assertIn(algorithm, text)

    def test_made_blocks_by_the_command(self):
        kbpk, kek = self.keks["AES_256"]
        for material in (
            '{"Tr31KeyBlock": {"WrappingKeyIdentifier": "%s", "KeyBlockHeaders": {"KeyVersion": '
            '"07", "OptionalBlocks": {"LB": "b", "AA": "a"}, "AddBlocks": ["KP", "TS"]}}}',
            "Tr31KeyBlock={WrappingKeyIdentifier=%s,KeyBlockHeaders={KeyVersion=07,"
            "OptionalBlocks={LB=b,AA=a},AddBlocks=[KP,TS]}}",
        ):
            answer = self.sandbox.cli(
                "export-key", "--export-key-identifier", self.bdk[1], "--key-material", material % kek
            )
            opened = tr31_reader.open_block(kbpk, answer["WrappedKey"]["KeyMaterial"])
            self.assertEqual(opened["header"]["keyversion"], "07")
            self.assertEqual(
                [name for name, _ in opened["optional_blocks"]], ["LB", "AA", "KP", "TS", "PB"]
            )

    def test_what_cannot_be_made(self):
        for ident in ("KS", "IK"):
            self.refused(
                "AddBlocks: %s is made from a KSN, for initial keys only" % ident,
                {"add_blocks": [ident]},
            )
        for ident in ("", "BI", "PB", "HM", "kp", "KCV"):
            self.refused(
                "AddBlocks: those that can be made are KP, KS, IK and TS",
                {"add_blocks": ["KP", ident]},
            )
        self.refused("TS: may be there only once", {"add_blocks": ["TS", "KP", "TS"]})
        self.refused(
            "AddBlocks: optional block KP: may be there only once",
            {"add_blocks": ["KP"], "optional_blocks": blocks(("KP", "010FA329"))},
        )

    def test_blocks_do_not_contradict_the_serial_number(self):
        tdes, aes = self.initial["TDES_2KEY"][1], self.initial["AES_256"][1]
        ksns = {tdes: "FFFF9876543210E00001", aes: "1234567890123456000000FF"}
        for arn, ident, good, bad in (
            (tdes, "KS", "FFFF9876543210E00000", "FFFF9876543210E00001"),
            (tdes, "KS", "FFFF9876543210E0", "FFFF9876543210E1"),
            (tdes, "BI", "00FFFF987654", "00FFFF987655"),
            (tdes, "BI", "00FFFF987654", "01FFFF9876"),
            (aes, "IK", "1234567890123456", "1234567890123457"),
            (aes, "BI", "0112345678", "001234567890"),
        ):
            with self.subTest(ident=ident, bad=bad):
                headers = {"optional_blocks": blocks((ident, good))}
                _, opened = self.export(arn, headers, ksn=ksns[arn])
                self.assertEqual(opened["optional_blocks"][0], (ident, good))
                self.refused(
                    "OptionalBlocks: %s contradicts KeySerialNumber" % ident,
                    {"optional_blocks": blocks((ident, bad))},
                    arn,
                    ksn=ksns[arn],
                )
        for arn, ident, data in (
            (tdes, "IK", "FFFF9876543210E0"), (aes, "KS", "12345678901234560000"),
        ):
            self.refused(
                "OptionalBlocks: %s is not for an initial key" % ident,
                {"optional_blocks": blocks((ident, data))},
                arn,
                ksn=ksns[arn],
            )

    def test_an_hmac_key_says_its_hash(self):
        arn = self.sandbox.create(
            harness.attributes("HMAC_SHA384", "TR31_M7_HMAC_KEY", modes("C"))
        )
        _, opened = self.export(
            arn,
            {
                "optional_blocks": blocks(("LB", "mac")),
                "add_blocks": ["KP"],
                "key_modes_of_use": modes("V"),
                "key_exportability": "NON_EXPORTABLE",
            },
        )
        self.assertEqual(opened["header"]["mode"], "V")
        self.assertEqual(opened["header"]["exportability"], "N")
        found = opened["optional_blocks"]
        self.assertEqual([name for name, _ in found], ["LB", "KP", "HM", "PB"])
        self.assertEqual(found[2][1], "22")
        self.refused(
            "OptionalBlocks: HM is made", {"optional_blocks": blocks(("HM", "22"))}, arn
        )

    # Beside the header.

    def test_the_wrapping_keys_check_value(self):
        for kek in ("TDES_3KEY", "AES_192"):
            value, arn = self.keks[kek]
            right = harness.check_value(kek, value)
            for given in (right, right.lower()):
                _, opened = self.export(
                    self.bdk[1], None, kek, wrapping_key_check_value=given
                )
                self.assertEqual(opened["key"], self.bdk[0])
            wrong = "%06X" % (int(right, 16) ^ 0x10)
            for given in (wrong, right[:4], right + "00"):
                text = self.refused(
                    "WrappingKeyCheckValue: ", None, kek=kek, wrapping_key_check_value=given
                )
                self.assertIn(arn.rpartition("/")[2], text)
                self.assertRegex(text, "check value %s .*, not %s\\." % (right, given))
            for given in ("", "123", "1" * 17, "12345G", " " + right):
                self.refused(
                    "WrappingKeyCheckValue: must be 4 to 16 hex digits",
                    None,
                    kek=kek,
                    wrapping_key_check_value=given,
                )
            answer = self.sandbox.cli(
                "export-key", "--export-key-identifier", self.bdk[1], "--key-material",
                "Tr31KeyBlock={WrappingKeyIdentifier=%s,WrappingKeyCheckValue=%s}" % (arn, right),
            )
            self.assertEqual(answer["WrappedKey"]["WrappingKeyArn"], arn)

    def test_no_log_has_optional_blocks(self):
        """Neither of a block that left nor of one that was refused."""
        secrets = ["Sesame%d" % number for number in range(4)]
        block, _ = self.export(self.bdk[1], {"optional_blocks": blocks(("LB", secrets[0]))})
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["Header"], block[:16])
        self.refused("not 11", {"optional_blocks": blocks(("LB", secrets[1]), ("BI", "11"))})
        self.refused("of 0-9", {"optional_blocks": blocks(("LB", secrets[2] + "!"))})
        self.refused("hex digits", {"optional_blocks": blocks(("KS", secrets[3]))})
        self.assertEqual(self.sandbox.audit()[-1]["result"], "ValidationException")
        written = json.dumps(self.sandbox.audit()) + self.sandbox.log()
        self.assertNotIn("Sesame", written)
        self.assertNotIn(block[16:40], written)

    # Everything at once.

    def random_blocks(self, dice, left):
        """Blocks of unknown kinds and a TC, together at most so many characters."""
        given = {}
        while dice.random() < 0.7:
            ident = "".join(dice.choices("LQXZ0123456789", k=2))
            room = left - 4 if dice.random() < 0.3 else min(left - 4, 12)
            if room < 1:
                break
            if ident in given:
                continue
            given[ident] = "".join(dice.choices(VALUE, k=dice.randint(1, room)))
            left -= 4 + len(given[ident])
        if left >= 19 and dice.random() < 0.3:
            given["TC"] = "20200818221218Z"
        pairs = list(given.items())
        dice.shuffle(pairs)
        return pairs

    def random_case(self, dice, keys):
        """A request that is valid, and what its block must say."""
        usage, algorithm, own, allowed, value, arn = dice.choice(keys)
        ksn, made = None, ["KP", "TS"]
        if usage == "B1":
            ksn = "".join(
                dice.choices("0123456789ABCDEF", k=24 if algorithm.startswith("AES") else 20)
            )
            made.append("IK" if algorithm.startswith("AES") else "KS")
        strong = harness.ALGORITHMS.index(algorithm)
        kek = dice.choice(harness.ALGORITHMS[strong:])
        expected = {
            "mode": own, "exportability": "S" if ksn else "E", "keyversion": "00", "usage": usage,
            "version": "B" if kek.startswith("TDES") else "D",
        }
        headers = {}
        if dice.random() < 0.5:
            expected["mode"] = dice.choice(allowed)
            headers["key_modes_of_use"] = modes(expected["mode"])
        if dice.random() < 0.5:
            word = dice.choice(sorted(LETTERS))
            headers["key_exportability"], expected["exportability"] = word, LETTERS[word]
        if dice.random() < 0.5:
            expected["keyversion"] = headers["key_version"] = "".join(
                dice.choices(string.digits + string.ascii_uppercase, k=2)
            )
        given = self.random_blocks(dice, 112)
        added = dice.sample(made, dice.randint(0, len(made)))
        if given:
            headers["optional_blocks"] = blocks(*given)
        if added:
            headers["add_blocks"] = added
        return arn, headers, kek, ksn, value, expected, given, added

    def test_random_headers(self):
        dice = random.Random(SEED)
        keys = []
        for usage, own, allowed in KINDS:
            algorithm = dice.choice(harness.ALGORITHMS)
            value, arn = self.sandbox.adopt_known(harness.attributes(algorithm, usage, modes(own)))
            keys.append((usage[5:7], algorithm, own, allowed, value, arn))
        for algorithm, (_, arn) in self.initial.items():
            keys.append(("B1", algorithm, "X", "X", None, arn))
        padded = 0
        for number in range(ROUNDS):
            case = self.random_case(dice, keys)
            arn, headers, kek, ksn, value, expected, given, added = case
            with self.subTest(number=number, headers=headers, kek=kek):
                block, opened = self.export(arn, headers, kek, ksn)
                self.assertEqual(
                    {name: opened["header"][name] for name in expected}, expected
                )
                found = opened["optional_blocks"]
                names = [name for name, _ in given] + added
                size = sum(len(data) + 4 for _, data in found[: len(names)])
                unit = 8 if block[0] == "B" else 16
                if size % unit:
                    padded += 1
                    names.append("PB")
                self.assertEqual([name for name, _ in found], names)
                self.assertEqual(found[: len(given)], given)
                if value:
                    self.assertEqual(opened["key"], value)
        self.assertTrue(ROUNDS / 4 < padded < ROUNDS)


harness.on_both_tokens(Headers)
del Headers

if __name__ == "__main__":
    harness.main()
