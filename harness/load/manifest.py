"""The manifest of a run, from what Locust, the target and this machine say."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import psutil

import harness
from harness.load import options as our_options
from harness.load.gate import LIMITS
from harness.load.preflight import Findings
from harness.record.model import Again, Manifest, TargetRecord
from harness.targets.base import Endpoint, Facts

COMMAND_VARIABLE = "XMPP_HARNESS_COMMAND"  # set by `bench`: what the user typed, as JSON
# Options that say where and how to write, not what to measure.
_UNMEASURED = {"run_dir", "target", "target_profile", "i_am_allowed_to_load_this_host"}
_UNMEASURED |= {"installation", "via"}


def target_record(name: str, endpoint: Endpoint, facts: Facts, found: Findings) -> TargetRecord:
    """What is known of the server: its own word first, then the adapter's."""
    return TargetRecord(
        name=name,
        server=found.server or facts.server,
        version=found.version or facts.version,
        host=endpoint.host,
        port=endpoint.port,
        domain=endpoint.domain,
        tls=endpoint.tls,
        tls_version=found.tls_version,
        tls_cipher=found.tls_cipher,
        sasl_mechanism=found.mechanism,
        password_store=facts.password_store,
        archive=facts.archive,
        differences=facts.differences,
    )


def manifest(
    scenario: str, options: Any, target: TargetRecord, workers: int, again: Again
) -> Manifest:
    """`options` as Locust has parsed them; secret ones are left out."""
    parameters = {
        name: value if isinstance(value, str | int | float | None) else str(value)
        for name, value in our_options.custom(options).items()
        if name not in _UNMEASURED
    }
    parameters["users"] = options.num_users
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Manifest(
        limits=LIMITS,
        again=again,
        run_id=f"{started}-{scenario}-{target.name}-{os.getpid()}",
        started=started,
        command=_command(set(map(str, our_options.secrets(options).values()))),
        scenario=scenario,
        parameters=parameters,
        config_digest=_digest(scenario, parameters, target, workers),
        target=target,
        workers=workers,
        versions={
            "harness": harness.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("locust", "gevent", "slixmpp")},
        },
        machine={
            "system": f"{platform.system()} {platform.release()}",
            "cpu": _cpu_model(),
            "cores": psutil.cpu_count() or 0,
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        },
    )


def _digest(scenario: str, parameters: Any, target: TargetRecord, workers: int) -> str:
    """Equal for runs that may be compared: ports and addresses do not count."""
    known = msgspec.structs.replace(target, host="", port=0)
    text = msgspec.json.encode([scenario, parameters, known, workers], order="sorted")
    return hashlib.sha256(text).hexdigest()


def _command(secrets: set[str]) -> list[str]:
    """What the user typed, with stars for secrets."""
    typed = json.loads(os.environ.get(COMMAND_VARIABLE, "null"))
    words: list[str] = typed or [Path(sys.argv[0]).name, *sys.argv[1:]]
    return [
        "***" if word in secrets else f"{name}=***" if gap and value in secrets else word
        for word in words
        for name, gap, value in [word.partition("=")]
    ]


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
