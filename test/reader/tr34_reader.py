#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reader of TR-34 key tokens (KT_KDH), for tests: the receiver's side.

It holds the KRD's private key and the transported key in the clear, as the receiving party would;
nothing of it is installed. Every octet of a token must be the one its layout asks for: an unknown
or missing part, another version, a NULL too many is refused, with a code that names the rule.

    tr34_reader.py --krd-key K.pem --krd C.pem --kdh C.pem --ca C.pem [--ca ...]
                   [--layout L] [--nonce HEX] TOKEN     opens a token in hex, prints it as JSON
"""
import argparse
import datetime
import hashlib
import json
import re
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import tr31_reader
import tr34_chain
import tr34_form as form
from tr34_der import (
    NULL_VALUE,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    TokenError,
    Walk,
    integer,
    need,
    only,
    sequence,
    tlv,
)

# How far a clock of the sender may be ahead.
CLOCK_SKEW = datetime.timedelta(minutes=5)


# --- header --------------------------------------------------------------------------------------


def check_header(header):
    """The cipher that header characters ask for; the length in them is the constant 0256."""
    try:
        text = header.decode("ascii")
        need(len(text) >= 16, "HEADER", "the header has %d characters" % len(text))
        pattern = "(A0256[0-9A-Z]{2}T|D0256[0-9A-Z]{2}A)[BCDEGNSTVXY][0-9A-Z]{2}[ENS][0-9]{2}00"
        need(re.fullmatch(pattern, text[:16]), "HEADER", "header %r" % text)
        count = int(text[12:14])
        used = tr31_reader.read_optional(text[16:], count, 1)[1]
    except (UnicodeDecodeError, tr31_reader.KeyBlockError) as error:
        raise TokenError("HEADER", str(error)) from error
    need(used == len(text) - 16, "HEADER", "characters behind %d optional blocks" % count)
    return form.CIPHERS[text[7]]


# --- signed part ---------------------------------------------------------------------------------


def _expected_attributes(layout, header, digest, freshness):
    """The one content that the signed attributes can have: four, in the layout's order."""
    attributes = [
        sequence(form.CONTENT_TYPE, tlv(SET, form.ENVELOPED_DATA)),
        freshness,
        sequence(form.DATA, tlv(SET, tlv(OCTETS, header))),
        sequence(form.MESSAGE_DIGEST, tlv(SET, tlv(OCTETS, digest))),
    ]
    return sorted(attributes) if form.LAYOUTS[layout].sorted_attributes else attributes


def _read_attributes(content):
    """The signed attributes: their encodings as they stand, and the value of each by its type."""
    order, values = [], {}
    walk = Walk(content, "signedAttrs")
    while walk.peek() is not None:
        order.append(walk.whole(SEQUENCE, "attribute"))
        inside = only(order[-1], SEQUENCE, "attribute")
        kind = inside.whole(OID, "attrType")
        members = inside.enter(SET, "attrValues")
        inside.end()
        need(kind not in values, "ATTRIBUTES", "an attribute is there twice")
        values[kind] = members.whole(members.peek(), "attribute value")
        members.end()
    return order, values


def _octets_of(values, kind, name):
    need(kind in values, "ATTRIBUTES", "there is no " + name)
    walk = Walk(values[kind], name)
    content = walk.take(OCTETS, name)
    walk.end()
    return content


def _check_nonce(values, nonce):
    need(form.SIGNING_TIME not in values, "ATTRIBUTES", "a signing time in a token of two passes")
    need(_octets_of(values, form.RANDOM_NONCE, "nonce") == nonce, "NONCE", "another nonce")
    return sequence(form.RANDOM_NONCE, tlv(SET, tlv(OCTETS, nonce))), None


def _check_time(values, kdh, at):
    need(form.RANDOM_NONCE not in values, "ATTRIBUTES", "a nonce that nobody sent")
    need(form.SIGNING_TIME in values, "ATTRIBUTES", "there is no signing time")
    text = only(values[form.SIGNING_TIME], UTC_TIME, "signingTime").data
    need(re.fullmatch(rb"\d{12}Z", text), "TIME", "signing time %r" % text)
    try:
        time = datetime.datetime.strptime(text.decode(), "%y%m%d%H%M%SZ")
    except ValueError as error:
        raise TokenError("TIME", str(error)) from error
    certificate = x509.load_der_x509_certificate(kdh)
    need(time <= at + CLOCK_SKEW, "TIME", "signed in the future")
    need(time >= certificate.not_valid_before, "TIME", "signed before the KDH's certificate")
    return sequence(form.SIGNING_TIME, tlv(SET, tlv(UTC_TIME, text))), time


def _check_attributes(attributes, layout, envelope, kdh, nonce, at):
    """Returns the header, and the signing time of a one-pass token."""
    order, values = _read_attributes(attributes)
    if nonce is None:
        freshness, time = _check_time(values, kdh, at)
    else:
        freshness, time = _check_nonce(values, nonce)
    digest = hashlib.sha256(envelope).digest()
    found = _octets_of(values, form.MESSAGE_DIGEST, "messageDigest")
    need(found == digest, "DIGEST", "messageDigest is not that of the content")
    header = _octets_of(values, form.DATA, "header attribute")
    expected = _expected_attributes(layout, header, digest, freshness)
    need(sorted(order) == sorted(expected), "ATTRIBUTES", "not exactly the four attributes")
    need(order == expected, "ORDER", "the attributes are in another order than the layout's")
    return header, time


def _check_signature(kdh, attributes, signature):
    public = x509.load_der_x509_certificate(kdh).public_key()
    try:
        public.verify(signature, tlv(SET, attributes), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise TokenError("SIGNATURE", "not the KDH's over the signed attributes") from error


def _read_signer(walk, layout, kdh):
    """The octets of the signed attributes, and the signature over them."""
    infos = walk.enter(SET, "signerInfos")
    info = infos.enter(SEQUENCE, "signerInfo")
    infos.end()
    info.expect(integer(1), "version", "VERSION")
    info.expect(tr34_chain.issuer_and_serial(kdh), "sid", "SID")
    info.expect(form.SHA256_BARE, "digestAlgorithm")
    attributes = info.take(0xA0, "signedAttrs")
    info.expect(sequence(form.LAYOUTS[layout].signature, NULL_VALUE), "signatureAlgorithm")
    signature = info.take(OCTETS, "signature")
    info.end()
    return attributes, signature


def _read_crl(walk, with_crl, kdh, chain, at):
    need((walk.peek() == 0xA1) == with_crl, "CRL", "crls are there, or are not, against the layout")
    if with_crl:
        crls = walk.enter(0xA1, "crls")
        crl = crls.whole(SEQUENCE, "CRL")
        crls.end()
        tr34_chain.check_crl(crl, kdh, chain[0], at)


# --- envelope ------------------------------------------------------------------------------------


def _decrypt_key(key, encrypted):
    need(len(encrypted) == key.key_size // 8, "OAEP", "encryptedKey has %d octets" % len(encrypted))
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    try:
        return key.decrypt(encrypted, oaep)
    except ValueError as error:
        raise TokenError("OAEP", "the content key does not come out") from error


def _read_content(walk, layout, cipher):
    """The IV and the ciphertext."""
    inside = form.LAYOUTS[layout].content_inside
    content = walk.enter(SEQUENCE, "encryptedContentInfo")
    content.expect(form.DATA, "contentType")
    algorithm = content.enter(SEQUENCE, "contentEncryptionAlgorithm")
    algorithm.expect(cipher.oid, "content encryption of the header's algorithm", "CIPHER")
    iv = algorithm.take(OCTETS, "IV")
    need(len(iv) == cipher.block, "CIPHER", "an IV of %d octets" % len(iv))
    encrypted = (algorithm if inside else content).take(0x80, "encryptedContent")
    algorithm.end()
    content.end()
    return iv, encrypted


def _decrypt_content(cipher, content_key, iv, encrypted):
    need(
        len(content_key) == cipher.key_size, "CIPHER", "content key of %d octets" % len(content_key)
    )
    need(encrypted and len(encrypted) % cipher.block == 0, "PAD", "not whole cipher blocks")
    kind = algorithms.TripleDES if cipher.block == 8 else algorithms.AES
    context = Cipher(kind(content_key), modes.CBC(iv)).decryptor()
    clear = context.update(encrypted) + context.finalize()
    pad = clear[-1]
    good = 1 <= pad <= cipher.block and clear.endswith(bytes([pad]) * pad)
    need(good, "PAD", "the padding is not PKCS#7's")
    return clear[:-pad]


def _open_envelope(envelope, layout, krd_key, krd, cipher):
    """The clear KeyBlock and the content key."""
    walk = Walk(envelope, "EnvelopedData")
    if not form.LAYOUTS[layout].bare_envelope:
        walk = only(envelope, SEQUENCE, "EnvelopedData")
    walk.expect(integer(0), "version", "VERSION")
    recipients = walk.enter(SET, "recipientInfos")
    recipient = recipients.enter(SEQUENCE, "recipientInfo")
    recipients.end()
    recipient.expect(integer(0), "version", "VERSION")
    recipient.expect(tr34_chain.issuer_and_serial(krd), "rid", "RECIPIENT")
    oaep = sequence(form.RSA_OAEP, form.oaep_params(layout))
    recipient.expect(oaep, "keyEncryptionAlgorithm", "OAEP_PARAMS")
    encrypted_key = recipient.take(OCTETS, "encryptedKey")
    recipient.end()
    iv, encrypted = _read_content(walk, layout, cipher)
    walk.end()
    content_key = _decrypt_key(krd_key, encrypted_key)
    return _decrypt_content(cipher, content_key, iv, encrypted), content_key


def _read_key_block(key_block, kdh, header, cipher):
    walk = only(key_block, SEQUENCE, "KeyBlock")
    walk.expect(integer(1), "version", "VERSION")
    walk.expect(tr34_chain.issuer_and_serial(kdh), "idKDH", "ID_KDH")
    key = walk.take(OCTETS, "clearKey")
    inner = sequence(form.DATA, tlv(SET, tlv(OCTETS, header)))
    walk.expect(inner, "keyBlockHeader", "INNER_HEADER")
    walk.end()
    need(len(key) in cipher.key_lengths, "KEY_LENGTH", "a key of %d octets" % len(key))
    return key


# --- the whole -----------------------------------------------------------------------------------


def open_token(token, krd_key, krd, kdh, chain, nonce, layout="aws2012", with_crl=None, at=None):
    """Opens a token (DER) or raises TokenError. Certificates are DER.

    chain: the authorities from the KDH's issuer up to the root. nonce: the one that was sent, None
    for a token of one pass. with_crl: whether it must carry a CRL, the layout's habit without. at:
    the time (UTC) to check at. Returns a dict: key, header, signing_time, and for comparisons
    key_block, content_key, envelope.
    """
    at = at or tr34_chain.now()
    style = form.LAYOUTS[layout]
    tr34_chain.check_chain(kdh, chain, at)

    walk = form.open_signed_data(token)
    walk.expect(integer(style.signed_version), "version", "VERSION")
    walk.expect(tlv(SET, form.SHA256_BARE), "digestAlgorithms")
    content = walk.enter(SEQUENCE, "encapContentInfo")
    content.expect(form.ENVELOPED_DATA, "eContentType")
    wrapper = content.enter(0xA0, "eContent")
    content.end()
    envelope = wrapper.take(OCTETS, "eContent")
    wrapper.end()
    _read_crl(walk, style.crl if with_crl is None else with_crl, kdh, chain, at)
    attributes, signature = _read_signer(walk, layout, kdh)
    walk.end()

    _check_signature(kdh, attributes, signature)
    header, time = _check_attributes(attributes, layout, envelope, kdh, nonce, at)
    cipher = check_header(header)
    key_block, content_key = _open_envelope(envelope, layout, krd_key, krd, cipher)
    key = _read_key_block(key_block, kdh, header, cipher)
    return {
        "key": key,
        "header": header.decode(),
        "signing_time": time,
        "key_block": key_block,
        "content_key": content_key,
        "envelope": envelope,
    }


def _certificate(path):
    with open(path, "rb") as file:
        certificate = x509.load_pem_x509_certificate(file.read())
    return certificate.public_bytes(serialization.Encoding.DER)


def main(arguments):
    parser = argparse.ArgumentParser(prog="tr34_reader.py", description="Opens a TR-34 key token.")
    for name in ("--krd-key", "--krd", "--kdh"):
        parser.add_argument(name, required=True, metavar="PEM")
    parser.add_argument("--ca", required=True, action="append", metavar="PEM")
    parser.add_argument("--layout", choices=sorted(form.LAYOUTS), default="aws2012")
    parser.add_argument("--nonce", type=bytes.fromhex, metavar="HEX")
    parser.add_argument("token", type=bytes.fromhex, metavar="TOKEN")
    given = parser.parse_args(arguments)
    with open(given.krd_key, "rb") as file:
        krd_key = serialization.load_pem_private_key(file.read(), None)
    chain = [_certificate(path) for path in given.ca]
    parties = (_certificate(given.krd), _certificate(given.kdh), chain)
    try:
        opened = open_token(given.token, krd_key, *parties, given.nonce, given.layout)
    except TokenError as error:
        print(error, file=sys.stderr)
        return 1
    letter, key = opened["header"][7], opened["key"]
    kcv = tr31_reader.kcv_tdes(key) if letter == "T" else tr31_reader.kcv_aes(key)
    result = {"header": opened["header"], "key": key.hex().upper(), "kcv": kcv}
    if opened["signing_time"]:
        result["signing_time"] = opened["signing_time"].isoformat() + "Z"
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
