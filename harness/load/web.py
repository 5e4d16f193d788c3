"""Locust's web UI: whether its port is free, and where it is."""

from __future__ import annotations

import socket
from typing import Any

from harness.errors import HarnessError


def check(web_ui: Any) -> None:
    """Raise HarnessError when the port can not be had. Locust itself would find out when the
    target has been started, and end without a word about it."""
    if web_ui is None:
        return
    family = socket.AF_INET6 if ":" in web_ui.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web_ui.host, web_ui.port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise HarnessError(
                f"the web UI cannot have port {web_ui.port}: {why}; choose another: --web-port"
            ) from error


def url(web_ui: Any) -> str:
    """For a browser on this machine."""
    scheme = "https" if web_ui.tls_cert else "http"
    host = f"[{web_ui.host}]" if ":" in web_ui.host else web_ui.host or "127.0.0.1"
    return f"{scheme}://{host}:{web_ui.port}"
