# SPDX-License-Identifier: Apache-2.0
"""Connections to the daemon, for tests: the protocol spoken along its schema, nothing of the project's own code.

A message is a dict of the schema's member names; what is absent is not in it. What a test sends may be wrong. A
Connection keeps as many requests in flight as it is told to.
"""
import os
import socket
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "cli"))  # first: nanopb installs a "proto" too
import proto  # noqa: E402

CODEC = proto.Codec(os.path.join(HERE, "../../wire/keyferry.proto"))
encode, decode = CODEC.encode, CODEC.decode
OPERATIONS = {
    name[len("OPERATION_") :]: number for name, number in CODEC.enumerations["Operation"].items()
}
STATUS_NAMES = {
    0: "OK",
    1: "ValidationException",
    2: "ResourceNotFoundException",
    3: "ConflictException",
    4: "AccessDeniedException",
    5: "ThrottlingException",
    6: "ServiceUnavailableException",
    7: "InternalServerException",
}


def message_of(operation):
    """CREATE_KEY -> CreateKey"""
    return "".join(part.capitalize() for part in operation.split("_"))


def request_frame(number, operation, values):
    name = message_of(operation) + "Request"
    body = encode(name, values)
    return frame(
        encode("Request", {"id": number, "operation": OPERATIONS[operation], "body": body})
    )


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
        answer = decode("Response", self.received[4 : 4 + size])
        self.received = self.received[4 + size :]
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
