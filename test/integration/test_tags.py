#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tags: names and values that a caller keeps with a key."""
import harness
import tokentool


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
        return harness.tags_in(self.page(key))

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
        self.assertEqual(self.tags(harness.name_of(self.key)), expected)
        self.untag(*expected)
        self.assertEqual(self.tags(), {})

    def test_pages(self):
        tags = [("k%02d" % i, str(i)) for i in range(20)]
        self.tag(tags)
        found, token = [], {}
        for expected in (7, 7, 6):
            page = self.page(max_results=7, **token)
            self.assertEqual(len(page["tags"]), expected)
            found += harness.tags_in(page).items()
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
        label = "tagged " + harness.name_of(self.key)
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
        request = harness.import_request(block, kek, tags=tags, enabled=False)
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
        value = "hush-" + harness.name_of(self.key)
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


if __name__ == "__main__":
    harness.main()
