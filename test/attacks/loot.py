# SPDX-License-Identifier: Apache-2.0
"""What follows from an attack that derives or encrypts: the real damage, done to real exports."""
import hashlib
import secrets

import tr31_reader
import victims
from attacker import check, decrypt, encrypt
from cryptography.hazmat.primitives.ciphers import modes

# KDF's algorithm by block and key length (X9.143 tables)
CODES = {(8, 16): 0, (8, 24): 1, (16, 16): 2, (16, 24): 3, (16, 32): 4}


def sha256(value):
    return hashlib.sha256(value).digest()


def kdf_input(victim, usage):
    """What follows the counter in the derivation of a KBEK (usage 0) or KBMK (1)."""
    length = len(victim.value)
    code = CODES[victim.size, length]
    return bytes([0, usage, 0, 0, code]) + (8 * length).to_bytes(2, "big")


def double(block):
    number = int.from_bytes(block, "big") << 1
    size = len(block)
    if number >> (8 * size):
        number ^= {8: 0x1B, 16: 0x87}[size]
    return (number & ((1 << 8 * size) - 1)).to_bytes(size, "big")


def cmac(encrypt_block, data, size):
    """CMAC of one block by an encryption that somebody else does."""
    subkey = double(encrypt_block(bytes(size)))
    if len(data) < size:
        subkey = double(subkey)
        data += b"\x80" + bytes(size - 1 - len(data))
    return encrypt_block(victims.xor(data, subkey))


def encryption_key(victim, kbek):
    """A KBEK that was got: with it, a key block that Keyferry made opens."""
    version = "D" if victim.kind == "AES" else "B"
    check(kbek == tr31_reader.derive_keys(version, victim.value)[0], "another KBEK")
    if victim.block:
        mac = bytes.fromhex(victim.block[-2 * victim.size :])
        _, _, head = tr31_reader.read_header(victim.block)
        ciphertext = bytes.fromhex(victim.block[head : -2 * len(mac)])
        payload = decrypt(kbek, victim.kind, modes.CBC(mac), ciphertext)
        check(payload[2 : 2 + len(victim.inside)] == victim.inside, "the key block stays closed")
    return "derived"


def initial_key(victim, encrypt_block):
    """The initial key of a serial number; TDES needs the mask variant for its right half."""
    ksn = bytes.fromhex(victims.KSN[victim.kind])
    if victim.kind == "AES":
        length = len(victim.value)
        suffix = bytes([0x80, 1, 0, length // 8]) + (8 * length).to_bytes(2, "big") + ksn[:8]
        key = b"".join(encrypt_block(bytes([1, i]) + suffix) for i in (1, 2))[:length]
        check(tr31_reader.kcv_aes(key) == victim.initial_check_value, "another initial key")
        return
    left = encrypt_block(ksn[:7] + bytes([ksn[7] & 0xE0]))
    check(left == tr31_reader.dukpt_tdes_initial_key(victim.value, ksn)[:8], "another left half")


def derived(victim, encrypt_block):
    """From blocks of one's choice under a key: its KBEK, its initial keys, or the encryption as
    such."""
    block = secrets.token_bytes(victim.size)
    check(encrypt_block(block) == encrypt(victim.value, victim.kind, modes.ECB(), block), "other")
    if victim.initial_check_value:
        initial_key(victim, encrypt_block)
        return "derived"
    if victim.block:
        fixed, size = kdf_input(victim, 0), victim.size
        count = -(-len(victim.value) // size)
        parts = [cmac(encrypt_block, bytes([i + 1]) + fixed, size) for i in range(count)]
        return encryption_key(victim, b"".join(parts)[: len(victim.value)])
    return "encrypts"
