"""An invented catalogue of the size of a real one: some 220 requirements over 11 sections."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from harness.record.verdicts import Level

STATES = "none none-po none-pi none-po-pi to to-pi from from-po both"
EVENTS = "subscribe unsubscribe subscribed unsubscribed"

# document, section ("{}": one of four), level, start of the ids, summary, rest of the ids
TABLE: tuple[tuple[str, str, Level, str, str, str], ...] = (
    (
        "RFC 6120",
        "4.7.{}",
        "MUST",
        "stream-response",
        "The header of the response stream carries the right {}.",
        "from to id lang version id-unique namespace prefix",
    ),
    (
        "RFC 6120",
        "4.9.3",
        "MUST",
        "stream-error",
        "What deserves {} is answered with that condition, and then the stream ends.",
        "bad-format bad-namespace-prefix conflict connection-timeout host-gone host-unknown "
        "improper-addressing internal-server-error invalid-from invalid-namespace invalid-xml "
        "not-authorized not-well-formed policy-violation remote-connection-failed reset "
        "resource-constraint restricted-xml see-other-host system-shutdown undefined-condition "
        "unsupported-encoding unsupported-feature unsupported-stanza-type unsupported-version",
    ),
    (
        "RFC 6120",
        "5.4.{}",
        "MUST",
        "tls",
        "STARTTLS: the step {} goes as described.",
        "offer proceed failure restart no-second no-namespace",
    ),
    (
        "RFC 6120",
        "6.5",
        "MUST",
        "sasl-failure",
        "An exchange that deserves {} fails with that condition and may be tried again.",
        "aborted account-disabled credentials-expired encryption-required incorrect-encoding "
        "invalid-authzid invalid-mechanism malformed-request mechanism-too-weak not-authorized "
        "temporary-auth-failure",
    ),
    (
        "RFC 6120",
        "7.{}",
        "SHOULD",
        "bind",
        "Resource binding: {}.",
        "support generated given conflict before-stanzas",
    ),
    (
        "RFC 6120",
        "8.3.3",
        "MUST",
        "stanza-error",
        "The error {} comes back with the same id and the addresses exchanged.",
        "bad-request conflict feature-not-implemented forbidden gone internal-server-error "
        "item-not-found jid-malformed not-acceptable not-allowed not-authorized policy-violation "
        "recipient-unavailable redirect remote-server-not-found service-unavailable",
    ),
    (
        "RFC 6120",
        "11.{}",
        "MUST",
        "xml",
        "Nobody gets {} through a stream.",
        "comment pi dtd entity bad-nesting bad-namespaces other-encoding",
    ),
    (
        "RFC 6121",
        "2.{}.1",
        "MAY",
        "roster",
        "The roster: {}.",
        "get set push version remove groups own-only",
    ),
    (
        "RFC 6121",
        "3.{}",
        "MUST",
        "subscription",
        "{}: the stanza is routed or not, and the state changes, as the table says.",
        " ".join(map("-".join, product(STATES.split(), ("out", "in"), EVENTS.split()))),
    ),
    (
        "RFC 6121",
        "4.{}.1",
        "SHOULD",
        "presence",
        "Presence, {}: whoever may know is told, once.",
        "initial unavailable probe directed broadcast priority after-reset",
    ),
    (
        "RFC 6121",
        "8.5.{}",
        "MUST",
        "deliver",
        "A message, {}: to whom it goes, and what comes back.",
        " ".join(
            map(
                "-".join,
                product(
                    ("no-account", "offline", "negative", "one", "more"),
                    ("bare", "full-match", "full-no-match"),
                    ("normal", "chat", "groupchat", "headline"),
                ),
            )
        ),
    ),
    (
        "RFC 7622",
        "3.{}",
        "MUST",
        "address",
        "An address: {} is checked before anything else is done with it.",
        "domain-length domain-prep localpart-length localpart-prep resource-length resource-prep",
    ),
)


class Entry(NamedTuple):
    """One requirement."""

    id: str
    document: str
    section: str
    level: Level
    summary: str


def _entries() -> Iterator[Entry]:
    for document, section, level, start, summary, names in TABLE:
        for index, name in enumerate(names.split()):
            words = summary.format(name.replace("-", " "))
            where = section.format(1 + index % 4)
            yield Entry(f"{start}-{name}", document, where, level, words)


CATALOGUE = list(_entries())
