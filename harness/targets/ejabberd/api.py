"""ejabberd's HTTP API over a unix socket."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from types import TracebackType

from harness.errors import HarnessError
from harness.targets.unix_http import UnixHTTPConnection

_SLOWEST_S = 120.0


class Api(UnixHTTPConnection):
    """One kept-alive connection to `mod_http_api`. Raises OSError when the server is gone."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SLOWEST_S)

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, command: str, **arguments: str) -> object:
        """The command's decoded result. Raises HarnessError when ejabberd refuses it."""
        try:
            self.request(
                "POST",
                f"/api/{command}",
                json.dumps(arguments),
                {"Content-Type": "application/json"},
            )
            response = self.getresponse()
            body = response.read()
        except http.client.HTTPException as error:
            raise OSError(f"broken answer to {command}: {type(error).__name__}") from None
        if response.status != http.client.OK:  # the body may quote our data: keep it out
            raise HarnessError(f"ejabberd answered {response.status} to its command {command}")
        return json.loads(body)
