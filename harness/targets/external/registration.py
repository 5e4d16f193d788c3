"""In-band registration (XEP-0077): accounts for a server that we may only speak XMPP to."""

from __future__ import annotations

import secrets
import ssl
import time
from collections.abc import Iterator
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from harness.errors import ConnectionLost, NegotiationError, NoReply, PeerError, StanzaError
from harness.targets.base import Account, Endpoint
from harness.targets.probe import Stream, connect

_REGISTER = "{jabber:iq:register}"
_STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
_THROTTLED = {"resource-constraint", "not-allowed", "policy-violation"}
_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
_MOST_PREFIXES = 5
_ACCOUNTS_PER_STREAM = 25
_TEXT_FIELDS = {"username", "password", "email", "name", "nick", "first", "last"}
_NOT_FIELDS = {"instructions", "registered", "key"}


class AlreadyRegistered(StanzaError):  # noqa: N818 - says what happened
    """Somebody has an account of that name (XEP-0077 section 3.1, condition `conflict`)."""


class Registrar:
    """Registers accounts with random names and one random password, on streams used again."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        self._endpoint = endpoint
        self._context = context
        self._password = secrets.token_urlsafe(18)
        self._prefix = _new_prefix()
        self._stream: Stream | None = None
        self._fields: set[str] = set()
        self._used = 0

    def register(self, first: int, count: int) -> Iterator[Account]:
        """Accounts number `first` and up, each yielded once the server has it.

        Raises StanzaError with the server's condition when it refuses, also after waiting.
        """
        try:
            for number in range(first, first + count):
                yield self._one(number)
        finally:
            self._drop()

    def _one(self, number: int) -> Account:
        delays = iter(_DELAYS_S)
        prefixes = 1
        while True:
            account = Account(f"{self._prefix}{number}", self._password)
            fresh = self._stream is None
            try:
                self._ask(account)
                return account
            except AlreadyRegistered:
                if prefixes == _MOST_PREFIXES:
                    raise
                prefixes += 1
                self._prefix = _new_prefix()
            except PeerError as error:
                # Some servers allow one registration a stream: only a fresh one's answer counts.
                # An answer that was lost may have been a yes, hence the new name.
                self._drop()
                if isinstance(error, ConnectionLost | NoReply):
                    self._prefix = _new_prefix()
                if not fresh:
                    continue
                delay_s = next(delays, None)
                if error.condition not in _THROTTLED or delay_s is None:
                    raise _explained(error, number) from None
                time.sleep(delay_s)

    def _ask(self, account: Account) -> None:
        if self._used >= _ACCOUNTS_PER_STREAM:
            self._drop()
        if self._stream is None:
            self._stream = connect(self._endpoint, self._context)
            self._used = 0
            self._fields = self._required(self._stream)
        values = dict.fromkeys(self._fields, account.user)
        values |= {"username": account.user, "password": account.password}
        if "email" in self._fields:
            values["email"] = f"{account.user}@{self._endpoint.domain}"
        body = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in values.items())
        self._iq(self._stream, "set", body)
        self._used += 1

    def _required(self, stream: Stream) -> set[str]:
        query = self._iq(stream, "get").find(f"{_REGISTER}query")
        names = set() if query is None else {child.tag for child in query}
        wanted = {name.removeprefix(_REGISTER) for name in names if name.startswith(_REGISTER)}
        unknown = wanted - _TEXT_FIELDS - _NOT_FIELDS
        if unknown or not {"username", "password"} <= wanted:
            asked = ", ".join(sorted(unknown)) or "a form that we cannot fill in"
            raise NegotiationError("registration-fields", f"registration asks for {asked}")
        return wanted - _NOT_FIELDS

    def _iq(self, stream: Stream, kind: str, body: str = "") -> Element:
        domain = quoteattr(self._endpoint.domain)
        reply = stream.request(
            f"<iq type='{kind}' id='{secrets.token_hex(4)}' to={domain}>"
            f"<query xmlns='{_REGISTER[1:-1]}'>{body}</query></iq>"
        )
        if reply.get("type") == "result":
            return reply
        error = reply.find("{jabber:client}error")
        names = [] if error is None else [child.tag for child in error]
        known = [name.removeprefix(_STANZAS) for name in names if name.startswith(_STANZAS)]
        condition = next((name for name in known if name != "text"), "undefined-condition")
        if condition == "conflict":
            raise AlreadyRegistered(condition, "the server says that every name is taken")
        raise StanzaError(condition)

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _new_prefix() -> str:
    return f"xh{secrets.token_hex(4)}-"


def _explained(error: PeerError, done: int) -> PeerError:
    if not isinstance(error, StanzaError):
        return error
    waited = ", also after waiting" if error.condition in _THROTTLED else ""
    return StanzaError(
        error.condition,
        f"the server refuses in-band registration{waited}; {done} accounts are registered",
    )
