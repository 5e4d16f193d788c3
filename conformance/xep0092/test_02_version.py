"""Sections 2 to 4: what software this is."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info
from harness.xmpp import namespaces as ns

_QUERY = f"<query xmlns='{ns.VERSION}'/>"
_PARTS = ("name", "version", "os")


async def _asked(case: Case) -> tuple[RawStream, Element, bool]:
    """The answer of the server, and whether it lists the feature."""
    stream = await case.bound()
    listed = ns.VERSION in features_in(await info(case, stream, case.domain))
    answer = await ask(case, stream, _QUERY, case.domain)
    if answer.get("type") == "error" and not listed:
        raise case.absent("the server neither lists jabber:iq:version nor answers it")
    return stream, answer, listed


async def _query(case: Case) -> Element:
    _, answer, _ = await _asked(case)
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))
    case.check(len(answer) == 1, "one <query/>", f"{len(answer)} children")
    return answer[0]


@requires("version-answered")
async def test_answer(case: Case) -> None:
    _, answer, _ = await _asked(case)
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))
    case.check(answer.get("from") == case.domain, "from = the server", "another from")
    tags = [child.tag for child in answer]
    case.check(tags == [f"{{{ns.VERSION}}}query"], "one <query/>", "something else")


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(part, marks=pytest.mark.requires(f"version-{part}"))
        for part in ("name", "version")
    ],
)
@requires()
async def test_required(case: Case, part: str) -> None:
    found = [
        (e.text or "").strip() for e in (await _query(case)).iterfind(f"{{{ns.VERSION}}}{part}")
    ]
    case.check(len(found) == 1, f"one <{part}/>", f"{len(found)} <{part}/>")
    case.check(found[0], f"a <{part}/> with text", f"an empty <{part}/>")


@requires("version-os")
async def test_operating_system(case: Case) -> None:
    found = (await _query(case)).findall(f"{{{ns.VERSION}}}os")
    case.check(len(found) <= 1, "one <os/>, or none", f"{len(found)} <os/>")


@requires("version-nothing-else")
async def test_nothing_else(case: Case) -> None:
    known = {f"{{{ns.VERSION}}}{part}" for part in _PARTS}
    own = [e.tag for e in await _query(case) if e.tag.startswith(f"{{{ns.VERSION}}}")]
    case.check(set(own) <= known, "no other children", "another child")


@requires("version-feature")
async def test_feature(case: Case) -> None:
    _, answer, listed = await _asked(case)
    answered = answer.get("type") == "result"
    case.prefer(listed or not answered, "the feature jabber:iq:version", "no feature")
