"""What the cases about stanzas share: addresses, what is written, a fence, and who gets it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest

from conformance.generate.text import offsets
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case
from conformance.wire.stream import RawStream, Reaction, shown
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

KINDS = ("message", "presence", "iq")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
QUERY = "<q xmlns='urn:example:q'/>"  # what nobody knows
PING = "<ping xmlns='urn:xmpp:ping'/>"
ROSTER_GET = f"<query xmlns='{ns.ROSTER}'/>"
NOTHING = Allowed("nothing", ("ignored",))
UNAVAILABLE = Allowed(  # what an unknown payload brings (sections 8.4 and 10.3.3)
    "<service-unavailable/>",
    ("iq error service-unavailable",),
    ("iq error feature-not-implemented",),
)
_FENCE = "<iq type='get' id='the-fence' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>"
_BOUND = f"{{{ns.BIND}}}bind/{{{ns.BIND}}}jid"


class Address(NamedTuple):
    """Where a stanza goes. `pattern` has {domain}, {own} and {other}, the bare JIDs of our
    accounts 0 and 1; empty: there is no `to`."""

    name: str
    pattern: str

    def of(self, case: Case) -> str:
        """The address in this run."""
        return self.pattern.format(domain=case.domain, own=case.jid(0), other=case.jid(1))


NO_TO = Address("without-to", "")
SERVER = Address("server", "{domain}")
AT_SERVER = Address("at-server", "{domain}/anything")
OWN_ACCOUNT = Address("own-account", "{own}")
OTHER_ACCOUNT = Address("other-account", "{other}")
NO_USER = Address("no-user", "nobody-q7@{domain}")
NO_RESOURCE = Address("no-resource", "{other}/nothing-q7")
NO_DOMAIN = Address("no-domain", "somebody@q7.invalid")
MALFORMED = Address("malformed", "a@b@{domain}")
FOR_SENDER = (NO_TO, SERVER, OWN_ACCOUNT)  # where the server answers as itself or the sender


def to_each(*addresses: Address, **requirements: str) -> pytest.MarkDecorator:
    """A case for each of these addresses, as `to`. `requirements`: by the address' name, with
    underscores, a requirement that cases with this address are bound to."""
    cases = []
    for to in addresses:
        own = requirements.get(to.name.replace("-", "_"))
        marks = [pytest.mark.requires(own)] if own else []
        cases.append(pytest.param(to, id=to.name, marks=marks))
    return pytest.mark.parametrize("to", cases)


def written(kind: str, to: str = "", inner: str | None = None, **attributes: str | None) -> str:
    """A stanza that is delivered to a full JID, an iq with an unknown payload unless `inner` is
    another; `attributes` override, None leaves one out."""
    default = {"message": "headline", "presence": None, "iq": "get"}[kind]
    given = {"id": "x", "to": to or None, "type": default} | attributes
    text = "".join(
        f" {name}='{stanza.escape(value).decode()}'"
        for name, value in given.items()
        if value is not None
    )
    if inner is None:
        inner = QUERY if kind == "iq" else ""
    return f"<{kind}{text}>{inner}</{kind}>"


async def after(
    case: Case, stream: RawStream, text: str | bytes, cuts: list[float] | None = None
) -> Reaction:
    """What comes between this text and the answer to a ping behind it."""
    await stream.send(text, offsets(cuts or [], text))
    await stream.send(_FENCE.format(case.domain))
    return await stream.react("^iq .*the-fence$")


def is_answer(element: Element) -> bool:
    """Whether it answers a request."""
    return element.tag == ns.IQ and element.get("type") in ("result", "error")


async def answers(case: Case, stream: RawStream, expected: Iterable[str]) -> list[Element]:
    """The answers to the requests of these ids, which are sent, and to no matter what else.

    An answer may come late, so the fence is not sent before each id has come.
    """
    missing, found = set(expected), []
    while missing and isinstance(item := await stream.next(), Element):
        if is_answer(item):
            found.append(item)
            missing.discard(item.get("id", ""))
    rest = await after(case, stream, "")
    return found + [element for element in rest.elements if is_answer(element)]


async def answer(case: Case, stream: RawStream, text: str, identifier: str) -> Element:
    """The answer to this request. Raises Unknown when there is not one."""
    await stream.send(text)
    found = await answers(case, stream, [identifier])
    if len(found) != 1:
        raise case.unknown(f"expected one answer, but there came {len(found)}")
    return found[0]


async def delivered(
    case: Case,
    sender: RawStream,
    receiver: RawStream,
    text: str | bytes,
    kind: str,
    cuts: list[float] | None = None,
) -> Element:
    """The stanza as the receiver gets it."""
    await sender.send(text, offsets(cuts or [], text))
    item = await receiver.next()
    case.check(
        isinstance(item, Element) and item.tag == f"{{{ns.CLIENT}}}{kind}",
        f"the {kind} delivered",
        shown(item),
    )
    assert isinstance(item, Element)
    return item


async def came(receiver: RawStream, kind: str = "") -> list[str]:
    """The ids of the stanzas (of one kind) that have come to a bound stream."""
    tag = f"{{{ns.CLIENT}}}{kind}"
    return [e.get("id", "") for e in (await reached(receiver)).elements if e.tag.startswith(tag)]


async def stored(case: Case, account: int) -> list[Element]:
    """The messages that wait for an account that is offline; taken away by this."""
    stream = await case.bound(account)
    await after(case, stream, "")
    await stream.send("<presence/>")
    reaction = await reached(stream)
    await stream.close()
    return [element for element in reaction.elements if element.tag == ns.MESSAGE]


@asynccontextmanager
async def subscription(
    case: Case, publisher: int, subscriber: int
) -> AsyncIterator[tuple[RawStream, RawStream]]:
    """Available streams of two accounts, the second subscribed to the first until the end."""
    one = await case.bound(publisher, available=True)
    two = await case.bound(subscriber, available=True)
    try:
        await two.send(f"<presence to='{case.jid(publisher)}' type='subscribe'/>")
        await one.element("^presence subscribe$")
        await after(case, one, f"<presence to='{case.jid(subscriber)}' type='subscribed'/>")
        await reached(two)
        yield one, two
    finally:
        await forget(case, publisher, subscriber)


async def forget(case: Case, *accounts: int) -> None:
    """Take these accounts off each other's rosters."""
    for account in accounts:
        stream = await case.bound(account)
        for contact in set(accounts) - {account}:
            item = f"<item jid='{case.jid(contact)}' subscription='remove'/>"
            query = f"<query xmlns='{ns.ROSTER}'>{item}</query>"
            await stream.send(f"<iq type='set' id='forget'>{query}</iq>")
            await stream.react("^iq (result|error.*) forget$")


def bind_request(resource: str = "", identifier: str = "b", inner: str | None = None) -> str:
    """A bind request; `inner` replaces what stands inside <bind/>."""
    if inner is None:
        inner = f"<resource>{stanza.escape(resource).decode()}</resource>" if resource else ""
    return f"<iq type='set' id='{identifier}'><bind xmlns='{ns.BIND}'>{inner}</bind></iq>"


def jid_in(item: object) -> str:
    """The JID in a bind result; empty in everything else."""
    return (item.findtext(_BOUND) or "") if isinstance(item, Element) else ""


def errors_in(element: Element) -> list[Element]:
    """The <error/> children in jabber:client."""
    return element.findall(ns.ERROR)


def condition_in(element: Element) -> str:
    """The name of the first condition of a stanza error."""
    tags = [child.tag for error in errors_in(element) for child in error]
    names = [re.sub(r".*}", "", tag) for tag in tags if tag.startswith(f"{{{ns.STANZAS}}}")]
    return next((name for name in names if name != "text"), "")
