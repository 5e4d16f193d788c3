"""The end of a run, as the engine sees it."""

from math import inf
from time import monotonic

import pytest

from harness.errors import PeerError
from harness.load.engine import Engine
from harness.load.session import Session
from harness.record.model import Messages
from harness.targets.base import Account, Endpoint
from harness.xmpp.sasl import DEFAULT_ORDER


class Silent:
    """A client who is online and keeps what it is told to send."""

    backlog = 0

    def __init__(self, index):
        self.index = index
        self.bare = f"u{index}@bench.test"
        self.sent = []

    def message(self, to, body, id):  # noqa: A002
        self.sent.append(id)

    def groupchat(self, room, body, id):  # noqa: A002
        self.sent.append(id)

    def presence(self, status, id):  # noqa: A002
        self.sent.append(id)


@pytest.fixture
def engine():
    session = Session(
        worker=0,
        workers=1,
        endpoint=Endpoint("127.0.0.1", 5222, "bench.test", "off"),
        accounts=[Account(f"u{n}", "p") for n in range(3)],
        first_index=0,
        step=1,
        contacts=[[1, 2], [0], [0]],
        mechanisms=DEFAULT_ORDER,
        logins="10",
        login_timeout=1.0,
        drain=1.0,
    )
    return Engine(session, lambda **_event: None)


@pytest.fixture
def clients(engine):
    """Two of the three are online."""
    online = [Silent(0), Silent(1)]
    for client in online:
        engine.logged_in(client, {"begin": monotonic()}, monotonic())
    return online


def test_quiet_at_once_when_nothing_is_under_way(engine, clients):
    engine.stop_sending(inf)
    assert engine.quiet.is_set()


def test_quiet_when_the_last_message_has_arrived(engine, clients):
    engine.send_message(*clients, "body", None)
    engine.stop_sending(inf)
    assert not engine.quiet.is_set()
    engine.delivered(clients[0].sent[0], 1, monotonic())
    assert engine.quiet.is_set()


def test_quiet_when_each_contact_who_is_online_has_seen_the_presence(engine, clients):
    engine.send_presence(clients[0], "away", None)
    engine.send_presence(clients[1], "back", None)
    engine.presence_arrived(clients[0].sent[0], monotonic())
    engine.stop_sending(inf)
    assert not engine.quiet.is_set()
    engine.presence_arrived(clients[1].sent[0], monotonic())
    assert engine.quiet.is_set()
    assert engine.recorder.operation("presence").started == 2


def test_a_message_to_a_room_is_measured_at_each_who_is_in_it(engine, clients):
    room, _ = engine.rooms.room(1)
    room.occupants += [clients[0].index, clients[1].index]
    engine.send_to_room(clients[0], room, "body", None)
    (name,) = clients[0].sent
    engine.delivered(name, clients[0].index, monotonic())
    assert engine.ledger.outstanding == 1
    engine.delivered(name, clients[1].index, monotonic())
    operation = engine.recorder.operation("message.groupchat")
    assert (operation.started, len(operation.actual)) == (2, 2)
    assert engine.ledger.by_path()["groupchat"] == Messages(sent=2, delivered=2)
    engine.disconnected(clients[0], None)
    with pytest.raises(PeerError, match="not-in-room"):
        engine.send_to_room(clients[0], room, "body", None)


def test_who_retires_gets_nothing_new_and_waits_for_what_is_under_way(engine, clients):
    one, other = clients
    engine.send_message(one, other, "body", None)
    retired = engine.retire(other)
    assert not retired.is_set()
    assert engine.population.online == [one]
    engine.delivered(one.sent[0], other.index, monotonic())
    assert retired.is_set()
    assert engine.retire(one).is_set()  # nothing was under way


def test_presence_that_servers_show_to_who_comes_is_no_delivery(engine, clients):
    engine.send_presence(clients[0], "away", None)
    before = engine.broadcasts.outstanding
    engine.presence_arrived(clients[0].sent[0], monotonic(), since=monotonic())
    assert engine.broadcasts.outstanding == before
    engine.presence_arrived(clients[0].sent[0], monotonic(), since=0.0)
    assert engine.broadcasts.outstanding == before - 1
