#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which keys there can be, and what may wrap them: usage, algorithm and modes, strength, check values, HMAC keys."""
import secrets

import harness
import tokentool
import tr31_reader

# algorithm: bytes of a key that is made, code in HM
HMACS = {
    "HMAC_SHA224": (28, "20"),
    "HMAC_SHA256": (32, "21"),
    "HMAC_SHA384": (48, "22"),
    "HMAC_SHA512": (64, "23"),
}
HMAC_USAGE = "TR31_M7_HMAC_KEY"
MAC_MODES = {
    "G": {"generate": True},
    "V": {"verify": True},
    "C": {"generate": True, "verify": True},
    "N": {"no_restrictions": True},
}
DERIVE = {"derive_key": True}
CIPHER = {"encrypt": True, "wrap": True}
BOTH = {"generate": True, "verify": True}
# usage, an algorithm it takes, modes it takes; of each row of AWS's table one cell
CREATED = (
    ("TR31_B0_BASE_DERIVATION_KEY", "AES_192", DERIVE),
    ("TR31_C0_CARD_VERIFICATION_KEY", "TDES_2KEY", BOTH),
    ("TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY", "TDES_3KEY", CIPHER),
    ("TR31_E0_EMV_MKEY_APP_CRYPTOGRAMS", "TDES_2KEY", DERIVE),
    ("TR31_E1_EMV_MKEY_CONFIDENTIALITY", "AES_128", DERIVE),
    ("TR31_E2_EMV_MKEY_INTEGRITY", "TDES_3KEY", DERIVE),
    ("TR31_E4_EMV_MKEY_DYNAMIC_NUMBERS", "TDES_2KEY", DERIVE),
    ("TR31_E5_EMV_MKEY_CARD_PERSONALIZATION", "AES_256", DERIVE),
    ("TR31_E6_EMV_MKEY_OTHER", "AES_192", DERIVE),
    ("TR31_K0_KEY_ENCRYPTION_KEY", "TDES_3KEY", CIPHER),
    ("TR31_K1_KEY_BLOCK_PROTECTION_KEY", "AES_256", CIPHER),
    ("TR31_M0_ISO_16609_MAC_KEY", "TDES_2KEY", BOTH),
    ("TR31_M1_ISO_9797_1_MAC_KEY", "TDES_3KEY", BOTH),
    ("TR31_M3_ISO_9797_3_MAC_KEY", "TDES_2KEY", BOTH),
    ("TR31_M6_ISO_9797_5_CMAC_KEY", "AES_128", BOTH),
    ("TR31_M7_HMAC_KEY", "AES_256", BOTH),
    ("TR31_M7_HMAC_KEY", "TDES_2KEY", BOTH),
    ("TR31_P0_PIN_ENCRYPTION_KEY", "AES_256", CIPHER),
    ("TR31_V1_IBM3624_PIN_VERIFICATION_KEY", "TDES_2KEY", BOTH),
    ("TR31_V2_VISA_PIN_VERIFICATION_KEY", "TDES_3KEY", BOTH),
)
IMPORT_ONLY = (
    "TR31_B1_DUKPT_INITIAL_KEY",
    "TR31_B3_KEY_DERIVATION_KEY",
    "TR31_D3_SENSITIVE_DATA_ENCRYPTION_KEY",
    "TR31_P1_PIN_GENERATION_KEY",
    "TR31_V5_X9_132_3_PIN_VERIFICATION_KEY",
)


def hmac_attributes(algorithm, modes=None):
    return harness.attributes(algorithm, HMAC_USAGE, modes or MAC_MODES["C"])


def create_request(key_attributes, **more):
    return dict(more, key_attributes=key_attributes, exportable=True)


class KeyRules(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keks = {
            name: cls.sandbox.adopt_known(harness.kek_attributes(name))
            for name in harness.ALGORITHMS
        }

    def create(self, key_attributes, **more):
        return self.sandbox.call("CREATE_KEY", create_request(key_attributes, **more))["key"]

    def create_refused(self, key_attributes, **more):
        return self.refuses(
            "ValidationException",
            self.sandbox.call,
            "CREATE_KEY",
            create_request(key_attributes, **more),
        )

    def adopt_hmac(self, algorithm, value, kind="generic", exportable=True):
        label = "ceremony " + secrets.token_hex(4)
        tokentool.put(
            self.sandbox.open_token(), label, kind, value, extractable=exportable, derive=True
        )
        return self.sandbox.adopt(label, hmac_attributes(algorithm), exportable)

    def adopt_refused(self, algorithm, value, kind):
        return self.refuses("ValidationException", self.adopt_hmac, algorithm, value, kind)

    def open_export(self, arn, kek="AES_256"):
        """The reply's WrappedKey, and its block opened."""
        kbpk, kek_arn = self.keks[kek]
        wrapped = self.sandbox.export(arn, kek_arn)["wrapped_key"]
        return wrapped, tr31_reader.open_block(kbpk, wrapped["key_material"])

    def check_hmac_block(self, arn, algorithm, mode="C"):
        """Header, HM, natural padding and check value of an exported HMAC key; its bytes."""
        _, code = HMACS[algorithm]
        wrapped, opened = self.open_export(arn)
        size = len(opened["key"])
        payload = -(-(2 + size) // 16) * 16
        self.assertEqual(
            {name: opened["header"][name] for name in ("version", "usage", "algorithm", "mode")},
            {"version": "D", "usage": "M7", "algorithm": "H", "mode": mode},
        )
        self.assertEqual(opened["header"]["length"], 16 + 16 + 2 * payload + 32)
        self.assertEqual(len(opened["pad"]), payload - 2 - size)
        self.assertEqual(opened["optional_blocks"][0], ("HM", code))
        self.assertEqual([name for name, _ in opened["optional_blocks"]], ["HM", "PB"])
        self.assertEqual(
            (wrapped["key_check_value"], wrapped["key_check_value_algorithm"]),
            (tr31_reader.kcv_hmac(opened["key"], code), "HMAC"),
        )
        return opened["key"]

    def test_hmac_keys_are_made(self):
        for algorithm, (size, _) in HMACS.items():
            for mode, modes in MAC_MODES.items():
                with self.subTest(algorithm=algorithm, mode=mode):
                    key = self.create(hmac_attributes(algorithm, modes))
                    self.assertEqual(key["key_attributes"]["key_algorithm"], algorithm)
                    self.assertEqual(key["key_attributes"]["key_usage"], HMAC_USAGE)
                    self.assertEqual(key["key_check_value_algorithm"], "HMAC")
                    value = self.check_hmac_block(key["key_arn"], algorithm, mode)
                    self.assertEqual(len(value), size)
                    self.assertEqual(
                        tr31_reader.kcv_hmac(value, HMACS[algorithm][1]), key["key_check_value"]
                    )
                    again = self.sandbox.call("GET_KEY", {"key_identifier": key["key_arn"]})["key"]
                    self.assertEqual(again, key)

    def test_hmac_keys_of_any_length_are_adopted(self):
        for algorithm in HMACS:
            for size in (14, 15, 16, 29, 30, 31, 32, 46, 62, 63, 64):
                with self.subTest(algorithm=algorithm, size=size):
                    value = secrets.token_bytes(size)
                    arn = self.adopt_hmac(algorithm, value)
                    self.assertEqual(self.check_hmac_block(arn, algorithm), value)

    def test_hmac_keys_of_their_own_type_are_adopted(self):
        """NSS does not tell their length, so it cannot be known what would leave."""
        for algorithm in HMACS:
            kind = algorithm.removeprefix("HMAC_").lower() + "-hmac"
            value = secrets.token_bytes(40)
            with self.subTest(algorithm=algorithm):
                if self.token == "nss":
                    text = self.adopt_refused(algorithm, value, kind)
                    self.assertIn("ObjectLabel: the token does not tell the length", text)
                    continue
                arn = self.adopt_hmac(algorithm, value, kind)
                self.assertEqual(self.check_hmac_block(arn, algorithm), value)

    def test_hmac_keys_stay_what_they_are(self):
        """Another daemon reads the length from the token."""
        value = secrets.token_bytes(20)
        arn = self.adopt_hmac("HMAC_SHA256", value)
        kbpk, kek = self.keks["AES_256"]
        with harness.Daemon(self.sandbox) as second:
            second.wait_for("ready")
            block = second.export(arn, kek)["wrapped_key"]["key_material"]
        self.assertEqual(tr31_reader.open_block(kbpk, block)["key"], value)

    def test_hmac_keys_that_do_not_leave(self):
        arn = self.adopt_hmac("HMAC_SHA384", secrets.token_bytes(48), exportable=False)
        text = self.refuses(
            "ValidationException", self.sandbox.export, arn, self.keks["AES_256"][1]
        )
        self.assertIn("not exportable", text)

    def test_no_other_object_is_an_hmac_key(self):
        for kind, size, rule in (
            ("generic", 13, "13 bytes; an HMAC key has 14 to 64"),
            ("generic", 65, "65 bytes; an HMAC key has 14 to 64"),
            ("aes", 32, "not a key of HMAC_SHA256"),
            ("sha512-hmac", 32, "not a key of HMAC_SHA256"),
        ):
            with self.subTest(kind=kind, size=size):
                text = self.adopt_refused("HMAC_SHA256", secrets.token_bytes(size), kind)
                self.assertIn("KeyAlgorithm: ", text)
                self.assertIn(rule, text)

    def test_strength_of_hmac_keys(self):
        """By their length: up to 16 bytes AES_128, up to 24 AES_192, more AES_256; TDES none."""
        for size, weakest in ((14, "AES_128"), (16, "AES_128"), (17, "AES_192"), (24, "AES_192"),
                              (25, "AES_256"), (64, "AES_256")):
            value = secrets.token_bytes(size)
            arn = self.adopt_hmac("HMAC_SHA512", value)
            for kek in harness.ALGORITHMS:
                with self.subTest(size=size, kek=kek):
                    if harness.ALGORITHMS.index(kek) >= harness.ALGORITHMS.index(weakest):
                        self.assertEqual(self.open_export(arn, kek)[1]["key"], value)
                        continue
                    text = self.refuses(
                        "ValidationException", self.sandbox.export, arn, self.keks[kek][1]
                    )
                    self.assertIn("WrappingKeyIdentifier: %s is weaker than" % kek, text)
                    self.assertIn("HMAC_SHA512 key of %d bytes" % size, text)

    def test_a_cell_of_each_row_is_made(self):
        for usage, algorithm, modes in CREATED:
            with self.subTest(usage=usage, algorithm=algorithm):
                key = self.create(harness.attributes(algorithm, usage, modes))
                self.assertEqual(key["key_attributes"]["key_usage"], usage)
                _, opened = self.open_export(key["key_arn"])
                self.assertEqual(opened["header"]["usage"], usage[5:7])

    def test_other_cells_are_refused(self):
        for usage, algorithm, modes in CREATED:
            with self.subTest(usage=usage):
                text = self.create_refused(harness.attributes(algorithm, usage, {"sign": True}))
                self.assertIn("KeyModesOfUse: a %s takes {" % usage, text)
                if "M7" not in usage:
                    text = self.create_refused(harness.attributes("HMAC_SHA256", usage, modes))
                    self.assertIn("KeyAlgorithm: a %s takes TDES_2KEY" % usage, text)

    def test_what_only_comes_in_key_blocks_is_not_made(self):
        for usage in IMPORT_ONLY:
            for modes in (DERIVE, CIPHER, BOTH):
                with self.subTest(usage=usage, modes=modes):
                    text = self.create_refused(harness.attributes("TDES_2KEY", usage, modes))
                    self.assertIn("KeyUsage: %s comes in key blocks only" % usage, text)

    def test_adopting_goes_by_the_same_table(self):
        self.sandbox.put_key("to be adopted", "TDES_2KEY", harness.random_key("TDES_2KEY"))
        for usage, modes, rule in (
            ("TR31_B1_DUKPT_INITIAL_KEY", DERIVE, "KeyUsage: "),
            ("TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE", {"sign": True}, "KeyUsage: "),
            ("TR31_B0_BASE_DERIVATION_KEY", CIPHER, "KeyModesOfUse: "),
            ("TR31_K1_KEY_BLOCK_PROTECTION_KEY", {}, "KeyModesOfUse: "),
        ):
            with self.subTest(usage=usage):
                text = self.refuses(
                    "ValidationException",
                    self.sandbox.adopt,
                    "to be adopted",
                    harness.attributes("TDES_2KEY", usage, modes),
                )
                self.assertTrue(text.startswith(rule), text)

    def test_the_check_value_algorithm_fits_the_key(self):
        right = {"TDES_2KEY": "ANSI_X9_24", "AES_128": "CMAC", "HMAC_SHA256": "HMAC"}
        for algorithm, name in right.items():
            wanted = harness.attributes(algorithm, HMAC_USAGE, MAC_MODES["C"])
            for given in ("ANSI_X9_24", "CMAC", "HMAC", "SHA_1", "cmac", ""):
                with self.subTest(algorithm=algorithm, given=given):
                    if given == name:
                        key = self.create(wanted, key_check_value_algorithm=given)
                        self.assertEqual(key["key_check_value_algorithm"], name)
                        continue
                    text = self.create_refused(wanted, key_check_value_algorithm=given)
                    self.assertIn("KeyCheckValueAlgorithm: for %s it is %s" % (algorithm, name), text)

    def test_unknown_words(self):
        for change, rule in (
            ({"key_algorithm": "HMAC_SHA1"}, "KeyAlgorithm: must be TDES_2KEY"),
            ({"key_algorithm": ""}, "KeyAlgorithm: must be TDES_2KEY"),
            ({"key_usage": "M7"}, "KeyUsage: M7 is not a key usage"),
            ({"key_class": "PRIVATE_KEY"}, "KeyClass: must be SYMMETRIC_KEY"),
        ):
            with self.subTest(change=change):
                self.assertIn(
                    rule, self.create_refused(dict(hmac_attributes("HMAC_SHA256"), **change))
                )


harness.on_both_tokens(KeyRules)
del KeyRules

if __name__ == "__main__":
    harness.main()
