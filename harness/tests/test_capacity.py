"""A capacity search with an invented server: its steps, its record, its ends. No load is made."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import msgspec
import pytest

from harness import bench, capacity
from harness.capacity import length
from harness.capacity.run import Ask
from harness.errors import HarnessError
from harness.record import capacity as record
from harness.record.capacity import Capacity, Factor, Line, Measured
from harness.record.writer import RunWriter
from reports.tests import runs


def job(out: Path, **changes) -> bench.Job:
    given = {
        "scenario": "chat",
        "target": "embedded",
        "users": 7,
        "rate": None,
        "duration": 0.0,
        "client": "light",
        "tls": None,
        "processes": 1,
        "profile": None,
        "allowed": False,
        "ui": False,
        "out": out,
    }
    return bench.Job(**(given | changes))


class Server:
    """Takes the place of bench and objective: it is met up to `edge`.

    `per_user`: deliveries a second of each user, where users are sought. `blind`: from this load
    on the generator is the limit.
    """

    def __init__(self, edge: float, per_user: float = 0.0, blind: float = 1e9) -> None:
        self.percentile = 99.0
        self.lines = [Line(metric="delivery.p99", limit="< 100 ms")]
        self.edge, self.per_user, self.blind = edge, per_user, blind
        self.jobs: list[bench.Job] = []

    def bench(self, given: bench.Job) -> tuple[Path, int]:
        self.jobs.append(given)
        RunWriter(given.out, runs.manifest())
        return given.out, 0

    def load(self, given: bench.Job) -> float:
        return given.users if given.rate is None else float(given.rate)

    def __call__(self, directory: Path) -> Measured:
        given = self.jobs[-1]
        assert directory == given.out
        load = self.load(given)
        a_second = load * self.per_user if given.rate is None else load
        figures = {"p99_ms": load / 10, "deliveries": int(a_second * given.duration)}
        if load >= self.blind:
            why = Factor(cause="generator", text="the generator was the limit")
            return Measured(verdict="blind", factor=why, **figures)
        if load > self.edge:
            why = Factor(cause="objective", text=f"delivery.p99 is {load / 10:g} ms")
            return Measured(verdict="breached", factor=why, **figures)
        return Measured(verdict="met", **figures)


def search(out: Path, server: Server, **changes) -> tuple[Capacity, int]:
    ask = Ask(job=changes.pop("job", job(out)), objective=Path("not read"), **changes)
    directory, code = capacity.run(ask, server.bench, server)
    assert directory == out
    assert (out / "report.html").is_file()
    return record.load(out), code


# The rule for lengths.


@pytest.mark.parametrize(
    ("percentile", "rate", "seconds"),
    [
        (99.0, 100, 10),
        (99.0, 1000, 5),
        (99.0, 30, 34),
        (99.9, 100, 100),
        (99.99, 1000, 100),
        (50.0, 4, 5),
        (50.0, 2, 10),
        (None, 1, 5),
        (99.0, None, 5),
    ],
)
def test_a_step_is_long_enough_for_ten_deliveries_beyond_its_percentile(percentile, rate, seconds):
    assert length.seconds(percentile, rate, shortest=5) == seconds


def test_too_short_is_what_misses_a_fifth_of_that():
    assert [length.too_short(99.0, count) for count in (0, 799, 800)] == [True, True, False]
    assert not length.too_short(None, 0)


# Steps.


def test_each_step_is_a_run_of_its_own(tmp_path):
    server = Server(edge=230)
    found, code = search(tmp_path / "o", server, seconds=2)
    assert code == 0
    assert found.result.verdict == "found"
    assert found.result.load <= 230 < found.result.beyond <= 1.05 * found.result.load
    assert found.result.reason == (
        f"at {found.result.beyond:g} messages/s, in the last of 2 trials, delivery.p99 is "
        f"{found.result.beyond / 10:g} ms"
    )
    assert [server.load(given) for given in server.jobs] == [step.load for step in found.steps]
    assert [step.seconds for step in found.steps[:3]] == [10, 5, 3]
    assert [given.duration for given in server.jobs[:3]] == [10, 5, 3]
    places = [step.directory for step in found.steps]
    assert places[:3] == ["steps/01-100", "steps/02-200", "steps/03-400"]
    assert len(set(places)) == len(places)
    assert all((tmp_path / "o" / place / "manifest.json").is_file() for place in places)
    assert {given.users for given in server.jobs} == {7}
    edge = [step.measured.verdict for step in found.steps if step.load == found.result.beyond]
    assert edge == ["breached", "breached"]


def test_what_concerns_one_run_is_not_passed_on(tmp_path):
    server = Server(edge=230)
    given = job(tmp_path / "o", floor=True, ui=True, limits=Path("x"), abort_on=["lost > 0"])
    search(tmp_path / "o", server, job=given, highest=100, repeats=1)
    [passed] = server.jobs
    assert (passed.floor, passed.ui, passed.limits, passed.abort_on) == (False, False, None, [])


def test_users_are_measured_for_as_long_as_they_turn_out_to_need(tmp_path):
    """100 users who write once in 5 s: 20 a second, so that the 99th percentile takes 50 s."""
    server = Server(edge=130, per_user=0.2)
    found, code = search(tmp_path / "o", server, find="users", seconds=10)
    assert code == 0
    verdicts = [(s.load, s.seconds, s.measured.verdict) for s in found.steps[:4]]
    assert verdicts == [
        (100, 10, "short"),
        (100, 50, "met"),
        (200, 25, "breached"),
        (141, 36, "breached"),
    ]
    assert found.result.load <= 130 < found.result.beyond
    assert all(given.rate is None and type(given.users) is int for given in server.jobs)


def test_a_step_is_measured_longer_only_once(tmp_path):
    class Slow(Server):
        def __call__(self, directory: Path) -> Measured:
            return msgspec.structs.replace(super().__call__(directory), deliveries=50)

    found, _ = search(tmp_path / "o", Slow(edge=150), find="users", highest=100, repeats=1)
    assert [step.measured.verdict for step in found.steps] == ["short", "met"]


# Ends.


def test_a_generator_at_its_limit_gives_a_lower_bound(tmp_path):
    found, code = search(tmp_path / "o", Server(edge=1e6, blind=300))
    assert code == 0
    assert found.result.verdict == "at least"
    assert found.result.load < 300 <= found.result.beyond
    assert found.result.factor.cause == "generator"


def test_not_even_the_lowest(tmp_path):
    found, code = search(tmp_path / "o", Server(edge=50))
    assert code == 1
    assert (found.result.verdict, found.result.load) == ("not met", None)
    assert found.result.reason.startswith("not even 100 messages/s, the lowest load (--from): ")
    assert [step.load for step in found.steps] == [100, 100]


def test_a_generator_that_is_too_weak_from_the_beginning(tmp_path):
    found, code = search(tmp_path / "o", Server(edge=1e6, blind=50))
    assert (found.result.verdict, code) == ("unseen", 1)


def test_the_highest_load_that_was_asked_for(tmp_path):
    found, code = search(tmp_path / "o", Server(edge=1e6), highest=250)
    assert code == 0
    assert (found.result.verdict, found.result.load) == ("at least", 250)
    assert [step.load for step in found.steps] == [100, 200, 250, 250]


class Interrupted(Server):
    """Somebody presses Ctrl-C in the third step."""

    def __init__(self, edge: float, in_the_step: bool, number: signal.Signals) -> None:
        super().__init__(edge)
        self._in_the_step, self._number = in_the_step, number

    def bench(self, given: bench.Job) -> tuple[Path, int]:
        done = super().bench(given)
        if len(self.jobs) == 3:
            before = None
            if self._in_the_step:  # which handles it itself, as a real one does
                before = signal.signal(self._number, lambda *_: None)
            os.kill(os.getpid(), self._number)
            if before is not None:
                signal.signal(self._number, before)
        return done

    def __call__(self, directory: Path) -> Measured:
        if len(self.jobs) == 3 and self._in_the_step:
            return Measured(verdict="interrupted")
        return super().__call__(directory)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("in_the_step", [True, False])
def test_ctrl_c_ends_it_with_what_was_measured(tmp_path, in_the_step, number):
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    server = Interrupted(1e6, in_the_step, number)
    found, code = search(tmp_path / "o", server)
    assert code == 1
    assert len(server.jobs) == len(found.steps) == 3
    assert found.result.verdict == "incomplete"
    assert found.result.load == (200 if in_the_step else 400)
    assert found.result.reason == "stopped by the user after 3 steps"
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_that_a_step_swallows_is_noticed(tmp_path):
    """Such as one during the drain, when the run has ended as asked for already."""

    class Swallows(Interrupted):
        def __call__(self, directory: Path) -> Measured:
            return Server.__call__(self, directory)

    found, code = search(tmp_path / "o", Swallows(1e6, True, signal.SIGINT))
    assert (len(found.steps), code, found.result.verdict) == (3, 1, "incomplete")


class Refuses(Server):
    """There are accounts for so many users and no more."""

    def bench(self, given: bench.Job) -> tuple[Path, int]:
        if given.users > 300:
            raise HarnessError("accounts.csv has 300 accounts")
        return super().bench(given)


def test_a_step_that_cannot_be_run_ends_it_with_what_was_measured(tmp_path):
    found, code = search(tmp_path / "o", Refuses(edge=1e6, per_user=10), find="users")
    assert code == 1
    assert (found.result.verdict, found.result.load) == ("incomplete", 200)
    assert found.result.reason == "400 users could not be tried: accounts.csv has 300 accounts"


def test_when_not_even_one_step_can_be_run_nothing_is_left(tmp_path):
    with pytest.raises(HarnessError, match="has 300 accounts"):
        search(tmp_path / "o", Refuses(edge=1e6), find="users", lowest=400)
    assert list(tmp_path.iterdir()) == []


def test_the_record_is_whole_after_each_step(tmp_path):
    seen = []

    class Looks(Server):
        def bench(self, given: bench.Job) -> tuple[Path, int]:
            if self.jobs:
                seen.append(record.load(tmp_path / "o"))
            return super().bench(given)

    found, _ = search(tmp_path / "o", Looks(edge=1e6), highest=400)
    assert [len(capacity.steps) for capacity in seen] == [1, 2, 3]
    assert all(capacity.result is None for capacity in seen)
    assert found.parameters == {"users": 792, "body_bytes": 64}  # of the manifest; no rate
    assert found.target.server == "ejabberd"
    assert json.loads((tmp_path / "o" / record.NAME).read_text())["kind"] == "capacity"


# Mistakes.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lowest": 0.0}, "--from must be more than 0"),
        ({"lowest": 500.0, "highest": 400.0}, "nothing to search from 500 to 400"),
        ({"highest": 50.0}, "nothing to search from 100 to 50"),
        ({"tolerance": 0.001}, "--tolerance must be from 1 to 50 percent"),
        ({"tolerance": 0.9}, "--tolerance must be from 1 to 50 percent"),
        ({"repeats": 0}, "--repeats and --seconds must be 1 or more"),
        ({"seconds": 0.5}, "--repeats and --seconds must be 1 or more"),
        ({"find": "users", "lowest": 1.5}, "users are whole numbers"),
    ],
)
def test_mistakes_are_one_line(tmp_path, changes, words):
    server = Server(edge=1)
    with pytest.raises(HarnessError, match=words) as caught:
        search(tmp_path / "o", server, **changes)
    assert "\n" not in str(caught.value)
    assert server.jobs == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extra", [["--rate", "7"], ["--duration=9"], ["--pause", "1", "--rate=7"]])
def test_what_the_search_sets_itself_cannot_be_given(tmp_path, extra):
    with pytest.raises(HarnessError, match=r"the search sets --(rate|duration) itself"):
        search(tmp_path / "o", Server(edge=1), job=job(tmp_path / "o", extra=extra))


@pytest.mark.parametrize("changes", [{"scenario": "chess"}, {"target": "nobody"}])
def test_scenario_and_target_are_looked_for_first(tmp_path, changes):
    server = Server(edge=1)
    with pytest.raises(HarnessError):
        search(tmp_path / "o", server, job=job(tmp_path / "o", **changes))
    assert server.jobs == []


def test_an_objective_is_read_before_anything_is_run(tmp_path):
    file = tmp_path / "objective.toml"
    file.write_text('[limits]\n"delivery.p98" = "< 1 ms"\n')
    ask = Ask(job=job(tmp_path / "o"), objective=file)
    with pytest.raises(HarnessError, match=r"objective\.toml: 'delivery.p98': unknown metric"):
        capacity.run(ask, lambda _job: pytest.fail("a run began"))


def test_a_directory_holds_one_search(tmp_path):
    search(tmp_path / "o", Server(edge=1e6), highest=100)
    with pytest.raises(HarnessError, match="already holds a capacity search"):
        search(tmp_path / "o", Server(edge=1e6))


def test_what_is_no_search_is_refused(tmp_path):
    with pytest.raises(HarnessError, match="holds no capacity search"):
        record.load(tmp_path)
    (tmp_path / record.NAME).write_text("{")
    with pytest.raises(HarnessError, match="is damaged"):
        record.load(tmp_path)
    search(tmp_path / "o", Server(edge=1e6), highest=100)
    written = tmp_path / "o" / record.NAME
    written.write_text(json.dumps(json.loads(written.read_text()) | {"format": 99}))
    with pytest.raises(HarnessError, match="has record format 99, this version reads 1"):
        record.load(tmp_path / "o")
