"""The service for uploads (XEP-0363) of the embedded server."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element

import pytest

from harness.targets.embedded import upload
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Client, condition
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import escape

SERVICE = f"upload.{DOMAIN}"
HERE = f"{{{upload.NAMESPACE}}}"
INFO = f"<query xmlns='{ns.DISCO_INFO}'/>"


def request(**attributes: str) -> str:
    given = "".join(
        f" {name.replace('_', '-')}='{escape(value).decode()}'"
        for name, value in attributes.items()
    )
    return f"<request xmlns='{upload.NAMESPACE}'{given}/>"


async def ask(client: Client, payload: str, kind: str = "get", to: str = SERVICE) -> Element:
    return await client.ask(payload, kind=kind, to=to)


async def test_discovery(bench: Bench) -> None:
    client = await bench.login("a")
    listed = await client.ask(f"<query xmlns='{ns.DISCO_ITEMS}'/>", to=DOMAIN)
    assert SERVICE in [item.get("jid") for item in listed[0]]
    query = (await ask(client, INFO))[0]
    assert ("store", "file") in [(e.get("category"), e.get("type")) for e in query]
    assert upload.NAMESPACE in [e.get("var") for e in query]
    fields = query[-1]
    assert fields.get("type") == "result"
    assert {f.get("var"): f[0].text for f in fields} == {
        "FORM_TYPE": upload.NAMESPACE,
        "max-file-size": str(upload.MAX_BYTES),
    }
    node = await ask(client, f"<query xmlns='{ns.DISCO_INFO}' node='n'/>")
    assert condition(node) == "item-not-found"
    assert len((await ask(client, f"<query xmlns='{ns.DISCO_ITEMS}'/>"))[0]) == 0


@pytest.mark.parametrize("name", ["a.jpg", "très cool.jpg", "100%?#&.tar.gz", "a/b", "\u732b"])
async def test_slot(bench: Bench, name: str) -> None:
    client = await bench.login("a")
    answer = await ask(client, request(filename=name, size=str(upload.MAX_BYTES)))
    assert answer.get("from") == SERVICE
    slot = answer[0]
    assert [child.tag for child in slot] == [f"{HERE}put", f"{HERE}get"]
    for child in slot:
        url = urlsplit(child.get("url"))
        assert (url.scheme, url.netloc, url.query, url.fragment) == ("https", SERVICE, "", "")
        assert url.path.isascii()
        _, secret, last = url.path.split("/")
        assert unquote(last) == name
        assert last == quote(name, safe="")
        assert len(secret) >= 32
    assert [(e.tag, e.get("name")) for e in slot[0]] == [(f"{HERE}header", "Authorization")]
    assert (slot[0][0].text or "").startswith("Bearer ")


async def test_no_two_slots_alike(bench: Bench) -> None:
    client = await bench.login("a")
    slots = [(await ask(client, request(filename="a", size="1")))[0] for _ in range(5)]
    assert len({slot[1].get("url") for slot in slots}) == 5
    assert len({slot[0][0].text for slot in slots}) == 5


@pytest.mark.parametrize("size", [str(upload.MAX_BYTES + 1), "9" * 5000])
async def test_too_large(bench: Bench, size: str) -> None:
    client = await bench.login("a")
    answer = await ask(client, request(filename="a", size=size))
    assert condition(answer) == "not-acceptable"
    limit = answer.findtext(f"{ns.ERROR}/{HERE}file-too-large/{HERE}max-file-size")
    assert limit == str(upload.MAX_BYTES)


@pytest.mark.parametrize(
    "attributes",
    [
        {"size": "1"},
        {"filename": "", "size": "1"},
        {"filename": ".", "size": "1"},
        {"filename": "..", "size": "1"},
        {"filename": "a"},
        *({"filename": "a", "size": size} for size in ("", "0", "-1", "1.5", "0x1", "one", "1_0")),
    ],
)
async def test_incomplete(bench: Bench, attributes: dict[str, str]) -> None:
    client = await bench.login("a")
    assert condition(await ask(client, request(**attributes))) == "bad-request"


async def test_no_account_any_more(bench: Bench) -> None:
    client = await bench.login("a")
    del bench.domain.store.accounts["a"]
    assert condition(await ask(client, request(filename="a", size="1"))) == "forbidden"


async def test_what_is_not_for_it(bench: Bench) -> None:
    client = await bench.login("a")
    good = request(filename="a", size="1")
    assert condition(await ask(client, good, "set")) == "service-unavailable"
    assert condition(await ask(client, "<q xmlns='urn:example:q'/>")) == "service-unavailable"
    assert condition(await ask(client, good, to=f"x@{SERVICE}")) == "item-not-found"
    assert condition(await ask(client, good, to=DOMAIN)) == "service-unavailable"
    client.send(f"<presence to='{SERVICE}'/><presence to='{SERVICE}' type='unavailable'/>")
    client.send(f"<iq type='result' id='r' to='{SERVICE}'/>")
    assert await client.fence() == []
    client.send(f"<iq type='ask' id='r' to='{SERVICE}'>{good}</iq>")
    assert condition((await client.fence())[0]) == "bad-request"
    client.send(f"<message to='{SERVICE}' type='chat'><body>b</body></message>")
    assert condition((await client.fence())[0]) == "service-unavailable"
