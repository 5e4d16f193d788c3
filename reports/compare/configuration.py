"""Which runs may be compared: what must be the same, and what else differs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.record.reader import Run
from reports.compare.figures import Difference
from reports.compare.groups import Runs
from reports.wording import clean

ENDED = "outcome"
_NOT_SET = "not set"
# What became of these is in the target's record: `--tls on` is what no `--tls` means.
_RECORDED_ELSEWHERE = {"tls", "sasl"}
# These may differ: they are what one compares, what comes with it, or what chance decides.
_MAY_DIFFER = {"parameters.seed", "machine.memory_gb"}


def differences(groups: Sequence[Runs]) -> list[Difference]:
    """What the runs do not have in common, those first that make them incomparable."""
    fixed = [[_fixed(run) for run in group.runs] for group in groups]
    free = [[_free(run) for run in group.runs] for group in groups]
    names = [group.name for group in groups]
    found = [*_compare(names, fixed, blocks=True), *_compare(names, free, blocks=False)]
    for difference in found:
        if difference.key in _MAY_DIFFER:
            difference.blocks = False
    return [*_unfinished(groups), *sorted(found, key=lambda difference: not difference.blocks)]


def blocking(found: Iterable[Difference]) -> list[Difference]:
    """Those of the differences that make the runs incomparable."""
    return [difference for difference in found if difference.blocks]


def _fixed(run: Run) -> dict[str, object]:
    manifest, target = run.manifest, run.manifest.target
    parameters = {
        f"parameters.{name}": value
        for name, value in manifest.parameters.items()
        if name not in _RECORDED_ELSEWHERE
    }
    return {
        "scenario": manifest.scenario,
        **parameters,
        "tls": target.tls,
        "tls_version": target.tls_version,
        "sasl_mechanism": target.sasl_mechanism,
        "workers": manifest.workers,
        **{f"machine.{name}": value for name, value in manifest.machine.items()},
    }


def _free(run: Run) -> dict[str, object]:
    manifest, target = run.manifest, run.manifest.target
    return {
        "target": target.name,
        "server": target.server,
        "version": target.version,
        "tls_cipher": target.tls_cipher,
        "password_store": target.password_store,
        "archive": target.archive,
        "differences": "; ".join(target.differences) or None,
        **{f"versions.{name}": value for name, value in manifest.versions.items()},
    }


def _compare(
    names: Sequence[str], groups: Sequence[Sequence[dict[str, object]]], *, blocks: bool
) -> list[Difference]:
    keys = dict.fromkeys(key for runs in groups for run in runs for key in run)
    found = []
    for key in keys:
        values = {
            name: list(dict.fromkeys(_text(run.get(key)) for run in runs))
            for name, runs in zip(names, groups, strict=True)
        }
        if len({value for given in values.values() for value in given}) > 1:
            words = {name: " and ".join(given) for name, given in values.items()}
            found.append(Difference(key=clean(key), values=words, blocks=blocks))
    return found


def _unfinished(groups: Sequence[Runs]) -> list[Difference]:
    """Runs that did not go as asked have no figures of a whole load."""
    ended = {group.name: list(dict.fromkeys(map(_ending, group.runs))) for group in groups}
    if all(words == ["ok"] for words in ended.values()):
        return []
    values = {name: " and ".join(words) for name, words in ended.items()}
    return [Difference(key=ENDED, values=values, blocks=True)]


def _ending(run: Run) -> str:
    if run.outcome is None:
        return "cut short"
    if run.outcome.verdict == "ok":
        return "ok"
    return clean(f"{run.outcome.verdict} ({run.outcome.reason})")


def _text(value: object) -> str:
    return _NOT_SET if value is None or value == "" else clean(str(value))
