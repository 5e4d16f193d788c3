"""Sections 7.5 and 7.7.2: resources that a client asks for and that are unfit, or taken."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from conformance.player import name_of
from conformance.rfc6120.common import (
    after,
    bind_request,
    came,
    jid_in,
    written,
)
from conformance.rfc6120.test_07_binding import ask
from conformance.suite import Allowed, Case, Stage, requires
from conformance.verdicts import stream_error
from conformance.wire.negotiation import bind
from conformance.wire.stream import RawStream, shown

_RETRIES = 5  # section 7.7.3: at least so many further attempts, and no more than
_MOST_RETRIES = 10
_LONGEST = 1023  # bytes of a resource
_UNFIT = {
    "too-long": "r" * (_LONGEST + 1),
    "too-long-in-bytes": "日" * (_LONGEST // 3 + 1),
    "control": "a\u0085b",
    "delete": "a\u007fb",
    "private-use": "a\ue000b",
    "noncharacter": "a\ufdd0b",
    "tag": "a\U000e0041b",
}
_REFUSED = ("iq error bad-request", "iq error jid-malformed")


@requires("bind-empty-resource", "bind-support")
async def test_empty_resource(case: Case) -> None:
    stream = await case.at(Stage.UNBOUND)
    found = await ask(case, stream, bind_request(inner="<resource></resource>"))
    outcome = name_of(found)
    if outcome == "iq result":
        full = jid_in(found).partition("/")[2]
        outcome = "a resource of the server's making" if full else "a bare JID"
    case.judge(
        outcome,
        Allowed(
            "a resource of the server's making, or <bad-request/>",
            ("a resource of the server's making",),
            _REFUSED,
        ),
    )


@pytest.mark.parametrize("name", _UNFIT)
@requires("bind-invalid-resource", "bind-support")
async def test_unfit_resource(case: Case, name: str) -> None:
    """Against the rules of every version of the address format; made fit, or refused."""
    stream = await case.at(Stage.UNBOUND)
    found = await ask(case, stream, bind_request(_UNFIT[name]))
    outcome = name_of(found)
    if outcome == "iq result":
        outcome = "made fit" if _is_fit(jid_in(found).partition("/")[2], name) else "taken unfit"
    case.judge(outcome, Allowed("a fit resource, or <bad-request/>", ("made fit",), _REFUSED))


def _is_fit(resource: str, name: str) -> bool:
    if not 1 <= len(resource.encode()) <= _LONGEST:
        return False
    return "long" in name or _UNFIT[name][1] not in resource


@requires(
    "bind-resource-unique",
    "bind-support",
    names=st.lists(st.sampled_from(["x", "\u00e9", "e\u0301", "\u212b"]), min_size=2, max_size=4),
)
async def test_many_ask_at_once(case: Case, names: list[str]) -> None:
    """For resources of which some are the same, written so or in other characters."""
    streams = [await case.at(Stage.UNBOUND) for _ in names]
    for stream, name in zip(streams, names, strict=True):
        await stream.send(bind_request(name))
    for stream in streams:
        stream.jid = jid_in(await stream.next())
    case.check(any(stream.jid for stream in streams), "one bound at least", "none bound")
    live = [
        unicodedata.normalize("NFC", stream.jid)
        for stream in streams
        if stream.jid and (await after(case, stream, "")).ending == "fence"
    ]
    case.check(len(set(live)) == len(live), "one live stream for a full JID", "two live ones")


class Clash(NamedTuple):
    """Two streams of account 0; the newer has asked for the resource of the older."""

    older: RawStream
    newer: RawStream
    answer: str
    jid: str  # of the newer; empty: it was not bound

    @property
    def how(self) -> str:
        """By which of the three ways it is resolved."""
        if not self.jid:
            return "refused"
        return "taken over" if self.jid == self.older.jid else "another resource"


async def clash(case: Case) -> Clash:
    """Ask for a resource that is taken."""
    older, newer = await case.at(Stage.UNBOUND), await case.at(Stage.UNBOUND)
    await bind(older, "taken")
    await newer.send(bind_request("taken"))
    item = await newer.next()
    newer.jid = jid_in(item)
    return Clash(older, newer, shown(item), newer.jid)


@requires("bind-conflict", "bind-support", "stream-error-conflict")
async def test_conflict(case: Case) -> None:
    """Another resource, a refusal, or the end of the older stream."""
    found = await clash(case)
    before = await after(case, found.older, "")
    case.saw_close(before.close)
    case.judge(
        f"{found.answer if found.how == 'refused' else found.how}; {before}",
        Allowed(
            "another resource, or iq error conflict, or stream error conflict on the older stream",
            (
                "another resource; ignored",
                "iq error conflict; ignored",
                "taken over; stream error conflict",
            ),
        ),
    )


@requires("bind-conflict-new-resource")
async def test_conflict_by_another_resource(case: Case) -> None:
    found = await clash(case)
    if found.how != "another resource":
        case.not_applicable("this server resolves a conflict in another way")
    sender = await case.bound(1)
    for stream in (found.older, found.newer):
        await after(case, sender, written("message", stream.jid))
        case.check(await came(stream, "message") == ["x"], "both sessions work", "one does not")


@requires("bind-conflict-stream-kept", "stanza-error-conflict")
async def test_conflict_by_refusal(case: Case) -> None:
    found = await clash(case)
    if found.how != "refused":
        case.not_applicable("this server resolves a conflict in another way")
    case.judge(found.answer, Allowed("<conflict/>", ("iq error conflict",)))
    again = await ask(case, found.newer, bind_request("free"))
    case.check(name_of(again) == "iq result", "a result for another resource", name_of(again))
    case.judge(await after(case, found.older, ""), Allowed("the first session", ("ignored",)))


@requires("bind-conflict-old-closed", "stream-error-conflict")
async def test_conflict_by_taking_over(case: Case) -> None:
    """The older stream ends with an error, and the JID is the newer one's alone."""
    found = await clash(case)
    if found.how != "taken over":
        case.not_applicable("this server resolves a conflict in another way")
    case.judge(await after(case, found.older, ""), stream_error("conflict"))
    sender = await case.bound(1)
    await after(case, sender, written("message", found.jid))
    case.check(await came(found.newer, "message") == ["x"], "reached at the JID", "not reached")


async def refused(case: Case) -> tuple[RawStream, str]:
    """A stream on which a bind has been refused, and what was asked."""
    for request in map(bind_request, _UNFIT.values()):
        stream = await case.at(Stage.UNBOUND)
        stream.jid = jid_in(await ask(case, stream, request))
        if not stream.jid:
            break
    else:
        case.not_applicable("the server mends every resource")
    return stream, request


@requires("bind-support", "bind-retries", "stanza-error-stream-goes-on")
async def test_another_try_after_a_refusal(case: Case) -> None:
    """A stanza error is not the end of the stream (section 8.3)."""
    stream, _ = await refused(case)
    await stream.send(bind_request("fine"))
    item = await stream.next()
    stream.jid = jid_in(item)
    case.check(shown(item) == "iq result", "a result on the second try", shown(item))


@requires("bind-retries")
async def test_five_further_attempts(case: Case) -> None:
    stream, request = await refused(case)
    further = 0
    for _ in range(_RETRIES - 1):
        await stream.send(request)
        further += shown(await stream.next()).startswith("iq error ")
    await stream.send(bind_request("fine"))
    stream.jid = jid_in(await stream.next())
    further += bool(stream.jid)
    case.prefer(further == _RETRIES, "five further attempts at least", "fewer further attempts")


@requires("bind-retries-exceeded")
async def test_too_many_attempts(case: Case) -> None:
    """A server that sets no limit does not follow the recommendation of section 7.7.3."""
    stream, request = await refused(case)
    for _ in range(_MOST_RETRIES + 1):
        await stream.send(request)
        reaction = await stream.react("^iq error .* ?b$")
        if reaction.ending != "fence":
            case.judge(reaction, stream_error("policy-violation"))
            return
    case.prefer(False, "no more than ten further attempts", "more than ten further attempts")
