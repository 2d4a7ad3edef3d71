#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many clients, slow ones, greedy ones and a flood: who gets which answer after how many others, what is refused, and
that memory stays within bounds and is given back. Order and counts decide, never a time. KEYFERRY_TEST_GREEDY (2000) is
how many exports the greedy client pipelines, KEYFERRY_TEST_CROWD (200) how many connections are idle, and
KEYFERRY_TEST_DEAF (50) how many clients do not read."""
import contextlib
import multiprocessing
import os
import re
import signal
import socket
import threading
import unittest

import harness
import test_access
import wire

GREEDY = int(os.environ.get("KEYFERRY_TEST_GREEDY", "2000"))
CROWD = int(os.environ.get("KEYFERRY_TEST_CROWD", "200"))
DEAF = int(os.environ.get("KEYFERRY_TEST_DEAF", "50"))
SANITIZED = os.environ.get("SANITIZED") == "yes"
THROTTLED = "ThrottlingException"
NOBODY = test_access.NOBODY
# Jobs that a worker is given ahead at most (daemon/front/scheduler.h), and what was read of its channel already.
AHEAD = 2 * 16
# Bytes that a client costs the front beside what limits.output bounds: what was read of it, half a frame at most.
OF_EACH = 192 * 1024


def proportional(pid):
    """Bytes of memory that a process has for itself, as the kernel counts them."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        return 1024 * int(re.search(r"^Pss:\s+(\d+)", file.read(), re.MULTILINE).group(1))


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


class LoadCase(harness.TokenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox.wait_ready()
        cls.front = cls.sandbox.processes()["front"][0]
        cls.kek = cls.sandbox.create(harness.kek_attributes("AES_128"))
        cls.key = cls.sandbox.create(harness.bdk_attributes())
        cls.request = harness.tr31_request(cls.key, cls.kek)

    def crowd(self, stack, count):
        return [stack.enter_context(self.sandbox.connect(timeout=30)) for _ in range(count)]

    @contextlib.contextmanager
    def workers_stopped(self):
        """Meanwhile nothing is done, and everything that comes is queued; short, or the deadline ends them."""
        pids = self.sandbox.processes()["worker"]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def wait_read(self, connections):
        """Until the front has read what these sent, as far as it reads on."""
        for connection in connections:
            connection.call("STATUS")

    def wait_alone(self):
        harness.wait_until(
            lambda: self.sandbox.status()["connections"] == 1, 30, "no other connection is left"
        )


def exports_after(sandbox, seq, of):
    """The places that the exports of(record) have in the audit log among all exports after this line."""
    exports = [
        record
        for record in sandbox.audit()
        if record["seq"] > seq and record.get("operation") == "ExportKey"
    ]
    return [place for place, record in enumerate(exports) if of(record)], len(exports)


class Shares(LoadCase):
    """One worker, so that the audit log's order is the order in which jobs began."""

    options = {"workers": 1}

    @classmethod
    def setUpClass(cls):
        cls.group = test_access.some_group()
        cls.options = {"workers": 1, "config": "access:\n  group: %s\n" % cls.group.gr_name}
        super().setUpClass()
        os.chmod(os.path.dirname(cls.sandbox.socket), 0o711)
        os.chmod(cls.sandbox.socket, 0o666)

    def greedy(self, connection, count):
        """Pipelines so many exports and reads the answers, in a thread; all are there when it has ended."""

        def pipeline():
            for _, reply in connection.pipeline("EXPORT_KEY", self.request, count, window=200):
                self.assertNotIsInstance(reply, wire.Refused)

        connection.socket.settimeout(120)
        return threading.Thread(target=pipeline)

    def started(self, *threads):
        for thread in threads:
            thread.start()
            self.addCleanup(thread.join)
        # More than workers are given: the greedy client's jobs wait for their turn.
        harness.wait_until(lambda: self.sandbox.status().get("jobs", 0) > 0, 20, "its jobs wait")

    def test_single_exports_beside_one_that_pipelines(self):
        """Those that come when thousands wait already are answered among the first."""
        modest = 10
        before = self.sandbox.audit()[-1]["seq"]
        with contextlib.ExitStack() as stack:
            greedy, *others = self.crowd(stack, 1 + modest)
            with self.workers_stopped():
                thread = self.greedy(greedy, GREEDY)
                self.started(thread)
                for other in others:
                    other.last = 1000000
                    other.send("EXPORT_KEY", self.request)
                self.wait_read(self.crowd(stack, 1))
            for other in others:
                self.assertNotIsInstance(other.receive()[1], wire.Refused)
            thread.join()
        places, total = exports_after(self.sandbox, before, lambda record: record["id"] > 1000000)
        self.assertEqual((len(places), total), (modest, GREEDY + modest))
        # With each turn of theirs the greedy client has one.
        self.assertLess(places[-1], AHEAD + 2 * modest)

    @unittest.skipUnless(test_access.usable(), "only root can try this as other users")
    def test_many_connections_are_no_larger_share(self):
        """A user with thirty connections and one with one get the same."""
        modest, connections = 10, 30
        before = self.sandbox.audit()[-1]["seq"]
        ready, done = multiprocessing.Event(), multiprocessing.Queue()

        def member():
            os.setgroups([self.group.gr_gid])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with self.sandbox.connect(timeout=30) as connection:
                for _ in range(modest):
                    connection.send("EXPORT_KEY", self.request)
                connection.send("STATUS", {})
                answers = [connection.receive()]
                ready.set()
                answers += [connection.receive() for _ in range(modest)]
            done.put([isinstance(reply, wire.Refused) for _, reply in answers])

        with contextlib.ExitStack() as stack:
            crowd = self.crowd(stack, connections)
            child = multiprocessing.Process(target=member)
            with self.workers_stopped():
                for connection in crowd:
                    for _ in range(modest):
                        connection.send("EXPORT_KEY", self.request)
                self.wait_read(self.crowd(stack, 1))
                child.start()
                self.addCleanup(child.join)
                # Its status waits for the job that has no turn yet; half a second is more than it needs to send.
                ready.wait(0.5)
            self.assertEqual(done.get(timeout=30), [False] * (modest + 1))
            for connection in crowd:
                for _ in range(modest):
                    self.assertNotIsInstance(connection.receive()[1], wire.Refused)
        places, total = exports_after(
            self.sandbox, before, lambda record: record["peer"]["uid"] == NOBODY
        )
        self.assertEqual((len(places), total), (modest, modest * (connections + 1)))
        self.assertLess(places[-1], AHEAD + 2 * modest)

    def test_a_flood_of_refusals(self):
        """Forty clients whose every request is refused do not keep one from being served; nor each other."""
        enough = threading.Event()
        request = wire.frame(wire.encode("Request", {"id": 7, "operation": 4711}))
        answered = [0] * 40

        def flood(part):
            with contextlib.ExitStack() as stack:
                crowd = [(each, stack.enter_context(self.sandbox.connect())) for each in part]
                for _, connection in crowd:
                    connection.socket.setblocking(False)
                while not enough.is_set():
                    for each, connection in crowd:
                        with contextlib.suppress(BlockingIOError):
                            connection.socket.send(200 * request)
                        with contextlib.suppress(BlockingIOError):
                            answered[each] += len(connection.socket.recv(1 << 20))

        threads = [threading.Thread(target=flood, args=(range(i, 40, 4),)) for i in range(4)]
        with self.sandbox.connect(timeout=20) as good:
            for thread in threads:
                thread.start()
            try:
                harness.wait_until(lambda: sum(answered) > 1 << 18, 20, "the flood")
                for _ in range(5):
                    good.call("EXPORT_KEY", self.request)
                harness.wait_until(lambda: min(answered) > 0, 20, "all of them are answered")
            finally:
                enough.set()
                for thread in threads:
                    thread.join()
        self.wait_alone()


class Limits(LoadCase):
    options = {
        "workers": 1,
        "config": "limits:\n  connections: 16\n  jobs-per-connection: 4\n  jobs: 6\n  stall-timeout: 1500\n",
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.chmod(os.path.dirname(cls.sandbox.socket), 0o711)
        os.chmod(cls.sandbox.socket, 0o666)

    def turned_away(self, connection):
        number, reply = connection.receive()
        self.assertEqual((number, reply.name), (0, THROTTLED))
        with self.assertRaises(wire.Closed):
            connection.receive()
        return reply.text

    def test_connections(self):
        self.wait_alone()
        before = descriptors(self.front)
        with contextlib.ExitStack() as stack:
            kept = self.crowd(stack, 12)
            self.wait_read(kept)
            for extra in self.crowd(stack, 20):
                self.assertIn("three quarters", self.turned_away(extra))
            for connection in kept:
                connection.call("EXPORT_KEY", self.request)
        self.wait_alone()
        self.sandbox.export(self.key, self.kek)
        harness.wait_until(lambda: descriptors(self.front) <= before, 20, "no descriptor is left")

    @unittest.skipUnless(test_access.usable(), "only root can try this as other users")
    def test_strangers_share_a_quarter(self):
        """Two users who may do nothing have four places together, and others still find theirs."""
        self.wait_alone()
        go, answers = multiprocessing.Event(), multiprocessing.Queue()

        def stranger(uid, count):
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            with contextlib.ExitStack() as stack:
                connections = [stack.enter_context(self.sandbox.connect()) for _ in range(count)]
                for connection in connections:
                    with contextlib.suppress(BrokenPipeError):
                        connection.send("STATUS", {})
                answers.put([connection.receive()[1].name for connection in connections])
                go.wait(30)

        children = []
        for uid, count in ((NOBODY, 3), (NOBODY - 1, 3)):
            children.append(multiprocessing.Process(target=stranger, args=(uid, count)))
            children[-1].start()
            self.addCleanup(children[-1].join)
            self.addCleanup(go.set)
            allowed = answers.get(timeout=20).count("AccessDeniedException")
            self.assertEqual(allowed, 3 if uid == NOBODY else 1)
        with contextlib.ExitStack() as stack:
            for connection in self.crowd(stack, 8):
                connection.call("EXPORT_KEY", self.request)
        go.set()
        for child in children:
            child.join()
        self.wait_alone()

    def test_jobs(self):
        """Of a connection and of all; what is more waits, and is answered."""
        with contextlib.ExitStack() as stack:
            crowd = self.crowd(stack, 3)
            watcher = self.crowd(stack, 1)[0]
            most = 0
            for connections, limit in ((crowd[:1], 4), (crowd, 6)):
                for connection in connections:
                    for _ in range(40):
                        connection.send("EXPORT_KEY", self.request)
                for connection in connections:
                    for _ in range(40):
                        most = max(most, watcher.call("STATUS").get("jobs", 0))
                        self.assertNotIsInstance(connection.receive()[1], wire.Refused)
                self.assertLessEqual(most, limit)
            self.assertGreater(most, 1)

    def test_who_stalls_is_disconnected(self):
        with contextlib.ExitStack() as stack:
            half, dribbling, deaf, idle, used = self.crowd(stack, 5)
            request = wire.request_frame(1, "EXPORT_KEY", self.request)
            half.socket.sendall(request[:-1])
            used.call("EXPORT_KEY", self.request)
            sent = fill(deaf, 1 << 20)
            self.assertLess(sent, 1 << 20)
            dribbling.socket.settimeout(0.2)
            for place in range(len(request)):  # a byte at a time does not help
                dribbling.socket.sendall(request[place : place + 1])
                with contextlib.suppress(socket.timeout):
                    dribbling.received += dribbling.socket.recv(1 << 16)
                    break
            dribbling.socket.settimeout(30)
            for connection in (half, dribbling):
                self.assertIn("limits.stall-timeout", self.turned_away(connection))
            harness.wait_until(
                lambda: "read none of its answers" in self.sandbox.log(), 20, "the deaf one is gone"
            )
            with self.assertRaises((BrokenPipeError, ConnectionResetError)):
                for _ in range(1000):
                    deaf.socket.settimeout(5)
                    deaf.socket.sendall(request)
            idle.call("EXPORT_KEY", self.request)
            used.call("EXPORT_KEY", self.request)


def fill(connection, most, operation="STATUS", values=None):
    """Sends requests, reads nothing, until the daemon reads no further or this many bytes were sent; how many were."""
    requests = b"".join(wire.request_frame(number, operation, values or {}) for number in range(1, 401))
    connection.socket.settimeout(0.1)
    sent = 0
    with contextlib.suppress(socket.timeout):
        while sent < most:
            sent += connection.socket.send(requests[sent % len(requests) :])
    return sent


class Crowd(LoadCase):
    """Clients that do nothing, and ones that ask and do not read."""

    OUTPUT = 4 << 20
    options = {
        "config": "limits:\n  connections: %d\n  output: %d\n" % (2 * (CROWD + DEAF + 20), OUTPUT)
    }

    def test_memory_is_bounded_and_given_back(self):
        self.wait_alone()
        before, files = proportional(self.front), descriptors(self.front)
        most = 1 << 20
        with contextlib.ExitStack() as stack:
            self.crowd(stack, CROWD)
            deaf = self.crowd(stack, DEAF)
            exporting = DEAF // 5
            sent = [fill(one, most, "EXPORT_KEY", self.request) for one in deaf[:exporting]]
            sent += [fill(one, most) for one in deaf[exporting:]]
            self.assertLess(max(sent), most)  # nobody was read to the end
            with self.sandbox.connect(timeout=30) as good:
                for _ in range(20):
                    good.call("EXPORT_KEY", self.request)
            grown = proportional(self.front) - before
            print("front: %d kB, %+d kB beside %d idle and %d deaf clients"
                  % (before >> 10, grown >> 10, CROWD, DEAF), flush=True)
            if not SANITIZED:
                self.assertLess(grown, self.OUTPUT + DEAF * OF_EACH)
        self.wait_alone()
        harness.wait_until(lambda: descriptors(self.front) <= files, 20, "no descriptor is left")
        self.assertEqual(self.sandbox.processes()["front"], [self.front])
        self.sandbox.export(self.key, self.kek)


if __name__ == "__main__":
    harness.main()
