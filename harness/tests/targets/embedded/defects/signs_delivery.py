"""How the defects of who gets what show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import PING, Scene, Sign, bound, last
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Raw

B = f"b@{DOMAIN}"
GONE = f"{B}/gone"
ERROR = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
UNKNOWN = "<q xmlns='urn:example:q'/>"


def message(type_: str = "chat", to: str = B, name: str = "m") -> str:
    inner = ERROR if type_ == "error" else "<body>x</body>"
    return f"<message to='{to}' type='{type_}' id='{name}'>{inner}</message>"


def iq(type_: str, to: str) -> str:
    inner = {"error": ERROR, "get": UNKNOWN}.get(type_, "")
    return f"<iq to='{to}' type='{type_}' id='q'>{inner}</iq>"


def told(text: str, **resources: int | None) -> Scene:
    """a/r says it while b has resources of these priorities, None for one that is not available.
    What a gets, then a new resource "later" of b, then each of the others, on a line of its own."""

    async def scene(bench: Bench) -> str:
        others = {name: await available(bench, name, p) for name, p in resources.items()}
        said = ["A: " + await last(await bound(bench), text)]
        said.append("later: " + await last(await bound(bench, "b", "later"), "<presence/>"))
        for name, other in others.items():
            said.append(f"{name}: " + await last(other, ""))
        return "\n".join(said)

    return scene


async def available(bench: Bench, name: str, priority: int | None) -> Raw:
    raw = await bound(bench, "b", name)
    shown = "" if priority is None else f"<presence><priority>{priority}</priority></presence>"
    raw.send(shown + PING.format(DOMAIN))
    await raw.until("<iq[^>]*?type='result'[^>]*?>")
    return raw


async def kept_for_low(bench: Bench) -> str:
    """What a resource of negative priority gets of a message that was kept."""
    await last(await bound(bench), message())
    low = await bound(bench, "b", "low")
    return await last(low, "<presence><priority>-1</priority></presence>")


async def kept_twice(bench: Bench) -> str:
    await last(await bound(bench), message(name="m1") + message(name="m2"))
    first = await last(await bound(bench, "b", "first"), "<presence/>")
    second = await last(await bound(bench, "b", "second"), "<presence/>")
    return f"first: {first}\nsecond: {second}"


async def contact(bench: Bench) -> str:
    """a, who has got presence of b, asks a resource that is there and writes to one that is not."""
    low = await available(bench, "low", 0)
    a = await bound(bench)
    low.send(f"<presence to='{a_jid()}'/>" + PING.format(DOMAIN))
    await a.until("<presence ")
    said = await last(a, iq("get", f"{B}/low") + message("headline", GONE))
    return f"A: {said}\nlow: " + await last(low, "")


def a_jid() -> str:
    return f"a@{DOMAIN}/r"


def presence(to: str = B, type_: str = "") -> str:
    written = f" type='{type_}'" if type_ else ""
    return f"<presence to='{to}'{written} id='p'/>"


SIGNS = [
    Sign("negative-priority-delivered", told(message(), low=-1), wrong="low: .*<message "),
    Sign("negative-priority-lost", told(message(), low=-1), sound="later: .*<message "),
    Sign(
        "groupchat-to-account-delivered",
        told(message("groupchat"), high=1),
        sound="A: .*<service-unavailable ",
        wrong="high: .*<message ",
    ),
    Sign("headline-kept", told(message("headline"), quiet=None), wrong="later: .*<message "),
    Sign(
        "headline-kept-for-negative", told(message("headline"), low=-1), wrong="later: .*<message "
    ),
    Sign(
        "headline-to-the-highest",
        told(message("headline"), high=5, mid=1),
        sound="mid: .*<message ",
    ),
    Sign("error-message-answered", told(message("error"), high=5), wrong="A: .*<message "),
    Sign("error-message-kept", told(message("error"), quiet=None), wrong="later: .*<message "),
    Sign("kept-and-refused", told(message(), quiet=None), wrong="A: .*<service-unavailable "),
    Sign("kept-lost", told(message(), quiet=None), sound="later: .*<message "),
    Sign("kept-for-anybody", kept_for_low, wrong="<message "),
    Sign("kept-in-reverse", kept_twice, sound="id='m1'.*id='m2'", wrong="id='m2'.*id='m1'"),
    Sign("kept-for-ever", kept_twice, wrong="second: .*<message "),
    Sign(
        "negative-priority-unreachable",
        told(message(to=f"{B}/low"), low=-1),
        sound="low: .*<message ",
    ),
    Sign(
        "connected-resource-unreachable",
        told(message(to=f"{B}/quiet"), quiet=None),
        sound="quiet: .*<message ",
    ),
    Sign(
        "chat-to-missing-resource-refused",
        told(message(to=GONE), high=1),
        sound="high: .*<message ",
        wrong="A: .*<service-unavailable ",
    ),
    Sign(
        "groupchat-to-missing-resource-delivered",
        told(message("groupchat", GONE), high=1),
        wrong="high: .*<message ",
    ),
    Sign(
        "resources-without-case",
        told(message("normal", f"{B}/HIGH"), high=1),
        sound="A: .*<service-unavailable ",
        wrong="high: .*<message ",
    ),
    Sign("silence-for-contacts", contact, sound="A: .*<message [^>]*type='error'"),
    Sign("iq-of-contact-refused", contact, sound="low: .*<iq [^>]*id='q'", wrong="A: .*<iq "),
    Sign("presence-skips-negative", told(presence(), low=-1), sound="low: .*id='p'"),
    Sign("presence-to-connected", told(presence(), high=1, quiet=None), wrong="quiet: .*id='p'"),
    Sign(
        "presence-to-rewritten",
        told(presence(), high=1),
        sound=f"high: .*<presence [^>]*to='{B}'",
        wrong=f"high: .*<presence [^>]*id='p'[^>]*to='{B}/high'|to='{B}/high'[^>]*id='p'",
    ),
    Sign(
        "presence-to-missing-resource-delivered",
        told(presence(GONE), high=1),
        wrong="high: .*id='p'",
    ),
    Sign(
        "request-to-one-resource",
        told(presence(type_="subscribe"), high=1, mid=1),
        sound="mid: .*type='subscribe'",
    ),
    Sign("probe-delivered", told(presence(type_="probe"), high=1), wrong="high: .*type='probe'"),
    Sign("iq-answer-to-account-delivered", told(iq("result", B), high=1), wrong="high: .*<iq "),
    Sign("iq-answer-lost", told(iq("result", f"{B}/high"), high=1), sound="high: .*<iq "),
    Sign(
        "iq-to-missing-resource-answered-otherwise",
        told(iq("get", GONE), high=1),
        sound="A: .*<service-unavailable ",
        wrong="A: .*<item-not-found ",
    ),
]
