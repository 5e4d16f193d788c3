"""Presence fan-out: every change of status goes to all contacts who are online.

Steps of a user: log in with a contact list whose size follows a power law; when everybody is
in, change the status text again and again; log out at the end.

Metrics: presence (delivery at each contact, end to end), login and its phases. Contacts count
where they are online on the same worker of the load generator.

Parameters:
    --pause S       mean pause between two changes of one user, in seconds (default: 5)
    --contacts N    mean size of the contact lists (default: 10); sizes follow a power law with
                    exponent 2.5, cut at 200
"""

from typing import Any

from locust import events, task

from harness.load import XmppUser, rosters


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--pause", type=float, default=5.0, help="mean pause of a user (seconds)")
    parser.add_argument("--contacts", type=float, default=10.0, help="mean size of contact lists")


class PresenceUser(XmppUser):
    """Changes its status, pauses, changes it again."""

    @staticmethod
    def contacts(count: int, options: Any) -> rosters.Rosters:
        return rosters.power_law(count, mean=options.contacts, seed=options.seed)

    def wait_time(self) -> float:
        return self.random.expovariate(1 / self.environment.parsed_options.pause)

    @task
    def change_status(self) -> None:
        self.presence(f"busy with number {self.random.randrange(1000)}")
