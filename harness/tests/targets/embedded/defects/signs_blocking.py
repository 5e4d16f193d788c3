"""How the defects of the blocking command show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import Sign, when_bound
from harness.tests.targets.embedded.defects.talk import (
    CUT,
    SUBSCRIBED,
    A,
    B,
    presence,
    talk,
)

HERE = "<presence/>"
BLOCKING = "xmlns='urn:xmpp:blocking'"
GET = f"<iq type='get' id='list'><blocklist {BLOCKING}/></iq>"
UNBLOCK_ALL = f"<iq type='set' id='free'><unblock {BLOCKING}/></iq>"
EMPTY = f"<iq type='set' id='block'><block {BLOCKING}/></iq>"
LISTED = "<blocklist [^>]*><item "


def block(jid: str = B) -> str:
    return f"<iq type='set' id='block'><block {BLOCKING}><item jid='{jid}'/></block></iq>"


def message(to: str) -> str:
    return f"<message to='{to}' type='chat' id='m'><body>x</body></message>"


INBOUND = talk(("a/r", HERE + block()), ("b/r", message(f"{A}/r")))
OUTBOUND = talk(("b/r", HERE), ("a/r", block() + message(f"{B}/r")))
SEEN = (*SUBSCRIBED, ("b/r", HERE), ("a/r", HERE), ("a/r", block()))
GONE = f"<presence (?=[^>]*from='{A}/r')[^>]*type='unavailable'"
BACK = f"<presence (?=[^>]*from='{A}/r')(?![^>]*type=)"

SIGNS = [
    Sign(
        "block-outbound-only",
        INBOUND,
        sound="b/r: .*<service-unavailable ",
        wrong="a/r: .*<message [^>]*id='m'",
    ),
    Sign(
        "block-inbound-only",
        OUTBOUND,
        sound="a/r: .*<not-acceptable ",
        wrong="b/r: .*<message [^>]*id='m'",
    ),
    Sign("block-unexplained", OUTBOUND, sound="<blocked ", wrong="<refused "),
    Sign(
        "block-betrayed-by-presence",
        talk(("a/r", HERE + block()), ("b/r", presence(to=A))),
        wrong="b/r: .*<presence [^>]*type='error'",
    ),
    Sign("block-still-seen", talk(*SEEN), sound=f"b/r: .*{GONE}"),
    Sign("unblock-unseen", talk(*SEEN, ("a/r", UNBLOCK_ALL)), sound=f"b/r: .*{GONE}.*{BACK}"),
    Sign("block-not-pushed", when_bound(GET + block()), sound="<block [^>]*><item "),
    Sign("unblock-all-ignored", when_bound(block() + UNBLOCK_ALL + GET), wrong=LISTED),
    Sign(
        "block-own-resources",
        talk(("a/s", HERE), ("a/r", block(A) + message(f"{A}/s"))),
        sound="a/s: .*<message [^>]*id='m'",
    ),
    Sign(
        "block-of-session",
        talk(("a/s", block()), ("a/s", CUT), ("a/r", GET)),
        sound=f"a/r: .*{LISTED}",
    ),
    Sign("block-of-nothing", when_bound(EMPTY), sound="<bad-request "),
]
