"""Section 8.2.3: requests, and what answers them."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import IDS, PAYLOADS, REQUESTS, UNKNOWN_PAYLOADS
from conformance.generate.text import CUTS, offsets
from conformance.player import name_of
from conformance.rfc6120.common import (
    AT_SERVER,
    FOR_SENDER,
    MALFORMED,
    NO_RESOURCE,
    NO_USER,
    NOTHING,
    OTHER_ACCOUNT,
    OWN_ACCOUNT,
    PING,
    QUERY,
    ROSTER_GET,
    SERVER,
    Address,
    after,
    answer,
    answers,
    came,
    delivered,
    errors_in,
    is_answer,
    to_each,
    written,
)
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from harness.xmpp import namespaces as ns

_BY_SERVER = (*FOR_SENDER, AT_SERVER, OTHER_ACCOUNT, NO_USER, NO_RESOURCE, MALFORMED)
_ERROR = f"<error type='cancel'><service-unavailable xmlns='{ns.STANZAS}'/></error>"
_REQUESTS = st.lists(
    st.tuples(st.sampled_from(_BY_SERVER), REQUESTS, PAYLOADS, IDS), min_size=1, max_size=8
)


@requires(
    "stanza-iq-reply",
    "iq-exactly-one-reply",
    "stanza-iq-id",
    "iq-reply-id",
    requests=_REQUESTS,
    cuts=CUTS,
)
async def test_exactly_one_answer(
    case: Case, requests: list[tuple[Address, str, str, str]], cuts: list[float]
) -> None:
    """To each of many requests in one write, to anybody for whom the server answers."""
    stream = await case.bound()
    ids, text = [], ""
    for number, (to, type_, payload, identifier) in enumerate(requests):
        ids.append(f"{number}-{identifier}")
        text += written("iq", to.of(case), payload, type=type_, id=ids[-1])
    await stream.send(text, offsets(cuts, text))
    found = await answers(case, stream, ids)
    for identifier in ids:
        count = sum(element.get("id") == identifier for element in found)
        case.check(count, "an answer to each request", "a request without answer")
        case.check(count == 1, "one answer to each request", "a second answer")
    case.check(len(found) == len(ids), "no other answers", "an answer that nobody asked for")


@to_each(*_BY_SERVER)
@pytest.mark.parametrize(
    "type_",
    [
        pytest.param("result", marks=pytest.mark.requires("iq-result-no-reply")),
        pytest.param("error", marks=pytest.mark.requires("iq-error-no-reply")),
    ],
)
@requires("stanza-iq-reply", "stanza-iq-type", identifier=IDS)
async def test_answers_are_not_answered(
    case: Case, to: Address, type_: str, identifier: str
) -> None:
    stream = await case.bound()
    inner = _ERROR if type_ == "error" else QUERY
    text = written("iq", to.of(case), inner, type=type_, id=identifier)
    case.judge(await after(case, stream, text), Allowed("no answer", ("ignored",)))


_BAD_TYPES = ["subscribe", "GET", "", "get ", "error!"]
_BAD_REQUEST = Allowed("<bad-request/>", ("iq error bad-request",), ("stream error invalid-xml",))


@to_each(*FOR_SENDER, OTHER_ACCOUNT)
@pytest.mark.parametrize(
    "type_", _BAD_TYPES, ids=["presences", "capitals", "empty", "space", "sign"]
)
@requires("stanza-iq-type", "iq-type-invalid")
async def test_undefined_type(case: Case, to: Address, type_: str) -> None:
    stream = await case.bound()
    text = written("iq", to.of(case), type=type_)
    case.judge(await after(case, stream, text), _BAD_REQUEST)


@to_each(*FOR_SENDER, OTHER_ACCOUNT)
@requires("stanza-iq-type", "iq-type-missing")
async def test_no_type(case: Case, to: Address) -> None:
    stream = await case.bound()
    text = written("iq", to.of(case), type=None)
    case.judge(await after(case, stream, text), _BAD_REQUEST)


@pytest.mark.parametrize(
    "type_",
    [
        pytest.param(None, id="none", marks=pytest.mark.requires("iq-type-missing")),
        pytest.param("ask", id="undefined", marks=pytest.mark.requires("iq-type-invalid")),
    ],
)
@requires("stanza-iq-type")
async def test_bad_type_to_a_client(case: Case, type_: str | None) -> None:
    """A router has to refuse it as well; the addressee may be left to do it."""
    receiver, sender = await case.pair()
    reaction = await after(case, sender, written("iq", receiver.jid, type=type_))
    outcome = "delivered" if await came(receiver, "iq") else str(reaction)
    case.saw_close(reaction.close)
    case.judge(
        outcome,
        Allowed("<bad-request/>", _BAD_REQUEST.strict, (*_BAD_REQUEST.lenient, "delivered")),
    )


@to_each(*FOR_SENDER, OTHER_ACCOUNT)
@pytest.mark.parametrize("type_", ["get", "set"])
@requires("stanza-iq-child", "iq-request-without-child")
async def test_request_without_child(case: Case, to: Address, type_: str) -> None:
    stream = await case.bound()
    text = written("iq", to.of(case), "", type=type_)
    case.judge(
        await after(case, stream, text),
        Allowed("an error, preferably <bad-request/>", ("iq error bad-request",), ("iq error *",)),
    )


@to_each(*FOR_SENDER, OTHER_ACCOUNT)
@pytest.mark.parametrize("payload", [PING, QUERY], ids=["known", "unknown"])
@requires("stanza-iq-child", "iq-request-two-children", second=UNKNOWN_PAYLOADS)
async def test_request_with_two_children(
    case: Case, to: Address, payload: str, second: str
) -> None:
    stream = await case.bound()
    text = written("iq", to.of(case), payload + second)
    case.judge(
        await after(case, stream, text),
        Allowed(
            "an error, preferably <bad-request/>",
            ("iq error bad-request",),
            ("iq error *", "iq result"),
        ),
    )


@to_each(*FOR_SENDER)
@pytest.mark.parametrize("payload", [PING, QUERY], ids=["known", "unknown"])
@pytest.mark.parametrize("identifier", [None, ""], ids=["none", "empty"])
@requires("stanza-iq-id", "iq-id-missing")
async def test_request_without_id(
    case: Case, to: Address, payload: str, identifier: str | None
) -> None:
    """The id is required; where the server answers all the same, its answer has none."""
    stream = await case.bound()
    reaction = await after(case, stream, written("iq", to.of(case), payload, id=identifier))
    case.judge(
        reaction,
        Allowed("an answer without id", ("iq result", "iq error *", "stream error *")),
    )
    for element in filter(is_answer, reaction.elements):
        case.check(not element.get("id"), "no id, or an empty one", "an id of the server's making")


class Known(NamedTuple):
    """A request that servers know."""

    name: str
    to: Address
    payload: str


_KNOWN = [
    Known("ping", SERVER, PING),
    Known("roster", OWN_ACCOUNT, ROSTER_GET),
    Known("features", SERVER, "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
    Known("items", SERVER, "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
    Known("version", SERVER, f"<query xmlns='{ns.VERSION}'/>"),
    Known("time", SERVER, "<time xmlns='urn:xmpp:time'/>"),
    Known("card", OWN_ACCOUNT, "<vCard xmlns='vcard-temp'/>"),
]


@pytest.mark.parametrize("known", [pytest.param(k, id=k.name) for k in _KNOWN])
@requires("stanza-iq-child", "iq-result-children", "stanza-error-child-only-in-errors")
async def test_children_of_a_result(case: Case, known: Known) -> None:
    stream = await case.bound()
    found = await answer(case, stream, written("iq", known.to.of(case), known.payload), "x")
    if found.get("type") == "error":
        case.not_applicable("the server does not know this request")
    case.check(len(found) <= 1, "one child, or none", f"{len(found)} children")
    case.check(not errors_in(found), "no <error/> in a result", "<error/> in a result")


@to_each(*FOR_SENDER, OTHER_ACCOUNT, NO_USER, NO_RESOURCE, MALFORMED)
@requires("stanza-iq-child", "iq-error-children", payload=UNKNOWN_PAYLOADS)
async def test_children_of_an_error(case: Case, to: Address, payload: str) -> None:
    stream = await case.bound()
    found = await answer(case, stream, written("iq", to.of(case), payload), "x")
    case.check(name_of(found).startswith("iq error"), "an error", name_of(found))
    others = [child for child in found if child.tag != ns.ERROR]
    case.check(len(errors_in(found)) == 1, "one <error/>", f"{len(errors_in(found))} <error/>")
    case.check(len(others) <= 1, "the request's child besides it, or none", "more children")
    case.check(all(_is_like(o, payload) for o in others), "the request's child", "another child")


def _is_like(element: Element, payload: str) -> bool:
    uri, _, name = element.tag.removeprefix("{").rpartition("}")
    return payload.startswith(f"<{name} ") and f"'{uri}'" in payload


@pytest.mark.parametrize("type_", ["result", "error"])
@requires(
    "stanza-kind-iq", "iq-reply-routed", "iq-reply-id", payload=UNKNOWN_PAYLOADS, identifier=IDS
)
async def test_between_clients(case: Case, type_: str, payload: str, identifier: str) -> None:
    """Request and answer pass through; the asker's other resource hears of neither."""
    other = await case.bound(0, available=True)
    asked, asking = await case.pair()
    text = written("iq", asked.jid, payload, id=identifier)
    request = await delivered(case, asking, asked, text, "iq")
    case.check(request.get("id") == identifier, "the id of the request", "another id")
    case.check(request.get("from") == asking.jid, "from = the full JID", "another from")
    inner = payload + (_ERROR if type_ == "error" else "")
    text = written("iq", asking.jid, inner, type=type_, id=identifier)
    case.judge(await after(case, asked, text), NOTHING)
    found = [e for e in (await reached(asking)).elements if e.tag == ns.IQ]
    case.check(len(found) == 1, "one answer", f"{len(found)} answers")
    case.check(found[0].get("type") == type_, f"the {type_}", "another type")
    case.check(found[0].get("id") == identifier, "the id of the request", "another id")
    case.check(found[0].get("from") == asked.jid, "from = who was asked", "another from")
    case.check(_is_like(found[0][0], payload), "the payload of the answer", "another payload")
    case.check(not await came(other, "iq"), "nothing for another resource", "an iq for it")
