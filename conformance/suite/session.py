"""One run of the suite: the target, its accounts, the record, the outcome."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import platform
import random
import sys
import time
from pathlib import Path
from typing import Literal

import pytest

import harness
from conformance import catalogue, coverage
from conformance.suite import assess, deviations, status
from conformance.suite.case import Case, Subject, sane
from conformance.verdicts import Unknown
from conformance.wire.negotiation import Stage
from harness import targets
from harness.child import COMMAND_VARIABLE
from harness.errors import HarnessError
from harness.record.conformance import ConformanceWriter
from harness.record.verdicts import (
    SEVERITY,
    CaseResult,
    ConformanceManifest,
    ConformanceOutcome,
    RequirementResult,
)
from harness.targets.base import Account, Endpoint, Target, TargetOptions, TlsMode
from harness.targets.installation import assign
from harness.xmpp import namespaces as ns

_MODES: dict[str | None, TlsMode | None] = {
    "on": "starttls",
    "direct": "direct",
    "off": "off",
    None: None,
}


class RunSession:
    """What the controller of a run does. Raises HarnessError and PeerError from `start`."""

    def __init__(self, config: pytest.Config) -> None:
        self._options = options = config.option
        name = time.strftime("%Y%m%d-%H%M%S") + f"-conformance-{options.target}"
        self.directory: Path = (options.run_dir or Path("out") / name).absolute()
        self.outcome: ConformanceOutcome | None = None
        self.results: list[RequirementResult] = []
        self._cases: list[CaseResult] = []
        self._began = time.monotonic()
        self._target: Target | None = None
        self._writer: ConformanceWriter | None = None
        self._subjects: list[Subject] = []
        self._version: str | None = None
        self._died = ""
        self._wrong = 0
        self.total = 0  # cases, once they are collected
        self._seed = _seed(config)

    def start(self, workers: int, accounts: int) -> None:
        """Start and fill the target, log in once, begin the record."""
        options = self._options
        status.say(stage="starting")
        self._target = target = start_target(
            options.target,
            options.tls,
            options.target_profile,
            options.allowed,
            options.defect,
            options.installation,
            options.via,
        )
        everybody = target.provision(workers * accounts)
        endpoints = _endpoints(target)
        for number in range(workers):
            own = everybody[number * accounts : (number + 1) * accounts]
            self._subjects.append(
                Subject(
                    target=options.target,
                    endpoints=endpoints,
                    mode=target.endpoint().tls,
                    accounts=own,
                    client_certificates=_certificates(target, own),
                )
            )
        if why := asyncio.run(sane(self._subjects[0])):
            raise HarnessError(f"an ordinary client cannot log in before the first case: {why}")
        facts = target.facts()
        asked = asyncio.run(_software(self._subjects[0]))
        server, self._version = asked if asked[1] else (facts.server, facts.version)
        self._writer = ConformanceWriter(self.directory, self._manifest(server))
        status.say(stage="testing")

    def subject(self, number: int, _accounts: int) -> Subject:
        """What a worker is to know."""
        return self._subjects[number]

    def case(self, result: CaseResult) -> None:
        """A case has ended."""
        self._cases.append(result)
        self._wrong += result.verdict != "PASS"
        status.say(total=self.total, done=len(self._cases), wrong=self._wrong)
        if self._writer is not None:
            self._writer.case(result)
        alive = getattr(self._target, "alive", lambda: True)
        if not self._died and not alive():
            words = getattr(self._target, "last_words", lambda: "")()
            self._died = f"the server ended while {result.case} ran: {words}"

    def finish(self, *, interrupted: bool) -> int | None:
        """Assess, write the outcome, stop the target; the exit code, None if nothing ran."""
        if self._writer is None:
            self.stop()
            return None
        broken = self._died
        if not broken and not interrupted and (why := asyncio.run(sane(self._subjects[0]))):
            broken = f"an ordinary client cannot log in after the last case: {why}"
        options = self._options
        source = options.deviations or deviations.path_for(options.target)
        self.results = assess.assess(
            catalogue.load().requirements,
            self._cases,
            deviations.load(source, self._version),
            strict=options.strict_verdicts,
            whole=not (options.select or interrupted or broken),
            source=str(source),
        )
        self.outcome = self._outcome("interrupted" if interrupted else broken)
        self._writer.finish(self.results, self.outcome)
        self.stop()
        return 0 if self.outcome.verdict == "expected" else 1

    def stop(self) -> None:
        """Stop the target."""
        if self._target is not None:
            self._target.stop()

    def _outcome(self, broken: str) -> ConformanceOutcome:
        counts = dict.fromkeys(SEVERITY, 0)
        for result in self.results:
            counts[result.verdict or "UNKNOWN"] += 1
        unexpected = [result.id for result in self.results if result.unexpected]
        words = f"{len(self.results)} requirements, {len(self._cases)} cases"
        news = f"{len(unexpected)} unexpected" if unexpected else "all as expected"
        verdict: Literal["expected", "unexpected", "incomplete"] = (
            "incomplete" if broken else "unexpected" if unexpected else "expected"
        )
        return ConformanceOutcome(
            ended=_now(),
            seconds=round(time.monotonic() - self._began, 3),
            verdict=verdict,
            reason=broken or f"{words}: {news}",
            counts=counts,
            unexpected=unexpected,
            coverage=coverage.coverage(self._cases),
        )

    def _manifest(self, server: str | None) -> ConformanceManifest:
        options = self._options
        typed = os.environ.get(COMMAND_VARIABLE)
        return ConformanceManifest(
            run_id=self.directory.name,
            started=_now(),
            command=json.loads(typed) if typed else ["pytest", *sys.argv[1:]],
            target=options.target,
            server=server,
            version=self._version,
            domain=self._subjects[0].domain,
            transport=self._subjects[0].mode,
            effort=options.effort,
            seed=self._seed,
            selected=options.select,
            strict=options.strict_verdicts,
            versions={
                "harness": harness.__version__,
                "python": platform.python_version(),
                "hypothesis": importlib.metadata.version("hypothesis"),
                "pytest": pytest.__version__,
            },
        )


def start_target(
    name: str,
    tls: str | None,
    profile: Path | None,
    allowed: bool,
    defects: list[str],
    installation: str | None = None,
    via: str | None = None,
) -> Target:
    """A started target. Raises HarnessError and PeerError."""
    mode = _MODES[tls] or (None if profile else "starttls")
    target = targets.load(name, via)(
        TargetOptions(
            tls=mode,
            profile=profile,
            allow_remote=allowed,
            archive=True,
            defects=defects,
            installation=assign([installation], [name])[name] if installation else None,
        )
    )
    target.start()
    return target


def _certificates(target: Target, accounts: list[Account]) -> dict[str, str]:
    """Client certificates by localpart, and some by what is special about them."""
    issue = getattr(target, "client_certificate", None)
    if issue is None:
        return {}
    first, second = accounts[0].user, accounts[1].user
    return {
        first: str(issue(first)),
        "both": str(issue(first, second)),
        "foreign": str(issue(f"{first}@foreign.example")),
        "expired": str(issue(first, expired=True)),
    }


def _endpoints(target: Target) -> dict[TlsMode, Endpoint]:
    """The TLS modes that the running target has."""
    found: dict[TlsMode, Endpoint] = {}
    for mode in ("off", "starttls", "direct"):
        try:
            found[mode] = target.endpoint(mode)
        except HarnessError:
            continue
    return found


async def _software(subject: Subject) -> tuple[str | None, str | None]:
    """Name and version of the server as it tells them (XEP-0092)."""
    case = Case(subject, "version", [])
    async with case.example():
        stream = await case.at(Stage.BOUND)
        await stream.send(
            f"<iq type='get' id='version' to='{subject.domain}'><query xmlns='{ns.VERSION}'/></iq>"
        )
        try:
            reaction = await stream.element("^iq")
        except Unknown:
            return None, None  # it does not say, or says something else first
        query = f"{{{ns.VERSION}}}query/{{{ns.VERSION}}}"
        return reaction.findtext(f"{query}name"), reaction.findtext(f"{query}version")


def _seed(config: pytest.Config) -> int:
    """The seed of the generated cases, chosen now unless it was given."""
    given = config.getoption("hypothesis_seed", None)
    if given in (None, "random"):
        config.option.hypothesis_seed = given = random.SystemRandom().randrange(2**31)
    return int(given)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
