"""How the defects of vCards and of registration show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import (
    Scene,
    Sign,
    bound,
    opened,
    plain,
    secured,
    when_bound,
)
from harness.tests.targets.embedded.defects.talk import A, talk
from harness.tests.targets.embedded.driver import PASSWORD, Bench

SECRET = "another-7"


def vcard(inner: str = "", *, kind: str = "set", to: str = "") -> str:
    address = f" to='{to}'" if to else ""
    return f"<iq type='{kind}' id='card'{address}><vCard xmlns='vcard-temp'>{inner}</vCard></iq>"


def register(inner: str) -> str:
    return f"<iq type='set' id='reg'><query xmlns='jabber:iq:register'>{inner}</query></iq>"


def credentials(user: str, password: str = SECRET) -> str:
    return register(f"<username>{user}</username><password>{password}</password>")


def login(text: str, user: str, password: str) -> Scene:
    """a/r makes this request; whether a login then succeeds."""

    async def scene(bench: Bench) -> str:
        raw = await bound(bench)
        raw.send(text)
        await raw.until("id='reg'")
        other = await secured(bench)
        other.send(plain(user, password))
        return (await other.until("<(success|failure) "))[1]

    return scene


OF_ANOTHER = vcard(kind="get", to=A)
SET_A, SET_B = vcard("<FN>of-a</FN><ROLE>old</ROLE>"), vcard("<FN>of-b</FN>")

SIGNS = [
    Sign(
        "vcard-of-asker",
        talk(("a/r", SET_A), ("b/r", SET_B), ("b/r", OF_ANOTHER)),
        sound="b/r: .*of-a",
        wrong="b/r: .*of-b",
    ),
    Sign("vcard-set-by-anybody", talk(("b/r", vcard("<FN>x</FN>", to=A))), sound="<forbidden "),
    Sign("vcard-merged", when_bound(SET_A + SET_B + vcard(kind="get")), wrong="of-b.*old"),
    Sign(
        "vcard-accounts-told-apart",
        talk(("b/r", OF_ANOTHER)),
        sound="<service-unavailable ",
        wrong="<item-not-found ",
    ),
    Sign("register-password-kept", login(credentials("a"), "a", SECRET), sound="success"),
    Sign("register-password-of-another", login(credentials("b"), "b", SECRET), wrong="success"),
    Sign("register-password-empty", login(credentials("a", ""), "a", PASSWORD), sound="success"),
    Sign("register-cancelled-lives", login(register("<remove/>"), "a", PASSWORD), wrong="success"),
    Sign("register-again", opened(credentials("a"), direct=True), sound="<conflict "),
    Sign(
        "register-sloppy-removal",
        when_bound(register("<remove/><username>a</username>")),
        sound="<bad-request ",
    ),
]
