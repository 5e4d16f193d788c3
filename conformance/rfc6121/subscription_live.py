"""Steps of clients, done on real streams, and what the clients saw held against the model.

async with lived(case, 2) as live:
    for step in steps:
        live.judge(await live.do(step), {"states", "pushes"})
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from xml.etree.ElementTree import Element

from conformance.news import item_of, names_of, news
from conformance.rfc6121.subscription_compare import Difference, compare, compare_rosters
from conformance.rfc6121.subscription_model import Aspect, Key, Model, Outlook, letter
from conformance.rfc6121.subscription_steps import Ask, Enter, Leave, ListItem, Say, Step, Turn
from conformance.rfc6121.subscriptions import Rules, outbound
from conformance.suite import Case, Stage
from conformance.suite.case import ping
from conformance.wire.negotiation import bind
from conformance.wire.stream import RawStream
from harness.xmpp import namespaces as ns

QUERY = f"{{{ns.ROSTER}}}query"
ROUNDS = 8  # of fences, after which a server has had its say
_FENCE = "the-fence"
_GET = f"<iq type='get' id='roster'><query xmlns='{ns.ROSTER}'{{}}/></iq>"
_LOOK = f"<iq type='get' id='look'><query xmlns='{ns.ROSTER}'/></iq>"


class Remembered:
    """The roster as a client with roster versions keeps it (section 2.6)."""

    def __init__(self, version: str = "", items: dict[str, str] | None = None) -> None:
        self.version = version
        self.items = dict(items or {})

    def take(self, element: Element, names: dict[str, str]) -> None:
        """A roster result or a push. An empty result says that nothing is new."""
        query = element.find(QUERY)
        if query is None:
            return
        if element.get("type") == "result":
            self.items = {}
        self.version = query.get("ver", self.version)
        for contact, item in _items(query, names):
            if item == "remove":
                self.items.pop(contact, None)
            else:
                self.items[contact] = item


def _items(query: Element, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for item in query:
        contact, _, text = item_of(item, names).partition(" ")
        yield contact, text


class Live:
    """Accounts of a case with their resources, and the model of what they are to see. `polite`:
    clients that approve in advance only where the server offers that, as they have to (3.4.1)."""

    def __init__(self, case: Case, accounts: int, rules: Rules, *, polite: bool = True) -> None:
        self.case = case
        self.polite = polite
        self.model = Model(accounts, rules)
        self.streams: dict[Key, RawStream] = {}
        self.touched: set[int] = set()  # accounts that stanzas of ours went from or to
        self.lost = False  # the server's rosters are not the model's any more
        self.names = names_of(case.jid(n) for n in range(len(case.subject.accounts)))
        self.heard: dict[Key, list[str]] = defaultdict(list)  # since the step began
        self.elements: dict[Key, list[Element]] = defaultdict(list)  # what that is news of
        self.rosters: dict[Key, dict[str, str]] = {}  # by roster get, in this step
        self._kept: dict[Key, Remembered] = {}
        self._known: dict[int, Remembered] = {}  # what versioned clients left behind
        self._approved: set[tuple[int, int]] = set()  # (who asks, who has approved in advance)
        self._context = ""

    async def do(self, step: Step) -> list[Difference] | None:
        """One step, to the end of all that it sets off; how that differs from the model. None: it
        is not possible now. Raises Unknown when a stream does not answer any more."""
        if not self._possible(step):
            return None
        self._begin()
        outlook, sender = await self._act(step)
        self._context = str(outlook.visits[0]) if outlook.visits else str(step)
        await self.settle([] if sender is None else [sender])
        catching_up = sender if isinstance(step, Enter | Ask) and sender in self._kept else None
        differences = self._approvals(step, list(self._differences(outlook, catching_up)))
        if not self.lost:  # the server was where the model was, whatever it then did
            self.case.covered |= set(map(str, outlook.visits))
        self.lost |= any(d.aspect == "states" and d.fails for d in differences)
        return differences

    def judge(
        self,
        differences: Iterable[Difference] | None,
        aspects: Collection[Aspect],
        account: int | None = None,
    ) -> None:
        """Judge what is about these aspects, at every account or only at this one. Raises
        Finding."""
        if differences is None:
            return
        wrong = [d for d in differences if d.aspect in aspects and account in (None, d.key[0])]
        for difference in sorted(wrong, key=lambda difference: not difference.fails):
            where = f"{letter(difference.key[0])}/{difference.key[1]}"
            expected = f"{self._context}: {difference.expected} at {where}"
            observed = f"{self._context}: {difference.observed}"
            if not difference.fails:
                self.case.prefer(False, expected, observed)
                continue
            self.streams[difference.key].step("recall")
            told = ", ".join(self.heard[difference.key]) or "nothing"
            self.case.check(False, expected, observed, reaction=told)
        self.case.check(True, "what the model says", "")

    def forget(self) -> None:
        """The rosters are empty, and the model begins anew."""
        self.model.forget()
        self.touched.clear()
        self._approved.clear()
        self.lost = False

    def _possible(self, step: Step) -> bool:
        if isinstance(step, Say | ListItem):
            if isinstance(step, Say) and self.polite and not self.model.rules.preapproval:
                state = self.model.view(step.by, step.to).state
                if outbound(state, step.kind).preapproves:
                    return False
            return bool(self._clients(step.by))
        return ((step.account, step.slot) in self.streams) != isinstance(step, Enter)

    def _approvals(self, step: Step, differences: list[Difference]) -> list[Difference]:
        """What differs after the request of who was approved in advance, or was so once, is about
        that approval, and the states that follow depend on it."""
        if isinstance(step, Say):
            if self.model.view(step.by, step.to).approved:
                self._approved.add((step.to, step.by))
            failing = any(d.fails and d.aspect != "order" for d in differences)
            if failing and step.kind == "subscribe" and (step.by, step.to) in self._approved:
                self.lost = True
                return [d._replace(aspect="approvals") for d in differences]
        return differences

    def _clients(self, account: int) -> list[Key]:
        return [key for key in self.streams if key[0] == account]

    def _begin(self) -> None:
        self.heard.clear()
        self.elements.clear()
        self.rosters.clear()
        for stream in self.streams.values():
            stream.step("mark")

    async def _act(self, step: Step) -> tuple[Outlook, Key | None]:
        if isinstance(step, Say | ListItem):
            self.touched |= {step.by, step.to}
            clients = self._clients(step.by)
            key = clients[step.via % len(clients)]
            if isinstance(step, Say):
                outlook = self.model.say(step.by, step.to, step.kind)
            else:
                outlook = self.model.list_item(step.by, step.to)
            await self.streams[key].send(_written(step, self.case.jid(step.to)))
            return outlook, key
        key = step.account, step.slot
        if isinstance(step, Leave):
            return await self._leave(key), None
        if isinstance(step, Enter):
            return await self._enter(key, step), key
        if isinstance(step, Turn):
            kind = "" if step.available else " type='unavailable'"
            await self.streams[key].send(f"<presence{kind}/>")
            return self.model.turn(key, step.available), key
        await self.streams[key].send(self._roster_get(key, versioned=step.versioned))
        return self.model.ask(key, versioned=step.versioned), key

    async def _enter(self, key: Key, step: Enter) -> Outlook:
        stream = await self.case.at(Stage.UNBOUND, step.account)
        name = f"{step.slot}-{secrets.token_hex(4)}"
        if await bind(stream, name) != f"{self.case.jid(step.account)}/{name}":
            raise self.case.unknown("the server chooses resources itself")
        self.streams[key] = stream
        stream.step("mark")
        versioned = step.resource.versioned
        text = self._roster_get(key, versioned=versioned) if step.resource.interested else ""
        presence = f"<presence><priority>{step.resource.priority}</priority></presence>"
        await stream.send(text + presence * step.resource.available)
        return self.model.enter(key, step.resource)

    def _roster_get(self, key: Key, *, versioned: bool) -> str:
        self._kept.pop(key, None)
        if not versioned:
            return _GET.format("")
        known = self._known.get(key[0], Remembered())
        self._kept[key] = Remembered(known.version, known.items)
        return _GET.format(f" ver='{known.version}'")

    async def _leave(self, key: Key) -> Outlook:
        await self.streams.pop(key).close()
        if key in self._kept:
            self._known[key[0]] = self._kept.pop(key)
        return self.model.leave(key)

    async def settle(self, first: Iterable[Key] = ()) -> None:
        """Until nothing comes any more: a fence on what spoke, then rounds of fences on all
        resources until one brings nothing. One resource's stanza can make the server speak for
        another one, so a single round is not enough. Rosters are looked at from the second on.
        """
        await self._fences(first, look=False)
        for number in range(ROUNDS):
            news = await self._fences(self.streams, look=number > 0)
            if number and not news:
                return

    async def _fences(self, keys: Iterable[Key], *, look: bool) -> bool:
        """Whether anything of interest came."""
        asked = list(keys)
        for key in asked:
            resource = self.model.resources.get(key)
            looks = look and resource and resource.interested
            await self.streams[key].send((_LOOK if looks else "") + ping(_FENCE, self.case.domain))
        came = False
        for key in asked:
            reaction = await self.streams[key].react(f"^iq .*{_FENCE}$")
            if reaction.ending != "fence":
                raise self.case.unknown(f"a resource is gone: {reaction}")
            for element in reaction.elements:
                came |= self._take(key, element)
        return came

    def _take(self, key: Key, element: Element) -> bool:
        if key in self._kept and element.get("id") != "look":  # that is not the client's own
            self._kept[key].take(element, self.names)
        if word := news(element, self.names):
            self.heard[key].append(word)
            self.elements[key].append(element)
        if element.get("id") not in ("roster", "look") or element.get("type") != "result":
            return bool(word)
        query = element.find(QUERY)
        if query is not None:
            self.rosters[key] = dict(_items(query, self.names))
        return False

    def _differences(self, outlook: Outlook, catching_up: Key | None) -> Iterator[Difference]:
        for key in self.streams:
            words = [word for word in self.heard[key] if not word.startswith("roster")]
            if key == catching_up:  # what it missed comes as pushes (section 2.6.3)
                words = [word for word in words if not word.startswith("push")]
            yield from compare(key, self.model.resources[key], outlook, words)
            kept = self._kept[key].items if key in self._kept else None
            for known in (kept, self.rosters.get(key)):
                if known is not None:
                    yield from compare_rosters(key, self.model.roster(key[0]), known)


def _written(step: Say | ListItem, to: str) -> str:
    name = secrets.token_hex(4)
    if isinstance(step, Say):
        to += f"/{step.resource}" * bool(step.resource)
        return f"<presence to='{to}' type='{step.kind}' id='{name}'>{step.inner}</presence>"
    item = f"<item jid='{to}' name='Name'/>"
    return f"<iq type='set' id='{name}'><query xmlns='{ns.ROSTER}'>{item}</query></iq>"
