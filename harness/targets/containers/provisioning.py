"""Accounts and rosters for a server in a container, by what is quickest there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.targets.containers.configuration import readable
from harness.targets.containers.engine import Project
from harness.targets.containers.images import SHARE, Image
from harness.targets.ejabberd import provisioning as ejabberd
from harness.targets.local import DOMAIN, RosterChange
from harness.targets.prosody import provisioning as prosody
from harness.targets.verifier import Verifier


class _Ctl:
    """ejabberd's commands through ejabberdctl, each a program of its own."""

    def __init__(self, project: Project, share: Path) -> None:
        self._project, self._share = project, share

    def call(self, command: str, **arguments: str) -> object:
        """Run it; a file of ours is read where the container sees it."""
        readable(self._share)
        words = [value.replace(str(self._share), SHARE) for value in arguments.values()]
        self._project.execute("ejabberdctl", command, *words)
        return ""


def write(
    image: Image,
    project: Project,
    share: Path,
    users: Sequence[str],
    verifier: Verifier,
    changes: Sequence[RosterChange],
) -> None:
    """Give the running server these. Raises HarnessError where that is not known how: accounts are
    registered in-band then."""
    if not users and not changes:
        return
    if image.name == "ejabberd":
        ctl = _Ctl(project, share)
        ejabberd.add_accounts(ctl, share, DOMAIN, users, verifier)
        ejabberd.change_rosters(ctl, share, DOMAIN, changes)
    elif image.name == "prosody":
        data = share / "import"
        data.mkdir()
        try:
            prosody.change_rosters(data, DOMAIN, changes)
            prosody.add_accounts(data, DOMAIN, users, verifier)
            readable(share)
            copy = ("cp", "-r", f"{SHARE}/import/.", "/var/lib/prosody/data/")
            project.execute("mkdir", "-p", "/var/lib/prosody/data", user="prosody")
            project.execute(*copy, user="prosody")
        finally:
            shutil.rmtree(data)
    else:
        raise HarnessError(f"no faster way is known for the image of {image.title}")
