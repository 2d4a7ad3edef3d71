# SPDX-License-Identifier: Apache-2.0
"""Tests of the patches for CKM_SP800_108_COUNTER_KDF and CKA_DERIVE_TEMPLATE. Run by
test_patches.py."""

import json
import os

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from cryptoki import CounterFormat, CounterKdfParams, LengthFormat
from fixture import *
from pkcs11 import CKA, CKF, CKK, CKM, CKO, CKR, Mechanism, extract, sp800_108, with_data, with_key

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../vectors",
                       "tr31-vectors.json")
__all__ = ["CounterKdf", "DeriveTemplate"]

KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f404142434445464748494a4b4c4d4e4f")
# Name, type, length and PRF of every base key, and the code of TR-31's derivation for it
BASES = [("2-key TDES", CKK.DES2, 16, CKM.DES3_CMAC, 0), ("TDES", CKK.DES3, 24, CKM.DES3_CMAC, 1),
         ("AES-128", CKK.AES, 16, CKM.AES_CMAC, 2), ("AES-192", CKK.AES, 24, CKM.AES_CMAC, 3),
         ("AES-256", CKK.AES, 32, CKM.AES_CMAC, 4)]


def kdf(prf, *parts, more_count=0):
    return Mechanism(CKM.SP800_108_COUNTER_KDF, CounterKdfParams(prf, list(parts), more_count))


def tr31_input(code, length, usage):
    """What stands behind the counter in TR-31's derivation."""
    return bytes([0, usage, 0, 0, code]) + (8 * length).to_bytes(2, "big")


def reference(key_type, key, fixed, length, width=1, where=CounterLocation.BeforeFixed):
    algorithm = algorithms.AES if key_type == CKK.AES else algorithms.TripleDES
    return KBKDFCMAC(algorithm, Mode.CounterMode, length, width, None, where, None, None,
                     fixed).derive(key)


class CounterKdf(TokenTest):
    def base(self, key_type, length, **more):
        value = KEY[:length] if key_type == CKK.AES else odd_parity(KEY[:length])
        return value, create(self.s2, value, KEY_TYPE=key_type, **more)

    def read(self, mechanism, base, length):
        key = self.s1.derive(mechanism, base, session_key(VALUE_LEN=length))
        value = self.s1.get_attribute(key, CKA.VALUE)
        self.s1.destroy(key)
        return value

    def test_published_derivations(self):
        with open(VECTORS, encoding="utf-8") as file:
            vectors = [entry for entry in json.load(file)["derivation"]
                       if entry["version"] in ("B", "D")]
        self.assertGreaterEqual(len(vectors), 4)
        for entry in vectors:
            value = bytes.fromhex(entry["kbpk_hex"])
            is_aes = entry["version"] == "D"
            code = len(value) // 8 if is_aes else len(value) // 8 - 2
            key_type = CKK.AES if is_aes else (CKK.DES2, CKK.DES3)[code]
            prf = CKM.AES_CMAC if is_aes else CKM.DES3_CMAC
            base = create(self.s2, value, KEY_TYPE=key_type)
            for name, usage in [("kbek_hex", 0), ("kbak_hex", 1)]:
                mechanism = sp800_108(prf, tr31_input(code, len(value), usage))
                with self.subTest(entry["kbpk_hex"], name=name):
                    self.assertEqual(self.read(mechanism, base, len(value)).hex().upper(),
                                     entry[name])

    def test_every_length_and_counter(self):
        for name, key_type, length, prf, code in BASES:
            value, base = self.base(key_type, length)
            fixed = tr31_input(code, length, 0)
            for width, size in [(1, 1), (1, 255 * (16 if key_type == CKK.AES else 8)), (2, 40),
                                (3, 17), (4, 32)]:
                with self.subTest(name, width=width, size=size):
                    counter = CounterFormat(0, 8 * width)
                    self.assertEqual(self.read(kdf(prf, counter, fixed), base, size),
                                     reference(key_type, value, fixed, size, width))
                    self.assertEqual(
                        self.read(kdf(prf, fixed, counter), base, size),
                        reference(key_type, value, fixed, size, width,
                                  CounterLocation.AfterFixed))

    def test_parts_are_joined_in_their_order(self):
        value, base = self.base(CKK.AES, 16)
        counter, swapped = CounterFormat(0, 16), CounterFormat(1, 16)
        keys, segments = LengthFormat(1, 0, 32), LengthFormat(2, 1, 16)
        for parts, fixed in [
                ((counter, b"label", b"\0", b"context"), b"label\0context"),
                ((counter, b"label", keys), b"label" + (8 * 24).to_bytes(4, "big")),
                ((counter, segments, b"end"), (8 * 32).to_bytes(2, "little") + b"end")]:
            self.assertEqual(self.read(kdf(CKM.AES_CMAC, *parts), base, 24),
                             reference(CKK.AES, value, fixed, 24, 2))
        # One segment has the counter 1, which the other byte order writes as 01 00
        self.assertEqual(self.read(kdf(CKM.AES_CMAC, swapped, b"fixed"), base, 16),
                         reference(CKK.AES, value, b"\0fixed", 16, 1))

    def test_results_are_keys(self):
        for name, key_type, length, prf, code in BASES:
            value, base = self.base(key_type, length)
            fixed = tr31_input(code, length, 1)
            more = {"VALUE_LEN": length} if key_type == CKK.AES else {}
            key = self.s1.derive(sp800_108(prf, fixed), base,
                                 session_key(KEY_TYPE=key_type, **more))
            expected = reference(key_type, value, fixed, length)
            if key_type != CKK.AES:
                expected = odd_parity(expected)
            with self.subTest(name):
                self.check_attributes(self.s1, key, {
                    CKA.VALUE: expected, CKA.KEY_TYPE: key_type, CKA.LOCAL: False,
                    CKA.CHECK_VALUE: check_value(key_type, expected)})

    def test_template_alone_decides(self):
        fixed = b"fixed"
        for sensitive, extractable in [(True, False), (True, True), (False, True)]:
            _, base = self.base(CKK.AES, 32, SENSITIVE=True, EXTRACTABLE=False)
            key = self.s1.derive(sp800_108(CKM.AES_CMAC, fixed), base, session_key(
                VALUE_LEN=16, SENSITIVE=sensitive, EXTRACTABLE=extractable))
            self.check_attributes(self.s1, key, {
                CKA.SENSITIVE: sensitive, CKA.EXTRACTABLE: extractable,
                CKA.ALWAYS_SENSITIVE: False, CKA.NEVER_EXTRACTABLE: False})

    def test_history_is_inherited(self):
        base = self.s1.generate(Mechanism(CKM.AES_KEY_GEN), {
            CKA.VALUE_LEN: 16, CKA.TOKEN: False, CKA.SENSITIVE: True, CKA.EXTRACTABLE: False,
            CKA.DERIVE: True})
        for sealed in (True, False):
            key = self.s1.derive(sp800_108(CKM.AES_CMAC, b"fixed"), base, session_key(
                VALUE_LEN=16, SENSITIVE=sealed, EXTRACTABLE=not sealed))
            self.check_attributes(self.s1, key, {
                CKA.ALWAYS_SENSITIVE: sealed, CKA.NEVER_EXTRACTABLE: sealed})

    def test_refusals(self):
        _, aes = self.base(CKK.AES, 16)
        _, tdes = self.base(CKK.DES3, 24)
        counter = CounterFormat(0, 8)
        length = LengthFormat(1, 0, 16)
        invalid = [
            kdf(CKM.AES_CMAC), kdf(CKM.AES_CMAC, b"no counter"), kdf(CKM.AES_CMAC, counter, b""),
            kdf(CKM.AES_CMAC, counter, counter), kdf(CKM.AES_CMAC, counter, length, length),
            kdf(CKM.AES_CMAC, counter, LengthFormat(3, 0, 16)),
            kdf(CKM.AES_CMAC, counter, LengthFormat(1, 0, 72)),
            kdf(CKM.AES_CMAC, counter, b"x", more_count=1), kdf(CKM.SHA256_HMAC, counter, b"x"),
            Mechanism(CKM.SP800_108_COUNTER_KDF), Mechanism(CKM.SP800_108_COUNTER_KDF, bytes(8))]
        invalid += [kdf(CKM.AES_CMAC, CounterFormat(0, width), b"x") for width in (0, 7, 9, 40)]
        for mechanism in invalid:
            with self.refused(CKR.MECHANISM_PARAM_INVALID):
                self.read(mechanism, aes, 16)
        for prf, base in [(CKM.AES_CMAC, tdes), (CKM.DES3_CMAC, aes)]:
            with self.refused(CKR.KEY_TYPE_INCONSISTENT):
                self.read(sp800_108(prf, b"x"), base, 16)
        with self.refused(CKR.KEY_TYPE_INCONSISTENT):
            self.read(sp800_108(CKM.AES_CMAC, b"x"), create(self.s1, KEY), 16)
        with self.refused(CKR.KEY_SIZE_RANGE):  # the counter would begin again
            self.read(sp800_108(CKM.AES_CMAC, b"x"), aes, 255 * 16 + 1)
        with self.refused(CKR.TEMPLATE_INCOMPLETE):
            self.s1.derive(sp800_108(CKM.AES_CMAC, b"x"), aes, {})
        for refusal, more in [(CKR.KEY_FUNCTION_NOT_PERMITTED, {"DERIVE": False}),
                              (CKR.MECHANISM_INVALID, {"ALLOWED_MECHANISMS": [CKM.AES_CMAC]})]:
            _, held = self.base(CKK.AES, 16, **more)
            with self.refused(refusal):
                self.read(sp800_108(CKM.AES_CMAC, b"x"), held, 16)

    def test_listed(self):
        self.assertIn(CKM.SP800_108_COUNTER_KDF, self.token.module.mechanisms(self.token.slot))
        info = self.token.module.mechanism_info(self.token.slot, CKM.SP800_108_COUNTER_KDF)
        self.assertEqual(info.flags, CKF.DERIVE)


SEALED = {CKA.SENSITIVE: True, CKA.EXTRACTABLE: False, CKA.TOKEN: False, CKA.DECRYPT: False,
          CKA.DERIVE: False}


class DeriveTemplate(TokenTest):
    """CKA_DERIVE_TEMPLATE, for each mechanism that derives from a secret key."""

    def mechanisms(self, base=KEY):
        """Name, mechanism, and the type of the base key."""
        other = create(self.s3, base)
        data = bytes(16)
        yield "KDF", sp800_108(CKM.AES_CMAC, b"fixed"), CKK.AES
        yield "AES", with_data(CKM.AES_ECB_ENCRYPT_DATA, data), CKK.AES
        yield "TDES", with_data(CKM.DES3_ECB_ENCRYPT_DATA, data), CKK.DES2
        yield "prefix", with_data(CKM.CONCATENATE_DATA_AND_BASE, data), CKK.GENERIC_SECRET
        yield "suffix", with_data(CKM.CONCATENATE_BASE_AND_DATA, data), CKK.GENERIC_SECRET
        yield "join", with_key(other), CKK.GENERIC_SECRET
        yield "xor", with_data(CKM.XOR_BASE_AND_DATA, data), CKK.GENERIC_SECRET
        yield "cut", extract(0), CKK.GENERIC_SECRET

    def base(self, key_type, template, **more):
        value = KEY[:16] if key_type != CKK.DES2 else odd_parity(KEY[:16])
        return create(self.s2, value, KEY_TYPE=key_type, DERIVE_TEMPLATE=template, **more)

    def test_merged_into_the_result(self):
        for name, mechanism, key_type in self.mechanisms():
            with self.subTest(name):
                base = self.base(key_type, SEALED)
                key = self.s1.derive(mechanism, base, {
                    CKA.CLASS: CKO.SECRET_KEY, CKA.KEY_TYPE: CKK.GENERIC_SECRET,
                    CKA.VALUE_LEN: 16, CKA.ENCRYPT: True})
                self.check_attributes(self.s1, key, {**SEALED, CKA.ENCRYPT: True})
                with self.refused(CKR.ATTRIBUTE_SENSITIVE):
                    self.s1.get_attribute(key, CKA.VALUE)

    def test_agreement_is_taken(self):
        for name, mechanism, key_type in self.mechanisms():
            with self.subTest(name):
                key = self.s1.derive(mechanism, self.base(key_type, SEALED), {
                    CKA.CLASS: CKO.SECRET_KEY, CKA.KEY_TYPE: CKK.GENERIC_SECRET,
                    CKA.VALUE_LEN: 16, **SEALED})
                self.check_attributes(self.s1, key, SEALED)

    def test_contradiction_is_refused(self):
        for name, mechanism, key_type in self.mechanisms():
            base = self.base(key_type, SEALED)
            for attribute, value in SEALED.items():
                with self.subTest(name, attribute=attribute):
                    before = len(self.s1.find())
                    with self.refused(CKR.TEMPLATE_INCONSISTENT):
                        self.s1.derive(mechanism, base, {
                            CKA.KEY_TYPE: CKK.GENERIC_SECRET, CKA.VALUE_LEN: 16,
                            **SEALED, attribute: not value})
                    self.assertEqual(len(self.s1.find()), before)

    def test_type_length_and_mechanisms(self):
        template = {CKA.KEY_TYPE: CKK.AES, CKA.VALUE_LEN: 16,
                    CKA.ALLOWED_MECHANISMS: [CKM.AES_CBC]}
        base = self.base(CKK.AES, template)
        mechanism = sp800_108(CKM.AES_CMAC, b"fixed")
        key = self.s1.derive(mechanism, base, {CKA.SENSITIVE: True, CKA.ENCRYPT: True})
        self.check_attributes(self.s1, key, template)
        with self.refused(CKR.MECHANISM_INVALID):
            self.s1.encrypt(Mechanism(CKM.AES_ECB), key, bytes(16))
        for wrong in ({CKA.VALUE_LEN: 1}, {CKA.VALUE_LEN: 24}, {CKA.VALUE_LEN: b"\x10"},
                      {CKA.KEY_TYPE: CKK.GENERIC_SECRET}, {CKA.ALLOWED_MECHANISMS: [CKM.AES_ECB]},
                      {CKA.ALLOWED_MECHANISMS: [CKM.AES_CBC, CKM.AES_ECB]}):
            with self.refused(CKR.TEMPLATE_INCONSISTENT):
                self.s1.derive(mechanism, base, wrong)

    def test_closing_comes_last(self):
        base = self.base(CKK.AES, {CKA.MODIFIABLE: False, CKA.COPYABLE: False})
        key = self.s1.derive(sp800_108(CKM.AES_CMAC, b"fixed"), base, session_key(
            KEY_TYPE=CKK.AES, VALUE_LEN=16, LABEL="closed"))
        self.check_attributes(self.s1, key, {
            CKA.MODIFIABLE: False, CKA.COPYABLE: False, CKA.LABEL: b"closed"})

    def test_both_keys_of_a_join_impose(self):
        second = create(self.s1, KEY, DERIVE_TEMPLATE={CKA.SENSITIVE: True})
        base = self.base(CKK.GENERIC_SECRET, {CKA.TOKEN: False})
        key = self.s2.derive(with_key(second), base, {CKA.KEY_TYPE: CKK.GENERIC_SECRET})
        self.check_attributes(self.s2, key, {CKA.SENSITIVE: True, CKA.TOKEN: False})
        for wrong in ({CKA.SENSITIVE: False}, {CKA.TOKEN: True}):
            with self.refused(CKR.TEMPLATE_INCONSISTENT):
                self.s2.derive(with_key(second), base, {
                    CKA.KEY_TYPE: CKK.GENERIC_SECRET, **wrong})
        opposed = create(self.s1, KEY, DERIVE_TEMPLATE={CKA.TOKEN: True})
        with self.refused(CKR.TEMPLATE_INCONSISTENT):
            self.s2.derive(with_key(opposed), base, {CKA.KEY_TYPE: CKK.GENERIC_SECRET})

    def test_readable_and_fixed(self):
        for made in ("created", "generated", "derived", "unwrapped", "in the token"):
            with self.subTest(made):
                self.check_fixed(self.make(made, SEALED), SEALED)
        self.check_fixed(create(self.s1, KEY), {})

    def make(self, how, template):
        if how == "created":
            return create(self.s1, KEY, DERIVE_TEMPLATE=template)
        if how == "generated":
            return self.s1.generate(Mechanism(CKM.AES_KEY_GEN), session_key(
                KEY_TYPE=CKK.AES, VALUE_LEN=16, DERIVE_TEMPLATE=template))
        if how == "unwrapped":
            wrapping = create(self.s1, KEY[:16], KEY_TYPE=CKK.AES)
            cbc_mechanism = Mechanism(CKM.AES_CBC, bytes(16))
            return self.s1.unwrap(cbc_mechanism, wrapping, bytes(16), session_key(
                DERIVE_TEMPLATE=template))
        return self.s1.derive(extract(0), create(self.s1, KEY), session_key(
            VALUE_LEN=16, TOKEN=how == "in the token", DERIVE_TEMPLATE=template))

    def check_fixed(self, key, template):
        self.assertEqual(self.s2.get_attribute(key, CKA.DERIVE_TEMPLATE), template)
        copy = self.s2.copy(key, {CKA.LABEL: "copy"})
        self.assertEqual(self.s2.get_attribute(copy, CKA.DERIVE_TEMPLATE), template)
        for change in ({}, {CKA.SENSITIVE: False}):
            with self.refused(CKR.ATTRIBUTE_READ_ONLY):
                self.s2.set_attributes(key, {CKA.DERIVE_TEMPLATE: change})
            with self.refused(CKR.ATTRIBUTE_READ_ONLY):
                self.s2.copy(key, {CKA.DERIVE_TEMPLATE: change})
        self.assertEqual(self.s2.get_attribute(key, CKA.DERIVE_TEMPLATE), template)

    def test_private_keys_have_one(self):
        public = {CKA.TOKEN: False, CKA.MODULUS_BITS: 2048, CKA.PUBLIC_EXPONENT: b"\1\0\1"}
        _, private = self.s1.generate_pair(Mechanism(CKM.RSA_PKCS_KEY_PAIR_GEN), public, {
            CKA.TOKEN: False, CKA.DERIVE_TEMPLATE: SEALED})
        self.assertEqual(self.s1.get_attribute(private, CKA.DERIVE_TEMPLATE), SEALED)

    def test_no_template_in_a_template(self):
        for outer in (CKA.WRAP_TEMPLATE, CKA.UNWRAP_TEMPLATE, CKA.DERIVE_TEMPLATE):
            for inner in (CKA.WRAP_TEMPLATE, CKA.UNWRAP_TEMPLATE, CKA.DERIVE_TEMPLATE):
                with self.refused(CKR.ATTRIBUTE_VALUE_INVALID):
                    create(self.s1, KEY, **{outer.name: {inner: {CKA.TOKEN: False}}})
        for wrong in (b"1", {CKA.TOKEN: b"12"}, {CKA.VALUE_LEN: b"1"}):
            with self.refused(CKR.ATTRIBUTE_VALUE_INVALID):
                create(self.s1, KEY, DERIVE_TEMPLATE=wrong)
