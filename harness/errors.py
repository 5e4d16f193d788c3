"""Whose fault it is: ours and the user's (HarnessError) or the server's (PeerError)."""

from __future__ import annotations


class HarnessError(Exception):
    """We, or the person who called us, did something wrong; the text says what to do about it.

    Commands print the text as one line and exit with code 2.
    """


class PeerError(Exception):
    """The server did something wrong, refused us, or went away.

    `condition` is the RFC's name of what happened where it has one (RFC 6120 sections 4.9.3,
    6.5, 8.3.3), otherwise a short slug of ours; it is the key under which errors are counted.
    """

    def __init__(self, condition: str, text: str = "") -> None:
        super().__init__(condition, text)
        self.condition = condition
        self.text = text

    def __str__(self) -> str:
        return f"{self.condition}: {self.text}" if self.text else self.condition


class StreamError(PeerError):
    """The server closed the stream with <stream:error/> (RFC 6120 section 4.9)."""


class StreamViolation(PeerError):  # noqa: N818 - the field's term
    """The server sent what a stream may not carry; `condition` is the stream error it earns."""


class SaslError(PeerError):
    """Authentication failed (RFC 6120 section 6.5), or the server could not prove itself."""


class StanzaError(PeerError):
    """A stanza of type error came back (RFC 6120 section 8.3)."""


class NegotiationError(PeerError):
    """The server offers nothing that we may use, or steps outside the negotiation table."""


class ConnectionLost(PeerError):  # noqa: N818 - the field's term
    """The connection was refused, reset or closed without a closing stream tag."""


class NoReply(PeerError):  # noqa: N818 - the field's term
    """Nothing came back within the time limit."""
