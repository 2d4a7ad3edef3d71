#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the patched SoftHSM, one class for each subject of the patches.

    SOFTHSM_MODULE=$(test/token/softhsm/build) test/token/softhsm/test_patches.py

Results are compared with python3-cryptography. Objects are made in different sessions on purpose.
test_store.py, which this file runs too, has the tests of the object store, test_derived.py those of
the counter KDF and of templates for derived keys.
"""

import hashlib
import hmac
import itertools
import os
import unittest

from cryptography.hazmat.primitives import cmac, hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import algorithms

from fixture import *
from fixture import setUpModule, tearDownModule  # noqa: F401
from pkcs11 import CKA, CKF, CKG, CKK, CKM, CKO, CKR, extract, oaep, with_data, with_key
from test_derived import *  # noqa: F401,F403
from test_store import *  # noqa: F401,F403

BASE = bytes.fromhex("329f84a90123456789abcdeffedcba98c0ffee00112233445566778899aabbcc")
OTHER = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90")
TYPES = [(CKK.AES, 16), (CKK.AES, 24), (CKK.AES, 32), (CKK.DES2, 16), (CKK.DES3, 24),
         (CKK.GENERIC_SECRET, 7), (CKK.GENERIC_SECRET, 32)]


def simple_mechanisms(other):
    """The five mechanisms, other being the handle of the second key, with what they make."""
    return {
        "key": (with_key(other), BASE + OTHER),
        "base+data": (with_data(CKM.CONCATENATE_BASE_AND_DATA, OTHER), BASE + OTHER),
        "data+base": (with_data(CKM.CONCATENATE_DATA_AND_BASE, OTHER), OTHER + BASE),
        "xor": (with_data(CKM.XOR_BASE_AND_DATA, BASE[::-1]), xor(BASE, BASE[::-1])),
        "cut": (extract(12), cut(BASE, 12, len(BASE)))}


def typed(key_type, length, **more):
    """A template for a key of a type; DES keys have no CKA_VALUE_LEN."""
    if key_type not in (CKK.DES2, CKK.DES3):
        more["VALUE_LEN"] = length
    return session_key(KEY_TYPE=key_type, **more)


class Derive(TokenTest):
    def setUp(self):
        super().setUp()
        self.base = create(self.s2, BASE)
        self.other = create(self.s3, OTHER)

    def each(self):
        for name, (mechanism, made) in simple_mechanisms(self.other).items():
            yield name, mechanism, made

    def test_values_types_and_check_values(self):
        for name, mechanism, made in self.each():
            with self.subTest(name):
                for key_type, length in TYPES:
                    key = self.s1.derive(mechanism, self.base, typed(key_type, length))
                    value = made[:length]
                    if key_type in (CKK.DES2, CKK.DES3):
                        value = odd_parity(value)
                    expected = {CKA.VALUE: value, CKA.KEY_TYPE: key_type, CKA.LOCAL: False,
                                CKA.CHECK_VALUE: check_value(key_type, value)}
                    if key_type not in (CKK.DES2, CKK.DES3):
                        expected[CKA.VALUE_LEN] = length
                    self.check_attributes(self.s1, key, expected)

    def test_defaults_to_generic_secret_of_full_length(self):
        for name, mechanism, made in self.each():
            with self.subTest(name):
                if name == "cut":
                    with self.refused(CKR.TEMPLATE_INCOMPLETE):
                        self.s1.derive(mechanism, self.base, {})
                    continue
                key = self.s1.derive(mechanism, self.base, {CKA.EXTRACTABLE: True})
                self.check_attributes(self.s1, key, {
                    CKA.VALUE: made, CKA.VALUE_LEN: len(made), CKA.KEY_TYPE: CKK.GENERIC_SECRET})

    def test_cut_at_every_bit(self):
        # The standard's own example
        base = create(self.s1, bytes.fromhex("329f84a9"))
        key = self.s2.derive(extract(21), base, {CKA.EXTRACTABLE: True, CKA.VALUE_LEN: 2})
        self.assertEqual(self.s2.get_attribute(key, CKA.VALUE).hex(), "9526")
        for bit, length in itertools.product(range(len(BASE) * 8), (1, 16, len(BASE))):
            key = self.s1.derive(extract(bit), self.base, session_key(VALUE_LEN=length))
            self.assertEqual(self.s1.get_attribute(key, CKA.VALUE), cut(BASE, bit, length))
            self.s1.destroy(key)

    def test_never_longer_than_its_parts(self):
        for name, mechanism, made in self.each():
            with self.subTest(name):
                with self.refused(CKR.KEY_SIZE_RANGE):
                    self.s1.derive(mechanism, self.base, session_key(VALUE_LEN=len(made) + 1))
        short = create(self.s1, BASE[:8])
        for key_type, length in TYPES[:5]:
            with self.refused(CKR.KEY_SIZE_RANGE):
                self.s1.derive(extract(0), short, typed(key_type, length))

    def test_parameters(self):
        for parameter in (None, b"", bytes(8 * 3)):
            for mechanism in (
                    CKM.CONCATENATE_BASE_AND_KEY, CKM.CONCATENATE_BASE_AND_DATA,
                    CKM.CONCATENATE_DATA_AND_BASE, CKM.XOR_BASE_AND_DATA,
                    CKM.EXTRACT_KEY_FROM_KEY):
                with self.refused(CKR.MECHANISM_PARAM_INVALID):
                    self.s1.derive(Mechanism(mechanism, parameter), self.base,
                                   session_key(VALUE_LEN=1))
        for bit in (len(BASE) * 8, 2 ** 64 - 1):
            with self.refused(CKR.MECHANISM_PARAM_INVALID):
                self.s1.derive(extract(bit), self.base, session_key(VALUE_LEN=1))
        with self.refused(CKR.MECHANISM_PARAM_INVALID):
            self.s1.derive(with_data(CKM.XOR_BASE_AND_DATA, b""), self.base, session_key())

    def test_second_key_must_be_usable(self):
        for refusal, more in [
                (CKR.KEY_FUNCTION_NOT_PERMITTED, {"DERIVE": False}),
                (CKR.MECHANISM_INVALID, {"ALLOWED_MECHANISMS": [CKM.XOR_BASE_AND_DATA]})]:
            second = create(self.s1, OTHER, **more)
            with self.refused(refusal):
                self.s1.derive(with_key(second), self.base, session_key())
        with self.refused(CKR.KEY_HANDLE_INVALID):
            self.s1.derive(with_key(0), self.base, session_key())
        certificate = self.s1.create_object({
            CKA.CLASS: CKO.DATA, CKA.TOKEN: False, CKA.VALUE: OTHER, CKA.LABEL: "data"})
        with self.refused(CKR.KEY_TYPE_INCONSISTENT):
            self.s1.derive(with_key(certificate), self.base, session_key())

    def test_allowed_mechanisms_are_enforced(self):
        for name, mechanism, made in self.each():
            with self.subTest(name):
                more = {"VALUE_LEN": 16}
                free = create(self.s1, BASE, ALLOWED_MECHANISMS=[mechanism.c.type])
                self.s1.derive(mechanism, free, session_key(**more))
                held = create(self.s1, BASE, ALLOWED_MECHANISMS=[CKM.AES_ECB_ENCRYPT_DATA])
                with self.refused(CKR.MECHANISM_INVALID):
                    self.s1.derive(mechanism, held, session_key(**more))
                without = create(self.s1, BASE, DERIVE=False)
                with self.refused(CKR.KEY_FUNCTION_NOT_PERMITTED):
                    self.s1.derive(mechanism, without, session_key(**more))

    def test_encryption_gives_right_check_values(self):
        data = bytes(range(32))
        for key_type, value, mechanism in [
                (CKK.AES, BASE, CKM.AES_ECB_ENCRYPT_DATA),
                (CKK.DES3, odd_parity(BASE[:24]), CKM.DES3_ECB_ENCRYPT_DATA)]:
            base = create(self.s2, value, KEY_TYPE=key_type)
            for result, length in ((CKK.AES, 32), (CKK.DES2, 16), (CKK.GENERIC_SECRET, 16)):
                key = self.s3.derive(with_data(mechanism, data), base, typed(result, length))
                made = ecb(key_type, value, data)[:length]
                made = odd_parity(made) if result == CKK.DES2 else made
                self.check_attributes(self.s3, key, {
                    CKA.VALUE: made, CKA.CHECK_VALUE: check_value(result, made)})

    def test_sessions_keep_their_objects(self):
        extra = self.token.module.open_session(self.token.slot)
        theirs = extra.derive(extract(0), self.base, session_key(VALUE_LEN=16, LABEL="theirs"))
        ours = self.s2.derive(with_key(theirs), self.base, session_key(LABEL="ours"))
        self.assertEqual(self.s3.get_attribute(ours, CKA.VALUE), BASE + BASE[:16])
        extra.close()
        with self.refused(CKR.OBJECT_HANDLE_INVALID):
            self.s1.get_attribute(theirs, CKA.VALUE)
        self.assertEqual(self.s3.get_attribute(ours, CKA.VALUE), BASE + BASE[:16])


class Inheritance(TokenTest):
    """CKA_SENSITIVE, CKA_EXTRACTABLE and their histories, PKCS#11 v3.0 mechanisms 2.43."""

    def key(self, sensitive, extractable, generated):
        """A key with these flags; a generated one has its history, a created one has none."""
        template = session_key(SENSITIVE=sensitive, EXTRACTABLE=extractable, VALUE_LEN=16)
        if generated:
            return self.s2.generate(Mechanism(CKM.GENERIC_SECRET_KEY_GEN), template)
        del template[CKA.VALUE_LEN]
        return self.s3.create_object({**template, CKA.VALUE: OTHER})

    def check(self, mechanism, bases, sensitive, extractable):
        template = session_key(SENSITIVE=sensitive, EXTRACTABLE=extractable, VALUE_LEN=16)
        flags = [self.s1.get_attributes(base, (
            CKA.SENSITIVE, CKA.EXTRACTABLE, CKA.ALWAYS_SENSITIVE, CKA.NEVER_EXTRACTABLE))
            for base in bases]
        # NULL in the template is the default: not sensitive, not extractable
        must = any(one[CKA.SENSITIVE] for one in flags)
        may = all(one[CKA.EXTRACTABLE] for one in flags)
        if mechanism.c.type == CKM.EXTRACT_KEY_FROM_KEY and must and sensitive is False:
            with self.refused(CKR.TEMPLATE_INCONSISTENT):
                self.s1.derive(mechanism, bases[0], template)
            return
        key = self.s1.derive(mechanism, bases[0], template)
        is_sensitive = must or bool(sensitive)
        is_extractable = may and bool(extractable)
        self.check_attributes(self.s1, key, {
            CKA.SENSITIVE: is_sensitive, CKA.EXTRACTABLE: is_extractable,
            CKA.ALWAYS_SENSITIVE:
                is_sensitive and all(one[CKA.ALWAYS_SENSITIVE] for one in flags),
            CKA.NEVER_EXTRACTABLE:
                not is_extractable and all(one[CKA.NEVER_EXTRACTABLE] for one in flags)})
        if must:
            with self.refused(CKR.ATTRIBUTE_SENSITIVE):
                self.s1.get_attribute(key, CKA.VALUE)
        if not may:
            for wrapping, with_what in self.wrapping_keys():
                with self.refused(CKR.KEY_UNEXTRACTABLE):
                    self.s1.wrap(with_what, wrapping, key)
            with self.refused(CKR.ATTRIBUTE_READ_ONLY):
                self.s1.set_attributes(key, {CKA.EXTRACTABLE: True})
        self.s1.destroy(key)

    def wrapping_keys(self):
        if not hasattr(self, "_wrapping"):
            public = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
            self._wrapping = [
                (create(self.s2, BASE, KEY_TYPE=CKK.AES), Mechanism(CKM.AES_CBC, bytes(16))),
                (self.s3.create_object({
                    CKA.CLASS: CKO.PUBLIC_KEY, CKA.KEY_TYPE: CKK.RSA, CKA.TOKEN: False,
                    CKA.WRAP: True, CKA.MODULUS: public.n.to_bytes(256, "big"),
                    CKA.PUBLIC_EXPONENT: b"\1\0\1"}), oaep(CKM.SHA256, CKG.MGF1_SHA256))]
        return self._wrapping

    def test_every_base_and_template(self):
        yes_no_default = (True, False, None)
        for base_flags in itertools.product((True, False), repeat=3):
            base = self.key(*base_flags)
            for wanted in itertools.product(yes_no_default, repeat=2):
                for name, (mechanism, _) in simple_mechanisms(0).items():
                    if name != "key":
                        with self.subTest(mechanism=name, base=base_flags, wanted=wanted):
                            self.check(mechanism, [base], *wanted)

    def test_both_keys_of_a_join_count(self):
        keys = [self.key(*flags) for flags in itertools.product((True, False), repeat=3)]
        for first, second in itertools.product(keys, repeat=2):
            for wanted in ((True, True), (False, True), (True, False), (None, None)):
                self.check(with_key(second), [first, second], *wanted)


class FinalTemplate(TokenTest):
    """Keyferry makes token keys by an identity cut with the whole final template."""

    def test_identity_cut_to_the_token(self):
        for number, (key_type, length) in enumerate(TYPES):
            with self.subTest(key_type=key_type.name, length=length):
                template = typed(key_type, length, SENSITIVE=True, EXTRACTABLE=False)
                generator = {CKK.AES: CKM.AES_KEY_GEN, CKK.DES2: CKM.DES2_KEY_GEN,
                             CKK.DES3: CKM.DES3_KEY_GEN,
                             CKK.GENERIC_SECRET: CKM.GENERIC_SECRET_KEY_GEN}[key_type]
                source = self.s2.generate(Mechanism(generator), template)
                final = {
                    **template, CKA.TOKEN: True, CKA.ID: bytes([number]), CKA.LABEL: "final",
                    CKA.ENCRYPT: False, CKA.DECRYPT: False, CKA.SIGN: False, CKA.VERIFY: False,
                    CKA.WRAP: False, CKA.UNWRAP: False,
                    CKA.ALLOWED_MECHANISMS: [CKM.CONCATENATE_DATA_AND_BASE],
                    CKA.COPYABLE: False, CKA.MODIFIABLE: False}
                key = self.s3.derive(extract(0), source, final)
                expected = {**final, CKA.ALWAYS_SENSITIVE: True, CKA.NEVER_EXTRACTABLE: True,
                            CKA.CHECK_VALUE: self.s1.get_attribute(source, CKA.CHECK_VALUE)}
                expected[CKA.LABEL] = b"final"
                self.check_attributes(self.s1, key, expected)
                self.assertEqual(self.s1.find({CKA.ID: bytes([number])}), [key])
                with self.refused(CKR.ACTION_PROHIBITED):
                    self.s1.set_attributes(key, {CKA.LABEL: "other"})
                with self.refused(CKR.ACTION_PROHIBITED):
                    self.s1.copy(key, {})
                with self.refused(CKR.MECHANISM_INVALID):
                    self.s1.derive(extract(0), key, final)
                self.s1.derive(with_data(CKM.CONCATENATE_DATA_AND_BASE, b"\0"), key, {})
                self.s1.destroy(key)

    def test_known_value_survives(self):
        for key_type, length in TYPES:
            value = odd_parity(BASE[:length]) if key_type in (CKK.DES2, CKK.DES3) \
                else BASE[:length]
            source = create(self.s1, value, KEY_TYPE=key_type)
            key = self.s2.derive(extract(0), source, typed(key_type, length, TOKEN=True))
            self.assertEqual(self.s3.get_attribute(key, CKA.VALUE), value)
            self.s1.destroy(key)


class Wrap(TokenTest):
    # Wrapping keys by mechanism
    KEYS = [(CKM.AES_CBC, CKK.AES, BASE[:16]), (CKM.AES_CBC, CKK.AES, BASE[:24]),
            (CKM.AES_CBC, CKK.AES, BASE), (CKM.DES3_CBC, CKK.DES2, odd_parity(OTHER)),
            (CKM.DES3_CBC, CKK.DES3, odd_parity(BASE[:24]))]

    def each(self):
        for mechanism, key_type, value in self.KEYS:
            block = 16 if key_type == CKK.AES else 8
            iv = os.urandom(block)
            key = create(self.s2, value, KEY_TYPE=key_type)
            yield f"{key_type.name}-{len(value)}", Mechanism(mechanism, iv), key, \
                lambda data: cbc(key_type, value, iv, data)

    def test_wrap_and_unwrap(self):
        for name, mechanism, key, expected in self.each():
            with self.subTest(name):
                for key_type, value in [
                        (CKK.GENERIC_SECRET, OTHER * 3), (CKK.GENERIC_SECRET, BASE[:16]),
                        (CKK.AES, OTHER), (CKK.AES, BASE), (CKK.DES2, odd_parity(OTHER))]:
                    payload = create(self.s3, value, KEY_TYPE=key_type, SENSITIVE=True)
                    wrapped = self.s1.wrap(mechanism, key, payload)
                    self.assertEqual(wrapped, expected(value))
                    again = self.s1.unwrap(mechanism, key, wrapped, session_key(KEY_TYPE=key_type))
                    attributes = {CKA.VALUE: value, CKA.LOCAL: False, CKA.ALWAYS_SENSITIVE: False,
                                  CKA.NEVER_EXTRACTABLE: False,
                                  CKA.CHECK_VALUE: check_value(key_type, value)}
                    if key_type != CKK.DES2:
                        attributes[CKA.VALUE_LEN] = len(value)
                    self.check_attributes(self.s3, again, attributes)

    def test_whole_blocks_only(self):
        for name, mechanism, key, _ in self.each():
            with self.subTest(name):
                block = len(mechanism.parameter)
                for length in (1, 13, block - 1, block + 1, 2 * block + 4):
                    payload = create(self.s1, (BASE + BASE)[:length])
                    with self.refused(CKR.KEY_SIZE_RANGE):
                        self.s1.wrap(mechanism, key, payload)
                    with self.refused(CKR.WRAPPED_KEY_LEN_RANGE):
                        self.s1.unwrap(mechanism, key, bytes(length), session_key())

    def test_unwrap_cuts_to_the_key_type(self):
        for name, mechanism, key, expected in self.each():
            with self.subTest(name):
                wrapped = expected(BASE)
                for key_type, length in TYPES:
                    again = self.s1.unwrap(mechanism, key, wrapped, typed(key_type, length))
                    value = BASE[:length]
                    self.check_attributes(self.s1, again, {
                        CKA.VALUE: value, CKA.CHECK_VALUE: check_value(key_type, value)})
                with self.refused(CKR.WRAPPED_KEY_LEN_RANGE):
                    self.s1.unwrap(mechanism, key, wrapped, session_key(VALUE_LEN=33))
                with self.refused(CKR.WRAPPED_KEY_INVALID):
                    self.s1.unwrap(mechanism, key, expected(BASE + OTHER),
                                   session_key(KEY_TYPE=CKK.AES))

    def test_refusals(self):
        aes = create(self.s1, OTHER, KEY_TYPE=CKK.AES)
        des = create(self.s2, odd_parity(OTHER), KEY_TYPE=CKK.DES2)
        generic = create(self.s3, OTHER)
        good = Mechanism(CKM.AES_CBC, bytes(16))
        for iv in (None, bytes(8), bytes(15)):
            for function in (lambda m: self.s1.wrap(m, aes, generic),
                             lambda m: self.s1.unwrap(m, aes, bytes(16), session_key())):
                with self.refused(CKR.ARGUMENTS_BAD):
                    function(Mechanism(CKM.AES_CBC, iv))
        for mechanism, key in ((good, des), (good, generic),
                               (Mechanism(CKM.DES3_CBC, bytes(8)), aes)):
            with self.refused(CKR.WRAPPING_KEY_TYPE_INCONSISTENT):
                self.s1.wrap(mechanism, key, generic)
            with self.refused(CKR.UNWRAPPING_KEY_TYPE_INCONSISTENT):
                self.s1.unwrap(mechanism, key, bytes(16), session_key())
        for refusal, more in [(CKR.KEY_FUNCTION_NOT_PERMITTED, {"WRAP": False, "UNWRAP": False}),
                              (CKR.MECHANISM_INVALID, {"ALLOWED_MECHANISMS": [CKM.AES_ECB]})]:
            key = create(self.s1, OTHER, KEY_TYPE=CKK.AES, **more)
            with self.refused(refusal):
                self.s1.wrap(good, key, generic)
            with self.refused(refusal):
                self.s1.unwrap(good, key, bytes(16), session_key())

    def test_mechanism_info(self):
        flags = CKF.ENCRYPT | CKF.DECRYPT
        for mechanism, expected in [
                (CKM.AES_ECB, flags), (CKM.AES_CBC, flags | CKF.WRAP | CKF.UNWRAP),
                (CKM.DES3_ECB, flags), (CKM.DES3_CBC, flags | CKF.WRAP | CKF.UNWRAP),
                (CKM.CONCATENATE_BASE_AND_KEY, CKF.DERIVE),
                (CKM.EXTRACT_KEY_FROM_KEY, CKF.DERIVE)]:
            info = self.token.module.mechanism_info(self.token.slot, mechanism)
            self.assertEqual(info.flags, expected, mechanism.name)
            self.assertIn(mechanism, self.token.module.mechanisms(self.token.slot))

    def test_key_wrap_with_padding_pads_by_itself(self):
        key = create(self.s1, OTHER, KEY_TYPE=CKK.AES)
        payload = create(self.s2, BASE[:20])
        self.assertEqual(self.s3.wrap(Mechanism(CKM.AES_KEY_WRAP_PAD), key, payload),
                         keywrap.aes_key_wrap_with_padding(OTHER, BASE[:20]))


class Oaep(TokenTest):
    HASHES = [(CKM.SHA_1, CKG.MGF1_SHA1, hashes.SHA1()),
              (CKM.SHA256, CKG.MGF1_SHA256, hashes.SHA256()),
              (CKM.SHA384, CKG.MGF1_SHA384, hashes.SHA384()),
              (CKM.SHA512, CKG.MGF1_SHA512, hashes.SHA512())]

    def setUp(self):
        super().setUp()
        self.private = rsa.generate_private_key(65537, 2048)
        n = self.private.private_numbers()
        modulus = n.public_numbers.n.to_bytes(256, "big")
        self.public_handle = self.s2.create_object({
            CKA.CLASS: CKO.PUBLIC_KEY, CKA.KEY_TYPE: CKK.RSA, CKA.TOKEN: False, CKA.WRAP: True,
            CKA.ENCRYPT: True, CKA.MODULUS: modulus, CKA.PUBLIC_EXPONENT: b"\1\0\1"})
        numbers = [(CKA.MODULUS, n.public_numbers.n), (0x123, n.d), (0x124, n.p), (0x125, n.q),
                   (0x126, n.dmp1), (0x127, n.dmq1), (0x128, n.iqmp)]
        self.private_handle = self.s3.create_object({
            CKA.CLASS: CKO.PRIVATE_KEY, CKA.KEY_TYPE: CKK.RSA, CKA.TOKEN: False,
            CKA.UNWRAP: True, CKA.DECRYPT: True, CKA.PUBLIC_EXPONENT: b"\1\0\1",
            **{type_: number.to_bytes((number.bit_length() + 7) // 8, "big")
               for type_, number in numbers}})

    def each(self):
        for number, mgf, hash_ in self.HASHES:
            pad = padding.OAEP(padding.MGF1(hash_), hash_, None)
            yield hash_.name, oaep(number, mgf), pad, hash_

    def test_wrap_and_encrypt(self):
        for name, mechanism, pad, _ in self.each():
            with self.subTest(name):
                for key_type, value in ((CKK.AES, BASE), (CKK.DES2, odd_parity(OTHER)),
                                        (CKK.GENERIC_SECRET, BASE[:13])):
                    payload = create(self.s1, value, KEY_TYPE=key_type, SENSITIVE=True)
                    wrapped = self.s1.wrap(mechanism, self.public_handle, payload)
                    self.assertEqual(self.private.decrypt(wrapped, pad), value)
                encrypted = self.s1.encrypt(mechanism, self.public_handle, b"text")
                self.assertEqual(self.private.decrypt(encrypted, pad), b"text")

    def test_unwrap_and_decrypt(self):
        for name, mechanism, pad, _ in self.each():
            with self.subTest(name):
                encrypted = self.private.public_key().encrypt(BASE, pad)
                for key_type in (CKK.AES, CKK.GENERIC_SECRET):
                    key = self.s1.unwrap(mechanism, self.private_handle, encrypted,
                                         session_key(KEY_TYPE=key_type))
                    self.check_attributes(self.s1, key, {
                        CKA.VALUE: BASE, CKA.VALUE_LEN: 32,
                        CKA.CHECK_VALUE: check_value(key_type, BASE)})
                self.assertEqual(self.s1.decrypt(mechanism, self.private_handle, encrypted), BASE)
                with self.refused(CKR.WRAPPED_KEY_INVALID):
                    self.s1.unwrap(mechanism, self.private_handle, encrypted,
                                   session_key(KEY_TYPE=CKK.DES2))

    def test_no_other_hash_opens_it(self):
        for name, mechanism, _, hash_ in self.each():
            with self.subTest(name):
                for _, _, other in self.HASHES:
                    if other.name != hash_.name:
                        encrypted = self.private.public_key().encrypt(
                            BASE, padding.OAEP(padding.MGF1(other), other, None))
                        with self.refused(CKR.GENERAL_ERROR):
                            self.s1.decrypt(mechanism, self.private_handle, encrypted)
                        with self.refused(CKR.GENERAL_ERROR):
                            self.s1.unwrap(mechanism, self.private_handle, encrypted, session_key())

    def test_longest_key(self):
        for name, mechanism, pad, hash_ in self.each():
            with self.subTest(name):
                longest = 256 - 2 - 2 * hash_.digest_size
                value = os.urandom(longest)
                wrapped = self.s1.wrap(mechanism, self.public_handle, create(self.s1, value))
                self.assertEqual(self.private.decrypt(wrapped, pad), value)
                with self.refused(CKR.KEY_SIZE_RANGE):
                    self.s1.wrap(mechanism, self.public_handle, create(self.s1, value + b"\0"))

    def test_parameters(self):
        key = create(self.s1, OTHER)
        for mechanism in (oaep(CKM.SHA256, CKG.MGF1_SHA1), oaep(CKM.SHA_1, CKG.MGF1_SHA256),
                          oaep(CKM.SHA512, CKG.MGF1_SHA384), oaep(CKM.AES_CBC, CKG.MGF1_SHA256),
                          oaep(CKM.SHA256, CKG.MGF1_SHA256, source=0),
                          Mechanism(CKM.RSA_PKCS_OAEP)):
            for function in (
                    lambda m: self.s1.wrap(m, self.public_handle, key),
                    lambda m: self.s1.unwrap(m, self.private_handle, bytes(256), session_key()),
                    lambda m: self.s1.encrypt(m, self.public_handle, b"text"),
                    lambda m: self.s1.decrypt(m, self.private_handle, bytes(256))):
                with self.refused(CKR.ARGUMENTS_BAD):
                    function(mechanism)


class Hmac(TokenTest):
    def test_keys_shorter_than_the_hash(self):
        for mechanism, name in [
                (CKM.SHA_1_HMAC, "sha1"), (CKM.SHA224_HMAC, "sha224"),
                (CKM.SHA256_HMAC, "sha256"), (CKM.SHA384_HMAC, "sha384"),
                (CKM.SHA512_HMAC, "sha512")]:
            for length in (1, 2, 15, 16, 19, 20, 31, 32, 63, 64, 65):
                value = (BASE * 3)[:length]
                key = create(self.s2, value)
                expected = hmac.new(value, b"data", getattr(hashlib, name)).digest()
                self.assertEqual(self.s1.sign(Mechanism(mechanism), key, b"data"), expected)
                self.s3.verify(Mechanism(mechanism), key, b"data", expected)
            info = self.token.module.mechanism_info(self.token.slot, mechanism)
            self.assertEqual(info.min_key_size, 1)


class Recipes(TokenTest):
    """What Keyferry does with all this, opened by another implementation."""

    def test_key_block_version_d(self):
        kbpk, key = BASE, OTHER
        header = b"D0112K0AB00E0000"
        prefix, pad = (128).to_bytes(2, "big"), bytes(range(30))
        base = create(self.s1, kbpk, KEY_TYPE=CKK.AES, SENSITIVE=True)
        zero = self.s1.derive(with_data(CKM.AES_ECB_ENCRYPT_DATA, bytes(16)), base,
                              session_key(VALUE_LEN=16))
        k2 = double(double(self.s1.get_attribute(zero, CKA.VALUE)))

        def derive(usage, **more):
            blocks = b"".join(
                xor(bytes([counter]) + usage + bytes.fromhex("0000040100") + b"\x80" + bytes(7),
                    k2) for counter in (1, 2))
            return self.s2.derive(with_data(CKM.AES_ECB_ENCRYPT_DATA, blocks), base, typed(
                CKK.AES, 32, SENSITIVE=True, EXTRACTABLE=False, **more))

        # The counter block of TR-31: counter, usage 0000 or 0001, 00, algorithm 0004, 0100 bits
        kbek = derive(b"\0\0")
        kbmk = derive(b"\0\1")
        mac_input = self.s3.encrypt(Mechanism(CKM.AES_ECB), kbmk, bytes(16))
        k1 = double(mac_input)
        state = self.s3.encrypt(Mechanism(CKM.AES_ECB), kbmk, header)
        source = create(self.s3, key, SENSITIVE=True)
        half = self.s1.derive(with_data(CKM.CONCATENATE_DATA_AND_BASE, prefix), source, {
            CKA.EXTRACTABLE: True, CKA.DERIVE: True})
        masked = pad[:14] + xor(pad[14:], k1)
        payload = self.s2.derive(with_data(CKM.CONCATENATE_BASE_AND_DATA, pad), half,
                                 {CKA.EXTRACTABLE: True})
        for_mac = self.s3.derive(with_data(CKM.CONCATENATE_BASE_AND_DATA, masked), half,
                                 {CKA.EXTRACTABLE: True})
        mac = self.s1.wrap(Mechanism(CKM.AES_CBC, state), kbmk, for_mac)[-16:]
        wrapped = self.s2.wrap(Mechanism(CKM.AES_CBC, mac), kbek, payload)

        def reference(usage):
            made = b""
            for counter in (1, 2):
                one = cmac.CMAC(algorithms.AES(kbpk))
                one.update(bytes([counter]) + usage + bytes.fromhex("0000040100"))
                made += one.finalize()
            return made

        clear = prefix + key + pad
        check = cmac.CMAC(algorithms.AES(reference(b"\0\1")))
        check.update(header + clear)
        self.assertEqual(mac, check.finalize())
        self.assertEqual(wrapped, cbc(CKK.AES, reference(b"\0\0"), mac, clear))

    def test_initial_key_keeps_its_bits(self):
        # The example of X9.24-1: its initial key has no odd parity
        bdk = bytes.fromhex("0123456789abcdeffedcba9876543210")
        mask = bytes.fromhex("c0c0c0c000000000") * 2
        ksn = bytes.fromhex("ffff9876543210e0")
        left_base = create(self.s1, bdk, KEY_TYPE=CKK.DES2, SENSITIVE=True)
        right_base = self.s2.derive(
            with_data(CKM.XOR_BASE_AND_DATA, mask), left_base, session_key(KEY_TYPE=CKK.DES2))
        halves = [session.derive(with_data(CKM.DES3_ECB_ENCRYPT_DATA, ksn), base,
                                 session_key(VALUE_LEN=8))
                  for session, base in ((self.s2, left_base), (self.s3, right_base))]
        key = self.s1.derive(with_key(halves[1]), halves[0], session_key())
        self.assertEqual(self.s1.get_attribute(key, CKA.VALUE).hex(),
                         "6ac292faa1315b4d858ab3a3d7d5933a")


def double(block):
    """Doubling in GF(2^128), as CMAC makes its subkeys."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number = number & (2 ** 128 - 1) ^ 0x87
    return number.to_bytes(16, "big")


if __name__ == "__main__":
    unittest.main()
