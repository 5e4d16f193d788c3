"""Framing, limits and restricted XML, with bytes only."""

from xml.etree.ElementTree import tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StreamViolation
from harness.tests.xmpp.wire import HEADER
from harness.xmpp import Limits, ScannedMessage, StreamEnd, StreamHeader, StreamParser

DOCUMENT = (
    HEADER
    + b" <message from='a@b/c' id='1'><body>h&gt;\xc3\xa4&#x41;<b/>tail</body></message>\n"
    + b"<message id='xh0-a' from='a@b'><body>hello</body></message>"
    + b"<presence xml:lang='de'></presence><iq type='get'><q xmlns='urn:q' a='>'/></iq>"
    + b"<message id='xh0-b' from='a@b'><body></body></message></stream:stream>"
)


def canonical(events):
    """Comparable: elements and scanned messages alike as XML."""
    out = []
    for event in events:
        if isinstance(event, ScannedMessage):
            event = event.element()
        if isinstance(event, StreamHeader | StreamEnd):
            out.append(event)
        elif isinstance(event, StreamViolation):
            out.append(event.condition)
        else:
            out.append(tostring(event))
    return out


def feed(parser, *parts):
    return canonical(event for part in parts for event in parser.feed(part))


def opened(**limits) -> StreamParser:
    parser = StreamParser(Limits(**limits))
    parser.feed(HEADER)
    return parser


WHOLE = feed(StreamParser(), DOCUMENT)


def test_header_carries_attributes_and_namespaces():
    header = WHOLE[0]
    assert header.tag == "{http://etherx.jabber.org/streams}stream"
    assert header.attributes["id"] == "s>1"
    assert header.namespaces[""] == "jabber:client"
    assert len(WHOLE) == 7
    assert WHOLE[-1] == StreamEnd()


def test_the_same_events_for_a_cut_at_every_offset():
    for cut in range(len(DOCUMENT) + 1):
        assert feed(StreamParser(), DOCUMENT[:cut], DOCUMENT[cut:]) == WHOLE, cut


def test_the_same_events_byte_by_byte():
    parts = [DOCUMENT[i : i + 1] for i in range(len(DOCUMENT))]
    assert feed(StreamParser(), *parts) == WHOLE


@given(st.lists(st.integers(0, len(DOCUMENT)), max_size=8), st.booleans())
def test_the_same_events_for_any_cuts_with_and_without_rests(cuts, rests):
    parser, events, before = StreamParser(), [], 0
    for cut in [*sorted(cuts), len(DOCUMENT)]:
        events += parser.feed(DOCUMENT[before:cut])
        before = cut
        if rests:
            parser.rest()
    assert canonical(events) == WHOLE


def test_a_stanza_is_an_event_with_its_last_byte():
    parser = opened()
    stanza = b"<presence><show>away</show></presence>"
    for byte in stanza[:-1]:
        assert parser.feed(bytes([byte])) == []
    assert len(parser.feed(stanza[-1:])) == 1


def test_idle_only_between_stanzas():
    parser = opened()
    assert parser.idle
    for byte in b"<iq a='>'":
        parser.feed(bytes([byte]))
        assert not parser.idle
    parser.feed(b"/>")
    assert parser.idle


def test_rest_frees_the_xml_parser_only_between_stanzas():
    parser = opened()
    parser.feed(b"<iq>")
    parser.rest()
    assert parser._expat is not None
    parser.feed(b"</iq>")
    parser.rest()
    assert parser._expat is None
    assert feed(parser, b"<message id='xh0-1'><body>x</body></message>")
    assert parser._expat is None  # the scan needs none
    assert feed(parser, b"<iq/>") == [b'<ns0:iq xmlns:ns0="jabber:client" />']
    assert feed(parser, b"</stream:stream>") == [StreamEnd()]


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<!-- c -->", "restricted-xml"),
        (b"<?pi x?>", "restricted-xml"),
        (b"<iq><!-- c --></iq>", "restricted-xml"),
        (b"<iq>&unknown;</iq>", "restricted-xml"),
        (b"<iq a='&unknown;'/>", "restricted-xml"),
        (b"<iq></message>", "not-well-formed"),
        (b"<iq a='1' a='2'/>", "not-well-formed"),
        (b"<iq a=1/>", "not-well-formed"),
        (b"<iq>\xff</iq>", "not-well-formed"),
        (b"<iq>\x01</iq>", "not-well-formed"),
        (b"<x:iq/>", "not-well-formed"),
        (b"text", "bad-format"),
        (b"<iq/>text<iq/>", "bad-format"),
    ],
)
@pytest.mark.parametrize("rests", [False, True])
def test_violations_are_typed(data, condition, rests):
    parser = opened()
    if rests:
        parser.rest()
    violation = parser.feed(data)[-1]
    assert isinstance(violation, StreamViolation)
    assert violation.condition == condition


@pytest.mark.parametrize(
    ("prolog", "condition"),
    [
        (b"<!DOCTYPE stream [<!ENTITY a 'x'>]>", "restricted-xml"),
        (b"<!DOCTYPE stream SYSTEM 'http://127.0.0.1/x.dtd'>", "restricted-xml"),
        (b"<?xml version='1.0' encoding='UTF-16'?>", "unsupported-encoding"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"),
        (b"<!-- -->", "restricted-xml"),
    ],
)
def test_prolog_violations(prolog, condition):
    assert StreamParser().feed(prolog + HEADER[21:])[-1].condition == condition


def test_what_came_before_a_violation_is_not_lost():
    first, violation = opened().feed(b"<iq id='1'/><!-- x -->")
    assert first.get("id") == "1"
    assert violation.condition == "restricted-xml"


@pytest.mark.parametrize("size", [1, 64, 10_000])
def test_stanza_size_limit_whole_and_in_pieces(size):
    data = b"<message><body>" + b"x" * 1000 + b"</body></message>"
    parser, seen = opened(stanza_bytes=500), []
    for start in range(0, len(data), size):
        seen += parser.feed(data[start : start + size])
        if seen:
            break
    assert seen[-1].condition == "policy-violation"


def test_the_scan_keeps_the_size_limit_too():
    data = b"<message id='xh0-1'><body>" + b"x" * 1000 + b"</body></message>"
    assert opened(stanza_bytes=500).feed(data)[-1].condition == "policy-violation"


def test_many_small_stanzas_in_one_read_are_no_violation():
    events = opened(stanza_bytes=100).feed(b"<iq a='1'/>" * 500)
    assert len(events) == 500


def test_an_endless_header_is_a_violation():
    parser = StreamParser(Limits(stanza_bytes=1000))
    events = parser.feed(b"<stream:stream a='" + b"x" * 2000)
    assert events[-1].condition == "policy-violation"


def test_depth_limit():
    assert opened(depth=10).feed(b"<a>" * 11)[-1].condition == "policy-violation"
    assert opened(depth=10).feed(b"<a>" * 10) == []


def test_billions_of_laughs_are_not_read():
    bomb = b"<!DOCTYPE l [<!ENTITY l 'l'><!ENTITY m '&l;&l;&l;&l;&l;'>]><l>&m;</l>"
    assert [e.condition for e in StreamParser().feed(bomb)] == ["restricted-xml"]
