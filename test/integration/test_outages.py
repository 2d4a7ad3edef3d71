#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A token or module that is slow, hangs, crashes, is away, is short of sessions, forgets the login or is another one:
what clients are told meanwhile, and that the daemon is itself again when the token is. KEYFERRY_TEST_FAULTS=all has it
crash in every function."""
import contextlib
import os
import shutil
import tempfile
import time
import unittest

import harness
import mock_case
import wire

ALL = os.environ.get("KEYFERRY_TEST_FAULTS") == "all"
UNAVAILABLE = "ServiceUnavailableException"
JOB_TIMEOUT, START_TIMEOUT = 1.0, 3.0
LIMITS = "limits:\n  job-timeout: %d\n  key-generation-timeout: %d\n  start-timeout: %d\n" % (
    1000 * JOB_TIMEOUT,
    2000 * JOB_TIMEOUT,
    1000 * START_TIMEOUT,
)
PIN_INCORRECT, SESSION_COUNT, NOT_LOGGED_IN, GENERAL_ERROR = 0xA0, 0xB1, 0x101, 0x05
# How late a deadline is noticed, and how long it takes until the answer is out, on a busy machine.
LATE = 3.0 if os.environ.get("SANITIZED") == "yes" else 1.5
PROMPT = 1.0
# Every function that a job calls; those of an export, then those of a key's making.
EXPORTING = ("C_WrapKey", "C_DeriveKey", "C_DestroyObject")
MAKING = (
    "C_GenerateKey",
    "C_EncryptInit",
    "C_Encrypt",
    "C_GenerateRandom",
    "C_FindObjectsInit",
    "C_FindObjects",
    "C_FindObjectsFinal",
    "C_GetAttributeValue",
)


class OutageCase(unittest.TestCase):
    """A daemon on the mock, ready, with a key and a wrapping key."""

    workers = 1
    module = mock_case.MOCK

    def setUp(self):
        self.mock = mock_case.Mock()
        self.addCleanup(self.mock.close)
        self.sandbox = mock_case.sandbox(
            self.mock, workers=self.workers, config=LIMITS, module=self.module
        )
        self.addCleanup(self.sandbox.close)
        self.addCleanup(self.mock.tell)
        self.sandbox.wait_ready()
        self.kek = self.sandbox.create(harness.kek_attributes("AES_128"))
        self.key = self.sandbox.create(harness.bdk_attributes())
        for _ in range(2 * self.workers):
            self.export()

    def export(self):
        return self.sandbox.export(self.key, self.kek)

    def create(self):
        return self.sandbox.create(harness.bdk_attributes())

    def pids(self):
        return set(self.sandbox.processes().get("worker", ()))

    def refused(self, call):
        """How long it took until the request was refused, and with which words."""
        began = time.monotonic()
        with self.assertRaises(wire.Refused) as caught:
            call()
        self.assertEqual(caught.exception.name, UNAVAILABLE, caught.exception.text)
        return time.monotonic() - began, caught.exception.text

    def prompt_status(self):
        began = time.monotonic()
        status = self.sandbox.cli("status")
        self.assertLess(time.monotonic() - began, PROMPT)
        return status

    def wait_state(self, state, words="", seconds=20):
        def reached():
            status = self.sandbox.status()
            return status["state"] == state and words in status["reason"] and status

        return harness.wait_until(reached, seconds, "%s: %s" % (state, words))

    def assert_recovers(self, seconds=20):
        """Ready again, with nothing started anew but workers; what is refused until then is to be sent again."""

        def served():
            with contextlib.suppress(wire.Refused):
                return self.sandbox.status()["state"] == "ready" and self.export()
            return None

        harness.wait_until(served, seconds, "the daemon serves")
        self.assertEqual(self.sandbox.log().count("all processes are started anew"), 0)


class OneWorker(OutageCase):
    def test_a_hang_ends_at_the_deadline(self):
        before = self.pids()
        self.mock.tell_only(before, "hang C_WrapKey *")
        took, text = self.refused(self.export)
        self.assertGreaterEqual(took, JOB_TIMEOUT)
        self.assertLess(took, JOB_TIMEOUT + LATE)
        self.assertIn("again", text)
        self.assert_recovers()
        self.assertFalse(before & self.pids())
        self.assertIn("is past the deadline of its job", self.sandbox.log())

    def test_one_that_hangs_while_idle_is_replaced(self):
        before = self.pids()
        self.mock.tell_only(before, "hang C_GetTokenInfo *")
        harness.wait_until(lambda: not before & self.pids(), 20, "another worker")
        self.assert_recovers()

    def test_slow_is_not_wrong(self):
        self.mock.tell("sleep C_WrapKey * 300")
        began = time.monotonic()
        self.export()
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.assertEqual(self.prompt_status()["State"], "ready")

    def test_a_lost_login_is_one_login_more(self):
        before = self.pids()
        logins = self.mock.count("C_Login")
        self.mock.tell_only(before, "fail * * before 0x%X" % NOT_LOGGED_IN)
        self.refused(self.export)
        self.assert_recovers()
        self.assertEqual(self.mock.count("C_Login"), logins + 1)

    def test_a_lost_login_and_a_pin_that_is_refused(self):
        logins = self.mock.count("C_Login")
        self.mock.tell(
            *("only %d" % pid for pid in self.pids()),
            "fail C_WrapKey * before 0x%X" % NOT_LOGGED_IN,
            "only 0",
            "fail C_Login * before 0x%X" % PIN_INCORRECT,
        )
        self.refused(self.export)
        self.wait_state("down", "PIN")
        took, text = self.refused(self.export)
        self.assertLess(took, PROMPT)
        self.assertIn("PIN", text)
        time.sleep(2)
        self.assertEqual(self.mock.count("C_Login"), logins + 1)

    def test_no_session_is_left(self):
        """A failed call has the worker take a new session; it gets none, ends, and a new worker begins with none."""
        self.mock.tell("fail C_DeriveKey 1 before 0x31", "fail C_OpenSession * before 0x%X" % SESSION_COUNT)
        self.refused(self.export)
        self.wait_state("down", "short of resources")
        took, text = self.refused(self.export)
        self.assertLess(took, PROMPT)
        self.assertIn("short of resources", text)
        self.mock.tell()
        self.assert_recovers()

class Swapped(OutageCase):
    def test_another_token_in_the_slot(self):
        before = self.pids()
        self.mock.tell("label another")
        self.wait_state("down", "matches none")
        self.refused(self.export)
        self.mock.tell()
        self.assert_recovers()
        self.assertFalse(before & self.pids())

    def test_another_serial_number(self):
        """The configuration names the token by its label, so this is the one now - for a new worker, that looks at it
        whole."""
        before = self.pids()
        self.mock.tell("serial 4711")
        harness.wait_until(lambda: self.pids() and not before & self.pids(), 20, "a new worker")
        self.assert_recovers()

    def test_another_serial_number_than_the_configured(self):
        serial = self.sandbox.call("TOKEN")["serial_number"]

        def change(text):
            return text.replace("keyferry-sandbox'", "keyferry-sandbox;serial=%s'" % serial)

        with harness.Daemon(self.sandbox, change) as daemon:
            daemon.wait_for("ready")
            self.mock.tell("serial 4711")
            daemon.wait_for("down", "matches none")
            self.mock.tell()
            daemon.wait_for("ready")


class TwoWorkers(OutageCase):
    workers = 2

    def test_one_hangs_and_the_other_serves(self):
        hung = min(self.pids())
        self.mock.tell_only([hung], "hang C_WrapKey *")
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(self.sandbox.connect()) for _ in range(4)]
            began = time.monotonic()
            for client in clients:
                client.send("EXPORT_KEY", harness.tr31_request(self.key, self.kek))
            answers = [client.receive()[1] for client in clients]
        self.assertLess(time.monotonic() - began, JOB_TIMEOUT + LATE)
        lost = [answer for answer in answers if isinstance(answer, wire.Refused)]
        self.assertLess(len(lost), 4)
        for answer in lost:
            self.assertEqual(answer.name, UNAVAILABLE, answer.text)
        self.assert_recovers()

    def test_degraded(self):
        """One worker cannot begin: the state says so, and the other serves at once."""
        self.mock.tell("fail C_Initialize * before 0x%X" % GENERAL_ERROR)
        self.sandbox.kill_worker()
        status = self.wait_state("degraded", "1 of 2 workers are up")
        self.assertEqual(status["workers_ready"], 1)
        self.assertEqual(self.prompt_status()["State"], "degraded")
        for _ in range(5):
            self.export()
        self.mock.tell()
        self.assert_recovers()


class Beginning(OutageCase):
    """A module that does not begin, for daemons that find it so: states, prompt answers and the pauses between tries,
    which double; then recovery."""

    def check(self, rule, words):
        self.mock.clear_log()
        self.mock.tell(rule)
        with harness.Daemon(self.sandbox) as daemon:
            daemon.wait_for("down", words)
            for _ in range(10):
                began = time.monotonic()
                self.assertEqual(daemon.cli("status")["State"], "down")
                took, text = self.refused(lambda: daemon.call("LIST_KEYS"))
                self.assertLess(took, PROMPT)
                self.assertLess(time.monotonic() - began, 2 * PROMPT)
                self.assertIn(words, text)
                time.sleep(0.1)
            tries = sum(
                call.function == rule.split()[1] and call.outcome != "0x0"
                for call in self.mock.calls()
            )
            self.assertIn(tries, (1, 2))
            self.mock.tell()
            daemon.wait_for("ready", seconds=20)

    def test_no_function_list(self):
        self.check("fail C_GetFunctionList * before 0x%X" % GENERAL_ERROR, "does not answer")

    def test_it_does_not_initialise(self):
        self.check("fail C_Initialize * before 0x%X" % GENERAL_ERROR, "does not answer")

    def test_it_crashes(self):
        self.check("crash C_Initialize * segv", "ended unexpectedly (signal 11)")

    @unittest.skipUnless(ALL, "KEYFERRY_TEST_FAULTS=all has it; it takes the time of a start")
    def test_it_hangs(self):
        self.check("hang C_Initialize *", "ended unexpectedly (signal 9)")


class Crashes(OutageCase):
    """There are so many workers that few wait for the pause after their second end."""

    workers = 4

    def wait_served(self):
        harness.wait_until(lambda: self.sandbox.status()["workers_ready"] > 1, 20, "some workers")
        self.export()

    def test_in_each_function(self):
        functions = EXPORTING + MAKING if ALL else ("C_WrapKey", "C_GenerateKey", "C_FindObjects")
        for i, function in enumerate(functions):
            with self.subTest(function):
                how = ("segv", "abort")[i % 2]
                self.wait_served()
                self.mock.tell_only(self.pids(), "crash %s * %s" % (function, how))
                took, text = self.refused(self.export if function in EXPORTING else self.create)
                self.mock.tell()
                self.assertLess(took, LATE)
                self.assertIn("again", text)
        self.assert_recovers(60)


class Away(OutageCase):
    """The module's file itself, as while a package is upgraded."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="keyferry-module.")
        self.addCleanup(self.folder.cleanup)
        self.module = os.path.join(self.folder.name, "module.so")
        shutil.copy(mock_case.MOCK, self.module)
        super().setUp()

    def test_gone_and_back(self):
        os.rename(self.module, self.module + ".away")
        self.export()  # what is loaded is loaded
        self.sandbox.kill_worker()
        self.wait_state("down", "cannot be loaded")
        took, text = self.refused(self.export)
        self.assertLess(took, PROMPT)
        self.assertIn("cannot be loaded", text)
        os.rename(self.module + ".away", self.module)
        self.assert_recovers(10)


if __name__ == "__main__":
    harness.main()
