"""The process that asks: a `Source` as one line of JSON on standard input, then a line of JSON
(`Said`) on standard output for each second, until standard input ends."""

from __future__ import annotations

import select
import sys
import time

import msgspec

from harness.errors import HarnessError, PeerError
from harness.statistics.reading import Reader, reader
from harness.statistics.said import Said
from harness.targets.sources import Source

_PERIOD_S = 1.0


def main() -> None:
    """Ask and tell until nobody listens any more."""
    source = msgspec.json.decode(sys.stdin.buffer.readline(), type=Source)
    asked: Reader | None = None
    while True:
        began = time.monotonic()
        try:
            asked = asked or reader(source)
            said = asked()
        except (HarnessError, PeerError, OSError, ValueError, KeyError) as error:
            asked = None
            said = Said(0.0, error=_in_words(error))
        said.t = time.monotonic()
        said.took_ms = round((said.t - began) * 1e3, 3)
        sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
        sys.stdout.buffer.flush()
        left_s = max(0.0, began + _PERIOD_S - time.monotonic())
        if select.select([sys.stdin], [], [], left_s)[0]:  # its end: nothing else is ever sent
            return


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, HarnessError | PeerError):
        return str(error)
    return f"an answer that is not understood ({type(error).__name__})"


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
