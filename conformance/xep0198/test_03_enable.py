"""Sections 2, 3 and 6: the feature, enabling, and what is refused."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from conformance.rfc6120.common import after
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import authenticate, bind, open_stream
from conformance.wire.stream import Item
from conformance.xep0198.client import (
    ENABLE,
    HERE,
    REQUEST,
    Client,
    conditions,
    managed,
    offered,
    outcome,
    resumable,
    resume,
)

CONDITIONS = {  # RFC 6120 section 8.3.3
    *("bad-request", "conflict", "feature-not-implemented", "forbidden", "gone"),
    *("internal-server-error", "item-not-found", "jid-malformed", "not-acceptable"),
    *("not-allowed", "not-authorized", "policy-violation", "recipient-unavailable", "redirect"),
    *("registration-required", "remote-server-not-found", "remote-server-timeout"),
    *("resource-constraint", "service-unavailable", "subscription-required"),
    *("undefined-condition", "unexpected-request"),
}


@requires("sm-feature")
async def test_feature(case: Case) -> None:
    stream = await case.at(Stage.UNBOUND)
    await offered(case, stream)
    assert stream.features is not None
    count = len(stream.features.findall(f"{HERE}sm"))
    case.check(count == 1, "<sm/> among the features", f"<sm/> {count} times")


@requires("sm-enable", "sm-acks")
async def test_enable(case: Case) -> None:
    """Without resumption; acknowledgements work all the same."""
    async with managed(case, 1, ENABLE) as client:
        await client.check_count()


@pytest.mark.parametrize(
    "text",
    [resumable(), resumable(60), resumable().replace("true", "1")],
    ids=["true", "with-max", "1"],
)
@requires("sm-enable", "sm-enable-resume")
async def test_enable_with_resumption(case: Case, text: str) -> None:
    stream = await case.bound(1)
    await offered(case, stream)
    answer = await Client(case, 1, stream).enable(text)
    case.check(answer.get("id"), "an id", "no id")


@pytest.mark.parametrize("text", [ENABLE, resume("x", 0)], ids=["enable", "resume"])
@requires("sm-enable-before-login", "sm-failed", "sm-failed-condition", "sm-failed-recoverable")
async def test_before_login(case: Case, text: str) -> None:
    """Refused, and the login goes on."""
    await offered(case, await case.at(Stage.UNBOUND, 1))
    stream = await case.secured()
    await stream.send(text)
    item = await stream.next()
    case.judge(
        outcome(item),
        Allowed("<failed/>", ("failed", "failed *"), ("stream error not-authorized",)),
    )
    if outcome(item).startswith("stream error"):
        return
    check_condition(case, item)
    await authenticate(stream, case.subject.accounts[0])
    await open_stream(stream)
    await bind(stream)
    await Client(case, 0, stream).enable(ENABLE)


@requires("sm-enable-before-bind", "sm-failed", "sm-failed-condition", "sm-failed-recoverable")
async def test_before_bind(case: Case) -> None:
    """Refused, and the client can bind and enable then."""
    stream = await case.at(Stage.UNBOUND, 1)
    await offered(case, stream)
    await stream.send(ENABLE)
    item = await stream.next()
    case.judge(outcome(item), Allowed("<failed/>", ("failed", "failed *")))
    check_condition(case, item)
    await bind(stream)
    await Client(case, 1, stream).enable(ENABLE)


@requires("sm-failed", "sm-failed-condition", "sm-failed-recoverable")
async def test_resume_when_bound(case: Case) -> None:
    stream = await case.bound(1)
    await offered(case, stream)
    reaction = await after(case, stream, resume("x", 0))
    case.judge(
        ", ".join(map(outcome, reaction.elements)) or str(reaction),
        Allowed("<failed/>", ("failed", "failed *"), ("stream error *",)),
    )
    check_condition(case, reaction.elements[0])


@requires("sm-enable-twice")
async def test_enable_twice(case: Case) -> None:
    stream = await case.bound(1)
    await offered(case, stream)
    client = Client(case, 1, stream)
    await client.enable(ENABLE)
    await stream.send(ENABLE)
    reaction = await after(case, stream, REQUEST)
    answers = [outcome(e) for e in reaction.elements if e.tag != f"{HERE}a"]
    case.judge(
        ", ".join(answers) or "nothing",
        Allowed(
            "a stream error, or <failed/>",
            ("stream error *", "failed", "failed *"),
            ("nothing", "enabled"),
        ),
    )


def check_condition(case: Case, item: Item) -> None:
    """The condition in <failed/>."""
    if not isinstance(item, Element) or item.tag != f"{HERE}failed":
        return
    found = conditions(item)
    case.prefer(found, "a condition in <failed/>", "no condition")
    case.check(not found or found[0] in CONDITIONS, "a condition of RFC 6120", "another condition")
