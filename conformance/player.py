"""Says to a server what a case of the suite said, and tells what the server does.

Python 3.8 or newer and its standard library only: the harness copies this file, with `news` and
the case in it, next to every finding. The suite itself uses them, so that both speak alike.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import socket
import ssl
import sys
import time
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from conformance.news import recalled

CASE = None
PATIENCE = 5.0  # seconds
SHOWN = 4_000  # bytes of one write or read

_URI = {
    "http://etherx.jabber.org/streams": "stream",
    "urn:ietf:params:xml:ns:xmpp-tls": "tls",
    "urn:ietf:params:xml:ns:xmpp-sasl": "sasl",
}
_CONDITIONS = ("xmpp-streams}", "xmpp-sasl}", "xmpp-stanzas}")
_HI = hashlib.pbkdf2_hmac
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_ALPN = "xmpp-client"
_SPOILT = {
    "order": "r={r},c={c}",
    "no-binding": "r={r}",
    "no-nonce": "c={c}",
    "extension": "c={c},r={r},x=unknown",  # which is to be ignored
}


class Scram:
    """The client's side of SCRAM (RFC 5802), with ways to do it wrong for those who must.
    `derive(hash name, password, salt, iterations)` computes the salted password."""

    def __init__(self, mechanism: str, user: str, password: str, derive: Any = _HI) -> None:
        self.hash = "sha" + mechanism.replace("-PLUS", "").rpartition("-")[2]
        self.password, self.derive = password, derive
        self.nonce = secrets.token_urlsafe(18)
        self.name = user.replace("=", "=3D").replace(",", "=2C").encode().decode("latin-1")
        self.gs2 = self.bare = ""
        self.binding = self.signature = b""

    def first(self, message: str = "n,,n={name},r={nonce}", binding: bytes = b"") -> bytes:
        """The client's first message, or another in its place, with the name and nonce in it."""
        message = message.replace("{name}", self.name).replace("{nonce}", self.nonce)
        *header, self.bare = message.split(",", 2)
        self.gs2, self.binding = ",".join([*header, ""]), binding
        return message.encode("latin-1")

    def final(self, challenge: bytes, wrong: str = "") -> bytes:
        """The client's final message; `wrong` (see `_SPOILT` and below) spoils one thing of it."""
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        nonces = {"nonce": fields["r"][:-1] + "!", "own-nonce": self.nonce, "no-nonce": ""}
        binding = bytes(len(self.binding)) if wrong == "binding" else self.binding
        bound = b"y,," if wrong == "header" else self.gs2.encode("latin-1") + binding
        form = _SPOILT.get(wrong, "c={c},r={r}")
        without_proof = form.format(c=_b64(bound), r=nonces.get(wrong, fields["r"]))
        salt, rounds = base64.b64decode(fields["s"]), int(fields["i"])
        salted = self.derive(self.hash, self.password.encode(), salt, rounds)
        message = self.bare.encode("latin-1") + b"," + challenge + b"," + without_proof.encode()
        key = self._mac(salted, b"Client Key")
        signature = self._mac(hashlib.new(self.hash, key).digest(), message)
        self.signature = self._mac(self._mac(salted, b"Server Key"), message)
        proof = bytes(a ^ b for a, b in zip(key, signature))  # noqa: B905 - Python 3.8
        proof = {"proof": bytes(len(proof)), "short-proof": proof[1:]}.get(wrong, proof)
        written = {"no-proof": "", "bad-proof": ",p=*"}.get(wrong, ",p=" + _b64(proof))
        return (without_proof + written).encode()

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


class SaslClient:
    """Makes the elements of a client's SASL, wrong ones where a step of the replay says so. It has
    `element` ("auth", "response") and either `message`, in which {user}, {password}, {prefix} (of
    the password), {domain}, and SCRAM's {name} and {nonce} are filled in, or `wrong`: SCRAM's
    answer to the challenge of that number, spoilt."""

    def __init__(self, user: str, password: str, domain: str, derive: Any = _HI) -> None:
        self.user, self.password, self.domain, self.derive = user, password, domain, derive
        self.scram: Scram | None = None
        self.challenges: list[bytes] = []

    def element(self, step: dict[str, Any], binding: bytes = b"") -> bytes:
        """The element of a step; `binding`: what the mechanism is to be bound to."""
        mechanism, message = step.get("mechanism"), step.get("message")
        data = None if message is None else self._filled(message)
        if "wrong" in step and self.scram:
            data = self.scram.final(self.challenges[step["challenge"]], step["wrong"])
        elif data and "SCRAM-SHA-" in str(mechanism):
            self.scram = Scram(str(mechanism), self.user, self.password, self.derive)
            data = self.scram.first(data.decode("latin-1"), binding)
        text = "" if data is None else spoilt(_b64(data) or "=", step.get("spoil", ""))
        start = f"auth mechanism='{mechanism}'" if step["element"] == "auth" else "response"
        return f"<{start} xmlns='{_SASL}'>{text}</{step['element']}>".encode()

    def took(self, element: Element) -> None:
        """The server has sent this."""
        if element.tag == f"{{{_SASL}}}challenge":
            text = element.text or ""
            self.challenges.append(b"" if text == "=" else base64.b64decode(text))

    def _filled(self, message: str) -> bytes:
        data = message.encode("latin-1")
        marks = {"user": self.user, "domain": self.domain, "prefix": self.password[:-1]}
        for mark, value in {**marks, "password": self.password}.items():
            data = data.replace(b"{%s}" % mark.encode(), value.encode())
        return data


def spoilt(text: str, how: str) -> str:
    """Base64 with faulty padding, or with a text inserted: "AT:TEXT", AT a share of the length."""
    bare = text.rstrip("=")
    if how == "padding-bits" and bare != text:
        return bare[:-1] + chr(ord(bare[-1]) + 1) + text[len(bare) :]
    if "padding" in how:
        return bare
    share, _, inserted = how.partition(":")
    offset = int(float(share or 0) * len(text))
    return text[:offset] + inserted + text[offset:]


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
    tags = [e.tag for e in element if any(uri in e.tag for uri in _CONDITIONS)]
    names = [tag.rpartition("}")[2] for tag in tags if not tag.endswith("}text")]
    return names[0] if names else "without condition"


class Stream:
    """One connection of a replay."""

    def __init__(self, options: argparse.Namespace, step: dict[str, Any]) -> None:
        self.options = options
        port = (options.direct_port if step["tls"] or "direct" in step else None) or options.port
        self.socket: socket.socket = socket.create_connection((options.host, port), PATIENCE)
        self.features: Element | None = None
        self.client: SaslClient | None = None
        self.said: list[bytes] = []  # SASL elements
        self.heard: list[Element] = []  # since the last mark
        if step["tls"]:
            self.secure(**step.get("with", {}))
        self.fresh()

    def secure(self, version: str = "", certificate: bool = False, alpn: str = _ALPN) -> None:
        context = ssl.create_default_context(cafile=self.options.ca)
        context.set_alpn_protocols(alpn.split())
        if version:
            context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        if certificate:
            context.load_cert_chain(self.options.certificate)
        if self.options.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self.socket.settimeout(PATIENCE)
        self.socket = context.wrap_socket(self.socket, server_hostname=self.options.domain)

    def fresh(self) -> None:
        self.restarting = False
        self.parser: Any = ElementTree.XMLPullParser(("start", "end"))
        self.items: list[tuple[str, Any]] = []
        self.depth, self.root = 0, Element("root")

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
                self.heard.append(element)
            elif self.depth == 0:
                self.items.append(("end", None))

    def login(self, account: int) -> None:
        """SASL with the best mechanism that this file knows."""
        assert self.features is not None
        offered = [e.text for e in self.features.iter(f"{{{_SASL}}}mechanism")]
        known = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1")
        name = next((name for name in known if name in offered), "PLAIN")
        message = "\0{user}\0{password}" if name == "PLAIN" else "n,,n={name},r={nonce}"
        self.sasl({"account": account, "element": "auth", "mechanism": name, "message": message})
        answer = self.answer()
        if answer == "sasl challenge":
            self.sasl({"account": account, "element": "response", "wrong": "", "challenge": -1})
            answer = self.answer()
        if answer != "sasl success":
            sys.exit("cannot log in: give accounts of the server with --account")

    def sasl(self, step: dict[str, Any]) -> None:
        """An element of SASL that depends on the account, or on what the server has said."""
        user, password = self.options.accounts[step["account"]]
        if self.client is None or self.client.user != user:
            self.client = SaslClient(user, password, self.options.domain)
        kind, bound = step.get("binding"), b""
        if kind and isinstance(self.socket, ssl.SSLSocket):
            bound = hashlib.sha256(self.socket.getpeercert(True) or b"").digest()
            if kind != "tls-server-end-point":
                bound = self.socket.get_channel_binding(kind) or b""
        self.said.append(self.client.element(step, bound))
        self.send(self.said[-1])

    def answer(self) -> str:
        """The next element, or the end, in few words."""
        kind, element = next(item for item in iter(self.next, None) if item[0] != "header")
        if kind == "element" and self.client:
            self.client.took(element)
        ending = {"element": "fence", "end": "closed"}.get(kind, kind)
        return describe([element] if kind == "element" else [], ending)

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
    """Do the steps; what the server did at the one to be judged, or else last."""
    streams: dict[int, Stream] = {}
    said = [(s["do"] == "recall", n, do(s, streams, options)) for n, s in enumerate(case["steps"])]
    return str(max((one for one in said if one[2]), default=("",))[-1])


def do(step: dict[str, Any], streams: dict[int, Stream], options: argparse.Namespace) -> Any:
    """One step; what the server did, if it is a step that looks."""
    if step["do"] == "connect":
        streams[step["stream"]] = Stream(options, step)
        return None
    stream = streams[step["stream"]]
    actions: dict[str, Any] = {
        "send": lambda: stream.send(fill(step["data"], options) * step["times"]),
        "next": lambda: stream.next() and None,
        "mark": stream.heard.clear,
        "recall": lambda: recalled(stream.heard, options),
        "react": lambda: stream.react(step["fence"]),
        "answer": stream.answer,
        "sasl": lambda: stream.sasl(step),
        "sasl-again": lambda: stream.send(streams[step["of"]].said[step["which"]]),
        "login": lambda: stream.login(step["account"]),
        "tls": lambda: stream.secure(**step.get("with", {})),
        "restart": lambda: setattr(stream, "restarting", True),
        "half-close": lambda: stream.socket.shutdown(socket.SHUT_WR),
    }
    return actions[step["do"]]()


def main(case: dict[str, Any]) -> int:
    """Replay the case and compare. Exit code 1: the server still does it; 0: it does not."""
    parser = argparse.ArgumentParser(description=f"Replay of {case['case']}")
    add, needed = parser.add_argument, f"account to use; {case['accounts']} needed, in this order"
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=5222)
    add("--direct-port", type=int, help="port for TLS from the first byte")
    add("--domain", default="localhost")
    add("--ca", help="PEM file of the authority of the server's certificate")
    add("--insecure", action="store_true", help="do not check the certificate")
    add("--certificate", help="PEM file of a client certificate and its key")
    add("--account", metavar="USER:PASSWORD", action="append", default=[], help=needed)
    options = parser.parse_args()
    options.accounts = [text.split(":", 1) for text in options.account]
    options.accounts += json.loads(os.environ.get("XMPP_ACCOUNTS", "[]"))
    if len(options.accounts) < case["accounts"]:
        parser.error(f"this case needs --account {case['accounts']} times")
    print(f"{case['case']} ({', '.join(case['requirements'])})")
    reaction = play(case, options)
    print(f"expected: {case['expected']}\nrecorded: {case['observed']}")
    if not case["reaction"]:
        print("now:      compare the lines above; this case judges details of them")
        return 0
    print(f"now:      {reaction}")
    return 1 if reaction == case["reaction"] else 0


if __name__ == "__main__" and CASE:
    sys.exit(main(json.loads(CASE)))
