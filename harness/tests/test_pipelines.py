"""The files in ci/: valid by their systems' schemas and grammars, and what they run does its work:
green on a sound server, red on a planted defect and on a limit that is breached."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_groovy
from ruamel.yaml import YAML

CI = Path(__file__).parents[2] / "ci"
BIN = Path(sys.executable).parent
QUICK = {
    "XMPP_GATE_SELECT": "stream-attribute-response-id",
    "XMPP_GATE_EFFORT": "dev",
    "XMPP_GATE_USERS": "10",
    "XMPP_GATE_RATE": "20",
    "XMPP_GATE_DURATION": "3",
}
SCHEMAS = {
    "github/action.yml": "github-actions",
    "github/workflow.yml": "github-workflows",
    "gitlab.yml": "gitlab-ci",
    "compose.yaml": "compose-spec",
}


LONG = {  # enough for a comparison, of which the figures of so short runs are no matter here
    "XMPP_GATE_RATE": "100",
    "XMPP_GATE_DURATION": "12",
    "XMPP_GATE_TOLERANCE": "10000",
}


def read(name):
    return YAML(typ="safe").load((CI / name).read_text())


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema(name):
    schema = f"vendor.{SCHEMAS[name]}"
    command = [BIN / "check-jsonschema", "--builtin-schema", schema, CI / name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_schemas_find_what_is_wrong(tmp_path):
    broken = tmp_path / "action.yml"
    broken.write_text((CI / "github/action.yml").read_text().replace("using:", "usign:"))
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-actions", broken]
    assert subprocess.run(command, capture_output=True).returncode == 1


def test_jenkinsfile_is_groovy():
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
    text = (CI / "Jenkinsfile").read_bytes()
    assert not parser.parse(text).root_node.has_error
    assert parser.parse(text.replace(b"}", b"", 1)).root_node.has_error


def test_containerfile_installs_what_the_matrix_names():
    text = (CI / "Containerfile").read_text()
    for target in read("github/workflow.yml")["jobs"]["gate"]["strategy"]["matrix"]["target"]:
        assert f" {target}" in text


def github(**inputs):
    """The step of the composite action that is the gate: its script and its environment."""
    action = read("github/action.yml")
    given = {name: one["default"] for name, one in action["inputs"].items()} | inputs
    [step] = [step for step in action["runs"]["steps"] if step["name"] == "Gate"]
    values = {f"inputs.{name}": value for name, value in given.items()}
    env = {
        key: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values.get(found[1], ""), value)
        for key, value in step["env"].items()
    }
    return step["run"], env | {"PATH_TO": str(BIN)}


def gitlab(**variables):
    job = read("gitlab.yml")[".xmpp-gate"]
    predefined = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "x", "CI_DEFAULT_BRANCH": "x"}
    return "\n".join(job["script"]), job["variables"] | predefined | variables


def jenkins(**variables):
    text = (CI / "Jenkinsfile").read_text()
    [script] = re.findall(r"sh '''(.*?)'''", text, re.DOTALL)
    fixed = dict(re.findall(r"(XMPP_GATE_\w+) = '(.*?)'", text))
    return script, fixed | variables


def execute(script, env, place, **more):
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"} | env | QUICK | more
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=place,
        env={key: str(value) for key, value in environment.items()},
        capture_output=True,
        text=True,
        timeout=170,
    )
    return done.returncode, done.stdout + done.stderr


def limits(place, bound):
    (place / "limits.toml").write_text(f'[limits]\n"delivery.p99" = "{bound}"\n')
    return "limits.toml"


def test_github_is_green_then_red(tmp_path):
    script, env = github(target="embedded", limits=limits(tmp_path, "< 9 s"), baseline="none")
    long = {"GITHUB_ACTIONS": "true", **LONG}
    code, said = execute(script, env, tmp_path, **long)
    assert code == 0, said
    assert "The gate is open" in said
    assert "::notice title=conformance::" in said
    (tmp_path / "gate/load").rename(tmp_path / "baseline")
    script, env = github(
        target="embedded", limits=limits(tmp_path, "< 1 us"), baseline="baseline", out="second"
    )
    code, said = execute(script, env, tmp_path, **long, XMPP_GATE_DEFECTS="header-without-id")
    assert code == 1, said
    assert "The gate is shut: conformance, load" in said
    assert "### Comparison: " in said
    assert "::error title=FAIL stream-attribute-response-id::" in said
    assert (tmp_path / "second/conformance.sarif").is_file()


def test_gitlab_is_green_then_red(tmp_path):
    variables = {"XMPP_GATE_TARGET": "embedded", "XMPP_GATE_LIMITS": limits(tmp_path, "< 9 s")}
    script, env = gitlab(**variables)
    code, said = execute(script, env, tmp_path, **LONG)
    assert code == 0, said
    assert (tmp_path / "baseline/manifest.json").is_file()
    job = read("gitlab.yml")[".xmpp-gate"]
    assert all((tmp_path / file).is_file() for file in job["artifacts"]["reports"]["junit"])
    (tmp_path / "gate").rename(tmp_path / "before")
    code, said = execute(script, env, tmp_path, **LONG, XMPP_GATE_DEFECTS="header-without-id")
    assert code == 1, said
    assert "The gate is shut: conformance" in said


def test_jenkins_is_green_then_red(tmp_path):
    bound = limits(tmp_path, "< 9 s")
    script, env = jenkins(XMPP_GATE_TARGET="embedded", XMPP_GATE_LIMITS=bound)
    code, said = execute(script, env, tmp_path, **LONG)
    assert code == 0, said
    assert (tmp_path / "baseline-embedded/manifest.json").is_file()
    limits(tmp_path, "< 1 us")
    code, said = execute(script, env, tmp_path, **LONG)
    assert code == 1, said
    assert "The gate is shut: load" in said


def test_compose_gives_the_command_what_it_knows(tmp_path):
    service = read("compose.yaml")["services"]["gate"]
    command = [word.replace("/work/gate", str(tmp_path / "gate")) for word in service["command"]]
    env = {key: value for key, value in service["environment"].items() if "{" not in value}
    env["XMPP_GATE_LIMITS"] = env["XMPP_GATE_LIMITS"].replace("/opt/source", str(CI.parent))
    script = " ".join(["xmpp-harness", *command])
    code, said = execute(script, env, tmp_path, XMPP_GATE_TARGET="embedded")
    assert code in (0, 1), said  # a slow machine may not keep the shipped limits
    assert "5 limits kept" in said
