"""Section 10.4.3: stanzas to a domain that cannot be found."""

from __future__ import annotations

from conformance.rfc6120.common import EVERY_KIND, NO_DOMAIN, written
from conformance.rfc6120.test_08_03_errors import RESOLVE_S
from conformance.suite import Allowed, Case, requires
from conformance.wire.stream import shown


@EVERY_KIND
@requires("remote-domain-not-found", "stanza-error-remote-server-not-found", "stanza-error")
async def test_no_such_domain(case: Case, kind: str) -> None:
    """A server need not talk to other domains at all, and may say so in another way."""
    stream = await case.bound()
    await stream.send(written(kind, NO_DOMAIN.of(case)))
    silent = () if kind == "iq" else ("nothing",)
    case.judge(
        shown(await stream.next(RESOLVE_S)),
        Allowed(
            "<remote-server-not-found/>",
            (f"{kind} error remote-server-not-found",),
            (f"{kind} error *", *silent),
        ),
    )
