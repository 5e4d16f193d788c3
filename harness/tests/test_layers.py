"""The layer rules of ARCHITECTURE.md, read from the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_BLOCKS = (ast.FunctionDef, ast.ClassDef)
IO = {"socket", "ssl", "asyncio", "gevent", "locust", "selectors", "select", "subprocess"}


def modules(*folders: str) -> list[Path]:
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return [file for file in files if "tests" not in file.parts]


def imports(file: Path) -> set[str]:
    """Full names of everything that the module imports, also inside functions."""
    return imports_of(ast.parse(file.read_text()))


def imports_of(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def uses(file: Path, *packages: str) -> set[str]:
    return {
        name for name in imports(file) for p in packages if name == p or name.startswith(p + ".")
    }


def late(file: Path) -> set[str]:
    """Names imported inside functions only."""
    tree = ast.parse(file.read_text())
    body = ast.Module([node for node in tree.body if not isinstance(node, _BLOCKS)], [])
    return imports_of(tree) - imports_of(body)


@pytest.mark.parametrize("file", modules("harness/xmpp"), ids=name_of)
def test_the_core_does_no_io(file):
    assert not uses(file, *IO)
    ours = uses(file, "harness") - {"harness"}
    assert ours == uses(file, "harness.xmpp", "harness.errors")


@pytest.mark.parametrize("file", modules("harness", "conformance", "reports"), ids=name_of)
def test_only_the_load_engine_knows_gevent_and_locust(file):
    relative = file.relative_to(ROOT).as_posix()
    if relative.startswith("harness/load/") or relative == "harness/transport/gevent_tcp.py":
        return
    assert not uses(file, "gevent", "locust")


@pytest.mark.parametrize("file", modules("reports"), ids=name_of)
def test_reports_read_records_only(file):
    ours = uses(file, "harness", "scenarios", "conformance") - {"harness"}
    assert ours == uses(file, "harness.record", "harness.errors")


@pytest.mark.parametrize("file", modules("harness"), ids=name_of)
def test_the_library_does_not_import_what_stands_on_it(file):
    assert not uses(file, "scenarios", "conformance", "reports") - late(file)


@pytest.mark.parametrize("file", modules("harness/record"), ids=name_of)
def test_the_record_stands_alone(file):
    assert not uses(file, "harness.load", "harness.targets", "harness.xmpp", "harness.transport")


@pytest.mark.parametrize("file", modules("harness/targets"), ids=name_of)
def test_targets_do_not_know_who_runs_and_asks_them(file):
    assert not uses(file, "harness.load", "harness.statistics", "harness.cli")


@pytest.mark.parametrize(
    "file", modules("harness", "reports", "scenarios", "conformance"), ids=name_of
)
def test_modules_stay_small(file):
    assert len(file.read_text().splitlines()) <= 400


def test_the_rules_can_fail(tmp_path):
    """The reader of imports sees every form."""
    file = tmp_path / "x.py"
    file.write_text("import a.b\nfrom c import d\ndef f():\n    import e\n")
    assert imports(file) == {"a.b", "c", "c.d", "e"}
    assert uses(file, "c", "e") == {"c", "c.d", "e"}
    assert late(file) == {"e"}
