#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two daemons on one token, and the workers of one: changes are seen by all, in time."""
import secrets
import time

import harness
import wire


class TwoDaemons(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = harness.Daemon(cls.sandbox)
        cls.addClassCleanup(cls.second.close)
        cls.second.wait_for("ready")
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


harness.on_both_tokens(TwoDaemons)
del TwoDaemons


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
