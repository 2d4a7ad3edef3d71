#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Faulty key tokens, 1000 on each token: KEYFERRY_TEST_MUTATIONS gives another number, KEYFERRY_TEST_SEED others. The
certificates are in test_tr34_export_refusals.py; 5000 in all."""
import itertools
import os
import random
import secrets

import harness
import tr34_form as form
import tr34_partner
import wire

MUTATIONS = int(os.environ.get("KEYFERRY_TEST_MUTATIONS", "1000"))
SEED = os.environ.get("KEYFERRY_TEST_SEED", "1")
NONCE = bytes(range(8))


def by_one_name(data):
    """A signature has two names in the wild, outside of what is signed: one may stand for the other."""
    return data.replace(form.SHA256_WITH_RSA, form.RSA)


class Mutations(tr34_partner.PartnerCase):
    def setUp(self):
        self.chance = random.Random("%s %s" % (SEED, self.token))
        self.krd = self.partner.receiver(self.sandbox, 3072)
        self.made = [
            (layout, letter, secrets.token_bytes(16))
            for layout, letter in itertools.product(form.LAYOUTS, "TA")
        ]
        self.good = [self.make(*each) for each in self.made]

    def make(self, layout, letter, key, **changes):
        header = tr34_partner.VERSION[letter] + "D0%sB00E0000" % letter
        crl = self.partner.kit.crl() if form.LAYOUTS[layout].crl else None
        return self.partner.token(self.krd, key, header, layout, NONCE, crl=crl, **changes)

    def mutate(self, right):
        while True:
            wrong = tr34_partner.mutate(self.chance, right)
            if by_one_name(wrong) != by_one_name(right):
                return wrong

    def around(self, key):
        """Changes a KeyBlock before or behind its key: another key would be none the worse."""

        def change(right):
            at = right.index(key)
            front, back = right[:at], right[at + len(key) :]
            if self.chance.randrange(2):
                return self.mutate(front) + key + back
            return front + key + self.mutate(back)

        return change

    def wrong(self, number):
        """The next one: changed as it goes over the line, or by a sender who signs it so."""
        layout, letter, key = self.chance.choice(self.made)
        if number % 3:
            return self.mutate(self.chance.choice(self.good))
        part, change = self.chance.choice(
            (
                ("key_block", self.around(key)),
                ("recipient_infos", self.mutate),
                ("encrypted_key", self.mutate),
                ("attributes", lambda right: [self.mutate(b"".join(right))]),
                (
                    "pad",
                    lambda right: right[:-1] + bytes([right[-1] ^ self.chance.randrange(1, 256)]),
                ),
            )
        )
        return self.make(layout, letter, key, **{part: change})

    def test_each_is_refused_and_nothing_stays(self):
        before = self.objects()
        with self.sandbox.connect() as connection:
            for number in range(MUTATIONS):
                token = self.wrong(number)
                request = self.partner.request(token, self.krd, NONCE)
                with self.assertRaises(wire.Refused, msg=token.hex()) as caught:
                    connection.call("IMPORT_KEY", request)
                self.assertEqual(caught.exception.name, "ValidationException", token.hex())
        self.assertEqual(self.objects(), before)
        for each in self.made:
            request = self.partner.request(self.make(*each), self.krd, NONCE)
            self.sandbox.call("IMPORT_KEY", request)


harness.on_both_tokens(Mutations)
del Mutations

if __name__ == "__main__":
    harness.main()
