"""Section 3.3: localparts, the profile UsernameCaseMapped of PRECIS."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from conformance.generate.addresses import LOCALPARTS, spelt
from conformance.rfc6120.common import after, written
from conformance.rfc6120.streams import messages
from conformance.rfc7622.profiles import acceptance, became, preparation
from conformance.rfc7622.slots import asked, kept
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer

_IDS = {
    "letters": "jid-localpart-allowed",
    "punctuation": "jid-localpart-allowed",
    "right-to-left": "jid-localpart-allowed",
    "case": "jid-localpart-case",
    "decomposed": "jid-localpart-normalised",
    "width": "jid-localpart-width",
    "sharp-s": "jid-localpart-no-folding",
    "excluded": "jid-localpart-excluded",
    "wide-separator": "jid-localpart-excluded",
    "space": "jid-localpart-disallowed",
    "symbol": "jid-localpart-disallowed",
    "compatible": "jid-localpart-disallowed",
    "forbidden": "jid-localpart-disallowed",
    "ignorable": "jid-localpart-disallowed",
    "joiner": "jid-localpart-context",
    "joiner-alone": "jid-localpart-context",
    "right-to-left-digits": "jid-localpart-direction",
    "mixed-directions": "jid-localpart-direction",
    "newer": "jid-localpart-allowed",
}
_CLASSES = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.requires(_IDS[name])) for name in LOCALPARTS]
)


@fewer(5)
@_CLASSES
@requires("address-localpart-prep", data=st.data())
async def test_in_to(case: Case, name: str, data: st.DataObject) -> None:
    """Of a stanza: an address, though of nobody, or <jid-malformed/>."""
    stream = await case.bound()
    for _ in range(4):
        local = data.draw(LOCALPARTS[name])
        case.judge(
            await asked(case, stream, f"{local}@{case.domain}"), acceptance("localpart", local)
        )


@fewer(5)
@_CLASSES
@requires("address-localpart-prep", "jid-enforced-in-roster", data=st.data())
async def test_in_roster(case: Case, name: str, data: st.DataObject) -> None:
    """The item has the canonical form."""
    stream = await case.bound()
    for number in range(4):
        local = data.draw(LOCALPARTS[name])
        domain = f"q7-{number}.invalid"
        entry, refusal = await kept(case, stream, f"{local}@{domain}", f"@{domain}")
        found = None if entry is None else entry.rpartition("@")[0]
        seen = became("localpart", local, found) if found is not None else refusal
        case.judge(seen, preparation("localpart", local))


@fewer(2)
@requires("jid-localpart-comparison", "address-localpart-prep", data=st.data())
async def test_own_account_spelt_otherwise(case: Case, data: st.DataObject) -> None:
    """It is the same account, and the same resource of it."""
    receiver, sender = await case.bound(1, available=True), await case.bound(0)
    user = case.subject.accounts[1].user
    resource = receiver.jid.partition("/")[2]
    for number in range(4):
        bare = f"{data.draw(spelt(user))}@{case.domain}"
        to = f"{bare}/{resource}" if number % 2 else bare
        text = written("message", to, "<body>x</body>", type="chat", id=f"x{number}")
        reaction = await after(case, sender, text)
        came = await messages(receiver)
        case.judge(
            "delivered" if came == [f"x{number}"] else f"not delivered; {reaction}",
            Allowed("delivered", ("delivered",)),
        )
