"""What a server may do with each class of input in each state of the negotiation.

`CELLS` is the product of the two, without the cells that the text leaves open. A cell's allowed
outcomes are those of its class, unless `EXCEPTIONS` has others for its state.

After the input the case sends the fence of the state: something harmless that is always
answered, so that an input that was ignored shows as "ignored" without waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import strategies as st

from conformance.generate import hostile
from conformance.generate.text import URIS
from conformance.rfc6120 import outcomes
from conformance.rfc6120.outcomes import ANY_STREAM_ERROR as ANY_STREAM_ERROR
from conformance.verdicts import Allowed
from conformance.wire.negotiation import Stage, header
from harness.xmpp import namespaces as ns

Input = st.SearchStrategy[str | bytes]


@dataclass(frozen=True)
class InputClass:
    """Inputs of one kind, which requirements they touch, what is allowed, and in which states."""

    inputs: Input
    requirements: tuple[str, ...]
    allowed: Allowed
    stages: frozenset[Stage]
    fenced: bool = True  # False: the input swallows what follows, or ends our direction


class Fence(NamedTuple):
    """What is sent after the input, and the pattern of its answer (see `RawStream.react`)."""

    text: str
    answer: str


EVERYWHERE = frozenset(Stage) - {Stage.CLOSING}
OPEN = EVERYWHERE - {Stage.CONNECTED}  # there is a stream
BEFORE_SASL = frozenset({Stage.OPENED, Stage.SECURED})
BEFORE_AUTH = BEFORE_SASL | {Stage.CHALLENGED}
AUTHORIZED = frozenset({Stage.UNBOUND, Stage.BOUND})
# After success the client's next element is a header; the text does not say what else brings.
STEADY = OPEN - {Stage.AUTHENTICATED}

# Stanzas that nobody but an authorized client may send, by the name of their class.
_TO_ANOTHER = {
    "message": "<message to='somebody@{domain}' type='chat'><body>too early</body></message>",
    "presence": "<presence to='somebody@{domain}'/>",
    "iq": "<iq type='get' id='early' to='somebody@{domain}/r'><ping xmlns='urn:xmpp:ping'/></iq>",
    "remote-message": "<message to='somebody@elsewhere.example'><body>too early</body></message>",
}
_TO_SERVER = {
    "ping": "<ping xmlns='urn:xmpp:ping'/>",
    "roster-get": f"<query xmlns='{ns.ROSTER}'/>",
    "version-get": f"<query xmlns='{ns.VERSION}'/>",
    "disco-get": "<query xmlns='http://jabber.org/protocol/disco#info'/>",
}
_ADDRESS = st.sampled_from(["", " to='{domain}'"])
_CLIENT_ERROR = (
    f"<stream:error><undefined-condition xmlns='{ns.STREAMS}'/></stream:error></stream:stream>"
)
_BIND = f"<iq type='set' id='early'><bind xmlns='{ns.BIND}'/></iq>"
_STARTTLS = f"<starttls xmlns='{ns.TLS}'/>"
_SECOND_AUTH = f"<auth xmlns='{ns.SASL}' mechanism='PLAIN'>AGEAYg==</auth>"
_SECOND_HEADER = header("{domain}") + "</stream:stream>"  # without it, it swallows what follows
_DECLARATION = "<?xml version='1.0'?>"

CLASSES: dict[str, InputClass] = {
    "comment": InputClass(
        hostile.COMMENTS,
        ("xml-restriction-comment", "stream-error-restricted-xml"),
        outcomes.RESTRICTED,
        EVERYWHERE,
    ),
    "processing-instruction": InputClass(
        hostile.INSTRUCTIONS,
        ("xml-restriction-pi", "stream-error-restricted-xml"),
        outcomes.RESTRICTED,
        EVERYWHERE,
    ),
    "doctype": InputClass(
        hostile.DOCTYPES,
        ("xml-restriction-dtd", "stream-error-restricted-xml"),
        outcomes.DOCTYPE,
        EVERYWHERE,
    ),
    "entity-reference": InputClass(
        hostile.ENTITIES,
        ("xml-restriction-ref", "stream-error-restricted-xml"),
        outcomes.RESTRICTED,
        STEADY,
    ),
    "malformed": InputClass(
        hostile.MALFORMED,
        ("xml-wellformed-xml", "wellformed-condition", "stream-error-not-well-formed"),
        outcomes.NOT_WELL_FORMED,
        EVERYWHERE,
    ),
    "undeclared-prefix": InputClass(
        hostile.UNDECLARED,
        ("xml-wellformed-ns", "wellformed-undeclared-prefix"),
        outcomes.UNDECLARED,
        EVERYWHERE,
    ),
    "bad-utf8": InputClass(
        hostile.BAD_UTF8,
        ("encoding-invalid-utf8", "stream-error-unsupported-encoding"),
        outcomes.ENCODING,
        EVERYWHERE,
    ),
    "foreign-element": InputClass(
        hostile.FOREIGN,
        ("foreign-element-ignored-or-error", "stream-error-unsupported-stanza-type"),
        outcomes.UNSUPPORTED,
        AUTHORIZED,
    ),
    "early-foreign-element": InputClass(
        hostile.FOREIGN, ("foreign-element-before-auth",), outcomes.EARLY_UNSUPPORTED, BEFORE_AUTH
    ),
    **{
        f"early-foreign-{name}": InputClass(
            URIS.map(f"<{name} xmlns='%s'/>".__mod__),
            ("foreign-element-before-auth",),
            outcomes.EARLY_UNSUPPORTED,
            BEFORE_AUTH,
        )
        for name in ("message", "presence", "iq")
    },
    "unknown-name": InputClass(
        hostile.UNKNOWN_STANZAS,
        ("stream-error-unsupported-stanza-type",),
        outcomes.UNKNOWN_NAME,
        AUTHORIZED,
    ),
    "text": InputClass(
        hostile.TEXT, ("stream-error-bad-format", "stream-error-generate"), outcomes.TEXT, STEADY
    ),
    **{
        f"early-{name}": InputClass(
            st.just(text),
            ("stream-error-not-authorized", "stanza-before-auth-refused"),
            outcomes.NOT_AUTHORIZED,
            BEFORE_AUTH,
        )
        for name, text in _TO_ANOTHER.items()
    },
    **{
        f"early-{name}": InputClass(
            _ADDRESS.map(f"<iq type='get' id='early'%s>{payload}</iq>".__mod__),
            ("stanza-before-auth-to-server",),
            outcomes.NO_RESULT,
            BEFORE_AUTH,
        )
        for name, payload in _TO_SERVER.items()
    },
    **{
        f"{name}-before-bind": InputClass(
            st.just(text),
            ("stream-error-not-authorized", "stream-negotiation-complete", "bind-mtn"),
            outcomes.NOT_AUTHORIZED,
            frozenset({Stage.UNBOUND}),
        )
        for name, text in _TO_ANOTHER.items()
    },
    "keepalive": InputClass(
        hostile.WHITESPACE,
        ("whitespace-keepalive-accepted", "whitespace-between-stanzas"),
        outcomes.IGNORED,
        frozenset({Stage.BOUND}),
    ),
    "white-space": InputClass(
        hostile.WHITESPACE,
        ("whitespace-between-stanzas",),
        outcomes.IGNORED,
        BEFORE_SASL | {Stage.UNBOUND},
    ),
    "second-header": InputClass(
        st.sampled_from([_SECOND_HEADER, _SECOND_HEADER.removeprefix(_DECLARATION)]),
        ("stream-second-header", "stream-negotiation-restart"),
        outcomes.HEADER,
        BEFORE_SASL | AUTHORIZED,
    ),
    "closing-tag": InputClass(
        st.just("</stream:stream>"), ("stream-close-reply",), outcomes.CLOSED, STEADY, fenced=False
    ),
    "stream-error": InputClass(
        st.just(_CLIENT_ERROR), ("stream-error-received",), outcomes.ENDED, STEADY, fenced=False
    ),
    "early-bind": InputClass(
        st.just(_BIND),
        ("stanza-before-auth-to-server", "stream-error-not-authorized", "bind-mtn"),
        outcomes.NO_RESULT,
        BEFORE_AUTH,
    ),
    "bind-for-header": InputClass(
        st.just(_BIND),
        ("stream-restart-without-header", "stream-negotiation-restart"),
        outcomes.HEADER_DUE,
        frozenset({Stage.AUTHENTICATED}),
    ),
    "second-starttls": InputClass(
        st.just(_STARTTLS),
        ("starttls-not-offered",),
        outcomes.NO_PROCEED,
        frozenset({Stage.SECURED}),
    ),
    "late-starttls": InputClass(
        st.just(_STARTTLS), ("starttls-after-sasl",), outcomes.NO_PROCEED, AUTHORIZED
    ),
    "second-auth": InputClass(
        st.just(_SECOND_AUTH), ("sasl-auth-after-success",), outcomes.NO_SUCCESS, AUTHORIZED
    ),
}

# Where a header is due, already the first tag of these inputs is wrong.
EXCEPTIONS: dict[tuple[str, Stage], Allowed] = {
    (name, stage): outcomes.A_STREAM_ERROR
    for name in ("malformed", "undeclared-prefix", "bad-utf8")
    for stage in (Stage.CONNECTED, Stage.AUTHENTICATED)
}


def fence(stage: Stage, domain: str) -> Fence:
    """The fence of a state."""
    if stage in (Stage.CONNECTED, Stage.AUTHENTICATED):
        return Fence(header(domain), "^features ")
    if stage in (Stage.OPENED, Stage.SECURED):
        return Fence(f"<auth xmlns='{ns.SASL}' mechanism='X-FENCE'/>", "^sasl failure ")
    if stage is Stage.CHALLENGED:
        return Fence(f"<abort xmlns='{ns.SASL}'/>", "^sasl failure ")
    if stage is Stage.UNBOUND:
        bind = f"<iq type='set' id='fence'><bind xmlns='{ns.BIND}'/></iq>"
        return Fence(bind, "^iq .* ?fence$")
    ping = f"<iq type='get' id='fence' to='{domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
    return Fence(ping, "^iq .*fence$")


class Cell(NamedTuple):
    """One cell of the model."""

    stage: Stage
    name: str

    @property
    def kind(self) -> InputClass:
        """Its class of input."""
        return CLASSES[self.name]

    @property
    def allowed(self) -> Allowed:
        """Its allowed outcomes."""
        return EXCEPTIONS.get((self.name, self.stage), self.kind.allowed)


def cells() -> Iterator[Cell]:
    """Every cell that the text says something about, in the order of a login."""
    for stage in Stage:
        for name, kind in CLASSES.items():
            if stage in kind.stages:
                yield Cell(stage, name)
