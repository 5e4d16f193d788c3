"""Sections 7.1 to 7.6: binding is offered, asked for, and done once; who binds the server's way."""

from __future__ import annotations

import itertools
import re
from xml.etree.ElementTree import Element

import pytest

from conformance.generate.stanzas import IDS, RESOURCES
from conformance.generate.text import CUTS, offsets
from conformance.player import name_of
from conformance.rfc6120.common import (
    EVERY_KIND,
    FOR_SENDER,
    NOTHING,
    PING,
    ROSTER_GET,
    Address,
    after,
    bind_request,
    came,
    errors_in,
    jid_in,
    to_each,
    written,
)
from conformance.rfc6120.outcomes import NOT_AUTHORIZED
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import bind
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

_BIND = f"{{{ns.BIND}}}bind"
_JID = f"{{{ns.BIND}}}jid"
_TRIES = 24
_LEAST = 8  # characters in which two made-up resources differ, on average


async def ask(
    case: Case, stream: RawStream, text: str, cuts: list[float] | None = None, identifier: str = "b"
) -> Element:
    """The answer to a request."""
    await stream.send(text, offsets(cuts or [], text))
    found = await stream.element("^iq ")
    case.check(found.get("id") == identifier, "an answer with the request's id", "another id")
    return found


def check_result(case: Case, found: Element) -> str:
    """Check that the answer is a result with a full JID of our account 0; the resource."""
    case.check(name_of(found) == "iq result", "a result", name_of(found))
    case.check(
        [child.tag for child in found] == [_BIND]
        and [child.tag for child in found[0]] == [_JID]
        and not (found[0][0].get("type") or len(found[0][0])),
        "<bind/> with one <jid/>",
        "something else in the result",
    )
    bare, _, resource = jid_in(found).partition("/")
    case.check(bare == case.jid(), "a full JID of the account", "a JID of another account")
    case.check(resource, "a resource in the JID", "a bare JID")
    return resource


@requires("bind-support", "bind-mtn", "bind-advertised")
async def test_offered_after_login(case: Case) -> None:
    stream = await case.at(Stage.UNBOUND)
    assert stream.features is not None
    case.check(stream.features.find(_BIND) is not None, "<bind/> in the features", "no <bind/>")


@pytest.mark.parametrize("stage", [Stage.OPENED, Stage.SECURED], ids=["first", "after-tls"])
@requires("bind-support", "bind-mtn", "bind-not-advertised-early")
async def test_not_offered_before_login(case: Case, stage: Stage) -> None:
    if stage is Stage.SECURED and case.subject.mode != "starttls":
        case.not_applicable("without STARTTLS these are the features before")
    stream = await case.at(stage)
    assert stream.features is not None
    case.check(stream.features.find(_BIND) is None, "no <bind/> before SASL", "<bind/>")


@requires("bind-gen", "bind-support", "bind-result-jid", identifier=IDS, cuts=CUTS)
async def test_server_chooses(case: Case, identifier: str, cuts: list[float]) -> None:
    stream = await case.at(Stage.UNBOUND)
    found = await ask(case, stream, bind_request("", identifier), cuts, identifier)
    check_result(case, found)


@requires("bind-gen", "bind-generated-random")
async def test_made_up_resources_cannot_be_guessed(case: Case) -> None:
    """Neither by their order nor by what they have in common."""
    names = []
    for _ in range(_TRIES):
        stream = await case.at(Stage.UNBOUND)
        names.append((await bind(stream, "")).partition("/")[2])
        await stream.close()
    case.check(len(set(names)) == len(names), "different resources", "the same resource twice")
    case.check(
        _difference(names) >= _LEAST,
        "resources of which most varies",
        "resources of which little varies",
    )
    case.check(not _in_order(names), "resources in no order", "resources that grow")


def _difference(names: list[str]) -> float:
    """In how many characters neighbours differ, on average."""
    pairs = list(itertools.pairwise(names))
    return sum(sum(a != b for a, b in zip(*pair, strict=False)) for pair in pairs) / len(pairs)


def _in_order(names: list[str]) -> bool:
    """Whether they sort as they came: as texts, or by the first number in which they differ."""
    numbers = [[int(digits) for digits in re.findall(r"\d{1,18}", name)] for name in names]
    return sorted(names) == names or (all(numbers) and sorted(numbers) == numbers)


@requires("bind-support", "bind-result-jid", resource=RESOURCES, cuts=CUTS)
async def test_client_chooses(case: Case, resource: str, cuts: list[float]) -> None:
    stream = await case.at(Stage.UNBOUND)
    check_result(case, await ask(case, stream, bind_request(resource), cuts))


@requires("bind-client-resource", resource=RESOURCES)
async def test_clients_choice_is_kept(case: Case, resource: str) -> None:
    stream = await case.at(Stage.UNBOUND)
    found = await ask(case, stream, bind_request(resource))
    case.prefer(
        jid_in(found) == f"{case.jid()}/{resource}", "the resource that was asked for", "another"
    )


@requires("bind-support", "bind-multiple-resources")
async def test_two_resources_at_once(case: Case) -> None:
    """Both live, and each gets what is for it."""
    sender = await case.bound(1)
    first, second = await case.bound(0), await case.bound(0)
    text = written("message", first.jid, id="one") + written("message", second.jid, id="two")
    case.judge(await after(case, sender, text), NOTHING)
    for stream, name in ((first, "one"), (second, "two")):
        reaction = await after(case, stream, "")
        case.prefer(reaction.ending == "fence", "two live streams", "one is ended")
        case.prefer(
            [e.get("id") for e in reaction.elements if e.tag == ns.MESSAGE] == [name],
            "each stream gets what is for its full JID",
            "another stream gets it, or none",
        )


@requires("bind-restart")
async def test_no_restart_after_binding(case: Case) -> None:
    """Stanzas flow at once, and there is no new header."""
    stream = await case.at(Stage.UNBOUND)
    reaction = await after(case, stream, bind_request("x"))
    case.judge(reaction, Allowed("answers on the same stream", ("iq result",)))
    case.check(reaction.header is None, "no new header", "a new header")


@EVERY_KIND
@requires("bind-stanza-before-refused", "bind-mtn")
async def test_stanza_before_binding(case: Case, kind: str) -> None:
    """To somebody who would get it from a bound client."""
    receiver = await case.bound(1)
    stream = await case.at(Stage.UNBOUND)
    await stream.send(written(kind, receiver.jid) + bind_request("x", "fence"))
    refusal = await stream.react("^iq .* ?fence$")
    case.check(not await came(receiver, kind), "nothing delivered", "the stanza delivered")
    case.judge(refusal, NOT_AUTHORIZED)


@to_each(*FOR_SENDER)
@pytest.mark.parametrize("payload", [PING, ROSTER_GET], ids=["ping", "roster"])
@requires("bind-stanza-before-to-server", "bind-mtn", identifier=IDS)
async def test_request_to_the_server_before_binding(
    case: Case, to: Address, payload: str, identifier: str
) -> None:
    """Section 7.1 leaves it open whether the server answers."""
    stream = await case.at(Stage.UNBOUND)
    text = written("iq", to.of(case), payload, id=identifier)
    await stream.send(text + bind_request("x", "the-fence"))
    reaction = await stream.react("^iq .* ?the-fence$")
    case.judge(
        reaction,
        Allowed(
            "an answer, or <not-authorized/>",
            ("iq result", "iq error *", "stream error not-authorized"),
            ("ignored",),
        ),
    )
    if reaction.elements and reaction.error is None:
        found = reaction.elements[0].get("id")
        case.check(found == identifier, "the id of the request", "another id")


@requires("bind-second-on-stream", "stanza-error-not-allowed", "bind-restart")
async def test_binding_twice(case: Case) -> None:
    """Refused; where it is not, the JID that the answer names is in force."""
    peer, stream = await case.bound(1), await case.bound(0)
    await stream.send(bind_request("another", "again"))
    found = await stream.element("^(iq|stream error) ")
    case.judge(
        name_of(found),
        Allowed("<not-allowed/>", ("iq error not-allowed",), ("iq error *", "iq result")),
    )
    for error in errors_in(found):
        case.prefer(error.get("type") == "cancel", "the type cancel", "another type")
    jid = jid_in(found) or stream.jid
    await after(case, stream, written("message", peer.jid, id="from"))
    heard = [e.get("from") for e in (await after(case, peer, "")).elements if e.tag == ns.MESSAGE]
    case.check(heard == [jid], "messages from the JID in force", "from another, or none")
    await after(case, peer, written("message", jid, id="to"))
    case.check(await came(stream, "message") == ["to"], "the JID in force reachable", "not reached")


@requires("bind-support", "stanza-attribute-to", "full-jid-match")
async def test_bound_jid_is_reachable(case: Case) -> None:
    """As soon as it is bound, without presence."""
    receiver, sender = await case.bound(1), await case.bound(0)
    case.judge(await after(case, sender, written("message", receiver.jid)), NOTHING)
    case.check(await came(receiver, "message") == ["x"], "the message", "no message")
