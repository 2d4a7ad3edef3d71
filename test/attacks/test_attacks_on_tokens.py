#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Named attacks on PKCS#11 tokens, from the literature and our own, each by somebody with the user
PIN against an object of each role, on each test token. outcomes.txt says in what each ends; an
outcome that is another one, worse or better, fails."""
import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))

import harness  # noqa: E402
import attacker  # noqa: E402
import attacks_wrap  # noqa: E402, F401
import attacks_derive  # noqa: E402, F401
import attacks_seal  # noqa: E402, F401
import attacks_use  # noqa: E402, F401
import attacks_change  # noqa: E402, F401
import matrix  # noqa: E402
import registry  # noqa: E402
import roles  # noqa: E402
import victims  # noqa: E402
from pkcs11 import Error  # noqa: E402

TABLE = matrix.read()
THREAT_MODEL = os.path.join(harness.SOURCE, "doc", "threat-model.md")
WITHOUT_PIN = {
    "softhsm": {"classes": ["CERTIFICATE"], "destroy": "CKR_OK"},
    "nss": {"classes": ["CERTIFICATE"], "destroy": "CKR_OK"},
}
OWN = {"AES": "OWA", "TDES": "OWT", "generic": "OWA", "RSA": "OWR"}


def slugs():
    """The anchors of the threat model's headings."""
    with open(THREAT_MODEL, encoding="utf-8") as file:
        headings = re.findall(r"^#+ (.*)$", file.read(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def attempt(function, someone, victim):
    """(gain, None) or (None, refusal)"""
    try:
        return function(someone, victim), None
    except Error as error:
        return None, error.name
    except attacker.Blocked as blocked:
        return None, blocked.why


class TokenAttacks(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.scene = victims.Scene(cls.token)
        cls.addClassCleanup(cls.scene.close)
        cls.scene.prepare()

    def run_all(self):
        """{attack: {column: (gain, refusal)}}; what a list of mechanisms keeps away is told from
        what the token lacks by the attacker's own key, which may everything."""
        own = self.scene.victims["OWR"]
        someone = attacker.Attacker(self.scene.session, own)
        found = {}
        for name, (function, kinds) in registry.ATTACKS.items():
            row = found[name] = {}
            for column, victim in self.scene.victims.items():
                if victim.kind in kinds:
                    row[column] = attempt(function, someone, victim)
            for column, (_, refusal) in list(row.items()):
                if refusal == "CKR_MECHANISM_INVALID":
                    row[column] = None, self.why_invalid(column, row)
        return found

    def why_invalid(self, column, row):
        victim = self.scene.victims[column]
        if row[OWN[victim.kind]][1] in ("CKR_MECHANISM_INVALID", attacker.ABSENT):
            return attacker.ABSENT
        return "CKA_ALLOWED_MECHANISMS" if victim.allowed else "CKR_MECHANISM_INVALID"

    def test_all(self):
        self.assertEqual(self.scene.foreign, [], "a worker's session objects are seen")
        found, expected = self.run_all(), TABLE.cells.get(self.token, {})
        cells, wrong = {}, []
        for name, row in found.items():
            cells[name] = {}
            for column, outcome in row.items():
                wanted = expected.get(name, {}).get(column, matrix.NONE)
                cells[name][column] = cell = TABLE.cell(outcome, wanted)
                if cell != wanted:
                    wrong.append("%s on %s: %s, not %s" % (name, column, cell, wanted))
        groups = TABLE.columns.get(self.token) or [list(self.scene.victims)]
        print("[%s]\n%s" % (self.token, matrix.render(groups, cells)))
        self.assertEqual(wrong, [])
        self.report(cells)
        for name, row in expected.items():
            for column, cell in row.items():
                if cell != matrix.NONE:
                    self.assertIn(column, found.get(name, {}), "%s: no such attack or column" % name)

    def test_without_the_pin(self):
        """Certificates are public objects; nothing else is seen. Taking one away is documented."""
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_pin.py")
        done = subprocess.run(
            [sys.executable, program],
            env=dict(os.environ, **self.scene.sandbox.variables),
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        )
        self.assertEqual(json.loads(done.stdout), WITHOUT_PIN[self.token])

    def report(self, cells):
        for name, row in cells.items():
            ends = {}
            for column, cell in row.items():
                ends.setdefault(TABLE.sentence(cell), []).append(column)
            for sentence, columns in ends.items():
                print("%s, %s: %s: %s" % (self.token, name, sentence, " ".join(columns)))


class Table(unittest.TestCase):
    def test_every_anchor_is_in_the_threat_model(self):
        there = slugs()
        for anchor in TABLE.legends["anchors"].values():
            if anchor != matrix.CONTROL:
                self.assertIn(anchor, there)

    def test_every_attack_is_in_the_table(self):
        for token, rows in TABLE.cells.items():
            self.assertEqual(list(rows), list(registry.ATTACKS), token)
        self.assertEqual(sorted(TABLE.cells), ["nss", "softhsm"])

    def test_every_role_is_attacked(self):
        """A claim is a card; a constant is readable by intention; a recipient is a public key."""
        told = {text.split(" (")[0] for text in TABLE.legends["columns"].values()}
        for role in set(roles.ROLES) - {"claim", "constant", "recipient"}:
            word = {"export": "export copy"}.get(role, role)
            self.assertTrue([text for text in told if text.startswith(word)], role)


harness.on_both_tokens(TokenAttacks)
del TokenAttacks

if __name__ == "__main__":
    harness.main()
