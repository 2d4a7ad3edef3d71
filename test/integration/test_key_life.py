#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A key's life: started and stopped, to be deleted and restored, listed, named."""
import contextlib
import time

import harness
import wire

DAY_MS = 24 * 3600 * 1000
KSN = "FFFF9876543210E00000"
CHANGES = ("START_KEY_USAGE", "STOP_KEY_USAGE", "DELETE_KEY", "RESTORE_KEY")


class KeyLife(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kek = cls.sandbox.create(harness.kek_attributes("AES_256"))

    def make(self, **more):
        """A new key's ARN."""
        values = {"key_attributes": harness.bdk_attributes(), "exportable": True}
        return self.sandbox.call("CREATE_KEY", dict(values, **more))["key"]["key_arn"]

    def make_kek(self):
        return self.sandbox.create(harness.kek_attributes("AES_256"))

    def change(self, operation, key, **more):
        """The key as the answer shows it."""
        return self.sandbox.call(operation, dict(more, key_identifier=key))["key"]

    def get(self, key):
        return self.sandbox.call("GET_KEY", {"key_identifier": key})["key"]

    def expect(self, key, state, enabled):
        self.assertEqual((key["key_state"], key.get("enabled", False)), (state, enabled))

    def now_about(self, ms, offset_ms=0):
        self.assertLess(abs(ms - offset_ms - time.time() * 1000), 60000)

    def test_a_use_that_stops_and_starts(self):
        key = self.make()
        shown = self.get(key)
        self.assertEqual(shown["usage_start_timestamp"], shown["create_timestamp"])
        self.assertNotIn("usage_stop_timestamp", shown)
        stopped = self.change("STOP_KEY_USAGE", key)
        self.expect(stopped, "CREATE_COMPLETE", False)
        self.now_about(stopped["usage_stop_timestamp"])
        self.assertEqual(stopped["usage_start_timestamp"], shown["usage_start_timestamp"])
        self.assertEqual(self.get(key), stopped)
        self.assertEqual(self.change("STOP_KEY_USAGE", key), stopped)  # again: nothing changes
        started = self.change("START_KEY_USAGE", key)
        self.expect(started, "CREATE_COMPLETE", True)
        self.now_about(started["usage_start_timestamp"])
        self.assertNotIn("usage_stop_timestamp", started)
        self.assertEqual(self.change("START_KEY_USAGE", key), started)
        self.sandbox.export(key, self.kek)

    def test_a_key_made_to_rest(self):
        key = self.make(enabled=False)
        self.expect(self.get(key), "CREATE_COMPLETE", False)
        self.assertNotIn("usage_start_timestamp", self.get(key))
        self.refuses("ConflictException", self.sandbox.export, key, self.kek)
        self.change("START_KEY_USAGE", key)
        self.sandbox.export(key, self.kek)

    def test_every_use_of_a_key_that_rests_or_goes(self):
        for operation, restored, words in (
            ("STOP_KEY_USAGE", (), ("is not enabled", "start-key-usage")),
            ("DELETE_KEY", ("RESTORE_KEY",), ("DELETE_PENDING", "restore-key")),
        ):
            key, kek = self.make(), self.make_kek()
            uses = [
                ("ExportKeyIdentifier", harness.tr31_request(key, self.kek)),
                ("ExportKeyIdentifier", harness.initial_key_request(key, self.kek, KSN)),
                ("WrappingKeyIdentifier", harness.tr31_request(self.make(), kek)),
                ("WrappingKeyIdentifier", harness.initial_key_request(self.make(), kek, KSN)),
            ]
            uses = [("EXPORT_KEY", *use) for use in uses]
            block = self.sandbox.export(self.make(), kek)["wrapped_key"]["key_material"]
            uses.append(("IMPORT_KEY", "WrappingKeyIdentifier", harness.import_request(block, kek)))
            for verb, _, request in uses:
                self.sandbox.call(verb, request)
            for changed in (key, kek):
                self.change(operation, changed)
            for verb, field, request in uses:
                text = self.refuses("ConflictException", self.sandbox.call, verb, request)
                for word in (field, harness.name_of(key if "Export" in field else kek), *words):
                    self.assertIn(word, text)
            for back in (*restored, "START_KEY_USAGE"):
                for changed in (key, kek):
                    self.change(back, changed)
            for verb, _, request in uses:
                self.sandbox.call(verb, request)

    def test_a_deletion_that_is_taken_back(self):
        key = self.make()
        for days, given in (
            (7, {}),
            (3, {"delete_key_in_days": 3}),
            (180, {"delete_key_in_days": 180}),
        ):
            gone = self.change("DELETE_KEY", key, **given)
            self.expect(gone, "DELETE_PENDING", False)
            self.now_about(gone["delete_pending_timestamp"], days * DAY_MS)
            self.assertEqual(self.get(key), gone)
            back = self.change("RESTORE_KEY", key)
            self.expect(back, "CREATE_COMPLETE", False)
            self.assertNotIn("delete_pending_timestamp", back)
            self.now_about(back["usage_stop_timestamp"])
            self.assertEqual(self.get(key), back)
        text = self.refuses("ConflictException", self.sandbox.export, key, self.kek)
        self.assertIn("start-key-usage", text)
        self.change("START_KEY_USAGE", key)
        self.sandbox.export(key, self.kek)

    def test_what_does_not_fit_a_key_s_state(self):
        key = self.make()
        text = self.refuses("ConflictException", self.change, "RESTORE_KEY", key)
        self.assertIn("KeyIdentifier: key/%s is not to be deleted" % harness.name_of(key), text)
        self.change("DELETE_KEY", key)
        before = self.get(key)
        for operation in ("START_KEY_USAGE", "STOP_KEY_USAGE", "DELETE_KEY"):
            text = self.refuses("ConflictException", self.change, operation, key)
            self.assertIn(
                "KeyIdentifier: key/%s is to be deleted (DELETE_PENDING)" % harness.name_of(key),
                text,
            )
        self.assertEqual(self.get(key), before)
        for operation, name in (("CREATE_ALIAS", "alias/late"), ("UPDATE_ALIAS", "alias/early")):
            if operation == "UPDATE_ALIAS":
                self.sandbox.call("CREATE_ALIAS", {"alias_name": name})
            text = self.refuses(
                "ConflictException",
                lambda o=operation, n=name: self.sandbox.call(o, {"alias_name": n, "key_arn": key}),
            )
            self.assertIn("KeyArn: key/%s is to be deleted" % harness.name_of(key), text)
        self.sandbox.call("LIST_ALIASES", {"key_arn": key})
        other = self.make()
        for days in (-1, 0, 2, 181):
            text = self.refuses(
                "ValidationException",
                lambda days=days: self.change("DELETE_KEY", other, delete_key_in_days=days),
            )
            self.assertEqual(text, "DeleteKeyInDays: must be 3 to 180.")
        self.expect(self.get(other), "CREATE_COMPLETE", True)

    def test_keys_that_are_none(self):
        for operation in CHANGES:
            for key in ("a" * 16, "alias/none", "b" * 20):
                self.refuses("ResourceNotFoundException", self.change, operation, key)
            for key in ("short", "alias/", "arn:aws:s3:::x", ""):
                text = self.refuses("ValidationException", self.change, operation, key)
                self.assertTrue(text.startswith("KeyIdentifier: "), text)
            text = self.refuses("ValidationException", self.sandbox.call, operation, {})
            self.assertEqual(text, "KeyIdentifier is required.")

    def test_a_key_by_its_other_names(self):
        key = self.make()
        self.sandbox.call("CREATE_ALIAS", {"alias_name": "alias/life", "key_arn": key})
        for identifier in (key, harness.name_of(key), "alias/life"):
            for operation, state, enabled in (
                ("STOP_KEY_USAGE", "CREATE_COMPLETE", False),
                ("START_KEY_USAGE", "CREATE_COMPLETE", True),
                ("DELETE_KEY", "DELETE_PENDING", False),
                ("RESTORE_KEY", "CREATE_COMPLETE", False),
                ("START_KEY_USAGE", "CREATE_COMPLETE", True),
            ):
                shown = self.change(operation, identifier)
                self.assertEqual(shown["key_arn"], key)
                self.expect(shown, state, enabled)

    def list(self, **filters):
        """All pages of list-keys: the keys in their order."""
        found = []
        while True:
            reply = self.sandbox.call("LIST_KEYS", filters)
            page = reply.get("keys", [])
            self.assertLessEqual(len(page), filters.get("max_results", 50))
            found += page
            if "next_token" not in reply:
                return found
            filters["next_token"] = reply["next_token"]

    def test_lists_by_state(self):
        keys = [self.make() for _ in range(6)]
        for key in keys[:2]:
            self.change("DELETE_KEY", key)
        self.change("STOP_KEY_USAGE", keys[2])
        arns = [key["key_arn"] for key in self.list()]
        self.assertEqual(len(set(arns)), len(arns))
        self.assertLessEqual(set(keys), set(arns))
        for state in ("CREATE_COMPLETE", "DELETE_PENDING"):
            listed = self.list(key_state=state, max_results=2)
            self.assertEqual({key["key_state"] for key in listed}, {state})
            # the order is one, whatever the filter and the page
            chosen = {key["key_arn"] for key in listed}
            self.assertEqual(
                [key["key_arn"] for key in listed], [arn for arn in arns if arn in chosen]
            )
            for key in keys:
                self.assertEqual(key in chosen, (key in keys[:2]) == (state == "DELETE_PENDING"))
        self.assertEqual([key["key_arn"] for key in self.list(max_results=1)], arns)
        by_arn = {key["key_arn"]: key for key in self.list()}
        self.assertFalse(by_arn[keys[2]].get("enabled", False))
        for state in ("CREATE_IN_PROGRESS", "DELETE_COMPLETE"):
            self.assertEqual(self.list(key_state=state), [])
        text = self.refuses(
            "ValidationException", self.sandbox.call, "LIST_KEYS", {"key_state": "x"}
        )
        self.assertTrue(text.startswith("KeyState: must be "), text)

    def test_the_command(self):
        key = self.make()
        for verb, state, enabled in (
            ("stop-key-usage", "CREATE_COMPLETE", False),
            ("start-key-usage", "CREATE_COMPLETE", True),
            ("delete-key", "DELETE_PENDING", False),
            ("restore-key", "CREATE_COMPLETE", False),
        ):
            shown = self.sandbox.cli(verb, "--key-identifier", key)["Key"]
            self.assertEqual((shown["KeyState"], shown["Enabled"]), (state, enabled))
        name, _ = self.sandbox.refused("restore-key", "--key-identifier", key)
        self.assertEqual(name, "ConflictException")

    def test_what_the_audit_log_says(self):
        key = self.make()
        for operation in ("STOP_KEY_USAGE", "START_KEY_USAGE", "DELETE_KEY", "RESTORE_KEY"):
            self.change(operation, key)
        self.refuses("ConflictException", self.change, "RESTORE_KEY", key)
        told = [
            (record["operation"], record["result"])
            for record in self.sandbox.audit()
            if record.get("KeyArn") == key
        ]
        self.assertEqual(
            told,
            [
                (what, "OK")
                for what in (
                    "CreateKey",
                    "StopKeyUsage",
                    "StartKeyUsage",
                    "DeleteKey",
                    "RestoreKey",
                )
            ]
            + [("RestoreKey", "ConflictException")],
        )

    def test_aliases_of_one_key(self):
        key, names = self.make(), ["alias/many-%d" % i for i in range(5)]
        for name in names:
            self.sandbox.call("CREATE_ALIAS", {"alias_name": name, "key_arn": key})
        listed = self.sandbox.call("LIST_ALIASES", {"key_arn": key})["aliases"]
        self.assertEqual([alias["alias_name"] for alias in listed], names)
        for name in names:
            self.assertEqual(self.get(name)["key_arn"], key)
        self.sandbox.call("DELETE_ALIAS", {"alias_name": names[0]})
        listed = self.sandbox.call("LIST_ALIASES", {"key_arn": key})["aliases"]
        self.assertEqual([alias["alias_name"] for alias in listed], names[1:])
        self.get(names[1])

    def test_a_rotation_under_load(self):
        """An alias moves from one KEK to the next while exports through it run: each is under one or the other, none
        fails, and whatever is asked for after the answer is under the new one."""
        bdk, keks = self.make(), [self.make_kek() for _ in range(2)]
        self.sandbox.call("CREATE_ALIAS", {"alias_name": "alias/rotating", "key_arn": keks[0]})
        request = harness.tr31_request(bdk, "alias/rotating")
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(self.sandbox.connect()) for _ in range(3)]
            for turn in range(20):
                new = keks[(turn + 1) % 2]
                for stream in streams:
                    for _ in range(15):
                        stream.send("EXPORT_KEY", request)
                self.sandbox.call("UPDATE_ALIAS", {"alias_name": "alias/rotating", "key_arn": new})
                for stream in streams:
                    later = {stream.send("EXPORT_KEY", request) for _ in range(10)}
                    under = [stream.receive() for _ in range(25)]
                    for number, reply in under:
                        self.assertNotIsInstance(reply, wire.Refused)
                        arn = reply["wrapped_key"]["wrapping_key_arn"]
                        self.assertIn(arn, [new] if number in later else keks)
        self.sandbox.call("DELETE_ALIAS", {"alias_name": "alias/rotating"})


harness.on_both_tokens(KeyLife)
del KeyLife


if __name__ == "__main__":
    harness.main()
