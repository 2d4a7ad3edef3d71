#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the documents say: each command is typed here, at a daemon in a sandbox, and tables that
come from the code are compared with it."""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import harness

# In an order in which each finds what it names.
HELP_IN_ORDER = (
    "create-key",
    "create-alias",
    "get-key",
    "list-keys",
    "update-alias",
    "get-alias",
    "list-aliases",
    "adopt-key",
    "export-key",
    "import-key",
    "parse-key-block",
    "tag-resource",
    "list-tags-for-resource",
    "untag-resource",
    "stop-key-usage",
    "start-key-usage",
    "delete-key",
    "restore-key",
    "delete-alias",
    "init-ca",
    "get-parameters-for-export",
    "get-parameters-for-import",
    "get-public-key-certificate",
    "get-certificate-signing-request",
    "token",
    "status",
)
SIGNING_PAIR = (
    "KeyAlgorithm=RSA_2048,KeyUsage=TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE,"
    "KeyClass=ASYMMETRIC_KEY_PAIR,KeyModesOfUse={Sign=true}"
)
PLACEHOLDERS = ("5rplquuwozodpwsp", "ov6icy4ryas4zcza")  # key ids in the examples of --help


def source(name):
    with open(os.path.join(harness.SOURCE, name), encoding="utf-8") as file:
        return file.read()


def manual_blocks(text, section):
    """The examples of a manual page's section, as a shell would read them."""
    part = text.split("\n.SH " + section + "\n")[1].split("\n.SH ")[0]
    return [
        block.replace("\\-", "-").replace("\\e", "\\")
        for block in re.findall(r"^\.nf\n(.*?)^\.fi$", part, re.M | re.S)
    ]


def indented_blocks(text):
    """The examples of a Markdown page."""
    return [
        "\n".join(line[4:] for line in block.splitlines())
        for block in re.findall(r"^\n((?:(?: {4}.*)?\n)+)", text, re.M)
    ]


def table(text, heading):
    """The rows of the Markdown table whose first heading this is, by their first cell."""
    rows = text.split("\n| %s | " % heading)[1].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {row[0]: row[1:] for row in cells}


class Compatibility(unittest.TestCase):
    """What hsm-compatibility.md has from the code."""

    def setUp(self):
        self.page = source("doc/hsm-compatibility.md")

    def test_operations_of_formats(self):
        operations = re.findall(
            r'\[P11_(\w+)\] = \{"([^"]+)",\s*"([^"]+)"\}', source("p11/ops.c")
        )
        formats = [
            (name, {kind: re.findall(r"NEED\((\w+)\)", each) for kind, each in needs})
            for name, needs in (
                (name, re.findall(r"\.(\w+) =([^.]*)", rest))
                for name, rest in re.findall(
                    r'\[FORMAT_\w+\] =\s*\{\.name = "([^"]+)",(.*?)\},?\n',
                    re.sub(r"/\*.*?\*/", "", source("p11/profile_format.c"), flags=re.S),
                    re.S,
                )
            )
        ]
        named = [row[0] for row in table(self.page, "short").values()]
        self.assertEqual(named, [name for name, _ in formats])
        written = {}
        for code, name, mechanisms in operations:
            marks = []
            for _, needs in formats:
                one = "x" if len(needs["one"]) == 1 else "1"
                kinds = {"one": one, "all": "x", "not_tdes": "a", "tdes": "t"}
                marks += ["".join(kinds[kind] for kind in needs if code in needs[kind])]
            written[name] = [mechanisms] + marks
        self.assertGreater(len(written), 30)
        self.assertEqual(table(self.page, "operation"), written)

    def test_roles(self):
        rules = re.findall(r"\{\.role = ROLE_\w+,.*?\}", source("p11/role_rule.c"), re.S)
        written = table(self.page, "role")
        self.assertEqual(list(written), [re.search(r'\.name = "([^"]+)"', r)[1] for r in rules])
        for rule, (_, where, extractable, may, _) in zip(rules, written.values()):
            uses = [
                use
                for use in ("derive", "wrap", "unwrap", "encrypt", "sign")
                if ".%s = true" % use in rule
            ]
            self.assertEqual(may, ", ".join(uses) or "nothing", rule)
            self.assertEqual(where == "token", ".in_token = true" in rule, rule)
            self.assertEqual(extractable == "yes", ".extractable = true" in rule, rule)


class Documents(unittest.TestCase):
    """A fresh sandbox for each document."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.sandbox = harness.Sandbox()
        self.addCleanup(self.sandbox.close)
        self.sandbox.put_key("old-bdk", "TDES_2KEY", harness.random_key("TDES_2KEY"))
        self.sandbox.close_token()

    def shell(self, script, sandbox=None):
        """The output of a script that must succeed, and say nothing on standard error."""
        variables = (sandbox or self.sandbox).variables
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            env=dict(variables, PATH=harness.BIN + ":" + os.environ["PATH"]),
            cwd=self.folder,
            text=True,
            timeout=120,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), script)
        return done.stdout

    def key(self, attributes):
        return self.sandbox.create(attributes).rsplit("/", 1)[1]

    @unittest.skipUnless(shutil.which("jq"), "needs jq")
    def test_examples_of_the_manual_page(self):
        blocks = manual_blocks(source("doc/keyferry.1"), "EXAMPLES")
        self.assertGreater(len(blocks), 3)
        for block in blocks:
            self.shell(block)
        self.assertRegex(self.shell("cat block"), r"\AD0\d{3}B0TX00E0000[0-9A-F]+\n\Z")

    @unittest.skipUnless(shutil.which("jq"), "needs jq")
    def test_the_key_exchange_of_the_manual_page(self):
        blocks = manual_blocks(source("doc/keyferry.1"), "CERTIFICATES AND KEY TOKENS")
        self.sandbox.cli("init-ca")
        with harness.Sandbox(ca=True) as sender:
            shared = sender.cli(
                *("create-key", "--exportable", "--key-attributes"),
                "KeyAlgorithm=AES_128,KeyUsage=TR31_K1_KEY_BLOCK_PROTECTION_KEY,"
                "KeyClass=SYMMETRIC_KEY,KeyModesOfUse={Encrypt=true,Decrypt=true,Wrap=true,Unwrap=true}",
            )["Key"]
            sender.cli(
                *("create-alias", "--alias-name", "alias/shared", "--key-arn", shared["KeyArn"])
            )
            self.assertEqual(len(blocks), 3)
            for block, side in zip(blocks, (self.sandbox, sender, self.sandbox)):
                answer = self.shell(block, side)
        received = json.loads(answer[answer.index("{") :])["Key"]
        for member in ("KeyCheckValue", "KeyAttributes"):
            self.assertEqual(received[member], shared[member])

    def test_the_shorthand_of_the_manual_page(self):
        block = manual_blocks(source("doc/keyferry.1"), "VALUES")[0]
        self.shell("keyferry create-key --exportable --key-attributes " + shlex.quote(block.strip()))

    def test_examples_of_help(self):
        overview = self.shell("keyferry --help")
        names = re.findall(r"^  ([a-z-]+) ", overview.split("\n\n")[2], re.M)
        self.assertEqual(set(HELP_IN_ORDER), set(names))
        examples = {
            name: self.shell("keyferry %s --help" % name).split("\nExample:\n")[1].strip()
            for name in names
        }
        keks = [self.key(harness.kek_attributes("AES_256")) for _ in PLACEHOLDERS]
        self.sandbox.call(
            "CREATE_ALIAS",
            {"alias_name": "alias/old-kek", "key_arn": self.key(harness.kek_attributes("AES_128"))},
        )
        pair = self.sandbox.cli("create-key", "--no-exportable", "--key-attributes", SIGNING_PAIR)
        self.sandbox.call(
            "CREATE_ALIAS", {"alias_name": "alias/signing", "key_arn": pair["Key"]["KeyArn"]}
        )
        exported = ""
        for name in HELP_IN_ORDER:
            command = examples[name]
            for placeholder, real in zip(PLACEHOLDERS, keks):
                command = command.replace(placeholder, real)
            answer = self.shell(command.replace("D0112P0AE00E0000...", exported))
            if name == "export-key":
                exported = json.loads(answer)["WrappedKey"]["KeyMaterial"]
                with open(os.path.join(self.folder, "block"), "w", encoding="utf-8") as file:
                    file.write(exported)

    def test_the_commands_in_the_readme(self):
        (block,) = [b for b in indented_blocks(source("README.md")) if "--key-attributes" in b]
        self.sandbox.call(
            "CREATE_ALIAS",
            {"alias_name": "alias/kek", "key_arn": self.key(harness.kek_attributes("AES_256"))},
        )
        arn = key_block = ""
        for command in re.split(r"\n(?=keyferry)", block.strip()):
            command = command.replace("KEYARN", arn).replace("KEYBLOCK", key_block)
            answer = json.loads(self.shell(command))
            arn = answer.get("Key", {}).get("KeyArn", arn)
            key_block = answer.get("WrappedKey", {}).get("KeyMaterial", key_block)
        self.assertEqual(key_block[0], "D")
        self.assertEqual(answer["Key"]["KeyOrigin"], "EXTERNAL")

    def test_the_client_of_the_protocol(self):
        (program,) = [b for b in indented_blocks(source("doc/protocol.md")) if "import" in b]
        program = program.replace("/run/keyferry/keyferry.sock", self.sandbox.socket)
        self.assertIn("ready", self.shell("/usr/bin/python3 -c " + shlex.quote(program)))


if __name__ == "__main__":
    harness.main()
