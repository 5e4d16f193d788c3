"""What every HTML page needs: templates, escaping, and a policy that names its own scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup


def environment() -> Environment:
    """Templates of `reports/templates` in which every value is escaped."""
    return Environment(
        loader=FunctionLoader(template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def template(name: str) -> str:
    """The text of a file in `reports/templates`."""
    return (files("reports") / "templates" / name).read_text(encoding="utf-8")


def json(value: object) -> Markup:
    """JSON that is safe inside a script element, whatever text it carries."""
    text = msgspec.json.encode(value).decode()
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def hashes(scripts: Sequence[str]) -> str:
    """The `script-src` of a Content-Security-Policy that allows these scripts and no other."""
    return " ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
