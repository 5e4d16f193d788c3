"""Sections 4.8.3 and 4.8.4: first-level elements that are no stanzas of a client's stream."""

from __future__ import annotations

import pytest

from conformance.generate.text import NAMES, URIS
from conformance.rfc6120.common import after
from conformance.rfc6120.streams import reached
from conformance.suite import Allowed, Case, requires
from harness.xmpp import namespaces as ns

_FORM = {
    "default": "<{0} xmlns='{1}' type='get' id='foreign' to='{2}'><y/></{0}>",
    "prefix": "<p:{0} xmlns:p='{1}' type='get' id='foreign' to='{2}'><y/></p:{0}>",
}
_FORMS = pytest.mark.parametrize("form", _FORM)
_KINDS = pytest.mark.parametrize("kind", ["message", "presence", "iq"])
_OTHER_CONTENT = [ns.SERVER, "jabber:component:accept"]
# The addressee knows the sender, so it learns when a stream error ends the sender's session.
_NOTHING = Allowed("nothing delivered", ("ignored", "presence unavailable"))
_NO_ANSWER = Allowed(
    "nothing, or a stream error, preferably <unsupported-stanza-type/>",
    ("ignored", "stream error unsupported-stanza-type"),
    ("stream error *",),
)


@requires("foreign-element-not-routed", name=NAMES, uri=URIS)
async def test_foreign_element_is_not_routed(case: Case, name: str, uri: str) -> None:
    receiver, sender = await case.pair()
    await after(case, sender, f"<{name} xmlns='{uri}' to='{receiver.jid}'><y/></{name}>")
    case.judge(await reached(receiver), _NOTHING)


@requires("foreign-element-ignored-or-error", name=NAMES, uri=URIS)
async def test_addressed_foreign_element(case: Case, name: str, uri: str) -> None:
    """Not answered as a stanza would be, by a stanza error."""
    stream = await case.bound()
    text = f"<{name} xmlns='{uri}' to='{case.jid(1)}' id='foreign'><y/></{name}>"
    case.judge(await after(case, stream, text), _NO_ANSWER)


@_FORMS
@_KINDS
@requires("foreign-stanza-lookalike", "foreign-element-not-routed", uri=URIS)
async def test_lookalike_is_not_delivered(case: Case, kind: str, form: str, uri: str) -> None:
    receiver, sender = await case.pair()
    await after(case, sender, _FORM[form].format(kind, uri, receiver.jid))
    case.judge(await reached(receiver), _NOTHING)


@_FORMS
@_KINDS
@requires("foreign-element-ignored-or-error", uri=URIS)
async def test_lookalike_is_ignored_or_ends_the_stream(
    case: Case, kind: str, form: str, uri: str
) -> None:
    stream = await case.bound()
    case.judge(await after(case, stream, _FORM[form].format(kind, uri, case.domain)), _NO_ANSWER)


@_FORMS
@requires("foreign-stanza-lookalike", uri=URIS)
async def test_lookalike_of_a_request_gets_no_reply(case: Case, form: str, uri: str) -> None:
    stream = await case.bound()
    reaction = await after(case, stream, _FORM[form].format("iq", uri, case.domain))
    case.check(
        not [element for element in reaction.elements if element.tag == ns.IQ],
        "no IQ that answers it",
        "an IQ in reply",
    )


@_KINDS
@pytest.mark.parametrize("uri", _OTHER_CONTENT, ids=["server", "component"])
@requires("content-namespace-server-stanza", "xml-namespace-content-client")
async def test_stanza_of_another_content_namespace(case: Case, uri: str, kind: str) -> None:
    receiver, sender = await case.pair()
    request = "type='get'" if kind == "iq" else ""
    text = f"<{kind} xmlns='{uri}' id='m' to='{receiver.jid}' {request}><x xmlns='urn:x'/></{kind}>"
    refusal = await after(case, sender, text)
    case.judge(await reached(receiver), _NOTHING)
    case.judge(
        refusal,
        Allowed(
            "<invalid-namespace/>",
            ("stream error invalid-namespace",),
            ("ignored", "stream error *"),
        ),
    )
