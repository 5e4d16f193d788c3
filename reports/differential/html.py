"""One self-contained page: requirements in which servers differ, and the cases that show it."""

from __future__ import annotations

from itertools import groupby

from markupsafe import Markup

from reports import page
from reports.conformance import wording as conformance
from reports.differential import wording
from reports.differential.differences import Difference, Differential
from reports.wording import count


def render(found: Differential) -> str:
    """The page. Everything from the records is escaped: what a server says may be hostile."""
    scripts = [page.template("differential.js")]
    environment = page.environment()
    environment.filters["count"] = count
    return environment.get_template("differential.html.jinja").render(
        found=found,
        title=" against ".join(found.servers),
        asked=wording.inputs(found),
        tally=wording.tally(found),
        parts=[
            (kind, words, _by_document(found.of_kind(kind)))
            for kind, words in wording.KINDS.items()
        ],
        who=wording.who,
        wording=conformance,
        style=Markup(
            "".join(
                page.template(name)
                for name in ("report.css", "conformance.css", "differential.css")
            )
        ),
        scripts=[Markup(script) for script in scripts],
        hashes=page.hashes(scripts),
    )


def _by_document(differences: list[Difference]) -> list[tuple[str, list[Difference]]]:
    return [
        (document, list(group))
        for document, group in groupby(differences, key=lambda difference: difference.document)
    ]
