"""Our options on Locust's command line; the same words as `xmpp-harness bench` where possible."""

from __future__ import annotations

from argparse import SUPPRESS
from pathlib import Path
from typing import Any

from locust.argument_parser import default_args_dict, get_parser

from harness import targets
from harness.errors import HarnessError
from harness.load import arrivals, placement
from harness.targets import containers
from harness.targets.base import TargetOptions, TlsMode
from harness.targets.installation import assign
from harness.xmpp.sasl import DEFAULT_ORDER, KNOWN

# Shown in the web UI, and of them those that may be left empty.
SHOWN = (
    "rate",
    "login_rate",
    "seed",
    "placement",
    "login_timeout",
    "duration",
    "drain",
)
EMPTY = ("rate", "duration")
SHOWING = {"live_status", "prometheus", "prometheus_host"}  # no part of what a run does
_TLS: dict[str, TlsMode] = {
    "on": "starttls",
    "starttls": "starttls",
    "direct": "direct",
    "off": "off",
}


def our_plan(text: str) -> str | None:
    """A plan of arrivals as it was written; a mere number is a constant rate."""
    if not text:
        return None  # an empty field of the web UI
    try:
        return f"constant:{float(text):g}"
    except ValueError:
        return text


def add(parser: Any) -> None:
    """Add our group to Locust's parser."""
    group = parser.add_argument_group("XMPP")
    group.add_argument(
        "--target",
        default="embedded",
        help=f"server to load: {', '.join(targets.names())} (default: embedded)",
    )
    # Locust has a --profile of its own (a label for reports).
    group.add_argument("--target-profile", default=None, help="TOML profile for --target external")
    group.add_argument(
        "--i-am-allowed-to-load-this-host",
        action="store_true",
        help="needed for a server that is not on this machine",
    )
    group.add_argument(
        "--installation",
        default=None,
        metavar="DIR",
        help="where a server that has no package was unpacked (openfire, tigase)",
    )
    group.add_argument(
        "--via",
        choices=[containers.VIA],
        default=None,
        help="docker: run the server from its public image",
    )
    group.add_argument(
        "--tls",
        choices=sorted(_TLS),
        default=None,
        help="on (STARTTLS), direct or off (default: on, or what the profile says)",
    )
    group.add_argument(
        "--sasl",
        default="",
        help="SASL mechanisms to use, best first, with commas (default: the strongest offered)",
    )
    group.add_argument(
        "--client",
        choices=["light", "slixmpp", "mix"],
        default="light",
        help="light clients, complete slixmpp clients, or a mix with 2 %% complete ones",
    )
    group.add_argument(
        "--archive",
        choices=["on", "off"],
        default="off",
        help="whether the server keeps every message (XEP-0313), where the target is ours to start "
        "(default: off)",
    )
    group.add_argument(
        "--run-dir", default=None, help="directory for the record (default: out/...)"
    )
    group.add_argument(
        "--prometheus",
        type=int,
        default=None,
        metavar="PORT",
        help="port of an exporter for Prometheus, at /metrics",
    )
    group.add_argument(
        "--prometheus-host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="its address (default: 127.0.0.1)",
    )
    group.add_argument("--live-status", action="store_true", help=SUPPRESS)  # for `bench --live`
    # Locust binds to every address of the machine.
    parser.set_defaults(web_host="127.0.0.1")
    _add_shown(group)


def _add_shown(group: Any) -> None:
    """Options that can be changed in the web UI before each start."""

    def show(*names: str, **kwargs: Any) -> None:
        group.add_argument(*names, **kwargs).include_in_web_ui = True

    show(
        "--rate",
        type=our_plan,
        default=None,
        help="measured messages per second, all users together, whatever the server's pace, or a "
        f"plan ({arrivals.KINDS}); without it users act as their tasks and wait times say",
    )
    show(
        "--login-rate",
        type=our_plan,
        default="constant:200",
        help="logins per second, or a plan like that of --rate (default: 200)",
    )
    show("--seed", type=int, default=0, help="of everything that is drawn (default: 0)")
    show(
        "--placement",
        default="uniform",
        help=f"who sends at an arrival of --rate: {placement.KINDS} (default: uniform)",
    )
    show("--login-timeout", type=float, default=60.0, help="seconds for one login (default: 60)")
    show(
        "--duration",
        type=float,
        default=None,
        help="seconds of load after the logins (default: until stopped)",
    )
    show(
        "--drain",
        type=float,
        default=10.0,
        help="seconds to wait at the end for messages under way (default: 10)",
    )


def normalise(options: Any) -> None:
    """Give our options the types of the command line again: the web UI sets those that had no
    value to text. Raises HarnessError for what is no number."""
    options.rate, options.login_rate = our_plan(options.rate or ""), our_plan(options.login_rate)
    for name in ("duration", "drain", "login_timeout"):
        value = getattr(options, name)
        try:
            setattr(options, name, None if value in (None, "") else float(value))
        except ValueError:
            raise HarnessError(
                f"--{name.replace('_', '-')} must be a number, not {value!r}"
            ) from None


def secrets(options: Any) -> dict[str, Any]:
    """What was given for a scenario's options that are declared with `is_secret`."""
    actions = get_parser(default_config_files=[])._actions
    names = {action.dest for action in actions if getattr(action, "is_secret", False)}
    return {name: value for name, value in vars(options).items() if name in names and value}


def custom(options: Any) -> dict[str, Any]:
    """The options that Locust does not have of its own, in alphabetical order, without secrets."""
    hidden = set(default_args_dict()) | set(secrets(options)) | SHOWING
    return {name: value for name, value in sorted(vars(options).items()) if name not in hidden}


def target_options(options: Any) -> TargetOptions:
    """What the target needs to know."""
    profile = Path(options.target_profile) if options.target_profile else None
    asked = options.tls or (None if profile else "on")
    named = options.installation
    return TargetOptions(
        tls=_TLS[asked] if asked else None,
        profile=profile,
        allow_remote=options.i_am_allowed_to_load_this_host,
        archive=options.archive == "on",
        installation=assign([named], [options.target])[options.target] if named else None,
    )


def mechanisms(options: Any) -> tuple[str, ...]:
    """The SASL mechanisms that may be used. Raises HarnessError for an unknown one."""
    if not options.sasl:
        return DEFAULT_ORDER
    chosen = tuple(name.strip().upper() for name in options.sasl.split(","))
    for name in chosen:
        if name not in KNOWN:
            raise HarnessError(f"unknown SASL mechanism {name!r}: choose of {', '.join(KNOWN)}")
    return chosen


def check(options: Any) -> None:
    """Raise HarnessError for values that make no sense."""
    for option, plan in (("--rate", options.rate), ("--login-rate", options.login_rate)):
        try:
            if plan is not None:
                arrivals.plan(plan)
        except HarnessError as error:
            raise HarnessError(f"{option}: {error}") from None
    placement.placement(options.placement)
    for name in ("login_timeout", "duration", "drain"):
        value = getattr(options, name)
        if value is not None and (value < 0 or (value == 0 and name != "drain")):
            raise HarnessError(f"--{name.replace('_', '-')} must be more than 0, not {value:g}")
