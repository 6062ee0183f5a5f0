"""The picture of the house in docs/decisions/0001 is true: floors, homes of libraries, manner."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "simulator"
FLOORS = (
    "cli",
    "explorer",
    "reporting",
    "experiments",
    "model",
    "coherence",
    "readings",
    "targets",
    "checklist",
    "scenario",
    "observables",
    "policy",
    "engine",
    "world",
    "mechanisms",
    "registry",
    "foundation",
)
ALONE = {"mechanisms"}  # rooms of this floor do not look into each other
HOMES = {
    "click": ("cli",),
    "rich": ("cli", "reporting.terminal"),
    "matplotlib": ("reporting.figures", "reporting.fonts"),
    "zhplot": ("reporting.fonts",),
    "fontTools": ("reporting.fonts",),
    "mesa": ("model.tianjin",),
    "networkx": ("model",),
    "numba": ("engine",),
    "llvmlite": ("engine",),
    "ruamel": ("foundation.tables",),
    "pydantic": ("scenario",),
    "pandas": ("experiments", "reporting"),
    "pyarrow": ("experiments", "reporting"),
    "scipy": ("foundation.parameters", "world", "experiments"),
    "xarray": ("reporting.export",),
    "xlsxwriter": ("reporting.workbook",),
    "netCDF4": ("reporting.export",),
    "anyio": ("explorer.site",),
    "starlette": ("explorer",),
    "uvicorn": ("explorer",),
    "distributed": ("experiments.workers",),
    "numpy": ("",),
}
VAGUE = {"utils", "helpers", "common", "misc", "manager", "base2"}
PUBLIC = {"__init__", "__main__"}  # the front door: its imports are not held to a floor


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write imports in full, not relative"
            if node.module in {"simulator", *(f"simulator.{floor}" for floor in FLOORS)}:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module or ""


MODULES = dict(modules())


def at(name: str, home: str) -> bool:
    """Whether a module is the home or inside it."""
    return f"{name}.".startswith(f"{home}.")


@pytest.mark.parametrize("name", [name for name in MODULES if name not in PUBLIC])
def test_imports_go_down(name: str) -> None:
    floor = name.split(".")[0]
    for line, target in imports(MODULES[name]):
        if not target.startswith("simulator.") or target == "simulator.__version__":
            continue
        room = target.removeprefix("simulator.").split(".")[0]
        assert room in FLOORS, f"{name}:{line} imports {target}: not a floor of the house"
        if room == floor:
            assert floor not in ALONE, f"{name}:{line} imports its neighbour {target}"
        else:
            assert FLOORS.index(room) > FLOORS.index(floor), f"{name}:{line} climbs to {target}"


@pytest.mark.parametrize("name", MODULES)
def test_each_library_stays_at_home(name: str) -> None:
    for line, target in imports(MODULES[name]):
        library = target.split(".")[0]
        homes = HOMES.get(library)
        if homes is not None:
            at_home = any(not home or at(name, home) for home in homes)
            assert at_home, f"{name}:{line} imports {library}; its home is {', '.join(homes)}"


@pytest.mark.parametrize("name", MODULES)
def test_manner(name: str) -> None:
    assert not VAGUE & set(name.split(".")), f"{name} says nothing about what it holds"
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
            silent = all(isinstance(part, ast.Pass) for part in node.body)
            assert node.type is not None, f"{name}:{node.lineno} catches everything"
            assert not (broad and silent), f"{name}:{node.lineno} swallows every error in silence"


def test_third_party_libraries_are_all_listed() -> None:
    known = {*HOMES, *sys.stdlib_module_names, "simulator"}
    found = {target.split(".")[0] for tree in MODULES.values() for _, target in imports(tree)}
    assert found <= known


@pytest.mark.parametrize("name", MODULES)
def test_usage_errors_are_said_in_both_languages(name: str) -> None:
    for node in ast.walk(MODULES[name]):
        raised = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(raised, ast.Call) and ast.unparse(raised.func) == "UsageError":
            assert len(raised.args) == 2, f"{name}:{raised.lineno} says it in one language"
