"""Section 13.10.2: what errors betray about presence."""

from __future__ import annotations

from xml.etree.ElementTree import tostring

import pytest

from conformance.generate.stanzas import REQUESTS, UNKNOWN_PAYLOADS
from conformance.rfc6120.common import NO_RESOURCE, OTHER_ACCOUNT, after, stored, written
from conformance.suite import Case, requires
from conformance.wire.stream import Reaction

_FORMS = (OTHER_ACCOUNT, NO_RESOURCE)  # the account, and a resource of it that is not connected


@requires("presence-not-leaked", type_=REQUESTS, payload=UNKNOWN_PAYLOADS)
async def test_request_of_a_stranger(case: Case, type_: str, payload: str) -> None:
    """One error, whether somebody is online or not, and whatever form the address has."""
    stream = await case.bound(0)
    texts = [written("iq", to.of(case), payload, type=type_) for to in _FORMS]
    offline = [await after(case, stream, text) for text in texts]
    resource = (await case.bound(1, available=True)).jid
    online = [await after(case, stream, text) for text in texts]
    outcomes = [{str(reaction) for reaction in pair} for pair in (offline, online)]
    for pair in outcomes:
        case.check(len(pair) == 1, "one error for bare and full JID", "different errors")
    case.check(outcomes[0] == outcomes[1], "one error, online or not", "different errors")
    _check_hidden(case, resource, online)


@pytest.mark.parametrize("type_", ["normal", "chat", "headline"])
@requires("presence-not-leaked")
async def test_message_of_a_stranger(case: Case, type_: str) -> None:
    """A server that keeps nothing for later has to refuse it (section 10.5.3.2): tolerated."""
    stream = await case.bound(0)
    text = written("message", case.jid(1), "<body>x</body>", type=type_)
    offline = await after(case, stream, text)
    await stored(case, 1)
    resource = (await case.bound(1, available=True)).jid
    online = await after(case, stream, text)
    case.prefer(str(offline) == str(online), "one answer, online or not", "different answers")
    _check_hidden(case, resource, [online])


def _check_hidden(case: Case, resource: str, reactions: list[Reaction]) -> None:
    said = "".join(
        tostring(element, "unicode") for reaction in reactions for element in reaction.elements
    )
    name = resource.partition("/")[2]
    case.check(name not in said, "no full JID of a connected resource", "a full JID")
