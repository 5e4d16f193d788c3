"""A day of a chat service in small: what its users do in an hour, done in a minute.

Steps of a user: log in; when everybody is in, enter a room; then, at random moments, do one of the
things below, each so many times in an hour of the day; log out at the end. A thing that the server
does not offer is left out, and the report says so.

    --changes 3     presence: change the status, as all contacts see
    --chats 6       write one to five messages to somebody, with --think seconds between them
    --room-posts 4  write to the room, as all in it see (XEP-0045)
    --pings 4       ask whether the server is there (XEP-0199)
    --refreshes 1   ask for what is new in the roster (RFC 6121 section 2.6)
    --catch-ups 1   fetch the last 20 messages of the archive (XEP-0313; --archive on)
    --absences 0.5  log out in order, stay away for five minutes of the day, log in again

Where the numbers come from: three changes an hour and sessions of eight hours are what the
presence analyses of the IETF assume (draft-saintandre-xmpp-presence-analysis-03 and
draft-ietf-simple-interdomain-scaling-analysis-03); that contact lists follow a power law is known
from social graphs at large. The others are ours: no published count of a public service was at
hand. Set them to what you see on yours.

Metrics: message (delivery of chat), message.groupchat (delivery to each in the room), presence
(delivery at each contact), iq, roster, archive, join, login and its phases.

Parameters:
    --hour S        seconds that an hour of the day takes (default: 60)
    --think S       mean seconds between two messages of a chat (default: 2)
    --room-size N   users of a room (default: 10)
    --contacts N    mean size of the contact lists (default: 10)
"""

from typing import Any
from xml.etree.ElementTree import Element, SubElement

import gevent
from locust import events, task

from harness.load import XmppUser, rosters
from harness.load.pacing import BODY
from harness.load.rooms import Room
from harness.xmpp import namespaces as ns

_RATES = {  # option -> (times in an hour, the user's method)
    "changes": (3.0, "change_status"),
    "chats": (6.0, "chat"),
    "room_posts": (4.0, "post"),
    "pings": (4.0, "ping"),
    "refreshes": (1.0, "refresh"),
    "catch_ups": (1.0, "catch_up"),
    "absences": (0.5, "go_away"),
}
_AWAY = 1 / 12  # of an hour
_LAST = 20  # messages of a catch-up


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    for name, (times, _) in _RATES.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=float,
            default=times,
            help=f"times in an hour of the day (default: {times:g})",
        )
    parser.add_argument("--hour", type=float, default=60.0, help="seconds of an hour of the day")
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds between messages")
    parser.add_argument("--room-size", type=int, default=10, help="users of a room (default: 10)")
    parser.add_argument("--contacts", type=float, default=10.0, help="mean size of contact lists")


class DayUser(XmppUser):
    """Does what people do."""

    wants = {ns.MUC: "group chat", ns.ARCHIVE: "archive catch-up"}  # noqa: RUF012 - a constant
    _room: Room | None = None
    _version = ""

    @staticmethod
    def contacts(count: int, options: Any) -> rosters.Rosters:
        return rosters.power_law(count, mean=options.contacts, seed=options.seed)

    def wait_time(self) -> float:
        options = self.environment.parsed_options
        return self.random.expovariate(sum(self._rates().values()) / options.hour)

    @task
    def act(self) -> None:
        if self._room is None and self.offers(ns.MUC):
            self._enter()
        rates = self._rates()
        (name,) = self.random.choices(list(rates), list(rates.values()))
        getattr(self, name)()

    def change_status(self) -> None:
        self.presence(f"busy with number {self.random.randrange(1000)}")

    def chat(self) -> None:
        peer = self.peer()
        think = self.environment.parsed_options.think
        for _ in range(self.random.randint(1, 5)):
            if peer is None or not self.engine.population.is_online(peer.index):
                break
            self.message(peer, BODY)
            self.pause(self.random.expovariate(1 / think))

    def post(self) -> None:
        assert self._room is not None
        self.groupchat(self._room, BODY)

    def ping(self) -> None:
        self.iq("get", Element(f"{{{ns.PING}}}ping"))

    def refresh(self) -> None:
        reply = self.iq("get", Element(f"{{{ns.ROSTER}}}query", ver=self._version), op="roster")
        query = reply.find(f"{{{ns.ROSTER}}}query")
        if query is not None:
            self._version = query.get("ver", "")

    def catch_up(self) -> None:
        query = Element(f"{{{ns.ARCHIVE}}}query")
        page = SubElement(query, f"{{{ns.RESULT_SETS}}}set")
        SubElement(page, f"{{{ns.RESULT_SETS}}}max").text = str(_LAST)
        SubElement(page, f"{{{ns.RESULT_SETS}}}before")
        self.iq("set", query, op="archive")

    def go_away(self) -> None:
        self.leave()
        self._room = None
        gevent.sleep(_AWAY * self.environment.parsed_options.hour)
        self.login()

    def _enter(self) -> None:
        seat = self.engine.population.seat(self.client.index)
        self._room = self.join(seat // self.environment.parsed_options.room_size)

    def _rates(self) -> dict[str, float]:
        """Times in an hour of what this server can do, by the method's name."""
        options = self.environment.parsed_options
        rates = {method: getattr(options, name) for name, (_, method) in _RATES.items()}
        if not self.offers(ns.MUC):
            rates["post"] = 0.0
        if not self.offers(ns.ARCHIVE):
            rates["catch_up"] = 0.0
        return rates
