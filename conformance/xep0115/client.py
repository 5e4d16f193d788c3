"""A client with capabilities: it shows them with its presence, and answers who asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement

from conformance.suite import Case, Unknown
from conformance.wire.stream import RawStream
from harness.xmpp import capabilities as caps
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

NODE = "urn:example:client"
_QUERY = f"{{{ns.DISCO_INFO}}}query"
_FENCE = "settled"
# Two ways: to the server, and through the session of the client's own.
_PING = f"<iq type='get' id='{_FENCE}' to='{{}}'><ping xmlns='{ns.PING}'/></iq>"
_NOTE = f"<message to='{{}}' id='{_FENCE}' type='headline'/>"
Test = Callable[[Element], bool]


def described(features: Sequence[str]) -> Element:
    """What a client with these features answers to disco#info."""
    query = Element(_QUERY)
    SubElement(query, f"{{{ns.DISCO_INFO}}}identity", {"category": "client", "type": "bot"})
    for feature in (ns.DISCO_INFO, caps.CAPS, *features):
        SubElement(query, f"{{{ns.DISCO_INFO}}}feature", {"var": feature})
    return query


def shown(ver: str, algorithm: str = "sha-1", node: str = NODE) -> str:
    """The <c/> of a presence stanza."""
    node, ver = (stanza.escape(text).decode() for text in (node, ver))
    return f"<c xmlns='{caps.CAPS}' hash='{algorithm}' node='{node}' ver='{ver}'/>"


class Client:
    """A bound stream with capabilities. Requests for them are answered whenever it reads.

    `claims` is what the answers say, and `hashed` what the hash is made of; as a rule both are
    what a client with these features says.
    """

    def __init__(
        self,
        case: Case,
        stream: RawStream,
        features: Sequence[str],
        *,
        claims: Element | None = None,
        hashed: Element | None = None,
        algorithm: str = "sha-1",
    ) -> None:
        self.case, self.stream = case, stream
        whole = described(features) if hashed is None else hashed
        self.ver = caps.verification(whole, algorithm)
        self.asked = 0  # how often
        self._algorithm = algorithm
        self._answer = described(features) if claims is None else claims

    async def announce(self, to: str = "") -> list[Element]:
        """Send presence, and wait until the server knows the capabilities; what else came."""
        address = f" to='{to}'" if to else ""
        text = f"<presence{address}>{shown(self.ver, self._algorithm)}</presence>"
        await self.stream.send(text)
        return await self.settle()

    async def settle(self) -> list[Element]:
        """All that comes up to a fence behind which nobody has asked anything any more."""
        found: list[Element] = []
        asked = -1
        while asked != self.asked:
            asked = self.asked
            for fence in (_PING.format(self.case.domain), _NOTE.format(self.stream.jid)):
                await self.stream.send(fence)
                found += await self._until(lambda e: e.get("id") == _FENCE)
                found.pop()
        return found

    async def wait(self, test: Test) -> Element | None:
        """The first stanza that passes the test; None where there comes none."""
        try:
            return (await self._until(test))[-1]
        except Unknown:
            return None

    async def _until(self, test: Test) -> list[Element]:
        """What comes, up to and with the first stanza that passes the test. Raises Unknown."""
        found: list[Element] = []
        while not (found and test(found[-1])):
            item = await self.stream.element()
            if item.tag == ns.IQ and item.get("type") == "get" and item.find(_QUERY) is not None:
                await self._respond(item)
            else:
                found.append(item)
        return found

    async def _respond(self, request: Element) -> None:
        self.asked += 1
        asked = request.find(_QUERY)
        if asked is not None and (node := asked.get("node")) is not None:
            self._answer.set("node", node)
        reply = stanza.reply(request, payload=self._answer)
        await self.stream.send(stanza.serialise(reply))
