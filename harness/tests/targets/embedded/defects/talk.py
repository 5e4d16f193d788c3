"""Scenes of several resources that say things by turns."""

from __future__ import annotations

import asyncio

from harness.tests.targets.embedded.defects.scenes import PING, Scene, bound, last
from harness.tests.targets.embedded.driver import DOMAIN, Bench, Raw

A, B = f"a@{DOMAIN}", f"b@{DOMAIN}"
GET = "<iq type='get' id='get'><query xmlns='jabber:iq:roster'/></iq>"
CUT = "(the connection is cut)"
Step = tuple[str, str]


def talk(*steps: Step) -> Scene:
    """Each step is a resource, such as "a/r", and what it says when those before have been heard;
    a resource is there from its first step on, and `CUT` breaks its connection. All that each of
    them gets is on a line of its own."""

    async def scene(bench: Bench) -> str:
        streams: dict[str, Raw] = {}
        said: dict[str, str] = {}
        for number, (who, text) in enumerate(steps):
            if who not in streams:
                streams[who] = await bound(bench, *who.split("/"))
                said[who] = ""
            if text == CUT:
                await _cut(bench, streams[who])
            else:
                said[who] += await _heard(streams[who], text, f"f{number}")
        for who, raw in streams.items():
            if not raw.writer.transport.is_closing():
                said[who] += await last(raw, "")
        return "\n".join(f"{who}: {text}" for who, text in said.items())

    return scene


async def _heard(raw: Raw, text: str, fence: str) -> str:
    raw.send(text + PING.format(DOMAIN).replace("id='ping'", f"id='{fence}'"))
    return (await raw.until(f"^(.*?)<iq [^>]*id='{fence}'[^>]*>"))[1]


async def _cut(bench: Bench, raw: Raw) -> None:
    before = len(bench.server._connections)
    raw.writer.transport.abort()
    while len(bench.server._connections) == before:
        await asyncio.sleep(0)


def roster_set(items: str, to: str = "") -> str:
    address = f" to='{to}'" if to else ""
    query = f"<query xmlns='jabber:iq:roster'>{items}</query>"
    return f"<iq type='set' id='set'{address}>{query}</iq>"


def item(name: str = "x", groups: str = "", jid: str = f"c@{DOMAIN}") -> str:
    return f"<item jid='{jid}' name='{name}'>{groups}</item>"


def removal(jid: str = f"c@{DOMAIN}") -> str:
    return f"<item jid='{jid}' subscription='remove'/>"


def versioned(ver: str) -> str:
    return GET.replace("roster'", f"roster' ver='{ver}'")


def presence(inner: str = "", to: str = "", kind: str = "") -> str:
    attributes = "".join(f" {k}='{v}'" for k, v in (("to", to), ("type", kind)) if v)
    return f"<presence{attributes}>{inner}</presence>"


SUBSCRIBED: tuple[Step, ...] = (  # b to the presence of a
    ("b/r", presence(to=A, kind="subscribe")),
    ("a/r", presence(to=B, kind="subscribed")),
)
