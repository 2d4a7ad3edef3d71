# SPDX-License-Identifier: Apache-2.0
"""Certificates for the tests' TR-34 reader: raw names and serials, chains and CRLs."""
import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tr34_der import BIT_STRING, INTEGER, SEQUENCE, TokenError, need, only, sequence

LEAST_BITS = 2048


def issuer_and_serial(der):
    """The IssuerAndSerialNumber of a certificate, both copied as they stand in it."""
    certificate = only(der, SEQUENCE, "certificate")
    inside = certificate.enter(SEQUENCE, "tbsCertificate")
    if inside.peek() == 0xA0:
        inside.take(0xA0, "version")
    serial = inside.whole(INTEGER, "serialNumber")
    inside.take(SEQUENCE, "signature")
    return sequence(inside.whole(SEQUENCE, "issuer"), serial)


def now():
    return datetime.datetime.utcnow()


def _extension(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _signed_by(signed, tbs, issuer, name):
    try:
        issuer.public_key().verify(
            signed.signature, tbs, padding.PKCS1v15(), signed.signature_hash_algorithm
        )
    except InvalidSignature:
        need(False, "CHAIN", name + " is not signed by the next certificate")


def _check_one(certificate, name, at):
    public = certificate.public_key()
    need(isinstance(public, rsa.RSAPublicKey), "CHAIN", name + " has no RSA key")
    need(public.key_size >= LEAST_BITS, "CHAIN", "%s has %d bits" % (name, public.key_size))
    weak = isinstance(certificate.signature_hash_algorithm, (hashes.MD5, hashes.SHA1))
    need(not weak, "CHAIN", name + " is signed over a weak hash")
    need(certificate.not_valid_before <= at, "CHAIN", name + " is not yet valid")
    need(at <= certificate.not_valid_after, "CHAIN", name + " has expired")


def _check_authority(certificate, name):
    constraints = _extension(certificate, x509.BasicConstraints)
    need(constraints is not None and constraints.ca, "CHAIN", name + " is not a CA")
    usage = _extension(certificate, x509.KeyUsage)
    need(usage is None or usage.key_cert_sign, "CHAIN", name + " must not sign certificates")


def check_chain(leaf, authorities, at=None):
    """A KDH certificate (DER) up to a self-signed root; authorities from its issuer upwards."""
    at = at or now()
    certificates = [x509.load_der_x509_certificate(der) for der in [leaf] + list(authorities)]
    need(len(certificates) > 1, "CHAIN", "there is no authority")
    names = ["the leaf"] + ["authority %d" % place for place in range(1, len(certificates))]
    usage = _extension(certificates[0], x509.KeyUsage)
    constraints = _extension(certificates[0], x509.BasicConstraints)
    need(usage is None or usage.digital_signature, "CHAIN", "the leaf must not sign")
    need(constraints is None or not constraints.ca, "CHAIN", "the leaf is a CA")
    for place, (certificate, name) in enumerate(zip(certificates, names)):
        issuer = certificates[min(place + 1, len(certificates) - 1)]
        _check_one(certificate, name, at)
        if place > 0:
            _check_authority(certificate, name)
        same = certificate.issuer.public_bytes() == issuer.subject.public_bytes()
        need(same, "CHAIN", name + " names another issuer")
        _signed_by(certificate, certificate.tbs_certificate_bytes, issuer, name)


def _check_frame(der):
    """What the CRL's signature does not cover, beside the signature itself."""
    outside = only(der, SEQUENCE, "CRL")
    inside = outside.enter(SEQUENCE, "tbsCertList")
    inside.take(INTEGER, "version")
    outside.expect(inside.whole(SEQUENCE, "signature"), "signatureAlgorithm", "CRL")
    bits = outside.take(BIT_STRING, "signatureValue")
    need(bits[:1] == b"\0", "CRL", "the signature is not whole octets")
    outside.end()


def _open_crl(der, issuer):
    _check_frame(der)
    try:
        crl = x509.load_der_x509_crl(der)
        _signed_by(crl, crl.tbs_certlist_bytes, issuer, "the CRL")
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise TokenError("CRL", str(error)) from error
    return crl


def check_crl(der, leaf, authority, at=None):
    """A CRL of the leaf's own authority, that is current and does not name the leaf."""
    at = at or now()
    issuer = x509.load_der_x509_certificate(authority)
    crl = _open_crl(der, issuer)
    same = crl.issuer.public_bytes() == issuer.subject.public_bytes()
    need(same, "CRL", "the CRL is another authority's")
    need(crl.last_update <= at, "CRL", "the CRL is not yet valid")
    need(crl.next_update is None or at <= crl.next_update, "CRL", "the CRL is out of date")
    serial = x509.load_der_x509_certificate(leaf).serial_number
    revoked = crl.get_revoked_certificate_by_serial_number(serial)
    need(revoked is None, "CRL", "the KDH's certificate is revoked")
