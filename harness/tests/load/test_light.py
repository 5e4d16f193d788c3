"""The light client, over a connection that is none: it answers at once."""

from time import monotonic
from xml.etree.ElementTree import Element

import pytest

from harness.load import light
from harness.load.engine import Engine
from harness.load.light import LightClient
from harness.tests.load.test_engine import Silent, engine  # noqa: F401 - a fixture
from harness.xmpp import Bound
from harness.xmpp import namespaces as ns

JID = "u1@bench.test/x"


class Answering:
    """Logs a client in. `shown` is sent to who comes online, before the client's own presence."""

    closed = False
    connected_at = secure_at = 0.0
    shown: Element | None = None

    def __init__(self, _endpoint, _stream, on_event):
        self._on_event = on_event
        self.stream = self

    def open(self):
        self.tell(Bound(JID))

    def send(self, data):
        if b"jabber:iq:roster" in data:
            self.tell(Element(ns.IQ, {"type": "result", "id": "roster"}))
        elif data == b"<presence/>":
            if self.shown is not None:
                self.tell(self.shown)
            self.tell(Element(ns.PRESENCE, {"from": JID}))

    def tell(self, event):
        self._on_event(event, monotonic())

    def abort(self):
        """Nothing is left of it."""

    def rest(self):
        """It is its own stream."""


@pytest.fixture
def contact(engine: Engine):  # noqa: F811
    """Of the client under test: online, and somebody who changes its status."""
    client = Silent(0)
    engine.logged_in(client, {"begin": monotonic()}, monotonic())
    return client


def test_what_a_server_shows_during_a_second_login_is_no_delivery(engine, contact, monkeypatch):  # noqa: F811
    """The status is from between the logins, and comes before the client's own presence."""
    monkeypatch.setattr(light, "Connection", Answering)
    client = LightClient(engine, 1, engine.session.accounts[1])
    engine.logged_in(client, client.login(1.0), monotonic())
    engine.send_presence(contact, "away", None)
    status = Element(ns.PRESENCE, {"from": "u0@bench.test/y", "id": contact.sent[0]})
    assert engine.broadcasts.outstanding == 1
    monkeypatch.setattr(Answering, "shown", status)
    client.login(1.0)
    assert engine.broadcasts.outstanding == 1
    client.connection.tell(status)  # of before this login, too
    assert engine.broadcasts.outstanding == 1
    engine.send_presence(contact, "back", None)
    status.set("id", contact.sent[1])
    client.connection.tell(status)
    assert engine.broadcasts.outstanding == 1  # of two
