# SPDX-License-Identifier: Apache-2.0
"""Keyferry's messages as Python dicts, encoded and decoded along the schema's own text.

Only what the schema uses is understood: strings, bytes, booleans, integers, enumerations (as numbers), messages,
and lists of messages.
"""

import re

VARINT, BYTES = 0, 2


def read_schema(path):
    """{message: {member: (number, type, repeated)}} and {enumeration: {name: number}}."""
    messages, enumerations = {}, {}
    with open(path, encoding="utf-8") as schema:
        text = re.sub(r"//[^\n]*", "", schema.read())
    for kind, name, body in re.findall(r"\b(message|enum)\s+(\w+)\s*\{(.*?)\}", text, re.S):
        if kind == "enum":
            enumerations[name] = {n: int(v) for n, v in re.findall(r"(\w+)\s*=\s*(\d+)\s*;", body)}
        else:
            messages[name] = {
                member: (int(number), of, label == "repeated")
                for label, of, member, number in re.findall(
                    r"(optional|repeated)?\s*\b(\w+)\s+(\w+)\s*=\s*(\d+)\s*;", body)}
    return messages, enumerations


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


class Codec:
    def __init__(self, path):
        self.messages, self.enumerations = read_schema(path)

    def encode(self, name, members):
        out = b""
        for member, value in members.items():
            number, of, repeated = self.messages[name][member]
            for one in value if repeated else [value]:
                out += self._encode_one(number, of, one)
        return out

    def _encode_one(self, number, of, value):
        if of in self.messages:
            value = self.encode(of, value)
        elif of == "string":
            value = value.encode() if isinstance(value, str) else value
        if isinstance(value, bytes):
            return varint(number << 3 | BYTES) + varint(len(value)) + value
        return varint(number << 3 | VARINT) + varint(int(value))

    def decode(self, name, data):
        numbers = {n: (member, of, rep) for member, (n, of, rep) in self.messages[name].items()}
        members, at = {}, 0
        while at < len(data):
            key, at = read_varint(data, at)
            value, at = read_varint(data, at)
            if key & 7 == BYTES:
                value, at = data[at:at + value], at + value
            member, of, repeated = numbers[key >> 3]
            if of in self.messages:
                value = self.decode(of, value)
            elif of == "string":
                value = value.decode()
            elif of == "bool":
                value = bool(value)
            elif of in ("int32", "int64") and value >> 63:
                value -= 1 << 64
            if repeated:
                members.setdefault(member, []).append(value)
            else:
                assert member not in members, f"{name}.{member} came twice"
                members[member] = value
        return members
