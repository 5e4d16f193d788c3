"""The parser that rests gives slixmpp what the one that never does would give."""

import re
from xml.etree.ElementTree import ParseError, XMLPullParser, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.slix_parser import RestingParser

HEADER = (
    b"<?xml version='1.0'?>\n<s:stream xmlns:s='http://etherx.jabber.org/streams' id='a>b'\n"
    b" xmlns='jabber:client' xmlns:x=\"urn:x\" version='1.0'>"
)
STANZAS = [
    b"<presence/>",
    b'<message to="a/>" id="a>b"><body>a &lt; b &#39; "c</body></message>',
    b"<x:thing x:a='1'> text <![CDATA[</x:thing>]]> more </x:thing>",
    b"<iq type='result'><query xmlns='jabber:iq:roster'><item jid='a@b'/></query></iq>",
    b"<s:features/>",
    b" \n ",
]
END = b"</s:stream>"


def told(parser, chunks, rest):
    """Every event, as slixmpp would see it, with resting after the chunks where it is allowed."""
    events, depth = [], 0
    for chunk, allowed in zip(chunks, rest, strict=True):
        parser.feed(chunk)
        for event, element in parser.read_events():
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                events.append((element.tag, dict(element.attrib)))
            elif event == "end" and depth == 1:
                element.tail = None
                events.append(tostring(element))
            elif event == "end" and depth == 0:
                events.append("end")
        if allowed and isinstance(parser, RestingParser):
            parser.rest()
    return events


@given(st.data())
def test_resting_changes_no_event(data):
    stanzas = data.draw(st.lists(st.sampled_from(STANZAS), max_size=6))
    text = b"".join([HEADER, *stanzas, END])
    cuts = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=12)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    rest = data.draw(st.lists(st.booleans(), min_size=len(chunks), max_size=len(chunks)))
    plain = told(XMLPullParser(("start", "end")), chunks, rest)
    assert told(RestingParser(), chunks, rest) == plain
    assert plain[-1] == "end"


def resting(*chunks):
    parser = RestingParser()
    told(parser, chunks, [True] * len(chunks))
    return parser._parser is None


@pytest.mark.parametrize("stanza", STANZAS[:-1])
def test_it_rests_between_stanzas(stanza):
    assert resting(HEADER, stanza)
    assert resting(HEADER, stanza, b" ")


def test_it_does_not_rest_before_the_stream_or_within_a_stanza():
    assert not resting(HEADER[:-1])
    assert not resting(HEADER, b"<message><body/>")
    assert not resting(HEADER, b"<presence/><message to='a>")


def test_children_of_the_root_are_forgotten():
    parser = RestingParser()
    told(parser, [HEADER, *[b"<presence/>"] * 3], [True, True, False, False])
    assert len(parser._root) == 0


def test_what_is_not_xml_is_an_error_after_a_rest_too():
    parser = RestingParser()
    told(parser, [HEADER, b"<presence/>"], [True, True])
    parser.feed(b"</message>")
    with pytest.raises(ParseError):
        list(parser.read_events())


def test_the_header_keeps_its_prefixes_only():
    parser = RestingParser()
    told(parser, [HEADER + b"<presence/>"], [True])
    assert re.fullmatch(rb"<s:stream [^<]*>", parser._header)
