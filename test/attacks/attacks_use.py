# SPDX-License-Identifier: Apache-2.0
"""Attacks that use a key for what it was not meant for."""
import os

import loot
from attacker import MESSAGE, SENT, Blocked, block_cipher, check, encrypt, first, padded, readable_secret
from cryptography.hazmat.primitives import cmac, hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import modes
from pkcs11 import CKA, CKG, CKK, CKM, CKO, Error, Mechanism, oaep
from registry import CBC, CBC_PAD, CIPHERS, CMAC, ECB, KEYS, SECRETS, attack


def send_to(victim, data=SENT):
    """What a partner encrypts to an RSA key."""
    hash_ = hashes.SHA256()
    return victim.public_key.encrypt(data, padding.OAEP(padding.MGF1(hash_), hash_, None))


def oaep_sha256():
    return oaep(CKM.SHA256, CKG.MGF1_SHA256)


@attack((*CIPHERS, "RSA"))
def decrypt_what_it_wraps(attacker, victim):
    """C_Decrypt of what was wrapped under the key: Clulow's wrap and decrypt, with Keyferry's own
    keys."""
    if victim.kind == "RSA":
        data = attacker.session.decrypt(oaep_sha256(), victim.handle, send_to(victim))
        check(data == SENT, "other data")
        return "decrypts"
    iv = bytes(victim.size)
    blob = encrypt(victim.value, victim.kind, modes.CBC(iv), SENT)
    data = first(
        lambda: attacker.session.decrypt(Mechanism(CBC[victim.kind], iv), victim.handle, blob),
        lambda: decrypt_by_ecb(attacker, victim, blob),
    )
    check(data == SENT, "other data")
    return "decrypts"


def decrypt_by_ecb(attacker, victim, blob):
    size = victim.size
    parts = attacker.session.decrypt(Mechanism(ECB[victim.kind]), victim.handle, blob)
    before = bytes(size) + blob
    return bytes(a ^ b for a, b in zip(parts, before))


@attack((*CIPHERS, "RSA"))
def unwrap_readable(attacker, victim):
    """C_UnwrapKey of what somebody was sent, into an object that is not sensitive."""
    if victim.kind == "RSA":
        made = attacker.session.unwrap(
            oaep_sha256(), victim.handle, send_to(victim), readable_secret()
        )
    else:
        iv = bytes(victim.size)
        blob = encrypt(victim.value, victim.kind, modes.CBC(iv), SENT)
        mechanism = Mechanism(CBC[victim.kind], iv)
        made = attacker.session.unwrap(
            mechanism, victim.handle, blob, readable_secret()
        )
    check(attacker.session.get_attribute(made, CKA.VALUE) == SENT, "other bytes")
    return "sent"


@attack((*CIPHERS, "RSA"))
def conjure(attacker, victim):
    """Key conjuring: random bytes unwrapped, until some make a key; here 16 tries."""

    def attempt():
        if victim.kind == "RSA":
            blob = (int.from_bytes(os.urandom(256), "big") % victim.public_key.public_numbers().n)
            blob = blob.to_bytes(victim.public_key.key_size // 8, "big")
            return attacker.session.unwrap(
                oaep_sha256(), victim.handle, blob, readable_secret()
            )
        mechanism = Mechanism(CBC[victim.kind], bytes(victim.size))
        template = {**readable_secret(), CKA.SENSITIVE: True}
        return attacker.session.unwrap(mechanism, victim.handle, os.urandom(16), template)

    attacker.session.destroy(first(*[attempt] * 16))
    return "conjures"


@attack((*CIPHERS, "RSA"))
def padding_oracle(attacker, victim):
    """C_UnwrapKey by CBC_PAD or PKCS #1 1.5 tells right padding from wrong (Bardou and others,
    Bleichenbacher)."""
    if victim.kind == "RSA":
        mechanism = Mechanism(CKM.RSA_PKCS)
        good = victim.public_key.encrypt(SENT, padding.PKCS1v15())
        bad = send_to(victim)
    else:
        size = victim.size
        mechanism = Mechanism(CBC_PAD[victim.kind], bytes(size))
        context = block_cipher(victim.value, victim.kind, modes.CBC(bytes(size))).encryptor()
        data = padded(SENT, size)
        good = context.update(data) + context.finalize()
        bad = encrypt(victim.value, victim.kind, modes.CBC(bytes(size)), SENT + b"\xff" * size)
    made = attacker.session.unwrap(mechanism, victim.handle, good, readable_secret())
    attacker.session.destroy(made)
    try:
        made = attacker.session.unwrap(mechanism, victim.handle, bad, readable_secret())
        different = attacker.session.get_attribute(made, CKA.VALUE) != SENT
        raise Blocked("implicit rejection" if different else "no difference")
    except Error:
        return "padding"


@attack(KEYS)
def sign_anything(attacker, victim):
    """C_Sign: signatures in our name, MACs under the key."""
    if victim.kind == "RSA":
        tag = attacker.session.sign(Mechanism(CKM.SHA256_RSA_PKCS), victim.handle, MESSAGE)
        victim.public_key.verify(tag, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
        return "signs"
    if victim.kind == "generic":
        raise_if_short(victim)
        tag = attacker.session.sign(Mechanism(CKM.SHA256_HMAC), victim.handle, MESSAGE)
        mac = hmac.HMAC(victim.value, hashes.SHA256())
    else:
        tag = attacker.session.sign(Mechanism(CMAC[victim.kind]), victim.handle, MESSAGE)
        mac = cmac.CMAC(block_cipher(victim.value, victim.kind, None).algorithm)
    mac.update(MESSAGE)
    mac.verify(tag)
    return "signs"


@attack(CIPHERS)
def use_as_another_type(attacker, victim):
    """Type confusion: HMAC with a cipher's key, or a copy as a generic secret."""

    def sign(handle):
        tag = attacker.session.sign(Mechanism(CKM.SHA256_HMAC), handle, MESSAGE)
        mac = hmac.HMAC(victim.value, hashes.SHA256())
        mac.update(MESSAGE)
        mac.verify(tag)
        return "signs"

    def copy():
        template = {CKA.KEY_TYPE: CKK.GENERIC_SECRET, CKA.TOKEN: False, CKA.SIGN: True}
        return attacker.session.copy(victim.handle, template)

    return first(lambda: sign(victim.handle), lambda: sign(copy()))


@attack(SECRETS)
def digest(attacker, victim):
    """C_DigestKey: a hash by which guesses can be tried."""
    value = attacker.digest_key(victim.handle)
    if victim.value is not None:
        check(value == loot.sha256(victim.value), "another hash")
    return "hash"


@attack((*CIPHERS, "RSA"))
def plant_under(attacker, victim):
    """A known key encrypted under the victim and unwrapped by it, so that it looks like one that
    came in by the front door."""
    if victim.kind == "RSA":
        blob, mechanism = send_to(victim), oaep_sha256()
    else:
        iv = bytes(victim.size)
        mechanism = Mechanism(CBC[victim.kind], iv)
        blob = attacker.session.encrypt(mechanism, victim.handle, SENT)
        mechanism = Mechanism(CBC[victim.kind], iv)
    template = {
        CKA.CLASS: CKO.SECRET_KEY,
        CKA.KEY_TYPE: CKK.AES,
        CKA.TOKEN: False,
        CKA.SENSITIVE: True,
        CKA.EXTRACTABLE: False,
        CKA.ENCRYPT: True,
    }
    made = attacker.session.unwrap(mechanism, victim.handle, blob, template)
    data = attacker.session.encrypt(Mechanism(CKM.AES_ECB), made, bytes(16))
    check(data == encrypt(SENT, "AES", modes.ECB(), bytes(16)), "another key")
    return "plants"


@attack(CIPHERS)
def wrap_in_ecb_under(attacker, victim):
    """The victim wraps in ECB, so that equal blocks of what leaves show."""
    value = SENT + SENT
    payload = attacker.secret(CKK.GENERIC_SECRET, value, EXTRACTABLE=True, SENSITIVE=True)
    blob = attacker.session.wrap(Mechanism(ECB[victim.kind]), victim.handle, payload)
    check(blob[: len(SENT)] == blob[len(SENT) : 2 * len(SENT)], "the blocks differ")
    return "blocks"


def raise_if_short(victim):
    if victim.value is None:
        raise Blocked("CKA_VALUE_LEN")
