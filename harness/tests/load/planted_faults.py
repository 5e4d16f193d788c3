"""Holds the delivery ledger against faults that are known: a chat run through the fault proxy.

    python -m harness.tests.load.planted_faults --messages 200000 --processes 2

runs `bench chat` on the embedded server and compares every line of the record's anomalies with
what the proxy has done. `--separate` runs a Locust master and its workers as plain programs
instead. Exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness import targets
from harness.bench import scenario_file
from harness.record.model import Messages
from harness.record.reader import Run
from harness.targets.base import TargetOptions
from harness.tests.load.fault_proxy import FAULTS, FaultProxy, Plan, Planted

_ROOT = Path(__file__).parents[3]
_LOCUST = [sys.executable, "-m", "locust"]


@dataclass(frozen=True)
class Trial:
    """What to run. Few users make for many messages of each pair, as reordering needs them."""

    messages: int
    every: int  # one fault in so many messages
    rate: int = 2_500  # messages a second
    users: int = 40
    processes: int = 2
    separate: bool = False
    drain: float = 8.0
    slack: float = 2.0  # seconds between the last planned message and the drain
    seed: int = 0

    @property
    def load_s(self) -> float:
        return self.messages / self.rate + self.slack

    @property
    def rates(self) -> str:
        """The plan of exactly so many messages: it ends halfway to the one that would follow."""
        return f"steps:{self.rate}x{(self.messages - 0.5) / self.rate:.6f}"

    @property
    def faults(self) -> Plan:
        return Plan(self.every, late_s=self.load_s + 0.75 * self.drain, seed=self.seed)


class Found(msgspec.Struct):
    """What the proxy did, and what the record says of it."""

    asked: int  # messages of the trial
    passed: int  # that the proxy has seen
    planted: list[Planted]
    messages: Messages
    missing: list[tuple[str, str]]  # (kind, id) that the record should have
    surplus: list[tuple[str, str]]  # that it should not have

    @property
    def exact(self) -> bool:
        """Whether each anomaly was planted and each fault found, and all the figures agree."""
        kinds = Counter(kind for fault in self.planted for kind in fault.anomalies)
        counts = msgspec.structs.asdict(self.messages)
        sent = counts.pop("sent")
        delivered = counts.pop("delivered")
        return (
            not self.missing
            and not self.surplus
            and counts == {name: kinds[name] for name in counts}
            and sent == self.asked == self.passed == delivered + counts["bounced"] + counts["lost"]
        )


def run(trial: Trial, directory: Path) -> Found:
    """Do it; the record is in `directory`/run."""
    server = targets.load("embedded")(TargetOptions(tls="off"))
    server.start()
    try:
        accounts = server.provision(trial.users)
        rows = "".join(f"{account.user},{account.password}\n" for account in accounts)
        (directory / "accounts.csv").write_text(rows)
        endpoint = server.endpoint()
        with FaultProxy(endpoint.host, endpoint.port, trial.faults) as proxy:
            (directory / "profile.toml").write_text(
                f'host = "127.0.0.1"\nport = {proxy.port}\ndomain = "{endpoint.domain}"\n'
                'tls = "off"\naccounts = "accounts.csv"\n'
            )
            if trial.separate:
                _separate(trial, directory)
            else:
                _bench(trial, directory)
            return _compare(trial, directory / "run", proxy)
    finally:
        server.stop()


def _compare(trial: Trial, record: Path, proxy: FaultProxy) -> Found:
    planted = proxy.log
    recorded = Run(record)
    last = {sample.worker: sample.messages for sample in recorded.generator}
    names = Messages.__struct_fields__
    listed = Counter((anomaly.kind, anomaly.id) for anomaly in recorded.anomalies)
    expected = Counter((kind, fault.id) for fault in planted for kind in fault.anomalies)
    return Found(
        asked=trial.messages,
        passed=proxy.messages,
        planted=planted,
        messages=Messages(**{n: sum(getattr(m, n) for m in last.values()) for n in names}),
        missing=sorted((expected - listed).elements()),
        surplus=sorted((listed - expected).elements()),
    )


def _load(trial: Trial) -> list[str]:
    """Options that `bench` and Locust share."""
    options = {
        "--target": "external",
        "--users": trial.users,
        "--rate": trial.rates,
        "--duration": trial.load_s,
        "--drain": trial.drain,
        "--seed": trial.seed,
    }
    return [str(part) for pair in options.items() for part in pair]


def _bench(trial: Trial, directory: Path) -> None:
    command = [sys.executable, "-m", "harness", "bench", "chat", *_load(trial)]
    command += ["--profile", str(directory / "profile.toml"), "--out", str(directory / "run")]
    command += ["--processes", str(trial.processes)]
    subprocess.run(command, stdout=sys.stderr, env=_environment(), check=True)


def _separate(trial: Trial, directory: Path) -> None:
    """A master and workers that know of each other by the port alone."""
    port = str(_free_port())
    load = ["-f", str(scenario_file("chat")), "--headless", *_load(trial)]
    load += ["--target-profile", str(directory / "profile.toml")]
    load += ["--run-dir", str(directory / "run"), "--spawn-rate", str(trial.users)]
    load += ["--exit-code-on-error", "0"]  # a bounced message is an error to Locust
    master = [*_LOCUST, *load, "--master", "--master-bind-host", "127.0.0.1"]
    master += ["--master-bind-port", port, "--expect-workers", str(trial.processes)]
    worker = [*_LOCUST, "-f", str(scenario_file("chat")), "--worker"]
    worker += ["--master-host", "127.0.0.1", "--master-port", port]
    log = (directory / "locust.log").open("wb")
    started = [
        subprocess.Popen(command, stdout=log, stderr=log, env=_environment())
        for command in [master, *[worker] * trial.processes]
    ]
    try:
        for process in started:
            if process.wait(trial.load_s + trial.drain + 60) != 0:
                raise subprocess.CalledProcessError(process.returncode, process.args)
    finally:
        for process in started:
            process.kill()
            process.wait()
        log.close()


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(_ROOT)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--every", type=int, default=10_000, help="one fault in so many messages")
    parser.add_argument("--rate", type=int, default=2_500, help="messages a second")
    parser.add_argument("--processes", type=int, default=2, help="workers")
    parser.add_argument("--separate", action="store_true", help="plain Locust master and workers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="directory (default: a new one)")
    options = vars(parser.parse_args())
    directory = options.pop("out") or Path(tempfile.mkdtemp(prefix="planted-faults-"))
    directory.mkdir(parents=True, exist_ok=True)
    found = run(Trial(**options), directory)
    with (directory / "planted.jsonl").open("wb") as log:
        log.writelines(msgspec.json.encode(fault._asdict()) + b"\n" for fault in found.planted)
    planted = Counter(fault.fault for fault in found.planted)
    print(f"record    {directory / 'run'}")
    print("planted   " + ", ".join(f"{planted[fault]} {fault}" for fault in FAULTS))
    print(f"passed    {found.passed} of {found.asked} messages")
    counts = msgspec.structs.asdict(found.messages)
    print("recorded  " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    print(f"missing   {found.missing}\nsurplus   {found.surplus}")
    print("exact" if found.exact else "NOT exact")
    return 0 if found.exact else 1


if __name__ == "__main__":
    raise SystemExit(main())
