# SPDX-License-Identifier: Apache-2.0
"""A small certification authority for tests, and every sort of certificate that must be refused.

    kit = certificates.Kit()                     # root of RSA-4096, an intermediate below it
    krd = kit.leaf("KRD", bits=3072)             # below the root; issuer=kit.intermediate for the other
    krd.form                                     # base64 of PEM, as the service takes certificates
    certificates.bad_leaves(kit, "KRD")          # name: text that must be refused
    kit.crl(serials=[krd.serial])                # DER

Keys are made once per size and place in a process. A Kit with a directory keeps them there and
finds them again; they protect nothing.
"""
import base64
import datetime
import hashlib
import os
import secrets
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from tr34_chain import issuer_and_serial, now

ROLES = {
    "KRD": ("key_encipherment", "data_encipherment"),
    "KDH": ("digital_signature", "content_commitment"),
    "CA": ("key_cert_sign", "crl_sign"),
}
USAGES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
    "key_cert_sign crl_sign encipher_only decipher_only"
).split()
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
DAY = datetime.timedelta(days=1)
# The 2048-bit MODP prime (RFC 3526 3).
MODP_2048 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)

_keys = {}


def rsa_key(bits, place="", directory=None):
    """The RSA key of this size for this place in a test: always the same one in a process."""
    name = "%s%d" % (place, bits)
    path = os.path.join(directory, name + ".pem") if directory else None
    if name not in _keys and path and os.path.exists(path):
        with open(path, "rb") as file:
            _keys[name] = serialization.load_pem_private_key(file.read(), None)
    if name not in _keys:
        _keys[name] = rsa.generate_private_key(65537, bits)
    if path and not os.path.exists(path):
        part = "%s.%d" % (path, os.getpid())
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key_pem(_keys[name]))
        os.replace(part, path)
    return _keys[name]


def key_pem(key):
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def aws_form(certificate):
    """Base64 of the PEM of a certificate: the form in which the service takes and returns it."""
    return base64.b64encode(certificate.public_bytes(PEM)).decode()


def check_value(public_key):
    """The service's SHA_1: the beginning of the hash of the SubjectPublicKeyInfo."""
    spki = public_key.public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha1(spki).hexdigest()[:8].upper()


class Party:
    """A private key with its certificate."""

    def __init__(self, key, certificate):
        self.key, self.certificate = key, certificate
        self.der = certificate.public_bytes(DER)
        self.pem = certificate.public_bytes(PEM)
        self.form = aws_form(certificate)
        self.serial = certificate.serial_number
        self.check_value = check_value(certificate.public_key())
        self.issuer_and_serial = issuer_and_serial(self.der)


def _name(common, printable=False):
    kind = _ASN1Type.PrintableString if printable else _ASN1Type.UTF8String
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Keyferry tests", kind),
            x509.NameAttribute(NameOID.COMMON_NAME, common, kind),
        ]
    )


def _sign(subject, public, issuer, key, options):
    """A certificate; issuer is a name. See Kit.leaf for the options."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(options.get("serial") or x509.random_serial_number())
        .not_valid_before(options.get("not_before") or now() - DAY)
        .not_valid_after(options.get("not_after") or now() + 30 * DAY)
    )
    if options.get("ca") is not None:
        constraints = x509.BasicConstraints(options["ca"], None)
        builder = builder.add_extension(constraints, critical=options["ca"])
    if options.get("usages") is not None:
        bits = {usage: usage in options["usages"] for usage in USAGES}
        builder = builder.add_extension(x509.KeyUsage(**bits), critical=True)
    with warnings.catch_warnings():
        # A signature over SHA-1 is asked for where it is to be refused.
        warnings.simplefilter("ignore")
        return builder.sign(key, options.get("hash") or hashes.SHA256())


class Kit:
    """A root, an intermediate below it, and leaves below either."""

    def __init__(self, directory=None, root_bits=4096, printable=False):
        self.directory, self.printable = directory, printable
        self.root = self.authority("Root", bits=root_bits)
        self.intermediate = self.authority("Intermediate", self.root)

    def key(self, bits, place):
        return rsa_key(bits, place, self.directory)

    def authority(self, common, issuer=None, bits=2048, place=None, **options):
        """A CA; a root without issuer. Its key is that of its size and place, the name without."""
        options = {"ca": True, "usages": ROLES["CA"], **options}
        key = self.key(bits, "ca-" + (place or common).lower())
        name = _name(common, self.printable)
        above = issuer.certificate.subject if issuer else name
        signer = issuer.key if issuer else key
        return Party(key, _sign(name, key.public_key(), above, signer, options))

    def leaf(self, role, issuer=None, bits=2048, key=None, common=None, signer=None, **options):
        """A certificate of a KRD or KDH, below the root without issuer.

        signer: the key that signs, where that is not the issuer's. Options: usages (None: no
        keyUsage), ca (None: no basicConstraints), not_before, not_after (UTC), hash, serial.
        """
        options = {"ca": False, "usages": ROLES[role], **options}
        issuer = issuer or self.root
        key = key or self.key(bits, role.lower())
        subject = _name(common or role, self.printable)
        signer = signer or issuer.key
        certificate = _sign(subject, key.public_key(), issuer.certificate.subject, signer, options)
        return Party(key, certificate)

    def self_signed(self, role, bits=2048):
        key = self.key(bits, role.lower())
        options = {"ca": False, "usages": ROLES[role]}
        name = _name(role, self.printable)
        return Party(key, _sign(name, key.public_key(), name, key, options))

    def crl(self, issuer=None, serials=(), signer=None, last_update=None, next_update=None):
        """The CRL (DER) of an authority, the root's without issuer."""
        issuer = issuer or self.root
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(last_update or now() - DAY)
            .next_update(next_update or now() + DAY)
        )
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(revoked.revocation_date(now()).build())
        return builder.sign(signer or issuer.key, hashes.SHA256()).public_bytes(DER)


def _base64(data):
    return base64.b64encode(data).decode()


def bad_leaf_parties(kit, role, issuer=None):
    """Certificates in a good form that must not be taken below issuer (the root without one)."""
    issuer = issuer or kit.root
    stranger = kit.authority("Stranger")
    namesake = kit.authority("Root", place="namesake")
    good = kit.leaf(role, issuer)
    others = ROLES["KDH" if role == "KRD" else "KRD"]
    return {
        "wrong_anchor": kit.leaf(role, stranger),
        "expired": kit.leaf(role, issuer, not_before=now() - 9 * DAY, not_after=now() - DAY),
        "not_yet_valid": kit.leaf(role, issuer, not_before=now() + DAY),
        "weak": kit.leaf(role, issuer, bits=1024),
        "self_signed": kit.self_signed(role),
        "ca_as_leaf": kit.leaf(role, issuer, ca=True, usages=ROLES[role] + ROLES["CA"]),
        "authority_itself": issuer,
        "wrong_usage": kit.leaf(role, issuer, usages=others),
        "below_a_leaf": kit.leaf(role, good, common="Below " + role),
        "unknown_intermediate": kit.leaf(role, kit.authority("Unknown", issuer)),
        "broken_chain": kit.leaf(role, issuer, signer=stranger.key),
        "other_root_of_that_name": kit.leaf(role, namesake),
        "not_rsa": kit.leaf(role, issuer, key=ec.generate_private_key(ec.SECP256R1())),
        "sha1_signature": kit.leaf(role, issuer, hash=hashes.SHA1()),
    }


def bad_key_parties(kit, role, issuer=None):
    """Certified keys that are none, or that tokens refuse; the private keys are others'."""
    issuer = issuer or kit.root
    random = secrets.randbits(2047) | 1 << 2047 | 1
    moduli = {
        "even_modulus": random - 1,
        "power_of_two": 1 << 2047,
        "small_factor": (random // (3 * 5) | 1) * 3 * 5,
        "prime_modulus": MODP_2048,
    }
    numbers = {name: (65537, modulus) for name, modulus in moduli.items()}
    good = kit.key(2048, role.lower()).public_key().public_numbers().n
    numbers.update(small_exponent=(3, good), long_exponent=((1 << 64) + 1, good))
    options = {"ca": False, "usages": ROLES[role]}
    above, subject = issuer.certificate.subject, _name(role, kit.printable)
    return {
        name: Party(
            issuer.key,
            _sign(subject, rsa.RSAPublicNumbers(*pair).public_key(), above, issuer.key, options),
        )
        for name, pair in numbers.items()
    }


def bad_forms(good):
    """Texts that carry a good certificate in a way in which none is taken."""
    return {
        "two_pems": _base64(good.pem + good.pem),
        "der": _base64(good.der),
        "pem_without_base64": good.pem.decode(),
        "wrong_base64": good.form[:40] + "*" + good.form[41:],
        "base64_without_end": good.form[:-5],
        "cut_pem": _base64(good.pem[: len(good.pem) // 2]),
        "octets_behind": _base64(pem_of(good.der + b"\0")),
        "damaged_der": _base64(pem_of(good.der[:3] + b"\xff" + good.der[4:])),
        "other_label": _base64(good.pem.replace(b"CERTIFICATE", b"X509 CRL")),
        "private_key": _base64(key_pem(good.key)),
    }


def bad_leaves(kit, role, issuer=None):
    """Name: text to give as certificate of that role, each of which must be refused.

    A revoked one is refused for its CRL only: kit.crl(serials=[leaf.serial])."""
    parties = bad_leaf_parties(kit, role, issuer)
    parties.update(bad_key_parties(kit, role, issuer))
    texts = {name: party.form for name, party in parties.items()}
    texts.update(bad_forms(kit.leaf(role, issuer)))
    return texts


def pem_of(der, label="CERTIFICATE"):
    lines = _base64(der)
    lines = [lines[at : at + 64] for at in range(0, len(lines), 64)]
    return (
        "-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, "\n".join(lines), label)
    ).encode()
