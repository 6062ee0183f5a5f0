"""What a user's file can never reach: code that is run, objects that are unpickled, a shell, another machine.

The list of exceptions is short, each says why, and one that is no longer needed is a failure.
"""

import ast
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from simulator.cli import program

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "simulator"
JUSTIFIED = {
    ("experiments/workers.py", "pickle.loads"): "a worker takes the study that its own parent handed it",
    ("experiments/provenance.py", "subprocess.run"): "git, asked for the commit in fixed words",
    ("model/__init__.py", "import_module"): "a module of the package, by a name in the code",
    ("__init__.py", "import_module"): "a module of the package, by a name in the code",
    ("engine/choose.py", "import_module"): "one of two engines, by a name in the code",
    ("experiments/extras.py", "import_module"): "an optional library, by a name in the code",
    ("reporting/model_description.py", "import_module"): "mechanisms, by the names of the package's own files",
}  # fmt: skip
BUILT_IN = {"eval", "exec", "compile", "__import__", "execfile"}
LOADERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
WHOLE = {"subprocess", "pty"}  # everything in them starts a process
SHELLS = {"system", "popen", "execv", "execvp", "execl", "spawnv", "spawnl"}
UNSAFE = {"read_pickle", "unsafe_load", "full_load"}


def reaching(tree: ast.Module) -> Iterator[str]:
    """Every call in a module by which a text could become code, an object, a command or a module."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            constant = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg in ("shell", "allow_pickle") and not constant:
                yield f"{keyword.arg}=…"
        called = node.func
        if isinstance(called, ast.Name) and called.id in BUILT_IN:
            yield called.id
        if isinstance(called, ast.Name) and called.id in ("import_module", "YAML"):
            yield from _named(called.id, node)
        if isinstance(called, ast.Attribute):
            holder = called.value.id if isinstance(called.value, ast.Name) else ""
            if _is_reaching(holder, called.attr, node):
                yield f"{holder}.{called.attr}"
            elif called.attr in ("import_module", "YAML"):
                yield from _named(called.attr, node)


def _is_reaching(holder: str, name: str, node: ast.Call) -> bool:
    if holder in LOADERS:
        return name in ("load", "loads", "Unpickler", "open")
    if holder in ("np", "numpy") and name == "load":
        return all(keyword.arg != "allow_pickle" for keyword in node.keywords)
    shell = holder == "os" and name in SHELLS
    return shell or holder in WHOLE or name in UNSAFE or (holder, name) == ("yaml", "load")


def _named(name: str, node: ast.Call) -> Iterator[str]:
    if name == "YAML":
        words = {k.arg: ast.unparse(k.value) for k in node.keywords}
        if words.get("typ") != "'safe'":
            yield "YAML of another kind than safe"
    elif not (node.args and isinstance(node.args[0], ast.Constant)):
        yield name


def test_no_text_of_a_user_becomes_code() -> None:
    found: Counter[tuple[str, str]] = Counter()
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found.update((path.relative_to(PACKAGE).as_posix(), call) for call in reaching(tree))
    unknown = {place: number for place, number in found.items() if place not in JUSTIFIED}
    assert not unknown, f"reachable and not justified: {unknown}"


def test_every_exception_is_still_needed() -> None:
    for (file, call), why in JUSTIFIED.items():
        tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
        name = call.split(".")[-1]
        assert any(
            isinstance(node, ast.Attribute) and node.attr == name for node in ast.walk(tree)
        ), f"{file} has no {call} any more: {why}"


@pytest.mark.parametrize(
    "text",
    [
        "eval(x)", "exec(x)", "__import__(x)", "pickle.loads(x)", "pickle.Unpickler(f)", "yaml.load(x)",
        "YAML(typ='unsafe')", "YAML()", "np.load(f)", "np.load(f, allow_pickle=True)", "pd.read_pickle(f)",
        "os.system(x)", "subprocess.run(x)", "run(x, shell=True)", "import_module(name)", "marshal.loads(x)",
    ],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert list(reaching(ast.parse(text))), text


def test_no_command_speaks_to_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every attempt to resolve a name or to leave this machine is refused and noted."""
    tried: list[Any] = []
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and str(address[0]) not in ("127.0.0.1", "::1"):
            tried.append(address)
            raise OSError(f"no way to {address}")
        connect(self, address)

    def refused(*words: Any, **_: Any) -> Any:
        tried.append(words[0])
        raise OSError("no names are resolved here")

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded)
    monkeypatch.setattr(socket.socket, "sendto", refused)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection"):
        monkeypatch.setattr(socket, name, refused)
    monkeypatch.chdir(tmp_path)
    scenario, push = (str(ROOT / f"scenarios/{name}.yaml") for name in ("baseline", "push"))
    for words in (
        ("check", scenario, push),
        ("show", scenario, "--origins"),
        ("run", scenario, "-n", "1", "--engine", "plain", "--out", "run", "--no-figures"),
        ("targets", "run"),
        ("update", "run", "--facts", str(ROOT / "examples/new_facts.csv")),
        ("levers",),
        ("plans", "--coherence"),
        ("tasks",),
        ("doctor",),
    ):
        done = CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(program, list(words))
        assert done.exit_code == 0, (words, done.output)
    assert not tried
    with socket.socket() as outward, pytest.raises(OSError, match="no way"):
        outward.connect(("192.0.2.1", 80))
    assert tried, "the guard itself works"
