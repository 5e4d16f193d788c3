"""The configuration of a private Tigase for measurements: no throttles, loopback only."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from harness.targets.process import LOOPBACK

# Left at their defaults, these decide a load test: 2,500 packets a minute for each connection, 200
# new connections a second (50 on the port for direct TLS). Accounts are written with what
# SCRAM-SHA-1 needs, so the other mechanisms that it would offer are left out.
_TEMPLATE = Template("""\
'config-type' = 'default'
'default-virtual-host' = '$domain'
admins = [ 'admin@$domain' ]
dataSource () {
    default () {
        uri = 'jdbc:derby:$database;create=true'
    }
}
c2s () {
    trafficThrottling = 'xmpp:0:0:disc,bin:0:0:disc'
    seeOtherHost (active: false) {}
    connections () {
        ports = [ $c2s, $tls ]
        $c2s () {
            ifc = [ '$interface' ]
            socket = 'plain'
            'new-connections-throttling' = 100000L
        }
        $tls () {
            ifc = [ '$interface' ]
            socket = 'ssl'
            'new-connections-throttling' = 100000L
        }
    }
}
s2s (active: false) {}
bosh (active: false) {}
ws2s (active: false) {}
http (active: false) {}
'vhost-man' () {
    defaults () {
        'vhost-tls-required' = false
        'vhost-register-enabled' = true
        'vhost-disable-dns-check' = true
    }
}
'sess-man' () {
    'sasl-provider' () {
        'mechanism-selector' () {
            'allowed-mechanisms' = [ 'PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS' ]
        }
    }
    'jabber:iq:register' () {
        emailRequired = false
        captchaRequired = false
    }
}
""")
DATABASE = "tigasedb"


def text(*, domain: str, ports: Mapping[str, int], interface: str = LOOPBACK) -> str:
    """The whole etc/config.tdsl."""
    return _TEMPLATE.substitute(ports, domain=domain, database=DATABASE, interface=interface)
