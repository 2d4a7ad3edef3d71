#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The TR-34 writer against the reader and against openssl: every layout, pass, cipher and RSA size."""
import contextlib
import datetime
import io
import itertools
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

try:
    import certificates
    import tr34_files
    import tr34_form as form
    import tr34_openssl as openssl
    import tr34_reader as reader
    import tr34_writer as writer
    from tr34_der import TokenError, explicit, tlv
except ImportError as error:
    print("needs python3-cryptography:", error)
    sys.exit(77)

KEY2, KEY3 = bytes(range(16)), bytes(range(24))
KINDS = (("A0256K0TB00E0000", KEY2), ("A0256B1TX00N0000", KEY3), ("D0256K0AB00E0000", KEY2))
LONG = "A0256K0TB00E0200KS18FFFF9876543210E00000LB0Aa word"
NONCES = (None, b"12345678", bytes(range(15)), bytes(range(240, 256)))
SIZES = (2048, 3072, 4096)
kit = certificates.Kit()


def leaves(bits=2048, issuer=None):
    return kit.leaf("KDH", issuer, bits), kit.leaf("KRD", bits=bits)


def make(kdh, krd, kind, layout, nonce=None, issuer=None, **changes):
    crl = kit.crl(issuer) if form.LAYOUTS[layout].crl else None
    return writer.make_token(kdh, krd, kind[1], kind[0], layout, nonce, crl=crl, **changes)


def open_it(token, kdh, krd, layout, nonce=None, chain=None, **more):
    chain = [party.der for party in chain or [kit.root]]
    return reader.open_token(token, krd.key, krd.der, kdh.der, chain, nonce, layout, **more)


class RoundTrips(unittest.TestCase):
    def check(self, kdh, krd, kind, layout, nonce, chain):
        token = make(kdh, krd, kind, layout, nonce, chain[0])
        opened = open_it(token, kdh, krd, layout, nonce, chain)
        self.assertEqual((opened["header"], opened["key"]), kind)
        self.assertEqual(opened["signing_time"] is None, nonce is not None)
        self.assertEqual(openssl.cms_verify(token, kdh, chain), opened["envelope"])
        if layout == "cms":
            key_block = openssl.cms_decrypt(opened["envelope"], krd)
            self.assertEqual(key_block, opened["key_block"])
        else:
            # Garbage comes out, or nothing.
            with contextlib.suppress(openssl.OpensslError):
                key_block = openssl.cms_decrypt(opened["envelope"], krd)
                self.assertNotEqual(key_block, opened["key_block"])
        return opened

    def test_every_size(self):
        for bits in SIZES:
            kdh, krd = leaves(bits)
            for layout, kind, nonce in itertools.product(form.LAYOUTS, KINDS, NONCES[:2]):
                with self.subTest(layout, bits=bits, kind=kind, nonce=nonce):
                    self.check(kdh, krd, kind, layout, nonce, [kit.root])

    def test_every_nonce_and_optional_blocks(self):
        kdh, krd = leaves()
        for layout, nonce, header in itertools.product(form.LAYOUTS, NONCES, (KINDS[0][0], LONG)):
            with self.subTest(layout, nonce=nonce, header=header):
                self.check(kdh, krd, (header, KEY2), layout, nonce, [kit.root])

    def test_below_an_intermediate(self):
        kdh, krd = leaves(issuer=kit.intermediate)
        for layout in form.LAYOUTS:
            self.check(kdh, krd, KINDS[0], layout, None, [kit.intermediate, kit.root])

    def test_mixed_sizes(self):
        kdh, krd = leaves(2048)[0], leaves(4096)[1]
        self.check(kdh, krd, KINDS[2], "aws2012", NONCES[1], [kit.root])

    def test_names_are_copied_as_they_are(self):
        plain = certificates.Kit(root_bits=2048, printable=True)
        kdh, krd = plain.leaf("KDH", serial=0x81), plain.leaf("KRD", serial=0x0102030405)
        self.assertTrue(kdh.issuer_and_serial.endswith(bytes.fromhex("02020081")))
        self.assertTrue(krd.issuer_and_serial.endswith(bytes.fromhex("02050102030405")))
        self.assertIn(b"\x13\x04Root\x02", kdh.issuer_and_serial)
        self.assertIn(b"\x0c\x04Root\x02", kit.leaf("KDH").issuer_and_serial)
        self.check(kdh, krd, KINDS[0], "aws2012", None, [plain.root])

    def test_lengths_of_tokens(self):
        """As published for AWS's tokens, less what these names are longer or shorter."""
        for bits, add in ((2048, 0), (3072, 256), (4096, 512)):
            kdh, krd = (kit.leaf(role, bits=bits, serial=0x0102030405) for role in ("KDH", "KRD"))
            token = make(kdh, krd, KINDS[2], "aws2012", NONCES[1])
            if bits == 2048:
                first = len(token)
            self.assertEqual(len(token), first + add)


class Encodings(unittest.TestCase):
    """Octets written out from the standard's samples, not made by the writer."""

    PARAMS = {
        "aws2012": "3038300D06096086480165030402010500301806092A864886F70D010108300B0609"
        "608648016503040201300D06092A864886F70D0101090400",
        "cms": "302FA00F300D06096086480165030402010500A11C301A06092A864886F70D010108"
        "300D06096086480165030402010500",
    }
    CONTENT_TYPE = "301806092A864886F70D010903310B06092A864886F70D010703"
    NONCE8 = "3018060A2A864886F70D01091903310A04083132333435363738"
    HEADER = "301F06092A864886F70D01070131120410" + b"A0256K0TB00E0000".hex().upper()
    DIGEST = "302F06092A864886F70D01090431220420"
    RSA = "300D06092A864886F70D0101010500"

    def setUp(self):
        self.kdh, self.krd = leaves()

    def hex_of(self, layout, nonce=None, kind=KINDS[0], **changes):
        return make(self.kdh, self.krd, kind, layout, nonce, **changes).hex().upper()

    def attributes(self, layout, nonce=None, **changes):
        """The signed attributes of a token, the digest's own octets cut off its attribute."""
        seen = []

        def note(right):
            seen.append(right[1 + (2 if right[1] == 0x81 else 1) :].hex().upper())
            return right

        make(self.kdh, self.krd, KINDS[0], layout, nonce, to_sign=note, **changes)
        return seen[0]

    def test_oaep_parameters(self):
        self.assertEqual(form.oaep_params("annexb2019").hex().upper(), self.PARAMS["aws2012"])
        for layout, params in self.PARAMS.items():
            wrapped = "06092A864886F70D010107" + params + "04820100"
            self.assertEqual(self.hex_of(layout).count(wrapped), 1, layout)

    def test_two_pass_attributes(self):
        digest = bytes(32)
        expected = self.CONTENT_TYPE + self.NONCE8 + self.HEADER + self.DIGEST + digest.hex()
        for layout in form.LAYOUTS:
            self.assertEqual(self.attributes(layout, NONCES[1], digest=digest), expected)

    def test_one_pass_attributes(self):
        time = "301C06092A864886F70D010905310F170D" + b"270102030405Z".hex().upper()
        expected = self.CONTENT_TYPE + time + self.HEADER + self.DIGEST + "00" * 32
        when = datetime.datetime(2027, 1, 2, 3, 4, 5)
        for layout in form.LAYOUTS:
            got = self.attributes(layout, freshness=bytes.fromhex(time), digest=bytes(32))
            self.assertEqual(got, expected)
            token = writer.make_token(self.kdh, self.krd, KEY2, KINDS[0][0], layout, when=when)
            self.assertIn(time, token.hex().upper())

    def test_order_of_a_long_nonce(self):
        for layout in form.LAYOUTS:
            got = self.attributes(layout, NONCES[3])
            sample_order = got.index("060A2A864886F70D01091903") < got.index(self.HEADER)
            self.assertEqual(sample_order, layout != "cms")

    def test_frame(self):
        """What stands around the parts whose octets differ from token to token."""
        signer = self.kdh.issuer_and_serial.hex().upper()
        recipient = self.krd.issuer_and_serial.hex().upper()
        sha256 = "300B0609608648016503040201"
        envelope = "020100318201"
        for layout, version, sequence_there, algorithm in (
            ("aws2012", "01", False, self.RSA),
            ("annexb2019", "01", True, self.RSA),
            ("cms", "03", True, "300D06092A864886F70D01010B0500"),
        ):
            with self.subTest(layout):
                token = self.hex_of(layout, NONCES[1])
                self.assertRegex(
                    token,
                    "^3082....06092A864886F70D010702A082....3082....0201"
                    + version
                    + "310D"
                    + sha256
                    + "3082....06092A864886F70D010703A082....0482...."
                    + ("3082...." if sequence_there else "")
                    + envelope,
                )
                self.assertIn("020100" + recipient + "30", token)
                self.assertIn("020101" + signer + sha256 + "A081", token)
                self.assertRegex(token, algorithm + "04820100.{512}$")

    def test_content_algorithm(self):
        for kind, algorithm in (
            (KINDS[0], "06082A864886F70D03070408" + "AB" * 8),
            (KINDS[2], "0609608648016503040102" + "0410" + "AB" * 16),
        ):
            iv = b"\xab" * (8 if kind is KINDS[0] else 16)
            for layout in form.LAYOUTS:
                token = self.hex_of(layout, kind=kind, iv=iv)
                size = len(algorithm) // 2
                # Inside the algorithm's SEQUENCE the ciphertext makes its length a long one, or
                # at least a greater one.
                self.assertEqual(
                    "30%02X%s80" % (size, algorithm) in token,
                    layout == "cms" or layout == "annexb2019",
                )
                self.assertIn(algorithm + "80", token)

    def test_key_block(self):
        token = make(self.kdh, self.krd, KINDS[0], "aws2012")
        opened = open_it(token, self.kdh, self.krd, "aws2012")
        body = "020101" + self.kdh.issuer_and_serial.hex() + "0410" + KEY2.hex() + self.HEADER
        self.assertEqual(opened["key_block"].hex().upper()[4:], body.upper())

    def test_object_identifiers(self):
        for encoding, text in (
            (form.RANDOM_NONCE, "060A2A864886F70D01091903"),
            (form.AES128_CBC, "0609608648016503040102"),
            (form.DES_EDE3_CBC, "06082A864886F70D0307"),
            (form.DATA, "06092A864886F70D010701"),
        ):
            self.assertEqual(encoding.hex().upper(), text)


class Files(unittest.TestCase):
    def test_credential_tokens(self):
        kdh, krd = leaves()
        plain = tr34_files.write_ct_krd(krd.der)
        self.assertEqual(tr34_files.read_ct_kdh(plain, with_crl=False), (krd.der, None))
        self.assertRegex(
            plain.hex(),
            "^3082....06092a864886f70d010702a082....3082....0201013100"
            "300f06092a864886f70d010701a0020400a082....3082.*3100$",
        )
        with_crl = tr34_files.write_ct_krd(kdh.der, kit.crl())
        certificate, crl = tr34_files.read_ct_kdh(with_crl)
        self.assertEqual(certificate, kdh.der)
        reader.tr34_chain.check_crl(crl, certificate, kit.root.der)
        for token, due in ((plain, True), (with_crl, False)):
            with self.assertRaises(TokenError):
                tr34_files.read_ct_kdh(token, due)

    def test_crl_behind_the_signers_is_refused(self):
        kdh, crl = leaves()[0], explicit(1, kit.crl())
        token = tr34_files.write_ct_krd(kdh.der, crls=b"", signer_infos=tlv(0x31) + crl)
        for due in (True, False):
            with self.assertRaises(TokenError):
                tr34_files.read_ct_kdh(token, due)

    def test_openssl_reads_them(self):
        krd = leaves()[1]
        text = openssl.certificates_of(tr34_files.write_ct_krd(krd.der, kit.crl()))
        self.assertIn(krd.pem, text)

    def test_nonce(self):
        token = tr34_files.write_rt_krd(bytes(range(16)))
        self.assertEqual(
            token.hex(), "3020060a2a864886f70d0109190331120410" + bytes(range(16)).hex()
        )
        self.assertEqual(tr34_files.read_rt_krd(token), bytes(range(16)))


class Cryptograms(unittest.TestCase):
    def test_round_trips(self):
        for bits, digest in itertools.product(SIZES, ("sha256", "sha512")):
            krd = leaves(bits)[1]
            for key in (KEY2, KEY3):
                cryptogram = openssl.oaep_make(key, krd, digest)
                self.assertEqual(len(cryptogram), bits // 8)
                self.assertEqual(openssl.oaep_open(cryptogram, krd.key, digest), key)

    def test_another_hash_is_refused(self):
        krd = leaves()[1]
        for made, opened in (
            (("sha512", None), ("sha256", None)),
            (("sha256", "sha1"), ("sha256", None)),
            (("sha1", None), ("sha256", None)),
            (("sha256", None), ("sha512", None)),
        ):
            cryptogram = openssl.oaep_make(KEY2, krd, *made)
            with self.assertRaises(openssl.OpensslError):
                openssl.oaep_open(cryptogram, krd.key, *opened)


class CommandLine(unittest.TestCase):
    def run_main(self, kdh, krd, token, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            words = list(arguments)
            for option, content in (
                ("--krd-key", certificates.key_pem(krd.key)),
                ("--krd", krd.pem),
                ("--kdh", kdh.pem),
                ("--ca", kit.root.pem),
            ):
                path = os.path.join(folder, option)
                with open(path, "wb") as file:
                    file.write(content)
                words += [option, path]
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = reader.main(words + [token.hex()])
        return status, out.getvalue(), err.getvalue()

    def test_prints_json_or_says_why_not(self):
        kdh, krd = leaves()
        token = make(kdh, krd, KINDS[0], "cms", NONCES[1])
        options = ("--layout", "cms", "--nonce", NONCES[1].hex())
        status, out, _ = self.run_main(kdh, krd, token, *options)
        self.assertEqual(status, 0)
        # openssl enc -des-ede of eight zeros: ddada161e8d79673
        expected = {"header": KINDS[0][0], "key": KEY2.hex().upper(), "kcv": "DDADA1"}
        self.assertEqual(json.loads(out), expected)
        status, out, err = self.run_main(kdh, krd, token, "--layout", "cms")
        self.assertEqual((status, out), (1, ""))
        self.assertTrue(err.startswith("ATTRIBUTES: "), err)
        self.assertEqual(self.run_main(kdh, krd, make(kdh, krd, KINDS[0], "aws2012"))[0], 0)


if __name__ == "__main__":
    unittest.main()
