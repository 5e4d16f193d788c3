"""Section 7: resource binding."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.text import CUTS, offsets
from conformance.player import name_of
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import bind
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_BIND = f"{{{ns.BIND}}}bind"
_RESOURCES = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.:+ äßλ日"),
    min_size=1,
    max_size=40,
).filter(lambda text: text == text.strip() and "  " not in text)


def request(resource: str = "", identifier: str = "b", inner: str | None = None) -> str:
    """A bind request; `inner` replaces what stands inside <bind/>."""
    if inner is None:
        inner = f"<resource>{stanza.escape(resource).decode()}</resource>" if resource else ""
    return f"<iq type='set' id='{identifier}'><bind xmlns='{ns.BIND}'>{inner}</bind></iq>"


def jid_in(answer: Element) -> str:
    """The JID in a bind result."""
    return answer.findtext(f"{_BIND}/{{{ns.BIND}}}jid") or ""


async def ask(case: Case, stream: RawStream, text: str, cuts: list[float] | None = None) -> Element:
    """The answer to a request."""
    await stream.send(text, offsets(cuts or [], text))
    answer = await stream.element("^iq ")
    case.check(answer.get("id") == "b", "an answer with the request's id", "another id")
    return answer


@requires("bind-support", "bind-mtn")
async def test_offered_after_login(case: Case) -> None:
    stream = await case.at(Stage.UNBOUND)
    assert stream.features is not None
    case.check(stream.features.find(_BIND) is not None, "<bind/> in the features", "no <bind/>")


@requires("bind-support", "bind-mtn")
async def test_not_offered_before_login(case: Case) -> None:
    stream = await case.secured()
    assert stream.features is not None
    case.check(stream.features.find(_BIND) is None, "no <bind/> before SASL", "<bind/>")


@requires("bind-gen", cuts=CUTS)
async def test_server_chooses(case: Case, cuts: list[float]) -> None:
    stream = await case.at(Stage.UNBOUND)
    answer = await ask(case, stream, request(), cuts)
    case.check(name_of(answer) == "iq result", "a result", name_of(answer))
    bare, _, resource = jid_in(answer).partition("/")
    case.check(bare == case.jid(), "a full JID of the account", "a JID of another account")
    case.check(resource, "a resource in the JID", "a bare JID")


@requires("bind-gen")
async def test_server_chooses_differently_each_time(case: Case) -> None:
    jids = []
    for _ in range(3):
        stream = await case.at(Stage.UNBOUND)
        jids.append(await bind(stream, ""))
    case.check(len(set(jids)) == 3, "three different resources", "the same resource twice")


@requires("bind-support", resource=_RESOURCES, cuts=CUTS)
async def test_client_chooses(case: Case, resource: str, cuts: list[float]) -> None:
    stream = await case.at(Stage.UNBOUND)
    answer = await ask(case, stream, request(resource), cuts)
    case.check(name_of(answer) == "iq result", "a result", name_of(answer))
    jid = jid_in(answer)
    case.check(jid.startswith(f"{case.jid()}/"), "a full JID of the account", "another JID")
    case.prefer(jid == f"{case.jid()}/{resource}", "the resource that was asked for", "another one")


@requires("bind-support")
async def test_bound_jid_is_reachable(case: Case) -> None:
    receiver, sender = await case.pair()
    await sender.send(
        f"<message to='{receiver.jid}' id='m' type='headline'><body>x</body></message>"
    )
    reaction = await receiver.react("^message .*m$")
    case.judge(reaction, Allowed("the message", ("ignored",), ("presence*",)))


@requires("bind-support")
async def test_two_resources_at_once(case: Case) -> None:
    first, second = await case.bound(0), await case.bound(0)
    for stream, identifier in ((first, "one"), (second, "two")):
        await stream.send(
            f"<iq type='get' id='{identifier}' to='{case.domain}'>"
            "<ping xmlns='urn:xmpp:ping'/></iq>"
        )
        reaction = await stream.react(f"^iq .*{identifier}$")
        case.judge(reaction, Allowed("both streams go on", ("ignored",)))


@requires("bind-support", "stream-error-conflict")
async def test_conflict(case: Case) -> None:
    """Section 7.7.2.2: another resource, a refusal, or the end of the older stream."""
    older = await case.at(Stage.UNBOUND)
    taken = await bind(older, "taken")
    stream = await case.at(Stage.UNBOUND)
    answer = await ask(case, stream, request("taken"))
    await older.send(
        f"<iq type='get' id='fence' to='{case.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    before = await older.react("^iq .*fence$")
    outcome = f"{name_of(answer)}; {before}"
    if jid_in(answer) not in ("", taken):
        outcome = f"another resource; {before}"
    case.saw_close(before.close)
    case.judge(
        outcome,
        Allowed(
            "another resource, or iq error conflict, or stream error conflict on the older stream",
            (
                "another resource; ignored",
                "iq error conflict; ignored",
                "iq result; stream error conflict",
            ),
        ),
    )


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param("<resource></resource>", id="empty"),
        pytest.param(f"<resource>{'r' * 1024}</resource>", id="too-long"),
        pytest.param("<resource>a\u0007b</resource>".replace("\u0007", "\u0085"), id="control"),
    ],
)
@requires("bind-support", "stanza-error-bad-request")
async def test_bad_resource(case: Case, inner: str) -> None:
    """Section 7.7.2.1: mended, or refused; the stream lives on either way."""
    stream = await case.at(Stage.UNBOUND)
    answer = await ask(case, stream, request(inner=inner))
    outcome = name_of(answer)
    if outcome == "iq result":
        wanted = inner.removeprefix("<resource>").removesuffix("</resource>")
        same = jid_in(answer) == f"{case.jid()}/{wanted}"
        outcome = "iq result, unchanged" if same else "iq result, mended"
    case.judge(
        outcome,
        Allowed(
            "a mended resource, or <bad-request/>",
            ("iq result, mended", "iq error bad-request"),
            ("iq error *",),
        ),
    )


@requires("bind-support")
async def test_another_try_after_a_refusal(case: Case) -> None:
    stream = await case.at(Stage.UNBOUND)
    await stream.send(request(inner=f"<resource>{'r' * 1024}</resource>", identifier="first"))
    first = await stream.element("^iq ")
    if first.get("type") != "error":
        case.not_applicable("the server mends what others refuse")
    answer = await ask(case, stream, request("fine"))
    case.check(name_of(answer) == "iq result", "a result on the second try", name_of(answer))


@requires("bind-restart")
async def test_no_restart_after_binding(case: Case) -> None:
    """Stanzas flow at once, and the features are not sent again."""
    stream = await case.bound()
    await stream.send(
        f"<iq type='get' id='fence' to='{case.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    reaction = await stream.react("^iq .*fence$")
    case.judge(reaction, Allowed("an answer on the same stream", ("ignored",)))
    case.check(reaction.header is None, "no new header", "a new header")


@requires("bind-restart", "bind-mtn")
async def test_binding_twice(case: Case) -> None:
    """A second resource on one stream is refused or ignored, never half done."""
    stream = await case.bound()
    await stream.send(request("another", "again"))
    await stream.send(
        f"<iq type='get' id='fence' to='{case.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    case.judge(
        await stream.react("^iq .*fence$"),
        Allowed("a refusal", ("iq error *", "*stream error *"), ("iq result",)),
    )


@requires("bind-mtn")
async def test_a_stanza_to_oneself_before_binding(case: Case) -> None:
    """Section 7.1 leaves it open whether the server itself answers; nobody else may."""
    stream = await case.at(Stage.UNBOUND)
    await stream.send(
        f"<iq type='get' id='early' to='{case.domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
        + request(identifier="fence")
    )
    case.judge(
        await stream.react("^iq .*fence$"),
        Allowed(
            "an answer, or <not-authorized/>",
            ("iq result", "iq error *", "*stream error not-authorized"),
            ("ignored", "*stream error *"),
        ),
    )
