"""The account that stanzas are for: its resources, their priorities, and what has come to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element

from conformance.generate.resources import Priorities
from conformance.rfc6120.common import ROSTER_GET, after, written
from conformance.rfc6120.streams import reached
from conformance.suite import Case
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

_AGAIN = "<presence type='unavailable'/><presence/>"

Wanted = Callable[[Element], bool]


class Recipient:
    """Streams of one account, as many as were asked for; none is available at first."""

    def __init__(self, case: Case, account: int) -> None:
        self.case = case
        self.account = account
        self.jid = case.jid(account)
        self.streams: list[RawStream] = []
        self.priorities: list[int | None] = []
        self.arrived: list[Element] = []  # what `copies` has found

    async def connect(self, interested: Sequence[bool]) -> None:
        """Bind a resource for each entry, which asks for the roster if that is true."""
        for asks in interested:
            stream = await self.case.bound(self.account)
            if asks:
                await after(self.case, stream, written("iq", "", ROSTER_GET, id="roster"))
            self.streams.append(stream)
            self.priorities.append(None)

    async def take(self, priorities: Priorities) -> None:
        """Give the resources these priorities; with None one becomes unavailable."""
        for number, priority in enumerate(priorities):
            if priority is not None or self.priorities[number] is not None:
                await self.streams[number].send(presence(priority))
        for stream in self.streams:
            await reached(stream)
        self.priorities = list(priorities)

    async def copies(self, wanted: Wanted) -> Counter[int]:
        """How many of the wanted stanzas have come to which resource, judged behind a fence on
        every one of them."""
        found: Counter[int] = Counter()
        self.arrived = []
        for number, stream in enumerate(self.streams):
            came = [element for element in (await reached(stream)).elements if wanted(element)]
            self.arrived += came
            if came:
                found[number] = len(came)
        return found

    async def awake(self, wanted: Wanted) -> int:
        """Become available with one resource, a new one if there is none; how many of the wanted
        stanzas had been kept for that."""
        if not self.streams:
            await self.connect([False])
        stream = self.streams[0]
        await stream.send(presence(0) if self.priorities[0] is None else _AGAIN)
        self.priorities[0] = 0
        return sum(map(wanted, (await reached(stream)).elements))


def presence(priority: int | None) -> str:
    """A broadcast: unavailable for None, without <priority/> for 0."""
    if priority is None:
        return "<presence type='unavailable'/>"
    return f"<presence><priority>{priority}</priority></presence>" if priority else "<presence/>"


def removal(jid: str) -> str:
    """Take a contact off the roster, whether it is there or not."""
    item = f"<item jid='{jid}' subscription='remove'/>"
    return written("iq", "", f"<query xmlns='{ns.ROSTER}'>{item}</query>", type="set", id="remove")
