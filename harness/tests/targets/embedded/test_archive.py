"""The archive (XEP-0313) of the embedded server, and its preferences (XEP-0441)."""

from __future__ import annotations

from datetime import datetime
from xml.etree.ElementTree import Element

import pytest

from harness.targets.embedded.archive import Preferences
from harness.targets.embedded.store import Account, Contact
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Client, condition
from harness.xmpp import namespaces as ns

MAM = "urn:xmpp:mam:2"
BODY = "<body>x</body>"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
B = f"b@{DOMAIN}"


@pytest.fixture
async def bench(start_bench: StartBench) -> Bench:
    return await start_bench(archive=True)


def query(inner: str = "", *, fields: str = "", attributes: str = "") -> str:
    if fields:
        kind = f"<field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field>"
        fields = f"<x xmlns='jabber:x:data' type='submit'>{kind}{fields}</x>"
    return f"<query xmlns='{MAM}'{attributes}>{fields}{inner}</query>"


def field(name: str, *values: str) -> str:
    return f"<field var='{name}'>{''.join(f'<value>{v}</value>' for v in values)}</field>"


def rsm(inner: str) -> str:
    return f"<set xmlns='http://jabber.org/protocol/rsm'>{inner}</set>"


class Found:
    """The results of a query."""

    def __init__(self, results: list[Element], answer: Element) -> None:
        self.answer = answer
        self.uids = [result.get("id", "") for result in results]
        forwarded = [result[0] for result in results]
        self.stamps = [f[0].get("stamp", "") for f in forwarded]
        self.ids = [f[1].get("id", "") for f in forwarded]
        self.messages = [f[1] for f in forwarded]


async def asked(client: Client, text: str) -> Found:
    answer = await client.ask(text, kind="set")
    found = await client.fence()
    results = [e[0] for e in found if e.tag == ns.MESSAGE and e[0].tag == f"{{{MAM}}}result"]
    return Found(results, answer)


async def filled(bench: Bench, count: int = 5) -> Client:
    """Account a with messages m0, m1 ... to b, and a resource that may ask for them."""
    await bench.online("b")
    client = await bench.online("a")
    for number in range(count):
        client.send(f"<message to='{B}' type='chat' id='m{number}'>{BODY}</message>")
    await client.fence()
    return client


async def test_both_sides_keep_it_once(bench: Bench) -> None:
    receivers = [await bench.online("b", name) for name in "rs"]
    sender = await bench.online("a")
    spoof = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{B}' id='mine'/>"
    sender.send(f"<message to='{B}' type='chat' id='m'>{BODY}{spoof}</message>")
    await sender.fence()
    ours, theirs = await asked(sender, query()), await asked(receivers[0], query())
    assert (ours.ids, theirs.ids) == (["m"], ["m"])
    assert ours.uids != theirs.uids
    (got,) = await receivers[1].fence()
    assert [e.attrib for e in got.findall(STANZA_ID)] == [{"by": B, "id": theirs.uids[0]}]
    assert not ours.messages[0].findall(STANZA_ID)


async def test_a_carbon_has_the_id_of_its_owner(bench: Bench) -> None:
    await bench.online("b")
    sender, other = await bench.online("a"), await bench.online("a", "s")
    await other.ask("<enable xmlns='urn:xmpp:carbons:2'/>", kind="set")
    await other.fence()
    sender.send(f"<message to='{B}' type='chat' id='m'>{BODY}</message>")
    await sender.fence()
    (carbon,) = await other.fence()
    kept = await asked(other, query())
    ids = [e.attrib for e in carbon.iter(STANZA_ID)]
    assert ids == [{"by": f"a@{DOMAIN}", "id": kept.uids[0]}]


async def test_a_message_to_oneself_is_kept_once(bench: Bench) -> None:
    client = await bench.online("a")
    client.send(f"<message to='{client.jid}' type='chat' id='m'>{BODY}</message>")
    await client.fence()
    assert (await asked(client, query())).ids == ["m"]
    client.send(f"<message to='{B}' type='chat' id='other'>{BODY}</message>")
    assert (await asked(client, query(fields=field("with", client.bare)))).ids == ["m"]


@pytest.mark.parametrize(
    ("kind", "inner", "kept"),
    [
        ("normal", BODY, True),
        ("other", BODY, True),
        ("chat", "<x xmlns='urn:example:x'/>", False),
        ("headline", BODY, False),
        ("error", BODY, False),
        ("chat", BODY + "<no-store xmlns='urn:xmpp:hints'/>", False),
    ],
)
async def test_what_is_kept(bench: Bench, kind: str, inner: str, kept: bool) -> None:
    client = await bench.online("a")
    client.send(f"<message to='{B}' type='{kind}' id='m'>{inner}</message>")
    await client.fence()
    assert (await asked(client, query())).ids == (["m"] if kept else [])


async def test_pages_and_their_description(bench: Bench) -> None:
    client = await filled(bench)
    everything = await asked(client, query(attributes=" queryid='q'"))
    assert everything.ids == ["m0", "m1", "m2", "m3", "m4"]
    assert everything.answer[0].get("complete") == "true"
    part = await asked(client, query(rsm(f"<max>2</max><after>{everything.uids[1]}</after>")))
    assert part.ids == ["m2", "m3"]
    said = [(e.tag.rpartition("}")[2], e.text) for e in part.answer[0][0]]
    uids = everything.uids
    assert said == [("first", uids[2]), ("last", uids[3]), ("count", "5")]
    assert part.answer[0].get("complete") is None
    last = await asked(client, query(rsm("<max>2</max><before/>") + "<flip-page/>"))
    assert last.ids == ["m4", "m3"]
    missing = await asked(client, query(rsm("<after>x</after>")))
    assert condition(missing.answer) == "item-not-found"


async def test_filters(bench: Bench) -> None:
    client = await filled(bench)
    client.send(f"<message to='c@{DOMAIN}/r' type='chat' id='c'>{BODY}</message>")
    everything = await asked(client, query())
    uids, stamps = everything.uids, everything.stamps

    async def ids(*fields: str) -> list[str]:
        return (await asked(client, query(fields="".join(fields)))).ids

    assert await ids(field("with", B)) == ["m0", "m1", "m2", "m3", "m4"]
    assert await ids(field("with", f"c@{DOMAIN}")) == ["c"]
    assert await ids(field("with", f"c@{DOMAIN}/other")) == []
    assert await ids(field("after-id", uids[1]), field("before-id", uids[4])) == ["m2", "m3"]
    assert await ids(field("ids", uids[3], uids[0])) == ["m0", "m3"]
    assert await ids(field("start", stamps[0]), field("end", stamps[-1])) == everything.ids
    assert await ids(field("start", "2999-01-01T00:00:00Z")) == []
    assert await ids(field("end", "1999-01-01T00:00:00+02:00")) == []
    assert [datetime.fromisoformat(s) for s in stamps] == sorted(
        map(datetime.fromisoformat, stamps)
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (field("with", "@"), "jid-malformed"),
        (field("start", "yesterday"), "bad-request"),
        (field("end", "2020-01-01"), "bad-request"),
        (field("start", "1", "2"), "bad-request"),
        (field("ids", "x"), "item-not-found"),
        (field("after-id", "x"), "item-not-found"),
        (field("before-id", "x"), "item-not-found"),
        (field("colour", "x"), "feature-not-implemented"),
    ],
)
async def test_bad_filters(bench: Bench, fields: str, expected: str) -> None:
    client = await filled(bench, 1)
    assert condition((await asked(client, query(fields=fields))).answer) == expected


async def test_form_and_metadata(bench: Bench) -> None:
    client = await filled(bench)
    form = (await client.ask(query()))[0][0]
    names = [e.get("var") for e in form]
    assert names == ["FORM_TYPE", "with", "start", "end", "before-id", "after-id", "ids"]
    everything = await asked(client, query())
    metadata = await client.ask(f"<metadata xmlns='{MAM}'/>")
    assert [(e.get("id"), e.get("timestamp")) for e in metadata[0]] == [
        (everything.uids[0], everything.stamps[0]),
        (everything.uids[-1], everything.stamps[-1]),
    ]
    empty = await bench.login("e")
    assert len((await empty.ask(f"<metadata xmlns='{MAM}'/>"))[0]) == 0


async def test_the_oldest_go(start_bench: StartBench) -> None:
    bench = await start_bench(archive=True, archive_messages=3)
    client = await filled(bench)
    assert (await asked(client, query())).ids == ["m2", "m3", "m4"]


@pytest.mark.parametrize("to", [B, f"nobody@{DOMAIN}"])
async def test_foreign_archives(bench: Bench, to: str) -> None:
    client = await filled(bench, 1)
    assert condition(await client.ask(query(), kind="set", to=to)) == "forbidden"
    assert condition(await client.ask(query(), kind="set", to=DOMAIN)) == "service-unavailable"


async def test_without_archive(start_bench: StartBench) -> None:
    bench = await start_bench()
    client = await filled(bench, 1)
    assert condition(await client.ask(query(), kind="set")) == "service-unavailable"
    info = await client.ask(
        "<query xmlns='http://jabber.org/protocol/disco#info'/>", to=client.bare
    )
    assert not [e for e in info[0] if "mam" in e.get("var", "")]


async def test_preferences(bench: Bench) -> None:
    client = await filled(bench, 1)
    known = await client.ask(f"<prefs xmlns='{MAM}'/>")
    assert (known[0].get("default"), [len(part) for part in known[0]]) == ("always", [0, 0])
    wish = f"<prefs xmlns='{MAM}' default='never'><always><jid>c@{DOMAIN}</jid></always></prefs>"
    applied = await client.ask(wish, kind="set")
    assert [e.text for e in applied[0].iter(f"{{{MAM}}}jid")] == [f"c@{DOMAIN}"]
    for to in (B, f"c@{DOMAIN}/r"):
        client.send(f"<message to='{to}' type='chat' id='{to[0]}'>{BODY}</message>")
    assert (await asked(client, query())).ids == ["m0", "c"]
    bad = f"<prefs xmlns='{MAM}' default='maybe'/>"
    assert condition(await client.ask(bad, kind="set")) == "bad-request"


@pytest.mark.parametrize(
    ("default", "always", "never", "expected"),
    [
        ("always", [], [], True),
        ("never", [], [], False),
        ("roster", [], [], True),
        ("never", [B], [], True),
        ("always", [], [B], False),
        ("always", [B], [f"{B}/r"], False),
        ("always", [], [f"{B}/s"], True),
    ],
)
def test_whose_messages_are_kept(
    default: str, always: list[str], never: list[str], expected: bool
) -> None:
    account = Account(f"a@{DOMAIN}", {}, contacts={B: Contact(B, listed=True)})
    assert Preferences(default, always, never).keep(account, f"{B}/r") is expected
