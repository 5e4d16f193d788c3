"""The files that a container is given: the configuration that private instances run with, with the
paths and ports of the image."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.targets.certificates import Certificates
from harness.targets.containers import mongooseim
from harness.targets.containers.images import PORTS, SHARE, Image
from harness.targets.ejabberd import config as ejabberd
from harness.targets.local import DOMAIN
from harness.targets.openfire import config as openfire
from harness.targets.prosody import config as prosody
from harness.targets.tigase import as_pkcs8
from harness.targets.tigase import config as tigase

_EVERY = "0.0.0.0"
_PROSODY = Path("/var/lib/prosody")


def write(
    one: Image, share: Path, files: Certificates, *, archive: bool, iterations: int, password: str
) -> None:
    """Write them to `share`, which the container sees at `SHARE`. `password` is the
    administrator's, where the server has one.

    The server runs as a user of its own, so everything is readable; `share` has to lie in a
    directory that only we may enter.
    """
    inside = Path(SHARE)
    share.mkdir(mode=0o755)
    for file in (files.ca, files.chain, files.key, files.bundle):
        shutil.copyfile(file, share / file.name)
    if one.name == "ejabberd":
        (share / "ejabberd.yml").write_text(
            ejabberd.text(
                domain=DOMAIN,
                directory=inside,
                certificate=inside / files.bundle.name,
                socket=Path("/tmp/api.sock"),
                ports=PORTS,
                archive=archive,
                interface=_EVERY,
            )
        )
    elif one.name == "prosody":
        (share / "plugins").mkdir()
        (share / "plugins" / f"mod_{prosody.PLUGIN}.lua").write_text(prosody.plugin(_PROSODY))
        (share / "prosody.cfg.lua").write_text(
            prosody.text(
                domain=DOMAIN,
                directory=_PROSODY,
                ports=PORTS,
                iterations=iterations,
                as_root=False,
                archive=archive,
                interface=_EVERY,
            )
        )
    elif one.name == "openfire":
        setup = openfire.setup(domain=DOMAIN, ports=PORTS, password=password, interface=_EVERY)
        (share / "openfire.xml").write_text(setup)
        openfire.keystore(files, DOMAIN, share / "keystore")
    elif one.name == "tigase":
        (share / "config.tdsl").write_text(
            tigase.text(domain=DOMAIN, ports=PORTS, interface=_EVERY)
        )
        chain = files.chain.read_bytes() + files.ca.read_bytes()
        (share / files.bundle.name).write_bytes(chain + as_pkcs8(files.key))
        (share / "admin").write_text(password)
    else:
        (share / "mongooseim.toml").write_text(mongooseim.text(DOMAIN, inside / files.bundle.name))
    readable(share)


def readable(share: Path) -> None:
    """Let the server's own user read everything in it."""
    for path in (share, *share.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
