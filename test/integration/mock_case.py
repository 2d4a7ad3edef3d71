# SPDX-License-Identifier: Apache-2.0
"""The mock module (test/token/mock) as tests use it: its scripts, its log, sandboxes on it, and the worker's service
over it, a fork for each fault."""
import collections
import itertools
import os
import re
import subprocess
import tempfile

import harness
import certificates
import tr34_case
import tr34_partner
import wire

MOCK = os.path.join(harness.BUILD, "test/token/mock/.libs/mock.so")
WORKER = os.path.join(harness.BUILD, "test/token/mock/faulty_worker")

# enum kf_fault
NONE, STALE, SESSION, LOGIN, MODULE, BUSY = range(6)

Call = collections.namedtuple("Call", "pid function ordinal outcome what")
Step = collections.namedtuple("Step", "status text fault in_token in_session")
# proven: operations, where it is ready; fault, text: where it is not.
Start = collections.namedtuple("Start", "ready proven in_session fault text")
# before: objects in the token; request, good: Step, None where it did not come to that; ended: of waitpid.
Case = collections.namedtuple("Case", "before request good ended")


class Mock:
    """A script and a log in a folder of their own."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="keyferry-mock.")
        os.chmod(self.folder.name, 0o755)
        self.script = os.path.join(self.folder.name, "script")
        self.log = os.path.join(self.folder.name, "log")

    def variables(self, module):
        return {
            "KEYFERRY_MOCK_MODULE": module,
            "KEYFERRY_MOCK_SCRIPT": self.script,
            "KEYFERRY_MOCK_LOG": self.log,
        }

    def tell(self, *rules):
        """What the module does from its next call on."""
        with open(self.script + ".new", "w", encoding="ascii") as file:
            file.write("".join(rule + "\n" for rule in rules))
        os.rename(self.script + ".new", self.script)

    def clear_log(self):
        open(self.log, "w", encoding="ascii").close()

    def calls(self):
        """The log's lines."""
        with open(self.log, encoding="ascii") as file:
            lines = [line.split(" ", 4) for line in file.read().splitlines()]
        return [
            Call(int(words[0]), words[1], int(words[2]), words[3], " ".join(words[4:]))
            for words in lines
        ]

    def tell_only(self, pids, *rules):
        """The same, to these processes."""
        self.tell(*(line for pid in pids for line in ("only %d" % pid, *rules)))

    def count(self, function):
        return sum(call.function == function for call in self.calls())

    def close(self):
        self.folder.cleanup()


def options(mock, module=MOCK):
    """What makes a sandbox one whose module is the mock, on SoftHSM."""
    token = os.path.join(harness.BUILD, "token/libsofthsm2.so")
    return {"extra": mock.variables(token), "options": ["--module", module]}


def sandbox(mock, module=MOCK, **more):
    return harness.Sandbox(**options(mock, module), **more)


def frame(operation, values):
    """A request as FaultyWorker takes it; operation None: none."""
    if operation is None:
        return "-"
    return wire.request_frame(1, operation, values)[4:].hex().upper()


class FaultyWorker:
    """test/token/mock/faulty_worker on a sandbox's token."""

    def __init__(self, sandbox, mock):
        self.mock = mock
        with open(sandbox.variables["KEYFERRY_CONFIG"], encoding="utf-8") as file:
            text = re.sub(r"module: .*", "module: '%s'" % MOCK, file.read(), count=1)
        self.config = os.path.join(mock.folder.name, "keyferryd.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        # NSS must not mind the forks.
        self.variables = dict(sandbox.variables, NSS_STRICT_NOFORK="DISABLED")
        self.variables.update(mock.variables(sandbox.variables["KEYFERRY_MODULE"]))
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [WORKER, self.config],
            env=self.variables,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError("the worker does not start: " + self.words())

    def words(self):
        self.errors.seek(0)
        return self.errors.read()[-4000:]

    def case(self, request, good="-", undo="-", rules=()):
        """One fault, from the same beginning."""
        self.mock.tell(*rules)
        self.process.stdin.write("%s %s %s\n" % (request, good, undo))
        self.process.stdin.flush()
        steps, before = {}, None
        while True:
            words = self.process.stdout.readline().split()
            if not words:
                raise AssertionError("the worker is gone: " + self.words())
            if words[0] == "end":
                return Case(before, steps.get("request"), steps.get("good"), int(words[1]))
            if words[0] == "before":
                before = int(words[1])
            else:
                steps[words[0]] = self.step(*words[1:])

    @staticmethod
    def step(response, fault, in_token, in_session):
        answer = wire.decode("Response", bytes.fromhex(response))
        status = wire.STATUS_NAMES[answer.get("status", 0)]
        return Step(status, answer.get("message", ""), int(fault), int(in_token), int(in_session))

    def start(self, *rules):
        """Another worker's start under these rules; fails where it crashes."""
        self.mock.tell(*rules)
        done = subprocess.run(
            [WORKER, self.config, "start"],
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
        words = done.stdout.split(" ", 2)
        if words[0] == "ready":
            return Start(True, int(words[1]), int(words[2]), NONE, "")
        return Start(False, 0, 0, int(words[1]), words[2])

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        status = self.process.wait(60)
        text = self.words()
        self.errors.close()
        harness.check_log(text)
        return status


class Kinds:
    """One request of each kind, made in a sandbox with a CA, and a good one."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.kit = certificates.Kit(root_bits=2048)
        self.partner = tr34_partner.Partner(self.kit)
        self.partner.trust(sandbox)
        self.kek = sandbox.create(harness.kek_attributes("AES_256"))
        self.tdes_kek = sandbox.create(harness.kek_attributes("TDES_3KEY"))
        self.key = sandbox.create(tr34_case.data_key("AES_128"))
        self.tdes_key = sandbox.create(tr34_case.data_key("TDES_2KEY"))
        self.bdk = sandbox.create(harness.bdk_attributes())
        self.good = frame("EXPORT_KEY", harness.tr31_request(self.key, self.kek))
        self.numbers = itertools.count()
        self.all = {**self.exports(), **self.imports(), **self.changes()}

    def make(self, kind):
        """(request, undo) of a kind."""
        made = self.all[kind]
        return made() if callable(made) else made

    def delete_new_alias(self):
        name = "alias/lost%d" % next(self.numbers)
        self.sandbox.call("CREATE_ALIAS", {"alias_name": name, "key_arn": self.key})
        return frame("DELETE_ALIAS", {"alias_name": name}), "-"

    def exports(self):
        receiver = self.kit.leaf("KRD", bits=3072).form
        parameters = self.sandbox.call(
            "GET_PARAMETERS_FOR_EXPORT",
            {"key_material_type": tr34_case.TR34, "signing_key_algorithm": "RSA_2048"},
        )
        to = {
            "certificate_authority_public_key_identifier": self.partner.anchor,
            "wrapping_key_certificate": receiver,
        }
        two_pass = dict(
            to,
            export_token=parameters["export_token"],
            key_block_format="X9_TR34_2012",
            random_nonce="0011223344556677",
        )
        requests = {
            "export TR-31 D": harness.tr31_request(self.key, self.kek),
            "export TR-31 B": harness.tr31_request(self.tdes_key, self.tdes_kek),
            "export initial key": harness.initial_key_request(self.bdk, self.kek, "1" * 20),
            "export TR-34": {
                "export_key_identifier": self.key,
                "key_material": {"tr34_key_block": two_pass},
            },
            "export cryptogram": {
                "export_key_identifier": self.key,
                "key_material": {"key_cryptogram": to},
            },
        }
        return {name: (frame("EXPORT_KEY", given), "-") for name, given in requests.items()}

    def imports(self):
        block = self.sandbox.export(self.tdes_key, self.kek)["wrapped_key"]["key_material"]
        token_receiver = self.partner.receiver(self.sandbox, 2048)
        receiver = self.partner.receiver(self.sandbox, 2048, "KEY_CRYPTOGRAM")
        token = self.partner.token(token_receiver)
        cryptogram = {
            "key_attributes": tr34_case.data_key("TDES_2KEY"),
            "exportable": True,
            "wrapped_key_cryptogram": tr34_partner.cryptogram(receiver, bytes(range(16)))
            .hex()
            .upper(),
            "import_token": receiver.token,
        }
        requests = {
            "import TR-31": harness.import_request(block, self.kek),
            "import TR-34": self.partner.request(token, token_receiver),
            "import cryptogram": {"key_material": {"key_cryptogram": cryptogram}},
            "import root": tr34_case.anchor_request(certificates.Kit(root_bits=2048).root.certificate),
        }
        return {name: (frame("IMPORT_KEY", given), "-") for name, given in requests.items()}

    def changes(self):
        doomed = self.sandbox.create(tr34_case.data_key("AES_128"))
        pointed = {"alias_name": "alias/pointed", "key_arn": self.key}
        back = dict(pointed, key_arn=self.tdes_key)
        self.sandbox.call("CREATE_ALIAS", back)
        made = {"alias_name": "alias/made", "key_arn": self.key}
        new = {"key_attributes": harness.bdk_attributes(), "exportable": True}
        pair = {"key_attributes": tr34_case.pair_attributes(), "exportable": False}
        return {
            "create-key": (frame("CREATE_KEY", new), "-"),
            "delete-key": (
                frame("DELETE_KEY", {"key_identifier": doomed}),
                frame("RESTORE_KEY", {"key_identifier": doomed}),
            ),
            "create-key pair": (frame("CREATE_KEY", pair), "-"),
            "update-alias": (frame("UPDATE_ALIAS", pointed), frame("UPDATE_ALIAS", back)),
            "create-alias": (frame("CREATE_ALIAS", made), "-"),
            # What was destroyed has another handle when it is back: each time another one.
            "delete-alias": self.delete_new_alias,
            "get-key": (frame("GET_KEY", {"key_identifier": self.key}), "-"),
            "list-keys": (frame("LIST_KEYS", {}), "-"),
        }

    def add_unknown(self):
        """An export of a key that was made after the worker read the token."""
        key = self.sandbox.create(tr34_case.data_key("AES_128"))
        self.all["export of a new key"] = (
            frame("EXPORT_KEY", harness.tr31_request(key, self.kek)),
            "-",
        )
