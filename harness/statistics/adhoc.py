"""Figures from an ad-hoc command (XEP-0050) that returns a form (XEP-0004) at once."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from harness.errors import HarnessError
from harness.statistics.said import Said
from harness.targets.login import login, request
from harness.targets.probe import Stream, tls_context
from harness.targets.sources import AdHoc

_COMMANDS = "http://jabber.org/protocol/commands"
_FORM = "{jabber:x:data}"
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


class Reader:
    """Logs in once and gives the command again and again."""

    def __init__(self, source: AdHoc, timeout_s: float) -> None:
        self._source = source
        self._timeout_s = timeout_s
        self._stream: Stream | None = None

    def __call__(self) -> Said:
        source = self._source
        if self._stream is None:
            context = tls_context(source.endpoint.ca, source.endpoint.verify)
            self._stream = login(source.endpoint, context, source.account, self._timeout_s)
        command = f"<command xmlns='{_COMMANDS}' node='{source.node}' action='execute'/>"
        fields = fields_of(request(self._stream, "set", command, source.to))
        sessions = number(fields.get(source.sessions, ""))
        if sessions is None:
            raise HarnessError(f"the command {source.node} of {source.to} counts no sessions")
        figures = {name: number(fields.get(var, "")) for name, var in source.figures.items()}
        return Said(
            0.0,
            sessions=max(0, round(sessions) - source.own),
            figures={name: value for name, value in figures.items() if value is not None},
        )


def fields_of(reply: Element) -> dict[str, str]:
    """The form's variables and their first values."""
    return {
        field.get("var", ""): field.findtext(f"{_FORM}value") or ""
        for field in reply.iter(f"{_FORM}field")
    }


def number(text: str) -> float | None:
    """The first number of a text such as "73.25 MB of 1024.00 MB" or "18,500 KB"."""
    found = _NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else None
