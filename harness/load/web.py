"""Locust's web UI: who may open it, whether its port is free, and where it is."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
from hmac import compare_digest
from typing import Any

from flask import redirect, request, session
from flask_login import login_user

from harness.errors import HarnessError

PASSWORD = "XMPP_HARNESS_WEB_PASSWORD"  # a variable of the environment
_USER = "xmpp"


def check(web_ui: Any) -> None:
    """Raise HarnessError when it would be open to others, or its
    port can not be had. Locust itself would find out when the
    target has been started, and end without a word about it."""
    if web_ui is None:
        return
    if not web_ui.web_login and not _loopback(web_ui.host):
        raise HarnessError(
            f"the web UI starts and stops loads: for {web_ui.host or 'every address'} it needs "
            f"--web-login, and its password in {PASSWORD}"
        )
    family = socket.AF_INET6 if ":" in web_ui.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web_ui.host, web_ui.port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise HarnessError(
                f"the web UI cannot have port {web_ui.port}: {why}; choose another: "
                "--web-port (bench: --ui-port)"
            ) from error


def url(web_ui: Any) -> str:
    """For a browser on this machine."""
    scheme = "https" if web_ui.tls_cert else "http"
    host = f"[{web_ui.host}]" if ":" in web_ui.host else web_ui.host or "127.0.0.1"
    return f"{scheme}://{host}:{web_ui.port}"


def login(web_ui: Any, base: str) -> None:
    """Let in who knows the password, by Locust's own login page. Raises HarnessError without one.

    A scenario that has another way of its own sets it up in its `init` listener, which comes later.
    """
    if not web_ui.web_login:
        return
    password = os.environ.get(PASSWORD, "")
    if not password:
        raise HarnessError(f"--web-login needs a password: set {PASSWORD}")
    web_ui.app.secret_key = secrets.token_bytes(32)
    web_ui.login_manager.user_loader(_User.of)
    web_ui.auth_args["username_password_callback"] = f"{base}/xmpp/login"

    def log_in() -> Any:
        form = request.form
        known = compare_digest(form.get("username", "").encode(), _USER.encode())
        if compare_digest(form.get("password", "").encode(), password.encode()) and known:
            login_user(_User())
            return redirect(f"{base}/")
        session["auth_error"] = f"Wrong user or password. The user is {_USER}."
        return redirect(f"{base}/login")

    web_ui.app.add_url_rule(f"{base}/xmpp/login", view_func=log_in, methods=["POST"])


class _User:
    """The only one there is, as Flask-Login wants it."""

    is_authenticated = is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return _USER

    @classmethod
    def of(cls, name: str) -> _User | None:
        return cls() if name == _USER else None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
