"""The bytes scan and expat must agree on everything that the scan accepts."""

from xml.etree.ElementTree import tostring

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.tests.xmpp.wire import HEADER
from harness.xmpp import ScannedMessage, StreamParser
from harness.xmpp.scan import scan

# Mostly what a server writes, with every character that could break out of its place.
ODD = st.text(st.sampled_from("ab /<>&'\"=]\t\nä\x01\x7f"), max_size=6)
VALUE = st.one_of(st.just("u0@bench.test/r"), ODD)
ATTRIBUTE = st.tuples(
    st.sampled_from(["from", "to", "type", "id", "xml:lang", "xmlns", "other"]),
    st.one_of(st.sampled_from(["xh0-1f", "chat", "error", "xh0-"]), VALUE),
    st.sampled_from("'\""),
    st.sampled_from([" ", "  ", ""]),
)
STANZA = st.builds(
    lambda attributes, body, inner: (
        "<message"
        + "".join(f"{space}{name}={q}{value}{q}" for name, value, q, space in attributes)
        + f"><body>{body}</body>{inner}</message>"
    ),
    st.lists(ATTRIBUTE, max_size=6),
    st.one_of(st.just("hello"), ODD),
    st.sampled_from(["", "<x/>", " "]),
)
GOOD = "<message from='a@b/c' id='xh0-1f' to='x@y' type='chat'><body>hello</body></message>"


def by_expat(text: bytes):
    parser = StreamParser()
    parser.feed(HEADER)
    parser._scannable = False
    return parser.feed(text)


@settings(max_examples=400)
@given(STANZA)
@example(GOOD)
@example("<message id='xh0-1' id='xh0-1'><body>x</body></message>")
@example("<message id='xh0-1'><body>]]></body></message>")
@example("<message id='xh0-1' type='error'><body>x</body></message>")
def test_what_the_scan_accepts_is_what_expat_reads(text):
    data, found = text.encode(), []
    end = scan(data, found, 10_000)
    if not found:
        assert end == 0
        return
    assert end == len(data)
    (scanned,) = found
    (element,) = by_expat(data)
    assert tostring(scanned.element()) == tostring(element)
    assert scanned.id == element.get("id")
    assert element.get("type") != "error"


def test_the_usual_renderings_are_accepted():
    """Attribute orders and quotes of real servers; otherwise the scan would save nothing."""
    for text in (
        GOOD,
        '<message xml:lang="en" to="u1@b.test" from="u0@b.test/123" type="chat" id="xh0-1">'
        "<body>hello</body></message>",
        "<message id='xh1-ff' type='chat' to='u1@b.test' from='u0@b.test/a-b_c='>"
        "<body>x</body></message>".replace("=' ", "' ").replace("c='", "c'"),
    ):
        found = []
        assert scan(text.encode(), found, 10_000) == len(text)


def test_runs_of_messages_end_at_the_first_other_byte():
    data, found = (GOOD * 3 + "<presence/>").encode(), []
    assert scan(data, found, 10_000) == len(GOOD) * 3
    assert [type(event) for event in found] == [ScannedMessage] * 3


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_half_a_message_is_left_to_expat(cut):
    found = []
    assert scan(GOOD[:cut].encode(), found, 10_000) == 0
    assert found == []
