"""Section 4.4: how the server closes: first, after a stream error, or as the second."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.rfc6120.model import STEADY
from conformance.rfc6120.streams import (
    LEFT_OPEN,
    behind_the_end,
    close_notify_came,
    ended,
    names,
    tap,
    to_the_end,
)
from conformance.suite import Case, Stage, requires
from conformance.suite.case import ping
from conformance.wire.stream import Gone, RawStream
from harness.xmpp.client import END
from harness.xmpp.parser import StreamEnd

_STEADY = [pytest.param(stage, id=stage.name.lower()) for stage in sorted(STEADY)]
_IN_TLS = [param for param in _STEADY if param.values[0] is not Stage.OPENED]
_MALFORMED = "<message><x></y></message>"
_AT_ONCE_S = 0.2  # a connection that ends later, or after a round trip elsewhere, was left open
_REASONABLE_S = 60.0


async def closed_first(case: Case, stream: RawStream) -> None:
    """Have the server close its stream with an error; our closing tag is not sent."""
    await stream.send(_MALFORMED)
    items = [await stream.next(), await stream.next()]
    if not (isinstance(items[0], Element) and isinstance(items[1], StreamEnd)):
        raise case.unknown(f"expected a stream error and the closing tag, not {names(items)}")


@pytest.mark.parametrize("stage", _STEADY)
@requires("stream-close-waits-for-peer", "stream-tcp-binding")
async def test_connection_is_kept_until_our_tag(case: Case, stage: Stage) -> None:
    """Ending it at once is tolerated: so section 4.9.1.1 may be read."""
    other = await case.bound(1)
    stream = await case.at(stage)
    await closed_first(case, stream)
    await other.send(ping("meanwhile", case.domain))
    await other.react("^iq .*meanwhile$")
    item = await stream.next(_AT_ONCE_S)
    kept = isinstance(item, Gone) and item.how == "open"
    case.prefer(kept, "the connection open until our tag comes", names([item]))


@pytest.mark.parametrize("stage", _STEADY)
@requires("stream-close-ends-connection", "stream-tcp-binding")
async def test_our_tag_ends_the_connection(case: Case, stage: Stage) -> None:
    stream = await case.at(stage)
    await closed_first(case, stream)
    await stream.send(END)
    case.check(ended(await to_the_end(stream)), "the end of the connection", LEFT_OPEN)


@requires("stream-close-silent-peer", "stream-tcp-binding")
async def test_silent_client_is_given_up(case: Case) -> None:
    stream = await case.bound()
    await closed_first(case, stream)
    item = await stream.next(_REASONABLE_S)
    if isinstance(item, Gone) and item.how == "open":
        raise case.unknown(f"still open after {_REASONABLE_S:g} s; the text names no time")
    case.check(isinstance(item, Gone), "the end of the connection", names([item]))


@pytest.mark.parametrize("stage", _STEADY)
@requires("stream-close-no-data-after-tag", "stream-tcp-binding")
async def test_nothing_behind_the_closing_tag(case: Case, stage: Stage) -> None:
    """Also when messages are on their way to the client."""
    stream = await case.at(stage)
    received = tap(stream)
    if stage is Stage.BOUND:
        other = await case.bound(1)
        await other.send(f"<message to='{stream.jid}' id='m' type='headline'/>", times=20)
    await stream.send(_MALFORMED)
    await to_the_end(stream)
    case.check(
        not behind_the_end(received), "nothing behind the closing tag", "bytes behind the tag"
    )


@pytest.mark.parametrize("first", ["client", "server"])
@pytest.mark.parametrize("stage", _IN_TLS)
@requires("stream-close-tls-close-notify", "tls-support")
async def test_close_notify(case: Case, stage: Stage, first: str) -> None:
    mode = case.subject.mode
    if mode == "off":
        mode = "starttls" if "starttls" in case.subject.endpoints else "direct"
    stream = await case.at(stage, tls=mode)
    await stream.send(END if first == "client" else _MALFORMED)
    items = await to_the_end(stream)
    if not ended(items):
        raise case.unknown(LEFT_OPEN)
    case.check(close_notify_came(stream), "close_notify before the end", "no close_notify")
