"""A process that has run the tests of a group once, and forks a child for every mutant to run them again.

What does not depend on the mutated file stays loaded, so a child imports little. Told on its standard input, one line
of JSON each: first the tests and the modules of a group, answered by which test runs which line of them; then the
mutants, each a file, its text, the only tests to run (none named: all) and the seconds to wait, answered by what became
of it.
"""

import ast
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import coverage
import pytest

PACKAGE = Path("simulator")
TIMEOUT = "timeout"
"""In the place of a test's name, for a mutant under which the tests do not come to an end."""
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "--tb=no")


class Watched:
    """Notices which test runs which line, and the first test that fails."""

    def __init__(self, cover: coverage.Coverage) -> None:
        self.cover, self.failed = cover, ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.cover.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.cover.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid


class Chosen:
    """Runs only some tests, if any are named, and tells the first that fails."""

    def __init__(self, only: Sequence[str], stream: int) -> None:
        self.only, self.stream = frozenset(only), stream

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.only:
            items[:] = [item for item in items if item.nodeid in self.only]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.stream, report.nodeid.encode() + b"\n")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            os.write(self.stream, report.nodeid.encode() + b"\n")


def silent() -> None:
    """Nothing of what tests print reaches the parent."""
    quiet = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(quiet, standard)


def name_of(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def importers() -> dict[str, set[str]]:
    """For each module of the package those that import it, wherever in their text."""
    names = {name_of(path): path for path in PACKAGE.rglob("*.py")}
    found: dict[str, set[str]] = {name: set() for name in names}
    for name, path in names.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            told: list[str] = []
            if isinstance(node, ast.Import):
                told = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                told = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for imported in told:
                if imported in found:
                    found[imported].add(name)
    return found


def forget(module: str, users: Mapping[str, set[str]]) -> None:
    """Unload a module, what imports it directly or not, and the tests.

    A package goes with all its modules; the outermost one stays, without the names that it has looked up.
    """
    gone, waiting = {PACKAGE.name}, [module]
    while waiting:
        name = waiting.pop()
        if name not in gone:
            gone.add(name)
            waiting += users[name]
            waiting += [other for other in users if other.startswith(f"{name}.")]
    gone |= {name for name in sys.modules if name.partition(".")[0] == "tests"}
    for name in gone - {PACKAGE.name}:
        sys.modules.pop(name, None)
        parent, _, last = name.rpartition(".")
        if last in vars(sys.modules.get(parent, object)):
            delattr(sys.modules[parent], last)
    front = vars(sys.modules[PACKAGE.name])
    for name in front["__all__"]:
        front.pop(name, None)


def watch(tests: Sequence[str], modules: Sequence[str]) -> dict[str, object]:
    """Run the tests on the sources as they are; which of them run which line, and the seconds they take."""
    cover = coverage.Coverage(data_file=None, config_file=False, include=list(modules))
    cover.start()
    watched = Watched(cover)
    code = pytest.main([*OPTIONS, *tests], plugins=[watched])
    cover.stop()
    data = cover.get_data()
    return {
        "killed": code != 0,
        "by": watched.failed,
        "lines": {
            Path(file).relative_to(Path.cwd()).as_posix(): data.contexts_by_lineno(file)
            for file in data.measured_files()
        },
    }


def judge(
    module: str,
    users: Mapping[str, set[str]],
    tests: Sequence[str],
    only: Sequence[str],
    seconds: float,
) -> dict[str, object]:
    """Fork, wait at most that long, end whatever the child began."""
    began = time.monotonic()
    ear, mouth = os.pipe()
    number = os.fork()
    if number == 0:
        code = 70
        try:
            os.setsid()
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            forget(module, users)
            files = list(dict.fromkeys(name.partition("::")[0] for name in only)) or tests
            code = int(pytest.main([*OPTIONS, *files], plugins=[Chosen(only, mouth)]))
        finally:
            os._exit(code)
    os.close(mouth)
    status = None
    while status is None and time.monotonic() - began < seconds:
        done, ended = os.waitpid(number, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(ended)
        else:
            time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)
    if status is None:
        os.waitpid(number, 0)
    os.set_blocking(ear, False)
    with open(ear, "rb") as stream:
        named = (stream.read() or b"").decode().partition("\n")[0]
    return {
        "killed": status != 0,
        "by": TIMEOUT if status is None else named,
        "seconds": time.monotonic() - began,
    }


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    questions = os.fdopen(os.dup(0), encoding="utf-8")
    silent()
    asked = json.loads(questions.readline())
    tests = asked["tests"]
    # A command in the background of a shell is deaf to interrupts, which some tests send.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(json.dumps(watch(tests, asked["modules"])), file=answers, flush=True)
    users = importers()
    for line in questions:
        told = json.loads(line)
        path = Path(told["path"])
        before = path.read_bytes()
        path.write_text(told["text"], encoding="utf-8")
        try:
            answer = judge(name_of(path), users, tests, told["only"], told["seconds"])
        finally:
            path.write_bytes(before)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
