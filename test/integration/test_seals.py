#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that demand something of what is derived from them (CKA_DERIVE_TEMPLATE): that the daemon derives so, call by
call; what it says of such a token; and keys from before the token kept to it."""
import re
import unittest

import harness
import meddling
import mock_case
import spy_case
import tr31_reader
from pkcs11 import CKA, CKM

KSN = {"TDES_2KEY": "FFFF9876543210E00000", "AES_256": "123456789012345600000000"}
ECB_ENCRYPT_DATA = {"TDES_2KEY": CKM.DES3_ECB_ENCRYPT_DATA, "AES_256": CKM.AES_ECB_ENCRYPT_DATA}
KDF = "0x000003AC"  # CKM_SP800_108_COUNTER_KDF, as the spy shows it
SEALED = "seal what is derived from a key"
MASK = bytes.fromhex("C0C0C0C000000000") * 2


class Spied(spy_case.SpyCase):
    """What is derived from a working key, from the first export and import under it to the last."""

    def setUp(self):
        super().setUp()
        self.sandbox = self.spied()
        self.addCleanup(self.sandbox.close)

    def run_job(self, job):
        """Its answer, and its calls."""
        start = self.mark()
        return job(), spy_case.calls(self.read(start))

    def check_job(self, job, from_kek):
        """From a wrapping key everything is derived by the counter KDF, and sealed; nothing that is made in the job can
        be read, and nothing is read."""
        answer, made = self.run_job(job)
        bases = {}
        for name, lines in made:
            self.assertNotIn("CKA_VALUE ", lines)
            if name not in spy_case.MAKING:
                continue
            self.assertRegex(lines, r"CKA_SENSITIVE +True")
            if name == "C_DeriveKey":
                base = re.search(r"hBaseKey = (0x[0-9a-f]+)", lines).group(1)
                mechanism = re.search(r"pMechanism->type = (\S+)", lines).group(1)
                bases.setdefault(base, []).append((mechanism, lines))
        keks = [each for each in bases.values() if KDF in [mechanism for mechanism, _ in each]]
        self.assertEqual(len(keks), 1)
        self.assertEqual([mechanism for mechanism, _ in keks[0]], [KDF] * from_kek)
        for _, lines in keks[0]:
            for name in ("TOKEN", "EXTRACTABLE", "DECRYPT", "DERIVE"):
                self.assertRegex(lines, r"CKA_%s +False" % name)
        return answer

    def test_exports_and_imports(self):
        """The blocks are another reader's to open."""
        for algorithm in ("TDES_2KEY", "TDES_3KEY", "AES_256"):
            value, kek = self.sandbox.adopt_known(harness.kek_attributes(algorithm))
            inside, key = self.sandbox.adopt_known(harness.bdk_attributes("TDES_2KEY"))
            # KBEK and KBMK; then the KBEK once more, to unwrap.
            answer = self.check_job(lambda: self.sandbox.export(key, kek), 2)
            block = answer["wrapped_key"]["key_material"]
            self.assertEqual(tr31_reader.open_block(value, block)["key"], inside)
            request = harness.import_request(block, kek)
            self.check_job(lambda: self.sandbox.call("IMPORT_KEY", request), 1)

    def test_initial_keys(self):
        """By encryption, from the BDK and its mask variant, and never readable."""
        _, kek = self.sandbox.adopt_known(harness.kek_attributes("AES_256"))
        for algorithm, halves in (("TDES_2KEY", 2), ("AES_256", 1)):
            _, bdk = self.sandbox.adopt_known(harness.bdk_attributes(algorithm))
            request = harness.initial_key_request(bdk, kek, KSN[algorithm])
            _, made = self.run_job(lambda: self.sandbox.call("EXPORT_KEY", request))
            derived = [lines for name, lines in made if "ECB_ENCRYPT_DATA" in lines]
            self.assertEqual(len(derived), halves)
            self.assertNotIn("CKA_VALUE ", "".join(lines for _, lines in made))
            for lines in derived:
                self.assertRegex(lines, r"CKA_SENSITIVE +True")


class Sealing(meddling.Meddling, harness.TokenCase):
    """On the token that keeps to it."""

    def setUp(self):
        self.kek_value, self.kek = self.sandbox.adopt_known(harness.kek_attributes("AES_256"))

    def test_it_is_shown(self):
        operations = {each["Operation"]: each for each in self.sandbox.cli("token")["Operations"]}
        self.assertEqual(operations[SEALED]["Mechanism"], "CKA_DERIVE_TEMPLATE")

    def kinds(self, arn):
        findings = self.sandbox.cli("token")["Findings"]
        return {each["Kind"] for each in findings if harness.name_of(arn) in each["Object"]}

    def bdk(self, algorithm):
        """A known BDK, by its key and a request for an initial key of it."""
        value, arn = self.sandbox.adopt_known(harness.bdk_attributes(algorithm))
        return value, arn, harness.initial_key_request(arn, self.kek, KSN[algorithm])

    def test_a_base_key_from_before(self):
        """A firmware that learns to seal does not stop the keys that there are. They are shown."""
        for algorithm in KSN:
            value, arn, request = self.bdk(algorithm)
            self.assertEqual(self.kinds(arn), set())
            if algorithm == "TDES_2KEY":
                mask = bytes(a ^ b for a, b in zip(value, MASK))
                self.exchange(arn, "mask-variant", mask, DERIVE_TEMPLATE={})
            self.exchange(arn, "working", value, DERIVE_TEMPLATE={})
            self.assertEqual(self.kinds(arn), {"unsealed"})
            block = self.sandbox.call("EXPORT_KEY", request)["wrapped_key"]["key_material"]
            tr31_reader.open_block(self.kek_value, block)

    def test_a_wrapping_key_from_before(self):
        """Made when the token had neither seals nor SP 800-108, or had no seals."""
        bdk = self.sandbox.create(harness.bdk_attributes())
        for algorithm, mechanism in ECB_ENCRYPT_DATA.items():
            for allowed in (mechanism, CKM.SP800_108_COUNTER_KDF):
                value, arn = self.sandbox.adopt_known(harness.kek_attributes(algorithm))
                more = {"ALLOWED_MECHANISMS": [allowed], "DERIVE_TEMPLATE": {}}
                self.exchange(arn, "working", value, **more)
                block = self.sandbox.export(bdk, arn)["wrapped_key"]["key_material"]
                tr31_reader.open_block(value, block)
                self.assertEqual(self.kinds(arn), {"unsealed"})

    def test_another_seal_is_refused(self):
        """Weaker, or a BDK's on a wrapping key, or on one of two objects."""
        bdk = self.sandbox.create(harness.bdk_attributes())
        session = self.sandbox.open_token()
        for seal in ({CKA.SENSITIVE: True}, {CKA.SENSITIVE: True, CKA.TOKEN: False}):
            value, arn = self.sandbox.adopt_known(harness.kek_attributes("AES_256"))
            self.exchange(arn, "working", value, DERIVE_TEMPLATE=seal)
            self.expect_refusal(arn, "working", self.sandbox.export, bdk, arn)
            self.assertEqual(self.kinds(arn), {"deviation"})
        value, arn = self.sandbox.adopt_known(harness.kek_attributes("AES_256"))
        _, other, _ = self.bdk("AES_256")
        seal = session.get_attribute(self.objects(other)["working"], CKA.DERIVE_TEMPLATE)
        more = {"ALLOWED_MECHANISMS": [CKM.AES_ECB_ENCRYPT_DATA], "DERIVE_TEMPLATE": seal}
        self.exchange(arn, "working", value, **more)
        self.expect_refusal(arn, "working", self.sandbox.export, bdk, arn)
        value, arn, request = self.bdk("TDES_2KEY")
        self.exchange(arn, "working", value, DERIVE_TEMPLATE={})
        self.expect_refusal(arn, "mask-variant", self.sandbox.call, "EXPORT_KEY", request)


class Forgetful(unittest.TestCase):
    def test_a_token_that_seals_no_more(self):
        """A worker that cannot prove it does not come up beside keys that are sealed, and make others."""
        mock = mock_case.Mock()
        self.addCleanup(mock.close)
        sandbox = mock_case.sandbox(mock, workers=1)
        self.addCleanup(sandbox.close)
        kek, bdk = (sandbox.create(each) for each in (harness.kek_attributes("AES_256"), harness.bdk_attributes()))
        mock.tell("lack attribute 0x%X" % CKA.DERIVE_TEMPLATE)
        sandbox.kill_worker()
        harness.wait_until(
            lambda: "now does not (CKA_DERIVE_TEMPLATE" in sandbox.status()["reason"], 60, "the reason"
        )
        mock.tell()
        sandbox.wait_ready()
        sandbox.export(bdk, kek)

    def test_a_token_that_does_not_say(self):
        """A worker that got no answer does not come up and make unsealed keys, unless that is this token's way to refuse."""
        mock = mock_case.Mock()
        self.addCleanup(mock.close)
        sandbox = mock_case.sandbox(mock, workers=1)
        self.addCleanup(sandbox.close)

        def seals(daemon):
            operations = daemon.cli("token")["Operations"]
            return next(each for each in operations if each["Operation"] == SEALED)

        mock.tell("lack attribute 0x%X 0x31" % CKA.DERIVE_TEMPLATE)  # CKR_DEVICE_MEMORY
        with harness.Daemon(sandbox) as daemon:
            daemon.wait_for("down", "cannot be told for now (CKA_DERIVE_TEMPLATE: C_DeriveKey: CKR_DEVICE_MEMORY")
            mock.tell()
            daemon.wait_for("ready")
            self.assertEqual(seals(daemon)["Mechanism"], "CKA_DERIVE_TEMPLATE")
        mock.tell("lack attribute 0x%X 0x31" % CKA.DERIVE_TEMPLATE)
        with harness.Daemon(sandbox) as daemon:
            daemon.wait_for("ready")
            self.assertIn("CKR_DEVICE_MEMORY", seals(daemon)["Reason"])
            self.assertEqual(daemon.log().count("cannot be told for now"), 3)


class Before(unittest.TestCase):
    """The same token with a firmware that knows neither SP 800-108 nor the attribute; then with one that does."""

    def setUp(self):
        self.mock = mock_case.Mock()
        self.addCleanup(self.mock.close)
        self.mock.tell("lack mechanism %s" % KDF, "lack attribute 0x%X" % CKA.DERIVE_TEMPLATE)
        self.sandbox = mock_case.sandbox(self.mock, workers=1)
        self.addCleanup(self.sandbox.close)

    def make(self, algorithm):
        """A wrapping key's value, and what there is to do with it: exports, an import, an initial key."""
        value, kek = self.sandbox.adopt_known(harness.kek_attributes(algorithm))
        inside, bdk = self.sandbox.adopt_known(harness.bdk_attributes("TDES_2KEY"))
        _, initial = self.sandbox.adopt_known(harness.bdk_attributes(algorithm))

        def work(call):
            block = call("EXPORT_KEY", harness.tr31_request(bdk, kek))["wrapped_key"]["key_material"]
            self.assertEqual(tr31_reader.open_block(value, block)["key"], inside)
            call("IMPORT_KEY", harness.import_request(block, kek))
            request = harness.initial_key_request(initial, kek, KSN[algorithm])
            block = call("EXPORT_KEY", request)["wrapped_key"]["key_material"]
            tr31_reader.open_block(value, block)

        return work, {harness.name_of(arn) for arn in (kek, bdk, initial)}

    def test_the_old_way_and_on(self):
        jobs, made = zip(*[self.make(algorithm) for algorithm in KSN])
        for work in jobs:
            work(self.sandbox.call)
        token = self.sandbox.cli("token")
        reasons = {each["Operation"]: each.get("Reason", "") for each in token["Operations"]}
        self.assertIn("CKR_MECHANISM_INVALID", reasons["derive by SP 800-108 with AES-CMAC"])
        self.assertIn("CKR_ATTRIBUTE_TYPE_INVALID", reasons[SEALED])
        self.assertEqual(token.get("Findings", []), [])
        self.mock.tell()
        with harness.Daemon(self.sandbox) as daemon:
            daemon.wait_for("ready")
            findings = daemon.cli("token")["Findings"]
            self.assertEqual({each["Kind"] for each in findings}, {"unsealed"})
            shown = {harness.name_of(each["Object"]) for each in findings}
            self.assertLessEqual(set.union(*made), shown)
            for work in jobs:
                work(daemon.call)


class NotSealing(harness.TokenCase):
    token = "nss"

    def test_it_is_shown(self):
        operations = {each["Operation"]: each for each in self.sandbox.cli("token")["Operations"]}
        self.assertIn("CKA_DERIVE_TEMPLATE", operations[SEALED]["Reason"])


if __name__ == "__main__":
    harness.main()
