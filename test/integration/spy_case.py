# SPDX-License-Identifier: Apache-2.0
"""OpenSC's pkcs11-spy between the daemon and the token: a case whose sandboxes have it, and its log, call by call."""
import os
import re
import tempfile
import unittest

import harness

PER_CALL = re.compile(r"^\d+: (C_\w+)$", re.MULTILINE)
MAKING = ("C_DeriveKey", "C_GenerateKey", "C_CopyObject", "C_UnwrapKey")


def _spied(module, log):
    """The spy forgets the names it shows; only stacks walked whole, through libraries without frame pointers, tell a
    sanitizer that it was the spy."""
    return {
        "options": ["--module", harness.SPY],
        "extra": {
            "PKCS11SPY": module,
            "PKCS11SPY_OUTPUT": log,
            "ASAN_OPTIONS": "fast_unwind_on_malloc=0",
        },
    }


def made_in_token(made):
    """The calls that make an object which stays."""
    return [
        lines for name, lines in made if name in MAKING and re.search(r"CKA_TOKEN +True", lines)
    ]


def calls(text):
    """The log as (function, its lines) in order."""
    parts = PER_CALL.split(text)
    return list(zip(parts[1::2], parts[2::2]))


@unittest.skipUnless(os.path.exists(harness.SPY), "OpenSC's pkcs11-spy is not installed")
class SpyCase(unittest.TestCase):
    """On SoftHSM: the spy passes NSS's own arguments on as well, but its log does not name them."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.log = os.path.join(self.folder.name, "spy.log")
        with harness.Sandbox() as plain:
            self.module = plain.variables["KEYFERRY_MODULE"]

    def spied(self, **options):
        """A sandbox of one worker."""
        return harness.Sandbox(workers=1, **options, **_spied(self.module, self.log))

    def mark(self):
        """Where the log ends now."""
        return os.path.getsize(self.log)

    def read(self, start=0):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            file.seek(start)
            return file.read()
