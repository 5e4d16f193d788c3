"""Defects of personal eventing (XEP-0163), and of the capabilities (XEP-0115) that steer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from harness.targets.embedded import blocklists, capabilities, disco, features, iq, pep, pep_events
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.disco import Item
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.faults import StanzaFault
from harness.targets.embedded.nodes import PUBSUB, Node
from harness.targets.embedded.session import Session
from harness.targets.embedded.store import Account
from harness.xmpp import capabilities as caps


def _saying(patches: Patches, name: str, value: Sequence[object]) -> None:
    """Have something else said of accounts."""
    other = disco.Said()
    other.add(disco.OF_ACCOUNT)
    getattr(other, name)[:] = value
    patches.set(disco, "OF_ACCOUNT", other)


@defect("pep-unfiltered", breaks=["pep-notify-filtered"])
def _(patches: Patches) -> None:
    """Every resource of a contact is told, whatever it asks for."""

    def audience(owner: Account, node: Node, account: Account) -> Iterator[Session]:
        if node.refusal(owner, account.jid) is None:
            for session in account.available():
                if not blocklists.blocks(owner, session.jid):
                    yield session

    patches.set(pep_events, "_audience", audience)


@defect("pep-to-blocked", breaks=["pep-notify-not-blocked"])
def _(patches: Patches) -> None:
    """A contact whom the owner blocks is told."""

    def audience(owner: Account, node: Node, account: Account) -> Iterator[Session]:
        if node.refusal(owner, account.jid) is None:
            yield from (s for s in account.available() if node.name in s.wants)

    patches.set(pep_events, "_audience", audience)


@defect("pep-to-strangers", breaks=["pep-notify-no-strangers"])
def _(patches: Patches) -> None:
    """Whoever asks for a node is told, contact or not."""

    def audience(owner: Account, node: Node, account: Account) -> Iterator[Session]:
        for session in account.available():
            if node.name in session.wants and not blocklists.blocks(owner, session.jid):
                yield session

    def everybody(domain: Domain, owner: Account) -> list[Account]:
        return [account for account in domain.store.accounts.values() if account is not owner]

    patches.set(pep_events, "_audience", audience)
    patches.set(pep_events, "_contacts", everybody)


@defect("pep-owner-untold", breaks=["pep-notify-owner"])
def _(patches: Patches) -> None:
    """The owner's own resources are not told."""
    before = pep_events._audience

    def audience(owner: Account, node: Node, account: Account) -> Iterator[Session]:
        if account is not owner:
            yield from before(owner, node, account)

    patches.set(pep_events, "_audience", audience)


@defect("pep-told-twice", breaks=["pep-notify-contacts"])
def _(patches: Patches) -> None:
    """A resource of a contact gets each notification twice."""
    patches.after(pep_events, "_contacts", lambda accounts: accounts * 2)


@defect("pep-from-resource", breaks=["pep-notify-from"])
def _(patches: Patches) -> None:
    """Notifications come from the resource that published."""
    before = pep_events._send

    def send(domain: Domain, owner: Account, session: Session, news: pep_events._News) -> None:
        sender = Account(news.publisher or owner.jid, owner.password, owner.contacts)
        before(domain, sender, session, news)

    patches.set(pep_events, "_send", send)


@defect("pep-last-item-missing", breaks=["pep-last-item"])
def _(patches: Patches) -> None:
    """A resource that becomes available does not get the last item."""
    patches.set(pep, "greet", lambda domain, session, wanted: None)


@defect("pep-last-item-again", breaks=["pep-last-item-once"])
def _(patches: Patches) -> None:
    """Each presence of a resource brings the last item."""
    before = capabilities._wants

    def wants(domain: Domain, session: Session, features: frozenset[str]) -> None:
        session.wants = frozenset()
        before(domain, session, features)

    patches.set(capabilities, "_wants", wants)


@defect("pep-anybody-publishes", breaks=["pep-publisher-is-owner", "pep-node-of-owner"])
def _(patches: Patches) -> None:
    """Anybody may publish, take back and delete for the owner."""
    patches.set(pep, "_own", pep._account)


@defect("pep-open-by-default", breaks=["pep-access-presence-default"])
def _(patches: Patches) -> None:
    """Strangers may read nodes that are for contacts."""
    before = Node.refusal

    def refusal(node: Node, owner: Account, jid: str) -> StanzaFault | None:
        return None if node.access == "presence" else before(node, owner, jid)

    patches.set(Node, "refusal", refusal)


@defect("pep-whitelist-ignored", breaks=["pep-access-whitelist", "pep-nodes-listed"])
def _(patches: Patches) -> None:
    """Contacts may read nodes that are for the owner alone."""
    before = Node.refusal

    def refusal(node: Node, owner: Account, jid: str) -> StanzaFault | None:
        if node.access == "whitelist" and owner.shows_presence_to(jid):
            return None
        return before(node, owner, jid)

    patches.set(Node, "refusal", refusal)


@defect("pep-groups-ignored", breaks=["pep-access-roster"])
def _(patches: Patches) -> None:
    """Every contact may read what is for one group of the roster."""
    before = Node.refusal

    def refusal(node: Node, owner: Account, jid: str) -> StanzaFault | None:
        if node.access == "roster" and owner.shows_presence_to(jid):
            return None
        return before(node, owner, jid)

    patches.set(Node, "refusal", refusal)


@defect("pep-access-never-lost", breaks=["pep-access-recalculated"])
def _(patches: Patches) -> None:
    """Who could read a node once can go on although the subscription is over."""
    before = Node.refusal
    admitted: set[tuple[str, str, str]] = set()

    def refusal(node: Node, owner: Account, jid: str) -> StanzaFault | None:
        found = before(node, owner, jid)
        if found is None:
            admitted.add((owner.jid, node.name, jid))
        return None if (owner.jid, node.name, jid) in admitted else found

    patches.set(Node, "refusal", refusal)


@defect("pep-every-node-listed", breaks=["pep-nodes-listed"])
def _(patches: Patches) -> None:
    """Nodes are listed for those who may not read them."""

    def listed(request: iq.Request, name: str) -> list[Item] | None:
        account = pep._account(request)
        return None if name else [Item(account.jid, node) for node in account.nodes]

    items = [listed if found is pep._list else found for found in disco.OF_ACCOUNT.items]
    _saying(patches, "items", items)


@defect("pep-unnamed", breaks=["pep-identity"])
def _(patches: Patches) -> None:
    """Accounts have no identity of personal eventing."""
    kept = [found for found in disco.OF_ACCOUNT.identities if found != ("pubsub", "pep")]
    _saying(patches, "identities", kept)


@defect("pep-features-missing", breaks=["pep-features"])
def _(patches: Patches) -> None:
    """The access models are not among the features of an account."""
    hidden = f"{PUBSUB}#access-"
    kept = [name for name in disco.OF_ACCOUNT.features if not name.startswith(hidden)]
    _saying(patches, "features", kept)


@defect("caps-another-hash", breaks=["caps-ver"])
def _(patches: Patches) -> None:
    """The server's hash is not that of what it answers."""
    patches.after(capabilities, "_version", lambda ver: ver[::-1])
    patches.set(features, "after_login", features.after_login.__wrapped__)  # not what is cached


@defect("caps-believed", breaks=["caps-poisoned-answer", "caps-ill-formed-answer"])
def _(patches: Patches) -> None:
    """What a client answers is remembered for everybody, whether or not it gives the hash."""
    patches.set(capabilities, "_fits", lambda query, key: True)


@defect("caps-twice-believed", breaks=["caps-ill-formed-answer"])
def _(patches: Patches) -> None:
    """An answer in which a feature stands twice is remembered for everybody."""

    def fits(query: Element, key: tuple[str, str]) -> bool:
        return caps.verification(query, key[0]) == key[1]

    patches.set(capabilities, "_fits", fits)
