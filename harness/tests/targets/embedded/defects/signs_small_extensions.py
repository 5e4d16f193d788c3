"""How the defects of discovery, ping, version, time and client states show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import PING, Sign, when_bound
from harness.tests.targets.embedded.defects.signs_blocking import HERE, message
from harness.tests.targets.embedded.defects.signs_eventing import INFO, PUBLISH
from harness.tests.targets.embedded.defects.talk import SUBSCRIBED, A, B, talk
from harness.tests.targets.embedded.driver import DOMAIN
from harness.xmpp import namespaces as ns

VERSION = f"<iq type='get' id='q' to='{DOMAIN}'><query xmlns='{ns.VERSION}'/></iq>"
TIME = f"<iq type='get' id='q' to='{DOMAIN}'><time xmlns='urn:xmpp:time'/></iq>"
NODE = INFO.format(A).replace("<query ", "<query node='n' ")
ACTIVE, INACTIVE = (f"<{name} xmlns='urn:xmpp:csi:0'/>" for name in ("active", "inactive"))
OF_SERVER = when_bound(INFO.format(DOMAIN))

SIGNS = [
    Sign("disco-nobody", OF_SERVER, sound="<identity "),
    Sign("disco-untyped", OF_SERVER, sound="<identity [^>]*type='im'"),
    Sign("disco-silent-on-itself", OF_SERVER, sound=f"<feature var='{ns.DISCO_INFO}'"),
    Sign(
        "disco-for-strangers",
        talk(("a/r", INFO.format(B))),
        sound="<service-unavailable ",
        wrong="<identity ",
    ),
    Sign("disco-node-forgotten", when_bound(PUBLISH + NODE), sound="<query [^>]*node='n'"),
    Sign("ping-with-content", when_bound(PING.format(DOMAIN)), wrong="<ping "),
    Sign(
        "ping-answered-for-clients",
        when_bound(PING.format(f"{B}/nowhere")),
        sound="<service-unavailable ",
    ),
    Sign("version-nameless", when_bound(VERSION), sound="<name>[^<]"),
    Sign("time-without-zone", when_bound(TIME), sound="<tzo>[+-]"),
    Sign("time-of-nowhere", when_bound(TIME), sound="<utc>[^<]*Z<"),
    Sign("time-stands-still", when_bound(TIME), wrong="<utc>9999-"),
    Sign(
        "csi-message-lost",
        talk(("a/r", HERE + INACTIVE), ("b/r", message(f"{A}/r"))),
        sound="a/r: .*<message [^>]*id='m'",
    ),
    Sign("csi-answered", when_bound(INACTIVE), wrong="<inactive "),
    Sign(
        "csi-presence-lost",
        talk(*SUBSCRIBED, ("b/r", HERE + INACTIVE), ("a/r", HERE), ("b/r", ACTIVE)),
        sound=f"b/r: .*<presence (?=[^>]*from='{A}/r')",
    ),
    Sign(
        "csi-looks-away",
        talk(*SUBSCRIBED, ("b/r", HERE), ("a/r", HERE + INACTIVE)),
        wrong="b/r: .*<inactive ",
    ),
]
