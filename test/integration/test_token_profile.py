#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens that cannot do everything, or that do not keep what they promise."""
import os
import unittest

import harness


@unittest.skipUnless(
    os.path.exists(harness.STOCK_SOFTHSM), "the distribution's SoftHSM is not installed"
)
class StockSoftHSM(unittest.TestCase):
    def test_it_says_what_it_cannot_do(self):
        with harness.Sandbox(options=["--module", harness.STOCK_SOFTHSM]) as sandbox:
            self.assertEqual(sandbox.status()["state"], "ready")
            token = sandbox.cli("token")
            formats = {each["Format"]: each for each in token["Formats"]}
            self.assertTrue(formats)
            for version in ("B", "D"):
                name = next(each for each in formats if each.rstrip().endswith(version))
                self.assertFalse(formats[name]["Possible"], name)
                self.assertIn("CKM_CONCATENATE", formats[name]["Reason"])
            name, text = sandbox.refused(
                "export-key",
                "--export-key-identifier",
                "alias/bdk",
                "--key-material",
                "Tr31KeyBlock={WrappingKeyIdentifier=alias/kek}",
            )
            self.assertEqual(name, "ValidationException")
            self.assertIn("CKM_CONCATENATE", text)


class PatchedSoftHSM(harness.TokenCase):
    def test_it_can_do_all_and_keeps_its_word(self):
        token = self.sandbox.cli("token")
        self.assertTrue(token["Trusted"])
        for each in token["Formats"]:
            self.assertTrue(each["Possible"], each)
        self.assertEqual([each for each in token["Checks"] if each["Result"] == "failed"], [])

    def test_it_shows_secrets_that_have_no_role(self):
        self.sandbox.put_key("somebody's", "AES_128", harness.random_key("AES_128"))
        token = self.sandbox.cli("token")
        self.assertTrue(
            [each for each in token["Findings"] if "somebody's" in each["Object"]],
            token["Findings"],
        )


class NSS(unittest.TestCase):
    def test_it_is_refused_unless_told(self):
        with harness.Sandbox("nss") as sandbox:
            token = sandbox.cli("token")
            self.assertFalse(token["Trusted"])
            self.assertTrue([each for each in token["Checks"] if each["Result"] == "failed"])
            for each in token["Formats"]:
                self.assertTrue(each["Possible"], each)

            def distrust(text):
                return text.replace("accept-untrusted: yes", "accept-untrusted: no")

            with harness.Daemon(sandbox, distrust) as daemon:
                daemon.wait_for("down", "accept-untrusted")
                self.assertEqual(daemon.status()["workers_ready"], 0)


if __name__ == "__main__":
    harness.main()
