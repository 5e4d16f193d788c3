"""The compose file of one server: ports on loopback, limits, a health check, our files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.targets.containers.images import PORTS, Image, mounts
from harness.targets.process import LOOPBACK

_OPEN_FILES = 65_536


def document(one: Image, share: Path, published: Mapping[str, int]) -> dict[str, Any]:
    """The file as nested values. `published` are the ports of this machine by name."""
    service: dict[str, Any] = {
        "image": one.reference,
        "hostname": "localhost",
        "ports": [f"{LOOPBACK}:{published[name]}:{PORTS[name]}" for name in one.ports],
        "volumes": [
            *(_bind(source, place) for source, place in mounts(one, share)),
            *({"type": "volume", "source": _volume(v), "target": v} for v in one.volumes),
        ],
        "mem_limit": one.memory,
        "pids_limit": one.pids,
        "ulimits": {"nofile": _OPEN_FILES},
        "restart": "no",
        "healthcheck": {
            "test": [_literal(word) for word in one.health],
            "interval": "5s",
            "timeout": "5s",
            "retries": 24,
        },
    }
    if one.environment:
        service["environment"] = dict(one.environment)
    if one.entrypoint:
        service["entrypoint"] = [_literal(word) for word in one.entrypoint]
    if one.command:
        service["command"] = [_literal(word) for word in one.command]
    if one.directory:
        service["working_dir"] = one.directory
    whole: dict[str, Any] = {"services": {one.name: service}}
    if one.volumes:
        whole["volumes"] = {_volume(place): {} for place in one.volumes}
    return whole


def text(one: Image, share: Path, published: Mapping[str, int]) -> str:
    """The file as YAML."""
    return "\n".join(_lines(document(one, share, published), "")) + "\n"


def _bind(source: Path, place: str) -> dict[str, Any]:
    return {
        "type": "bind",
        "source": str(source) if source.is_absolute() else f"./{source}",
        "target": place,
        "read_only": True,
    }


def _volume(place: str) -> str:
    return place.strip("/").replace("/", "-")


def _literal(word: str) -> str:
    """Compose would put its own variables in place of $name."""
    return word.replace("$", "$$")


def _lines(value: Mapping[str, Any], indent: str) -> list[str]:
    """Block style; each scalar is written as JSON, which is YAML too."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            lines += [f"{indent}{key}:", *_lines(inner, indent + "  ")]
        elif isinstance(inner, list) and inner and key != "test":
            lines.append(f"{indent}{key}:")
            lines += [f"{indent}  - {json.dumps(one)}" for one in inner]
        else:
            lines.append(f"{indent}{key}: {json.dumps(inner)}")
    return lines
