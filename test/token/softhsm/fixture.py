# SPDX-License-Identifier: Apache-2.0
"""What the tests of the patched SoftHSM share: one token, three sessions on it, keys of known
values, and the same cryptography by another implementation."""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import unittest

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import softhsm_token  # noqa: E402
from pkcs11 import CKA, CKK, CKO, Error, Mechanism, Module, rv_name  # noqa: E402

LABEL = "patches"
PIN = "1234"


class Token:
    """The token under test. Several sessions, because SoftHSM has two numberings of them and code
    that mixes them up works with the first one only."""

    def __init__(self):
        path = os.environ.get("SOFTHSM_MODULE")
        if not path:
            sys.exit("SOFTHSM_MODULE must be the path that test/token/softhsm/build prints")
        self.directory = tempfile.mkdtemp(prefix="keyferry-softhsm-")
        softhsm_token.create(path, self.directory, LABEL, PIN)
        self.module = Module(path)
        self.slot = self.module.find_slot(LABEL)
        self.sessions = []
        for _ in range(3):
            session = self.module.open_session(self.slot)
            # Handles are one sequence for sessions and objects: move it on, so that the two
            # numberings part
            session.create_object({CKA.CLASS: CKO.DATA, CKA.PRIVATE: False, CKA.TOKEN: False})
            self.sessions.append(session)
        self.sessions[0].login(PIN)

    def close(self):
        self.module.finalize()
        shutil.rmtree(self.directory)

    def files(self):
        """The paths of the token's files."""
        return [os.path.join(folder, name)
                for folder, _, names in os.walk(os.path.join(self.directory, "tokens"))
                for name in names]


token = None


def setUpModule():
    global token
    token = Token()


def tearDownModule():
    token.close()


class TokenTest(unittest.TestCase):
    def setUp(self):
        self.token = token
        self.s1, self.s2, self.s3 = token.sessions

    @contextlib.contextmanager
    def refused(self, *codes):
        """The call in the block must fail with one of these CKR codes."""
        with self.assertRaises(Error) as caught:
            yield
        self.assertIn(caught.exception.name, [rv_name(code) for code in codes])

    def check_attributes(self, session, handle, expected):
        self.assertEqual(session.get_attributes(handle, expected), expected)


def session_key(**more):
    """A readable session key that may do everything; members of CKA by name change that."""
    template = {
        CKA.CLASS: CKO.SECRET_KEY, CKA.KEY_TYPE: CKK.GENERIC_SECRET, CKA.TOKEN: False,
        CKA.PRIVATE: True, CKA.SENSITIVE: False, CKA.EXTRACTABLE: True, CKA.DERIVE: True,
        CKA.ENCRYPT: True, CKA.DECRYPT: True, CKA.SIGN: True, CKA.VERIFY: True, CKA.WRAP: True,
        CKA.UNWRAP: True}
    for name, value in more.items():
        template[CKA[name]] = value
    return {type_: value for type_, value in template.items() if value is not None}


def create(session, value, **more):
    """Put a key of a known value into the session."""
    return session.create_object({**session_key(**more), CKA.VALUE: value})


def odd_parity(value):
    return bytes(byte & 0xFE | (bin(byte >> 1).count("1") + 1) % 2 for byte in value)


def block_cipher(key_type, key):
    return algorithms.AES(key) if key_type == CKK.AES else algorithms.TripleDES(key)


def ecb(key_type, key, data):
    encryptor = Cipher(block_cipher(key_type, key), modes.ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def cbc(key_type, key, iv, data):
    encryptor = Cipher(block_cipher(key_type, key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def check_value(key_type, key):
    if key_type == CKK.GENERIC_SECRET:
        return hashlib.sha1(key).digest()[:3]
    return ecb(key_type, key, bytes(16 if key_type == CKK.AES else 8))[:3]


def cut(value, first_bit, length):
    """The bits of value as a ring, length bytes from first_bit on."""
    bits = "".join(f"{byte:08b}" for byte in value)
    ring = (bits + bits)[first_bit:first_bit + 8 * length]
    return int(ring, 2).to_bytes(length, "big")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


__all__ = [
    "Mechanism", "TokenTest", "cbc", "check_value", "create", "cut", "ecb", "odd_parity",
    "session_key", "setUpModule", "tearDownModule", "xor"]
