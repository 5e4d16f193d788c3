"""The comparison as one self-contained page without scripts: the interval plot is drawn here."""

from __future__ import annotations

from markupsafe import Markup

from reports import page
from reports.compare import wording
from reports.compare.figures import Comparison
from reports.compare.plot import scale

_STATES = {"same": "same", "better": "ok", "worse": "failed", "not comparable": "incomplete"}


def render(comparison: Comparison) -> str:
    """The page. Everything from the records is escaped: a server's version may be hostile."""
    environment = page.environment()
    return environment.get_template("compare.html.jinja").render(
        comparison=comparison,
        title=_title(comparison),
        state=_STATES[comparison.verdict],
        states=_STATES,
        verdict=wording.VERDICTS[comparison.verdict],
        pairs=[(pair, scale(pair.figures)) for pair in comparison.pairs],
        wording=wording,
        style=Markup(page.template("report.css") + page.template("compare.css")),
    )


def _title(comparison: Comparison) -> str:
    first, *others = [group.server for group in comparison.groups]
    names = list(dict.fromkeys(others))
    if names == [first]:
        return f"{first}: {' and '.join(group.name for group in comparison.groups[1:])} against A"
    return f"{', '.join(names)} against {first}"
