#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of tokentool.py and of the NSS shim, on both test tokens.

    SOFTHSM_MODULE=$(test/token/softhsm/build) test/token/test_tokentool.py
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "softhsm"), os.path.join(HERE, "nss")]

import nss_token  # noqa: E402
import softhsm_token  # noqa: E402
import tokentool  # noqa: E402

PIN = "4711"
VALUE = "00112233445566778899aabbccddeeff"


class TokenToolTest:
    """What holds for both tokens; setUp of the classes below makes the token."""

    def prepare(self, label, **more):
        pin_file = os.path.join(self.directory, "pin")
        with open(pin_file, "w", encoding="utf-8") as file:
            file.write(PIN + "\n")
        self.environment = {**os.environ, "KEYFERRY_PIN_FILE": pin_file,
                            "KEYFERRY_TOKEN_URI": "pkcs11:token=" + label.replace(" ", "%20"),
                            **more}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyferry-token-")
        self.addCleanup(folder.cleanup)
        self.directory = folder.name
        self.make_token()

    def tool(self, *arguments, status=0):
        result = subprocess.run(
            [sys.executable, os.path.join(HERE, "tokentool.py"), *arguments], text=True,
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertNotIn(VALUE, result.stdout + result.stderr)
        return result.stderr if status else result.stdout

    def test_put_list_count_reveal(self):
        self.assertEqual(self.tool("count"), "0\n")
        key_id = self.tool("put", "--label", "a key", "--type", "aes", "--hex", VALUE).strip()
        self.tool("put", "--label", "locked", "--type", "generic", "--hex", VALUE[:26], "--id",
                  "00ff", "--no-extractable", "--no-derive")
        for key_type, value in (("des2", VALUE), ("des3", VALUE + VALUE[:16])):
            self.tool("put", "--label", key_type, "--type", key_type, "--hex", value)
        self.assertEqual(self.tool("count"), "4\n")

        listed = {told["label"]: told for told in json.loads(self.tool("list", "--json"))}
        self.assertEqual(set(listed), {"a key", "locked", "des2", "des3"})
        free, locked = listed["a key"], listed["locked"]
        common = {"class": "CKO_SECRET_KEY", "private": True, "sensitive": True,
                  "modifiable": True, "wrap": False, "unwrap": False, "encrypt": False,
                  "decrypt": False, "sign": False, "verify": False}
        for told, expected in [
                (free, {"key_type": "CKK_AES", "id": key_id, "extractable": True,
                        "derive": True}),
                (locked, {"key_type": "CKK_GENERIC_SECRET", "id": "00ff", "extractable": False,
                          "derive": False})]:
            self.assertEqual(told, {**told, **common, **expected})
        self.assertEqual(listed["des3"]["key_type"], "CKK_DES3")
        self.assertEqual(len(self.tool("list").splitlines()), 4)

        self.assertEqual(self.tool("reveal", "--label", "a key"), "CKR_ATTRIBUTE_SENSITIVE\n")
        self.assertEqual(self.tool("reveal", "--id", "00ff"), "CKR_ATTRIBUTE_SENSITIVE\n")
        self.tool("reveal", "--label", "none", status=1)

    def test_wrong_pin_is_named(self):
        with open(self.environment["KEYFERRY_PIN_FILE"], "w", encoding="utf-8") as file:
            file.write("0000\n")
        self.assertIn("CKR_PIN_INCORRECT", self.tool("count", status=1))

    def test_token_label(self):
        self.assertEqual(tokentool.token_label("pkcs11:model=x;token=a%20%3b?pin=1"), "a ;")
        for uri in ("pkcs11:", "token=a", "pkcs11:model=x"):
            with self.assertRaises(ValueError):
                tokentool.token_label(uri)


class SoftHsm(TokenToolTest, unittest.TestCase):
    def make_token(self):
        module = os.environ["SOFTHSM_MODULE"]
        conf = softhsm_token.create(module, self.directory, "tool test", PIN)
        self.prepare("tool test", KEYFERRY_MODULE=module, SOFTHSM2_CONF=conf)


class Nss(TokenToolTest, unittest.TestCase):
    def make_token(self):
        database = os.path.join(self.directory, "db")
        module = nss_token.create(database, PIN)
        self.prepare(nss_token.LABEL, KEYFERRY_MODULE=module, KEYFERRY_NSS_CONFIGDIR=database)

    def test_shim_opens_softokn_for_other_tools(self):
        self.tool("put", "--label", "seen", "--type", "aes", "--hex", VALUE)
        shim = os.path.join(self.directory, "nss-shim.so")
        flags = subprocess.check_output(["pkg-config", "--cflags", "p11-kit-1"], text=True).split()
        subprocess.check_call(["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", shim,
                               os.path.join(HERE, "nss", "shim.c"), *flags, "-ldl"])
        shown = subprocess.check_output(
            ["pkcs11-tool", "--module", shim, "--token-label", nss_token.LABEL, "--login",
             "--pin", PIN, "--list-objects"],
            text=True, stderr=subprocess.DEVNULL,
            env={**self.environment,
                 "KEYFERRY_NSS_MODULE": self.environment["KEYFERRY_MODULE"]})
        self.assertIn("seen", shown)


if __name__ == "__main__":
    unittest.main()
