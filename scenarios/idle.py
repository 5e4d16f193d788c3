"""Many sessions, held: everybody logs in, stays without a word, then a message reaches each.

Steps of a user: log in; when everybody is in, say nothing for --hold seconds; then, within
--spread seconds, write one chat message of 64 bytes to the next user (of the same generator
process), so that every session sends one and gets one; stay until the end.

Metrics: message (delivery, end to end), login and its phases, and the sessions: one that the
server drops meanwhile is an error.

Parameters:
    --hold S     seconds without a word (default: 20)
    --spread S   seconds within which everybody writes (default: 5)
"""

from typing import Any

from locust import events, task

from harness.load import XmppUser
from harness.load.pacing import BODY


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--hold", type=float, default=20.0, help="seconds without a word")
    parser.add_argument("--spread", type=float, default=5.0, help="seconds for a message to each")


class IdleUser(XmppUser):
    """Stays, writes once, stays."""

    @task
    def stay(self) -> None:
        options = self.environment.parsed_options
        self.pause(options.hold + self.random.random() * options.spread)
        peer = self.neighbour()
        if peer is not None:
            self.message(peer, BODY)
        self.idle()
