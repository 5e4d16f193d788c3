"""The SASL handshakes on one stream, from their elements to their outcome (section 6.4)."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from harness.errors import StreamViolation
from harness.targets.embedded import sasl
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import SaslFault
from harness.targets.embedded.store import Account
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import Template

AUTH = f"{{{ns.SASL}}}auth"
RESPONSE = f"{{{ns.SASL}}}response"
ABORT = f"{{{ns.SASL}}}abort"
_CHALLENGE = Template(f"<challenge xmlns='{ns.SASL}'>{{data}}</challenge>")
_SUCCESS = Template(f"<success xmlns='{ns.SASL}'>{{data}}</success>")
_FAILURE = Template(f"<failure xmlns='{ns.SASL}'><{{condition}}/></failure>")


class Outcome(NamedTuple):
    """What to send. `account` is set after success; `going`: the client has to answer."""

    data: bytes
    account: Account | None = None
    going: bool = False


class Authentication:
    """One handshake after the other, until one succeeds or `exhausted`."""

    __slots__ = ("_domain", "_failures", "_mechanism", "channel", "claimed")

    def __init__(self, domain: Domain) -> None:
        self.channel = sasl.Channel()
        self.claimed = ""  # the bare JID in a header that TLS protects
        self._domain = domain
        self._mechanism: sasl.Mechanism | None = None
        self._failures = 0

    def offered(self) -> tuple[str, ...]:
        """The mechanisms for the features."""
        return sasl.offered(self._domain.config, self._domain.store, self.channel)

    @property
    def exhausted(self) -> bool:
        """There have been too many failures (section 6.4.5)."""
        return self._failures > self._domain.config.sasl_retries

    def take(self, element: Element) -> Outcome:
        """Process one element of the client.

        Raises StreamViolation when header and credentials name different users (section 6.4.6).
        """
        try:
            if element.tag == ABORT:
                raise SaslFault("aborted")
            if element.tag == AUTH:  # drops the handshake that is under way (section 6.4.2)
                self._begin(element.get("mechanism", ""))
            return self._step(element)
        except SaslFault as fault:
            self._mechanism = None
            self._failures += 1
            return Outcome(_FAILURE(fault.condition))

    def _begin(self, name: str) -> None:
        self._mechanism = None
        domain = self._domain
        self._mechanism = sasl.begin(name, domain.config, domain.store, self.channel, self.claimed)

    def _step(self, element: Element) -> Outcome:
        if self._mechanism is None or len(element):
            raise SaslFault("malformed-request")
        message = sasl.decode(element.text)
        if element.tag == RESPONSE and message is None:
            message = b""
        done, data = self._mechanism.step(message)
        if not done:
            return Outcome(_CHALLENGE(sasl.encode(data) if data else ""), going=True)
        account = self._mechanism.account
        if account is None:
            raise SaslFault("not-authorized")
        if self.claimed and self.claimed != account.jid:
            raise StreamViolation("invalid-from", "the header named another user")
        self._mechanism = None
        return Outcome(_SUCCESS("" if data is None else sasl.encode(data)), account)
