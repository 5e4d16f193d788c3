"""What Prometheus gets, and whether the dashboard for Grafana asks for what there is."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

import ci
from harness.tests.bench import Started, bench, one_line
from harness.tests.test_bench_ui import free_port

BOARD = json.loads((Path(next(iter(ci.__path__))) / "grafana.json").read_text())
# Functions, variables and labels of a query are no metrics; those all begin with our prefix.
METRIC = re.compile(r"\bxmpp_harness_[a-z_]+")


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    """A scrape in the middle of a run in which some requests fail."""
    port = free_port()
    scenario = Path(__file__).parent / "failing_scenario.py"
    out = tmp_path_factory.mktemp("prometheus") / "run"
    started = Started(out, "--prometheus", port, scenario=str(scenario))
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    started.process.terminate()
    started.end()
    manifest = json.loads((out / "manifest.json").read_text())
    for told in (manifest["parameters"], manifest["again"]["options"]):
        assert not any("prometheus" in word for word in told)
    return {family.name: family for family in text_string_to_metric_families(text)}


def samples(families):
    return [sample for family in families.values() for sample in family.samples]


def value(families, name, **labels):
    found = [
        s.value
        for s in samples(families)
        if s.name == f"xmpp_harness_{name}" and labels.items() <= s.labels.items()
    ]
    assert len(found) == 1, (name, labels, found)
    return found[0]


def test_figures_of_a_run(families):
    assert value(families, "users_wanted") == 20
    assert value(families, "users_online") == 20
    assert value(families, "run_number") == 1
    assert value(families, "run_info", scenario="failing_scenario", state="load") == 1
    assert value(families, "operations_total", operation="login") == 20
    assert (
        1e-5 < value(families, "operation_latency_seconds", operation="login", quantile="0.5") < 9
    )
    assert value(families, "errors_total", operation="nonsense") > 0
    assert 1e6 < value(families, "server_resident_memory_bytes") < 1e10
    assert value(families, "generator_cpu_seconds_total", worker="0") > 0


def test_every_metric_has_help_and_a_base_unit(families):
    for name, family in families.items():
        assert name.startswith("xmpp_harness_")
        assert family.documentation.endswith(".")
        assert not re.search(r"_(ms|us|mb|kb|percent|milliseconds)(_|$)", name)
        assert family.type in ("gauge", "counter", "info")


def queries():
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"], ""


def test_the_dashboard_asks_for_what_there_is(families):
    known: dict[str, set[str]] = {}
    for sample in samples(families):
        known.setdefault(sample.name, {"job"}).update(sample.labels)
    asked = set()
    for query, legend in queries():
        names = METRIC.findall(query)
        assert names
        assert set(names) <= known.keys(), query
        labels = set(re.findall(r"([a-z]+)=~?\"", query)) | set(re.findall(r"{{([a-z]+)}}", legend))
        for group in re.findall(r"by \(([a-z, ]+)\)", query):
            labels |= set(group.split(", "))
        for name in names:
            assert labels <= known[name], (query, name)
        asked |= set(names)
    assert len(asked) > 12


def test_panels_do_not_overlap():
    taken = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells


def test_a_taken_port_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_line(bench("chat", "--prometheus", port, "--out", tmp_path / "run"))
    assert f"port {port}" in line
