"""`python -m harness.targets.embedded --config FILE`: the reference server as a process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
from pathlib import Path

import msgspec

from harness.targets.embedded.config import Config
from harness.targets.embedded.server import serve


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="harness.targets.embedded", description=main.__doc__)
    parser.add_argument("--config", type=Path, help="a JSON file; its fields are those of Config")
    path = parser.parse_args().config
    config = msgspec.json.decode(path.read_bytes(), type=Config) if path else Config()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(config))


if __name__ == "__main__":
    main()
