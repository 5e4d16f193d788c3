"""How the defects of delivery, of requests and of stanza errors show."""

from __future__ import annotations

from harness.tests.targets.embedded.defects.scenes import (
    END,
    PING,
    Sign,
    bound,
    heard,
    last,
    online,
    when_bound,
)
from harness.tests.targets.embedded.driver import DOMAIN, Bench

B = f"b@{DOMAIN}"
TO_B = f"<message to='{B}/r' type='headline' id='m'><body>x</body></message>"
UNKNOWN = "<q xmlns='urn:example:q'/>"


def request(payload: str = UNKNOWN, **attributes: str | None) -> str:
    """An iq; its type is get and its id q unless said otherwise."""
    given = {"type": "get", "id": "q", **attributes}
    text = "".join(f" {name}='{value}'" for name, value in given.items() if value is not None)
    return f"<iq{text}>{payload}</iq>"


def message(inner: str = "<body>x</body>", **attributes: str) -> str:
    given = {"to": f"{B}/r", "type": "headline", "id": "m", **attributes}
    text = "".join(f" {name}='{value}'" for name, value in given.items())
    return f"<message{text}>{inner}</message>"


async def presence_of_another(bench: Bench) -> str:
    first = await online(bench, "a", "first")
    second = await bound(bench, "a", "second")
    await last(second, "<presence><status>here</status></presence>")
    return await last(first, "")


async def subscribed(bench: Bench) -> str:
    """What b gets of a request, who has asked for the roster and sent presence."""
    b = await online(bench, "b")
    b.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
    await b.until("roster")
    await last(await bound(bench, "a"), f"<presence to='{B}' type='subscribe' id='s'/>")
    return await last(b, "")


async def two_in_one_write(bench: Bench) -> str:
    b = await online(bench, "b")
    await last(await bound(bench, "a"), message(id="one") + message(id="two") + END)
    return await last(b, "")


PING_SERVER = PING.format(DOMAIN)
ROSTER = request("<query xmlns='jabber:iq:roster'/>")
TO_NOBODY = message(to=f"nobody@{DOMAIN}", type="groupchat")
NESTED = "<x xmlns='urn:example:x' k='v'><y>text</y></x>"
INNER = (
    f"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='{B}/s'/></forwarded>"
)

SIGNS = [
    # from
    Sign("from-not-stamped", heard(TO_B), sound=f"B: .*<message [^>]*from='a@{DOMAIN}/r'"),
    Sign(
        "from-bare",
        heard(TO_B),
        sound=f"B: .*<message [^>]*from='a@{DOMAIN}/r'",
        wrong=f"B: .*<message [^>]*from='a@{DOMAIN}'",
    ),
    Sign(
        "from-believed",
        heard(message(**{"from": f"c@{DOMAIN}"})),
        sound="A: .*<invalid-from ",
        wrong=f"B: .*<message [^>]*from='c@{DOMAIN}'",
    ),
    Sign(
        "from-own-refused",
        heard(message(**{"from": f"a@{DOMAIN}/r"})),
        sound="B: .*<message ",
        wrong="A: .*<invalid-from ",
    ),
    Sign(
        "subscription-from-full-jid",
        subscribed,
        sound=f"<presence [^>]*from='a@{DOMAIN}'",
        wrong=f"<presence [^>]*from='a@{DOMAIN}/r'",
    ),
    # to
    Sign(
        "to-rewritten",
        heard(message(to=B)),
        sound=f"B: .*<message [^>]*to='{B}'",
        wrong=f"B: .*<message [^>]*to='{B}/r'",
    ),
    Sign("to-without-resource", heard(TO_B), wrong="B2: .*<message "),
    Sign("misdelivered", heard(TO_B), wrong="A2: .*<message "),
    Sign(
        "message-without-to-lost",
        heard("<message type='chat'><body>x</body></message>"),
        sound="A2: .*<message ",
    ),
    Sign(
        "directed-presence-lost",
        heard(f"<presence to='{B}/r' id='here'/>"),
        sound="B: .*<presence [^>]*id='here'",
    ),
    Sign(
        "malformed-to-ignored",
        when_bound(request(to=f"@{DOMAIN}")),
        sound="<jid-malformed ",
        wrong=r"\A</stream:stream>",
    ),
    Sign(
        "remote-domain-ignored",
        when_bound(message(to="x@y.invalid")),
        sound="<remote-server-not-found ",
        wrong=r"\A</stream:stream>",
    ),
    Sign(
        "iq-to-account-delivered",
        heard(request(to=B)),
        sound="A: .*<service-unavailable ",
        wrong="B: .*<iq ",
    ),
    # Other attributes
    Sign("delivered-without-id", heard(TO_B), sound="B: .*<message [^>]*id='m'"),
    Sign("delivered-without-type", heard(message(type="chat")), sound="B: .*type='chat'"),
    Sign(
        "lang-not-added",
        heard(TO_B, lang="de"),
        sound="B: .*<message [^>]*xml:lang='de'",
        wrong="B: .*<message (?![^>]*xml:lang)",
    ),
    Sign(
        "lang-lost",
        heard(message(**{"xml:lang": "de"})),
        sound="B: .*<message [^>]*xml:lang='de'",
        wrong="B: .*<message (?![^>]*xml:lang)",
    ),
    Sign(
        "lang-of-the-server",
        heard(message(**{"xml:lang": "de"})),
        sound="B: .*<message [^>]*xml:lang='de'",
        wrong="B: .*<message [^>]*xml:lang='en'",
    ),
    # Content
    Sign("extensions-lost", heard(message(NESTED)), sound=f"B: .*{NESTED}"),
    Sign(
        "extensions-flattened",
        heard(message(NESTED)),
        sound=f"B: .*{NESTED}",
        wrong="B: .*<x xmlns='urn:example:x'/>",
    ),
    Sign(
        "extensions-in-content-namespace",
        heard(message(NESTED)),
        sound=f"B: .*{NESTED}",
        wrong="B: .*<x k='v'><y>text</y></x>",
    ),
    Sign("inner-stanza-sent", heard(message(INNER)), wrong="B2: .*<message "),
    Sign(
        "messages-reordered",
        two_in_one_write,
        sound="'one'.*'two'",
        wrong="'two'.*'one'",
    ),
    Sign("presence-without-to-lost", presence_of_another, sound="<status>here<"),
    Sign(
        "stranger-refused",
        heard(message(to=B)),
        sound="B: .*<message ",
        wrong="A: .*<service-unavailable ",
    ),
    Sign(
        "account-betrayed",
        when_bound(message(to=f"nobody@{DOMAIN}", type="chat")),
        sound=r"\A</stream:stream>",
        wrong="<item-not-found ",
    ),
    # Requests
    Sign("result-without-id", when_bound(PING_SERVER), sound="<iq [^>]*id='ping'"),
    Sign(
        "result-with-other-id",
        when_bound(PING_SERVER),
        sound="<iq [^>]*id='ping'",
        wrong="<iq [^>]*id='PINGx'",
    ),
    Sign(
        "result-to-bare-jid",
        when_bound(PING_SERVER),
        sound=f"<iq [^>]*to='a@{DOMAIN}/r'",
        wrong=f"<iq [^>]*to='a@{DOMAIN}'",
    ),
    Sign("result-from-domain", when_bound(ROSTER), wrong=f"<iq [^>]*from='{DOMAIN}'"),
    Sign("result-from-nobody", when_bound(PING_SERVER), sound=f"<iq [^>]*from='{DOMAIN}'"),
    Sign("result-with-error-child", when_bound(PING_SERVER), wrong="<iq [^>]*result[^>]*><error "),
    Sign("answered-twice", when_bound(PING_SERVER), wrong="<iq .*<iq "),
    Sign("result-answered", when_bound(request("", type="result")), wrong="<iq [^>]*type='error'"),
    Sign("error-answered", when_bound(request("", type="error")), wrong="<iq [^>]*type='error'"),
    Sign(
        "unknown-payload-ignored",
        when_bound(request(to=DOMAIN)),
        sound="<service-unavailable ",
        wrong=r"\A</stream:stream>",
    ),
    Sign(
        "unknown-type-ignored",
        when_bound(request(type="subscribe")),
        sound="<bad-request ",
        wrong=r"\A</stream:stream>",
    ),
    Sign(
        "empty-request-ignored",
        when_bound(request("")),
        sound="<bad-request ",
        wrong=r"\A</stream:stream>",
    ),
    Sign(
        "second-child-ignored",
        when_bound(request(UNKNOWN * 2)),
        sound="<bad-request ",
        wrong=r"\A</stream:stream>",
    ),
    Sign(
        "id-made-up",
        when_bound(request(id=None)),
        sound="<iq [^>]*id=''",
        wrong="<iq [^>]*id='made-up'",
    ),
    # Stanza errors
    Sign(
        "error-without-child", when_bound(request()), sound="<error ", wrong="type='error'[^>]*/>"
    ),
    Sign(
        "error-without-condition",
        when_bound(request()),
        sound="<error type='cancel'><service-unavailable ",
        wrong="<error type='cancel'/>",
    ),
    Sign(
        "error-with-two-conditions",
        when_bound(request()),
        wrong="<service-unavailable [^>]*/><forbidden ",
    ),
    Sign(
        "error-condition-in-content-namespace",
        when_bound(request()),
        sound="<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>",
        wrong="<service-unavailable/>",
    ),
    Sign("error-without-type", when_bound(request()), sound="<error type=", wrong="<error>"),
    Sign("error-with-code-for-type", when_bound(request()), wrong="<error type='503'>"),
    Sign("error-without-id", when_bound(request()), sound="<iq [^>]*id='q'"),
    Sign(
        "error-of-other-kind",
        when_bound(request()),
        sound="<iq [^>]*type='error'",
        wrong="<message [^>]*type='error'",
    ),
    Sign(
        "error-from-sender",
        when_bound(TO_NOBODY),
        sound=f"<message [^>]*from='nobody@{DOMAIN}'",
        wrong=f"<message [^>]*from='a@{DOMAIN}/r'",
    ),
    Sign(
        "unavailable-is-not-found",
        when_bound(request(to=f"nobody@{DOMAIN}")),
        sound="<service-unavailable ",
        wrong="<item-not-found ",
    ),
    Sign(
        "bad-request-is-unavailable",
        when_bound(request(type="subscribe")),
        sound="<bad-request ",
        wrong="<service-unavailable ",
    ),
    Sign(
        "error-ends-stream",
        when_bound(request() + PING_SERVER),
        sound="id='ping'",
        wrong="<undefined-condition ",
    ),
]
