"""Sections 4, 8 and 11: every state of the negotiation against every class of input."""

import pytest
from hypothesis import strategies as st

from conformance.generate.text import CUTS, offsets
from conformance.rfc6120.model import Cell, cells, fence
from conformance.suite import Case, Stage, requires

_CELLS = [
    pytest.param(
        cell,
        id=f"{cell.stage.name.lower()}-{cell.name}",
        marks=pytest.mark.requires(*cell.kind.requirements),
    )
    for cell in cells()
]


@pytest.mark.parametrize("cell", _CELLS)
@requires(data=st.data(), cuts=CUTS)
async def test_input(case: Case, cell: Cell, data: st.DataObject, cuts: list[float]) -> None:
    if cell.stage is Stage.SECURED and case.subject.mode != "starttls":
        case.not_applicable("without STARTTLS this is the state before")
    stream = await case.at(cell.stage)
    drawn = data.draw(cell.kind.inputs)
    if isinstance(drawn, str):
        drawn = drawn.replace("{domain}", case.domain).encode()
    if cell.name == "second-header":
        stream.restart()  # so that a server which takes it may answer with a header
    await stream.send(drawn, offsets(cuts, drawn))
    answer = ""
    if cell.kind.fenced:
        text, answer = fence(cell.stage, case.domain)
        await stream.send(text)
    case.judge(await stream.react(answer), cell.allowed)
