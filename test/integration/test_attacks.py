#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attacks on Keyferry itself: by somebody with the PIN who changes what is in the token, by clients
who are not who they say.

Of the attacks on objects, others are elsewhere: wrong flags, missing, surplus and duplicate
objects, labels that contradict the card, objects without a card or made without the PIN in
test/unit/p11/test_store.c; two cards of one alias in test_store_alias.c; private keys and
certificates that were exchanged in test_key_pairs.py and test_certificates.py. Bad frames are in
plumbing/test_requests.py, strangers' requests in test_access.py. Attacks on the token alone are in
test/attacks. """
import os
import subprocess
import unittest

import harness
import certificates
import meddling
import tr31_reader
import tr34_case
import wire
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from pkcs11 import CKA, CKM, CKO, Mechanism

NOBODY = 65534
KSN = "FFFF9876543210E00000"
# As another user: connects, sends what it is given, prints the answer.
SEND = (
    "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
    " s.sendall(sys.stdin.buffer.read()); sys.stdout.buffer.write(s.recv(65536))"
)


class Meddling(meddling.Meddling, harness.TokenCase):
    """Objects in the token that are exchanged, label and all. Workers have not used them yet."""

    def setUp(self):
        self.kek_value, self.kek = self.sandbox.adopt_known(harness.kek_attributes("AES_256"))

    def export(self, arn):
        return self.sandbox.export(arn, self.kek)

    def test_an_export_copy_of_another_key(self):
        for algorithm in ("TDES_2KEY", "AES_128"):
            arn = self.sandbox.create(harness.bdk_attributes(algorithm))
            self.exchange(arn, "export", harness.random_key(algorithm))
            self.expect_refusal(arn, "export", self.export, arn)

    def test_a_wrapping_key_that_somebody_knows(self):
        """It would open all that is exported from now on, and after the PIN was changed, too. Documented: by SP
        800-108, and without an export copy to compare with, nothing tells it. The partner notices."""
        bdk = self.sandbox.create(harness.bdk_attributes())
        for algorithm in ("AES_256", "TDES_3KEY"):
            by_kdf = self.token == "softhsm" or algorithm == "AES_256"
            for exportable in (True, False):
                arn = self.sandbox.create(harness.kek_attributes(algorithm), exportable)
                value = harness.random_key(algorithm)
                self.exchange(arn, "working", value)
                if exportable or not by_kdf:
                    self.expect_refusal(arn, "working", self.sandbox.export, bdk, arn)
                else:
                    block = self.sandbox.export(bdk, arn)["wrapped_key"]["key_material"]
                    tr31_reader.open_block(value, block)

    def test_a_base_key_and_its_mask_variant(self):
        for role, algorithm in (
            ("working", "AES_128"),
            ("working", "TDES_2KEY"),
            ("mask-variant", "TDES_2KEY"),
        ):
            arn = self.sandbox.create(harness.bdk_attributes(algorithm))
            self.exchange(arn, role, harness.random_key(algorithm))
            ksn = KSN if algorithm == "TDES_2KEY" else KSN + "1111"
            request = harness.initial_key_request(arn, self.kek, ksn)
            self.expect_refusal(arn, role, self.sandbox.call, "EXPORT_KEY", request)

    def test_a_base_key_that_does_not_leave(self):
        """Of TDES its check value tells it; of AES, which takes two steps, nothing where the key is sealed."""
        for algorithm, told in (("TDES_2KEY", True), ("AES_256", self.token == "nss")):
            arn = self.sandbox.create(harness.bdk_attributes(algorithm), False)
            self.exchange(arn, "working", harness.random_key(algorithm))
            ksn = KSN if algorithm == "TDES_2KEY" else KSN + "1111"
            request = harness.initial_key_request(arn, self.kek, ksn)
            if told:
                self.expect_refusal(arn, "working", self.sandbox.call, "EXPORT_KEY", request)
            else:
                self.sandbox.call("EXPORT_KEY", request)

    def test_a_mask_variant_of_a_key_that_does_not_leave(self):
        """Documented: nothing tells it. The right half of the initial key is what was planted."""
        arn = self.sandbox.create(harness.bdk_attributes(), False)
        planted = harness.random_key("TDES_2KEY")
        self.exchange(arn, "mask-variant", planted)
        request = harness.initial_key_request(arn, self.kek, KSN)
        block = self.sandbox.call("EXPORT_KEY", request)["wrapped_key"]["key_material"]
        # The left half under a key is the right half under the key that is its mask variant.
        right = tr31_reader.dukpt_tdes_initial_key(planted, bytes.fromhex(KSN))[:8]
        self.assertEqual(tr31_reader.open_block(self.kek_value, block)["key"][8:], right)

    def test_a_flag_more(self):
        arn = self.sandbox.create(harness.kek_attributes("AES_256"))
        bdk = self.sandbox.create(harness.bdk_attributes())
        self.exchange(arn, "working", harness.random_key("AES_256"), ENCRYPT=True)
        self.expect_refusal(arn, "working", self.sandbox.export, bdk, arn)

    def edit(self, arn, old, new):
        """In the label of its card."""
        session = self.sandbox.open_token()
        card = self.objects(arn)["card"]
        label = session.get_attribute(card, CKA.LABEL).decode()
        self.assertIn(old, label)
        session.set_attributes(card, {CKA.LABEL: label.replace(old, new, 1)})

    def test_an_edited_card(self):
        """What never changes is in every object's label; and from N to E there is no copy."""
        for old, new, exportable in (
            (" N CMAC:", " E CMAC:", False),
            (" K1 ", " D0 ", True),
            (" B 00 ", " N 00 ", True),
            (" S CMAC:", " S CMAC:0", True),
        ):
            arn = self.sandbox.create(harness.kek_attributes("AES_256"), exportable)
            self.edit(arn, old, new)
            harness.wait_until(
                lambda key=arn: self.is_refused(key), 5, "the card is read again: " + new
            )

    def is_refused(self, arn):
        try:
            self.export(arn)
        except wire.Refused as refused:
            return refused.name == "ConflictException"
        return False

    def test_an_edited_state(self):
        """Documented: state is in the card alone. The log has no record of who started the key."""
        arn = self.sandbox.create(harness.bdk_attributes())
        self.sandbox.call("STOP_KEY_USAGE", {"key_identifier": arn})
        self.refuses("ConflictException", self.export, arn)
        self.edit(arn, " off ", " on ")
        harness.wait_until(lambda: self.works(arn), 5, "the card is read again")
        records = [each for each in self.sandbox.audit() if each.get("operation") == "StartKeyUsage"]
        self.assertEqual(records, [])

    def works(self, arn):
        try:
            return self.export(arn)
        except wire.Refused:
            return False

    def test_a_card_without_a_key(self):
        """Planted in our form; a key has what its card says, or is refused."""
        arn = self.sandbox.create(harness.kek_attributes("AES_256"))
        session = self.sandbox.open_token()
        label = session.get_attribute(self.objects(arn)["card"], CKA.LABEL)
        ident = b"\x10" + os.urandom(10)
        session.generate(
            Mechanism(CKM.GENERIC_SECRET_KEY_GEN),
            {CKA.VALUE_LEN: 1, CKA.TOKEN: True, CKA.PRIVATE: True, CKA.ID: ident, CKA.LABEL: label},
        )
        name = tr34_case.base64.b32encode(ident[1:]).decode().lower()
        text = self.refuses("ConflictException", self.export, name)
        self.assertIn("an object is missing", text)

    def test_an_alias_that_points_elsewhere(self):
        """The alias follows what the token says; a check value that one knows does not."""
        bdk = self.sandbox.create(harness.bdk_attributes())
        alias = "alias/" + os.urandom(6).hex()
        self.sandbox.call("CREATE_ALIAS", {"alias_name": alias, "key_arn": self.kek})
        found = self.sandbox.call("GET_KEY", {"key_identifier": alias})["key"]["key_check_value"]
        evil = self.sandbox.adopt_known(harness.kek_attributes("AES_256"))[1]
        session = self.sandbox.open_token()
        mine = "keyferry1 alias %s %s" % (alias, harness.name_of(self.kek))
        (card,) = session.find({CKA.LABEL: mine})
        session.set_attributes(
            card, {CKA.LABEL: mine.replace(harness.name_of(self.kek), harness.name_of(evil))}
        )
        request = harness.tr31_request(bdk, alias)
        request["key_material"]["tr31_key_block"]["wrapping_key_check_value"] = found

        def is_held_up():
            try:
                self.sandbox.call("EXPORT_KEY", request)
            except wire.Refused as refused:
                return "WrappingKeyCheckValue" in refused.text
            return False

        harness.wait_until(is_held_up, 5, "the check value is another key's")
        wrapped = self.sandbox.export(bdk, alias)["wrapped_key"]
        self.assertEqual(wrapped["wrapping_key_arn"], evil)
        self.assertIn(evil, str(self.sandbox.audit()[-1]))


class Planted(harness.TokenCase):
    """A trust anchor put straight into the token, with the PIN. Documented: it is one like every
    other."""

    options = {"ca": True}

    def test_a_trust_anchor(self):
        kit = certificates.Kit(root_bits=2048)
        evil = kit.authority("Evil", place="evil")
        model = tr34_case.put_anchor(self.sandbox, kit.root.certificate)
        ident = os.urandom(10)
        session = self.sandbox.open_token()
        for handle in tr34_case.objects_of(self.sandbox, harness.name_of(model)):
            self.plant(session, handle, ident, kit.root.certificate, evil.certificate)
        name = tr34_case.base64.b32encode(ident).decode().lower()
        value, key = self.sandbox.adopt_known(harness.bdk_attributes())
        receiver = kit.leaf("KRD", evil)
        material = {
            "certificate_authority_public_key_identifier": name,
            "wrapping_key_certificate": receiver.form,
        }
        request = {"export_key_identifier": key, "key_material": {"key_cryptogram": material}}
        wrapped = self.sandbox.call("EXPORT_KEY", request)["wrapped_key"]
        hash_ = hashes.SHA256()
        scheme = padding.OAEP(padding.MGF1(hash_), hash_, None)
        opened = receiver.key.decrypt(bytes.fromhex(wrapped["key_material"]), scheme)
        self.assertEqual(opened, value)
        # It is seen where somebody looks.
        self.assertIn(name, str(self.sandbox.call("LIST_KEYS")))

    def plant(self, session, handle, ident, model, evil):
        """Like the model's object, of another certificate."""
        label = session.get_attribute(handle, CKA.LABEL).decode()
        label = label.replace(tr34_case.fingerprint(model), tr34_case.fingerprint(evil))
        first = session.get_attribute(handle, CKA.ID)[:1]
        names = {CKA.ID: first + ident, CKA.LABEL: label, CKA.TOKEN: True}
        if session.get_attribute(handle, CKA.CLASS) != CKO.CERTIFICATE:
            card = {CKA.VALUE_LEN: 1, CKA.PRIVATE: True, **names}
            session.generate(Mechanism(CKM.GENERIC_SECRET_KEY_GEN), card)
            return
        serial = evil.serial_number.to_bytes(20, "big").lstrip(b"\0")
        serial = b"\0" * (serial[0] >> 7) + serial
        template = {
            CKA.CLASS: CKO.CERTIFICATE,
            CKA.CERTIFICATE_TYPE: 0,
            CKA.PRIVATE: False,
            CKA.SUBJECT: evil.subject.public_bytes(),
            CKA.ISSUER: evil.issuer.public_bytes(),
            CKA.SERIAL_NUMBER: b"\x02" + bytes([len(serial)]) + serial,
            CKA.VALUE: evil.public_bytes(certificates.DER),
            **names,
        }
        if self.token == "softhsm":
            template[CKA.COPYABLE] = False
        session.create_object({**template, CKA.MODIFIABLE: False})


class Peers(harness.TokenCase):
    """Frames that come twice, and users who send what others sent."""

    def setUp(self):
        self.kek = self.sandbox.create(harness.kek_attributes("AES_256"))
        self.bdk = self.sandbox.create(harness.bdk_attributes())
        self.frame = wire.request_frame(
            7, "EXPORT_KEY", harness.tr31_request(self.bdk, self.kek)
        )

    def answers(self, connection, count):
        found = []
        for _ in range(count):
            connection.waiting[7] = "EXPORT_KEY"
            found.append(connection.receive())
        return found

    def test_one_request_twice(self):
        """No gain: two requests with one number are two requests, and each is on record."""
        before = len(self.sandbox.audit())
        with self.sandbox.connect(timeout=20) as connection:
            connection.socket.sendall(self.frame * 2)
            found = self.answers(connection, 2)
        blocks = {reply["wrapped_key"]["key_material"] for _, reply in found}
        self.assertEqual([number for number, _ in found], [7, 7])
        self.assertEqual(len(blocks), 2)
        self.assertEqual(len(self.sandbox.audit()) - before, 2)

    @unittest.skipUnless(os.getuid() == 0, "only root can become somebody else")
    def test_bytes_of_another_connection(self):
        """What root sent is nobody's request when nobody sends it; there is no member for a user in
        it."""
        os.chmod(os.path.dirname(self.sandbox.socket), 0o711)
        os.chmod(self.sandbox.socket, 0o666)
        with self.sandbox.connect(timeout=20) as connection:
            connection.socket.sendall(self.frame)
            ((_, reply),) = self.answers(connection, 1)
            self.assertIn("wrapped_key", reply)
        done = subprocess.run(
            [
                *("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
                *("/usr/bin/python3", "-c", SEND, self.sandbox.socket),
            ],
            input=self.frame,
            stdout=subprocess.PIPE,
            timeout=30,
            check=True,
        )
        answer = wire.decode("Response", done.stdout[4:])
        self.assertEqual(wire.STATUS_NAMES[answer["status"]], "AccessDeniedException")
        self.assertEqual(self.sandbox.audit()[-1]["peer"]["uid"], NOBODY)

    def test_a_user_in_the_message(self):
        """A member that the schema does not have ends the connection."""
        for number in (4, 5, 15, 100):
            for value in (0, NOBODY):
                extra = wire.proto.varint(number << 3) + wire.proto.varint(value)
                with self.sandbox.connect(timeout=20) as connection:
                    connection.socket.sendall(wire.frame(self.frame[4:] + extra))
                    ((_, reply),) = self.answers(connection, 1)
                    self.assertEqual(reply.name, "ValidationException")
                    with self.assertRaises(wire.Closed):
                        connection.receive()


for case in (Meddling, Planted):
    harness.on_both_tokens(case)
del Meddling, Planted, case

if __name__ == "__main__":
    harness.main()
