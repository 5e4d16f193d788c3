"""The configuration of a private jabberd2 for measurements: no limits, one database.

Each process runs in a directory of its own; the paths in its files are relative to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Template

DATABASE = "jabberd2.sqlite"

# The session manager's modules for each event, in the order in which they are asked. Of the
# package's own choice are left out those that keep a record of presence, make announcements,
# answer for an absent user and fill new rosters.
_CHAINS: Mapping[str, Sequence[str]] = {
    "sess-end": ["iq-last"],
    "in-sess": [
        *("validate", "privacy", "roster", "iq-vcard", "iq-ping", "iq-private", "disco", "amp"),
        *("offline", "presence", "deliver"),
    ],
    "in-router": ["session", "validate", "presence", "privacy"],
    "out-router": ["privacy"],
    "pkt-sm": ["iq-last", "iq-ping", "iq-time", "iq-version", "amp", "disco", "presence"],
    "pkt-user": ["roster", "presence", "disco", "iq-vcard", "amp", "deliver", "offline", "iq-last"],
    "pkt-router": ["session", "disco"],
    "user-load": ["active", "roster", "privacy"],
    "user-create": ["active"],
    "user-delete": ["active", "offline", "privacy", "roster", "iq-last", "iq-private", "iq-vcard"],
    "disco-extend": ["iq-version"],
}

# The filter file has no rules: without one, the router would read the system's.
_ROUTER = Template("""\
<router>
  <local>
    <ip>127.0.0.1</ip>
    <port>$router</port>
    <users>users.xml</users>
  </local>
  <aci>
    <acl type='all'><user>jabberd</user></acl>
    <filter>filter.xml</filter>
  </aci>
</router>
""")

_USERS = Template("""\
<users>
  <user><name>jabberd</name><secret>$secret</secret></user>
</users>
""")

_TO_ROUTER = """\
  <router>
    <ip>127.0.0.1</ip>
    <port>$router</port>
    <user>jabberd</user>
    <pass>$secret</pass>
  </router>
"""

_SQLITE = f"""\
    <sqlite>
      <dbname>../{DATABASE}</dbname>
      <sql>PRAGMA synchronous = NORMAL;</sql>
      <busy-timeout>10000</busy-timeout>
    </sqlite>
"""

_SM = Template(f"""\
<sm>
{_TO_ROUTER}
  <local><id>$domain</id></local>
  <storage>
    <driver>sqlite</driver>
{_SQLITE}
  </storage>
  <modules>
$chains
  </modules>
</sm>
""")

# Which mechanisms hold for TLS: those of `ssl-mechanisms` and the others as well.
_C2S = Template(f"""\
<c2s>
{_TO_ROUTER}
  <local>
    <id register-enable='yes' pemfile='../$certificate'>$domain</id>
    <ip>127.0.0.1</ip>
    <port>$c2s</port>
    <ssl-port>$tls</ssl-port>
    <pemfile>../$certificate</pemfile>
  </local>
  <io>
    <max_fds>65536</max_fds>
    <limits><stanzasize>1048576</stanzasize></limits>
  </io>
  <authreg>
    <module>sqlite</module>
    <mechanisms><sasl><plain/><digest-md5/><scram-sha-1/></sasl></mechanisms>
    <ssl-mechanisms><sasl><external/></sasl></ssl-mechanisms>
{_SQLITE}
  </authreg>
</c2s>
""")


def files(
    *, domain: str, certificate: str, ports: Mapping[str, int], secret: str
) -> dict[str, str]:
    """The content of every file by its path.

    `certificate` is the path of the file of key and chain; with `secret` the processes know
    each other.
    """
    values = {**ports, "domain": domain, "certificate": certificate, "secret": secret}
    chains = "\n".join(_chain(event, modules) for event, modules in _CHAINS.items())
    return {
        "router/router.xml": _ROUTER.substitute(values),
        "router/users.xml": _USERS.substitute(values),
        "router/filter.xml": "<filter/>\n",
        "sm/sm.xml": _SM.substitute(values, chains=chains),
        "c2s/c2s.xml": _C2S.substitute(values),
    }


def _chain(event: str, modules: Sequence[str]) -> str:
    names = "".join(f"<module>{module}</module>" for module in modules)
    return f"    <chain id='{event}'>{names}</chain>"
