"""Section 6: what is refused, and how."""

from __future__ import annotations

import pytest

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.xep0030.common import ask
from conformance.xep0363.common import HUGE, limit, request, service
from harness.xmpp import namespaces as ns

_INCOMPLETE: dict[str, list[dict[str, str]]] = {
    "name": [{"size": "1"}, {"filename": "", "size": "1"}],
    "size": [
        {"filename": "a.txt"},
        *({"filename": "a.txt", "size": size} for size in ("", "1.5", "many")),
    ],
    "below-one": [{"filename": "a.txt", "size": size} for size in ("0", "-1")],
}


@requires("upload-too-large")
async def test_too_large(case: Case) -> None:
    """A service may give a slot all the same."""
    stream = await case.bound()
    where = await service(case, stream)
    size = limit(case, where.said) + 1
    answer = await ask(case, stream, request(filename="a.txt", size=size), where.jid)
    case.judge(
        name_of(answer),
        Allowed(
            "<not-acceptable/>, or a slot",
            ("iq error not-acceptable", "iq result"),
            ("iq error *",),
        ),
    )


@pytest.mark.parametrize("files", _INCOMPLETE.values(), ids=_INCOMPLETE)
@requires("upload-incomplete")
async def test_incomplete(case: Case, files: list[dict[str, str]]) -> None:
    stream = await case.bound()
    where = await service(case, stream)
    for attributes in files:
        answer = await ask(case, stream, request(**attributes), where.jid)
        case.judge(
            name_of(answer),
            Allowed("<bad-request/>", ("iq error bad-request",), ("iq error *", "iq result")),
        )


@requires("upload-error-type")
async def test_type(case: Case) -> None:
    """The same request will never do: that is what the type of an error has to say."""
    stream = await case.bound()
    where = await service(case, stream)
    files: list[dict[str, str | int]] = [{"filename": "a.txt", "size": HUGE}]
    files += [dict(attributes) for same in _INCOMPLETE.values() for attributes in same]
    found = []
    for attributes in files:
        answer = await ask(case, stream, request(**attributes), where.jid)
        if (error := answer.find(ns.ERROR)) is not None:
            found.append(error.get("type"))
    if not found:
        case.not_applicable("the service refuses nothing")
    case.prefer(set(found) <= {"modify", "cancel"}, "modify or cancel", "another type of error")
