"""How the defects of the archive show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import PING, Scene, Sign, bound, last, online
from harness.tests.targets.embedded.driver import DOMAIN, Bench

MAM = "xmlns='urn:xmpp:mam:2'"
B = f"b@{DOMAIN}"
MESSAGE = "<message to='{}' type='{}' id='{}'><body>x</body>{}</message>"
SPOOF = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{B}' id='made-up'/>"


def query(inner: str = "", *, fields: str = "", to: str = "") -> str:
    address = f" to='{to}'" if to else ""
    if fields:
        fields = f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"
    request = f"<query {MAM} queryid='mine'>{fields}{inner}</query>"
    return f"<iq type='set' id='q'{address}>{request}</iq>"


def field(name: str, value: str) -> str:
    return f"<field var='{name}'><value>{value}</value></field>"


def page(inner: str) -> str:
    return f"<set xmlns='http://jabber.org/protocol/rsm'>{inner}</set>"


def asked(text: str, *, user: str = "a") -> Scene:
    """a/r sends m0 (chat) to b, m1 (chat) to itself, m2 (normal) to b; what the user then gets.
    In the request, FIRST and LAST are the ids of m0 and m2, NOW is the time of m0."""

    async def scene(bench: Bench) -> str:
        bench.domain.archives = True
        sender = await online(bench)
        for number, (to, kind) in enumerate(
            ((B, "chat"), (f"a@{DOMAIN}/r", "chat"), (B, "normal"))
        ):
            sender.send(MESSAGE.format(to, kind, f"m{number}", "") + PING.format(DOMAIN))
            await sender.until("id='ping'")
        account = bench.domain.store.accounts["a"]
        entries = list(account.archive or ())
        asking = await bound(bench, user, "asking")
        request = text.replace("NOW", entries[0].when.isoformat())
        request = request.replace("FIRST", entries[0].uid).replace("LAST", entries[-1].uid)
        return await last(asking, request)

    return scene


async def arrived(bench: Bench) -> str:
    """A message as it reaches its recipient."""
    bench.domain.archives = True
    receiver, sender = await online(bench, "b"), await bound(bench)
    await last(sender, MESSAGE.format(B, "chat", "m", SPOOF))
    return await last(receiver, "")


ALL = asked(query())
TWO = asked(query(page("<max>2</max>")))

SIGNS = [
    Sign("archive-backwards", ALL, sound="id='m0'.*id='m2'", wrong="id='m2'.*id='m0'"),
    Sign("archive-with-ignored", asked(query(fields=field("with", B))), wrong="id='m1'"),
    Sign(
        "archive-start-ignored",
        asked(query(fields=field("start", "2999-01-01T00:00:00Z"))),
        wrong="id='m0'",
    ),
    Sign("archive-end-exclusive", asked(query(fields=field("end", "NOW"))), sound="id='m0'"),
    Sign(
        "archive-with-full-only",
        asked(query(fields=field("with", f"a@{DOMAIN}"))),
        sound="id='m1'",
    ),
    Sign("archive-page-too-long", TWO, wrong="id='m2'"),
    Sign("archive-size-ignored", TWO, wrong="id='m2'"),
    Sign("archive-before-ignored", asked(query(page("<max>1</max><before/>"))), sound="id='m2'"),
    Sign("archive-after-included", asked(query(page("<after>FIRST</after>"))), wrong="id='m0'"),
    Sign("archive-always-complete", TWO, wrong="complete='true'"),
    Sign("archive-never-complete", ALL, sound="complete='true'"),
    Sign(
        "archive-open",
        asked(query(to=f"a@{DOMAIN}"), user="b"),
        sound="<forbidden ",
        wrong="id='m0'",
    ),
    Sign("archive-id-again", ALL, wrong="<result [^>]*id='id'"),
    Sign("archive-stanza-id-missing", arrived, sound="<stanza-id "),
    Sign("archive-spoof-left", arrived, wrong="id='made-up'"),
    Sign("archive-kept-twice", ALL, wrong="id='m0'.*id='m0'"),
    Sign("archive-chat-only", ALL, sound="id='m2'"),
    Sign("archive-missing-is-empty", asked(query(page("<after>x</after>"))), sound="<item-not-f"),
    Sign(
        "archive-fields-believed",
        asked(query(fields=field("other", "x"))),
        sound="<feature-not-implemented ",
    ),
    Sign("archive-not-flipped", asked(query("<flip-page/>")), sound="id='m2'.*id='m0'"),
    Sign("archive-queryid-missing", ALL, sound="<result [^>]*queryid='mine'"),
    Sign("archive-undated", ALL, sound="<delay "),
    Sign("archive-last-is-first", ALL, sound="<first [^>]*>(.*)</first><last>(?!\\1)"),
    Sign(
        "archive-without-metadata",
        asked(f"<iq type='get' id='q'><metadata {MAM}/></iq>"),
        sound="<start ",
        wrong="<feature-not-implemented ",
    ),
]
