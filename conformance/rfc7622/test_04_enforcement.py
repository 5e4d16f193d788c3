"""Section 4: the server refuses what is no address, in stanzas of every kind, and maps the rest."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

from conformance.generate.addresses import LOCALPARTS
from conformance.rfc6120.common import EVERY_KIND, after, written
from conformance.rfc6120.streams import messages
from conformance.rfc7622.accounts import register, registered
from conformance.rfc7622.profiles import forms
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer

_NO_ADDRESSES = st.sampled_from(
    ["a b@{}", "a\u00a0b@{}", "a'b@{}", "a@{}/\u0085", "@{}", "a@b@{}", "a\ue000@{}", "a@{}/"]
)


@fewer(3)
@EVERY_KIND
@requires("jid-malformed-refused", patterns=st.lists(_NO_ADDRESSES, min_size=3, max_size=6))
async def test_stanza_to_no_address(case: Case, kind: str, patterns: list[str]) -> None:
    stream = await case.bound()
    silent = () if kind == "iq" else ("ignored",)
    for pattern in patterns:
        reaction = await after(case, stream, written(kind, pattern.format(case.domain)))
        case.judge(
            reaction,
            Allowed(
                "<jid-malformed/>", (f"{kind} error jid-malformed",), (f"{kind} error *", *silent)
            ),
        )


def _agreed(text: str) -> bool:
    """Whether a server of either document knows it by the same canonical form."""
    found = forms("localpart", text)
    return found.precis is not None and found.precis == found.stringprep


_NAMES = st.one_of(*[LOCALPARTS[name] for name in ("letters", "case", "decomposed", "width")])


@fewer(3)
@requires("jid-localpart-comparison", name=_NAMES.map("q7{}".format).filter(_agreed))
async def test_account_spelt_otherwise(case: Case, name: str) -> None:
    """An account whose name was written in any way is reached by all of its spellings, and is in
    the way of another one."""
    canonical = forms("localpart", name).precis
    assert canonical is not None
    async with registered(case, name, canonical) as receiver:
        local = receiver.jid.partition("@")[0]
        case.check(local == canonical, "the canonical form bound", "another form bound")
        await after(case, receiver, "<presence/>")
        sender = await case.bound(0)
        for number, text in enumerate((name, unicodedata.normalize("NFD", name), name.upper())):
            if forms("localpart", text).precis != canonical:
                continue  # some letters have no upper case of their own
            to = f"{text}@{case.domain}"
            body = written("message", to, "<body>x</body>", type="chat", id=f"x{number}")
            reaction = await after(case, sender, body)
            came = await messages(receiver)
            case.judge(
                "delivered" if came == [f"x{number}"] else f"not delivered; {reaction}",
                Allowed("delivered", ("delivered",)),
            )
        case.judge(
            await register(case, unicodedata.normalize("NFD", name)),
            Allowed("<conflict/>", ("iq error conflict",), ("iq error *",)),
        )
