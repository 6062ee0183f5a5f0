"""Numbers that stay: every shipped scenario under the lowest and the newest allowed versions, both engines.

    python -m tests.trust.versions [--record] [--venvs DIR]

For each stack a virtual environment is made, in a temporary folder or in DIR, where one that is there is used again:
the lowest version of everything that pyproject.toml names, and the newest that the registry offers on each other
Python found. In each, and in this interpreter, the first members of every shipped scenario run on both engines,
the headline series are held against the golden ones, all series and parameters against those of this interpreter,
and the commands that lean on a library are called once. Each new stack compiles the loops: many minutes in all.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.model import prepare
from simulator.scenario import load_scenario
from tests.golden import headline as golden
from tests.trust.records import Record, Row, Said

ROOT = golden.ROOT
EXTRAS = ("netcdf", "analysis", "discover", "excel", "distributed", "explore")  # what users ask for
SHOWN = ("numpy", "scipy", "numba", "mesa", "pandas", "pyarrow", "matplotlib")
LOWEST_ON, NEWEST_ON = "3.11", ("3.12", "3.13")
MEMBERS = 4
BASELINE = "scenarios/baseline.yaml"
SMOKE = (  # each leans on other libraries: pyarrow, matplotlib, the extras one by one
    ("run", BASELINE, "-n", "8", "--out", "{0}/run"),
    ("targets", "{0}/run"),
    ("plot", "{0}/run", "districts", "-o", "{0}/districts"),
    ("report", "{0}/run", "-o", "{0}/report.html"),
    ("export", "{0}/run", "--format", "parquet", "-o", "{0}/tables"),
    ("export", "{0}/run", "--format", "netcdf", "-o", "{0}/tables"),
    ("export", "{0}/run", "--format", "xlsx", "-o", "{0}/tables"),
    ("run", BASELINE, "-n", "4", "--cluster", "local", "--workers", "1", "--out", "{0}/dask"),
    (
        *("sensitivity", BASELINE, "-n", "1", "--size", "2", "--engine", "plain"),
        *("--factor", "loading_national", "--factor", "tj27_funds"),
    ),
)


class Stack(NamedTuple):
    """One set of versions: its name, its Python, and the constraints pip gets."""

    name: Said
    python: str
    constraints: tuple[str, ...]


class Found(NamedTuple):
    """What a stack gave: versions, digest of its arithmetic, whether what holds held."""

    python: str
    versions: dict[str, str]
    arithmetic: str
    engines_agree: int  # scenarios in which both engines give the same bits
    golden_holds: int  # scenarios whose headline series are the golden ones to 1e-9
    same_bits: int  # scenarios with every bit of the golden members
    smoke: dict[str, int]  # exit codes of the commands


def lowest() -> tuple[str, ...]:
    """The lowest allowed version of what the project and its users' extras name, as constraints."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(told["dependencies"])
    for extra in EXTRAS:
        wanted += told["optional-dependencies"][extra]
    found = [re.fullmatch(r"([\w.\-]+)>=([\d.]+)", line) for line in wanted]
    assert all(found), "a dependency has no lower bound of its own"
    return tuple(f"{match[1]}=={match[2]}" for match in found if match)


def stacks() -> Iterator[Stack]:
    """What is tried beside this interpreter."""
    yield Stack(Said("最低版本", "lowest allowed"), LOWEST_ON, lowest())
    for python in NEWEST_ON:
        yield Stack(Said("最新版本", "newest offered"), python, ())


def interpreter(version: str) -> str | None:
    """A Python of that version that really starts."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for candidate in (shutil.which(f"python{version}"), *pyenv):
        if candidate is not None:
            tried = subprocess.run(
                [candidate, "-c", "import venv"], capture_output=True, check=False
            )
            if tried.returncode == 0:
                return str(candidate)
    return None


def environment(stack: Stack, folder: Path) -> Path | None:
    """The interpreter of the stack's virtual environment, made unless it is there; None without that Python."""
    place = folder / f"{stack.name.en.split()[0]}-{stack.python}"
    python = place / "bin" / "python"
    if (place / "complete").is_file():
        return python
    base = interpreter(stack.python)
    if base is None:
        return None
    subprocess.run([base, "-m", "venv", "--clear", str(place)], check=True)
    pins = place / "constraints.txt"
    pins.write_text("\n".join(stack.constraints) + "\n", encoding="utf-8")
    wanted = f"{ROOT}[{','.join(EXTRAS)}]"
    pip = [str(python), "-m", "pip"]
    subprocess.run([*pip, "install", "-q", "-c", str(pins), wanted], check=True)
    subprocess.run([*pip, "check"], check=True)
    (place / "complete").touch()
    return python


def measure(folder: Path) -> Found:
    """What this interpreter gives; all series and parameters of the members are kept in `folder`."""
    from importlib.metadata import version

    told = json.loads(golden.FILE.read_text(encoding="utf-8"))["scenarios"]
    agree = holds = same = 0
    values: list[np.ndarray] = []
    for scenario in golden.SCENARIOS:
        compiled = golden.headline(scenario, "compiled")
        plain = golden.headline(scenario, "plain", MEMBERS)
        agree += compiled.digests[:MEMBERS] == plain.digests
        same += compiled.digests == told[scenario]["digests"]
        holds += all(
            np.allclose(series, told[scenario]["series"][name], golden.RELATIVE, golden.ABSOLUTE)
            for name, series in compiled.series.items()
        )
        values += _everything(scenario)
    np.savez(folder / "values.npz", *values)
    smoke = {}
    for command in SMOKE:
        words = [word.format(folder) for word in command]
        done = subprocess.run(
            [sys.executable, "-m", "simulator", *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
        smoke[" ".join((command[0], *command[2:4])).replace("{0}/", "")] = done.returncode
    versions = {name: version(name) for name in SHOWN}
    python = ".".join(map(str, sys.version_info[:3]))
    return Found(python, versions, golden.arithmetic(), agree, holds, same, smoke)


def _everything(scenario: str) -> tuple[np.ndarray, ...]:
    """All series and parameters of the first members."""
    study = prepare(load_scenario(ROOT / scenario))
    found = [study.simulate(member, "compiled") for member in range(MEMBERS)]
    return np.array([m.values for m in found]), np.array([m.parameters for m in found])


def apart(one: Path, two: Path) -> tuple[int, int, float]:
    """Numbers that differ between the values of two stacks, numbers in all, and the largest relative difference."""
    differing = total = 0
    largest = 0.0
    with np.load(one) as a, np.load(two) as b:
        assert a.files == b.files
        for name in a.files:
            x, y = a[name], b[name]
            unequal = (x != y) & ~(np.isnan(x) & np.isnan(y))
            differing, total = differing + int(unequal.sum()), total + x.size
            if unequal.any():
                off = np.abs(x - y)[unequal] / np.maximum(np.abs(x), np.abs(y))[unequal]
                largest = max(largest, float(np.nan_to_num(off, nan=np.inf).max()))
    return differing, total, largest


def trial(venvs: Path | None = None) -> Record:
    """All stacks; raises where a stack cannot be made."""
    rows: list[Row] = []
    absent: list[str] = []
    good, worst = True, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        mine = Path(scratch) / "mine"
        mine.mkdir()
        reference = _measured(Path(sys.executable), mine)
        rows.append(_row(Said("固定版本", "pinned"), reference, None))
        good &= _holds(reference) and reference.same_bits == len(golden.SCENARIOS)
        for stack in stacks():
            python = environment(stack, venvs or Path(scratch))
            if python is None:
                absent.append(stack.python)
                continue
            place = Path(scratch) / f"values-{stack.name.en.split()[0]}-{stack.python}"
            place.mkdir()
            found = _measured(python, place)
            difference = apart(mine / "values.npz", place / "values.npz")
            worst = max(worst, difference[2])
            good &= _holds(found) and difference[2] <= golden.RELATIVE
            rows.append(_row(stack.name, found, difference))
            print(f"{rows[-1].what.en}: {rows[-1].found.en}", file=sys.stderr, flush=True)
    rows += [Row(Said("没有的 Python", "Python absent"), Said(v, v)) for v in absent]
    verdict = Said(
        "数值不变" if good else "有数值不符", "the numbers stay" if good else "numbers moved"
    )
    finding = Said(
        f"{len(golden.SCENARIOS)} 个随附情景、每个 {MEMBERS} 个成员的全部序列与参数：各版本组合之间最大相对差 "
        f"{worst:.1g}；{verdict.zh}。两个引擎在每个组合内逐位一致；"
        "位级差异来自 scipy 的分位函数（各版本舍入不同）与 Python 3.12 起内置 sum 的补偿求和。",
        f"All series and parameters of {MEMBERS} members of each of the {len(golden.SCENARIOS)} shipped scenarios: at "
        f"most {worst:.1g} apart, relative, between sets of versions; {verdict.en}. Within each set both engines are "
        "held to the same bits; bits differ between sets because versions of scipy round a quantile otherwise and "
        "because the built-in sum compensates from Python 3.12 on.",
    )
    command = "python -m tests.trust.versions --record"
    return Record("versions", Said("不变的数", "Numbers that stay"), command, finding, rows)


def _measured(python: Path, folder: Path) -> Found:
    """What the interpreter gives, asked in a process of its own on the sources of this checkout."""
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SIMULATE_", "NUMBA"))
    }
    # The checkout comes before the installed package, so that every stack runs the same sources.
    command = [str(python), "-m", "tests.trust.versions", "--measure", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, env={**clean, "PYTHONPATH": str(ROOT)})
    return Found(**json.loads((folder / "found.json").read_text(encoding="utf-8")))


def _holds(found: Found) -> bool:
    held = {found.engines_agree, found.golden_holds}
    return held == {len(golden.SCENARIOS)} and not any(found.smoke.values())


def _row(name: Said, found: Found, difference: tuple[int, int, float] | None) -> Row:
    n = len(golden.SCENARIOS)
    stack = ", ".join(f"{library} {version}" for library, version in found.versions.items())
    what = Said(f"{name.zh}：Python {found.python}", f"{name.en}: Python {found.python}")
    broken = [command for command, code in found.smoke.items() if code]
    smoke = f"{len(found.smoke) - len(broken)}/{len(found.smoke)}"
    zh = [
        f"{stack}；两引擎逐位一致 {found.engines_agree}/{n}；基准序列（1e-9）{found.golden_holds}/{n}"
    ]
    en = [
        f"{stack}; engines bit for bit {found.engines_agree}/{n}; golden series to 1e-9 {found.golden_holds}/{n}"
    ]
    zh.append(f"与基准逐位相同 {found.same_bits}/{n}；命令 {smoke}")
    en.append(f"every bit of the golden members {found.same_bits}/{n}; commands {smoke}")
    if broken:
        zh.append(f"失败：{'、'.join(broken)}")
        en.append(f"failed: {', '.join(broken)}")
    if difference is not None:
        differing, total, largest = difference
        zh.append(f"与固定版本不同的数 {differing}/{total}，最大相对差 {largest:.1g}")
        en.append(
            f"numbers unlike the pinned {differing} of {total}, at most {largest:.1g} relative"
        )
    return Row(what, Said("；".join(zh), "; ".join(en)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="keep the record under docs/trust/")
    parser.add_argument("--venvs", type=Path, metavar="DIR", help="keep the environments there")
    parser.add_argument("--measure", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        found = json.dumps(measure(asked.measure)._asdict())
        (asked.measure / "found.json").write_text(found, encoding="utf-8")
        return
    record = trial(asked.venvs)
    print(record.show())
    if asked.record:
        print(record.write().relative_to(ROOT))


if __name__ == "__main__":
    main()
