"""Runs that do not go as planned: they end, say why, keep what was measured, leave nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from harness.record.reader import Run
from harness.tests.bench import Started, bench, chat, one_line, reconciles

FAULTY = Path(__file__).parent / "load" / "faulty_scenario.py"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("processes", [1, 2])
def test_interrupted_runs_are_reported(tmp_path, number, processes):
    started = Started(tmp_path / "run", "--processes", processes)
    started.process.send_signal(number)
    summary, _ = started.end()
    assert summary["verdict"].startswith("incomplete: stopped by the user")
    reconciles(summary, 20)
    assert started.process.returncode == 1


def test_a_server_that_dies_ends_the_run_with_a_report(tmp_path):
    started = Started(tmp_path / "run")
    started.server().kill()
    summary, stderr = started.end()
    assert started.process.returncode == 1
    assert "signal 9" in summary["verdict"]
    assert "signal 9" in stderr
    messages = summary["messages"]
    assert messages["sent"] == messages["delivered"] + messages["bounced"] + messages["lost"]
    assert messages["delivered"] > 0
    assert summary["errors"]
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_killed_worker_ends_the_run_with_what_was_measured(tmp_path):
    started = Started(tmp_path / "run", "--processes", 2)
    started.locust()[1].kill()
    summary, _ = started.end()
    assert "worker" in summary["verdict"]
    assert summary["messages"]["delivered"] > 0


# Killed without a chance to clean up.


@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_command_ends_the_run_in_order(tmp_path, processes):
    started = Started(tmp_path / "run", "--processes", processes)
    started.process.kill()
    started.process.communicate(timeout=10)
    started.nobody_stays()
    run = Run(tmp_path / "run")
    assert run.outcome is not None
    assert run.outcome.verdict == "incomplete"
    assert "was killed" in run.outcome.reason


@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_load_generator_leaves_a_report_and_no_server(tmp_path, processes):
    started = Started(tmp_path / "run", "--processes", processes)
    started.locust()[0].kill()
    summary, _ = started.end()
    assert started.process.returncode == 1
    assert summary["verdict"].startswith("failed: the run was cut short")
    assert summary["messages"]["delivered"] > 0


def test_the_whole_harness_killed_leaves_a_readable_record_and_no_server(tmp_path):
    started = Started(tmp_path / "run")
    for process in [psutil.Process(started.process.pid), *started.locust()]:
        process.kill()
    started.process.communicate(timeout=10)
    started.nobody_stays()
    run = Run(tmp_path / "run")
    assert run.outcome is None
    assert sum(window.count for window in run.windows if window.op == "message") > 0


# Exceptions that nobody foresaw.


def faulty(where: str) -> dict[str, str]:
    return os.environ | {"FAULT": where}


@pytest.mark.parametrize(
    "options", [[], ["--ui", "--web-port", "0"], ["--processes", "2"]], ids=str
)
@pytest.mark.parametrize("where", ["preparing", "beginning", "beginning in a worker"])
def test_a_run_that_cannot_begin_is_one_line(tmp_path, where, options):
    done = bench(FAULTY, "--users", 10, "--out", tmp_path / "run", *options, env=faulty(where))
    line = one_line(done)
    assert line.startswith("xmpp-harness: unexpected NameError: planted fault (faulty_scenario.py")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "processes"),
    [
        ("making users", 1),
        ("making users", 2),
        ("starting users", 1),
        ("after making users", 2),
        ("a task", 1),
        ("a task", 2),
        ("a callback of the loop", 1),
        ("a callback of the loop", 2),
        ("the ticker", 1),
        ("the ticker", 2),
        ("sampling the server", 1),
        ("the drain", 1),
        ("the drain", 2),
    ],
)
def test_a_fault_under_way_ends_the_run_with_the_reason(tmp_path, where, processes):
    summary = chat(
        tmp_path / "run",
        *("--users", 20, "--pause", 0.2, "--drain", 0.5, "--processes", processes),
        scenario=FAULTY,
        code=1,
        env=faulty(where),
    )
    assert summary["verdict"].startswith("failed: unexpected NameError: planted fault (faulty_")
    messages = summary["messages"]
    if where != "the drain":  # which closes the ledger
        assert messages["sent"] == messages["delivered"] + messages["bounced"] + messages["lost"]
    assert (tmp_path / "run" / "report.html").is_file()
    assert "planted" in (tmp_path / "run" / "locust.log").read_text()  # with its traceback


def test_a_fault_in_a_callback_of_slixmpp_is_not_blamed_on_the_server(tmp_path):
    summary = chat(
        tmp_path / "run",
        *("--users", 10, "--pause", 0.2, "--drain", 0.5, "--client", "slixmpp"),
        scenario=FAULTY,
        code=1,
        env=faulty("a callback of the loop"),
    )
    assert summary["verdict"].startswith("failed: unexpected NameError: planted fault (faulty_")


def test_a_fault_at_the_very_end_is_an_error(tmp_path):
    done = bench(
        *(FAULTY, "--users", 5, "--duration", 1, "--out", tmp_path / "run"),
        env=faulty("writing the outcome"),
    )
    assert done.returncode == 1
    assert "xmpp-harness: unexpected NameError: planted fault" in done.stderr


def test_a_worker_that_never_reports_for_duty(tmp_path):
    scenario = tmp_path / "absent.py"
    scenario.write_text(
        "import sys\nfrom locust.env import Environment\nfrom scenarios.chat import ChatUser\n"
        "Environment.create_worker_runner = lambda *_: sys.exit(1)\n"
    )
    done = bench(
        *(scenario, "--users", 5, "--processes", 2, "--expect-workers-max-wait", 2),
        *("--out", tmp_path / "run"),
    )
    assert "workers to connect" in one_line(done)


def test_a_worker_that_is_lost_as_the_run_begins(tmp_path):
    scenario = tmp_path / "lost.py"
    scenario.write_text(
        "import os\nfrom harness.load.worker import Worker\nfrom scenarios.chat import ChatUser\n"
        "Worker.begin = lambda self, session: session.worker and os._exit(1)\n"
    )
    done = bench(scenario, "--users", 5, "--processes", 2, "--out", tmp_path / "run")
    assert "worker 1 of the load generator was lost" in one_line(done)
