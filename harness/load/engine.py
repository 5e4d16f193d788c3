"""One worker's half of a run: who is online, what was sent, what arrived.

The engine is the one place where clients, ledger and recorder meet. Handlers named after what
happened (`delivered`, `connected`, ...) are called by clients from the loop's callbacks and
must not block.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any
from xml.etree.ElementTree import Element

import gevent
from gevent.event import Event

from harness.errors import PeerError
from harness.load.arrivals import plan as arrivals_of
from harness.load.arrivals import share
from harness.load.broadcasts import Broadcasts
from harness.load.client import PHASES, Client
from harness.load.ledger import CHAT, GROUPCHAT, Ledger
from harness.load.pacing import BODY, LoginGate, Pump
from harness.load.population import Population
from harness.load.recorder import Operation, Recorder
from harness.load.rooms import Room, Rooms
from harness.load.session import Session
from harness.load.turns import Turns
from harness.record.model import Users
from harness.targets.base import Account
from harness.xmpp import Limits
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import condition_of

_DELAY = "{urn:xmpp:delay}delay"
KEEP_ALIVE = 60  # seconds
FireRequest = Callable[..., None]


class Engine:
    """State of one worker during one run. `fire` is Locust's request event."""

    def __init__(self, session: Session, fire: FireRequest) -> None:
        self.session = session
        self.limits = Limits()
        self.origin = monotonic()
        self.users = Users()
        self.recorder = Recorder(session.worker)
        self.ledger = Ledger(session.worker, self.origin, session.run)
        self.broadcasts = Broadcasts(session.worker)
        self.population = Population(session)
        self.rooms = Rooms(session)
        self.logins = LoginGate(lambda: self._part_of(session.logins, "logins"))
        plan = self._part_of(session.arrivals, "messages") if session.arrivals else None
        self.pump = Pump(self, plan) if plan else None
        self.turns = Turns(self._check_quiet)
        self.started = Event()  # the load may begin
        self.draining = False
        self.quiet = Event()  # while draining: nothing is under way any more
        self.settled = 0  # users whose login has ended, well or not
        self.mechanism: str | None = None
        self.last_loss: PeerError | None = None
        self.login_error: PeerError | None = None
        self.on_lost: Callable[[Client], None] | None = None
        # A user who comes and goes counts once.
        self._reached: dict[str, set[int]] = {"connected": set(), "bound": set(), "present": set()}
        self._retiring: dict[int, Event] = {}
        self.written: Counter[str] = Counter()  # stanzas that go to many, by kind
        self._samples: dict[str, str] = {}  # texts of errors, by condition
        self._told = 0  # of them
        self._free = deque(range(len(session.accounts)))
        self._fire = fire
        self._messages = self.recorder.operation("message")
        self._presence = self.recorder.operation("presence")
        self._turns = self.recorder.operation("turn")

    @property
    def online(self) -> list[Client]:
        """Everybody who is online on this worker."""
        return self.population.online

    def _part_of(self, plan: str, of: str) -> Iterator[float]:
        """This worker's part of a plan of the whole run."""
        session = self.session
        times = arrivals_of(plan, f"{session.seed}/{of}")
        return share(times, session.worker, session.workers)

    # Accounts.

    def take_account(self) -> int | None:
        """A free position in the session's accounts; None when all are in use."""
        if not self._free:
            return None
        position = self._free.popleft()
        self.population.expect(position)
        return position

    def enlarge(self, accounts: list[Account]) -> None:
        """More accounts, which follow those of the session."""
        own = self.session.accounts
        self._free.extend(range(len(own), len(own) + len(accounts)))
        own.extend(accounts)

    def return_account(self, position: int) -> None:
        """The account may be used again."""
        self._free.append(position)

    def account_number(self, position: int) -> int:
        """The number in the whole run of the account at this position of our share."""
        return self.session.first_index + position * self.session.step

    # The run's course.

    def start_load(self) -> None:
        """Everybody is in: tasks and the plan of arrivals may begin."""
        self.started.set()
        gevent.idle()  # let everybody wake before the plan's first moment
        if self.pump is not None:
            self.pump.start()

    def stop_sending(self, late_after: float) -> None:
        """The drain begins: nothing measured is sent any more. What arrives after `late_after`
        (monotonic) counts as late; `quiet` is set when nothing is outstanding."""
        self.draining = True
        self.ledger.late_after = late_after
        self._check_quiet()
        if self.pump is not None:
            self.pump.stop()

    def keep_alive(self, second: int) -> None:
        """Called once a second: each client's turn comes once in KEEP_ALIVE seconds."""
        for client in self.online[second % KEEP_ALIVE :: KEEP_ALIVE]:
            client.keep_alive()

    # Logins.

    def connected(self, client: Client, mechanism: str) -> None:
        """A client's connection stands and is authenticated."""
        self._reached["connected"].add(client.index)
        self.users.connected = len(self._reached["connected"])
        self.mechanism = mechanism

    def bound(self, client: Client) -> None:
        """A client has its full JID."""
        self._reached["bound"].add(client.index)
        self.users.bound = len(self._reached["bound"])

    def logged_in(self, client: Client, marks: dict[str, float], planned: float) -> None:
        """A login is complete; `marks` as `Client.login` returns them."""
        users = self.users
        self._reached["present"].add(client.index)
        users.present = len(self._reached["present"])
        self.population.enter(client)
        users.online = len(self.online)
        before = begin = marks["begin"]
        for phase in PHASES:
            if phase in marks:
                self._measure(f"login.{phase}", before, marks[phase])
                before = marks[phase]
        self._measure("login", begin, before, planned)

    def login_failed(self, error: PeerError, begin: float) -> None:
        """A login ended without success."""
        self.login_error = error
        self.failed("login", error, begin)

    def disconnected(self, client: Client, error: PeerError | None) -> None:
        """The stream of a client that was online has ended; `error` is None for our own close."""
        self.rooms.leave(client.index)
        if not self.population.leave(client):
            return
        self.users.online = len(self.online)
        if error is not None:
            self.last_loss = error
            self.failed("connection", error, monotonic())
            if self.on_lost is not None:
                self.on_lost(client)

    # The plan of arrivals.

    def act(self, planned: float) -> None:
        """Do what the plan wants at this moment: it is somebody's turn, where users take turns;
        for the others a message is sent."""
        if self.turns.are_taken:
            client = self.population.one()
            if client is None:
                self._turns.errors["nobody-online"] += 1
                return
            if self.turns.give(client, planned):
                return
        pair = self.population.pair()
        if pair is None:
            self._messages.errors["nobody-online"] += 1
        else:
            self.send_message(*pair, BODY, planned)

    def finish(self) -> None:
        """The run is over: what has been begun and not finished never will be."""
        if self.turns.open:
            self._turns.errors["unfinished"] += self.turns.open

    # Messages.

    def send_message(
        self, sender: Client, to: Client, body: str, planned: float | None, path: str = CHAT
    ) -> None:
        """Enter a message in the ledger and write it. Each path is measured apart."""
        now = monotonic()
        name = self.ledger.sent(sender.index, to.index, planned or now, now, path)
        self._along(path).started += 1
        sender.message(to.bare, body, name)

    def send_to_room(self, sender: Client, room: Room, body: str, planned: float | None) -> None:
        """Enter a delivery to each of the room's occupants in the ledger, and write the message.

        Raises PeerError when the sender is not one of them, for instance since its stream broke.
        """
        if sender.index not in room.occupants:
            raise PeerError("not-in-room")
        now = monotonic()
        ledger, occupants = self.ledger, room.occupants
        name = ledger.sent_to_many(sender.index, occupants, planned or now, now, GROUPCHAT)
        self._along(GROUPCHAT).started += len(occupants)
        self.written[GROUPCHAT] += 1
        sender.groupchat(room.address, body, name)

    def retire(self, client: Client) -> Event:
        """Nobody sends to this user any more; set when nothing is on its way to it."""
        self.population.leave(client)
        self.users.online = len(self.online)
        empty = self._retiring[client.index] = Event()
        self._check_retired(client.index)
        return empty

    def _check_retired(self, index: int) -> None:
        if index in self._retiring and not self.ledger.awaits(index):
            self._retiring.pop(index).set()

    def delivered(
        self,
        id: str,  # noqa: A002
        receiver: int,
        now: float,
        delayed: bool = False,
    ) -> None:
        """A measured message has arrived at account `receiver`; `delayed`: with a delay stamp."""
        ledger = self.ledger
        sent = ledger.received(id, receiver, now, delayed)
        if sent is None:
            return
        planned, actual = sent
        path = CHAT if len(ledger.paths) == 1 else ledger.path_of(id, receiver)
        operation = self._along(path)
        operation.planned.append(int((now - planned) * 1e6))
        operation.actual.append(int((now - actual) * 1e6))
        self._fire(
            request_type="message",
            name="delivery" if path == CHAT else path,
            response_time=(now - planned) * 1e3,
            response_length=0,
            exception=None,
            context={},
        )
        if self._retiring:
            self._check_retired(receiver)
        if self.draining:
            self._check_quiet()

    def message_arrived(self, message: Element, receiver: int, now: float) -> None:
        """Any message that was not read by the scan."""
        name = message.get("id", "")
        if message.get("type") == "error":
            condition, text = condition_of(message.find(ns.ERROR), ns.STANZAS)
            self.ledger.bounced(name, condition, now)
            self.failed("message", PeerError(condition, text), now)
            self._check_quiet()
        else:
            self.delivered(name, receiver, now, delayed=message.find(_DELAY) is not None)

    def _along(self, path: str | None) -> Operation:
        """The operation of messages along this path; "message" itself is chat."""
        return self._messages if path == CHAT else self.recorder.operation(f"message.{path}")

    def _check_quiet(self) -> None:
        outstanding = self.ledger.outstanding + self.turns.open
        if self.draining and not outstanding and self.broadcasts.outstanding <= 0:
            self.quiet.set()

    def send_presence(self, sender: Client, status: str, planned: float | None) -> None:
        """Broadcast a change of status; each contact online on this worker should see it."""
        now = monotonic()
        contacts = sum(map(self.population.is_online, self._contacts(sender)))
        self._presence.started += contacts
        name = self.broadcasts.sent(planned or now, now, contacts)
        self.written["presence"] += 1
        sender.presence(status=status, id=name)

    def presence_arrived(self, id: str, now: float, since: float = 0.0) -> None:  # noqa: A002
        """A measured presence stanza has reached a contact (or another resource of the sender)
        that is online `since` then (monotonic)."""
        if sent := self.broadcasts.received(id, since):
            self._measure("presence", sent[1], now, sent[0], kind="presence", name="delivery")
            if self.draining:
                self._check_quiet()

    def _contacts(self, client: Client) -> list[int]:
        if not self.session.contacts:
            return []
        return self.session.contacts[self.population.seat(client.index)]

    # Measuring.

    def succeeded(self, op: str, begin: float, planned: float | None = None) -> None:
        """An operation that began at `begin` has just ended well."""
        self._measure(op, begin, monotonic(), planned)

    def failed(self, op: str, error: PeerError, begin: float) -> None:
        """An operation that began at `begin` has just failed."""
        self.recorder.operation(op).errors[error.condition] += 1
        if error.condition not in self._samples:
            self._samples[error.condition] = error.text
        self._fire(
            request_type=op,
            name=error.condition,
            response_time=(monotonic() - begin) * 1e3,
            response_length=0,
            exception=error,
            context={},
        )

    def _measure(
        self,
        op: str,
        begin: float,
        end: float,
        planned: float | None = None,
        **labels: Any,
    ) -> None:
        operation = self.recorder.operation(op)
        operation.actual.append(int((end - begin) * 1e6))
        if planned is not None:
            operation.planned.append(int((end - planned) * 1e6))
        kind, _, phase = op.partition(".")
        self._fire(
            request_type=labels.get("kind", kind),
            name=labels.get("name", phase or "whole"),
            response_time=(end - (begin if planned is None else planned)) * 1e3,
            response_length=0,
            exception=None,
            context={},
        )

    def take_samples(self) -> dict[str, str]:
        """The text of the first error of each condition that is new since the last call."""
        new = dict(list(self._samples.items())[self._told :])
        self._told = len(self._samples)
        return new

    def behind_s(self) -> float:
        """How late the plan of arrivals was carried out at worst since the last call."""
        if self.pump is None:
            return 0.0
        behind, self.pump.behind_s = self.pump.behind_s, 0.0
        return behind

    def backlog(self) -> int:
        """Bytes that users wrote and sockets have not taken."""
        return sum(client.backlog for client in self.online)
