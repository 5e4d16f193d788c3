"""`make bench-generator`: every kind of generator in turn on one ejabberd, and the table."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from harness import targets
from harness.errors import HarnessError, PeerError
from harness.generator_bench import floor, ours, tsung
from harness.targets.base import TargetOptions

MESSAGES = 150  # of each tsung user
CHAT = ours.Job(users=500, rate=5000, seconds=15)
JOBS = {
    "light, 500 sessions": CHAT,
    "light, 5,000 sessions": ours.Job(users=5000, rate=5000, seconds=15, login_rate=400),
    "light, plaintext PLAIN": ours.Job(2000, 1, 3, sasl="PLAIN"),
    "light, TLS SCRAM-SHA-1": ours.Job(2000, 1, 3, tls="on", sasl="SCRAM-SHA-1"),
    "slixmpp, chat": ours.Job(200, 1000, 10, client="slixmpp"),
    "slixmpp, TLS SCRAM-SHA-1": ours.Job(500, 1, 3, client="slixmpp", tls="on"),
}


class Bench:
    """Keeps every figure of every repetition; medians come last."""

    def __init__(self, directory: Path, profile: Path, server: tsung.Server) -> None:
        self.figures: dict[str, list[float]] = {}
        self._directory = directory
        self._profile = profile
        self._server = server
        self._count = 0

    def repeat(self, with_tsung: bool) -> None:
        """Everything once, the ones to be compared next to each other."""
        for name, job in JOBS.items():
            print(f"  {name}", file=sys.stderr, flush=True)
            cost = ours.run(job, self._profile, self._next())
            self._add(f"{name}: message us", cost.message_us)
            self._add(f"{name}: login ms", cost.login_ms)
            self._add(f"{name}: session KB", cost.session_kb)
            if job is CHAT and with_tsung:
                self._tsung()
        self._add("floor: message us", floor.message_us())

    def _tsung(self) -> None:
        print("  tsung, 500 sessions; 100 and 1,000 logins", file=sys.stderr, flush=True)
        chat = tsung.run(CHAT.users, MESSAGES, CHAT.rate, self._server, self._next())
        self._add("tsung: message us", chat.cpu_messages_s / CHAT.users / MESSAGES * 1e6)
        few = tsung.run(100, 1, 100, self._server, self._next())
        many = tsung.run(1000, 1, 1000, self._server, self._next())
        self._add("tsung: login ms", (many.cpu_logged_in_s - few.cpu_logged_in_s) / 900 * 1e3)
        self._add("tsung: session KB", (many.rss_logged_in_kb - few.rss_logged_in_kb) / 900)

    def _next(self) -> Path:
        self._count += 1
        return self._directory / str(self._count)

    def _add(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)


# What is compared, with the bound where there is one: (label, ours, theirs or None, unit, bound).
ROWS = [
    ("message, light client", "light, 500 sessions: message us", "tsung: message us", "us", None),
    ("message, slixmpp client", "slixmpp, chat: message us", "tsung: message us", "us", None),
    ("message, floor", "floor: message us", "tsung: message us", "us", None),
    ("login, light, plaintext PLAIN", "light, plaintext PLAIN: login ms", "tsung: login ms",
     "ms", 1.5),
    ("login, light, TLS and SCRAM", "light, TLS SCRAM-SHA-1: login ms", "tsung: login ms",
     "ms", 4.0),
    ("login, slixmpp, TLS and SCRAM", "slixmpp, TLS SCRAM-SHA-1: login ms", "tsung: login ms",
     "ms", 15.0),
    ("idle session, light, plaintext", "light, plaintext PLAIN: session KB",
     "tsung: session KB", "KB", 25.0),
    ("idle session, light, TLS", "light, TLS SCRAM-SHA-1: session KB", "tsung: session KB",
     "KB", 60.0),
    ("idle session, slixmpp, TLS", "slixmpp, TLS SCRAM-SHA-1: session KB", "tsung: session KB",
     "KB", 100.0),
]  # fmt: skip


def table(figures: dict[str, list[float]]) -> list[str]:
    """Lines for people: medians, all values, ratios to tsung."""
    lines = [f"{'':32}{'median':>10}   {'/ tsung':>8}   {'bound':>8}   each run"]
    for label, name, other, unit, bound in ROWS:
        values = figures[name]
        theirs = figures.get(other)
        ratio = f"{median(values) / median(theirs):.2f}" if theirs else "-"
        limit = f"{bound:g} {unit}" if bound else "-"
        each = ", ".join(f"{value:.3g}" for value in values)
        lines.append(f"{label:32}{median(values):>7.3g} {unit}   {ratio:>8}   {limit:>8}   {each}")
    few, many = (
        figures["light, 500 sessions: message us"],
        figures["light, 5,000 sessions: message us"],
    )
    growth = median(many) / median(few)
    lines.append(f"message at 5,000 sessions against 500: {growth:.2f} (bound 1.25)")
    for name in ("tsung: message us", "tsung: login ms", "tsung: session KB"):
        if name in figures:
            each = ", ".join(f"{value:.3g}" for value in figures[name])
            lines.append(f"{name}: {median(figures[name]):.3g} ({each})")
    return lines


def command(
    repeat: Annotated[int, typer.Option(min=1, help="how often each is measured")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Measure what the load generator costs, next to tsung where that is installed."""
    with tempfile.TemporaryDirectory(prefix="xh-") as place:
        directory = Path(place)
        server = targets.load("ejabberd")(TargetOptions(tls="off"))
        try:
            server.start()
            accounts = server.provision(max(job.users for job in JOBS.values()))
            endpoint = server.endpoint()
            listed = directory / "accounts.csv"
            listed.touch(mode=0o600)
            listed.write_text("".join(f"{a.user},{a.password}\n" for a in accounts))
            profile = directory / "profile.toml"
            profile.write_text(
                f"host = {endpoint.host!r}\nport = {endpoint.port}\n"
                f"domain = {endpoint.domain!r}\nca = {endpoint.ca!r}\naccounts = {str(listed)!r}\n"
            )
            place_to_load = tsung.Server(endpoint.host, endpoint.port, endpoint.domain, listed)
            bench = Bench(directory, profile, place_to_load)
            with_tsung = shutil.which("tsung") is not None
            if not with_tsung:
                print("tsung is not installed: no ratios to it", file=sys.stderr)
            for number in range(repeat):
                print(f"repetition {number + 1} of {repeat}", file=sys.stderr, flush=True)
                bench.repeat(with_tsung)
        finally:
            server.stop()
    print(json.dumps(bench.figures, indent=2) if as_json else "\n".join(table(bench.figures)))


def main() -> None:
    """Run the command; what the user can mend is one line and exit code 2."""
    try:
        typer.run(command)
    except (HarnessError, PeerError) as error:
        print(f"bench-generator: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
