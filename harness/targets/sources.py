"""Where a server's own statistics are to be had. A source is data: it is sent to a process."""

from __future__ import annotations

import msgspec

from harness.targets.base import Account, Endpoint

_SESSIONS = (
    "prosody_mod_c2s__connections",
    "sm_total_sessions_count",  # MongooseIM, of its cluster
    "sm_session_count",  # of each of its domains
    "ejabberd_connected_users",  # of an exporter beside it
)


class OpenMetrics(msgspec.Struct, frozen=True, tag="openmetrics"):
    """A page in the text format of OpenMetrics or Prometheus.

    The first metric of `sessions` that is there counts sessions, summed over its labels; so does
    each metric of `figures`, which are names shown -> names of metrics.
    """

    url: str
    sessions: tuple[str, ...] = _SESSIONS
    figures: dict[str, str] = {}
    ca: str | None = None
    verify: bool = True


class EjabberdApi(msgspec.Struct, frozen=True, tag="ejabberd"):
    """ejabberd's `mod_http_api` on a unix socket."""

    socket: str


class Control(msgspec.Struct, frozen=True, tag="control"):
    """The embedded server's unix socket."""

    socket: str


class AdHoc(msgspec.Struct, frozen=True, tag="ad-hoc"):
    """An ad-hoc command (XEP-0050) that an administrator gives over a stream that stays open.

    `sessions` and `figures` (names shown -> variables) are fields of the form that comes back;
    `own` of the sessions are the administrator's.
    """

    endpoint: Endpoint
    account: Account
    to: str
    node: str
    sessions: str
    figures: dict[str, str] = {}
    own: int = 0


Source = OpenMetrics | EjabberdApi | Control | AdHoc
