# SPDX-License-Identifier: Apache-2.0
"""The daemon around a service without a token: its processes, a client that sends whatever it is told to."""
import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.abspath(os.environ.get("KEYFERRY_SOURCE") or os.path.join(HERE, "../../.."))
BUILD = os.path.abspath(os.environ.get("KEYFERRY_BUILD") or os.path.join(SOURCE, "build"))
sys.path.insert(0, os.path.join(SOURCE, "test", "integration"))

import wire  # noqa: E402

DAEMON = os.path.join(BUILD, "test/integration/plumbing/keyferryd-without-token")
OK, VALIDATION, DENIED, THROTTLED, UNAVAILABLE = 0, 1, 4, 5, 6
CONFIG = """
socket: {{path: {folder}/socket}}
token:
  module: /nonexistent
  uri: "pkcs11:token=none"
  pin-file: {folder}/pin
  environment: ["FAKE_DIR={folder}"]
audit: {{path: {folder}/audit.jsonl}}
workers: {workers}
limits: {{job-timeout: {job_timeout}, start-timeout: {start_timeout}{limits}}}
"""


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("not within %s s: %s" % (seconds, what))
        time.sleep(0.01)


def request(number, command="", operation="EXPORT_KEY"):
    """A frame; operation may be a number."""
    value = wire.OPERATIONS.get(operation, operation)
    body = command if isinstance(command, bytes) else command.encode()
    return wire.frame(wire.CODEC.encode("Request", {"id": number, "operation": value, "body": body}))


class Connection:
    """A raw connection; answers are dicts with id, status and message."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _read(self, size):
        while len(self.received) < size:
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                return False
            self.received += data
        return True

    def answer(self):
        """The next answer; None at the end of the stream."""
        if not self._read(4):
            return None
        size = struct.unpack(">I", self.received[:4])[0]
        if not self._read(4 + size):
            raise AssertionError("the stream ends in the middle of an answer")
        answer = wire.CODEC.decode("Response", self.received[4:4 + size])
        self.received = self.received[4 + size:]
        return {"id": answer.get("id", 0), "status": answer.get("status", 0), "message": answer.get("message", ""),
                "body": answer.get("body", b"")}

    def call(self, command="", operation="EXPORT_KEY"):
        self.send(request(1, command, operation))
        return self.answer()

    def status(self):
        """The StatusReply as a dict; numbers that are 0 are not in it."""
        answer = self.call("", "STATUS")
        if answer is None:
            raise ConnectionError("the daemon closed the connection")
        return wire.CODEC.decode("StatusReply", answer["body"])


class Daemon:
    """A daemon with its files in a folder of its own."""

    def __init__(self, pin="right", workers=2, job_timeout=10000, start_timeout=10000, limits="", more="",
                 command=(), variables=None):
        self.files = tempfile.TemporaryDirectory(prefix="keyferry-plumbing.")
        self.folder = self.files.name
        os.chmod(self.folder, 0o755)
        self.set_pin(pin)
        self.config = self.path("keyferry.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=self.folder, workers=workers, job_timeout=job_timeout,
                                     start_timeout=start_timeout, limits=limits and ", " + limits) + more)
        self.log_file = open(self.path("log"), "w", encoding="utf-8")
        self.process = subprocess.Popen([*command, DAEMON, "--config", self.config], stdin=subprocess.DEVNULL,
                                        stderr=self.log_file, env=dict(os.environ, **(variables or {})))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log_file.close()
        self.files.cleanup()

    def path(self, name):
        return os.path.join(self.folder, name)

    def set_pin(self, word):
        """A new file in the place of the old one, so that nobody finds half of it."""
        with open(self.path("pin.new"), "w", encoding="utf-8") as file:
            file.write(word + "\n")
        os.rename(self.path("pin.new"), self.path("pin"))

    def change(self, old, new):
        """Another configuration, which nobody has read yet."""
        text = self.read("keyferry.yaml")
        if old not in text:
            raise AssertionError("the configuration has no " + old)
        with open(self.path("keyferry.yaml.new"), "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        os.rename(self.path("keyferry.yaml.new"), self.config)

    def reloads(self):
        """How many are over, and how they ended."""
        return re.findall("configuration (was read again|has not changed|stays as it was)", self.read("log"))

    def reload(self, seconds=20):
        """SIGHUP, and what came of it."""
        before = len(self.reloads())
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.reloads()) > before, seconds, "the end of a reload")
        return self.reloads()[before]

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def connect(self, timeout=30):
        return Connection(self.path("socket"), timeout)

    def status(self):
        with self.connect() as connection:
            return connection.status()

    def reason(self):
        return self.status().get("reason", "")

    def wait_state(self, state, seconds=20):
        def look():
            if self.process.poll() is not None:
                raise AssertionError("the daemon ended: " + self.read("log"))
            with contextlib.suppress(OSError):
                return self.status()["state"] == state
            return False
        try:
            wait_until(look, seconds, "state " + state)
        except BaseException:
            self.__exit__()  # most tests wait before they enter
            raise
        return self

    def wait_jobs(self, count):
        """Until so many are with the workers."""
        wait_until(lambda: self.status().get("jobs", 0) == count, 20, "%d jobs" % count)

    def logins(self):
        with contextlib.suppress(FileNotFoundError):
            return self.read("logins").splitlines()
        return []

    def audit(self):
        """The lines that are there as a whole."""
        return [json.loads(line) for line in self.read("audit.jsonl").split("\n")[:-1]]

    def children(self):
        """Process ids by what argv[0] says: "front", "worker 0" and so on."""
        found = {}
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as file:
            pids = [int(word) for word in file.read().split()]
        for pid in pids:
            with contextlib.suppress(OSError):
                with open("/proc/%d/cmdline" % pid, "rb") as file:
                    name = file.read().split(b"\0")[0].decode()
                found[name[len("keyferryd: "):]] = pid
        return found

    def worker_alone(self):
        """A worker without a daemon around it, on the configuration of one that has ended: the process, and our ends of
        its channels: control, jobs and results."""
        pairs = [socket.socketpair(socket.AF_UNIX, kind)
                 for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM, socket.SOCK_STREAM)]
        memory = [os.memfd_create(name) for name in ("shared", "login")]
        for fd in memory:
            os.ftruncate(fd, 65536)
        config = os.open(self.config, os.O_RDONLY)
        given = [theirs.fileno() for _, theirs in pairs] + [memory[0], config, memory[1]]

        def place():
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 50) for fd in given]
            for number, fd in enumerate(high):
                os.dup2(fd, 3 + number)

        process = subprocess.Popen(["keyferryd: worker 0"], executable=DAEMON, stdin=subprocess.DEVNULL,
                                   stderr=self.log_file, pass_fds=range(3, 3 + len(given)), preexec_fn=place)
        for fd in (*memory, config):
            os.close(fd)
        for _, theirs in pairs:
            theirs.close()
        return process, [ours for ours, _ in pairs]

    def kill(self, name):
        os.kill(self.children()[name], signal.SIGKILL)


def main():
    """As automake reads it: 77 where there was nothing but skipped tests."""
    result = unittest.main(exit=False, verbosity=2, module="__main__").result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun > 0 and len(result.skipped) == result.testsRun else 0)
