"""Logins, one after another: the whole way from TCP to the first presence, and out again.

Steps of a user: log in, stay for a moment, log out, pause, log in again.

Metrics: login and its phases (TCP, TLS, SASL, bind, roster, first presence).

Parameters:
    --login-rate R   logins per second, all users together (default: 200)
    --stay S         seconds online before the logout (default: 1)
    --pause S        mean pause after the logout, in seconds (default: 1)
"""

from typing import Any

import gevent
from locust import events, task

from harness.errors import PeerError
from harness.load import XmppUser


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--stay", type=float, default=1.0, help="seconds online (default: 1)")
    parser.add_argument("--pause", type=float, default=1.0, help="mean pause of a user (seconds)")


class LoginUser(XmppUser):
    """Comes and goes."""

    logs_in = False

    def wait_time(self) -> float:
        return self.random.expovariate(1 / self.environment.parsed_options.pause)

    @task
    def come_and_go(self) -> None:
        try:
            self.login()
        except PeerError:
            return  # recorded; try again after the pause
        gevent.sleep(self.environment.parsed_options.stay)
        self.close()
