# SPDX-License-Identifier: Apache-2.0
"""What tests of TR-34 and RSA cryptograms stand on: a partner's CA, a sandbox that trusts it, the requests."""
import base64

import harness
import certificates
import pkcs11
import tr34_reader
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from pkcs11 import CKA, CKR


ROOT_MODES = {"verify": True}
TR34 = "TR34_KEY_BLOCK"
LAYOUTS = ("aws2012", "annexb2019", "cms")
# What may leave under which receiver's key; the rest is refused.
MATRIX = [(name, bits) for name in ("TDES_2KEY", "TDES_3KEY") for bits in (2048, 3072, 4096)]
MATRIX += [("AES_128", 3072), ("AES_128", 4096)]
# BDK, KSN, what comes of them (X9.24), and the smallest RSA key that may take it.
INITIAL_KEYS = (
    (
        "TDES_2KEY",
        "0123456789ABCDEFFEDCBA9876543210",
        "FFFF9876543210E00000",
        "6AC292FAA1315B4D858AB3A3D7D5933A",
        2048,
    ),
    (
        "AES_128",
        "FEDCBA9876543210F1F1F1F1F1F1F1F1",
        "123456789012345600000000",
        "1273671EA26AC29AFA4D1084127652A1",
        3072,
    ),
)
DATA_KEY = "TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY"
PAIRS = {
    "K2": ("TR31_K2_TR34_ASYMMETRIC_KEY", {"encrypt": True, "wrap": True}),
    "K2 unwraps": ("TR31_K2_TR34_ASYMMETRIC_KEY", {"decrypt": True, "unwrap": True}),
    "S0": ("TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE", {"sign": True}),
}


def header_of(algorithm, usage="D0", mode="B", exportability="E", version="00"):
    letter = "T" if algorithm.startswith("TDES") else "A"
    start = {"T": "A0256", "A": "D0256"}[letter]
    return "%s%s%s%s%s%s0000" % (start, usage, letter, mode, version, exportability)


def pem(form):
    """The PEM text in the service's form of certificates and of requests for them."""
    return base64.b64decode(form, validate=True)


def read(form):
    return x509.load_pem_x509_certificate(pem(form))


def key_usage(certificate):
    return certificate.extensions.get_extension_for_class(x509.KeyUsage).value


def objects_of(sandbox, name):
    """The token's objects of a key of this name, whatever its role."""
    ident = base64.b32decode(name.upper())
    session = sandbox.open_token()

    def is_its(handle):
        try:
            found = session.get_attributes(handle, [CKA.ID]).get(CKA.ID)
        except pkcs11.Error as error:
            # A file that SoftHSM had only begun when its worker was killed.
            if error.rv != CKR.ATTRIBUTE_VALUE_INVALID:
                raise
            return False
        return found and found[1:] == ident

    return [handle for handle in session.find() if is_its(handle)]


def pair_attributes(kind="S0", algorithm="RSA_2048"):
    usage, modes = PAIRS[kind]
    return dict(harness.attributes(algorithm, usage, modes), key_class="ASYMMETRIC_KEY_PAIR")


def party(form, key=None):
    return certificates.Party(key, read(form))


def fingerprint(certificate):
    return certificate.fingerprint(hashes.SHA256()).hex()


def data_key(algorithm):
    return harness.attributes(algorithm, DATA_KEY, harness.KEK_MODES)


def anchor_request(certificate, issuer=None):
    """import-key of a root, or of what is below the anchor named issuer."""
    given = harness.attributes(
        "RSA_%d" % certificate.public_key().key_size,
        "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE",
        ROOT_MODES,
    )
    body = {
        "key_attributes": dict(given, key_class="PUBLIC_KEY"),
        "public_key_certificate": certificates.aws_form(certificate),
    }
    if issuer is None:
        return {"key_material": {"root_certificate_public_key": body}}
    body["certificate_authority_public_key_identifier"] = issuer
    return {"key_material": {"trusted_certificate_public_key": body}}


def put_anchor(client, certificate, issuer=None):
    return client.call("IMPORT_KEY", anchor_request(certificate, issuer))["key"]["key_arn"]


def create_pair(client, kind="S0", algorithm="RSA_2048"):
    return client.create(pair_attributes(kind, algorithm), False)


def request_certificate(client, pair, common_name="Sender", hash_name="SHA256"):
    """A certificate signing request, and what is in it."""
    form = client.call(
        "GET_CERTIFICATE_SIGNING_REQUEST",
        {
            "key_identifier": pair,
            "signing_algorithm": hash_name,
            "certificate_subject": {"common_name": common_name},
        },
    )["certificate_signing_request"]
    return x509.load_pem_x509_csr(pem(form))


def without_none(values):
    return {name: value for name, value in values.items() if value is not None}


def is_signed_by(certificate, issuer):
    """cryptography raises InvalidSignature where it is not."""
    issuer.public_key().verify(
        certificate.signature,
        certificate.tbs_certificate_bytes,
        padding.PKCS1v15(),
        certificate.signature_hash_algorithm,
    )
    return certificate.issuer == issuer.subject


class Tr34Case(harness.TokenCase):
    """A sandbox with a CA and an export token, and the partner's root and intermediate as anchors."""

    options = {"ca": True}
    kit = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kit = cls.kit or certificates.Kit(root_bits=2048)
        cls.parameters = cls.parameters_for_export()
        cls.ca = party(cls.parameters["signing_key_certificate_chain"])
        cls.sender = party(cls.parameters["signing_key_certificate"])
        cls.root = put_anchor(cls.sandbox, cls.kit.root.certificate)
        cls.intermediate = put_anchor(cls.sandbox, cls.kit.intermediate.certificate, cls.root)
        cls.receivers = {bits: cls.kit.leaf("KRD", bits=bits) for bits in (2048, 3072, 4096)}

    @classmethod
    def parameters_for_export(cls, algorithm="RSA_2048"):
        return cls.sandbox.call(
            "GET_PARAMETERS_FOR_EXPORT",
            {"key_material_type": TR34, "signing_key_algorithm": algorithm},
        )

    def tr34(self, key, receiver=None, headers=None, attributes=None, **members):
        """The request to export a key; members of None are left out."""
        material = {
            "certificate_authority_public_key_identifier": self.root,
            "wrapping_key_certificate": (receiver or self.receivers[3072]).form,
            "export_token": self.parameters["export_token"],
            "key_block_format": "X9_TR34_2012",
            "key_block_headers": headers,
        }
        material = without_none(dict(material, **members))
        request = {"export_key_identifier": key, "key_material": {"tr34_key_block": material}}
        return dict(request, export_attributes=attributes) if attributes else request

    def cryptogram(self, key, receiver=None, attributes=None, **members):
        material = {
            "certificate_authority_public_key_identifier": self.root,
            "wrapping_key_certificate": (receiver or self.receivers[3072]).form,
        }
        material = without_none(dict(material, **members))
        request = {"export_key_identifier": key, "key_material": {"key_cryptogram": material}}
        return dict(request, export_attributes=attributes) if attributes else request

    def send(self, request):
        return self.sandbox.call("EXPORT_KEY", request)["wrapped_key"]

    def open(self, wrapped, receiver=None, nonce=None, layout="aws2012", sender=None, chain=None):
        """What the receiver finds in a key token."""
        receiver = receiver or self.receivers[3072]
        return tr34_reader.open_token(
            bytes.fromhex(wrapped["key_material"]),
            receiver.key,
            receiver.der,
            (sender or self.sender).der,
            chain or [self.ca.der],
            nonce,
            layout,
        )

    def export(self, key, receiver=None, nonce=None, layout=None, **members):
        """Exports a key and opens the token: (the reply's WrappedKey, what the reader found)."""
        given = {"random_nonce": nonce.hex().upper() if nonce else None, "layout": layout}
        wrapped = self.send(self.tr34(key, receiver, **dict(given, **members)))
        return wrapped, self.open(wrapped, receiver, nonce, layout or "aws2012")

    def refuses_export(self, words, request, name="ValidationException"):
        """A refusal with all of these words."""
        text = self.refuses(name, self.sandbox.call, "EXPORT_KEY", request)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, text)
        return text

    def count(self):
        return len(self.sandbox.open_token().find())

    def own_certificate(self, pair, **options):
        """A certificate of the sandbox's key pair, from the partner's CA; a Party without key."""
        key = request_certificate(self.sandbox, pair).public_key()
        return self.kit.leaf("KDH", key=_PublicOnly(key), **options)


class _PublicOnly:
    """A private key that is in the token: Kit.leaf asks it for its public half only."""

    def __init__(self, key):
        self.key = key

    def public_key(self):
        return self.key
