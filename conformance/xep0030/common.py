"""What cases of extensions share: requests, service discovery, and whether a feature is there."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from conformance.rfc6120.common import is_answer, written
from conformance.suite import Case
from conformance.wire.stream import RawStream, shown
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

IDENTITY = f"{{{ns.DISCO_INFO}}}identity"
FEATURE = f"{{{ns.DISCO_INFO}}}feature"
ITEM = f"{{{ns.DISCO_ITEMS}}}item"


async def ask(
    case: Case,
    stream: RawStream,
    payload: str,
    to: str = "",
    *,
    type_: str = "get",
    identifier: str = "q",
    before: list[Element] | None = None,
) -> Element:
    """The answer to a request. What comes before it is put into `before`."""
    await stream.send(written("iq", to, payload, type=type_, id=identifier))
    while isinstance(item := await stream.next(), Element):
        if is_answer(item) and item.get("id") == identifier:
            return item
        if before is not None:
            before.append(item)
    case.check(False, "an answer to the request", shown(item))
    raise AssertionError("unreachable")


def discovery(uri: str, node: str = "") -> str:
    """The payload of a request for information or items."""
    written_node = f" node='{stanza.escape(node).decode()}'" if node else ""
    return f"<query xmlns='{uri}'{written_node}/>"


async def info(case: Case, stream: RawStream, to: str, node: str = "") -> Element:
    """What an address says of itself; a <query/> without children where it says nothing."""
    answer = await ask(case, stream, discovery(ns.DISCO_INFO, node), to)
    query = answer.find(f"{{{ns.DISCO_INFO}}}query")
    if query is None or answer.get("type") == "error":
        return Element(f"{{{ns.DISCO_INFO}}}query")
    return query


def features_in(query: Element) -> set[str]:
    """The features of a disco#info <query/>."""
    return {feature.get("var", "") for feature in query.iterfind(FEATURE)}


def identities_in(query: Element) -> list[tuple[str, str]]:
    """(category, type) of each identity in a disco#info <query/>."""
    return [(e.get("category", ""), e.get("type", "")) for e in query.iterfind(IDENTITY)]


async def need(case: Case, stream: RawStream, feature: str, to: str = "") -> None:
    """Go on only if the server (or another address) says that it has this feature.

    Raises Absent.
    """
    if feature not in features_in(await info(case, stream, to or case.domain)):
        raise case.absent(f"{feature} is not among the features of the {_called(case, to)}")


async def items(case: Case, stream: RawStream, to: str, node: str = "") -> list[Element]:
    """What an address lists; nothing where it answers with an error."""
    answer = await ask(case, stream, discovery(ns.DISCO_ITEMS, node), to)
    return list(answer.iterfind(f"{{{ns.DISCO_ITEMS}}}query/{ITEM}"))


def _called(case: Case, to: str) -> str:
    return "server" if to in ("", case.domain) else "account" if "@" in to else "service"
