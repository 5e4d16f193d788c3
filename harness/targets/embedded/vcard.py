"""vcard-temp (XEP-0054): one vCard for each account, stored as it came, readable for everybody."""

from __future__ import annotations

from harness.targets.embedded import iq
from harness.targets.embedded.disco import Said
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault

NAMESPACE = "vcard-temp"
VCARD = f"{{{NAMESPACE}}}vCard"


def handle(request: iq.Request) -> None:
    """Store one's own, or show somebody's."""
    account = request.account
    assert account is not None  # the table is that of accounts
    if request.is_set:
        if not request.own:
            raise StanzaFault("forbidden")
        account.vcard = request.payload
        request.reply()
    elif account.vcard is not None:
        request.reply(account.vcard)
    else:  # of others it must look as if there were no such account (section 3.3)
        raise StanzaFault("item-not-found" if request.own else "service-unavailable")


EXTENSION = Extension(
    for_account={VCARD: handle},
    of_server=Said(features=[NAMESPACE]),
    of_account=Said(features=[NAMESPACE]),
)
