#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon's processes have given up: seen from outside, in the kernel's own words."""
import os
import re
import subprocess
import sys
import unittest

import harness

SECCOMP_FILTER = "2"
NOBODY = ("--reuid=65534", "--regid=65534", "--clear-groups")
READ_MEMORY = "import sys; open('/proc/%s/mem' % sys.argv[1], 'rb')"


def status(pid):
    """/proc/PID/status as a dict."""
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def core_limits(pid):
    """Soft and hard limit of core dumps."""
    with open("/proc/%d/limits" % pid, encoding="utf-8") as file:
        return re.search(r"Max core file size +(\S+) +(\S+)", file.read()).groups()


def is_instrumented():
    """A build for sanitizers or coverage is not confined, and its log says so."""
    with open(os.path.join(harness.BUILD, "config.h"), encoding="utf-8") as file:
        return "#define KF_INSTRUMENTED 1" in file.read()


class Confined(harness.TokenCase):
    def setUp(self):
        self.sandbox.wait_ready()
        self.processes = dict(self.sandbox.processes(), parent=[self.sandbox.pid])
        self.assertEqual(sorted(self.processes), ["auditor", "front", "parent", "worker"])

    def everybody(self):
        return [(kind, pid) for kind, pids in self.processes.items() for pid in pids]

    @unittest.skipIf(is_instrumented(), "a build for sanitizers or coverage")
    def test_front_and_auditor_are_filtered(self):
        for kind, pid in self.everybody():
            with self.subTest(kind):
                filtered = status(pid)["Seccomp"] == SECCOMP_FILTER
                self.assertEqual(filtered, kind in ("front", "auditor"))
        for kind in ("front", "auditor"):
            self.assertRegex(
                self.sandbox.log(), r"keyferryd\[%s\] info: Confined by seccomp and Landlock" % kind
            )

    @unittest.skipUnless(is_instrumented(), "a build that is confined")
    def test_an_instrumented_build_says_so(self):
        self.assertEqual(self.sandbox.log().count("Not confined: this build"), 2)

    def test_nobody_gains_privileges(self):
        for kind, pid in self.everybody():
            with self.subTest(kind):
                self.assertEqual(status(pid)["NoNewPrivs"], "1")

    def test_nobody_leaves_a_core(self):
        for kind, pid in self.everybody():
            with self.subTest(kind):
                self.assertEqual(core_limits(pid), ("0", "0"))


class OtherUser(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
    def test_the_same_user_cannot_look_inside(self):
        with harness.Sandbox(user=NOBODY) as sandbox:
            sandbox.wait_ready()
            own = sandbox.process.pid
            pids = [pid for pids in sandbox.processes().values() for pid in pids] + [sandbox.pid]
            self.assertEqual(len(pids), 5)
            for pid in pids:
                self.assertEqual(status(pid)["Uid"].split()[0], "65534")
                done = self.look(pid)
                self.assertIn("PermissionError", done.stderr)
            # The same look at a process that is like any other.
            self.assertEqual(self.look(own).returncode, 0)

    def look(self, pid):
        return subprocess.run(
            ["setpriv", *NOBODY, sys.executable, "-c", READ_MEMORY, str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )


if __name__ == "__main__":
    harness.main()
