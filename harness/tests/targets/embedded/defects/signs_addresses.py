"""How the defects of addresses show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import (
    BIND,
    END,
    Scene,
    Sign,
    after_login,
    heard,
    unbound,
    when_bound,
)
from harness.tests.targets.embedded.driver import DOMAIN, Bench

SPELT = "<message to='{}' type='headline' id='m'/>"
DELIVERED = "B: .*<message "


def asked(jid: str) -> Scene:
    return when_bound(f"<iq type='get' id='q' to='{jid}'><q xmlns='urn:example:q'/></iq>")


def spelt(jid: str) -> Scene:
    """To the resource b/r in another spelling."""
    return heard(SPELT.format(jid))


def kept(jid: str) -> Scene:
    """A roster item of this address, as it is pushed."""
    get = "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>"
    item = f"<query xmlns='jabber:iq:roster'><item jid='{jid}'/></query>"
    return when_bound(f"{get}<iq type='set' id='s'>{item}</iq>")


def bound_as(resource: str) -> Scene:
    return after_login(BIND.format(resource))


def with_at_sign(jid: str) -> Scene:
    """A message to this address, which is the sender's own."""

    async def scene(bench: Bench) -> str:
        raw = await unbound(bench)
        raw.send(BIND.format("x@y") + SPELT.format(jid) + END)
        return await raw.rest()

    return scene


MALFORMED = "<jid-malformed "
UNAVAILABLE = "<service-unavailable "
LONG = "x" * 1023

SIGNS = [
    # Lengths
    Sign("part-of-1024-bytes", asked(f"{LONG}x@{DOMAIN}"), sound=MALFORMED, wrong=UNAVAILABLE),
    Sign("part-of-1022-bytes", asked(f"b@{DOMAIN}/{LONG}"), sound=UNAVAILABLE, wrong=MALFORMED),
    Sign(
        "length-in-characters",
        asked(f"{'é' * 512}@{DOMAIN}"),
        sound=MALFORMED,
        wrong=UNAVAILABLE,
    ),
    Sign(
        "length-before-mapping",
        asked(f"{'ａ' * 1023}@{DOMAIN}"),
        sound=UNAVAILABLE,
        wrong=MALFORMED,
    ),
    Sign("empty-resource-accepted", asked(f"b@{DOMAIN}/"), sound=MALFORMED, wrong=UNAVAILABLE),
    # Domainparts
    Sign("final-dot-kept", spelt(f"b@{DOMAIN}./r"), sound=DELIVERED),
    Sign("domain-case-kept", spelt(f"b@{DOMAIN.upper()}/r"), sound=DELIVERED),
    Sign("a-labels-kept", kept("x@xn--bcher-kva.invalid"), sound="bücher", wrong="jid='x@xn--"),
    Sign(
        "last-at-sign-divides",
        with_at_sign(f"a@{DOMAIN}/x@y"),
        sound="<message [^>]*type='headline'",
        wrong="<remote-server-not-found ",
    ),
    Sign("ip-address-refused", asked("b@[::1]"), wrong=MALFORMED),
    # Localparts
    Sign("localpart-case-kept", spelt(f"B@{DOMAIN}/r"), sound=DELIVERED),
    Sign("localpart-width-kept", spelt(f"ｂ@{DOMAIN}/r"), sound=DELIVERED),
    Sign("localpart-not-composed", kept("e\u0301@x.invalid"), sound="jid='\u00e9@"),
    Sign("localpart-folded", kept("straße@x.invalid"), sound="straße@", wrong="strasse@"),
    Sign("localpart-with-spaces", asked(f"a b@{DOMAIN}"), sound=MALFORMED, wrong=UNAVAILABLE),
    Sign("localpart-excludes-nothing", asked(f"a:b@{DOMAIN}"), sound=MALFORMED, wrong=UNAVAILABLE),
    # Resourceparts
    Sign("resource-lower-case", bound_as("Phone"), sound="/Phone</jid>", wrong="/phone</jid>"),
    Sign("resource-not-composed", bound_as("e\u0301"), sound="/\u00e9</jid>"),
    Sign("resource-spaces-kept", bound_as("a\u00a0b"), sound="/a b</jid>"),
    Sign("resource-with-anything", asked(f"b@{DOMAIN}/\u0085"), sound=MALFORMED, wrong=UNAVAILABLE),
    # Enforcement
    Sign("roster-address-as-written", kept("ANN@x.invalid"), sound="jid='ann@", wrong="jid='ANN@"),
    Sign("bound-resource-as-written", bound_as("e\u0301"), wrong="/e\u0301</jid>"),
    Sign("malformed-address-unavailable", asked(f"@{DOMAIN}"), sound=MALFORMED),
]
