"""Defects of accounts: vCards (XEP-0054), and registration (XEP-0077)."""

from __future__ import annotations

from harness.targets.embedded import iq, register, vcard
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.store import Account

# vCards


def _vcard(patches: Patches, handler: iq.Handler) -> None:
    patches.put(iq.FOR_ACCOUNT, vcard.VCARD, handler)


@defect("vcard-of-asker", breaks=["vcard-of-another-returned"])
def _(patches: Patches) -> None:
    """Who asks for the vCard of another gets the own one."""

    def handle(request: iq.Request) -> None:
        if not request.is_set and request.session.owner.vcard is not None:
            request.reply(request.session.owner.vcard)
        else:
            vcard.handle(request)

    _vcard(patches, handle)


@defect("vcard-set-by-anybody", breaks=["vcard-set-of-another-refused"])
def _(patches: Patches) -> None:
    """Everybody may set the vCard of everybody."""

    def handle(request: iq.Request) -> None:
        if request.is_set and request.account is not None:
            request.account.vcard = request.payload
            request.reply()
        else:
            vcard.handle(request)

    _vcard(patches, handle)


@defect("vcard-merged", breaks=["vcard-set-replaces"])
def _(patches: Patches) -> None:
    """A new vCard leaves the fields of the old one that it does not have."""

    def handle(request: iq.Request) -> None:
        account = request.account
        if request.is_set and request.own and account is not None and account.vcard is not None:
            named = {field.tag for field in request.payload}
            request.payload.extend(e for e in account.vcard if e.tag not in named)
        vcard.handle(request)

    _vcard(patches, handle)


@defect(
    "vcard-accounts-told-apart",
    breaks=["vcard-of-another-none", "vcard-accounts-not-told-apart"],
)
def _(patches: Patches) -> None:
    """For an account without vCard the error is another one than for no account."""

    def handle(request: iq.Request) -> None:
        if not request.is_set and request.account is not None and request.account.vcard is None:
            raise StanzaFault("item-not-found")
        vcard.handle(request)

    _vcard(patches, handle)


# Registration


@defect("register-password-kept", breaks=["registration-password-changed"])
def _(patches: Patches) -> None:
    """A change of the password is answered, and the old one goes on."""
    patches.set(register, "_change_password", lambda request: request.reply())


@defect("register-password-of-another", breaks=["registration-password-of-another"])
def _(patches: Patches) -> None:
    """Everybody may change the password of everybody."""

    def change(request: iq.Request) -> None:
        name, password = register._credentials(request)
        account = request.domain.store.find(name)
        if account is not None:
            account.password = request.domain.store.verifiers(password)
        request.reply()

    patches.set(register, "_change_password", change)


@defect("register-password-empty", breaks=["registration-password-never-empty"])
def _(patches: Patches) -> None:
    """An empty password replaces the old one."""
    before = register._change_password

    def change(request: iq.Request) -> None:
        if request.payload.findtext(f"{{{register.NAMESPACE}}}password"):
            before(request)
            return
        request.session.owner.password = request.domain.store.verifiers("")
        request.reply()

    patches.set(register, "_change_password", change)


@defect("register-cancelled-lives", breaks=["registration-remove"])
def _(patches: Patches) -> None:
    """An account that was removed can log in again."""

    def delete(_domain: Domain, account: Account) -> None:
        for session in list(account.resources.values()):
            session.fail("not-authorized", "the account is gone")

    patches.set(register, "_delete", delete)


@defect("register-again", breaks=["registration-conflict"])
def _(patches: Patches) -> None:
    """Who registers a name that is taken gets its account, with a new password."""

    def create(request: iq.Request) -> None:
        name, password = register._credentials(request)
        account = request.domain.store.find(name)
        if account is None:
            request.domain.store.create(name, password)
        else:
            account.password = request.domain.store.verifiers(password)
        request.reply()

    patches.set(register, "_create", create)


@defect("register-sloppy-removal", breaks=["registration-remove-alone"], tolerated=True)
def _(patches: Patches) -> None:
    """<remove/> in company removes the account."""
    before = register._remove

    def remove(request: iq.Request) -> None:
        for other in [e for e in request.payload if e.tag != register._REMOVE_TAG]:
            request.payload.remove(other)
        before(request)

    patches.set(register, "_remove", remove)
