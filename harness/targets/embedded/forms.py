"""Data forms (XEP-0004), as far as requests of ours have them."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded.faults import StanzaFault

_HERE = "{jabber:x:data}"
FORM = f"{_HERE}x"
_FIELD, _VALUE = f"{_HERE}field", f"{_HERE}value"

Values = dict[str, list[str]]


def form(kind: str, type: str = "form") -> Element:  # noqa: A002 - the form's own word
    """A form whose FORM_TYPE is `kind`."""
    made = Element(FORM, {"type": type})
    field(made, "FORM_TYPE", "hidden", [kind])
    return made


def field(form: Element, name: str, kind: str, values: Iterable[str] = ()) -> Element:
    """Another field of the form."""
    made = SubElement(form, _FIELD, {"var": name, "type": kind})
    for value in values:
        SubElement(made, _VALUE).text = value
    return made


def submitted(parent: Element, kind: str) -> Values:
    """The values of the form in a request; nothing without a form. Raises StanzaFault."""
    found = parent.find(FORM)
    if found is None:
        return {}
    values = {
        element.get("var", ""): [value.text or "" for value in element.iterfind(_VALUE)]
        for element in found.iterfind(_FIELD)
    }
    if found.get("type") != "submit" or values.pop("FORM_TYPE", [kind]) != [kind]:
        raise StanzaFault("bad-request")
    return values


def single(values: Values, name: str) -> str:
    """The one value of a field. Raises StanzaFault."""
    if len(values[name]) != 1:
        raise StanzaFault("bad-request")
    return values[name][0]
