"""Sequences of steps as cases: rosters that are empty before and after, and what is judged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Literal, get_args

from conformance.rfc6121.subscription_compare import Difference
from conformance.rfc6121.subscription_live import Live
from conformance.rfc6121.subscription_model import Aspect, Key, Resource
from conformance.rfc6121.subscription_paths import ways
from conformance.rfc6121.subscription_steps import (
    CONNECTED,
    SLOTS,
    UNAVAILABLE,
    UNINTERESTED,
    USUAL,
    Enter,
    Say,
    Step,
    steps_of,
)
from conformance.rfc6121.subscriptions import STATES, Kind, Rules, Visit
from conformance.suite import Case
from harness.xmpp import namespaces as ns

ALL: frozenset[Aspect] = frozenset(get_args(Aspect))
PRE_APPROVAL = "{urn:xmpp:features:pre-approval}sub"
DESK: Key = (0, SLOTS[0])
OTHER: Key = (1, SLOTS[0])
INTERESTED = (USUAL, UNAVAILABLE)  # resources of an account, the first of which speaks
AVAILABLE = (USUAL, UNINTERESTED)
EVERY_KIND = (USUAL, UNINTERESTED, UNAVAILABLE, CONNECTED)
_ATTEMPTS = 3  # to clean up

_RULES: dict[tuple[str, str], Rules] = {}  # what this process knows of servers


class _Dirty(Exception):  # noqa: N818 - no error of the server
    """The rosters were not empty at the beginning."""


async def live_through(
    case: Case,
    steps: Sequence[Step],
    *,
    accounts: int = 2,
    aspects: Collection[Aspect] = ALL,
    judged: Collection[int] | None = None,
    account: int | None = None,
    polite: bool = True,
    tolerant: bool = False,
) -> bool:
    """Do the steps and judge, after each or only after those of the numbers `judged`, what is about
    these aspects, at every account or only at this one; `tolerant`: with no word on what the text
    only advises against. Raises Finding.

    It ends early, and returns False, where the server's rosters are not as the model has them and
    that is not what is judged: what follows would say nothing.
    """
    rules = await rules_of(case)
    for _ in range(2):
        live = Live(case, accounts, rules, polite=polite)
        try:
            async with cleaned(live):
                for number, step in enumerate(steps):
                    differences = await live.do(step)
                    _check_clean(live, differences)
                    if judged is None or number in judged:
                        known = [d for d in differences or () if d.fails or not tolerant]
                        live.judge(differences and known, aspects, account)
                    if live.lost:
                        return False
        except _Dirty:
            continue
        return True
    raise case.unknown("the rosters are not empty at the beginning")


def cells_of(direction: Literal["out", "in"], kind: Kind, *states: str) -> list[Visit]:
    """Cells of one table, by the names of states."""
    return [Visit(direction, kind, STATES[state]) for state in states]


def _check_clean(live: Live, differences: Collection[Difference] | None) -> None:
    """Before a stanza of ours there is nothing to see."""
    if differences and not live.touched:
        live.touched |= set(live.model.accounts)
        raise _Dirty


async def go_round(
    case: Case,
    targets: Iterable[Visit],
    aspects: Collection[Aspect],
    account: int | None = None,
    resources: Sequence[Resource] = (USUAL,),
) -> None:
    """Use each of these cells, from empty rosters on, and judge then what is about these aspects,
    at both accounts or at one (0 sends the stanza, 1 is the other). Each has such resources.
    Raises Finding, and Unknown when the server does not come into the state of a cell."""
    rules = await rules_of(case)
    live, known, missed = Live(case, 2, rules, polite=False), ways(rules), 0
    async with cleaned(live):
        for number in (0, 1):
            for slot, resource in zip(SLOTS, resources, strict=False):
                await live.do(Enter(number, slot, resource))
        for target in sorted(targets, key=lambda visit: len(known[visit])):
            *before, last = steps_of(known[target])
            for step in before:
                await live.do(step)
            if live.lost:
                missed += 1
            else:
                live.judge(await live.do(last), aspects, account)
            await clean(live)
    if missed:
        raise case.unknown(f"{missed} states that the server does not come into")


@asynccontextmanager
async def begun(case: Case, *steps: Step) -> AsyncIterator[Live]:
    """Two accounts that have done these steps; judging is left to the case."""
    live = Live(case, 2, await rules_of(case))
    async with cleaned(live):
        for step in steps:
            await live.do(step)
        yield live


@asynccontextmanager
async def cleaned(live: Live) -> AsyncIterator[None]:
    """Afterwards the accounts have no contacts again."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            await clean(live)
        raise
    await clean(live)


async def clean(live: Live) -> None:
    """Take the touched accounts off each other's rosters, and their requests back. Raises Unknown
    when that does not succeed."""
    if not live.touched:
        return
    live.case.transcript.line(0, "*", "the rosters are emptied")
    clients: dict[int, Key] = {}
    for account in sorted(live.touched):
        own = [key for key in live.streams if key[0] == account]
        if not own:
            own = [(account, SLOTS[0])]
            await live.do(Enter(account, SLOTS[0], USUAL))
        clients[account] = own[0]
    for attempt in range(_ATTEMPTS):
        if await _emptied(live, clients, thorough=attempt > 0):
            live.forget()
            return
    raise live.case.unknown("the rosters cannot be emptied")


async def _emptied(live: Live, clients: dict[int, Key], *, thorough: bool) -> bool:
    """One attempt, and whether it has succeeded; `thorough`: what denials have left is granted
    first, and then cancelled."""
    kinds = ["subscribed"] * thorough + ["unsubscribe", "unsubscribed"]
    for account, key in clients.items():
        others = [live.case.jid(other) for other in clients if other != account]
        await live.streams[key].send("".join(_ended(other, kinds) for other in others))
    live.heard.clear()
    await live.settle(clients.values())
    live.heard.clear()
    for key in clients.values():  # who becomes available gets the requests that are left
        get = f"<iq type='get' id='roster'><query xmlns='{ns.ROSTER}'/></iq>"
        await live.streams[key].send(f"<presence type='unavailable'/><presence/>{get}")
    await live.settle(clients.values())
    words = [word for key in clients.values() for word in live.heard[key]]
    return not [word for word in words if word.startswith(("subscribe from", "roster "))]


def _ended(contact: str, kinds: Iterable[str]) -> str:
    item = f"<item jid='{contact}' subscription='remove'/>"
    said = "".join(f"<presence to='{contact}' type='{kind}'/>" for kind in kinds)
    return f"{said}<iq type='set' id='remove'><query xmlns='{ns.ROSTER}'>{item}</query></iq>"


async def rules_of(case: Case) -> Rules:
    """What the server offers, and what it makes of an approval in advance that was used. Asked
    once for each server, by a case of its own, so that no transcript has it."""
    known = _RULES.get((case.subject.target, case.domain))
    if known is None:
        probe = Case(case.subject, "rules of subscriptions", [])
        async with probe.example():
            known = await _probed(probe)
        _RULES[case.subject.target, case.domain] = known
    return known


async def _probed(probe: Case) -> Rules:
    live = Live(probe, 2, Rules())
    async with cleaned(live):
        live.touched |= {0, 1}
        await clean(live)
        (stream, *_) = live.streams.values()
        if stream.features is None or stream.features.find(PRE_APPROVAL) is None:
            return Rules(preapproval=False)
        for step in (Say(1, 0, "subscribed"), Say(0, 1, "subscribe"), Say(0, 1, "unsubscribe")):
            await live.do(step)
        await live.do(Say(0, 1, "subscribe"))
        told = [word for words in live.heard.values() for word in words]
        return Rules(keeps_approval="subscribe from A" not in told)
