"""Sections 2.2, 3 and 5: the owner publishes, reads, takes back; nobody else does."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.text import NAMES, XML_TEXT
from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask
from conformance.xep0163.common import (
    ERRORS,
    PUBSUB,
    RESULT,
    create,
    delete,
    do,
    items,
    need_pep,
    new_node,
    notes,
    publish,
    retract,
)

_TEXT = XML_TEXT.map(lambda text: " ".join(text.split())).filter(bool)
_NOT_FOUND = Allowed("<item-not-found/>", ("iq error item-not-found",))
_FORBIDDEN = Allowed("<forbidden/>", ("iq error forbidden",), ("iq error *",))


async def _owner(case: Case) -> RawStream:
    stream = await case.bound()
    await need_pep(case, stream)
    return stream


@requires("pep-publish", "pep-auto-create", text=_TEXT, item=NAMES)
async def test_publish(case: Case, text: str, item: str) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        await do(case, stream, publish(node, text, item))
        found = notes(await ask(case, stream, items(node)))
        case.check(found == [(item, text)], "the item that was published", "something else")


@requires("pep-item-id-generated")
async def test_no_id(case: Case) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        given = []
        for text in ("one", "two"):
            answer = await do(case, stream, publish(node, text))
            named = [e.get("id") for e in answer.iter(f"{{{PUBSUB}}}item")]
            case.prefer(len(named) == 1, "the id in the result", "no id in the result")
            ((name, said),) = notes(await ask(case, stream, items(node)))[-1:] or [("", "")]
            case.check(name and said == text, "an item with an id", "none, or without an id")
            case.check(named in ([], [name]), "the id of the result", "another id")
            given.append(name)
        case.check(given[0] != given[1], "an id for each", "the same id twice")


@requires("pep-item-replaced", texts=st.lists(_TEXT, min_size=2, max_size=3))
async def test_again(case: Case, texts: list[str]) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        for text in texts:
            await do(case, stream, publish(node, text, "same"))
        found = notes(await ask(case, stream, items(node)))
        case.check(found == [("same", texts[-1])], "the last publication", "something else")


@requires("pep-retrieve")
async def test_by_id(case: Case) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        await do(case, stream, publish(node, "x", "here"))
        found = notes(await ask(case, stream, items(node, "here")))
        case.check(found == [("here", "x")], "the item", "something else")
        answer = await ask(case, stream, items(node, "elsewhere"))
        case.check(not notes(answer), "no item", "an item")
        case.judge(
            name_of(answer), Allowed("an empty list", ("iq result",), ("iq error item-not-found",))
        )


@requires("pep-retrieve")
async def test_no_such_node(case: Case) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        answer = await ask(case, stream, items(node))
        case.judge(
            name_of(answer),
            Allowed("<item-not-found/>", ("iq error item-not-found",), ("iq error *",)),
        )


@requires("pep-retract")
async def test_retract(case: Case) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        await do(case, stream, publish(node, "x", "here"))
        answer = await ask(case, stream, retract(node, "elsewhere"), type_="set")
        case.judge(name_of(answer), _NOT_FOUND)
        await do(case, stream, retract(node, "here"))
        found = notes(await ask(case, stream, items(node)))
        case.check(not found, "no item", "the item still there")


@requires("pep-node-created")
async def test_create(case: Case) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        await do(case, stream, create(node))
        answer = await ask(case, stream, items(node))
        case.judge(name_of(answer), RESULT)
        case.check(not notes(answer), "no item", "an item")
        answer = await ask(case, stream, create(node), type_="set")
        case.judge(name_of(answer), Allowed("<conflict/>", ("iq error conflict",)))


@requires("pep-node-deleted")
async def test_delete(case: Case) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        await do(case, stream, publish(node, "x", "here"))
        await do(case, stream, delete(node))
        for payload in (items(node), items(node, "here")):
            answer = await ask(case, stream, payload)
            case.check(not notes(answer), "no item", "the item still there")
        answer = await ask(case, stream, delete(node), type_="set")
        case.judge(name_of(answer), _NOT_FOUND)


@requires("pep-publish-options")
async def test_options(case: Case) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        options = {"access_model": "open"}
        answer = await ask(case, stream, publish(node, "x", "here", options), type_="set")
        case.judge(name_of(answer), Allowed("a result", ("iq result",), ("iq error *",)))
        if answer.get("type") == "error":
            return
        stranger = await case.bound(1)
        found = notes(await ask(case, stranger, items(node), case.jid()))
        case.check(found == [("here", "x")], "a node for everybody", "one that is not")
        other = publish(node, "y", "here", {"access_model": "whitelist"})
        answer = await ask(case, stream, other, type_="set")
        case.judge(name_of(answer), Allowed("<conflict/>", ("iq error conflict",)))
        (error,) = [e for e in answer if e.tag.endswith("}error")]
        said = error.find(f"{ERRORS}precondition-not-met") is not None
        case.prefer(said, "<precondition-not-met/>", "no <precondition-not-met/>")
        found = notes(await ask(case, stream, items(node)))
        case.check(found == [("here", "x")], "the item as it was", "another item")


@pytest.mark.parametrize("there", [False, True], ids=["new-node", "old-node"])
@requires("pep-publisher-is-owner")
async def test_publication_of_a_stranger(case: Case, there: bool) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        if there:
            await do(case, stream, publish(node, "x", "here", {"access_model": "open"}))
        stranger = await case.bound(1)
        answer = await ask(case, stranger, publish(node, "y", "here"), case.jid(), type_="set")
        found = notes(await ask(case, stream, items(node)))
        case.check(found == ([("here", "x")] if there else []), "nothing new", "something new")
        case.judge(name_of(answer), _FORBIDDEN)


@pytest.mark.parametrize("what", ["retract", "delete"])
@requires("pep-node-of-owner")
async def test_another_takes_back(case: Case, what: str) -> None:
    stream = await _owner(case)
    async with new_node(case) as node:
        await do(case, stream, publish(node, "x", "here", {"access_model": "open"}))
        payload = retract(node, "here") if what == "retract" else delete(node)
        answer = await ask(case, await case.bound(1), payload, case.jid(), type_="set")
        found = notes(await ask(case, stream, items(node)))
        case.check(found == [("here", "x")], "the item as it was", "no item")
        case.judge(name_of(answer), _FORBIDDEN)
