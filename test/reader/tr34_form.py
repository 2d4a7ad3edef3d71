# SPDX-License-Identifier: Apache-2.0
"""What the tests' TR-34 reader and writer must agree on: object identifiers and the three layouts.

aws2012 is the "non-CMS" form of 2012 that AWS makes and takes: the EnvelopedData has no SEQUENCE
around it, and the ciphertext sits inside the algorithm. annexb2019 has both as CMS does, but keeps
the untagged OAEP parameters, the order of the signed attributes and the CRL of TR-34:2019 with its
corrigendum. cms is what general CMS libraries make and open.
"""
from collections import namedtuple

from tr34_der import NULL_VALUE, SEQUENCE, explicit, octets, oid, only, sequence

DATA = oid("1.2.840.113549.1.7.1")
SIGNED_DATA = oid("1.2.840.113549.1.7.2")
ENVELOPED_DATA = oid("1.2.840.113549.1.7.3")
CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
SIGNING_TIME = oid("1.2.840.113549.1.9.5")
RANDOM_NONCE = oid("1.2.840.113549.1.9.25.3")
RSA = oid("1.2.840.113549.1.1.1")
RSA_OAEP = oid("1.2.840.113549.1.1.7")
MGF1 = oid("1.2.840.113549.1.1.8")
P_SPECIFIED = oid("1.2.840.113549.1.1.9")
SHA256_WITH_RSA = oid("1.2.840.113549.1.1.11")
SHA1 = oid("1.3.14.3.2.26")
SHA256 = oid("2.16.840.1.101.3.4.2.1")
SHA512 = oid("2.16.840.1.101.3.4.2.3")
DES_EDE3_CBC = oid("1.2.840.113549.3.7")
AES128_CBC = oid("2.16.840.1.101.3.4.1.2")

SHA256_BARE = sequence(SHA256)

Cipher = namedtuple("Cipher", "oid block key_size key_lengths version")
# By the algorithm in the header: what carries it, what it may measure, and the header's first letter.
CIPHERS = {
    "T": Cipher(DES_EDE3_CBC, 8, 24, (16, 24), "A"),
    "A": Cipher(AES128_CBC, 16, 16, (16,), "D"),
}

Layout = namedtuple(
    "Layout",
    "bare_envelope content_inside tagged_oaep sorted_attributes signed_version signature crl",
)
LAYOUTS = {
    "aws2012": Layout(True, True, False, False, 1, RSA, False),
    "annexb2019": Layout(False, False, False, False, 1, RSA, True),
    "cms": Layout(False, False, True, True, 3, SHA256_WITH_RSA, False),
}


def oaep_params(layout, digest=SHA256, mgf_digest=SHA256):
    """RSAES-OAEP-params; where they are tagged, the empty label is the default and left out."""
    hash_null = sequence(digest, NULL_VALUE)
    if LAYOUTS[layout].tagged_oaep:
        mgf = sequence(MGF1, sequence(mgf_digest, NULL_VALUE))
        return sequence(explicit(0, hash_null), explicit(1, mgf))
    return sequence(
        hash_null,
        sequence(MGF1, sequence(mgf_digest)),
        sequence(P_SPECIFIED, octets(b"")),
    )


def content_info(content_type, content):
    return sequence(content_type, explicit(0, content))


def open_signed_data(token):
    """A walk through the SignedData that a ContentInfo holds."""
    info = only(token, SEQUENCE, "ContentInfo")
    info.expect(SIGNED_DATA, "contentType")
    content = info.enter(0xA0, "content")
    info.end()
    signed_data = content.enter(SEQUENCE, "SignedData")
    content.end()
    return signed_data
