"""The configuration of a private Prosody for measurements: no limits, no archive unless asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

from harness.targets.process import LOOPBACK

# Neither `mam`, unless asked for, nor `muc_mam` nor `limits` is loaded: each of them decides the
# throughput.
#
# Lua's garbage collector has the settings that Prosody comes with (incremental, threshold 105,
# speed 500). They spend CPU and latency to save memory, the more the bigger the heap, and decide
# what the tail of the latencies looks like: 2,000 users who send 500 messages a second see 50 ms
# at p90 and 90 ms at p99, against 1.4 and 6 ms with a collector that hardly runs (threshold 1000:
# half the CPU, 2.5 times the memory). With `mode = "generational"` p90 is 1.5 ms, but now and
# then a pause takes 100 ms or more. Nagle's algorithm (`nagle`) makes no difference. A choice
# between memory and pauses is a property of the server, so it stays as it comes.
#
# Uploads (XEP-0363) come to the port for HTTP as from a proxy that has taken TLS off; the URLs are
# those of the proxy, which there is not. The limits of size and of a day are Prosody's own.
_TEMPLATE = Template("""\
run_as_root = $as_root
pidfile = "$directory/prosody.pid"
data_path = "$directory/data"
certificates = "$directory"
plugin_paths = { "$directory/plugins" }
interfaces = { "$interface" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { $c2s }
c2s_direct_tls_ports = { $tls }
s2s_ports = {}
s2s_direct_tls_ports = {}
http_ports = { $http }
http_interfaces = { "$interface" }
https_ports = {}
http_default_host = "$domain"
component_ports = {}
network_backend = "epoll"
network_settings = { tcp_backlog = 4096 }
admins = { "admin@$domain" }
modules_enabled = {
  "disco"; "roster"; "saslauth"; "tls"; "blocklist"; "bookmarks"; "carbons";
  "pep"; "private"; "smacks"; "vcard4"; "vcard_legacy"; "csi_simple";
  "ping"; "register"; "time"; "uptime"; "version"; "admin_adhoc"; "admin_shell";
  "posix"; "http_openmetrics"; "bosh"; "websocket"; "$plugin";$archive
}
modules_disabled = { "s2s" }
admin_socket = "$directory/admin.sock"
authentication = "internal_hashed"
default_iteration_count = $iterations
storage = "internal"
archive_expires_after = "never"
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_bosh_secure = true
consider_websocket_secure = true
c2s_stanza_size_limit = 1024*1024
statistics = "internal"
statistics_interval = "manual"
openmetrics_allow_ips = { "127.0.0.1" }
log = { { levels = { min = "warn" }, to = "file", filename = "$directory/prosody.log" } }
VirtualHost "$domain"
Component "conference.$domain" "muc"
  restrict_room_creation = false
Component "upload.$domain" "http_file_share"
  http_external_url = "https://upload.$domain/"
""")

# Metrics of its own page.
CONNECTIONS = "prosody_mod_c2s__connections"
ROOMS = "prosody_mod_muc__live_room"

PLUGIN = "harness_rosters"
SIGNAL_FILE = "rosters-changed"

# Prosody keeps rosters of accounts that are offline in memory. When their files are rewritten
# under it, a reload (SIGHUP) makes it forget them; it removes our file to say that it has.
_PLUGIN = Template("""\
module:hook_global("config-reloaded", function ()
	prosody.hosts[module.host].roster_cache = nil;
	os.remove("$file");
end);
""")


def text(
    *,
    domain: str,
    directory: Path,
    ports: Mapping[str, int],
    iterations: int,
    as_root: bool,
    archive: bool,
    interface: str = LOOPBACK,
) -> str:
    """The whole prosody.cfg.lua; certificates are found in `directory` by the domain's name."""
    return _TEMPLATE.substitute(
        ports,
        interface=interface,
        domain=domain,
        directory=directory,
        iterations=iterations,
        as_root="true" if as_root else "false",
        plugin=PLUGIN,
        archive=' "mam";' if archive else "",
    )


def plugin(directory: Path) -> str:
    """The source of the module that forgets rosters which we have rewritten."""
    return _PLUGIN.substitute(file=directory / SIGNAL_FILE)
