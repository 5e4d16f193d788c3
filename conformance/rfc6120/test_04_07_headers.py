"""Section 4.7: the attributes of stream headers."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from xml.etree.ElementTree import Element

import pytest
from hypothesis import strategies as st

from conformance.generate.headers import headers
from conformance.generate.text import CUTS, offsets
from conformance.suite import Allowed, Case, Stage, requires
from conformance.wire.negotiation import authenticate, header, open_stream
from conformance.wire.stream import Gone, RawStream, shown
from harness.xmpp import namespaces as ns
from harness.xmpp.parser import StreamHeader

_VERSION = re.compile(r"(\d+)\.(\d+)")
_LANG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_TRIES = 24


async def answer(case: Case, text: str, cuts: list[float] | None = None) -> StreamHeader:
    """The response to this header on a new connection."""
    stream = await case.stream()
    await stream.send(text, offsets(cuts or [], text))
    return await response(case, stream)


async def response(case: Case, stream: RawStream) -> StreamHeader:
    """The response header that is due now."""
    item = await stream.next()
    if isinstance(item, Gone) and item.how == "open":
        raise case.unknown("no response header came")
    case.check(isinstance(item, StreamHeader), "a response header", shown(item))
    assert isinstance(item, StreamHeader)
    return item


@requires(
    "stream-attribute-response-from",
    data=st.data(),
    cuts=CUTS,
)
async def test_from_is_the_domain(case: Case, data: st.DataObject, cuts: list[float]) -> None:
    found = await answer(case, data.draw(headers(to=case.domain)), cuts)
    came = found.attributes.get("from")
    case.check(
        came == case.domain,
        "from = the domain that the initial header named",
        "no from" if came is None else "another from",
    )


@requires("stream-attribute-response-id", data=st.data(), cuts=CUTS)
async def test_id_is_there(case: Case, data: st.DataObject, cuts: list[float]) -> None:
    found = await answer(case, data.draw(headers(to=case.domain)), cuts)
    case.check(found.attributes.get("id"), "an id that is not empty", "no id")


@requires("stream-attribute-response-id", "stream-attribute-response-id-unique")
async def test_id_is_not_the_clients(case: Case) -> None:
    found = await answer(case, header(case.domain, id="chosen-by-the-client"))
    case.check(
        found.attributes.get("id") not in (None, "chosen-by-the-client"),
        "an id of the server's own",
        "the id of the client's header",
    )


@requires("stream-attribute-response-id-unique")
async def test_ids_are_unique_and_unpredictable(case: Case) -> None:
    ids = []
    for _ in range(_TRIES):
        found = await answer(case, header(case.domain))
        ids.append(found.attributes.get("id", ""))
    case.check(len(set(ids)) == len(ids), "a different id for each stream", "an id came twice")
    case.check(not _counts(ids), "ids that nobody can foretell", "the ids count")
    bits = _varying_bits(ids)
    case.prefer(bits >= 32, "ids with at least 32 bits that vary", "ids with little that varies")


def _counts(ids: list[str]) -> bool:
    """Whether the ids are one number that grows by the same small steps."""
    numbers = [int(digits[-1]) for i in ids if (digits := re.findall(r"\d+", i))]
    if len(numbers) < len(ids):
        return False
    steps = Counter(b - a for a, b in itertools.pairwise(numbers))
    step, times = steps.most_common(1)[0]
    stems = {re.sub(r"\d+(?=\D*$)", "", i) for i in ids}
    return len(stems) == 1 and 0 < step < 1000 and times > len(ids) // 2


def _varying_bits(ids: list[str]) -> float:
    """An estimate of what varies: the sum over positions of the entropy seen there."""
    length = min(map(len, ids))
    total = 0.0
    for position in range(length):
        seen = Counter(i[position] for i in ids)
        total -= sum(n / len(ids) * math.log2(n / len(ids)) for n in seen.values())
    return total


@requires("stream-attribute-response-id-unique", "sasl-restart", "stream-negotiation-restart")
async def test_restart_brings_a_new_id(case: Case) -> None:
    stream = await case.at(Stage.SECURED)
    before = stream.header.attributes.get("id") if stream.header else None
    await authenticate(stream, case.subject.accounts[0])
    await open_stream(stream)
    after = stream.header.attributes.get("id") if stream.header else None
    case.check(after and after != before, "a new id after SASL", "the id of the stream before")


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.13", "2.0", "12.3", "01.0"])
@requires("stream-negotiation-features")
async def test_version_is_the_lower_one(case: Case, version: str) -> None:
    stream = await case.stream()
    await stream.send(header(case.domain, version=version))
    found = await response(case, stream)
    came = _VERSION.fullmatch(found.attributes.get("version", ""))
    case.check(came, "a version of the form major.minor", "no version")
    assert came is not None
    ours, theirs = _number(version), (int(came[1]), int(came[2]))
    case.check((1, 0) <= theirs <= max(ours, (1, 0)), "1.0 or ours, the lower", "a higher version")
    case.judge(
        await stream.react("^features "),
        Allowed("features", ("ignored",), ("*stream error unsupported-version",)),
    )


def _number(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


@pytest.mark.parametrize("version", [None, "0.9"])
@requires("stream-error-unsupported-version")
async def test_before_xmpp(case: Case, version: str | None) -> None:
    stream = await case.stream()
    await stream.send(header(case.domain, version=version) + "</stream:stream>")
    await response(case, stream)
    case.judge(
        await stream.react(),
        Allowed(
            "the stream as of before XMPP 1.0, without features, or <unsupported-version/>",
            ("*stream error unsupported-version", "closed"),
            ("features, closed", "*stream error *"),
        ),
    )


@pytest.mark.parametrize("lang", [None, "en", "de-CH", "tlh"])
@requires("stream-negotiation-features")
async def test_lang_is_there(case: Case, lang: str | None) -> None:
    found = await answer(case, header(case.domain, **{"xml:lang": lang}))
    came = found.attributes.get(ns.LANG)
    case.check(came is not None, "xml:lang in the response header", "no xml:lang")
    case.check(_LANG.fullmatch(came or ""), "xml:lang names a language", "an odd xml:lang")


@requires("stream-attribute-response-to")
async def test_to_is_the_from(case: Case) -> None:
    stream = await case.secured()
    await authenticate(stream, case.subject.accounts[0])
    await stream.send(header(case.domain, **{"from": case.jid()}))
    found = await response(case, stream)
    came = found.attributes.get("to")
    case.prefer(came is not None, "to = the from of the initial header", "no to")
    case.check(came in (None, case.jid()), "to = the from of the initial header", "another to")


@requires("stream-negotiation-features", data=st.data(), cuts=CUTS)
async def test_features_follow(case: Case, data: st.DataObject, cuts: list[float]) -> None:
    stream = await case.stream()
    text = data.draw(headers(to=case.domain, lang=data.draw(st.sampled_from([None, "en"]))))
    await stream.send(text, offsets(cuts, text))
    await response(case, stream)
    item = await stream.next()
    case.check(
        isinstance(item, Element) and item.tag == f"{{{ns.STREAM}}}features",
        "features right after the response header",
        shown(item),
    )
