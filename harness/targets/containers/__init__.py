"""Servers from their public images, in a container engine: `--via docker`."""

from __future__ import annotations

import json
from pathlib import Path

from harness.errors import HarnessError
from harness.targets.base import Target
from harness.targets.containers.compose import document, text
from harness.targets.containers.engine import usability
from harness.targets.containers.images import IMAGES, PORTS, image

__all__ = ["IMAGES", "VIA", "compose_file", "image", "target", "usability"]

VIA = "docker"


def compose_file(name: str, as_json: bool = False) -> str:
    """The compose file of that target as `--via docker` uses it, with the usual ports and with our
    files beside it. Raises HarnessError for a target that has no image."""
    one, share = image(name), Path("harness")
    if as_json:
        return json.dumps(document(one, share, PORTS), indent=2) + "\n"
    return text(one, share, PORTS)


def target(name: str, via: str) -> type[Target]:
    """The target of that name in a container. Raises HarnessError when there is none."""
    if via != VIA:
        raise HarnessError(f"unknown --via {via!r}: there is {VIA}")
    from harness.targets.containers.server import server_class  # late: servers import this package

    return server_class(image(name))
