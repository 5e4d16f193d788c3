"""How the defects of subscriptions show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import PING, Scene, Sign, bound
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Raw

ROSTER = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"
FENCE = r"<iq [^>]*id='ping'[^>]*>"


def scene(*steps: str) -> Scene:
    """What a1, b1 and so on, resources of a and b, get by each of these steps; one line each, such
    as "a1 subscribe > b1: ...". Steps: "a1" logs in, asks for the roster and becomes available;
    "b2 quiet" leaves out the presence and "b2 shy" the roster, "b2 mute" both; "a1 ends"; "a1
    subscribe" is said to b.
    """

    async def play(bench: Bench) -> str:
        raws: dict[str, Raw] = {}
        said = []
        for step in steps:
            name, _, what = step.partition(" ")
            if name not in raws:
                raws[name] = await bound(bench, name[0], name)
                text = ROSTER * (what in ("", "quiet")) + "<presence/>" * (what in ("", "shy"))
            else:
                other = "b" if name[0] == "a" else "a"
                content = "<x xmlns='urn:example:x'/>" * (what == "subscribe")
                text = f"<presence to='{other}@{DOMAIN}' type='{what}'>{content}</presence>"
            if what == "ends":
                raws.pop(name).send("</stream:stream>")
            else:
                raws[name].send(text)
            for key in sorted(raws, key=lambda key: key != name):
                raws[key].send(PING.format(DOMAIN))
            for key, raw in raws.items():
                found = await raw.until(FENCE)
                got = found.string[: found.end()].replace("\n", " ")
                said.append(f"{step} > {key}: {got}")
        return "\n".join(said)

    return play


REQUEST = ("a1", "b1", "a1 subscribe")
GRANTED = (*REQUEST, "b1 subscribed")
BOTH = (*GRANTED, "b1 subscribe", "a1 subscribed")
PUSH = "<iq [^>]*type='set'"
PUSHED = PUSH + ".*<item [^>]*"


SIGNS = [
    Sign(
        "sub-push-first-resource",
        scene("a1", "a2", "a1 subscribe"),
        sound=f"a1 subscribe > a2: .*{PUSH}",
    ),
    Sign(
        "sub-push-available",
        scene("a1", "a2 quiet", "a3 shy", "a1 subscribe"),
        sound=f"a1 subscribe > a2: .*{PUSH}",
        wrong=f"a1 subscribe > a3: .*{PUSH}",
    ),
    Sign("sub-push-missing", scene(*REQUEST), sound=f"a1 subscribe > a1: .*{PUSH}"),
    Sign("sub-push-twice", scene(*REQUEST), wrong=f"a1 subscribe > a1: .*{PUSH}.*{PUSH}"),
    Sign(
        "sub-approval-without-push",
        scene(*GRANTED),
        sound=f"b1 subscribed > b1: .*{PUSHED}subscription='from'",
    ),
    Sign(
        "sub-push-before-stanza",
        scene(*GRANTED),
        sound=f"b1 subscribed > a1: .*type='subscribed'.*{PUSH}",
        wrong=f"b1 subscribed > a1: .*{PUSH}.*type='subscribed'",
    ),
    Sign("sub-request-shows-presence", scene(*REQUEST), wrong=r"a1 subscribe > a1: .*b@[^ ]*/b1"),
    Sign(
        "sub-request-not-kept",
        scene("a1", "a1 subscribe", "b1"),
        sound="b1 > b1: .*type='subscribe'",
    ),
    Sign(
        "sub-request-kept-bare",
        scene("a1", "a1 subscribe", "b1"),
        sound="b1 > b1: .*urn:example:x",
    ),
    Sign("sub-request-adds-item", scene(*REQUEST), wrong=f"a1 subscribe > b1: .*{PUSH}"),
    Sign(
        "sub-request-once",
        scene("a1", "a1 subscribe", "b1", "b2"),
        sound="b2 > b2: .*type='subscribe'",
    ),
    Sign(
        "sub-request-to-connected",
        scene("a1", "b1", "b2 mute", "a1 subscribe"),
        wrong="a1 subscribe > b2: .*type='subscribe'",
    ),
    Sign(
        "sub-withdrawal-ignored",
        scene(*REQUEST, "a1 unsubscribe", "b2"),
        wrong="b2 > b2: .*type='subscribe'",
    ),
    Sign(
        "sub-denial-not-noted",
        scene(*REQUEST, "b1 unsubscribed", "b2"),
        wrong="b2 > b2: .*type='subscribe'",
    ),
    Sign(
        "sub-answer-to-available",
        scene("a1", "a2 quiet", "b1", "a1 subscribe", "b1 subscribed"),
        sound="b1 subscribed > a2: .*type='subscribed'",
    ),
    Sign(
        "sub-answer-from-full-jid",
        scene(*GRANTED),
        sound=f"from='b@{DOMAIN}'[^>]*type='subscribed'|type='subscribed'[^>]*from='b@{DOMAIN}'",
    ),
    Sign(
        "sub-approval-without-presence",
        scene(*GRANTED),
        sound="b1 subscribed > a1: .*b@[^ ]*/b1",
    ),
    Sign(
        "sub-approval-lost-offline",
        scene(*REQUEST, "a1 ends", "b1 subscribed", "a2"),
        sound="a2 > a2: .*<item [^>]*subscription='to'",
    ),
    Sign(
        "sub-approval-unasked-granted",
        scene(*GRANTED, "a1 subscribed"),
        wrong="a1 subscribed > b1: .*a@[^ ]*/a1",
    ),
    Sign(
        "sub-request-ends-from",
        scene(*GRANTED, "b1 subscribe"),
        sound=f"b1 subscribe > b1: .*{PUSHED}subscription='from'",
        wrong=f"b1 subscribe > b1: .*{PUSHED}subscription='none'",
    ),
    Sign(
        "sub-unsubscribe-one-sided",
        scene(*GRANTED, "a1 unsubscribe"),
        sound=f"a1 unsubscribe > b1: .*{PUSHED}subscription='none'",
    ),
    Sign(
        "sub-cancel-without-unavailable",
        scene(*GRANTED, "b1 unsubscribed"),
        sound="b1 unsubscribed > a1: .*type='unavailable'",
    ),
    Sign(
        "sub-unsubscribe-without-unavailable",
        scene(*GRANTED, "a1 unsubscribe"),
        sound="a1 unsubscribe > a1: .*type='unavailable'",
    ),
    Sign(
        "sub-cancel-unavailable-last",
        scene(*GRANTED, "b1 unsubscribed"),
        sound="b1 unsubscribed > a1: .*type='unavailable'.*type='unsubscribed'",
    ),
    Sign(
        "preapproval-forgotten",
        scene("b1", "b1 subscribed", "a1", "a1 subscribe"),
        sound="approved='true'",
        wrong="a1 subscribe > b1: .*type='subscribe'",
    ),
    Sign(
        "preapproval-unanswered",
        scene("b1", "b1 subscribed", "a1", "a1 subscribe"),
        sound="a1 subscribe > a1: .*type='subscribed'",
        wrong="a1 subscribe > b1: .*type='subscribe'",
    ),
    Sign(
        "preapproval-delivered",
        scene("a1", "b1", "b1 subscribed"),
        wrong="b1 subscribed > a1: .*type='subscribed'",
    ),
    Sign(
        "preapproval-not-taken-back",
        scene("a1", "b1", "b1 subscribed", "b1 unsubscribed", "a1 subscribe"),
        sound="a1 subscribe > b1: .*type='subscribe'",
    ),
]
