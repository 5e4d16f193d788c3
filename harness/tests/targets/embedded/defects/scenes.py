"""Short conversations with a server; each gives all that the server said, to be compared."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scramp import ScramClient
from scramp.core import Nonce

from harness.tests.targets.embedded.driver import DOMAIN, HEADER, PASSWORD, Bench, Raw
from harness.xmpp import namespaces as ns

END = "</stream:stream>"
AUTH = f"<auth xmlns='{ns.SASL}' mechanism='{{}}'>{{}}</auth>"
STARTTLS = f"<starttls xmlns='{ns.TLS}'/>"
BIND = f"<iq type='set' id='bind'><bind xmlns='{ns.BIND}'><resource>{{}}</resource></bind></iq>"
PING = "<iq type='get' id='ping' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>"
PATIENCE_S = 1.0  # servers of these tests give up after 0.1 s

Scene = Callable[[Bench], Awaitable[str]]


@dataclass(frozen=True)
class Sign:
    """How a defect shows: `sound` matches what a sound server says, `wrong` what this one says."""

    name: str
    scene: Scene
    sound: str = ""
    wrong: str = ""


def header(**changes: str | None) -> str:
    """A stream header with other attributes than the usual, None for without."""
    attributes = {"to": DOMAIN, "version": "1.0", "xmlns": ns.CLIENT, "xmlns:stream": ns.STREAM}
    written = {**attributes, **changes}
    text = "".join(f" {name}='{value}'" for name, value in written.items() if value is not None)
    return f"<?xml version='1.0'?><stream:stream{text}>"


def base(message: bytes | str) -> str:
    data = message.encode() if isinstance(message, str) else message
    return base64.b64encode(data).decode()


def plain(user: str = "a", password: str = PASSWORD, authzid: str = "") -> str:
    return AUTH.format("PLAIN", base(f"{authzid}\0{user}\0{password}"))


# Ways to a stage of the negotiation. They do not check what the server says on the way.


async def open_to_features(raw: Raw, text: str = HEADER) -> None:
    raw.send(text)
    await raw.until("</stream:features>")


async def secured(bench: Bench) -> Raw:
    raw = await bench.raw(direct=True)
    await open_to_features(raw)
    return raw


async def authenticated(bench: Bench, user: str = "a") -> Raw:
    raw = await secured(bench)
    raw.send(plain(user))
    if (await raw.until("<(challenge|success)[^>]*>"))[1] == "challenge":
        data = base(f"\0{user}\0{PASSWORD}")
        raw.send(f"<response xmlns='{ns.SASL}'>{data}</response>")
        await raw.until("<success[^>]*>")
    return raw


async def unbound(bench: Bench, user: str = "a", text: str = HEADER) -> Raw:
    raw = await authenticated(bench, user)
    await open_to_features(raw, text)
    return raw


async def bound(bench: Bench, user: str = "a", resource: str = "r", text: str = HEADER) -> Raw:
    raw = await unbound(bench, user, text)
    raw.send(BIND.format(resource))
    await raw.until("<jid>.*?</iq>")
    return raw


async def online(bench: Bench, user: str = "a", resource: str = "r") -> Raw:
    """A bound stream with initial presence, and nothing on its way to it."""
    raw = await bound(bench, user, resource)
    raw.send(f"<presence/>{PING.format(DOMAIN)}")
    await raw.until("<iq[^>]*?(from='bench.test'|type='result')[^>]*?>")
    return raw


# Scenes: what is said at a stage, and what comes until the stream is over.


def start(text: str | bytes, *, direct: bool = False) -> Scene:
    async def scene(bench: Bench) -> str:
        return await last(await bench.raw(direct=direct), text)

    return scene


def opened(text: str | bytes, *, direct: bool = False) -> Scene:
    async def scene(bench: Bench) -> str:
        raw = await bench.raw(direct=direct)
        await open_to_features(raw)
        return await last(raw, text)

    return scene


def after_login(text: str | bytes) -> Scene:
    async def scene(bench: Bench) -> str:
        return await last(await unbound(bench), text)

    return scene


def when_bound(text: str | bytes) -> Scene:
    async def scene(bench: Bench) -> str:
        return await last(await bound(bench), text)

    return scene


def heard(text: str | bytes, *, lang: str | None = "en") -> Scene:
    """a/r says it while b/r, b/s and a/s are online; what each of them gets, on its line."""

    async def scene(bench: Bench) -> str:
        others = [await online(bench, *who) for who in (("b", "r"), ("b", "s"), ("a", "s"))]
        raw = await bound(bench, text=header(**{"xml:lang": lang}))
        said = ["A: " + await last(raw, text)]
        for name, other in zip(("B", "B2", "A2"), others, strict=True):
            said.append(f"{name}: " + await last(other, ""))
        return "\n".join(said)

    return scene


async def last(raw: Raw, text: str | bytes) -> str:
    """Say it, end the stream; what comes until the connection has ended."""
    raw.send(text)
    raw.send(END)
    return await rest(raw)


async def rest(raw: Raw) -> str:
    """What comes until the connection ends; "(open)" behind it if it does not."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while data := await raw.reader.read(65_536):
                raw.seen += data.decode("utf-8", "replace")
    except TimeoutError:
        return raw.seen + "(open)"
    except ConnectionError:
        return raw.seen + "(reset)"
    return raw.seen


def scram(
    mechanism: str, *, binding: bytes | None = None, tamper: str = "", user: str = "a"
) -> Scene:
    """A SCRAM login over TLS: all that the server says. `tamper`: "proof" or "nonce"."""

    async def scene(bench: Bench) -> str:
        raw = await secured(bench)
        channel = ("tls-server-end-point", binding) if binding else None
        client = ScramClient([mechanism], user, PASSWORD, channel_binding=channel)
        raw.send(AUTH.format(mechanism, base(client.get_client_first())))
        found = await raw.until("<(challenge|failure)[^>]*>(.*?)</")
        if found[1] == "failure":
            return f"at once: {found[2]}"
        challenge = base64.b64decode(found[2]).decode()
        client.set_server_first(challenge)
        if tamper == "nonce":
            client.nonce = Nonce(str(client.nonce)[:-1] + "!")
        final = client.get_client_final()
        if tamper == "proof":
            final = re.sub(",p=.*", ",p=" + base(bytes(20)), final)
        raw.send(f"<response xmlns='{ns.SASL}'>{base(final)}</response>")
        answer = await raw.until("<(success|failure)[^>]*>(.*?)</")
        if answer[1] == "success" and not tamper:
            try:
                client.set_server_final(base64.b64decode(answer[2]).decode())
            except Exception:
                return f"{challenge} success, but the server is not who it says"
        return f"{challenge} {answer[1]} {answer[2]}"

    return scene


def certified(*jids: str, text: str, head: str = HEADER) -> Scene:
    """With a client certificate for these JIDs: features, outcome of SASL, and the bound JID."""

    async def scene(bench: Bench) -> str:
        raw = await bench.raw(head, direct=True, context=bench.client_context(*jids))
        said = (await raw.until("<stream:features>.*</stream:features>"))[0]
        raw.send(text)
        outcome = await raw.until("<(success|failure|stream:error)[^>]*>.*?</")
        said += outcome[0]
        if outcome[1] == "success":
            await open_to_features(raw)
            raw.send(BIND.format("r"))
            said += (await raw.until("<jid>.*?</jid>"))[0]
        return said

    return scene


def starttls(before: str = "", *, first: str = HEADER, second: str = HEADER) -> Scene:
    """STARTTLS, and all that comes within TLS after a new header."""

    async def scene(bench: Bench) -> str:
        raw = await bench.raw()
        await open_to_features(raw, first)
        raw.send(STARTTLS + before)
        proceed = await raw.until("^.*<proceed[^>]*/>")
        await raw.writer.start_tls(bench.context, server_hostname=DOMAIN)
        return proceed[0] + await last(raw, second)

    return scene
