# SPDX-License-Identifier: Apache-2.0
"""Attacks that let a key's value be read or wrapped."""
from attacker import Blocked, check, first, key, unpadded
from cryptography.hazmat.primitives.asymmetric import padding
from pkcs11 import CKA, CKK, CKM, CKO, Mechanism, with_data
from registry import KEYS, SECRETS, attack


@attack(KEYS)
def read_value(attacker, victim):
    """C_GetAttributeValue."""
    if victim.kind == "RSA":
        attacker.session.get_attribute(victim.handle, CKA.PRIVATE_EXPONENT)
        return "key"
    return key(victim, attacker.session.get_attribute(victim.handle, CKA.VALUE))


@attack(KEYS)
def wrap_under_a_known_key(attacker, victim):
    """C_CreateObject of a wrapping key, C_WrapKey."""
    return key(victim, attacker.wrap_out(victim))


@attack(KEYS)
def wrap_under_a_known_key_unwrapped(attacker, victim):
    """The same where C_CreateObject of secret keys is refused: the key comes in by C_UnwrapKey,
    under an RSA pair of one's own."""
    pair = attacker.pair
    blob = pair.public_key.encrypt(attacker.kek_value, padding.PKCS1v15())
    template = {
        CKA.CLASS: CKO.SECRET_KEY,
        CKA.KEY_TYPE: CKK.AES,
        CKA.TOKEN: False,
        CKA.WRAP: True,
    }
    kek = attacker.session.unwrap(Mechanism(CKM.RSA_PKCS), pair.handle, blob, template)
    return key(victim, attacker.wrap_out(victim, kek=kek))


@attack(KEYS)
def wrap_under_a_public_key(attacker, victim):
    """To an RSA public key put in by C_CreateObject."""
    return key(victim, attacker.wrap_to_rsa(victim))


@attack(KEYS)
def wrap_and_decrypt(attacker, victim):
    """Clulow: a generated key that wraps and decrypts, so that nothing known is put in."""

    def both(generation, cbc, wrapping, size):
        flags = {CKA.TOKEN: False, CKA.WRAP: True, CKA.DECRYPT: True}
        if size == 16:
            flags[CKA.VALUE_LEN] = 32
        made = attacker.session.generate(Mechanism(generation), flags)
        blob = attacker.session.wrap(Mechanism(wrapping, bytes(size)), made, victim.handle)
        data = attacker.session.decrypt(Mechanism(cbc, bytes(size)), made, blob)
        return data if wrapping == cbc else unpadded(data)

    ways = [
        lambda: both(CKM.AES_KEY_GEN, CKM.AES_CBC, CKM.AES_CBC_PAD, 16),
        lambda: both(CKM.DES3_KEY_GEN, CKM.DES3_CBC, CKM.DES3_CBC_PAD, 8),
    ]
    if victim.is_secret:
        ways.append(lambda: both(CKM.AES_KEY_GEN, CKM.AES_CBC, CKM.AES_CBC, 16))
        ways.append(lambda: both(CKM.DES3_KEY_GEN, CKM.DES3_CBC, CKM.DES3_CBC, 8))
    return key(victim, first(*ways))


@attack(KEYS)
def unwrap_again_readable(attacker, victim):
    """Wrapped under a generated key and unwrapped with CKA_SENSITIVE=false."""
    flags = {CKA.VALUE_LEN: 32, CKA.TOKEN: False, CKA.WRAP: True, CKA.UNWRAP: True}
    both = attacker.session.generate(Mechanism(CKM.AES_KEY_GEN), flags)
    mechanism = Mechanism(CKM.AES_KEY_WRAP_PAD)
    blob = attacker.session.wrap(mechanism, both, victim.handle)
    template = {CKA.TOKEN: False, CKA.SENSITIVE: False, CKA.EXTRACTABLE: True}
    if victim.kind == "RSA":
        template.update({CKA.CLASS: CKO.PRIVATE_KEY, CKA.KEY_TYPE: CKK.RSA})
        again = attacker.session.unwrap(mechanism, both, blob, template)
        attacker.session.get_attribute(again, CKA.PRIVATE_EXPONENT)
        return "key"
    template.update({CKA.CLASS: CKO.SECRET_KEY, CKA.KEY_TYPE: CKK.GENERIC_SECRET})
    again = attacker.session.unwrap(mechanism, both, blob, template)
    return key(victim, attacker.session.get_attribute(again, CKA.VALUE))


@attack(SECRETS)
def wrap_in_ecb_to_halves(attacker, victim):
    """Wrapped in ECB, cut at the blocks' borders, and a half unwrapped as a key of its own."""

    def halve(generation, mechanism, size):
        more = {} if size == 8 else {CKA.VALUE_LEN: 32}
        flags = {CKA.TOKEN: False, CKA.WRAP: True, CKA.UNWRAP: True, **more}
        both = attacker.session.generate(Mechanism(generation), flags)
        blob = attacker.session.wrap(Mechanism(mechanism), both, victim.handle)
        template = {
            CKA.CLASS: CKO.SECRET_KEY,
            CKA.KEY_TYPE: CKK.GENERIC_SECRET,
            CKA.TOKEN: False,
            CKA.SENSITIVE: False,
            CKA.EXTRACTABLE: True,
        }
        half = attacker.session.unwrap(Mechanism(mechanism), both, blob[:size], template)
        check(attacker.session.get_attribute(half, CKA.VALUE) == victim.value[:size], "no half")
        return "halves"

    if victim.value is None or len(victim.value) < 16:
        raise Blocked("CKA_VALUE_LEN")
    return first(
        lambda: halve(CKM.DES3_KEY_GEN, CKM.DES3_ECB, 8),
        lambda: halve(CKM.AES_KEY_GEN, CKM.AES_ECB, 16),
    )


@attack(SECRETS)
def wrap_with_trusted_lost(attacker, victim):
    """A twin of the victim that only trusted keys may wrap: joined with a byte, it has lost the
    mark."""
    value = victim.value or b"\0"
    twin = attacker.twin(victim, value, {CKA.WRAP_WITH_TRUSTED: True})
    mechanism = with_data(CKM.CONCATENATE_BASE_AND_DATA, b"\0")
    return key(
        victim,
        first(
            lambda: attacker.wrap_out(victim, twin),
            lambda: attacker.readable(mechanism, twin, len(value) + 1)[:-1],
        ),
    )
