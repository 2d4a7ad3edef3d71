#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key blocks come in: from another token, from published vectors, from a maker of faulty ones."""
import itertools
import json
import os
import secrets

import faults
import harness
import tr31_reader
import wire
from pkcs11 import CKA

MUTATIONS = int(os.environ.get("KEYFERRY_TEST_MUTATIONS", "2000"))
SEED = os.environ.get("KEYFERRY_TEST_SEED", "1")
PER_SANDBOX = 2500
STRENGTH = {name: place for place, name in enumerate(harness.ALGORITHMS)}
LETTER = {name: name[0] for name in harness.ALGORITHMS}
HMAC_MODES = {"generate": True, "verify": True}

with open(os.path.join(harness.SOURCE, "test/vectors/tr31-vectors.json"), encoding="utf-8") as file:
    VECTORS = json.load(file)["vectors"]


def request(block, kek, hmac_algorithm=None, **more):
    material = {"wrapping_key_identifier": kek, "wrapped_key_block": block}
    if hmac_algorithm:
        material["hmac_algorithm"] = hmac_algorithm
    return dict(more, key_material={"tr31_key_block": material})


def version_of(kek):
    return "D" if kek.startswith("AES") else "B"


def put_wrapping_key(sandbox, algorithm, value, modes=None, usage=None, **more):
    """Adopts a key of known value, with legacy import where it is TDES."""
    label = "ceremony " + secrets.token_hex(4)
    sandbox.put_key(label, algorithm, value)
    usage = usage or "TR31_K1_KEY_BLOCK_PROTECTION_KEY"
    more.setdefault("legacy_import", algorithm.startswith("TDES"))
    given = harness.attributes(algorithm, usage, modes or harness.KEK_MODES)
    return sandbox.adopt(label, given, **more)


def quotes(text, block):
    """Whether a text has a run of characters that stand behind the block's header."""
    return any(block[at : at + 8] in text for at in range(16, len(block) - 7))


class Import(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keks = {}
        for name in harness.ALGORITHMS:
            value = harness.random_key(name)
            cls.keks[name] = value, put_wrapping_key(cls.sandbox, name, value)

    def take(self, block, kek, **more):
        return self.sandbox.call("IMPORT_KEY", request(block, kek, **more))["key"]

    def refuse(self, block, kek, **more):
        return self.refuses(
            "ValidationException", self.sandbox.call, "IMPORT_KEY", request(block, kek, **more)
        )

    def block(self, kek="AES_256", letter="A", usage="D0", mode="B", length=16, **more):
        key = more.pop("key", None) or secrets.token_bytes(length)
        version = more.pop("version", version_of(kek))
        return tr31_reader.make_block(self.keks[kek][0], version, usage, letter, mode, key, **more)

    def leaves(self, arn, kek="AES_256"):
        """An imported key, exported again and opened."""
        block = self.sandbox.export(arn, self.keks[kek][1])["wrapped_key"]["key_material"]
        return tr31_reader.open_block(self.keks[kek][0], block)

    def count(self):
        return len(self.sandbox.open_token().find())

    def test_what_leaves_one_token_comes_into_another(self):
        given = [(name, "D0", harness.KEK_MODES) for name in harness.ALGORITHMS]
        given += [(name, "M7", HMAC_MODES) for name in faults.HASHES.values()]
        self.sandbox.close_token()  # a process has one token of a module at a time
        with harness.Sandbox(self.token) as other:
            keks = {name: put_wrapping_key(other, name, self.keks[name][0]) for name in self.keks}
            for algorithm, usage, modes in given:
                name = {"D0": "SYMMETRIC_DATA_ENCRYPTION_KEY", "M7": "HMAC_KEY"}[usage]
                arn = other.create(
                    harness.attributes(algorithm, "TR31_%s_%s" % (usage, name), modes)
                )
                made = other.call("GET_KEY", {"key_identifier": arn})["key"]
                for kek in keks:
                    with self.subTest(algorithm=algorithm, kek=kek):
                        self.comes_over(other, made, keks[kek], kek, algorithm)

    def comes_over(self, other, made, other_kek, kek, algorithm):
        try:
            block = other.export(made["key_arn"], other_kek)["wrapped_key"]["key_material"]
        except wire.Refused:
            weaker = STRENGTH.get(algorithm, STRENGTH["AES_256"]) > STRENGTH[kek]
            self.assertTrue(weaker, "the export was refused")
            return
        key = self.take(block, self.keks[kek][1])
        for member in ("key_check_value", "key_check_value_algorithm", "key_attributes"):
            self.assertEqual(key[member], made[member])
        self.assertEqual(key["key_origin"], "EXTERNAL")
        self.assertTrue(key["enabled"] and key["exportable"])

    def test_both_lengths_and_the_exact_bytes(self):
        """TDES keys without parity: the bytes are the key's, whatever the token does to its own copies."""
        usages = {"T": ("B0", "K1", "P0", "C0"), "A": ("B0", "K1", "P0", "M6"), "H": ("M7",)}
        modes = {"B0": "X", "K1": "B", "P0": "E", "C0": "C", "M6": "C", "M7": "G"}
        for letter, hide in itertools.product("TAH", (True, False)):
            for usage, length in itertools.product(usages[letter], faults.LENGTHS[letter]):
                with self.subTest(letter=letter, usage=usage, length=length, hide=hide):
                    key = secrets.token_bytes(length)
                    optional = [("HM", "22")] if letter == "H" else [("LB", "x" * 400)]
                    block = self.block(
                        letter=letter,
                        usage=usage,
                        mode=modes[usage],
                        key=key,
                        hide_length=hide,
                        optional_blocks=optional,
                        keyversion="7Z",
                    )
                    taken = self.take(block, self.keks["AES_256"][1])
                    algorithm = faults.algorithm_of(letter, length, "22")
                    self.assertEqual(taken["key_attributes"]["key_algorithm"], algorithm)
                    self.assertEqual(taken["key_check_value"], faults.check_value(algorithm, key))
                    opened = self.leaves(taken["key_arn"])
                    self.assertEqual(opened["key"], key)
                    self.assertEqual(opened["header"]["usage"], usage)
                    self.assertEqual(opened["header"]["mode"], modes[usage])
                    self.assertEqual(opened["header"]["keyversion"], "7Z")

    def test_an_imported_wrapping_key_works(self):
        value = harness.random_key("TDES_2KEY")
        block = self.block(usage="K1", letter="T", key=value)
        kek = self.take(block, self.keks["AES_256"][1], legacy_import=True)["key_arn"]
        for version in "ABC":
            key = secrets.token_bytes(16)
            inner = tr31_reader.make_block(value, version, "P0", "T", "E", key)
            arn = self.take(inner, kek)["key_arn"]
            self.assertEqual(self.leaves(arn)["key"], key)
            again = self.sandbox.export(arn, kek)["wrapped_key"]["key_material"]
            self.assertEqual(again[0], "B")
            self.assertEqual(tr31_reader.open_block(value, again)["key"], key)

    def test_an_imported_base_derivation_key_works(self):
        bdk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
        block = self.block(usage="B0", letter="T", mode="X", key=bdk, exportability="N")
        arn = self.take(block, self.keks["AES_256"][1])["key_arn"]
        wanted = harness.initial_key_request(arn, self.keks["AES_256"][1], "FFFF9876543210E00000")
        block = self.sandbox.call("EXPORT_KEY", wanted)["wrapped_key"]["key_material"]
        opened = tr31_reader.open_block(self.keks["AES_256"][0], block)
        self.assertEqual(opened["key"].hex().upper(), "6AC292FAA1315B4D858AB3A3D7D5933A")

    def test_usages_that_cannot_be_created(self):
        for usage, letter, mode in (
            ("B1", "T", "X"),
            ("B1", "A", "X"),
            ("B3", "A", "X"),
            ("D3", "A", "B"),
            ("E3", "T", "X"),
            ("F0", "T", "X"),
            ("K4", "A", "B"),
            ("M2", "T", "C"),
            ("V4", "T", "V"),
            ("I0", "A", "N"),
        ):
            with self.subTest(usage=usage, letter=letter):
                key = secrets.token_bytes(16)
                block = self.block(usage=usage, letter=letter, mode=mode, key=key)
                taken = self.take(block, self.keks["AES_256"][1])
                self.assertTrue(taken["key_attributes"]["key_usage"].startswith("TR31_" + usage))
                opened = self.leaves(taken["key_arn"])
                self.assertEqual((opened["key"], opened["header"]["usage"]), (key, usage))
                again = self.sandbox.call("GET_KEY", {"key_identifier": taken["key_arn"]})["key"]
                self.assertEqual(again, taken)
                text = self.refuse(block, taken["key_arn"])
                self.assertIn("WrappingKeyIdentifier", text)
                self.refuses("ValidationException", self.sandbox.create, taken["key_attributes"])

    def test_exportability(self):
        for letter, usage in itertools.product("ESN", ("D0", "K1")):
            with self.subTest(letter=letter, usage=usage):
                block = self.block(usage=usage, exportability=letter)
                taken = self.take(block, self.keks["AES_256"][1])
                self.assertEqual(taken.get("exportable", False), letter != "N")
                if letter == "N":
                    text = self.refuses(
                        "ValidationException",
                        self.sandbox.export,
                        taken["key_arn"],
                        self.keks["AES_256"][1],
                    )
                    self.assertIn("ExportKeyIdentifier", text)
                    self.assertIn("came in a key block with exportability N", text)
                else:
                    opened = self.leaves(taken["key_arn"])
                    self.assertEqual(opened["header"]["exportability"], letter)
                    self.check_ceiling(taken["key_arn"], letter)

    def check_ceiling(self, arn, letter):
        """What came as E leaves as E or N only, what came as S as any."""
        for name in ("SENSITIVE", "EXPORTABLE", "NON_EXPORTABLE"):
            asked = harness.tr31_request(arn, self.keks["AES_256"][1])
            headers = {"key_exportability": name}
            asked["key_material"]["tr31_key_block"]["key_block_headers"] = headers
            if letter == "E" and name == "SENSITIVE":
                text = self.refuses("ValidationException", self.sandbox.call, "EXPORT_KEY", asked)
                self.assertIn("KeyBlockHeaders.KeyExportability", text)
            else:
                block = self.sandbox.call("EXPORT_KEY", asked)["wrapped_key"]["key_material"]
                self.assertEqual(block[11], name[0])

    def test_what_a_key_may_not_do_is_not_in_the_token(self):
        """Whatever came in is sensitive; what may not leave has nothing extractable."""
        session = self.sandbox.open_token()
        before = set(session.find())
        self.take(self.block(usage="K1", exportability="N"), self.keks["AES_256"][1])
        self.take(self.block(usage="D0", exportability="N"), self.keks["AES_256"][1])
        made = [handle for handle in session.find() if handle not in before]
        flags = [
            session.get_attributes(handle, [CKA.SENSITIVE, CKA.EXTRACTABLE]) for handle in made
        ]
        self.assertEqual(len(made), 4)
        self.assertEqual([flag for flag in flags if not flag[CKA.SENSITIVE]], [])
        self.assertEqual([flag for flag in flags if flag[CKA.EXTRACTABLE]], [])

    def test_enabled_and_check_value_algorithm(self):
        kek = self.keks["AES_256"][1]
        taken = self.take(self.block(), kek, enabled=False, key_check_value_algorithm="CMAC")
        self.assertFalse(taken.get("enabled", False))
        text = self.refuse(self.block(), kek, key_check_value_algorithm="ANSI_X9_24")
        self.assertIn("KeyCheckValueAlgorithm: for AES_128 it is CMAC", text)

    def test_tags(self):
        tags = [{"key": "acquirer", "value": "4711"}]
        taken = self.take(self.block(), self.keks["AES_256"][1], tags=tags)
        told = self.sandbox.call("LIST_TAGS_FOR_RESOURCE", {"resource_arn": taken["key_arn"]})
        self.assertEqual(told["tags"], tags)

    def test_vectors(self):
        """Published blocks, and ones with a fault each, under their own wrapping keys."""
        keks = {}
        for vector in VECTORS:
            kbpk, version = bytes.fromhex(vector["kbpk_hex"]), vector["block"][0].upper()
            aes = version in "DE" or vector.get("reason") == "KBPK_LENGTH"
            if len(kbpk) == 20:
                kbpk = kbpk[4:]  # no token has a key of 20 bytes
            name = faults.algorithm_of("A" if aes else "T", len(kbpk))
            if name.startswith("TDES") and faults.equal_parts(kbpk):
                text = self.refuses(
                    "ValidationException", put_wrapping_key, self.sandbox, name, kbpk
                )
                self.assertIn("parts of the " + name, text)
                continue
            if (name, kbpk) not in keks:
                keks[name, kbpk] = put_wrapping_key(self.sandbox, name, kbpk)
            with self.subTest(vector["name"]):
                self.check_vector(vector, keks[name, kbpk])

    def check_vector(self, vector, arn):
        block = vector["block"]
        more = {}
        if block[7] == "H" and "HM06" not in block:
            self.assertIn("HmacAlgorithm is required", self.refuse(block, arn))
            more = {"hmac_algorithm": "HMAC_SHA256"}
        if vector["expect"] == "reject":
            text = self.refuse(block, arn, **more)
            if vector["reason"] != "CHARSET":  # which does not even come past the request's reader
                self.assertIn("WrappedKeyBlock: ", text)
            wrong_key = vector["reason"] == "MAC" or len(vector["kbpk_hex"]) == 40
            self.assertEqual(wrong_key, text == faults.MAC_TEXT)
            return
        key = bytes.fromhex(vector["expected_key_hex"])
        reason = {"E": "version E"}.get(block[0])
        reason = reason or ("asymmetric" if block[7] in "RE" else None)
        reason = reason or ("length of the key" if len(key) == 8 else None)
        if reason:
            self.assertIn(reason, self.refuse(block, arn, **more))
            return
        taken = self.take(block, arn, **more)
        code = dict(map(tuple, vector["expected_header"]["optblocks"])).get("HM", "21")
        algorithm = faults.algorithm_of(block[7], len(key), code)
        self.assertEqual(taken["key_attributes"]["key_algorithm"], algorithm)
        self.assertEqual(taken["key_check_value"], faults.check_value(algorithm, key))
        self.assertEqual(taken.get("exportable", False), block[11] != "N")

    def test_refusals(self):
        kek = self.keks["AES_256"][1]
        same = secrets.token_bytes(8)
        for block, words in (
            (self.block(keyversion="c1"), "WrappedKeyBlock: key version c1"),
            (self.block(letter="E", usage="S0", mode="S"), "WrappedKeyBlock: algorithm E"),
            (self.block(letter="D", length=8), "WrappedKeyBlock: algorithm D"),
            (self.block(version="E"), "version E"),
            (self.block(usage="S0", mode="S"), "WrappedKeyBlock: KeyUsage"),
            (self.block(usage="M3", mode="C"), "WrappedKeyBlock: KeyAlgorithm"),
            (self.block(usage="B0", mode="B"), "WrappedKeyBlock: KeyModesOfUse"),
            (self.block(mode="T"), "WrappedKeyBlock: KeyModesOfUse"),
            (self.block(bits=129), "WrappedKeyBlock: the length"),
            (self.block(bits=256, hide_length=False), "WrappedKeyBlock: the length"),
            (self.block(letter="T", length=24, bits=256), "WrappedKeyBlock: the length"),
            (self.block(pad=bytes(46)), "WrappedKeyBlock: its ciphertext has 64 bytes"),
            (self.block(letter="T", key=same * 2), "KeyAlgorithm: K1 and K2"),
            (self.block(letter="H", usage="M7", mode="C", optional_blocks=[("HM", "10")]), "HM"),
            (self.block(letter="H", usage="M7", mode="C"), "HmacAlgorithm is required"),
            (self.block() + "0", "WrappedKeyBlock: KeyBlock length"),
            ("", "WrappedKeyBlock: KeyBlock length"),
        ):
            with self.subTest(words):
                self.assertIn(words, self.refuse(block, kek))

    def test_refused_members(self):
        kek, block = self.keks["AES_256"][1], self.block()
        hmac = self.block(letter="H", usage="M7", mode="C", optional_blocks=[("HM", "21")])
        for words, given in (
            ("KeyMaterial", {}),
            ("KeyMaterial", {"key_material": {}}),
            ("WrappedKeyBlock is required", {"key_material": {"tr31_key_block": {}}}),
            ("Tags: Key of element 1", request(block, kek, tags=[{"key": "", "value": ""}])),
            ("HmacAlgorithm: is for HMAC keys", request(block, kek, "HMAC_SHA256")),
            ("HmacAlgorithm: must be", request(hmac, kek, "SHA256")),
            ("HmacAlgorithm: is HMAC_SHA512, but", request(hmac, kek, "HMAC_SHA512")),
            ("LegacyImport: is for TDES", request(block, kek, legacy_import=True)),
        ):
            with self.subTest(words):
                text = self.refuses("ValidationException", self.sandbox.call, "IMPORT_KEY", given)
                self.assertIn(words, text)

    def test_wrapping_keys(self):
        aes, tdes = harness.random_key("AES_128"), harness.random_key("TDES_2KEY")
        only_wraps = put_wrapping_key(self.sandbox, "AES_128", aes, {"encrypt": True, "wrap": True})
        any_mode = put_wrapping_key(self.sandbox, "AES_128", aes, {"no_restrictions": True})
        data = put_wrapping_key(
            self.sandbox, "AES_128", aes, usage="TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY"
        )
        modern = put_wrapping_key(self.sandbox, "TDES_2KEY", tdes, legacy_import=False)
        block = tr31_reader.make_block(aes, "D", "D0", "A", "B", bytes(16))
        for arn, words in (
            (only_wraps, "Decrypt and Unwrap"),
            (any_mode, "NoRestrictions"),
            (data, "usage D0"),
            (modern, "version D is under an AES key"),
        ):
            text = self.refuse(block, arn)
            self.assertIn("key/", text)
            self.assertIn(words, text)
        for version in "AC":
            block = tr31_reader.make_block(tdes, version, "D0", "T", "B", bytes(range(16)))
            self.assertIn("WrappingKeyIdentifier: key/", self.refuse(block, modern))
            self.assertIn("LegacyImport", self.refuse(block, modern))
        block = self.block(kek="TDES_3KEY", letter="A")
        self.assertIn("weaker than the AES_128", self.refuse(block, self.keks["TDES_3KEY"][1]))
        self.sandbox.call("DELETE_KEY", {"key_identifier": modern})
        block = tr31_reader.make_block(tdes, "B", "D0", "T", "B", bytes(range(16)))
        self.refuses("ConflictException", self.sandbox.call, "IMPORT_KEY", request(block, modern))

    def test_one_answer_for_wrong_key_and_wrong_mac(self):
        wrong = {
            name: put_wrapping_key(self.sandbox, name, harness.random_key(name))
            for name in self.keks
        }
        for kek, version in (
            ("TDES_2KEY", "A"),
            ("TDES_3KEY", "B"),
            ("TDES_2KEY", "C"),
            ("AES_128", "D"),
            ("AES_256", "D"),
        ):
            value, arn = self.keks[kek]
            good = tr31_reader.make_block(value, version, "D0", "T", "B", bytes(range(16)))
            bad_length = tr31_reader.make_block(
                value, version, "D0", "T", "B", bytes(range(16)), bits=64
            )
            changed = [
                good[:at] + ("1" if good[at] == "0" else "0") + good[at + 1 :]
                for at in (10, 20, len(good) // 2, len(good) - 33, len(good) - 1)
            ]
            changed += [
                block[:-1] + ("1" if block[-1] == "0" else "0")
                for block in (bad_length, good.replace("D0TB", "S0RS"))
            ]
            with self.subTest(kek=kek, version=version):
                texts = {self.refuse(block, arn) for block in changed}
                texts |= {self.refuse(block, wrong[kek]) for block in (good, bad_length)}
                self.assertEqual(texts, {faults.MAC_TEXT})
                self.assertEqual(
                    self.take(good, arn)["key_check_value"], tr31_reader.kcv_tdes(bytes(range(16)))
                )

    def test_the_command(self):
        key = secrets.token_bytes(32)
        self.sandbox.cli(
            "create-alias", "--alias-name", "alias/in", "--key-arn", self.keks["AES_256"][1]
        )
        material = {
            "Tr31KeyBlock": {
                "WrappingKeyIdentifier": "alias/in",
                "WrappedKeyBlock": self.block(key=key),
            }
        }
        answer = self.sandbox.cli("import-key", "--key-material", json.dumps(material))["Key"]
        self.assertEqual(answer["KeyCheckValue"], tr31_reader.kcv_aes(key))
        self.assertEqual(answer["KeyOrigin"], "EXTERNAL")
        name, text = self.sandbox.refused(
            "import-key",
            "--key-material",
            "Tr31KeyBlock={WrappingKeyIdentifier=alias/in,WrappedKeyBlock=D0016D0AB00E0000}",
        )
        self.assertEqual(name, "ValidationException")
        self.assertIn("WrappedKeyBlock: KeyBlock length", text)

    def test_the_record(self):
        block = self.block(optional_blocks=[("LB", "a secret of the sender's")])
        taken = self.take(block, self.keks["AES_256"][1])
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["KeyArn"], taken["key_arn"])
        self.assertEqual(record["WrappingKeyArn"], self.keks["AES_256"][1])
        self.assertEqual(record["Header"], block[:16])
        self.assertNotIn("secret", json.dumps(record))


class Mutations(harness.TokenCase):
    """Thousands of blocks, most of them faulty: KEYFERRY_TEST_MUTATIONS says how many, KEYFERRY_TEST_SEED which."""

    def setUp(self):
        self.taken = self.refused = 0

    def objects_of(self, text):
        """How many token objects a key is."""
        works = text[5:7] in ("K0", "K1", "B0")
        leaves = text[11] != "N"
        variant = text[5:7] == "B0" and text[7] == "T"
        return 1 + works + leaves + (not works and not leaves), variant

    def test_refused_or_taken_rightly(self):
        for start in range(0, MUTATIONS, PER_SANDBOX):
            self.sandbox.close_token()  # a process has one token of a module at a time
            sandbox = self.sandbox if start == 0 else harness.Sandbox(self.token)
            try:
                self.run_some(sandbox, start, min(PER_SANDBOX, MUTATIONS - start))
            finally:
                if start:
                    sandbox.close()
        print("%s: %d blocks, %d taken" % (self.token, self.taken + self.refused, self.taken))
        self.assertEqual(self.taken + self.refused, MUTATIONS)
        self.assertGreater(self.taken, 0)

    def run_some(self, sandbox, start, count):
        makers = []
        for name, versions in (
            ("TDES_2KEY", "ABC"),
            ("TDES_3KEY", "ABC"),
            ("AES_128", "D"),
            ("AES_256", "D"),
        ):
            maker = faults.Faults("%s %d" % (SEED, start), name, versions)
            makers.append((maker, put_wrapping_key(sandbox, name, maker.kbpk)))
        expected = len(sandbox.open_token().find())
        with sandbox.connect() as connection:
            for number in range(count):
                maker, arn = makers[number % len(makers)]
                expected += self.check(connection, maker, arn, maker.draw())
        self.assertEqual(len(sandbox.open_token().find()), expected)

    def check(self, connection, maker, arn, text):
        """Sends one; how many objects it should have made."""
        verdict = faults.judge(maker.kek, maker.kbpk, text)
        try:
            key = connection.call("IMPORT_KEY", request(text, arn))["key"]
        except wire.Refused as refused:
            self.assertIsInstance(verdict, str, "%s: %s" % (text, refused.text))
            self.assertEqual(refused.name, "ValidationException", text)
            self.assertIn(verdict, refused.text, text)
            self.assertEqual(verdict == faults.MAC_TEXT, refused.text == faults.MAC_TEXT, text)
            self.assertFalse(quotes(refused.text, text), refused.text)
            self.refused += 1
            return 0
        self.assertIsInstance(verdict, tuple, "%s was taken: %s" % (text, verdict))
        algorithm, value = verdict
        self.assertEqual(key["key_check_value"], faults.check_value(algorithm, value), text)
        self.assertEqual(key["key_attributes"]["key_algorithm"], algorithm, text)
        self.taken += 1
        objects, variant = self.objects_of(text)
        return objects + (variant and algorithm == "TDES_2KEY")


harness.on_both_tokens(Import)
harness.on_both_tokens(Mutations)
del Import, Mutations

if __name__ == "__main__":
    harness.main()
