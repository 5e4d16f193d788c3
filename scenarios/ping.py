"""Requests: each user pings the server and waits for the answer before it does anything else.

Steps of a user: log in; when everybody is in, ping the server (XEP-0199), pause, ping again; log
out at the end. A user has one request under way at most, as a client that waits for its server
has: this is the scenario in which a server that stands still shows what a closed loop hides.

Metrics: iq (from request to answer), login and its phases. With --rate, planned times count from
the moment at which a ping was due, though its user was still waiting for the one before.

Parameters:
    --rate R     pings per second, all users together, at planned times that do not wait for the
                 server, or a plan such as poisson:R (default: none; then each user pings when its
                 pause is over)
    --pause S    mean pause of one user between two pings, in seconds (default: 5)
"""

from typing import Any
from xml.etree.ElementTree import Element

from locust import events, task

from harness.load import XmppUser
from harness.xmpp import namespaces as ns


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--pause", type=float, default=5.0, help="mean pause of a user (seconds)")


class PingUser(XmppUser):
    """Pings, waits for the answer, pauses, pings again."""

    takes_turns = True

    def wait_time(self) -> float:
        return self.random.expovariate(1 / self.environment.parsed_options.pause)

    @task
    def ping(self) -> None:
        self.iq("get", Element(f"{{{ns.PING}}}ping"))
