"""Section 5 as a model: whatever happens to the connection, each stanza passes exactly once.

The client's side is `client.Client` with a record of what it has sent; a contact sends and
receives on a stream that never breaks. Steps are drawn, done, and compared with the model after
each resumption and at the end.
"""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.rfc6120.common import after, came
from conformance.suite import Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0198.client import HERE, Client, managed, message, outcome
from harness.xmpp import namespaces as ns

_FEW = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("get"), _FEW),  # the contact sends so many messages
    st.tuples(st.just("say"), _FEW),  # the client does
    st.tuples(st.just("read"), st.just(0)),  # the client takes what has come
    st.tuples(st.just("acknowledge"), st.just(0)),
    st.tuples(st.just("break"), _FEW),  # and so many messages come while it is away
    st.tuples(st.just("break while sending"), _FEW),
)


class Session:
    """The client, its contact, and all that each has sent."""

    def __init__(self, case: Case, client: Client, contact: RawStream) -> None:
        self.case = case
        self.client = client
        self.contact = contact
        self.from_contact: list[str] = []
        self.from_client: list[str] = []  # each entry is a stanza that counts
        self.got: list[str] = []
        self.contact_got: list[str] = []

    async def do(self, step: str, count: int) -> None:
        """One step, and what it must bring."""
        if step == "get":
            await self._get(count)
        elif step == "say":
            await self._say(count)
        elif step == "read":
            await self._read()
        elif step == "acknowledge":
            await self.client.acknowledge()
        else:
            if step == "break while sending":
                await self._say(count)
            self.client.stream.cut()
            if step == "break":
                await self._get(count)
            await self._resume()

    async def finish(self) -> None:
        """At the end nothing is missing and nothing came twice, on either side."""
        await self._read()
        self._compare(self.got, self.from_contact, "the client")
        await after(self.case, self.client.stream, "")
        self.contact_got += await came(self.contact, "message")
        said = [name for name in self.from_client if name]
        self._compare(self.contact_got, said, "the contact")

    async def _get(self, count: int) -> None:
        names = [f"c{len(self.from_contact) + n}" for n in range(count)]
        self.from_contact += names
        text = "".join(message(name, self.client.jid) for name in names)
        reaction = await after(self.case, self.contact, text)
        self.contact_got += [e.get("id", "") for e in reaction.elements if e.tag == ns.MESSAGE]

    async def _say(self, count: int) -> None:
        names = [f"s{len(self.from_client) + n}" for n in range(count)]
        self.from_client += names
        await self.client.say(*(message(name, self.contact.jid) for name in names))

    async def _read(self) -> None:
        """Take what has come; the fence is a stanza, too."""
        await self.client.check_count()
        self.from_client.append("")
        self.got += self.client.messages()

    async def _resume(self) -> None:
        """Send again what the server has not handled, nothing else."""
        client, case = self.client, self.case
        answer = await client.resumed()
        case.check(answer.tag == f"{HERE}resumed", "<resumed/>", outcome(answer))
        handled = int(answer.get("h", "-1"))
        case.check(0 <= handled <= client.sent, "h = stanzas that were sent", "an h that cannot be")
        missing = self.from_client[handled:]
        client.sent = handled
        await client.say(*(message(name, self.contact.jid) for name in missing))

    def _compare(self, found: list[str], expected: list[str], who: str) -> None:
        case = self.case
        case.check(not set(expected) - set(found), f"every stanza at {who}", "a stanza lost")
        case.check(len(set(found)) == len(found), f"each stanza once at {who}", "a stanza twice")
        case.check(found == expected, f"the order at {who}", "another order")


@requires(
    "sm-resumption",
    "sm-resumed",
    "sm-resume-counts",
    "sm-resume-retransmission",
    "sm-ack-count",
    "sm-acks",
    steps=st.lists(STEPS, min_size=2, max_size=8),
)
async def test_exactly_once(case: Case, steps: list[tuple[str, int]]) -> None:
    """Any sequence of stanzas both ways, acknowledgements, breaks and resumptions."""
    contact = await case.bound(0)
    async with managed(case, 1) as client:
        session = Session(case, client, contact)
        for step, count in steps:
            await session.do(step, count)
        await session.finish()


@requires("sm-resume-retransmission", "sm-resume-counts")
async def test_many_breaks(case: Case) -> None:
    """One after the other, each with stanzas that nobody has read."""
    contact = await case.bound(0)
    async with managed(case, 1) as client:
        session = Session(case, client, contact)
        for count in (1, 4, 0, 2):
            await session.do("get", count)
            await session.do("break while sending", count)
            await session.do("break", count)
        await session.finish()
