#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two daemons on one token, and the workers of one: changes are seen by all, in time."""
import secrets
import time

import harness
import tokentool
import wire


class Aliases(harness.TwoDaemonsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kek = cls.sandbox.create(harness.kek_attributes("AES_256"))
        cls.other = cls.sandbox.create(harness.kek_attributes("AES_256"))
        cls.bdk = cls.sandbox.create(harness.bdk_attributes())

    def alias(self, key):
        name = "alias/" + secrets.token_hex(6)
        self.sandbox.call("CREATE_ALIAS", {"alias_name": name, "key_arn": key})
        return name

    def wrapping_key(self, client, alias):
        return client.export(self.bdk, alias)["wrapped_key"]["wrapping_key_arn"]

    def test_what_one_makes_the_other_sees(self):
        made = self.sandbox.create(harness.bdk_attributes("AES_128"))
        alias = self.alias(self.kek)
        self.assertEqual(
            self.second.call("GET_KEY", {"key_identifier": made})["key"]["key_arn"], made
        )
        self.assertEqual(
            self.second.call("GET_ALIAS", {"alias_name": alias})["alias"]["key_arn"], self.kek
        )
        self.second.export(made, alias)

    def rivals(self, operation, name, keys):
        """The call on one alias with each of these keys."""
        return [(operation, {"alias_name": name, "key_arn": key}) for key in keys]

    def test_a_name_that_many_want(self):
        keys = [self.kek, self.other, self.bdk] * 3
        for turn in range(20):
            name = "alias/wanted-%d" % turn
            replies = self.race(self.rivals("CREATE_ALIAS", name, keys[turn % 2 :][:8]))
            made = [reply["alias"] for reply in replies if not isinstance(reply, wire.Refused)]
            self.assertEqual(len(made), 1, [str(reply) for reply in replies])
            self.assertEqual(
                {reply.name for reply in replies if isinstance(reply, wire.Refused)},
                {"ConflictException"},
            )
            for client in (self.sandbox, self.second):
                alias = client.call("GET_ALIAS", {"alias_name": name})["alias"]
                self.assertEqual(alias["key_arn"], made[0]["key_arn"])
        self.assertEqual(self.objects_labelled("keyferry1 alias alias/wanted-"), 20)
        self.assertEqual(self.objects_labelled("keyferry1 claim"), 0)

    def test_an_alias_that_many_move(self):
        name = self.alias(self.bdk)
        for _ in range(20):
            replies = self.race(self.rivals("UPDATE_ALIAS", name, [self.kek, self.other] * 4))
            told = {reply["alias"]["key_arn"] for reply in replies}
            time.sleep(0.5)
            for client in (self.sandbox, self.second):
                alias = client.call("GET_ALIAS", {"alias_name": name})["alias"]
                self.assertIn(alias["key_arn"], told)
        self.assertEqual(self.objects_labelled("keyferry1 alias %s " % name), 1)

    def objects_labelled(self, start):
        found = tokentool.objects(self.sandbox.open_token())
        return sum((told["label"] or "").startswith(start) for told in found)

    def test_an_alias_that_moves(self):
        alias = self.alias(self.kek)
        self.assertEqual(self.wrapping_key(self.second, alias), self.kek)
        self.sandbox.call("UPDATE_ALIAS", {"alias_name": alias, "key_arn": self.other})
        for _ in range(20):  # every worker of this host, from the next job on
            self.assertEqual(self.wrapping_key(self.sandbox, alias), self.other)
        for reply in self.after_a_second(self.bdk, alias):
            self.assertEqual(reply["wrapped_key"]["wrapping_key_arn"], self.other)

    def test_an_alias_that_goes(self):
        alias = self.alias(self.kek)
        self.second.export(self.bdk, alias)
        self.sandbox.call("DELETE_ALIAS", {"alias_name": alias})
        for _ in range(20):
            self.refuses("ResourceNotFoundException", self.sandbox.export, self.bdk, alias)
        for reply in self.after_a_second(self.bdk, alias):
            self.assertEqual(reply.name, "ResourceNotFoundException")

    def test_a_key_that_goes(self):
        key = self.sandbox.create(harness.bdk_attributes("AES_128"))
        self.second.export(key, self.kek)
        self.sandbox.call("DELETE_KEY", {"key_identifier": key})
        for _ in range(20):
            with self.assertRaises(wire.Refused):
                self.sandbox.export(key, self.kek)
        for reply in self.after_a_second(key, self.kek):
            self.assertIsInstance(reply, wire.Refused)
        self.assertEqual(
            self.second.call("GET_KEY", {"key_identifier": key})["key"]["key_state"],
            "DELETE_PENDING",
        )

    def after_a_second(self, key, kek):
        """What every worker of the other daemon answers to an export a second later."""
        time.sleep(1)
        with self.second.connect() as connection:
            request = harness.tr31_request(key, kek)
            return [reply for _, reply in connection.pipeline("EXPORT_KEY", request, 40, window=40)]


harness.on_both_tokens(Aliases)
del Aliases


class Changes(harness.TwoDaemonsCase):
    """Changes of one key by many at one time, and when they bind."""

    options = {"workers": 3}

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

    def claims(self):
        found = tokentool.objects(self.sandbox.open_token())
        return sum((told["label"] or "").split()[1:2] in (["claim"], ["making"]) for told in found)

    def test_many_delete_a_key(self):
        for _ in range(10):
            key = self.sandbox.create(harness.bdk_attributes())
            replies = self.race([("DELETE_KEY", {"key_identifier": key})] * 6)
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
            for (name, value), reply in zip(tags.items(), self.race(calls)):
                if isinstance(reply, wire.Refused):
                    self.assertEqual(reply.name, "ConflictException")
                    lost += 1
                else:
                    wanted[name] = value
            self.assertLess(lost, 8 * (turn + 1))  # at least one comes through
            for client in (self.sandbox, self.second):
                time.sleep(0.5)
                listed = client.call("LIST_TAGS_FOR_RESOURCE", {"resource_arn": key})
                self.assertEqual(harness.tags_in(listed), wanted)
        self.assertEqual(self.claims(), 0)


harness.on_both_tokens(Changes)
del Changes


class OneDaemonManyWorkers(harness.TokenCase):
    options = {"workers": 4}

    def test_changes_bind_every_worker_at_once(self):
        keks = [self.sandbox.create(harness.kek_attributes("AES_128")) for _ in range(2)]
        bdk = self.sandbox.create(harness.bdk_attributes())
        self.sandbox.call("CREATE_ALIAS", {"alias_name": "alias/moving", "key_arn": keks[0]})
        with self.sandbox.connect() as connection:
            for turn in range(10):
                wanted = keks[turn % 2]
                self.sandbox.call("UPDATE_ALIAS", {"alias_name": "alias/moving", "key_arn": wanted})
                request = harness.tr31_request(bdk, "alias/moving")
                for _, reply in connection.pipeline("EXPORT_KEY", request, 40, window=40):
                    self.assertEqual(reply["wrapped_key"]["wrapping_key_arn"], wanted)


if __name__ == "__main__":
    harness.main()
