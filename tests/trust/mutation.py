"""Mutation: how many small changes of the sources the tests notice.

    python -m tests.trust.mutation                       a seeded sample of each group of modules (many minutes)
    python -m tests.trust.mutation --module simulator/targets.py --sample 40 --seed 7
    python -m tests.trust.mutation --record              the same, kept beside the verification report

A mutant is a copy of the tree in which one token of one file is changed (`tests.trust.mutants`). It is killed when a
test of its group fails, or takes four times as long as it should; whoever survives is listed with the reason from
`survivors.csv`. Engines are not compiled: the plain one reads the same text of the equations.
"""

import argparse
import compileall
import contextlib
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final, NamedTuple, cast

from simulator.targets import wilson
from tests.trust.mutants import Mutable, Mutant
from tests.trust.nursery import TIMEOUT
from tests.trust.records import Record, Row, Said

ROOT = Path(__file__).resolve().parents[2]
REASONS = Path(__file__).with_name("survivors.csv")
COPIED = ("simulator", "tests", "calibration", "scenarios", "examples", "pyproject.toml")
SAMPLE: Final = 50
SEED: Final = 20252027
PATIENCE: Final = 4.0  # times what the tests take on the sources as they are
AT_LEAST: Final = 20.0  # seconds
WITHOUT_NUMBA: Final = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


class Group(NamedTuple):
    """Modules that are scored together, and the tests that ought to notice a change in them, the quick ones first."""

    name: Said
    modules: tuple[str, ...]
    tests: tuple[str, ...]


def _of(folder: str, names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}.py" for name in names.split())


GROUPS: Final = (
    Group(
        Said("机制", "Mechanisms"),
        _of(
            "simulator/mechanisms",
            "adoption budgets clusters contracts demand demography finance linkages location milestones observation"
            " research talent titles",
        ),
        ("tests/mechanisms", "tests/limits/test_adoption_limits.py"),
    ),
    Group(
        Said("情景加载", "Scenario loading"),
        _of("simulator/scenario", "assembly entries facts fit loading reading schema text"),
        (
            "tests/scenario/test_assembly.py",
            "tests/scenario/test_schema.py",
            "tests/scenario/test_text.py",
            "tests/scenario/test_reading.py",
            "tests/scenario/test_answers.py",
            "tests/scenario/test_loading.py",
            "tests/scenario/test_damaged.py",
            "tests/scenario/test_fit.py",
            "tests/scenario/test_readings.py",
            "tests/scenario/test_showing.py",
        ),
    ),
    Group(
        Said("目标评估", "Targets"),
        ("simulator/targets.py",),
        ("tests/test_targets.py", "tests/test_readings.py"),
    ),
    Group(
        Said("结果存储", "Result store"),
        _of("simulator/experiments", "store folder"),
        (
            "tests/experiments/test_folder.py",
            "tests/experiments/test_store.py",
            "tests/experiments/test_runs.py",
            "tests/experiments/test_with_the_model.py::test_stored_sheet_reads_back_to_the_same_run",
            "tests/experiments/test_with_the_model.py::test_targets_of_the_plan_are_all_in_the_table",
        ),
    ),
)


class Verdict(NamedTuple):
    """What became of a mutant: whether a test noticed it, which did first, in how many seconds."""

    mutant: Mutant
    killed: bool
    by: str
    seconds: float


class Nursery:
    """A copy of the tree, and the process there that runs the tests of a group and forks for every mutant."""

    def __init__(self, folder: Path, group: Group) -> None:
        for name in COPIED:
            source, copy = ROOT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, copy)
        # Compiled files that carry the digest of their source can never stand for a mutant.
        compileall.compile_dir(
            folder / "simulator", quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH
        )
        site = folder / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(WITHOUT_NUMBA, encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trust.nursery"],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(folder), str(site))),
                "CI": "1",  # Hypothesis then draws the same examples every time
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        began = time.monotonic()
        told = self._ask({"tests": group.tests, "modules": group.modules})
        if told["killed"]:
            raise RuntimeError(f"a test fails without a mutant: {told['by'] or group.tests}")
        self.patience = max(AT_LEAST, PATIENCE * (time.monotonic() - began))
        self._lines = cast(dict[str, dict[str, list[str]]], told["lines"])

    def trial(self, mutant: Mutant) -> Verdict:
        """Run the tests of the changed line with the mutant in the place of its file; all, where it acts on all."""
        lines = self._lines.get(mutant.path, {})
        # In a statement of many lines it is the first that counts as run.
        upward = map(str, range(mutant.line, mutant.within - 1, -1))
        run = set(next((lines[line] for line in upward if line in lines), ())) - {""}
        if mutant.within and not run:
            return Verdict(mutant, False, "", 0.0)
        told = self._ask(
            {
                "path": mutant.path,
                "text": mutant.text,
                "only": sorted(run) if mutant.within else [],
                "seconds": self.patience,
            }
        )
        return Verdict(mutant, bool(told["killed"]), str(told["by"]), cast(float, told["seconds"]))

    def close(self) -> None:
        with self._process:  # its end closes the pipes and waits
            pass

    def _ask(self, question: dict[str, object]) -> dict[str, object]:
        ears, mouth = self._process.stdout, self._process.stdin
        assert ears is not None and mouth is not None
        print(json.dumps(question), file=mouth, flush=True)
        answer: dict[str, object] = json.loads(ears.readline())
        return answer


@contextlib.contextmanager
def nursery(group: Group) -> Iterator[Nursery]:
    """A nursery for a group, in a folder that goes with it."""
    with tempfile.TemporaryDirectory() as folder:
        made = Nursery(Path(folder), group)
        try:
            yield made
        finally:
            made.close()


def sample(files: Sequence[Mutable], wanted: int, seed: int) -> list[Mutant]:
    """About that many mutants, from each file by the number of changes it offers, at least one."""
    total = sum(map(len, files))
    found = []
    for file in files:
        order = random.Random(f"{seed} {file.path}").sample(range(len(file)), len(file))
        quota = max(1, round(wanted * len(file) / total))
        mutants = (mutant for number in order if (mutant := file.mutant(number)) is not None)
        found += [mutant for _, mutant in zip(range(quota), mutants, strict=False)]
    return found


def try_group(group: Group, wanted: int, seed: int) -> list[Verdict]:
    """The verdicts on a sample of a group. Raises RuntimeError where a file unchanged does not pass."""
    files = [Mutable(ROOT, path) for path in group.modules]
    verdicts = []
    with nursery(group) as made:
        control = made.trial(Mutant(files[0].path, 0, 0, "", "", files[0].text))
        if control.killed:
            raise RuntimeError(f"killed without a change, by {control.by}")
        for mutant in sample(files, wanted, seed):
            verdict = made.trial(mutant)
            print(line_of(verdict), flush=True)
            verdicts.append(verdict)
    return verdicts


def line_of(verdict: Verdict) -> str:
    """A verdict for a terminal."""
    path, line, _, before, after, _ = verdict.mutant
    mark = "killed  " if verdict.killed else "SURVIVED"
    by = f"  [{verdict.by}]" if verdict.killed else ""
    return f"  {mark} {verdict.seconds:5.1f} s  {path}:{line}  {before}  →  {after}{by}"


def reasons() -> dict[tuple[str, str, str], Said]:
    """Why known survivors survive, by file and change."""
    with REASONS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {(row["path"], row["before"], row["after"]): Said(row["zh"], row["en"]) for row in rows}


def said_share(verdicts: Sequence[Verdict]) -> Said:
    killed, total = sum(verdict.killed for verdict in verdicts), len(verdicts)
    low, high = wilson(killed, total)
    figures = f"{killed}/{total} = {killed / total:.0%}"
    return Said(
        f"{figures}（Wilson 95 % 区间 {low:.0%}–{high:.0%}）",
        f"{figures} (Wilson 95 % interval {low:.0%}–{high:.0%})",
    )


def record(
    found: Sequence[tuple[Group, Sequence[Verdict]]], wanted: int, seed: int, command: str
) -> Record:
    """The figures: each group with its interval, each module, each survivor with its reason."""
    known, none = reasons(), Said("尚未说明", "not explained yet")
    rows = []
    for group, verdicts in found:
        rows.append(Row(group.name, said_share(verdicts)))
        for path in dict.fromkeys(verdict.mutant.path for verdict in verdicts):
            own = [verdict for verdict in verdicts if verdict.mutant.path == path]
            share = f"{sum(verdict.killed for verdict in own)}/{len(own)}"
            rows.append(Row(Said(f"`{path}`", f"`{path}`"), Said(share, share)))
    for verdict in (v for _, verdicts in found for v in verdicts if not v.killed):
        path, _, _, before, after, _ = verdict.mutant
        change = f"`{path}`: `{before}` → `{after}`"
        rows.append(Row(Said(change, change), known.get((path, before, after), none)))
    lowest = min(sum(v.killed for v in verdicts) / len(verdicts) for _, verdicts in found)
    total = sum(len(verdicts) for _, verdicts in found)
    left = sum(not v.killed for _, verdicts in found for v in verdicts)
    slow = sum(v.by == TIMEOUT for _, verdicts in found for v in verdicts)
    absent = [group.name for group in GROUPS if group.name not in {g.name for g, _ in found}]
    absent_zh = f"尚未计入：{'、'.join(name.zh for name in absent)}。" if absent else ""
    absent_en = f" Not measured yet: {', '.join(name.en for name in absent)}." if absent else ""
    return Record(
        "mutation",
        Said("变异得分", "Mutation score"),
        command,
        Said(
            f"随机抽取 {total} 处改动（每组约 {wanted} 处，种子 {seed}），每组至少 {lowest:.0%} 被测试发现；"
            f"其中 {slow} 处因测试超时而发现；未被发现的 {left} 处逐一列出原因。"
            f"不计：类型、说明文字、消息措辞、装饰器、文件编码。{absent_zh}",
            f"Of {total} changes drawn at random (about {wanted} a group, seed {seed}) tests notice at least "
            f"{lowest:.0%} in every group, {slow} of them by not coming to an end; the {left} that they do not are "
            "listed with the reason. Left out: "
            "types, docstrings, the wording of messages, decorators, the encoding of files."
            f"{absent_en}",
        ),
        rows,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.mutation")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants of each group")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--module", nargs="+", metavar="PATH", help="only these files")
    parser.add_argument("--jobs", type=int, default=2, help="groups tried at the same time")
    parser.add_argument("--record", action="store_true", help="write docs/trust/mutation.json")
    given = parser.parse_args(arguments)
    groups: tuple[Group, ...] = GROUPS
    if given.module:
        kept = [tuple(m for m in group.modules if m in given.module) for group in GROUPS]
        unknown = set(given.module) - {path for paths in kept for path in paths}
        if unknown:
            parser.error(f"no module of a group: {', '.join(sorted(unknown))}")
        groups = tuple(g._replace(modules=m) for g, m in zip(GROUPS, kept, strict=True) if m)
    with ThreadPoolExecutor(given.jobs) as pool:
        tried = pool.map(lambda group: try_group(group, given.sample, given.seed), groups)
        found = list(zip(groups, tried, strict=True))
    command = f"python -m tests.trust.mutation --sample {given.sample} --seed {given.seed}"
    result = record(found, given.sample, given.seed, command)
    print(result.show())
    if given.record:
        print(result.write())


if __name__ == "__main__":
    main()
