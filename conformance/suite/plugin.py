"""The pytest plugin: what a case's end means, in the worker; what a run is, in the controller."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis.errors import Flaky

from conformance.suite import effort, evidence, status
from conformance.suite.case import Case, Subject, sane
from conformance.suite.session import RunSession
from conformance.verdicts import Absent, Finding, Unknown
from harness.errors import HarnessError, PeerError
from harness.record.verdicts import CaseResult, Verdict

ACCOUNTS = 6  # for each worker; the last one is for sanity logins
_FOLDER = Path(__file__).parents[1]
_CASE = pytest.StashKey[Case]()
_VERDICT = pytest.StashKey[tuple[Verdict, str]]()
_SESSION = pytest.StashKey[RunSession]()
_SUBJECT = pytest.StashKey[tuple[Subject, Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "XMPP conformance")
    group.addoption("--target", help="server to test; without it only self-tests run")
    group.addoption("--tls", choices=["on", "direct", "off"], default=None)
    group.addoption("--target-profile", type=Path, help="TOML profile for --target external")
    group.addoption("--installation", help="where a server that has no package was unpacked")
    group.addoption("--via", help="docker: the server runs from its public image")
    group.addoption("--effort", choices=list(effort.EXAMPLES), default="ci")
    group.addoption(
        "--strict-verdicts", action="store_true", help="NON-STRICT verdicts count as findings"
    )
    group.addoption("--select", action="append", default=[], help="requirement id or section")
    group.addoption("--run-dir", type=Path, help="directory for the record")
    group.addoption("--deviations", type=Path, help="file of known deviations")
    group.addoption("--defect", action="append", default=[], help=_DEFECT_HELP)
    group.addoption("--i-am-allowed-to-load-this-host", action="store_true", dest="allowed")


_DEFECT_HELP = "defect of the embedded server (for mutation tests)"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requires(*ids): the requirements that a case is bound to")
    if not config.option.target:
        return
    effort.load(config.option.effort)
    given = getattr(config, "workerinput", None)
    if given is not None:
        subject = msgspec.json.decode(given["subject"], type=Subject)
        config.stash[_SUBJECT] = (subject, Path(given["directory"]))
    elif not config.option.collectonly:
        config.stash[_SESSION] = run = RunSession(config)
        config.pluginmanager.register(_Recorder(run))


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    run = session.config.stash.get(_SESSION, None)
    if run is None:
        return
    workers = len(getattr(session.config.option, "tx", None) or []) or 1
    try:
        run.start(workers, ACCOUNTS)
    except (HarnessError, PeerError) as error:
        run.stop()
        status.say(error=str(error))
        pytest.exit(str(error), returncode=2)
    session.config.stash[_SUBJECT] = (run.subject(0, ACCOUNTS), run.directory)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist, in the controller: what a worker needs to know."""
    run = node.config.stash.get(_SESSION, None)
    if run is None:
        return
    number = int(node.workerinput["workerid"].removeprefix("gw"))
    node.workerinput["subject"] = msgspec.json.encode(run.subject(number, ACCOUNTS))
    node.workerinput["directory"] = str(run.directory)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With a target, the cases; without one, the suite's own tests."""
    if collection_path.parent != _FOLDER or not collection_path.is_dir():
        return None
    own = collection_path.name == "selftests"
    return True if own == bool(config.option.target) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted: list[str] = config.option.select
    if not wanted or not config.option.target:
        return
    from conformance import catalogue

    chosen = catalogue.select(wanted)
    kept = [item for item in items if chosen & set(requirements_of(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def requirements_of(item: pytest.Item) -> list[str]:
    """The ids that a test is bound to."""
    return [identifier for mark in item.iter_markers("requires") for identifier in mark.args]


def case_name(item: pytest.Item) -> str:
    """A case's name: its file below the suite's folder, the function and its parameters."""
    path = item.path.relative_to(_FOLDER).as_posix()
    return f"{path}::{item.name}"


@pytest.fixture
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    """The case that the test is; after it, an ordinary client must still be able to log in."""
    if _SUBJECT not in request.config.stash:
        pytest.skip("needs --target")
    subject, _ = request.config.stash[_SUBJECT]
    case = Case(subject, case_name(request.node), requirements_of(request.node))
    request.node.stash[_CASE] = case
    yield case
    if why := await sane(subject):
        observed = "afterwards an ordinary client cannot log in"
        request.node.stash[_VERDICT] = ("FAIL", f"{observed}: {why}")
        case.finding = (Finding("a server that goes on serving", observed), case.transcript, "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    case = item.stash.get(_CASE, None)
    if case is None:
        return report
    if (
        call.when == "call"
        and call.excinfo
        and isinstance(call.excinfo.value, pytest.skip.Exception)
    ):
        del item.stash[_CASE]  # not applicable: no result
    elif call.when == "call":
        verdict, reason = _verdict(case, call.excinfo.value if call.excinfo else None)
        item.stash[_VERDICT] = (verdict, reason)
        report.outcome = _outcome(verdict)
        if report.outcome == "skipped":
            report.longrepr = (str(item.path), item.location[1] or 0, reason)
        elif report.outcome == "failed":
            report.longrepr = f"{verdict}: {reason}"
    elif call.when == "teardown":
        result = _result(item, case)
        report.user_properties.append(("case", msgspec.json.encode(result).decode()))
    return report


def _outcome(verdict: Verdict) -> Literal["passed", "failed", "skipped"]:
    if verdict in ("PASS", "NON-STRICT"):
        return "passed"
    return "skipped" if verdict == "ABSENT" else "failed"


def _verdict(case: Case, error: BaseException | None) -> tuple[Verdict, str]:
    if isinstance(error, Finding):
        return "FAIL", str(error)
    if isinstance(error, Absent):
        return "ABSENT", str(error)
    if isinstance(error, Unknown | PeerError):
        return "UNKNOWN", str(error)
    if isinstance(error, Flaky) and case.over_budget and case.finding:
        return "FAIL", str(case.finding[0])
    if isinstance(error, Flaky):
        return "UNKNOWN", "failed once and not again with the same input"
    if error is not None:
        return "UNKNOWN", f"the case broke: {type(error).__name__}: {error}"
    if not case.judged:
        return "UNKNOWN", "the case judged nothing"
    return ("NON-STRICT", "") if case.lenient else ("PASS", "")


def _result(item: pytest.Item, case: Case) -> CaseResult:
    verdict, reason = item.stash[_VERDICT]
    observed = "; ".join(sorted(set(case.seen)))
    if verdict == "NON-STRICT":
        observed = "; ".join(sorted(case.lenient))
    if verdict == "FAIL" and case.finding:
        observed, case.expected = case.finding[0].observed, case.finding[0].expected
    result = CaseResult(
        case=case.name,
        requirements=case.requirements,
        verdict=verdict,
        close=case.close,
        expected=case.expected,
        observed=observed,
        reason=reason,
        covered=sorted(case.covered),
        examples=case.examples,
        inputs=case.inputs,
        seconds=round(case.seconds, 3),
    )
    if verdict in ("FAIL", "UNKNOWN", "NON-STRICT"):
        _, directory = item.config.stash[_SUBJECT]
        result.evidence = evidence.write(directory, case, result)
    return result


class _Recorder:
    """In the controller: takes the cases that have ended, from wherever they ran."""

    def __init__(self, run: RunSession) -> None:
        self._run = run

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._run.total = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._run.total = len(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "case" and report.when == "teardown":
                self._run.case(msgspec.json.decode(str(value), type=CaseResult))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    run = session.config.stash.get(_SESSION, None)
    if run is None:
        return
    interrupted = session.exitstatus == pytest.ExitCode.INTERRUPTED
    code = run.finish(interrupted=interrupted)
    if code is not None:
        session.exitstatus = code


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    run = config.stash.get(_SESSION, None)
    if run is not None and run.outcome is not None:
        terminalreporter.write_line(f"conformance: {run.outcome.reason}; record: {run.directory}")
