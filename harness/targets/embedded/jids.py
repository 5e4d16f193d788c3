"""Addresses: parsing, limits and preparation (RFC 7622).

The PRECIS profiles are approximated with the categories of `unicodedata`: UsernameCaseMapped
for localparts and OpaqueString for resourceparts, without the contextual and bidi rules.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_MAX_BYTES = 1023  # of each part (section 3.1)
_LETTERS_AND_DIGITS = {"Ll", "Lu", "Lo", "Lm", "Mn", "Mc", "Nd"}
_NEVER = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_NOT_IN_LOCALPART = frozenset("\"&'/:<>@")  # section 3.3.1
_DOMAIN = re.compile(r"(?:[^\s\"&'/:<>@.\[\]]+\.)*[^\s\"&'/:<>@.\[\]]+\.?|\[[0-9A-Fa-f:.]+\]")
_CACHED = 65_536


@dataclass(frozen=True, slots=True)
class Jid:
    """A prepared address. `bare` and `full` are ready-made because routing needs them."""

    local: str
    domain: str
    resource: str
    bare: str
    full: str


@lru_cache(maxsize=_CACHED)
def parse(text: str) -> Jid:
    """The address in its canonical form. Raises ValueError when it is not one."""
    rest, slash, resource = text.partition("/")
    local, at, domain = rest.partition("@")
    if not at:
        local, domain = "", rest
    if (at and not local) or (slash and not resource):
        raise ValueError(f"empty part in {text!r}")
    local = prepare_local(local) if at else ""
    domain = _prepare_domain(domain)
    resource = prepare_resource(resource) if slash else ""
    bare = f"{local}@{domain}" if local else domain
    return Jid(local, domain, resource, bare, f"{bare}/{resource}" if resource else bare)


@lru_cache(maxsize=_CACHED)
def prepare_local(text: str) -> str:
    """A localpart, case-mapped and normalised (section 3.3). Raises ValueError."""
    prepared = unicodedata.normalize("NFC", _narrow(text).lower())
    if not all(_is_identifier(char) for char in prepared):
        raise ValueError(f"character not allowed in localpart {text!r}")
    return _sized(prepared)


@lru_cache(maxsize=_CACHED)
def prepare_resource(text: str) -> str:
    """A resourcepart, normalised (section 3.4). Raises ValueError."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    prepared = unicodedata.normalize("NFC", spaced)
    if any(unicodedata.category(char) in _NEVER for char in prepared):
        raise ValueError(f"character not allowed in resourcepart {text!r}")
    return _sized(prepared)


def _prepare_domain(text: str) -> str:
    prepared = unicodedata.normalize("NFC", _narrow(text).lower())
    if not _DOMAIN.fullmatch(prepared) or any(
        unicodedata.category(char) in _NEVER for char in prepared
    ):
        raise ValueError(f"{text!r} is no domainpart")
    return _sized(prepared.removesuffix("."))


def _sized(text: str) -> str:
    if not 1 <= len(text.encode()) <= _MAX_BYTES:
        raise ValueError("a part of the address is empty or too long")
    return text


def _is_identifier(char: str) -> bool:
    if char in _NOT_IN_LOCALPART:
        return False
    if "!" <= char <= "~":
        return True
    compatible = unicodedata.normalize("NFKC", char) != char
    return unicodedata.category(char) in _LETTERS_AND_DIGITS and not compatible


def _narrow(text: str) -> str:
    """Fullwidth and halfwidth characters become what they stand for."""
    return "".join(
        unicodedata.normalize("NFKC", char)
        if unicodedata.decomposition(char).startswith(("<wide>", "<narrow>"))
        else char
        for char in text
    )
