#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No clear key byte outside the token: keys that this test knows leave in every form, many times,
and come in; the memory of all of the daemon's processes and all files it wrote are searched for each
run of 8 bytes of them."""
import collections
import os
import re
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import harness
import tr31_reader
import tr34_case
import tr34_openssl
import tr34_partner
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# On each token. The promise is for 1,000 in all.
EXPORTS = int(os.environ.get("KEYFERRY_MEMORY_EXPORTS", "140"))
WINDOW = 24
SCANNER = os.path.join(harness.BUILD, "test/integration/memory-scan")
RUN = 8
ZEROS = bytes(16)
# X9.24-1: what makes of a TDES base derivation key the one for the right half
MASK = bytes.fromhex("C0C0C0C000000000" * 2)
PR_SET_DUMPABLE = 4
CLOSED = "import ctypes, sys; ctypes.CDLL(None).prctl(%d, 0); print(flush=True); sys.stdin.read()"
# What a token keeps in the memory of an idle worker (doc/threat-model.md): NSS has the values of
# session objects in clear, and of those only the cached KBEK and KBMK live longer than one job.
KEPT = {"softhsm": set(), "nss": {"kbek", "kbmk"}}

Hit = collections.namedtuple("Hit", "name offset form address rights place")


class Known:
    """The secrets of a test, each under a name: what it is, and a number."""

    def __init__(self):
        self.values = {}

    def add(self, kind, value, block=16):
        """A TDES key (block 8) has a second form, with the parity that tokens give it."""
        forms = {value} if block == 16 else {value, harness.odd_parity(value)}
        for form in forms:
            self.values["%s-%d" % (kind, len(self.values))] = form

    def look(self, *arguments):
        """Runs the scanner: its hits, and how many bytes it saw."""
        lines = "".join("%s %s\n" % (name, value.hex()) for name, value in self.values.items())
        done = subprocess.run(
            [SCANNER, *map(str, arguments)],
            input=lines,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        *hits, last = done.stdout.splitlines()
        return [Hit(*line.split(" ", 5)) for line in hits], int(last.split()[1])


def reads_closed_processes():
    """Whether this process may look into one that is not dumpable."""
    with subprocess.Popen(
        [sys.executable, "-c", CLOSED % PR_SET_DUMPABLE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        try:
            with open("/proc/%d/mem" % process.pid, "rb"):
                return True
        except PermissionError:
            return False
        finally:
            process.stdin.close()


def kind_of(hit):
    return hit.name.partition("-")[0]


def block_of(algorithm):
    return 8 if algorithm.startswith("TDES") else 16


def encrypt(algorithm, key, data):
    cipher = algorithms.TripleDES if block_of(algorithm) == 8 else algorithms.AES
    context = Cipher(cipher(key), modes.ECB()).encryptor()
    return context.update(data) + context.finalize()


class Key(collections.namedtuple("Key", "algorithm value arn")):
    """A key in the token whose bytes are known."""


class Memory(tr34_case.Tr34Case):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("SANITIZED") == "yes":
            raise unittest.SkipTest("a sanitizer keeps what was freed")
        if not reads_closed_processes():
            raise unittest.SkipTest("needs CAP_SYS_PTRACE, or a user namespace, to read the memory")
        # Nothing but the daemon itself keeps it from leaving a core.
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_CORE, (soft, hard))
        super().setUpClass()
        cls.known = Known()
        with open(cls.sandbox.variables["KEYFERRY_PIN_FILE"], "rb") as file:
            cls.known.add("pin", file.read().strip())
        cls.make_keys()
        cls.seen_meanwhile = []
        cls.export_all()
        cls.import_some()

    @classmethod
    def make_keys(cls):
        cls.keks = [
            cls.make("kbpk", harness.kek_attributes(name))
            for name in ("TDES_2KEY", "TDES_3KEY", "AES_128", "AES_256")
        ]
        for name, value, _ in cls.keks:
            block = block_of(name)
            kbek, kbmk = tr31_reader.derive_keys("B" if block == 8 else "D", value)
            cls.known.add("kbek", kbek, block)
            cls.known.add("kbmk", kbmk, block)
            cls.known.add("constant", encrypt(name, value, ZEROS[:block]))
            cls.known.add("constant", encrypt(name, kbmk, ZEROS[:block]))
        cls.keys = [cls.make("key", tr34_case.data_key(name)) for name in harness.ALGORITHMS]
        cls.bdks = [
            cls.make("bdk", harness.bdk_attributes(name), exportable=False)
            for name in ("TDES_2KEY", "AES_128")
        ]
        variant = bytes(a ^ b for a, b in zip(cls.bdks[0].value, MASK))
        cls.known.add("variant", variant, 8)

    @classmethod
    def make(cls, kind, key_attributes, exportable=True):
        value, arn = cls.sandbox.adopt_known(key_attributes, exportable)
        algorithm = key_attributes["key_algorithm"]
        cls.known.add(kind, value, block_of(algorithm))
        return Key(algorithm, value, arn)

    # Each of these gives requests, each with what opens its answer and adds what was in it.

    @classmethod
    def key_block(cls, key, kek):
        def opened(wrapped):
            return cls.open_block(kek, wrapped, key.value)

        return harness.tr31_request(key.arn, kek.arn), opened

    @classmethod
    def open_block(cls, kek, wrapped, expected):
        found = tr31_reader.open_block(kek.value, wrapped["key_material"])
        payload = (8 * len(expected)).to_bytes(2, "big") + expected + found["pad"]
        cls.known.add("payload", payload)
        return found["key"] == expected

    @classmethod
    def initial_key(cls, bdk, kek):
        tdes = block_of(bdk.algorithm) == 8
        ksn = secrets.token_bytes(10 if tdes else 12)
        derive = tr31_reader.dukpt_tdes_initial_key if tdes else tr31_reader.dukpt_aes_initial_key
        value = derive(bdk.value, ksn)
        cls.known.add("initial", value, block_of(bdk.algorithm))
        request = harness.initial_key_request(bdk.arn, kek.arn, ksn.hex().upper())
        return request, lambda wrapped: cls.open_block(kek, wrapped, value)

    @classmethod
    def key_token(cls, case, key):
        def opened(wrapped):
            found = case.open(wrapped)
            cls.known.add("content", found["content_key"], block_of(key.algorithm))
            return found["key"] == key.value

        return case.tr34(key.arn), opened

    @classmethod
    def key_cryptogram(cls, case, key):
        def opened(wrapped):
            cryptogram = bytes.fromhex(wrapped["key_material"])
            return tr34_openssl.oaep_open(cryptogram, case.receivers[3072].key) == key.value

        return case.cryptogram(key.arn), opened

    @classmethod
    def round_of_exports(cls):
        """Every key under every key that may wrap it, initial keys, key tokens, cryptograms."""
        case = cls()
        rank = harness.ALGORITHMS.index
        for kek in cls.keks:
            for key in cls.keys:
                if rank(key.algorithm) <= rank(kek.algorithm):
                    yield cls.key_block(key, kek)
            for bdk in cls.bdks:
                if rank(bdk.algorithm) <= rank(kek.algorithm):
                    yield cls.initial_key(bdk, kek)
        for key in cls.keys[:3]:
            yield cls.key_token(case, key)
            yield cls.key_cryptogram(case, key)

    @classmethod
    def every_export(cls):
        count = 0
        while True:
            for each in cls.round_of_exports():
                if count == EXPORTS:
                    return
                yield each
                count += 1

    @classmethod
    def export_all(cls):
        """All of them, many under way at once; meanwhile parent, front and auditor are looked at."""
        opening, answered = {}, 0
        with cls.sandbox.connect() as connection:

            def take():
                number, reply = connection.receive()
                if isinstance(reply, Exception) or not opening.pop(number)(reply["wrapped_key"]):
                    raise AssertionError("export %d: %s" % (number, reply))

            for request, opened in cls.every_export():
                opening[connection.send("EXPORT_KEY", request)] = opened
                if len(opening) == WINDOW:
                    take()
                    answered += 1
                    if answered % max(1, EXPORTS // 4) == 0:
                        cls.seen_meanwhile += cls.look_outside()
            while opening:
                take()

    @classmethod
    def import_some(cls):
        """Keys of known bytes by key block and by cryptogram."""
        partner = tr34_partner.Partner()
        receiver = partner.receiver(cls.sandbox, 3072, "KEY_CRYPTOGRAM")
        for kek in cls.keks:
            name = kek.algorithm
            value = harness.random_key(name)
            cls.known.add("imported", value, block_of(name))
            letter, version = ("T", "B") if block_of(name) == 8 else ("A", "D")
            block = tr31_reader.make_block(kek.value, version, "D0", letter, "B", value)
            cls.sandbox.call("IMPORT_KEY", harness.import_request(block, kek.arn))
        value = harness.random_key("AES_128")
        cls.known.add("imported", value)
        material = {
            "key_attributes": tr34_case.data_key("AES_128"),
            "exportable": True,
            "import_token": receiver.token,
            "wrapping_spec": "RSA_OAEP_SHA_256",
            "wrapped_key_cryptogram": tr34_partner.cryptogram(receiver, value).hex().upper(),
        }
        cls.sandbox.call("IMPORT_KEY", {"key_material": {"key_cryptogram": material}})

    @classmethod
    def outside(cls):
        """Process ids of all but the workers, by what they are."""
        found = dict(cls.sandbox.processes(), parent=[cls.sandbox.pid])
        return {kind: pids[0] for kind, pids in found.items() if kind != "worker"}

    @classmethod
    def look_outside(cls):
        return [
            (kind, hit)
            for kind, pid in cls.outside().items()
            for hit in cls.known.look("process", pid)[0]
        ]

    def look_at_workers(self):
        """What idle workers have."""
        self.sandbox.wait_ready()
        pids = self.sandbox.processes()["worker"]
        return [hit for pid in pids for hit in self.known.look("process", pid)[0]]

    def test_parent_front_and_auditor(self):
        self.assertEqual(sorted(self.outside()), ["auditor", "front", "parent"])
        self.assertEqual(self.seen_meanwhile, [])
        self.assertEqual(self.look_outside(), [])

    def test_files(self):
        """Logs, audit log, configuration and the token's own files; the PIN is in its own."""
        pin = self.sandbox.variables["KEYFERRY_PIN_FILE"]
        folder = os.path.dirname(self.sandbox.variables["KEYFERRY_CONFIG"])
        paths = [
            os.path.join(place, name)
            for place, _, names in os.walk(folder)
            for name in names
            if os.path.isfile(os.path.join(place, name)) and os.path.join(place, name) != pin
        ]
        self.assertIn(self.sandbox.variables["KEYFERRY_AUDIT_LOG"], paths)
        self.assertIn(self.sandbox.variables["KEYFERRY_LOG"], paths)
        self.assertEqual(self.known.look("files", *paths)[0], [])
        self.assertEqual({kind_of(hit) for hit in self.known.look("files", pin)[0]}, {"pin"})

    def test_what_is_planted_is_found(self):
        """The same look finds 8 bytes of a key, as bytes and as text, in each of the processes."""
        name, value = next(each for each in self.known.values.items() if each[0].startswith("key"))
        part = value[-RUN:]
        for kind, pid in dict(self.outside(), worker=self.sandbox.processes()["worker"][0]).items():
            for planted in (part, part.hex().upper().encode()):
                with self.subTest(kind, planted=planted):
                    address = unused_stack(pid)
                    write_memory(pid, address, planted)
                    found, size = self.known.look("process", pid)
                    write_memory(pid, address, bytes(len(planted)))
                    places = [(hit.name, int(hit.address, 16)) for hit in found]
                    self.assertIn((name, address), places)
                    self.assertGreater(size, 1 << 20)

    def test_workers(self):
        found = self.look_at_workers()
        # A value that a token keeps is where malloc() put it, as bytes, once in each worker.
        self.assertEqual({kind_of(hit) for hit in found}, KEPT[self.token], found)
        self.assertLessEqual({(hit.place, hit.form) for hit in found}, {("[heap]", "bytes")})
        copies = collections.Counter((hit.name, hit.offset) for hit in found)
        self.assertLessEqual(max(copies.values(), default=0), 2)
        # A worker that gives up a cached KBEK leaves nothing of it.
        for kek in self.keks:
            self.sandbox.call("STOP_KEY_USAGE", {"key_identifier": kek.arn})
        harness.wait_until(lambda: not self.look_at_workers(), 10, "the workers have forgotten")

    def test_workers_that_crash_leave_no_core(self):
        # The last of all, by its name: the next worker knows nothing.
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["sh", "-c", "kill -SEGV $$"], cwd=folder, check=False)
            if not os.listdir(folder):
                self.skipTest("no process here leaves a core in its folder")
        pid = self.sandbox.processes()["worker"][0]
        folder = os.readlink("/proc/%d/cwd" % pid)
        before = set(os.listdir(folder))
        os.kill(pid, signal.SIGSEGV)
        workers = lambda: self.sandbox.processes().get("worker", [])
        harness.wait_until(lambda: pid not in workers(), 20, "the worker has ended")
        self.sandbox.wait_ready()
        left = set(os.listdir(folder)) - before
        self.assertEqual([name for name in left if name.startswith("core")], [])


def unused_stack(pid):
    """An address at the far end of a process's stack, deeper than it is now."""
    with open("/proc/%d/maps" % pid, encoding="utf-8") as file:
        start = re.search(r"^([0-9a-f]+)-.*\[stack\]$", file.read(), re.MULTILINE).group(1)
    return int(start, 16) + 64


def write_memory(pid, address, data):
    with open("/proc/%d/mem" % pid, "r+b", 0) as memory:
        memory.seek(address)
        memory.write(data)


def enter_namespace():
    """Who may not read the memory of his processes may as the root of a namespace of his own."""
    unshare = shutil.which("unshare")
    if os.geteuid() == 0 or not unshare or reads_closed_processes():
        return
    command = [unshare, "--user", "--map-root-user"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
        os.execv(unshare, [*command, sys.executable, *sys.argv])


harness.on_both_tokens(Memory)
del Memory

if __name__ == "__main__":
    enter_namespace()
    harness.main()
