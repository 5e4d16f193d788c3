"""What a part of an address becomes: by RFC 7622, and by its predecessor, which many servers do.

    forms("localpart", "Fu\\u00dfball")  # precis "fu\\u00dfball", stringprep "fussball"

A form of None means that the text can not be that part. RFC 6122 prepared the parts by profiles
of stringprep (RFC 3454); what a server does by those alone is tolerated.
"""

from __future__ import annotations

import re
import stringprep as tables
import unicodedata
from collections.abc import Callable
from encodings import idna as idna2003
from typing import Literal, NamedTuple

import idna
from precis_i18n import get_profile

from conformance.suite import Allowed

Part = Literal["localpart", "domainpart", "resourcepart"]

LONGEST = 1023  # bytes of a part
LONGEST_NAME = 253  # bytes of a name in the DNS, in its text form
EXCLUDED = "\"&'/:<>@"  # from localparts (section 3.3.1)
_IP_LITERAL = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_OLD = unicodedata.ucd_3_2_0  # the Unicode of stringprep
_USERNAME = get_profile("UsernameCaseMapped")
_OPAQUE = get_profile("OpaqueString")


class Forms(NamedTuple):
    """The canonical form by either document, None for no such part."""

    precis: str | None
    stringprep: str | None
    stable: bool  # the stringprep form is the same whether or not it knows newer characters


def forms(part: Part, text: str) -> Forms:
    """What becomes of this text as that part of an address."""
    new, old = _PROFILES[part]
    stable = not any(map(tables.in_table_a1, text))
    return Forms(_tried(new, text), _tried(old, text), stable)


def _tried(prepare: Callable[[str], str], text: str) -> str | None:
    try:
        prepared = prepare(text)
    except UnicodeError:
        return None
    return prepared if 1 <= len(prepared.encode()) <= LONGEST else None


def _username(text: str) -> str:
    prepared = str(_USERNAME.enforce(text))
    if set(EXCLUDED) & set(prepared):
        raise UnicodeError("a character that localparts exclude")
    return prepared


def _opaque(text: str) -> str:
    return str(_OPAQUE.enforce(text))


def _u_labels(text: str) -> str:
    stripped = text.removesuffix(".")
    if _IP_LITERAL.fullmatch(stripped):
        return stripped
    prepared = idna.decode(idna.encode(stripped, uts46=True))
    if prepared.endswith("."):
        raise UnicodeError("an empty label")
    return prepared


def _nodeprep(text: str) -> str:
    """RFC 6122 appendix A."""
    return _checked(_mapped(text, tables.map_table_b2), EXCLUDED, tables.in_table_c11_c12)


def _resourceprep(text: str) -> str:
    """RFC 6122 appendix B."""
    return _checked(_mapped(text, str), "", tables.in_table_c12)


def _nameprep(text: str) -> str:
    """RFC 3491, and what RFC 6122 section 2.2 says of the final dot."""
    return idna2003.nameprep(text.removesuffix("."))


def _mapped(text: str, fold: Callable[[str], str]) -> str:
    kept = "".join(fold(char) for char in text if not tables.in_table_b1(char))
    return _OLD.normalize("NFKC", kept)


_PROHIBITED = (
    tables.in_table_c21_c22,
    tables.in_table_c3,
    tables.in_table_c4,
    tables.in_table_c5,
    tables.in_table_c6,
    tables.in_table_c7,
    tables.in_table_c8,
    tables.in_table_c9,
)


def _checked(text: str, excluded: str, space: Callable[[str], bool]) -> str:
    for char in text:
        if char in excluded or space(char) or any(table(char) for table in _PROHIBITED):
            raise UnicodeError(f"U+{ord(char):04X} is prohibited")
    if any(map(tables.in_table_d1, text)):  # RFC 3454 section 6
        ends = tables.in_table_d1(text[0]) and tables.in_table_d1(text[-1])
        if not ends or any(map(tables.in_table_d2, text)):
            raise UnicodeError("directions are mixed")
    return text


_PROFILES: dict[Part, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "localpart": (_username, _nodeprep),
    "domainpart": (_u_labels, _nameprep),
    "resourcepart": (_opaque, _resourceprep),
}


def became(part: Part, text: str, found: str | None) -> str:
    """What a server made of a part, in few words. `found`: how it shows it; None: refused."""
    if found is None:
        return "refused"
    expected = forms(part, text)
    if found == expected.precis:
        return "prepared"
    if found == expected.stringprep:
        return "prepared by stringprep"
    return "left as it was" if found == text else "another form"


def preparation(part: Part, text: str) -> Allowed:
    """What `became` may say of this text."""
    expected = forms(part, text)
    lenient: list[str] = ["refused with another condition"]
    if expected.stringprep != expected.precis:
        lenient.append("prepared by stringprep" if expected.stringprep else "refused")
    if not expected.stable:
        lenient += ["refused", "left as it was"]
    if expected.precis is None:
        return Allowed("a refusal", ("refused",), tuple(lenient))
    lenient.remove("refused with another condition")
    if "refused" in lenient:
        lenient.append("refused with another condition")
    return Allowed(f"the {part} prepared", ("prepared",), tuple(lenient))


def acceptance(part: Part, text: str) -> Allowed:
    """Whether an address with this part is one: "accepted", or "refused"."""
    expected = forms(part, text)
    valid = expected.precis is not None
    also = () if valid else ("refused with another condition",)
    if valid != (expected.stringprep is not None) or not expected.stable:
        also = ("refused", "refused with another condition") if valid else (*also, "accepted")
    return Allowed(
        f"a valid {part}" if valid else "<jid-malformed/>",
        ("accepted" if valid else "refused",),
        also,
    )
