"""Sections 4.9.1.1 and 4.9.2: a stream error is well made, and it is the end."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest

from conformance.rfc6120.model import STEADY
from conformance.rfc6120.streams import (
    LEFT_OPEN,
    ended,
    messages,
    names,
    to_the_end,
)
from conformance.suite import Case, Stage, requires
from conformance.suite.case import ping
from conformance.wire.negotiation import header
from conformance.wire.stream import Item
from harness.xmpp import namespaces as ns
from harness.xmpp.parser import StreamEnd

_MALFORMED = "<message><x></y></message>"
_CONDITION = f"{{{ns.STREAMS}}}"
_TEXT = f"{_CONDITION}text"
_STREAM_ERROR = f"{{{ns.STREAM}}}error"
_CORE = ("{urn:ietf:params:xml:ns:xmpp-", *(f"{{{u}}}" for u in (ns.STREAM, ns.CLIENT, ns.SERVER)))
_DEFINED = {
    "bad-format",
    "bad-namespace-prefix",
    "conflict",
    "connection-timeout",
    "host-gone",
    "host-unknown",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
}
_STAGES = [pytest.param(stage, id=stage.name.lower()) for stage in sorted(STEADY)]


class Provocation(NamedTuple):
    """What brings a stream error on any server."""

    stage: Stage
    text: str  # with {domain}


PROVOCATIONS = {
    "unknown-host": Provocation(Stage.CONNECTED, header("unknown.example")),
    "wrong-namespace": Provocation(
        Stage.CONNECTED, header("{domain}", **{"xmlns:stream": "urn:example:x"})
    ),
    **{
        f"malformed-{stage.name.lower()}": Provocation(stage, _MALFORMED)
        for stage in sorted(STEADY)
    },
    "undeclared-prefix": Provocation(Stage.BOUND, "<message><x:y/></message>"),
    "document-type": Provocation(Stage.BOUND, "<!DOCTYPE x>"),
}


def _condition(name: str, text: str = "") -> str:
    return f"<{name} xmlns='{ns.STREAMS}'>{text}</{name}>"


_RECEIVED = {
    **{name: _condition(name) for name in ("unsupported-feature", "not-well-formed", "reset")},
    "see-other-host": _condition("see-other-host", "other.example:5222"),
    "of-the-future": _condition("of-the-future"),
    "with-text": _condition("bad-format")
    + f"<text xmlns='{ns.STREAMS}' xml:lang='en'>what was that?</text>",
    "of-an-application": _condition("undefined-condition") + "<x xmlns='urn:example:x'/>",
}
# What need not bring an error: well-formed, so that a parser reads on behind it.
_TOLERABLE = {
    "foreign-element": "<x xmlns='urn:example:x'/>",
    "unknown-name": "<x/>",
    "text": "text",
    "early-starttls": f"<starttls xmlns='{ns.TLS}'/>",
}
_OFFENDING = _TOLERABLE | {n: p.text for n, p in PROVOCATIONS.items() if p.stage is Stage.BOUND}
_EVERY = pytest.mark.parametrize("provocation", PROVOCATIONS)


async def provoked(case: Case, name: str) -> list[Item]:
    """What comes from the stream error to the end. Raises Unknown without a stream error."""
    provocation = PROVOCATIONS[name]
    stream = await case.at(provocation.stage)
    await stream.send(provocation.text.replace("{domain}", case.domain))
    if provocation.stage is Stage.CONNECTED:
        await stream.next()
    items = await to_the_end(stream)
    if not (isinstance(items[0], Element) and items[0].tag == _STREAM_ERROR):
        raise case.unknown(f"no stream error, but {names(items)}")
    return items


async def error(case: Case, name: str) -> Element:
    """The stream error that it brings."""
    found = (await provoked(case, name))[0]
    assert isinstance(found, Element)
    return found


@_EVERY
@requires("stream-error-closes-at-once", "stream-error-generate")
async def test_error_closes_the_stream(case: Case, provocation: str) -> None:
    items = await provoked(case, provocation)
    case.check(
        isinstance(items[1], StreamEnd),
        "the closing tag right behind the stream error",
        f"not the closing tag, but {names(items[1:2])}",
    )
    case.check(ended(items), "the end of the connection", LEFT_OPEN)


@_EVERY
@requires("stream-error-condition", "stream-error-generate")
async def test_error_has_a_defined_condition(case: Case, provocation: str) -> None:
    children = [e for e in await error(case, provocation) if e.tag != _TEXT]
    conditions = [e.tag for e in children if e.tag.startswith(_CONDITION)]
    case.check(len(conditions) == 1, "one condition", f"{len(conditions)} conditions")
    case.check(
        conditions[0].removeprefix(_CONDITION) in _DEFINED,
        "a condition of section 4.9.3",
        "another condition",
    )


@_EVERY
@requires("stream-error-text")
async def test_text_of_an_error(case: Case, provocation: str) -> None:
    children = list(await error(case, provocation))
    count = len([e for e in children if e.tag == _TEXT])
    case.check(count <= 1, "at most one <text/>", f"{count} <text/>")
    case.check(
        not [e for e in children if _is_core(e) and e.tag.endswith("text") and e.tag != _TEXT],
        "a <text/> in the namespace of stream errors",
        "a <text/> in another namespace of XMPP's core",
    )


@_EVERY
@requires("stream-error-text-lang")
async def test_text_names_its_language(case: Case, provocation: str) -> None:
    texts = (await error(case, provocation)).findall(_TEXT)
    case.prefer(all(e.get(ns.LANG) for e in texts), "xml:lang on <text/>", "no xml:lang")


@_EVERY
@requires("stream-error-application-condition")
async def test_condition_of_an_application(case: Case, provocation: str) -> None:
    """If there is one: it has a namespace of its own, and stands beside a defined condition."""
    children = list(await error(case, provocation))
    others = [e for e in children if not e.tag.startswith(_CONDITION)]
    case.check(
        not [e for e in others if _is_core(e)],
        "a namespace of the application",
        "a namespace of XMPP's core, or none",
    )
    case.check(
        not others or any(e.tag.removeprefix(_CONDITION) in _DEFINED for e in children),
        "a defined condition beside it",
        "no defined condition",
    )


def _is_core(element: Element) -> bool:
    return not element.tag.startswith("{") or element.tag.startswith(_CORE)


@pytest.mark.parametrize("order", ["same-packet", "later"])
@pytest.mark.parametrize("offence", _OFFENDING)
@requires("stream-error-unrecoverable", "stream-error-generate")
async def test_nothing_is_processed_behind_an_error(case: Case, offence: str, order: str) -> None:
    receiver, sender = await case.bound(1), await case.bound(0)
    fence = ping("fence", case.domain)
    good = f"<message to='{receiver.jid}' id='m' type='headline'/>{fence}"
    await sender.send(_OFFENDING[offence] + (good if order == "same-packet" else fence))
    item = await sender.next()
    if not (isinstance(item, Element) and item.tag == _STREAM_ERROR):
        if offence in _TOLERABLE:
            case.not_applicable("the server does not take it for an error of the stream")
        raise case.unknown(f"no stream error, but {names([item])}")
    if order == "later":
        await sender.send(good)
    items = await to_the_end(sender)
    case.check(
        not [item for item in items if isinstance(item, Element)],
        "no answer behind the error",
        names(items),
    )
    case.check(await messages(receiver) == [], "no message delivered", "the message delivered")


@pytest.mark.parametrize("end", ["", "</stream:stream>"], ids=["without-tag", "with-tag"])
@pytest.mark.parametrize("stage", _STAGES)
@requires("stream-error-received", "stream-error-generate")
async def test_error_of_the_client(case: Case, stage: Stage, end: str) -> None:
    await check_error_received(case, stage, _condition("undefined-condition"), end)


@pytest.mark.parametrize("condition", _RECEIVED)
@requires("stream-error-received", "stream-error-generate")
async def test_condition_of_the_client(case: Case, condition: str) -> None:
    """Also one that is not defined yet: it counts as <undefined-condition/> (section 4.9.2)."""
    await check_error_received(case, Stage.BOUND, _RECEIVED[condition])


async def check_error_received(case: Case, stage: Stage, inner: str, end: str = "") -> None:
    """Check that our stream error, with this inside, makes the server close its stream."""
    stream = await case.at(stage)
    await stream.send(f"<stream:error>{inner}</stream:error>{end}")
    items = await to_the_end(stream)
    calm = [i for i in items if not (isinstance(i, Element) and i.tag == _STREAM_ERROR)]
    case.check(isinstance(calm[0], StreamEnd), "the closing tag", names(calm))
    case.check(ended(items), "the end of the connection", LEFT_OPEN)
    case.prefer(calm == items, "no stream error in turn", "a stream error in turn")
