"""Every extension that this server has. A new one is a module with an `EXTENSION`, named here."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from harness.targets.embedded import (
    archive_query,
    blocking,
    capabilities,
    carbons,
    client_state,
    disco,
    entity_time,
    features,
    iq,
    pep,
    services,
    stream_management,
    upload,
    vcard,
)
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.rooms import service as rooms
from harness.targets.embedded.session import TABLE, Session, State

ALL: tuple[Extension, ...] = (
    entity_time.EXTENSION,
    vcard.EXTENSION,
    blocking.EXTENSION,
    client_state.EXTENSION,
    pep.EXTENSION,
    capabilities.EXTENSION,
    stream_management.EXTENSION,
    carbons.EXTENSION,
    archive_query.EXTENSION,
    services.EXTENSION,
    rooms.EXTENSION,
    upload.EXTENSION,
)


def register(extension: Extension) -> None:
    """Make it part of the server of this process."""
    iq.FOR_SERVER.update(extension.for_server)
    iq.FOR_ACCOUNT.update(extension.for_account)
    iq.FOR_NOBODY.update(extension.for_nobody)
    disco.OF_SERVER.add(extension.of_server)
    disco.OF_ACCOUNT.add(extension.of_account)
    services.OFFERED.update(extension.services)
    for tag, handler in extension.nonzas.items():
        TABLE[State.BOUND, tag] = _row(handler)
    for tag, handler in extension.early_nonzas.items():
        for state in (State.NEGOTIATING, State.SASL, State.BINDING):
            TABLE[state, tag] = _row(handler)
    if extension.stream_feature is not None:
        features.EXTENSIONS.append(extension.stream_feature)


def _row(handler: Callable[[Session, Element], None]) -> Callable[[Session, Element], State]:
    def row(session: Session, element: Element) -> State:
        handler(session, element)
        return session.state

    return row
