#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reader and writer of TR-31 / X9.143 key blocks, for tests.

It holds keys in the clear and decrypts, as the receiving party would; nothing of it is installed.
It was written from the standard's facts and shares no line with the library, so that the two can
disagree. Reads versions A to E strictly; writes them too, to have blocks to import.

    tr31_reader.py KBPK_HEX BLOCK      opens a block and prints it as JSON; BLOCK "-" is stdin
"""
import json
import os
import re
import sys

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

HEADER = 16
# version: (cipher block, bytes of MAC, KBPK lengths)
VERSIONS = {
    "A": (8, 4, (16, 24)), "B": (8, 8, (16, 24)), "C": (8, 4, (16, 24)),
    "D": (16, 16, (16, 24, 32)), "E": (16, 16, (16, 24, 32)),
}
KEY_LENGTHS = {"T": (16, 24), "A": (16, 24, 32), "D": (8,)}
HIDDEN_LENGTH = {"T": 24, "A": 32}
HM_HASHES = {
    "10": hashes.SHA1, "20": hashes.SHA224, "21": hashes.SHA256, "22": hashes.SHA384,
    "23": hashes.SHA512, "24": hashes.SHA512_224, "25": hashes.SHA512_256, "30": hashes.SHA3_224,
    "31": hashes.SHA3_256, "32": hashes.SHA3_384, "33": hashes.SHA3_512,
}

_KCV = r"00([0-9A-F]{2}){1,3}|01([0-9A-F]{2}){1,5}"
_YMD = r"\d{4}%s(0[1-9]|1[0-2])%s(0[1-9]|[12]\d|3[01])"
_HMS = r"([01]\d|2[0-3])%s[0-5]\d%s([0-5]\d|60)"
_STAMP = "".join((_YMD % ("", ""), _HMS % ("", ""), r"(\d\d)?Z|",
                  _YMD % ("-", "-"), "T", _HMS % (":", ":"), r"(\.\d\d)?Z"))
_BASE64 = r"(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{4}|[0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==)"
OPTIONAL = {
    "KS": r"[0-9A-F]{20}|[0-9A-F]{16}", "IK": r"[0-9A-F]{16}",
    "BI": r"00[0-9A-F]{10}|01[0-9A-F]{8}", "KC": _KCV, "KP": _KCV, "PK": _KCV,
    "HM": r"10|2[0-5]|3[0-3]|4[01]", "TS": _STAMP, "TC": _STAMP,
    "AL": r"010[01]", "WP": r"00[0-3]", "KV": r"[0-9A-Z]{4}",
    "DA": r"01([0-9A-Z]{2}[ADEHIJRST][BCDEGNSTVXY][ENS])+",
    "CT": r"0[01]%s|02.+" % _BASE64,
}


class KeyBlockError(ValueError):
    """Why a block was refused: a short code, and a sentence."""

    def __init__(self, code, text):
        super().__init__("%s: %s" % (code, text))
        self.code = code


def _need(condition, code, text):
    if not condition:
        raise KeyBlockError(code, text)


# --- ciphers -------------------------------------------------------------------------------------

def _algorithm(key, block):
    return algorithms.TripleDES(key) if block == 8 else algorithms.AES(key)


def _crypt(key, block, mode, data, encrypt):
    cipher = Cipher(_algorithm(key, block), mode)
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()


def _ecb(key, block, data):
    return _crypt(key, block, modes.ECB(), data, True)


def _cmac(key, block, data):
    mac = CMAC(_algorithm(key, block))
    mac.update(data)
    return mac.finalize()


def _xor(data, mask):
    return bytes(a ^ b for a, b in zip(data, mask))


# --- derivation ----------------------------------------------------------------------------------

def _counter_mode(kbpk, block, usage):
    code = {(8, 16): 0, (8, 24): 1, (16, 16): 2, (16, 24): 3, (16, 32): 4}[block, len(kbpk)]
    fixed = bytes([0, usage, 0, 0, code]) + (8 * len(kbpk)).to_bytes(2, "big")
    out = b""
    while len(out) < len(kbpk):
        out += _cmac(kbpk, block, bytes([len(out) // block + 1]) + fixed)
    return out[:len(kbpk)]


def derive_keys(version, kbpk):
    """The KBEK and the KBMK (KBAK) of a version."""
    block, _, lengths = VERSIONS[version]
    _need(len(kbpk) in lengths, "KBPK_LENGTH",
          "a KBPK of %d bytes does not fit version %s" % (len(kbpk), version))
    if version in "AC":
        return _xor(kbpk, b"\x45" * 24), _xor(kbpk, b"\x4D" * 24)
    encryption = 2 if version == "E" else 0
    return _counter_mode(kbpk, block, encryption), _counter_mode(kbpk, block, 1)


# --- reading -------------------------------------------------------------------------------------

def _is_chain(data):
    while data:
        match = re.fullmatch(r"0[01]([0-9A-F]{4})(.*)", data)
        size = int(match.group(1), 16) if match else 0
        rest = match.group(2) if match else ""
        if not re.fullmatch(_BASE64, rest[:size]) or len(rest) < size:
            return False
        data = rest[size:]
    return True


def _check_optional(ident, data):
    pattern = OPTIONAL.get(ident)
    fits = pattern is None or re.fullmatch(pattern, data) is not None
    if ident == "CT" and fits and data.startswith("02"):
        fits = _is_chain(data[2:])
    _need(fits, "OPT_DATA", "the data of optional block %s are not in its format" % ident)


def _hex_number(text, code, what):
    _need(re.fullmatch("[0-9A-F]+", text), code, what + " is not upper-case hex")
    return int(text, 16)


def read_optional(text, count, block):
    """The optional blocks at the start of text: pairs of id and data, and how long they are."""
    found, at = [], 0
    for number in range(count):
        ident = text[at:at + 2]
        _need(len(text) >= at + 4, "OPT_LEN", "the text ends in optional block %d" % (number + 1))
        _need(re.fullmatch("[0-9A-Z]{2}", ident), "OPT_ID", "id of block %d" % (number + 1))
        head, size = 4, _hex_number(text[at + 2:at + 4], "OPT_LEN", "length of " + ident)
        if size == 0:
            _need(text[at + 4:at + 6] == "04", "OPT_LEN", "length of the length of " + ident)
            head, size = 10, _hex_number(text[at + 6:at + 10], "OPT_LEN", "length of " + ident)
            _need(size > 255, "OPT_LEN", "extended length of a short block " + ident)
        _need(head <= size <= len(text) - at, "OPT_LEN", "length of " + ident)
        data = text[at + head:at + size]
        _need(ident not in dict(found), "OPT_DUP", ident + " is there twice")
        _check_optional(ident, data)
        found.append((ident, data))
        at += size
    _need("PB" not in [ident for ident, _ in found[:-1]], "OPT_ORDER", "PB is not the last")
    _need(at % block == 0, "LENGTH", "optional blocks are not whole cipher blocks")
    return found, at


def read_header(text):
    """Header and optional blocks, without any key: a dict, pairs of id and data, their length."""
    _need(re.fullmatch("[\x20-\x7E]*", text), "CHARSET", "not printable ASCII")
    _need(len(text) >= HEADER, "LENGTH", "shorter than a header")
    _need(not text[0].isdigit(), "VERSION", "a vendor's own version")
    _need(text[0] in VERSIONS, "VERSION", "unknown version")
    for start, end, pattern, code in (
            (1, 5, "[0-9]{4}", "LENGTH_FIELD"), (5, 7, "[0-9A-Z]{2}", "USAGE"),
            (7, 8, "[ADEHIJRST]", "ALGORITHM"), (8, 9, "[BCDEGNSTVXY]", "MODE"),
            (9, 11, "[0-9A-Zc][0-9A-Z]", "KEY_VERSION"), (11, 12, "[ENS]", "EXPORTABILITY"),
            (12, 14, "[0-9]{2}", "OPT_COUNT"), (14, 16, "[012]0", "RESERVED")):
        _need(re.fullmatch(pattern, text[start:end]), code, "characters %d to %d" % (start, end))
    _need(text[7] not in "IJ" or text[0] in "DE", "ALGORITHM", "I and J need version D or E")
    _need(int(text[1:5]) == len(text), "LENGTH_FIELD",
          "says %d, has %d characters" % (int(text[1:5]), len(text)))
    optional, size = read_optional(text[HEADER:], int(text[12:14]), VERSIONS[text[0]][0])
    header = {
        "version": text[0], "length": int(text[1:5]), "usage": text[5:7], "algorithm": text[7],
        "mode": text[8], "keyversion": text[9:11], "exportability": text[11], "context": text[14],
    }
    return header, optional, HEADER + size


def _bytes(text, what):
    _need(re.fullmatch("([0-9A-F]{2})*", text), "HEX", what + " is not upper-case hex")
    return bytes.fromhex(text)


def _seal(version, kbmk, header, payload, ciphertext):
    """The MAC: over the ciphertext in A and C, over the clear payload in the others."""
    block, size, _ = VERSIONS[version]
    if version in "AC":
        data = header.encode() + ciphertext
        return _crypt(kbmk, 8, modes.CBC(bytes(8)), data, True)[-8:][:size]
    return _cmac(kbmk, block, header.encode() + payload)


def _payload_mode(version, header, mac):
    if version == "E":
        return modes.CTR(mac)
    return modes.CBC(header[:8].encode() if version in "AC" else mac)


def _split_payload(payload, algorithm, lenient):
    bits = int.from_bytes(payload[:2], "big")
    size = bits // 8
    allowed = KEY_LENGTHS.get(algorithm, range(1, len(payload) - 1))
    if lenient and algorithm == "T":
        allowed = (8,) + allowed
    _need(bits % 8 == 0 and size in allowed and size <= len(payload) - 2, "KEY_LENGTH",
          "%d bits in %d bytes, algorithm %s" % (bits, len(payload), algorithm))
    return payload[2:2 + size], payload[2 + size:]


def open_block(kbpk, block, lenient=False):
    """Opens a key block. Returns a dict: header, optional_blocks (pairs), key, pad (bytes).

    lenient takes a single-length key under algorithm T, as older systems write it.
    """
    header, optional, size = read_header(block)
    version = header["version"]
    cipher_block, mac_size, _ = VERSIONS[version]
    unit = 1 if version == "E" else cipher_block
    kbek, kbmk = derive_keys(version, kbpk)

    rest = len(block) - size - 2 * mac_size
    _need(rest > 0 and rest % (2 * unit) == 0, "PAYLOAD", "%d characters of ciphertext" % rest)
    ciphertext = _bytes(block[size:size + rest], "ciphertext")
    mac = _bytes(block[size + rest:], "MAC")
    payload = _crypt(kbek, cipher_block, _payload_mode(version, block, mac), ciphertext, False)
    _need(_seal(version, kbmk, block[:size], payload, ciphertext) == mac, "MAC",
          "the MAC is wrong, or the KBPK")
    key, pad = _split_payload(payload, header["algorithm"], lenient)
    return {"header": header, "optional_blocks": optional, "key": key, "pad": pad}


# --- writing -------------------------------------------------------------------------------------

def _write_optional(ident, data):
    size = len(data) + 4
    if size > 255:
        return "%s0004%04X%s" % (ident, size + 6, data)
    return "%s%02X%s" % (ident, size, data)


def make_block(kbpk, version, usage, algorithm, mode, key, keyversion="00", exportability="E",
               optional_blocks=(), context="0", hide_length=True, pad=None, bits=None):
    """Writes a key block. A PB is added where one is needed and none is given; pad is random, and
    as long as hide_length asks for, unless it is given; bits is the length that the payload says,
    where that is not the key's. Checks nothing: tests want bad ones too."""
    cipher_block, mac_size, _ = VERSIONS[version]
    unit = 1 if version == "E" else cipher_block
    kbek, kbmk = derive_keys(version, kbpk)
    if pad is None:
        longest = max(len(key), HIDDEN_LENGTH.get(algorithm, 0) if hide_length else 0)
        pad = os.urandom(-(-(2 + longest) // unit) * unit - 2 - len(key))
    payload = (8 * len(key) if bits is None else bits).to_bytes(2, "big") + key + pad

    blocks = [_write_optional(ident, data) for ident, data in optional_blocks]
    missing = -sum(map(len, blocks)) % cipher_block
    if missing:
        missing += cipher_block if missing < 4 else 0
        blocks.append(_write_optional("PB", "0" * (missing - 4)))
    total = HEADER + sum(map(len, blocks)) + 2 * (len(payload) + mac_size)
    header = "%s%04d%s%s%s%s%s%02d%s0%s" % (version, total, usage, algorithm, mode, keyversion,
                                            exportability, len(blocks), context, "".join(blocks))

    mac = b"" if version in "AC" else _seal(version, kbmk, header, payload, b"")
    ciphertext = _crypt(kbek, cipher_block, _payload_mode(version, header, mac), payload, True)
    if version in "AC":
        mac = _seal(version, kbmk, header, payload, ciphertext)
    return header + ciphertext.hex().upper() + mac.hex().upper()


# --- check values and DUKPT ----------------------------------------------------------------------

def kcv_tdes(key):
    """Legacy check value: zeros encrypted, three bytes."""
    return _ecb(key, 8, bytes(8))[:3].hex().upper()


def kcv_cmac(key, block, size=3):
    """CMAC over a block of zeros, three bytes (the standard allows five)."""
    return _cmac(key, block, bytes(block))[:size].hex().upper()


def kcv_aes(key, size=3):
    """The same of an AES key."""
    return kcv_cmac(key, 16, size)


def kcv_hmac(key, hash_code="21"):
    """HMAC over nothing, three bytes; the hash by its code in optional block HM."""
    mac = hmac.HMAC(key, HM_HASHES[hash_code]())
    return mac.finalize()[:3].hex().upper()


def dukpt_tdes_initial_key(bdk, ksn):
    """IPEK of a two-key BDK and a KSN of 10 bytes, whose 21 bits of counter do not count."""
    _need(len(bdk) == 16 and len(ksn) == 10, "DUKPT", "needs a BDK of 16 and a KSN of 10 bytes")
    register = ksn[:7] + bytes([ksn[7] & 0xE0])
    variant = _xor(bdk, bytes.fromhex("C0C0C0C000000000" * 2))
    return _ecb(bdk, 8, register) + _ecb(variant, 8, register)


def dukpt_aes_initial_key(bdk, ksn):
    """Initial key of an AES BDK and a KSN of 12 bytes, of which the first 8 count."""
    _need(len(bdk) in (16, 24, 32) and len(ksn) in (8, 12), "DUKPT", "BDK or KSN length")
    suffix = bytes([0x80, 0x01, 0, len(bdk) // 8]) + (8 * len(bdk)).to_bytes(2, "big") + ksn[:8]
    data = b"".join(bytes([1, counter]) + suffix for counter in (1, 2))
    return _ecb(bdk, 16, data)[:len(bdk)]


# --- command line --------------------------------------------------------------------------------

def _check_value(header, optional, key):
    if header["algorithm"] == "T":
        return kcv_tdes(key)
    if header["algorithm"] == "A":
        return kcv_aes(key)
    hash_code = dict(optional).get("HM")
    return kcv_hmac(key, hash_code) if hash_code in HM_HASHES else None


def main(arguments):
    if len(arguments) != 2 or not re.fullmatch("([0-9A-Fa-f]{2})+", arguments[0]):
        print("usage: tr31_reader.py KBPK_HEX BLOCK", file=sys.stderr)
        return 2
    text = sys.stdin.readline().rstrip("\n") if arguments[1] == "-" else arguments[1]
    try:
        opened = open_block(bytes.fromhex(arguments[0]), text)
    except KeyBlockError as error:
        print(error, file=sys.stderr)
        return 1
    opened["kcv"] = _check_value(opened["header"], opened["optional_blocks"], opened["key"])
    opened["key"] = opened["key"].hex().upper()
    opened["pad"] = opened["pad"].hex().upper()
    print(json.dumps(opened, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
