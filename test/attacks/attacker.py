# SPDX-License-Identifier: Apache-2.0
"""Somebody with the user PIN: the keys he makes for himself, and what he does again and again. An
attack ends with what it got, proven by the bytes, or with Blocked."""
import ctypes
import hashlib
import hmac
import os

import roles
import victims
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pkcs11 import CKA, CKG, CKK, CKM, CKO, Error, Mechanism, oaep, with_data

ABSENT = "mechanism absent"
# Of several ways that were refused, the refusal that says most; the others come between these.
TELLING = ("CKR_KEY_UNEXTRACTABLE", "CKR_KEY_FUNCTION_NOT_PERMITTED", "CKR_ATTRIBUTE_SENSITIVE")
WEAK = ("CKR_KEY_TYPE_INCONSISTENT", "CKR_MECHANISM_PARAM_INVALID", "CKR_MECHANISM_INVALID")
# What makes a twin of an object
LIKE = (
    *(CKA.CLASS, CKA.KEY_TYPE, CKA.SENSITIVE, CKA.EXTRACTABLE, CKA.PRIVATE, CKA.ALLOWED_MECHANISMS),
    *victims.FLAGS,
)
MESSAGE = b"Keyferry's attack suite"
# What a partner sent.
SENT = bytes(range(65, 81))


class Blocked(Exception):
    """By a return value (CKR_...), or by an attribute or mechanism."""

    def __init__(self, why):
        super().__init__(why)
        self.why = why


class Wrong(AssertionError):
    """An attack that the token let through, and that did not give what it should."""


def by_weight(name):
    if name in TELLING:
        return (0, TELLING.index(name), name)
    return (2, WEAK.index(name), name) if name in WEAK else (1, 0, name)


def first(*ways):
    """What the first way gets that is not refused."""
    refusals = set()
    for way in ways:
        try:
            return way()
        except Error as error:
            refusals.add(error.name)
        except Blocked as blocked:
            refusals.add(blocked.why)
    raise Blocked(min(refusals, key=by_weight) if refusals else ABSENT)


def check(condition, what):
    if not condition:
        raise Wrong(what)


def key(victim, value):
    """The gain of a key's bytes. They are right by the check value that Keyferry says, and by what
    the test knows."""
    if victim.kind == "RSA":
        private = serialization.load_der_private_key(value, None)
        known = victim.public_key.public_numbers()
        check(private.public_key().public_numbers() == known, "another private key")
        return "key"
    if victim.value is None:
        check(len(value) == 1, "a card is one byte")
        return "key"
    check(value == victim.value, "other bytes than the key's")
    if victim.check_value:
        kind = victim.kind
        if kind == "generic":
            kind = "TDES" if len(value) == 16 else "AES"
        check(victims.proof(kind, value) == victim.check_value, "another check value")
    return "key"


def block_cipher(value, kind, mode):
    return Cipher((algorithms.TripleDES if kind == "TDES" else algorithms.AES)(value), mode)


def encrypt(value, kind, mode, data):
    context = block_cipher(value, kind, mode).encryptor()
    return context.update(data) + context.finalize()


def decrypt(value, kind, mode, data):
    context = block_cipher(value, kind, mode).decryptor()
    return context.update(data) + context.finalize()


def padded(data, size):
    count = size - len(data) % size
    return data + bytes([count]) * count


def unpadded(data):
    return data[: -data[-1]]


def readable_secret():
    return {
        CKA.CLASS: CKO.SECRET_KEY,
        CKA.KEY_TYPE: CKK.GENERIC_SECRET,
        CKA.TOKEN: False,
        CKA.SENSITIVE: False,
        CKA.EXTRACTABLE: True,
    }


class Attacker:
    def __init__(self, session, pair):
        self.session, self.pair = session, pair
        self.kek_value = hashlib.sha256(MESSAGE).digest()
        self.kek = self.import_kek(self.kek_value)
        self.rsa = rsa.generate_private_key(65537, 2048)
        numbers = self.rsa.public_key().public_numbers()
        self.public = {
            CKA.CLASS: CKO.PUBLIC_KEY,
            CKA.KEY_TYPE: CKK.RSA,
            CKA.TOKEN: False,
            CKA.MODULUS: numbers.n.to_bytes(256, "big"),
            CKA.PUBLIC_EXPONENT: b"\1\0\1",
            CKA.WRAP: True,
            CKA.ENCRYPT: True,
        }
        self.rsa_public = session.create_object(self.public)
        self.kbmk = session.create_object(
            {**roles.session_template("KBMK", "AES", 32), CKA.VALUE: os.urandom(32)}
        )

    def secret(self, key_type, value, **more):
        template = {
            CKA.CLASS: CKO.SECRET_KEY,
            CKA.KEY_TYPE: key_type,
            CKA.TOKEN: False,
            CKA.VALUE: value,
            **{CKA[name]: each for name, each in more.items()},
        }
        return self.session.create_object(template)

    def import_kek(self, value):
        flags = {"ENCRYPT": True, "DECRYPT": True, "WRAP": True, "UNWRAP": True}
        return self.secret(CKK.AES, value, **flags)

    def twin(self, victim, value, more):
        """An object of the session like the victim, of the same value."""
        template = self.session.get_attributes(victim.handle, LIKE)
        if not template.get(CKA.ALLOWED_MECHANISMS):
            template.pop(CKA.ALLOWED_MECHANISMS, None)
        return self.session.create_object(
            {**template, CKA.TOKEN: False, CKA.VALUE: value, **more}
        )

    def like(self, victim, more):
        """Another object of the victim's class, where the victim is: token or session."""
        kept = self.session.get_attributes(victim.handle, [CKA.CLASS, CKA.TOKEN, CKA.PRIVATE])
        if victim.is_secret:
            template = {CKA.KEY_TYPE: CKK.GENERIC_SECRET, CKA.VALUE: bytes(16)}
            return self.session.create_object({**kept, **template, **more})
        if victim.kind == "certificate":
            types = (CKA.CERTIFICATE_TYPE, CKA.SUBJECT, CKA.ISSUER, CKA.VALUE)
            kept.update(self.session.get_attributes(victim.handle, types))
            kept[CKA.SERIAL_NUMBER] = b"\2\1\7"
            return self.session.create_object({**kept, **more})
        public = {CKA.TOKEN: False, CKA.MODULUS_BITS: 2048, CKA.PUBLIC_EXPONENT: b"\1\0\1"}
        private = {CKA.TOKEN: kept[CKA.TOKEN], CKA.PRIVATE: True, CKA.SIGN: True, **more}
        mechanism = Mechanism(CKM.RSA_PKCS_KEY_PAIR_GEN)
        return self.session.generate_pair(mechanism, public, private)[1]

    def compare(self, handle, begins):
        """The last byte of an object's value, by wrapping it and encrypting all that it can be
        under the same KBMK."""
        mechanism = Mechanism(CKM.AES_CBC, bytes(16))
        blob = self.session.wrap(mechanism, self.kbmk, handle)
        for byte in range(256):
            data = begins + bytes([byte])
            if self.session.encrypt(mechanism, self.kbmk, data) == blob:
                return bytes([byte])
        raise Wrong("no byte fits")

    def digest_key(self, handle):
        call = self.session.module.call
        mechanism = Mechanism(CKM.SHA256)
        call("DigestInit", self.session.handle, ctypes.byref(mechanism.c))
        out, length = ctypes.create_string_buffer(32), ctypes.c_ulong(32)
        try:
            call("DigestKey", self.session.handle, handle)
        finally:
            call("DigestFinal", self.session.handle, out, ctypes.byref(length))
        return out.raw

    # Wrapping

    def wrap_out(self, victim, handle=None, kek=None, value=None):
        """The bytes of an object, wrapped under a key that is known."""
        handle, kek, value = handle or victim.handle, kek or self.kek, value or self.kek_value
        iv = bytes(16)

        def take(mechanism, parameter, opened):
            return lambda: opened(self.session.wrap(Mechanism(mechanism, parameter), kek, handle))

        def cbc(data):
            return decrypt(value, "AES", modes.CBC(iv), data)

        pad = take(CKM.AES_CBC_PAD, iv, lambda data: unpadded(cbc(data)))
        ways = [
            pad,
            take(CKM.AES_KEY_WRAP, None, lambda data: keywrap.aes_key_unwrap(value, data)),
            take(CKM.AES_KEY_WRAP_PAD, None, lambda data: self.open_wrap_pad(value, data)),
        ]
        if victim.is_secret:
            ways.append(take(CKM.AES_CBC, iv, cbc))
        return first(*ways)

    @staticmethod
    def open_wrap_pad(value, data):
        """RFC 5649, or PKCS#7 below RFC 3394: the number means both."""
        try:
            return keywrap.aes_key_unwrap_with_padding(value, data)
        except keywrap.InvalidUnwrap:
            return unpadded(keywrap.aes_key_unwrap(value, data))

    def wrap_to_rsa(self, victim):
        def take(mechanism, scheme):
            return lambda: self.rsa.decrypt(
                self.session.wrap(mechanism, self.rsa_public, victim.handle), scheme
            )

        def scheme(hash_):
            return padding.OAEP(padding.MGF1(hash_), hash_, None)

        return first(
            take(oaep(CKM.SHA_1, CKG.MGF1_SHA1), scheme(hashes.SHA1())),
            take(oaep(CKM.SHA256, CKG.MGF1_SHA256), scheme(hashes.SHA256())),
            take(Mechanism(CKM.RSA_PKCS), padding.PKCS1v15()),
        )

    # Deriving

    @staticmethod
    def free(length):
        """The template of a secret that may leave."""
        return {
            CKA.CLASS: CKO.SECRET_KEY,
            CKA.KEY_TYPE: CKK.GENERIC_SECRET,
            CKA.VALUE_LEN: length,
            CKA.TOKEN: False,
            CKA.EXTRACTABLE: True,
        }

    def read(self, mechanism, base, length):
        """The bytes that a derivation gives: read."""
        made = self.session.derive(mechanism, base, {**self.free(length), CKA.SENSITIVE: False})
        try:
            return self.session.get_attribute(made, CKA.VALUE)
        except Error as error:
            if error.name != "CKR_ATTRIBUTE_SENSITIVE":
                raise
        finally:
            self.session.destroy(made)
        raise Blocked("CKR_ATTRIBUTE_SENSITIVE")

    def readable(self, mechanism, base, length):
        """The same: read, or wrapped under a known key."""

        def wrap(**more):
            more = {CKA[name]: value for name, value in more.items()}
            template = {**self.free(length), CKA.SENSITIVE: True, **more}
            made = self.session.derive(mechanism, base, template)
            try:
                return self.session.wrap(Mechanism(CKM.AES_KEY_WRAP_PAD), self.kek, made)
            finally:
                self.session.destroy(made)

        return first(
            lambda: self.read(mechanism, base, length),
            lambda: self.open_wrap_pad(self.kek_value, wrap()),
            lambda: self.open_wrap_pad(self.kek_value, wrap(EXTRACTABLE=False)),
        )

    def tagged(self, mechanism, base, length):
        """An HMAC under a derived secret, and the zeros that had to be joined behind it: tokens
        refuse HMAC with few bytes."""
        template = {
            CKA.CLASS: CKO.SECRET_KEY,
            CKA.KEY_TYPE: CKK.GENERIC_SECRET,
            CKA.VALUE_LEN: length,
            CKA.TOKEN: False,
            CKA.SENSITIVE: True,
            CKA.EXTRACTABLE: False,
            CKA.SIGN: True,
            CKA.DERIVE: True,
        }
        made = [self.session.derive(mechanism, base, template)]
        tail = bytes(max(0, 32 - length))
        try:
            if tail:
                longer = {**template, CKA.VALUE_LEN: 32}
                join = with_data(CKM.CONCATENATE_BASE_AND_DATA, tail)
                ways = [
                    lambda: (made[0], b""),
                    lambda: (self.session.derive(join, made[0], longer), tail),
                ]
            else:
                ways = [lambda: (made[0], b"")]

            def sign(way):
                handle, joined = way()
                made.append(handle)
                return self.session.sign(Mechanism(CKM.SHA256_HMAC), handle, MESSAGE), joined

            return first(*[lambda way=way: sign(way) for way in ways])
        finally:
            for handle in set(made):
                self.session.destroy(handle)

    def search(self, step, length):
        """A value byte by byte. step(known) is a derivation (mechanism, base, length, bytes before
        the next byte) whose last byte is the one that follows what is known."""
        known = b""
        while len(known) < length:
            mechanism, base, made, head = step(known)
            tag, tail = self.tagged(mechanism, base, made)
            found = [
                byte
                for byte in range(256)
                if hmac.digest(head + bytes([byte]) + tail, MESSAGE, "sha256") == tag
            ]
            check(len(found) == 1, "no byte fits")
            known += bytes(found)
        return known
