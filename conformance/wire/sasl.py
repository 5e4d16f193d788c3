"""SASL on a raw stream, element by element, right or wrong, with the steps for the replay."""

from __future__ import annotations

import base64
from typing import Any
from xml.etree.ElementTree import Element

from conformance.player import SaslClient
from conformance.wire.stream import Gone, RawStream, Reaction
from harness.errors import StreamViolation
from harness.record.verdicts import Close
from harness.targets.base import Account
from harness.xmpp.client import END
from harness.xmpp.parser import StreamEnd, StreamHeader
from harness.xmpp.sasl import salted_password

SCRAM_FIRST = "n,,n={name},r={nonce}"
PLAIN = "\0{user}\0{password}"
MECHANISMS = ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN")  # that a password opens


class Sasl:
    """One account's SASL on one stream. `number` is the account's for the replay.

    Messages may hold the marks of `conformance.player.SaslClient`; a str counts as Latin-1, so
    that every byte can be said. `challenges` holds what the server has asked, decoded.
    """

    def __init__(self, stream: RawStream, account: Account, number: int = 0) -> None:
        self.stream = stream
        self._number = number
        domain = stream.endpoint.domain
        self._client = SaslClient(account.user, account.password, domain, salted_password)
        self._said: list[bytes] = []

    @property
    def challenges(self) -> list[bytes]:
        """What the server has asked, decoded."""
        return self._client.challenges

    @property
    def nonce(self) -> str:
        """Our nonce of the last SCRAM exchange."""
        return self._client.scram.nonce if self._client.scram else ""

    async def auth(
        self, mechanism: str, message: str | None, *, spoil: str = "", binding: str = ""
    ) -> None:
        """<auth/> with this initial response; None for none, "" for an empty one.

        `binding`: the type of the channel binding that a -PLUS mechanism will prove; `spoil`:
        what is done to the base64 (`conformance.player.spoilt`).
        """
        bound = b""
        if binding and self.stream.connection.tls is not None:
            bound = self.stream.connection.tls.bindings().get(binding, b"")
        step = {"mechanism": mechanism, "message": message, "spoil": spoil, "binding": binding}
        await self._say({"element": "auth", **step}, bound)

    async def begin(self, mechanism: str, *, spoil: str = "") -> None:
        """<auth/> as it should be."""
        await self.auth(mechanism, first_message(mechanism), spoil=spoil)

    async def respond(self, message: str | None, mechanism: str = "", *, spoil: str = "") -> None:
        """<response/> with this message; with SCRAM's first if it is of that `mechanism`."""
        step = {"mechanism": mechanism, "message": message, "spoil": spoil}
        await self._say({"element": "response", **step})

    async def prove(self, wrong: str = "", *, challenge: int = -1, spoil: str = "") -> None:
        """<response/> with SCRAM's proof, or with a spoilt one (`conformance.player.Scram.final`),
        in answer to the last challenge or to another one."""
        step = {"wrong": wrong, "challenge": challenge, "spoil": spoil}
        await self._say({"element": "response", **step})

    async def again(self, other: Sasl, which: int) -> None:
        """What `other` has said on its stream, byte by byte."""
        self.stream.step("sasl-again", of=other.stream.number, which=which)
        await self._quietly(other._said[which])

    async def answer(self) -> Reaction:
        """What answers an element."""
        reaction = await answer(self.stream)
        for element in reaction.elements:
            self.take(element)
        return reaction

    def take(self, element: Element) -> None:
        """Take note of a challenge."""
        self._client.took(element)

    async def login(self, mechanism: str) -> Reaction:
        """A whole exchange as it should be; what ended it."""
        await self.begin(mechanism)
        reaction = await self.answer()
        if mechanism != "PLAIN" and str(reaction) == "sasl challenge":
            await self.prove()
            reaction = await self.answer()
        return reaction

    def proven(self, reaction: Reaction) -> bool:
        """Whether the server has proved with SCRAM that it knows the password."""
        data = base64.b64decode(reaction.elements[0].text or "")
        return self._client.scram is not None and self._client.scram.proves(data)

    async def _say(self, step: dict[str, Any], binding: bytes = b"") -> None:
        self.stream.step("sasl", account=self._number, **step)
        data = self._client.element(step, binding)
        self._said.append(data)
        self.stream.note(" ".join(f"{key}={value!r}" for key, value in step.items() if value))
        message = str(step.get("message"))
        if "{password}" in message or "{prefix}" in message:  # whole or spoilt: not to be shown
            await self.stream.connection.send(data)
        else:
            await self._quietly(data)

    async def _quietly(self, data: bytes) -> None:
        self.stream.recording = False
        await self.stream.send(data)
        self.stream.recording = True


def first_message(mechanism: str) -> str:
    """What the client says first, with its marks."""
    return SCRAM_FIRST if mechanism.startswith("SCRAM-") else PLAIN


async def answer(stream: RawStream) -> Reaction:
    """The next thing that the server does: an element, or the end. Waits for no more than that,
    but after an element that ends the stream for the end."""
    stream.step("answer")
    stream.recording = False
    while isinstance(item := await stream.next(), StreamHeader):
        pass
    reaction = Reaction([item] if isinstance(item, Element) else [], ending="fence")
    if isinstance(item, Gone):
        reaction.ending, reaction.close = item.how, _close(item, "NO-TAG")
    elif isinstance(item, StreamViolation):
        reaction.ending = "broken"
    elif isinstance(item, StreamEnd):
        reaction.ending, reaction.close = "closed", await _end(stream, "CLEAN")
    elif reaction.error is not None or str(reaction) == "tls failure":
        reaction.close = await _end(stream, "NO-TAG")
    stream.recording = True
    return reaction


async def _end(stream: RawStream, close: Close) -> Close:
    await stream.send(END)
    while not isinstance(item := await stream.next(), Gone):
        close = "CLEAN" if isinstance(item, StreamEnd) else close
    return _close(item, close)


def _close(gone: Gone, close: Close) -> Close:
    others: dict[str, Close] = {"reset": "ABRUPT", "open": "OPEN"}
    return others.get(gone.how, close)
