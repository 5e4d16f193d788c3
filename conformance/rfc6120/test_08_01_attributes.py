"""Sections 8.1, 8.3 and 8.4: the attributes of stanzas, errors, extended content."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element, canonicalize, fromstring, tostring

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import EXTENSIONS, IDS
from conformance.generate.text import CUTS, XML_TEXT, offsets
from conformance.player import name_of
from conformance.rfc6120.test_08_02_iq import after, check_answer
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream, Reaction
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

_RESOLVE_S = 20.0
_KINDS = pytest.mark.parametrize("kind", ["message", "presence", "iq"])


def written(kind: str, to: str, inner: str = "", **attributes: str) -> str:
    """A stanza of this kind that is delivered to a full JID."""
    defaults = {"message": {"type": "headline"}, "presence": {}, "iq": {"type": "get"}}[kind]
    given = {"id": "x", "to": to} | defaults | attributes
    text = "".join(f" {k}='{stanza.escape(v).decode()}'" for k, v in given.items())
    inner = inner or ("<q xmlns='urn:example:q'/>" if kind == "iq" else "")
    return f"<{kind}{text}>{inner}</{kind}>"


async def delivered(
    case: Case, sender: RawStream, receiver: RawStream, text: str, kind: str, cuts: list[float]
) -> Element:
    """The stanza as the receiver gets it."""
    await sender.send(text, offsets(cuts, text))
    item = await receiver.next()
    case.check(
        isinstance(item, Element) and item.tag == f"{{{ns.CLIENT}}}{kind}",
        f"the {kind} delivered",
        name_of(item) if isinstance(item, Element) else "no stanza",
    )
    assert isinstance(item, Element)
    return item


@_KINDS
@requires(
    "stanza-attribute-to",
    "stanza-attribute-from",
    "stanza-attribute-from-stamp",
    "stanza-attribute-id",
    identifier=IDS,
    cuts=CUTS,
)
async def test_addresses(case: Case, kind: str, identifier: str, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    text = written(kind, receiver.jid, id=identifier)
    found = await delivered(case, sender, receiver, text, kind, cuts)
    case.check(found.get("from") == sender.jid, "from = the sender's full JID", "another from")
    case.check(found.get("to") == receiver.jid, "to unchanged", "another to")
    case.check(found.get("id") == identifier, "id unchanged", "another id")


@_KINDS
@pytest.mark.parametrize("claim", ["bare", "another-resource", "another-account", "server"])
@requires("stanza-attribute-from-stamp", "stream-error-invalid-from")
async def test_claimed_from(case: Case, kind: str, claim: str) -> None:
    """Whatever a client claims, the receiver sees the truth, or the stream ends."""
    receiver, sender = await case.pair()
    claimed = {
        "bare": case.jid(0),
        "another-resource": f"{case.jid(0)}/elsewhere",
        "another-account": f"{case.jid(2)}/r",
        "server": case.domain,
    }[claim]
    await sender.send(written(kind, receiver.jid, **{"from": claimed}))
    reaction = await after(case, sender, "")
    if reaction.ending != "fence":
        case.judge(
            reaction,
            Allowed("<invalid-from/>", ("*stream error invalid-from",), ("*stream error *",)),
        )
        return
    if reaction.elements:
        case.judge(reaction, Allowed("the true from, or an error", (f"{kind} error *",)))
        return
    found = await receiver.next()
    case.check(isinstance(found, Element), "the stanza delivered", "nothing delivered")
    assert isinstance(found, Element)
    case.check(found.get("from") == sender.jid, "from = the sender's full JID", "the claimed from")


@pytest.mark.parametrize("kind", ["message", "presence"])
@pytest.mark.parametrize("own", [False, True], ids=["of-the-stream", "of-the-stanza"])
@requires("stanza-attribute-xmllang", lang=st.sampled_from(["de", "pt-BR", "cs"]))
async def test_lang(case: Case, kind: str, own: bool, lang: str) -> None:
    receiver, sender = await case.pair()
    extra = {"xml:lang": lang} if own else {}
    text = written(kind, receiver.jid, "<status>x</status>" if kind == "presence" else "", **extra)
    found = await delivered(case, sender, receiver, text, kind, [])
    came = found.get(ns.LANG)
    if own:
        case.check(came == lang, "xml:lang unchanged", "xml:lang changed or missing")
    else:
        case.prefer(came == "en", "xml:lang of the sender's stream", "no such xml:lang")


@pytest.mark.parametrize("kind", ["message", "presence", "iq"])
@requires("stanza-extension", extension=EXTENSIONS, cuts=CUTS)
async def test_extension_is_unchanged(
    case: Case, kind: str, extension: str, cuts: list[float]
) -> None:
    receiver, sender = await case.pair()
    text = written(kind, receiver.jid, extension)
    found = await delivered(case, sender, receiver, text, kind, cuts)
    uri = fromstring(extension).tag
    came = [child for child in found if child.tag == uri]
    case.check(len(came) == 1, "the extension element", "no extension element")
    came[0].tail = None
    same = canonicalize(tostring(came[0])) == canonicalize(tostring(fromstring(extension)))
    case.check(same, "the extension element unchanged", "the extension element changed")


@requires("stanza-kind-message", "stanza-attribute-type", body=XML_TEXT, cuts=CUTS)
async def test_body_is_unchanged(case: Case, body: str, cuts: list[float]) -> None:
    receiver, sender = await case.pair()
    inner = f"<body>{stanza.escape(body).decode()}</body>"
    text = written("message", receiver.jid, inner, type="chat")
    found = await delivered(case, sender, receiver, text, "message", cuts)
    case.check(found.findtext(ns.BODY) == body, "the body unchanged", "another body")
    case.check(found.get("type") == "chat", "the type unchanged", "another type")


class NoSuch(NamedTuple):
    """An address at which nobody is."""

    name: str
    pattern: str
    allowed: dict[str, Allowed]


_SILENT = Allowed("nothing", ("ignored",), ("presence error *", "presence unsubscribed"))
_UNAVAILABLE = Allowed(
    "<service-unavailable/>", ("{} error service-unavailable",), ("{} error item-not-found",)
)


def _unavailable(kind: str, *also: str) -> Allowed:
    return Allowed(
        _UNAVAILABLE.words,
        (f"{kind} error service-unavailable", *also),
        tuple(p.format(kind) for p in _UNAVAILABLE.lenient),
    )


_REMOTE = {
    kind: Allowed(
        "<remote-server-not-found/> or <remote-server-timeout/>",
        (f"{kind} error remote-server-not-found", f"{kind} error remote-server-timeout"),
        (f"{kind} error *",),  # a server may be closed to others (section 10.4)
    )
    for kind in ("message", "presence", "iq")
}
NOBODY = [
    NoSuch(
        "account",
        "nobody-{n}@{domain}",
        {
            "message": _unavailable("message", "ignored"),
            "presence": _SILENT,
            "iq": _unavailable("iq"),
        },
    ),
    NoSuch(
        "resource",
        "{bare}/nothing-{n}",
        {
            "message": _unavailable("message", "ignored"),
            "presence": _SILENT,
            "iq": _unavailable("iq"),
        },
    ),
    NoSuch("domain", "somebody@{n}.unknown.example", _REMOTE),
]


@_KINDS
@pytest.mark.parametrize("nobody", [pytest.param(n, id=n.name) for n in NOBODY])
@requires("stanza-error", "stanza-error-id", "stanza-error-child", "stanza-error-reply")
async def test_nobody_there(case: Case, kind: str, nobody: NoSuch) -> None:
    """Sections 10.4.3, 10.5.3.1 and 10.5.4."""
    sender = await case.bound(0)
    to = nobody.pattern.format(domain=case.domain, n="q7", bare=case.jid(1))
    reaction = await answered(case, sender, written(kind, to), nobody.name == "domain")
    case.judge(reaction, nobody.allowed[kind])
    for answer in reaction.elements:
        if answer.get("type") == "error":
            check_answer(case, answer, "x")
            case.prefer(answer.get("from") == to, "addresses swapped", "another from")
            case.check(answer.get("to") == sender.jid, "to = the sender", "another to")


async def answered(case: Case, sender: RawStream, text: str, remote: bool) -> Reaction:
    """What comes back; resolving a name takes its time, so there the answer is waited for."""
    if not remote:
        return await after(case, sender, text)
    await sender.send(text)
    reaction = Reaction(ending="fence")
    item = await sender.next(_RESOLVE_S)
    if isinstance(item, Element):
        reaction.elements.append(item)
    return reaction


_MALFORMED = ["@{domain}", "a@b@{domain}", "{bare}/", "a b@{domain}", "<>@{domain}", "a@"]


@_KINDS
@pytest.mark.parametrize("pattern", _MALFORMED)
@requires("stanza-error-jid-malformed")
async def test_malformed_address(case: Case, kind: str, pattern: str) -> None:
    sender = await case.bound(0)
    to = pattern.format(domain=case.domain, bare=case.jid(1))
    reaction = await after(case, sender, written(kind, to))
    case.judge(
        reaction,
        Allowed(
            "<jid-malformed/>",
            (f"{kind} error jid-malformed",),
            (f"{kind} error *", "*stream error *", *(() if kind == "iq" else ("ignored",))),
        ),
    )


@requires("stanza-error-reply")
async def test_error_is_not_answered(case: Case) -> None:
    """Section 8.3.1, rule 8."""
    sender = await case.bound(0)
    error = (
        "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    )
    text = "".join(
        written(kind, f"nobody-q7@{case.domain}", error, type="error")
        for kind in ("message", "presence", "iq")
    )
    case.judge(await after(case, sender, text), Allowed("no answer", ("ignored",)))
