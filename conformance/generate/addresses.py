"""Strategies for parts of addresses (RFC 7622), by what is special about them.

Only characters that were there in Unicode 3.2 are drawn, but for those called newer: what they
are does not depend on the version that a server knows.
"""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

_ASCII = "abcdefghijklmnopqrstuvwxyz"
_CASED = (_ASCII + "àéñöøþ", "αβγδεζηθκλπω", "абвгдежзичшюя", "աբգդեզըթ")  # no final sigma
_CASELESS = (
    "日本語漢字中文",
    "あいうえおかきくけこ",
    "アイウエオカキ",
    "가나다라마바사",
    "กขคงจฉช",
    "कखगघङचछ",
)
_RIGHT_TO_LEFT = ("אבגדהוזחטיכל", "ابتثجحخدذر")
_DIGITS = "0123456789"
_ACCENTED = "éèêëñöüåçščžйёάώ"
_SYMBOLS = "♚☃€←∑√©♥"
_COMPATIBLE = "Ⅳﬁ²ªſ㎏ℌ½"  # compatibility equivalents of other characters
_SPACES = "\u00a0\u2003\u2009\u202f\u3000"
_IGNORABLE = "\u00ad\u200b\u2060\ufeff"
_FORBIDDEN = "\x7f\x80\x85\x9f\ue000\ufdd0\U000e0041\U000f0000\u2028"
_NEWER = "ԥꙁⱡꞁ"  # letters of Unicode 5 to 6


def _text(alphabet: str, most: int = 8) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(alphabet), min_size=1, max_size=most)


def _around(special: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Something special with plain letters on both sides."""
    return st.builds("{}{}{}".format, _text(_ASCII, 4), special, _text(_ASCII, 4))


def _wide(text: str) -> str:
    """Fullwidth forms of ASCII."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _either_case(alphabet: str) -> st.SearchStrategy[str]:
    return _text(alphabet + alphabet.upper())


_LETTERS = st.one_of(*[_text(alphabet) for alphabet in (*_CASED, *_CASELESS)])
_MIXED_CASE = st.one_of(*[_either_case(alphabet) for alphabet in _CASED]).filter(
    lambda text: text != text.lower()
)
_DECOMPOSED = _around(_text(_ACCENTED, 4)).map(lambda text: unicodedata.normalize("NFD", text))
_RIGHT = _text(_RIGHT_TO_LEFT[0], 4)
_CONTEXTS = {
    "joiner": st.sampled_from(["क्\u200dष", "क्\u200cष"]),
    "joiner-alone": st.sampled_from(["a\u200db", "\u200dab", "a\u200c"]),
    "right-to-left-digits": st.builds("{}{}".format, _RIGHT, _text(_DIGITS, 2)),
    "mixed-directions": st.builds("{}{}".format, _RIGHT, _text(_ASCII, 4)),
}

LOCALPARTS: dict[str, st.SearchStrategy[str]] = {
    "letters": st.builds("{}{}".format, _LETTERS, st.just("") | _text(_DIGITS, 3)),
    "punctuation": _around(_text("!#$%()*+,-.;=?[\\]^_`{|}~", 3)),
    "right-to-left": st.one_of(*[_text(alphabet) for alphabet in _RIGHT_TO_LEFT]),
    "case": _MIXED_CASE,
    "decomposed": _DECOMPOSED,
    "width": _text(_ASCII + _DIGITS).map(_wide) | st.sampled_from(["ｱｲｳ", "ｶｷｸ"]),
    "sharp-s": _around(st.sampled_from("ßς")),
    "excluded": _around(st.sampled_from("\"&':<>")),
    "wide-separator": _around(st.sampled_from("＠／＂＆＇：＜＞")),
    "space": _around(st.sampled_from(" " + _SPACES)),
    "symbol": _around(st.sampled_from(_SYMBOLS)),
    "compatible": _around(st.sampled_from(_COMPATIBLE)),
    "forbidden": _around(st.sampled_from(_FORBIDDEN)),
    "ignorable": _around(st.sampled_from(_IGNORABLE)),
    **_CONTEXTS,
    "newer": _around(st.sampled_from(_NEWER)),
}
"""Localparts without separators, by class."""

RESOURCEPARTS: dict[str, st.SearchStrategy[str]] = {
    "letters": st.one_of(LOCALPARTS["letters"], LOCALPARTS["right-to-left"]),
    "case": _MIXED_CASE,
    "punctuation": _around(_text("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 6)),
    "decomposed": _DECOMPOSED,
    "single-space": st.builds("{} {}".format, _text(_ASCII, 4), _text(_ASCII, 4)),
    "other-space": _around(st.sampled_from(_SPACES)),
    "symbol": _around(_text(_SYMBOLS, 4)),
    "sharp-s": _around(st.sampled_from("ßς")),
    "width": _text(_ASCII).map(_wide),
    "compatible": _around(_text(_COMPATIBLE, 3)),
    "forbidden": _around(st.sampled_from(_FORBIDDEN)),
    "ignorable": _around(st.sampled_from(_IGNORABLE)),
    **_CONTEXTS,
    "newer": _around(st.sampled_from("😀🚀") | st.sampled_from(_NEWER)),
}
"""Resourceparts by class."""

_LABELS = st.from_regex(r"[a-z]([a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
_HOSTS = st.builds("{}.{}.invalid".format, _LABELS, _LABELS)
_UMLAUTS = st.builds("{}{}{}".format, _LABELS, _text("äéñøжяλ日語", 3), _LABELS)


def _a_label(label: str) -> str:
    return "xn--" + label.encode("punycode").decode()


DOMAINPARTS: dict[str, st.SearchStrategy[str]] = {
    "names": _HOSTS,
    "u-labels": st.one_of(
        *[_text(alphabet) for alphabet in (_CASED[1], _CASED[2], *_CASELESS[:2])]
    ).map("{}.invalid".format),
    "addresses": st.sampled_from(["127.0.0.1", "192.0.2.7", "[::1]", "[2001:db8::7]"]),
    "case": _HOSTS.map(str.upper) | _UMLAUTS.map(lambda label: f"{label.upper()}.invalid"),
    "width": _HOSTS.map(_wide).map(lambda host: host.replace("．", ".")),
    "decomposed": _DECOMPOSED.map("{}.invalid".format),
    "wide-dot": _HOSTS.map(lambda host: host.replace(".", "．")),
    "final-dot": _HOSTS.map("{}.".format),
    "a-labels": _UMLAUTS.map(lambda label: f"{_a_label(label)}.invalid"),
    "sharp-s": st.builds("{}ß{}.invalid".format, _LABELS, _LABELS),
    "bad-a-label": st.sampled_from(["xn--a.invalid", "xn--0.invalid", "xn--ls8h.invalid"]),
    "symbol": st.builds("{}{}.invalid".format, st.sampled_from(_SYMBOLS), _LABELS),
    "hyphen": st.sampled_from(["-{}", "{}-"]).flatmap(lambda form: _LABELS.map(form.format)),
    "not-ldh": st.builds("{}{}{}.invalid".format, _LABELS, st.sampled_from("_ !#$%*"), _LABELS),
    "excluded": st.builds("{}{}{}.invalid".format, _LABELS, st.sampled_from(":\"<>&'"), _LABELS),
    "empty-label": _HOSTS.map(lambda host: host.replace(".", "..", 1)) | _HOSTS.map(".{}".format),
    "forbidden": st.builds("{}{}.invalid".format, _LABELS, st.sampled_from(_FORBIDDEN[1:])),
}
"""Domainparts of others than the server, by class; none of them is in the DNS."""


@st.composite
def spelt(draw: st.DrawFn, text: str) -> str:
    """Another spelling of the same ASCII letters: upper case and fullwidth forms by turns."""
    chosen = draw(st.lists(st.integers(0, 3), min_size=len(text), max_size=len(text)))
    ways = (str, str.upper, _wide, lambda char: _wide(char.upper()))
    return "".join(
        ways[way](char) if char.isalnum() else char for char, way in zip(text, chosen, strict=True)
    )


@st.composite
def of_length(draw: st.DrawFn, size: int, letters: str = "aéあ") -> str:
    """Letters of one to three bytes, `size` bytes in all."""
    text = draw(st.text(st.sampled_from(letters), max_size=40))
    return text + "x" * (size - len(text.encode()))
