"""What a session needs of the connection below it."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """The connection under a session."""

    def send(self, data: bytes) -> None:
        """Queue bytes for the client."""
        ...

    def start_tls(self) -> None:
        """What is queued still goes out as it is; from then on TLS, and `tls_done` at last."""
        ...

    def settled(self) -> None:
        """The negotiation is over; its time limit ends."""
        ...

    def expect_end(self) -> None:
        """Our end of the stream is queued; wait for theirs, but not long."""
        ...

    def finish(self) -> None:
        """Both ends of the stream are there: close the connection."""
        ...
