"""How the defects of SASL and binding show."""

from __future__ import annotations

import base64
import re

from harness.tests.targets.embedded.defects.scenes import (
    AUTH,
    BIND,
    PING,
    Scene,
    Sign,
    after_login,
    authenticated,
    base,
    bound,
    last,
    online,
    opened,
    plain,
    scram,
    start,
    unbound,
    when_bound,
)
from harness.tests.targets.embedded.driver import DOMAIN, HEADER, Bench
from harness.xmpp import namespaces as ns

ABORT = f"<abort xmlns='{ns.SASL}'/>"
FIRST = base("n,,n=a,r=abcdef")
WRONG = plain("a", "wrong")


def direct(text: str) -> Scene:
    return opened(text, direct=True)


def session_of(text: str, head: str = HEADER) -> Scene:
    """After this <auth/>: the outcome, and whose session it is."""

    async def scene(bench: Bench) -> str:
        raw = await bench.raw(head, direct=True)
        await raw.until("</stream:features>")
        raw.send(text)
        outcome = await raw.until("<(success|failure|stream:error|challenge)[^>]*>(.*?)</")
        if outcome[1] != "success":
            return outcome[0]
        raw.send(HEADER)
        await raw.until("</stream:features>")
        raw.send(BIND.format("r"))
        return outcome[0] + (await raw.until("<jid>.*?</jid>"))[0]

    return scene


async def another_auth_after_success(bench: Bench) -> str:
    raw = await unbound(bench, "a")
    return await last(raw, plain("b") + BIND.format("r"))


async def without_restart(bench: Bench) -> str:
    return await last(await authenticated(bench), BIND.format("r"))


async def two_nonces(bench: Bench) -> str:
    """The two challenges to one client nonce: what the server added to it."""
    added = []
    for _ in range(2):
        text = await opened(AUTH.format("SCRAM-SHA-1", FIRST), direct=True)(bench)
        found = re.search("<challenge[^>]*>(.*?)<", text)
        assert found is not None
        nonce = base64.b64decode(found[1]).decode().partition(",")[0]
        added.append(nonce.removeprefix("r=abcdef"))
    return f"{added[0]} {'again' if added[0] == added[1] else 'and another'}"


async def unknown_user(bench: Bench) -> str:
    by_plain = await opened(plain("nobody", "x"), direct=True)(bench)
    by_scram = await opened(AUTH.format("SCRAM-SHA-1", base("n,,n=nobody,r=abcdef")), direct=True)(
        bench
    )
    return f"{by_plain}\n{by_scram}"


async def message_before_bind(bench: Bench) -> str:
    other = await online(bench, "b")
    said = await last(await unbound(bench), f"<message to='b@{DOMAIN}/r' type='headline'/>")
    return f"A: {said}\nB: {await last(other, '')}"


async def conflict(bench: Bench) -> str:
    """Two streams ask for one resource: what the older one hears, what the newer one, and who
    gets a message after that."""
    older = await bound(bench, "a", "same")
    newer = await unbound(bench, "a")
    newer.send(BIND.format("same"))
    await newer.until("(?=<(iq|stream:error))")
    sender = await bound(bench, "b")
    sender.send(f"<message to='a@{DOMAIN}/same' type='headline' id='m'/>")
    await last(sender, "")
    said = [await last(raw, PING.format(DOMAIN)) for raw in (older, newer)]
    return f"OLD: {said[0]}\nNEW: {said[1]}"


async def made_up(bench: Bench) -> str:
    raw = await unbound(bench)
    return await last(raw, f"<iq type='set' id='b'><bind xmlns='{ns.BIND}'/></iq>")


FAULTY = f"<iq type='get' id='b'><bind xmlns='{ns.BIND}'/></iq>"

SIGNS = [
    Sign(
        "plain-password-prefix",
        session_of(plain("a", "pencil-case")),
        sound="<not-authorized/>",
        wrong="<success",
    ),
    Sign(
        "unknown-user-told",
        unknown_user,
        sound="<not-authorized/>(?s:.*)<challenge",
        wrong="<account-disabled/>(?s:.*)<account-disabled/>",
    ),
    Sign(
        "authzid-ignored",
        session_of(plain(authzid=f"b@{DOMAIN}")),
        sound="<invalid-authzid/>",
        wrong=f"<success.*<jid>a@{DOMAIN}/r",
    ),
    Sign(
        "authzid-assumed",
        session_of(plain(authzid=f"b@{DOMAIN}")),
        sound="<invalid-authzid/>",
        wrong=f"<success.*<jid>b@{DOMAIN}/r",
    ),
    Sign(
        "credentials-against-header",
        session_of(plain(), HEADER.replace(" to=", f" from='b@{DOMAIN}' to=")),
        sound="<invalid-from",
        wrong=f"<jid>a@{DOMAIN}/r",
    ),
    Sign(
        "auth-after-success",
        another_auth_after_success,
        sound="unsupported-stanza-type",
        wrong=f"<jid>b@{DOMAIN}/r",
    ),
    Sign(
        "success-without-restart",
        without_restart,
        sound="<stream:error>",
        wrong=f"<jid>a@{DOMAIN}/r",
    ),
    Sign(
        "bind-without-login",
        opened(BIND.format("r")),
        sound="<not-authorized ",
        wrong=f"<jid>a@{DOMAIN}/r",
    ),
    Sign("initial-response-ignored", direct(plain()), sound="<success", wrong="<challenge"),
    Sign(
        "initial-response-required",
        direct(AUTH.format("PLAIN", "")),
        sound="<challenge",
        wrong="<malformed-request/>",
    ),
    Sign(
        "empty-response-not-known",
        direct(AUTH.format("PLAIN", "=")),
        sound="<malformed-request/>",
        wrong="<incorrect-encoding/>",
    ),
    Sign(
        "success-with-data",
        direct(plain()),
        sound=f"<success xmlns='{ns.SASL}'></success>",
        wrong=f"<success xmlns='{ns.SASL}'>=</success>",
    ),
    Sign(
        "second-auth-refused",
        direct(AUTH.format("SCRAM-SHA-1", FIRST) * 2),
        sound="<challenge.*<challenge",
        wrong="<challenge.*<invalid-mechanism/>",
    ),
    Sign(
        "abort-ignored",
        direct(AUTH.format("SCRAM-SHA-1", FIRST) + ABORT),
        sound="<aborted/>",
        wrong=r"</challenge></stream:stream>\Z",
    ),
    Sign(
        "retries-unlimited",
        direct(WRONG * 7),
        sound="policy-violation",
        wrong="(<failure.*){7}",
    ),
    Sign("no-retry", direct(WRONG * 3), sound="(<failure.*){3}", wrong="policy-violation"),
    Sign(
        "retries-end-without-error",
        direct(WRONG * 7),
        sound="policy-violation",
        wrong=r"</failure></stream:stream>\Z",
    ),
    Sign("failure-without-condition", direct(WRONG), sound="<not-authorized/>", wrong="'></fail"),
    Sign(
        "failure-with-unknown-condition",
        direct(WRONG),
        sound="<not-authorized/>",
        wrong="<bad-auth/>",
    ),
    Sign(
        "wrong-password-is-temporary",
        direct(WRONG),
        sound="<not-authorized/>",
        wrong="<temporary-auth-failure/>",
    ),
    Sign(
        "wrong-mechanism-is-unauthorized",
        direct(AUTH.format("X", "")),
        sound="<invalid-mechanism/>",
        wrong="<not-authorized/>",
    ),
    Sign(
        "malformed-is-aborted",
        direct(AUTH.format("PLAIN", base("x"))),
        sound="<malformed-request/>",
        wrong="<aborted/>",
    ),
    Sign(
        "base64-lenient",
        session_of(plain().replace("AGE", "A-G E")),
        sound="<incorrect-encoding/>",
        wrong="<success",
    ),
    # SCRAM.
    Sign(
        "scram-proof-unchecked",
        scram("SCRAM-SHA-1", tamper="proof"),
        sound="failure <not-authorized/>",
        wrong=" success ",
    ),
    Sign("scram-nonce-constant", two_nonces, sound="^.{20,} and another", wrong="^.+ again"),
    Sign("scram-nonce-not-extended", two_nonces, sound="^.{20,} and another", wrong="^ again"),
    Sign(
        "scram-nonce-unchecked",
        scram("SCRAM-SHA-256", tamper="nonce"),
        sound="failure <not-authorized/>",
        wrong=" success ",
    ),
    Sign(
        "scram-signature-wrong",
        scram("SCRAM-SHA-256"),
        sound=" success [A-Za-z0-9+/]{40}",
        wrong="not who it says",
    ),
    Sign(
        "scram-binding-unchecked",
        scram("SCRAM-SHA-1-PLUS", binding=b"of another connection"),
        sound="failure <not-authorized/>",
        wrong=" success ",
    ),
    Sign(
        "scram-downgrade-overlooked",
        scram("SCRAM-SHA-1", binding=b"whatever"),
        sound="at once: <not-authorized/>",
        wrong=" success ",
    ),
    Sign("scram-plus-not-offered", start(HEADER, direct=True), sound="-PLUS</mechanism>"),
    Sign(
        "mechanisms-weakest-first",
        start(HEADER, direct=True),
        sound="PLAIN</mechanism></mechanisms>",
        wrong="<mechanisms [^>]*><mechanism>PLAIN",
    ),
    # Binding.
    Sign(
        "stanzas-before-bind",
        message_before_bind,
        sound="A: .*<not-authorized ",
        wrong="B: .*<message ",
    ),
    Sign(
        "bind-ignores-resource",
        after_login(BIND.format("mine")),
        sound=f"<jid>a@{DOMAIN}/mine<",
        wrong=f"<jid>a@{DOMAIN}/[0-9a-f]{{16}}<",
    ),
    Sign("bind-resource-counts", made_up, sound="/[0-9a-f]{16}</jid>", wrong="/r1</jid>"),
    Sign("bind-result-empty", after_login(BIND.format("x")), sound="/x</jid>", wrong="<jid></jid>"),
    Sign(
        "bind-result-bare",
        after_login(BIND.format("x")),
        sound=f"<jid>a@{DOMAIN}/x</jid>",
        wrong=f"<jid>a@{DOMAIN}</jid>",
    ),
    Sign(
        "bind-result-of-somebody",
        after_login(BIND.format("r")),
        sound=f"<jid>a@{DOMAIN}/r</jid>",
        wrong=f"<jid>xa@{DOMAIN}/r</jid>",
    ),
    Sign(
        "conflict-lives-twice",
        conflict,
        sound="OLD: .*<conflict .*\nNEW: .*<message .*'ping'",
        wrong="OLD: .*type='result' id='ping'.*\nNEW: .*<message .*id='ping'",
    ),
    Sign(
        "conflict-without-error",
        conflict,
        sound="OLD: .*<conflict ",
        wrong="OLD: </stream:stream>\nNEW: .*<message ",
    ),
    Sign(
        "conflict-ends-new",
        conflict,
        sound="OLD: .*<conflict ",
        wrong="OLD: .*<message .*'ping'.*\nNEW: .*<stream:error><conflict ",
    ),
    Sign(
        "bind-again",
        when_bound(BIND.format("s")),
        sound="<not-allowed ",
        wrong="<jid>.*/second</jid>",
    ),
    Sign(
        "bind-retries-unlimited",
        after_login(FAULTY * 12),
        sound="policy-violation",
        wrong="(<bad-request .*){12}",
    ),
    Sign(
        "bind-no-retry",
        after_login(FAULTY + BIND.format("x")),
        sound="<jid>",
        wrong="policy-violation",
    ),
]
