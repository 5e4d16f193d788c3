"""Says to a server what a case of the suite said, and tells what the server does.

Python 3.8 or newer and its standard library only: the harness copies this file, with the case
at its end, next to every finding, to be attached to a bug report. The suite itself uses
`Scram` and `describe`, so that a replay and the case that it came from speak of the same things.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import re
import secrets
import socket
import ssl
import sys
import time
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

CASE = None
PATIENCE = 5.0  # seconds
SHOWN = 4_000  # bytes of one write or read

_URI = {
    "http://etherx.jabber.org/streams": "stream",
    "urn:ietf:params:xml:ns:xmpp-tls": "tls",
    "urn:ietf:params:xml:ns:xmpp-sasl": "sasl",
}
_CONDITIONS = ("xmpp-streams}", "xmpp-sasl}", "xmpp-stanzas}")


class Scram:
    """The client's side of SCRAM (RFC 5802), with ways to do it wrong for those who must.

    `derive(hash name, password, salt, iterations)` computes the salted password.
    """

    def __init__(
        self, mechanism: str, user: str, password: str, derive: Any = hashlib.pbkdf2_hmac
    ) -> None:
        self.hash = {"1": "sha1", "256": "sha256", "512": "sha512"}[
            mechanism.replace("-PLUS", "").rpartition("-")[2]
        ]
        self.password = password
        self.derive = derive
        self.nonce = secrets.token_urlsafe(18)
        name = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={name},r={self.nonce}"
        self.gs2 = "n,,"
        self.binding = b""
        self.signature = b""

    def first(self, gs2: str = "n,,", binding: bytes = b"") -> bytes:
        """The client's first message."""
        self.gs2, self.binding = gs2, binding
        return (gs2 + self.bare).encode()

    def final(self, challenge: bytes, wrong: str = "") -> bytes:
        """The client's final message. `wrong`: "nonce", "proof" or "binding" is spoilt."""
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        nonce = fields["r"][:-1] + "!" if wrong == "nonce" else fields["r"]
        bound = base64.b64encode(self.gs2.encode() + self.binding).decode()
        if wrong == "binding":
            bound = base64.b64encode(b"y,,").decode()
        without_proof = f"c={bound},r={nonce}"
        salted = self.derive(
            self.hash, self.password.encode(), base64.b64decode(fields["s"]), int(fields["i"])
        )
        message = ",".join((self.bare, challenge.decode(), without_proof)).encode()
        key = self._mac(salted, b"Client Key")
        signature = self._mac(hashlib.new(self.hash, key).digest(), message)
        self.signature = self._mac(self._mac(salted, b"Server Key"), message)
        proof = bytes(a ^ b for a, b in zip(key, signature))  # noqa: B905 - Python 3.8
        if wrong == "proof":
            proof = bytes(len(proof))
        return (f"{without_proof},p={base64.b64encode(proof).decode()}").encode()

    def proves(self, message: bytes) -> bool:
        """Whether the server's final message proves that it knows the password."""
        return message.startswith(b"v=") and hmac.compare_digest(
            base64.b64decode(message[2:].split(b",")[0]), self.signature
        )

    def _mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.new(key, message, self.hash).digest()


def plain(user: str, password: str, authzid: str = "") -> bytes:
    """The message of PLAIN (RFC 4616)."""
    return (f"{authzid}\0{user}\0{password}").encode()


def name_of(element: Element) -> str:
    """An element in few words, e.g. "stream error not-well-formed", "iq result"."""
    uri, _, local = element.tag[1:].rpartition("}")
    if local == "error" and _URI.get(uri) == "stream":
        return "stream error " + _condition(element)
    if local in ("iq", "message", "presence") and uri in ("jabber:client", "jabber:server"):
        kind = element.get("type", "")
        if kind != "error":
            return " ".join(filter(None, (local, kind)))
        error = element.find(f"{{{uri}}}error")
        words = [local, "error", _condition(error) if error is not None else "without child"]
        return " ".join(words)
    if local == "features":
        return "features"
    words = [_URI.get(uri, ""), local]
    if local == "failure" and len(element):
        words.append(_condition(element))
    return " ".join(filter(None, words))


def describe(elements: list[Element], ending: str) -> str:
    """What a server did, in few words. `ending`: how the stream stands afterwards,
    "fence" (it lives), "closed", "reset", "broken" (bad XML came) or "open" (nothing more came)."""
    words = [name_of(element) for element in elements]
    if any(word.startswith("stream error") for word in words):
        return ", ".join(words)  # how it was closed then is a question of its own
    endings = {"fence": "", "open": "" if words else "silence", "broken": "bad XML"}
    words.append(endings.get(ending, ending))
    return ", ".join(filter(None, words)) or "ignored"


def _condition(element: Element) -> str:
    names = [child.tag.rpartition("}")[2] for child in element if _is_condition(child.tag)]
    return names[0] if names else "without condition"


def _is_condition(tag: str) -> bool:
    return any(uri in tag for uri in _CONDITIONS) and not tag.endswith("}text")


class Stream:
    """One connection of a replay."""

    def __init__(self, options: argparse.Namespace, tls: bool) -> None:
        self.options = options
        port = options.direct_port if tls and options.direct_port else options.port
        self.socket: socket.socket = socket.create_connection((options.host, port), PATIENCE)
        self.features: Element | None = None
        if tls:
            self.secure()
        self.fresh()

    def secure(self) -> None:
        context = ssl.create_default_context(cafile=self.options.ca)
        if self.options.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self.socket.settimeout(PATIENCE)
        self.socket = context.wrap_socket(self.socket, server_hostname=self.options.domain)

    def restart(self) -> None:
        self.restarting = True

    def fresh(self) -> None:
        self.restarting = False
        self.parser: Any = ElementTree.XMLPullParser(("start", "end"))
        self.items: list[tuple[str, Any]] = []
        self.depth = 0
        self.root: Any = None

    def send(self, data: bytes) -> None:
        show(">", data)
        try:
            self.socket.sendall(data)
        except OSError as error:
            show("!", str(error).encode())

    def next(self) -> tuple[str, Any]:
        """The next ("header" | "element" | "end" | "broken" | "closed" | "reset" | "open", it)."""
        deadline = time.monotonic() + PATIENCE
        while not self.items:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return "open", None
            except OSError:
                return "reset", None
            if not data:
                return "closed", None
            show("<", data)
            self.feed(data)
        return self.items.pop(0)

    def feed(self, data: bytes) -> None:
        if self.restarting and re.match(rb"\s*<(\?xml|stream:stream)\s", data):
            self.fresh()
        self.restarting = False
        try:
            self.parser.feed(data)
            getattr(self.parser, "flush", lambda: None)()
            events = list(self.parser.read_events())
        except ElementTree.ParseError:
            self.items.append(("broken", None))
            return
        for event, element in events:
            if event == "start":
                self.depth += 1
                if self.depth == 1:
                    self.root = element
                    self.items.append(("header", element))
                continue
            self.depth -= 1
            if self.depth == 1:
                self.root.remove(element)
                if element.tag.endswith("}features"):
                    self.features = element
                self.items.append(("element", element))
            elif self.depth == 0:
                self.items.append(("end", None))

    def login(self, user: str, password: str) -> None:
        """SASL with the best mechanism that this file knows."""
        sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
        assert self.features is not None
        offered = [e.text for e in self.features.iter(f"{{{sasl}}}mechanism")]
        known = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1")
        mechanism = next((name for name in known if name in offered), "PLAIN")
        scram = Scram(mechanism, user, password) if mechanism != "PLAIN" else None
        first = scram.first() if scram else plain(user, password)
        form = "<%s xmlns='%s'%s>%s</%s>"
        attribute = f" mechanism='{mechanism}'"
        self.send((form % ("auth", sasl, attribute, _b64(first), "auth")).encode())
        kind, element = self.next()
        if scram and kind == "element" and element.tag.endswith("}challenge"):
            final = scram.final(base64.b64decode(element.text))
            self.send((form % ("response", sasl, "", _b64(final), "response")).encode())
            kind, element = self.next()
        if kind != "element" or not element.tag.endswith("}success"):
            sys.exit(f"cannot log in as {user}: give accounts of the server with --account")

    def react(self, fence: str) -> str:
        """All that comes until the fence is answered or the stream is over, in few words."""
        elements: list[Element] = []
        while True:
            kind, element = self.next()
            if kind == "element":
                if fence and re.search(fence, name_of(element) + " " + element.get("id", "")):
                    return describe(elements, "fence")
                elements.append(element)
            elif kind == "end":
                return describe(elements, "closed")
            elif kind != "header":
                return describe(elements, kind)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def show(sign: str, data: bytes) -> None:
    more = f" ... ({len(data)} bytes)" if len(data) > SHOWN else ""
    print(sign, data[:SHOWN].decode("utf-8", "backslashreplace") + more, flush=True)


def fill(text: str, options: argparse.Namespace) -> bytes:
    """The bytes of a step, with the accounts and the domain of this run in them."""
    for number, (user, password) in enumerate(options.accounts):
        text = text.replace(f"{{{{jid{number}}}}}", f"{user}@{options.domain}")
        text = text.replace(f"{{{{plain{number}}}}}", _b64(plain(user, password)))
    return text.replace("{{domain}}", options.domain).encode("latin-1")


def play(case: dict[str, Any], options: argparse.Namespace) -> str:
    """Do the steps; the last reaction of the server."""
    streams: dict[int, Stream] = {}
    reaction = ""
    for step in case["steps"]:
        do, number = step["do"], step["stream"]
        if do == "connect":
            streams[number] = Stream(options, step["tls"])
            continue
        stream = streams[number]
        if do == "send":
            stream.send(fill(step["data"], options) * step["times"])
        elif do == "next":
            stream.next()
        elif do == "react":
            reaction = stream.react(step["fence"])
        elif do == "login":
            stream.login(*options.accounts[step["account"]])
        elif do == "half-close":
            stream.socket.shutdown(socket.SHUT_WR)
        elif do == "close":
            stream.socket.close()
        else:
            getattr(stream, {"tls": "secure", "restart": "restart"}[do])()
    return reaction


def main(case: dict[str, Any]) -> int:
    """Replay the case and compare. Exit code 1: the server still does it; 0: it does not."""
    parser = argparse.ArgumentParser(description=f"Replay of {case['case']}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5222)
    parser.add_argument("--direct-port", type=int, help="port for TLS from the first byte")
    parser.add_argument("--domain", default="localhost")
    parser.add_argument("--ca", help="PEM file of the authority of the server's certificate")
    parser.add_argument("--insecure", action="store_true", help="do not check the certificate")
    parser.add_argument(
        "--account",
        dest="accounts",
        metavar="USER:PASSWORD",
        action="append",
        default=[],
        type=lambda text: tuple(text.split(":", 1)),
        help=f"account to use; {case['accounts']} needed, in this order",
    )
    options = parser.parse_args()
    if len(options.accounts) < case["accounts"]:
        parser.error(f"this case needs --account {case['accounts']} times")
    print(f"{case['case']} ({', '.join(case['requirements'])})")
    reaction = play(case, options)
    print(f"expected: {case['expected']}\nrecorded: {case['observed']}")
    if not any(step["do"] == "react" for step in case["steps"]):
        print("now:      compare the lines above; this case judges details of them")
        return 0
    print(f"now:      {reaction}")
    return 1 if reaction == case["reaction"] else 0


if __name__ == "__main__" and CASE:
    sys.exit(main(json.loads(CASE)))
