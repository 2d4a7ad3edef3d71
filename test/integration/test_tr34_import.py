#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key tokens come in: every layout, size and pass, and what must be refused, each fault alone."""
import datetime
import itertools
import secrets
import time
from types import SimpleNamespace

import harness
import tr31_reader
import tr34_chain
import tr34_form as form
import tr34_partner
import tr34_writer as writer
from tr34_der import NULL_VALUE, explicit, octets, sequence, tlv
from tr34_partner import BITS, Partner

NONCE = bytes(range(8))
INSIDE = (
    "WrappedKeyBlock: the key inside is not as its header and sender say, or it was wrapped to "
    "another key."
)
LENGTHS = {"T": (16, 24), "A": (16,)}
NAMES = {("T", 16): "TDES_2KEY", ("T", 24): "TDES_3KEY", ("A", 16): "AES_128"}
MINUTE = datetime.timedelta(minutes=1)


def swap_last(right):
    return right[:-1] + bytes([right[-1] ^ 1])


class Import(tr34_partner.PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.krds = {bits: cls.partner.receiver(cls.sandbox, bits) for bits in BITS}
        cls.krd = cls.krds[2048]
        cls.other = cls.partner.kit.leaf("KDH", key=cls.partner.kit.key(2048, "other"))
        cls.kek = cls.sandbox.adopt_known(harness.kek_attributes("AES_256"))

    def take(self, *arguments, **members):
        request = self.partner.request(*arguments, **members)
        return self.sandbox.call("IMPORT_KEY", request)["key"]

    def refuse(self, words, *arguments, name="ValidationException", **members):
        before = self.objects()
        request = self.partner.request(*arguments, **members)
        text = self.refuses(name, self.sandbox.call, "IMPORT_KEY", request)
        self.assertIn(words, text)
        self.assertEqual(self.objects(), before)
        return text

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
                header = "%s%s%s%s7Z%s0000" % (tr34_partner.VERSION[letter], usage, letter, mode, exportability)
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

    def test_one_fault_outside(self):
        other = self.other.issuer_and_serial
        later = writer.attribute(form.SIGNING_TIME, tlv(0x17, b"270102030405Z"))
        for words, changes in (
            ("the signature is not", {"signature": swap_last}),
            ("the signature is not", {"signing_key": self.other.key}),
            ("the signature is not", {"to_sign": swap_last}),
            ("messageDigest", {"digest": bytes(32)}),
            ("SignerInfo.sid names another", {"sid": other}),
            ("its recipient is not", {"recipient": other}),
            ("", {"certificates": explicit(0, self.partner.kdh.der)}),
            ("", {"envelope_version": 2}),
            ("", {"signed_version": 3}),
            ("", {"signer_version": 3}),
            ("", {"signer_info": lambda right: right + right}),
            ("", {"recipient_info": lambda right: right + right}),
            ("", {"extra_attributes": [later]}),
            ("", {"freshness": b""}),
            ("", {"ciphertext": b""}),
            ("", {"ciphertext": lambda right: right[:-1]}),
            ("", {"iv_field": octets(bytes(7))}),
            ("", {"content_type": form.DATA}),
            ("", {"oaep_hash": "sha1"}),
            ("", {"mgf_hash": "sha512"}),
            ("", {"signer_digest": sequence(form.SHA1)}),
            ("", {"token": lambda right: right + b"\0"}),
            ("", {"token": lambda right: right[:-1]}),
            ("", {"envelope": lambda right: right + NULL_VALUE}),
        ):
            with self.subTest(words, changes=list(changes)):
                text = self.refuse(words, self.partner.token(self.krd, **changes), self.krd)
                self.assertTrue(text.startswith("WrappedKeyBlock"), text)
                self.assertNotEqual(text, INSIDE)

    def test_one_fault_inside(self):
        """All that only the private key can tell has one answer."""
        params = form.oaep_params("aws2012")
        key = secrets.token_bytes(16)
        for changes in (
            {"inner_id": self.other.issuer_and_serial},
            {"inner_header": b"A0256D0TB00N0000"},
            {"inner_header": b"A0256K0TB00E0000"},
            {"key_block_version": 2},
            {"key_field": octets(key[:15])},
            {"key_field": octets(key + b"\0")},
            {"key_field": tlv(0x80, key)},
            {"key_block": lambda right: right + b"\0"},
            {"pad": lambda right: right[:-1] + b"\0"},
            {"pad": lambda right: bytes([right[0] ^ 1]) + right[1:]},
            {"pad": lambda right: right + bytes(8)},
            {"ciphertext": lambda right: swap_last(right[:8]) + right[8:]},
            {"ciphertext": swap_last},
            {"ciphertext": lambda right: right[8:]},
            {"iv_field": octets(bytes(8))},
            {"oaep_hash": "sha1", "oaep_params": params},
            {"mgf_hash": "sha1", "oaep_params": params},
            {"encrypted_key": swap_last},
            {"encrypted_key": bytes(256)},
            {"encrypted_key": b"\xff" * 256},
        ):
            with self.subTest(list(changes)):
                token = self.partner.token(self.krd, key, **changes)
                self.assertEqual(self.refuse("", token, self.krd), INSIDE)
        for length in (1, 8, 16, 23, 25, 32):
            with self.subTest(content_key=length):
                wrapped = tr34_partner.cryptogram(self.krd, secrets.token_bytes(length))
                token = self.partner.token(self.krd, key, encrypted_key=wrapped)
                self.assertEqual(self.refuse("", token, self.krd), INSIDE)

    def test_a_receiver_of_another_size(self):
        """Recipient's name and key do not belong together."""
        token = self.partner.token(
            self.krds[3072], recipient=writer.issuer_and_serial(self.krd.der)
        )
        self.refuse("WrappedKeyBlock: 384 bytes", token, self.krd)

    def test_headers(self):
        for header, words in (
            ("A0256D0TB00E000", "header"),
            ("X0256D0TB00E0000", "header must begin"),
            ("A02A6D0TB00E0000", "header must begin"),
            ("A0256D0TBc1E0000", "key version c1"),
            ("A0256D0TB00X0000", "exportability"),
            ("A0256D0TB00E0001", "reserved"),
            ("A0256D0TB00E0100KS18FFFF", "KS"),
            ("A0256D0TB00E00000", "are used"),
            ("A0256S0TS00E0000", "KeyUsage"),
            ("A0256B0TB00E0000", "KeyModesOfUse"),
            ("D0256M3AC00E0000", "KeyAlgorithm"),
        ):
            with self.subTest(header):
                krd = self.krds[3072]
                self.refuse(words, self.partner.token(krd, header=header), krd)
        for letter, words in (("H", "algorithm H"), ("R", "algorithm R"), ("A", "DES-EDE3")):
            changed = "A0256D0%sB00E0000" % letter
            token = self.partner.token(
                self.krd, header_attribute=changed.encode(), inner_header=changed.encode()
            )
            self.refuse(words, token, self.krd)
        changed = b"D0256D0TB00E0000"
        token = self.partner.token(
            self.krd, header="D0256D0AB00E0000", header_attribute=changed, inner_header=changed
        )
        self.refuse("AES-128", token, self.krd)
        token = self.partner.token(self.krd, header="D0256D0AB00E0000")
        self.refuse("AES_128 needs RSA_3072", token, self.krd)
        same = secrets.token_bytes(8)
        self.refuse("KeyAlgorithm: K1 and K2", self.partner.token(self.krd, same * 2), self.krd)

    def test_an_aes_key_of_24_bytes(self):
        krd = self.krds[3072]
        token = self.partner.token(krd, secrets.token_bytes(24), "D0256D0AB00E0000")
        self.assertEqual(self.refuse("", token, krd), INSIDE)

    def test_two_passes(self):
        token = self.partner.token(self.krd, nonce=NONCE)
        self.refuse("RandomNonce is required", token, self.krd)
        for nonce in (NONCE[::-1], NONCE + b"8"):
            self.refuse("RandomNonce: is not the one", token, self.krd, nonce)
        for text in ("", "00", NONCE.hex()[:-1], NONCE.hex() + "X0", "00" * 17):
            self.refuse("RandomNonce: must be", token, self.krd, random_nonce=text)
        self.take(token, self.krd, random_nonce=NONCE.hex().upper())

    def test_one_pass(self):
        now = tr34_chain.now()
        token = self.partner.token(self.krd)
        self.refuse("RandomNonce: is given", token, self.krd, NONCE)
        for when, words in (
            (now + 6 * MINUTE, "ahead"),
            (now - 2 * 24 * 60 * MINUTE, "before the validity"),
        ):
            self.refuse(words, self.partner.token(self.krd, when=when), self.krd)
        for when in (now + 4 * MINUTE, now - 23 * 60 * MINUTE):
            self.take(self.partner.token(self.krd, when=when), self.krd)

    def test_members(self):
        token = self.partner.token(self.krd)
        whole = token.hex().upper()
        for words, members in (
            ("KeyBlockFormat", {"key_block_format": None}),
            ("KeyBlockFormat", {"key_block_format": "X9_TR34_2019"}),
            ("WrappedKeyBlock is required", {"wrapped_key_block": None}),
            ("WrappedKeyBlock: has 0", {"wrapped_key_block": ""}),
            ("WrappedKeyBlock: has", {"wrapped_key_block": whole[:-1]}),
            ("WrappedKeyBlock: must be hex", {"wrapped_key_block": whole.lower()}),
            ("SigningKeyCertificate", {"signing_key_certificate": None}),
            (
                "CertificateAuthorityPublicKeyIdentifier",
                {"certificate_authority_public_key_identifier": None},
            ),
            ("Tr34KeyBlock: either ImportToken", {"import_token": None}),
            ("Tr34KeyBlock: either ImportToken", {"import_token": ""}),
            ("not both", {"wrapping_key_certificate": self.krd.form}),
            ("ImportToken: must be import-token-", {"import_token": "export-token-aaaaaaaa"}),
        ):
            with self.subTest(words, members=list(members)):
                self.refuse(words, token, self.krd, **members)
        for text in ("import-token-", "import-token-" + "a" * 16, self.krd.token + "a"):
            self.refuse(
                "ImportToken: there is no such",
                token,
                self.krd,
                name="ResourceNotFoundException",
                import_token=text,
            )
        text = self.partner.receiver(self.sandbox, 2048, "KEY_CRYPTOGRAM").token
        self.refuse(
            "ImportToken: there is no such",
            token,
            self.krd,
            name="ResourceNotFoundException",
            import_token=text,
        )

    def test_senders(self):
        """The certificate is checked as at an export; here is that it is checked at all."""
        kit = self.partner.kit
        day, now = 24 * 60 * MINUTE, tr34_chain.now()
        for kdh in (
            kit.leaf("KDH", not_before=now - 9 * day, not_after=now - day),
            kit.leaf("KDH", kit.authority("Stranger")),
            kit.leaf("KRD"),
            kit.self_signed("KDH"),
        ):
            token = self.partner.token(self.krd, kdh=kdh)
            self.refuse("SigningKeyCertificate", token, self.krd, signing_key_certificate=kdh.form)
        token = self.partner.token(self.krd)
        self.refuse(
            "SignerInfo.sid", token, self.krd, signing_key_certificate=self.other.form
        )
        again = kit.leaf("KDH")  # the same key, another certificate
        self.refuse("SignerInfo.sid", token, self.krd, signing_key_certificate=again.form)

    def test_a_list_that_came_along(self):
        kit, serial = self.partner.kit, self.partner.kdh.serial
        day, now = 24 * 60 * MINUTE, tr34_chain.now()
        for words, crl in (
            ("is revoked", kit.crl(serials=[serial])),
            ("revocation list", kit.crl(signer=self.other.key)),
            ("revocation list", kit.crl(kit.intermediate)),
            ("revocation list", kit.crl(last_update=now - 2 * day, next_update=now - day)),
        ):
            token = self.partner.token(self.krd, layout="annexb2019", crl=crl)
            self.refuse(words, token, self.krd)

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


class Expiry(harness.TokenCase):
    """A token that is over is refused, and its key gone."""

    def test_it(self):
        config = "certificates:\n  token-validity: 5000\n"
        partner = Partner()
        with harness.Sandbox(self.token, ca=True, config=config) as sandbox:
            partner.trust(sandbox)
            krd = partner.receiver(sandbox, 2048)
            token = partner.token(krd)
            before = len(sandbox.open_token().find())
            time.sleep(6)
            for name, words in (
                ("ValidationException", "ImportToken: the token has expired"),
                ("ResourceNotFoundException", "ImportToken: there is no such token"),
            ):
                text = self.refuses(name, sandbox.call, "IMPORT_KEY", partner.request(token, krd))
                self.assertIn(words, text)
            self.assertLess(len(sandbox.open_token().find()), before)


harness.on_both_tokens(Import)
harness.on_both_tokens(Expiry)
del Import, Expiry

if __name__ == "__main__":
    harness.main()
