"""The light client: the core over gevent watchers, a few kilobytes and microseconds each (D2)."""

from __future__ import annotations

from functools import lru_cache
from math import inf
from time import monotonic
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from gevent.event import AsyncResult
from gevent.timeout import Timeout

from harness.errors import ConnectionLost, NoReply, PeerError
from harness.load.client import PHASES
from harness.targets.base import Account
from harness.transport.gevent_tcp import Connection
from harness.xmpp import (
    Authenticated,
    Bound,
    ClientStream,
    Closed,
    Login,
    ScannedMessage,
    Template,
    rooms,
)
from harness.xmpp import namespaces as ns
from harness.xmpp.client import Event
from harness.xmpp.stanza import CHAT, escape, iq, serialise, stanza_error

if TYPE_CHECKING:
    from harness.load.engine import Engine

_ROSTER = Template(f"<iq type='get' id='{{id}}'><query xmlns='{ns.ROSTER}'/></iq>")
_PRESENCE = b"<presence/>"
# For servers that do not send it back: they process a stream in order (RFC 6120 section 10.1).
_FENCE = f"<iq type='get' id='presence'><ping xmlns='{ns.PING}'/></iq>".encode()
_address = lru_cache(65_536)(escape)
_body = lru_cache(1_024)(escape)


class LightClient:
    """One simulated client (see `harness.load.client.Client` for the verbs)."""

    __slots__ = (
        "_connection",
        "_engine",
        "_login",
        "_login_spec",
        "_serial",
        "_since",
        "_waiting",
        "bare",
        "echoed",
        "index",
        "jid",
    )

    def __init__(self, engine: Engine, index: int, account: Account) -> None:
        endpoint = engine.session.endpoint
        self.index = index
        self.bare = f"{account.user}@{endpoint.domain}"
        self.jid = ""
        self._engine = engine
        self._login_spec = Login(
            user=account.user,
            password=account.password,
            domain=endpoint.domain,
            tls=endpoint.tls,
            mechanisms=engine.session.mechanisms,
        )
        self._connection: Connection | None = None
        self._login: _LoginInProgress | None = None
        self._waiting: dict[str, AsyncResult] = {}
        self._serial = 0
        self._since = inf  # online, monotonic
        self.echoed = False  # our own presence has come back

    def login(self, timeout: float) -> dict[str, float]:
        self.abort()  # what is left of the stream before, so that its end is not taken for ours
        endpoint = self._engine.session.endpoint
        stream = ClientStream(self._login_spec, self._engine.limits)
        self._login = progress = _LoginInProgress()
        self._since = inf
        self._connection = connection = Connection(endpoint, stream, self._on_event)
        connection.open()
        limit = Timeout(timeout)
        limit.start()
        try:
            progress.done.get()
        except Timeout as expired:
            if expired is not limit:
                raise
            stage = progress.missing(connection)
            connection.abort()
            raise NoReply("timeout", f"{stage} not finished within {timeout:g} s") from None
        finally:
            limit.cancel()
            self._login = None
        return progress.marks

    def message(self, to: str, body: str, id: str) -> None:  # noqa: A002
        self._send(CHAT(_address(to), id.encode(), _body(body)))

    def groupchat(self, room: str, body: str, id: str) -> None:  # noqa: A002
        self._send(rooms.GROUPCHAT(_address(room), id.encode(), _body(body)))

    def join(self, occupant: str, timeout: float, *, first: bool) -> None:
        self._exchange(occupant, serialise(rooms.entering(occupant)), timeout)
        if first:
            room = occupant.partition("/")[0]
            self.iq("set", rooms.as_it_is(), room, timeout)

    def leave(self, occupant: str, timeout: float) -> None:
        self._exchange(occupant, serialise(rooms.leaving(occupant)), timeout)

    def presence(
        self,
        type: str | None = None,  # noqa: A002
        to: str | None = None,
        show: str | None = None,
        status: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        stanza = Element(ns.PRESENCE)
        for name, value in (("to", to), ("type", type), ("id", id)):
            if value is not None:
                stanza.set(name, value)
        for name, value in (("show", show), ("status", status)):
            if value is not None:
                SubElement(stanza, f"{{{ns.CLIENT}}}{name}").text = value
        self._send(serialise(stanza))

    def iq(self, type: str, payload: Element, to: str | None, timeout: float) -> Element:  # noqa: A002
        self._serial += 1
        name = f"q{self._serial}"
        return self._exchange(name, serialise(iq(type, name, to, payload)), timeout)

    def _exchange(self, key: str, data: bytes, timeout: float) -> Element:
        """Send a stanza and wait for what answers it: the key is its id, or who sends it."""
        self._waiting[key] = result = AsyncResult()
        try:
            self._send(data)
            reply: Element = result.get(timeout=timeout)
        except Timeout:
            raise NoReply("no-reply", f"within {timeout:g} s") from None
        finally:
            self._waiting.pop(key, None)
        if reply.get("type") == "error":
            raise stanza_error(reply)
        return reply

    def roster(self, timeout: float) -> list[dict[str, str]]:
        reply = self.iq("get", Element(f"{{{ns.ROSTER}}}query"), None, timeout)
        return [dict(item.attrib) for item in reply.iterfind(f"{{{ns.ROSTER}}}query/")]

    def subscribe(self, jid: str) -> None:
        self.presence(type="subscribe", to=jid)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._engine.disconnected(self, None)

    def abort(self) -> None:
        """Drop the connection without a closing tag."""
        if self._connection is not None:
            self._connection.abort()

    @property
    def backlog(self) -> int:
        return self._connection.backlog if self._connection else 0

    @property
    def connection(self) -> Connection | None:
        """The connection, for what TLS and SASL settled on."""
        return self._connection

    def keep_alive(self) -> None:
        """A space between stanzas (RFC 6120 section 4.6.1), and memory given back."""
        self._send(b" ")
        if self._connection is not None:
            self._connection.stream.rest()

    def _send(self, data: bytes) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            raise ConnectionLost("not-connected")
        connection.send(data)

    # Events of the core, in the hub.

    def _on_event(self, event: Event, now: float) -> None:
        if type(event) is ScannedMessage:
            self._engine.delivered(event.id, self.index, now)
        elif isinstance(event, Element):
            self._on_element(event, now)
        elif self._login is not None:
            self._on_negotiation(event, now)
        elif isinstance(event, Closed):
            self._ended(event.error)

    def _on_element(self, element: Element, now: float) -> None:
        name, kind = element.get("id", ""), element.get("type")
        if element.tag == ns.MESSAGE:
            self._engine.message_arrived(element, self.index, now)
        elif element.tag == ns.IQ and kind in ("result", "error"):
            if self._login is not None and name == "roster":
                self._on_login_roster(element, now)
            elif self._login is not None and name == "presence":
                self._on_present(now)
            elif waiting := self._waiting.get(name):
                waiting.set(element)
        elif element.tag == ns.PRESENCE:
            self._on_presence(element, now)

    def _on_presence(self, element: Element, now: float) -> None:
        sender = element.get("from", "")
        if sender == self.jid:  # our own, come back
            self.echoed = True
            if self._login is not None:
                self._on_present(now)
        elif waiting := self._waiting.get(sender):
            waiting.set(element)
        elif name := element.get("id"):
            self._engine.presence_arrived(name, now, self._since)

    def _on_negotiation(self, event: Event, now: float) -> None:
        progress = self._login
        assert progress is not None
        if isinstance(event, Authenticated):
            progress.marks["sasl"] = now
            self._engine.connected(self, event.mechanism)
        elif isinstance(event, Bound):
            assert self._connection is not None
            self.jid = event.jid
            progress.marks["tcp"] = self._connection.connected_at
            if self._connection.secure_at:
                progress.marks["tls"] = self._connection.secure_at
            progress.marks["bind"] = now
            self._engine.bound(self)
            self._send(_ROSTER("roster"))
        elif isinstance(event, Closed):
            progress.done.set_exception(event.error or ConnectionLost("closed", "during the login"))

    def _on_login_roster(self, reply: Element, now: float) -> None:
        assert self._login is not None
        if reply.get("type") == "error":
            self._login.done.set_exception(stanza_error(reply))
            return
        self._login.marks["roster"] = now
        fenced = not self._engine.session.echoes_presence
        self._send(_PRESENCE + _FENCE if fenced else _PRESENCE)

    def _on_present(self, now: float) -> None:
        """Our presence has come back, or what we asked behind it has been answered."""
        assert self._login is not None
        assert self._connection is not None
        self._login.marks.setdefault("presence", now)
        self._since = now
        self._login.done.set(None)
        self._connection.stream.rest()

    def _ended(self, error: PeerError | None) -> None:
        for waiting in self._waiting.values():
            waiting.set_exception(error or ConnectionLost("closed"))
        self._engine.disconnected(self, error)


class _LoginInProgress:
    """Lives only while the login does."""

    __slots__ = ("done", "marks")

    def __init__(self) -> None:
        self.done = AsyncResult()
        self.marks = {"begin": monotonic()}

    def missing(self, connection: Connection) -> str:
        """The first phase without an end, for the error text."""
        reached = set(self.marks)
        reached |= {"tcp"} if connection.connected_at else set()
        reached |= {"tls"} if connection.secure_at else set()
        if "sasl" in reached:
            reached |= {"tcp", "tls"}
        return next((phase for phase in PHASES if phase not in reached), PHASES[-1])
