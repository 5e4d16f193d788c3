"""How the defects of rosters show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import Scene, Sign
from harness.tests.targets.embedded.defects.talk import (
    GET,
    SUBSCRIBED,
    B,
    item,
    removal,
    roster_set,
    talk,
    versioned,
)
from harness.tests.targets.embedded.driver import DOMAIN, Bench

PUSH = "<iq [^>]*type='set'"
ANSWER = "<iq (?=[^>]*id='set')[^>]*type='{}'"
GROUPS = "<group>one</group><group>{}</group>"


def changed(*texts: str) -> Scene:
    """a/r, which has asked for the roster, changes it; another interested resource, an available
    one and a connected one listen; at the end a/r asks again."""
    others = (("a/s", GET), ("a/seen", "<presence/>"), ("a/mute", ""))
    return talk(("a/r", GET), *others, *(("a/r", text) for text in texts), ("a/r", GET))


def refused(items: str) -> Scene:
    return talk(("a/r", roster_set(items)), ("a/r", GET))


async def come_back(bench: Bench) -> str:
    """a/r leaves with a version; one contact is changed and one removed before a/t comes."""
    two = item(jid=f"d@{DOMAIN}")
    before = await talk(("a/r", roster_set(item()) + roster_set(two)), ("a/r", GET))(bench)
    ver = before.rpartition("ver='")[2].partition("'")[0]
    after = roster_set(item("other")) + roster_set(removal(f"d@{DOMAIN}"))
    return await talk(("a/s", after), ("a/t", versioned(ver)))(bench)


MANY = "".join(roster_set(item(jid=f"c{n}@{DOMAIN}")) for n in range(120))
BOTH_LISTEN = (("b/r", GET), ("a/r", GET))

SIGNS = [
    Sign(
        "roster-push-to-available",
        changed(roster_set(item())),
        sound=f"a/s: .*{PUSH}",
        wrong=f"a/seen: .*{PUSH}",
    ),
    Sign("roster-push-to-connected", changed(roster_set(item())), wrong=f"a/mute: .*{PUSH}"),
    Sign("roster-push-to-one", changed(roster_set(item())), sound=f"a/s: .*{PUSH}"),
    Sign(
        "roster-push-to-the-contact",
        talk(*BOTH_LISTEN, ("a/r", roster_set(item(jid=B)))),
        wrong=f"b/r: .*{PUSH}",
    ),
    Sign(
        "roster-push-from-the-server",
        changed(roster_set(item())),
        wrong=f"a/s: .*<iq (?=[^>]*from='{DOMAIN}')[^>]*type='set'",
    ),
    Sign(
        "roster-push-without-id",
        changed(roster_set(item())),
        sound="a/s: .*<iq (?=[^>]*type='set')[^>]*id=",
    ),
    Sign(
        "roster-push-without-version",
        changed(roster_set(item())),
        sound=f"a/s: .*{PUSH}[^>]*><query [^>]*ver=",
    ),
    Sign(
        "roster-push-of-everything",
        changed(roster_set(item())),
        wrong=f"a/s: .*{PUSH}[^>]*><query [^>]*><item [^>]*/><item ",
    ),
    Sign(
        "roster-update-silent",
        changed(roster_set(item()), roster_set(item("other"))),
        sound="a/s: .*name='other'",
    ),
    Sign(
        "roster-removal-silent",
        changed(roster_set(item()), roster_set(removal())),
        sound="a/s: .*subscription='remove'",
    ),
    Sign("roster-version-stale-accepted", come_back, sound="a/t: .*name='other'"),
    Sign(
        "roster-version-unknown-accepted",
        talk(("a/r", roster_set(item())), ("a/r", versioned("nobody-s"))),
        sound="a/r: .*<query [^>]*ver=",
    ),
    Sign(
        "roster-version-constant",
        changed(roster_set(item()), roster_set(item("other"))),
        sound="a/s: .*ver='([^']*)'.*ver='(?!\\1)",
    ),
    Sign("roster-version-forgets-removals", come_back, sound="a/t: .*subscription='remove'"),
    Sign(
        "roster-subscription-by-client",
        changed(roster_set(item().replace("<item", "<item subscription='both'"))),
        wrong="subscription='both'",
    ),
    Sign("roster-name-lost", changed(roster_set(item("kept"))), sound="a/s: .*name='kept'"),
    Sign(
        "roster-long-name-cut",
        refused(item("n" * 2000)),
        sound=ANSWER.format("error"),
        wrong="name='n{1000}'",
    ),
    Sign(
        "roster-groups-merged",
        changed(roster_set(item(groups="<group>one</group>")), roster_set(item())),
        wrong="a/r: .*id='get'.*id='get'.*<group>one</group>",
    ),
    Sign("roster-cut-short", talk(("a/r", MANY), ("a/r", GET)), sound=f"c119@{DOMAIN}"),
    Sign(
        "roster-two-items-accepted",
        refused(item() + item(jid=f"d@{DOMAIN}")),
        sound=ANSWER.format("error"),
        wrong=ANSWER.format("result"),
    ),
    Sign(
        "roster-duplicate-groups-accepted",
        refused(item(groups=GROUPS.format("one"))),
        sound="<bad-request ",
    ),
    Sign(
        "roster-empty-group-accepted",
        refused(item(groups=GROUPS.format(""))),
        sound="<not-acceptable ",
    ),
    Sign("roster-missing-removed", refused(removal()), sound="<item-not-found "),
    Sign(
        "roster-of-anybody",
        talk(("b/r", ""), ("a/r", roster_set(item(), to=B))),
        sound="<forbidden ",
    ),
    Sign(
        "roster-set-applied-and-refused",
        refused(item(groups=GROUPS.format(""))),
        wrong=f"<query [^>]*><item [^>]*jid='c@{DOMAIN}'",
    ),
    Sign(
        "roster-removal-one-sided",
        talk(("b/r", GET), *SUBSCRIBED, ("a/r", roster_set(removal(B)))),
        sound="b/r: .*type='unsubscribed'",
    ),
]
