"""A room: its settings, who is affiliated with it, and who is in it (XEP-0045 sections 4 and 5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import Element

from harness.targets.embedded import blocklists
from harness.targets.embedded.domain import Domain
from harness.xmpp.stanza import escape

RANKS = {"outcast": 0, "none": 1, "member": 2, "admin": 3, "owner": 4}  # affiliations
ROLES = ("none", "visitor", "participant", "moderator")
_HISTORY = 20  # messages that somebody who enters may get


@dataclass(slots=True)
class Settings:
    """What the owner decides."""

    name: str = ""
    persistent: bool = False
    public: bool = True
    moderated: bool = False
    members_only: bool = False
    protected: bool = False
    secret: str = ""
    anonymous: bool = True  # moderators alone see real JIDs
    subject_for_all: bool = False
    most: int = 0  # occupants; 0: no limit


@dataclass(slots=True, eq=False)
class Occupant:
    """Somebody in the room: one nickname of one account, with one session or several."""

    nick: str
    account: str
    role: str
    presences: dict[str, Element] = field(default_factory=dict)  # the last ones, by full JID

    @property
    def presence(self) -> Element:
        """The presence that others see: that of the session which was last heard of."""
        return next(reversed(self.presences.values()))


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the past."""

    when: datetime
    message: Element


class Room:
    """One room. `jid` is its bare JID; a locked one waits for its first settings."""

    def __init__(self, domain: Domain, jid: str, creator: str) -> None:
        self.domain = domain
        self.jid = jid
        self.locked = True
        self.settings = Settings()
        self.affiliations = {creator: "owner"}  # by bare JID; who is not in it has none
        self.occupants: dict[str, Occupant] = {}  # by nickname
        self.subject: Said | None = None  # None: there never was one
        self.history: deque[Said] = deque(maxlen=_HISTORY)
        self._by_jid: dict[str, Occupant] = {}

    def affiliation(self, account: str) -> str:
        """Of this bare JID."""
        return self.affiliations.get(account, "none")

    def occupant(self, jid: str) -> Occupant | None:
        """Who has this full JID, if they are in the room."""
        return self._by_jid.get(jid)

    def address(self, occupant: Occupant) -> str:
        """The occupant JID."""
        return f"{self.jid}/{occupant.nick}"

    def add(self, occupant: Occupant, jid: str, presence: Element) -> None:
        """A session comes in, or has sent other presence."""
        self.occupants[occupant.nick] = occupant
        occupant.presences.pop(jid, None)
        occupant.presences[jid] = presence
        self._by_jid[jid] = occupant

    def discard(self, occupant: Occupant, jid: str) -> None:
        """A session goes out; with its last one the occupant."""
        del occupant.presences[jid], self._by_jid[jid]
        if not occupant.presences:
            del self.occupants[occupant.nick]

    def rename(self, occupant: Occupant, nick: str) -> None:
        """The occupant has another nickname."""
        del self.occupants[occupant.nick]
        occupant.nick = nick
        self.occupants[nick] = occupant

    def role_by_default(self, account: str) -> str:
        """The role that goes with the affiliation (section 5.1.2)."""
        affiliation = self.affiliation(account)
        if RANKS[affiliation] >= RANKS["admin"]:
            return "moderator"
        return "visitor" if self.settings.moderated and affiliation == "none" else "participant"

    def reveals(self, viewer: Occupant) -> bool:
        """Whether this occupant may see real JIDs."""
        return not self.settings.anonymous or viewer.role == "moderator"

    def sessions(self) -> Iterator[tuple[Occupant, str]]:
        """Each occupant's full JIDs."""
        for occupant in list(self.occupants.values()):
            for jid in list(occupant.presences):
                yield occupant, jid

    def send(self, jid: str, data: bytes, sender: str = "") -> None:
        """Send a stanza that has no `to`; `sender` is its address, that of the room by default."""
        session = self.domain.sessions.get(jid)
        if session is not None and not blocklists.blocks(session.owner, sender or self.jid):
            name = data.index(b" ")
            session.send(b"".join((data[:name], b" to='", escape(jid), b"'", data[name:])))
