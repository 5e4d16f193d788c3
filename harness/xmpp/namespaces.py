"""XML namespaces and the qualified names built from them, in ElementTree's {uri}local form."""

STREAM = "http://etherx.jabber.org/streams"
CLIENT = "jabber:client"
SERVER = "jabber:server"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SESSION = "urn:ietf:params:xml:ns:xmpp-session"
STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"  # stream error conditions
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"  # stanza error conditions
ROSTER = "jabber:iq:roster"
ROSTER_VERSIONS = "urn:xmpp:features:rosterver"
PING = "urn:xmpp:ping"
VERSION = "jabber:iq:version"
CHANNEL_BINDING = "urn:xmpp:sasl-cb:0"
XML = "http://www.w3.org/XML/1998/namespace"

MESSAGE = f"{{{CLIENT}}}message"
PRESENCE = f"{{{CLIENT}}}presence"
IQ = f"{{{CLIENT}}}iq"
BODY = f"{{{CLIENT}}}body"
ERROR = f"{{{CLIENT}}}error"
LANG = f"{{{XML}}}lang"
