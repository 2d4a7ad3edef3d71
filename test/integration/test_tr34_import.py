#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key tokens come in: every layout, size and pass, to an import token and to a pair of our own."""
import datetime
import itertools
import secrets
from types import SimpleNamespace

import harness
import tr31_reader
import tr34_chain
import tr34_form as form
import tr34_partner
from tr34_partner import BITS

NONCE = bytes(range(8))
LENGTHS = {"T": (16, 24), "A": (16,)}
NAMES = {("T", 16): "TDES_2KEY", ("T", 24): "TDES_3KEY", ("A", 16): "AES_128"}
MINUTE = datetime.timedelta(minutes=1)


class Import(tr34_partner.PartnerCase):
    sizes = BITS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kek = cls.sandbox.adopt_known(harness.kek_attributes("AES_256"))

    def leaves(self, arn):
        """An imported key, exported again and opened."""
        block = self.sandbox.export(arn, self.kek[1])["wrapped_key"]["key_material"]
        return tr31_reader.open_block(self.kek[0], block)

    def test_every_layout_pass_and_size(self):
        for layout, nonce, letter in itertools.product(
            form.LAYOUTS, (None, NONCE, bytes(range(16))), "TA"
        ):
            crl = self.partner.kit.crl() if form.LAYOUTS[layout].crl else None
            for bits, length in itertools.product(BITS, LENGTHS[letter]):
                if letter == "A" and bits == 2048:
                    continue
                with self.subTest(layout, nonce=nonce, bits=bits, letter=letter, length=length):
                    name = NAMES[letter, length]
                    key, krd = secrets.token_bytes(length), self.krds[bits]
                    header = tr34_partner.VERSION[letter] + "D0%sB00E0000" % letter
                    token = self.partner.token(krd, key, header, layout, nonce, crl=crl)
                    taken = self.take(token, krd, nonce)
                    self.assertEqual(taken["key_attributes"]["key_algorithm"], name)
                    self.assertEqual(taken["key_check_value"], harness.check_value(name, key))
                    self.assertEqual(taken["key_origin"], "EXTERNAL")

    def test_the_exact_bytes_and_header(self):
        for letter, length, usage, mode, exportability in (
            ("T", 16, "B0", "X", "E"),
            ("T", 24, "P0", "E", "S"),
            ("T", 16, "B1", "X", "S"),
            ("A", 16, "K1", "B", "E"),
        ):
            with self.subTest(usage=usage, letter=letter):
                key = secrets.token_bytes(length)
                header = "%s%s%s%s7Z%s0000" % (
                    tr34_partner.VERSION[letter],
                    usage,
                    letter,
                    mode,
                    exportability,
                )
                token = self.partner.token(self.krds[3072], key, header)
                taken = self.take(token, self.krds[3072])
                opened = self.leaves(taken["key_arn"])
                self.assertEqual(opened["key"], key)
                self.assertEqual(opened["header"]["usage"], usage)
                self.assertEqual(opened["header"]["mode"], mode)
                self.assertEqual(opened["header"]["keyversion"], "7Z")
                self.assertEqual(opened["header"]["exportability"], exportability)
        token = self.partner.token(self.krd, header="A0256D0TB00N0000")
        taken = self.take(token, self.krd)
        self.assertFalse(taken.get("exportable", False))

    def test_a_first_kek_works(self):
        """It came without any key before it, and wraps and unwraps from then on."""
        for letter, length in (("T", 24), ("A", 16)):
            value = harness.random_key(NAMES[letter, length])
            token = self.partner.token(
                self.krds[4096], value, tr34_partner.VERSION[letter] + "K0%sB00N0000" % letter
            )
            kek = self.take(token, self.krds[4096])["key_arn"]
            key = secrets.token_bytes(16)
            block = tr31_reader.make_block(value, "DB"[letter == "T"], "D0", "T", "B", key)
            wanted = {"wrapping_key_identifier": kek, "wrapped_key_block": block}
            wanted = {"key_material": {"tr31_key_block": wanted}}
            arn = self.sandbox.call("IMPORT_KEY", wanted)["key"]["key_arn"]
            again = self.sandbox.export(arn, kek)["wrapped_key"]["key_material"]
            self.assertEqual(tr31_reader.open_block(value, again)["key"], key)

    def test_other_ways_to_write_the_same(self):
        """Annex D's form, signed attributes in any order, headers as senders have them."""
        key = secrets.token_bytes(16)
        for header, changes in (
            ("A0256D0TB00E0000", {"bare_header": True, "key_block_version": 0}),
            ("A0256D0TB00E0000", {"key_block_version": 0}),
            ("A0256D0TB00E0000", {"bare_header": True}),
            ("A0256D0TB00E0000", {"attributes": lambda right: right[::-1]}),
            ("D9999D0TB00E0000", {}),
            ("B0000D0TB00E0000", {}),
            ("A0256D0TB00E0100KS18FFFF9876543210E00000", {}),
        ):
            with self.subTest(header, changes=list(changes)):
                taken = self.take(self.partner.token(self.krd, key, header, **changes), self.krd)
                self.assertEqual(taken["key_check_value"], tr31_reader.kcv_tdes(key))

    def make_pair(self, modes):
        given = {
            "key_usage": "TR31_K2_TR34_ASYMMETRIC_KEY",
            "key_class": "ASYMMETRIC_KEY_PAIR",
            "key_algorithm": "RSA_2048",
            "key_modes_of_use": modes,
        }
        return self.sandbox.create(given, exportable=False)

    def certify(self, arn, **options):
        reply = self.sandbox.call("GET_PUBLIC_KEY_CERTIFICATE", {"key_identifier": arn})
        public = tr34_partner.receiver_from(reply["key_certificate"]).certificate.public_key()
        key = SimpleNamespace(public_key=lambda: public)
        made = self.partner.kit.leaf("KRD", key=key, **options)
        return tr34_partner.receiver_from(made.form)

    def test_a_pair_of_our_own(self):
        arn = self.make_pair({"decrypt": True, "unwrap": True})
        krd = self.certify(arn)
        members = {"wrapping_key_identifier": arn, "wrapping_key_certificate": krd.form}
        key = secrets.token_bytes(24)
        token = self.partner.token(krd, key)
        taken = self.take(token, krd, **members)
        self.assertEqual(taken["key_check_value"], tr31_reader.kcv_tdes(key))
        self.assertEqual(self.sandbox.audit()[-1]["WrappingKeyArn"], arn)
        other = self.make_pair({"decrypt": True, "unwrap": True})
        sends = self.make_pair({"encrypt": True, "wrap": True})
        day, now = 24 * 60 * MINUTE, tr34_chain.now()
        old = self.certify(arn, not_before=now - 9 * day, not_after=now - day)
        for words, change in (
            ("WrappingKeyCertificate", {"wrapping_key_certificate": None}),
            ("WrappingKeyIdentifier", {"wrapping_key_identifier": None}),
            ("not of the key", {"wrapping_key_identifier": other}),
            ("not a key pair that unwraps", {"wrapping_key_identifier": sends}),
            ("not a key pair that unwraps", {"wrapping_key_identifier": self.kek[1]}),
            ("WrappingKeyCertificate", {"wrapping_key_certificate": old.form}),
            ("not of the key", {"wrapping_key_certificate": self.krd.form}),
        ):
            with self.subTest(words, change=list(change)):
                self.refuse(words, token, krd, **dict(members, **change))
        self.refuse("not both", token, self.krd, **members)
        self.sandbox.call("STOP_KEY_USAGE", {"key_identifier": arn})
        self.refuse("not enabled", token, krd, name="ConflictException", **members)

    def test_common_members(self):
        token = self.partner.token(self.krd)
        request = self.partner.request(token, self.krd)
        text = self.refuses(
            "ValidationException",
            self.sandbox.call,
            "IMPORT_KEY",
            dict(request, key_check_value_algorithm="CMAC"),
        )
        self.assertIn("KeyCheckValueAlgorithm: for TDES_2KEY", text)
        tags = [{"key": "partner", "value": "acme"}]
        taken = self.sandbox.call("IMPORT_KEY", dict(request, tags=tags, enabled=False))["key"]
        self.assertFalse(taken.get("enabled", False))

    def test_the_record(self):
        key = secrets.token_bytes(16)
        token = self.partner.token(self.krd, key, "A0256D0TB00E0100LB10the sender's", layout="cms")
        taken = self.take(token, self.krd)
        record = self.sandbox.audit()[-1]
        self.assertEqual(record["KeyArn"], taken["key_arn"])
        self.assertEqual(record["ImportToken"], self.krd.token)
        self.assertEqual(record["CertificateAuthorityKeyArn"], self.partner.anchor)
        self.assertEqual(record["Format"], "TR34_KEY_BLOCK")
        self.assertEqual(record["Header"], "A0256D0TB00E0100")
        self.assertIn("KDH", record["CertificateSubject"])
        self.assertNotIn("the sender", str(record))


harness.on_both_tokens(Import)
del Import

if __name__ == "__main__":
    harness.main()
