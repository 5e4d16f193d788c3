"""Sections 7 and 8: what a copy looks like, on either side."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.stanzas import EXTENSIONS
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from conformance.xep0280.common import (
    FORWARDED,
    HERE,
    Resource,
    Scene,
    Wish,
    inner,
    message,
    scene,
)
from conformance.xep0280.seats import Role
from harness.xmpp import jid as jids
from harness.xmpp import namespaces as ns

_TYPE = "chat"
_MARK = "{urn:example:mark}mark"
_INNER = st.builds(
    "<body>{}</body><mark xmlns='urn:example:mark'/>{}".format,
    st.sampled_from(["x", "two words", "&lt;&amp;&gt;", "äßλ日\U0001f600"]),
    st.just("") | EXTENSIONS,
)

Aspect = Callable[[Case, Element, Resource, str], None]


def _type(case: Case, copy: Element, _owner: Resource, _kind: str) -> None:
    case.prefer(copy.get("type") == _TYPE, "the type of the message", "another type")


def _from(case: Case, copy: Element, owner: Resource, _kind: str) -> None:
    same = copy.get("from") == jids.bare(owner.stream.jid)
    case.check(same, "a copy from the bare JID of its owner", "another sender")


def _to(case: Case, copy: Element, owner: Resource, kind: str) -> None:
    same = copy.get("to") == owner.stream.jid
    judge = case.check if kind == "received" else case.prefer
    judge(same, "a copy to the full JID", "another address")


def _content(case: Case, copy: Element, _owner: Resource, kind: str) -> None:
    """The mark with the forwarded message in it, alone in its own namespaces."""
    marks = [child for child in copy if child.tag.startswith(HERE)]
    case.check(
        [mark.tag for mark in marks] == [f"{HERE}{kind}"], f"one <{kind}/>", "something else"
    )
    tags = [child.tag for child in marks[0]]
    case.check(tags == [FORWARDED], "<forwarded/> alone", "something else")
    stanzas = marks[0][0].findall(ns.MESSAGE)
    case.check(len(stanzas) == 1, "one forwarded message of jabber:client", "none, or more")


_ASPECTS = pytest.mark.parametrize(
    ("kind", "aspect"),
    [
        pytest.param(
            kind,
            aspect,
            id=f"{kind}-{aspect.__name__.strip('_')}",
            marks=pytest.mark.requires(f"carbons-{kind}-{aspect.__name__.strip('_')}"),
        )
        for kind in ("sent", "received")
        for aspect in (_type, _from, _to, _content)
    ],
)
_ADDRESS = pytest.mark.parametrize("bare", [False, True], ids=["resource", "account"])


async def _copy(case: Case, kind: str, text: str, bare: bool) -> tuple[Scene, Resource, Element]:
    """The one copy of that kind that a message brings, and whose it is."""
    made = await scene(case, theirs=[Wish(priority=1), Wish(priority=-1)])
    receiver, other = made.of(Role.THEIRS)
    await made.say(message(case.jid(1) if bare else receiver.stream.jid, "m", text))
    owner = made.of(Role.OWN)[0] if kind == "sent" else other
    copies = owner.copies("m")
    if len(copies) != 1:
        raise case.unknown(f"expected one copy, but there came {len(copies)}")
    return made, owner, copies[0]


@_ASPECTS
@_ADDRESS
@requires()
async def test_wrapping(case: Case, kind: str, aspect: Aspect, bare: bool) -> None:
    _, owner, copy = await _copy(case, kind, "<body>x</body>", bare)
    aspect(case, copy, owner, kind)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.requires(f"carbons-{kind}-content"))
        for kind in ("sent", "received")
    ],
)
@_ADDRESS
@fewer(3)
@requires(text=_INNER)
async def test_message_within(case: Case, kind: str, bare: bool, text: str) -> None:
    """It is the one that the recipient got, with its addresses."""
    made, _, copy = await _copy(case, kind, text, bare)
    receiver = made.of(Role.THEIRS)[0]
    (got,) = (e for e in receiver.stanzas if e.get("id") == "m")
    found = inner(copy)
    case.check(found is not None, "a forwarded message", "none")
    assert found is not None
    for name in ("from", "to", "type", "id"):
        case.check(found.get(name) == got.get(name), "the same attributes", f"another {name}")
    same = found.findtext(ns.BODY) == got.findtext(ns.BODY)
    case.check(same, "the same body", "another body")
    missing = {child.tag for child in got} - {child.tag for child in found}
    kept = not {tag for tag in missing if tag.startswith("{urn:example:")}
    case.prefer(kept, "all elements of the message", "some elements only")
