"""Addresses: parsing, limits and preparation (RFC 7622).

The PRECIS profiles and IDNA2008 come from libraries, whose errors are ValueErrors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import idna
from precis_i18n import get_profile

_MAX_BYTES = 1023  # of each part (section 3.1)
_NOT_IN_LOCALPART = frozenset("\"&'/:<>@")  # section 3.3.1
_IP_LITERAL = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_CACHED = 65_536
_USERNAME = get_profile("UsernameCaseMapped")
_OPAQUE = get_profile("OpaqueString")


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
    domain = prepare_domain(domain)
    resource = prepare_resource(resource) if slash else ""
    bare = f"{local}@{domain}" if local else domain
    return Jid(local, domain, resource, bare, f"{bare}/{resource}" if resource else bare)


@lru_cache(maxsize=_CACHED)
def prepare_local(text: str) -> str:
    """A localpart, case-mapped and normalised (section 3.3). Raises ValueError."""
    prepared = _USERNAME.enforce(text)
    if not _NOT_IN_LOCALPART.isdisjoint(prepared):
        raise ValueError(f"character not allowed in localpart {text!r}")
    return _sized(prepared)


@lru_cache(maxsize=_CACHED)
def prepare_resource(text: str) -> str:
    """A resourcepart, normalised (section 3.4). Raises ValueError."""
    return _sized(_OPAQUE.enforce(text))


@lru_cache(maxsize=_CACHED)
def prepare_domain(text: str) -> str:
    """A domainpart, mapped, of U-labels (section 3.2), within the limits of the DNS. Raises
    ValueError."""
    stripped = text.removesuffix(".")
    if _IP_LITERAL.fullmatch(stripped):
        return stripped.lower()
    prepared = idna.decode(idna.encode(stripped, uts46=True))
    if prepared.endswith("."):
        raise ValueError(f"more than one dot at the end of {text!r}")
    return _sized(prepared)


def _sized(text: str) -> str:
    if not 1 <= len(text.encode()) <= _MAX_BYTES:
        raise ValueError("a part of the address is empty or too long")
    return text
