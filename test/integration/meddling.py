# SPDX-License-Identifier: Apache-2.0
"""What tests share that exchange objects in the token, as somebody with the PIN can."""
import harness
import tr34_case
from pkcs11 import CKA

FLAGS = (CKA.ENCRYPT, CKA.DECRYPT, CKA.SIGN, CKA.VERIFY, CKA.WRAP, CKA.UNWRAP, CKA.DERIVE)
KEPT = (
    *(CKA.CLASS, CKA.KEY_TYPE, CKA.TOKEN, CKA.PRIVATE, CKA.SENSITIVE, CKA.EXTRACTABLE, CKA.ID),
    *(CKA.LABEL, CKA.ALLOWED_MECHANISMS, CKA.DERIVE_TEMPLATE, CKA.COPYABLE, *FLAGS),
)


class Meddling:
    """For a harness.TokenCase."""

    def objects(self, arn):
        session = self.sandbox.open_token()
        return {
            session.get_attribute(handle, CKA.LABEL).decode().split()[1]: handle
            for handle in tr34_case.objects_of(self.sandbox, harness.name_of(arn))
        }

    def exchange(self, arn, role, value, **more):
        """An object of another value stands where the key's did, with the same attributes."""
        session = self.sandbox.open_token()
        handle = self.objects(arn)[role]
        template = session.get_attributes(handle, KEPT)
        template.update({CKA[name]: each for name, each in more.items()})
        if not template.get(CKA.DERIVE_TEMPLATE):
            template.pop(CKA.DERIVE_TEMPLATE, None)
        session.destroy(handle)
        template[CKA.VALUE] = value
        template[CKA.MODIFIABLE] = False
        session.create_object(template)

    def expect_refusal(self, arn, role, call, *arguments):
        """By name, and shown."""
        text = self.refuses("ConflictException", call, *arguments)
        self.assertIn("key/%s is refused" % harness.name_of(arn), text)
        self.assertIn("(%s)" % role, text)
        findings = self.sandbox.cli("token")["Findings"]
        self.assertTrue([each for each in findings if harness.name_of(arn) in str(each)])
