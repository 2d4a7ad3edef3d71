#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What lies in the token, as another application reads it; and that what must not leave does not."""
import harness
import pkcs11
from pkcs11 import CKA, CKM, CKO, Mechanism

WORKING, EXPORT, CARD = 0x01, 0x04, 0x10
FLAGS = (CKA.ENCRYPT, CKA.DECRYPT, CKA.SIGN, CKA.VERIFY, CKA.WRAP, CKA.UNWRAP)
DERIVATIONS = {
    "AES": {CKM.AES_ECB_ENCRYPT_DATA, CKM.SP800_108_COUNTER_KDF},
    "TDES": {CKM.DES3_ECB_ENCRYPT_DATA, CKM.SP800_108_COUNTER_KDF},
}


class Roles(harness.TokenCase):
    def objects_with_role(self, role):
        session = self.sandbox.open_token()
        found = []
        for handle in session.find({CKA.CLASS: CKO.SECRET_KEY}):
            ident = session.get_attributes(handle, [CKA.ID]).get(CKA.ID, b"")
            if len(ident) == 11 and ident[0] == role:
                found.append(handle)
        return found

    def new_objects(self, role, make):
        """The objects of this role that make() added, and what make() returned."""
        before = set(self.objects_with_role(role))
        result = make()
        return [handle for handle in self.objects_with_role(role) if handle not in before], result

    def check_locked(self, session, handle):
        self.assertTrue(session.get_attribute(handle, CKA.SENSITIVE))
        self.assertTrue(session.get_attribute(handle, CKA.PRIVATE))
        self.assertTrue(session.get_attribute(handle, CKA.DERIVE))
        for flag in FLAGS:
            self.assertFalse(session.get_attribute(handle, flag), flag)
        with self.assertRaises(pkcs11.Error):
            session.get_attribute(handle, CKA.VALUE)

    def test_working_keys(self):
        session = self.sandbox.open_token()
        for made in (
            harness.kek_attributes("AES_256"),
            harness.kek_attributes("TDES_3KEY"),
            harness.bdk_attributes("TDES_2KEY"),
            harness.bdk_attributes("AES_128"),
        ):
            for way in (self.sandbox.create, lambda each: self.sandbox.adopt_known(each)[1]):
                objects, _ = self.new_objects(WORKING, lambda make=way, each=made: make(each))
                self.assertEqual(len(objects), 1)
                self.check_locked(session, objects[0])
                self.assertFalse(session.get_attribute(objects[0], CKA.EXTRACTABLE))
                self.assertFalse(session.get_attribute(objects[0], CKA.MODIFIABLE))
                if self.token == "softhsm":
                    allowed = session.get_attribute(objects[0], CKA.ALLOWED_MECHANISMS)
                    self.assertEqual(len(allowed), 1)
                    self.assertIn(allowed[0], DERIVATIONS[made["key_algorithm"].split("_")[0]])

    def test_export_copies(self):
        session = self.sandbox.open_token()
        objects, _ = self.new_objects(EXPORT, lambda: self.sandbox.create(harness.bdk_attributes()))
        self.assertEqual(len(objects), 1)
        self.check_locked(session, objects[0])
        self.assertTrue(session.get_attribute(objects[0], CKA.EXTRACTABLE))

    def test_not_exportable(self):
        kek = self.sandbox.create(harness.kek_attributes("AES_256"))
        for way in (
            lambda each: self.sandbox.create(each, False),
            lambda each: self.sandbox.adopt_known(each, False)[1],
        ):
            objects, arn = self.new_objects(EXPORT, lambda make=way: make(harness.bdk_attributes()))
            self.assertEqual(objects, [])
            text = self.refuses("ValidationException", self.sandbox.export, arn, kek)
            self.assertIn("xportable", text)
            self.assertIn(arn.rpartition("/")[2], text)

    def test_the_token_refuses_by_itself(self):
        """Not the daemon: another application with the PIN cannot wrap a working key, nor join what it cannot wrap."""
        if self.token == "nss":
            self.skipTest("NSS wraps keys that are not extractable; it runs as untrusted for that")
        session = self.sandbox.open_token()
        objects, _ = self.new_objects(
            WORKING, lambda: self.sandbox.create(harness.kek_attributes("AES_128"))
        )
        wrapping = session.generate(
            Mechanism(CKM.AES_KEY_GEN),
            {CKA.VALUE_LEN: 32, CKA.TOKEN: False, CKA.WRAP: True, CKA.DERIVE: False},
        )
        with self.assertRaises(pkcs11.Error):
            session.wrap(Mechanism(CKM.AES_KEY_WRAP), wrapping, objects[0])
        with self.assertRaises(pkcs11.Error):
            session.set_attributes(objects[0], {CKA.EXTRACTABLE: True})
        with self.assertRaises(pkcs11.Error):
            session.copy(objects[0], {CKA.EXTRACTABLE: True, CKA.TOKEN: False})

    def test_adoption_takes_the_source_away(self):
        value = harness.random_key("AES_128")
        self.sandbox.put_key("to be adopted", "AES_128", value)
        arn = self.sandbox.adopt("to be adopted", harness.kek_attributes("AES_128"))
        self.assertEqual(self.sandbox.open_token().find({CKA.LABEL: "to be adopted"}), [])
        self.assertEqual(
            self.sandbox.call("GET_KEY", {"key_identifier": arn})["key"]["key_check_value"],
            harness.check_value("AES_128", value),
        )

    def test_adoption_is_for_good_unless_told(self):
        self.sandbox.put_key("to be kept", "AES_128", harness.random_key("AES_128"))
        key = self.sandbox.cli(
            "adopt-key",
            "--object",
            "to be kept",
            "--key-attributes",
            harness.attributes_json(harness.bdk_attributes("AES_128")),
        )["Key"]
        self.assertIs(key["Exportable"], False)

    def test_adoption_is_refused_where_the_object_does_not_fit(self):
        self.sandbox.put_key("twin", "AES_128", harness.random_key("AES_128"))
        self.sandbox.put_key("twin", "AES_128", harness.random_key("AES_128"))
        self.sandbox.put_key("short", "AES_128", harness.random_key("AES_128"))
        self.sandbox.put_key("stays", "AES_128", harness.random_key("AES_128"), extractable=False)
        aes = harness.kek_attributes("AES_128")
        self.refuses("ConflictException", self.sandbox.adopt, "twin", aes)
        self.refuses("ResourceNotFoundException", self.sandbox.adopt, "no such object", aes)
        self.refuses(
            "ValidationException", self.sandbox.adopt, "short", harness.kek_attributes("AES_256")
        )
        self.refuses("ValidationException", self.sandbox.adopt, "stays", aes)
        for label in ("short", "stays"):
            self.assertEqual(len(self.sandbox.open_token().find({CKA.LABEL: label})), 1, label)


harness.on_both_tokens(Roles)
del Roles

if __name__ == "__main__":
    harness.main()
