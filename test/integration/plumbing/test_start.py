#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon and what starts and ends it: options, files, systemd, signals; and what each process holds."""
import contextlib
import fcntl
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from plumbing import DAEMON, OK, UNAVAILABLE, Connection, Daemon, main, request, wait_until


def run(*arguments):
    return subprocess.run([DAEMON, *arguments], capture_output=True, text=True, timeout=20, check=False)


class Options(unittest.TestCase):
    def test_help_and_version(self):
        for option in ("--help", "--version"):
            done = run(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("keyferryd", done.stdout)

    def test_bad_usage(self):
        for arguments in (["--nonsense"], ["surplus"], ["--config"]):
            self.assertEqual(run(*arguments).returncode, 2)

    def test_check_config(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            text = "token:\n  module: %s\n  uri: 'pkcs11:token=t'\n  pin-file: %s\n"
            file.write(text % (DAEMON, DAEMON))
            file.flush()
            self.assertEqual(run("--check-config", file.name).returncode, 0)
            self.assertEqual(run("--check-config", "--config", file.name).returncode, 0)
            file.write("  pin: 1234\n")
            file.flush()
            done = run("--check-config", file.name)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith(file.name + ":5: there is no key token.pin"), done.stderr)

    def check_config(self, text):
        """The exit status and the messages, where /C stands for the file."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = run("--check-config", file.name)
            return done.returncode, done.stderr.replace(file.name, "/C").splitlines()

    def test_check_config_looks_for_what_is_named(self):
        status, lines = self.check_config("access:\n  group: no-such-group\ntoken:\n  module: /nonexistent/m\n"
                                          "  uri: 'pkcs11:token=t'\n  pin-file: /\n")
        self.assertEqual(status, 1)
        self.assertEqual([line.split(" is ")[0] for line in lines],
                         ["/C:2: access.group", "/C:4: token.module", "/C:6: token.pin-file"])
        self.assertIn("No such file", lines[1])
        self.assertIn("not a regular file", lines[2])
        status, lines = self.check_config("token:\n  module: %s\n  uri: 'pkcs11:token=t'\n  pin-credential: p\n" % DAEMON)
        self.assertEqual((status, len(lines)), (0, 1), lines)
        self.assertTrue(lines[0].startswith("note: token.pin-credential"), lines)

    @unittest.skipIf(os.geteuid() != 0, "needs root, to become somebody else")
    def test_check_config_as_another_user(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("keyferryd", "pin", "closed/pin"):
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                shutil.copy(DAEMON, os.path.join(folder, name))
            os.chmod(folder, 0o755)
            os.chmod(os.path.join(folder, "pin"), 0o600)
            os.chmod(os.path.join(folder, "closed"), 0o700)
            for name in ("pin", "closed/pin"):
                path = os.path.join(folder, name)
                with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                    file.write("token: {module: %s, uri: 'pkcs11:token=t', pin-file: %s}\n"
                               % (os.path.join(folder, "keyferryd"), path))
                    file.flush()
                    os.chmod(file.name, 0o644)
                    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                           os.path.join(folder, "keyferryd"), "--check-config", file.name],
                                          capture_output=True, text=True, timeout=20, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("note: token.pin-file: %s cannot be read by this user" % path, done.stderr)

    @unittest.skipIf(os.environ.get("SANITIZED") == "yes", "sanitizers need more address space than the limit leaves")
    def test_what_has_no_end_is_no_configuration(self):
        ended = subprocess.run(["prlimit", "--fsize=1048576", DAEMON, "--config", "/dev/zero"], capture_output=True,
                               text=True, timeout=20, check=False)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("longer than", ended.stderr)

    def test_more_connections_than_descriptors(self):
        """Said at start, and at a reload; the front alone takes what it may."""
        words = r"limits.connections is %d, for which the daemon needs \d+ descriptors, and may have %d; "
        with Daemon(command=["prlimit", "--nofile=100:300"], limits="connections: 256") as daemon:
            self.assertEqual(daemon.process.wait(20), 1)
            self.assertRegex(daemon.read("log"), r"keyferry.yaml:\d+: " + words % (256, 300))
        with Daemon(command=["prlimit", "--nofile=100:500"], limits="connections: 256").wait_state("ready") as daemon:
            for name, number in (("front", 500), ("auditor", 100), ("worker 0", 100)):
                self.assertEqual(resource.prlimit(daemon.children()[name], resource.RLIMIT_NOFILE), (number, 500))
            with contextlib.ExitStack() as stack:
                for _ in range(191):
                    stack.enter_context(daemon.connect()).status()
                daemon.change("connections: 256", "connections: 16384")
                self.assertEqual(daemon.reload(), "stays as it was")
                self.assertRegex(daemon.read("log"), words % (16384, 500))
                self.assertEqual(daemon.status()["state"], "ready")

    def test_a_bad_configuration_ends_the_daemon(self):
        done = run("--config", "/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent", done.stderr)


class Files(unittest.TestCase):
    def start(self, prepare):
        """Starts a daemon after prepare(daemon) changed its folder; its exit status, or None while it runs."""
        with Daemon(command=["true"]) as daemon:  # its files only
            daemon.process.wait()
            prepare(daemon)
            process = subprocess.Popen([DAEMON, "--config", daemon.config], stderr=subprocess.PIPE, text=True)
            serves = wait_until(lambda: self.known(daemon, process), 20, "the daemon serves or has ended") == "serves"
            if serves:
                process.terminate()
            _, errors = process.communicate()
            return (None, "") if serves else (process.returncode, errors)

    def known(self, daemon, process):
        if process.poll() is not None:
            return "ended"
        with contextlib.suppress(OSError), Connection(daemon.path("socket"), 5) as connection:
            self.assertIn(connection.status()["state"], ("ready", "degraded", "down"))
            return "serves"
        return None

    def refuses(self, prepare, text):
        status, errors = self.start(prepare)
        self.assertEqual(status, 1)
        self.assertIn(text, errors)

    def test_audit_log(self):
        self.refuses(lambda daemon: os.symlink("/dev/null", daemon.path("audit.jsonl")), "symbolic link")
        self.refuses(lambda daemon: os.mkdir(daemon.path("audit.jsonl")), "audit log")
        self.refuses(lambda daemon: os.mkfifo(daemon.path("audit.jsonl")), "regular file")

        for mode in (0o602, 0o620):
            def others(daemon):
                with open(daemon.path("audit.jsonl"), "w", encoding="utf-8"):
                    os.chmod(daemon.path("audit.jsonl"), mode)
            self.refuses(others, "by others than its owner (mode %03o)" % mode)

        def linked(daemon):
            with open(daemon.path("other"), "w", encoding="utf-8"):
                os.link(daemon.path("other"), daemon.path("audit.jsonl"))
        self.refuses(linked, "one name")

    @unittest.skipIf(os.geteuid() != 0, "needs root, to give a file away")
    def test_an_audit_log_of_somebody_else(self):
        def given(daemon):
            with open(daemon.path("audit.jsonl"), "w", encoding="utf-8"):
                os.chown(daemon.path("audit.jsonl"), 65534, -1)
        self.refuses(given, "belongs to user 65534")

    def test_socket(self):
        def stale(daemon):
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(daemon.path("socket"))
        self.assertEqual(self.start(stale)[0], None)
        listener = self.enterContext(socket.socket(socket.AF_UNIX))

        def taken(daemon):
            listener.bind(daemon.path("socket"))
            listener.listen()
        self.refuses(taken, "Another program listens")

        def file(daemon):
            with open(daemon.path("socket"), "w", encoding="utf-8"):
                pass
        self.refuses(file, "is no socket")

    def test_two_daemons_do_not_start_on_one_socket_at_once(self):
        def busy(daemon):
            lock = self.enterContext(open(daemon.path("socket.lock"), "w", encoding="utf-8"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        self.refuses(busy, "another daemon is starting there")

    def test_modes_and_a_second_daemon(self):
        with Daemon().wait_state("ready") as daemon:
            self.assertEqual(stat.S_IMODE(os.stat(daemon.path("socket")).st_mode), 0o666)
            self.assertEqual(stat.S_IMODE(os.stat(daemon.path("audit.jsonl")).st_mode) & 0o7137, 0)
            second = subprocess.run([DAEMON, "--config", daemon.config], capture_output=True, text=True, timeout=20,
                                    check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn("in use by another daemon", second.stderr)
            daemon.status()


class Processes(unittest.TestCase):
    def test_what_they_hold(self):
        with Daemon().wait_state("ready") as daemon:
            children = daemon.children()
            self.assertEqual(set(children), {"front", "auditor", "worker 0", "worker 1"})
            for name, pid in children.items():
                with open("/proc/%d/status" % pid, encoding="ascii") as file:
                    self.assertIn("Name:\tkeyferryd", file.read())
                with open("/proc/%d/limits" % pid, encoding="ascii") as file:
                    self.assertRegex(file.read(), r"Max core file size +0 +0")
                if os.geteuid() == 0:
                    self.check_files(daemon, name, pid)
            for pid in (*children.values(), daemon.process.pid):
                self.assertEqual(os.stat("/proc/%d/environ" % pid).st_uid, 0)  # not dumpable: root's

    @unittest.skipIf(os.geteuid() != 0, "the processes are not dumpable")
    def test_a_worker_cannot_cut_what_it_shares(self):
        with Daemon(workers=1).wait_state("ready") as daemon:
            folder = "/proc/%d/fd" % daemon.children()["worker 0"]
            shared = [each for each in os.listdir(folder) if "memfd" in os.readlink(os.path.join(folder, each))]
            self.assertEqual(len(shared), 3)
            for each in shared:
                with open(os.path.join(folder, each), "r+b") as file, self.assertRaises(PermissionError):
                    os.ftruncate(file.fileno(), 0)
            self.assertEqual(daemon.status()["state"], "ready")

    def check_files(self, daemon, name, pid):
        folder = "/proc/%d/fd" % pid
        files = []
        for each in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # a connection that was just closed
                files += [os.readlink(os.path.join(folder, each))] if int(each) > 2 else []
        paths = [path for path in files if path.startswith("/") and "memfd" not in path]
        self.assertEqual(paths, [daemon.path("audit.jsonl")] if name == "auditor" else [])
        with open("/proc/%d/environ" % pid, encoding="utf-8") as file:
            environment = file.read()
        self.assertNotIn("NOTIFY_SOCKET", environment)
        if not name.startswith("worker"):
            self.assertNotIn("PATH=/", environment.replace("LD_LIBRARY_PATH", ""))


class Signals(unittest.TestCase):
    def test_drain(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), Daemon().wait_state("ready") as daemon, daemon.connect() as connection:
                idle = self.enterContext(daemon.connect())
                connection.send(b"".join(request(each, "sleep 20") for each in range(1, 31)))
                answers = [connection.answer()]  # so all were read
                daemon.process.send_signal(number)
                answers += [connection.answer() for _ in range(29)]
                self.assertEqual({answer["status"] for answer in answers}, {OK})
                self.assertIsNone(connection.answer())
                self.assertIsNone(idle.answer())
                self.assertEqual(daemon.process.wait(10), 0)
                self.assertEqual(daemon.audit()[-1]["event"], "stop")
                self.assertFalse(os.path.exists(daemon.path("socket")))

    def test_drain_ends_in_time(self):
        with Daemon(limits="drain-timeout: 500").wait_state("ready") as daemon, daemon.connect() as connection:
            connection.send(request(1, "hang") + request(2, "hello"))
            answer = connection.answer()
            self.assertEqual((answer["id"], answer["status"]), (2, OK))
            began = time.monotonic()
            daemon.process.terminate()
            answer = connection.answer()
            self.assertEqual((answer["id"], answer["status"]), (1, UNAVAILABLE))
            self.assertEqual(daemon.process.wait(20), 0)
            self.assertLess(time.monotonic() - began, 8)

    def test_a_second_signal_ends_at_once(self):
        with Daemon().wait_state("ready") as daemon, daemon.connect() as connection:
            connection.send(request(1, "hang"))
            daemon.wait_jobs(1)
            daemon.process.terminate()
            wait_until(lambda: "Told to end: answering" in daemon.read("log"), 20, "the first signal is taken")
            began = time.monotonic()
            daemon.process.terminate()
            self.assertEqual(daemon.process.wait(20), 0)
            self.assertLess(time.monotonic() - began, 8)


class Systemd(unittest.TestCase):
    def test_notifications(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = os.path.join(folder, "notify")
            notify.bind(path)
            notify.settimeout(10)
            with Daemon(variables={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}) as daemon:
                self.read_until(notify, "READY=1")
                self.read_until(notify, "STATUS=Ready: 2 of 2")
                began = time.monotonic()
                for _ in range(3):
                    self.read_until(notify, "WATCHDOG=1")
                self.assertLess(time.monotonic() - began, 10)
                daemon.process.terminate()
                self.read_until(notify, "STOPPING=1")

    def test_ready_means_known(self):
        """A daemon that cannot log in is up, and says why it is down: systemd must not start it again."""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = os.path.join(folder, "notify")
            notify.bind(path)
            notify.settimeout(10)
            with Daemon(pin="wrong", variables={"NOTIFY_SOCKET": path}):
                self.assertIn("PIN", self.read_until(notify, "READY=1"))

    def read_until(self, notify, text):
        while True:
            data = notify.recv(4096).decode()
            if text in data:
                return data

    def test_activation(self):
        if not shutil.which("systemd-socket-activate"):
            self.skipTest("systemd-socket-activate is not installed")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "activated")
            with Daemon(command=["systemd-socket-activate", "-l", path]) as daemon:
                def connected():
                    with contextlib.suppress(OSError):
                        return Connection(path)
                    return None
                with wait_until(connected, 20, "the socket of systemd-socket-activate") as connection:
                    def served():
                        with contextlib.suppress(KeyError):
                            return connection.call("hello")["status"] == OK
                        return False
                    wait_until(served, 20, "an answer over the socket that was passed")
                self.assertFalse(os.path.exists(daemon.path("socket")))

    def test_a_wrong_socket_is_refused(self):
        if not shutil.which("systemd-socket-activate"):
            self.skipTest("systemd-socket-activate is not installed")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "activated")
            with Daemon(command=["systemd-socket-activate", "--datagram", "-l", path]) as daemon:
                wait_until(lambda: os.path.exists(path), 5, "the socket of systemd-socket-activate")
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as knock:
                    knock.sendto(b"x", path)
                self.assertEqual(daemon.process.wait(10), 1)
                self.assertIn("not a listening Unix stream socket", daemon.read("log"))


if __name__ == "__main__":
    main()
