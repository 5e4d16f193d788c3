"""Strategies for stream headers (RFC 6120 section 4.7)."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.text import NAMES
from harness.xmpp import namespaces as ns
from harness.xmpp import stanza

DECLARATIONS = st.sampled_from(
    [
        "",
        "<?xml version='1.0'?>",
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<?xml version='1.0' ?>",
    ]
)


@st.composite
def headers(
    draw: st.DrawFn, to: str | None, version: str | None = "1.0", lang: str | None = None
) -> str:
    """A valid header with the attributes in any order, either quote, a declaration or none."""
    attributes = {
        "to": to,
        "version": version,
        "xml:lang": lang,
        "xmlns": ns.CLIENT,
        "xmlns:stream": ns.STREAM,
    }
    written = [(name, value) for name, value in attributes.items() if value is not None]
    parts = []
    for name, value in draw(st.permutations(written)):
        quote = draw(st.sampled_from("'\""))
        parts.append(f"{name}={quote}{stanza.escape(value).decode()}{quote}")
    space = draw(st.sampled_from([" ", "  ", "\n", "\t"]))
    return draw(DECLARATIONS) + f"<stream:stream {space.join(parts)}>"


def prefixed(to: str) -> st.SearchStrategy[str]:
    """A header with another prefix than `stream` for the stream namespace (section 4.8.5)."""
    names = NAMES.filter(lambda name: not name.startswith(("stream", "xml")))
    return names.map(
        lambda name: (
            f"<?xml version='1.0'?><{name}:stream to='{to}' version='1.0' "
            f"xml:lang='en' xmlns='{ns.CLIENT}' xmlns:{name}='{ns.STREAM}'>"
        )
    )
