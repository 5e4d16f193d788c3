"""The configuration of a private ejabberd for measurements: no throttle, an archive if asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

from harness.targets.process import LOOPBACK

# The HTTP API, which may do anything, listens on a unix socket in our private directory; on the
# loopback port are only the transports that clients use. Uploads (XEP-0363) come there as from a
# proxy that has taken TLS off; the URLs are those of the proxy, which there is not.
_TEMPLATE = Template("""\
hosts:
  - $domain
loglevel: warning
log_rotate_count: 0
ca_file: "$directory/ca.pem"
certfiles:
  - "$certificate"
acme:
  auto: false
listen:
  -
    port: $c2s
    ip: "$interface"
    module: ejabberd_c2s
    starttls: true
    max_stanza_size: 1048576
    shaper: none
    access: all
    backlog: 4096
  -
    port: $tls
    ip: "$interface"
    module: ejabberd_c2s
    tls: true
    max_stanza_size: 1048576
    shaper: none
    access: all
    backlog: 4096
  -
    port: $http
    ip: "$interface"
    module: ejabberd_http
    request_handlers:
      /ws: ejabberd_http_ws
      /bosh: mod_bosh
      /upload: mod_http_upload
  -
    port: "unix:$socket"
    module: ejabberd_http
    request_handlers:
      /api: mod_http_api
s2s_access: none
auth_method: [internal]
auth_password_format: scram
auth_scram_hash: sha
disable_sasl_mechanisms: [X-OAUTH2, DIGEST-MD5]
cache_size: 200000
registration_timeout: infinity
acl:
  admin:
    user: admin
access_rules:
  configure:
    allow: admin
shaper_rules:
  max_user_sessions: infinity
  max_user_offline_messages: infinity
api_permissions:
  harness:
    from: [mod_http_api]
    who: all
    what: "*"
modules:
  mod_adhoc: {}
  mod_admin_extra: {}
  mod_blocking: {}
  mod_bosh: {}
  mod_caps: {}
  mod_carboncopy: {}
  mod_client_state: {}
  mod_configure: {}
  mod_disco: {}
  mod_http_api: {}
  mod_http_upload:
    access: all
    docroot: "$directory/upload"
    put_url: "https://upload.@HOST@/upload"
  mod_last: {}
$archive  mod_muc:
    access_create: all
    max_users: 100000
    max_user_conferences: 100000
    min_message_interval: 0
    min_presence_interval: 0
    default_room_options:
      max_users: 100000
  mod_muc_admin: {}
  mod_offline:
    access_max_user_messages: max_user_offline_messages
  mod_ping: {}
  mod_privacy: {}
  mod_private: {}
  mod_pubsub:
    access_createnode: all
    plugins: [flat, pep]
  mod_register:
    access: all
    ip_access: all
    captcha_protected: false
    password_strength: 0
    welcome_message: {}
  mod_roster:
    versioning: true
  mod_stream_mgmt:
    resend_on_timeout: if_offline
  mod_time: {}
  mod_vcard:
    search: false
  mod_version: {}
""")

_ARCHIVE = """\
  mod_mam:
    assume_mam_usage: true
    default: always
"""


def text(
    *,
    domain: str,
    directory: Path,
    certificate: Path,
    socket: Path,
    ports: Mapping[str, int],
    archive: bool,
    interface: str = LOOPBACK,
) -> str:
    """The whole ejabberd.yml. `certificate` holds key and chain; `socket` is the API's."""
    return _TEMPLATE.substitute(
        ports,
        interface=interface,
        domain=domain,
        directory=directory,
        certificate=certificate,
        socket=socket,
        archive=_ARCHIVE if archive else "",
    )
