"""Synthetic conformance runs, written the way a real run writes them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from harness.record.conformance import ConformanceWriter
from harness.record.verdicts import (
    CLOSE_SEVERITY,
    SEVERITY,
    CaseResult,
    ConformanceManifest,
    ConformanceOutcome,
    Coverage,
    RequirementResult,
    Verdict,
)
from reports.tests.conformance_catalogue import CATALOGUE, Entry

OBSERVED: dict[Verdict, Sequence[str]] = {
    "PASS": ("as expected", "stream error not-well-formed"),
    "NON-STRICT": ("stream error undefined-condition", "iq error feature-not-implemented"),
    "FAIL": ("ignored", "silence", "closed", "reset", "message normal", "stream error bad-format"),
    "ABSENT": ("",),
    "UNKNOWN": ("",),
}
REASONS = {
    "ABSENT": "the feature is not among <features/>",
    "UNKNOWN": "the fence was not answered within 5 s",
}


class Recipe(msgspec.Struct, kw_only=True):
    """A run to invent: how likely each verdict is, and how much of it is known."""

    target: str = "ejabberd"
    server: str = "ejabberd"
    version: str | None = "23.01"
    weights: dict[Verdict, int] = msgspec.field(
        default_factory=lambda: {"PASS": 84, "NON-STRICT": 5, "FAIL": 6, "ABSENT": 3, "UNKNOWN": 2}
    )
    known: float = 0.8  # of what is wrong
    seed: int = 1
    truncated: bool = False


def manifest(**changes: object) -> ConformanceManifest:
    """A complete manifest with these changes."""
    return msgspec.structs.replace(
        ConformanceManifest(
            run_id="20260201-120000-conformance-ejabberd",
            started="2026-02-01T12:00:00Z",
            command=["xmpp-harness", "conformance", "--target", "ejabberd"],
            target="ejabberd",
            server="ejabberd",
            version="23.01",
            domain="bench.test",
            transport="starttls",
            effort="ci",
            seed=4711,
            versions={"harness": "0.2.0", "python": "3.11.2", "hypothesis": "6.165"},
        ),
        **changes,
    )


def case(name: str, requirement: str, verdict: Verdict, **changes: object) -> CaseResult:
    """A case of the given short name with these changes."""
    result = CaseResult(
        case=f"rfc6120/test_04_streams.py::test_{name}",
        requirements=[requirement],
        verdict=verdict,
    )
    return msgspec.structs.replace(result, **changes)


def requirement(name: str, verdict: Verdict | None, **changes: object) -> RequirementResult:
    """A requirement with these changes."""
    result = RequirementResult(
        id=name,
        document="RFC 6120",
        section="4.7.3",
        level="MUST",
        summary=f"Summary of {name}.",
        verdict=verdict,
    )
    return msgspec.structs.replace(result, **changes)


def record(
    directory: Path,
    requirements: Sequence[RequirementResult] = (),
    cases: Sequence[CaseResult] = (),
    of: ConformanceManifest | None = None,
    *,
    truncated: bool = False,
    coverage: Sequence[Coverage] = (),
) -> Path:
    """Write a run of exactly these and return its directory."""
    writer = ConformanceWriter(directory, of or manifest())
    for result in cases:
        writer.case(result)
    if truncated:
        return directory
    unexpected = [result.id for result in requirements if result.unexpected]
    counts = dict.fromkeys(SEVERITY, 0)
    for result in requirements:
        if result.verdict:
            counts[result.verdict] += 1
    words = f"{len(requirements)} requirements, {len(cases)} cases"
    news = f"{len(unexpected)} unexpected" if unexpected else "all as expected"
    outcome = ConformanceOutcome(
        ended="2026-02-01T12:03:02Z",
        seconds=182.4,
        verdict="unexpected" if unexpected else "expected",
        reason=f"{words}: {news}",
        counts=counts,
        unexpected=unexpected,
        coverage=list(coverage),
    )
    writer.finish(requirements, outcome)
    return directory


def leave_evidence(directory: Path, result: CaseResult, transcript: str | bytes) -> CaseResult:
    """Put a transcript and a replay where the case says; the case with that path."""
    name = f"evidence/{result.case.replace('/', '-').replace('.py::', '-').rstrip(']')}"
    name = name.replace("[", "-")
    folder = directory / name
    folder.mkdir(parents=True)
    data = transcript.encode() if isinstance(transcript, str) else transcript
    (folder / "transcript.txt").write_bytes(data)
    (folder / "finding.txt").write_text(f"case: {result.case}\n")
    (folder / "replay.py").write_text("CASE = None\n")
    return msgspec.structs.replace(result, evidence=name)


def transcript(about: str) -> str:
    """Thirty lines of a wire."""
    opening = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='bench.test'>"
    lines = [
        f"> {opening}",
        "< <?xml version='1.0'?><stream:stream id='5411' from='bench.test' xml:lang='en'>",
        "< <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
        "> <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        "< <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        "* TLSv1.3, TLS_AES_256_GCM_SHA384",
        *(
            f"> <message to='peer@bench.test'><body>{about} {n}\x07</body></message>"
            for n in range(11)
        ),
        *(f"< <iq type='result' id='fence-{n}' from='bench.test'/>" for n in range(11)),
        "< <stream:error><xml-not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>",
        "* the connection ended",
    ]
    return "".join(f"{n * 0.0217:8.4f} 1 {text}\n" for n, text in enumerate(lines))


def write(directory: Path, recipe: Recipe | None = None) -> Path:
    """Write the run of a recipe over the whole catalogue and return its directory."""
    recipe = recipe or Recipe()
    dice = random.Random(recipe.seed)
    requirements, cases = [], []
    for entry in CATALOGUE:
        bound = list(_cases(directory, entry, recipe, dice))
        cases += bound
        requirements.append(_requirement(entry, bound, recipe, dice))
    of = manifest(target=recipe.target, server=recipe.server, version=recipe.version)
    if recipe.truncated:
        cases = cases[: len(cases) // 3]
    return record(directory, requirements, cases, of, truncated=recipe.truncated)


def _cases(
    directory: Path, entry: Entry, recipe: Recipe, dice: random.Random
) -> Iterator[CaseResult]:
    verdicts = list(recipe.weights)
    verdict = dice.choices(verdicts, [recipe.weights[name] for name in verdicts])[0]
    folder, slug = entry.document.replace(" ", "").lower(), entry.id.replace("-", "_")
    names = [slug] if dice.random() < 0.6 else [f"{slug}[before-tls]", f"{slug}[after-tls]"]
    for name in names:
        result = CaseResult(
            case=f"{folder}/test_{slug.partition('_')[0]}.py::test_{name}",
            requirements=[entry.id],
            verdict=verdict,
            close=dice.choices(list(CLOSE_SEVERITY), [80, 12, 4, 4])[0],
            expected="a stream error <not-well-formed/>, then the closing tag",
            observed=dice.choice(OBSERVED[verdict]),
            reason=REASONS.get(verdict, ""),
            examples=dice.randrange(1, 200),
            seconds=round(dice.expovariate(2), 3),
        )
        wrong = verdict not in ("PASS", "ABSENT")
        yield leave_evidence(directory, result, transcript(entry.id)) if wrong else result
        verdict = "PASS"


def _requirement(
    entry: Entry, cases: Sequence[CaseResult], recipe: Recipe, dice: random.Random
) -> RequirementResult:
    worst = max(cases, key=lambda case: SEVERITY[case.verdict])
    wrong = worst.verdict in ("FAIL", "UNKNOWN") or (
        worst.verdict == "ABSENT" and entry.level == "MUST"
    )
    known = wrong and dice.random() < recipe.known
    what = worst.observed or worst.reason
    return RequirementResult(
        **entry._asdict(),
        verdict=worst.verdict,
        close=max((c.close for c in cases if c.close), key=CLOSE_SEVERITY.__getitem__),
        cases=len(cases),
        expected=worst.expected,
        observed=what,
        evidence=worst.evidence,
        deviation=f"{recipe.server} has done so since its first release" if known else None,
        unexpected=f"{worst.case}: {worst.verdict} ({what})" if wrong and not known else None,
    )
