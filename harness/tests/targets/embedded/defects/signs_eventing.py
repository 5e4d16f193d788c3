"""How the defects of personal eventing and of capabilities show."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, fromstring

from harness.tests.targets.embedded.defects.scenes import (
    PING,
    Scene,
    Sign,
    authenticated,
    bound,
    last,
    when_bound,
)
from harness.tests.targets.embedded.defects.talk import (
    SUBSCRIBED,
    A,
    B,
    Step,
    presence,
    talk,
)
from harness.tests.targets.embedded.driver import DOMAIN, HEADER, Bench
from harness.xmpp import capabilities as caps
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

PUBSUB = "http://jabber.org/protocol/pubsub"
ITEMS_OF_ACCOUNT = (
    f"<iq type='get' id='nodes' to='{A}'>"
    "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
)
INFO = f"<iq type='get' id='info' to='{{}}'><query xmlns='{ns.DISCO_INFO}'/></iq>"
ITEM = "<item id='i'><x xmlns='urn:example:x'/></item>"
TOLD = "<event [^>]*><items [^>]*node='n'"
FRIENDS: tuple[Step, ...] = (
    *SUBSCRIBED,
    ("a/r", presence(to=B, kind="subscribe")),
    ("b/r", presence(to=A, kind="subscribed")),
)


def request(inner: str, *, kind: str = "set", to: str = "") -> str:
    address = f" to='{to}'" if to else ""
    return f"<iq type='{kind}' id='q'{address}><pubsub xmlns='{PUBSUB}'>{inner}</pubsub></iq>"


def publish(to: str = "") -> str:
    return request(f"<publish node='n'>{ITEM}</publish>", to=to)


def create(model: str) -> str:
    value = f"<field var='pubsub#access_model'><value>{model}</value></field>"
    form = f"<x xmlns='jabber:x:data' type='submit'>{value}</x>"
    return request(f"<create node='n'/><configure>{form}</configure>")


def shown(ver: str) -> str:
    """Presence with capabilities."""
    return presence(f"<c xmlns='{caps.CAPS}' hash='sha-1' node='u' ver='{ver}'/>")


PUBLISH = publish()
READ = request("<items node='n'/>", kind="get", to=A)
WANTS, OTHER = shown("wants"), shown("other")
TO_FRIEND = (("b/r", WANTS), ("a/r", PUBLISH))


def knowing(*steps: Step) -> Scene:
    """A talk in which the server knows already what the hashes "wants" and "other" stand for."""

    async def scene(bench: Bench) -> str:
        for ver, node in (("wants", "n"), ("other", "m")):
            bench.domain.capabilities["sha-1", ver] = frozenset({f"{node}+notify"})
        return await talk(*steps)(bench)

    return scene


async def own_hash(bench: Bench) -> str:
    """Whether the hash that the server shows is the one of its answer."""
    raw = await authenticated(bench)
    raw.send(HEADER)
    shown = (await raw.until("<c [^>]*>"))[0]
    raw = await bound(bench, "b")
    raw.send(INFO.format(DOMAIN))
    answer = (await raw.until("<iq [^>]*id='info'.*?</iq>"))[0]
    right = caps.verification(fromstring(answer)[0])
    return f"right={right} {shown}"


def believed(*, twice: bool) -> Scene:
    """b answers with what does not fit the hash that it shows, or has a feature twice; then c shows
    the same hash: a server that remembers the answer does not ask."""

    async def scene(bench: Bench) -> str:
        claims = Element(f"{{{ns.DISCO_INFO}}}query")
        SubElement(claims, f"{{{ns.DISCO_INFO}}}identity", {"category": "client", "type": "bot"})
        for _ in range(2 if twice else 1):
            SubElement(claims, f"{{{ns.DISCO_INFO}}}feature", {"var": "n+notify"})
        ver = caps.verification(claims) if twice else "unfit"
        liar, honest = await bound(bench, "b"), await bound(bench, "c")
        liar.send(shown(ver))
        asked = await liar.until("<iq (?=[^>]*type='get')[^>]*id='([^']*)'[^>]*><query")
        answer = Element(ns.IQ, {"type": "result", "id": asked[1]})
        answer.append(claims)
        liar.send(serialise(answer) + PING.format(DOMAIN).encode())
        await liar.until("id='ping'")
        return await last(honest, shown(ver))

    return scene


SIGNS = [
    Sign("pep-unfiltered", knowing(*FRIENDS, ("b/r", OTHER), ("a/r", PUBLISH)), wrong=TOLD),
    Sign(
        "pep-to-blocked",
        knowing(
            *FRIENDS,
            ("b/r", WANTS),
            (
                "a/r",
                "<iq type='set' id='block'><block xmlns='urn:xmpp:blocking'>"
                f"<item jid='{B}'/></block></iq>",
            ),
            ("a/r", PUBLISH),
        ),
        wrong=TOLD,
    ),
    Sign("pep-to-strangers", knowing(*TO_FRIEND), wrong=TOLD),
    Sign("pep-owner-untold", knowing(("a/s", WANTS), ("a/r", PUBLISH)), sound=f"a/s: .*{TOLD}"),
    Sign("pep-told-twice", knowing(*FRIENDS, *TO_FRIEND), wrong=f"b/r: .*{TOLD}.*{TOLD}"),
    Sign(
        "pep-from-resource",
        knowing(*FRIENDS, *TO_FRIEND),
        sound=f"<message [^>]*from='{A}'",
        wrong=f"<message [^>]*from='{A}/r'",
    ),
    Sign(
        "pep-last-item-missing",
        knowing(*FRIENDS, *reversed(TO_FRIEND)),
        sound=f"b/r: .*{TOLD}",
    ),
    Sign(
        "pep-last-item-again",
        knowing(*FRIENDS, *TO_FRIEND, ("b/r", WANTS)),
        wrong=f"b/r: .*{TOLD}.*{TOLD}",
    ),
    Sign("pep-anybody-publishes", talk(("b/r", publish(A))), sound="<forbidden ", wrong="<publish"),
    Sign(
        "pep-open-by-default",
        talk(("a/r", PUBLISH), ("b/r", READ)),
        sound="<presence-subscription-required ",
        wrong="b/r: .*<items ",
    ),
    Sign(
        "pep-whitelist-ignored",
        talk(*FRIENDS, ("a/r", create("whitelist") + PUBLISH), ("b/r", READ)),
        sound="<closed-node ",
        wrong="b/r: .*<items ",
    ),
    Sign(
        "pep-groups-ignored",
        talk(*FRIENDS, ("a/r", create("roster") + PUBLISH), ("b/r", READ)),
        sound="<not-in-roster-group ",
        wrong="b/r: .*<items ",
    ),
    Sign(
        "pep-access-never-lost",
        talk(
            *FRIENDS,
            ("a/r", PUBLISH),
            ("b/r", READ),
            ("a/r", presence(to=B, kind="unsubscribed")),
            ("b/r", READ),
        ),
        sound="b/r: .*<items .*<not-authorized ",
    ),
    Sign(
        "pep-every-node-listed",
        talk(*FRIENDS, ("a/r", create("whitelist")), ("b/r", ITEMS_OF_ACCOUNT)),
        wrong="b/r: .*<item [^>]*node='n'",
    ),
    Sign("pep-unnamed", when_bound(INFO.format(A)), sound="type='pep'"),
    Sign("pep-features-missing", when_bound(INFO.format(A)), sound="#access-open'"),
    Sign("caps-another-hash", own_hash, sound=r"right=(\S+) .*ver='\1'"),
    Sign("caps-believed", believed(twice=False), sound="<query [^>]*node='u#unfit'"),
    Sign("caps-twice-believed", believed(twice=True), sound="<query [^>]*node='u#"),
]
