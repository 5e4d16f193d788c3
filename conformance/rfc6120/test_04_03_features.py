"""Sections 4.3.2 to 4.3.5: what the features hold at each step of a login."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.headers import headers
from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import EVERY_OPENING, RESTARTS, due, response
from conformance.suite import Case, requires
from conformance.wire.negotiation import header, open_stream
from conformance.wire.stream import shown
from harness.xmpp import namespaces as ns

_FEATURES = f"{{{ns.STREAM}}}features"
_STARTTLS = f"{{{ns.TLS}}}starttls"
_MECHANISMS = f"{{{ns.SASL}}}mechanisms"
_BIND = f"{{{ns.BIND}}}bind"


@EVERY_OPENING
@requires("stream-features-first-child", "stream-negotiation-features", data=st.data(), cuts=CUTS)
async def test_features_follow_the_header(
    case: Case, opening: str, data: st.DataObject, cuts: list[float]
) -> None:
    stream = await due(case, opening)
    text = data.draw(headers(to=case.domain, lang=data.draw(st.sampled_from([None, "en"]))))
    await stream.send(text, offsets(cuts, text))
    await response(case, stream)
    item = await stream.next()
    case.check(
        isinstance(item, Element) and item.tag == _FEATURES,
        "features right after the response header",
        shown(item),
    )


@EVERY_OPENING
@requires("stream-features-namespaces", "stream-negotiation-features")
async def test_features_have_namespaces_of_their_own(case: Case, opening: str) -> None:
    features = await open_stream(await due(case, opening))
    case.check(
        not [e for e in features if e.tag.startswith((f"{{{ns.STREAM}}}", f"{{{ns.CLIENT}}}"))],
        "each feature in a namespace of its own",
        "a feature in the namespace of streams, or in jabber:client",
    )


@EVERY_OPENING
@requires("stream-features-mandatory-while-incomplete", "stream-negotiation-complete")
async def test_features_hold_what_is_mandatory(case: Case, opening: str) -> None:
    features = await open_stream(await due(case, opening))
    case.check(
        {e.tag for e in features} & {_STARTTLS, _MECHANISMS, _BIND},
        "STARTTLS, SASL mechanisms or bind among the features",
        "no feature that is mandatory" if len(features) else "no features",
    )


@RESTARTS
@requires("stream-features-after-restart", "stream-negotiation-features")
async def test_features_are_brought_up_to_date(case: Case, opening: str) -> None:
    stream = await due(case, opening)
    await stream.send(header(case.domain))
    await response(case, stream)
    item = await stream.next()
    case.check(isinstance(item, Element) and item.tag == _FEATURES, "features", shown(item))
    assert isinstance(item, Element)
    done = {_STARTTLS} if opening == "after-tls" else {_STARTTLS, _MECHANISMS}
    if opening == "after-sasl" and not stream.secure:
        done = {_MECHANISMS}
    case.check(
        not {e.tag for e in item} & done,
        "features without what has been negotiated",
        "a feature that has been negotiated",
    )


@pytest.mark.parametrize("text", ["", "<presence/>"], ids=["quiet", "available"])
@requires("stream-features-none-after-bind", "stream-negotiation-complete")
async def test_no_features_after_bind(case: Case, text: str) -> None:
    """An empty <features/> may come (section 4.3.5)."""
    stream = await case.bound()
    reaction = await after(case, stream, text)
    case.check(
        not [e for e in reaction.elements if e.tag == _FEATURES and len(e)],
        "no further features",
        "features after bind",
    )
