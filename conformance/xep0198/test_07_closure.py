"""Section 7: streams that are closed, and streams that merely break."""

from __future__ import annotations

import pytest

from conformance.rfc6120.common import after
from conformance.suite import Case, Stage, requires
from conformance.wire.stream import RawStream
from conformance.xep0198.client import HERE, Client, managed, outcome, resume
from conformance.xep0198.test_05_resumption import NOT_FOUND


async def _known(case: Case, client: Client) -> RawStream:
    """Somebody who has directed presence of the client."""
    peer = await case.bound(0, available=True)
    await client.say(f"<presence to='{peer.jid}'/>")
    await peer.element("^presence$")
    await client.check_count()
    return peer


@requires("sm-closed-stream")
async def test_closed_stream(case: Case) -> None:
    """The resource is gone at once, and for good."""
    async with managed(case, 1) as client:
        peer = await _known(case, client)
        await client.stream.close()
        client.stream.cut()
        case.check(
            any(e.get("type") == "unavailable" for e in (await after(case, peer, "")).elements),
            "unavailable presence",
            "no unavailable presence",
        )
        stream = await case.at(Stage.UNBOUND, 1)
        await stream.send(resume(client.identifier, client.received))
        case.judge(outcome(await stream.next()), NOT_FOUND)


@pytest.mark.parametrize("how", ["cut", "orderly"])
@requires("sm-broken-stream")
async def test_broken_stream(case: Case, how: str) -> None:
    """By a reset, or by an orderly end of the connection without the closing tag."""
    async with managed(case, 1) as client:
        peer = await _known(case, client)
        if how == "orderly":
            await client.stream.half_close()
            await client.stream.react()
        client.stream.cut()
        answer = await client.resumed()
        case.prefer(answer.tag == f"{HERE}resumed", "<resumed/>", outcome(answer))
        found = (await after(case, peer, "")).elements
        case.prefer(not found, "nothing for others", "unavailable presence for others")
