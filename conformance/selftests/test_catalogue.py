"""The catalogue's files, its loader, its lint and its figures."""

import re
from collections import Counter

import pytest

from conformance import catalogue
from conformance.catalogue import Catalogue, coverage, load, problems, section_coverage, select
from harness.errors import HarnessError
from harness.record.verdicts import Requirement

STREAM_ERRORS = """
    bad-format bad-namespace-prefix conflict connection-timeout host-gone host-unknown
    improper-addressing internal-server-error invalid-from invalid-namespace invalid-xml
    not-authorized not-well-formed policy-violation remote-connection-failed reset
    resource-constraint restricted-xml see-other-host system-shutdown undefined-condition
    unsupported-encoding unsupported-feature unsupported-stanza-type unsupported-version
"""
SASL_FAILURES = """
    aborted account-disabled credentials-expired encryption-required incorrect-encoding
    invalid-authzid invalid-mechanism malformed-request mechanism-too-weak not-authorized
    temporary-auth-failure
"""
STANZA_ERRORS = """
    bad-request conflict feature-not-implemented forbidden gone internal-server-error
    item-not-found jid-malformed not-acceptable not-allowed not-authorized policy-violation
    recipient-unavailable redirect registration-required remote-server-not-found
    remote-server-timeout resource-constraint service-unavailable subscription-required
    undefined-condition unexpected-request
"""

FILE = """
[document]
id = "RFC 1"
title = "Title"

[[requirement]]
id = "one"
section = "4.2"
level = "MUST"
observability = "stream"
summary = "First."
"""


def entry(identifier: str = "one", **changes: object) -> Requirement:
    fields = {
        "document": "RFC 1",
        "section": "4.2",
        "level": "MUST",
        "observability": "stream",
        "summary": "A summary.",
    }
    return Requirement(id=identifier, **(fields | changes))


def made_of(*entries: Requirement) -> Catalogue:
    return Catalogue({"RFC 1": "One", "RFC 2": "Two"}, entries)


def lint(*entries: Requirement) -> list[str]:
    return problems(made_of(*entries), {e.id: ["test_x"] for e in entries})


@pytest.fixture(scope="module")
def ours() -> Catalogue:
    return load()


def test_our_files_have_no_faults_of_their_own(ours):
    tested = {e.id: ["test_x"] for e in ours.values() if catalogue.observable(e) and not e.unbound}
    assert problems(ours, tested) == []


def test_our_documents_stand_in_order(ours):
    assert list(ours.titles) == sorted(ours.titles, key=lambda title: (title[:3] != "RFC", title))
    assert list(ours) == [e.id for e in ours.entries]


def test_the_features_of_rfc6120_are_complete(ours):
    features = [e for e in ours.values() if e.document == "RFC 6120" and e.feature]
    assert Counter(e.level for e in features) == {"MUST": 57, "SHOULD": 5, "MAY": 1}
    assert Counter(e.observability for e in features) == {"stream": 45, "tls": 9, "s2s": 9}
    assert {e.role for e in features} == {"both", "server"}
    assert not [e.id for e in features if e.part_of]


@pytest.mark.parametrize(
    ("prefix", "section", "conditions", "count"),
    [
        ("stream-error", "4.9.3", STREAM_ERRORS, 25),
        ("sasl-failure", "6.5", SASL_FAILURES, 11),
        ("stanza-error", "8.3.3", STANZA_ERRORS, 22),
    ],
)
def test_every_error_condition_has_its_requirement(ours, prefix, section, conditions, count):
    assert len(conditions.split()) == count
    for number, condition in enumerate(conditions.split(), 1):
        found = ours[f"{prefix}-{condition}"]
        assert found.section == f"{section}.{number}"
        assert f"<{condition}/>" in found.summary


def test_summaries_are_sentences_that_stand_alone(ours):
    texts = Counter(e.summary for e in ours.values())
    assert not [text for text, count in texts.items() if count > 1]
    for found in ours.values():
        assert re.match(r"[A-Z<'].*[.)]$", found.summary), found.id
        assert len(found.summary) <= 420, found.id


def test_a_file_becomes_requirements_with_their_document(tmp_path):
    (tmp_path / "rfc1.toml").write_text(FILE)
    assert load(tmp_path)["one"] == entry(summary="First.")


def test_line_breaks_within_a_text_mean_nothing(tmp_path):
    text = FILE.replace('"First."', '"""\nFirst\n  and second.\n"""')
    (tmp_path / "rfc1.toml").write_text(text)
    assert load(tmp_path)["one"].summary == "First and second."


def test_documents_come_in_the_order_of_their_files_and_sections_by_number(tmp_path):
    table = FILE[FILE.index("[[") :]
    parts = [
        table.replace('"one"', f'"{name}"').replace("4.2", section)
        for name, section in (("late", "4.10"), ("early", "4.9.1"))
    ]
    (tmp_path / "rfc1.toml").write_text(FILE + "".join(parts))
    (tmp_path / "rfc0.toml").write_text(FILE.replace("RFC 1", "RFC 0").replace('"one"', '"zero"'))
    assert list(load(tmp_path)) == ["zero", "one", "early", "late"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Title"', 'title = "Title"\nauthor = "me"', ["author"]),
        ('level = "MUST"', 'level = "MUST"\nlevels = "MUST"', ["one", "levels"]),
        ('level = "MUST"', 'level = "SHALL"', ["one", "level", "SHALL"]),
        ('level = "MUST"\n', "", ["one", "level"]),
        ('level = "MUST"', 'level = "MUST"\ndocument = "RFC 1"', ["one", "document"]),
        ("[[requirement]]", "[[requirements]]", ["requirements"]),
        ('"First."', '"First.', []),
    ],
    ids=["document-key", "key", "value", "missing", "document-again", "table", "toml"],
)
def test_a_bad_file_is_an_error_that_names_file_and_key(tmp_path, old, new, words):
    (tmp_path / "rfc1.toml").write_text(FILE.replace(old, new))
    with pytest.raises(HarnessError) as error:
        load(tmp_path)
    for word in ["rfc1.toml", *words]:
        assert word in str(error.value)


def test_a_document_may_have_several_files(tmp_path):
    (tmp_path / "a.toml").write_text(FILE)
    (tmp_path / "b.toml").write_text(FILE.replace('"one"', '"two"').replace("4.2", "5"))
    assert list(load(tmp_path)) == ["one", "two"]


def test_the_files_of_a_document_agree_on_its_title(tmp_path):
    (tmp_path / "a.toml").write_text(FILE)
    (tmp_path / "b.toml").write_text(FILE.replace('"Title"', '"Titel"'))
    with pytest.raises(HarnessError, match=r"b\.toml: another file calls RFC 1 'Title'"):
        load(tmp_path)


def test_the_lint_accepts_what_is_right():
    feature = entry("feature", feature=True)
    part = entry("part", part_of="feature", section="4.10")
    assert lint(feature, part, entry("other", document="RFC 2", section="1")) == []


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([entry(), entry()], "one: 2 requirements have this id"),
        ([entry(), entry(document="RFC 2")], "one: 2 requirements have this id"),
        ([entry("One")], "One: an id has lower case letters and digits, joined by hyphens"),
        ([entry(section="4.")], "one: section '4.' is not of the form 4.9.1"),
        ([entry(section="4.02")], "one: section '4.02' is not of the form 4.9.1"),
        ([entry(section="4.10"), entry("two", section="4.9")], "two: section 4.9 comes after 4.10"),
        ([entry(summary="")], "one: the summary is empty"),
        ([entry(part_of="none")], "one: part_of none: no such requirement"),
        ([entry(), entry("two", part_of="one")], "two: part_of one: that is no feature"),
    ],
)
def test_the_lint_finds_a_fault_of_the_catalogue(entries, problem):
    assert lint(*entries) == [problem]


def test_appendices_come_after_sections():
    sections = ["4", "10.2", "A.2.4", "A.3", "B"]
    assert lint(*(entry(f"e{n}", section=section) for n, section in enumerate(sections))) == []
    assert lint(entry(section="A.1"), entry("two", section="10")) == [
        "two: section 10 comes after A.1"
    ]


UNTESTED = "one: no test is bound to it, and no `unbound` says why"


@pytest.mark.parametrize(
    ("changes", "cases", "found"),
    [
        ({}, ["test_x"], []),
        ({}, [], [UNTESTED]),
        ({"observability": "tls", "role": "both"}, [], [UNTESTED]),
        ({"unbound": "why"}, [], []),
        ({"observability": "s2s"}, [], []),
        ({"observability": "none"}, [], []),
        ({"role": "client"}, [], []),
        ({"unbound": "why"}, ["test_x"], ["one: `unbound` says why there is no test, but test_x"]),
        ({"observability": "s2s"}, ["test_x"], ["one: test_x is bound to it, but no client can"]),
    ],
)
def test_the_lint_compares_the_catalogue_with_the_tests(changes, cases, found):
    seen = problems(made_of(entry(**changes)), {"one": cases})
    assert len(seen) == len(found)
    assert all(problem.startswith(start) for problem, start in zip(seen, found, strict=True))


def test_the_lint_finds_a_test_that_is_bound_to_nothing():
    bound = {"one": ["test_x"], "gone": ["test_y", "test_z"]}
    assert problems(made_of(entry()), bound) == [
        "gone: no such requirement, but test_y is bound to it"
    ]


COUNTED = made_of(
    entry("a", section="4.9"),
    entry("b", section="4.9.1", observability="tls"),
    entry("c", section="4.9.3.12", observability="s2s"),
    entry("d", section="4.10", level="SHOULD"),
    entry("e", section="4.10", level="SHOULD", role="client"),
    entry("f", document="RFC 2", section="1", level="MAY", observability="none"),
)
BOUND = {"a": ["test_x", "test_y"], "b": [], "d": ["test_x"]}


def test_coverage_counts_bound_observable_and_all_by_level():
    assert coverage(COUNTED, BOUND) == {
        "RFC 1": {"MUST": [1, 2, 3], "SHOULD": [1, 1, 2], "MAY": [0, 0, 0]},
        "RFC 2": {"MUST": [0, 0, 0], "SHOULD": [0, 0, 0], "MAY": [0, 0, 1]},
    }


def test_section_coverage_adds_deeper_sections_to_the_one_above():
    by_two = section_coverage(COUNTED, BOUND)["RFC 1"]
    assert list(by_two) == ["4.9", "4.10"]
    assert by_two["4.9"]["MUST"] == [1, 2, 3]
    assert by_two["4.10"]["SHOULD"] == [1, 1, 2]
    assert list(section_coverage(COUNTED, BOUND, depth=3)["RFC 1"]) == [
        "4.9",
        "4.9.1",
        "4.9.3",
        "4.10",
    ]


def test_sections_add_up_to_their_document(ours):
    bound = {identifier: ["test_x"] for identifier in list(ours)[::3]}
    whole = coverage(ours, bound)
    for document, sections in section_coverage(ours, bound).items():
        for level, counts in whole[document].items():
            columns = zip(*(section[level] for section in sections.values()), strict=True)
            assert [sum(column) for column in columns] == counts


@pytest.mark.parametrize(
    ("wish", "chosen"),
    [
        ("b", "b"),
        ("4.9", "abc"),
        ("4.9.3", "c"),
        ("4", "abcde"),
        ("RFC 2", "f"),
        ("RFC 1 4.10", "de"),
    ],
)
def test_a_wish_is_an_id_a_section_or_a_document(wish, chosen):
    assert select([wish], COUNTED) == set(chosen)


def test_wishes_add_up():
    assert select(["a", "4.10"], COUNTED) == {"a", "d", "e"}


@pytest.mark.parametrize("wish", ["g", "4.1", "", "RFC 3", "RFC 2 4.9"])
def test_a_wish_that_means_nothing_is_an_error(wish):
    with pytest.raises(HarnessError, match="no requirement, section or document"):
        select([wish], COUNTED)
