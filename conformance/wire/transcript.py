"""What went over the wires of one example, for people (with times) and for the replay."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from time import monotonic
from typing import Any

from conformance.player import SHOWN, plain
from harness.targets.base import Account

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")


class Transcript:
    """Lines and steps. No password gets into either."""

    def __init__(self, accounts: Sequence[Account], domain: str) -> None:
        self._origin = monotonic()
        self._accounts = accounts
        self._domain = domain.encode()
        self._lines: list[str] = []
        self.steps: list[dict[str, Any]] = []
        self.received = 0  # bytes that the server has sent

    def line(self, stream: int, sign: str, data: bytes | str) -> None:
        """One line: seconds, stream, `>` sent, `<` received, `*` said by us, and the data."""
        if isinstance(data, bytes):
            if sign == "<":
                self.received += len(data)
            more = f" ... ({len(data)} bytes)" if len(data) > SHOWN else ""
            shown = self._without_secrets(data[:SHOWN])
            data = shown.decode("utf-8", "backslashreplace") + more
        data = data.replace("\r", "\\r").replace("\n", "\\n")  # a line is one line
        self._lines.append(f"{monotonic() - self._origin:8.4f} {stream} {sign} {data}")

    def step(self, stream: int, do: str, **rest: Any) -> None:
        """One step of the replay (see `conformance.player.play`)."""
        self.steps.append({"stream": stream, "do": do, **rest})

    def replayable(self, data: bytes) -> str:
        """The bytes as the text of a step, with marks where this run's accounts stand."""
        for number, account in enumerate(self._accounts):
            jid = f"{account.user}@".encode() + self._domain
            data = re.sub(rb"(?<![\w.-])" + re.escape(jid), b"{{jid%d}}" % number, data)
            message = base64.b64encode(plain(account.user, account.password))
            data = data.replace(message, b"{{plain%d}}" % number)
        data = data.replace(self._domain, b"{{domain}}")
        return self._without_secrets(data).decode("latin-1")

    def accounts_used(self) -> int:
        """How many accounts a replay needs."""
        numbers = [step["account"] for step in self.steps if "account" in step]
        for step in self.steps:
            found = re.findall(r"\{\{(?:jid|plain)(\d+)\}\}", step.get("data", ""))
            numbers += [int(number) for number in found]
        return max(numbers, default=-1) + 1

    def text(self) -> str:
        """All lines."""
        return "".join(line + "\n" for line in self._lines)

    def _without_secrets(self, data: bytes) -> bytes:
        for account in self._accounts:
            secret = account.password.encode()
            data = data.replace(secret, b"********")
            data = _BASE64.sub(lambda found, s=secret: _hidden(found[0], s), data)  # type: ignore[misc]
        return data


def _hidden(text: bytes, secret: bytes) -> bytes:
    try:
        decoded = base64.b64decode(text + b"=" * (-len(text) % 4))
    except ValueError:
        return text
    return b"(a password, base64)" if secret in decoded else text
