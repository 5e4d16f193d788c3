"""Sections 4, 5 and 9.3: the slot, its URLs and headers, and what it is meant for."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

from hypothesis import strategies as st

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer
from conformance.xep0030.common import ask, features_in
from conformance.xep0363.common import (
    ENDINGS,
    ORDINARY,
    RESULT,
    SIZES,
    Slot,
    granted,
    request,
    service,
    slot_in,
)

_TYPES = st.none() | st.sampled_from(("image/jpeg", "application/octet-stream", "text/plain"))
_FILES = st.fixed_dictionaries({"filename": ORDINARY, "size": SIZES, "content_type": _TYPES})
# What has a meaning in URLs, or has to be encoded in them; "/" is left out as no name has it.
_SPECIAL = st.text("aZ09 %#?&=+;:@[]{}()'\"<>|^~.,!$*_-", min_size=1, max_size=12).map("x{}".format)
_FOREIGN = st.text("äöüßéèñçřßλжשم漢字かな한€😀", min_size=1, max_size=8).map("x{}".format)
_NAMES = st.lists(st.builds("{}{}".format, _SPECIAL | _FOREIGN, ENDINGS), min_size=2, max_size=6)
_FOREIGN_NAMES = st.lists(st.builds("{}{}".format, _FOREIGN, ENDINGS), min_size=2, max_size=6)
_ANYTHING = Allowed("a slot, or an error", ("iq result", "iq error *"))

_PATH = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"  # RFC 3986 appendix A
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)"
_USER = r"(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
_QUERY = _PATH.replace(":@/", ":@/?")
_URL = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*://{_USER}{_HOST}(?::[0-9]*)?(?:/{_PATH})?(?:\?{_QUERY})?(?:#{_QUERY})?"
)
_HEADERS = frozenset(("authorization", "cookie", "expires"))
_DIFFERENT = 8  # characters in which URLs differ that have 64 random bits or more
_PURPOSES = "urn:xmpp:http:upload:purpose:0"
_PURPOSE = {"ephemeral": " expire-before='2199-01-01T00:00:00Z'"}


@fewer(5)
@requires("upload-slot", files=st.lists(_FILES, min_size=2, max_size=6))
async def test_slot(case: Case, files: list[dict[str, str | int | None]]) -> None:
    stream = await case.bound()
    where = await service(case, stream)
    for file in files:
        await granted(case, stream, where.jid, **file)


async def _slots(case: Case, names: list[str]) -> list[tuple[str, Slot]]:
    """The slots of files with these names, as far as the service takes such names."""
    stream = await case.bound()
    where = await service(case, stream)
    found = []
    for name in names:
        answer = await ask(case, stream, request(filename=name, size=1), where.jid)
        case.judge(name_of(answer), _ANYTHING)
        if answer.get("type") == "result":
            found.append((name, slot_in(case, answer)))
    return found


@fewer(5)
@requires("upload-url-https", name=ORDINARY)
async def test_https(case: Case, name: str) -> None:
    stream = await case.bound()
    where = await service(case, stream)
    slot = await granted(case, stream, where.jid, filename=name, size=1)
    for url in slot.urls:
        parts = urlsplit(url)
        case.check(parts.scheme == "https" and parts.hostname, "an https URL", "another URL")


@fewer(5)
@requires("upload-url-syntax", names=_NAMES)
async def test_syntax(case: Case, names: list[str]) -> None:
    """Characters outside of ASCII are a matter of another requirement."""
    for _, slot in await _slots(case, names):
        for url in slot.urls:
            ascii_only = re.sub(r"[^\x00-\x7f]", "x", url)
            case.check(_URL.fullmatch(ascii_only), "a URL of RFC 3986", "another string")


@fewer(5)
@requires("upload-url-encoded", names=_FOREIGN_NAMES)
async def test_encoded(case: Case, names: list[str]) -> None:
    for _, slot in await _slots(case, names):
        for url in slot.urls:
            case.check(url.isascii(), "nothing but ASCII in the URL", "other characters")


@fewer(5)
@requires("upload-name-kept", names=_NAMES)
async def test_name_kept(case: Case, names: list[str]) -> None:
    for name, slot in await _slots(case, names):
        for url in slot.urls:
            last = unquote(urlsplit(url).path.rpartition("/")[2])
            ending = os.path.splitext(name)[1]
            case.prefer(last.endswith(ending), "the ending of the file name", "no such ending")
            case.prefer(last == name, "the file name", "another name")


@fewer(5)
@requires("upload-header-complete", "upload-header-names", names=st.lists(ORDINARY, min_size=1))
async def test_headers(case: Case, names: list[str]) -> None:
    for _, slot in await _slots(case, names[:4]):
        for name, value in slot.headers:
            case.check(name, "a header with a name", "one without")
            case.check(value.strip(), "a header with a value", "one without")
            case.check((name or "").lower() in _HEADERS, "a header that is allowed", "another one")


@requires("upload-purpose")
async def test_purposes(case: Case) -> None:
    stream = await case.bound()
    where = await service(case, stream)
    listed = _purposes(features_in(where.said))
    if not listed:
        raise case.absent("the service lists no purpose")
    for name in listed:
        inner = f"<{name} xmlns='{_PURPOSES}'{_PURPOSE.get(name, '')}/>"
        answer = await ask(
            case, stream, request(inner, filename="a.jpg", size=100), where.jid, identifier=name
        )
        case.judge(name_of(answer), RESULT)


def _purposes(features: set[str]) -> list[str]:
    found = [feature.partition(f"{_PURPOSES}#")[2] for feature in sorted(features)]
    return [name for name in found if name in ("message", "profile", "ephemeral", "permanent")]


@fewer(5)
@requires("upload-unguessable", name=ORDINARY)
async def test_unguessable(case: Case, name: str) -> None:
    """Who knows the URL of one's own file does not know that of the next one."""
    stream = await case.bound()
    where = await service(case, stream)
    one, two = [await granted(case, stream, where.jid, filename=name, size=1) for _ in range(2)]
    for first, second in zip(one.urls, two.urls, strict=True):
        case.prefer(
            _differences(first, second) >= _DIFFERENT, "a long random part", "too little of it"
        )


def _differences(one: str, two: str) -> int:
    """The number of places in which two strings differ."""
    return sum(a != b for a, b in zip(one, two, strict=False)) + abs(len(one) - len(two))
