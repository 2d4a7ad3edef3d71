#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What dies, hangs or is told the wrong PIN: every request is answered exactly once, and recorded."""
import os
import resource
import signal
import threading
import time
import unittest

from plumbing import OK, UNAVAILABLE, Daemon, main, request, wait_until


class Workers(unittest.TestCase):
    def check_answers(self, daemon, answers, total):
        """Each answered once; each answer, refusals too, on record, and nothing else."""
        self.assertEqual(sorted(answer["id"] for answer in answers), list(range(1, total + 1)))
        recorded = {}
        for line in daemon.audit():
            if "operation" in line:
                self.assertNotIn(line["id"], recorded)
                recorded[line["id"]] = line["result"]
        for answer in answers:
            wanted = "OK" if answer["status"] == OK else "ServiceUnavailableException"
            self.assertEqual(recorded[answer["id"]], wanted)
            if answer["status"] != OK:
                self.assertEqual(answer["status"], UNAVAILABLE)
                self.assertIn("again", answer["message"])

    def test_kill_in_the_middle_of_a_thousand(self):
        total = 1000
        with Daemon(workers=2).wait_state("ready") as daemon, daemon.connect() as connection:
            sender = threading.Thread(target=connection.send, args=(
                b"".join(request(number, "sleep 3") for number in range(1, total + 1)),))
            sender.start()
            answers = []
            while len(answers) < total:
                answers.append(connection.answer())
                if len(answers) in (100, 300):
                    wait_until(lambda: "worker 0" in daemon.children(), 20, "worker 0 is there")
                    daemon.kill("worker 0")
            sender.join()
            self.check_answers(daemon, answers, total)
            lost = [answer for answer in answers if answer["status"] != OK]
            self.assertGreater(len(lost), 0)
            self.assertLessEqual(len(lost), 2 * 24)
            daemon.wait_state("ready")

    def test_the_only_worker_dies(self):
        total = 300
        with Daemon(workers=1).wait_state("ready") as daemon, daemon.connect() as connection:
            connection.send(b"".join(request(number, "sleep 1") for number in range(1, total + 1)))
            answers = [connection.answer() for _ in range(50)]
            daemon.kill("worker 0")
            answers += [connection.answer() for _ in range(total - 50)]
            self.check_answers(daemon, answers, total)
            daemon.wait_state("ready")
            self.assertEqual(connection.call("hello")["message"], "worker 0: hello")

    def test_a_crash_costs_one_worker(self):
        with Daemon(workers=2).wait_state("ready") as daemon, daemon.connect() as connection:
            self.assertEqual(connection.call("crash")["status"], UNAVAILABLE)
            self.assertEqual(connection.call("hello")["status"], OK)
            daemon.wait_state("ready")

    def test_a_process_left_behind_holds_nothing_up(self):
        with Daemon(workers=1).wait_state("ready") as daemon, daemon.connect() as connection:
            began = time.monotonic()
            self.assertEqual(connection.call("fork")["status"], UNAVAILABLE)
            self.assertLess(time.monotonic() - began, 15)  # what is left behind stays for 30 s

    def test_a_fault_of_the_module_is_answered_and_heals(self):
        with Daemon(workers=1).wait_state("ready") as daemon, daemon.connect() as connection:
            self.assertEqual(connection.call("module")["status"], OK)
            wait_until(lambda: len(daemon.logins()) == 2, 20, "a second worker")
            # The state may still be that of the first one.
            wait_until(lambda: connection.call("hello")["status"] == OK, 20, "an answer")

    def test_a_hang_is_ended_at_its_deadline(self):
        with Daemon(workers=2, job_timeout=400).wait_state("ready") as daemon, daemon.connect() as connection:
            began = time.monotonic()
            self.assertEqual(connection.call("hang")["status"], UNAVAILABLE)
            took = time.monotonic() - began
            self.assertGreater(took, 0.35)
            self.assertLess(took, 8)
            daemon.wait_state("ready")

    def test_an_endless_job_ends_its_worker(self):
        with Daemon(command=["true"]) as files:  # its files only
            files.process.wait()
            worker, channels = files.worker_alone()
            control, jobs, _ = (self.enterContext(each) for each in channels)
            self.addCleanup(worker.kill)
            control.settimeout(20)
            self.assertTrue(control.recv(4096))  # it is ready
            jobs.sendall(b"\xff\xff\xff\xff")
            self.assertEqual(worker.wait(20), 1)
            self.assertIn(b"a job that is too long", control.recv(4096))

    def test_keys_take_longer(self):
        limits = "key-generation-timeout: 10000"
        with Daemon(job_timeout=300, limits=limits).wait_state("ready") as daemon, daemon.connect() as connection:
            self.assertEqual(connection.call("sleep 1000", "CREATE_KEY")["status"], OK)
            self.assertEqual(connection.call("sleep 1000")["status"], UNAVAILABLE)

    def test_a_slow_start_is_ended(self):
        with Daemon(pin="slow", start_timeout=300) as daemon:
            daemon.wait_state("down")
            wait_until(lambda: len(daemon.logins()) >= 2, 20, "a second try")
            self.assertIn("does not get the token open", daemon.read("log"))


class Pin(unittest.TestCase):
    def test_a_wrong_pin_is_presented_once(self):
        with Daemon(pin="wrong", workers=4).wait_state("down") as daemon, daemon.connect() as connection:
            wait_until(lambda: "PIN" in daemon.reason(), 20, "the reason")
            time.sleep(3)
            self.assertEqual(daemon.logins(), ["worker 0"])
            answer = connection.call()
            self.assertEqual(answer["status"], UNAVAILABLE)
            self.assertIn("The PIN is wrong", answer["message"])
            daemon.set_pin("right")
            daemon.wait_state("ready")
            self.assertEqual(len(daemon.logins()), 5)

    def test_it_changes_while_the_daemon_runs(self):
        with Daemon(workers=4).wait_state("ready") as daemon:
            daemon.set_pin("wrong")
            time.sleep(10.5)  # until the logins at the start prove nothing any more
            for number in range(4):
                daemon.kill("worker %d" % number)
            daemon.wait_state("down")
            time.sleep(3)
            self.assertEqual(len(daemon.logins()), 5)

    def test_touching_its_file_does_not_present_it_again(self):
        with Daemon(pin="wrong").wait_state("down") as daemon:
            wait_until(lambda: "The PIN is wrong" in daemon.reason(), 20, "the reason")
            for change in (lambda: os.utime(daemon.path("pin")), lambda: daemon.set_pin("wrong")):
                before = daemon.read("log").count("was not presented again")
                change()
                wait_until(lambda: daemon.read("log").count("was not presented again") > before, 20, "a look at it")
            self.assertEqual(daemon.logins(), ["worker 0"])
            self.assertIn("PIN: ", daemon.reason())
            daemon.set_pin("right")
            daemon.wait_state("ready")

    def test_a_login_that_no_one_ended_is_not_begun_again(self):
        for word in ("deadly", "stuck"):
            with self.subTest(word), Daemon(pin=word, start_timeout=500).wait_state("down") as daemon:
                wait_until(lambda: "ended while it logged in" in daemon.reason(), 20, "the reason")
                os.utime(daemon.path("pin"))
                wait_until(lambda: "was not presented again" in daemon.read("log"), 20, "a look at it")
                self.assertEqual(daemon.logins(), ["worker 0"])
                daemon.set_pin("right")
                daemon.wait_state("ready")

    def test_an_accepted_pin_outlives_two_such_ends(self):
        with Daemon(pin="shaky", workers=1).wait_state("ready") as daemon:
            daemon.kill("worker 0")
            wait_until(lambda: "was not presented again" in daemon.reason(), 20, "the reason")
            self.assertEqual(len(daemon.logins()), 4)

    def test_who_logs_in_hears_the_answer(self):
        """Though the front dies in between: its worker is told that the PIN is wrong, and no other asks again."""
        with Daemon(pin="late").wait_state("down") as daemon:
            wait_until(daemon.logins, 20, "a login")
            daemon.kill("front")
            wait_until(lambda: "The PIN is wrong" in daemon.read("log"), 20, "the answer")
            daemon.wait_state("down")
            self.assertIn("PIN: The PIN is wrong.", daemon.reason())
            time.sleep(2)
            self.assertEqual(daemon.logins(), ["worker 0"])

    def test_what_happens_later_does_not_hide_it(self):
        with Daemon().wait_state("ready") as daemon:
            daemon.set_pin("wrong")
            daemon.kill("worker 0")
            wait_until(lambda: "The PIN is wrong" in daemon.reason(), 20, "the reason")
            daemon.kill("worker 1")
            daemon.wait_state("down")
            self.assertIn("PIN: The PIN is wrong.", daemon.reason())

    def test_a_configuration_that_does_not_fit_is_tried_once(self):
        with Daemon(pin="config", workers=4).wait_state("down") as daemon:
            wait_until(lambda: "No token matches" in daemon.reason(), 20, "the reason")
            time.sleep(3)
            self.assertEqual(daemon.read("log").count("No token matches. C_GetSlotList"), 1)


class Others(unittest.TestCase):
    def test_front_and_auditor_come_back(self):
        for name in ("front", "auditor"):
            with self.subTest(name), Daemon().wait_state("ready") as daemon:
                before = daemon.children()
                with daemon.connect() as connection:
                    connection.send(request(1, "hang"))
                    daemon.wait_jobs(1)
                    daemon.kill(name)
                    self.assertIsNone(connection.answer())
                daemon.wait_state("ready")
                after = daemon.children()
                self.assertEqual(set(before), set(after))
                self.assertFalse(set(before.values()) & set(after.values()))
                with daemon.connect() as connection:
                    self.assertEqual(connection.call()["status"], OK)

    def test_front_and_auditor_that_stop_are_replaced(self):
        for name in ("front", "auditor"):
            with self.subTest(name), Daemon(job_timeout=500).wait_state("ready") as daemon:
                before = daemon.children()
                os.kill(before[name], signal.SIGSTOP)
                wait_until(lambda: "The %s has stopped" % name in daemon.read("log"), 60, "it is missed")
                wait_until(lambda: daemon.children().get(name, before[name]) != before[name], 20, "a new one")
                daemon.wait_state("ready")
                with daemon.connect() as connection:
                    self.assertEqual(connection.call()["status"], OK)

    def test_who_is_idle_is_not_taken_for_stopped(self):
        with Daemon(job_timeout=500).wait_state("ready") as daemon:
            before = daemon.children()
            time.sleep(8)
            self.assertEqual(daemon.children(), before)

    def test_nobody_outlives_the_parent(self):
        with Daemon().wait_state("ready") as daemon:
            pids = list(daemon.children().values())
            daemon.process.kill()
            daemon.process.wait()
            wait_until(lambda: not any(alive(pid) for pid in pids), 20, "the children are gone")


class AuditLog(unittest.TestCase):
    def test_what_cannot_be_recorded_does_not_leave(self):
        with Daemon().wait_state("ready") as daemon, daemon.connect() as connection:
            self.assertEqual(connection.call("before")["status"], OK)
            size = os.path.getsize(daemon.path("audit.jsonl"))
            auditor = daemon.children()["auditor"]
            hard = resource.prlimit(auditor, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(auditor, resource.RLIMIT_FSIZE, (size + 20, hard))
            for number in range(3):
                answer = connection.call("secret %d" % number)
                self.assertEqual(answer["status"], UNAVAILABLE)
                self.assertIn("audit log cannot be written", answer["message"])
            self.assertEqual(connection.status()["state"], "down")
            resource.prlimit(auditor, resource.RLIMIT_FSIZE, (hard, hard))
            wait_until(lambda: connection.status()["state"] == "ready", 20, "the log is back")
            self.assertEqual(connection.call("after")["status"], OK)
            lines = daemon.audit()
            self.assertEqual([line["seq"] for line in lines], list(range(1, len(lines) + 1)))
            withheld = [line for line in lines if line.get("event") == "withheld"]
            self.assertEqual(len(withheld), 1)
            commands = {line["seq"]: line["command"] for line in lines if "command" in line}
            self.assertEqual([commands[seq] for seq in range(withheld[0]["from"], withheld[0]["to"] + 1)],
                             ["secret 0"])

    def test_a_log_that_is_moved_is_followed_by_a_new_one(self):
        with Daemon().wait_state("ready") as daemon, daemon.connect() as connection:
            for turn, signals in enumerate((True, False)):
                moved = daemon.path("audit.%d" % turn)
                connection.call("before %d" % turn)
                os.rename(daemon.path("audit.jsonl"), moved)
                if signals:
                    daemon.process.send_signal(signal.SIGHUP)
                wait_until(lambda: os.path.exists(daemon.path("audit.jsonl")), 20, "a new log")
                wait_until(lambda: '"event":"move"' in daemon.read("audit.jsonl"), 20, "its first line")
                self.assertEqual(connection.call("after %d" % turn)["status"], OK)
                lines = daemon.audit()
                self.assertIn("after %d" % turn, [line.get("command") for line in lines])
                with open(moved, encoding="utf-8") as file:
                    last = file.read().splitlines()[-1]
                self.assertIn("before %d" % turn, last)
                self.assertTrue(last.startswith('{"seq":%d,' % (lines[0]["seq"] - 1)))
            daemon.process.send_signal(signal.SIGHUP)  # nothing to do
            self.assertEqual(connection.call("still")["status"], OK)

    def test_a_log_that_is_removed_takes_nothing(self):
        with Daemon().wait_state("ready") as daemon, daemon.connect() as connection:
            daemon.process.send_signal(signal.SIGSTOP)  # so that nobody makes a new one yet
            os.unlink(daemon.path("audit.jsonl"))
            answer = connection.call("lost")
            self.assertEqual(answer["status"], UNAVAILABLE)
            self.assertIn("audit log cannot be written", answer["message"])
            daemon.process.send_signal(signal.SIGCONT)
            wait_until(lambda: connection.status()["state"] == "ready", 20, "a new log")
            self.assertEqual(connection.call("after")["status"], OK)
            commands = [line.get("command") for line in daemon.audit()]
            self.assertIn("lost", commands)
            self.assertIn("after", commands)

    def test_without_a_log_nothing_leaves(self):
        with Daemon().wait_state("ready") as daemon, daemon.connect() as connection:
            daemon.process.send_signal(signal.SIGSTOP)
            os.rename(daemon.path("audit.jsonl"), daemon.path("audit.1"))
            os.mkdir(daemon.path("audit.jsonl"))
            daemon.process.send_signal(signal.SIGCONT)
            wait_until(lambda: connection.status()["state"] == "down", 20, "the log is missed")
            self.assertEqual(connection.call("secret")["status"], UNAVAILABLE)
            os.rmdir(daemon.path("audit.jsonl"))
            wait_until(lambda: connection.status()["state"] == "ready", 20, "a new log")
            self.assertEqual(connection.call("after")["status"], OK)

    def test_numbers_go_on_and_half_a_line_is_closed(self):
        with Daemon().wait_state("ready") as daemon, daemon.connect() as connection:
            connection.call("one")
            daemon.process.send_signal(signal.SIGSTOP)  # so that the next auditor finds the half line
            daemon.kill("auditor")
            with open(daemon.path("audit.jsonl"), "a", encoding="utf-8") as file:
                file.write('{"seq":')
            daemon.process.send_signal(signal.SIGCONT)
            self.assertIsNone(connection.answer())
            daemon.wait_state("ready")
            # Workers may be ready before the auditor is.
            wait_until(lambda: daemon.read("audit.jsonl").count('"event":"start"') == 2, 20, "its record")
            lines = daemon.read("audit.jsonl").splitlines()
            self.assertIn('"seq":3,', lines[-1])
            self.assertIn('"event":"start"', lines[-1])
            self.assertEqual(lines[-2], '{"seq":')


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    main()
