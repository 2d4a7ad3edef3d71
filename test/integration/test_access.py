#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who may do what, tried by people who are not root. Needs root to become them."""
import grp
import os
import shutil
import unittest

import harness

NOBODY = 65534
STRANGER = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]


def some_group():
    """A group that the system knows, for the configuration; any but root's does."""
    return next(each for each in grp.getgrall() if each.gr_gid not in (0, NOBODY))


def usable():
    return os.getuid() == 0 and shutil.which("setpriv") is not None


@unittest.skipUnless(usable(), "only root can try this as other users")
class Access(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        cls.group = some_group()
        cls.options = {"config": "access:\n  group: %s\n" % cls.group.gr_name}
        super().setUpClass()
        # Others may reach the socket, as in a system's run folder; the daemon decides.
        os.chmod(os.path.dirname(cls.sandbox.socket), 0o711)
        os.chmod(cls.sandbox.socket, 0o666)
        cls.kek = cls.sandbox.create(harness.kek_attributes("AES_256"))
        cls.bdk = cls.sandbox.create(harness.bdk_attributes())
        cls.member = [
            "--reuid",
            str(NOBODY),
            "--regid",
            str(NOBODY),
            "--groups",
            str(cls.group.gr_gid),
        ]

    def export(self):
        return (
            "export-key",
            "--export-key-identifier",
            self.bdk,
            "--key-material",
            "Tr31KeyBlock={WrappingKeyIdentifier=%s}" % self.kek,
        )

    def create(self):
        return (
            "create-key",
            "--exportable",
            "--key-attributes",
            harness.attributes_json(harness.bdk_attributes()),
        )

    def test_a_stranger(self):
        for command in (("list-keys",), self.export(), self.create(), ("token",)):
            name, text = self.sandbox.refused(*command, user=STRANGER)
            self.assertEqual(name, "AccessDeniedException")
            self.assertTrue(text)

    def test_a_member(self):
        self.assertIn("WrappedKey", self.sandbox.cli(*self.export(), user=self.member))
        self.assertIn("Keys", self.sandbox.cli("list-keys", user=self.member))
        for command in (
            self.create(),
            ("delete-key", "--key-identifier", self.bdk),
            ("create-alias", "--alias-name", "alias/mine", "--key-arn", self.bdk),
        ):
            name, _ = self.sandbox.refused(*command, user=self.member)
            self.assertEqual(name, "AccessDeniedException")

    def test_refusals_name_the_peer_in_the_audit_log(self):
        self.sandbox.refused(*self.create(), user=self.member)
        self.assertIn(str(NOBODY), str(self.sandbox.audit()[-1]))


@unittest.skipUnless(usable(), "only root can try this as other users")
class PlainUser(unittest.TestCase):
    def test_a_sandbox_of_ones_own(self):
        for token in ("softhsm", "nss"):
            with self.subTest(token), harness.Sandbox(token, user=STRANGER) as sandbox:
                kek = sandbox.create(harness.kek_attributes("AES_256"))
                sandbox.export(sandbox.create(harness.bdk_attributes()), kek)
                self.assertEqual(os.stat(sandbox.socket).st_uid, NOBODY)


if __name__ == "__main__":
    harness.main()
