"""Section 13.12: the size of stanzas."""

from __future__ import annotations

import pytest

from conformance.rfc6120.common import NOTHING, after, delivered, errors_in, written
from conformance.rfc6120.streams import tap
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream, Reaction
from harness.xmpp import namespaces as ns

_LEAST = 10_000  # bytes of a stanza, which every server takes
_MOST = 12 * 1024 * 1024  # more than servers take unless they are told to
_PIECE = 65_536
_FORMS = {  # what precedes the bulk, what it consists of, what is behind it
    "text": ("<body>", "x", "</body>"),
    "attribute": ("<q xmlns='urn:example:q' a='", "x", "'/>"),
    "elements": ("<q xmlns='urn:example:q'>", "<yy/>xxx", "</q>"),
}
_EVERY_FORM = pytest.mark.parametrize("form", _FORMS)


@_EVERY_FORM
@requires("stanza-size-minimum", "stanza-kind-message")
async def test_stanza_that_every_server_takes(case: Case, form: str) -> None:
    """Of exactly so many bytes."""
    receiver, sender = await case.pair()
    start, unit, end = _FORMS[form]
    room = _LEAST - len(written("message", receiver.jid, start + end))
    bulk = unit * (room // len(unit))
    bulk += "x" * (room - len(bulk))
    text = written("message", receiver.jid, start + bulk + end)
    assert len(text) == _LEAST
    found = await delivered(case, sender, receiver, text, "message")
    inner = found[0]
    came = "".join(inner.itertext()) + inner.get("a", "")
    expected = bulk.replace("<yy/>", "")
    case.check(came == expected, "all of it", "a part of it")


async def outsize(stream: RawStream, form: str) -> None:
    """Send a message that is too big."""
    start, unit, end = _FORMS[form]
    opening, closing = written("message", stream.jid, "|").split("|")
    await stream.send(opening + start)
    await stream.send(unit * (_PIECE // len(unit)), times=_MOST // _PIECE)
    await stream.send(end + closing)


async def refusal(case: Case, stream: RawStream, form: str) -> Reaction:
    """What a stanza beyond the limit brings. Raises Absent where there is none so far."""
    await outsize(stream, form)
    reaction = await after(case, stream, "")
    if str(reaction) == "message headline":
        raise case.absent(f"no limit to the size of stanzas below {_MOST} bytes")
    return reaction


@_EVERY_FORM
@requires("stanza-size-exceeded", "stanza-error-policy-violation", "stream-error-policy-violation")
async def test_stanza_beyond_the_limit(case: Case, form: str) -> None:
    """It is refused, and other streams go on."""
    stream, other = await case.bound(0), await case.bound(0)
    reaction = await refusal(case, stream, form)
    conditions = ("not-acceptable", "resource-constraint")
    case.judge(
        reaction,
        Allowed(
            "<policy-violation/>",
            ("stream error policy-violation", "message error policy-violation"),
            tuple(f"{kind} error {c}" for kind in ("stream", "message") for c in conditions),
        ),
    )
    for error in (error for element in reaction.elements for error in errors_in(element)):
        good = error.get("type") in ("modify", "wait")
        case.prefer(good, "the type modify or wait", "another type")
    case.judge(await after(case, other, ""), NOTHING)


@requires("stanza-error-original-size")
async def test_payload_is_not_sent_back(case: Case) -> None:
    stream = await case.bound(0)
    received = tap(stream)
    reaction = await refusal(case, stream, "text")
    case.saw_close(reaction.close)
    bodies = [e for element in reaction.elements for e in element.iter(ns.BODY)]
    case.check(
        not bodies and len(received) < _PIECE, "an error without the payload", "the payload in it"
    )
