"""One-to-one chat between users who are online.

Steps of a user: log in (TLS, SASL, bind, roster, first presence); when everybody is in, send
chat messages of 64 bytes to the bare JIDs of random other users (of the same generator
process); log out at the end.

Metrics: message (delivery, end to end), login and its phases.

Parameters:
    --rate R     messages per second, all users together, at planned times that do not wait for
                 the server, or a plan such as poisson:R or ramp:R..R/S (default: none; then each
                 user writes when its pause is over)
    --pause S    mean pause between two messages of one user, in seconds (default: 5)
"""

from typing import Any

from locust import events, task

from harness.load import XmppUser
from harness.load.pacing import BODY


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--pause", type=float, default=5.0, help="mean pause of a user (seconds)")


class ChatUser(XmppUser):
    """Writes to somebody, pauses, writes to somebody else."""

    plan_acts = True

    def wait_time(self) -> float:
        return self.random.expovariate(1 / self.environment.parsed_options.pause)

    @task
    def write(self) -> None:
        peer = self.peer()
        if peer is not None:
            self.message(peer, BODY)
