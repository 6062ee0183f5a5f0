"""Which engine `auto` stands for, and what is said when loops are compiled for the first time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import simulator
from simulator.cli import program
from simulator.engine import choose
from simulator.model import prepare
from simulator.scenario import load_scenario

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "scenarios" / "baseline.yaml"


@pytest.mark.parametrize(
    ("name", "numba", "compiled", "work", "expected"),
    [
        ("auto", True, True, 12, "compiled"),
        ("auto", True, False, 12, "plain"),
        ("auto", True, False, choose.SMALL_WORK + 1, "compiled"),
        ("auto", False, False, choose.SMALL_WORK + 1, "plain"),
        ("compiled", True, False, 12, "compiled"),
        ("plain", True, True, 10**6, "plain"),
    ],
)
def test_small_work_does_not_wait_for_a_compiler(
    monkeypatch, name, numba, compiled, work, expected
):
    monkeypatch.setattr(choose, "has_numba", lambda: numba)
    monkeypatch.setattr(choose, "is_compiled", lambda: compiled)
    assert choose.engine_for(name, work) == expected


def test_a_run_says_which_engine_it_took(monkeypatch, tmp_path):
    monkeypatch.setattr(choose, "has_numba", lambda: True)
    monkeypatch.setattr(choose, "is_compiled", lambda: False)
    made = simulator.run(BASELINE, 2, out=tmp_path / "run")
    assert json.loads((made.path / "run.json").read_text())["engine"] == "plain"


def test_compiled_loops_are_found_where_they_are_kept(monkeypatch, tmp_path):
    """A renamed loop would make every small run plain for ever."""
    pytest.importorskip("numba")
    prepare(load_scenario(BASELINE)).simulate(0, "compiled")
    assert choose.is_compiled()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not choose.is_compiled()


def test_the_first_time_is_told_in_one_line(tmp_path):
    pytest.importorskip("numba")
    code = """
from concurrent.futures import ThreadPoolExecutor
from simulator.engine.choose import choose
with ThreadPoolExecutor(2) as threads:
    assert len(list(threads.map(choose, ["compiled"] * 4))) == 4
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines() == [choose.COMPILING] and done.stdout == ""


def test_warmup_makes_ready_and_doctor_tells():
    pytest.importorskip("numba")
    warm = CliRunner().invoke(program, ["--lang", "en", "warmup"])
    assert warm.exit_code == 0 and "engine compiled is ready" in warm.stdout
    told = json.loads(CliRunner().invoke(program, ["--json", "doctor"]).stdout)["doctor"]
    assert told["engine"] == "compiled" and told["compiled_cache"].endswith("(ready)")
