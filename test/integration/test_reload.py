#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The configuration read again while a token is at work: exports go on, and all workers have it."""
import os
import re
import signal
import threading
import time

import harness
import wire

EXPORTS = int(os.environ.get("KEYFERRY_RELOAD_EXPORTS", "600"))


class Reload(harness.TokenCase):
    options = {"config": "identity: {region: xx-local-1}\n"}

    def setUp(self):
        self.config = self.sandbox.variables["KEYFERRY_CONFIG"]
        self.original = self.read()
        self.addCleanup(self.put_back)

    def read(self):
        with open(self.config, encoding="utf-8") as file:
            return file.read()

    def write(self, text):
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.config + ".new", self.config)

    def put_back(self):
        self.write(self.original)
        self.reload()

    def change(self, pattern, new):
        text, count = re.subn(pattern, new, self.read(), flags=re.M)
        self.assertEqual(count, 1, pattern)
        self.write(text)

    def reload(self):
        """SIGHUP; True when it is in force with all workers, else why it is not."""
        taken = self.sandbox.status()["configuration_timestamp"]
        refused = self.sandbox.log().count("stays as it was")
        time.sleep(0.002)  # the next one is of another millisecond
        os.kill(self.sandbox.pid, signal.SIGHUP)

        def over():
            if self.sandbox.log().count("stays as it was") > refused:
                return self.sandbox.status().get("reload_failure")
            return self.sandbox.status()["configuration_timestamp"] > taken

        result = harness.wait_until(over, 60, "the end of a reload")
        workers = self.sandbox.status()["workers"]
        harness.wait_until(
            lambda: len(self.sandbox.processes().get("worker", ())) == workers
            and self.sandbox.status()["state"] == "ready",
            60,
            "%d workers" % workers,
        )
        return result

    def test_no_export_is_lost(self):
        kek = self.sandbox.create(harness.kek_attributes("AES_256"))
        key = self.sandbox.create(harness.bdk_attributes())
        answers, done = {}, threading.Event()

        def export():
            with self.sandbox.connect() as connection:
                while not done.is_set() or len(answers) < EXPORTS:
                    base = len(answers)
                    for number, reply in connection.pipeline(
                        "EXPORT_KEY", harness.tr31_request(key, kek), 100
                    ):
                        self.assertNotIn(number, answers)
                        answers[number] = reply
                    self.assertEqual(len(answers), base + 100)

        before = self.exports()
        client = threading.Thread(target=export)
        client.start()
        try:
            for old, new in ((2, 3), (3, 1), (1, 2)):
                self.change("^workers: *%d" % old, "workers: %d" % new)
                gone = set(self.sandbox.processes()["worker"])
                self.assertIs(self.reload(), True)
                self.assertFalse(gone & set(self.sandbox.processes()["worker"]))
        finally:
            done.set()
            client.join()
        self.assertGreaterEqual(len(answers), EXPORTS)
        refused = [str(each) for each in answers.values() if isinstance(each, wire.Refused)]
        self.assertEqual(refused, [])
        self.assertEqual(self.exports() - before, len(answers))

    def exports(self):
        """How many are on record."""
        return sum(record.get("operation") == "ExportKey" for record in self.sandbox.audit())

    def arn(self, key):
        return self.sandbox.call("GET_KEY", {"key_identifier": key})["key"]["key_arn"]

    def test_workers_have_it(self):
        key = harness.name_of(self.sandbox.create(harness.bdk_attributes()))
        self.assertIn(":xx-local-1:", self.arn(key))
        with self.sandbox.connect() as connection:
            self.change("xx-local-1", "xx-other-2")
            self.assertIs(self.reload(), True)
            for _ in range(4):
                reply = connection.call("GET_KEY", {"key_identifier": key})
                self.assertIn(":xx-other-2:", reply["key"]["key_arn"])

    def test_the_command_says_why_it_was_refused(self):
        before = self.sandbox.cli("status")
        self.assertNotIn("ReloadFailure", before)
        self.change("^workers: *2", "workers: 0")
        self.assertIn("workers is 0", self.reload())
        said = self.sandbox.cli("status")
        line = self.read().split("workers:")[0].count("\n") + 1
        self.assertEqual(
            said["ReloadFailure"], "%s:%d: workers is 0; it must be 1 to 64" % (self.config, line)
        )
        self.assertEqual(said["ConfigurationTimestamp"], before["ConfigurationTimestamp"])
        self.assertEqual(said["State"], "ready")

    def test_the_token_gets_another_pin(self):
        path = self.sandbox.variables["KEYFERRY_PIN_FILE"]
        with open(path, encoding="ascii") as file:
            old = file.read().strip()
        self.addCleanup(self.set_pin, path, "98765432", old)
        self.set_pin(path, old, "98765432")
        workers = set(self.sandbox.processes()["worker"])
        self.assertIs(self.reload(), True)
        self.assertFalse(workers & set(self.sandbox.processes()["worker"]))
        self.sandbox.create(harness.bdk_attributes())

    def test_a_wrong_pin_replaces_nobody(self):
        path = self.sandbox.variables["KEYFERRY_PIN_FILE"]
        with open(path, encoding="ascii") as file:
            old = file.read()
        workers = set(self.sandbox.processes()["worker"])
        self.put_pin(path, "00000000\n")
        try:
            self.assertIn("PIN", self.reload())
            self.sandbox.create(harness.bdk_attributes())
            self.assertEqual(set(self.sandbox.processes()["worker"]), workers)
        finally:
            self.put_pin(path, old)
        self.assertIs(self.reload(), True)

    def put_pin(self, path, text):
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path + ".new", 0o600)
        os.rename(path + ".new", path)

    def set_pin(self, path, old, new):
        """In the token, and in the file."""
        self.sandbox.open_token().set_pin(old, new)
        self.put_pin(path, new + "\n")


if __name__ == "__main__":
    harness.main()
