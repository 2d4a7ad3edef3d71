#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The keyferry command against a daemon of the test's own: grammar, requests, answers, exit statuses."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fakedaemon import CODEC, FakeDaemon, Refusal, frame, response  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("KEYFERRY_PROGRAM", "bin/keyferry"))
ARN = "arn:aws:payment-cryptography:xx-local-1:000000000000:key/"
KEY_ARN = ARN + "5rplquuwozodpwsp"
MODES = ["Encrypt", "Decrypt", "Wrap", "Unwrap", "Generate", "Sign", "Verify", "DeriveKey", "NoRestrictions"]
ATTRIBUTES = {"key_usage": "TR31_K1_KEY_BLOCK_PROTECTION_KEY", "key_class": "SYMMETRIC_KEY",
              "key_algorithm": "AES_256", "key_modes_of_use": {"wrap": True, "encrypt": True}}
KEY = {"key_arn": KEY_ARN, "key_attributes": ATTRIBUTES, "key_check_value": "0A1B2C",
       "key_check_value_algorithm": "CMAC", "enabled": True, "exportable": True,
       "key_state": "CREATE_COMPLETE", "key_origin": "AWS_PAYMENT_CRYPTOGRAPHY",
       "create_timestamp": 1686696024036}
WRAPPED = {"wrapped_key": {"wrapping_key_arn": ARN + "ov6icy4ryas4zcza",
                           "wrapped_key_material_format": "TR31_KEY_BLOCK", "key_material": "D0112" + "0" * 107,
                           "key_check_value": "73C263", "key_check_value_algorithm": "ANSI_X9_24"},
           "export_key_arn": KEY_ARN}
SHORTHAND = ("KeyAlgorithm=AES_256,KeyUsage=TR31_K1_KEY_BLOCK_PROTECTION_KEY,KeyClass=SYMMETRIC_KEY,"
             "KeyModesOfUse={Wrap=true,Encrypt=true}")
AS_JSON = json.dumps({"KeyAlgorithm": "AES_256", "KeyUsage": "TR31_K1_KEY_BLOCK_PROTECTION_KEY",
                      "KeyClass": "SYMMETRIC_KEY", "KeyModesOfUse": {"Wrap": True, "Encrypt": True}})


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="keyferry-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.socket = os.path.join(self.folder, "socket")

    def run_program(self, *arguments, environment=None, **options):
        environment = {"PATH": os.environ["PATH"], "KEYFERRY_SOCKET": self.socket, "TZ": "UTC",
                       "HOME": self.folder,
                       **{name: value for name, value in os.environ.items() if "SAN_OPTIONS" in name},
                       **(environment or {})}
        options.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([options.pop("program", PROGRAM), *arguments], env=environment, timeout=30,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **options)

    def ask(self, answer, *arguments, **options):
        """Runs the program against a daemon that answers so; returns the result and what was asked."""
        reply = answer if callable(answer) else lambda name, request: answer
        with FakeDaemon(self.socket, reply) as daemon:
            return self.run_program(*arguments, **options), daemon.asked

    def answered(self, answer, *arguments, **options):
        result, asked = self.ask(answer, *arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return result.stdout.decode(), asked

    def refused(self, result, exception, *words):
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        message = result.stderr.decode()
        self.assertTrue(message.startswith(exception + ": "), message)
        self.assertEqual(message.count("\n"), 1)
        for word in words:
            self.assertIn(word, message)

    def misused(self, *arguments, words=()):
        """No daemon runs: a program that would ask one ends with 1."""
        result = self.run_program(*arguments)
        message = result.stderr.decode()
        self.assertEqual((result.returncode, result.stdout), (2, b""), message)
        for word in words:
            self.assertIn(word, message)


class Requests(Case):
    def assert_asks(self, arguments, name, request, reply):
        _, asked = self.answered(reply, *arguments)
        self.assertEqual(asked, [(name, request)])

    def test_shorthand_json_file_and_input_make_one_request(self):
        path = os.path.join(self.folder, "attributes.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n  " + AS_JSON)
        whole = json.dumps({"KeyAttributes": json.loads(AS_JSON), "Exportable": True})
        request = {"key_attributes": ATTRIBUTES, "exportable": True}
        for arguments in (["--key-attributes", SHORTHAND, "--exportable"],
                          ["--exportable", "--key-attributes=" + SHORTHAND],
                          ["--exportable", "--key-attributes", AS_JSON],
                          ["--exportable", "--key-attributes", "file://" + path],
                          ["--exportable", "--key-attributes", "fileb://" + path],
                          ["--exportable", "--key-attributes=file://~/attributes.json"],
                          ["--cli-input-json", whole]):
            with self.subTest(arguments):
                self.assert_asks(["create-key", *arguments], "CreateKey", request, {"key": KEY})

    def test_options_go_before_input(self):
        whole = json.dumps({"KeyAttributes": json.loads(AS_JSON), "Exportable": True})
        self.assert_asks(["create-key", "--cli-input-json", whole, "--no-exportable"], "CreateKey",
                         {"key_attributes": ATTRIBUTES, "exportable": False}, {"key": KEY})

    def test_every_operation(self):
        for arguments, name, request, reply in (
                (["get-key", "--key-identifier", "alias/kek"], "GetKey", {"key_identifier": "alias/kek"}, {"key": KEY}),
                (["delete-key", "--key-identifier", "k", "--delete-key-in-days", "-3"], "DeleteKey",
                 {"key_identifier": "k", "delete_key_in_days": -3}, {"key": KEY}),
                (["create-alias", "--alias-name", "alias/a", "--key-arn", KEY_ARN], "CreateAlias",
                 {"alias_name": "alias/a", "key_arn": KEY_ARN}, {"alias": {"alias_name": "alias/a"}}),
                (["update-alias", "--alias-name", "alias/a"], "UpdateAlias", {"alias_name": "alias/a"},
                 {"alias": {"alias_name": "alias/a"}}),
                (["delete-alias", "--alias-name", "alias/a"], "DeleteAlias", {"alias_name": "alias/a"}, {}),
                (["get-alias", "--alias-name", "alias/a"], "GetAlias", {"alias_name": "alias/a"},
                 {"alias": {"alias_name": "alias/a", "key_arn": KEY_ARN}}),
                (["list-aliases", "--key-arn", KEY_ARN], "ListAliases", {"key_arn": KEY_ARN}, {}),
                (["list-keys", "--key-state", "CREATE_COMPLETE"], "ListKeys", {"key_state": "CREATE_COMPLETE"}, {}),
                (["export-key", "--export-key-identifier", "alias/bdk", "--key-material",
                  "Tr31KeyBlock={WrappingKeyIdentifier=alias/kek}"], "ExportKey",
                 {"export_key_identifier": "alias/bdk",
                  "key_material": {"tr31_key_block": {"wrapping_key_identifier": "alias/kek"}}}, WRAPPED),
                (["adopt-key", "--object", "old bdk", "--key-attributes", SHORTHAND, "--no-exportable",
                  "--alias-name", "alias/b", "--keep-source"], "AdoptKey",
                 {"object_label": "old bdk", "key_attributes": ATTRIBUTES, "exportable": False,
                  "alias_name": "alias/b", "keep_source": True}, {"key": KEY}),
                (["token"], "Token", {}, {"label": "t"}),
                (["status"], "Status", {}, {"state": "ready"})):
            with self.subTest(arguments[0]):
                self.assert_asks(arguments, name, request, reply)

    def test_wrong_values_pass_untouched(self):
        for arguments, request in (
                (["create-key", "--key-attributes", '{"KeyUsage":"","KeyAlgorithm":"DES","KeyModesOfUse":{}}'],
                 {"key_attributes": {"key_usage": "", "key_algorithm": "DES", "key_modes_of_use": {}}}),
                (["create-key"], {}),
                (["create-key", "--key-attributes", "{}", "--key-check-value-algorithm", ""],
                 {"key_attributes": {}, "key_check_value_algorithm": ""}),
                (["create-key", "--key-attributes", "KeyUsage=\t\u00e4"],
                 {"key_attributes": {"key_usage": "\u00e4"}})):
            with self.subTest(arguments):
                self.assert_asks(arguments, "CreateKey", request, {"key": KEY})

    def test_strings_at_their_bound(self):
        self.assert_asks(["get-key", "--key-identifier", "k" * 511], "GetKey", {"key_identifier": "k" * 511},
                         {"key": KEY})
        result, asked = self.ask({"key": KEY}, "get-key", "--key-identifier", "k" * 512)
        self.refused(result, "ValidationException", "KeyIdentifier is longer than 511 characters")
        self.assertEqual(asked, [])
        result, asked = self.ask({"key": KEY}, "create-key", "--key-attributes",
                                 json.dumps({"KeyUsage": "k" * 64}))
        self.refused(result, "ValidationException", "KeyAttributes.KeyUsage is longer than 63 characters")
        self.assertEqual(asked, [])


class Grammar(Case):
    def test_unknown_options_name_the_nearest(self):
        self.misused("create-key", "--key-atributes", "x", words=["--key-atributes", "--key-attributes"])
        self.misused("get-key", "--key-id", words=["--key-id", "--key-identifier"])
        self.misused("get-key", "--max-items", "3", words=["--max-items"])
        self.misused("get-key", "-k", "x", words=["-k"])
        self.misused("status", "--", words=["--"])

    def test_unknown_commands_name_the_nearest(self):
        self.misused("crate-key", words=["crate-key", "create-key"])
        self.misused(words=["command"])

    def test_unknown_members_name_their_place_and_the_valid_ones(self):
        for value in ('{"KeyModesOfUse":{"Derive":true}}', "KeyModesOfUse={Derive=true}"):
            self.misused("create-key", "--key-attributes", value,
                         words=['Unknown parameter in KeyAttributes.KeyModesOfUse: "Derive", must be one of: ',
                                ", ".join(MODES)])
        self.misused("get-key", "--cli-input-json", '{"KeyId":"x"}',
                     words=['Unknown parameter in input: "KeyId", must be one of: KeyIdentifier'])
        self.misused("status", "--cli-input-json", '{"X":1}', words=["there are none"])

    def test_wrong_types(self):
        for arguments, place in (
                (["create-key", "--key-attributes", '{"KeyUsage":5}'], "KeyAttributes.KeyUsage"),
                (["create-key", "--key-attributes", '{"KeyUsage":null}'], "KeyAttributes.KeyUsage"),
                (["create-key", "--key-attributes", '{"KeyModesOfUse":{"Wrap":"true"}}'],
                 "KeyAttributes.KeyModesOfUse.Wrap"),
                (["create-key", "--key-attributes", "KeyModesOfUse={Wrap=yes}"], "KeyAttributes.KeyModesOfUse.Wrap"),
                (["create-key", "--key-attributes", "KeyModesOfUse=Wrap"], "KeyAttributes.KeyModesOfUse"),
                (["create-key", "--key-attributes", "KeyUsage=a,b"], "KeyAttributes.KeyUsage"),
                (["create-key", "--cli-input-json", '{"Exportable":"true"}'], "Exportable"),
                (["delete-key", "--cli-input-json", '{"DeleteKeyInDays":3.5}'], "DeleteKeyInDays")):
            with self.subTest(arguments):
                self.misused(*arguments, words=["Invalid type for parameter " + place + ":"])

    def test_malformed_values(self):
        for arguments in (["create-key", "--key-attributes", "{"],
                          ["create-key", "--key-attributes", "[]"],
                          ["create-key", "--key-attributes", '{"KeyUsage":"a","KeyUsage":"b"}'],
                          ["create-key", "--key-attributes", "{} {}"],
                          ["create-key", "--key-attributes", "KeyUsage"],
                          ["create-key", "--key-attributes", ""],
                          ["create-key", "--key-attributes", "KeyModesOfUse={Wrap=true"],
                          ["create-key", "--key-attributes", "KeyUsage=a,KeyUsage=b"],
                          ["create-key", "--key-attributes", "file:///nonexistent"],
                          ["create-key", "--key-attributes"],
                          ["create-key", "--key-attributes", "--exportable"],
                          ["create-key", "--exportable", "true"],
                          ["create-key", "--exportable=true"],
                          ["create-key", "--exportable", "--no-exportable"],
                          ["get-key", "--key-identifier", "a", "--key-identifier", "b"],
                          ["delete-key", "--delete-key-in-days", "3d"],
                          ["delete-key", "--delete-key-in-days", ""],
                          ["delete-key", "--delete-key-in-days", "3000000000"],
                          ["status", "--output", "yaml"],
                          ["status", "--output", "json", "--output", "json"],
                          ["status", "--cli-read-timeout", "-1"],
                          ["list-keys", "--max-items", "0"],
                          ["list-keys", "--max-items", "3", "--no-paginate"],
                          ["list-keys", "--page-size", "3", "--max-results", "5"],
                          ["list-keys", "--starting-token", "t", "--next-token", "u"],
                          ["--max-items", "3", "status"],
                          ["parse-key-block"],
                          ["parse-key-block", "a", "b"],
                          ["status", "now"]):
            with self.subTest(arguments):
                self.misused(*arguments)

    def test_help_and_version_ask_nobody(self):
        result = self.run_program("--version")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertRegex(result.stdout.decode(), r"^keyferry \d+\.\d+\.\d+\n$")
        for arguments in (["--help"], ["help"], ["create-key", "--help"], ["create-key", "help"],
                          ["parse-key-block", "--help"], ["list-keys", "--help"]):
            result = self.run_program(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, b""), arguments)
            self.assertIn(b"Usage: keyferry", result.stdout)
        self.assertIn(b"--max-items", result.stdout)
        self.assertIn(b"Example:", result.stdout)


class Answers(Case):
    def test_json_has_awss_members_in_awss_order(self):
        output, _ = self.answered({"key": KEY}, "get-key", "--key-identifier", "k")
        self.assertEqual(output, json.dumps({"Key": {
            "KeyArn": KEY_ARN,
            "KeyAttributes": {"KeyUsage": "TR31_K1_KEY_BLOCK_PROTECTION_KEY", "KeyClass": "SYMMETRIC_KEY",
                              "KeyAlgorithm": "AES_256",
                              "KeyModesOfUse": {mode: mode in ("Wrap", "Encrypt") for mode in MODES}},
            "KeyCheckValue": "0A1B2C", "KeyCheckValueAlgorithm": "CMAC", "Enabled": True, "Exportable": True,
            "KeyState": "CREATE_COMPLETE", "KeyOrigin": "AWS_PAYMENT_CRYPTOGRAPHY",
            "CreateTimestamp": "2023-06-13T22:40:24.036000+00:00"}}, indent=4) + "\n")

    def test_export(self):
        output, _ = self.answered(WRAPPED, "export-key")
        self.assertEqual(list(json.loads(output)["WrappedKey"]),
                         ["WrappingKeyArn", "WrappedKeyMaterialFormat", "KeyMaterial", "KeyCheckValue",
                          "KeyCheckValueAlgorithm"])
        self.assertEqual(json.loads(output)["ExportKeyArn"], KEY_ARN)

    def test_timestamps_are_local_with_microseconds_where_needed(self):
        for zone, ms, wanted in (("UTC", 1686696024000, "2023-06-13T22:40:24+00:00"),
                                 ("America/Los_Angeles", 1686696024036, "2023-06-13T15:40:24.036000-07:00"),
                                 ("Asia/Kolkata", 1686696024000, "2023-06-14T04:10:24+05:30"),
                                 ("UTC", -1, "1969-12-31T23:59:59.999000+00:00")):
            output, _ = self.answered({"key": {**KEY, "create_timestamp": ms, "delete_pending_timestamp": ms}},
                                      "get-key", environment={"TZ": zone})
            self.assertEqual(json.loads(output)["Key"]["CreateTimestamp"], wanted)
            self.assertEqual(json.loads(output)["Key"]["DeletePendingTimestamp"], wanted)

    def test_empty_answers_print_nothing(self):
        for form in ("json", "text"):
            self.assertEqual(self.answered({}, "delete-alias", "--output", form)[0], "")

    def test_text(self):
        output, _ = self.answered({"key": KEY}, "get-key", "--output", "text")
        self.assertEqual(output, "KEY\t2023-06-13T22:40:24.036000+00:00\tTrue\tTrue\t" + KEY_ARN +
                         "\t0A1B2C\tCMAC\tAWS_PAYMENT_CRYPTOGRAPHY\tCREATE_COMPLETE\n"
                         "KEYATTRIBUTES\tAES_256\tSYMMETRIC_KEY\tTR31_K1_KEY_BLOCK_PROTECTION_KEY\n"
                         "KEYMODESOFUSE\tFalse\tFalse\tTrue\tFalse\tFalse\tFalse\tFalse\tFalse\tTrue\n")

    def test_text_columns_are_the_same_for_all_in_a_list(self):
        aliases = [{"alias_name": "alias/a"}, {"alias_name": "alias/b", "key_arn": KEY_ARN}]
        output, _ = self.answered({"aliases": aliases}, "list-aliases", "--output", "text")
        self.assertEqual(output, "ALIASES\talias/a\t\nALIASES\talias/b\t" + KEY_ARN + "\n")

    def test_large_answers_arrive_whole(self):
        block = "D" + "0" * 9998
        output, _ = self.answered({"wrapped_key": {"key_material": block}}, "export-key")
        self.assertEqual(json.loads(output)["WrappedKey"]["KeyMaterial"], block)
        keys = [dict(key_arn=ARN + "k" * 16, key_attributes=ATTRIBUTES)] * 100
        output, _ = self.answered({"keys": keys}, "list-keys")
        self.assertEqual(len(json.loads(output)["Keys"]), 100)

    def test_an_answer_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            result, _ = self.ask({"key": KEY}, "get-key", stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"cannot write the answer", result.stderr)

    def test_newer_daemons_may_say_more(self):
        extra = CODEC.encode("Key", {"key_arn": KEY_ARN}) + b"\xfa\x3e\x01x"
        reply = b"\x0a" + bytes([len(extra)]) + extra
        output, _ = self.answered(lambda name, request: response(1, body=reply), "get-key")
        self.assertEqual(json.loads(output)["Key"]["KeyArn"], KEY_ARN)


class Pages(Case):
    def pages(self, total):
        """A daemon with so many aliases, 50 in a page unless asked otherwise."""
        def answer(_, request):
            start = int(request.get("next_token", "0"))
            end = min(start + request.get("max_results", 50), total)
            reply = {"aliases": [{"alias_name": f"alias/{i}"} for i in range(start, end)]}
            return {**reply, "next_token": str(end)} if end < total else reply
        return answer

    def listed(self, total, *options):
        output, asked = self.answered(self.pages(total), "list-aliases", *options)
        answer = json.loads(output)
        return [a["AliasName"] for a in answer["Aliases"]], answer.get("NextToken"), [r for _, r in asked]

    def test_all_pages_come_as_one(self):
        names, token, asked = self.listed(120)
        self.assertEqual(names, [f"alias/{i}" for i in range(120)])
        self.assertIsNone(token)
        self.assertEqual(asked, [{}, {"next_token": "50"}, {"next_token": "100"}])

    def test_no_keys_are_an_empty_list(self):
        output, _ = self.answered({}, "list-keys")
        self.assertEqual(json.loads(output), {"Keys": []})

    def test_page_size(self):
        names, _, asked = self.listed(5, "--page-size", "2")
        self.assertEqual((len(names), asked), (5, [{"max_results": 2}, {"max_results": 2, "next_token": "2"},
                                                   {"max_results": 2, "next_token": "4"}]))

    def test_max_items_and_going_on(self):
        names, token, asked = self.listed(200, "--max-items", "130")
        self.assertEqual((len(names), token), (130, "130"))
        self.assertEqual(asked, [{"max_results": 100}, {"max_results": 30, "next_token": "100"}])
        names, token, _ = self.listed(200, "--starting-token", token)
        self.assertEqual((names[0], len(names), token), ("alias/130", 70, None))

    def test_one_page(self):
        for options, request in ((["--no-paginate"], {}), (["--max-results", "7"], {"max_results": 7}),
                                 (["--next-token", "3"], {"next_token": "3"}),
                                 (["--cli-input-json", '{"MaxResults": 7}'], {"max_results": 7})):
            names, token, asked = self.listed(60, *options)
            self.assertEqual(asked, [request])
            self.assertEqual(int(token), int(request.get("next_token", 0)) + len(names))

    def test_text_of_a_cut_list_ends_with_its_token(self):
        output, _ = self.answered(self.pages(5), "list-aliases", "--max-items", "1", "--output", "text")
        self.assertEqual(output, "ALIASES\talias/0\nNEXTTOKEN\t1\n")

    def test_a_list_without_end_is_refused(self):
        result, asked = self.ask({"next_token": "t"}, "list-keys")
        self.refused(result, "InternalServerException")
        self.assertEqual(len(asked), 2)


class Refusals(Case):
    def test_every_status(self):
        for status, exception in (("VALIDATION", "ValidationException"),
                                  ("RESOURCE_NOT_FOUND", "ResourceNotFoundException"),
                                  ("CONFLICT", "ConflictException"), ("ACCESS_DENIED", "AccessDeniedException"),
                                  ("THROTTLING", "ThrottlingException"),
                                  ("SERVICE_UNAVAILABLE", "ServiceUnavailableException"),
                                  ("INTERNAL_SERVER", "InternalServerException")):
            def answer(*_, status=status):
                raise Refusal(status, "Because\x1b[31m of it.")
            result, _ = self.ask(answer, "get-key")
            self.refused(result, exception, "Because?[31m of it.")

    def test_nobody_listens(self):
        self.refused(self.run_program("status"), "ServiceUnavailableException", self.socket, "systemctl status")
        open(self.socket, "wb").close()
        self.refused(self.run_program("status"), "ServiceUnavailableException", self.socket, "systemctl status")

    def test_socket_option_goes_before_environment(self):
        other = os.path.join(self.folder, "other")
        result = self.run_program("status", "--socket", other)
        self.refused(result, "ServiceUnavailableException", other)
        result = self.run_program("status", "--socket", "x" * 200)
        self.refused(result, "ValidationException", "longer than 107")
        result = self.run_program("status", environment={"KEYFERRY_SOCKET": ""})
        self.refused(result, "ServiceUnavailableException", "/run/keyferry/keyferry.sock")

    def test_not_allowed(self):
        program = shutil.copy(PROGRAM, self.folder)
        with FakeDaemon(self.socket, lambda *_: {"state": "ready"}):
            os.chmod(self.socket, 0 if os.geteuid() else stat.S_IRUSR | stat.S_IWUSR)
            user = {} if os.geteuid() else {"user": 65534, "group": 65534, "extra_groups": []}
            result = self.run_program("status", program=program, **user)
        self.refused(result, "AccessDeniedException", "group", self.socket)

    def test_broken_connections(self):
        for reply in (b"", b"\0\0", frame(b"\xff\xff")[:5]):
            result, _ = self.ask(lambda *_, reply=reply: reply, "status")
            self.refused(result, "ServiceUnavailableException", "closed the connection")

    def test_nonsense_from_the_daemon(self):
        for reply in (frame(b"\xff\xff"), b"\xff\xff\xff\xff", response(7), response(1, body=b"\xff"),
                      response(1, status=99), response(1, body=CODEC.encode("StatusReply", {"state": b"\xff"})),
                      response(1, body=CODEC.encode("StatusReply", {"state": "x" * 99}))):
            result, _ = self.ask(lambda *_, reply=reply: reply, "status")
            self.refused(result, "InternalServerException")

    def test_a_connection_refused_as_a_whole(self):
        status = CODEC.enumerations["Status"]["STATUS_THROTTLING"]
        result, _ = self.ask(lambda *_: response(0, status=status, message="Too many connections."), "status")
        self.refused(result, "ThrottlingException", "Too many connections.")

    def test_waiting_has_an_end(self):
        result, _ = self.ask(lambda *_: time.sleep(3) or {}, "status", "--cli-read-timeout", "1")
        self.refused(result, "ServiceUnavailableException", "1000 ms")


if __name__ == "__main__":
    unittest.main()
