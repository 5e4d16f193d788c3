"""Section 3.1: how an address is divided, and how long its parts may be."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.addresses import of_length
from conformance.rfc7622.profiles import LONGEST, Part, acceptance
from conformance.rfc7622.slots import OTHER_CONDITION, asked
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer

REFUSED = Allowed("<jid-malformed/>", ("refused",), (OTHER_CONDITION,))
_INCOMPLETE = {
    "no-localpart": ("@{domain}", "address-localpart-length"),
    "no-localpart-but-resource": ("@{domain}/r", "address-localpart-length"),
    "no-domain": ("a@", "jid-domain-required"),
    "no-domain-but-resource": ("a@/r", "jid-domain-required"),
    "resource-alone": ("/r", "jid-domain-required"),
    "dot-alone": ("a@.", "address-domain-length"),
    "empty-resource": ("a@{domain}/", "address-resource-length"),
    "empty-resource-of-domain": ("{domain}/", "address-resource-length"),
    "separators-alone": ("@/", "jid-domain-required"),
}
_SIZES = st.sampled_from([1, LONGEST - 1, LONGEST, LONGEST + 1, LONGEST + 2, 2 * LONGEST])
_SHRINKING = {  # more bytes before the mapping than after it
    "wide": ("ａ", 1),
    "decomposed": ("e\u0301", 2),
    "angstrom": ("\u212b", 2),
}


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(pattern, id=name, marks=pytest.mark.requires(identifier))
        for name, (pattern, identifier) in _INCOMPLETE.items()
    ],
)
@requires("jid-malformed-refused")
async def test_part_that_is_empty(case: Case, pattern: str) -> None:
    stream = await case.bound()
    case.judge(await asked(case, stream, pattern.format(domain=case.domain)), REFUSED)


def _with(case: Case, part: Part, text: str) -> str:
    return f"{text}@{case.domain}" if part == "localpart" else f"{case.jid(1)}/{text}"


_PARTS = pytest.mark.parametrize(
    "part",
    [
        pytest.param("localpart", marks=pytest.mark.requires("address-localpart-length")),
        pytest.param("resourcepart", marks=pytest.mark.requires("address-resource-length")),
    ],
)


@fewer(2)
@_PARTS
@requires("jid-part-bytes", sizes=st.lists(_SIZES, min_size=3, max_size=6), data=st.data())
async def test_length(case: Case, part: Part, sizes: list[int], data: st.DataObject) -> None:
    """Up to 1023 bytes, whatever characters they make."""
    stream = await case.bound()
    for size in sizes:
        text = data.draw(of_length(size)) if size > 400 else "x"
        case.judge(await asked(case, stream, _with(case, part, text)), acceptance(part, text))


@pytest.mark.parametrize("part", ["localpart", "resourcepart"])
@pytest.mark.parametrize("how", _SHRINKING)
@requires("jid-part-length-after-mapping")
async def test_length_after_mapping(case: Case, part: Part, how: str) -> None:
    """What counts is what is left by normalisation and mapping."""
    stream = await case.bound()
    letter, size = _SHRINKING[how]
    for count in (LONGEST // size, LONGEST // size + 1):
        text = letter * count
        case.judge(await asked(case, stream, _with(case, part, text)), acceptance(part, text))


@pytest.mark.parametrize("wide", "＠／")
@requires("jid-separators-first")
async def test_separator_that_appears_by_mapping(case: Case, wide: str) -> None:
    """It divides nothing: what it stands in is a localpart, which may not contain it."""
    stream = await case.bound()
    jid = f"a{wide}b@{case.domain}"
    case.judge(await asked(case, stream, jid), REFUSED)
