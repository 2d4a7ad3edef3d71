# SPDX-License-Identifier: Apache-2.0
"""An independent writer of TR-34 key tokens (KT_KDH), for tests: the sender's side.

    make_token(kdh, krd, key, "D0256K0AB00E0000", layout="cms", nonce=bytes(8))

kdh has .key and .der, krd needs .der only (certificates.Party has both). With a nonce the token is
one of two passes, without one it carries the signing time. Every part of it can be made wrong, each
alone, by naming it: the value to use in its place, or a function of the right value, as in

    make_token(..., digest=bytes(32))
    make_token(..., pad=lambda right: right[:-1] + b"\\0")

What is made of a changed part is made anew, so a signature is right over a wrong digest. The parts,
in the order in which they are made:
    inner_id, inner_header (octets), bare_header (bool: Annex D's form without attribute), key_field,
    key_block_version, key_block, pad; content_key, iv, ciphertext, content_cipher, iv_field;
    oaep_hash, mgf_hash ("sha1", "sha256", "sha512"), encrypted_key, recipient, oaep_params, recipient_version, recipient_info,
    recipient_infos; envelope_version, envelope;
    content_attribute, freshness, header_attribute (octets), digest, extra_attributes (a list),
    attributes (a list), to_sign, signing_key, signature;
    sid, signer_version, signer_digest, signature_algorithm, signer_info, signer_infos;
    signed_version, digest_algorithms, content_type, e_content, certificates, crls, signed_data,
    token_type, token.
"""
import hashlib
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import tr34_form as form
from tr34_chain import issuer_and_serial, now
from tr34_der import (
    NULL_VALUE,
    OCTETS,
    SET,
    UTC_TIME,
    explicit,
    integer,
    octets,
    sequence,
    set_of,
    tlv,
)

HASHES = {
    "sha1": (hashes.SHA1(), form.SHA1),
    "sha256": (hashes.SHA256(), form.SHA256),
    "sha512": (hashes.SHA512(), form.SHA512),
}


class Parts:
    """The changes that a test asked for."""

    def __init__(self, changes):
        self.changes = dict(changes)

    def __call__(self, name, right):
        if name not in self.changes:
            return right
        change = self.changes.pop(name)
        return change(right) if callable(change) else change

    def end(self):
        if self.changes:
            raise TypeError("no such part: " + ", ".join(self.changes))


def attribute(kind, *values):
    return sequence(kind, tlv(SET, *values))


def _encrypt(cipher, key, iv, data):
    kind = algorithms.TripleDES if cipher.block == 8 else algorithms.AES
    context = Cipher(kind(key), modes.CBC(iv)).encryptor()
    return context.update(data) + context.finalize()


def make_key_block(part, kdh, key, header):
    """The clear KeyBlock: version, idKDH, key and header."""
    inner_header = octets(part("inner_header", header))
    if not part("bare_header", False):
        inner_header = attribute(form.DATA, inner_header)
    inner_id = part("inner_id", issuer_and_serial(kdh.der))
    version = integer(part("key_block_version", 1))
    key_field = part("key_field", octets(key))
    return part("key_block", sequence(version, inner_id, key_field, inner_header))


def _make_recipient(part, krd, layout, content_key):
    oaep_hash, oaep_oid = HASHES[part("oaep_hash", "sha256")]
    mgf_hash, mgf_oid = HASHES[part("mgf_hash", "sha256")]
    public = x509.load_der_x509_certificate(krd.der).public_key()
    oaep = padding.OAEP(padding.MGF1(mgf_hash), oaep_hash, None)
    encrypted_key = part("encrypted_key", public.encrypt(content_key, oaep))
    recipient = part("recipient", issuer_and_serial(krd.der))
    params = form.oaep_params(layout, oaep_oid, mgf_oid)
    algorithm = sequence(form.RSA_OAEP, part("oaep_params", params))
    version = integer(part("recipient_version", 0))
    info = sequence(version, recipient, algorithm, octets(encrypted_key))
    return part("recipient_infos", tlv(SET, part("recipient_info", info)))


def _make_envelope(part, krd, layout, cipher, key_block):
    style = form.LAYOUTS[layout]
    content_key = part("content_key", os.urandom(cipher.key_size))
    iv = part("iv", os.urandom(cipher.block))
    missing = cipher.block - len(key_block) % cipher.block
    padded = key_block + part("pad", bytes([missing]) * missing)
    ciphertext = part("ciphertext", _encrypt(cipher, content_key, iv, padded))
    inside = tlv(0x80, ciphertext)
    algorithm = [part("content_cipher", cipher.oid), part("iv_field", octets(iv))]
    if style.content_inside:
        content = sequence(form.DATA, sequence(*algorithm, inside))
    else:
        content = sequence(form.DATA, sequence(*algorithm), inside)
    recipients = _make_recipient(part, krd, layout, content_key)
    members = (integer(part("envelope_version", 0)), recipients, content)
    envelope = b"".join(members) if style.bare_envelope else sequence(*members)
    return part("envelope", envelope)


def _make_attributes(part, layout, envelope, header, nonce, when):
    if nonce is None:
        when = (when or now()).strftime("%y%m%d%H%M%SZ").encode()
        freshness = attribute(form.SIGNING_TIME, tlv(UTC_TIME, when))
    else:
        freshness = attribute(form.RANDOM_NONCE, octets(nonce))
    digest = part("digest", hashlib.sha256(envelope).digest())
    attributes = [
        part("content_attribute", attribute(form.CONTENT_TYPE, form.ENVELOPED_DATA)),
        part("freshness", freshness),
        attribute(form.DATA, octets(part("header_attribute", header))),
        attribute(form.MESSAGE_DIGEST, octets(digest)),
    ] + part("extra_attributes", [])
    if form.LAYOUTS[layout].sorted_attributes:
        attributes.sort()
    return b"".join(part("attributes", attributes))


def _make_signer(part, kdh, layout, attributes):
    to_sign = part("to_sign", tlv(SET, attributes))
    signing_key = part("signing_key", kdh.key)
    signature = part("signature", signing_key.sign(to_sign, padding.PKCS1v15(), hashes.SHA256()))
    algorithm = sequence(form.LAYOUTS[layout].signature, NULL_VALUE)
    info = sequence(
        integer(part("signer_version", 1)),
        part("sid", issuer_and_serial(kdh.der)),
        part("signer_digest", form.SHA256_BARE),
        explicit(0, attributes),
        part("signature_algorithm", algorithm),
        octets(signature),
    )
    return part("signer_infos", tlv(SET, part("signer_info", info)))


def make_token(kdh, krd, key, header, layout="aws2012", nonce=None, when=None, crl=None, **changes):
    """A token in DER. when: the signing time of one pass (UTC); crl: DER, carried along."""
    part = Parts(changes)
    cipher, header = form.CIPHERS[header[7]], header.encode()
    key_block = make_key_block(part, kdh, key, header)
    envelope = _make_envelope(part, krd, layout, cipher, key_block)
    attributes = _make_attributes(part, layout, envelope, header, nonce, when)
    signer_infos = _make_signer(part, kdh, layout, attributes)
    e_content = part("e_content", tlv(OCTETS, envelope))
    signed_data = sequence(
        integer(part("signed_version", form.LAYOUTS[layout].signed_version)),
        part("digest_algorithms", set_of(form.SHA256_BARE)),
        sequence(part("content_type", form.ENVELOPED_DATA), explicit(0, e_content)),
        part("certificates", b""),
        part("crls", explicit(1, crl) if crl else b""),
        signer_infos,
    )
    signed_data = part("signed_data", signed_data)
    token_type = part("token_type", form.SIGNED_DATA)
    token = part("token", form.content_info(token_type, signed_data))
    part.end()
    return token
