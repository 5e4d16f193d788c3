"""The public images that servers run from: names, limits, and how each wants to be started.

A variable such as XMPP_IMAGE_EJABBERD names another image of the same server.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import HarnessError
from harness.targets.local import DOMAIN

SHARE = "/harness"  # our files in the container, which cannot be written there
PORTS = {"c2s": 5222, "tls": 5223, "http": 5280, "admin": 9090}
_OPENS_5222 = ("CMD", "bash", "-c", ": </dev/tcp/127.0.0.1/5222")
_OPENFIRE = (
    "set -e; data=/var/lib/openfire; home=/usr/local/openfire; mkdir -p $data; "
    "if [ ! -d $data/conf ]; then "
    "cp -a $home/conf_org $data/conf; cp -a $home/plugins_org $data/plugins; "
    "cp -a $home/resources/security_org $data/conf/security; "
    f"cp {SHARE}/openfire.xml $data/conf/openfire.xml; "
    f"cp {SHARE}/keystore $data/conf/security/keystore; fi; exec /sbin/entrypoint.sh"
)
_TIGASE = (
    f"set -e; cp {SHARE}/config.tdsl etc/config.tdsl; mkdir -p certs; "
    f"cp {SHARE}/{DOMAIN}.pem certs/{DOMAIN}.pem; "
    "java -cp 'jars/*' tigase.db.util.SchemaManager install-schema -T derby -D tigasedb "
    f'-H localhost -J admin@{DOMAIN} -N "$(cat {SHARE}/admin)"; '
    "exec java -Xmx1g -cp 'jars/*' tigase.server.XMPPServer"
)


class Image(msgspec.Struct, frozen=True):
    """One server's image. `mounts` are file names of ours -> paths in the container; all of our
    files are at `SHARE` besides. `volumes` are what the server writes."""

    name: str  # the target's
    title: str
    pinned: str
    health: tuple[str, ...]
    mounts: dict[str, str] = {}
    volumes: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    directory: str | None = None  # the one to start in
    ports: tuple[str, ...] = ("c2s", "tls")
    memory: str = "2g"
    pids: int = 4096
    differences: tuple[str, ...] = ()
    archive: bool = False  # whether our configuration can switch it on
    offers_plain_text: bool = True  # accepts clients without TLS
    warm_up_logins: int = 0  # before a load, as for the server's private instance

    @property
    def variable(self) -> str:
        """The variable of the environment that names another image."""
        return f"XMPP_IMAGE_{self.name.upper()}"

    @property
    def reference(self) -> str:
        """The image to run."""
        return os.environ.get(self.variable) or self.pinned


IMAGES = {
    image.name: image
    for image in (
        Image(
            name="ejabberd",
            title="ejabberd",
            pinned="ghcr.io/processone/ejabberd:23.01",
            mounts={"ejabberd.yml": "/opt/ejabberd/conf/ejabberd.yml"},
            volumes=("/opt/ejabberd/database",),
            health=("CMD", "ejabberdctl", "status"),
            environment={"ERLANG_NODE_ARG": "ejabberd@localhost", "ERL_MAX_PORTS": "65536"},
            ports=("c2s", "tls", "http"),
            archive=True,
        ),
        Image(
            name="prosody",
            title="Prosody",
            pinned="prosody/prosody:0.12",
            mounts={
                "prosody.cfg.lua": "/etc/prosody/prosody.cfg.lua",
                "plugins": "/var/lib/prosody/plugins",
                f"{DOMAIN}.crt": f"/var/lib/prosody/{DOMAIN}.crt",
                f"{DOMAIN}.key": f"/var/lib/prosody/{DOMAIN}.key",
            },
            health=_OPENS_5222,
            command=("prosody", "-F"),
            ports=("c2s", "tls", "http"),
            archive=True,
        ),
        Image(
            name="openfire",
            title="Openfire",
            pinned="ghcr.io/igniterealtime/openfire:v5.0.2",
            volumes=("/var/lib/openfire",),
            health=_OPENS_5222,
            entrypoint=("bash", "-c", _OPENFIRE),
            ports=("c2s", "tls", "admin"),
            differences=("no message archive",),
            warm_up_logins=300,
        ),
        Image(
            name="tigase",
            title="Tigase",
            pinned="tigase/tigase-xmpp-server:8.3.1",
            health=_OPENS_5222,
            entrypoint=("bash", "-c", _TIGASE),
            directory="/home/tigase/tigase-server",
            differences=("TLS is required on every connection", "no message archive"),
            offers_plain_text=False,
            warm_up_logins=300,
        ),
        Image(
            name="mongooseim",
            title="MongooseIM",
            pinned="mongooseim/mongooseim:6.1.0",
            mounts={"mongooseim.toml": "/usr/lib/mongooseim/etc/mongooseim.toml"},
            environment={"JOIN_CLUSTER": "false"},
            health=("CMD", "/usr/lib/mongooseim/bin/mongooseimctl", "status"),
            differences=("no message archive",),
        ),
    )
}


def image(name: str) -> Image:
    """The image of that target. Raises HarnessError when there is none."""
    if name not in IMAGES:
        raise HarnessError(
            f"{name} has no container image: --via docker runs {', '.join(sorted(IMAGES))}"
        )
    return IMAGES[name]


def mounts(one: Image, share: Path) -> Sequence[tuple[Path, str]]:
    """Each of our files on this machine, and where it is in the container."""
    return [(share, SHARE), *((share / name, place) for name, place in one.mounts.items())]
