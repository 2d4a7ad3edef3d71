# SPDX-License-Identifier: Apache-2.0
"""A daemon of a few lines: reads frames, lets a function answer, keeps what it was asked."""

import contextlib
import os
import socket
import struct
import threading

from proto import Codec

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CODEC = Codec(os.path.join(SOURCE, "wire", "keyferry.proto"))
OPERATIONS = {number: name for name, number in CODEC.enumerations["Operation"].items()}


class Refusal(Exception):
    """Answered with a status by its name in the schema, without STATUS_."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = CODEC.enumerations["Status"]["STATUS_" + status]


def message_name(operation):
    """OPERATION_CREATE_KEY is CreateKey."""
    return "".join(word.capitalize() for word in operation.split("_")[1:])


def frame(data):
    return struct.pack(">I", len(data)) + data


def response(request_id, **members):
    return frame(CODEC.encode("Response", {"id": request_id, **members}))


class FakeDaemon:
    """answer(name, request) gives the reply as a dict, raises Refusal, or gives bytes to be sent as they are before
    the connection is closed."""

    def __init__(self, path, answer):
        self.path = path
        self.answer = answer
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        os.unlink(self.path)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._serve(connection)

    def _serve(self, connection):
        stream = connection.makefile("rb")
        while len(header := stream.read(4)) == 4:
            request = CODEC.decode("Request", stream.read(struct.unpack(">I", header)[0]))
            name = message_name(OPERATIONS[request["operation"]])
            body = CODEC.decode(name + "Request", request.get("body", b""))
            self.asked.append((name, body))
            try:
                reply = self.answer(name, body)
            except Refusal as refusal:
                connection.sendall(response(request["id"], status=refusal.status,
                                            message=str(refusal)))
                continue
            if isinstance(reply, bytes):
                connection.sendall(reply)
                return
            connection.sendall(response(request["id"], body=CODEC.encode(name + "Reply", reply)))
