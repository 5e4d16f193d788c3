"""How the defects of what stands in messages show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import Scene, Sign
from harness.tests.targets.embedded.defects.talk import B, talk


def message(inner: str, type_: str = "chat") -> Scene:
    """a/r sends it to b/r."""
    text = f"<message to='{B}/r' type='{type_}' id='m'>{inner}</message>"
    return talk(("b/r", ""), ("a/r", text))


THREAD = "<thread parent='older'> t </thread>"
BODIES = "<body>one</body><body xml:lang='cs'>two\nlines</body>"
SUBJECTS = "<subject>one</subject><subject xml:lang='cs'>two</subject>"
RICH = (
    "<html xmlns='http://jabber.org/protocol/xhtml-im'>"
    "<body xmlns='http://www.w3.org/1999/xhtml'>rich</body></html>"
)

SIGNS = [
    Sign("thread-lost", message(THREAD), sound="b/r: .*<thread"),
    Sign("thread-orphaned", message(THREAD), sound="b/r: .*parent='older'"),
    Sign("thread-trimmed", message(THREAD), sound="b/r: .*> t </thread>"),
    Sign("body-languages-lost", message(BODIES), sound="b/r: .*xml:lang='cs'"),
    Sign("subject-languages-lost", message(SUBJECTS), sound="b/r: .*xml:lang='cs'"),
    Sign("body-lines-joined", message(BODIES), sound="b/r: .*two&#10;lines"),
    Sign("subject-without-body-lost", message(SUBJECTS), sound="b/r: .*<subject"),
    Sign(
        "type-replaced",
        message(BODIES, "headline"),
        sound="b/r: .*<message [^>]*type='headline'",
        wrong="b/r: .*<message [^>]*type='chat'",
    ),
    Sign(
        "type-unknown-refused",
        message(BODIES, "x-unknown"),
        sound="b/r: .*<message ",
        wrong="a/r: .*<bad-request ",
    ),
    Sign("bodies-within-lost", message(RICH), sound="b/r: .*rich"),
]
