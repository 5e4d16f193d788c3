"""What is sampled of a server's processes, against processes whose doings are known."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from harness.load import sampling
from harness.load.sampling import ServerMeter

# For each line on its standard input: does what the line says, then answers with a line.
OBEYS = """
import socket, sys, threading, time
kept = []
for line in sys.stdin:
    what, number = line.split()
    for _ in range(int(number)):
        if what == "open": kept.append(socket.socket())
        if what == "sleep": time.sleep(0.001)
        if what == "thread":
            # It sleeps fifty times, then waits for ever.
            slept, end = threading.Event(), threading.Event()
            kept.append(end)
            naps = lambda: [time.sleep(0.001) for _ in range(50)] and slept.set() or end.wait()
            threading.Thread(target=naps, daemon=True).start()
            slept.wait()
        if what == "burn":
            until = time.process_time() + 0.01
            while time.process_time() < until: pass
    print("done", flush=True)
"""


class Obedient:
    """A process that does what it is told, and has done it when `tell` returns."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", OBEYS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        self.tell("open", 0)

    def tell(self, what: str, number: int) -> None:
        self._process.stdin.write(f"{what} {number}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def process():
    one = Obedient()
    yield one
    one.end()


@pytest.fixture
def other():
    one = Obedient()
    yield one
    one.end()


def test_threads_files_and_switches_are_those_of_the_process(process):
    meter = ServerMeter()
    before = meter.sample([process.pid], 0.0)
    assert before.switches == 0
    assert before.cpu_s == 0
    process.tell("open", 40)
    process.tell("thread", 3)
    process.tell("burn", 10)
    after = meter.sample([process.pid], 1.0)
    assert after.fds == before.fds + 40
    assert after.threads == before.threads + 3
    assert after.switches >= 150
    assert 0.08 <= after.cpu_s <= 0.5


def test_processes_are_added_up_and_one_that_has_ended_stays_in_the_cpu(process, other):
    meter = ServerMeter()
    pids = [process.pid, other.pid]
    assert meter.sample(pids, 0.0).threads == 2
    other.tell("burn", 20)
    both = meter.sample(pids, 1.0)
    other.end()
    assert meter.sample([process.pid], 2.0).cpu_s == pytest.approx(both.cpu_s, abs=0.05)
    assert both.cpu_s >= 0.18
    process.end()
    assert meter.sample(pids, 3.0) is None


def test_files_are_listed_now_and_then_where_the_kernel_does_not_count_them(process, monkeypatch):
    stat = os.stat

    def old_kernel(path, *rest, **options):
        found = stat(path, *rest, **options)
        if str(path).endswith("/fd"):
            return os.stat_result([0 if n == 6 else value for n, value in enumerate(found[:10])])
        return found

    monkeypatch.setattr(sampling.os, "stat", old_kernel)
    meter = ServerMeter()
    first = meter.sample([process.pid], 0.0).fds
    process.tell("open", 5)
    assert [meter.sample([process.pid], float(t)).fds for t in (1, 9, 10, 11)] == [
        None,
        None,
        first + 5,
        None,
    ]


def test_the_loopback_interface_carries_what_is_sent_through_it():
    meter = ServerMeter()
    pids = [os.getpid()]
    before = meter.sample(pids, 0.0)
    with loopback() as (sender, receiver):
        for _ in range(64):
            sender.sendall(bytes(65536))
            receiver.recv(65536, socket.MSG_WAITALL)
    sent = meter.sample(pids, 1.0).loopback_mb - before.loopback_mb
    assert sent >= 4


@contextmanager
def loopback():
    """A connected pair of TCP sockets on the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
    with sender, receiver:
        yield sender, receiver
