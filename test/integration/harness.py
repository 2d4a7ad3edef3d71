# SPDX-License-Identifier: Apache-2.0
"""What the integration tests stand on: sandboxes and daemons, the keyferry command, a view of the token from outside."""
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.abspath(os.environ.get("KEYFERRY_SOURCE") or os.path.join(HERE, "../.."))
BUILD = os.path.abspath(os.environ.get("KEYFERRY_BUILD") or os.path.join(SOURCE, "build"))
sys.path[:0] = [
    os.path.join(SOURCE, "test", folder) for folder in ("integration", "token", "reader")
]

import tokentool  # noqa: E402
import tr31_reader  # noqa: E402
import wire  # noqa: E402

BIN = os.path.join(BUILD, "bin")
SPY = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so"
STOCK_SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
PRINT_ENVIRONMENT = (
    "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"
)
CARRIED = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "ASAN_OPTIONS",
    "LSAN_OPTIONS",
    "UBSAN_OPTIONS",
    "KEYFERRY_SOFTHSM",
    "KEYFERRY_CACHE",
)

ALGORITHMS = ("TDES_2KEY", "TDES_3KEY", "AES_128", "AES_192", "AES_256")  # from the weakest on
LENGTHS = {"TDES_2KEY": 16, "TDES_3KEY": 24, "AES_128": 16, "AES_192": 24, "AES_256": 32}
KEY_TYPES = {"TDES_2KEY": "des2", "TDES_3KEY": "des3"}
KEK_MODES = {"encrypt": True, "decrypt": True, "wrap": True, "unwrap": True}


def environment(**extra):
    """The test's own environment without what would make two runs differ."""
    kept = {name: os.environ[name] for name in CARRIED if name in os.environ}
    return dict(kept, **extra)


def wait_until(condition, seconds, what):
    """Waits for condition() to be true and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("not within %s s: %s" % (seconds, what))
        time.sleep(0.02)


def attributes(algorithm, usage, modes):
    return {
        "key_usage": usage,
        "key_class": "SYMMETRIC_KEY",
        "key_algorithm": algorithm,
        "key_modes_of_use": modes,
    }


def all_modes(key_attributes):
    """The KeyModesOfUse of a request as a reply has them: all nine."""
    every = dict.fromkeys(wire.CODEC.messages["KeyModesOfUse"], False)
    return dict(every, **key_attributes["key_modes_of_use"])


def kek_attributes(algorithm):
    return attributes(algorithm, "TR31_K1_KEY_BLOCK_PROTECTION_KEY", KEK_MODES)


def bdk_attributes(algorithm="TDES_2KEY"):
    return attributes(algorithm, "TR31_B0_BASE_DERIVATION_KEY", {"derive_key": True})


def as_json(name, values):
    """A message of the schema's as the command's JSON: KeyAttributes for key_attributes."""
    out = {}
    for member, (_, kind, _) in wire.CODEC.messages[name].items():
        if member in values:
            key = "".join(part.capitalize() for part in member.split("_"))
            out[key] = (
                as_json(kind, values[member]) if kind in wire.CODEC.messages else values[member]
            )
    return out


def attributes_json(values):
    return json.dumps(as_json("KeyAttributes", values))


def tr31_request(key, kek):
    return {
        "export_key_identifier": key,
        "key_material": {"tr31_key_block": {"wrapping_key_identifier": kek}},
    }


def initial_key_request(bdk, kek, ksn, **more):
    """more goes to ExportAttributes."""
    attributes = dict(more, export_dukpt_initial_key={"key_serial_number": ksn})
    return dict(tr31_request(bdk, kek), export_attributes=attributes)


def odd_parity(value):
    return bytes(byte & 0xFE | 1 - bin(byte >> 1).count("1") % 2 for byte in value)


def random_key(algorithm):
    """Bytes of a key; of a TDES key with odd parity, as every token keeps one."""
    value = secrets.token_bytes(LENGTHS[algorithm])
    return odd_parity(value) if algorithm.startswith("TDES") else value


def check_value(algorithm, value):
    return (
        tr31_reader.kcv_tdes(value) if algorithm.startswith("TDES") else tr31_reader.kcv_aes(value)
    )


class Client:
    """A daemon seen by its clients: the command, and raw connections."""

    def __init__(self, variables):
        self.variables = variables
        self.socket = variables["KEYFERRY_SOCKET"]

    def connect(self, **options):
        return wire.Connection(self.socket, **options)

    def call(self, operation, values=None):
        with self.connect() as connection:
            return connection.call(operation, values)

    def run(self, *arguments, user=None):
        command = [os.path.join(BIN, "keyferry"), *arguments]
        if user:
            command = ["setpriv", *user, *command]
        return subprocess.run(
            command,
            env=environment(KEYFERRY_SOCKET=self.socket),
            text=True,
            timeout=120,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def cli(self, *arguments, user=None):
        """The command's answer, parsed; AssertionError where it was refused."""
        done = self.run(*arguments, user=user)
        if done.returncode != 0:
            raise AssertionError("%s: status %d: %s" % (arguments, done.returncode, done.stderr))
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def refused(self, *arguments, user=None):
        """Of a command that is refused: the exception's name and its text."""
        done = self.run(*arguments, user=user)
        if done.returncode != 1:
            raise AssertionError(
                "%s: status %d: %s%s" % (arguments, done.returncode, done.stdout, done.stderr)
            )
        name, _, text = done.stderr.strip().partition(": ")
        return name, text

    def export(self, key, kek):
        return self.call("EXPORT_KEY", tr31_request(key, kek))

    def create(self, key_attributes, exportable=True):
        """Makes a key; its ARN."""
        reply = self.call(
            "CREATE_KEY", {"key_attributes": key_attributes, "exportable": exportable}
        )
        return reply["key"]["key_arn"]

    def status(self):
        """The daemon's own words; members of no value are there too."""
        return dict({"state": "", "reason": "", "workers_ready": 0}, **self.call("STATUS"))

    def wait_ready(self, seconds=60):
        return wait_until(lambda: self.status()["state"] == "ready", seconds, "the daemon is ready")


def programs_for_all(stack):
    """The programs and the test token where every user reaches them; the build folder may lie in a home."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    for source, target in ((BIN, "bin"), (os.path.join(BUILD, "token"), "token")):
        os.mkdir(os.path.join(folder, target))
        for entry in os.scandir(source):
            if entry.is_file():
                shutil.copy(entry.path, os.path.join(folder, target))
    for path, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            os.chmod(os.path.join(path, name), 0o755)
    return os.path.join(folder, "bin")


class Sandbox(Client):
    """keyferry-sandbox around nothing: it stays until close()."""

    def __init__(
        self,
        token="softhsm",
        *,
        workers=2,
        options=(),
        extra=None,
        user=None,
        config=None,
        ca=False
    ):
        self.token = token
        self.files = contextlib.ExitStack()
        command = [
            os.path.join(programs_for_all(self.files) if user else BIN, "keyferry-sandbox"),
            "--token",
            token,
            "--workers",
            str(workers),
            "--verbose",
            *options,
        ]
        if not ca:
            command.append("--no-ca")
        if config:
            file = self.files.enter_context(tempfile.NamedTemporaryFile("w", suffix=".yaml"))
            file.write(config)
            file.flush()
            os.chmod(file.name, 0o644)
            command += ["--config-append", file.name]
        command += ["--", sys.executable, "-c", PRINT_ENVIRONMENT]
        if user:
            command = ["setpriv", *user, *command]
        self.errors = self.files.enter_context(tempfile.TemporaryFile("w+"))
        self.process = subprocess.Popen(
            command,
            env=environment(**(extra or {})),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.errors.seek(0)
            text = self.errors.read()
            self.files.close()
            self.process.stdout.close()
            self.process.stdin.close()
            raise SandboxFailed(status, text)
        super().__init__(json.loads(line))
        self.pid = int(self.variables["KEYFERRY_PID"])
        self.session = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Takes it down; its exit status."""
        self.close_token()
        self.process.stdin.close()
        self.process.stdout.close()
        status = self.process.wait(60)
        self.errors.seek(0)
        text = self.errors.read()
        self.files.close()
        check_log(text)
        return status

    def log(self):
        with open(self.variables["KEYFERRY_LOG"], encoding="utf-8", errors="replace") as file:
            return file.read()

    def audit(self):
        """The records of the audit log, as dicts."""
        with open(self.variables["KEYFERRY_AUDIT_LOG"], encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    # The token from outside: another application's view of it.

    def open_token(self):
        """A logged-in session of this process's own."""
        if not self.session:
            for name in ("SOFTHSM2_CONF", "NSS_MAX_MP_PBE_ITERATION_COUNT"):
                if name in self.variables:
                    os.environ[name] = self.variables[name]
            # Not through a spy or a mock: they are the daemon's.
            module = next(
                self.variables[name]
                for name in ("PKCS11SPY", "KEYFERRY_MOCK_MODULE", "KEYFERRY_MODULE")
                if name in self.variables
            )
            self.session = tokentool.open_token(dict(self.variables, KEYFERRY_MODULE=module))
        return self.session

    def close_token(self):
        if self.session:
            self.session.module.finalize()
            self.session = None

    def put_key(self, label, algorithm, value, extractable=True):
        """Puts a key of known bytes into the token, as a ceremony's own tool would."""
        return tokentool.put(
            self.open_token(),
            label,
            KEY_TYPES.get(algorithm, "aes"),
            value,
            extractable=extractable,
        )[0]

    def adopt(self, label, key_attributes, exportable=True, **more):
        """The ARN of an object that becomes a key."""
        reply = self.call(
            "ADOPT_KEY",
            dict(more, object_label=label, key_attributes=key_attributes, exportable=exportable),
        )
        return reply["key"]["key_arn"]

    def adopt_known(self, key_attributes, exportable=True):
        """A random key put into the token and adopted: its bytes and its ARN."""
        algorithm = key_attributes["key_algorithm"]
        value = random_key(algorithm)
        label = "ceremony " + secrets.token_hex(4)
        self.put_key(label, algorithm, value, exportable)
        return value, self.adopt(label, key_attributes, exportable)

    # The daemon's processes.

    def processes(self):
        """Process ids by what they are: {"front": [..], "worker": [..], "auditor": [..]}."""
        found = {}
        for child in children(self.pid):
            with contextlib.suppress(OSError):
                with open("/proc/%d/cmdline" % child, "rb") as file:
                    line = file.read().replace(b"\0", b" ").decode()
                for kind in ("front", "auditor", "worker"):
                    if kind in line:
                        found.setdefault(kind, []).append(child)
                        break
        return found

    def kill_worker(self, which=0):
        os.kill(sorted(self.processes()["worker"])[which], signal.SIGKILL)


class SandboxFailed(Exception):
    """The sandbox ended before it ran anything."""

    def __init__(self, status, text):
        super().__init__("status %d: %s" % (status, text))
        self.status = status
        self.text = text


class Daemon(Client):
    """A second keyferryd, on the token of a sandbox, with its own socket and audit log. change edits its configuration's
    text before it starts."""

    def __init__(self, sandbox, change=lambda text: text):
        self.folder = tempfile.TemporaryDirectory(prefix="keyferry-second.")
        path = self.folder.name
        with open(sandbox.variables["KEYFERRY_CONFIG"], encoding="utf-8") as file:
            text = change(file.read())
        for old, name in (
            (sandbox.socket, "socket"),
            (sandbox.variables["KEYFERRY_AUDIT_LOG"], "audit.jsonl"),
        ):
            text = text.replace(old, os.path.join(path, name))
        config = os.path.join(path, "keyferryd.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        super().__init__(dict(sandbox.variables, KEYFERRY_SOCKET=os.path.join(path, "socket")))
        self.log_file = open(os.path.join(path, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(BIN, "keyferryd"), "--config", config],
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=self.log_file,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait_for(self, state, reason="", seconds=60):
        """Its status, when it has this state and this in its reason."""

        def reached():
            if self.process.poll() is not None:
                raise AssertionError(
                    "keyferryd ended with %d: %s" % (self.process.returncode, self.log())
                )
            with contextlib.suppress(OSError, wire.Closed, wire.Refused):
                status = self.status()
                return status if status["state"] == state and reason in status["reason"] else None
            return None

        return wait_until(reached, seconds, "state %s %s" % (state, reason))

    def log(self):
        self.log_file.flush()
        with open(self.log_file.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def close(self):
        """Ends it as systemd would; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(60)
        text = self.log()
        self.log_file.close()
        self.folder.cleanup()
        check_log(text)
        return status


def check_log(text):
    """What sanitizers say of any of a daemon's processes ends up in its log."""
    if "Sanitizer" in text or "runtime error:" in text or "ended with status" in text:
        raise AssertionError("the daemon's log says:\n" + text[-8000:])


def children(pid):
    with contextlib.suppress(OSError):
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    return []


class TokenCase(unittest.TestCase):
    """Tests in one sandbox of their class's own."""

    token = "softhsm"
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.sandbox = Sandbox(cls.token, **cls.options)
        cls.addClassCleanup(cls.sandbox.close)

    def refuses(self, name, call, *arguments):
        """The text of a refusal with this exception's name."""
        with self.assertRaises(wire.Refused) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.name, name, caught.exception.text)
        return caught.exception.text


def name_of(key):
    """The key's id, out of its ARN."""
    return key.rpartition("/")[2]


def import_request(block, kek, **more):
    material = {"wrapping_key_identifier": kek, "wrapped_key_block": block}
    return dict(more, key_material={"tr31_key_block": material})


def tags_in(reply):
    """The tags of a list's answer."""
    return {tag["key"]: tag.get("value", "") for tag in reply.get("tags", [])}


class TwoDaemonsCase(TokenCase):
    """Tests with a second daemon on the sandbox's token."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = Daemon(cls.sandbox)
        cls.addClassCleanup(cls.second.close)
        cls.second.wait_for("ready")

    def race(self, calls):
        """What each of these calls (operation, values) gets when all are sent at once, to one daemon and the other in turn."""
        with contextlib.ExitStack() as stack:
            clients = [(self.sandbox, self.second)[i % 2] for i in range(len(calls))]
            connections = [stack.enter_context(client.connect()) for client in clients]
            for connection, (operation, values) in zip(connections, calls):
                connection.send(operation, values)
            return [connection.receive()[1] for connection in connections]


def on_both_tokens(case):
    """Makes of a case one for each test token; the tests must hold on both."""
    module = sys.modules[case.__module__]
    for token in ("softhsm", "nss"):
        name = "%sOn%s" % (case.__name__, {"softhsm": "SoftHSM", "nss": "NSS"}[token])
        setattr(module, name, type(name, (case,), {"token": token, "__module__": case.__module__}))


def main():
    """As automake reads it: 77 where there was nothing but skipped tests."""
    program = unittest.main(exit=False, verbosity=2, module="__main__")
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun > 0 and len(result.skipped) == result.testsRun else 0)
