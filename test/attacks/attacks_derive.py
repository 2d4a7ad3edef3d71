# SPDX-License-Identifier: Apache-2.0
"""Attacks that derive from a key: joining, xoring and cutting it to pieces, and deriving by
encryption what is its own secret only as long as nobody can read it."""
import loot
import pieces
from attacker import check, first, key
from pkcs11 import CKA, CKK, CKM, CKO, Mechanism, sp800_108, with_cbc_data, with_data
from registry import CBC, CBC_ENCRYPT_DATA, CIPHERS, CMAC, ECB, ENCRYPT_DATA, SECRETS, attack


@attack(SECRETS)
def join_data_before(attacker, victim):
    """CKM_CONCATENATE_DATA_AND_BASE, a byte of the key more each time."""
    return pieces.cut_to_pieces(attacker, victim, pieces.by_data_and_base)


@attack(SECRETS)
def join_data_behind(attacker, victim):
    """CKM_CONCATENATE_BASE_AND_DATA, cut by CKA_VALUE_LEN."""
    return pieces.cut_to_pieces(attacker, victim, pieces.by_base_and_data)


@attack(SECRETS)
def join_behind_a_key(attacker, victim):
    """CKM_CONCATENATE_BASE_AND_KEY, the victim second."""
    return pieces.cut_to_pieces(attacker, victim, pieces.by_key_and_base)


@attack(SECRETS)
def xor_data(attacker, victim):
    """CKM_XOR_BASE_AND_DATA: related keys, and short ones."""
    return pieces.cut_to_pieces(attacker, victim, pieces.by_xor)


@attack(SECRETS)
def cut_bytes(attacker, victim):
    """CKM_EXTRACT_KEY_FROM_KEY: a byte at a time, and HMAC with it (CVE-2015-5464)."""
    return pieces.cut_to_pieces(attacker, victim, pieces.by_cut)


@attack(CIPHERS)
def derive_readable(attacker, victim):
    """CKM_*_ECB_ENCRYPT_DATA into a readable secret: a chosen block under the key, hence all that
    is derived from it."""

    def encrypt(block):
        mechanism = with_data(ENCRYPT_DATA[victim.kind], block)
        return attacker.readable(mechanism, victim.handle, len(block))

    return loot.derived(victim, encrypt)


@attack(CIPHERS)
def derive_readable_by_cbc(attacker, victim):
    """CKM_*_CBC_ENCRYPT_DATA, the same."""

    def encrypt(block):
        mechanism = with_cbc_data(CBC_ENCRYPT_DATA[victim.kind], bytes(victim.size), block)
        return attacker.readable(mechanism, victim.handle, len(block))

    return loot.derived(victim, encrypt)


@attack(CIPHERS)
def derive_short(attacker, victim):
    """CKM_*_ECB_ENCRYPT_DATA cut by CKA_VALUE_LEN, a byte more each time: it need not be readable
    to be known."""

    def encrypt(block):
        mechanism = with_data(ENCRYPT_DATA[victim.kind], block)
        return attacker.search(
            lambda known: (mechanism, victim.handle, len(known) + 1, known), len(block)
        )

    return loot.derived(victim, encrypt)


@attack(CIPHERS)
def derive_by_kdf(attacker, victim):
    """CKM_SP800_108_COUNTER_KDF with CMAC: a key block protection key's KBEK, readable or
    wrapped."""
    fixed = loot.kdf_input(victim, 0)
    mechanism = sp800_108(CMAC[victim.kind], fixed)
    length = len(victim.value)
    return loot.encryption_key(
        victim, attacker.readable(mechanism, victim.handle, length)
    )


@attack(CIPHERS)
def derive_by_kdf_short(attacker, victim):
    """The same, a byte more each time."""
    mechanism = sp800_108(CMAC[victim.kind], loot.kdf_input(victim, 0))
    return loot.encryption_key(
        victim,
        attacker.search(
            lambda known: (mechanism, victim.handle, len(known) + 1, known), len(victim.value)
        ),
    )


@attack(SECRETS)
def derive_a_hash(attacker, victim):
    """CKM_SHA256_KEY_DERIVATION into a readable secret."""
    value = attacker.readable(Mechanism(CKM.SHA256_KEY_DERIVATION), victim.handle, 32)
    if victim.value is not None:
        check(value == loot.sha256(victim.value), "another hash")
    return "hash"


@attack(CIPHERS)
def you_derive_i_encrypt(attacker, victim):
    """What the owner derives by encryption, C_Encrypt gives in clear."""

    def encrypt(block):
        iv = bytes(victim.size)
        return first(
            lambda: attacker.session.encrypt(Mechanism(ECB[victim.kind]), victim.handle, block),
            lambda: attacker.session.encrypt(Mechanism(CBC[victim.kind], iv), victim.handle, block),
        )

    return loot.derived(victim, encrypt)


@attack(SECRETS)
def compare_under_a_kbmk(attacker, victim):
    """Without any key put in: joined behind zeros and wrapped under a KBMK, which encrypts every
    candidate, too."""
    length = len(victim.value or b"\0")

    def join(zeros):
        template = {
            CKA.CLASS: CKO.SECRET_KEY,
            CKA.KEY_TYPE: CKK.GENERIC_SECRET,
            CKA.VALUE_LEN: 48,
            CKA.TOKEN: False,
            CKA.SENSITIVE: True,
            CKA.EXTRACTABLE: True,
        }
        mechanism = with_data(CKM.CONCATENATE_DATA_AND_BASE, zeros)
        return attacker.session.derive(mechanism, victim.handle, template)

    known = b""
    while len(known) < length:
        zeros = bytes(47 - len(known))
        made = join(zeros)
        try:
            known += attacker.compare(made, zeros + known)
        finally:
            attacker.session.destroy(made)
    return key(victim, known)
