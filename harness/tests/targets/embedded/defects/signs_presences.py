"""How the defects of presence show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import Scene, Sign, when_bound
from harness.tests.targets.embedded.defects.talk import (
    CUT,
    SUBSCRIBED,
    A,
    B,
    Step,
    presence,
    talk,
)

HERE = "<presence/>"
GONE = presence(kind="unavailable")
STRANGER = f"{B}/r"


def _from(who: str, what: str = "") -> str:
    """Presence from a resource of a, or of account `who`, with this somewhere behind."""
    return f"<presence (?=[^>]*from='{who}')[^>]*{what}"


def told(*texts: str, after: tuple[Step, ...] = ()) -> Scene:
    """b/r and b/s, subscribed to a, and a/s are available; a/r says this."""
    others = (("b/s", HERE), ("b/r", HERE), ("a/s", HERE))
    return talk(*SUBSCRIBED, *others, *(("a/r", text) for text in texts), *after)


def strangers(*steps: Step) -> Scene:
    """a/r and b/r are available, and no one is subscribed to anyone."""
    return talk(("b/r", HERE), ("a/r", HERE), *steps)


def probe(to: str) -> str:
    return presence(to=to, kind="probe")


AR = f"{A}/r"
TO_B = presence(to=STRANGER)
AWAY = presence("<show>away</show>")
SHOWN = presence("<status>x</status><status xml:lang='cs'>y</status><show>xa</show>")
CAPS = presence("<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/>")
LOW = presence("<priority>-3</priority>")

SIGNS = [
    Sign(
        "presence-to-the-whole-roster",
        talk(("b/r", HERE), ("a/r", presence(to=B, kind="subscribe")), ("a/r", HERE)),
        wrong=f"b/r: .*{_from(AR)}",
    ),
    Sign("presence-to-one-resource", told(AWAY), sound="b/s: .*<show>away"),
    Sign("presence-kept-from-own-resources", told(HERE), sound=f"a/s: .*{_from(AR)}"),
    Sign("presence-not-told-to-its-sender", told(HERE), sound=f"a/r: .*{_from(AR)}"),
    Sign("presence-updates-kept", told(HERE, AWAY), sound="b/r: .*<show>away"),
    Sign(
        "presence-learns-nothing",
        talk(*SUBSCRIBED, ("a/r", HERE), ("b/r", HERE)),
        sound=f"b/r: .*{_from(AR)}",
    ),
    Sign(
        "presence-learned-once",
        talk(*SUBSCRIBED, ("a/r", AWAY), ("b/r", HERE), ("b/r", GONE), ("b/r", HERE)),
        sound="b/r: .*<show>away.*<show>away",
    ),
    Sign("presence-status-lost", told(SHOWN), sound="b/r: .*<status"),
    Sign("presence-language-lost", told(SHOWN), sound="b/r: .*<status xml:lang='cs'>y"),
    Sign("presence-show-lost", told(SHOWN), sound="b/r: .*<show>xa"),
    Sign("presence-capabilities-lost", told(CAPS), sound="b/r: .*protocol/caps"),
    Sign(
        "presence-of-any-type",
        told(presence(kind="x-there")),
        sound="a/r: .*<bad-request ",
        wrong=f"b/r: .*{_from(AR)}",
    ),
    Sign(
        "priority-ignored",
        talk(
            ("a/r", LOW),
            ("b/r", f"<message to='{A}' type='headline'><body>to the account</body></message>"),
        ),
        wrong="a/r: .*to the account",
    ),
    Sign("priority-told-otherwise", told(LOW), sound="b/r: .*<priority>-3"),
    Sign(
        "priority-of-a-byte-refused",
        when_bound(presence("<priority>-128</priority>")),
        wrong="<policy-violation ",
    ),
    Sign(
        "unavailable-only-if-said",
        told(HERE, CUT),
        sound=f"b/r: .*{_from(AR, 'type=.unavailable')}",
    ),
    Sign(
        "unavailable-without-status",
        told(HERE, presence("<status>bye</status>", kind="unavailable")),
        sound="b/r: .*bye",
    ),
    Sign(
        "unavailable-not-told-to-its-sender",
        told(HERE, GONE),
        sound=f"a/r: .*{_from(AR, 'type=.unavailable')}",
    ),
    Sign(
        "directed-not-ended",
        strangers(("a/r", TO_B), ("a/r", GONE)),
        sound=f"b/r: .*{_from(AR, 'type=.unavailable')}",
    ),
    Sign(
        "directed-ended-twice",
        strangers(("a/r", TO_B + presence(to=STRANGER, kind="unavailable") + GONE)),
        wrong="b/r: .*type='unavailable'.*type='unavailable'",
    ),
    Sign(
        "directed-makes-a-subscriber",
        strangers(("a/r", TO_B), ("a/r", AWAY)),
        wrong="b/r: .*<show>away",
    ),
    Sign(
        "directed-needs-a-session",
        talk(("b/r", HERE), ("a/r", TO_B)),
        sound=f"b/r: .*{_from(AR)}",
    ),
    Sign(
        "directed-to-subscribers-empty",
        told(HERE, presence("<status>for you</status>", to=B)),
        sound="b/r: .*for you",
    ),
    Sign(
        "directed-is-remembered",
        told(
            HERE,
            presence("<status>for you</status>", to=f"c@{A.partition('@')[2]}"),
            after=(("b/t", HERE),),
        ),
        wrong="b/t: .*for you",
    ),
    Sign(
        "probe-not-answered",
        told(AWAY, after=(("b/r", probe(A)),)),
        sound="b/r: .*<show>away.*<show>away",
    ),
    Sign("probe-refused", told(AWAY, after=(("b/r", probe(A)),)), wrong="b/r: .*<not-allowed "),
    Sign("probe-answered-to-anybody", strangers(("b/r", probe(A))), wrong=f"b/r: .*{_from(AR)}"),
    Sign(
        "probe-of-a-resource-for-all",
        told(AWAY, after=(("b/t", probe(f"{A}/s")),)),
        wrong="b/t: .*<show>away",
    ),
    Sign(
        "probe-refused-by-full-jid",
        talk(*SUBSCRIBED, ("b/r", probe(A))),
        sound=f"b/r: .*{_from(A, 'type=.unavailable')}",
    ),
]
