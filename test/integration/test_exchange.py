#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One Keyferry sends keys to another: by key token, by cryptogram, and then by key blocks under what came so."""
import itertools
import json
import subprocess
import sys
import unittest

import harness
import tokentool

ROOT = {
    "key_usage": "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE",
    "key_class": "PUBLIC_KEY",
    "key_algorithm": "RSA_4096",
    "key_modes_of_use": {"verify": True},
}
CASES = (("TDES_2KEY", 2048), ("TDES_3KEY", 3072), ("AES_128", 3072), ("AES_128", 4096))


def trust(sandbox, chain):
    root = {"key_attributes": ROOT, "public_key_certificate": chain}
    reply = sandbox.call("IMPORT_KEY", {"key_material": {"root_certificate_public_key": root}})
    return reply["key"]["key_arn"]


class Side:
    """A Keyferry as sender and as receiver."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.sender = sandbox.call(
            "GET_PARAMETERS_FOR_EXPORT",
            {"key_material_type": "TR34_KEY_BLOCK", "signing_key_algorithm": "RSA_2048"},
        )

    def receiver(self, kind, bits):
        values = {"key_material_type": kind, "wrapping_key_algorithm": "RSA_%d" % bits}
        return self.sandbox.call("GET_PARAMETERS_FOR_IMPORT", values)

    def meet(self, other):
        """Each trusts the other's CA."""
        self.partner = trust(self.sandbox, other.sender["signing_key_certificate_chain"])


class Exchange(unittest.TestCase):
    """Every pair of the two tokens, both ways."""

    @classmethod
    def setUpClass(cls):
        cls.sides = {}
        for token in ("softhsm", "nss"):
            for number in (1, 2):
                sandbox = harness.Sandbox(token, ca=True, workers=1)
                cls.addClassCleanup(sandbox.close)
                cls.sides[token, number] = Side(sandbox)

    def pairs(self):
        """(sender, receiver) of all combinations of tokens."""
        for one, other in itertools.product(("softhsm", "nss"), repeat=2):
            sender, receiver = self.sides[one, 1], self.sides[other, 2]
            if (one, other) in (("softhsm", "softhsm"), ("nss", "nss")):
                sender.meet(receiver)
                receiver.meet(sender)
            else:
                self.sides[one, 2].meet(self.sides[other, 1])
                self.sides[other, 1].meet(self.sides[one, 2])
                sender, receiver = self.sides[one, 2], self.sides[other, 1]
            yield one + " to " + other, sender, receiver

    def by_token(self, sender, receiver, key, bits, nonce, layout):
        parameters = receiver.receiver("TR34_KEY_BLOCK", bits)
        token = {
            "certificate_authority_public_key_identifier": sender.partner,
            "wrapping_key_certificate": parameters["wrapping_key_certificate"],
            "export_token": sender.sender["export_token"],
            "key_block_format": "X9_TR34_2012",
            "layout": layout,
        }
        taken = {
            "certificate_authority_public_key_identifier": receiver.partner,
            "signing_key_certificate": sender.sender["signing_key_certificate"],
            "import_token": parameters["import_token"],
            "key_block_format": "X9_TR34_2012",
        }
        if nonce:
            token["random_nonce"] = taken["random_nonce"] = nonce
        sent = sender.sandbox.call(
            "EXPORT_KEY",
            {"export_key_identifier": key, "key_material": {"tr34_key_block": token}},
        )["wrapped_key"]
        taken["wrapped_key_block"] = sent["key_material"]
        request = {"key_material": {"tr34_key_block": taken}}
        return sent, receiver.sandbox.call("IMPORT_KEY", request)["key"]

    def by_cryptogram(self, sender, receiver, key, bits, spec):
        parameters = receiver.receiver("KEY_CRYPTOGRAM", bits)
        given = {
            "certificate_authority_public_key_identifier": sender.partner,
            "wrapping_key_certificate": parameters["wrapping_key_certificate"],
            "wrapping_spec": spec,
        }
        sent = sender.sandbox.call(
            "EXPORT_KEY", {"export_key_identifier": key, "key_material": {"key_cryptogram": given}}
        )["wrapped_key"]
        attributes = sender.sandbox.call("GET_KEY", {"key_identifier": key})["key"]
        taken = {
            "key_attributes": attributes["key_attributes"],
            "exportable": True,
            "wrapped_key_cryptogram": sent["key_material"],
            "import_token": parameters["import_token"],
            "wrapping_spec": spec,
        }
        request = {"key_material": {"key_cryptogram": taken}}
        return sent, receiver.sandbox.call("IMPORT_KEY", request)["key"]

    def working_key(self, sandbox, arn):
        """What the token says of the working object of a key. From a process of its own: one can look into one token."""
        told = subprocess.run(
            [sys.executable, tokentool.__file__, "list", "--json"],
            env=harness.environment(**sandbox.variables),
            check=True,
            capture_output=True,
        ).stdout
        value = sandbox.call("GET_KEY", {"key_identifier": arn})["key"]["key_check_value"]
        (found,) = [
            each
            for each in json.loads(told)
            if (each["label"] or "").startswith("keyferry1 working ")
            and ":%s " % value in each["label"]
        ]
        return found

    def check_works(self, sender, receiver, shared, arrived):
        """The key that came wraps key blocks there that the sender takes, and its working object never leaves."""
        block = receiver.sandbox.export(
            receiver.sandbox.create(harness.bdk_attributes()), arrived["key_arn"]
        )["wrapped_key"]
        material = {"wrapping_key_identifier": shared, "wrapped_key_block": block["key_material"]}
        back = sender.sandbox.call("IMPORT_KEY", {"key_material": {"tr31_key_block": material}})
        self.assertEqual(back["key"]["key_check_value"], block["key_check_value"])
        self.assertFalse(self.working_key(receiver.sandbox, arrived["key_arn"])["extractable"])

    def test_keys_that_travel(self):
        for name, sender, receiver in self.pairs():
            for (algorithm, bits), nonce, layout in zip(
                CASES,
                (None, "0123456789ABCDEF", "00112233445566778899aabbccddeeff", "0123456789abcdef"),
                ("aws2012", "cms", "annexb2019", "aws2012"),
            ):
                with self.subTest(name, algorithm=algorithm, bits=bits, layout=layout):
                    shared = sender.sandbox.create(harness.kek_attributes(algorithm))
                    sent, arrived = self.by_token(sender, receiver, shared, bits, nonce, layout)
                    self.assertEqual(sent["wrapped_key_material_format"], "TR34_KEY_BLOCK")
                    self.assertEqual(sent["wrapping_key_arn"], sender.partner)
                    self.assertEqual(sent["key_check_value"], arrived["key_check_value"])
                    self.assertEqual(arrived["key_origin"], "EXTERNAL")
                    self.check_works(sender, receiver, shared, arrived)
            for (algorithm, bits), spec in zip(
                CASES[1:3], ("RSA_OAEP_SHA_256", "RSA_OAEP_SHA_512")
            ):
                with self.subTest(name, algorithm=algorithm, spec=spec):
                    shared = sender.sandbox.create(harness.kek_attributes(algorithm))
                    sent, arrived = self.by_cryptogram(sender, receiver, shared, bits, spec)
                    self.assertEqual(sent["wrapped_key_material_format"], "KEY_CRYPTOGRAM")
                    self.assertEqual(sent["key_check_value"], arrived["key_check_value"])
                    self.check_works(sender, receiver, shared, arrived)


if __name__ == "__main__":
    harness.main()
