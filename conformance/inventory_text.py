"""`xmpp-harness conformance --list` and `--coverage`, for people and as JSON."""

from __future__ import annotations

import json

from conformance import catalogue
from conformance.inventory import collect


def listing(as_json: bool) -> str:
    """Every requirement with the number of its cases."""
    known, (bound, _) = catalogue.load(), collect()
    if as_json:
        rows = [
            {
                "id": entry.id,
                "document": entry.document,
                "section": entry.section,
                "level": entry.level,
                "observability": entry.observability,
                "summary": entry.summary,
                "unbound": entry.unbound,
                "cases": bound.get(entry.id, []),
            }
            for entry in known.values()
        ]
        return json.dumps(rows, indent=2)
    lines = []
    document = ""
    for entry in known.values():
        if entry.document != document:
            document = entry.document
            lines += ["", f"{document}: {known.titles[document]}"]
        count = len(bound.get(entry.id, []))
        cases = f"{count} cases" if count else "not tested"
        lines.append(f"  {entry.section:11}{entry.level:7}{cases:12}{entry.id}: {entry.summary}")
    return "\n".join(lines[1:])


def coverage(as_json: bool) -> str:
    """How many of the requirements have a case, by document, section and level."""
    known, (bound, _) = catalogue.load(), collect()
    whole = catalogue.coverage(known, bound)
    if as_json:
        return json.dumps(whole, indent=2)
    lines = ["tested of those that a client can observe (of all), by level"]
    for document, sections in catalogue.section_coverage(known, bound).items():
        lines += ["", f"{document}  {_row(whole[document])}"]
        lines += [f"  {section:8}{_row(levels)}" for section, levels in sections.items()]
    features = [e for e in known.values() if e.feature and catalogue.observable(e)]
    tested = sum(bool(bound.get(entry.id)) for entry in features)
    lines += ["", f"conformance features: {tested} of {len(features)} observable ones"]
    return "\n".join(lines)


def _row(levels: catalogue.Coverage) -> str:
    cells = [
        f"{level} {bound} of {observable} ({every})"
        for level, (bound, observable, every) in levels.items()
        if every
    ]
    return "   ".join(f"{cell:24}" for cell in cells).rstrip()
