"""Answers as docker does, and runs Prosody behind the published ports in place of a container.

FAKE_DOCKER is a directory: `calls` records each command line, `mode` says what is to go wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

ROOM = Path(os.environ["FAKE_DOCKER"])
ARGUMENTS = sys.argv[1:]
MODE = (ROOM / "mode").read_text() if (ROOM / "mode").exists() else ""
PID, DATA = ROOM / "pid", "/var/lib/prosody"


def fail(text: str) -> None:
    print(text, file=sys.stderr)
    sys.exit(1)


def service() -> tuple[Path, dict]:
    file = Path(ARGUMENTS[ARGUMENTS.index("--file") + 1])
    return file.parent, YAML(typ="safe").load(file.read_text())["services"]["prosody"]


def up() -> None:
    if MODE == "port":
        fail("Bind for 127.0.0.1:5222 failed: port is already allocated")
    home, about = service()
    root = home / "root"
    root.mkdir(exist_ok=True)
    text = (home / "share/prosody.cfg.lua").read_text().replace("0.0.0.0", "127.0.0.1")
    for words in about["ports"]:
        _, outside, inside = words.split(":")
        text = text.replace(f"{{ {inside} }}", f"{{ {outside} }}")
    for kind in ("crt", "key"):
        shutil.copy(home / f"share/bench.test.{kind}", root)
    shutil.copytree(home / "share/plugins", root / "plugins", dirs_exist_ok=True)
    text = text.replace(DATA, str(root)).replace("run_as_root = false", "run_as_root = true")
    (root / "prosody.cfg.lua").write_text(text if MODE != "exits" else "this is no configuration")
    with (ROOM / "log").open("wb") as log:
        server = subprocess.Popen(
            ["prosody", "--config", str(root / "prosody.cfg.lua"), "-F"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    PID.write_text(str(server.pid))
    if MODE == "exits":
        server.wait(20)


def running() -> bool:
    try:
        return Path(f"/proc/{PID.read_text()}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def down() -> None:
    if running():
        os.kill(int(PID.read_text()), signal.SIGTERM)
    PID.unlink(missing_ok=True)


def compose(verb: str) -> None:
    if verb == "up":
        up()
    elif verb == "down":
        down()
    elif verb == "ps":
        print("0123456789abcdef")
    elif verb == "logs":
        print((ROOM / "log").read_text(), end="")
    elif verb == "exec":
        home, _ = service()
        words = ARGUMENTS[ARGUMENTS.index("prosody", ARGUMENTS.index("exec") + 4) + 1 :]
        places = {"/harness": home / "share", DATA: home / "root"}
        for inside, outside in places.items():
            words = [word.replace(inside, str(outside)) for word in words]
        sys.exit(subprocess.run(words).returncode)


with (ROOM / "calls").open("a") as calls:
    calls.write(json.dumps(ARGUMENTS) + "\n")
if ARGUMENTS[:2] == ["compose", "version"]:
    sys.exit(MODE == "no-compose")
elif ARGUMENTS[0] == "compose":
    compose(next(w for w in ("up", "down", "ps", "logs", "exec", "restart") if w in ARGUMENTS))
elif ARGUMENTS[0] == "version":
    if MODE == "no-daemon":
        fail("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
    print("28.2.2")
elif ARGUMENTS[:2] == ["image", "inspect"]:
    sys.exit(1)
elif ARGUMENTS[0] == "pull":
    if MODE == "no-pull":
        fail("Error response from daemon: manifest unknown")
elif ARGUMENTS[0] == "inspect":
    alive = running()
    pid = int(PID.read_text()) if alive else 0
    print(json.dumps({"Running": alive, "Pid": pid, "ExitCode": 0 if alive else 1}))
