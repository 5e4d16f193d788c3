"""A client with stream management, which counts what passes and can lose its connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from xml.etree.ElementTree import Element

from conformance.suite import Case, Finding, Stage, Unknown
from conformance.suite.case import ping
from conformance.wire.negotiation import bind
from conformance.wire.stream import Item, RawStream, shown
from harness.xmpp import namespaces as ns

NAMESPACE = "urn:xmpp:sm:3"
HERE = f"{{{NAMESPACE}}}"
ENABLE = f"<enable xmlns='{NAMESPACE}'/>"
REQUEST = f"<r xmlns='{NAMESPACE}'/>"
_STANZAS = (ns.MESSAGE, ns.PRESENCE, ns.IQ)
_FENCE = "sm-fence"


def resumable(seconds: int | None = None) -> str:
    """<enable/> of a client that wants to resume, within so many seconds."""
    wish = "" if seconds is None else f" max='{seconds}'"
    return f"<enable xmlns='{NAMESPACE}' resume='true'{wish}/>"


def resume(identifier: str, handled: int) -> str:
    """<resume/>."""
    return f"<resume xmlns='{NAMESPACE}' previd='{identifier}' h='{handled}'/>"


def acknowledgement(handled: int) -> str:
    """<a/>."""
    return f"<a xmlns='{NAMESPACE}' h='{handled}'/>"


def message(identifier: str, to: str, kind: str = "headline") -> str:
    """A message."""
    return f"<message to='{to}' type='{kind}' id='{identifier}'><body>x</body></message>"


def outcome(item: Item) -> str:
    """What the server answered, in few words; <failed/> with its condition."""
    if isinstance(item, Element) and item.tag == f"{HERE}failed":
        return " ".join(["failed", *conditions(item)])
    return shown(item)


def conditions(failed: Element) -> list[str]:
    """The names of the conditions in <failed/>, "foreign" for those of other namespaces."""
    names = [element.tag.removeprefix(f"{{{ns.STANZAS}}}") for element in failed]
    return ["foreign" if name.startswith("{") else name for name in names if name != "text"]


async def offered(case: Case, stream: RawStream) -> None:
    """Raise Absent unless the stream's features name stream management."""
    if stream.features is None or stream.features.find(f"{HERE}sm") is None:
        raise case.absent("stream management is not offered")


class Client:
    """`sent` and `received` are the counts of both directions; `inbox` is what has come."""

    def __init__(self, case: Case, account: int, stream: RawStream) -> None:
        self.case = case
        self.account = account
        self.stream = stream
        self.jid = stream.jid
        self.identifier = ""
        self.seconds = 0  # how long the server lets us be away, 0 if it does not say
        self.sent = 0
        self.received = 0
        self.inbox: list[Element] = []

    async def enable(self, text: str) -> Element:
        """Enable stream management; the answer. Raises Absent where sessions do not resume."""
        await self.stream.send(text)
        answer = await self.take()
        self.case.check(answer.tag == f"{HERE}enabled", "<enabled/>", shown(answer))
        self.identifier = answer.get("id", "")
        self.seconds = int(answer.get("max") or 0)
        if "resume=" in text and answer.get("resume") not in ("true", "1"):
            raise self.case.absent("the server does not allow resumption")
        return answer

    async def take(self) -> Element:
        """The next element, counted if it is a stanza."""
        item = await self.stream.next()
        self.case.check(isinstance(item, Element), "a stream that goes on", shown(item))
        assert isinstance(item, Element)
        self.received += item.tag in _STANZAS
        return item

    async def say(self, *texts: str) -> None:
        """Send stanzas."""
        self.sent += len(texts)
        await self.stream.send("".join(texts))

    async def acknowledge(self) -> None:
        """Acknowledge all that has come."""
        await self.stream.send(acknowledgement(self.received))

    async def counts(self) -> list[int]:
        """What the server says that it has handled, after <r/>; stanzas go to the inbox.

        There may be counts that it says unasked. All is there once a ping is answered.
        """
        await self.stream.send(REQUEST)
        await self.say(ping(_FENCE, self.case.domain))
        counts = []
        while True:
            element = await self.take()
            if element.tag == f"{HERE}a":
                counts.append(_number(element.get("h")))
            elif element.tag == ns.IQ and element.get("id") == _FENCE:
                return counts
            elif element.tag in _STANZAS:
                self.inbox.append(element)

    async def check_count(self) -> None:
        """The server's count is ours."""
        expected, counts = self.sent, await self.counts()
        self.case.check(counts, "an answer to <r/>", "no answer")
        self.case.check(
            expected in counts,
            "h = the stanzas that were sent",
            "h too low" if max(counts) < expected else "h too high",
        )

    def messages(self) -> list[str]:
        """The ids of the messages in the inbox; it is empty then."""
        found = [element.get("id", "") for element in self.inbox if element.tag == ns.MESSAGE]
        self.inbox.clear()
        return found

    async def resumed(self, stream: RawStream | None = None) -> Element:
        """Go on with another stream, a new one by default; the answer to <resume/>."""
        stream = stream or await self.case.at(Stage.UNBOUND, self.account)
        await stream.send(resume(self.identifier, self.received))
        self.stream = stream
        answer = await self.take()
        if answer.tag == f"{HERE}resumed":
            stream.jid = self.jid
        return answer

    async def leave(self) -> None:
        """End the session for good, whether or not it has a connection; nothing is left over."""
        if self.stream.is_open:
            with suppress(Finding, Unknown):
                await self.counts()
                await self.acknowledge()
            await self.stream.close()
        else:
            stream = await self.case.at(Stage.UNBOUND, self.account)
            await bind(stream, self.jid.partition("/")[2])
            await stream.close()


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else -1


@asynccontextmanager
async def managed(
    case: Case, account: int = 1, text: str = "", *, available: bool = True
) -> AsyncIterator[Client]:
    """A client that has enabled stream management; afterwards its session is over."""
    stream = await case.bound(account, available=available)
    await offered(case, stream)
    client = Client(case, account, stream)
    await client.enable(text or resumable())
    try:
        yield client
    except BaseException:
        with suppress(Exception):  # of what went wrong the first thing counts
            await client.leave()
        raise
    await client.leave()
