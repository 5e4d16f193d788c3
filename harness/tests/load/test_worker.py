"""What a worker says of its messages: every anomaly, in pieces, and each path apart."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree.ElementTree import Element, SubElement

import pytest

from harness.load.session import Session
from harness.load.worker import Worker
from harness.record.model import Messages
from harness.targets.base import Account, Endpoint
from harness.xmpp.sasl import DEFAULT_ORDER


@pytest.fixture
def ticks():
    return []


@pytest.fixture
def worker(ticks):
    """A worker whose session has begun, and nobody is online."""
    environment = SimpleNamespace(
        events=SimpleNamespace(request=SimpleNamespace(fire=lambda **_event: None))
    )
    worker = Worker(environment, ticks.append)
    worker.begin(
        Session(
            run="0a1b",
            worker=1,
            workers=2,
            endpoint=Endpoint("127.0.0.1", 5222, "bench.test", "off"),
            accounts=[Account("u1", "p")],
            first_index=1,
            step=2,
            mechanisms=DEFAULT_ORDER,
            logins="10",
            login_timeout=1.0,
            drain=0.0,
        )
    )
    yield worker
    worker.end()


def test_what_is_lost_is_said_completely_and_in_pieces(worker, ticks):
    ledger = worker._engine.ledger
    names = [ledger.sent(1, 3, 0, 0) for _ in range(12_345)]
    before = len(ticks)
    worker.drain(0)
    said = ticks[before:]
    assert [anomaly.id for tick in said for anomaly in tick.anomalies] == names
    assert max(len(tick.anomalies) for tick in said) <= 5_000
    assert names[0] == "xh0a1b1-0"
    # Whichever of them is the last to be recorded.
    assert all(tick.sample.messages == Messages(sent=12_345, lost=12_345) for tick in said)


def test_a_message_with_a_delay_stamp_is_measured_on_a_path_of_its_own(worker, ticks):
    engine = worker._engine
    names = [engine.ledger.sent(1, 3, 0, 0, path) for path in ("chat", "chat", "muc")]
    for name in names:
        message = Element("{jabber:client}message", id=name)
        if name != names[0]:
            SubElement(message, "{urn:xmpp:delay}delay", stamp="2026-01-01T00:00:00Z")
        engine.message_arrived(message, 3, 1.0)
    worker.drain(0)
    once = Messages(sent=1, delivered=1)
    assert ticks[-1].sample.paths == {
        "chat": once,
        "muc": Messages(),
        "chat.delayed": once,
        "muc.delayed": once,
    }
    windows = {window.op: window.count for window in ticks[-1].windows}
    assert windows == {"message": 1, "message.chat.delayed": 1, "message.muc.delayed": 1}
