"""Locust's web UI with our figures, by its public extension points.

A tab "XMPP" (`tab.js`, which asks for `/xmpp/live` once a second while it is open), a tab
"XMPP operations" (a table of Locust's own), downloads, and the reports of runs that are over.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import gevent.subprocess as subprocess
import msgspec
from flask import Blueprint, Response, jsonify, request, send_file
from locust.runners import STATE_RUNNING, STATE_SPAWNING

from harness.errors import HarnessError
from harness.load import options as our_options
from harness.load import web
from harness.load.dashboard import operations
from harness.load.live import Live

_HERE = Path(__file__).parent
_SCRIPT = b'<script src="./xmpp/tab.js" defer></script></body>'


class Enlargeable(Protocol):
    """What the dashboard needs of the coordinator."""

    live: Live | None

    def enlarge(self, count: int) -> None:
        """Make accounts for so many users while a test runs. Raises HarnessError."""
        ...


def install(environment: Any, coordinator: Enlargeable) -> None:
    """Add our part to Locust's web UI, if there is one. Raises HarnessError."""
    web_ui = environment.web_ui
    if web_ui is None:
        return
    live = coordinator.live = coordinator.live or Live()
    base = environment.parsed_options.web_base_path or ""
    web.login(web_ui, base)
    protect = web_ui.auth_required_if_enabled
    web_ui.app.register_blueprint(_routes(live, protect), url_prefix=f"{base}/xmpp")
    extensions: dict[str, Any] = {
        "extended_tabs": [
            {"title": "XMPP", "key": "xmpp"},
            {"title": "XMPP operations", "key": operations.KEY},
        ],
        "extended_tables": [{"key": operations.KEY, "structure": operations.STRUCTURE}],
        "extended_csv_files": [
            {"href": "./xmpp/operations.csv", "title": "Download XMPP operations CSV"},
            {"href": "./xmpp/report", "title": "Report of the last XMPP run"},
        ],
    }
    web_ui.template_args.update(extensions)

    def make_room() -> Response | None:
        return _refusal(environment, coordinator) if request.path == f"{base}/swarm" else None

    def extend(response: Response) -> Response:
        if request.path == f"{base}/" and response.status_code == 200:
            response.set_data(response.get_data().replace(b"</body>", _SCRIPT))
        elif request.path == f"{base}/swarm":
            our_options.normalise(environment.parsed_options)
        elif request.path == f"{base}/stats/requests" and response.is_json:
            rows = operations.rows(live.snapshot)
            extended = [{"key": operations.KEY, "data": rows}]
            response.set_data(
                msgspec.json.encode({**response.get_json(), "extended_stats": extended})
            )
        return response

    web_ui.app.before_request(make_room)
    web_ui.app.after_request(extend)


def _refusal(environment: Any, coordinator: Enlargeable) -> Response | None:
    """Before Locust acts on its form: why it can not; otherwise there are accounts enough."""
    options, form = environment.parsed_options, request.form
    try:
        asked = msgspec.convert(form.get("user_count", ""), int, strict=False)
        wished = type(options)(**{**vars(options), **_ours(options, form)})
        our_options.normalise(wished)
        our_options.check(wished)
        for name in form.keys() & set(our_options.EMPTY):
            setattr(options, name, None)  # Locust gives a field the type of its last value
        if environment.runner.state in (STATE_RUNNING, STATE_SPAWNING):
            coordinator.enlarge(asked)
    except (HarnessError, msgspec.ValidationError) as error:
        return jsonify({"success": False, "message": str(error), "host": environment.host})
    return None


def _ours(options: Any, form: Any) -> dict[str, str]:
    return {name: form[name] for name in our_options.SHOWN if name in form}


def _routes(live: Live, protect: Callable[..., Any]) -> Blueprint:
    ours = Blueprint("xmpp", __name__)

    @ours.get("/tab.js")
    @protect
    def tab() -> Response:
        return Response(_script(), mimetype="text/javascript")

    @ours.get("/live")
    @protect
    def figures() -> Response:
        """All figures, of the lines over time only the seconds after `since` of run `run`."""
        now = live.snapshot
        if request.args.get("run", type=int) == now.number:
            since = request.args.get("since", -1, type=int)
            new = [second for second in now.seconds if second.t > since]
            now = msgspec.structs.replace(now, seconds=new)
        answer = Response(msgspec.json.encode(now), mimetype="application/json")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @ours.get("/operations.csv")
    @protect
    def operations_csv() -> Response:
        answer = Response(operations.as_csv(live.snapshot), mimetype="text/csv")
        answer.headers["Content-Disposition"] = "attachment;filename=xmpp-operations.csv"
        return answer

    @ours.get("/report")
    @ours.get("/runs/<int:number>/report")
    @protect
    def report(number: int | None = None) -> Response:
        recorded = live.snapshot.recorded
        found = [run for run in recorded if number in (None, run.number)]
        if not found:
            return Response("There is no run yet that is over.\n", 404, mimetype="text/plain")
        return _report(Path(found[-1].directory))

    return ours


def _report(directory: Path) -> Response:
    """The report of a run, made in a process of its own: this one may be under load again."""
    page = directory.resolve() / "report.html"
    if not page.is_file():
        command = [sys.executable, "-m", "harness", "report", str(directory), "--format", "html"]
        made = subprocess.run(command, capture_output=True, preexec_fn=lambda: os.nice(10))
        if made.returncode:
            return Response(made.stderr, 500, mimetype="text/plain")
        page.write_bytes(made.stdout)
    return send_file(page, max_age=0)


@cache
def _script() -> str:
    """The tab in one file, with its style."""
    style = msgspec.json.encode((_HERE / "tab.css").read_text(encoding="utf-8")).decode()
    parts = [(_HERE / name).read_text(encoding="utf-8") for name in ("chart.js", "tab.js")]
    return f'"use strict";\n(() => {{\nconst STYLE = {style};\n{"".join(parts)}}})();\n'
