"""Entity capabilities: the verification string of a disco#info answer (XEP-0115 section 5.1)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from harness.xmpp import namespaces as ns

CAPS = "http://jabber.org/protocol/caps"
C = f"{{{CAPS}}}c"
HASHES = {"sha-1": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
FORMS = "jabber:x:data"
_IDENTITY = f"{{{ns.DISCO_INFO}}}identity"
_FEATURE = f"{{{ns.DISCO_INFO}}}feature"
_FORM = f"{{{FORMS}}}x"
_FIELD = f"{{{FORMS}}}field"
_VALUE = f"{{{FORMS}}}value"


def verification(query: Element, algorithm: str = "sha-1") -> str:
    """The `ver` of this disco#info <query/>. Raises KeyError for a hash that is not in `HASHES`."""
    identities = sorted(
        tuple(e.get(name, "") for name in ("category", "type", ns.LANG, "name"))
        for e in query.iterfind(_IDENTITY)
    )
    parts = ["/".join(identity) for identity in identities]
    parts += sorted(feature.get("var", "") for feature in query.iterfind(_FEATURE))
    for name, form in sorted(_forms(query), key=lambda pair: pair[0]):
        parts.append(name)
        for var, values in sorted(form):
            parts += [var, *values]
    text = "".join(f"{part}<" for part in parts)
    digest = hashlib.new(HASHES[algorithm], text.encode()).digest()
    return base64.b64encode(digest).decode()


def is_well_formed(query: Element) -> bool:
    """Whether nothing in it is there twice (section 5.4)."""
    identities = [
        tuple(e.get(name, "") for name in ("category", "type", ns.LANG, "name"))
        for e in query.iterfind(_IDENTITY)
    ]
    features = [feature.get("var", "") for feature in query.iterfind(_FEATURE)]
    names = [name for name, _ in _forms(query)]
    return all(len(set(found)) == len(found) for found in (identities, features, names))


def features_of(query: Element) -> frozenset[str]:
    """The features in a disco#info <query/>."""
    return frozenset(feature.get("var", "") for feature in query.iterfind(_FEATURE))


def _forms(query: Element) -> Iterable[tuple[str, list[tuple[str, list[str]]]]]:
    """FORM_TYPE and (var, sorted values) of each form that has a hidden FORM_TYPE."""
    for form in query.iterfind(_FORM):
        name, fields = "", []
        for field in form.iterfind(_FIELD):
            values = sorted(value.text or "" for value in field.iterfind(_VALUE))
            if field.get("var") != "FORM_TYPE":
                fields.append((field.get("var", ""), values))
            elif field.get("type") == "hidden" and values:
                name = values[0]
        if name:
            yield name, fields
