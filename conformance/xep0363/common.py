"""What the cases about uploads share: where the service is, requests, and what a slot holds."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from hypothesis import strategies as st

from conformance.generate.text import NAMES
from conformance.player import name_of
from conformance.suite import Allowed, Case
from conformance.wire.stream import RawStream
from conformance.xep0030.common import ask, features_in, info, items
from harness.xmpp import stanza

URI = "urn:xmpp:http:upload:0"
HERE = f"{{{URI}}}"
RESULT = Allowed("a slot", ("iq result",))
HUGE = 2**60  # bytes; more than any service takes that has a limit
SIZES = st.integers(1, 100_000)  # small: a service may count what a user has asked for
ENDINGS = st.sampled_from((".jpg", ".txt", ".tar.gz", ".webm"))
ORDINARY = st.builds("{}{}".format, NAMES, ENDINGS)  # names of files
_NOT_FOR_US = ("iq error forbidden", "iq error resource-constraint")
_FORM = "{jabber:x:data}"


class Service(NamedTuple):
    """A service for uploads: its address, and the <query/> in which it describes itself."""

    jid: str
    said: Element


class Slot(NamedTuple):
    """Where a file goes, with what headers (name, value), and where it can be had."""

    put: str
    get: str
    headers: list[tuple[str | None, str]]

    @property
    def urls(self) -> tuple[str, str]:
        """Both of them."""
        return self.put, self.get


async def service(case: Case, stream: RawStream) -> Service:
    """The first service for uploads among what the server lists, or the server itself.

    Raises Absent.
    """
    listed = [item.get("jid", "") for item in await items(case, stream, case.domain)]
    for jid in [*filter(None, listed), case.domain]:
        said = await info(case, stream, jid)
        if URI in features_in(said):
            return Service(jid, said)
    raise case.absent(f"neither the server nor a service that it lists has {URI}")


def request(inner: str = "", /, **attributes: str | int | None) -> str:
    """The payload that asks for a slot; an attribute that is None is left out."""
    given = "".join(
        f" {name.replace('_', '-')}='{stanza.escape(str(value)).decode()}'"
        for name, value in attributes.items()
        if value is not None
    )
    return f"<request xmlns='{URI}'{given}>{inner}</request>"


async def granted(case: Case, stream: RawStream, to: str, **attributes: str | int | None) -> Slot:
    """The slot for a file that there is no reason to refuse. Raises Unknown where our account may
    not have one, or no more of them."""
    answer = await ask(case, stream, request(**attributes), to)
    if name_of(answer) in _NOT_FOR_US:
        raise case.unknown("our account may not upload, or no more")
    case.judge(name_of(answer), RESULT)
    return slot_in(case, answer)


def slot_in(case: Case, answer: Element) -> Slot:
    """The slot of a result."""
    slots = answer.findall(f"{HERE}slot")
    case.check(len(slots) == len(answer) == 1, "one <slot/>", f"{len(slots)} slots")
    puts, gets = (slots[0].findall(f"{HERE}{name}") for name in ("put", "get"))
    case.check(len(puts) == 1, "one <put/>", f"{len(puts)} of <put/>")
    case.check(len(gets) == 1, "one <get/>", f"{len(gets)} of <get/>")
    put, get = puts[0].get("url", ""), gets[0].get("url", "")
    case.check(put, "a URL in <put/>", "none")
    case.check(get, "a URL in <get/>", "none")
    sent = [(e.get("name"), e.text or "") for e in puts[0].iterfind(f"{HERE}header")]
    return Slot(put, get, sent)


def limits(said: Element) -> list[dict[str, list[str]]]:
    """The forms about uploads in a service's description: field -> values."""
    found = []
    for form in said.iterfind(f"{_FORM}x"):
        fields = {
            field.get("var", ""): [value.text or "" for value in field.iterfind(f"{_FORM}value")]
            for field in form.iterfind(f"{_FORM}field")
        }
        if fields.get("FORM_TYPE") == [URI]:
            found.append(fields)
    return found


def limit(case: Case, said: Element) -> int:
    """The size in bytes that a file may have; ends the case where nothing is said of it."""
    forms = limits(said)
    if not forms:
        case.not_applicable("the service announces no limit")
    values = forms[0].get("max-file-size", [])
    if len(values) != 1 or not values[0].isdecimal():
        raise case.unknown("the limit is not one whole number")
    return int(values[0])
