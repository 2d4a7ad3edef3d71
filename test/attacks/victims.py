# SPDX-License-Identifier: Apache-2.0
"""What is attacked: in a sandbox's token, keys that Keyferry made there of bytes that the test
knows; in a session, objects with the templates of the roles that live in a worker only, which is
what code in a worker would have before it."""
import secrets

import harness
import roles
import tr31_reader
import tr34_case
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import CKA, CKM, CKO, Mechanism

FLAGS = (CKA.ENCRYPT, CKA.DECRYPT, CKA.SIGN, CKA.VERIFY, CKA.WRAP, CKA.UNWRAP, CKA.DERIVE)

KSN = {"AES": "123456789012345600000000", "TDES": "FFFF9876543210E00000"}
# Session roles, and the kind and length of the key that stands for each.
SESSION = {
    "SRC": ("source", "AES", 16),
    "KBE": ("KBEK", "AES", 32),
    "KBM": ("KBMK", "AES", 32),
    "MAT": ("KBMK", "TDES", 24),
    "IKB": ("import KBEK", "AES", 16),
    "PAY": ("payload", "generic", 32),
    "KCV": ("check value", "AES", 16),
    "PRT": ("part", "generic", 8),
    "COV": ("cover", "AES", 16),
    "CON": ("content key", "TDES", 24),
    "CSR": ("content key source", "generic", 24),
    "ICO": ("import content key", "TDES", 24),
    "CCK": ("content key check", "TDES", 24),
}


def xor(value, mask):
    return bytes(a ^ b for a, b in zip(value, mask * len(value)))


class Victim:
    """kind is AES, TDES, generic, RSA or certificate. value is what an attack is after, where the
    test knows it; check_value is what Keyferry says of it. block is a key block that Keyferry made
    under it, and inside the key in that."""

    def __init__(self, column, handle, kind, **more):
        self.column, self.handle, self.kind = column, handle, kind
        self.value = more.get("value")
        self.check_value = more.get("check_value")
        self.block, self.inside = more.get("block"), more.get("inside")
        self.initial_check_value = more.get("initial_check_value")
        self.public_key = more.get("public_key")

        self.more = more
        self.allowed = None  # its list of mechanisms

    def known(self):
        """What a copy of it is checked by."""
        return dict(self.more)

    @property
    def size(self):
        return 8 if self.kind == "TDES" else 16

    @property
    def is_secret(self):
        return self.kind in ("AES", "TDES", "generic")


def proof(kind, value):
    """The check value by which a recovered key is known to be right."""
    if kind == "TDES":
        return tr31_reader.kcv_tdes(value)
    return tr31_reader.kcv_aes(value) if len(value) in (16, 24, 32) else None


class Scene:
    """A sandbox with one key of each sort. Victims by their column, in the table's order."""

    def __init__(self, token):
        self.sandbox = harness.Sandbox(token, workers=1, ca=True)
        self.session = self.sandbox.open_token()
        self.victims = {}
        self.foreign = None

    def close(self):
        self.sandbox.close()

    def prepare(self):
        self.add_symmetric()
        self.add_asymmetric()
        # What the worker holds by now: KBEK and KBMK of two keys, cached.
        self.foreign = self.session.find({CKA.TOKEN: False})
        self.add_session()
        self.add_own()
        for victim in self.victims.values():
            found = self.session.get_attributes(victim.handle, [CKA.ALLOWED_MECHANISMS])
            victim.allowed = found.get(CKA.ALLOWED_MECHANISMS)

    def object(self, arn, role):
        """The handle of a key's object."""
        found = []
        for handle in tr34_case.objects_of(self.sandbox, harness.name_of(arn)):
            label = self.session.get_attribute(handle, CKA.LABEL).decode()
            if label.startswith("keyferry1 %s " % role):
                found.append(handle)
        (handle,) = found
        return handle

    def add(self, column, handle, kind, **more):
        self.victims[column] = Victim(column, handle, kind, **more)

    def adopt(self, algorithm, usage, modes, exportable=True, **more):
        value, label = harness.random_key(algorithm), "ceremony " + secrets.token_hex(4)
        self.sandbox.put_key(label, algorithm, value, exportable)
        given = harness.attributes(algorithm, usage, modes)
        return value, self.sandbox.adopt(label, given, exportable, **more)

    def kcv(self, arn):
        return self.sandbox.call("GET_KEY", {"key_identifier": arn})["key"]["key_check_value"]

    def add_wrapping_key(self, column, algorithm):
        usage = "TR31_K1_KEY_BLOCK_PROTECTION_KEY"
        kind = algorithm.split("_")[0]
        legacy = {"legacy_import": True} if kind == "TDES" else {}
        value, arn = self.adopt(algorithm, usage, harness.KEK_MODES, True, **legacy)
        inside, key = self.adopt("TDES_2KEY", tr34_case.DATA_KEY, harness.KEK_MODES)
        block = self.sandbox.export(key, arn)["wrapped_key"]["key_material"]
        kcv = self.kcv(arn)
        working = self.object(arn, "working")
        self.add(column, working, kind, value=value, check_value=kcv, block=block, inside=inside)
        return value, arn, kcv

    def add_base_key(self, column, algorithm, kek):
        value, arn = self.adopt(algorithm, "TR31_B0_BASE_DERIVATION_KEY", {"derive_key": True})
        kind = algorithm.split("_")[0]
        request = harness.initial_key_request(arn, kek, KSN[kind])
        initial = self.sandbox.call("EXPORT_KEY", request)["wrapped_key"]["key_check_value"]
        more = {"value": value, "check_value": self.kcv(arn), "initial_check_value": initial}
        self.add(column, self.object(arn, "working"), kind, **more)
        return value, arn, more["check_value"]

    def add_symmetric(self):
        _, kek, _ = self.add_wrapping_key("K1A", "AES_256")
        tdes, arn, _ = self.add_wrapping_key("K1T", "TDES_3KEY")
        self.add_base_key("B0A", "AES_128", kek)
        bdk, base, kcv = self.add_base_key("B0T", "TDES_2KEY", kek)
        mask = xor(bdk, bytes.fromhex("C0C0C0C000000000"))
        self.add("MSK", self.object(base, "mask-variant"), "TDES", value=mask)
        copy = {"value": bdk, "check_value": kcv}
        self.add("EXT", self.object(base, "export"), "generic", **copy)
        value, arn_out = self.adopt("AES_256", tr34_case.DATA_KEY, harness.KEK_MODES)
        copy = {"value": value, "check_value": self.kcv(arn_out)}
        self.add("EXA", self.object(arn_out, "export"), "generic", **copy)
        for column, algorithm in (("KPA", "AES_128"), ("KPT", "TDES_2KEY")):
            value, kept = self.adopt(algorithm, tr34_case.DATA_KEY, harness.KEK_MODES, False)
            more = {"value": value, "check_value": self.kcv(kept)}
            self.add(column, self.object(kept, "kept"), algorithm.split("_")[0], **more)
        for column, role, mask in (("LKE", "legacy-KBEK", b"\x45"), ("LKM", "legacy-KBMK", b"\x4D")):
            value = harness.odd_parity(xor(tdes, mask))
            self.add(column, self.object(arn, role), "TDES", value=value)
        alias = {"alias_name": "alias/victim", "key_arn": arn_out}
        self.sandbox.call("CREATE_ALIAS", alias)
        self.add("CRD", self.object(arn_out, "card"), "generic")
        (card,) = self.session.find(
            {CKA.LABEL: "keyferry1 alias alias/victim " + harness.name_of(arn_out)}
        )
        self.add("ALI", card, "generic")

    def add_private_key(self, column, certificate):
        key = certificate.public_key()
        modulus = key.public_numbers().n.to_bytes(key.key_size // 8, "big")
        (handle,) = self.session.find({CKA.CLASS: CKO.PRIVATE_KEY, CKA.MODULUS: modulus})
        self.add(column, handle, "RSA", public_key=key)

    def add_asymmetric(self):
        given = {"key_material_type": tr34_case.TR34}
        sending = dict(given, signing_key_algorithm="RSA_2048")
        receiving = dict(given, wrapping_key_algorithm="RSA_2048")
        sending = self.sandbox.call("GET_PARAMETERS_FOR_EXPORT", sending)
        receiving = self.sandbox.call("GET_PARAMETERS_FOR_IMPORT", receiving)
        ca = tr34_case.read(sending["signing_key_certificate_chain"])
        self.add_private_key("CAK", ca)
        self.add_private_key("SGN", tr34_case.read(sending["signing_key_certificate"]))
        self.add_private_key("UNW", tr34_case.read(receiving["wrapping_key_certificate"]))
        certificates = self.session.find({CKA.CLASS: CKO.CERTIFICATE})
        (handle,) = [
            each
            for each in certificates
            if self.session.get_attribute(each, CKA.VALUE) == ca.public_bytes(Encoding.DER)
        ]
        self.add("CRT", handle, "certificate")

    def add_session(self):
        for column, (role, kind, length) in SESSION.items():
            value = {"AES": "AES_%d" % (8 * length), "TDES": "TDES_%dKEY" % (length // 8)}.get(kind)
            value = harness.random_key(value) if value else secrets.token_bytes(length)
            template = roles.session_template(role, kind, length)
            template[CKA.VALUE] = value
            handle = self.session.create_object({**template, **self.sealed(role)})
            self.add(column, handle, kind, value=value)

    def sealed(self, role):
        """What a wrapping key's CKA_DERIVE_TEMPLATE adds to what a worker derives from it."""
        if role not in ("KBEK", "KBMK", "import KBEK"):
            return {}
        working = self.victims["K1A"].handle
        found = self.session.get_attributes(working, [CKA.DERIVE_TEMPLATE])
        seal = found.get(CKA.DERIVE_TEMPLATE) or {}
        return {type_: seal[type_] for type_ in (CKA.COPYABLE, CKA.MODIFIABLE) if type_ in seal}

    def add_own(self):
        """What shows that an attack works at all: keys that may everything."""
        may = dict.fromkeys(FLAGS, True)
        for column, kind, length in (("OWA", "AES", 32), ("OWT", "TDES", 24)):
            value = harness.random_key({"AES": "AES_256", "TDES": "TDES_3KEY"}[kind])
            template = {
                CKA.CLASS: CKO.SECRET_KEY,
                CKA.KEY_TYPE: roles.key_type(kind, length),
                CKA.TOKEN: False,
                CKA.SENSITIVE: True,
                CKA.EXTRACTABLE: True,
                **may,
            }
            handle = self.session.create_object({**template, CKA.VALUE: value})
            self.add(column, handle, kind, value=value)
        secret = {CKA.TOKEN: False, CKA.SENSITIVE: True, CKA.EXTRACTABLE: True}
        public, private = self.session.generate_pair(
            Mechanism(CKM.RSA_PKCS_KEY_PAIR_GEN),
            {CKA.TOKEN: False, CKA.MODULUS_BITS: 2048, CKA.PUBLIC_EXPONENT: b"\1\0\1"},
            {**secret, CKA.SIGN: True, CKA.DECRYPT: True, CKA.UNWRAP: True},
        )
        modulus = int.from_bytes(self.session.get_attribute(public, CKA.MODULUS), "big")
        key = rsa.RSAPublicNumbers(65537, modulus).public_key()
        self.add("OWR", private, "RSA", public_key=key)
