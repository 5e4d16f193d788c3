"""Sections 4.1 and 4.3: filters and pages, compared with a model of the archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import example
from hypothesis import strategies as st

from conformance.player import name_of
from conformance.suite import Allowed, Case, requires
from conformance.suite.effort import fewer
from conformance.xep0030.common import ask
from conformance.xep0313.common import (
    EXTENDED,
    HERE,
    URI,
    Owner,
    Said,
    find,
    form,
    needed,
    owner,
)
from conformance.xep0313.model import Entry, Query, answer
from harness.xmpp import jid as jids

SAID = st.builds(
    Said,
    st.booleans(),
    st.sampled_from([0, 1]),
    st.sampled_from(["chat", "normal", "headline", "groupchat"]),
    st.sampled_from([True, True, False]),
    st.booleans(),
)
_KEPT = SAID.map(lambda one: one._replace(type="chat", body=True))
HISTORIES = st.builds(  # an archive that has less than three messages says little
    list.__add__, st.lists(_KEPT, min_size=3, max_size=5), st.lists(SAID, max_size=3)
).flatmap(st.permutations)
HISTORY = [
    Said(out, contact, type_, True, bare)
    for out, contact, type_, bare in (
        (True, 0, "chat", True),
        (False, 1, "chat", False),
        (False, 0, "normal", True),
        (True, 1, "chat", False),
        (True, 0, "normal", False),
        (False, 1, "chat", True),
    )
]
_MISSING = "no-such-id-q7"
Queries = Callable[[Owner, Sequence[Entry]], list[Query]]


def _with(owner: Owner, _: Sequence[Entry]) -> list[Query]:
    jids_of = [contact.jid for contact in owner.contacts]
    return [Query(other=other) for other in [*map(jids.bare, jids_of), *jids_of, owner.jid]]


def _start(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(start=entry.stamp) for entry in archive]


def _end(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(end=entry.stamp) for entry in archive]


def _both(owner: Owner, archive: Sequence[Entry]) -> list[Query]:
    other = jids.bare(owner.contacts[0].jid)
    return [Query(other=other, start=archive[1].stamp, end=archive[-2].stamp)]


def _after_id(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(after_id=entry.uid) for entry in archive]


def _before_id(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(before_id=entry.uid) for entry in archive]


def _ids(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(ids=(archive[-1].uid,)), Query(ids=(archive[0].uid, archive[2].uid))]


def _max(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(most=most) for most in range(1, len(archive) + 2)]


def _empty(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(most=0), Query(after=archive[-1].uid)]


def _after(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(most=2, after=entry.uid) for entry in archive]


def _before(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    return [Query(most=2, before=entry.uid) for entry in archive]


def _last(owner: Owner, archive: Sequence[Entry]) -> list[Query]:
    other = jids.bare(owner.contacts[0].jid)
    sizes = (1, 2, len(archive))
    return [Query(other=of, most=most, before="") for most in sizes for of in (None, other)]


def _flip(_: Owner, archive: Sequence[Entry]) -> list[Query]:
    last, first = archive[-1].uid, archive[0].uid
    return [Query(flip=True), Query(most=2, before=last, flip=True), Query(after=first, flip=True)]


_PLAIN = {
    "mam-filter-with": (_with,),
    "mam-filter-start": (_start,),
    "mam-filter-end": (_end, _both),
    "mam-page-size": (_max,),
    "mam-page-empty": (_empty,),
    "mam-page-after": (_after,),
    "mam-page-before": (_before,),
    "mam-page-last": (_last,),
}
_MORE = {"mam-filter-id": (_after_id, _before_id), "mam-filter-ids": (_ids,), "mam-flip": (_flip,)}


def _cases(table: Mapping[str, tuple[Queries, ...]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "queries",
        [
            pytest.param(
                queries, id=queries.__name__.strip("_"), marks=pytest.mark.requires(identifier)
            )
            for identifier, several in table.items()
            for queries in several
        ],
    )


@_cases(_PLAIN)
@fewer(5)
@example(messages=HISTORY)
@requires(messages=HISTORIES)
async def test_query(case: Case, queries: Queries, messages: list[Said]) -> None:
    async with owner(case, messages) as made:
        await _compare(case, made, queries)


@_cases(_MORE)
@fewer(5)
@example(messages=HISTORY)
@requires(messages=HISTORIES)
async def test_extended_query(case: Case, queries: Queries, messages: list[Said]) -> None:
    async with owner(case, messages) as made:
        await needed(case, made.stream, made.jid, EXTENDED)
        await _compare(case, made, queries)


@pytest.mark.parametrize("queries", [_max, _before, _after], ids=["max", "before", "after"])
@requires("mam-complete")
async def test_complete(case: Case, queries: Queries) -> None:
    async with owner(case, HISTORY) as made:
        archive = await _archive(case, made)
        for query in queries(made, archive):
            found = (await find(case, made.stream, query)).said
            due = answer(archive, made.jid, query).complete
            words = "complete" if found.complete else "not complete"
            case.check(found.complete is due, "complete if nothing is left", words)


@requires("mam-fin")
async def test_ends_of_the_page(case: Case) -> None:
    async with owner(case, HISTORY) as made:
        archive = await _archive(case, made)
        for query in [Query(), *_max(made, archive), *_before(made, archive)]:
            found = (await find(case, made.stream, query)).said
            due = answer(archive, made.jid, query)
            same = (found.first, found.last) == (due.first, due.last)
            case.check(same, "the ids of the first and last result", "other ids")


async def _archive(case: Case, made: Owner) -> list[Entry]:
    archive = await made.archive()
    if len(archive) < 3:
        case.not_applicable("the archive has kept too little")
    return archive


async def _compare(case: Case, made: Owner, queries: Queries) -> None:
    archive = await _archive(case, made)
    for query in queries(made, archive):
        found = await find(case, made.stream, query)
        case.judge(name_of(found.answer), Allowed("a result", ("iq result",)))
        due, came = answer(archive, made.jid, query).uids, found.said.uids
        words = "other results"
        if set(came) == set(due):
            words = "results in another order"
        elif set(came) < set(due):
            words = "too few results"
        elif set(came) > set(due):
            words = "too many results"
        case.check(came == due, "the results of the model", words)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Query(after=_MISSING), id="after"),
        pytest.param(Query(before=_MISSING), id="before"),
    ],
)
@requires("mam-page-missing")
async def test_missing_page(case: Case, query: Query) -> None:
    await _missing(case, query)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Query(after_id=_MISSING), id="after"),
        pytest.param(Query(before_id=_MISSING), id="before"),
        pytest.param(Query(ids=(_MISSING,)), id="ids"),
    ],
)
@requires("mam-filter-id-missing")
async def test_missing_id(case: Case, query: Query) -> None:
    await _missing(case, query, extended=True)


async def _missing(case: Case, query: Query, *, extended: bool = False) -> None:
    async with owner(case, HISTORY[:2]) as made:
        if extended:
            await needed(case, made.stream, made.jid, EXTENDED)
        found = await find(case, made.stream, query)
        words = "<item-not-found/>"
        case.judge(name_of(found.answer), Allowed(words, ("iq error item-not-found",)))


@requires("mam-form")
async def test_form(case: Case) -> None:
    async with owner(case) as made:
        reply = await ask(case, made.stream, f"<query xmlns='{URI}'/>")
        fields = {f.get("var"): f for f in reply.iter("{jabber:x:data}field")}
        case.check(fields.keys() >= {"with", "start", "end"}, "the mandatory fields", "not all")
        required = list(reply.iter("{jabber:x:data}required"))
        case.check(not required, "no required field", "a required field")


@requires("mam-form-unknown")
async def test_unknown_field(case: Case) -> None:
    async with owner(case, HISTORY[:1]) as made:
        text = f"<query xmlns='{URI}'>{form([('{urn:example:x}q7', ['1'])])}</query>"
        reply = await ask(case, made.stream, text, type_="set")
        words = "<feature-not-implemented/>"
        case.judge(name_of(reply), Allowed(words, ("iq error feature-not-implemented",)))


@pytest.mark.parametrize("count", [0, 3])
@requires("mam-metadata")
async def test_metadata(case: Case, count: int) -> None:
    async with owner(case, HISTORY[:count]) as made:
        await needed(case, made.stream, made.jid, EXTENDED)
        archive = await made.archive()
        reply = await ask(case, made.stream, f"<metadata xmlns='{URI}'/>")
        case.judge(name_of(reply), Allowed("a result", ("iq result",)))
        ends = [reply[0].find(f"{HERE}{name}") for name in ("start", "end")]
        told = [end.get("id") for end in ends if end is not None]
        due = [archive[0].uid, archive[-1].uid] if archive else []
        case.check(told == due, "the ids of the first and last message", "other ids")


@requires("mam-private")
async def test_archive_of_another(case: Case) -> None:
    async with owner(case, HISTORY[:2]) as made:
        found = await find(case, made.contacts[0], to=made.jid)
        leaked = set(found.entries) & set(await made.archive())
        case.check(not leaked, "nothing of the archive", "messages of the archive")
        words = "<forbidden/>"
        allowed = Allowed(words, ("iq error forbidden",), ("iq error *",))
        case.judge(name_of(found.answer), allowed)
