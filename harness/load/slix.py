"""The complete client: slixmpp, with all of its plugins, behind the verbs of a load test (D3).

`SlixmppClient.xmpp` is an ordinary `slixmpp.ClientXMPP` for scenario authors. Register plugins
before the login; call slixmpp's methods from a task as they are; where slixmpp's documentation
says `await x`, write `client.call(x)`. Subscription requests are not answered automatically.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from xml.etree.ElementTree import Element, SubElement

from gevent.timeout import Timeout
from slixmpp import JID, Iq, Message
from slixmpp.exceptions import IqError, IqTimeout

from harness.errors import ConnectionLost, NegotiationError, NoReply, PeerError
from harness.load import asyncio_bridge
from harness.load.slix_login import LoginInProgress
from harness.load.slix_stream import SlixmppStream
from harness.targets.base import Account
from harness.xmpp import namespaces as ns
from harness.xmpp import rooms, stanza

if TYPE_CHECKING:
    from harness.load.engine import Engine

T = TypeVar("T")
_Message: Any = Message  # slixmpp leaves their constructors without types
_Iq: Any = Iq


class SlixmppClient:
    """One simulated client (see `harness.load.client.Client` for the verbs)."""

    def __init__(self, engine: Engine, index: int, account: Account) -> None:
        self.index = index
        self.bare = f"{account.user}@{engine.session.endpoint.domain}"
        self.jid = ""
        self.since = inf  # online, monotonic
        self._engine = engine
        self._login: LoginInProgress | None = None
        self._calls: set[asyncio.Future[Any]] = set()
        self._loss: PeerError | None = None
        self.xmpp = SlixmppStream(self, engine, account)

    def login(self, timeout: float) -> dict[str, float]:
        xmpp, endpoint = self.xmpp, self._engine.session.endpoint
        progress = LoginInProgress()
        limit = Timeout(timeout)
        limit.start()
        try:
            if xmpp.transport is not None:  # what is left of an earlier session
                gone = xmpp.disconnected
                xmpp.drop()
                asyncio_bridge.wait(gone)
            self._login, self._loss, self.since = progress, None, inf
            xmpp.open(endpoint.host, endpoint.port)
            progress.done.get()
        except Timeout as expired:
            if expired is not limit:
                raise
            stage = progress.missing()
            raise NoReply("timeout", f"{stage} not finished within {timeout:g} s") from None
        finally:
            limit.cancel()
            self._login = None
            if not progress.done.ready():
                xmpp.drop()
        return progress.marks

    def message(self, to: str, body: str, id: str) -> None:  # noqa: A002
        self._check()
        element = Element(ns.MESSAGE, {"to": to, "type": "chat", "id": id})
        SubElement(element, ns.BODY).text = body
        _Message(self.xmpp, element).send()

    def groupchat(self, room: str, body: str, id: str) -> None:  # noqa: A002
        self._check()
        element = Element(ns.MESSAGE, {"to": room, "type": "groupchat", "id": id})
        SubElement(element, ns.BODY).text = body
        _Message(self.xmpp, element).send()

    def join(self, occupant: str, timeout: float, *, first: bool) -> None:
        self._check()
        room, _, nick = occupant.partition("/")
        muc = self._rooms()
        self.call(muc.join_muc_wait(JID(room), nick, maxstanzas=0, timeout=timeout), None)
        if first:
            self.iq("set", rooms.as_it_is(), room, timeout)

    def leave(self, occupant: str, timeout: float) -> None:
        self._check()
        room, _, nick = occupant.partition("/")
        self._rooms().leave_muc(JID(room), nick)

    def _rooms(self) -> Any:
        self.xmpp.register_plugin("xep_0045")
        return self.xmpp.plugin["xep_0045"]

    def presence(
        self,
        type: str | None = None,  # noqa: A002
        to: str | None = None,
        show: str | None = None,
        status: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        self._check()
        presence: Any = self.xmpp.make_presence(
            pshow=show,
            pstatus=status,
            pto=to,
            ptype=type,  # type: ignore[arg-type]
        )
        if id is not None:
            presence["id"] = id
        presence.send()

    def iq(self, type: str, payload: Element, to: str | None, timeout: float) -> Element:  # noqa: A002
        self._check()
        request: Any = _Iq(self.xmpp, stanza.iq(type, self.xmpp.new_id(), to, payload))
        return self.call(request.send(timeout=timeout), None).xml  # type: ignore[no-any-return]

    def roster(self, timeout: float) -> list[dict[str, str]]:
        reply = self.iq("get", Element(f"{{{ns.ROSTER}}}query"), None, timeout)
        return [dict(item.attrib) for item in reply.iterfind(f"{{{ns.ROSTER}}}query/")]

    def subscribe(self, jid: str) -> None:
        self.presence(type="subscribe", to=jid)

    def close(self) -> None:
        if self._login is not None:
            self._login.fail(ConnectionLost("closed", "during the login"))
            self.xmpp.drop()
        elif self.xmpp.transport is not None:
            self.xmpp.disconnect()
            self._engine.disconnected(self, None)

    def abort(self) -> None:
        """Drop the connection without a closing tag."""
        self.xmpp.drop()

    def keep_alive(self) -> None:
        """A space between stanzas (RFC 6120 section 4.6.1), and memory given back."""
        self._check()
        self.xmpp.send_raw(" ")
        self.xmpp.rest()

    def call(self, awaitable: Awaitable[T], timeout: float | None = 30.0) -> T:
        """Wait for what a method of slixmpp returned. Blocks the calling greenlet only.

        Raises StanzaError, NoReply, and ConnectionLost when the connection goes meanwhile.
        """
        future = asyncio.ensure_future(awaitable, loop=self.xmpp.loop)
        self._calls.add(future)
        try:
            return asyncio_bridge.wait(future, timeout)
        except IqError as error:
            raise stanza.stanza_error(error.iq.xml) from None
        except IqTimeout:
            raise NoReply("no-reply", "to an iq in time") from None
        except asyncio.CancelledError:
            raise self._loss or ConnectionLost("closed") from None
        finally:
            self._calls.discard(future)

    @property
    def backlog(self) -> int:
        return self.xmpp.backlog

    def _check(self) -> None:
        if self.xmpp.transport is None:
            raise ConnectionLost("not-connected")

    # What the stream tells, in the loop's greenlet.

    def on_phase(self, phase: str, now: float) -> None:
        """A phase of the login has ended."""
        if self._login is None or self._login.done.ready():
            return
        self._login.marks[phase] = now
        if phase == "bind":
            self.jid = self.xmpp.boundjid.full
            self._engine.bound(self)
            self.xmpp.get_roster().add_done_callback(self._on_roster)
        elif phase == "roster":
            self.xmpp.send_presence()
            if not self._engine.session.echoes_presence:
                fence: Any = self.xmpp.make_iq_get()
                fence.append(Element(f"{{{ns.PING}}}ping"))
                fence.send().add_done_callback(self._on_fence)
        elif phase == "presence":
            self.since = now
            self._login.done.set(None)
            self.xmpp.loop.call_soon(self.xmpp.rest)  # not amid the parser's events

    def on_failure(self, error: PeerError) -> None:
        """The stream can not go on. The first reason counts."""
        self._loss = self._loss or error
        if self._login is not None:
            self._login.fail(error)

    def on_end(self, error: PeerError | None) -> None:
        """The connection is gone; `error` is None for an orderly end."""
        self._loss = error = self._loss or error
        for future in self._calls:
            future.cancel()
        if self._login is not None:
            self._login.fail(error or NegotiationError("closed", "during the login"))
        else:
            self._engine.disconnected(self, error)

    def _on_fence(self, reply: asyncio.Future[Any]) -> None:
        if reply.exception() is None or isinstance(reply.exception(), IqError):
            self.on_phase("presence", self.xmpp.read_at)

    def _on_roster(self, reply: asyncio.Future[Any]) -> None:
        error = reply.exception()
        if error is None:
            self.on_phase("roster", self.xmpp.read_at)
        elif isinstance(error, IqError):
            self.on_failure(stanza.stanza_error(error.iq.xml))
            self.xmpp.drop()
