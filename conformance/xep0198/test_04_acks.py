"""Sections 4 and 6: acknowledgements in both directions, and stanzas that never got one."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.common import after, stored
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream, Reaction
from conformance.xep0198.client import (
    ENABLE,
    HERE,
    REQUEST,
    Client,
    acknowledgement,
    managed,
    message,
    offered,
    resumable,
)
from harness.xmpp import namespaces as ns

_DELAY = "{urn:xmpp:delay}delay"
# What a client may send, and how many stanzas it is.
_SENT = {
    "<message to='{own}' type='headline'><body>x</body></message>": 1,
    "<message to='nobody-q7@{domain}' type='groupchat'><body>x</body></message>": 1,
    "<message to='somebody@q7.invalid' type='chat'><body>x</body></message>": 1,
    "<iq type='get' id='q' to='{domain}'><query xmlns='urn:example:q'/></iq>": 1,
    "<iq type='result' id='r' to='{domain}'/>": 1,
    "<presence><priority>1</priority></presence>": 1,
    "<presence to='{own}'/>": 1,
    " \n": 0,
    REQUEST: 0,
    acknowledgement(0): 0,
}


@requires(
    "sm-acks",
    "sm-ack-count",
    "sm-count-stanzas",
    texts=st.lists(st.sampled_from(list(_SENT)), min_size=1, max_size=12),
    cuts=CUTS,
)
async def test_count_of_the_server(case: Case, texts: list[str], cuts: list[float]) -> None:
    """Of whatever a client sends, in any pieces."""
    async with managed(case, 1, ENABLE) as client:
        text = "".join(texts).format(own=client.jid, domain=case.domain)
        await client.stream.send(text, offsets(cuts, text))
        client.sent += sum(_SENT[part] for part in texts)
        await client.check_count()
        await client.check_count()


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("behind", [0, 3])
@requires("sm-count-start", "sm-ack-count")
async def test_where_the_count_begins(case: Case, before: int, behind: int) -> None:
    """Stanzas before <enable/> and right behind it, all in one write."""
    stream = await case.bound(1)
    await offered(case, stream)
    client = Client(case, 1, stream)
    stanza = message("x", case.jid(4))
    client.sent = behind
    await client.enable(stanza * before + ENABLE + stanza * behind)
    await client.check_count()
    await client.leave()


@requires("sm-count-sent", counts=st.lists(st.integers(0, 5), max_size=3), times=st.integers(1, 2))
async def test_acknowledging_what_came(case: Case, counts: list[int], times: int) -> None:
    """Exactly so much, bit by bit, more than once: the stream goes on."""
    async with managed(case, 1, ENABLE) as client:
        for count in counts:
            await client.say(*(message(f"m{n}", client.jid) for n in range(count)))
            await client.counts()
            for _ in range(times):
                await client.acknowledge()
        await client.check_count()


@requires("sm-count-too-high", "sm-count-sent", count=st.integers(0, 4), more=st.integers(1, 9))
async def test_acknowledging_more_than_came(case: Case, count: int, more: int) -> None:
    stream = await case.bound(1, available=True)
    await offered(case, stream)
    client = Client(case, 1, stream)
    await client.enable(ENABLE)
    await client.say(*(message(f"m{n}", client.jid) for n in range(count)))
    await client.counts()
    too_high(case, await after(case, stream, acknowledgement(client.received + more)))


def too_high(case: Case, reaction: Reaction) -> None:
    """The stream error for a count that cannot be."""
    error = reaction.error
    case.saw_close(reaction.close)
    if error is None:
        case.prefer(False, "a stream error", "the stream goes on")
        return
    case.judge(
        reaction,
        Allowed(
            "<undefined-condition/>", ("*stream error undefined-condition",), ("*stream error *",)
        ),
    )
    detail = error.find(f"{HERE}handled-count-too-high")
    case.prefer(detail is not None, "<handled-count-too-high/>", "no <handled-count-too-high/>")


@pytest.mark.parametrize("wish", [ENABLE, resumable(1)], ids=["broken", "expired"])
@requires("sm-unacknowledged", "sm-unacknowledged-delay")
async def test_unacknowledged_message(case: Case, wish: str) -> None:
    """The connection breaks behind a message that was delivered, but not acknowledged."""
    await stored(case, 4)
    sender = await case.bound(0, available=True)
    stream = await case.bound(4, available=True)
    await offered(case, stream)
    client = Client(case, 4, stream)
    await client.enable(wish)
    if "max=" in wish and not 0 < client.seconds <= 2:
        await client.leave()
        case.not_applicable("the server decides by itself how long a session waits")
    await client.say(f"<presence to='{sender.jid}'/>")
    await sender.element("^presence$")
    await sender.send(message("x", case.jid(4), "chat"))
    await _arrived(client, "x")
    stream.cut()
    returned = await _until_unavailable(case, sender, client.jid)
    kept = [e for e in await stored(case, 4) if e.get("id") == "x"]
    case.check(len(kept) + returned <= 1, "the message once", "the message more than once")
    case.prefer(len(kept) + returned == 1, "the message kept, or returned", "the message lost")
    for element in kept:
        case.prefer(element.find(_DELAY) is not None, "<delay/>", "no <delay/>")


async def _arrived(client: Client, identifier: str) -> None:
    while (await client.take()).get("id") != identifier:
        pass


async def _until_unavailable(case: Case, sender: RawStream, jid: str) -> int:
    """Wait until the resource has gone; how many messages came back on the way, or then."""
    found: list[Element] = []
    while not found or (found[-1].get("from"), found[-1].get("type")) != (jid, "unavailable"):
        found.append(await sender.element())
    found += (await after(case, sender, "")).elements
    return sum(e.tag == ns.MESSAGE and e.get("type") == "error" for e in found)
