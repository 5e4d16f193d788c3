"""Hooks the load engine into Locust. A scenario imports this module's package and is done."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

from gevent import GreenletExit
from locust import events
from locust.runners import WorkerRunner

from harness.load import dashboard, exporter, failures, links, options, web
from harness.load.coordinator import Coordinator
from harness.load.live import Live

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


def _on_init(environment: Any, runner: Any, web_ui: Any, **_kwargs: Any) -> None:
    if isinstance(runner, WorkerRunner):
        links.serve(environment)
        return
    # Until Locust installs its own handler; exiting in order is what stops the target.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    coordinator = Coordinator(environment)
    failures.watch(environment, coordinator.fail)
    hooks = environment.events
    hooks.quitting.add_listener(lambda **_kwargs: coordinator.quit())
    try:
        web.check(web_ui)
        dashboard.install(environment, coordinator)
        _export(environment, coordinator)
        coordinator.prepare()
    except Exception as error:
        coordinator.refuse(error)
        coordinator.quit()
        sys.exit(2)
    if web_ui is not None:
        coordinator.status.web(web.url(web_ui))
    hooks.test_start.add_listener(lambda **_kwargs: _begin(coordinator))
    for hook, listener in (
        (hooks.spawning_complete, lambda user_count: coordinator.spawned(user_count)),
        (hooks.test_stopping, lambda **_kwargs: coordinator.drain()),
        (hooks.test_stop, lambda **_kwargs: coordinator.finish()),
    ):
        hook.add_listener(_guarded(coordinator, listener))


def _export(environment: Any, coordinator: Coordinator) -> None:
    options = environment.parsed_options
    if options.prometheus is not None:
        live = coordinator.live = coordinator.live or Live()
        exporter.serve(live, options.prometheus_host, options.prometheus)


def _begin(coordinator: Coordinator) -> None:
    try:
        coordinator.begin()
    except Exception as error:
        coordinator.abandon(error)
        raise GreenletExit from None  # of the greenlet that would make Locust's users now


def _guarded(coordinator: Coordinator, listener: Callable[..., None]) -> Callable[..., None]:
    """Locust only logs what an event's listener raises."""

    def call(**kwargs: Any) -> None:
        try:
            listener(**kwargs)
        except Exception as error:
            coordinator.fail(failures.in_words(error))
            raise

    return call
