"""Strategies for XML that a stream may not carry (RFC 6120 sections 4.9.3 and 11)."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.text import NAMES, URIS, XML_TEXT

_PLAIN = st.text(st.sampled_from("abc xyz 019 <>&'\""), max_size=20)


def _comment(text: str) -> str:
    return f"<!--{text.replace('-', '')}-->"


# Section 11.1: what XMPP takes out of XML.
COMMENTS = st.builds(_comment, _PLAIN)
INSTRUCTIONS = st.builds(lambda name, text: f"<?x{name} {text.replace('?', '')}?>", NAMES, _PLAIN)
DOCTYPES = st.builds("<!DOCTYPE {}>".format, NAMES) | st.builds(
    "<!DOCTYPE {0} [<!ELEMENT {0} (#PCDATA)>]>".format, NAMES
)
ENTITIES = st.builds("<message><body>&x{};</body></message>".format, NAMES)

# Section 11.3: not well-formed, or not with regard to namespaces.
MISMATCHED = st.builds("<message><x{0}></y{0}></message>".format, NAMES)
UNQUOTED = st.builds("<message id={}/>".format, NAMES)
DUPLICATE = st.builds("<message {0}='1' {0}='2'/>".format, NAMES)
BARE_AMPERSAND = st.just("<message><body>a && b</body></message>")
BARE_LESS_THAN = st.just("<message id='<'/>")
MALFORMED = MISMATCHED | UNQUOTED | DUPLICATE | BARE_AMPERSAND | BARE_LESS_THAN
UNDECLARED = st.builds("<x{0}:message/>".format, NAMES) | st.builds(
    "<message><x{0}:y/></message>".format, NAMES
)

# Section 11.6.
BAD_UTF8 = st.sampled_from([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x28\xa1", b"\x80"]).map(
    lambda bad: b"<message><body>" + bad + b"</body></message>"
)

# Section 4.9.3.24: elements of no kind that the stream knows.
FOREIGN = st.builds("<{0} xmlns='{1}'/>".format, NAMES, URIS) | st.builds(
    "<{0} xmlns='{1}'><y>{2}</y></{0}>".format, NAMES, URIS, st.just("text")
)
# A name that jabber:client does not have.
UNKNOWN_STANZAS = st.builds("<x{0}/>".format, NAMES) | st.builds(
    "<x{0} to='{{domain}}' id='unknown'><y/></x{0}>".format, NAMES
)
TEXT = XML_TEXT.filter(lambda text: bool(text.strip()) and not set("<&]") & set(text))
WHITESPACE = st.text(st.sampled_from(" \t\r\n"), min_size=1, max_size=12)
