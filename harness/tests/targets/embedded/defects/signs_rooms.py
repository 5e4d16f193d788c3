"""How the defects of rooms show: a makes the room, b and c are others."""

from __future__ import annotations

from harness.targets.embedded.rooms import admin, owner
from harness.tests.targets.embedded.defects.scenes import Scene, Sign
from harness.tests.targets.embedded.driver import DOMAIN, Bench
from harness.xmpp import namespaces as ns
from harness.xmpp.stanza import serialise

SERVICE = f"conference.{DOMAIN}"
ROOM = f"x@{SERVICE}"
FORM = (
    "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
    f"<value>{ns.MUC}#roomconfig</value></field>{{}}</x>"
)
NOBODY = "item-not-found"


def scene(*said: tuple[str, str]) -> Scene:
    """Who says what, one after the other; what each gets, a line for each stanza."""

    async def played(bench: Bench) -> str:
        clients = {name: await bench.login(name) for name in "abc"}
        lines = []
        for who, text in said:
            clients[who].send(text)
            for name in (who, *(set(clients) - {who})):
                for stanza in await clients[name].fence():
                    lines.append(f"{name}: {serialise(stanza).decode()}")
        return "\n".join(lines)

    return played


def enter(nick: str, inner: str = "") -> str:
    return f"<presence to='{ROOM}/{nick}'><x xmlns='{ns.MUC}'>{inner}</x></presence>"


def presence(to: str, attributes: str = "", inner: str = "") -> str:
    return f"<presence to='{to}' {attributes}>{inner}</presence>"


def iq(payload: str, kind: str = "set", to: str = ROOM) -> str:
    return f"<iq type='{kind}' id='q' to='{to}'>{payload}</iq>"


def info(to: str, node: str = "") -> str:
    node = f" node='{node}'" if node else ""
    return iq(f"<query xmlns='{ns.DISCO_INFO}'{node}/>", "get", to)


def settings(**fields: str) -> str:
    values = "".join(
        f"<field var='muc#roomconfig_{name}'><value>{value}</value></field>"
        for name, value in fields.items()
    )
    return iq(f"<query xmlns='{owner.NAMESPACE}'>{FORM.format(values)}</query>")


def change(*items: str, kind: str = "set") -> str:
    inner = "".join(f"<item {item}/>" for item in items)
    return iq(f"<query xmlns='{admin.NAMESPACE}'>{inner}</query>", kind)


def message(inner: str = "<body>hello</body>", to: str = ROOM, kind: str = "groupchat") -> str:
    return f"<message to='{to}' type='{kind}'>{inner}</message>"


def opened(*said: tuple[str, str], **fields: str) -> Scene:
    """In a room of a with these settings."""
    return scene(("a", enter("one")), ("a", settings(**fields)), *said)


def with_b(*said: tuple[str, str], **fields: str) -> Scene:
    """b is in it, too."""
    return opened(("b", enter("two")), *said, **fields)


GONE = "type='unavailable'"
OWNER_QUERY = f"<query xmlns='{owner.NAMESPACE}'>{{}}</query>"
CANCEL = OWNER_QUERY.format("<x xmlns='jabber:x:data' type='cancel'/>")
END = OWNER_QUERY.format("<destroy/>")
ITEMS = iq(f"<query xmlns='{ns.DISCO_ITEMS}'/>", "get", SERVICE)
KICK = "nick='two' role='none'"
B, C, A = (f"jid='{name}@{DOMAIN}'" for name in "bca")
BAN = f"{B} affiliation='outcast'"
FORGED = f"<x xmlns='{ns.MUC_USER}'><status code='999'/></x>"
BOUNCE = f"<error type='cancel'><{NOBODY} xmlns='{ns.STANZAS}'/></error>"
SUBJECT = "<subject>new</subject>"

DISCOVERY = [
    Sign("muc-service-of-gateways", scene(("a", info(SERVICE))), sound="category='conference'"),
    Sign("muc-hidden-listed", opened(("b", ITEMS)), sound=f"jid='{ROOM}'"),
    Sign("muc-kinds-unsaid", opened(("b", info(ROOM))), sound="var='muc_open'"),
    Sign(
        "muc-nodes-unknown",
        opened(("b", info(ROOM, "x-roomuser-item"))),
        sound="<feature-not-implemented ",
        wrong=f"<{NOBODY} ",
    ),
    Sign(
        "muc-outsider-not-acceptable",
        opened(("b", info(f"{ROOM}/one"))),
        sound="<bad-request ",
        wrong="<not-acceptable ",
    ),
]
ENTRY = [
    Sign("muc-self-first", with_b(), sound="b: [^\n]*/one'[^\n]*\nb: [^\n]*/two'"),
    Sign("muc-others-unseen", with_b(), sound="b: [^\n]*/one'"),
    Sign("muc-arrival-untold", with_b(), sound="a: [^\n]*/two'"),
    Sign("muc-self-unmarked", opened(), sound="code='110'", wrong="code='112'"),
    Sign("muc-created-unsaid", opened(), sound="code='201'", wrong="code='202'"),
    Sign("muc-addresses-for-all", with_b(), wrong=f"b: [^\n]*jid='a@{DOMAIN}"),
    Sign("muc-addresses-for-nobody", with_b(whois="anyone"), sound=f"b: [^\n]*jid='a@{DOMAIN}"),
    Sign(
        "muc-any-password",
        with_b(passwordprotectedroom="1", roomsecret="s"),
        sound="<not-authorized ",
        wrong="a: [^\n]*/two'",
    ),
    Sign(
        "muc-members-and-others",
        with_b(membersonly="1"),
        sound="<registration-required ",
        wrong="a: [^\n]*/two'",
    ),
    Sign(
        "muc-banned-let-in",
        opened(("a", change(BAN)), ("b", enter("two"))),
        sound="<forbidden ",
        wrong="a: [^\n]*/two'",
    ),
    Sign(
        "muc-never-locked",
        scene(("a", enter("one")), ("b", enter("two"))),
        sound=f"<{NOBODY} ",
        wrong="a: [^\n]*/two'",
    ),
    Sign(
        "muc-conflict-misnamed",
        opened(("b", enter("one"))),
        sound="<conflict ",
        wrong="<not-acceptable ",
    ),
    Sign("muc-overfull", with_b(maxusers="1"), sound="<service-unavailable "),
    Sign(
        "muc-full-for-owners",
        opened(
            ("b", enter("two")),
            ("a", presence(f"{ROOM}/one", GONE)),
            ("c", enter("three")),
            ("a", enter("one")),
            maxusers="2",
        ),
        wrong="a: [^\n]*<service-unavailable ",
    ),
    Sign("muc-not-again", with_b(("b", enter("two"))), sound="(b: [^\n]*/one'(.|\n)*){2}"),
    Sign("muc-new-name-alone", with_b(("b", presence(f"{ROOM}/three"))), sound="code='303'"),
    Sign(
        "muc-leave-untold",
        with_b(("b", presence(f"{ROOM}/two", GONE))),
        sound="a: <presence [^\n]*type='unavailable'",
    ),
    Sign(
        "muc-room-stays",
        opened(("a", presence(f"{ROOM}/one", GONE)), ("b", info(ROOM))),
        sound=f"b: [^\n]*<{NOBODY} ",
    ),
    Sign(
        "muc-ghosts",
        with_b(("b", presence(f"{ROOM}/one", "type='error'", BOUNCE))),
        sound="code='333'",
    ),
    Sign(
        "muc-said-by-anybody",
        with_b(("b", presence(f"{ROOM}/two", inner=FORGED))),
        wrong="code='999'",
    ),
]
MESSAGES = [
    Sign("muc-not-to-oneself", opened(("a", message())), sound="a: [^\n]*hello"),
    Sign(
        "muc-visitors-heard",
        with_b(("b", message()), moderatedroom="1"),
        sound="b: [^\n]*<forbidden ",
        wrong="a: [^\n]*hello",
    ),
    Sign(
        "muc-outsiders-misled",
        opened(("b", message())),
        sound="<not-acceptable ",
        wrong="<forbidden ",
    ),
    Sign(
        "muc-private-to-all",
        with_b(("c", enter("three")), ("a", message(to=f"{ROOM}/two", kind="chat"))),
        wrong="c: [^\n]*hello",
    ),
    Sign(
        "muc-private-to-nobody",
        opened(("a", message(to=f"{ROOM}/two", kind="chat"))),
        sound=f"a: [^\n]*<{NOBODY} ",
    ),
    Sign(
        "muc-history-anyway",
        opened(("a", message()), ("b", enter("two", "<history maxstanzas='0'/>"))),
        wrong="b: [^\n]*hello",
    ),
    Sign("muc-no-empty-subject", with_b(), sound="b: <message [^\n]*<subject"),
    Sign(
        "muc-subject-undated",
        opened(("a", message(SUBJECT)), ("b", enter("two"))),
        sound="b: [^\n]*new[^\n]*<delay ",
    ),
    Sign(
        "muc-subject-of-anybody",
        with_b(("b", message(SUBJECT))),
        sound="b: [^\n]*<forbidden ",
    ),
    Sign(
        "muc-body-is-subject",
        opened(
            ("a", message(f"{SUBJECT}<body>hello</body>")),
            ("b", enter("two", "<history maxstanzas='0'/>")),
        ),
        wrong="b: [^\n]*<subject>new",
    ),
]
RULES = [
    Sign(
        "muc-kick-told-first",
        opened(("b", enter("two")), ("a", change(KICK))),
        wrong="code='307'[^\n]*\na: <iq [^\n]*type='result'",
    ),
    Sign("muc-kick-without-code", with_b(("a", change(KICK))), sound="code='307'"),
    Sign(
        "muc-kick-higher-misnamed",
        with_b(("a", change(f"{B} affiliation='admin'")), ("b", change("nick='one' role='none'"))),
        sound="b: [^\n]*<not-allowed ",
        wrong="b: [^\n]*<forbidden ",
    ),
    Sign(
        "muc-kick-misnamed",
        with_b(("b", change("nick='one' role='none'"))),
        sound="b: [^\n]*<forbidden ",
        wrong="b: [^\n]*<not-allowed ",
    ),
    Sign(
        "muc-both-at-once",
        with_b(("a", change(f"{BAN} role='none' nick='two'"))),
        sound="<bad-request ",
    ),
    Sign(
        "muc-anybody-bans",
        with_b(("b", change(f"{C} affiliation='outcast'"))),
        sound="b: [^\n]*<forbidden ",
    ),
    Sign(
        "muc-owners-banned",
        with_b(
            ("a", change(f"{B} affiliation='admin'")), ("b", change(f"{A} affiliation='outcast'"))
        ),
        sound="b: [^\n]*<not-allowed ",
    ),
    Sign(
        "muc-ban-of-oneself",
        opened(("a", change(f"{A} affiliation='outcast'"))),
        sound="<conflict ",
    ),
    Sign("muc-banned-stay", with_b(("a", change(BAN))), sound="code='301'"),
    Sign(
        "muc-first-ban-alone",
        opened(
            ("a", change(BAN, f"{C} affiliation='outcast'")),
            ("a", change("affiliation='outcast'", kind="get")),
        ),
        sound=f"jid='c@{DOMAIN}'",
    ),
    Sign(
        "muc-ban-list-empty",
        opened(("a", change(BAN)), ("a", change("affiliation='outcast'", kind="get"))),
        sound=f"jid='b@{DOMAIN}'",
    ),
    Sign(
        "muc-cancel-ignored",
        scene(("a", enter("one")), ("a", iq(CANCEL))),
        sound="a: <presence [^\n]*type='unavailable'",
    ),
    Sign(
        "muc-form-misnamed",
        opened(("b", iq(END))),
        sound="<forbidden ",
        wrong="<not-allowed ",
    ),
    Sign(
        "muc-nobody-taken-out",
        with_b(("a", settings(membersonly="1"))),
        sound="code='322'",
    ),
    Sign("muc-settings-untold", with_b(("a", settings(whois="anyone"))), sound="code='172'"),
    Sign("muc-end-untold", with_b(("a", iq(END))), sound="<destroy"),
]
SIGNS = [*DISCOVERY, *ENTRY, *MESSAGES, *RULES]
