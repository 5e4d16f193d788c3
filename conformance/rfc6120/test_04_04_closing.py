"""Sections 4.4, 4.6 and 4.9.1: how streams end."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.model import EVERYWHERE
from conformance.rfc6120.test_04_08_namespaces import check_final
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import header

_STAGES = [pytest.param(s, id=s.name.lower()) for s in sorted(EVERYWHERE) if s > Stage.CONNECTED]
_END = "</stream:stream>"


@pytest.mark.parametrize("stage", _STAGES)
@requires("stream-error-generate")
async def test_closing_tag_is_answered(case: Case, stage: Stage) -> None:
    if stage is Stage.AUTHENTICATED:
        case.not_applicable("between success and the new header there is no stream to close")
    stream = await case.at(stage)
    await stream.send(_END)
    reaction = await stream.react()
    case.judge(reaction, Allowed("the closing tag", ("closed",)))
    case.check(reaction.close == "CLEAN", "the connection closed", f"close {reaction.close}")


@requires("stream-tcp-binding", count=st.integers(1, 5), cuts=CUTS)
async def test_stanzas_before_the_closing_tag_count(
    case: Case, count: int, cuts: list[float]
) -> None:
    """What was sent before the closing tag is processed (section 4.4, rule 2 from our side)."""
    stream = await case.bound()
    pings = "".join(
        f"<iq type='get' id='p{n}' to='{case.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
        for n in range(count)
    )
    await stream.send(pings + _END, offsets(cuts, pings))
    reaction = await stream.react()
    ids = [e.get("id") for e in reaction.elements]
    case.saw_close(reaction.close)
    case.check(
        ids == [f"p{n}" for n in range(count)],
        "an answer to each request before the closing tag, in order",
        "answers missing or out of order",
    )
    case.check(reaction.ending == "closed", "the closing tag", str(reaction.ending))


@pytest.mark.parametrize("stage", [p for p in _STAGES if p.values[0] is not Stage.AUTHENTICATED])
@requires("stream-error-generate")
async def test_nothing_after_a_stream_error(case: Case, stage: Stage) -> None:
    """A stream error is final: the requests behind it stay unanswered (section 4.9.1.1)."""
    stream = await case.at(stage)
    await stream.send("<message><x></y></message>")
    reaction = await stream.react()
    if reaction.error is None:
        raise case.unknown(f"no stream error, but {reaction}")
    check_final(case, reaction)


@pytest.mark.parametrize("stage", _STAGES)
@requires("stream-tcp-binding")
async def test_half_close_ends_the_stream(case: Case, stage: Stage) -> None:
    """A client that ends its direction without a closing tag is gone: the server ends its own."""
    stream = await case.at(stage)
    await stream.half_close()
    case.judge(
        await stream.react(),
        Allowed("the end of the connection", ("closed", "reset", "*stream error *")),
    )


@pytest.mark.parametrize("stage", _STAGES)
@requires("stream-tcp-binding", cut=st.floats(0.1, 0.9))
async def test_truncated_stanza_then_half_close(case: Case, stage: Stage, cut: float) -> None:
    stream = await case.at(stage)
    text = f"<message to='{case.jid()}' id='cut'><body>never finished</body></message>"
    await stream.send(text[: max(1, int(cut * len(text)))])
    await stream.half_close()
    case.judge(
        await stream.react(),
        Allowed("the end of the connection", ("closed", "reset", "*stream error *")),
    )


@requires("stream-tcp-binding", data=st.data())
async def test_truncated_header_then_half_close(case: Case, data: st.DataObject) -> None:
    stream = await case.stream()
    text = header(case.domain)
    await stream.send(text[: data.draw(st.integers(1, len(text) - 1))])
    await stream.half_close()
    reaction = await stream.react()
    # No byte need come from the server, so the end itself is what there is to look at.
    case.transcript.received = max(1, case.transcript.received)
    case.judge(
        reaction,
        Allowed("the end of the connection", ("closed", "reset", "*stream error *")),
    )
