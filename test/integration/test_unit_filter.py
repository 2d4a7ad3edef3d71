#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon under the restrictions of its unit that are seccomp filters: systemd is not needed to be running, only to
say which system calls are in its groups. This process restricts itself, and all it starts inherits that."""
import ctypes
import errno
import mmap
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

import harness

UNIT = os.path.join(harness.BUILD, "systemd/keyferry.service")
PR_SET_NO_NEW_PRIVS = 38
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NOT_EQUAL, MASKED_EQUAL = 1, 7
PROT_WRITE_EXEC = mmap.PROT_WRITE | mmap.PROT_EXEC


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp"""

    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    ]


def groups():
    """systemd's groups of system calls by name; what is in them may be groups."""
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    ).stdout
    found, name = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            name = line.strip()
            found[name] = []
        elif name and line.startswith(" ") and not line.strip().startswith("#"):
            found[name].append(line.strip())
    return found


def expand(known, word):
    if not word.startswith("@"):
        return {word}
    return set().union(*(expand(known, each) for each in known[word]))


def settings(name):
    """All values of a setting of the unit's, in their order."""
    with open(UNIT, encoding="utf-8") as file:
        return re.findall("^%s=(.*)$" % name, file.read(), re.MULTILINE)


def allowed_calls():
    known = groups()
    calls = expand(known, "@default")
    for line in settings("SystemCallFilter"):
        listed = set().union(*(expand(known, word) for word in line.lstrip("~").split()))
        calls = calls - listed if line.startswith("~") else calls | listed
    return calls


class Filter:
    def __init__(self):
        self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p

    def number(self, call):
        return self.library.seccomp_syscall_resolve_name(call.encode())

    def load(self, default, rules):
        """rules: (action, call, comparisons)"""
        context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(default)))
        for action, call, comparisons in rules:
            listed = (Comparison * len(comparisons))(*comparisons)
            added = self.library.seccomp_rule_add_array(
                context, ctypes.c_uint32(action), self.number(call), len(comparisons), listed
            )
            assert added == 0, (call, added)
        loaded = self.library.seccomp_load(context)
        assert loaded == 0, loaded
        self.library.seccomp_release(context)


def restrict():
    """SystemCallFilter=, RestrictAddressFamilies=AF_UNIX and MemoryDenyWriteExecute=yes, as systemd does them."""
    denied = ERRNO | errno.EPERM
    filters = Filter()
    calls = [call for call in sorted(allowed_calls()) if filters.number(call) >= 0]
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    family = Comparison(0, NOT_EQUAL, socket.AF_UNIX, 0)
    both = Comparison(2, MASKED_EQUAL, PROT_WRITE_EXEC, PROT_WRITE_EXEC)
    executable = Comparison(2, MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC)
    filters.load(
        ALLOW,
        [
            (ERRNO | errno.EAFNOSUPPORT, "socket", [family]),
            (denied, "mmap", [both]),
            (denied, "mprotect", [executable]),
        ],
    )
    filters.load(denied, [(ALLOW, call, []) for call in calls])


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class UnderTheUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert settings("RestrictAddressFamilies") == ["AF_UNIX"]
        assert settings("MemoryDenyWriteExecute") == ["yes"]
        # LeakSanitizer would trace the process, which the unit does not let it.
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
        restrict()

    def test_the_restrictions_are_in_force(self):
        with self.assertRaises(PermissionError):
            os.nice(1)
        with self.assertRaises(OSError) as caught:
            socket.socket(socket.AF_INET)
        self.assertEqual(caught.exception.errno, errno.EAFNOSUPPORT)
        with self.assertRaises(PermissionError):
            mmap.mmap(-1, 4096, prot=mmap.PROT_READ | PROT_WRITE_EXEC)

    def work(self, token):
        with harness.Sandbox(token) as sandbox:
            sandbox.wait_ready()
            # Before a worker is killed, nothing is wrong.
            self.assertNotRegex(sandbox.log(), "error:|not permitted")
            kek = sandbox.create(harness.kek_attributes("AES_256"))
            bdk = sandbox.create(harness.bdk_attributes())
            sandbox.export(bdk, kek)
            os.kill(sandbox.pid, signal.SIGHUP)  # as ExecReload= does
            sandbox.kill_worker(0)
            harness.wait_until(
                lambda: len(re.findall(r"Worker \d is ready", sandbox.log())) == 3,
                60,
                "another worker is ready",
            )
            sandbox.export(bdk, kek)

    def test_softhsm(self):
        self.work("softhsm")

    def test_nss(self):
        self.work("nss")


if __name__ == "__main__":
    harness.main()
