"""How the defects of message carbons show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import (
    PING,
    Scene,
    Sign,
    bound,
    last,
    online,
    when_bound,
)
from harness.tests.targets.embedded.driver import DOMAIN, Bench

CARBONS = "xmlns='urn:xmpp:carbons:2'"
ENABLE = f"<iq type='set' id='on'><enable {CARBONS}/></iq>"
DISABLE = f"<iq type='set' id='off'><disable {CARBONS}/></iq>"
DISCO = f"<iq type='get' id='q' to='{DOMAIN}'><query xmlns='{{}}'/></iq>"
BODY = "<body>x</body>"
PRIVATE = f"<private {CARBONS}/>"
NO_COPY = "<no-copy xmlns='urn:xmpp:hints'/>"
EVERYBODY = ("a/r", "a/s", "a/t", "b/r", "b/s", "b/low")
ERROR = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"


def message(inner: str = BODY, *, type: str = "chat", to: str = f"b@{DOMAIN}/r") -> str:  # noqa: A002
    return f"<message to='{to}' type='{type}' id='m'>{inner}</message>"


def copies(
    text: str, *, enabled: tuple[str, ...] = EVERYBODY, answer: str = "", by: str = "b/r"
) -> Scene:
    """a/r says it, and one of the others the answer; what each resource gets, on its line."""

    async def scene(bench: Bench) -> str:
        everybody, came = {}, {}
        for who in EVERYBODY:
            everybody[who] = raw = await online(bench, *who.split("/"))
            if who.endswith("low"):
                raw.send("<presence><priority>-1</priority></presence>")
            if who in enabled:
                raw.send(ENABLE)
                await raw.until("id='on'")
        for who, said in (("a/r", text), (by, answer)):
            raw = everybody[who]
            raw.send(said + PING.format(DOMAIN).replace("'ping'", "'fence'"))
            came[who] = (await raw.until("id='fence'")).string
        lines = [
            f"{who}: {came.get(who, '')}{await last(raw, '')}" for who, raw in everybody.items()
        ]
        return "\n".join(lines)

    return scene


def switched(*requests: str) -> Scene:
    """b/s makes these requests; what it gets afterwards of a message to b/r."""

    async def scene(bench: Bench) -> str:
        await online(bench, "b", "r")
        other, sender = await online(bench, "b", "s"), await bound(bench)
        for request in requests:
            other.send(request)
            await other.until("id='o(n|ff)'")
            other.seen = ""
        sender.send(message() + PING.format(DOMAIN))
        await sender.until("id='ping'")
        return await last(other, "")

    return scene


def line(who: str, pattern: str) -> str:
    """A pattern of what a resource gets."""
    return f"(?m)^{who}: .*{pattern}"


SENT = "<sent .*<message [^>]*id='m'"
RECEIVED = "<received .*<message [^>]*id='m'"
CHAT = copies(message())
TO_ACCOUNT = copies(message(to=f"b@{DOMAIN}"))
NEITHER = copies(message(BODY + PRIVATE + NO_COPY))
BOUNCE = (
    f"<message to='b@{DOMAIN}' type='error' id='bounce'><received {CARBONS}>"
    f"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='a@{DOMAIN}/r' "
    f"to='b@{DOMAIN}/r' id='m'/></forwarded></received>{ERROR}</message>"
)

SIGNS = [
    Sign(
        "carbons-unnamed",
        when_bound(DISCO.format("http://jabber.org/protocol/disco#info")),
        sound="'urn:xmpp:carbons:2'",
    ),
    Sign(
        "carbons-to-everybody",
        copies(message(), enabled=("a/s",)),
        wrong=line("b/s", RECEIVED),
    ),
    Sign("carbons-back-to-sender", CHAT, wrong=line("a/r", SENT)),
    Sign("carbons-besides-message", CHAT, wrong=line("b/r", RECEIVED)),
    Sign("carbons-low-left-out", TO_ACCOUNT, sound=line("b/low", RECEIVED)),
    Sign("carbons-one-only", CHAT, sound=line("a/t", SENT)),
    Sign("carbons-sent-missing", CHAT, sound=line("a/s", SENT)),
    Sign(
        "carbons-sent-if-enabled",
        copies(message(), enabled=EVERYBODY[1:]),
        sound=line("a/s", SENT),
    ),
    Sign("carbons-wrong-mark", CHAT, sound=line("b/s", RECEIVED), wrong=line("b/s", SENT)),
    Sign("carbons-from-contact", CHAT, wrong=f"<message [^>]*from='a@{DOMAIN}/r'[^>]*><received"),
    Sign("carbons-to-account", CHAT, wrong=f"<message [^>]*to='b@{DOMAIN}'[^>]*><received"),
    Sign("carbons-untyped", CHAT, wrong="<message [^>]*type='normal'[^>]*><received"),
    Sign("carbons-unforwarded", CHAT, sound="<received [^>]*><forwarded"),
    Sign(
        "carbons-mark-beside", CHAT, sound="<received [^/>]*><forwarded", wrong="<received [^>]*/>"
    ),
    Sign("carbons-address-lost", CHAT, sound=f"<forwarded [^>]*><message [^>]*to='b@{DOMAIN}/r'"),
    Sign("carbons-of-private", NEITHER, wrong=line("a/s", SENT)),
    Sign("carbons-private-received", NEITHER, wrong=line("b/s", RECEIVED)),
    Sign(
        "carbons-private-dropped",
        copies(message(BODY + PRIVATE, to=f"b@{DOMAIN}")),
        sound=line("b/r", "id='m'"),
    ),
    Sign("carbons-hint-ignored", copies(message(BODY + NO_COPY)), wrong=line("b/s", RECEIVED)),
    Sign(
        "carbons-of-errors",
        copies(message(BODY + ERROR, type="error")),
        wrong=line("b/s", RECEIVED),
    ),
    Sign(
        "carbons-errors-missing",
        copies(message(), answer=message(ERROR, type="error", to=f"a@{DOMAIN}/r")),
        sound=line("a/s", RECEIVED),
    ),
    Sign(
        "carbons-bounces-missing",
        copies(message(type="normal", to=f"nobody@{DOMAIN}/x")),
        sound=line("a/s", RECEIVED),
    ),
    Sign("carbons-of-headlines", copies(message(type="headline")), wrong=line("b/s", RECEIVED)),
    Sign("carbons-of-groupchat", copies(message(type="groupchat")), wrong=line("b/s", RECEIVED)),
    Sign("carbons-chat-only", copies(message(type="normal")), sound=line("b/s", RECEIVED)),
    Sign("carbons-body-wanted", copies(message("")), sound=line("b/s", RECEIVED)),
    Sign(
        "carbons-of-iq",
        copies(f"<iq type='result' id='m' to='b@{DOMAIN}/r'/>"),
        wrong=line("b/s", "<received .*<iq [^>]*id='m'"),
    ),
    Sign(
        "carbons-bounce-forwarded",
        copies(message(), answer=BOUNCE, by="b/s"),
        wrong=line("a/r", "<message [^>]*type='error'"),
    ),
    Sign("carbons-once", switched(ENABLE, DISABLE, ENABLE), sound="<received"),
    Sign("carbons-not-disabled", switched(ENABLE, DISABLE), wrong="<received"),
    Sign("carbons-enable-twice-refused", when_bound(ENABLE + ENABLE), wrong="<unexpected-request "),
    Sign("carbons-disable-twice-refused", when_bound(DISABLE), wrong="<unexpected-request "),
    Sign("carbons-for-available", when_bound(ENABLE), wrong="<not-allowed "),
]
