"""Section 4.4: how streams are closed when the client closes first, and what still counts."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.model import OPEN, STEADY
from conformance.rfc6120.streams import (
    LEFT_OPEN,
    behind_the_end,
    ended,
    messages,
    names,
    tap,
    to_the_end,
)
from conformance.suite import Allowed, Case, Stage, requires
from conformance.suite.case import ping
from conformance.wire.negotiation import header
from harness.xmpp.client import END
from harness.xmpp.parser import StreamEnd

_OPEN = [pytest.param(stage, id=stage.name.lower()) for stage in sorted(OPEN)]
_STEADY = [pytest.param(stage, id=stage.name.lower()) for stage in sorted(STEADY)]
# No text forbids to keep a stream open whose client has ended its direction.
_THE_END = Allowed(
    "the end of the connection", ("closed", "reset", "*stream error *"), ("silence",)
)


@pytest.mark.parametrize("stage", _STEADY)
@requires("stream-close-reply", "stream-tcp-binding")
async def test_closing_tag_is_answered(case: Case, stage: Stage) -> None:
    stream = await case.at(stage)
    await stream.send(END)
    items = await to_the_end(stream)
    case.prefer(isinstance(items[0], StreamEnd), "the closing tag at once", names(items))
    case.prefer(ended(items), "the end of the connection", LEFT_OPEN)


@pytest.mark.parametrize("stage", _STEADY)
@requires("stream-close-no-data-after-tag", "stream-tcp-binding")
async def test_nothing_behind_the_closing_tag(case: Case, stage: Stage) -> None:
    """Also when messages are on their way to the client."""
    stream = await case.at(stage)
    received = tap(stream)
    if stage is Stage.BOUND:
        other = await case.bound(1)
        await other.send(f"<message to='{stream.jid}' id='m' type='headline'/>", times=20)
    await stream.send(END)
    await to_the_end(stream)
    case.check(
        not behind_the_end(received), "nothing behind the closing tag", "bytes behind the tag"
    )


@requires("stream-close-earlier-stanzas", "stream-tcp-binding", count=st.integers(1, 5), cuts=CUTS)
async def test_stanzas_before_the_closing_tag_count(
    case: Case, count: int, cuts: list[float]
) -> None:
    receiver, sender = await case.bound(1), await case.bound(0)
    ids = [f"m{number}" for number in range(count)]
    text = "".join(f"<message to='{receiver.jid}' id='{i}' type='headline'/>" for i in ids)
    text += END.decode()
    await sender.send(text, offsets(cuts, text))
    await sender.react()
    case.check(
        await messages(receiver) == ids,
        "each message before the closing tag delivered, in order",
        "messages missing or out of order",
    )


@requires("stream-close-pending-replies", "stream-tcp-binding", count=st.integers(1, 5), cuts=CUTS)
async def test_requests_before_the_closing_tag_are_answered(
    case: Case, count: int, cuts: list[float]
) -> None:
    """The server may finish what it has to send (rule 1 from its side)."""
    stream = await case.bound()
    ids = [f"p{number}" for number in range(count)]
    text = "".join(ping(i, case.domain) for i in ids) + END.decode()
    await stream.send(text, offsets(cuts, text))
    reaction = await stream.react()
    case.prefer(
        [e.get("id") for e in reaction.elements] == ids,
        "an answer to each request before the closing tag, in order",
        "answers missing or out of order",
    )


@pytest.mark.parametrize("stage", _OPEN)
@requires("stream-tcp-binding")
async def test_half_close_ends_the_stream(case: Case, stage: Stage) -> None:
    """A client that ends its direction without a closing tag is gone."""
    stream = await case.at(stage)
    await stream.half_close()
    case.judge(await stream.react(), _THE_END)


@pytest.mark.parametrize("stage", _OPEN)
@requires("stream-tcp-binding", cut=st.floats(0.1, 0.9))
async def test_truncated_stanza_then_half_close(case: Case, stage: Stage, cut: float) -> None:
    stream = await case.at(stage)
    text = f"<message to='{case.jid()}' id='cut'><body>never finished</body></message>"
    await stream.send(text[: max(1, int(cut * len(text)))])
    await stream.half_close()
    case.judge(await stream.react(), _THE_END)


@requires("stream-tcp-binding", data=st.data())
async def test_truncated_header_then_half_close(case: Case, data: st.DataObject) -> None:
    stream = await case.stream()
    text = header(case.domain)
    await stream.send(text[: data.draw(st.integers(1, len(text) - 1))])
    await stream.half_close()
    reaction = await stream.react()
    # No byte need come from the server, so the end itself is what there is to look at.
    case.transcript.received = max(1, case.transcript.received)
    case.judge(reaction, _THE_END)
