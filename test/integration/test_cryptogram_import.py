#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""RSA cryptograms come in: the exact key or nothing, and one answer to all that only the private key can tell."""
import itertools
import os
import random
import secrets

import harness
import tr31_reader
import tr34_case
import tr34_partner
import wire
from tr34_partner import BITS, cryptogram

MUTATIONS = int(os.environ.get("KEYFERRY_TEST_MUTATIONS", "600"))
SEED = os.environ.get("KEYFERRY_TEST_SEED", "1")
INSIDE = (
    "WrappedKeyCryptogram: holds no key of KeyAlgorithm's length for the private key of ImportToken: "
    "wrap the key again to its certificate, by RSA-OAEP with the hash of WrappingSpec, for MGF1 too, "
    "and an empty label."
)


class Import(tr34_partner.PartnerCase):
    sizes = BITS
    kind = "KEY_CRYPTOGRAM"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kek = cls.sandbox.adopt_known(harness.kek_attributes("AES_256"))

    def request(self, *arguments, **members):
        return tr34_partner.cryptogram_request(*arguments, **members)

    def test_every_size_and_hash(self):
        for bits, spec, algorithm in itertools.product(
            BITS, tr34_partner.HASHES, ("TDES_2KEY", "TDES_3KEY", "AES_128")
        ):
            with self.subTest(bits=bits, spec=spec, algorithm=algorithm):
                key, krd = secrets.token_bytes(harness.LENGTHS[algorithm]), self.krds[bits]
                wrapped = cryptogram(krd, key, spec)
                if algorithm == "AES_128" and bits == 2048:
                    self.refuse("AES_128 needs RSA_3072", krd, wrapped, algorithm)
                    continue
                taken = self.take(krd, wrapped, algorithm, wrapping_spec=spec)
                self.assertEqual(taken["key_check_value"], harness.check_value(algorithm, key))
                self.assertEqual(taken["key_origin"], "EXTERNAL")
                exported = self.sandbox.export(taken["key_arn"], self.kek[1])["wrapped_key"]
                opened = tr31_reader.open_block(self.kek[0], exported["key_material"])
                self.assertEqual(opened["key"], key)
                self.assertEqual(opened["header"]["exportability"], "E")

    def test_the_default_is_sha_256(self):
        self.take(self.krd, cryptogram(self.krd, secrets.token_bytes(16)))
        wrapped = cryptogram(self.krd, secrets.token_bytes(16), "RSA_OAEP_SHA_512")
        self.assertEqual(self.refuse("", self.krd, wrapped), INSIDE)

    def test_not_exportable(self):
        """A first KEK: it works, and never leaves."""
        value = harness.random_key("AES_128")
        krd = self.krds[3072]
        given = {"usage": "TR31_K1_KEY_BLOCK_PROTECTION_KEY", "exportable": False}
        taken = self.take(krd, cryptogram(krd, value), "AES_128", **given)
        self.assertFalse(taken.get("exportable", False))
        kek = taken["key_arn"]
        self.assertIn(
            "ExportKeyIdentifier",
            self.refuses("ValidationException", self.sandbox.export, kek, self.kek[1]),
        )
        data = self.sandbox.create(tr34_case.data_key("AES_128"))
        block = self.sandbox.export(data, kek)["wrapped_key"]["key_material"]
        made = self.sandbox.call("GET_KEY", {"key_identifier": data})["key"]
        key = tr31_reader.open_block(value, block)["key"]
        self.assertEqual(tr31_reader.kcv_aes(key), made["key_check_value"])

    def test_another_length_has_one_answer(self):
        """Never a key of other bytes than those that were wrapped: nothing is cut or filled up."""
        krd = self.krds[3072]
        for algorithm, length in itertools.product(
            ("TDES_2KEY", "TDES_3KEY", "AES_128"), (0, 1, 8, 15, 16, 17, 23, 24, 25, 32, 64)
        ):
            if length != harness.LENGTHS[algorithm]:
                with self.subTest(algorithm=algorithm, length=length):
                    wrapped = cryptogram(krd, secrets.token_bytes(length))
                    self.assertEqual(self.refuse("", krd, wrapped, algorithm), INSIDE)

    def test_what_does_not_open_has_the_same(self):
        key = secrets.token_bytes(16)
        good = cryptogram(self.krd, key)
        other = self.partner.receiver(self.sandbox, 2048, "KEY_CRYPTOGRAM")
        for wrapped in (
            cryptogram(other, key),
            cryptogram(self.krd, key, label=b"label"),
            good[:-1] + bytes([good[-1] ^ 1]),
            bytes([good[0] ^ 0x40]) + good[1:],
            bytes(256),
            bytes(255) + b"\1",
            b"\xff" * 256,
        ):
            self.assertEqual(self.refuse("", self.krd, wrapped), INSIDE)

    def test_members(self):
        good = cryptogram(self.krd, secrets.token_bytes(16))
        whole = good.hex().upper()
        for words, members in (
            ("KeyAttributes is required", {"key_attributes": None}),
            ("Exportable is required", {"exportable": None}),
            ("WrappedKeyCryptogram is required", {"wrapped_key_cryptogram": None}),
            ("WrappedKeyCryptogram: has 0", {"wrapped_key_cryptogram": ""}),
            ("WrappedKeyCryptogram: has", {"wrapped_key_cryptogram": whole[1:]}),
            ("WrappedKeyCryptogram: must be hex", {"wrapped_key_cryptogram": whole.lower()}),
            ("WrappedKeyCryptogram: 255 bytes", {"wrapped_key_cryptogram": whole[2:]}),
            ("WrappedKeyCryptogram: 257 bytes", {"wrapped_key_cryptogram": whole + "00"}),
            ("WrappedKeyCryptogram: has", {"wrapped_key_cryptogram": "00" * 513}),
            ("ImportToken is required", {"import_token": None}),
            ("ImportToken is required", {"import_token": ""}),
            ("ImportToken: must be import-token-", {"import_token": "token"}),
            ("WrappingSpec", {"wrapping_spec": "RSA_OAEP_SHA_1"}),
            ("KeyUsage", {"usage": "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE"}),
            ("KeyModesOfUse", {"modes": {"generate": True}}),
            ("takes no AES_256", {"algorithm": "AES_256"}),
            (
                "takes no HMAC_SHA256",
                {
                    "algorithm": "HMAC_SHA256",
                    "usage": "TR31_M7_HMAC_KEY",
                    "modes": {"generate": True},
                },
            ),
        ):
            with self.subTest(words, members=list(members)):
                self.refuse(words, self.krd, good, **members)
        for text in (
            "import-token-" + "a" * 16,
            self.partner.receiver(self.sandbox, 2048).token,
        ):
            self.refuse(
                "ImportToken: there is no such",
                self.krd,
                good,
                name="ResourceNotFoundException",
                import_token=text,
            )
        same = cryptogram(self.krd, secrets.token_bytes(8) * 2)
        self.refuse("KeyAlgorithm: K1 and K2", self.krd, same)

    def test_the_record(self):
        wrapped = cryptogram(self.krd, secrets.token_bytes(16))
        taken = self.take(self.krd, wrapped)
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["KeyArn"], taken["key_arn"])
        self.assertEqual(record["ImportToken"], self.krd.token)
        self.assertEqual(record["Format"], "KEY_CRYPTOGRAM")
        self.assertIs(record["SenderAuthenticated"], False)
        self.assertNotIn(wrapped.hex().upper()[:16], str(record))

    def test_mutations(self):
        chance = random.Random("%s %s" % (SEED, self.token))
        good = cryptogram(self.krd, secrets.token_bytes(16))
        before = self.objects()
        with self.sandbox.connect() as connection:
            for _ in range(MUTATIONS):
                wrapped = tr34_partner.mutate(chance, good)
                if wrapped == good:
                    continue
                with self.assertRaises(wire.Refused, msg=wrapped.hex()) as caught:
                    connection.call("IMPORT_KEY", tr34_partner.cryptogram_request(self.krd, wrapped))
                self.assertEqual(caught.exception.name, "ValidationException")
                if len(wrapped) == len(good):
                    self.assertEqual(caught.exception.text, INSIDE)
        self.assertEqual(self.objects(), before)


harness.on_both_tokens(Import)
del Import

if __name__ == "__main__":
    harness.main()
