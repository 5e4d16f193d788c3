"""tsung on the same server and load, measured from outside through psutil.

tsung takes any packet for the answer that it waits for, so that its login outruns a server that
splits an answer in two; a pause after each step of the login keeps it honest. A run in which it
lost connections does not count.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from string import Template

import psutil

from harness.errors import HarnessError

_SETTLE = 6  # seconds of silence between the last login and the first message
_ARRIVALS = 50  # logins per second
_CONFIG = Template("""<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "$dtd">
<tsung loglevel="notice" version="1.0">
  <clients><client host="localhost" use_controller_vm="true" maxusers="30000"/></clients>
  <servers><server host="$host" port="$port" type="tcp"/></servers>
  <load><arrivalphase phase="1" duration="600" unit="second">
    <users maxnumber="$users" arrivalrate="$arrivals" unit="second"/></arrivalphase></load>
  <options>
    <option type="ts_jabber" name="global_number" value="$users"/>
    <option type="ts_jabber" name="userid_max" value="0"/>
    <option type="ts_jabber" name="domain" value="$domain"/>
    <option name="file_server" id="accounts" value="$accounts"/>
  </options>
  <sessions><session probability="100" name="chat" type="ts_jabber">
    <setdynvars sourcetype="file" fileid="accounts" delimiter="," order="iter">
      <var name="user"/><var name="password"/></setdynvars>
    <request subst="true"><jabber type="connect" ack="local">
      <xmpp_authenticate username="%%_user%%" passwd="%%_password%%"/></jabber></request>
    <thinktime value="1"/>
    <request><jabber type="auth_sasl" ack="local"/></request>
    <thinktime value="1"/>
    <request><jabber type="connect" ack="local"/></request>
    <thinktime value="1"/>
    <request><jabber type="auth_sasl_bind" ack="local"/></request>
    <thinktime value="1"/>
    <request><jabber type="iq:roster:get" ack="local"/></request>
    <request><jabber type="presence:initial" ack="no_ack"/></request>
    <thinktime value="$idle"/>
    <for from="1" to="$messages" var="i">
      <request><jabber type="chat" ack="no_ack" size="64" destination="online"/></request>
      <thinktime value="$pause" random="false"/>
    </for>
    <request><jabber type="close" ack="no_ack"/></request>
  </session></sessions>
</tsung>
""")
_DTDS = ("/usr/share/tsung/tsung-1.0.dtd", "/usr/local/share/tsung/tsung-1.0.dtd")


@dataclass(frozen=True)
class Server:
    """Where tsung connects, and a CSV file of accounts."""

    host: str
    port: int
    domain: str
    accounts: Path


@dataclass(frozen=True)
class Totals:
    """CPU seconds and memory (KB) of tsung's processes."""

    cpu_logged_in_s: float  # from its start until everybody is in
    cpu_messages_s: float  # from then to the end
    rss_logged_in_kb: float


def run(users: int, messages: int, rate: float, server: Server, directory: Path) -> Totals:
    """`users` log in, each sends `messages` at such a pace that all send `rate` a second.

    Raises HarnessError when tsung lost connections.
    """
    directory.mkdir(parents=True)
    arriving = users / _ARRIVALS + 6
    config = directory / "tsung.xml"
    config.write_text(
        _CONFIG.substitute(
            dtd=next((dtd for dtd in _DTDS if Path(dtd).exists()), _DTDS[0]),
            host=server.host,
            port=server.port,
            domain=server.domain,
            accounts=server.accounts,
            users=users,
            arrivals=_ARRIVALS,
            idle=round(arriving + _SETTLE),
            messages=messages,
            pause=users / rate,
        )
    )
    command = ["tsung", "-f", str(config), "-l", str(directory / "log"), "start"]
    with (directory / "out").open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        # Everybody is in and idle a moment before the first of them begins to send.
        logged_in, rss = _meter(child, arriving + _SETTLE - 1)
        total, _ = _meter(child, 3600)
    _check(directory, users)
    return Totals(logged_in, total - logged_in, rss)


def _meter(child: subprocess.Popen[bytes], seconds: float) -> tuple[float, float]:
    """CPU and memory of the process tree after so many seconds, or at its end."""
    cpu, rss, deadline = 0.0, 0.0, time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.2)  # a sampling interval
        used, memory = _usage(child.pid)
        cpu, rss = max(cpu, used), memory or rss
    return cpu, rss


def _usage(pid: int) -> tuple[float, float]:
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0.0, 0.0
    cpu, rss = 0.0, 0.0
    for process in family:
        try:
            times = process.cpu_times()
            cpu += times.user + times.system
            rss += process.memory_info().rss / 1024
        except psutil.Error:
            continue
    return cpu, rss


def _check(directory: Path, users: int) -> None:
    logs = sorted((directory / "log").glob("*/tsung.log"))
    if not logs:
        raise HarnessError(f"tsung wrote no log; its output is in {directory / 'out'}")
    text = logs[-1].read_text(errors="replace")
    connects = [int(line.split()[-1]) for line in re.findall(r"stats: connect .*", text)]
    if not connects or connects[-1] != users or "error_" in text:
        raise HarnessError(f"tsung lost connections, so this run says nothing; see {logs[-1]}")
