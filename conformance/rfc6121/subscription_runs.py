"""Sequences of steps as cases: rosters that are empty before and after, and what is judged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from typing import get_args

from conformance.rfc6121.subscription_live import Live
from conformance.rfc6121.subscription_model import Aspect, Key
from conformance.rfc6121.subscription_steps import SLOTS, USUAL, Enter, Say, Step
from conformance.rfc6121.subscriptions import Rules
from conformance.suite import Case
from harness.xmpp import namespaces as ns

ALL: frozenset[Aspect] = frozenset(get_args(Aspect))
PRE_APPROVAL = "{urn:xmpp:features:pre-approval}sub"
_ATTEMPTS = 3  # to clean up

_RULES: dict[tuple[str, str], Rules] = {}  # what this process knows of servers


class _Dirty(Exception):  # noqa: N818 - no error of the server
    """The rosters were not empty at the beginning."""


async def live_through(
    case: Case,
    steps: Iterable[Step],
    *,
    accounts: int = 2,
    aspects: Collection[Aspect] = ALL,
    judged: int = 0,
    polite: bool = True,
) -> None:
    """Do the steps and judge after each from number `judged` what is about these aspects. Raises
    Finding.

    It ends early where the server's rosters are not as the model has them, and that is not what
    is judged: what follows would say nothing.
    """
    rules = await rules_of(case)
    steps = list(steps)
    for _ in range(2):
        live = Live(case, accounts, rules, polite=polite)
        try:
            await _attempt(live, steps, aspects, judged)
        except _Dirty:
            continue
        return
    raise case.unknown("the rosters are not empty at the beginning")


async def _attempt(live: Live, steps: list[Step], aspects: Collection[Aspect], judged: int) -> None:
    async with cleaned(live):
        for number, step in enumerate(steps):
            differences = await live.do(step)
            if differences and not live.touched:
                live.touched |= set(live.model.accounts)
                raise _Dirty
            if number >= judged:
                live.judge(differences, aspects)
            if live.lost:
                return


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
