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
        ("a@127.0.0.1", "a@127.0.0.1"),
        ("stra\u00dfe@bench.test", "stra\u00dfe@bench.test"),
        ("\u05d0\u05d1@bench.test", "\u05d0\u05d1@bench.test"),
        ("a\uff0eb@bench.test", "a.b@bench.test"),
        ("a@B\u00fccher.example", "a@b\u00fccher.example"),
        ("a@xn--bcher-kva.example", "a@b\u00fccher.example"),
        ("a@\uff42ench\u3002test", "a@bench.test"),
        ("\uff58" * 1023 + "@bench.test", f"{'x' * 1023}@bench.test"),
        ("bench.test/a@b.c/d", "bench.test/a@b.c/d"),
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
        "\u0130" * 400 + "@bench.test",
        f"a@{'x' * 1024}",
        f"a@{'x' * 64}.test",
        f"a@{'.'.join(['xxxx'] * 51)}",
        "a@bench.test..",
        "a@-bench.test",
        "a@bench_test",
        "a@xn--a.test",
        "a@\u2603.example",
        "\uff20@bench.test",
        "\u05d0a@bench.test",
        "a\u200db@bench.test",
        "\u2163@bench.test",
        "a@bench.test/\ue000",
    ],
)
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)
