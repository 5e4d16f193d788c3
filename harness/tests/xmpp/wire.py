"""Wire texts that several tests share, and a peer that answers a client by script."""

from __future__ import annotations

import base64
import re

from scramp import ScramMechanism

from harness.xmpp import ClientStream, Login, StartTls
from harness.xmpp import namespaces as ns

HEADER = (
    b"<?xml version='1.0'?><stream:stream from='bench.test' id='s>1' version='1.0' "
    b"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)


def features(*children: str) -> bytes:
    return f"<stream:features>{''.join(children)}</stream:features>".encode()


def mechanisms(*names: str) -> str:
    inner = "".join(f"<mechanism>{name}</mechanism>" for name in names)
    return f"<mechanisms xmlns='{ns.SASL}'>{inner}</mechanisms>"


STARTTLS = f"<starttls xmlns='{ns.TLS}'/>"
BIND = f"<bind xmlns='{ns.BIND}'/>"
SESSION = f"<session xmlns='{ns.SESSION}'/>"
PROCEED = f"<proceed xmlns='{ns.TLS}'/>".encode()
SUCCESS = f"<success xmlns='{ns.SASL}'/>".encode()
BOUND = (
    f"<iq type='result' id='bind'><bind xmlns='{ns.BIND}'><jid>u0@bench.test/r</jid></bind></iq>"
).encode()


class Server:
    """Answers what the client has sent; `received` keeps all of it. Knows SCRAM by scramp."""

    def __init__(
        self,
        offer: str,
        *,
        tls: bool = False,
        bound_features: str = BIND,
        password: str = "secret",
        bindings: dict[str, bytes] | None = None,
    ) -> None:
        self.received = b""
        self._offer = offer
        self._tls = tls
        self._bound_features = bound_features
        self._password = password
        self._bindings = bindings or {}
        self._authenticated = False
        self._scram = None

    def answer(self, data: bytes) -> bytes:
        self.received += data
        if b"<stream:stream" in data:
            if self._authenticated:
                return HEADER + features(self._bound_features)
            return HEADER + features(STARTTLS if self._tls else self._offer)
        if b"<starttls" in data:
            self._tls = False
            return PROCEED
        if b"<auth" in data:
            return self._auth(data)
        if b"<response" in data:
            return self._final(data)
        if b"id='bind'" in data:
            return BOUND
        if b"id='session'" in data:
            return b"<iq type='result' id='session'/>"
        return b""

    def _auth(self, data: bytes) -> bytes:
        name = re.search(rb"mechanism='([^']+)'", data)[1].decode()
        if not name.startswith("SCRAM"):
            self._authenticated = True
            return SUCCESS
        mechanism = ScramMechanism(name)
        salt, stored, server_key, count = mechanism.make_auth_info(
            self._password, iteration_count=4096, salt=b"0123456789abcdef"
        )
        binding = None
        if name.endswith("-PLUS"):
            binding = next(iter(self._bindings.items()))
        self._scram = mechanism.make_server(
            lambda _user: (salt, stored, server_key, count), channel_binding=binding
        )
        self._scram.set_client_first(payload(data))
        return sasl("challenge", self._scram.get_server_first())

    def _final(self, data: bytes) -> bytes:
        self._scram.set_client_final(payload(data))
        self._authenticated = True
        return sasl("success", self._scram.get_server_final())


def payload(data: bytes) -> str:
    return base64.b64decode(re.search(rb">([^<]*)<", data)[1]).decode()


def sasl(name: str, text: str) -> bytes:
    return f"<{name} xmlns='{ns.SASL}'>{base64.b64encode(text.encode()).decode()}</{name}>".encode()


def run(stream: ClientStream, server: Server, split: int = 1 << 30, bindings=None) -> list:
    """Let the two talk until nothing more is said; input arrives in pieces of `split` bytes."""
    events = []
    stream.start(bindings)
    for _ in range(50):
        out = stream.take()
        if not out:
            return events
        data = server.answer(out)
        for start in range(0, len(data), split):
            for event in stream.receive(data[start : start + split]):
                events.append(event)
                if isinstance(event, StartTls):
                    stream.tls_done(bindings or {})
    raise AssertionError("no end")


def login(**kwargs) -> Login:
    values = {"user": "u0", "password": "secret", "domain": "bench.test", "tls": "off"} | kwargs
    return Login(**values)
