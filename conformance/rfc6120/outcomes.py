"""What the model allows in answer to its inputs."""

from __future__ import annotations

from conformance.verdicts import Allowed, stream_error

ANY_STREAM_ERROR = ("*stream error *",)

RESTRICTED = Allowed(
    "the stream closed with a stream error, preferably <restricted-xml/>",
    ("*stream error restricted-xml",),
    ANY_STREAM_ERROR,
)
DOCTYPE = Allowed(  # within a document it is not well-formed either
    RESTRICTED.words,
    (*RESTRICTED.strict, "*stream error not-well-formed"),
    ANY_STREAM_ERROR,
)
A_STREAM_ERROR = Allowed("a stream error", ANY_STREAM_ERROR)
NOT_WELL_FORMED = stream_error("not-well-formed", lenient=("bad-format",))
UNDECLARED = Allowed(
    "the stream closed with <not-well-formed/>, or a stanza error <not-acceptable/>",
    ("*stream error not-well-formed", "* error not-acceptable"),
    ("*stream error bad-namespace-prefix", "*stream error bad-format"),
)
ENCODING = stream_error("unsupported-encoding", lenient=("*",))
UNSUPPORTED = Allowed(
    "nothing, or a stream error, preferably <unsupported-stanza-type/>",  # section 4.8.4
    ("*stream error unsupported-stanza-type", "ignored"),
    ANY_STREAM_ERROR,
)
EARLY_UNSUPPORTED = Allowed(  # section 4.9.3.12 as well
    "nothing, <unsupported-stanza-type/> or <not-authorized/>",
    (*UNSUPPORTED.strict, "*stream error not-authorized"),
    ANY_STREAM_ERROR,
)
UNKNOWN_NAME = Allowed(  # section 4.9.3.24
    "the stream error <unsupported-stanza-type/>",
    ("*stream error unsupported-stanza-type",),
    ("ignored", *ANY_STREAM_ERROR),
)
# Nothing may come before it: section 4.9.3.12 forbids to process the stanza first.
NOT_AUTHORIZED = Allowed("the stream error <not-authorized/>", ("stream error not-authorized",))
NO_RESULT = Allowed(
    NOT_AUTHORIZED.words,
    NOT_AUTHORIZED.strict,
    ("stream error *", "iq error *"),
)
TEXT = Allowed("a stream error", ANY_STREAM_ERROR, ("ignored",))
IGNORED = Allowed("nothing: white space is no stanza", ("ignored",))
CLOSED = Allowed("the closing tag, then the end of the connection", ("closed",), ("reset",))
ENDED = Allowed(
    "the closing tag, then the end of the connection", ("closed",), (*ANY_STREAM_ERROR, "reset")
)
HEADER = Allowed("a stream error", ANY_STREAM_ERROR, ("features*", "ignored", "closed", "*bad XML"))
NO_PROCEED = Allowed(
    "<failure/> and the end of the stream",
    ("tls failure, closed",),
    ("tls failure*", *ANY_STREAM_ERROR, "ignored"),
)
NO_SUCCESS = Allowed(
    "a stream error, a SASL failure, or nothing",
    (*ANY_STREAM_ERROR, "sasl failure *", "ignored"),
)
HEADER_DUE = Allowed("a stream error", ("stream error *",), ("ignored",))
