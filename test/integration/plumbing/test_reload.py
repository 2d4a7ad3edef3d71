#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a new configuration comes into force as a whole or not at all, and costs no request."""
import contextlib
import grp
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from plumbing import (DAEMON, DENIED, HERE, OK, THROTTLED, UNAVAILABLE, VALIDATION, Connection, Daemon, main, request,
                      wait_until)

TAKEN, SAME, REFUSED = "was read again", "has not changed", "stays as it was"
NOBODY = 65534
ROUNDS = int(os.environ.get("KEYFERRY_RELOAD_ROUNDS", "4"))


def settled(daemon, workers):
    """Until the workers of a new configuration have all taken over."""
    names = {"front", "auditor", *("worker %d" % number for number in range(workers))}
    try:
        wait_until(lambda: set(daemon.children()) == names, 20, "just %d workers" % workers)
    except AssertionError as error:
        raise AssertionError("%s\n%s" % (error, daemon.read("log"))) from error
    daemon.wait_state("ready")


class Traffic:
    """A client that keeps a connection full of requests, until it is told to stop."""

    def __init__(self, daemon, command="sleep 1", window=100):
        self.connection = daemon.connect()
        self.command, self.window = command, window
        self.answers, self.enough = [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        sent = 0
        with self.connection as connection:
            while not self.enough.is_set() or len(self.answers) < sent:
                while not self.enough.is_set() and sent - len(self.answers) < self.window:
                    sent += 1
                    connection.send(request(sent, self.command))
                self.answers.append(connection.answer())
                if self.answers[-1] is None:
                    return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.thread.join(30)


class NothingLost(unittest.TestCase):
    def check(self, traffic):
        self.assertFalse(traffic.thread.is_alive())
        self.assertNotIn(None, traffic.answers)
        self.assertEqual(sorted(answer["id"] for answer in traffic.answers),
                         list(range(1, len(traffic.answers) + 1)))
        self.assertEqual([answer for answer in traffic.answers if answer["status"] != OK], [])

    def test_more_and_fewer_workers(self):
        with Daemon(workers=1).wait_state("ready") as daemon, Traffic(daemon) as traffic:
            for old, new in ((1, 3), (3, 2), (2, 1)):
                daemon.change("workers: %d" % old, "workers: %d" % new)
                before = set(daemon.children().values())
                self.assertEqual(daemon.reload(), TAKEN)
                settled(daemon, new)
                self.assertEqual(len(before & set(daemon.children().values())), 2)  # front and auditor
                self.assertEqual(daemon.status()["workers"], new)
        self.check(traffic)
        self.assertGreater(len(traffic.answers), 100)

    def test_many_signals(self):
        with Daemon(workers=1).wait_state("ready") as daemon, Traffic(daemon) as traffic:
            for number in range(2, 12):
                daemon.change("job-timeout: %d000" % (8 + number), "job-timeout: %d000" % (9 + number))
                for _ in range(2):
                    daemon.process.send_signal(signal.SIGHUP)
                time.sleep(0.03)
            self.assertIn(daemon.reload(), (SAME, TAKEN))
            wait_until(lambda: daemon.reload() == SAME, 20, "the last one is in force")
            settled(daemon, 1)
        self.check(traffic)

    def test_while_workers_die(self):
        """What is lost is with those that were killed; whoever comes in their places has the new configuration."""
        with Daemon(workers=2).wait_state("ready") as daemon, Traffic(daemon) as traffic:
            for number in range(ROUNDS):
                daemon.kill("worker %d" % (number % 2))
                daemon.change("job-timeout: %d" % (10000 + number), "job-timeout: %d" % (10001 + number))
                self.assertEqual(daemon.reload(), TAKEN)
                settled(daemon, 2)
        self.assertFalse(traffic.thread.is_alive())
        self.assertEqual(sorted(answer["id"] for answer in traffic.answers),
                         list(range(1, len(traffic.answers) + 1)))
        lost = [answer["message"] for answer in traffic.answers if answer["status"] != OK]
        self.assertEqual([message for message in lost if "its token worker ended" not in message], [])
        self.assertLessEqual(len(lost), 16 * ROUNDS)

    def test_a_moved_log_alone_replaces_nobody(self):
        with Daemon().wait_state("ready") as daemon:
            before = daemon.children()
            self.assertEqual(daemon.reload(), SAME)
            self.assertEqual(daemon.children(), before)
            self.assertEqual(len(daemon.logins()), 2)

    def test_what_workers_do_not_need_replaces_nobody(self):
        with Daemon(limits="jobs: 500").wait_state("ready") as daemon:
            before = daemon.children()
            daemon.change("jobs: 500", "jobs: 400, drain-timeout: 5000")
            self.assertEqual(daemon.reload(), TAKEN)
            self.assertEqual(daemon.children(), before)
            wait_until(lambda: daemon.audit()[-1].get("event") == "reload", 5, "a record of it")

    def test_while_a_worker_hangs(self):
        with Daemon(workers=2, job_timeout=1500).wait_state("ready") as daemon, daemon.connect() as connection:
            connection.send(request(1, "hang"))
            daemon.wait_jobs(1)
            with Traffic(daemon) as traffic:
                daemon.change("job-timeout: 1500", "job-timeout: 20000")
                self.assertEqual(daemon.reload(), TAKEN)
                answer = connection.answer()  # by the deadline that it began with
                self.assertEqual((answer["id"], answer["status"]), (1, UNAVAILABLE))
                settled(daemon, 2)
            # What waited behind it went with it, and nothing else.
            lost = [answer["id"] for answer in traffic.answers if answer["status"] != OK]
            self.assertLess(len(lost), 16)
            self.assertLess(max(lost, default=0), 100)
            traffic.answers = [answer for answer in traffic.answers if answer["id"] > 100]
            self.assertGreater(len(traffic.answers), 100)
            self.assertEqual({answer["status"] for answer in traffic.answers}, {OK})

    def test_socket_passed_on(self):
        """A stop and a start behind a socket that stays, as systemd keeps it: nobody is refused."""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(folder, "socket")
            listener.bind(path)
            listener.listen(512)
            with Daemon(command=["true"]) as files:  # its files only
                files.process.wait()
                enough, served, failed = threading.Event(), [], []

                def knock():
                    while not enough.is_set():
                        try:
                            with Connection(path) as connection:
                                # One that an ending daemon has taken, and not read, is closed.
                                answer = connection.call("hello")
                                served.append(answer and answer["status"])
                        except (ConnectionRefusedError, FileNotFoundError) as error:
                            failed.append(error)
                        except OSError:
                            served.append(None)

                clients = [threading.Thread(target=knock) for _ in range(3)]
                daemon = self.start_behind(listener, files)
                for client in clients:
                    client.start()
                for _ in range(2):
                    wait_until(lambda: OK in served, 20, "an answer")
                    daemon.terminate()
                    self.assertEqual(daemon.wait(20), 0)
                    served.clear()
                    daemon = self.start_behind(listener, files)
                wait_until(lambda: served.count(OK) > 20, 20, "answers")
                enough.set()
                for client in clients:
                    client.join()
                daemon.terminate()
                self.assertEqual(daemon.wait(20), 0)
                self.assertEqual(failed, [])
                self.assertTrue(os.path.exists(path))

    def start_behind(self, listener, files):
        """As systemd does it: descriptor 3, and the variables that say so."""
        script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" --config "$1" 3<&%d' % listener.fileno()
        return subprocess.Popen(["sh", "-c", script, DAEMON, files.config], stdin=subprocess.DEVNULL,
                                stderr=files.log_file, pass_fds=[listener.fileno()])


class Refused(unittest.TestCase):
    BAD = (
        ("workers: 2", "workers: [", "keyferry.yaml:"),
        ("workers: 2", "workers: 65", "keyferry.yaml:9: workers is 65; it must be 1 to 64"),
        ("workers: 2", "worker: 2", "keyferry.yaml:9: there is no key worker"),
        ("workers: 2", "workers: two", "keyferry.yaml:9: workers must be a whole number"),
        ("workers: 2", "access: {group: no-such-group}", "keyferry.yaml:9: access.group is \"no-such-group\""),
        ("workers: 2", "workers: 3\naudit: {}", "audit is given twice"),
    )
    FIXED = (
        ("/socket}", "/other}", "keyferry.yaml:2: socket.path cannot change while the daemon runs, because clients"),
        ("/nonexistent", "/elsewhere", "keyferry.yaml:4: token.module cannot change"),
        ("token=none", "token=other", "keyferry.yaml:5: token.uri cannot change"),
        ("[\"FAKE_DIR", "[A=1, \"FAKE_DIR", "keyferry.yaml:7: token.environment cannot change"),
        ("audit.jsonl", "other.jsonl", "keyferry.yaml:8: audit.path cannot change"),
    )

    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())
        cls.daemon.wait_state("ready")

    def refused(self, daemon, words):
        """Nothing has changed but for what is said about it."""
        before, status = daemon.children(), daemon.status()
        self.assertEqual(daemon.reload(), REFUSED)
        wait_until(lambda: words in daemon.status().get("reload_failure", ""), 5, "the status has " + words)
        self.assertRegex(daemon.read("log"), "error: The configuration stays as it was.*" + words.split("[")[0])
        after = daemon.status()
        self.assertEqual(after["configuration_timestamp"], status["configuration_timestamp"])
        self.assertEqual((after["state"], after["workers"]), (status["state"], status["workers"]))
        self.assertEqual(daemon.children(), before)

    def test_bad_files(self):
        good = self.daemon.read("keyferry.yaml")
        for old, new, words in (*self.BAD, *self.FIXED):
            with self.subTest(words):
                # What would change with it does not change either.
                self.daemon.change("job-timeout: 10000", "job-timeout: 200")
                self.daemon.change(old, new)
                try:
                    self.refused(self.daemon, words)
                    with self.daemon.connect() as connection:
                        self.assertEqual(connection.call("sleep 300")["status"], OK)
                finally:
                    self.daemon.change(self.daemon.read("keyferry.yaml"), good)
        self.assertEqual(self.daemon.reload(), SAME)
        wait_until(lambda: "reload_failure" not in self.daemon.status(), 5, "it is forgotten")

    def test_no_file(self):
        os.rename(self.daemon.config, self.daemon.path("away"))
        try:
            self.refused(self.daemon, "keyferry.yaml: cannot be read: No such file")
        finally:
            os.rename(self.daemon.path("away"), self.daemon.config)

    def test_a_file_without_an_end(self):
        os.rename(self.daemon.config, self.daemon.path("away"))
        os.symlink("/dev/zero", self.daemon.config)
        try:
            self.refused(self.daemon, "keyferry.yaml: is longer than")
        finally:
            os.rename(self.daemon.path("away"), self.daemon.config)


class Taken(unittest.TestCase):
    def test_deadlines(self):
        with Daemon(workers=1).wait_state("ready") as daemon, daemon.connect() as connection:
            connection.send(request(1, "sleep 1500"))
            daemon.wait_jobs(1)
            daemon.change("job-timeout: 10000", "job-timeout: 300")
            self.assertEqual(daemon.reload(), TAKEN)
            connection.send(request(2, "sleep 1000"))
            answers = {answer["id"]: answer["status"] for answer in (connection.answer(), connection.answer())}
            # The first ends under what it began under.
            self.assertEqual(answers, {1: OK, 2: UNAVAILABLE})

    def test_limits(self):
        with Daemon(workers=1).wait_state("ready") as daemon, daemon.connect() as connection:
            big = "x" * 8000
            self.assertEqual(connection.call(big)["status"], OK)
            others = [self.enterContext(daemon.connect()) for _ in range(3)]
            self.assertEqual([other.call("a")["status"] for other in others], [OK] * 3)
            daemon.change("socket: {", "socket: {max-frame: 4096, ")
            daemon.change("limits: {", "limits: {connections: 3, ")
            self.assertEqual(daemon.reload(), TAKEN)
            self.assertEqual(others[0].call("a")["status"], OK)  # who is there stays
            with daemon.connect() as late:
                self.assertEqual(late.answer()["status"], THROTTLED)
            answer = connection.call(big)
            self.assertEqual(answer["status"], VALIDATION)
            self.assertIn("longer than 4096 bytes", answer["message"])

    def test_log_level(self):
        with Daemon(workers=1, more="log: {level: info}\n").wait_state("ready") as daemon:
            daemon.change("level: info", "level: error")
            self.assertEqual(daemon.reload(), TAKEN)
            settled(daemon, 1)
            said = daemon.read("log")
            daemon.kill("worker 0")
            wait_until(lambda: len(daemon.logins()) == 4, 20, "another worker")
            daemon.wait_state("ready")
            said = daemon.read("log")[len(said):]
            self.assertIn("error: Worker 0: ", said)
            self.assertNotIn("info:", said)

    def test_it_is_told_when(self):
        with Daemon(workers=1).wait_state("ready") as daemon:
            before = daemon.status()["configuration_timestamp"]
            self.assertLess(abs(before / 1000 - time.time()), 60)
            self.assertEqual(daemon.reload(), SAME)
            wait_until(lambda: daemon.status()["configuration_timestamp"] > before, 5, "a later time")

    def test_systemd_is_told(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = os.path.join(folder, "notify")
            notify.bind(path)
            notify.settimeout(10)
            with Daemon(variables={"NOTIFY_SOCKET": path}) as daemon:
                self.read_until(notify, "STATUS=Ready")
                for old, new, status in (("workers: 2", "workers: 1", "STATUS="),
                                         ("workers: 1", "workers: 0", "changed nothing: "),
                                         ("workers: 0", "workers: 1", "STATUS=Ready: 1 of 1 workers. \0")):
                    daemon.change(old, new)
                    began = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
                    daemon.process.send_signal(signal.SIGHUP)
                    lines = self.read_until(notify, "RELOADING=1").splitlines()
                    self.assertEqual(lines[0], "RELOADING=1")
                    self.assertGreaterEqual(int(lines[1].rstrip("\0").removeprefix("MONOTONIC_USEC=")), int(began))
                    self.read_until(notify, "READY=1")
                    self.read_until(notify, status)

    def read_until(self, notify, text):
        while True:
            data = notify.recv(4096).decode() + "\0"
            if text in data:
                return data


class Pin(unittest.TestCase):
    def test_another_file(self):
        with Daemon(workers=1).wait_state("ready") as daemon, Traffic(daemon) as traffic:
            with open(daemon.path("pin2"), "w", encoding="ascii") as file:
                file.write("right\n")
            daemon.change(daemon.path("pin"), daemon.path("pin2"))
            self.assertEqual(daemon.reload(), TAKEN)
            settled(daemon, 1)
        self.assertEqual({answer["status"] for answer in traffic.answers}, {OK})

    def test_a_file_that_has_changed(self):
        with Daemon(workers=2).wait_state("ready") as daemon:
            daemon.set_pin("right too")
            self.assertEqual(daemon.reload(), TAKEN)
            settled(daemon, 2)
            self.assertEqual(daemon.logins()[2], "worker 64")
            self.assertEqual(sorted(daemon.logins()[3:]), ["worker 0", "worker 1"])
            self.assertEqual(daemon.reload(), SAME)

    def test_a_wrong_one_changes_nothing(self):
        with Daemon(workers=2).wait_state("ready") as daemon, Traffic(daemon) as traffic:
            before = daemon.children()
            daemon.set_pin("wrong")
            daemon.change("workers: 2", "workers: 3")
            self.assertEqual(daemon.reload(), REFUSED)
            self.assertIn("The PIN is wrong", wait_until(lambda: daemon.status().get("reload_failure"), 5, "why"))
            self.assertEqual(daemon.reload(), REFUSED)
            self.assertEqual(daemon.children(), before)
            self.assertEqual(len(daemon.logins()), 3)  # it was presented once
            daemon.set_pin("right")
            self.assertEqual(daemon.reload(), TAKEN)
            settled(daemon, 3)
        self.assertEqual({answer["status"] for answer in traffic.answers}, {OK})

    def test_one_that_takes_too_long(self):
        with Daemon(workers=1, start_timeout=700).wait_state("ready") as daemon, Traffic(daemon) as traffic:
            daemon.set_pin("slow")
            self.assertEqual(daemon.reload(), REFUSED)
            self.assertEqual(daemon.status()["state"], "ready")
        self.assertEqual({answer["status"] for answer in traffic.answers}, {OK})

    def test_a_daemon_that_is_down_comes_up(self):
        with Daemon(pin="wrong").wait_state("down") as daemon:
            wait_until(lambda: "PIN" in daemon.reason(), 20, "the reason")
            with open(daemon.path("pin2"), "w", encoding="ascii") as file:
                file.write("right\n")
            daemon.change(daemon.path("pin"), daemon.path("pin2"))
            self.assertEqual(daemon.reload(), TAKEN)
            daemon.wait_state("ready")
            self.assertEqual(len(daemon.logins()), 3)

    def test_a_token_that_did_not_fit_is_tried_at_once(self):
        with Daemon(pin="config").wait_state("down") as daemon:
            wait_until(lambda: "No token matches" in daemon.reason(), 20, "the reason")
            daemon.set_pin("right")
            daemon.change("workers: 2", "workers: 1")
            self.assertEqual(daemon.reload(), TAKEN)
            daemon.wait_state("ready")


class Interrupted(unittest.TestCase):
    def trial(self, daemon):
        """A reload whose first worker does not come to an end."""
        daemon.set_pin("slow")
        daemon.change("workers: 1", "workers: 2")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "worker 64" in daemon.logins(), 20, "the bridge logs in")

    def test_the_front_dies(self):
        with Daemon(workers=1).wait_state("ready") as daemon:
            self.trial(daemon)
            daemon.set_pin("right")
            daemon.kill("front")
            settled(daemon, 2)
            self.assertEqual(daemon.reloads(), [TAKEN])
            with daemon.connect() as connection:
                self.assertEqual(connection.call()["status"], OK)

    def test_the_daemon_is_told_to_end(self):
        with Daemon(workers=1).wait_state("ready") as daemon, daemon.connect() as connection:
            self.trial(daemon)
            self.assertEqual(connection.call("hello")["status"], OK)
            daemon.process.terminate()
            self.assertEqual(daemon.process.wait(20), 0)

    def test_it_is_asked_for_again(self):
        with Daemon(workers=1, start_timeout=1500).wait_state("ready") as daemon:
            self.trial(daemon)
            daemon.set_pin("right")
            daemon.change("workers: 2", "workers: 3")
            daemon.process.send_signal(signal.SIGHUP)
            settled(daemon, 3)
            self.assertEqual(daemon.reloads(), [REFUSED, TAKEN])

    def test_who_serves_dies_while_the_bridge_hangs(self):
        """The places are taken again at once, not when the bridge's time is over."""
        with Daemon(workers=1, start_timeout=60000).wait_state("ready") as daemon:
            daemon.set_pin("slow")
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "worker 64" in daemon.logins(), 20, "the bridge logs in")
            daemon.set_pin("right")
            daemon.kill("worker 0")
            wait_until(lambda: daemon.reloads() == [REFUSED], 20, "the end of the reload")
            daemon.wait_state("ready")
            self.assertIn("All workers ended before the new configuration was proven", daemon.read("log"))

    def test_the_bridge_dies(self):
        with Daemon(workers=1).wait_state("ready") as daemon:
            self.trial(daemon)
            daemon.kill("worker 64")
            wait_until(lambda: daemon.reloads() == [REFUSED], 20, "the end of the reload")
            self.assertIn("ended unexpectedly (signal 9)", daemon.read("log"))
            self.assertEqual(daemon.status()["state"], "ready")


@unittest.skipIf(os.geteuid() != 0, "needs root, to be somebody else")
class Access(unittest.TestCase):
    def setUp(self):
        self.group = next(each for each in grp.getgrall() if each.gr_gid not in (0, NOBODY))
        self.daemon = self.enterContext(Daemon(more="access: {group: %s}\n" % self.group.gr_name))
        self.daemon.wait_state("ready")

    def member(self, program):
        """A process of user nobody in the group, that has a connection; it obeys line by line."""
        # Everything is imported before the user changes, in case the tree is not everybody's.
        start = ("import os, sys; sys.path.insert(0, %r); import plumbing; os.setgroups([%d]); os.setgid(%d); "
                 "os.setuid(%d); c = plumbing.Connection(%r)\n"
                 % (HERE, self.group.gr_gid, NOBODY, NOBODY, self.daemon.path("socket")))
        return self.enterContext(subprocess.Popen([sys.executable, "-c", start + program], stdin=subprocess.PIPE,
                                                  stdout=subprocess.PIPE, text=True))

    def narrow(self):
        self.daemon.change("access: {group: %s}" % self.group.gr_name, "")
        self.assertEqual(self.daemon.reload(), TAKEN)

    def test_an_open_connection_is_judged_anew(self):
        client = self.member("for line in sys.stdin: print(c.call()['status'], flush=True)")

        def ask():
            client.stdin.write("\n")
            client.stdin.flush()
            return int(client.stdout.readline())

        self.assertEqual(ask(), OK)
        before = self.daemon.children()
        self.narrow()
        self.assertEqual(ask(), DENIED)
        self.daemon.change("workers: 2", "workers: 2\naccess: {group: %s}" % self.group.gr_name)
        self.assertEqual(self.daemon.reload(), TAKEN)
        self.assertEqual(ask(), OK)
        self.assertEqual(self.daemon.children(), before)
        with contextlib.suppress(BrokenPipeError):
            client.stdin.close()

    def test_what_waits_is_judged_anew(self):
        """A worker that has done nothing has two, the third waits for its turn, the others are not looked at yet."""
        total, given = 40, 2
        self.daemon.change("workers: 2", "workers: 1")
        self.assertEqual(self.daemon.reload(), TAKEN)
        settled(self.daemon, 1)
        client = self.member("c.send(b''.join(plumbing.request(n, 'sleep %%d' %% (n == 1 and 1000)) "
                             "for n in range(1, %d)))\n"
                             "for _ in range(1, %d): a = c.answer(); print(a['id'], a['status'], flush=True)\n"
                             % (total + 1, total + 1))
        self.daemon.wait_jobs(given)
        self.narrow()
        answers = dict(map(int, line.split()) for line in client.stdout)
        wanted = {number: OK if number <= given else DENIED for number in range(1, total + 1)}
        self.assertEqual(answers, wanted)


if __name__ == "__main__":
    main()
