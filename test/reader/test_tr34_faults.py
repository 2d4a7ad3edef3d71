#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The TR-34 reader on tokens and certificates with one fault each, by the code of its refusal."""
import base64
import datetime
import os
import random
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

try:
    from cryptography import x509

    import certificates
    import tr34_chain
    import tr34_form as form
    import tr34_openssl as openssl
    import tr34_reader as reader
    import tr34_writer as writer
    from tr34_der import (
        NULL_VALUE,
        TokenError,
        Walk,
        explicit,
        integer,
        octets,
        oid,
        only,
        sequence,
        tlv,
    )
except ImportError as error:
    print("needs python3-cryptography:", error)
    sys.exit(77)

HEADER, KEY = "D0256K0AB00E0000", bytes(range(16))
NONCE = b"12345678"
kit = certificates.Kit()
KDH, KRD = kit.leaf("KDH"), kit.leaf("KRD")
OTHER = kit.leaf("KDH", key=kit.key(2048, "other"))


def make(layout="aws2012", nonce=NONCE, header=HEADER, key=KEY, kdh=KDH, crl=None, **changes):
    if crl is None and form.LAYOUTS[layout].crl:
        crl = kit.crl()
    return writer.make_token(kdh, KRD, key, header, layout, nonce, crl=crl, **changes)


def open_it(token, layout="aws2012", nonce=NONCE, kdh=KDH, chain=None, **more):
    chain = [kit.root.der] if chain is None else chain
    return reader.open_token(token, KRD.key, KRD.der, kdh.der, chain, nonce, layout, **more)


def swap_last(right):
    return right[:-1] + bytes([right[-1] ^ 1])


def reverse(right):
    return right[::-1]


def grown(data):
    """Every encoding with a NULL more at the end of one of its constructed members."""
    walk, members = Walk(data, "members"), []
    while walk.peek() is not None:
        members.append((walk.peek(), walk.take(walk.peek(), "member")))
    whole = [tlv(*member) for member in members]
    for place, (tag, content) in enumerate(members):
        if tag & 0x20:
            inside = [content + NULL_VALUE] + list(grown(content))
            for changed in inside:
                yield b"".join(whole[:place] + [tlv(tag, changed)] + whole[place + 1 :])


OTHER_ALGORITHM = oid("1.2.840.113549.1.1.13")
SIGNING_TIME = writer.attribute(form.SIGNING_TIME, tlv(0x17, b"270102030405Z"))
PROTECT = writer.attribute(oid("1.2.840.113549.1.9.52"), sequence(sequence(form.SHA256)))
# The code of the refusal, and the parts that are wrong.
FAULTS = (
    ("ID_KDH", {"inner_id": OTHER.issuer_and_serial}),
    ("INNER_HEADER", {"inner_header": b"D0256K0AB00N0000"}),
    ("HEADER", {"header_attribute": b"D0256K0AB00E0001"}),
    ("INNER_HEADER", {"header_attribute": b"D0256K0AB00N0000"}),
    ("INNER_HEADER", {"bare_header": True}),
    ("VERSION", {"key_block_version": 0}),
    ("VERSION", {"key_block_version": 2}),
    ("KEY_LENGTH", {"key_field": octets(bytes(15))}),
    ("KEY_LENGTH", {"key_field": octets(bytes(24))}),
    ("DER", {"key_field": tlv(0x80, KEY)}),
    ("DER", {"key_block": lambda right: right + b"\0"}),
    ("PAD", {"pad": lambda right: right[:-1] + b"\0"}),
    ("PAD", {"pad": lambda right: b"\xff" + right[1:]}),
    ("PAD", {"pad": lambda right: right[:-1] + b"\x11"}),
    ("PAD", {"ciphertext": b""}),
    ("PAD", {"ciphertext": lambda right: right[:-1]}),
    ("DER", {"ciphertext": lambda right: swap_last(right[:16]) + right[16:]}),
    ("CIPHER", {"content_key": bytes(range(24))}),
    ("CIPHER", {"iv_field": octets(bytes(8))}),
    ("CIPHER", {"content_cipher": form.DES_EDE3_CBC}),
    ("OAEP", {"oaep_hash": "sha1", "oaep_params": form.oaep_params("aws2012")}),
    ("OAEP", {"mgf_hash": "sha1", "oaep_params": form.oaep_params("aws2012")}),
    ("OAEP_PARAMS", {"oaep_hash": "sha1"}),
    ("OAEP_PARAMS", {"oaep_hash": "sha512", "mgf_hash": "sha512"}),
    ("OAEP_PARAMS", {"oaep_params": form.oaep_params("cms")}),
    ("OAEP_PARAMS", {"oaep_params": b""}),
    ("OAEP", {"encrypted_key": swap_last}),
    ("OAEP", {"encrypted_key": lambda right: right[:-1]}),
    ("RECIPIENT", {"recipient": KDH.issuer_and_serial}),
    ("VERSION", {"recipient_version": 2}),
    ("VERSION", {"envelope_version": 2}),
    ("DER", {"recipient_info": lambda right: right + right}),
    ("DER", {"recipient_infos": tlv(0x31)}),
    ("DER", {"envelope": lambda right: right + NULL_VALUE}),
    ("VERSION", {"envelope": lambda right: sequence(right)}),
    ("LAYOUT", {"envelope": lambda right: right.replace(form.DATA, form.SIGNED_DATA, 1)}),
    ("DIGEST", {"digest": bytes(32)}),
    ("DIGEST", {"digest": swap_last}),
    ("NONCE", {"freshness": writer.attribute(form.RANDOM_NONCE, octets(b"87654321"))}),
    ("ATTRIBUTES", {"freshness": SIGNING_TIME}),
    ("ATTRIBUTES", {"freshness": b""}),
    ("ATTRIBUTES", {"extra_attributes": [SIGNING_TIME]}),
    ("ATTRIBUTES", {"extra_attributes": [PROTECT]}),
    ("ATTRIBUTES", {"content_attribute": writer.attribute(form.CONTENT_TYPE, form.DATA)}),
    ("ATTRIBUTES", {"content_attribute": b""}),
    ("ATTRIBUTES", {"attributes": lambda right: right + right[-1:]}),
    ("ATTRIBUTES", {"attributes": lambda right: right[:2] + right[3:]}),
    ("ORDER", {"attributes": reverse}),
    ("SIGNATURE", {"to_sign": lambda right: explicit(0, right[3:])}),
    ("SIGNATURE", {"to_sign": swap_last}),
    ("SIGNATURE", {"signing_key": OTHER.key}),
    ("SIGNATURE", {"signature": swap_last}),
    ("SIGNATURE", {"signature": b""}),
    ("SID", {"sid": OTHER.issuer_and_serial}),
    ("VERSION", {"signer_version": 3}),
    ("LAYOUT", {"signer_digest": sequence(form.SHA256, NULL_VALUE)}),
    ("LAYOUT", {"signer_digest": sequence(form.SHA1)}),
    ("LAYOUT", {"signature_algorithm": sequence(form.RSA)}),
    ("LAYOUT", {"signature_algorithm": sequence(form.SHA256_WITH_RSA, NULL_VALUE)}),
    ("DER", {"signer_infos": tlv(0x31)}),
    ("DER", {"signer_info": lambda right: right + right}),
    ("VERSION", {"signed_version": 3}),
    ("LAYOUT", {"digest_algorithms": tlv(0x31, sequence(form.SHA256, NULL_VALUE))}),
    ("LAYOUT", {"content_type": form.DATA}),
    ("DER", {"e_content": lambda right: tlv(0x24, right)}),
    ("DER", {"certificates": explicit(0, KDH.der)}),
    ("CRL", {"crls": explicit(1, kit.crl())}),
    ("LAYOUT", {"token_type": form.ENVELOPED_DATA}),
    ("DER", {"token": lambda right: right + b"\0"}),
    ("DER", {"token": lambda right: right[:-1]}),
    ("DER", {"token": lambda right: b"\x30\x80" + right[4:] + b"\0\0"}),
)


class Refusals(unittest.TestCase):
    def refused(self, code, token, *arguments, **named):
        with self.assertRaises(TokenError) as caught:
            open_it(token, *arguments, **named)
        self.assertEqual(caught.exception.code, code, str(caught.exception))

    def test_one_fault(self):
        for code, changes in FAULTS:
            with self.subTest(code, changes=", ".join(changes)):
                self.refused(code, make(**changes))

    def test_faults_of_every_layout(self):
        for layout in ("annexb2019", "cms"):
            for code, changes in FAULTS:
                if code in ("ID_KDH", "INNER_HEADER", "PAD", "DIGEST", "NONCE", "SIGNATURE", "SID"):
                    with self.subTest(layout, code=code, changes=", ".join(changes)):
                        self.refused(code, make(layout, **changes), layout)

    def test_one_layout_for_another(self):
        for made in form.LAYOUTS:
            for due in form.LAYOUTS:
                if made != due:
                    with self.subTest(made, due=due), self.assertRaises(TokenError):
                        open_it(make(made), due)

    def test_nonce(self):
        self.refused("NONCE", make(), nonce=NONCE + b"9")
        self.refused("ATTRIBUTES", make(), nonce=None)
        self.refused("ATTRIBUTES", make(nonce=None))

    def test_cms_order_is_that_of_der(self):
        token = make(
            "cms", bytes(16), attributes=lambda right: [right[0], right[2], right[1], right[3]]
        )
        self.refused("ORDER", token, "cms", bytes(16))

    def test_signing_time(self):
        day = datetime.timedelta(days=1)
        now = tr34_chain.now()
        for when in (now + day / 24, now - 2 * day):
            self.refused("TIME", make(nonce=None, when=when), nonce=None)
        for text in (b"2701020304Z", b"270102030405+0000", b"270232030405Z"):
            attribute = writer.attribute(form.SIGNING_TIME, tlv(0x17, text))
            self.refused("TIME", make(nonce=None, freshness=attribute), nonce=None)
        attribute = writer.attribute(form.SIGNING_TIME, tlv(0x18, b"20270102030405Z"))
        self.refused("DER", make(nonce=None, freshness=attribute), nonce=None)

    def test_headers(self):
        for header in (
            "D9999K0AB00E0000",
            "A0256K0AB00E0000",
            "D0256K0TB00E0000",
            "D0256K0AB00X0000",
            "D0256K0AB00E00000",
            "D0256K0AB00E0100",
            "D0256K0AB00E0100KS18FFFF",
            "D0256K0AB00E000",
        ):
            with self.subTest(header):
                self.refused("HEADER", make(header=header))

    def test_crl(self):
        day, now = datetime.timedelta(days=1), tr34_chain.now()
        for crl in (
            kit.crl(serials=[5, KDH.serial]),
            kit.crl(kit.intermediate),
            kit.crl(signer=OTHER.key),
            kit.crl(kit.authority("Alias", bits=4096, place="root")),
            kit.crl().replace(b"\x03\x82\x02\x01\x00", b"\x03\x82\x02\x01\x01"),
            OTHER_ALGORITHM.join(kit.crl().rsplit(form.SHA256_WITH_RSA, 1)),
            kit.crl(last_update=now - 2 * day, next_update=now - day),
            kit.crl(last_update=now + day, next_update=now + 2 * day),
        ):
            self.refused("CRL", make("annexb2019", crl=crl), "annexb2019")
        self.refused("CRL", make("annexb2019", crls=b""), "annexb2019")
        token = make("annexb2019", crl=kit.crl(serials=[5]))
        self.assertEqual(open_it(token, "annexb2019")["key"], KEY)
        self.assertEqual(open_it(make("cms", crl=kit.crl()), "cms", with_crl=True)["key"], KEY)

    def test_a_bit_of_every_octet(self):
        chance = random.Random(34)
        for layout in form.LAYOUTS:
            token = make(layout)
            for at in range(len(token)):
                bad = bytearray(token)
                bad[at] ^= 1 << chance.randrange(8)
                with self.subTest(layout, at=at), self.assertRaises(ValueError):
                    open_it(bytes(bad), layout)

    def test_a_member_too_many_anywhere(self):
        """Signed anew where it lies below the signature, so that nothing else is wrong."""
        for layout in form.LAYOUTS:
            tried, seen = 0, {}
            for name in ("envelope", "key_block", "attributes"):
                make(layout, **{name: lambda right, name=name: seen.setdefault(name, right)})
            changes = [("attributes", [more]) for more in grown(b"".join(seen["attributes"]))]
            changes += [("token", more) for more in grown(make(layout))]
            for name in ("envelope", "key_block"):
                changes += [(name, more) for more in grown(seen[name])]
            for name, value in changes:
                with self.subTest(layout, name=name, tried=tried):
                    with self.assertRaises(TokenError) as caught:
                        open_it(make(layout, **{name: value}), layout)
                    if name != "token":
                        self.assertNotIn(caught.exception.code, ("DIGEST", "SIGNATURE"))
                tried += 1
            self.assertGreater(tried, 40)

    def test_unknown_part(self):
        with self.assertRaises(TypeError):
            make(digets=bytes(32))

    def test_openssl_agrees(self):
        for changes in (
            {"digest": swap_last},
            {"signature": swap_last},
            {"signing_key": OTHER.key},
            {"sid": OTHER.issuer_and_serial},
            {"to_sign": swap_last},
        ):
            with self.subTest(list(changes)), self.assertRaises(openssl.OpensslError):
                openssl.cms_verify(make(**changes), KDH, [kit.root])


class Chains(unittest.TestCase):
    def refused(self, leaf, chain, code="CHAIN"):
        with self.assertRaises(TokenError) as caught:
            tr34_chain.check_chain(leaf.der, [party.der for party in chain])
        self.assertEqual(caught.exception.code, code)

    def test_good(self):
        for usages in (None, certificates.ROLES["KDH"]):
            leaf = kit.leaf("KDH", kit.intermediate, usages=usages, ca=None)
            tr34_chain.check_chain(leaf.der, [kit.intermediate.der, kit.root.der])

    def test_bad_leaves(self):
        bad = certificates.bad_leaf_parties(kit, "KDH")
        self.assertEqual(len(bad), 14)
        for name, leaf in bad.items():
            with self.subTest(name):
                self.refused(leaf, [kit.root])

    def test_bad_authorities(self):
        day, now = datetime.timedelta(days=1), tr34_chain.now()
        for options in (
            {"ca": False},
            {"ca": None},
            {"usages": ("crl_sign",)},
            {"not_before": now - 2 * day, "not_after": now - day},
            {"bits": 1024},
        ):
            with self.subTest(options):
                middle = kit.authority("Bad", kit.root, **options)
                self.refused(kit.leaf("KDH", middle), [middle, kit.root])
        # The root's key under another name.
        self.refused(kit.leaf("KDH", kit.authority("Alias", bits=4096, place="root")), [kit.root])
        leaf = kit.leaf("KDH", kit.intermediate)
        for chain in ([], [kit.root], [kit.intermediate], [kit.root, kit.intermediate]):
            self.refused(leaf, chain)

    def test_bad_forms_do_not_load(self):
        for role in ("KDH", "KRD"):
            good = kit.leaf(role)
            self.assertEqual(base64.b64decode(good.form), good.pem)
            forms = certificates.bad_forms(good)
            self.assertEqual(base64.b64decode(forms.pop("two_pems")), 2 * good.pem)
            for name, text in forms.items():
                with self.subTest(name), self.assertRaises(ValueError):
                    x509.load_pem_x509_certificate(base64.b64decode(text, validate=True))

    def test_keys_are_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            first = certificates.rsa_key(1024, "kept", folder)
            certificates._keys.pop("kept1024")
            again = certificates.rsa_key(1024, "kept", folder)
            self.assertEqual(first.private_numbers(), again.private_numbers())
            self.assertEqual(os.listdir(folder), ["kept1024.pem"])
            self.assertEqual(os.stat(os.path.join(folder, "kept1024.pem")).st_mode & 0o77, 0)


class Der(unittest.TestCase):
    def test_writes(self):
        for encoding, text in (
            (integer(0), "020100"),
            (integer(127), "02017f"),
            (integer(128), "02020080"),
            (octets(bytes(128))[:3], "048180"),
            (octets(bytes(256))[:4], "04820100"),
            (NULL_VALUE, "0500"),
        ):
            self.assertEqual(encoding.hex(), text)

    def test_reads_strictly(self):
        for text in (
            "",
            "30",
            "3001",
            "308000",
            "30800000",
            "308100",
            "30817f" + "00" * 127,
            "30820080" + "00" * 128,
            "3085000000000100",
            "3f010000",
            "300000",
        ):
            with self.subTest(text), self.assertRaises(TokenError):
                only(bytes.fromhex(text), 0x30, "test")
        walk = Walk(bytes.fromhex("0500"), "test")
        with self.assertRaises(TokenError):
            walk.end()


if __name__ == "__main__":
    unittest.main()
