# SPDX-License-Identifier: Apache-2.0
"""Attacks on what is derived from a key, which it may demand something of (CKA_DERIVE_TEMPLATE): to
read it, to keep it, to change it afterwards, and to use it as it is."""
import loot
import roles
import tr31_reader
from attacker import SENT, check, encrypt, first, readable_secret
from cryptography.hazmat.primitives.ciphers import modes
from pkcs11 import CKA, CKK, CKO, Mechanism, sp800_108, with_data
from registry import CBC, CIPHERS, CMAC, ENCRYPT_DATA, attack


def kdf(victim):
    return sp800_108(CMAC[victim.kind], loot.kdf_input(victim, 0))


def block_key(victim, **more):
    """The template of a KBEK as its key may demand it, and more."""
    length = len(victim.value)
    template = {
        CKA.CLASS: CKO.SECRET_KEY,
        CKA.KEY_TYPE: roles.key_type(victim.kind, length),
        CKA.TOKEN: False,
        CKA.SENSITIVE: True,
        CKA.EXTRACTABLE: False,
    }
    if victim.kind == "AES":
        template[CKA.VALUE_LEN] = length
    return {**template, **{CKA[name]: value for name, value in more.items()}}


def initial_key(victim, **more):
    """The same of an initial key or its half."""
    template = {
        CKA.CLASS: CKO.SECRET_KEY,
        CKA.KEY_TYPE: CKK.GENERIC_SECRET,
        CKA.VALUE_LEN: len(victim.value) if victim.kind == "AES" else 8,
        CKA.TOKEN: False,
        CKA.SENSITIVE: True,
        CKA.EXTRACTABLE: True,
    }
    return {**template, **{CKA[name]: value for name, value in more.items()}}


def by_encryption(victim):
    length = (len(victim.value) + 15) // 16 * 16 if victim.kind == "AES" else 8
    return with_data(ENCRYPT_DATA[victim.kind], bytes(length))


@attack(CIPHERS)
def derive_in_clear(attacker, victim):
    """CKM_SP800_108_COUNTER_KDF or CKM_*_ECB_ENCRYPT_DATA into an object that anybody may read: a
    KBEK, an initial key."""

    def encrypt_block(block):
        return attacker.read(with_data(ENCRYPT_DATA[victim.kind], block), victim.handle, len(block))

    def kbek():
        return attacker.read(kdf(victim), victim.handle, len(victim.value))

    return first(
        lambda: loot.encryption_key(victim, kbek()), lambda: loot.derived(victim, encrypt_block)
    )


@attack(CIPHERS)
def derive_into_the_token(attacker, victim):
    """The same into an object that stays when the session, the program and the PIN are other
    ones."""

    def keep(mechanism, template):
        made = attacker.session.derive(mechanism, victim.handle, {**template, CKA.TOKEN: True})
        stays = attacker.session.get_attribute(made, CKA.TOKEN)
        attacker.session.destroy(made)
        check(stays, "an object of the session")
        return "stays"

    return first(
        lambda: keep(kdf(victim), block_key(victim)),
        lambda: keep(by_encryption(victim), initial_key(victim)),
    )


@attack(CIPHERS)
def weaken_what_is_derived(attacker, victim):
    """A KBEK as its key may demand it, and then C_SetAttributeValue or C_CopyObject, so that it
    decrypts."""
    kbek = tr31_reader.derive_keys("D" if victim.kind == "AES" else "B", victim.value)[0]
    session, iv = attacker.session, bytes(victim.size)
    made = session.derive(kdf(victim), victim.handle, block_key(victim, WRAP=True))

    def change():
        session.set_attributes(made, {CKA.DECRYPT: True})
        return made

    def copy():
        return session.copy(made, {CKA.TOKEN: False, CKA.DECRYPT: True})

    def decrypts(handle):
        blob = encrypt(kbek, victim.kind, modes.CBC(iv), SENT)
        data = session.decrypt(Mechanism(CBC[victim.kind], iv), handle, blob)
        check(data == SENT, "other data")
        return "decrypts"

    try:
        return first(lambda: decrypts(change()), lambda: decrypts(copy()))
    finally:
        session.destroy(made)


@attack(CIPHERS)
def unwrap_by_what_is_derived(attacker, victim):
    """A KBEK as its key may demand it, which unwraps a key block that somebody kept to a readable
    key."""
    version = "D" if victim.kind == "AES" else "B"
    if victim.block:
        iv = bytes.fromhex(victim.block[-2 * victim.size :])
        _, _, head = tr31_reader.read_header(victim.block)
        blob, inside = bytes.fromhex(victim.block[head : -2 * len(iv)]), victim.inside
    else:
        iv, inside = bytes(victim.size), SENT
        kbek = tr31_reader.derive_keys(version, victim.value)[0]
        blob = encrypt(kbek, victim.kind, modes.CBC(iv), b"\0\x80" + SENT + bytes(14))
    session = attacker.session
    kbek = session.derive(kdf(victim), victim.handle, block_key(victim, UNWRAP=True))
    try:
        made = session.unwrap(Mechanism(CBC[victim.kind], iv), kbek, blob, readable_secret())
    finally:
        session.destroy(kbek)
    value = session.get_attribute(made, CKA.VALUE)
    session.destroy(made)
    check(value[2 : 2 + len(inside)] == inside, "the key block stays closed")
    return "opens"
