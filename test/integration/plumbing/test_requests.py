#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What clients may send, and what becomes of it: frames, limits, fairness, who may do what."""
import contextlib
import grp
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from plumbing import DENIED, HERE, OK, THROTTLED, VALIDATION, Daemon, main, request, wait_until, wire

NOBODY = 65534


class Shared(unittest.TestCase):
    """Tests that leave the daemon as they found it."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon(limits="connections: 20, jobs-per-connection: 50"))
        cls.daemon.wait_state("ready")

    def last_record(self):
        return self.daemon.audit()[-1]

    def test_a_bad_frame_ends_its_connection_alone(self):
        good = self.enterContext(self.daemon.connect())
        cases = {
            "http": b"GET / HTTP/1.1\r\n\r\n",
            "over-long": struct.pack(">I", 65537) + b"x",
            "empty": struct.pack(">I", 0) + b"",
            "not a message": wire.frame(b"\xff" * 40),
            "trailing": wire.frame(request(1)[4:] + b"\0"),
            "twice": wire.frame(wire.CODEC.encode("Request", {"id": 1}) * 2),
            "body as a number": wire.frame(wire.CODEC.encode("Request", {"id": 1, "operation": 10}) + b"\x18\x07"),
            "unknown member": wire.frame(request(1)[4:] + b"\x78\x01"),
            "no id": wire.frame(wire.CODEC.encode("Request", {"operation": wire.OPERATIONS["STATUS"]})),
            "id 0": wire.frame(b"\x08\x00" + wire.CODEC.encode("Request", {"operation": 1})),
        }
        for name, data in cases.items():
            with self.subTest(name), self.daemon.connect() as bad:
                bad.send(data)
                answer = bad.answer()
                self.assertEqual(answer["status"], VALIDATION)
                self.assertIsNone(bad.answer())
                self.assertEqual(self.last_record()["result"], "ValidationException")
            self.assertEqual(good.call("hello")["status"], OK)

    def test_the_id_is_named_where_it_is_known(self):
        with self.daemon.connect() as bad:
            bad.send(wire.frame(wire.CODEC.encode("Request", {"id": 77}) + b"\x78\x01"))
            self.assertEqual(bad.answer()["id"], 77)

    def test_what_came_before_garbage_is_answered(self):
        with self.daemon.connect() as bad:
            bad.send(request(1, "sleep 100") + request(2, "hello") + b"\xff" * 100)
            answers = {answer["id"]: answer["status"] for answer in (bad.answer() for _ in range(3))}
            self.assertEqual(answers, {0: VALIDATION, 1: OK, 2: OK})
            self.assertIsNone(bad.answer())

    def test_half_a_frame(self):
        with self.daemon.connect() as bad:
            bad.send(request(1, "first") + request(2)[:-2])
            bad.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(bad.answer()["id"], 1)
            self.assertIsNone(bad.answer())

    def test_a_byte_at_a_time(self):
        with self.daemon.connect() as slow:
            for byte in request(5, "slow"):
                slow.send(bytes([byte]))
                time.sleep(0.002)
            self.assertEqual(slow.answer()["id"], 5)

    def test_who_has_said_all_still_gets_all(self):
        with self.daemon.connect() as done:
            done.send(b"".join(request(number, "sleep 1") for number in range(1, 1001)))
            done.socket.shutdown(socket.SHUT_WR)
            answers = []
            while (answer := done.answer()) is not None:
                answers.append(answer["id"])
            self.assertEqual(sorted(answers), list(range(1, 1001)))

    def test_who_is_gone_is_forgotten(self):
        with self.daemon.connect() as gone:
            gone.send(b"".join(request(number, "sleep 51") for number in range(1, 101)))
            wait_until(lambda: self.daemon.status().get("jobs", 0) > 0, 20, "its first jobs")
        wait_until(lambda: "jobs" not in self.daemon.status(), 20, "its jobs are over")
        self.assertLess(self.done("sleep 51"), 100)
        self.wait_alone()

    def done(self, command):
        """How many of these are on record."""
        return sum(line.get("command") == command for line in self.daemon.audit())

    def wait_alone(self):
        """Until the connections of others, of tests before this one too, are closed."""
        def alone():
            with contextlib.suppress(ConnectionError, KeyError, ValueError, AssertionError):
                return self.daemon.status()["connections"] == 1
            return False
        wait_until(alone, 20, "no other connection is left")

    def test_a_large_request_and_answer(self):
        with self.daemon.connect() as connection:
            self.assertEqual(connection.call(b"x" * 65000)["status"], OK)
            answer = connection.call("big 9999")
            self.assertIn(b"A" * 9999, answer["body"])

    def test_unknown_operations(self):
        with self.daemon.connect() as connection:
            for number in (0, 99, 4711, 1 << 31):
                answer = connection.call("", number)
                self.assertEqual(answer["status"], VALIDATION)
            self.assertEqual(connection.call("still here")["status"], OK)

    def test_one_user_cannot_take_all_places(self):
        self.wait_alone()
        with contextlib.ExitStack() as stack:
            for _ in range(15):
                stack.enter_context(self.daemon.connect()).status()
            extra = stack.enter_context(self.daemon.connect())
            answer = extra.answer()
            self.assertEqual((answer["id"], answer["status"]), (0, THROTTLED))
            self.assertIn("This user", answer["message"])
            self.assertIsNone(extra.answer())
            # The one refusal that does not wait for its record: nobody has to be kept for it.
            wait_until(lambda: self.last_record().get("result") == "ThrottlingException", 20, "its record")
            if os.geteuid() == 0:
                self.fill_as_nobody(5)
        self.wait_alone()  # there is room again

    def fill_as_nobody(self, count):
        """Another user finds these places, and then the daemon is full."""
        program = ("import os, sys; sys.path.insert(0, %r); import plumbing; os.setgid(%d); os.setuid(%d); "
                   "c = [plumbing.Connection(%r) for _ in range(%d)]; "
                   "print([a.call('', 'STATUS')['status'] for a in c[:-1]], c[-1].answer()['message'])"
                   % (HERE, NOBODY, NOBODY, self.daemon.path("socket"), count + 1))
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "%s Too many connections are open (limits.connections); try again later.\n"
                         % ([DENIED] * count))

    def test_who_reads_nothing_is_read_no_further(self):
        total = 3000
        with self.daemon.connect() as deaf:
            deaf.socket.settimeout(0.5)
            requests = b"".join(request(number, "big 9000" + " " * 200) for number in range(1, total + 1))
            sent = 0
            with contextlib.suppress(socket.timeout):
                while sent < len(requests):
                    sent += deaf.socket.send(requests[sent:sent + 4096])
            self.assertLess(sent, len(requests))
            memory = resident(self.daemon.children()["front"])
            self.assertLess(memory, 64 << 20)
            deaf.socket.settimeout(30)
            reader = threading.Thread(target=lambda: deaf.send(requests[sent:]))
            reader.start()
            self.assertEqual(sorted(deaf.answer()["id"] for _ in range(total)), list(range(1, total + 1)))
            reader.join()

    def test_one_client_cannot_keep_others_waiting(self):
        with self.daemon.connect() as greedy, self.daemon.connect() as modest:
            greedy.send(b"".join(request(number, "sleep 11") for number in range(1, 301)))
            wait_until(lambda: self.daemon.status().get("jobs", 0) > 2, 20, "the greedy client's first jobs")
            for _ in range(3):
                self.assertEqual(modest.call("hello")["status"], OK)
            self.assertLess(self.done("sleep 11"), 250)
            self.assertEqual(len({greedy.answer()["id"] for _ in range(300)}), 300)

    def test_both_workers_work(self):
        with self.daemon.connect() as connection:
            connection.send(b"".join(request(number, "sleep 5") for number in range(1, 41)))
            words = [connection.answer()["message"].split(":")[0] for _ in range(40)]
            self.assertGreater(words.count("worker 0"), 10)
            self.assertGreater(words.count("worker 1"), 10)

    def test_a_status_request_says_nothing(self):
        for body in (b"\x08\x01", b"\x0a\x01a", b"\xff"):
            with self.subTest(body), self.daemon.connect() as connection:
                answer = connection.call(body, "STATUS")
                self.assertEqual(answer["status"], VALIDATION, answer)
                self.assertIn("ready", connection.status()["state"])

    def test_status(self):
        with self.daemon.connect() as connection:
            connection.send(request(1, "sleep 1000"))
            status = connection.status()
            self.assertEqual((status["state"], status["workers"], status["workers_ready"], status["jobs"]),
                             ("ready", 2, 2, 1))
            self.assertEqual(connection.answer()["id"], 1)


class Output(unittest.TestCase):
    def test_what_is_under_way_counts_as_unread(self):
        with Daemon(limits="output-per-connection: 65536").wait_state("ready") as daemon, \
                daemon.connect() as deaf, daemon.connect() as watcher:
            deaf.send(b"".join(request(number, "sleep 100") for number in range(1, 41)))
            most = 0
            while (jobs := watcher.status().get("jobs", 0)) > 0 or most == 0:
                most = max(most, jobs)
            self.assertLessEqual(most, 6)  # of 11 KB each
            self.assertEqual(sorted(deaf.answer()["id"] for _ in range(40)), list(range(1, 41)))


def resident(pid):
    with open("/proc/%d/statm" % pid, encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@unittest.skipIf(os.geteuid() != 0, "needs root, to become somebody else")
class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.group = next(each for each in grp.getgrall() if each.gr_gid not in (0, NOBODY))
        cls.daemon = cls.enterClassContext(Daemon(more="access: {group: %s}\n" % cls.group.gr_name))
        cls.daemon.wait_state("ready")

    def ask(self, operation, *groups):
        """As user nobody with these supplementary groups: the answer's status and message."""
        # Everything is imported before the user changes, in case the tree is not everybody's.
        program = ("import os, sys; sys.path.insert(0, %r); import plumbing; "
                   "os.setgroups(%r); os.setgid(%d); os.setuid(%d); "
                   "a = plumbing.Connection(%r).call('', %r); print(a['status'], a['message'])"
                   % (HERE, list(groups), NOBODY, NOBODY, self.daemon.path("socket"), operation))
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        status, _, message = done.stdout.partition(" ")
        return int(status), message

    def test_a_stranger(self):
        for operation in ("EXPORT_KEY", "GET_KEY", "STATUS", "CREATE_KEY"):
            status, message = self.ask(operation)
            self.assertEqual(status, DENIED)
            self.assertIn("65534", message)
        record = self.daemon.audit()[-1]
        self.assertEqual((record["peer"]["uid"], record["operation"], record["result"], record["by"]),
                         (NOBODY, "CreateKey", "AccessDeniedException", "front"))

    def test_a_member(self):
        for operation, wanted in (("EXPORT_KEY", OK), ("LIST_KEYS", OK), ("TOKEN", OK), ("STATUS", OK),
                                  ("CREATE_KEY", DENIED), ("DELETE_KEY", DENIED), ("UPDATE_ALIAS", DENIED),
                                  ("ADOPT_KEY", DENIED)):
            with self.subTest(operation):
                self.assertEqual(self.ask(operation, self.group.gr_gid)[0], wanted)

    def test_root(self):
        with self.daemon.connect() as connection:
            self.assertEqual(connection.call("", "CREATE_KEY")["status"], OK)


if __name__ == "__main__":
    main()
