"""Defects of requests, their answers, and stanza errors (RFC 6120 sections 8.2.3 and 8.3)."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import iq as iqs
from harness.targets.embedded import router
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.jids import Jid
from harness.targets.embedded.session import Session
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza as stanzas
from harness.xmpp.stanza import serialise


def _results(patches: Patches, edit: Callable[[Element], object]) -> None:
    """Every result that the server itself makes is changed before it is sent."""

    def reply(request: iqs.Request, payload: Element | None = None) -> None:
        result = stanzas.reply(request.iq, payload=payload)
        if (asked := request.iq.get("to")) is not None:
            result.set("from", asked)
        edit(result)
        request.session.answer(serialise(result))

    patches.set(iqs.Request, "reply", reply)


def _errors(patches: Patches, edit: Callable[[Element, Element], object]) -> None:
    """Every stanza error that the router makes is changed: the stanza, and its <error/>."""

    def edited(stanza: Element | None) -> Element | None:
        if stanza is not None:
            edit(stanza, stanza[-1])
        return stanza

    patches.after(router, "error_for", edited)


@defect("result-without-id", breaks=["iq-reply-id", "stanza-id-mirrored"])
def _(patches: Patches) -> None:
    """Results have no id."""
    _results(patches, lambda result: result.attrib.__delitem__("id"))


@defect("result-with-other-id", breaks=["iq-reply-id", "stanza-id-mirrored"])
def _(patches: Patches) -> None:
    """Results have the request's id in capitals, with an x behind it."""
    _results(patches, lambda result: result.set("id", result.attrib["id"].upper() + "x"))


@defect("result-to-bare-jid", breaks=["stanza-to-generated"])
def _(patches: Patches) -> None:
    """Results are addressed to the bare JID."""
    _results(patches, lambda result: result.set("to", result.get("to", "").partition("/")[0]))


@defect("result-from-domain", breaks=["stanza-from-account"])
def _(patches: Patches) -> None:
    """Answers on behalf of the account are from the domain."""

    def edit(result: Element) -> None:
        if "from" not in result.attrib:
            result.set("from", result.get("to", "").partition("/")[0].partition("@")[2])

    _results(patches, edit)


@defect("result-from-nobody", breaks=["stanza-from-server"])
def _(patches: Patches) -> None:
    """Answers of the server have no from."""
    _results(patches, lambda result: result.attrib.pop("from", None))


@defect("result-with-error-child", breaks=["stanza-error-child-only-in-errors"])
def _(patches: Patches) -> None:
    """Results have an <error/> child."""

    def edit(result: Element) -> None:
        SubElement(result, ns.ERROR, {"type": "continue"})

    _results(patches, edit)


@defect("answered-twice", breaks=["iq-exactly-one-reply"])
def _(patches: Patches) -> None:
    """Each result comes twice."""
    before = iqs.Request.reply

    def reply(request: iqs.Request, payload: Element | None = None) -> None:
        before(request, payload)
        before(request, payload)

    patches.set(iqs.Request, "reply", reply)


def _before_iq(patches: Patches, look: Callable[[Session, Element, Jid | None], bool]) -> None:
    """Each iq is looked at first; it goes on unless `look` has dealt with it."""
    before = iqs.handle

    def handle(domain: Domain, session: Session, iq: Element, to: Jid | None) -> None:
        if not look(session, iq, to):
            before(domain, session, iq, to)

    patches.put(router._KINDS, ns.IQ, handle)


def _complain(session: Session, iq: Element) -> bool:
    error = stanzas.error_reply(iq, "cancel", "service-unavailable")
    session.send(serialise(error))
    return True


@defect("result-answered", breaks=["iq-result-no-reply", "iq-without-to-answer-ignored"])
def _(patches: Patches) -> None:
    """An iq of type result to the server is answered by an error."""
    _before_iq(
        patches,
        lambda session, iq, to: (
            iq.get("type") == "result"
            and (to is None or not to.resource)
            and _complain(session, iq)
        ),
    )


@defect("error-answered", breaks=["iq-error-no-reply", "stanza-error-no-loop"])
def _(patches: Patches) -> None:
    """An iq of type error to the server is answered by an error."""
    _before_iq(
        patches,
        lambda session, iq, to: (
            iq.get("type") == "error" and (to is None or not to.resource) and _complain(session, iq)
        ),
    )


@defect(
    "unknown-payload-ignored",
    breaks=["extension-iq-unknown", "iq-without-to-unknown", "stanza-error-for-iq"],
)
def _(patches: Patches) -> None:
    """A request with an unknown payload is not answered."""

    def unknown(_session: Session, iq: Element, to: Jid | None) -> bool:
        tags = {child.tag for child in iq}
        known = iqs.FOR_ACCOUNT.keys() | iqs.FOR_SERVER.keys()
        return iq.get("type") in ("get", "set") and not tags & known and len(tags) == 1

    _before_iq(patches, unknown)


@defect("unknown-type-ignored", breaks=["iq-type-invalid", "iq-type-missing"])
def _(patches: Patches) -> None:
    """An iq of a type that is not defined, or of none, is not answered."""
    types = ("get", "set", "result", "error")
    _before_iq(patches, lambda session, iq, to: iq.get("type") not in types)


@defect("empty-request-ignored", breaks=["iq-request-without-child"])
def _(patches: Patches) -> None:
    """A request without a child is not answered."""
    _before_iq(patches, lambda session, iq, to: iq.get("type") in ("get", "set") and not len(iq))


@defect("second-child-ignored", breaks=["iq-request-two-children"])
def _(patches: Patches) -> None:
    """Of a request with several children the first is answered, by nothing at all."""
    _before_iq(patches, lambda session, iq, to: len(iq) > 1 and iq.get("type") in ("get", "set"))


@defect("id-made-up", breaks=["iq-id-missing"])
def _(patches: Patches) -> None:
    """A request without id is answered with an id of the server's making."""

    def named(_session: Session, iq: Element, _to: Jid | None) -> bool:
        iq.attrib.setdefault("id", "made-up")
        return False

    _before_iq(patches, named)


@defect(
    "error-without-child",
    breaks=["stanza-error-one-child", "stanza-error-child"],
)
def _(patches: Patches) -> None:
    """A stanza error has no <error/>."""
    _errors(patches, lambda stanza, error: stanza.remove(error))


@defect("error-without-condition", breaks=["stanza-error-condition"])
def _(patches: Patches) -> None:
    """<error/> has no condition."""
    _errors(patches, lambda stanza, error: error.remove(error[0]))


@defect("error-with-two-conditions", breaks=["stanza-error-condition"])
def _(patches: Patches) -> None:
    """<error/> has a second condition, <forbidden/>."""

    def edit(_stanza: Element, error: Element) -> None:
        SubElement(error, f"{{{ns.STANZAS}}}forbidden")

    _errors(patches, edit)


@defect("error-condition-in-content-namespace", breaks=["stanza-error-condition"])
def _(patches: Patches) -> None:
    """The condition in <error/> is in jabber:client."""

    def edit(_stanza: Element, error: Element) -> None:
        error[0].tag = error[0].tag.replace(ns.STANZAS, ns.CLIENT)

    _errors(patches, edit)


@defect("error-without-type", breaks=["stanza-error-type-value"])
def _(patches: Patches) -> None:
    """<error/> has no type."""
    _errors(patches, lambda stanza, error: error.attrib.clear())


@defect("error-with-code-for-type", breaks=["stanza-error-type-value"])
def _(patches: Patches) -> None:
    """The type of <error/> is the number 503."""
    _errors(patches, lambda stanza, error: error.set("type", "503"))


@defect("error-without-id", breaks=["stanza-error-id", "stanza-error-id-message", "iq-reply-id"])
def _(patches: Patches) -> None:
    """A stanza error does not have the id of its cause."""
    _errors(patches, lambda stanza, error: stanza.attrib.pop("id", None))


@defect("error-of-other-kind", breaks=["stanza-error-same-kind"])
def _(patches: Patches) -> None:
    """The error to a presence or an iq is a message."""

    def edit(stanza: Element, _error: Element) -> None:
        stanza.tag = ns.MESSAGE

    _errors(patches, edit)


@defect("error-from-sender", breaks=["stanza-error-addresses-swapped"], tolerated=True)
def _(patches: Patches) -> None:
    """The addresses of a stanza error are not swapped."""

    def edit(stanza: Element, _error: Element) -> None:
        stanza.set("from", stanza.get("to", ""))

    _errors(patches, edit)


def _mistaken(patches: Patches, right: str, wrong: str) -> None:
    """One condition of stanza errors takes the place of another."""

    def edit(_stanza: Element, error: Element) -> None:
        error[0].tag = error[0].tag.replace(f"}}{right}", f"}}{wrong}")

    _errors(patches, edit)


@defect(
    "unavailable-is-not-found",
    breaks=[
        "no-such-user-iq",
        "stanza-error-service-unavailable",
        "stanza-error-item-not-found",
        "extension-iq-unknown",
    ],
)
def _(patches: Patches) -> None:
    """<item-not-found/> takes the place of <service-unavailable/>."""
    _mistaken(patches, "service-unavailable", "item-not-found")


@defect("bad-request-is-unavailable", breaks=["stanza-error-bad-request", "iq-type-invalid"])
def _(patches: Patches) -> None:
    """<service-unavailable/> takes the place of <bad-request/>."""
    _mistaken(patches, "bad-request", "service-unavailable")


@defect("error-ends-stream", breaks=["stanza-error-stream-goes-on"])
def _(patches: Patches) -> None:
    """A stanza error is followed by the end of the stream."""
    before = router.route
    made: list[Element | None] = []

    def noted(error: Element | None) -> Element | None:
        made.append(error)
        return error

    def route(domain: Domain, session: Session, stanza: Element) -> None:
        made.clear()
        before(domain, session, stanza)
        if made and made[-1] is not None:
            session.fail("undefined-condition")

    patches.after(router, "error_for", noted)
    patches.set(router, "route", route)
