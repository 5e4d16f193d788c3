"""Sections 2 to 4: what time it is at the server."""

from __future__ import annotations

import re
from datetime import datetime
from time import monotonic
from xml.etree.ElementTree import Element

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info, need

_URI = "urn:xmpp:time"
_TIME = f"<time xmlns='{_URI}'/>"
_ZONE = re.compile(r"Z|[+-](0\d|1[0-4]):[0-5]\d")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]00:00)")
_SLACK_S = 2.0  # whole seconds are rounded, and answers take their time


async def _told(case: Case, stream: RawStream) -> Element:
    """The <time/> of the server."""
    answer = await ask(case, stream, _TIME, case.domain)
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))
    tags = [child.tag for child in answer]
    case.check(tags == [f"{{{_URI}}}time"], "one <time/>", "something else")
    return answer[0]


def _only(case: Case, told: Element, name: str) -> str:
    found = told.findall(f"{{{_URI}}}{name}")
    case.check(len(found) == 1, f"one <{name}/>", f"{len(found)} <{name}/>")
    return found[0].text or ""


@requires("time-answered")
async def test_answer(case: Case) -> None:
    stream = await case.bound()
    await need(case, stream, _URI)
    answer = await ask(case, stream, _TIME, case.domain)
    case.judge(name_of(answer), Allowed("a result", ("iq result",)))
    case.check(answer.get("from") == case.domain, "from = the server", "another from")
    case.check([e.tag for e in answer] == [f"{{{_URI}}}time"], "one <time/>", "something else")


@requires("time-zone")
async def test_zone(case: Case) -> None:
    stream = await case.bound()
    await need(case, stream, _URI)
    zone = _only(case, await _told(case, stream), "tzo")
    case.check(_ZONE.fullmatch(zone), "Z or +hh:mm", "another form")


@requires("time-utc")
async def test_utc(case: Case) -> None:
    stream = await case.bound()
    await need(case, stream, _URI)
    text = _only(case, await _told(case, stream), "utc")
    case.check(_UTC.fullmatch(text), "CCYY-MM-DDThh:mm:ssZ", "another form")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        case.check(False, "a moment that there is", "no such moment")


@requires("time-runs")
async def test_it_runs(case: Case) -> None:
    stream = await case.bound()
    await need(case, stream, _URI)
    began = monotonic()
    first = _moment(case, await _told(case, stream))
    second = _moment(case, await _told(case, stream))
    passed, elapsed = (second - first).total_seconds(), monotonic() - began
    case.check(-0.001 <= passed <= elapsed + _SLACK_S, "a little later", "earlier, or much later")


def _moment(case: Case, told: Element) -> datetime:
    try:
        return datetime.fromisoformat(_only(case, told, "utc"))
    except ValueError:
        raise case.unknown("the time cannot be read") from None


@requires("time-feature", "time-unsupported")
async def test_feature(case: Case) -> None:
    stream = await case.bound()
    listed = _URI in features_in(await info(case, stream, case.domain))
    answer = await ask(case, stream, _TIME, case.domain)
    answered = answer.get("type") == "result"
    case.check(listed or not answered, "the feature urn:xmpp:time", "no feature")
    if not listed:
        fits = ("iq error service-unavailable",)
        case.judge(name_of(answer), Allowed("<service-unavailable/>", fits, ("iq error *",)))
        raise case.absent("urn:xmpp:time is not among the features of the server")
