"""Section 8: a stanza is what it says, whole; how its bytes travel means nothing."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.text import XML_TEXT
from conformance.rfc6120.common import EVERY_KIND, NOTHING, after, answers, came, written
from conformance.rfc6120.streams import reached
from conformance.suite import Case, requires
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_TEXTS = st.lists(XML_TEXT, min_size=1, max_size=4)


@EVERY_KIND
@requires("stanza-partial-not-processed", missing=st.just(1) | st.integers(2, 60))
async def test_partial_stanza(case: Case, kind: str, missing: int) -> None:
    """The ping before it says that the server has read it; the rest makes it a stanza."""
    receiver, sender = await case.pair()
    text = written(kind, receiver.jid).encode()
    end = max(1, len(text) - missing)
    ping = f"<iq type='get' id='read' to='{case.domain}'><ping xmlns='{ns.PING}'/></iq>"
    await sender.send(ping.encode() + text[:end])
    case.judge(await sender.react("^iq .*read$"), NOTHING)
    case.check(not await came(receiver, kind), "nothing delivered", "a partial stanza delivered")
    case.judge(await after(case, sender, text[end:]), NOTHING)
    case.check(await came(receiver, kind) == ["x"], "the whole stanza delivered", "not delivered")


@EVERY_KIND
@requires("stanza-partial-not-processed", missing=st.just(1) | st.integers(2, 60))
async def test_partial_stanza_at_the_end(case: Case, kind: str, missing: int) -> None:
    """The connection ends within it."""
    receiver, sender = await case.pair()
    text = written(kind, receiver.jid).encode()
    await sender.send(text[: max(1, len(text) - missing)])
    await sender.half_close()
    await sender.react()
    case.check(
        "x" not in await came(receiver, kind), "nothing delivered", "a partial stanza delivered"
    )


@requires("stanza-timing-meaningless", data=st.data(), texts=_TEXTS)
async def test_cuts_mean_nothing(case: Case, data: st.DataObject, texts: list[str]) -> None:
    """One write, one for each byte, or anything between; within tags, entities and characters."""
    receiver, sender = await case.pair()
    parts, bodies, requests = [], [], []
    for number, text in enumerate(texts):
        body = f"<body>{stanza.escape(text).decode()}</body>"
        parts.append(written("message", receiver.jid, body, id=f"m{number}"))
        parts.append(written("iq", case.domain, id=f"q{number}"))
        bodies.append(text)
        requests.append(f"q{number}")
    written_out = "".join(parts).encode()
    size = len(written_out)
    some = st.lists(st.integers(1, size - 1), max_size=12)
    cuts = data.draw(st.just([]) | some | st.just(list(range(1, size))))
    await sender.send(written_out, cuts)
    found = await answers(case, sender, requests)
    ids = [element.get("id") for element in found]
    case.check(ids == requests, "each request answered once", "other answers")
    arrived = [e for e in (await reached(receiver)).elements if e.tag == ns.MESSAGE]
    case.check(
        [element.findtext(ns.BODY) for element in arrived] == bodies,
        "the messages as they were written",
        "other messages",
    )
