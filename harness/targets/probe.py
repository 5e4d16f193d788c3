"""A small blocking XMPP stream: enough to see whether a server answers, and to register.

It knows the stream header, features, STARTTLS and one stanza at a time; simulated clients use
`harness.xmpp` instead.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.sax.saxutils import quoteattr

from harness.errors import ConnectionLost, HarnessError, NoReply, StreamError, StreamViolation
from harness.targets.base import Endpoint, TlsMode

STREAM = "{http://etherx.jabber.org/streams}"
TLS = "{urn:ietf:params:xml:ns:xmpp-tls}"
_STREAM_ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"
_TEXT = f"{_STREAM_ERRORS}text"


def tls_context(ca: str | Path | None, verify: bool = True) -> ssl.SSLContext:
    """A client's TLS context. Raises HarnessError when the CA file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise HarnessError(f"cannot read certificates from {ca}: {error}") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Stream:
    """One client stream over a blocking socket. Every read and write obeys `timeout_s`.

    Raises ConnectionLost (refused, closed), NoReply (too slow), StreamViolation (not XMPP),
    StreamError (the server said no) and HarnessError (TLS, name resolution).
    """

    def __init__(self, host: str, port: int, domain: str, timeout_s: float = 10.0) -> None:
        self.features: Element | None = None
        self._where = f"{host} port {port}"
        self._domain = domain
        self._timeout_s = timeout_s
        self._deadline = 0.0
        self._elements: Iterator[Element] = iter(())
        try:
            self._socket = socket.create_connection((host, port), timeout_s)
        except socket.gaierror as error:
            raise HarnessError(f"cannot resolve the host name {host}: {error.strerror}") from None
        except TimeoutError:
            raise NoReply("connect-timeout", f"{self._where} did not accept") from None
        except OSError as error:
            raise ConnectionLost(
                "connection-refused", f"cannot connect to {self._where}: {error.strerror}"
            ) from None

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def peer(self) -> str:
        """The address that answered."""
        return str(self._socket.getpeername()[0])

    def open(self) -> Element:
        """Send a stream header and return the server's features (RFC 6120 section 4.3.2)."""
        self._elements = self._read_elements()
        self._send(
            f"<?xml version='1.0'?><stream:stream to={quoteattr(self._domain)} version='1.0' "
            "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        self.features = self._next()
        if self.features.tag != f"{STREAM}features":
            raise StreamViolation("bad-format", f"{self._where} sent no stream features first")
        return self.features

    def request(self, xml: str) -> Element:
        """Send one element and return the next one that arrives."""
        self._send(xml)
        return self._next()

    def next(self) -> Element:
        """The next element that arrives."""
        return self._next()

    def secure(self, mode: TlsMode, context: ssl.SSLContext) -> None:
        """Bring the stream to where features can be used in `mode`; leaves it opened."""
        if mode == "direct":
            self._wrap(context)
        features = self.open()
        if mode != "starttls":
            return
        if features.find(f"{TLS}starttls") is None:
            raise HarnessError(
                f"{self._where} offers no STARTTLS: choose another port, or tls = 'off' or 'direct'"
            )
        if self.request(f"<starttls xmlns='{TLS[1:-1]}'/>").tag != f"{TLS}proceed":
            raise StreamViolation("starttls-failure", f"{self._where} refused STARTTLS")
        self._wrap(context)
        self.open()

    def close(self) -> None:
        """Close the connection; polite where it still can be."""
        try:
            self._socket.settimeout(1.0)
            self._socket.sendall(b"</stream:stream>")
        except OSError:
            pass
        self._socket.close()

    def _wrap(self, context: ssl.SSLContext) -> None:
        self._socket.settimeout(self._timeout_s)
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=self._domain)
        except ssl.SSLCertVerificationError as error:
            raise HarnessError(
                f"the certificate of {self._where} is not trusted for {self._domain} "
                f"({error.verify_message}): name its authority with ca, or set verify = false"
            ) from None
        except TimeoutError:
            raise NoReply("tls-timeout", f"{self._where} did not finish the handshake") from None
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror or "connection closed"
            raise ConnectionLost("tls-failure", f"no TLS with {self._where}: {reason}") from None

    def _send(self, xml: str) -> None:
        self._socket.settimeout(self._timeout_s)
        try:
            self._socket.sendall(xml.encode())
        except OSError as error:
            raise ConnectionLost("connection-closed", f"{self._where}: {error.strerror}") from None

    def _next(self) -> Element:
        self._deadline = time.monotonic() + self._timeout_s
        element = next(self._elements, None)
        if element is None:
            raise ConnectionLost("connection-closed", f"{self._where} closed the stream")
        if element.tag == f"{STREAM}error":
            names = [c.tag.removeprefix(_STREAM_ERRORS) for c in element if c.tag != _TEXT]
            text = element.findtext(_TEXT) or f"said by {self._where}"
            raise StreamError(names[0] if names else "undefined-condition", text)
        return element

    def _read_elements(self) -> Iterator[Element]:
        """The stream's children, one by one, until the server closes the stream."""
        parser: XMLPullParser[Element] = XMLPullParser(events=("start", "end"))
        depth = 0
        root: Element | None = None
        while True:
            for event, element in self._events(parser):
                depth += 1 if event == "start" else -1
                if root is None:
                    root = element
                    if element.tag != f"{STREAM}stream":
                        raise StreamViolation(
                            "bad-format", f"{self._where} answers, but not with an XMPP stream"
                        )
                elif depth == 0:
                    return
                elif depth == 1 and event == "end":
                    root.remove(element)
                    yield element

    def _events(self, parser: XMLPullParser[Element]) -> list[tuple[str, Element]]:
        """What the next bytes from the server complete."""
        data = self._receive()
        try:
            parser.feed(data)
            if hasattr(parser, "flush"):  # expat 2.6 may hold a last token back
                parser.flush()
            return list(cast("Iterator[tuple[str, Element]]", parser.read_events()))
        except ParseError:
            raise StreamViolation(
                "not-well-formed", f"{self._where} answers, but not with an XMPP stream"
            ) from None

    def _receive(self) -> bytes:
        left_s = self._deadline - time.monotonic()
        try:
            if left_s <= 0:
                raise TimeoutError
            self._socket.settimeout(left_s)
            data = self._socket.recv(65536)
        except TimeoutError:
            raise NoReply(
                "no-answer",
                f"{self._where} accepts, but sent nothing of use within {self._timeout_s:g} s",
            ) from None
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror
            raise ConnectionLost("connection-closed", f"{self._where}: {reason}") from None
        if not data:
            raise ConnectionLost("connection-closed", f"{self._where} closed the connection")
        return data


def connect(endpoint: Endpoint, context: ssl.SSLContext, timeout_s: float = 10.0) -> Stream:
    """A stream to `endpoint`, protected as it says, with the features that then hold."""
    stream = Stream(endpoint.host, endpoint.port, endpoint.domain, timeout_s)
    try:
        stream.secure(endpoint.tls, context)
    except BaseException:
        stream.close()
        raise
    return stream
