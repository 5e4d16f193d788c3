"""What a case author needs: `requires`, `Case`, `Allowed`, `Stage`, and the wire.

    @requires("stream-attribute-response-id", header=headers())
    async def test_id(case: Case, header: str) -> None:
        stream = await case.stream()
        await stream.send(header)
        ...
        case.check(bool(id), "a response header with an id", observed="an empty id")

Arguments after the ids are Hypothesis strategies. A case ends with a verdict by what it judged
(`judge`, `check`), or by `absent` or `unknown`; a case that judged nothing is UNKNOWN.
"""

from conformance.suite.case import Case, requires
from conformance.verdicts import Absent, Allowed, Finding, Unknown
from conformance.wire.negotiation import Stage

__all__ = ["Absent", "Allowed", "Case", "Finding", "Stage", "Unknown", "requires"]
