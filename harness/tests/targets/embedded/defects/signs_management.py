"""How the defects of stream management show."""

from __future__ import annotations

import asyncio

from harness.tests.targets.embedded.defects.scenes import (
    BIND,
    END,
    PING,
    Scene,
    Sign,
    bound,
    last,
    online,
    opened,
    unbound,
    when_bound,
)
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Raw

SM = "xmlns='urn:xmpp:sm:3'"
ENABLE = f"<enable {SM}/>"
ASK = f"<r {SM}/>"
TO_SELF = f"<message to='a@{DOMAIN}/r' type='chat' id='{{}}'><body>x</body></message>"
GONE = f"<presence [^>]*from='a@{DOMAIN}/r'[^>]*type='unavailable'"


async def managed(bench: Bench) -> tuple[Raw, str]:
    """a/r with stream management, and the id of the session."""
    raw = await online(bench)
    raw.send(f"<enable {SM} resume='true'/>")
    return raw, (await raw.until("<enabled[^>]*? id='([^']*)'"))[1]


async def lost(bench: Bench, raw: Raw) -> None:
    before = len(bench.server._connections)
    raw.writer.transport.abort()
    while len(bench.server._connections) == before:
        await asyncio.sleep(0)


def resumed(*, handled: int = 0, count: int = 0, away: int = 0, user: str = "a") -> Scene:
    """The session gets `count` messages, acknowledges `handled` of them, breaks, gets some more,
    and is resumed; what comes from <resumed/> on, and for another request."""

    async def scene(bench: Bench) -> str:
        raw, identifier = await managed(bench)
        raw.send("".join(TO_SELF.format(f"m{n}") for n in range(count)))
        raw.send(f"<a {SM} h='{handled}'/>{PING.format(DOMAIN)}")
        await raw.until("id='ping'")
        await lost(bench, raw)
        sender = await bound(bench, "b")
        await last(sender, "".join(TO_SELF.format(f"away{n}") for n in range(away)))
        again = await unbound(bench, user)
        again.send(f"<resume {SM} previd='{identifier}' h='{handled}'/>")
        return await last(again, BIND.format("other") + ASK)

    return scene


def watched(*, closed: bool) -> Scene:
    """What another resource sees when the session's stream is closed, or breaks."""

    async def scene(bench: Bench) -> str:
        watcher = await online(bench, "a", "watcher")
        raw, _ = await managed(bench)
        if closed:
            await last(raw, "")
        else:
            await lost(bench, raw)
        return await last(watcher, "")

    return scene


async def unacknowledged(bench: Bench) -> str:
    """A message that was not acknowledged, at the next login."""
    raw = await online(bench)
    raw.send(ENABLE + TO_SELF.format("m"))
    await raw.until("id='m'")
    await lost(bench, raw)
    return await last(await bound(bench, resource="later"), "<presence/>")


async def two_sessions(bench: Bench) -> str:
    """Their ids."""
    return " ".join([(await managed(bench))[1], (await managed(bench))[1]])


SIGNS = [
    Sign("sm-ack-missing", when_bound(ENABLE + ASK), sound="<a "),
    Sign("sm-count-off-by-one", when_bound(ENABLE + ASK), sound="h='0'", wrong="h='1'"),
    Sign("sm-counts-requests", when_bound(ENABLE + ASK + ASK), sound="h='0'.*h='0'", wrong="h='2'"),
    Sign("sm-count-restarts", resumed(count=1), sound="<a [^>]*h='3'", wrong="<a [^>]*h='1'"),
    Sign("sm-stanza-lost", resumed(count=2), sound="'m0'.*'m1'"),
    Sign("sm-away-lost", resumed(away=1), sound="'away0'"),
    Sign("sm-stanza-doubled", resumed(count=1), wrong="'m0'.*'m0'"),
    Sign("sm-acks-ignored", resumed(count=1, handled=1), wrong="'m0'"),
    Sign("sm-foreign-session", resumed(user="b"), sound="<item-not-found ", wrong="<resumed "),
    Sign(
        "sm-unknown-is-bad",
        resumed(user="b"),
        sound="<item-not-found ",
        wrong="<failed [^>]*><bad-request ",
    ),
    Sign(
        "sm-resume-failure-ends",
        resumed(user="b"),
        sound="<jid>b@",
        wrong="<failed .*<policy-violation ",
    ),
    Sign("sm-early", opened(ENABLE), sound="<failed ", wrong="<enabled "),
    Sign(
        "sm-enabled-again",
        when_bound(ENABLE + ENABLE),
        sound="<policy-violation ",
        wrong="<enabled .*<enabled ",
    ),
    Sign(
        "sm-too-high-believed",
        when_bound(f"{ENABLE}<a {SM} h='1'/>"),
        sound="<handled-count-too-high ",
        wrong=f"\\A<enabled [^>]*>{END}",
    ),
    Sign("sm-closed-kept", watched(closed=True), sound=GONE),
    Sign("sm-broken-forgotten", watched(closed=False), wrong=GONE),
    Sign("sm-unacknowledged-lost", unacknowledged, sound="id='m'"),
    Sign("sm-id-again", two_sessions, wrong="session session"),
]
