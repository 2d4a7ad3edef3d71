#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL for workers at random moments while a client pipelines exports: every request has one answer and one line in
the audit log, what was answered opens, and the token has no object more. Killed are workers that have opened the token:
one that dies with the PIN in the token's hands is the end of logging in, which test/integration/plumbing tests. Sizes: KEYFERRY_TEST_EXPORTS (1000),
KEYFERRY_TEST_KILLS (10) and KEYFERRY_TEST_WORKERS (6); KEYFERRY_TEST_SEED repeats a run. Who is killed often is started
after longer and longer pauses, so for hundreds of kills take 32 workers."""
import collections
import contextlib
import os
import random
import signal
import time

import harness
import tokentool
import tr31_reader
import wire

EXPORTS = int(os.environ.get("KEYFERRY_TEST_EXPORTS", "1000"))
KILLS = int(os.environ.get("KEYFERRY_TEST_KILLS", "10"))
WORKERS = int(os.environ.get("KEYFERRY_TEST_WORKERS", "6"))
SEED = os.environ.get("KEYFERRY_TEST_SEED") or str(random.SystemRandom().randrange(1 << 32))
WINDOW = 90
# Blocks that are opened by the reader.
SAMPLE = 200


class Kills(harness.TokenCase):
    options = {"workers": WORKERS}

    def setUp(self):
        self.random = random.Random(SEED)
        self.killed = set()
        self.sandbox.wait_ready(120)
        self.kbpk, self.kek = self.sandbox.adopt_known(harness.kek_attributes("AES_256"))
        self.value, self.key = self.sandbox.adopt_known(harness.bdk_attributes("AES_128"))

    def objects(self):
        """What any application finds in the token now, as a new session sees it; None where it is just changing."""
        self.sandbox.close_token()
        with contextlib.suppress(tokentool.Error):
            found = tokentool.objects(self.sandbox.open_token())
            return sorted((told["class"], str(told["id"]), told["label"] or "") for told in found)
        return None

    def ready(self):
        """The workers that have opened the token; None where some are just opening it."""
        workers = self.sandbox.processes().get("worker", [])
        count = self.sandbox.status()["workers_ready"]
        same = workers == self.sandbox.processes().get("worker", [])
        return workers if same and len(workers) == count else None

    def kill_one(self):
        """At any moment of an export, of writing its result, of waiting."""

        def victims():
            alive = [pid for pid in self.ready() or [] if pid not in self.killed]
            return alive if len(alive) > 1 else None

        victim = self.random.choice(harness.wait_until(victims, 120, "two workers are up"))
        time.sleep(self.random.random() * 0.003)
        os.kill(victim, signal.SIGKILL)
        self.killed.add(victim)

    def exports(self):
        """The answers by id; meanwhile workers are killed."""
        moments = sorted(self.random.sample(range(1, EXPORTS - WINDOW), KILLS))
        answers = {}
        request = harness.tr31_request(self.key, self.kek)
        with self.sandbox.connect(timeout=40) as connection:
            for number, reply in connection.pipeline("EXPORT_KEY", request, EXPORTS, WINDOW):
                self.assertNotIn(number, answers)
                answers[number] = reply
                while moments and len(answers) >= moments[0]:
                    moments.pop(0)
                    self.kill_one()
            self.assertFalse(connection.received)
            connection.call("STATUS")  # and nothing more comes
        return answers

    def check_answers(self, answers):
        """How many are blocks; the others may be sent again, and say so."""
        blocks = []
        for reply in answers.values():
            if isinstance(reply, wire.Refused):
                self.assertEqual(reply.name, "ServiceUnavailableException", reply.text)
                self.assertIn("again", reply.text)
            else:
                blocks.append(reply["wrapped_key"]["key_material"])
        for block in self.random.sample(blocks, min(SAMPLE, len(blocks))):
            self.assertEqual(tr31_reader.open_block(self.kbpk, block)["key"], self.value)
        self.assertEqual(len(set(blocks)), len(blocks))
        return len(blocks)

    def check_records(self, answers, seq):
        records = [
            record
            for record in self.sandbox.audit()
            if record["seq"] > seq and record.get("operation") == "ExportKey"
        ]
        lines = collections.Counter(record["id"] for record in records)
        self.assertEqual(lines, collections.Counter(list(answers)))
        for record in records:
            reply = answers[record["id"]]
            wanted = reply.name if isinstance(reply, wire.Refused) else "OK"
            self.assertEqual(record["result"], wanted)

    def test_every_request_is_answered_and_nothing_is_left(self):
        print("KEYFERRY_TEST_SEED=%s" % SEED, flush=True)
        before, seq = self.objects(), self.sandbox.audit()[-1]["seq"]
        began = time.monotonic()
        answers = self.exports()
        self.assertEqual(sorted(answers), list(range(1, EXPORTS + 1)))
        blocks = self.check_answers(answers)
        self.check_records(answers, seq)
        print("%s: %d exports, %d kills, %d answered with a block, %d unavailable, %.1f s" % (
            self.token, EXPORTS, KILLS, blocks, EXPORTS - blocks, time.monotonic() - began), flush=True)
        self.assertGreater(blocks, EXPORTS // 2)
        # Workers that are just opening the token have throw-away objects in it.
        harness.wait_until(lambda: self.objects() == before, 60, "the token is as it was")
        for _ in range(2 * WORKERS):
            self.sandbox.export(self.key, self.kek)
        self.assertIn(self.sandbox.status()["state"], ("ready", "degraded"))
        self.assertNotIn("all processes are started anew", self.sandbox.log())


harness.on_both_tokens(Kills)
del Kills

if __name__ == "__main__":
    harness.main()
