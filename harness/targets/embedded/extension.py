"""What an extension (XEP) adds to the server's tables of requests, discovery and features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from harness.targets.embedded import disco, iq

if TYPE_CHECKING:
    from harness.targets.embedded.domain import Domain
    from harness.targets.embedded.services import Service
    from harness.targets.embedded.session import Session

    Nonza = Callable[[Session, Element], None]


@dataclass(frozen=True)
class Extension:
    """The elements that are understood, by name, and what is said about it."""

    for_server: Mapping[str, iq.Handler] = field(default_factory=dict)  # requests
    for_account: Mapping[str, iq.Handler] = field(default_factory=dict)
    for_nobody: Mapping[str, iq.Handler] = field(default_factory=dict)  # accounts that are none
    nonzas: Mapping[str, Nonza] = field(default_factory=dict)  # elements that are no stanzas
    early_nonzas: Mapping[str, Nonza] = field(default_factory=dict)  # before binding
    of_server: disco.Said = field(default_factory=disco.Said)
    of_account: disco.Said = field(default_factory=disco.Said)
    stream_feature: Callable[[], str] | None = None  # XML, after login
    # Services at domains of their own, by the first label: made of domain and address.
    services: Mapping[str, Callable[[Domain, str], Service]] = field(default_factory=dict)
