"""Sections 5 and 10: which sessions can be resumed, by whom, and what they are then."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.text import IDENTIFIERS
from conformance.rfc6120.common import after, came
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import bind
from conformance.wire.stream import RawStream
from conformance.xep0198.client import (
    ENABLE,
    HERE,
    Client,
    managed,
    message,
    offered,
    outcome,
    resumable,
    resume,
)
from conformance.xep0198.test_03_enable import check_condition
from conformance.xep0198.test_04_acks import too_high
from harness.xmpp import namespaces as ns

_FAILED = Allowed("<failed/>", ("failed", "failed *"))
NOT_FOUND = Allowed("<item-not-found/>", ("failed item-not-found",), ("failed", "failed *"))


@requires("sm-id", "sm-id-length")
async def test_ids(case: Case) -> None:
    """Of sessions at the same time and of later ones."""
    ids = []
    for _ in range(3):
        async with managed(case, 0) as one, managed(case, 1) as other:
            ids += [one.identifier, other.identifier]
    case.check(len(set(ids)) == len(ids), "another id for each session", "an id twice")
    longest = max(len(identifier.encode()) for identifier in ids)
    case.prefer(longest <= 4000, "ids of 4,000 bytes at most", "a longer id")


@pytest.mark.parametrize("count", [0, 3])
@requires("sm-resumption", "sm-resumed", "sm-resume-counts")
async def test_resumption(case: Case, count: int) -> None:
    """The counts of both sides go on."""
    async with managed(case, 1) as client:
        await client.say(*(message(f"m{n}", case.jid(4)) for n in range(count)))
        expected = client.sent
        if count:
            await client.check_count()
            expected += 1  # the fence
        client.stream.cut()
        await taken_up(case, client, expected)
        await client.check_count()
        await client.say(message("after", client.jid))
        await client.check_count()
        await client.acknowledge()
        await client.check_count()


async def taken_up(case: Case, client: Client, expected: int) -> None:
    """Resume, and look at <resumed/>; the server must have handled exactly so many stanzas."""
    answer = await client.resumed()
    case.check(answer.tag == f"{HERE}resumed", "<resumed/>", outcome(answer))
    case.check(answer.get("previd") == client.identifier, "previd = the id", "another previd")
    case.check(answer.get("h") == str(expected), "h = the stanzas handled", "another h")


@requires(
    "sm-resume-unknown",
    "sm-resume-unknown-condition",
    "sm-resume-then-bind",
    "sm-failed",
    "sm-failed-condition",
    "sm-failed-recoverable",
    identifier=IDENTIFIERS,
    handled=st.integers(0, 2**32 - 1),
)
async def test_unknown_session(case: Case, identifier: str, handled: int) -> None:
    stream = await case.at(Stage.UNBOUND, 1)
    await offered(case, stream)
    await refused(case, stream, resume(identifier, handled))


async def refused(case: Case, stream: RawStream, text: str, allowed: Allowed = NOT_FOUND) -> None:
    """Check that <resume/> fails, and that the stream can go on to bind and enable."""
    await stream.send(text)
    item = await stream.next()
    case.judge(outcome(item), allowed)
    check_condition(case, item)
    await bind(stream)
    await Client(case, 0, stream).enable(ENABLE)


@pytest.mark.parametrize("handled", ["x", "-1", ""], ids=["letters", "negative", "empty"])
@requires("sm-failed", "sm-failed-condition")
async def test_a_count_that_is_none(case: Case, handled: str) -> None:
    """<resume/> of what is no session, with an h that is no number."""
    stream = await case.at(Stage.UNBOUND, 1)
    await offered(case, stream)
    await stream.send(resume("x", 0).replace("h='0'", f"h='{handled}'"))
    item = await stream.next()
    case.judge(outcome(item), Allowed("<failed/>", ("failed", "failed *"), ("stream error *",)))
    check_condition(case, item)


@requires("sm-resume-foreign", "sm-resume-unknown", count=st.integers(0, 2))
async def test_session_of_another_account(case: Case, count: int) -> None:
    """It is refused, sees nothing, and does no harm: the owner resumes afterwards."""
    sender = await case.bound(0)
    async with managed(case, 1) as client:
        client.stream.cut()
        for number in range(count):
            await after(case, sender, message(f"m{number}", client.jid))
        thief = await case.at(Stage.UNBOUND, 2)
        await thief.send(resume(client.identifier, client.received))
        item = await thief.next()
        case.judge(outcome(item), _FAILED)
        await bind(thief)
        case.check(not await came(thief), "nothing of the session", "stanzas of the session")
        await taken_up(case, client, client.sent)
        await client.check_count()
        case.check(
            client.messages() == [f"m{n}" for n in range(count)],
            "the messages that came meanwhile",
            "other messages",
        )


@requires("sm-resume-before-login", "sm-resumption")
async def test_before_login(case: Case) -> None:
    """With the id of a session that waits: not resumed, and the owner can do it later."""
    async with managed(case, 1) as client:
        client.stream.cut()
        stream = await case.secured()
        await stream.send(resume(client.identifier, client.received))
        item = await stream.next()
        case.judge(
            outcome(item),
            Allowed("<failed/>", ("failed", "failed *"), ("stream error not-authorized",)),
        )
        await taken_up(case, client, client.sent)


@requires("sm-resume-conflict", "sm-resumption")
async def test_old_stream_still_open(case: Case) -> None:
    async with managed(case, 1) as client:
        old = client.stream
        await taken_up(case, client, client.sent)
        reaction = await old.react()
        case.saw_close(reaction.close)
        case.judge(
            str(reaction),
            Allowed("<conflict/>", ("*stream error conflict",), ("*",)),
        )
        await client.say(message("x", client.jid))
        await client.check_count()
        case.check(client.messages() == ["x"], "the session on the new stream", "no session")


@requires("sm-resume-state", "sm-resumption", "sm-broken-stream")
async def test_state_of_the_resource(case: Case) -> None:
    """Its JID, its presence and its interest in the roster outlive the connection."""
    peer = await case.bound(0, available=True)
    other = await case.bound(1)
    async with managed(case, 1) as client:
        query = f"<query xmlns='{ns.ROSTER}'/>"
        await client.say(f"<iq type='get' id='roster'>{query}</iq>")
        await client.say(f"<presence to='{peer.jid}'/>")
        await peer.element("^presence$")
        await client.check_count()
        client.stream.cut()
        contact = f"<item jid='contact-q7@{case.domain}'%s/>"
        try:
            await after(case, other, _roster_set(contact % ""))
            await after(case, peer, message("to-account", case.jid(1)))
            await taken_up(case, client, client.sent)
        finally:
            await after(case, other, _roster_set(contact % " subscription='remove'"))
        await client.check_count()
        pushes = [e for e in client.inbox if e.find(f"{{{ns.ROSTER}}}query/") is not None]
        case.prefer(len(pushes) >= 1, "the roster push of meanwhile", "no roster push")
        case.prefer(client.messages() == ["to-account"], "a message to the account", "no message")
        gone = [e for e in (await after(case, peer, "")).elements if e.get("type")]
        case.prefer(not gone, "nothing for others", "unavailable presence for others")


def _roster_set(item: str) -> str:
    return f"<iq type='set' id='set'><query xmlns='{ns.ROSTER}'>{item}</query></iq>"


@requires("sm-resume-expired", "sm-resume-unknown", "sm-resume-unknown-condition")
async def test_expired_session(case: Case) -> None:
    """The client wishes for a short time, and the server agrees; then the resource is gone."""
    peer = await case.bound(0, available=True)
    async with managed(case, 1, resumable(1)) as client:
        if not 0 < client.seconds <= 2:
            case.not_applicable("the server decides by itself how long a session waits")
        await client.say(f"<presence to='{peer.jid}'/>")
        await peer.element("^presence$")
        client.stream.cut()
        await peer.element("^presence unavailable$")
        answer = await client.resumed()
        case.judge(outcome(answer), NOT_FOUND)
        count = answer.get("h", str(client.sent))
        case.check(count == str(client.sent), "h = the stanzas handled, or none", "another h")
        client.stream.cut()


@requires("sm-count-too-high", count=st.integers(0, 3), more=st.integers(1, 9))
async def test_resuming_with_too_high_a_count(case: Case, count: int, more: int) -> None:
    async with managed(case, 1) as client:
        await client.say(*(message(f"m{n}", client.jid) for n in range(count)))
        await client.counts()
        client.stream.cut()
        stream = await case.at(Stage.UNBOUND, 1)
        await stream.send(resume(client.identifier, client.received + more))
        too_high(case, await stream.react("^(resumed|failed)"))
