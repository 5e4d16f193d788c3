from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.xmpp import Template, escape, serialise
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import error_reply, reply, stanza_error

LEGAL = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=30
)


@given(LEGAL)
def test_an_escaped_value_comes_back_from_either_kind_of_place(value):
    text = escape(value).decode()
    element = fromstring(f"<a b='{text}' c=\"{text}\">{text}</a>")
    assert element.get("b") == element.get("c") == value
    assert (element.text or "") == value


@pytest.mark.parametrize("character", ["\0", "\x0b", "\ud800", "\uffff"])
def test_what_xml_can_not_carry_is_our_error(character):
    with pytest.raises(HarnessError):
        escape(f"a{character}b")


@given(LEGAL, LEGAL)
def test_template_escapes_what_enters(one, two):
    element = fromstring(Template("<a b='{one}'>100%<c>{two}</c></a>")(one, two))
    assert element.get("b") == one
    assert (element.find("c").text or "") == two
    assert element.text == "100%"


def test_template_takes_bytes_as_they_are():
    assert Template("<a>{x}</a>")(b"<b/>") == b"<a><b/></a>"


NAMES = st.sampled_from(["{jabber:client}a", "{urn:x}b", "{urn:y}c", "d", f"{{{ns.STREAM}}}error"])


def _element(tag, text, children):
    element = Element(tag, {"k": text, f"{{{ns.XML}}}lang": "en", "{urn:z}q": "1"})
    element.text = text or None
    for child in children:
        child.tail = text or None
        element.append(child)
    return element


ELEMENTS = st.recursive(
    st.builds(_element, NAMES, LEGAL, st.just([])),
    lambda inner: st.builds(_element, NAMES, LEGAL, st.lists(inner, max_size=3)),
    max_leaves=8,
)


@given(ELEMENTS)
def test_serialised_elements_mean_the_same_inside_their_stream(element):
    stream = f"<stream:stream xmlns='jabber:client' xmlns:stream='{ns.STREAM}'>".encode()
    (back,) = fromstring(stream + serialise(element) + b"</stream:stream>")
    back.tail = element.tail
    assert tostring(back) == tostring(element)


def test_replies_keep_the_id_and_go_back():
    request = fromstring("<iq xmlns='jabber:client' type='get' id='7' from='a@b/c'><q/></iq>")
    assert serialise(reply(request)) == b"<iq type='result' id='7' to='a@b/c'/>"
    error = error_reply(request, "cancel", "item-not-found")
    assert error.get("id") == "7"
    assert error.get("to") == "a@b/c"
    assert stanza_error(error).condition == "item-not-found"


def test_a_stanza_error_without_a_condition_is_undefined():
    broken = fromstring("<iq xmlns='jabber:client' type='error'/>")
    assert stanza_error(broken).condition == "undefined-condition"
