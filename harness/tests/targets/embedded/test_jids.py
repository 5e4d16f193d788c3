from __future__ import annotations

import pytest

from harness.targets.embedded.jids import parse


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("bench.test", "bench.test"),
        ("Bench.Test.", "bench.test"),
        ("bench.test/a@b/c", "bench.test/a@b/c"),
        ("Ann@bench.test/Phone", "ann@bench.test/Phone"),
        ("ＡＮＮ@bench.test", "ann@bench.test"),
        ("jürgen@bench.test", "jürgen@bench.test"),
        ("ju\u0308rgen@bench.test", "jürgen@bench.test"),
        ("a@bench.test/a\u00a0b", "a@bench.test/a b"),
        ("a@[::1]", "a@[::1]"),
        (f"{'x' * 1023}@bench.test", f"{'x' * 1023}@bench.test"),
    ],
)
def test_canonical_form(text: str, full: str) -> None:
    assert parse(text).full == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@bench.test",
        "a@",
        "a@/r",
        "a@bench.test/",
        "/r",
        "a b@bench.test",
        "a'b@bench.test",
        "a@b@c",
        "a@bench..test",
        "ﬁ@bench.test",
        "♚@bench.test",
        "a@bench.test/\u0007",
        f"{'x' * 1024}@bench.test",
        f"a@bench.test/{'x' * 1024}",
        f"{'ü' * 512}@bench.test",
        f"a@{'x' * 1024}",
    ],
)
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)
