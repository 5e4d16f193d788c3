"""What the manifest keeps so that the same load can be put on the same target again."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from locust.argument_parser import default_args_dict, get_parser

from harness.load import arrivals
from harness.load.options import SHOWING, target_options
from harness.record.files import sha256_of
from harness.record.model import Again

# Options with a place of their own in `Again`, and those that say where to write or with whose
# permission: who runs it again says both anew.
_APART = {"client", "duration", "i_am_allowed_to_load_this_host", "rate", "run_dir", "target"}
_APART |= {"installation", "target_profile", "tls", "via"} | SHOWING
_PLANS = ("rate", "login_rate")
_OF_LOCUST = ("user_classes", "tags", "exclude_tags")  # those that decide what users do


def again(locustfiles: list[str], options: Any) -> Again:
    """`locustfiles` as Locust was given them; `options` as it has parsed them."""
    parser = get_parser(default_config_files=[])
    own = default_args_dict()
    values = vars(options) | {name: _located(getattr(options, name)) for name in _PLANS}
    words: list[str] = []  # those without a flag first, as a list of values would swallow them
    withheld = []
    for action in sorted(parser._actions, key=lambda action: bool(action.option_strings)):
        name = action.dest
        if name not in values or name in _APART or (name in own and name not in _OF_LOCUST):
            continue
        if getattr(action, "is_secret", False):
            withheld += [_flag(action)] if values[name] else []
        else:
            words += _words(action, values[name])
    if options.spawn_rate not in (None, options.num_users):  # else what `bench` does by itself
        words.append(f"--spawn-rate={options.spawn_rate}")
    scenario = _scenario(locustfiles)
    read = [Path(scenario)] if scenario and scenario.endswith(".py") else []
    read += [path for name in _PLANS if (path := arrivals.file_of(values[name] or ""))]
    return Again(
        scenario=scenario,
        users=options.num_users or 1,
        rate=values["rate"],
        duration=options.duration,
        client=options.client,
        tls=options.tls,
        profile=_absolute(options.target_profile),
        installation=_installed(options),
        via=options.via,
        options=words,
        withheld=withheld,
        files={str(path): sha256_of(path) for path in read},
    )


def _scenario(locustfiles: list[str]) -> str | None:
    """One of ours by its name, any other file by its path."""
    if len(locustfiles) != 1 or not (path := Path(locustfiles[0]).resolve()).is_file():
        return None
    spec = find_spec("scenarios")
    ours = spec.submodule_search_locations if spec else None
    return path.stem if ours and Path(ours[0]).resolve() == path.parent else str(path)


def _words(action: argparse.Action, value: Any) -> list[str]:
    """How one writes this value of an option; nothing for one that is not set."""
    if isinstance(action, argparse.BooleanOptionalAction):
        negative = [name for name in action.option_strings if name.startswith("--no-")]
        return [] if value is None else [_flag(action)] if value else negative[:1]
    if action.nargs == 0:
        return [_flag(action)] if value == action.const else []
    if value is None or value == [] or value == action.default == "":
        return []
    if isinstance(value, list):
        return _several(action, [str(one) for one in value])
    return [f"{_flag(action)}={value}"]


def _several(action: argparse.Action, values: list[str]) -> list[str]:
    if not action.option_strings:
        return values
    if action.nargs is None:  # one that may be given again
        return [f"{_flag(action)}={value}" for value in values]
    return [_flag(action), *values]


def _flag(action: argparse.Action) -> str:
    """The long name, which Locust's options and ours all have."""
    return next((name for name in action.option_strings if name.startswith("--")), action.dest)


def _located(plan: str | None) -> str | None:
    """A plan from a file names it by its absolute path."""
    path = arrivals.file_of(plan or "")
    return f"trace:{path.absolute()}" if path else plan


def _installed(options: Any) -> str | None:
    found = target_options(options).installation
    return str(found) if found else None


def _absolute(path: str | None) -> str | None:
    return str(Path(path).absolute()) if path else None
