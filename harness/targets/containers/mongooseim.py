"""The configuration of MongooseIM, which runs from its image only."""

from __future__ import annotations

from pathlib import Path
from string import Template

from harness.targets.containers.images import PORTS

_TEMPLATE = Template("""\
[general]
  loglevel = "warning"
  hosts = ["$domain"]
  default_server_domain = "$domain"

[[listen.c2s]]
  port = $c2s
  access = "c2s"
  shaper = "none"
  max_stanza_size = 1048576
  tls.mode = "starttls"
  tls.certfile = "$certificate"
  tls.verify_mode = "none"

[[listen.c2s]]
  port = $tls
  access = "c2s"
  shaper = "none"
  max_stanza_size = 1048576
  tls.mode = "tls"
  tls.certfile = "$certificate"
  tls.verify_mode = "none"

[auth]
  methods = ["internal"]
  sasl_mechanisms = ["plain", "scram_sha1"]

[auth.password]
  format = "scram"
  hash = ["sha"]

[auth.internal]

[internal_databases.mnesia]

[acl]
  local = [{}]

[access]
  c2s = [{acl = "all", value = "allow"}]
  register = [{acl = "all", value = "allow"}]
  max_user_offline_messages = [{acl = "all", value = 1000000}]

[modules.mod_disco]

[modules.mod_offline]
  access_max_user_messages = "max_user_offline_messages"

[modules.mod_presence]

[modules.mod_register]
  access = "register"
  welcome_message = {body = "", subject = ""}

[modules.mod_roster]
  versioning = true

[modules.mod_stream_management]
""")


def text(domain: str, certificate: Path) -> str:
    """The whole mongooseim.toml. `certificate` holds key and chain, as the container sees it."""
    return _TEMPLATE.substitute(PORTS, domain=domain, certificate=certificate)
