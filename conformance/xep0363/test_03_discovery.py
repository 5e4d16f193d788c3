"""Section 3: where the service is found, and what it says of the size that it takes."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from conformance.player import name_of
from conformance.rfc6120.common import is_answer, written
from conformance.suite import Absent, Allowed, Case, requires
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info, items
from conformance.xep0363.common import HERE, HUGE, URI, limit, limits, request, service

_USUAL = "upload.{}"  # where most servers have the service
_ANYTHING = Allowed("a slot, or an error", ("iq result", "iq error *"))
_NOT_TOO_LARGE = Allowed(  # a quota is another matter
    "a slot for a file of that size", ("iq result", "iq error resource-constraint")
)


@requires("upload-in-items")
async def test_listed(case: Case) -> None:
    stream = await case.bound()
    try:
        await service(case, stream)
    except Absent:
        payload = request(filename="a.txt", size=1)
        answer = await _asked(case, stream, payload, _USUAL.format(case.domain))
        if answer is None or answer.get("type") == "error":
            raise
        case.prefer(False, "the service among the items of the server", "not listed")
    else:
        case.prefer(True, "the service among the items of the server", "")


@requires("upload-feature")
async def test_feature(case: Case) -> None:
    """Whoever gives slots says so."""
    stream = await case.bound()
    usual = _USUAL.format(case.domain)
    listed = {item.get("jid", "") for item in await items(case, stream, case.domain)}
    giving = []
    for jid in sorted({case.domain, usual, *filter(None, listed)}):
        answer = await _asked(case, stream, request(filename="a.txt", size=1), jid)
        if answer is not None and answer.find(f"{HERE}slot") is not None:
            giving.append(features_in(await info(case, stream, jid)))
    if not giving:
        raise case.absent("neither the server nor a service of it gives slots")
    case.check(all(URI in said for said in giving), f"the feature {URI}", "no feature")


async def _asked(case: Case, stream: RawStream, payload: str, to: str) -> Element | None:
    """The answer of an address that may be another server's, so that none need come in time."""
    await stream.send(written("iq", to, payload, type="get", id="asked"))
    while isinstance(item := await stream.next(), Element):
        if is_answer(item) and item.get("id") == "asked":
            return item
    return None


@requires("upload-limit-announced")
async def test_limit_announced(case: Case) -> None:
    stream = await case.bound()
    where = await service(case, stream)
    answer = await ask(case, stream, request(filename="a.txt", size=HUGE), where.jid)
    case.judge(name_of(answer), _ANYTHING)
    if answer.get("type") == "error":
        case.prefer(limits(where.said), "a form with the limit", "no form")


@requires("upload-limit-form")
async def test_limit_form(case: Case) -> None:
    where = await service(case, await case.bound())
    forms = limits(where.said)
    if not forms:
        case.not_applicable("the service announces no limit")
    case.check(len(forms) == 1, "one form", f"{len(forms)} forms")
    values = forms[0].get("max-file-size")
    case.check(values is not None, "a field max-file-size", "no such field")
    assert values is not None
    number = len(values) == 1 and values[0].isascii() and values[0].isdecimal()
    case.check(number, "a whole number", "something else")


@requires("upload-limit-in-bytes")
async def test_limit_in_bytes(case: Case) -> None:
    """A file of just that size is taken, and who asks for too much is told the same number."""
    stream = await case.bound()
    where = await service(case, stream)
    most = limit(case, where.said)
    answer = await ask(case, stream, request(filename="a.txt", size=most), where.jid)
    case.judge(name_of(answer), _NOT_TOO_LARGE)
    for size in (most + 1, max(HUGE, most + 1)):
        answer = await ask(case, stream, request(filename="a.txt", size=size), where.jid)
        case.prefer(answer.get("type") == "error", "a refusal of a larger file", "a slot for it")
        for told in answer.iter(f"{HERE}max-file-size"):
            case.check((told.text or "").strip() == str(most), "the same limit", "another limit")
