#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A module that fails: every PKCS#11 call of every kind of request, with every class of return value. By default a part
of the sweep that has every function with every value; KEYFERRY_TEST_FAULTS=all for the whole (about seven
minutes)."""
import collections
import os
import random
import unittest

import harness
import mock_case
from mock_case import BUSY, LOGIN, MODULE, NONE, SESSION, STALE

ALL = os.environ.get("KEYFERRY_TEST_FAULTS") == "all"
SEED = os.environ.get("KEYFERRY_TEST_SEED", "1")
SANITIZED = os.environ.get("SANITIZED") == "yes"

INTERNAL, UNAVAILABLE = "InternalServerException", "ServiceUnavailableException"
VALIDATION = "ValidationException"
# What each value says, as the table of p11/ckr.c has it: whose fault it is.
CODES = {
    "CKR_HOST_MEMORY": (0x02, BUSY),
    "CKR_GENERAL_ERROR": (0x05, MODULE),
    "CKR_FUNCTION_FAILED": (0x06, BUSY),
    "CKR_DEVICE_ERROR": (0x30, MODULE),
    "CKR_DEVICE_MEMORY": (0x31, BUSY),
    "CKR_DEVICE_REMOVED": (0x32, MODULE),
    "CKR_KEY_HANDLE_INVALID": (0x60, STALE),
    "CKR_OBJECT_HANDLE_INVALID": (0x82, STALE),
    "CKR_SESSION_CLOSED": (0xB0, SESSION),
    "CKR_SESSION_HANDLE_INVALID": (0xB3, SESSION),
    "CKR_TEMPLATE_INCONSISTENT": (0xD1, NONE),
    "CKR_USER_NOT_LOGGED_IN": (0x101, LOGIN),
    "CKR_BUFFER_TOO_SMALL": (0x150, NONE),
    "CKR_VENDOR_DEFINED + 1": (0x80000001, MODULE),
}
# A client's answer, and whether the worker ends (with that fault) or stays (NONE).
ANSWERS = {
    BUSY: (UNAVAILABLE, NONE),
    MODULE: (UNAVAILABLE, MODULE),
    SESSION: (UNAVAILABLE, SESSION),
    LOGIN: (UNAVAILABLE, LOGIN),
    STALE: (UNAVAILABLE, NONE),
    NONE: (INTERNAL, NONE),
}
DONE = ("OK", NONE)
# A request that may be tried again is, where an object has just gone.
NOT_REPEATED = ("import", "create-key", "create-alias")
# Tokens blame a cryptogram that does not open with these, so while the session lives it is the cryptogram's.
BLAME = (
    "CKR_GENERAL_ERROR",
    "CKR_FUNCTION_FAILED",
    "CKR_DEVICE_ERROR",
    "CKR_TEMPLATE_INCONSISTENT",
)
OAEP = {"import TR-34": 1, "import cryptogram": 1}  # which C_UnwrapKey

Fault = collections.namedtuple("Fault", "kind function ordinal when code")


def expected(fault):
    """The answers that are right."""
    name, function = fault.kind, fault.function
    if function == "C_DestroyObject":
        # The only clean-up: what is out is out, and the object goes at the second try or with its session.
        return {DONE}
    if function == "C_UnwrapKey" and OAEP.get(name) == fault.ordinal and fault.code in BLAME:
        return {(VALIDATION, NONE)}
    kind = CODES[fault.code][1]
    if kind == STALE and not name.startswith(NOT_REPEATED):
        return {DONE}
    if kind == STALE and function == "C_GetAttributeValue":
        return {DONE, ANSWERS[STALE]}  # of what a search found, it is searched once more
    return {ANSWERS[kind]}


class Sweep(unittest.TestCase):
    """Through the worker's own code, a fork for each fault."""

    @classmethod
    def setUpClass(cls):
        cls.sandbox = harness.Sandbox(workers=1, ca=True)
        cls.addClassCleanup(cls.sandbox.close)
        cls.kinds = mock_case.Kinds(cls.sandbox)
        cls.mock = mock_case.Mock()
        cls.addClassCleanup(cls.mock.close)
        cls.worker = mock_case.FaultyWorker(cls.sandbox, cls.mock)
        cls.addClassCleanup(cls.worker.close)
        cls.kinds.add_unknown()
        cls.usual, cls.calls = {}, {}
        for kind, (request, undo) in cls.kinds.all.items():
            cls.mock.clear_log()
            cls.usual[kind] = cls.worker.case(request, cls.kinds.good, undo)
            cls.calls[kind] = [(call.function, call.ordinal) for call in cls.mock.calls()]

    def test_requests_succeed(self):
        for kind, case in self.usual.items():
            with self.subTest(kind):
                self.assertEqual((case.request.status, case.good.status), ("OK", "OK"))
                self.assertEqual(case.request.fault, NONE)
                self.assertGreater(len(self.calls[kind]), 10)

    def faults(self):
        """All of them. Of pairs only what no other kind calls: they take long to make."""
        for kind, calls in self.calls.items():
            for function, ordinal in calls:
                if kind == "create-key pair" and function != "C_GenerateKeyPair":
                    continue
                for when in ("before", "after"):
                    for code in CODES:
                        yield Fault(kind, function, ordinal, when, code)

    def some(self):
        """Of each function, value and time one."""
        chance, groups = random.Random(SEED), collections.defaultdict(list)
        for fault in self.faults():
            groups[fault.function, fault.code, not SANITIZED and fault.when].append(fault)
        return [chance.choice(group) for group in groups.values()]

    def test_every_fault(self):
        outcomes = collections.Counter()
        for fault in self.faults() if ALL else self.some():
            rule = "fail %s %d %s 0x%X" % (*fault[1:4], CODES[fault.code][0])
            request, undo = self.kinds.all[fault.kind]
            with self.subTest(fault=str(fault), seed=SEED):
                case = self.worker.case(request, self.kinds.good, undo, [rule])
                self.assertEqual(case.ended, 0, "a crash")
                answer = (case.request.status, case.request.fault)
                self.assertIn(answer, expected(fault), case.request.text)
                self.check_leaves_nothing(case, self.usual[fault.kind])
                outcomes[answer[0]] += 1
        print("\n%d faults: %s" % (sum(outcomes.values()), dict(outcomes)))

    def check_leaves_nothing(self, case, usual):
        """In the token what a success leaves there, else nothing; in the session no more than in good times, and what is
        asked next is answered."""
        made = usual.request.in_token - usual.before if case.request.status == "OK" else 0
        self.assertEqual(case.request.in_token - case.before, made)
        if case.request.fault == NONE:
            self.assertEqual(case.good.status, "OK", case.good.text)
            self.assertLessEqual(case.good.in_session, usual.good.in_session)

    def test_every_fault_of_a_start(self):
        """A worker that begins in a bad moment is as able as any, or does not begin: it would refuse for as long as it
        lives what the token can do. KEYFERRY_TEST_STARTS: how many."""
        self.mock.clear_log()
        usual = self.worker.start()
        self.assertTrue(usual.ready, usual.text)
        self.assertEqual(usual.in_session, 0)
        functions = collections.defaultdict(list)
        for call in self.mock.calls():
            functions[call.function].append(call.ordinal)
        chance = random.Random(SEED)
        for i in range(int(os.environ.get("KEYFERRY_TEST_STARTS", 8 if SANITIZED else 26))):
            function = sorted(functions)[i % len(functions)]
            ordinal, when = chance.choice(functions[function]), chance.choice(("before", "after"))
            code = chance.choice(list(CODES))
            rule = "fail %s %d %s 0x%X" % (function, ordinal, when, CODES[code][0])
            with self.subTest(rule=rule, code=code, seed=SEED):
                start = self.worker.start(rule)
                if start.ready:
                    self.assertEqual(start.in_session, 0)
                    if CODES[code][1] != NONE:  # a refusal, which is taken at its word
                        self.assertEqual(start.proven, usual.proven)
                else:
                    self.assertNotEqual(start.text.strip(), "")

    def test_gone_while_it_is_read(self):
        """An object that a search found and that is gone, says the token: no key is taken for one that misses it."""
        request = self.kinds.all["list-keys"][0]
        for function, ordinal in self.calls["list-keys"]:
            if function != "C_GetAttributeValue":
                continue
            with self.subTest(ordinal=ordinal):
                rule = "fail C_GetAttributeValue %d before 0x60" % ordinal
                case = self.worker.case(request, self.kinds.good, rules=[rule])
                self.assertEqual(case.request.status, "OK")
                self.check_leaves_nothing(case, self.usual["list-keys"])

    def test_nonsense(self):
        """Success with a length, a count or a handle that cannot be."""
        functions = collections.defaultdict(list)
        for kind, calls in self.calls.items():
            for function, ordinal in calls:
                functions[function].append((kind, ordinal))
        chance = random.Random(SEED)
        for function in NUMBERS:
            for kind, ordinal in chance.sample(functions[function], min(8, len(functions[function]))):
                request, undo = self.kinds.all[kind]
                rule = "garbage %s %d" % (function, ordinal)
                with self.subTest(kind=kind, rule=rule, seed=SEED):
                    case = self.worker.case(request, self.kinds.good, undo, [rule])
                    self.assertEqual(case.ended, 0, "a crash")
                    if case.request.status == "ConflictException" and kind == "create-alias":
                        continue  # a card that is not where the token said may be another's
                    self.assertIn(case.request.status, (INTERNAL, UNAVAILABLE, "OK"))
                    self.check_leaves_nothing(case, self.usual[kind])
                    if function not in HANDLES or kind.startswith(NOT_REPEATED):
                        self.assertNotEqual(case.request.status, "OK")


HANDLES = ("C_GenerateKey", "C_DeriveKey", "C_UnwrapKey", "C_CreateObject")
NUMBERS = HANDLES + (
    "C_WrapKey",
    "C_Encrypt",
    "C_Sign",
    "C_FindObjects",
    "C_GetAttributeValue",
    "C_GenerateKeyPair",
)

if __name__ == "__main__":
    harness.main()
