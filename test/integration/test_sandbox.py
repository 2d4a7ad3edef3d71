#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""keyferry-sandbox itself: its exit statuses, what it sets, what it takes away again."""
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import harness

SANDBOX = os.path.join(harness.BIN, "keyferry-sandbox")


def run(*arguments, **extra):
    return subprocess.run(
        [SANDBOX, *arguments],
        env=harness.environment(**extra),
        text=True,
        timeout=120,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


class Sandbox(unittest.TestCase):
    def test_exit_statuses(self):
        for command, status in (
            (["true"], 0),
            (["sh", "-c", "exit 7"], 7),
            (["sh", "-c", "kill -9 $$"], 137),
            (["no-such-program"], 127),
        ):
            self.assertEqual(run("--", *command).returncode, status, command)
        for wrong in (
            [],
            ["--workers", "0", "--", "true"],
            ["--token", "yubi", "--", "true"],
            ["--nonsense"],
        ):
            self.assertEqual(run(*wrong).returncode, 2, wrong)

    def test_what_the_command_finds(self):
        for token in ("softhsm", "nss"):
            with harness.Sandbox(token) as sandbox:
                found = sandbox.variables
                folder = os.path.dirname(sandbox.socket)
                module = found["KEYFERRY_MODULE"]
                for name in ("SOCKET", "PIN_FILE", "CONFIG", "AUDIT_LOG", "LOG"):
                    self.assertTrue(os.path.exists(found["KEYFERRY_" + name]), name)
                self.assertEqual(os.stat(found["KEYFERRY_PIN_FILE"]).st_mode & 0o777, 0o600)
                os.kill(sandbox.pid, 0)
                self.assertEqual(len(sandbox.open_token().find()), 0)
                self.assertEqual(sandbox.status()["state"], "ready")
            self.assertFalse(os.path.exists(folder))
            self.assertTrue(os.path.exists(module))

    def test_it_takes_the_daemon_down(self):
        with harness.Sandbox() as sandbox:
            pids = [pid for group in sandbox.processes().values() for pid in group] + [sandbox.pid]
            self.assertEqual(len(pids), 5)
        for pid in pids:
            self.assertFalse(os.path.exists("/proc/%d" % pid))

    def test_signals_reach_the_command(self):
        process = subprocess.Popen(
            [SANDBOX, "--", "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done"],
            env=harness.environment(),
            stdout=subprocess.PIPE,
        )
        with process.stdout:
            process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 9)

    def test_a_token_that_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            with harness.Sandbox(options=["--state", state]) as sandbox:
                key = sandbox.create(harness.bdk_attributes())
                with harness.Sandbox(options=["--state", state]) as beside:
                    self.assertNotEqual(beside.socket, sandbox.socket)
                    self.assertEqual(
                        beside.call("GET_KEY", {"key_identifier": key})["key"]["key_arn"], key
                    )
            with harness.Sandbox(options=["--state", state]) as sandbox:
                self.assertEqual(
                    sandbox.call("GET_KEY", {"key_identifier": key})["key"]["key_arn"], key
                )
            self.assertTrue(os.path.exists(os.path.join(state, "audit.jsonl")))

    def test_a_daemon_that_does_not_come_up(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write("no-such-key: 1\n")
            config.flush()
            begin = time.monotonic()
            done = run("--config-append", config.name, "--", "true")
            self.assertEqual(done.returncode, 1)
            self.assertLess(time.monotonic() - begin, 20)
            self.assertRegex(done.stderr, r"no-such-key")
            self.assertEqual(
                run(
                    "--allow-down", "--config-append", config.name, "--", "sh", "-c", "exit 5"
                ).returncode,
                5,
            )

    def test_a_module_that_is_none(self):
        done = run("--module", "/nonexistent.so", "--", "true")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent.so", done.stderr)

    def test_places_that_cannot_be_used(self):
        for options, extra, words in (
            (("--state", "/nonexistent/state"), {}, "--state: /nonexistent/state cannot be made"),
            (("--state", "/dev/null"), {}, "--state: /dev/null cannot be used"),
            (("--config-append", "/nonexistent.yaml"), {}, "/nonexistent.yaml cannot be read"),
            ((), {"TMPDIR": "/nonexistent"}, "No temporary folder can be made from /nonexistent/"),
        ):
            done = run(*options, "--", "true", **extra)
            self.assertEqual(done.returncode, 1, options)
            self.assertIn(words, done.stderr)

    def test_the_manual_names_every_option(self):
        options = set(re.findall(r"--[a-z-]+", run("--help").stdout))
        with open(os.path.join(harness.SOURCE, "doc/keyferry-sandbox.1"), encoding="utf-8") as file:
            text = file.read().replace("\\-", "-")
        self.assertEqual({option for option in options if option not in text}, set())


if __name__ == "__main__":
    harness.main()
