"""Hooks the load engine into Locust. A scenario imports this module's package and is done."""

from __future__ import annotations

import signal
import sys
from typing import Any

from locust import events
from locust.argument_parser import default_args_dict
from locust.runners import WorkerRunner

from harness.errors import HarnessError, PeerError
from harness.load import links, options
from harness.load.coordinator import Coordinator

_installed = False


def install() -> None:
    """Listen to Locust's events; any number of calls is one."""
    global _installed
    if _installed:
        return
    _installed = True
    hooks: Any = events
    hooks.init_command_line_parser.add_listener(options.add)
    hooks.init.add_listener(_on_init)


def _on_init(environment: Any, runner: Any, **_kwargs: Any) -> None:
    if isinstance(runner, WorkerRunner):
        links.serve(environment)
        return
    # Until Locust installs its own handler; exiting in order is what stops the target.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    custom = set(vars(environment.parsed_options)) - set(default_args_dict())
    coordinator = Coordinator(environment, custom)
    hooks = environment.events
    hooks.quitting.add_listener(lambda **_kwargs: coordinator.quit())
    try:
        coordinator.prepare()
    except (HarnessError, PeerError) as error:
        _give_up(coordinator, error)
    hooks.test_start.add_listener(lambda **_kwargs: _begin(coordinator))
    hooks.spawning_complete.add_listener(lambda user_count: coordinator.spawned(user_count))
    hooks.test_stopping.add_listener(lambda **_kwargs: coordinator.drain())
    hooks.test_stop.add_listener(lambda **_kwargs: coordinator.finish())


def _begin(coordinator: Coordinator) -> None:
    try:
        coordinator.begin()
    except HarnessError as error:
        _give_up(coordinator, error)


def _give_up(coordinator: Coordinator, error: HarnessError | PeerError) -> None:
    coordinator.status.error(str(error))
    coordinator.quit()
    sys.exit(2)
