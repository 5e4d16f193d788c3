"""What the cases about blocking share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element

from conformance.player import name_of
from conformance.rfc6120.common import after
from conformance.suite import Allowed, Case
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, need
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

URI = "urn:xmpp:blocking"
BLOCKLIST = f"<blocklist xmlns='{URI}'/>"
UNBLOCK_ALL = f"<unblock xmlns='{URI}'/>"
RESULT = Allowed("a result", ("iq result",))


def command(name: str, jids: Iterable[str]) -> str:
    """A <block/> or <unblock/> of these JIDs."""
    items = "".join(f"<item jid='{stanza.escape(jid).decode()}'/>" for jid in jids)
    return f"<{name} xmlns='{URI}'>{items}</{name}>"


async def blocklist(case: Case, stream: RawStream) -> list[str]:
    """The JIDs that the user blocks; the stream is one that has asked for them from now on."""
    answer = await ask(case, stream, BLOCKLIST)
    case.judge(name_of(answer), RESULT)
    tags = [child.tag for child in answer]
    case.check(tags == [f"{{{URI}}}blocklist"], "one <blocklist/>", "something else")
    return [item.get("jid", "") for item in answer[0]]


@asynccontextmanager
async def user(case: Case, *, available: bool = True) -> AsyncIterator[RawStream]:
    """A stream of our account 0, which blocks nobody before and afterwards. Raises Absent."""
    stream = await case.bound(available=available)
    await need(case, stream, URI)
    try:
        yield stream
    finally:
        await unblock_all(case)


@asynccontextmanager
async def blocking(case: Case, *jids: str, available: bool = True) -> AsyncIterator[RawStream]:
    """A stream of our account 0, which blocks these JIDs until the end."""
    async with user(case, available=available) as stream:
        await block(case, stream, *jids)
        yield stream


async def block(case: Case, stream: RawStream, *jids: str) -> None:
    """Block these JIDs; when this returns, the server has done all that it does for it."""
    case.judge(name_of(await ask(case, stream, command("block", jids), type_="set")), RESULT)
    await after(case, stream, "")


async def unblock_all(case: Case) -> None:
    """Leave nothing behind: on a stream of its own, since that of the case may be gone."""
    await ask(case, await case.bound(), UNBLOCK_ALL, type_="set")


def pushes(elements: Iterable[Element]) -> list[tuple[str, list[str]]]:
    """(command, JIDs) of each push of the blocklist among these stanzas."""
    found = []
    for element in elements:
        if element.tag == ns.IQ and element.get("type") == "set":
            for child in element:
                if child.tag.startswith(f"{{{URI}}}"):
                    name = child.tag.partition("}")[2]
                    found.append((name, sorted(item.get("jid", "") for item in child)))
    return found
