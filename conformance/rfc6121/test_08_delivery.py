"""Sections 8.4 and 8.5: every kind of stanza, to every form of address, whoever is there.

A case for each cell of the table in `delivery`, named by row and column: the table of section
8.5.4 is among the messages. The resources of the recipient are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from conformance.generate.resources import Priorities, walks
from conformance.rfc6120.common import NO_USER, after, answers, is_answer
from conformance.rfc6121.delivery import CELLS, Cell, Form, Who, allowed, outcome, requirements
from conformance.rfc6121.recipient import Recipient, removal
from conformance.rfc6121.stanzas import SUBSCRIPTIONS, copies_of, is_reaction, made
from conformance.suite import Case, requires
from conformance.suite.effort import fewer
from conformance.wire.stream import RawStream
from harness.xmpp import jid as jids

RECIPIENT = 3  # the account


def _cells(kind: str) -> Callable[[Any], Any]:
    """A case for each cell of this kind, bound to what the cell is about."""
    return pytest.mark.parametrize(
        "cell",
        [
            pytest.param(cell, id=name, marks=pytest.mark.requires(*requirements(cell)))
            for name, cell in CELLS[kind].items()
        ],
    )


@fewer(5)
@_cells("message")
@requires("message-type-deliver", "delivery-one-outcome", data=st.data())
async def test_message(case: Case, cell: Cell, data: st.DataObject) -> None:
    await _walk(case, cell, data)


@fewer(10)
@_cells("presence")
@requires(data=st.data())
async def test_presence(case: Case, cell: Cell, data: st.DataObject) -> None:
    await _walk(case, cell, data)


@fewer(10)
@_cells("iq")
@requires(data=st.data())
async def test_iq(case: Case, cell: Cell, data: st.DataObject) -> None:
    await _walk(case, cell, data)


async def _walk(case: Case, cell: Cell, data: st.DataObject) -> None:
    """Send the stanza, and judge what becomes of it, for each of some sets of priorities."""
    walk = data.draw(walks(cell.who.value))
    recipient = Recipient(case, RECIPIENT)
    await recipient.connect(walk.interested)
    sender = await case.bound(0)
    for number, (priorities, index) in enumerate(zip(walk.turns, walk.named, strict=True)):
        named = index if cell.form is Form.MATCH else None
        await recipient.take(priorities)
        to = _address(recipient, cell, named, number)
        seen = await _outcome(case, cell, sender, recipient, to, named, f"x{number}")
        case.covered.add(f"{cell.kind}-{cell.name}")
        case.judge(seen, allowed(cell, priorities, named))


def _address(recipient: Recipient, cell: Cell, named: int | None, number: int) -> str:
    if cell.who is Who.SERVER:
        return recipient.case.domain
    bare = NO_USER.of(recipient.case) if cell.who is Who.NOBODY else recipient.jid
    if cell.form is Form.BARE:
        return bare
    if named is not None:
        return recipient.streams[named].jid
    return f"{bare}/{_no_match(recipient, number)}"


def _no_match(recipient: Recipient, number: int) -> str:
    """No resource, though it looks like one: it is longer, or differs in case, or is shorter."""
    name = jids.split(recipient.streams[0].jid)[2] if recipient.streams else ""
    upper = name.upper()
    return (f"{name}-q7", upper if upper != name else f"q7-{name}", name[:-1])[number]


async def _outcome(
    case: Case,
    cell: Cell,
    sender: RawStream,
    recipient: Recipient,
    to: str,
    named: int | None,
    identifier: str,
) -> str:
    """What becomes of a stanza to this address."""
    priorities: Priorities = tuple(recipient.priorities)
    wanted = copies_of(cell.kind, cell.type, sender, identifier)
    try:
        reaction = await after(case, sender, made(cell.kind, cell.type, to, identifier))
        got = await recipient.copies(wanted)
        if cell.type in ("get", "set") and not got and not any(map(is_answer, reaction.elements)):
            reaction.elements += await answers(case, sender, [identifier])
        reaction.elements = [e for e in reaction.elements if is_reaction(e, cell.kind, cell.type)]
        kept = await recipient.awake(wanted) if _may_be_kept(cell) else 0
    finally:
        if cell.type in SUBSCRIPTIONS:
            await _forget(case, sender, recipient, to)
    return outcome(cell.kind, priorities, named, got, str(reaction), kept)


def _may_be_kept(cell: Cell) -> bool:
    """Whether there is somebody for whom; a request is shown again to who comes (3.1.3)."""
    if cell.who in (Who.SERVER, Who.NOBODY):
        return False
    return cell.type != "subscribe" or cell.who in (Who.ABSENT, Who.CONNECTED)


async def _forget(case: Case, sender: RawStream, recipient: Recipient, to: str) -> None:
    """Neither account remembers anything of the other."""
    contact = jids.bare(to)
    await after(case, sender, f"<presence to='{contact}' type='unsubscribe'/>" + removal(contact))
    if recipient.streams:
        one = recipient.streams[0]
        user = jids.bare(sender.jid)
        await after(case, one, f"<presence to='{user}' type='unsubscribed'/>" + removal(user))
    await after(case, sender, removal(contact))
