# SPDX-License-Identifier: Apache-2.0
"""Key blocks with every kind of fault, from a seed, and what import must make of each, by the independent reader."""
import random

import harness
import tr31_reader

# Usage: algorithms and modes, of those that the generator draws.
USAGES = {
    "B0": ("TA", "XN"),
    "B1": ("TA", "XN"),
    "B3": ("TAH", "XN"),
    "C0": ("TA", "GVCN"),
    "D0": ("TA", "BEDN"),
    "D3": ("TA", "BEDN"),
    "E0": ("TA", "XN"),
    "K1": ("TA", "BEDN"),
    "M3": ("T", "GVCN"),
    "M6": ("TA", "GVCN"),
    "M7": ("TAH", "GVCN"),
    "P0": ("TA", "BEDN"),
    "V2": ("TA", "GVCN"),
}
LENGTHS = {"T": (16, 24), "A": (16, 24, 32), "H": (14, 20, 28, 32, 48, 64)}
LONGEST = {"T": 24, "A": 32, "H": 64}
HASHES = {"20": "HMAC_SHA224", "21": "HMAC_SHA256", "22": "HMAC_SHA384", "23": "HMAC_SHA512"}
MAC_TEXT = (
    "WrappedKeyBlock: its MAC is not right: the key block is not under this wrapping key, or was "
    "changed on its way."
)
OPTIONAL = (
    ("KS", "FFFF9876543210E00000"),
    ("IK", "1234567890123456"),
    ("BI", "00ABCDEFABCD"),
    ("TS", "20210317091501Z"),
    ("KC", "000169E3"),
    ("LB", "a label"),
    ("LB", "x" * 300),
    ("KV", "0000"),
    ("10", "Z9Y8X7W6V5U4"),
)
BAD_OPTIONAL = (
    ("KS", "FFFF9876543210E0000G"),
    ("IK", "12345678901234"),
    ("BI", "1112345678"),
    ("TS", "20211317091501Z"),
    ("KC", "020169E3"),
    ("HM", "11"),
    ("kv", "0000"),
    ("DA", "01"),
    ("CT", "02000005QUJD"),
)
CHARACTERS = "".join(map(chr, range(0x20, 0x7F)))


def algorithm_of(letter, length, hash_code=None):
    if letter == "H":
        return HASHES[hash_code]
    return {"T": "TDES_%dKEY" % (length // 8), "A": "AES_%d" % (8 * length)}[letter]


def rank(letter, length):
    """Place in the order of strengths of the least wrapping key."""
    if letter == "T":
        return length // 8 - 2
    return 2 + (length > 16) + (length > 24)


def equal_parts(key):
    even = bytes(byte & 0xFE for byte in key)
    parts = [even[at : at + 8] for at in range(0, len(even), 8)]
    return len(set(parts)) < len(parts)


def judge(kek, kbpk, text):
    """What import must say of a block: (algorithm, key) where it is taken, else words of the refusal."""
    if any(character < " " for character in text):
        return "control character"
    try:
        header, optional, size = tr31_reader.read_header(text)
    except tr31_reader.KeyBlockError:
        return "WrappedKeyBlock: "
    version, letter = header["version"], header["algorithm"]
    block, mac_size, _ = tr31_reader.VERSIONS[version]
    rest = len(text) - size - 2 * mac_size
    if version == "E" or rest <= 0 or rest > 160:
        return "WrappedKeyBlock: "
    if (version == "D") != kek.startswith("AES"):
        return "WrappedKeyBlock: "
    try:
        opened = tr31_reader.open_block(kbpk, text)
    except tr31_reader.KeyBlockError as error:
        return MAC_TEXT if error.code == "MAC" else "WrappedKeyBlock: "
    key = opened["key"]
    if header["keyversion"][0] == "c" or letter not in LENGTHS:
        return "WrappedKeyBlock: "
    if rest // 2 > -(-(2 + LONGEST[letter]) // block) * block:
        return "WrappedKeyBlock: its ciphertext"
    if letter == "H" and not 14 <= len(key) <= 64:
        return "WrappedKeyBlock: the length"
    hash_code = dict(optional).get("HM")
    if letter == "H" and hash_code not in HASHES:
        return "optional block HM"
    algorithms, modes = USAGES.get(header["usage"], ("", ""))
    if letter not in algorithms or header["mode"] not in modes:
        return "WrappedKeyBlock: Key"
    if rank(letter, len(key)) > harness.ALGORITHMS.index(kek) or (
        letter == "H" and not kek.startswith("AES")
    ):
        return "WrappingKeyIdentifier: "
    if letter == "T" and equal_parts(key):
        return "KeyAlgorithm: "
    return algorithm_of(letter, len(key), hash_code), key


def check_value(algorithm, key):
    if algorithm.startswith("HMAC"):
        code = next(code for code, name in HASHES.items() if name == algorithm)
        return tr31_reader.kcv_hmac(key, code)
    return harness.check_value(algorithm, key)


class Faults:
    """Blocks under one wrapping key, the same for the same seed."""

    def __init__(self, seed, kek, versions):
        self.random = random.Random("%s %s" % (seed, kek))
        self.kek, self.versions = kek, versions
        self.kbpk = self.random.randbytes(harness.LENGTHS[kek])

    def good(self, **changes):
        """Arguments of make_block for a block that has nothing wrong."""
        pick = self.random.choice
        usage = pick(sorted(USAGES))
        letters, modes = USAGES[usage]
        letter = pick(letters)
        version = pick(self.versions)
        if not self.kek.startswith("AES"):
            letter = "T" if "T" in letters else letter
        made = {
            "version": version,
            "usage": usage,
            "algorithm": letter,
            "mode": pick(modes),
            "key": self.random.randbytes(pick(LENGTHS[letter])),
            "keyversion": pick(("00", "01", "A9")),
            "exportability": pick("ENS"),
            "optional_blocks": self.random.sample(OPTIONAL[:6] + OPTIONAL[7:], pick((0, 0, 1, 2))),
            "context": pick("012"),
            "hide_length": pick((True, False)),
        }
        if letter == "H":
            made["optional_blocks"].append(("HM", pick(sorted(HASHES))))
        made.update(changes)
        return made

    def make(self, made, kbpk=None):
        # The padding is drawn here, not there, so that the same seed gives the same blocks.
        unit = tr31_reader.VERSIONS[made["version"]][0]
        if "pad" not in made:
            longest = LONGEST.get(made["algorithm"], 0) if made["hide_length"] else 0
            whole = -(-(2 + max(longest, len(made["key"]))) // unit) * unit
            made = dict(made, pad=self.random.randbytes(whole - 2 - len(made["key"])))
        return tr31_reader.make_block(kbpk or self.kbpk, **made)

    # Sealed with a right MAC, so that what is wrong lies behind it.

    def sealed_field(self):
        field, values = self.random.choice(
            (
                ("usage", ("ZZ", "S0", "K2", "D1", "B9", "X1", "p0")),
                ("algorithm", "DERSIJZ"),
                ("mode", "BCDEGNSTVXYZ"),
                ("keyversion", ("c1", "cA", "C1", "c!", "0a")),
                ("exportability", "ENSX"),
                ("context", "0123"),
            )
        )
        return self.make(self.good(**{field: self.random.choice(values)}))

    def sealed_length(self):
        """A length that the algorithm has not, or that is not the key's."""
        made = self.good()
        if self.random.random() < 0.5:
            made["bits"] = self.random.choice(
                (0, 1, 64, 127, 128, 129, 192, 256, 520, 0x8080, 0xFFFF)
            )
        else:
            made["key"] = self.random.randbytes(self.random.randrange(0, 72))
        return self.make(made)

    def sealed_padding(self):
        """More padding than any key asks for, or less than a block."""
        made = self.good()
        unit = tr31_reader.VERSIONS[made["version"]][0]
        blocks = self.random.randrange(0, 8)
        made["pad"] = self.random.randbytes(-(2 + len(made["key"])) % unit + blocks * unit)
        return self.make(made)

    def sealed_optional(self):
        blocks = [self.random.choice(BAD_OPTIONAL + OPTIONAL) for _ in range(3)]
        if self.random.random() < 0.3:
            blocks.insert(0, ("PB", "0000"))
        return self.make(self.good(optional_blocks=blocks))

    def sealed_strength(self):
        """Any key at all, also one that is stronger than the wrapping key, or of equal parts."""
        letter = self.random.choice("TAH")
        key = self.random.randbytes(self.random.choice(LENGTHS[letter]))
        if self.random.random() < 0.5:
            key = (key[:8] * 3)[: len(key)]
        usage = "M7"
        blocks = [("HM", self.random.choice(("10", "21", "24", "30")))] if letter == "H" else []
        return self.make(
            self.good(usage=usage, algorithm=letter, mode="C", key=key, optional_blocks=blocks)
        )

    # Changed after sealing.

    def changed_character(self):
        text = self.make(self.good())
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            at = self.random.randrange(len(text))
            kind = self.random.choice(
                (CHARACTERS, "0123456789ABCDEF", "abcdef", "\x01\x1b", "\u00e9\u20ac")
            )
            text = text[:at] + self.random.choice(kind) + text[at + 1 :]
        return text

    def changed_length(self):
        """Characters less or more, with the header's length as it was, or made right again."""
        text = self.make(self.good())
        at = self.random.randrange(len(text) + 1)
        count = self.random.choice((1, 2, 8, 16, 32, 64))
        if self.random.random() < 0.5:
            text = text[:at] + text[at + count :]
        else:
            text = text[:at] + "".join(self.random.choices("0123456789ABCDEF", k=count)) + text[at:]
        if self.random.random() < 0.5 and len(text) > 5:
            text = text[:1] + "%04d" % len(text) + text[5:]
        return text

    def changed_header(self):
        """A header from another block, all of whose characters are good."""
        text, other = self.make(self.good()), self.make(self.good())
        at = self.random.randrange(16)
        return text[:at] + other[at:16] + text[16:]

    def changed_parts(self):
        """Ciphertext blocks changed for one another, or those of another block."""
        text = self.make(self.good(optional_blocks=[]))
        unit = 2 * tr31_reader.VERSIONS[text[0]][0]
        body = [text[at : at + unit] for at in range(16, len(text), unit)]
        self.random.shuffle(body)
        return text[:16] + "".join(body)

    def wrong_key(self):
        """Sealed under a key that differs in one bit."""
        at = self.random.randrange(len(self.kbpk))
        kbpk = self.kbpk[:at] + bytes([self.kbpk[at] ^ 0x10]) + self.kbpk[at + 1 :]
        return self.make(self.good(), kbpk)

    def text(self):
        """Not a key block at all."""
        return "".join(self.random.choices(CHARACTERS, k=self.random.randrange(1, 300)))

    def nothing(self):
        return self.make(self.good())

    def draw(self, good=0.02):
        """A block; in `good` of the cases one that has nothing wrong."""
        if self.random.random() < good:
            return self.nothing()
        return self.random.choice(
            (
                self.sealed_field,
                self.sealed_length,
                self.sealed_padding,
                self.sealed_optional,
                self.sealed_strength,
                self.changed_character,
                self.changed_character,
                self.changed_length,
                self.changed_header,
                self.changed_parts,
                self.wrong_key,
                self.text,
            )
        )()
