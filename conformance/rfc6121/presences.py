"""What the cases about presence share: who is subscribed to whom, and who was told what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element, canonicalize, fromstring, tostring

from conformance.rfc6120.common import after
from conformance.rfc6120.streams import reached
from conformance.rfc6121.rosters import emptied
from conformance.suite import Case
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

SHOW = f"{{{ns.CLIENT}}}show"
STATUS = f"{{{ns.CLIENT}}}status"
PRIORITY = f"{{{ns.CLIENT}}}priority"
LEAVING = ("unavailable", "end", "error", "half-close", "cut", "reset")
"""The ways in which a resource becomes unavailable; all but the first end its stream."""

STATES: dict[str, tuple[tuple[int, int], ...]] = {
    "none": (),
    "to": ((0, 1),),
    "from": ((1, 0),),
    "both": ((0, 1), (1, 0)),
}
"""What `relations` takes for each state of account 1 in the roster of account 0."""

Seen = list[list[Element]]
"""For each of several streams, the presence that came to it."""


@asynccontextmanager
async def relations(
    case: Case, *pairs: tuple[int, int], others: Iterable[int] = ()
) -> AsyncIterator[dict[int, RawStream]]:
    """Accounts with subscriptions: of each pair the first is subscribed to the presence of the
    second. A bound stream, not available, of each of them and of `others`; none of their rosters
    has anything in it afterwards."""
    accounts = sorted({number for pair in pairs for number in pair} | set(others))
    streams = {number: await case.bound(number) for number in accounts}
    try:
        for subscriber, publisher in pairs:
            await subscribe(case, streams, subscriber, publisher)
        await settle(*streams.values())
        yield streams
    finally:
        for number in accounts:
            for other in set(accounts) - {number}:
                await _unrelated(case, streams, number, other)
        for number in accounts:
            await emptied(case, streams[number], number)


async def available(case: Case, account: int, *inner: str) -> list[RawStream]:
    """Resources of an account that say this in their initial presence."""
    streams = [await case.bound(account) for _ in inner]
    for stream, text in zip(streams, inner, strict=True):
        await after(case, stream, presence(text))
    return streams


async def subscribe(
    case: Case, streams: dict[int, RawStream], subscriber: int, publisher: int
) -> None:
    """Request and approval."""
    ask = f"<presence to='{case.jid(publisher)}' type='subscribe'/>"
    await after(case, streams[subscriber], ask)
    approve = f"<presence to='{case.jid(subscriber)}' type='subscribed'/>"
    await after(case, streams[publisher], approve)


async def _unrelated(case: Case, streams: dict[int, RawStream], number: int, other: int) -> None:
    """Take back what a request or an approval in advance may have left besides items."""
    if not streams[number].is_open:
        streams[number] = await case.bound(number)
    ends = (f"<presence to='{case.jid(other)}' type='{kind}'/>" for kind in _ENDS)
    await after(case, streams[number], "".join(ends))


_ENDS = ("unsubscribe", "unsubscribed")


async def settle(*streams: RawStream) -> Seen:
    """What presence has come to each, once nothing is under way between them.

    A fence on each stream shows that its server side has done what came before; what that set off
    at the others is behind a second round.
    """
    seen: Seen = [[] for _ in streams]
    for _ in range(2):
        for number, stream in enumerate(streams):
            came = (await reached(stream)).elements
            seen[number] += [element for element in came if element.tag == ns.PRESENCE]
    return seen


async def gone(stream: RawStream, sender: str) -> bool:
    """Whether unavailable presence comes from this address: a server has to notice first that a
    connection is lost."""
    while isinstance(item := await stream.next(), Element):
        if item.tag == ns.PRESENCE and item.get("from") == sender:
            return item.get("type") == "unavailable"
    return False


async def probed(prober: RawStream, to: str, *others: RawStream) -> list[Element]:
    """The presence that comes upon a probe; `others` are streams of who is probed."""
    await settle(prober, *others)
    await prober.send(presence(to=to, type="probe", id="probe-q7"))
    return [e for e in (await settle(prober, *others))[0] if e.get("from") != prober.jid]


def of(came: Iterable[Element], sender: str) -> list[Element]:
    """The presence from this address."""
    return [e for e in came if e.tag == ns.PRESENCE and e.get("from") == sender]


def words(came: Iterable[Element], sender: str) -> list[str]:
    """What presence from this address says: available, unavailable, or another type."""
    return [element.get("type", "available") for element in of(came, sender)]


def shown_by(came: Iterable[Element], sender: str) -> bool:
    """Whether there is any presence from this address."""
    return bool(of(came, sender))


def reads(came: Iterable[Element], account: str) -> bool:
    """Whether there is presence, available or not, from an account or any of its resources."""
    return any(
        e.get("type") in (None, "unavailable") and e.get("from", "").partition("/")[0] == account
        for e in came
        if e.tag == ns.PRESENCE
    )


def presence(inner: str = "", **attributes: str) -> str:
    """A presence stanza."""
    written = "".join(f" {name}='{value}'" for name, value in attributes.items() if value)
    return f"<presence{written}>{inner}</presence>"


def whole(element: Element, inner: str) -> bool:
    """Whether all that was written into a stanza is in it: each child unchanged, and of the
    children that the content namespace defines no others. Servers may add other elements."""
    sent = [_canonical(e) for e in fromstring(f"<p xmlns='{ns.CLIENT}'>{inner}</p>")]
    came = [(e.tag, _canonical(e)) for e in element]
    texts = [text for _, text in came]
    own = [text for tag, text in came if tag.startswith(f"{{{ns.CLIENT}}}")]
    return all(texts.count(text) == sent.count(text) for text in sent) and all(
        text in sent for text in own
    )


def _canonical(element: Element) -> str:
    element.tail = None
    return canonicalize(tostring(element), rewrite_prefixes=True)


async def leave(case: Case, stream: RawStream, how: str) -> None:
    """Become unavailable in one of the ways of `LEAVING`."""
    if how == "unavailable":
        await after(case, stream, "<presence type='unavailable'/>")
    elif how == "end":
        await stream.send("</stream:stream>")
        await stream.react()
    elif how == "error":
        await stream.send("<a></b>")
        await stream.react()
    elif how == "half-close":
        await stream.half_close()
        await stream.react()
    else:
        if how == "reset":
            stream.connection.reset()
        stream.cut()
