"""Clients against a server, in a process of its own: locust patches the standard library.

Reads one JSON object {"scene", "session", ...} from stdin, prints what the scene returns.
"""

import json
import os
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any
from xml.etree.ElementTree import Element

import gevent
import locust  # noqa: F401 - it patches

from harness.errors import PeerError
from harness.load.engine import Engine
from harness.load.light import LightClient
from harness.load.session import from_wire
from harness.load.slix import SlixmppClient

PING = "{urn:xmpp:ping}ping"


class Crowd:
    """An engine and its clients; every second client is complete, the others are light."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.phases: dict[type, list[str]] = {}
        session = from_wire(given["session"])
        self.accounts = session.accounts
        self.engine = Engine(session, lambda **event: None)

    def client(self, index: int, kind: type = SlixmppClient) -> Any:
        return kind(self.engine, index, self.accounts[index])

    def logged_in(self, index: int, kind: type = SlixmppClient) -> Any:
        client = self.client(index, kind)
        begin = monotonic()
        marks = client.login(self.engine.session.login_timeout)
        self.engine.logged_in(client, marks, begin)
        self.phases[kind] = sorted(marks, key=lambda name: marks[name])
        return client

    def everybody(self) -> list[Any]:
        kinds = [(SlixmppClient, LightClient)[i % 2] for i in range(len(self.accounts))]
        jobs = [gevent.spawn(self.logged_in, i, kind) for i, kind in enumerate(kinds)]
        gevent.joinall(jobs, raise_error=True)
        return [job.value for job in jobs]


def until(condition: Callable[[], Any], seconds: float = 10.0) -> bool:
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            return False
        gevent.sleep(0.01)
    return True


def error_of(call: Callable[[], Any]) -> list[str]:
    """Kind, condition and text of the PeerError that the call raises."""
    try:
        call()
    except PeerError as error:
        return [type(error).__name__, error.condition, error.text]
    return ["none", "", ""]


def verbs(crowd: Crowd) -> dict[str, Any]:
    """Messages in all directions, presence, requests, a plugin, an orderly end."""
    engine, clients = crowd.engine, crowd.everybody()
    slix = [c for c in clients if isinstance(c, SlixmppClient)]
    for sender in clients:
        for to in clients:
            if to is not sender:
                engine.send_message(sender, to, "<&'\" \u00e9", None)
    arrived = until(lambda: not engine.ledger.outstanding)
    counts = engine.ledger.counts()
    for client in clients[:2]:  # one of each kind, and they are contacts of each other
        engine.send_presence(client, "busy", None)
    presence = engine.recorder.operation("presence")
    seen = until(lambda: len(presence.actual) == presence.started)
    first = slix[0]
    first.xmpp.register_plugin("xep_0030")
    info = first.call(first.xmpp.plugin["xep_0030"].get_info(jid=engine.session.endpoint.domain))
    result = {
        "phases": crowd.phases[SlixmppClient],
        "users": [engine.users.connected, engine.users.bound, engine.users.online],
        "jid": first.jid.startswith(f"{first.bare}/"),
        "arrived": arrived,
        "delivered": [counts.sent, counts.delivered, counts.duplicated, counts.bounced],
        "presence": [seen, presence.started],
        "ping": first.iq("get", Element(PING), engine.session.endpoint.domain, 5).get("type"),
        "refused": error_of(lambda: first.iq("get", Element("{urn:x}nothing"), None, 5))[:2],
        "roster": sorted(item["jid"] for item in first.roster(5)),
        "disco": str(info["from"]),
        "backlog": first.backlog,
    }
    for client in clients:
        client.close()
    gone = until(lambda: all(c.xmpp.transport is None for c in slix))
    return result | {"online": len(engine.online), "gone": gone, "loss": engine.last_loss}


def refusal(crowd: Crowd) -> dict[str, Any]:
    """The same login by both kinds of client; how it ends and how long that takes."""
    ends = {}
    for kind in (LightClient, SlixmppClient):
        client, begin = crowd.client(0, kind), monotonic()
        error = error_of(lambda client=client: client.login(crowd.engine.session.login_timeout))
        ends[kind.__name__] = error
        ends["seconds"] = monotonic() - begin
    gevent.sleep(0.05)  # let slixmpp say what it has to say
    return ends


def again(crowd: Crowd) -> dict[str, Any]:
    """One client logs in, out and in again; at last without waiting for the end of the stream."""
    client = crowd.logged_in(0)
    jids = [client.jid]
    client.close()
    until(lambda: client.xmpp.transport is None)
    after = error_of(lambda: client.message("nobody@nowhere.test", "x", "1"))
    for leave in (client.close, client.abort, client.close):
        crowd.engine.logged_in(client, client.login(10), monotonic())
        jids.append(client.jid)
        leave()
    until(lambda: client.xmpp.transport is None)
    return {
        "sessions": len(set(jids)),
        "mechanism": crowd.engine.mechanism,
        "after": after[:2],
        "online": len(crowd.engine.online),
    }


def loss(crowd: Crowd) -> dict[str, Any]:
    """The server dies while somebody waits for a reply that will not come."""
    client = crowd.logged_in(0)
    lost: list[Any] = []
    crowd.engine.on_lost = lost.append
    waiting = gevent.spawn(error_of, lambda: client.iq("get", Element(PING), crowd.given["to"], 30))
    other = gevent.spawn(error_of, lambda: client.call(client.xmpp.wait_until("never"), 30))
    gevent.sleep(0.2)
    for pid in crowd.given["pids"]:
        os.kill(pid, 9)
    gevent.joinall([waiting, other], timeout=10)
    until(lambda: lost)
    return {
        "iq": waiting.value[0],
        "call": other.value[0],
        "lost": [type(crowd.engine.last_loss).__name__, lost == [client]],
        "online": len(crowd.engine.online),
    }


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(globals()[given["scene"]](Crowd(given))))
