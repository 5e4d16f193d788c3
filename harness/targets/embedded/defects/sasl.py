"""Defects of SASL (RFC 6120 sections 6 and 13.8)."""

from __future__ import annotations

import base64
from xml.etree.ElementTree import Element

from harness.targets.embedded import authentication, bind, sasl
from harness.targets.embedded.authentication import ABORT, AUTH, Authentication, Outcome
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.faults import SaslFault
from harness.targets.embedded.session import TABLE, Session, State
from harness.targets.embedded.store import Account, Store
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import Template

_FAILURE = f"<failure xmlns='{ns.SASL}'>{{}}</failure>"
_HEADER = f"<stream:stream to='{{}}' version='1.0' xmlns='{ns.CLIENT}' xmlns:stream='{ns.STREAM}'>"


# Who gets in.


@defect("plain-password-prefix", breaks=["sasl-failure-not-authorized"])
def _(patches: Patches) -> None:
    """PLAIN takes every password that begins like the right one."""
    create, check = Store.create, Store.check
    known: dict[str, str] = {}

    def created(store: Store, local: str, password: str) -> Account:
        account = create(store, local, password)
        known[account.jid] = password
        return account

    def checked(store: Store, local: str, password: str) -> Account | None:
        account = store.find(local)
        if account is not None and password.startswith(known[account.jid]):
            return account
        return check(store, local, password)

    patches.set(Store, "create", created)
    patches.set(Store, "check", checked)


@defect("unknown-user-told", breaks=["sasl-unknown-user-like-wrong-password"])
def _(patches: Patches) -> None:
    """A user who does not exist fails with another condition, and before the challenge."""
    step, client_first = sasl._Plain.step, sasl._Scram._client_first

    def told(store: Store, local: str) -> None:
        if store.find(local) is None:
            raise SaslFault("account-disabled")

    def plain(mechanism: sasl._Plain, message: bytes | None) -> tuple[bool, bytes | None]:
        if message is not None and message.count(b"\0") == 2:
            told(mechanism._store, message.decode().split("\0")[1])
        return step(mechanism, message)

    def scram(mechanism: sasl._Scram, text: str) -> str:
        challenge = client_first(mechanism, text)
        told(mechanism._store, mechanism._user)
        return challenge

    patches.set(sasl._Plain, "step", plain)
    patches.set(sasl._Scram, "_client_first", scram)


@defect("authzid-ignored", breaks=["sasl-authzid-other", "sasl-failure-invalid-authzid"])
def _(patches: Patches) -> None:
    """Any authorization identity is taken, and has no effect."""
    patches.set(sasl, "check_authzid", lambda authzid, account: None)


@defect(
    "authzid-assumed",
    breaks=["sasl-authzid-other", "address-from-authorization-identity"],
)
def _(patches: Patches) -> None:
    """With PLAIN, everybody may act for every other account."""
    before = sasl._Plain.step

    def step(mechanism: sasl._Plain, message: bytes | None) -> tuple[bool, bytes | None]:
        authzid, separator, rest = (message or b"").partition(b"\0")
        answer = before(mechanism, separator + rest if message else message)
        if authzid and (other := mechanism._store.account(authzid.decode())) is not None:
            mechanism.account = other
        return answer

    patches.set(sasl._Plain, "step", step)


@defect(
    "credentials-against-header",
    breaks=["sasl-correlate", "client-certificate-from"],
    tolerated=True,
)
def _(patches: Patches) -> None:
    """Header and credentials may name different users; the credentials count."""
    before = Authentication.take

    def take(authentication: Authentication, element: Element) -> Outcome:
        authentication.claimed = ""
        return before(authentication, element)

    patches.set(Authentication, "take", take)


@defect("auth-after-success", breaks=["sasl-auth-after-success"])
def _(patches: Patches) -> None:
    """<auth/> on a stream that is authenticated makes it that of another user."""

    def again(session: Session, element: Element) -> State:
        outcome = session._authentication.take(element)
        session.answer(outcome.data)
        session.account = outcome.account or session.account
        return session.state

    patches.put(TABLE, (State.BINDING, AUTH), again)


@defect(
    "success-without-restart",
    breaks=["stream-restart-without-header", "sasl-restart", "stream-negotiation-restart"],
)
def _(patches: Patches) -> None:
    """After <success/>, stanzas are taken without a new header."""
    before = Session.receive

    def receive(session: Session, data: bytes) -> None:
        if session.account and session.state is State.OPENING and data.startswith(b"<iq"):
            session._reader.feed(_HEADER.format(session.domain.name).encode())
            session._opened, session.state = True, State.BINDING
        before(session, data)

    patches.set(Session, "receive", receive)


@defect("bind-without-login", breaks=["sasl-required-for-bind", "sasl-mtn", "bind-mtn"])
def _(patches: Patches) -> None:
    """Who binds without SASL is taken for the first account."""
    key = (State.NEGOTIATING, ns.IQ)
    early, late = TABLE[key], TABLE[State.BINDING, ns.IQ]

    def on_iq(session: Session, iq: Element) -> State:
        if iq.find(bind.BIND) is None:
            return early(session, iq)
        session.account = next(iter(session.domain.store.accounts.values()))
        return late(session, iq)

    patches.put(TABLE, key, on_iq)


# Handshakes.


@defect("initial-response-ignored", breaks=["sasl-initial-response"])
def _(patches: Patches) -> None:
    """What stands in <auth/> is ignored; the client has to say it again in <response/>."""
    before = Authentication.take

    def take(authentication: Authentication, element: Element) -> Outcome:
        if element.tag == AUTH:
            element.text = None
        return before(authentication, element)

    patches.set(Authentication, "take", take)


@defect("initial-response-required", breaks=["sasl-without-initial-response"])
def _(patches: Patches) -> None:
    """<auth/> without an initial response fails."""
    before = Authentication.take

    def take(authentication: Authentication, element: Element) -> Outcome:
        if element.tag == AUTH and not element.text:
            element.text = "AA=="
        return before(authentication, element)

    patches.set(Authentication, "take", take)


@defect("empty-response-not-known", breaks=["sasl-empty-initial-response"])
def _(patches: Patches) -> None:
    """ "=" is taken for faulty base64."""
    before = sasl.decode

    def decode(text: str | None) -> bytes | None:
        if text == "=":
            raise SaslFault("incorrect-encoding")
        return before(text)

    patches.set(sasl, "decode", decode)


@defect("success-with-data", breaks=["sasl-success-data"])
def _(patches: Patches) -> None:
    """<success/> for PLAIN says "=", although there are no data."""
    patches.after(
        sasl._Plain, "step", lambda answer: (True, b"") if answer == (True, None) else answer
    )


@defect("second-auth-refused", breaks=["sasl-auth-restarts-handshake"])
def _(patches: Patches) -> None:
    """<auth/> while a handshake is under way fails."""
    before = Authentication.take

    def take(authentication: Authentication, element: Element) -> Outcome:
        if element.tag == AUTH and authentication._mechanism is not None:
            element.set("mechanism", "ONE-AT-A-TIME")
        return before(authentication, element)

    patches.set(Authentication, "take", take)


@defect("abort-ignored", breaks=["sasl-abort", "sasl-failure-aborted"])
def _(patches: Patches) -> None:
    """<abort/> is not answered, and the handshake goes on."""
    patches.put(TABLE, (State.SASL, ABORT), lambda session, element: State.SASL)


@defect("retries-unlimited", breaks=["sasl-retries-exceeded", "sasl-guessing-limited"])
def _(patches: Patches) -> None:
    """Any number of logins may fail on one stream."""
    patches.set(Authentication, "exhausted", False)


@defect("no-retry", breaks=["sasl-retries", "sasl-after-abort"])
def _(patches: Patches) -> None:
    """The first failure ends the stream."""
    patches.set(Authentication, "exhausted", property(lambda login: login._failures > 0))


@defect("retries-end-without-error", breaks=["sasl-retries-exceeded"])
def _(patches: Patches) -> None:
    """After too many failures the stream is closed without an error."""
    before = Session.fail

    def fail(session: Session, condition: str, text: str = "") -> None:
        if session.state in (State.SASL, State.NEGOTIATING) and condition == "policy-violation":
            session._close()
        else:
            before(session, condition, text)

    patches.set(Session, "fail", fail)


# Failures.


@defect("failure-without-condition", breaks=["sasl-failure-condition", "sasl-errors"])
def _(patches: Patches) -> None:
    """A SASL failure is empty."""
    patches.set(authentication, "_FAILURE", lambda condition: _FAILURE.format("").encode())


@defect("failure-with-unknown-condition", breaks=["sasl-failure-condition", "sasl-errors"])
def _(patches: Patches) -> None:
    """A SASL failure has a condition that is not defined."""
    failure = _FAILURE.format("<bad-auth/>").encode()
    patches.set(authentication, "_FAILURE", lambda condition: failure)


def _renamed(patches: Patches, right: str, wrong: str) -> None:
    """SASL failures have the wrong condition in place of the right one."""
    template = Template(_FAILURE.format("<{condition}/>"))
    patches.set(
        authentication,
        "_FAILURE",
        lambda condition: template(wrong if condition == right else condition),
    )


@defect("wrong-password-is-temporary", breaks=["sasl-failure-not-authorized"])
def _(patches: Patches) -> None:
    """A wrong password fails with <temporary-auth-failure/>."""
    _renamed(patches, "not-authorized", "temporary-auth-failure")


@defect("wrong-mechanism-is-unauthorized", breaks=["sasl-failure-invalid-mechanism"])
def _(patches: Patches) -> None:
    """An unknown mechanism fails with <not-authorized/>."""
    _renamed(patches, "invalid-mechanism", "not-authorized")


@defect("malformed-is-aborted", breaks=["sasl-failure-malformed-request", "sasl-failure-aborted"])
def _(patches: Patches) -> None:
    """A message against the mechanism's grammar fails with <aborted/>."""
    _renamed(patches, "malformed-request", "aborted")


@defect(
    "base64-lenient",
    breaks=[
        "base64-illegal-characters",
        "base64-padding-inside",
        "sasl-failure-incorrect-encoding",
    ],
)
def _(patches: Patches) -> None:
    """Characters that are no base64 are passed over."""

    def decode(text: str | None) -> bytes | None:
        kept = "".join(c for c in text or "" if c.isascii() and (c.isalnum() or c in "+/"))
        return base64.b64decode(kept + "=" * (-len(kept) % 4)) if text else None

    patches.set(sasl, "decode", decode)
