#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A key's life: started and stopped, to be deleted and restored, listed, named."""
import contextlib
import time

import harness
import tokentool
import wire

DAY_MS = 24 * 3600 * 1000
KSN = "FFFF9876543210E00000"
CHANGES = ("START_KEY_USAGE", "STOP_KEY_USAGE", "DELETE_KEY", "RESTORE_KEY")


def name_of(key):
    return key.rpartition("/")[2]


def import_request(block, kek, **more):
    material = {"wrapping_key_identifier": kek, "wrapped_key_block": block}
    return dict(more, key_material={"tr31_key_block": material})


def pairs(reply):
    """The tags of a list's answer."""
    return {tag["key"]: tag.get("value", "") for tag in reply.get("tags", [])}


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
            uses.append(("IMPORT_KEY", "WrappingKeyIdentifier", import_request(block, kek)))
            for verb, _, request in uses:
                self.sandbox.call(verb, request)
            for changed in (key, kek):
                self.change(operation, changed)
            for verb, field, request in uses:
                text = self.refuses("ConflictException", self.sandbox.call, verb, request)
                for word in (field, name_of(key if "Export" in field else kek), *words):
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
        self.assertIn("KeyIdentifier: key/%s is not to be deleted" % name_of(key), text)
        self.change("DELETE_KEY", key)
        before = self.get(key)
        for operation in ("START_KEY_USAGE", "STOP_KEY_USAGE", "DELETE_KEY"):
            text = self.refuses("ConflictException", self.change, operation, key)
            self.assertIn("KeyIdentifier: key/%s is to be deleted (DELETE_PENDING)" % name_of(key), text)
        self.assertEqual(self.get(key), before)
        for operation, name in (("CREATE_ALIAS", "alias/late"), ("UPDATE_ALIAS", "alias/early")):
            if operation == "UPDATE_ALIAS":
                self.sandbox.call("CREATE_ALIAS", {"alias_name": name})
            text = self.refuses(
                "ConflictException",
                lambda o=operation, n=name: self.sandbox.call(o, {"alias_name": n, "key_arn": key}),
            )
            self.assertIn("KeyArn: key/%s is to be deleted" % name_of(key), text)
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
        for identifier in (key, name_of(key), "alias/life"):
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


class Tags(harness.TokenCase):
    """Names and values that a caller keeps with a key."""

    def setUp(self):
        self.key = self.sandbox.create(harness.bdk_attributes())

    def tag(self, tags, key=None):
        listed = [{"key": name, "value": value} for name, value in tags]
        self.sandbox.call("TAG_RESOURCE", {"resource_arn": key or self.key, "tags": listed})

    def untag(self, *names, key=None):
        values = {"resource_arn": key or self.key, "tag_keys": list(names)}
        self.sandbox.call("UNTAG_RESOURCE", values)

    def page(self, key=None, **values):
        return self.sandbox.call(
            "LIST_TAGS_FOR_RESOURCE", dict(values, resource_arn=key or self.key)
        )

    def tags(self, key=None):
        return pairs(self.page(key))

    def refused(self, part, call, *arguments, name="ValidationException", **more):
        text = self.refuses(name, lambda: call(*arguments, **more))
        self.assertIn(part, text)
        return text

    def test_tags_come_and_go(self):
        self.assertEqual(self.tags(), {})
        self.tag([("Acquirer", "ABCD"), ("Region", "EU")])
        self.tag([("Region", "US"), ("Empty", ""), ("région", "日本 = 1:a")])
        expected = {"Acquirer": "ABCD", "Region": "US", "Empty": "", "région": "日本 = 1:a"}
        self.assertEqual(self.tags(), expected)
        self.untag("Region", "none")
        del expected["Region"]
        self.assertEqual(self.tags(name_of(self.key)), expected)
        self.untag(*expected)
        self.assertEqual(self.tags(), {})

    def test_pages(self):
        tags = [("k%02d" % i, str(i)) for i in range(20)]
        self.tag(tags)
        found, token = [], {}
        for expected in (7, 7, 6):
            page = self.page(max_results=7, **token)
            self.assertEqual(len(page["tags"]), expected)
            found += pairs(page).items()
            token = {"next_token": page["next_token"]} if "next_token" in page else {}
        self.assertEqual((found, token), (tags, {}))
        self.assertNotIn("next_token", self.page(max_results=20))
        for bad in (0, 101):
            self.refused("MaxResults: must be 1 to 100.", self.page, max_results=bad)
        for bad in ("", "a" * 129, "aws:x"):
            self.refused("NextToken: is not one", self.page, next_token=bad)

    def test_the_longest(self):
        for letter in ("a", "\u20ac"):  # one byte each, and three
            key = self.sandbox.create(harness.bdk_attributes())
            tags = [(letter * 128, "v" * 256)]
            if letter == "a":
                tags.append(("b", "v" * 256))
            self.tag(tags, key)
            self.assertEqual(self.tags(key), dict(tags))

    def fill(self):
        """Gives the key its 1024 bytes of tags."""
        tags = [(str(i), "v" * 247) for i in range(4)]  # with " 1:k=247:" 256 bytes each
        self.tag(tags)
        return tags

    def test_as_much_as_there_is_room_for(self):
        tags = self.fill()
        self.assertEqual(self.tags(), dict(tags))
        text = self.refused("Tags: the key's tags would take 1031 bytes", self.tag, [("5", "")])
        self.assertIn("room for 1024", text)
        self.refused("would take 1025 bytes", self.tag, [("0", "v" * 248)])
        self.assertEqual(self.tags(), dict(tags))
        # what one gives up another may have, whatever their order
        self.tag([("0", "v" * 249), ("1", "v" * 245)])
        self.assertEqual(len(self.tags()["0"]), 249)
        # other changes have no need of room
        for operation in ("STOP_KEY_USAGE", "DELETE_KEY", "RESTORE_KEY", "START_KEY_USAGE"):
            self.sandbox.call(operation, {"key_identifier": self.key})
        self.assertEqual(len(self.tags()["0"]), 249)
        self.untag("0")
        self.tag([("5", "")])

    def test_as_many_as_there_may_be(self):
        tags = [("k%d" % i, "") for i in range(20)]
        self.tag(tags)
        self.refused("would have 21 tags; it may have 20 at most", self.tag, [("more", "")])
        self.tag([("k0", "other")])
        fresh = self.sandbox.create(harness.bdk_attributes())
        self.refused("more than 20 elements", self.tag, tags + [("more", "")], fresh)
        self.refused("more than 20 elements", self.untag, *["k%d" % i for i in range(21)])

    def test_tags_that_break_a_rule(self):
        for tags, part in (
            ([("", "x")], "Tags: Key of element 1 must be 1 to 128 characters long."),
            ([("ok", "x"), ("k" * 129, "x")], "Tags: Key of element 2 must be 1 to 128"),
            ([("\u00e9" * 129, "x")], "Tags: Key of element 1 must be 1 to 128"),
            ([("k", "v" * 257)], "Tags: Value of element 1 must be 0 to 256 characters long."),
            ([("aws:cloudformation", "x")], "Tags: Key of element 1 must not begin with aws:"),
            ([("AWS:x", "x")], "must not begin with aws:"),
            ([("a", "1"), ("b", "2"), ("a", "3")], "Tags: elements 1 and 3 have the same Key."),
            ([("k\u0085", "x")], "Tags: Key of element 1 must be UTF-8 without control"),
            ([("k", "\u009b2J")], "Tags: Value of element 1 must be UTF-8 without control"),
            ([("k\n", "x")], "control character"),
            ([("k", "v\0")], "control character"),
            ([], "Tags is required."),
        ):
            self.refused(part, self.tag, tags)
        for tags, part in (
            ([{"key": "k"}], "Tags: Value of element 1 is required; it may be empty."),
            ([{"value": "v"}], "Tags: Key of element 1 is required."),
        ):
            values = {"resource_arn": self.key, "tags": tags}
            self.refused(part, self.sandbox.call, "TAG_RESOURCE", values)
        self.refused("TagKeys is required.", self.untag)
        self.refused("TagKeys: element 2 must be 1 to 128", self.untag, "a", "")
        self.refused("TagKeys: element 1 must not begin with aws:", self.untag, "aws:x")
        self.assertEqual(self.tags(), {})

    def test_resources_that_are_none(self):
        self.sandbox.call("CREATE_ALIAS", {"alias_name": "alias/tagged", "key_arn": self.key})
        self.addCleanup(self.sandbox.call, "DELETE_ALIAS", {"alias_name": "alias/tagged"})
        for call, arguments in ((self.tag, ([("a", "b")],)), (self.untag, ("a",)), (self.page, ())):
            self.refused("ResourceArn: must be a key ARN", call, *arguments, key="alias/tagged")
            self.refused("ResourceArn: ", call, *arguments, key="short")
            self.refused("a" * 16, call, *arguments, key="a" * 16, name="ResourceNotFoundException")
        for operation, more in (
            ("TAG_RESOURCE", {"tags": [{"key": "a", "value": "b"}]}),
            ("UNTAG_RESOURCE", {"tag_keys": ["a"]}),
            ("LIST_TAGS_FOR_RESOURCE", {}),
        ):
            self.refused("ResourceArn is required.", self.sandbox.call, operation, more)

    def test_a_key_that_waits_for_deletion(self):
        self.tag([("a", "b")])
        self.sandbox.call("DELETE_KEY", {"key_identifier": self.key})
        for call, argument in ((self.tag, [("a", "c")]), (self.untag, "a")):
            self.refused("ResourceArn: key/", call, argument, name="ConflictException")
        self.assertEqual(self.tags(), {"a": "b"})
        self.sandbox.call("RESTORE_KEY", {"key_identifier": self.key})
        self.tag([("a", "c")])
        self.assertEqual(self.tags(), {"a": "c"})

    def test_keys_made_with_tags(self):
        values = {"key_attributes": harness.bdk_attributes(), "exportable": True}
        tags = [{"key": "Acquirer", "value": "ABCD"}, {"key": "Region", "value": ""}]
        made = self.sandbox.call("CREATE_KEY", dict(values, tags=tags))["key"]["key_arn"]
        self.assertEqual(self.tags(made), {"Acquirer": "ABCD", "Region": ""})
        label = "tagged " + name_of(self.key)
        self.sandbox.put_key(label, "TDES_2KEY", harness.random_key("TDES_2KEY"))
        bad = [{"key": "aws:x", "value": ""}]
        before = len(tokentool.objects(self.sandbox.open_token()))
        self.refused(
            "Tags: Key of element 1", self.sandbox.call, "CREATE_KEY", dict(values, tags=bad)
        )
        self.refused(
            "Tags: Key of element 1",
            lambda: self.sandbox.adopt(label, harness.bdk_attributes(), tags=bad),
        )
        self.assertEqual(len(tokentool.objects(self.sandbox.open_token())), before)
        adopted = self.sandbox.adopt(label, harness.bdk_attributes(), tags=tags)
        self.assertEqual(self.tags(adopted), {"Acquirer": "ABCD", "Region": ""})
        kek = self.sandbox.create(harness.kek_attributes("AES_256"))
        block = self.sandbox.export(adopted, kek)["wrapped_key"]["key_material"]
        request = import_request(block, kek, tags=tags, enabled=False)
        imported = self.sandbox.call("IMPORT_KEY", request)["key"]
        self.assertFalse(imported.get("enabled", False))
        self.assertEqual(self.tags(imported["key_arn"]), {"Acquirer": "ABCD", "Region": ""})

    def test_the_command(self):
        shorthand = ("Key=Acquirer,Value=ABCD", "Key=Region,Value=EU")
        made = self.sandbox.cli(
            "create-key",
            "--exportable",
            "--key-attributes",
            harness.attributes_json(harness.bdk_attributes()),
            "--tags",
            *shorthand,
        )["Key"]["KeyArn"]
        self.sandbox.cli("tag-resource", "--resource-arn", made, "--tags", "Key=New,Value=")
        self.sandbox.cli("untag-resource", "--resource-arn", made, "--tag-keys", "Region")
        listed = self.sandbox.cli("list-tags-for-resource", "--resource-arn", made)
        self.assertEqual(
            listed, {"Tags": [{"Key": "Acquirer", "Value": "ABCD"}, {"Key": "New", "Value": ""}]}
        )
        name, text = self.sandbox.refused(
            "tag-resource", "--resource-arn", made, "--tags", "Key=aws:x,Value=y"
        )
        self.assertEqual(name, "ValidationException")
        self.assertIn("must not begin with aws:", text)

    def test_values_are_told_to_nobody_else(self):
        value = "hush-" + name_of(self.key)
        self.tag([("Acquirer", value), ("a b", value)])
        self.refused("Tags: ", self.tag, [("Other", value + "\u0080")])
        self.untag("a b")
        records = [record for record in self.sandbox.audit() if record.get("KeyArn") == self.key]
        self.assertEqual(
            [record.get("TagKeys") for record in records],
            [None, "8:Acquirer 3:a b", "3:a b"],
        )
        self.assertNotIn(value, str(self.sandbox.audit()))
        self.assertNotIn(value, self.sandbox.log())


harness.on_both_tokens(Tags)
del Tags


class TwoDaemons(harness.TokenCase):
    """Changes of one key by many at one time, and when they bind."""

    options = {"workers": 3}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = harness.Daemon(cls.sandbox)
        cls.addClassCleanup(cls.second.close)
        cls.second.wait_for("ready")
        cls.kek = cls.sandbox.create(harness.kek_attributes("AES_256"))

    def answers(self, client, request):
        """What all workers of a daemon answer, several times over."""
        with client.connect() as connection:
            return [reply for _, reply in connection.pipeline("EXPORT_KEY", request, 40, window=40)]

    def test_a_change_binds_all(self):
        for operation in ("STOP_KEY_USAGE", "DELETE_KEY"):
            for wrapping in (False, True):
                bdk = self.sandbox.create(harness.bdk_attributes())
                kek = self.sandbox.create(harness.kek_attributes("AES_256"))
                request = harness.tr31_request(bdk, kek)
                for client in (self.sandbox, self.second):
                    for reply in self.answers(client, request):
                        self.assertNotIsInstance(reply, wire.Refused)
                self.sandbox.call(operation, {"key_identifier": kek if wrapping else bdk})
                asked = time.monotonic()
                for reply in self.answers(self.sandbox, request):
                    self.assertEqual(getattr(reply, "name", None), "ConflictException")
                time.sleep(max(0, asked + 1 - time.monotonic()))
                for reply in self.answers(self.second, request):
                    self.assertEqual(getattr(reply, "name", None), "ConflictException")

    def race(self, calls):
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(client.connect()) for client, _, _ in calls]
            for connection, (_, operation, values) in zip(connections, calls):
                connection.send(operation, values)
            return [connection.receive()[1] for connection in connections]

    def rivals(self, values):
        """(client, operation, values) of these calls, from one daemon's clients and the other's."""
        return [((self.sandbox, self.second)[i % 2], *call) for i, call in enumerate(values)]

    def claims(self):
        found = tokentool.objects(self.sandbox.open_token())
        return sum((told["label"] or "").split()[1:2] in (["claim"], ["making"]) for told in found)

    def test_many_delete_a_key(self):
        for _ in range(10):
            key = self.sandbox.create(harness.bdk_attributes())
            replies = self.race(self.rivals([("DELETE_KEY", {"key_identifier": key})] * 6))
            refused = [reply for reply in replies if isinstance(reply, wire.Refused)]
            self.assertEqual({reply.name for reply in refused}, {"ConflictException"})
            self.assertEqual(len(replies) - len(refused), 1, [str(reply) for reply in replies])
        self.assertEqual(self.claims(), 0)

    def test_many_tag_a_key(self):
        """What was answered OK is there, and nothing else."""
        key = self.sandbox.create(harness.bdk_attributes())
        wanted, lost = {}, 0
        for turn in range(10):
            tags = {"t%d" % i: "%d.%d" % (turn, i) for i in range(8)}
            calls = [
                ("TAG_RESOURCE", {"resource_arn": key, "tags": [{"key": k, "value": v}]})
                for k, v in tags.items()
            ]
            for (name, value), reply in zip(tags.items(), self.race(self.rivals(calls))):
                if isinstance(reply, wire.Refused):
                    self.assertEqual(reply.name, "ConflictException")
                    lost += 1
                else:
                    wanted[name] = value
            self.assertLess(lost, 8 * (turn + 1))  # at least one comes through
            for client in (self.sandbox, self.second):
                time.sleep(0.5)
                listed = client.call("LIST_TAGS_FOR_RESOURCE", {"resource_arn": key})
                self.assertEqual(pairs(listed), wanted)
        self.assertEqual(self.claims(), 0)


harness.on_both_tokens(TwoDaemons)
del TwoDaemons


if __name__ == "__main__":
    harness.main()
