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
from conformance.verdicts import Allowed, stream_error
from conformance.wire.negotiation import Stage, header
from harness.xmpp import namespaces as ns

Input = st.SearchStrategy[str] | st.SearchStrategy[bytes]


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


ANY_STREAM_ERROR = ("*stream error *",)
EVERYWHERE = frozenset(Stage) - {Stage.CLOSING}
OPEN = EVERYWHERE - {Stage.CONNECTED}  # there is a stream
BEFORE_SASL = frozenset({Stage.OPENED, Stage.SECURED})
BEFORE_BIND = frozenset({Stage.OPENED, Stage.SECURED, Stage.CHALLENGED, Stage.UNBOUND})
# After success the client's next element is a header; the text does not say what else brings.
STEADY = OPEN - {Stage.AUTHENTICATED}

_RESTRICTED = Allowed(
    "the stream closed with a stream error, preferably <restricted-xml/>",
    ("*stream error restricted-xml",),
    ANY_STREAM_ERROR,
)
_DOCTYPE = Allowed(  # within a document it is not well-formed either
    _RESTRICTED.words,
    (*_RESTRICTED.strict, "*stream error not-well-formed"),
    ANY_STREAM_ERROR,
)
_ANY_STREAM_ERROR = Allowed("a stream error", ANY_STREAM_ERROR)
_NOT_WELL_FORMED = stream_error("not-well-formed", lenient=("bad-format",))
_UNDECLARED = Allowed(
    "the stream closed with <not-well-formed/>, or a stanza error <not-acceptable/>",
    ("*stream error not-well-formed", "* error not-acceptable"),
    ("*stream error bad-namespace-prefix", "*stream error bad-format"),
)
_ENCODING = stream_error("unsupported-encoding", lenient=("*",))
_UNSUPPORTED = Allowed(
    "nothing, or a stream error, preferably <unsupported-stanza-type/>",  # section 4.8.4
    ("*stream error unsupported-stanza-type", "ignored"),
    ANY_STREAM_ERROR,
)
_NOT_AUTHORIZED = stream_error("not-authorized")
_ERROR_OR_NO = Allowed(
    "a stream error, or a refusal",
    (*ANY_STREAM_ERROR, "tls failure*", "sasl failure *", "iq error *"),
    ("ignored",),
)
_IGNORED = Allowed("nothing: white space is no stanza", ("ignored",))
_CLOSED = Allowed("the closing tag, then the end of the connection", ("closed",))
_ENDED = Allowed(
    "the end of the stream",
    ("closed", "*stream error *", "reset"),
)

_TO_ANOTHER = st.sampled_from(
    [
        "<message to='somebody@{domain}' type='chat'><body>too early</body></message>",
        "<presence to='somebody@{domain}'/>",
        "<iq type='get' id='early' to='somebody@{domain}/r'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<message to='somebody@elsewhere.example'><body>too early</body></message>",
    ]
)
_CLIENT_ERROR = (
    f"<stream:error><undefined-condition xmlns='{ns.STREAMS}'/></stream:error></stream:stream>"
)
_BIND = f"<iq type='set' id='early'><bind xmlns='{ns.BIND}'/></iq>"
_STARTTLS = f"<starttls xmlns='{ns.TLS}'/>"
_SECOND_AUTH = f"<auth xmlns='{ns.SASL}' mechanism='PLAIN'>AGEAYg==</auth>"

CLASSES: dict[str, InputClass] = {
    "comment": InputClass(hostile.COMMENTS, ("xml-restriction-comment",), _RESTRICTED, EVERYWHERE),
    "processing-instruction": InputClass(
        hostile.INSTRUCTIONS, ("xml-restriction-pi",), _RESTRICTED, EVERYWHERE
    ),
    "doctype": InputClass(hostile.DOCTYPES, ("xml-restriction-dtd",), _DOCTYPE, EVERYWHERE),
    "entity-reference": InputClass(hostile.ENTITIES, ("xml-restriction-ref",), _RESTRICTED, STEADY),
    "malformed": InputClass(
        hostile.MALFORMED, ("xml-wellformed-xml",), _NOT_WELL_FORMED, EVERYWHERE
    ),
    "undeclared-prefix": InputClass(
        hostile.UNDECLARED, ("xml-wellformed-ns",), _UNDECLARED, EVERYWHERE
    ),
    "bad-utf8": InputClass(
        hostile.BAD_UTF8, ("stream-error-unsupported-encoding",), _ENCODING, EVERYWHERE
    ),
    "foreign-element": InputClass(
        hostile.FOREIGN, ("stream-error-unsupported-stanza-type",), _UNSUPPORTED, STEADY
    ),
    "text": InputClass(
        hostile.TEXT,
        ("stream-error-generate",),
        Allowed("a stream error", ANY_STREAM_ERROR, ("ignored",)),
        STEADY,
    ),
    "stanza-to-another": InputClass(
        _TO_ANOTHER, ("stream-error-not-authorized",), _NOT_AUTHORIZED, BEFORE_BIND
    ),
    "white-space": InputClass(
        hostile.WHITESPACE,
        ("stream-tcp-binding",),
        _IGNORED,
        STEADY - {Stage.CHALLENGED},
    ),
    "second-header": InputClass(
        st.just(header("{domain}")),
        ("stream-negotiation-restart",),
        Allowed("a stream error", ANY_STREAM_ERROR, ("features*", "ignored")),
        frozenset({Stage.OPENED, Stage.SECURED, Stage.UNBOUND, Stage.BOUND}),
        fenced=False,
    ),
    "closing-tag": InputClass(
        st.just("</stream:stream>"), ("stream-error-generate",), _CLOSED, STEADY, fenced=False
    ),
    "stream-error": InputClass(
        st.just(_CLIENT_ERROR), ("stream-error-generate",), _ENDED, STEADY, fenced=False
    ),
    "early-bind": InputClass(
        st.just(_BIND),
        ("bind-mtn",),
        Allowed(
            "a stream error <not-authorized/>",
            ("*stream error not-authorized",),
            (*ANY_STREAM_ERROR, "iq error *"),
        ),
        BEFORE_SASL | {Stage.CHALLENGED},
    ),
    "second-starttls": InputClass(
        st.just(_STARTTLS),
        ("tls-restart",),
        _ERROR_OR_NO,
        frozenset({Stage.SECURED, Stage.CHALLENGED, Stage.UNBOUND, Stage.BOUND}),
    ),
    "second-auth": InputClass(
        st.just(_SECOND_AUTH),
        ("sasl-restart",),
        _ERROR_OR_NO,
        frozenset({Stage.UNBOUND, Stage.BOUND}),
    ),
}

# Where a header is due, already the first tag of these inputs is wrong.
EXCEPTIONS: dict[tuple[str, Stage], Allowed] = {
    (name, stage): _ANY_STREAM_ERROR
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
