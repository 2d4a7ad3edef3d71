# SPDX-License-Identifier: Apache-2.0
"""A partner who sends keys to Keyferry: his CA, his signing key, the tokens and cryptograms that he makes."""
import base64
import os
import secrets
from types import SimpleNamespace

import harness
import certificates
import tr34_case
import tr34_writer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

BITS = (2048, 3072, 4096)
# How a header begins, by its algorithm.
VERSION = {"T": "A0256", "A": "D0256"}
DER = serialization.Encoding.DER
ROOT_ATTRIBUTES = {
    "key_usage": "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE",
    "key_class": "PUBLIC_KEY",
    "key_modes_of_use": {"verify": True},
}
HASHES = {"RSA_OAEP_SHA_256": hashes.SHA256(), "RSA_OAEP_SHA_512": hashes.SHA512()}


def receiver_from(form, token=None):
    """What a sender knows of a receiver: the certificate, from the form that the service gives it in."""
    certificate = x509.load_pem_x509_certificate(base64.b64decode(form))
    return SimpleNamespace(
        der=certificate.public_bytes(DER), form=form, token=token, certificate=certificate
    )


class Partner:
    """trust() makes a sandbox take what he signs; receiver() asks it where to send to."""

    def __init__(self, kit=None):
        self.kit = kit or certificates.Kit(root_bits=2048)
        self.kdh = self.kit.leaf("KDH")
        self.anchor = None

    def trust(self, sandbox, party=None):
        party = party or self.kit.root
        given = dict(ROOT_ATTRIBUTES, key_algorithm="RSA_%d" % party.key.key_size)
        root = {"key_attributes": given, "public_key_certificate": party.form}
        reply = sandbox.call("IMPORT_KEY", {"key_material": {"root_certificate_public_key": root}})
        self.anchor = reply["key"]["key_arn"]

    @staticmethod
    def receiver(sandbox, bits, kind="TR34_KEY_BLOCK"):
        given = {"key_material_type": kind, "wrapping_key_algorithm": "RSA_%d" % bits}
        reply = sandbox.call("GET_PARAMETERS_FOR_IMPORT", given)
        return receiver_from(reply["wrapping_key_certificate"], reply["import_token"])

    def token(self, krd, key=None, header="A0256D0TB00E0000", layout="aws2012", nonce=None, **more):
        key = key or secrets.token_bytes(16)
        kdh = more.pop("kdh", self.kdh)
        return tr34_writer.make_token(kdh, krd, key, header, layout, nonce, **more)

    def request(self, token, krd, nonce=None, **members):
        """members replace those of Tr34KeyBlock; None leaves one out."""
        material = {
            "certificate_authority_public_key_identifier": self.anchor,
            "signing_key_certificate": self.kdh.form,
            "import_token": krd.token,
            "wrapped_key_block": token.hex().upper(),
            "key_block_format": "X9_TR34_2012",
            "random_nonce": nonce.hex() if nonce else None,
            **members,
        }
        given = {name: value for name, value in material.items() if value is not None}
        return {"key_material": {"tr34_key_block": given}}


class PartnerCase(harness.TokenCase):
    """A sandbox with a CA, a partner that it trusts, and what he sends key tokens to."""

    options = {"ca": True}
    sizes = (2048, 3072)
    kind = "TR34_KEY_BLOCK"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = Partner()
        cls.partner.trust(cls.sandbox)
        cls.krds = {bits: cls.partner.receiver(cls.sandbox, bits, cls.kind) for bits in cls.sizes}
        cls.krd = cls.krds[cls.sizes[0]]

    def take(self, *arguments, **members):
        given = self.request(*arguments, **members)
        return self.sandbox.call("IMPORT_KEY", given)["key"]

    def refuse(self, words, *arguments, name="ValidationException", **members):
        """The text of a refusal that has these words in it and leaves nothing behind."""
        before = self.objects()
        given = self.request(*arguments, **members)
        text = self.refuses(name, self.sandbox.call, "IMPORT_KEY", given)
        self.assertIn(words, text)
        self.assertEqual(self.objects(), before)
        return text

    def request(self, *arguments, **members):
        return self.partner.request(*arguments, **members)

    def objects(self):
        return sorted(self.sandbox.open_token().find())


def cryptogram(krd, key, spec="RSA_OAEP_SHA_256", label=None):
    oaep = padding.OAEP(padding.MGF1(HASHES[spec]), HASHES[spec], label)
    return krd.certificate.public_key().encrypt(key, oaep)


def cryptogram_request(krd, wrapped, algorithm="TDES_2KEY", usage=tr34_case.DATA_KEY, modes=None, **members):
    """members replace those of KeyCryptogram; None leaves one out."""
    material = {
        "key_attributes": harness.attributes(algorithm, usage, modes or harness.KEK_MODES),
        "exportable": True,
        "wrapped_key_cryptogram": wrapped.hex().upper(),
        "import_token": krd.token,
        **members,
    }
    given = {name: value for name, value in material.items() if value is not None}
    return {"key_material": {"key_cryptogram": given}}


def mutate(chance, data):
    """One to three octets of it changed, or some taken out, doubled or put in."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(data))
        kind = chance.randrange(8)
        if kind < 4:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 4:
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x30, 0xA0))
        elif kind == 5:
            del data[at : at + chance.randrange(1, 40)]
        elif kind == 6:
            data[at:at] = data[at : at + chance.randrange(1, 40)]
        else:
            data[at:at] = chance.randbytes(chance.randrange(1, 4))
        if not data:
            data = bytearray(os.urandom(1))
    return bytes(data)
