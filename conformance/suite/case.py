"""One case: a test bound to requirements, with its streams, its judgements and its evidence."""

from __future__ import annotations

import asyncio
import functools
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ssl import SSLContext
from time import monotonic
from typing import Any, NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis.control import current_build_context
from hypothesis.errors import HypothesisException
from hypothesis.strategies import DataObject, SearchStrategy

from conformance.verdicts import Absent, Allowed, Finding, Unknown
from conformance.wire.negotiation import Stage, advance
from conformance.wire.stream import RawStream, Reaction
from conformance.wire.transcript import Transcript
from harness.record.verdicts import CLOSE_SEVERITY, Close
from harness.targets.base import Account, Endpoint, TlsMode

BUDGET_S = 30.0  # of one case by default; after a finding no further examples are tried beyond it


class Subject(msgspec.Struct, frozen=True):
    """The server under test, as one worker sees it."""

    target: str
    endpoints: dict[TlsMode, Endpoint]  # the modes that the target has
    mode: TlsMode  # the mode that the run is about
    accounts: list[Account]  # this worker's own
    client_certificates: dict[str, str] = {}  # localpart -> PEM file with key and chain

    @property
    def endpoint(self) -> Endpoint:
        """Where the cases connect unless they say otherwise."""
        return self.endpoints[self.mode]

    @property
    def domain(self) -> str:
        """The server's domain."""
        return self.endpoint.domain


class Case:
    """What a test gets as `case`. `stream` and `at` give raw streams, closed after the example."""

    def __init__(self, subject: Subject, name: str, requirements: Sequence[str]) -> None:
        self.subject = subject
        self.name = name
        self.requirements = list(requirements)
        self.transcript = Transcript(subject.accounts, subject.domain)
        self.budget_s = BUDGET_S
        self.examples = 0
        self.judged = 0
        self.lenient: list[str] = []  # NON-STRICT outcomes
        self.seen: list[str] = []  # outcomes of the last example
        self.expected = ""
        self.inputs: list[str] = []  # a checksum after each example, up to the first that failed
        self.shrinking = False  # further examples are attempts to shrink the one that failed
        self.covered: set[str] = set()  # what a model of the case says it has been through
        self.close: Close | None = None
        self.finding: tuple[Finding, Transcript, str] | None = None  # the last one, its reaction
        self._streams: list[RawStream] = []
        self._reaction = ""
        self._began = monotonic()

    @property
    def domain(self) -> str:
        """The server's domain."""
        return self.subject.domain

    def jid(self, number: int = 0) -> str:
        """The bare JID of one of our accounts."""
        return f"{self.subject.accounts[number].user}@{self.domain}"

    async def stream(
        self, tls: TlsMode | None = None, context: SSLContext | None = None
    ) -> RawStream:
        """A new connection, nothing sent; in another TLS mode than the run's if asked for.

        Raises Absent when the target does not have that mode.
        """
        mode = tls or self.subject.mode
        endpoint = self.subject.endpoints.get(mode)
        if endpoint is None:
            raise Absent(f"the target has no port for TLS mode {mode!r}")
        number = len(self._streams) + 1
        stream = await RawStream.connect(endpoint, number, self.transcript, context)
        self._streams.append(stream)
        return stream

    async def at(self, stage: Stage, account: int = 0, tls: TlsMode | None = None) -> RawStream:
        """A new stream, taken as far as `stage` as one of our accounts."""
        stream = await self.stream(tls)
        await advance(stream, stage, self.subject.accounts[account], account)
        return stream

    async def secured(self) -> RawStream:
        """A stream as safe as the run's mode makes it, with features, before SASL."""
        return await self.at(Stage.SECURED)

    async def bound(self, account: int = 0, *, available: bool = False) -> RawStream:
        """A bound stream; with initial presence if `available`, its own copy of it taken."""
        stream = await self.at(Stage.BOUND, account)
        if available:
            await stream.send("<presence/>" + ping("available", self.domain))
            await stream.react("iq (result|error.*) available")
        return stream

    async def pair(self) -> tuple[RawStream, RawStream]:
        """A receiver (our account 1) and a sender (account 0), available, who know that the other
        is there: without that a server may keep requests away (RFC 6121 section 8.5.3)."""
        receiver = await self.bound(1, available=True)
        sender = await self.bound(0, available=True)
        receiver.known, sender.known = {sender.jid}, {receiver.jid}
        for one, other in ((receiver, sender), (sender, receiver)):
            await one.send(f"<presence to='{other.jid}'/>")
            await other.element("^presence$")
        return receiver, sender

    def judge(self, reaction: Reaction | str, allowed: Allowed) -> None:
        """Grade an outcome. Raises Finding when it is none of the allowed ones."""
        if isinstance(reaction, Reaction):
            self.saw_close(reaction.close)
            self._reaction = str(reaction)
        observed = str(reaction)
        self._looked(allowed.words, observed)
        grade = allowed.grade(observed)
        if grade == "FAIL":
            self._fail(allowed.words, observed)
        if grade == "NON-STRICT" and observed not in self.lenient:
            self.lenient.append(observed)

    def check(self, holds: object, expected: str, observed: str, reaction: str = "") -> None:
        """Judge a fact about what the server said. Raises Finding unless it `holds`.

        `reaction`: what the last "recall" of the replay then says (see `conformance.news`).
        """
        self._looked(expected, observed if not holds else "as expected")
        if not holds:
            self._reaction = reaction or self._reaction
            self._fail(expected, observed)

    def prefer(self, holds: object, expected: str, observed: str) -> None:
        """Like `check` for what the text only recommends: NON-STRICT unless it `holds`."""
        self._looked(expected, observed if not holds else "as expected")
        if not holds and observed not in self.lenient:
            self.lenient.append(observed)

    def absent(self, why: str) -> Absent:
        """The exception for a feature that the server does not offer; raise it."""
        return Absent(why)

    def unknown(self, why: str) -> Unknown:
        """The exception for a precondition that did not hold; raise it."""
        return Unknown(why)

    def not_applicable(self, why: str) -> NoReturn:
        """End the case without a verdict: it says nothing about this target."""
        pytest.skip(why)

    def saw_close(self, close: Close | None) -> None:
        """Keep the worst way in which a stream was ended."""
        if close and CLOSE_SEVERITY[close] > CLOSE_SEVERITY.get(self.close or "", -1):
            self.close = close

    @asynccontextmanager
    async def example(self) -> AsyncIterator[None]:
        """Around each generated example: a fresh transcript; streams do not survive it."""
        self.examples += 1
        self.transcript = Transcript(self.subject.accounts, self.domain)
        self._streams, self.seen, self._reaction = [], [], ""
        try:
            yield
        finally:
            await asyncio.gather(*(stream.close() for stream in self._streams))

    def took(self, choices: object) -> None:
        """Keep a checksum of what Hypothesis chose for this example and for those before it."""
        last = int(self.inputs[-1], 16) if self.inputs else 0
        self.inputs.append(f"{zlib.crc32(repr(choices).encode(), last):08x}")

    @property
    def seconds(self) -> float:
        """Since the case began."""
        return monotonic() - self._began

    @property
    def over_budget(self) -> bool:
        """There is a finding, and looking for a smaller one has taken long enough."""
        return self.finding is not None and self.seconds > self.budget_s

    def _looked(self, expected: str, observed: str) -> None:
        if not self.transcript.received:
            raise Unknown("judged although the server has said nothing")
        self.judged += 1
        self.expected = expected
        self.seen.append(observed)

    def _fail(self, expected: str, observed: str) -> None:
        finding = Finding(expected, observed)
        self.finding = (finding, self.transcript, self._reaction)
        raise finding


_Test = Callable[..., Awaitable[None]]


def requires(*ids: str, **strategies: SearchStrategy[Any]) -> Callable[[_Test], Any]:
    """Bind a test to requirements of the catalogue, and feed it with generated arguments."""

    def bind(test: _Test) -> Any:
        @functools.wraps(test)
        async def example(*args: Any, **kwargs: Any) -> None:
            case: Case = kwargs["case"]
            if case.over_budget:
                return
            new = not case.shrinking
            whole = not any(isinstance(value, DataObject) for value in kwargs.values())
            async with case.example():
                try:
                    await test(*args, **kwargs)
                    whole = True  # nothing has kept the test from drawing all that it draws
                except HypothesisException:  # the example was not suitable
                    raise
                except Exception:
                    case.shrinking = True
                    raise
                finally:
                    if strategies and new and whole:
                        case.took(current_build_context().data.choices)

        generated = given(**strategies)(example) if strategies else example
        return pytest.mark.requires(*ids)(generated)

    return bind


def ping(identifier: str, to: str) -> str:
    """A ping (XEP-0199): answered by a result or an error, so good as a fence."""
    return f"<iq type='get' id='{identifier}' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>"


async def sane(subject: Subject) -> str:
    """Log in once as an ordinary client would, on the last account; why it failed, or ""."""
    case = Case(subject, "sanity", [])
    async with case.example():
        try:
            await case.at(Stage.BOUND, len(subject.accounts) - 1)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


__all__ = ["Case", "Subject", "ping", "requires", "sane"]
