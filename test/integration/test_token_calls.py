#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon asks of the token, call by call (OpenSC's pkcs11-spy in between), and what it leaves behind there."""
import itertools
import os
import re
import time
import unittest

import harness
import certificates
import spy_case
import tr34_case
import tr34_partner
import wire
from cryptography import x509
from pkcs11 import CKA
from spy_case import MAKING, calls, made_in_token

NEW_OBJECT = re.compile(r"\[out\] (?:hKey|hObject|\*phObject) = (0x[0-9a-f]+)")
SANITIZED = os.environ.get("SANITIZED") == "yes"
NONCE = bytes(range(8))
EXPORTS = int(os.environ.get("KEYFERRY_TEST_EXPORTS", "10000"))


class Spied(spy_case.SpyCase):
    def test_an_export(self):
        with self.spied() as sandbox:
            kek = sandbox.create(harness.kek_attributes("AES_256"))
            bdk = sandbox.create(harness.bdk_attributes())
            self.check_calls(3, lambda: sandbox.export(bdk, kek))

    def test_an_import(self):
        with self.spied() as sandbox:
            kek = sandbox.create(harness.kek_attributes("AES_256"))
            bdk = sandbox.create(harness.bdk_attributes())
            block = sandbox.export(bdk, kek)["wrapped_key"]["key_material"]
            material = {"wrapping_key_identifier": kek, "wrapped_key_block": block}
            request = {"key_material": {"tr31_key_block": material}}
            made = self.check_calls(1, lambda: sandbox.call("IMPORT_KEY", request))
            names = [name for name, _ in made]
            self.assertEqual(names.count("C_UnwrapKey"), 1)
            # Every session object is destroyed: the working key, its mask variant, the copy and the card stay.
            new = [name for name in names if name in MAKING]
            self.assertEqual(len(new) - names.count("C_DestroyObject"), 4)
            self.assertEqual(len(made_in_token(made)), 4)

    def test_an_initial_key(self):
        with self.spied() as sandbox:
            kek = sandbox.create(harness.kek_attributes("AES_256"))
            for algorithm, ksn in (("TDES_2KEY", "1" * 20), ("AES_192", "1" * 24)):
                start = self.mark()
                bdk = sandbox.create(harness.bdk_attributes(algorithm), False)
                self.assertNotEqual(made_in_token(calls(self.read(start))), [])
                request = harness.initial_key_request(bdk, kek, ksn)
                made = self.check_calls(3, lambda: sandbox.call("EXPORT_KEY", request))
                self.assertEqual(made_in_token(made), [])

    def test_exports_to_a_certificate(self):
        """Key tokens and cryptograms, of keys and initial keys, refused ones too."""
        kit = certificates.Kit(root_bits=2048)
        receiver = kit.leaf("KRD", bits=3072)
        with self.spied(ca=True) as sandbox:
            root = tr34_case.put_anchor(sandbox, kit.root.certificate)
            given = {"key_material_type": tr34_case.TR34, "signing_key_algorithm": "RSA_2048"}
            token = sandbox.call("GET_PARAMETERS_FOR_EXPORT", given)["export_token"]
            to = {"certificate_authority_public_key_identifier": root}
            to["wrapping_key_certificate"] = receiver.form
            tr34 = dict(to, export_token=token, key_block_format="X9_TR34_2012")
            materials = [
                {"tr34_key_block": dict(tr34, layout=layout)} for layout in tr34_case.LAYOUTS
            ]
            materials.append({"key_cryptogram": to})
            for algorithm, ksn in (("TDES_2KEY", "1" * 20), ("AES_128", "1" * 24)):
                key = sandbox.create(harness.bdk_attributes(algorithm))
                initial = {"export_dukpt_initial_key": {"key_serial_number": ksn}}
                for material in materials:
                    for more in ({}, {"export_attributes": initial}):
                        request = {"export_key_identifier": key, "key_material": material}
                        request.update(more)
                        made = self.check_calls(1, lambda: sandbox.call("EXPORT_KEY", request))
                        self.check_leaves_nothing(made)
            self.check_refusals(sandbox, key, {"tr34_key_block": tr34}, kit.leaf("KRD"))

    def check_refusals(self, sandbox, key, material, weak):
        material["tr34_key_block"]["wrapping_key_certificate"] = weak.form
        request = {"export_key_identifier": key, "key_material": material}
        self.check_nothing_is_made(sandbox, "EXPORT_KEY", request)

    def check_nothing_is_made(self, sandbox, operation, request):
        """It is refused before the token is asked for more than to read."""
        start = self.mark()
        with self.assertRaises(wire.Refused):
            sandbox.call(operation, request)
        made = calls(self.read(start))
        self.assertEqual([name for name, _ in made if name in (*MAKING, "C_CreateObject")], [])

    def test_imports_from_a_certificate(self):
        """Key tokens of every layout and cryptograms; refused ones too, before and after the token was asked."""
        partner = tr34_partner.Partner()
        crl = partner.kit.crl()
        with self.spied(ca=True) as sandbox:
            partner.trust(sandbox)
            krd = partner.receiver(sandbox, 3072)
            for layout, letter in itertools.product(tr34_case.LAYOUTS, "TA"):
                header = tr34_partner.VERSION[letter] + "D0%sB00E0000" % letter
                more = {"crl": crl if layout == "annexb2019" else None}
                token = partner.token(krd, None, header, layout, NONCE, **more)
                self.check_import(sandbox, partner.request(token, krd, NONCE))
            wrong = partner.request(token[:-1] + bytes([token[-1] ^ 1]), krd, NONCE)
            self.check_nothing_is_made(sandbox, "IMPORT_KEY", wrong)
            wrong = partner.token(krd, None, header, layout, NONCE, pad=lambda right: right[:-1] + b"?")
            self.check_refused_import(sandbox, partner.request(wrong, krd, NONCE))
            krd = partner.receiver(sandbox, 3072, "KEY_CRYPTOGRAM")
            for algorithm, spec in itertools.product(("TDES_2KEY", "AES_128"), tr34_partner.HASHES):
                wrapped = tr34_partner.cryptogram(krd, harness.random_key(algorithm), spec)
                material = {
                    "key_attributes": tr34_case.data_key(algorithm),
                    "exportable": True,
                    "wrapped_key_cryptogram": wrapped.hex().upper(),
                    "import_token": krd.token,
                    "wrapping_spec": spec,
                }
                request = {"key_material": {"key_cryptogram": material}}
                self.check_import(sandbox, request)
            wrapped = tr34_partner.cryptogram(krd, bytes(range(15)), spec)
            material["wrapped_key_cryptogram"] = wrapped.hex().upper()
            self.check_refused_import(sandbox, request)

    def check_import(self, sandbox, request):
        """An export copy and a card stay."""
        made = self.check_calls(1, lambda: sandbox.call("IMPORT_KEY", request), "C_UnwrapKey")
        self.assertNotIn("C_CreateObject", [name for name, _ in made])
        stay = made_in_token(made)
        self.assertEqual(len(stay), 2)
        self.check_leaves_nothing([call for call in made if call[1] not in stay])

    def check_refused_import(self, sandbox, request):
        """By what was found inside."""

        def call():
            with self.assertRaises(wire.Refused):
                sandbox.call("IMPORT_KEY", request)

        made = self.check_calls(1, call, "C_UnwrapKey")
        self.assertNotIn("C_CreateObject", [name for name, _ in made])
        self.check_leaves_nothing(made)

    def check_leaves_nothing(self, made):
        """Every object that was made is a session's and is destroyed by its handle."""
        self.assertEqual(made_in_token(made), [])
        handles, destroyed = [], []
        for name, lines in made:
            if name in (*MAKING, "C_CreateObject"):
                self.assertRegex(lines, "Returned:  0 CKR_OK")
                handles += NEW_OBJECT.findall(lines)
            if name == "C_DestroyObject":
                destroyed += re.findall(r"hObject = (0x[0-9a-f]+)", lines)
        self.assertGreater(len(handles), 0)
        self.assertEqual(sorted(handles), sorted(destroyed))

    def check_calls(self, count, job, needed="C_WrapKey"):
        """What count exports or imports ask of the token; nothing of it may show a key."""
        start = self.mark()
        for _ in range(count):
            job()
        made = calls(self.read(start))
        names = [name for name, _ in made]
        self.assertIn(needed, names)
        self.assertEqual([name for name in names if "Decrypt" in name], [])
        self.assert_no_secret_is_put_in(made)
        self.assert_no_key_is_read(made)
        return made

    def assert_no_secret_is_put_in(self, made):
        """What comes from outside is a receiver's public key."""
        for name, lines in made:
            if name == "C_CreateObject":
                self.assertRegex(lines, r"CKA_CLASS +CKO_PUBLIC_KEY")

    def shows_a_certificate(self, call):
        """Whether all that this call reads is the value of one."""
        name, lines = call
        value = lines.rpartition("CKA_VALUE ")[2]
        octets = "".join(re.findall(r"^    [0-9A-F]{8}  ((?:[0-9A-F]{2} ){1,16}) ", value, re.MULTILINE))
        if name != "C_GetAttributeValue" or not octets:
            return False
        try:
            x509.load_der_x509_certificate(bytes.fromhex(octets))
        except ValueError:
            return False
        return True

    def assert_no_key_is_read(self, made):
        """Only what was made readable on purpose (L, a constant of CMAC), and certificates, may have a value read."""
        sensitive, public, read = {}, 0, 0
        made = [call for call in made if not self.shows_a_certificate(call)]
        for name, lines in made:
            new = NEW_OBJECT.search(lines)
            if new and name in ("C_DeriveKey", "C_GenerateKey", "C_UnwrapKey"):
                sensitive[new.group(1)] = (
                    re.search(r"CKA_SENSITIVE +(\w+)", lines).group(1) == "True"
                )
            public += name == "C_CreateObject"  # which was looked at before
            if name == "C_GetAttributeValue" and "CKA_VALUE " in lines:
                handle = re.search(r"hObject = (0x[0-9a-f]+)", lines).group(1)
                self.assertFalse(sensitive.get(handle, True), lines)
                read += 1
        self.assertGreater(len(sensitive) + public, 0)
        self.assertLessEqual(read, 3)

    def test_nothing_is_ever_decrypted(self):
        """From the first call of a worker to its last: start, self-test, create, adopt, export, import, delete."""
        with self.spied() as sandbox:
            kek = sandbox.adopt_known(harness.kek_attributes("AES_128"))[1]
            wrapped = sandbox.export(sandbox.create(harness.bdk_attributes()), kek)["wrapped_key"]
            block = {
                "wrapping_key_identifier": kek,
                "wrapped_key_block": wrapped["key_material"],
            }
            sandbox.call("IMPORT_KEY", {"key_material": {"tr31_key_block": block}})
            sandbox.call("DELETE_KEY", {"key_identifier": kek})
        names = {name for name, _ in calls(self.read())}
        self.assertEqual({name for name in names if "Decrypt" in name}, set())
        self.assertNotIn("C_Logout", names)

    def test_a_wrong_pin_is_presented_once(self):
        with self.spied() as sandbox:
            pin = os.path.join(self.folder.name, "wrong-pin")
            with open(pin, "w", encoding="ascii") as file:
                file.write("0000")
            os.chmod(pin, 0o600)
            start = self.mark()

            def change(text):
                text = re.sub(r"^workers: .*$", "workers: 4", text, flags=re.MULTILINE)
                return text.replace(sandbox.variables["KEYFERRY_PIN_FILE"], pin)

            with harness.Daemon(sandbox, change) as daemon:
                status = daemon.wait_for("down", "PIN")
                self.assertEqual(status["workers_ready"], 0)
                with self.assertRaises(wire.Refused) as caught:
                    daemon.call("LIST_KEYS")
                self.assertEqual(caught.exception.name, "ServiceUnavailableException")
                self.assertIn("PIN", caught.exception.text)
                time.sleep(3)
                self.assertEqual(daemon.status()["state"], "down")
            text = self.read(start)
        self.assertEqual([name for name, _ in calls(text)].count("C_Login"), 1)
        self.assertEqual(text.count("CKR_PIN_INCORRECT"), 1)


class LeavesNothingBehind(harness.TokenCase):
    """Exports make and destroy objects; when they are done the token holds what it held."""

    # What ASan keeps of freed memory would look like a leak.
    options = {"extra": {"ASAN_OPTIONS": "quarantine_size_mb=1"}}

    def count(self):
        session = self.sandbox.open_token()
        return len(session.find())

    def test_object_count(self):
        kek = self.sandbox.create(harness.kek_attributes("AES_256"))
        bdk = self.sandbox.create(harness.bdk_attributes())
        self.sandbox.export(bdk, kek)
        before = self.count()
        total = EXPORTS if self.token == "softhsm" else EXPORTS // 5
        with self.sandbox.connect() as connection:
            seen = set()
            for number, reply in connection.pipeline(
                "EXPORT_KEY", harness.tr31_request(bdk, kek), total
            ):
                self.assertIsInstance(reply, dict, reply)
                seen.add(number)
        self.assertEqual(len(seen), total)
        self.assertEqual(self.count(), before)

    def test_no_stray_secrets(self):
        """Session objects are a worker's own, so its memory shows a leak: it stays the size it had."""
        kek = self.sandbox.create(harness.kek_attributes("AES_128"))
        bdk = self.sandbox.create(harness.bdk_attributes())
        request = harness.tr31_request(bdk, kek)
        worker = self.sandbox.processes()["worker"]
        with self.sandbox.connect() as connection:
            list(connection.pipeline("EXPORT_KEY", request, 500))
            before = sum(resident(pid) for pid in worker)
            list(connection.pipeline("EXPORT_KEY", request, EXPORTS // 4))
        # ASan's allocator alone scatters a few MB.
        slack = 16 << 20 if SANITIZED else 1 << 20
        self.assertLess(sum(resident(pid) for pid in worker) - before, slack)

    def test_ids_are_unique(self):
        session = self.sandbox.open_token()
        self.sandbox.create(harness.bdk_attributes())
        idents = [session.get_attributes(handle, [CKA.ID]).get(CKA.ID) for handle in session.find()]
        idents = [ident for ident in idents if ident]
        self.assertEqual(len(idents), len(set(idents)))


def resident(pid):
    with open("/proc/%d/statm" % pid, encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


harness.on_both_tokens(LeavesNothingBehind)
del LeavesNothingBehind

if __name__ == "__main__":
    harness.main()
