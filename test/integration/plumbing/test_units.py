#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What systemd is given: the units, the user and the folders, judged by systemd's own tools."""
import os
import shutil
import subprocess
import tempfile
import unittest

from plumbing import BUILD, SOURCE, main

UNITS = [os.path.join(BUILD, "systemd", name) for name in ("keyferry.service", "keyferry.socket")]

NETWORK = os.path.join(SOURCE, "systemd/network-hsm.conf")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Units(unittest.TestCase):
    def test_units(self):
        done = run("systemd-analyze", "verify", "--man=no", *UNITS)
        # An unknown setting is only a warning: the status says nothing about it.
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def exposed_no_more_than(self, tenths, drop_in=None):
        """How much systemd itself says that the service may still do."""
        with tempfile.TemporaryDirectory() as folder:
            for unit in UNITS:
                shutil.copy(unit, folder)
            if drop_in:
                os.mkdir(os.path.join(folder, "keyferry.service.d"))
                shutil.copy(drop_in, os.path.join(folder, "keyferry.service.d"))
                done = run("systemd-analyze", "verify", "--man=no", os.path.join(folder, "keyferry.service"))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            done = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=%d" % tenths,
                       os.path.join(folder, "keyferry.service"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Overall exposure level", done.stdout)
        return done.stdout

    def test_exposure_with_a_local_token(self):
        self.exposed_no_more_than(5)

    def test_exposure_with_a_network_hsm(self):
        # The drop-in is read: the network is what it opens.
        self.assertRegex(self.exposed_no_more_than(12, NETWORK), r"\u2717 PrivateNetwork=")
        self.assertRegex(self.exposed_no_more_than(5), r"\u2713 PrivateNetwork=")

    def test_installed_units(self):
        with tempfile.TemporaryDirectory() as root:
            done = run("make", "-s", "-C", BUILD, "install-units", "DESTDIR=" + root, "prefix=/usr",
                       "systemdsystemunitdir=/usr/lib/systemd/system", "sbindir=/usr/sbin", "sysconfdir=/etc")
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(root + "/usr/lib/systemd/system/keyferry.service", encoding="utf-8") as file:
                self.assertIn("\nExecStart=/usr/sbin/keyferryd --config /etc/keyferry/keyferry.yaml\n", file.read())
            self.assertEqual(sorted(os.listdir(root + "/usr/lib")), ["systemd", "sysusers.d", "tmpfiles.d"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to give folders away")
    def test_user_and_folders(self):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(root + "/etc")
            done = run("systemd-sysusers", "--root=" + root, os.path.join(SOURCE, "systemd/keyferry.sysusers"))
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(root + "/etc/group", encoding="utf-8") as file:
                self.assertIn("keyferry-users:", file.read())
            done = run("systemd-tmpfiles", "--root=" + root, "--create",
                       os.path.join(BUILD, "systemd/keyferry.tmpfiles"))
            self.assertEqual(done.returncode, 0, done.stderr)
            status = os.stat(root + "/var/log/keyferry")
            self.assertEqual(status.st_mode & 0o777, 0o750)
            self.assertNotEqual(status.st_uid, 0)


if __name__ == "__main__":
    main()
