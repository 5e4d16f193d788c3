"""Section 2.6: versions of the roster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from conformance.generate.rosters import HANDLES
from conformance.generate.text import XML_TEXT
from conformance.rfc6121.rosters import (
    FEATURE,
    QUERY,
    Client,
    Item,
    client,
    clients,
    contact,
    item,
    items_of,
    removal,
    ver_of,
)
from conformance.suite import Case, requires
from conformance.wire.stream import RawStream


class Step(NamedTuple):
    """A change of the contact of a number: its handle, or with None its removal."""

    number: int
    handle: str | None


_STEPS = st.lists(st.builds(Step, st.integers(0, 3), st.none() | HANDLES), max_size=6)


def _offers(stream: RawStream) -> bool:
    return stream.features is not None and stream.features.find(FEATURE) is not None


async def _versioned(case: Case, *who: Client) -> None:
    """Have these clients ask for the roster, as who has nothing yet. Raises Absent."""
    for one in who:
        if not _offers(one.stream):
            raise case.absent("roster versions are not among the stream features")
        await one.get("")


@requires("roster-version", "roster-version-feature")
async def test_feature(case: Case) -> None:
    async with clients(case, False) as [one]:
        offered = _offers(one.stream)
        found = await one.get("")
        case.check(offered or not ver_of(found), "no versions without the feature", "a version")
        if not offered:
            raise case.absent("roster versions are not among the stream features")
        case.check(ver_of(found), "a version with the feature", "no version")


@requires("roster-version-informative")
async def test_feature_is_informative(case: Case) -> None:
    stream = await case.bound()  # which has negotiated nothing but what it must
    if not _offers(stream):
        raise case.absent("roster versions are not among the stream features")
    assert stream.features is not None
    found = stream.features.find(FEATURE)
    assert found is not None
    names = [child.tag.rpartition("}")[2] for child in found]
    case.check("required" not in names, "no <required/>", "<required/>")


@requires("roster-version-bootstrap", "roster-version-complete", "roster-version-result")
@pytest.mark.parametrize("number", [0, 3], ids=["empty", "some"])
async def test_empty_version(case: Case, number: int) -> None:
    async with clients(case, False, False) as [one, other]:
        await other.change(*(item(contact(case, n), "Nurse") for n in range(number)))
        await _versioned(case, one)
        expected = {contact(case, n): Item("Nurse") for n in range(number)}
        case.check(one.roster == expected, "the complete roster", "another roster")
        found = await one.get("")
        case.check(found.find(QUERY) is not None, "the complete roster", "an empty result")
        case.check(ver_of(found), "the version of it", "no version")


@pytest.mark.parametrize("source", ["result", "push", "interim"])
@requires("roster-version-current", "roster-version-result", "roster-version")
async def test_current_version(case: Case, source: str) -> None:
    """Named by a result, by the push of a change, or by one that came behind an empty result."""
    async with clients(case, False, False) as [one, other]:
        await other.change(*(item(contact(case, n), "Nurse") for n in range(3)))
        await _versioned(case, one)
        if source == "push":
            await other.change(item(contact(case), "Other"))
            await one.heard()
        if source == "interim":
            late = await client(case)
            late.roster, late.ver = dict(one.roster), one.ver
            await other.change(item(contact(case), "Other"))
            await late.get(late.ver)
            one = late
        known, roster = one.ver, dict(one.roster)
        again = await client(case)
        again.roster = dict(roster)
        found = await again.get(known)
        pushes = await again.heard()
        case.check(again.roster == roster, "the roster as it is", "another roster")
        case.check(not pushes, "no push: nothing has changed", "a push")
        if (ver := ver_of(found)) is not None:
            case.check(ver == known, "the same version", "another version of the same roster")
        case.prefer(found.find(QUERY) is None, "an empty result", "the complete roster")


_SINCE = (
    "roster-version",
    "roster-version-result",
    "roster-version-complete",
    "roster-version-interim-pushes",
    "roster-version-in-push",
    "roster-version-unique",
)


@requires(*_SINCE, before=_STEPS, during=_STEPS)
async def test_changes_since(case: Case, before: list[Step], during: list[Step]) -> None:
    """A client comes back with the version that it has: then it has what there is."""
    await _come_back(case, before, during)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Step(2, "Nurse"), id="added"),
        pytest.param(Step(0, "Nurse"), id="renamed"),
        pytest.param(Step(0, None), id="removed"),
    ],
)
@requires(*_SINCE)
async def test_one_change_since(case: Case, step: Step) -> None:
    await _come_back(case, [Step(0, "Romeo"), Step(1, "Juliet")], [step])


async def _come_back(case: Case, before: Sequence[Step], during: Sequence[Step]) -> None:
    """Know the roster, miss some changes, and ask for it by the version that is known."""
    async with clients(case, True) as [changing]:
        away = await client(case)
        await _play(case, changing, before)
        await _versioned(case, away)
        known, cached = away.ver, dict(away.roster)
        await away.stream.send("</stream:stream>")
        await away.stream.react()
        touched = await _play(case, changing, during)
        back = await client(case)
        back.roster = dict(cached)
        found = await back.get(known)
        pushes = await back.heard()
        case.check(back.roster == changing.roster, "the roster as it is", "another roster")
        if found.find(QUERY) is not None:
            case.check(ver_of(found), "the complete roster with its version", "no version")
            case.check(not pushes, "no push behind the complete roster", "a push")
            return
        jids = [items_of(push)[0].get("jid", "") for push in pushes]
        case.check(len(set(jids)) == len(jids), "one push for each item", "several for one")
        case.check(set(jids) <= touched, "pushes of what has changed", "a push of another item")
        versions = [ver_of(push) for push in pushes]
        case.check(all(versions), "a version in each push", "a push without version")
        case.check(len(set(versions)) == len(versions), "different versions", "one version twice")


async def _play(case: Case, changing: Client, steps: Sequence[Step]) -> set[str]:
    """Change the roster; what is not there cannot be removed, and is passed over. The JIDs."""
    touched = set()
    for step in steps:
        jid = contact(case, step.number)
        if step.handle is None and jid not in changing.roster:
            continue
        text = removal(jid) if step.handle is None else item(jid, step.handle)
        await changing.change(text)
        touched.add(jid)
    return touched


# What no server has given out, at least as the version of this roster.
_FORGED = st.sampled_from(["{}x", "x{}", "{}{}", "'{}'", "999999999999999999", "-1", "0x0"])
_UNKNOWN = _FORGED | XML_TEXT.map("v-{}".format)


@requires("roster-version-unknown", "roster-version-complete", form=_UNKNOWN)
async def test_unknown_version(case: Case, form: str) -> None:
    """Of no form, or of the same form as a real one."""
    async with clients(case, False, False) as [one, other]:
        await other.change(item(contact(case), "Nurse"), item(contact(case, 1), "Romeo"))
        await _versioned(case, one)
        expected, known = dict(one.roster), one.ver or ""
        stale = await client(case)
        stale.roster = {contact(case, 2): Item("Gone")}
        forged = form.replace("{}", known)
        found = await stale.get(forged)
        case.check(stale.roster == expected, "the roster as it is", "another roster")
        case.check(found.find(QUERY) is not None, "the complete roster", "an empty result")
        case.check(ver_of(found) == known, "its version", "another version, or none")


@requires("roster-version-unknown", "roster-version-identifies")
async def test_version_of_another_roster(case: Case) -> None:
    """What a version means depends on whose it is: that of another account, which has come
    further, is none of ours."""
    async with clients(case, False) as [one], clients(case, False, account=1) as [other]:
        await one.change(item(contact(case), "Nurse"))
        await _versioned(case, one, other)
        await other.change(*(item(contact(case, n), f"Nurse {n}") for n in range(3)))
        if other.ver == one.ver:
            case.not_applicable("the two rosters happen to have the same version")
        stale = await client(case)
        found = await stale.get(other.ver)
        case.check(
            found.find(QUERY) is not None or stale.roster == one.roster,
            "the roster as it is",
            "what another roster lacks",
        )


@requires(
    "roster-version-identifies",
    "roster-version-unique",
    "roster-version-in-push",
    "roster-version",
)
async def test_each_change_has_a_version(case: Case) -> None:
    """Additions, changes and removals, in pushes and in rosters; at each resource the same."""
    jids = [contact(case, number) for number in range(3)]
    texts = [
        *(item(jid, "Nurse") for jid in jids),
        item(jids[0], "Other"),
        item(jids[0], "Nurse"),
        item(jids[1], "Nurse", ["Servants"]),
        removal(jids[2]),
        item(jids[2], "Nurse"),
    ]
    async with clients(case, False, False) as [one, other]:
        await _versioned(case, one, other)
        versions = {one.ver: dict(one.roster)}
        for text in texts:
            await one.change(text)
            [push], [same] = await one.heard(), await other.heard()
            case.check(ver_of(push), "a version in the push", "a push without version")
            case.check(ver_of(push) == ver_of(same), "the same at each resource", "another one")
            case.check(
                versions.get(ver_of(push), one.roster) == one.roster,
                "a version of this roster alone",
                "the version of another roster",
            )
            case.prefer(ver_of(push) not in versions, "a new version", "a version that was there")
            versions[ver_of(push)] = dict(one.roster)
            for _ in range(2):
                found = await one.get()
                same_version = ver_of(found) in (None, ver_of(push))
                case.check(same_version, "the version of the last push", "another version")


@requires("roster-version-always")
async def test_versions_for_who_has_not_asked(case: Case) -> None:
    async with clients(case, True, False) as [one, other]:
        if not _offers(one.stream):
            raise case.absent("roster versions are not among the stream features")
        await other.change(item(contact(case)), removal(contact(case)))
        pushes = await one.heard()
        case.prefer(all(map(ver_of, pushes)), "a version in each push", "a push without version")
        found = await one.get()
        case.prefer(ver_of(found), "a version in the roster", "a roster without version")
