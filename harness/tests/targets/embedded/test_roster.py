from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from harness.targets.embedded.store import Contact, State
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Client, condition
from harness.xmpp import namespaces as ns

A, B = f"a@{DOMAIN}", f"b@{DOMAIN}"
QUERY = f"{{{ns.ROSTER}}}query"


async def get(client: Client, ver: str | None = None) -> Element:
    attribute = "" if ver is None else f" ver='{ver}'"
    return await client.ask(f"<query xmlns='{ns.ROSTER}'{attribute}/>")


async def change(client: Client, items: str, to: str = "") -> Element:
    return await client.ask(f"<query xmlns='{ns.ROSTER}'>{items}</query>", kind="set", to=to)


def pushed(stanzas: list[Element]) -> list[Element]:
    return [query[0] for stanza in stanzas if (query := stanza.find(QUERY)) is not None]


async def test_add_change_and_remove(bench: Bench) -> None:
    phone, desk = await bench.online("a", "phone"), await bench.online("a", "desk")
    deaf = await bench.login("a", "deaf")
    await phone.fence()
    item = f"<item jid='{B}' name='Bob' subscription='both' ask='subscribe'><group>X</group></item>"
    answer = await change(phone, item)
    assert (answer.get("type"), len(answer)) == ("result", 0)
    for client in (phone, desk):
        (stanza,) = await client.fence()
        (item_seen,) = pushed([stanza])
        assert item_seen.attrib == {"jid": B, "name": "Bob", "subscription": "none"}
        assert [group.text for group in item_seen] == ["X"]
        assert stanza.get("from") is None
        assert stanza.get("to") == client.jid
    assert await deaf.fence() == []
    await change(phone, f"<item jid='{B}/any'/>")
    (item_seen,) = pushed(await desk.fence())
    assert item_seen.attrib == {"jid": B, "subscription": "none"}
    await phone.fence()
    await change(phone, f"<item jid='{B}' subscription='remove'/>")
    (item_seen,) = pushed(await desk.fence())
    assert item_seen.attrib == {"jid": B, "subscription": "remove"}
    assert len((await get(phone))[0]) == 0


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("", "bad-request"),
        (f"<item jid='{B}'/><item jid='c@{DOMAIN}'/>", "bad-request"),
        ("<item/>", "bad-request"),
        ("<item jid='@@'/>", "jid-malformed"),
        (f"<item jid='{B}'><group>X</group><group>X</group></item>", "bad-request"),
        (f"<item jid='{B}'><group/></item>", "not-acceptable"),
        (f"<item jid='{B}'><group>{'x' * 2000}</group></item>", "not-acceptable"),
        (f"<item jid='{B}' name='{'x' * 2000}'/>", "not-acceptable"),
        (f"<item jid='{B}' subscription='remove'/>", "item-not-found"),
        (f"<item jid='{A}'/>", "not-allowed"),
    ],
)
async def test_faulty_sets_change_nothing(bench: Bench, items: str, expected: str) -> None:
    client = await bench.online("a")
    assert condition(await change(client, items)) == expected
    assert await client.fence() == []
    assert len((await get(client))[0]) == 0


async def test_the_roster_of_others_is_theirs(bench: Bench) -> None:
    a, b = await bench.online("a"), await bench.online("b")
    assert condition(await change(a, f"<item jid='c@{DOMAIN}'/>", to=B)) == "forbidden"
    assert condition(await a.ask(f"<query xmlns='{ns.ROSTER}'/>", to=B)) == "forbidden"
    assert (await change(a, f"<item jid='{B}'/>", to=A)).get("type") == "result"
    assert await b.fence() == []


async def test_versions(bench: Bench) -> None:
    client = await bench.login("a")
    version = (await get(client, ""))[0].get("ver")
    assert version
    await change(client, f"<item jid='{B}' name='1'/>")
    await change(client, f"<item jid='{B}' name='2'/>")
    await change(client, f"<item jid='c@{DOMAIN}'/>")
    await change(client, f"<item jid='c@{DOMAIN}' subscription='remove'/>")
    versions = [stanza[0].get("ver") for stanza in await client.fence()]
    assert len(set(versions)) == 4
    later = await bench.login("a", "later")
    answer = await get(later, version)
    assert (answer.get("type"), len(answer)) == ("result", 0)
    stanzas = await later.fence()
    assert [(item.get("jid"), item.get("subscription")) for item in pushed(stanzas)] == [
        (B, "none"),
        (f"c@{DOMAIN}", "remove"),
    ]
    assert pushed(stanzas)[0].get("name") == "2"
    assert stanzas[-1][0].get("ver") == versions[-1]
    current = await bench.login("a", "current")
    assert len(await get(current, versions[-1])) == 0
    assert await current.fence() == []
    assert len(await get(current, "unknown")) == 1


async def test_removal_ends_subscriptions_both_ways(bench: Bench) -> None:
    bench.domain.store.accounts["a"].contacts[B] = Contact(B, State.BOTH, listed=True)
    bench.domain.store.accounts["b"].contacts[A] = Contact(A, State.BOTH, listed=True)
    a, b = await bench.online("a"), await bench.online("b")
    await a.fence()
    await change(a, f"<item jid='{B}' subscription='remove'/>")
    assert [item.get("subscription") for item in pushed(await a.fence())] == ["remove"]
    seen = await b.fence()
    kinds = [stanza.get("type") for stanza in seen if stanza.tag == ns.PRESENCE]
    assert kinds == ["unsubscribe", "unavailable", "unsubscribed"]
    assert pushed(seen)[-1].get("subscription") == "none"


async def test_removal_keeps_a_request_that_waits(bench: Bench) -> None:
    a, b = await bench.online("a"), await bench.online("b")
    await change(b, f"<item jid='{A}'/>")
    a.send(f"<presence to='{B}' type='subscribe'/>")
    await a.fence()
    await b.fence()
    await change(b, f"<item jid='{A}' subscription='remove'/>")
    again = await bench.online("b", "again")
    b.send(f"<presence to='{A}' type='subscribed'/>")
    assert pushed(await b.fence())[-1].get("subscription") == "from"
    assert len((await get(again))[0]) == 1
