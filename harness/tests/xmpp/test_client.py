"""The negotiation, with bytes only."""

import pytest

from harness.errors import NegotiationError, SaslError, StanzaError, StreamError, StreamViolation
from harness.tests.xmpp import wire
from harness.tests.xmpp.wire import HEADER, Server, features, login, mechanisms, run
from harness.xmpp import Authenticated, Bound, ClientStream, Closed, ScannedMessage, StartTls
from harness.xmpp.client import State
from harness.xmpp.sasl import KNOWN

ALL = mechanisms("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")


def bound_stream() -> ClientStream:
    stream = ClientStream(login())
    assert run(stream, Server(ALL))[-1] == Bound("u0@bench.test/r")
    return stream


@pytest.mark.parametrize("split", [1, 2, 3, 7, 1 << 30])
def test_login_over_starttls_reaches_bound_however_the_bytes_are_cut(split):
    stream = ClientStream(login(tls="starttls"))
    server = Server(ALL, tls=True)
    assert run(stream, server, split) == [
        StartTls(),
        Authenticated("SCRAM-SHA-512"),
        Bound("u0@bench.test/r"),
    ]
    assert stream.jid == "u0@bench.test/r"
    assert server.received.count(b"<stream:stream") == 3


def test_every_split_in_two_of_every_server_text():
    """One cut at each offset of each text that the server sends."""
    for cut in range(1, 400):
        stream, server = ClientStream(login()), Server(ALL)
        stream.start()
        events = []
        while out := stream.take():
            data = server.answer(out)
            for part in (data[:cut], data[cut:]):
                events += stream.receive(part) if part else []
        assert events[-1] == Bound("u0@bench.test/r"), cut


@pytest.mark.parametrize("name", ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("plus", [False, True])
def test_scram(name, plus):
    name = f"{name}-PLUS" if plus else name
    bindings = {"tls-server-end-point": b"hash of the certificate"}
    offer = mechanisms(name) + (
        "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
        "<channel-binding type='tls-server-end-point'/></sasl-channel-binding>"
    )
    stream = ClientStream(login(tls="direct"))
    events = run(stream, Server(offer, bindings=bindings), bindings=bindings)
    assert events == [Authenticated(name), Bound("u0@bench.test/r")]


def test_plus_is_not_used_while_the_server_does_not_name_a_binding_that_we_have():
    stream = ClientStream(login(tls="direct"))
    offer = mechanisms("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1")
    events = run(stream, Server(offer), bindings={"tls-server-end-point": b"x"})
    assert events[0] == Authenticated("SCRAM-SHA-1")


@pytest.mark.parametrize(
    ("name", "initial"),
    [("PLAIN", b"AHUwAHNlY3JldA=="), ("EXTERNAL", b"="), ("ANONYMOUS", b"=")],
)
def test_single_message_mechanisms(name, initial):
    stream, server = ClientStream(login(mechanisms=(name,))), Server(mechanisms(*KNOWN))
    assert run(stream, server)[0] == Authenticated(name)
    assert b"mechanism='" + name.encode() + b"'>" + initial + b"</auth>" in server.received


def test_wrong_signature_of_the_server_ends_the_login():
    """RFC 5802 section 3: the client authenticates the server too."""

    class Impostor(Server):
        def _final(self, data):
            return wire.sasl("success", "v=" + "A" * 27 + "=")

    events = run(ClientStream(login()), Impostor(ALL))
    assert isinstance(events[-1].error, SaslError)
    assert events[-1].error.condition == "server-not-authenticated"


@pytest.mark.parametrize("final", [b"", b"="])
def test_success_without_a_signature_ends_a_scram_login(final):
    class Silent(Server):
        def _final(self, data):
            return f"<success xmlns='{wire.ns.SASL}'>".encode() + final + b"</success>"

    events = run(ClientStream(login()), Silent(ALL))
    assert events[-1].error.condition == "server-not-authenticated"


def test_refused_password_carries_the_condition():
    class Strict(Server):
        def _final(self, data):
            return f"<failure xmlns='{wire.ns.SASL}'><not-authorized/></failure>".encode()

    (closed,) = run(ClientStream(login()), Strict(ALL))
    assert isinstance(closed.error, SaslError)
    assert closed.error.condition == "not-authorized"


def test_salted_passwords_are_derived_once(monkeypatch):
    from harness.xmpp import sasl

    sasl.salted_password.cache_clear()
    for user in ("u0", "u1", "u2"):
        run(ClientStream(login(user=user)), Server(ALL))
    info = sasl.salted_password.cache_info()
    assert info.misses == 1  # the same password, salt and count
    assert info.hits >= 2


def test_session_is_requested_only_when_it_is_not_optional():
    server = Server(ALL, bound_features=wire.BIND + wire.SESSION)
    assert run(ClientStream(login()), server)[-1] == Bound("u0@bench.test/r")
    assert b"id='session'" in server.received
    optional = wire.SESSION.replace("/>", "><optional/></session>")
    server = Server(ALL, bound_features=wire.BIND + optional)
    assert run(ClientStream(login()), server)[-1] == Bound("u0@bench.test/r")
    assert b"id='session'" not in server.received


def test_requested_resource_is_escaped():
    server = Server(ALL)
    run(ClientStream(login(resource="a<b&'c")), server)
    assert b"<resource>a&lt;b&amp;&apos;c</resource>" in server.received


@pytest.mark.parametrize(
    ("kwargs", "offer", "condition"),
    [
        ({"tls": "starttls"}, ALL, "no-starttls"),
        ({"mechanisms": ("SCRAM-SHA-1",)}, mechanisms("PLAIN"), "invalid-mechanism"),
        ({}, mechanisms("X-OTHER"), "invalid-mechanism"),
        ({}, wire.STARTTLS.replace("/>", "><required/></starttls>"), "tls-required"),
    ],
)
def test_an_offer_that_we_may_not_take_is_a_negotiation_error(kwargs, offer, condition):
    (closed,) = run(ClientStream(login(**kwargs)), Server(offer))
    assert isinstance(closed.error, NegotiationError)
    assert closed.error.condition == condition


@pytest.mark.parametrize(
    ("sent", "kind", "condition"),
    [
        (b"<html>", NegotiationError, "bad-namespace-prefix"),
        (HEADER.replace(b" version='1.0' xmlns", b" xmlns"), NegotiationError, None),
        (HEADER + b"<message/>", NegotiationError, "unexpected-element"),
        (HEADER + b"<!-- no -->", StreamViolation, "restricted-xml"),
        (HEADER + b"</stream:stream>", NegotiationError, "closed"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", StreamViolation, "not-well-formed"),
        (
            HEADER
            + f"<stream:error><host-unknown xmlns='{wire.ns.STREAMS}'/>"
            f"<text xmlns='{wire.ns.STREAMS}'>no</text></stream:error>".encode(),
            StreamError,
            "host-unknown",
        ),
    ],
)
def test_what_has_no_row_in_the_table_closes_the_stream(sent, kind, condition):
    stream = ClientStream(login())
    stream.start()
    stream.take()
    closed = stream.receive(sent)[-1]
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, kind)
    assert condition in (None, closed.error.condition)
    assert stream.state is State.CLOSED
    assert stream.take() == b"</stream:stream>"


def test_bytes_behind_proceed_are_not_trusted():
    """What came before TLS must not be taken for what came after (RFC 6120 section 5.4.3.3)."""
    stream = ClientStream(login(tls="starttls"))
    stream.start()
    stream.receive(HEADER + features(wire.STARTTLS))
    events = stream.receive(wire.PROCEED + HEADER)
    assert events[-1].error.condition == "bad-format" or isinstance(
        events[-1].error, StreamViolation
    )
    assert stream.state is State.CLOSED


def test_bind_refused():
    class Full(Server):
        def answer(self, data):
            if b"id='bind'" in data:
                return (
                    b"<iq type='error' id='bind'><error type='wait'><resource-constraint "
                    b"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
                )
            return super().answer(data)

    closed = run(ClientStream(login()), Full(ALL))[-1]
    assert isinstance(closed.error, StanzaError)
    assert closed.error.condition == "resource-constraint"


def test_ping_is_answered_and_unknown_requests_are_refused():
    stream = bound_stream()
    stream.receive(b"<iq type='get' id='1' from='bench.test'><ping xmlns='urn:xmpp:ping'/></iq>")
    assert stream.take() == b"<iq type='result' id='1' to='bench.test'/>"
    stream.receive(b"<iq type='get' id='2' from='a@b/c'><x xmlns='urn:x'/></iq>")
    out = stream.take()
    assert b"type='error'" in out
    assert b"<service-unavailable" in out
    assert b"to='a@b/c'" in out
    stream.receive(b"<iq type='result' id='3'/>")
    assert stream.take() == b""


def test_roster_push_is_acknowledged_only_when_it_is_ours():
    """RFC 6121 section 2.1.6."""
    stream = bound_stream()
    push = b"<iq type='set' id='p'%b><query xmlns='jabber:iq:roster'><item jid='x@y'/></query></iq>"
    for source in (b"", b" from='u0@bench.test'"):
        stream.receive(push % source)
        assert b"type='result'" in stream.take()
    stream.receive(push % b" from='mallory@bench.test'")
    assert b"type='error'" in stream.take()


def test_measured_messages_come_out_of_the_scan_and_others_as_elements():
    stream = bound_stream()
    scanned, element = stream.receive(
        b"<message id='xh0-1f' from='a@b'><body>x</body></message><message id='1'/>"
    )
    assert isinstance(scanned, ScannedMessage)
    assert scanned.id == "xh0-1f"
    assert element.get("id") == "1"


def test_close_is_orderly_once_and_late_stanzas_are_still_seen():
    stream = bound_stream()
    stream.close()
    stream.close()
    assert stream.take() == b"</stream:stream>"
    late, closed = stream.receive(b"<presence from='a@b'/></stream:stream>")
    assert late.get("from") == "a@b"
    assert closed == Closed(None)
    assert stream.take() == b""


def test_the_server_closes_first():
    stream = bound_stream()
    assert stream.receive(b"</stream:stream>") == [Closed(None)]
    assert stream.take() == b"</stream:stream>"


def test_secrets_do_not_show():
    assert "secret" not in repr(login())
