"""Locust users who speak XMPP. A scenario subclasses one of them and writes ordinary tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from random import Random
from time import monotonic
from typing import Any, ClassVar, TypeVar
from xml.etree.ElementTree import Element

import gevent
from gevent.event import Event
from locust import User
from locust.exception import StopTest

from harness.errors import PeerError
from harness.load.client import Client
from harness.load.engine import Engine
from harness.load.ledger import CHAT
from harness.load.light import LightClient
from harness.load.rooms import Room
from harness.load.rosters import Rosters
from harness.load.session import WITNESS_EVERY

T = TypeVar("T")
REPLY_TIMEOUT = 30.0  # seconds


class XmppUser(User):
    """A simulated client with an account of its own, logged in before its first task.

    Verbs block this user only and record what they measure; PeerError is recorded, then raised
    (Locust counts it against the task and goes on). Any other exception of a task ends the run.
    `--client` decides which client speaks.

    What a scenario draws, it draws from `self.random`: with the same `--seed` each user then does
    the same in the same order, whatever the others and the server do. Locust's own draws (`between`
    and the like, and which of several tasks comes next) are from Python's `random`, which is
    seeded for each worker: the same numbers, but who gets which is a matter of timing.
    """

    abstract = True
    # What a server may lack: feature (XEP-0030) -> what a user would do with it. The report names
    # what was left out; `offers` tells a task.
    wants: ClassVar[dict[str, str]] = {}
    # Contact lists for so many accounts, made on the server before the run; gets the count and
    # the parsed options.
    contacts: ClassVar[Callable[[int, Any], Rosters] | None] = None
    logs_in = True  # log in on start, and begin tasks when everybody has
    plan_acts = False  # with --rate, the plan sends for this user and its tasks rest
    takes_turns = False  # with --rate, the plan says when a task begins, instead of the wait time
    client_kind: ClassVar[str | None] = None  # None: as --client says

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.engine: Engine = environment.xmpp_engine
        self._due: float | None = None
        self._by_turns = False
        self._came = False  # to a login, well or not

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "wait_time" in cls.__dict__:
            cls.wait_time = _remembering_due(cls.wait_time)

    def on_start(self) -> None:
        position = self.engine.take_account()
        if position is None:
            raise StopTest("more users than accounts: give --users no more than there are accounts")
        self._position = position
        self.engine.users.wanted += 1
        self.client: Client = self._make_client()
        if self.logs_in:
            try:
                self.login()
            except PeerError:
                raise gevent.GreenletExit from None  # recorded; without it, nothing to do
            self.engine.started.wait()
            if self.plan_acts and self.engine.session.arrivals:
                self.idle()
            if self.takes_turns and self.engine.session.arrivals:
                self.engine.turns.join(self.client)
                self._by_turns = True
                self.wait_time = self._next_turn  # type: ignore[method-assign]
                self.wait_time()
            elif self.wait_time is not None:  # not everybody in the same instant
                delay = self.random.random() * self.wait_time()
                self._due = monotonic() + delay
                gevent.sleep(delay)

    def on_stop(self) -> None:
        if getattr(self, "client", None) is None:
            return
        self.engine.turns.leave(self.client)
        if not self.engine.draining:  # somebody wants fewer users: what is on its way comes first
            self.engine.retire(self.client).wait(REPLY_TIMEOUT)
        self.client.close()
        self.engine.return_account(self._position)

    def offers(self, feature: str) -> bool:
        """Whether the server has this feature, as far as it says."""
        return feature in self.engine.session.features

    @cached_property
    def random(self) -> Random:
        """This user's own source of chance; 2.5 KB, so made when it is needed."""
        return self.engine.session.random_of(self.engine.account_number(self._position))

    # Verbs.

    def login(self) -> None:
        """Connect and log in, at the next free moment of the login plan."""
        engine = self.engine
        again, self._came = self._came, True
        with engine.logins.place(again=again) as planned:
            begin = monotonic()
            try:
                marks = self.client.login(engine.session.login_timeout)
            except PeerError as error:
                engine.login_failed(error, begin)
                raise
            finally:
                engine.settled += 1
            engine.logged_in(self.client, marks, planned)

    def leave(self) -> None:
        """Log out when nothing is on its way here any more: out of the rooms, then `close`."""
        engine, client = self.engine, self.client
        rooms = engine.rooms.leave(client.index)
        engine.retire(client).wait(REPLY_TIMEOUT)
        for room in rooms:
            client.leave(self._occupant(room), REPLY_TIMEOUT)
        client.close()

    def close(self) -> None:
        """Log out: unavailable presence follows from the closed stream (RFC 6121 section 4.5)."""
        self.client.close()

    def peer(self) -> Client | None:
        """Another user who is online now, at random; None when there is none."""
        return self.engine.population.peer(self.client, self.random)

    def neighbour(self) -> Client | None:
        """The next user who is online: when everybody asks, everybody is somebody's neighbour
        once. None when there is none."""
        return self.engine.population.after(self.client)

    def pause(self, seconds: float) -> None:
        """Wait; what follows is planned for the end of the wait."""
        self._due = monotonic() + seconds
        gevent.sleep(seconds)

    def message(self, to: Client, body: str, path: str = CHAT) -> None:
        """Send a chat message, measured until it arrives; each path has figures of its own."""
        self._pause_in_drain()
        self.engine.send_message(self.client, to, body, self._planned(), path)

    def join(self, number: int) -> Room:
        """Enter the room of this number among those of this generator process (XEP-0045),
        measured as "join"; whoever is first opens it."""
        room, first = self.engine.rooms.room(number)
        if not first:
            room.opened.wait(REPLY_TIMEOUT)
        enter = self.client.join
        try:
            self._measured("join", lambda: enter(self._occupant(room), REPLY_TIMEOUT, first=first))
        finally:
            room.opened.set()
        room.occupants.append(self.client.index)
        return room

    def groupchat(self, room: Room, body: str) -> None:
        """Send a message to everybody in a room, measured at each of them."""
        self._pause_in_drain()
        self.engine.send_to_room(self.client, room, body, self._planned())

    def presence(self, status: str) -> None:
        """Broadcast a change of status, measured at each contact that is online."""
        self._pause_in_drain()
        self.engine.send_presence(self.client, status, self._planned())

    def iq(
        self,
        type: str,  # noqa: A002 - the stanza's own word
        payload: Element,
        to: str | None = None,
        op: str = "iq",
    ) -> Element:
        """Send a request and return its reply, measured as `op`."""
        return self._measured(op, lambda: self.client.iq(type, payload, to, REPLY_TIMEOUT))

    def roster(self) -> list[dict[str, str]]:
        """Fetch the roster, measured as "roster": the attributes of each contact."""
        return self._measured("roster", lambda: self.client.roster(REPLY_TIMEOUT))

    def subscribe(self, jid: str) -> None:
        """Ask to see somebody's presence (RFC 6121 section 3.1)."""
        self.client.subscribe(jid)

    def idle(self) -> None:
        """Do nothing more: others (a plan of arrivals) act for this user until the run ends."""
        Event().wait()

    def _make_client(self) -> Client:
        engine = self.engine
        index = engine.account_number(self._position)
        account = engine.session.accounts[self._position]
        kind = self.client_kind or engine.session.client
        if kind == "slixmpp" or (kind == "mix" and index % WITNESS_EVERY == 0):
            from harness.load.slix import SlixmppClient  # asyncio only where it is wanted

            client: Client = SlixmppClient(engine, index, account)
            return client
        return LightClient(engine, index, account)

    def _measured(self, op: str, call: Callable[[], T]) -> T:
        begin, planned = monotonic(), self._planned()
        self.engine.recorder.operation(op).started += 1
        try:
            result = call()
        except PeerError as error:
            self.engine.failed(op, error, begin)
            raise
        self.engine.succeeded(op, begin, planned or begin)
        return result

    def _planned(self) -> float | None:
        due, self._due = self._due, None
        return due

    def _occupant(self, room: Room) -> str:
        return f"{room.address}/u{self.client.index}"

    def _next_turn(self) -> float:
        self._due = self.engine.turns.next(self.client)
        return 0.0

    def _pause_in_drain(self) -> None:
        if self.engine.draining and not self._by_turns:  # a turn was planned before the drain
            self.idle()


class SlixmppUser(XmppUser):
    """An XmppUser whose client is always a complete slixmpp client, `self.client.xmpp`."""

    abstract = True
    client_kind = "slixmpp"


def _remembering_due(wait_time: Callable[[Any], float]) -> Callable[[Any], float]:
    """A wait_time that notes when the wait should end: the planned time of what follows it."""

    def wait(user: XmppUser) -> float:
        delay = wait_time(user)
        user._due = monotonic() + delay
        return delay

    return wait
