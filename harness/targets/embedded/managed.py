"""The link of a session with stream management (XEP-0198).

It counts stanzas, keeps those of ours that are not acknowledged, and outlives the connection
below it: while there is none, stanzas only wait. It follows `link.Link`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from harness.targets.embedded.domain import stamp
from harness.targets.embedded.link import Link

if TYPE_CHECKING:
    from harness.targets.embedded.session import Session

NAMESPACE = "urn:xmpp:sm:3"
MODULUS = 2**32  # counters start anew from there (section 4)
_STANZAS = (b"<message", b"<presence", b"<iq")
_REQUEST = f"<r xmlns='{NAMESPACE}'/>".encode()
_REQUEST_EVERY = 5  # stanzas


class Waiting(NamedTuple):
    """A stanza of ours that is not acknowledged."""

    data: bytes
    sent: str  # when, in the form of XEP-0082


class Managed:
    """`resumable_s` is how long it waits for another connection, 0 if not at all.

    At most `most` stanzas wait. `ended` is called when the resource is gone for good.
    """

    __slots__ = (
        "_most",
        "_timer",
        "_unasked",
        "acknowledged",
        "ended",
        "handled",
        "identifier",
        "link",
        "resumable_s",
        "session",
        "waiting",
    )

    def __init__(
        self,
        session: Session,
        identifier: str,
        resumable_s: float,
        most: int,
        ended: Callable[[Managed], None],
    ) -> None:
        self.session = session
        self.link: Link | None = None  # None: there is no connection
        self.identifier = identifier
        self.resumable_s = resumable_s
        self.ended = ended
        self.handled = 0  # stanzas of the client
        self.acknowledged = 0  # stanzas of ours
        self.waiting: deque[Waiting] = deque()
        self._unasked = 0  # sent since we last asked for an acknowledgement
        self._most = most
        self._timer: asyncio.TimerHandle | None = None

    @property
    def sent(self) -> int:
        """How many stanzas of ours there have been."""
        return (self.acknowledged + len(self.waiting)) % MODULUS

    def count(self) -> None:
        """A stanza of the client has been handled."""
        self.handled = (self.handled + 1) % MODULUS

    def acknowledge(self, handled: int) -> bool:
        """The client has handled so many; False: we have not sent as many.

        What is older than the last acknowledgement says nothing new.
        """
        news = (handled - self.acknowledged) % MODULUS
        if news > MODULUS // 2:
            return True
        if news > len(self.waiting):
            return False
        for _ in range(news):
            self.waiting.popleft()
        self.acknowledged = handled
        return True

    def detach(self) -> bool:
        """The connection is gone; whether the resource stays for a while."""
        if self.resumable_s and self.link is not None:
            self.link = None
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.resumable_s, self._expire)
        return self.resumable_s > 0

    def resume(self, greeting: bytes) -> None:
        """There is another connection: what waits is sent again, behind the greeting."""
        self.cancel()
        for data in (greeting, *(stanza.data for stanza in self.waiting)):
            if self.link is not None:
                self.link.send(data)

    def cancel(self) -> None:
        """Wait for no other connection any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self.resumable_s = 0
        self.session.lost()

    def _overflow(self) -> None:
        self.session.fail("resource-constraint", "too many stanzas without acknowledgement")

    # What `Link` asks for.

    def send(self, data: bytes) -> None:
        stanza = data.startswith(_STANZAS)
        if stanza:
            self.waiting.append(Waiting(data, stamp()))
            if len(self.waiting) == self._most:
                asyncio.get_running_loop().call_soon(self._overflow)
        if self.link is None:
            return
        self.link.send(data)
        if stanza:
            self._unasked += 1
            if self._unasked == _REQUEST_EVERY:
                self._unasked = 0
                self.link.send(_REQUEST)

    def start_tls(self) -> None:
        raise AssertionError("the negotiation is over")

    def settled(self) -> None:
        if self.link is not None:
            self.link.settled()

    def expect_end(self) -> None:
        if self.link is not None:
            self.link.expect_end()

    def finish(self) -> None:
        if self.link is not None:
            self.link.finish()
