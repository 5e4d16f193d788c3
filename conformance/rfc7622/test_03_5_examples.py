"""Section 3.5: the addresses that it lists, and the strings that are none.

Those of a server are taken to the domain of ours.
"""

from __future__ import annotations

import pytest

from conformance.rfc7622.profiles import acceptance
from conformance.rfc7622.slots import OTHER_CONDITION, asked, kept
from conformance.suite import Allowed, Case, requires

_ADDRESSES = {
    1: "juliet@{}",
    2: "juliet@{}/foo",
    3: "juliet@{}/foo bar",
    4: "juliet@{}/foo@bar",
    5: "foo\\20bar@{}",
    6: "fussball@{}",
    7: "fu\u00dfball@{}",
    8: "\u03c0@{}",
    9: "\u03a3@{}/foo",
    10: "\u03c3@{}/foo",
    11: "\u03c2@{}/foo",
    12: "king@{}/\u265a",
    13: "{}",
    14: "{}/foobar",
    15: "{}/b@example.net",
}
_OTHERS = {
    16: '"juliet"@{}',
    17: "foo bar@{}",
    18: "juliet@{}/ foo",
    19: "@{}/",
    20: "henry\u2163@{}",
    21: "\u265a@{}",
    22: "juliet@",
    23: "/foobar",
}
_SAME = {  # pairs of examples, and whether they are the same address
    (6, 7): False,
    (9, 10): True,
    (10, 11): False,
}


@requires("address-localpart-prep", "address-resource-prep", "jid-domain-extracted")
async def test_addresses(case: Case) -> None:
    stream = await case.bound()
    for pattern in _ADDRESSES.values():
        seen = await asked(case, stream, pattern.format(case.domain))
        case.judge(seen, Allowed("an address", ("accepted",)))


@pytest.mark.parametrize("number", _OTHERS)
@requires("jid-malformed-refused")
async def test_no_address(case: Case, number: int) -> None:
    """The profile of number 18 allows the space; 20 and 21 are addresses by stringprep."""
    stream = await case.bound()
    jid = _OTHERS[number].format(case.domain)
    allowed = Allowed("<jid-malformed/>", ("refused",), (OTHER_CONDITION,))
    if number == 18:
        allowed = Allowed("<jid-malformed/>, or an address", ("refused", "accepted"))
    elif number in (20, 21):
        allowed = acceptance("localpart", jid.partition("@")[0])
    case.judge(await asked(case, stream, jid), allowed)


@pytest.mark.parametrize("pair", _SAME, ids=str)
@requires("jid-localpart-no-folding")
async def test_pair(case: Case, pair: tuple[int, int]) -> None:
    """By the roster items that they become. Stringprep folds where PRECIS does not."""
    stream = await case.bound()
    found = []
    for number in pair:
        local = _ADDRESSES[number].partition("@")[0]
        entry, refusal = await kept(case, stream, f"{local}@q7.invalid", "@q7.invalid")
        found.append(entry or refusal)
    if "refused" in " ".join(found):
        raise case.unknown("the address is refused, which a case of its own judges")
    same = "the same address" if found[0] == found[1] else "two addresses"
    if _SAME[pair]:
        case.judge(same, Allowed("the same address", ("the same address",)))
    else:
        case.judge(same, Allowed("two addresses", ("two addresses",), ("the same address",)))
