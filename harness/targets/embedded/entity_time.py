"""Entity time (XEP-0202)."""

from __future__ import annotations

import time
from xml.etree.ElementTree import Element, SubElement

from harness.targets.embedded import iq
from harness.targets.embedded.disco import Said
from harness.targets.embedded.domain import stamp
from harness.targets.embedded.extension import Extension
from harness.targets.embedded.faults import StanzaFault

NAMESPACE = "urn:xmpp:time"
_TIME = f"{{{NAMESPACE}}}time"


def handle(request: iq.Request) -> None:
    """What time it is here, and where that is."""
    if request.is_set or (request.account is not None and not request.own):
        raise StanzaFault("service-unavailable")
    answer = Element(_TIME)
    SubElement(answer, f"{{{NAMESPACE}}}tzo").text = zone(time.localtime().tm_gmtoff)
    SubElement(answer, f"{{{NAMESPACE}}}utc").text = stamp()
    request.reply(answer)


def zone(seconds: int) -> str:
    """The offset from UTC in the form of XEP-0082."""
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"


EXTENSION = Extension(
    for_server={_TIME: handle},
    for_account={_TIME: handle},
    of_server=Said(features=[NAMESPACE]),
    of_account=Said(features=[NAMESPACE]),
)
