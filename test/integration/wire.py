# SPDX-License-Identifier: Apache-2.0
"""Keyferry's protocol, for tests: frames and messages read from the schema itself, no library of the project's.

A message is a dict of the schema's member names; what is absent is not in it. encode() writes what it is given, wrong
or not. A Connection keeps as many requests in flight as it is told to.
"""
import os
import re
import socket
import struct

SCHEMA = os.path.join(os.environ.get("KEYFERRY_SOURCE") or os.path.join(os.path.dirname(__file__), "../.."),
                      "wire/keyferry.proto")
VARINTS = ("bool", "int32", "int64", "uint32", "uint64")


class Member:
    def __init__(self, label, kind, name, number):
        self.repeated = label == "repeated"
        self.kind = kind
        self.name = name
        self.number = int(number)


def _read_schema(path):
    with open(path, encoding="ascii") as file:
        text = re.sub(r"//.*", "", file.read())
    messages, enums = {}, {}
    for word, name, body in re.findall(r"(message|enum)\s+(\w+)\s*\{([^}]*)\}", text):
        if word == "message":
            found = re.findall(r"(?:(optional|repeated)\s+)?(\w+)\s+(\w+)\s*=\s*(\d+)\s*;", body)
            messages[name] = [Member(*each) for each in found]
        else:
            enums[name] = {key: int(number) for key, number in re.findall(r"(\w+)\s*=\s*(\d+)\s*;", body)}
    return messages, enums


MESSAGES, ENUMS = _read_schema(SCHEMA)
OPERATIONS = {name[len("OPERATION_"):]: number for name, number in ENUMS["Operation"].items()}
STATUS_NAMES = {0: "OK", 1: "ValidationException", 2: "ResourceNotFoundException", 3: "ConflictException",
                4: "AccessDeniedException", 5: "ThrottlingException", 6: "ServiceUnavailableException",
                7: "InternalServerException"}


def _varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number, wire_type, content):
    return _varint(number << 3 | wire_type) + content


def encode(name, values):
    out = b""
    members = {member.name: member for member in MESSAGES[name]}
    for key, value in values.items():
        member = members[key]
        for each in value if member.repeated else [value]:
            if member.kind in VARINTS or member.kind in ENUMS:
                out += _field(member.number, 0, _varint(int(each)))
                continue
            if member.kind in MESSAGES:
                each = encode(member.kind, each)
            elif isinstance(each, str):
                each = each.encode()
            out += _field(member.number, 2, _varint(len(each)) + each)
    return out


def _read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _value(kind, raw):
    if kind == "bool":
        return bool(raw)
    if kind in ("int32", "int64"):
        return raw - (1 << 64) if raw >> 63 else raw
    if kind == "string":
        return raw.decode()
    return decode(kind, raw) if kind in MESSAGES else raw


def decode(name, data):
    members = {member.number: member for member in MESSAGES[name]}
    values = {member.name: [] for member in MESSAGES[name] if member.repeated}
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        if tag & 7 == 0:
            raw, at = _read_varint(data, at)
        elif tag & 7 == 2:
            size, at = _read_varint(data, at)
            raw, at = data[at:at + size], at + size
        else:
            raise ValueError("wire type %d" % (tag & 7))
        member = members[tag >> 3]
        if member.repeated:
            values[member.name].append(_value(member.kind, raw))
        else:
            values[member.name] = _value(member.kind, raw)
    return values


def message_of(operation):
    """CREATE_KEY -> CreateKey"""
    return "".join(part.capitalize() for part in operation.split("_"))


def request_frame(number, operation, values):
    name = message_of(operation) + "Request"
    body = encode(name, values)
    return frame(encode("Request", {"id": number, "operation": OPERATIONS[operation], "body": body}))


def frame(data):
    return struct.pack(">I", len(data)) + data


class Refused(Exception):
    """An answer that is not OK: .name is AWS's exception, .text the sentence."""

    def __init__(self, name, text):
        super().__init__("%s: %s" % (name, text))
        self.name = name
        self.text = text


class Closed(Exception):
    """The daemon closed the connection."""


class Connection:
    """One connection; requests get ids from 1 on."""

    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.received = b""
        self.last = 0
        self.waiting = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, operation, values):
        """Sends a request without waiting; returns its id."""
        self.last += 1
        self.waiting[self.last] = operation
        self.socket.sendall(request_frame(self.last, operation, values))
        return self.last

    def _fill(self, size):
        while len(self.received) < size:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed("closed with %d requests unanswered" % len(self.waiting))
            self.received += data

    def receive(self):
        """The next answer, as (id, reply or Refused)."""
        self._fill(4)
        size = struct.unpack(">I", self.received[:4])[0]
        self._fill(4 + size)
        answer = decode("Response", self.received[4:4 + size])
        self.received = self.received[4 + size:]
        number = answer.get("id", 0)
        operation = self.waiting.pop(number, None)
        status = answer.get("status", 0)
        if status != 0:
            return number, Refused(STATUS_NAMES[status], answer.get("message", ""))
        return number, decode(message_of(operation) + "Reply", answer.get("body", b""))

    def call(self, operation, values=None):
        """One request and its answer; raises Refused."""
        wanted = self.send(operation, values or {})
        number, reply = self.receive()
        if number != wanted:
            raise ValueError("an answer to %d came for %d" % (number, wanted))
        if isinstance(reply, Refused):
            raise reply
        return reply

    def pipeline(self, operation, values, count, window=64):
        """Sends the same request count times, window of them at once; yields (id, reply or Refused)."""
        sent = 0
        for _ in range(count):
            while sent < count and len(self.waiting) < window:
                self.send(operation, values)
                sent += 1
            yield self.receive()
