"""Sections 6.1, 7 and 8: the capabilities of clients in presence that is passed on."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from hypothesis import strategies as st

from conformance.contacts import friends
from conformance.generate.text import NAMES
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import reached
from conformance.suite import Case, requires
from conformance.wire.stream import RawStream, Reaction
from conformance.xep0030.common import features_in, info
from conformance.xep0115.client import shown
from harness.xmpp import capabilities as caps
from harness.xmpp import namespaces as ns

_OPTIMIZE = f"{caps.CAPS}#optimize"
_VER = st.from_regex(r"[A-Za-z0-9+/]{27}=", fullmatch=True)
_NODE = st.builds("https://{}.example/{}".format, NAMES, NAMES)
_HASH = st.sampled_from(["sha-1", "sha-256"])


async def _seen(stream: RawStream, sender: str) -> list[Element | None]:
    """The <c/> of each presence of that full JID that has come."""
    return _shown_in(await reached(stream), sender)


def _shown_in(reaction: Reaction, sender: str) -> list[Element | None]:
    found = [e for e in reaction.elements if e.tag == ns.PRESENCE]
    own = [e for e in found if e.get("from") == sender and e.get("type") is None]
    return [e.find(caps.C) for e in own]


def _check(case: Case, found: list[Element | None], ver: str, node: str, algorithm: str) -> None:
    case.check(found, "the presence", "no presence")
    said = found[0]
    case.check(said is not None, "<c/> in the presence", "no <c/>")
    wanted = {"ver": ver, "node": node, "hash": algorithm}
    case.check(said is not None and said.attrib == wanted, "<c/> as it was sent", "another <c/>")


@requires("caps-first-presence", ver=_VER, node=_NODE, algorithm=_HASH)
async def test_first_presence(case: Case, ver: str, node: str, algorithm: str) -> None:
    async with friends(case) as (stream, _):
        client = await case.bound(1)
        await after(case, client, f"<presence>{shown(ver, algorithm, node)}</presence>")
        _check(case, await _seen(stream, client.jid), ver, node, algorithm)


@requires(
    "caps-change-delivered", "caps-optimize-feature", vers=st.lists(_VER, min_size=2, max_size=4)
)
async def test_later_presence(case: Case, vers: list[str]) -> None:
    async with friends(case) as (stream, client):
        listed = features_in(await info(case, stream, case.domain))
        before = ""
        for ver in vers:
            await after(case, client, f"<presence>{shown(ver)}</presence>")
            (said, *_) = await _seen(stream, client.jid) or [None]
            now = said.get("ver") if said is not None else ""
            right = now == ver or (_OPTIMIZE in listed and not now and ver == before)
            case.check(right, "the new <c/>", "another <c/>, or none")
            before = ver
        await after(case, client, f"<presence><show>away</show>{shown(before)}</presence>")
        (said, *_) = await _seen(stream, client.jid) or [None]
        known = said is not None or _OPTIMIZE in listed
        case.check(known, "<c/> again, or the feature caps#optimize", "neither")


@requires("caps-kept-for-probes", ver=_VER, node=_NODE, algorithm=_HASH)
async def test_login_of_a_contact(case: Case, ver: str, node: str, algorithm: str) -> None:
    async with friends(case) as (_, client):
        await after(case, client, f"<presence>{shown(ver, algorithm, node)}</presence>")
        late = await case.bound(available=True)
        await after(case, late, "<presence type='unavailable'/>")
        await late.send("<presence/>")
        for one, other in ((late, client), (client, late)):  # takes the way of a probe and back
            await one.send(f"<message to='{other.jid}' id='echo' type='headline'/>")
            reaction = await other.react("^message .*echo$")
        _check(case, _shown_in(reaction, client.jid), ver, node, algorithm)


@requires("caps-directed", ver=_VER, node=_NODE, algorithm=_HASH)
async def test_directed(case: Case, ver: str, node: str, algorithm: str) -> None:
    stream = await case.bound(available=True)
    client = await case.bound(1, available=True)
    text = f"<presence to='{stream.jid}'>{shown(ver, algorithm, node)}</presence>"
    await after(case, client, text)
    _check(case, await _seen(stream, client.jid), ver, node, algorithm)
