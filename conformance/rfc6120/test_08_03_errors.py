"""Sections 8.3, 8.3.1 and 8.3.2: how a stanza error is made, whatever has caused it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest

from conformance.generate.stanzas import TEXT_IDS
from conformance.player import name_of
from conformance.rfc6120.common import (
    AT_SERVER,
    EVERY_KIND,
    MALFORMED,
    NO_DOMAIN,
    NO_RESOURCE,
    NO_TO,
    NO_USER,
    OWN_ACCOUNT,
    QUERY,
    ROSTER_GET,
    SERVER,
    Address,
    after,
    condition_in,
    errors_in,
    to_each,
    written,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

RESOLVE_S = 20.0  # how long a server may look for another domain
_STANZAS = f"{{{ns.STANZAS}}}"
TYPES = {"auth", "cancel", "continue", "modify", "wait"}
RECOMMENDED = {  # the types of section 8.3.3
    "bad-request": {"modify"},
    "conflict": {"cancel", "modify"},  # "modify" in section 7.7.2.2
    "feature-not-implemented": {"cancel", "modify"},
    "forbidden": {"auth"},
    "gone": {"cancel"},
    "internal-server-error": {"cancel"},
    "item-not-found": {"cancel"},
    "jid-malformed": {"modify"},
    "not-acceptable": {"modify"},
    "not-allowed": {"cancel"},
    "not-authorized": {"auth"},
    "policy-violation": {"modify", "wait"},
    "recipient-unavailable": {"wait"},
    "redirect": {"modify"},
    "registration-required": {"auth"},
    "remote-server-not-found": {"cancel"},
    "remote-server-timeout": {"wait"},
    "resource-constraint": {"wait"},
    "service-unavailable": {"cancel"},
    "subscription-required": {"auth"},
    "undefined-condition": TYPES,
    "unexpected-request": {"modify", "wait"},
}


class Cause(NamedTuple):
    """A stanza that brings an error; an iq always, another one perhaps."""

    name: str
    kind: str
    to: Address
    inner: str | None = None
    type: str | None = None

    def text(self, case: Case, **attributes: str | None) -> str:
        """The stanza."""
        if self.type is not None:
            attributes["type"] = self.type
        return written(self.kind, self.to.of(case), self.inner, **attributes)


CAUSES = [
    Cause("unknown-payload", "iq", SERVER),
    Cause("unknown-payload-at-server", "iq", AT_SERVER),
    Cause("unknown-payload-without-to", "iq", NO_TO),
    Cause("unknown-payload-to-account", "iq", OWN_ACCOUNT),
    Cause("unknown-element", "iq", NO_TO, ROSTER_GET.replace("query", "unknown")),
    Cause("undefined-type", "iq", SERVER, type="ask"),
    Cause("no-child", "iq", SERVER, ""),
    Cause("second-bind", "iq", NO_TO, f"<bind xmlns='{ns.BIND}'/>", "set"),
    Cause("no-user", "iq", NO_USER),
    Cause("no-resource", "iq", NO_RESOURCE),
    Cause("no-domain", "iq", NO_DOMAIN),
    Cause("malformed-address", "iq", MALFORMED),
    Cause("message-to-server", "message", SERVER, QUERY, "normal"),
    Cause("groupchat-to-account", "message", OWN_ACCOUNT, type="groupchat"),
    Cause("message-to-no-resource", "message", NO_RESOURCE),
    Cause("message-to-no-domain", "message", NO_DOMAIN),
    Cause("message-to-malformed-address", "message", MALFORMED),
    Cause("presence-to-no-domain", "presence", NO_DOMAIN),
    Cause("presence-to-malformed-address", "presence", MALFORMED),
    Cause("presence-of-undefined-type", "presence", NO_TO, type="ask"),
]
_EVERY = pytest.mark.parametrize("cause", [pytest.param(c, id=c.name) for c in CAUSES])
_REQUESTS = pytest.mark.parametrize(
    "cause", [pytest.param(c, id=c.name) for c in CAUSES if c.kind == "iq"]
)


async def provoked(
    case: Case, stream: RawStream, cause: Cause, **attributes: str | None
) -> Element:
    """The error that comes. Where none comes, the case says nothing."""
    reaction = await after(case, stream, cause.text(case, **attributes))
    elements: list[object] = [*reaction.elements]
    if not elements and cause.to is NO_DOMAIN:
        elements.append(await stream.next(RESOLVE_S))
    found = (e for e in elements if isinstance(e, Element) and e.get("type") == "error")
    error = next(found, None)
    if error is None:
        case.not_applicable("the server sends no stanza error here")
    return error


@_REQUESTS
@requires("stanza-error", "stanza-error-for-iq")
async def test_request_gets_its_error(case: Case, cause: Cause) -> None:
    stream = await case.bound()
    reaction = await after(case, stream, cause.text(case))
    if not reaction.elements and cause.to is NO_DOMAIN:
        item = await stream.next(RESOLVE_S)
        case.check(isinstance(item, Element), "an iq error", "ignored")
        assert isinstance(item, Element)
        reaction.elements.append(item)
    case.judge(reaction, Allowed("an iq error", ("iq error *",)))


@_EVERY
@requires("stanza-error-stream-goes-on")
async def test_stream_goes_on(case: Case, cause: Cause) -> None:
    stream = await case.bound()
    await provoked(case, stream, cause)
    case.judge(await after(case, stream, ""), Allowed("the stream goes on", ("ignored",)))


def same_kind(case: Case, cause: Cause, _stream: RawStream, error: Element) -> None:
    kind = error.tag.rpartition("}")[2]
    case.check(kind == cause.kind, "an error of the stanza's kind", f"{kind} for {cause.kind}")


def addresses(case: Case, cause: Cause, stream: RawStream, error: Element) -> None:
    case.prefer(error.get("to") in (None, stream.jid), "to = the sender", "another to")
    if cause.to is MALFORMED:
        return
    senders: set[str | None] = {cause.to.of(case)}
    if cause.to in (NO_TO, OWN_ACCOUNT):  # section 8.1.2.1: none means the account
        senders = {None, case.jid()}
    observed = "another from" if error.get("from") else "no from"
    case.prefer(error.get("from") in senders, "from = who was addressed", observed)


def one_child(case: Case, _cause: Cause, _stream: RawStream, error: Element) -> None:
    count = len(errors_in(error))
    case.check(count == 1, "one <error/>", f"{count} <error/>")


def type_of_error(case: Case, _cause: Cause, _stream: RawStream, error: Element) -> None:
    for child in errors_in(error):
        observed = "another type" if child.get("type") else "no type"
        case.check(child.get("type") in TYPES, "a type of section 8.3.2", observed)


def one_condition(case: Case, _cause: Cause, _stream: RawStream, error: Element) -> None:
    for child in errors_in(error):
        names = {f"{_STANZAS}{name}" for name in RECOMMENDED}
        count = sum(condition.tag in names for condition in child)
        case.check(count == 1, "one defined condition", f"{count} defined conditions")


def other_children(case: Case, _cause: Cause, _stream: RawStream, error: Element) -> None:
    for child in errors_in(error):
        tags = [grandchild.tag for grandchild in child]
        texts = [tag for tag in tags if tag.rpartition("}")[2] == "text"]
        case.check(
            len(texts) <= 1 and set(texts) <= {f"{_STANZAS}text"},
            "one <text/> in the namespace of stanza errors, or none",
            "another <text/>",
        )
        ours = ("{jabber:client}", "{jabber:server}", f"{{{ns.STREAM}}}")
        case.check(
            all(tag.startswith("{") and not tag.startswith(ours) for tag in tags),
            "every other child in a namespace of its own",
            "a child in a namespace of XMPP's or in none",
        )


def language_of_text(case: Case, _cause: Cause, _stream: RawStream, error: Element) -> None:
    texts = error.findall(f"{ns.ERROR}/{_STANZAS}text")
    if not texts:
        case.not_applicable("there is no <text/>")
    case.prefer(all(text.get(ns.LANG) for text in texts), "<text/> with xml:lang", "no xml:lang")


def recommended_type(case: Case, _cause: Cause, _stream: RawStream, error: Element) -> None:
    condition = condition_in(error)
    for child in errors_in(error):
        found = child.get("type", "")
        case.prefer(
            found in RECOMMENDED.get(condition, TYPES),
            "the type that goes with the condition",
            f"{found} for {condition}" if found in TYPES else f"no type for {condition}",
        )


class Rule(NamedTuple):
    """What holds for every stanza error."""

    name: str
    look: Callable[[Case, Cause, RawStream, Element], None]
    requirements: tuple[str, ...]


_RULES = [
    Rule("kind", same_kind, ("stanza-error", "stanza-error-same-kind")),
    Rule("addresses", addresses, ("stanza-error-addresses-swapped",)),
    Rule("child", one_child, ("stanza-error-child", "stanza-error-one-child")),
    Rule("type", type_of_error, ("stanza-error-child", "stanza-error-type-value")),
    Rule("condition", one_condition, ("stanza-error-child", "stanza-error-condition")),
    Rule("text", other_children, ("stanza-error-text",)),
    Rule("language", language_of_text, ("stanza-error-text-lang",)),
    Rule("recommended-type", recommended_type, ("stanza-error-type-recommended",)),
]


@pytest.mark.parametrize(
    "rule",
    [pytest.param(r, id=r.name, marks=pytest.mark.requires(*r.requirements)) for r in _RULES],
)
@_EVERY
@requires()
async def test_error(case: Case, cause: Cause, rule: Rule) -> None:
    stream = await case.bound()
    rule.look(case, cause, stream, await provoked(case, stream, cause))


@_REQUESTS
@requires("stanza-error-id", "iq-reply-id", identifier=TEXT_IDS)
async def test_id_of_an_iq(case: Case, cause: Cause, identifier: str) -> None:
    stream = await case.bound()
    error = await provoked(case, stream, cause, id=identifier)
    case.check(error.get("id") == identifier, "the id of the stanza", "another id, or none")


_OTHERS = [c for c in CAUSES if c.kind != "iq"]


@pytest.mark.parametrize("cause", [pytest.param(c, id=c.name) for c in _OTHERS])
@requires("stanza-error-id", "stanza-error-id-message", identifier=TEXT_IDS)
async def test_id_of_another_stanza(case: Case, cause: Cause, identifier: str) -> None:
    """Where there is none, there is none in the error, or an empty one."""
    stream = await case.bound()
    error = await provoked(case, stream, cause, id=identifier)
    case.check(error.get("id") == identifier, "the id of the stanza", "another id, or none")
    error = await provoked(case, stream, cause, id=None)
    case.check(not error.get("id"), "no id", "an id of the server's making")


def _error(kind: str, to: str) -> str:
    inner = f"<error type='cancel'><forbidden xmlns='{ns.STANZAS}'/></error>"
    return written(kind, to, inner, type="error")


@EVERY_KIND
@to_each(NO_USER, NO_RESOURCE, SERVER, AT_SERVER, MALFORMED)
@requires("stanza-error-reply", "stanza-error-no-loop")
async def test_error_is_not_answered(case: Case, kind: str, to: Address) -> None:
    stream = await case.bound()
    reaction = await after(case, stream, _error(kind, to.of(case)))
    case.judge(reaction, Allowed("no answer", ("ignored",)))


@EVERY_KIND
@requires("stanza-error-reply", "stanza-error-no-loop")
async def test_error_to_another_domain_is_not_answered(case: Case, kind: str) -> None:
    """The request behind it, to the same domain, is answered after it."""
    stream, to = await case.bound(), NO_DOMAIN.of(case)
    await stream.send(_error(kind, to) + written("iq", to, id="behind"))
    found: list[str] = []
    while isinstance(item := await stream.next(RESOLVE_S), Element):
        if item.get("id") == "behind":
            case.check(not found, "no answer", ", ".join(found))
            return
        found.append(name_of(item))
    raise case.unknown("the request behind the error was not answered")
