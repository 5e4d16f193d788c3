"""Section 4.7.3: stream ids."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest
from hypothesis import strategies as st

from conformance.generate.headers import headers
from conformance.generate.text import CUTS, IDENTIFIERS, offsets
from conformance.rfc6120.streams import EVERY_OPENING, OPENINGS, due, response
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import authenticate, header, open_stream, secure
from conformance.wire.stream import RawStream

_TRIES = 24
_FEW_BITS, _MANY_BITS = 12.0, 40.0  # what varies in ids of `_TRIES` streams, by `_varying_bits`


@EVERY_OPENING
@requires("stream-attribute-response-id", data=st.data(), cuts=CUTS)
async def test_id_is_there(
    case: Case, opening: str, data: st.DataObject, cuts: list[float]
) -> None:
    stream = await due(case, opening)
    text = data.draw(headers(to=case.domain))
    await stream.send(text, offsets(cuts, text))
    found = await response(case, stream)
    case.check(found.attributes.get("id"), "an id that is not empty", "no id")


@requires("stream-initial-id-ignored", "stream-attribute-response-id", identifier=IDENTIFIERS)
async def test_id_is_not_the_clients(case: Case, identifier: str) -> None:
    await ignored(case, identifier)


@requires("stream-initial-id-ignored", "stream-attribute-response-id-unique")
async def test_id_of_a_live_stream(case: Case) -> None:
    live = await case.secured()
    assert live.header is not None
    await ignored(case, live.header.attributes.get("id", ""))


async def ignored(case: Case, identifier: str) -> None:
    """Check that a header with this id is served, under another."""
    stream = await case.stream()
    await stream.send(header(case.domain, id=identifier))
    found = await response(case, stream)
    case.check(
        found.attributes.get("id") != identifier,
        "an id of the server's own",
        "the id of the client's header",
    )
    case.judge(await stream.react("^features "), Allowed("the stream served", ("ignored",)))


@pytest.mark.parametrize("order", ["at-once", "one-by-one"])
@requires("stream-attribute-response-id-unique")
async def test_ids_are_unique(case: Case, order: str) -> None:
    ids = await many(case, order)
    case.check(len(set(ids)) == len(ids), "a different id for each stream", "an id came twice")


@requires("stream-attribute-response-id-unique", "stream-restart-new-id")
async def test_ids_of_a_login_are_unique(case: Case) -> None:
    stream = await case.stream()
    await open_stream(stream)
    ids = [_id(stream)]
    if case.subject.mode == "starttls":
        await secure(stream)
        ids.append(_id(stream))
    await authenticate(stream, case.subject.accounts[0])
    await open_stream(stream)
    ids.append(_id(stream))
    case.check(len(set(ids)) == len(ids), "a new id at each restart", "an id came twice")


@requires("stream-id-unpredictable")
async def test_ids_are_unpredictable(case: Case) -> None:
    ids = await many(case, "one-by-one")
    bits = _varying_bits(ids)
    case.check(bits >= _FEW_BITS, "ids out of a large range", "hardly anything varies")
    case.check(
        bits >= _MANY_BITS or not _in_order(ids),
        "ids that do not follow one another like a counter or a clock",
        "the ids grow",
    )
    case.prefer(bits >= _MANY_BITS, "ids of which most varies", "ids of which little varies")


async def many(case: Case, order: str) -> list[str]:
    """The ids of some dozens of streams."""
    ids = []
    for _ in range(_TRIES):
        stream = await due(case, OPENINGS[0])
        await open_stream(stream)
        ids.append(_id(stream))
        if order == "one-by-one":
            await stream.close()
    return ids


def _id(stream: RawStream) -> str:
    return stream.header.attributes.get("id", "") if stream.header else ""


def _in_order(ids: list[str]) -> bool:
    """Whether each is greater than the one before, as numbers or as texts."""
    keys = [(len(i), i) for i in ids]
    return all(a < b for a, b in itertools.pairwise(keys)) or sorted(ids) == ids


def _varying_bits(ids: list[str]) -> float:
    """An estimate of what varies: the sum over positions of the entropy seen there."""
    length = min(map(len, ids))
    total = 0.0
    for position in range(length):
        seen = Counter(i[position] for i in ids)
        total -= sum(n / len(ids) * math.log2(n / len(ids)) for n in seen.values())
    return total
