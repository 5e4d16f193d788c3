"""`python -m harness.targets.embedded --config FILE`: the reference server as a process.

`--defect NAME`, any number of times, makes it do something wrong (see `defects`).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import sys
from pathlib import Path

import msgspec

from harness.errors import HarnessError
from harness.targets.embedded import defects
from harness.targets.embedded.config import Config
from harness.targets.embedded.server import serve


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="harness.targets.embedded", description=__doc__)
    parser.add_argument("--config", type=Path, help="a JSON file; its fields are those of Config")
    parser.add_argument("--defect", action="append", default=[], help="what to do wrong")
    options = parser.parse_args()
    path = options.config
    config = msgspec.json.decode(path.read_bytes(), type=Config) if path else Config()
    try:
        defects.switch_on(config.defects + options.defect)
    except HarnessError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(config))


if __name__ == "__main__":
    main()
