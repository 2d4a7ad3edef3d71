#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon's processes: what each holds, what survives the death of one, what a bad frame may spoil."""
import fcntl
import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time
import unittest

import harness
import wire


def maps(pid):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as file:
        return file.read()


def open_files(pid):
    folder = "/proc/%d/fd" % pid
    found = []
    for name in os.listdir(folder):
        try:
            found.append(os.readlink(os.path.join(folder, name)))
        except OSError:
            continue
    return found


class Separation(harness.TokenCase):
    def test_module_and_pin(self):
        self.sandbox.create(harness.bdk_attributes())
        module = os.path.basename(self.sandbox.variables["KEYFERRY_MODULE"])
        processes = self.sandbox.processes()
        self.assertEqual(len(processes["front"]), 1)
        self.assertEqual(len(processes["auditor"]), 1)
        self.assertEqual(len(processes["worker"]), 2)
        for pid in processes["worker"]:
            self.assertIn(module, maps(pid))
        for pid in processes["front"] + processes["auditor"] + [self.sandbox.pid]:
            self.assertNotIn(module, maps(pid))
            self.assertNotIn(self.sandbox.variables["KEYFERRY_PIN_FILE"], open_files(pid))

    def test_all_names_begin_alike(self):
        for pids in self.sandbox.processes().values():
            for pid in pids:
                with open("/proc/%d/cmdline" % pid, "rb") as file:
                    self.assertTrue(
                        os.path.basename(file.read().split(b"\0")[0]).startswith(b"keyferryd")
                    )


harness.on_both_tokens(Separation)
del Separation


class PinFile(harness.TokenCase):
    def test_only_workers_open_it(self):
        """By strace where that is there: each process's own file calls, from exec on."""
        if (
            subprocess.run(["which", "strace"], stdout=subprocess.DEVNULL, check=False).returncode
            != 0
        ):
            self.skipTest("strace is not installed")
        with tempfile.TemporaryDirectory() as folder:
            config = self.sandbox.variables["KEYFERRY_CONFIG"]
            with open(config, encoding="utf-8") as file:
                text = file.read()
            for old, name in (
                (self.sandbox.socket, "socket"),
                (self.sandbox.variables["KEYFERRY_AUDIT_LOG"], "audit.jsonl"),
            ):
                text = text.replace(old, os.path.join(folder, name))
            with open(os.path.join(folder, "config"), "w", encoding="utf-8") as file:
                file.write(text)
            traces = os.path.join(folder, "trace")
            # LeakSanitizer cannot work in a process that is traced.
            variables = dict(self.sandbox.variables, ASAN_OPTIONS="detect_leaks=0")
            traced = subprocess.Popen(
                [
                    "strace",
                    "-ff",
                    "-qq",
                    "-e",
                    "trace=open,openat,execve",
                    "-s",
                    "500",
                    "-o",
                    traces,
                    os.path.join(harness.BIN, "keyferryd"),
                    "--config",
                    os.path.join(folder, "config"),
                ],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                client = harness.Client({"KEYFERRY_SOCKET": os.path.join(folder, "socket")})

                def ready():
                    try:
                        return client.status()["state"] == "ready"
                    except (OSError, wire.Closed):
                        return False

                harness.wait_until(ready, 60, "the traced daemon is ready")
            finally:
                traced.terminate()
                for child in harness.children(traced.pid):
                    os.kill(child, signal.SIGTERM)
                traced.wait(30)
            found = {}
            for name in os.listdir(folder):
                if name.startswith("trace."):
                    with open(
                        os.path.join(folder, name), encoding="utf-8", errors="replace"
                    ) as file:
                        found[name] = file.read()
        openers = [
            text for text in found.values() if self.sandbox.variables["KEYFERRY_PIN_FILE"] in text
        ]
        self.assertTrue(openers)
        for text in openers:
            self.assertRegex(text, r"execve\([^\n]*worker")
        for word in ("front", "auditor"):
            self.assertTrue(
                [text for text in found.values() if "execve(" in text and word in text], word
            )


class Crashes(harness.TokenCase):
    options = {"workers": 2}

    def setUp(self):
        self.sandbox.wait_ready()
        self.kek = self.sandbox.create(harness.kek_attributes("AES_256"))
        self.bdk = self.sandbox.create(harness.bdk_attributes())

    def test_a_killed_worker_loses_nothing(self):
        total, killed = 1000, 0
        answers, results = {}, 0
        before = len(self.sandbox.audit())
        with self.sandbox.connect() as connection:
            request = harness.tr31_request(self.bdk, self.kek)
            for number, reply in connection.pipeline("EXPORT_KEY", request, total, window=200):
                self.assertNotIn(number, answers)
                answers[number] = reply
                if len(answers) in (200, 500) and killed < 2:
                    self.sandbox.kill_worker(0)
                    killed += 1
        self.assertEqual(killed, 2)
        self.assertEqual(sorted(answers), list(range(1, total + 1)))
        for reply in answers.values():
            if isinstance(reply, wire.Refused):
                self.assertEqual(reply.name, "ServiceUnavailableException")
                self.assertIn("again", reply.text)
            else:
                results += 1
        self.assertGreater(results, total // 2)
        self.assert_each_result_is_on_record(answers, before)
        self.sandbox.wait_ready()
        self.assertEqual(self.sandbox.status()["workers_ready"], 2)
        self.sandbox.export(self.bdk, self.kek)

    def assert_each_result_is_on_record(self, answers, before):
        digests = [record_digest(record) for record in self.sandbox.audit()[before:]]
        for reply in answers.values():
            if not isinstance(reply, wire.Refused):
                block = reply["wrapped_key"]["key_material"]
                digest = hashlib.sha256(block.encode()).hexdigest().upper()
                self.assertIn(digest, digests)

    def test_refusals_are_on_record(self):
        self.refuses("ResourceNotFoundException", self.sandbox.export, "alias/none", self.kek)
        self.assertIn("alias/none", str(self.sandbox.audit()[-1]))

    def test_a_bad_frame_ends_its_own_connection(self):
        good = self.sandbox.connect()
        self.addCleanup(good.socket.close)
        good.call("STATUS")
        request = wire.request_frame(1, "STATUS", {})
        for what, data in (
            ("garbage", b"GET / HTTP/1.1\r\n\r\n"),
            ("over-long", struct.pack(">I", 1 << 30)),
            ("not a message", wire.frame(b"\xFF" * 40)),
            ("random", wire.frame(os.urandom(200))),
            ("trailing bytes", wire.frame(request[4:] + b"\x00")),
        ):
            with self.subTest(what), self.sandbox.connect(timeout=10) as bad:
                bad.socket.sendall(data)
                self.assert_closed(bad)
            good.call("STATUS")

    def assert_closed(self, connection):
        """Perhaps an answer that says why, and then the end."""
        with self.assertRaises(wire.Closed):
            for _ in range(3):
                _, reply = connection.receive()
                self.assertIsInstance(reply, wire.Refused)

    def test_a_truncated_frame(self):
        with self.sandbox.connect(timeout=10) as bad:
            bad.socket.sendall(wire.request_frame(1, "STATUS", {})[:-3])
            bad.socket.shutdown(socket.SHUT_WR)
            self.assert_closed(bad)
        self.assertEqual(self.sandbox.status()["state"], "ready")

    def test_an_unknown_operation_is_refused(self):
        with self.sandbox.connect(timeout=10) as connection:
            connection.waiting[7] = "STATUS"
            connection.socket.sendall(
                wire.frame(wire.encode("Request", {"id": 7, "operation": 4711}))
            )
            number, reply = connection.receive()
        self.assertEqual(number, 7)
        self.assertEqual(reply.name, "ValidationException")


def unread(connection):
    """Bytes that the daemon has not read yet; what it has not read it does not answer when it ends."""
    return struct.unpack("i", fcntl.ioctl(connection.socket, termios.TIOCOUTQ, bytes(4)))[0]


class Drain(unittest.TestCase):
    def test_sigterm_answers_what_it_took(self):
        with harness.Sandbox() as sandbox, harness.Daemon(sandbox) as daemon:
            daemon.wait_for("ready")
            kek = daemon.create(harness.kek_attributes("AES_256"))
            bdk = daemon.create(harness.bdk_attributes())
            with daemon.connect() as connection:
                for _ in range(200):
                    connection.send("EXPORT_KEY", harness.tr31_request(bdk, kek))
                harness.wait_until(lambda: unread(connection) == 0, 30, "all requests are taken")
                daemon.process.send_signal(signal.SIGTERM)
                answered = 0
                try:
                    while answered < 200:
                        connection.receive()
                        answered += 1
                except wire.Closed:
                    pass
            self.assertEqual(daemon.process.wait(30), 0)
            self.assertEqual(answered, 200)
            deadline = time.monotonic() + 5
            while os.path.exists(daemon.socket) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertFalse(os.path.exists(daemon.socket))


def record_digest(record):
    """The SHA-256 of what left, wherever in the record it stands."""
    return next(
        (str(value).upper() for key, value in record.items() if "sha256" in key.lower()), None
    )


class LostToken(harness.TokenCase):
    """SoftHSM's directory goes away for a while, as when its file system is mounted anew: from then on the module finds
    nothing, without an error, until it is loaded again."""

    def tokens(self):
        with open(self.sandbox.variables["SOFTHSM2_CONF"], encoding="utf-8") as file:
            return re.search(r"tokendir *= *(\S+)", file.read()).group(1)

    def lost(self, meanwhile):
        os.rename(self.tokens(), self.tokens() + ".away")
        try:
            meanwhile()
            time.sleep(2)
        finally:
            os.rename(self.tokens() + ".away", self.tokens())

    def test_it_comes_back(self):
        kek = self.sandbox.create(harness.kek_attributes("AES_128"))
        key = self.sandbox.create(harness.bdk_attributes())

        def use():
            for _ in range(4):
                try:
                    self.sandbox.export(key, kek)
                except wire.Refused as refused:
                    self.assertEqual(refused.name, "ServiceUnavailableException", refused.text)

        for meanwhile in (use, lambda: None):  # noticed by a job, and by an idle worker
            workers = set(self.sandbox.processes()["worker"])
            self.lost(meanwhile)
            harness.wait_until(
                lambda gone=workers: self.sandbox.status()["workers_ready"] == 2
                and not gone & set(self.sandbox.processes()["worker"]),
                30,
                "both workers are new ones",
            )
            self.sandbox.wait_ready()
            self.assertEqual(len(self.sandbox.call("LIST_KEYS")["keys"]), 2)
            for _ in range(4):
                self.sandbox.export(key, kek)


if __name__ == "__main__":
    harness.main()
