"""Section 8.3.3: which condition goes with which fault."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from conformance.generate.stanzas import UNKNOWN_PAYLOADS
from conformance.rfc6120.common import (
    EVERY_KIND,
    FOR_SENDER,
    NO_RESOURCE,
    NO_USER,
    ROSTER_GET,
    UNAVAILABLE,
    Address,
    after,
    condition_in,
    errors_in,
    forget,
    stored,
    to_each,
    written,
)
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import Reaction
from harness.xmpp import namespaces as ns


def of_type(case: Case, reaction: Reaction, types: Sequence[str]) -> None:
    """Recommend these types for the errors that have come."""
    for element in reaction.elements:
        for error in errors_in(element):
            words = " or ".join(types)
            case.prefer(error.get("type") in types, f"the type {words}", "another type")


@to_each(*FOR_SENDER)
@requires("stanza-error-bad-request")
async def test_bad_request(case: Case, to: Address) -> None:
    """An undefined type."""
    stream = await case.bound()
    reaction = await after(case, stream, written("iq", to.of(case), type="ask"))
    case.judge(
        reaction,
        Allowed("<bad-request/>", ("iq error bad-request",), ("stream error invalid-xml",)),
    )
    of_type(case, reaction, ["modify"])


@requires("stanza-error-bad-request")
async def test_bad_request_for_two_items(case: Case) -> None:
    """Of which a roster set has but one (RFC 6121 section 2.3.3)."""
    stream = await case.bound()
    items = "".join(f"<item jid='{case.jid(number)}'/>" for number in (2, 3))
    query = f"<query xmlns='{ns.ROSTER}'>{items}</query>"
    try:
        reaction = await after(case, stream, written("iq", "", query, type="set"))
    finally:
        await forget(case, 0, 2, 3)
    case.judge(reaction, Allowed("<bad-request/>", ("iq error bad-request",)))
    of_type(case, reaction, ["modify"])


@requires("stanza-error-feature-not-implemented")
async def test_feature_not_implemented(case: Case) -> None:
    """An element that a known namespace does not have."""
    stream = await case.bound()
    text = written("iq", "", ROSTER_GET.replace("query", "unknown"))
    reaction = await after(case, stream, text)
    conditions = ("feature-not-implemented", "bad-request", "service-unavailable")
    case.judge(
        reaction,
        Allowed(
            "<feature-not-implemented/>, <bad-request/> or <service-unavailable/>",
            tuple(f"iq error {condition}" for condition in conditions),
            ("iq error *",),
        ),
    )
    of_type(case, reaction, ["cancel", "modify"])


@pytest.mark.parametrize("online", [False, True], ids=["offline", "online"])
@pytest.mark.parametrize("kind", ["message", "iq"])
@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(name, marks=pytest.mark.requires(f"stanza-error-{name}"))
        for name in ("item-not-found", "recipient-unavailable")
    ],
)
@requires()
async def test_presence_is_not_betrayed(
    case: Case, online: bool, kind: str, condition: str
) -> None:
    """To a stranger, about a resource that is not connected."""
    if online:
        await case.bound(1, available=True)
    stream = await case.bound(0)
    types = ["chat", "headline"] if kind == "message" else ["get", "set"]
    to = NO_RESOURCE.of(case)
    text = "".join(written(kind, to, type=type_, id=type_) for type_ in types)
    reaction = await after(case, stream, text)
    found = {condition_in(element) for element in reaction.elements}
    await stored(case, 1)
    case.check(condition not in found, f"not <{condition}/>", condition)


_NO_JIDS = {
    "two-at-signs": "a@b@{domain}",
    "no-localpart": "@{domain}",
    "no-resourcepart": "{own}/",
    "no-domainpart": "a@",
    "space": "a b@{domain}",
    "brackets": "<>@{domain}",
    "control": "{own}/a\u0085b",
    "long-localpart": "l" * 1024 + "@{domain}",
    "long-resourcepart": "{own}/" + "r" * 1024,
}


@EVERY_KIND
@pytest.mark.parametrize("name", _NO_JIDS)
@requires("stanza-error-jid-malformed")
async def test_jid_malformed(case: Case, kind: str, name: str) -> None:
    stream = await case.bound()
    to = Address(name, _NO_JIDS[name]).of(case)
    reaction = await after(case, stream, written(kind, to))
    silent = () if kind == "iq" else ("ignored",)
    case.judge(
        reaction,
        Allowed(
            "<jid-malformed/>",
            (f"{kind} error jid-malformed",),
            (f"{kind} error *", "stream error *", *silent),
        ),
    )
    if "jid-malformed" in str(reaction):
        of_type(case, reaction, ["modify"])


@to_each(*FOR_SENDER, NO_USER, NO_RESOURCE)
@requires("stanza-error-service-unavailable", payload=UNKNOWN_PAYLOADS)
async def test_service_unavailable(case: Case, to: Address, payload: str) -> None:
    stream = await case.bound()
    reaction = await after(case, stream, written("iq", to.of(case), payload))
    case.judge(reaction, UNAVAILABLE)
    of_type(case, reaction, ["cancel"])
