"""Strategies for what a client may say, and may not, around TLS and in SASL.

Messages of SASL hold marks, {user} and others (see `conformance.player.SaslClient`), and are
Latin-1: each character stands for one byte.
"""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.generate.text import NAMES

_FEW = st.text(st.sampled_from("abc123"), min_size=1, max_size=12)

# No TLS record begins with any of these bytes, so that a server need not wait for more.
NO_TLS = st.builds(
    lambda first, rest: bytes([first]) + rest,
    st.sampled_from([0x00, 0x0A, 0x20, 0x3C, 0x47, 0x7F, 0xFF]),
    st.binary(min_size=40, max_size=200),
)

# Malformed STARTTLS commands (RFC 6120 section 5.4.2.2): the tag's rest and its content.
STARTTLS = {
    "text": st.from_regex("[a-z0-9][a-z0-9 ]{0,11}", fullmatch=True).map(">{}</starttls>".format),
    "child": NAMES.map("><x{} xmlns='urn:example:x'/></starttls>".format),
    "attribute": NAMES.map(" x{}='y'/>".format),
}

# Authorisation identities (section 6.3.8) that no client of ours may claim.
FOREIGN_JIDS = st.builds("{}@{}.example".format, NAMES, NAMES)
NO_JIDS = {
    "at-sign": "@",
    "no-localpart": "@{domain}",
    "no-domain": "{user}@",
    "two-at-signs": "{user}@@{domain}",
    "space": "a b@{domain}",
}

JUNK = st.binary(max_size=60).map(lambda data: data.decode("latin-1"))
USERS = NAMES.map("nobody-{}".format)
WORDS = st.text(st.sampled_from("abcdefghijkl \u00e9\u65e5"), min_size=1, max_size=20).map(
    lambda text: text.encode().decode("latin-1")
)

# Names of mechanisms (section 6.5.7): of SASL's form, and of none.
MECHANISM_NAMES = st.from_regex(r"X-[A-Z0-9_-]{1,17}", fullmatch=True)
BAD_NAMES = {
    "empty": st.just(""),
    "lower-case": st.sampled_from(["plain", "scram-sha-1", "Scram-Sha-1"]),
    "space": st.sampled_from(["SCRAM-SHA-1 ", " SCRAM-SHA-1", "X Y"]),
    "long": st.from_regex(r"X-[A-Z0-9]{20,40}", fullmatch=True),
}

# Messages that no grammar of their mechanism allows (section 6.5.8).
MALFORMED_PLAIN = {
    "no-nul": st.sampled_from(["{user}", "{user}{password}"]) | _FEW,
    "one-nul": st.sampled_from(["\0{user}", "\0", "\0{user}{password}"]),
    "no-user": st.just("\0\0{password}"),
    "bad-utf8": st.sampled_from(["\xff", "\xc0\xaf", "\xed\xa0\x80"]).map(
        lambda bad: "\0{user}" + bad + "\0{password}"
    ),
}
THREE_NULS = _FEW.map("\0{{user}}\0{{password}}\0{}".format)
MALFORMED_SCRAM = {
    "no-name": "n,,r={nonce}",
    "no-nonce": "n,,n={name}",
    "empty-name": "n,,n=,r={nonce}",
    "no-attributes": "n,,{name},{nonce}",
    "one-comma": "n,n={name},r={nonce}",
    "no-header": "n={name},r={nonce}",
    "bad-escape": "n,,n={name}=2X,r={nonce}",
}
ODD_SCRAM = {  # against the grammar too, but one can read them
    "empty-nonce": "n,,n={name},r=",
    "order": "n,,r={nonce},n={name}",
    "unknown-flag": "x,,n={name},r={nonce}",
    "no-flag": ",,n={name},r={nonce}",
    "no-binding-name": "p=,,n={name},r={nonce}",
    "no-authzid": "n,b={name},n={name},r={nonce}",
}

# Text that is no base64 (section 6.5.5): by a character, and by its length.
_FOREIGN = st.sampled_from("*!$%,.:;@~?#\u00e9\u65e5")
NOT_BASE64 = {
    "character": st.builds("{}{}{}".format, _FEW, _FOREIGN, _FEW),
    "length": st.sampled_from(["A", "AAAAA", "A===", "===="]),
}

# What base64 may not have inside (section 13.9.1), by kind.
ILLEGAL = {
    "white-space": st.sampled_from([" ", "\n", "\t", "\r\n "]),
    "other-alphabet": st.sampled_from("-_"),
    "punctuation": st.sampled_from("*!$%,.:;@~?#"),
    "beyond-ascii": st.sampled_from("\u00e9\u65e5\u00a0"),
}
