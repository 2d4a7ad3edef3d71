# SPDX-License-Identifier: Apache-2.0
"""Tests of the patched SoftHSM's object store; test_patches.py runs them.

Run as a program this file is another process: one that makes a key or many, or one that tests kill,
which changes a key's label for ever.
"""

import os
import random
import signal
import subprocess
import sys
import time

from fixture import LABEL, PIN, TokenTest, create, setUpModule, tearDownModule  # noqa: F401
from pkcs11 import CKA, CKK, CKR, Module, extract

__all__ = ["Store"]

# Long labels widen the moment in which a file is half written
LABEL_LENGTH = 4000


def resident_kib():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


class Store(TokenTest):
    def token_key(self, key_id):
        return create(self.s1, bytes(range(32)), KEY_TYPE=CKK.AES, TOKEN=True, ID=key_id,
                      LABEL="a" * LABEL_LENGTH)

    def start_writer(self, key_id, letters="abcdef"):
        """A process that writes labels of one letter each; it is at work when this returns."""
        process = subprocess.Popen(
            [sys.executable, __file__, key_id.hex(), letters], stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.read(1), b"+")
        return process

    @staticmethod
    def kill(process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()

    def check_key(self, key_id):
        """The key is there, whole, and its label is one of those written."""
        found = self.s2.find({CKA.ID: key_id})
        self.assertEqual(len(found), 1)
        attributes = self.s2.get_attributes(found[0], (CKA.VALUE, CKA.LABEL, CKA.KEY_TYPE))
        self.assertEqual(attributes[CKA.VALUE], bytes(range(32)))
        self.assertEqual(attributes[CKA.KEY_TYPE], CKK.AES)
        label = attributes[CKA.LABEL]
        self.assertEqual(label, label[:1] * LABEL_LENGTH)
        return found[0]

    def test_killed_writers_lose_no_key(self):
        chance = random.Random(1)
        key_id = b"\x01kill"
        self.token_key(key_id)
        for _ in range(24):
            process = self.start_writer(key_id)
            time.sleep(chance.uniform(0, 0.02))
            self.kill(process)
            self.check_key(key_id)
        before = set(self.token.files())
        self.s1.destroy(self.check_key(key_id))
        # What the killed ones left goes with the key: object, lock and perhaps the new file
        self.assertIn(len(before - set(self.token.files())), (2, 3))
        self.assertEqual([path for path in self.token.files() if path.endswith(".new")], [])

    def test_a_change_of_ones_own_hides_no_others(self):
        """Another process makes a key; before we look again we make one ourselves."""
        self.assertEqual(self.s2.find({CKA.ID: b"\x01theirs"}), [])
        subprocess.run([sys.executable, __file__, b"\x01theirs".hex()], check=True)
        ours = self.token_key(b"\x01ours")
        theirs = self.s2.find({CKA.ID: b"\x01theirs"})
        self.assertEqual(len(theirs), 1)
        self.s1.destroy(theirs[0])
        self.s1.destroy(ours)

    def generation(self):
        """The number by which processes know that objects came or went."""
        path, = [path for path in self.token.files() if path.endswith("/generation")]
        with open(path, "rb") as file:
            return int.from_bytes(file.read(8), "big")

    def test_every_change_counts(self):
        """Of processes that change the token at the same time, none takes another's number."""
        command = [sys.executable, __file__, b"\x01count".hex()]
        before = self.generation()
        subprocess.run([*command, "--times", "1"], check=True)
        one = self.generation() - before
        self.assertGreater(one, 0)
        processes = [subprocess.Popen([*command, "--times", "150"]) for _ in range(3)]
        self.assertEqual([process.wait() for process in processes], [0, 0, 0])
        self.assertEqual(self.generation() - before, one * (1 + 3 * 150))

    def test_several_writers_and_a_reader(self):
        key_id = b"\x01many"
        self.token_key(key_id)
        writers = [self.start_writer(key_id, letters) for letters in ("abc", "xyz")]
        seen = set()
        try:
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                handle = self.check_key(key_id)
                seen.add(self.s2.get_attribute(handle, CKA.LABEL)[:1])
        finally:
            for process in writers:
                self.kill(process)
        # Both write, and this process sees it
        self.assertTrue(seen & {b"a", b"b", b"c"} and seen & {b"x", b"y", b"z"}, seen)
        self.s1.destroy(self.check_key(key_id))

    def test_destroyed_session_objects_are_freed(self):
        base = create(self.s1, bytes(32))
        template = {CKA.VALUE_LEN: 16, CKA.LABEL: "x" * 64}

        def cycle(count):
            for _ in range(count):
                self.s2.destroy(self.s3.derive(extract(0), base, template))

        cycle(3000)
        before = resident_kib()
        cycle(12000)
        self.assertLess(resident_kib() - before, 512)

    def test_closed_sessions_free_their_objects(self):
        base = create(self.s1, bytes(32))

        def cycle(count):
            for _ in range(count):
                session = self.token.module.open_session(self.token.slot)
                for _ in range(10):
                    session.derive(extract(0), base, {CKA.VALUE_LEN: 16})
                session.close()

        cycle(300)
        before = resident_kib()
        cycle(1200)
        self.assertLess(resident_kib() - before, 512)

    def test_a_destroyed_handle_stays_invalid(self):
        handles = []
        for _ in range(3):
            handle = create(self.s1, bytes(16))
            self.s2.destroy(handle)
            handles.append(handle)
        create(self.s3, bytes(16))
        for handle in handles:
            with self.refused(CKR.OBJECT_HANDLE_INVALID):
                self.s1.get_attribute(handle, CKA.CLASS)

    def test_creation_writes_the_file_a_few_times_only(self):
        before = set(self.token.files())
        handle = self.token_key(b"\x01few")
        path, = [path for path in set(self.token.files()) - before if path.endswith(".object")]
        with open(path, "rb") as file:
            # The file begins with a counter of its writes
            self.assertLessEqual(int.from_bytes(file.read(8), "big"), 5)
        self.s1.destroy(handle)

    def test_a_failed_creation_leaves_nothing(self):
        base = create(self.s1, bytes(32))
        objects, files = len(self.s1.find()), len(self.token.files())
        for on_token in (True, False):
            template = {CKA.TOKEN: on_token, CKA.VALUE_LEN: 16}
            # No such attribute; attributes after CKA_MODIFIABLE; no such bit length
            for code, more in [(CKR.ATTRIBUTE_TYPE_INVALID, {CKA.MODULUS: b"\1"}),
                               (CKR.ATTRIBUTE_READ_ONLY, {CKA.MODIFIABLE: False, CKA.ID: b"x"}),
                               (CKR.KEY_SIZE_RANGE, {CKA.VALUE_LEN: 33})]:
                with self.refused(code):
                    self.s2.derive(extract(0), base, {**template, **more})
        self.assertEqual((len(self.s1.find()), len(self.token.files())), (objects, files))


def open_session():
    module = Module(os.environ["SOFTHSM_MODULE"])
    session = module.open_session(module.find_slot(LABEL))
    session.login(PIN)
    return session


def write_labels(key_id, letters):
    session = open_session()
    key, = session.find({CKA.ID: key_id})
    sys.stdout.write("+")
    sys.stdout.flush()
    while True:
        for letter in letters:
            session.set_attributes(key, {CKA.LABEL: letter * LABEL_LENGTH})


def make_key(session, key_id):
    return create(session, bytes(range(32)), KEY_TYPE=CKK.AES, TOKEN=True, ID=key_id)


def make_and_destroy(key_id, times):
    session = open_session()
    for _ in range(times):
        session.destroy(make_key(session, key_id))


if __name__ == "__main__":
    if "--times" in sys.argv:
        make_and_destroy(bytes.fromhex(sys.argv[1]), int(sys.argv[3]))
    elif len(sys.argv) > 2:
        write_labels(bytes.fromhex(sys.argv[1]), sys.argv[2])
    else:
        make_key(open_session(), bytes.fromhex(sys.argv[1]))
