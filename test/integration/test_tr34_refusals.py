#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key tokens that must be refused: one fault each, by its own name or, where only the private key can tell, by one."""
import datetime
import secrets
import time

import harness
import tr34_chain
import tr34_form as form
import tr34_partner
import tr34_writer as writer
from tr34_der import NULL_VALUE, explicit, octets, sequence, tlv

NONCE = bytes(range(8))
INSIDE = (
    "WrappedKeyBlock: the key inside is not as its header and sender say, or it was wrapped to "
    "another key."
)
MINUTE = datetime.timedelta(minutes=1)


def swap_last(right):
    return right[:-1] + bytes([right[-1] ^ 1])


class Refusals(tr34_partner.PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.partner.kit.leaf("KDH", key=cls.partner.kit.key(2048, "other"))

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
        self.refuse("SignerInfo.sid", token, self.krd, signing_key_certificate=self.other.form)
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


class Expiry(tr34_partner.PartnerCase):
    """A token that is over is refused, and its key gone."""

    options = {"ca": True, "config": "certificates:\n  token-validity: 2000\n"}
    sizes = (2048,)

    def test_it(self):
        token = self.partner.token(self.krd)
        before = len(self.objects())
        time.sleep(3)
        for name, words in (
            ("ValidationException", "ImportToken: the token has expired"),
            ("ResourceNotFoundException", "ImportToken: there is no such token"),
        ):
            given = self.request(token, self.krd)
            text = self.refuses(name, self.sandbox.call, "IMPORT_KEY", given)
            self.assertIn(words, text)
        self.assertLess(len(self.objects()), before)


harness.on_both_tokens(Refusals)
harness.on_both_tokens(Expiry)
del Refusals, Expiry

if __name__ == "__main__":
    harness.main()
