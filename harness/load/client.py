"""The verbs of a simulated client, the same for the light and the complete one (D3)."""

from __future__ import annotations

from typing import Protocol
from xml.etree.ElementTree import Element

# The phases of a login, contiguous: each begins where the one before ended.
PHASES = ("tcp", "tls", "sasl", "bind", "roster", "presence")


class Client(Protocol):
    """One simulated client. Verbs block the calling greenlet only.

    Every verb raises PeerError (or one of its kinds) when the server refuses or goes away.
    """

    index: int  # the number of its account in the run
    jid: str  # full JID, empty while not bound
    bare: str

    def login(self, timeout: float) -> dict[str, float]:
        """Connect, negotiate, bind, fetch the roster, send first presence and see it come back
        (RFC 6121 section 4.2.2). The monotonic times at which the phases ended, and "begin"."""
        ...

    def message(self, to: str, body: str, id: str) -> None:  # noqa: A002
        """Send a chat message to a JID."""
        ...

    def groupchat(self, room: str, body: str, id: str) -> None:  # noqa: A002
        """Send a message to everybody in a room (XEP-0045 section 7.4)."""
        ...

    def join(self, occupant: str, timeout: float, *, first: bool) -> None:
        """Enter a room as `occupant` (room@service/nick) without its history, and open it to
        others if it is `first` (XEP-0045 sections 7.2 and 10.1.2)."""
        ...

    def leave(self, occupant: str, timeout: float) -> None:
        """Leave a room (XEP-0045 section 7.14)."""
        ...

    def presence(
        self,
        type: str | None = None,  # noqa: A002
        to: str | None = None,
        show: str | None = None,
        status: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """Send presence (RFC 6121 section 4); no type means available."""
        ...

    def iq(self, type: str, payload: Element, to: str | None, timeout: float) -> Element:  # noqa: A002
        """Send a request and wait for its reply. Raises StanzaError, NoReply."""
        ...

    def roster(self, timeout: float) -> list[dict[str, str]]:
        """Fetch the roster: one dict of attributes for each contact (RFC 6121 section 2.1.3)."""
        ...

    def subscribe(self, jid: str) -> None:
        """Ask to see somebody's presence (RFC 6121 section 3.1)."""
        ...

    def close(self) -> None:
        """Close the stream in order. Does not wait for the server's closing tag."""
        ...

    def keep_alive(self) -> None:
        """Show that the connection is alive (RFC 6120 section 4.6)."""
        ...

    @property
    def backlog(self) -> int:
        """Bytes sent that the socket has not taken."""
        ...
