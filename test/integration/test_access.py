#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who may do what, tried by people who are not root. Needs root to become them."""
import collections
import grp
import json
import multiprocessing
import os
import shutil
import time
import unittest

import harness
import certificates
import tr34_case

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
        cls.options = {"config": "access:\n  group: %s\n" % cls.group.gr_name, "ca": True}
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

    def test_a_member_sends_keys_and_trusts_nobody(self):
        """Key tokens and cryptograms go to those whom root trusts, under export tokens that root got."""
        kit = certificates.Kit(root_bits=2048)
        root = tr34_case.put_anchor(self.sandbox, kit.root.certificate)
        given = {"key_material_type": "TR34_KEY_BLOCK", "signing_key_algorithm": "RSA_2048"}
        token = self.sandbox.call("GET_PARAMETERS_FOR_EXPORT", given)["export_token"]
        to = {
            "CertificateAuthorityPublicKeyIdentifier": root,
            "WrappingKeyCertificate": kit.leaf("KRD").form,
        }
        tr34 = dict(to, ExportToken=token, KeyBlockFormat="X9_TR34_2012")
        for material in ({"Tr34KeyBlock": tr34}, {"KeyCryptogram": to}):
            given = json.dumps(material)
            answer = self.sandbox.cli(
                *("export-key", "--export-key-identifier", self.bdk, "--key-material", given),
                user=self.member,
            )
            self.assertIn("KeyMaterial", answer["WrappedKey"])
        pair = tr34_case.create_pair(self.sandbox)
        anchor = harness.as_json(
            "ImportKeyMaterial", tr34_case.anchor_request(kit.intermediate.certificate)["key_material"]
        )
        before = len(self.sandbox.open_token().find())
        for command in (
            ("init-ca",),
            (
                *("get-parameters-for-export", "--key-material-type", "TR34_KEY_BLOCK"),
                *("--signing-key-algorithm", "RSA_2048"),
            ),
            (
                *("get-parameters-for-import", "--key-material-type", "TR34_KEY_BLOCK"),
                *("--wrapping-key-algorithm", "RSA_2048"),
            ),
            ("get-public-key-certificate", "--key-identifier", pair),
            (
                *("get-certificate-signing-request", "--key-identifier", pair),
                *("--signing-algorithm", "SHA256", "--certificate-subject", "CommonName=Mine"),
            ),
            ("import-key", "--key-material", json.dumps(anchor)),
        ):
            with self.subTest(command[0]):
                for user in (self.member, STRANGER):
                    name, _ = self.sandbox.refused(*command, user=user)
                    self.assertEqual(name, "AccessDeniedException")
        self.assertEqual(len(self.sandbox.open_token().find()), before)

    def test_refusals_name_the_peer_in_the_audit_log(self):
        self.sandbox.refused(*self.create(), user=self.member)
        self.assertIn(str(NOBODY), str(self.sandbox.audit()[-1]))


@unittest.skipUnless(usable(), "only root can try this as other users")
class Strangers(harness.TokenCase):
    def test_they_do_not_fill_the_log(self):
        """Beyond a hundred refusals and one a second they are told that it is enough, and only counted."""
        os.chmod(os.path.dirname(self.sandbox.socket), 0o711)
        os.chmod(self.sandbox.socket, 0o666)
        answers = multiprocessing.Queue()

        def stranger():
            os.setgroups([])
            os.setuid(NOBODY)
            with self.sandbox.connect(timeout=30) as connection:
                names = [reply.name for _, reply in connection.pipeline("LIST_KEYS", {}, 2000)]
            answers.put(collections.Counter(names))

        before, begun = len(self.sandbox.audit()), time.monotonic()
        child = multiprocessing.Process(target=stranger)
        child.start()
        got = answers.get(timeout=30)
        child.join()
        self.sandbox.call("LIST_KEYS")

        def counted():
            return [each for each in self.sandbox.audit()[before:] if "NotRecorded" in each]

        def total():
            return sum(each["NotRecorded"] for each in counted())

        harness.wait_until(lambda: total() >= got["ThrottlingException"], 20, "the count")
        self.assertEqual(total(), got["ThrottlingException"])
        self.assertEqual({each["peer"]["uid"] for each in counted()}, {NOBODY})
        records = len(self.sandbox.audit()) - before
        seconds = time.monotonic() - begun
        self.assertEqual(sum(got.values()), 2000)
        self.assertGreaterEqual(got["AccessDeniedException"], 100)
        self.assertEqual(records, got["AccessDeniedException"] + len(counted()) + 1)
        self.assertLess(records, 100 + seconds + 2)


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
