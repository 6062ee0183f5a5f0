"""Two engines, one text of equations: the same bytes, with and without a compiler."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.engine import cache, plain
from simulator.engine.choose import choose
from simulator.foundation.randomness import Origin, entity_ids
from simulator.foundation.randomness import uniforms as reference_uniforms
from simulator.model import prepare
from simulator.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
compiled = pytest.importorskip("simulator.engine.compiled", reason="Numba is not installed")


@pytest.mark.parametrize("name", ["baseline", "push", "no_policy"])
@pytest.mark.parametrize("member", [0, 67])
def test_both_engines_give_the_same_bytes(name, member):
    study = prepare(load_scenario(ROOT / "scenarios" / f"{name}.yaml"))
    a, b = study.simulate(member, "plain"), study.simulate(member, "compiled")
    odd = [study.series[j] for j in np.unique(np.argwhere(a.values != b.values)[:, 1])]
    assert not odd
    assert a.values.tobytes() == b.values.tobytes()
    assert a.parameters.tobytes() == b.parameters.tobytes()


def test_compiled_draws_are_the_reference_draws():
    ids = entity_ids(Origin.ARRIVAL, 9, 8100, 300)
    for pair, twin in zip(
        reference_uniforms(ids, 3, 4, 2**32 - 1, 5, 6),
        compiled.uniforms(ids, 3, 4, 2**32 - 1, 5, 6),
        strict=True,
    ):
        assert pair.tobytes() == twin.tobytes()


def test_compiled_choice_of_place_is_the_plain_choice():
    rng = np.random.default_rng(3)
    value = rng.normal(size=(5, 7, 25))
    ids = entity_ids(Origin.STARTUP, 2, 8100, 400)
    chain, step = rng.integers(0, 7, 400), rng.integers(0, 5, 400)
    addresses = rng.integers(0, 2**24, 25)
    a = plain.choose_place(value, addresses, ids, chain, step, 1, 2)
    b = compiled.choose_place(value, addresses, ids, chain, step, 1, 2)
    assert a.tolist() == b.tolist() and len(set(a.tolist())) > 10


WITHOUT_NUMBA = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "numba" or name.startswith(("numba.", "llvmlite")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from simulator.model import prepare
from simulator.scenario import load_scenario
from simulator.engine.choose import choose
study = prepare(load_scenario("scenarios/baseline.yaml"))
assert choose("auto").NAME == "plain", choose("auto").NAME
sys.stdout.buffer.write(study.simulate(3).values.tobytes())
"""


def test_without_numba_everything_runs_on_the_plain_engine_with_the_same_bytes():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    study = prepare(load_scenario(ROOT / "scenarios/baseline.yaml"))
    assert done.stdout == study.simulate(3, "compiled").values.tobytes()


def test_an_unknown_engine_is_named():
    with pytest.raises(ValueError, match="allowed: auto, compiled, plain"):
        choose("gpu")


def test_an_edited_equation_moves_the_cache(tmp_path, monkeypatch):
    package = tmp_path / "simulator"
    for source in cache.SOURCES:
        path = cache.PACKAGE / source
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            copy = package / file.relative_to(cache.PACKAGE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    monkeypatch.setattr(cache, "PACKAGE", package)
    before = cache.folder()
    equation = package / "mechanisms" / "demand.py"
    equation.write_text(equation.read_text().replace("1.0 - 2.0", "1.0 - 1.9", 1))
    assert cache.folder() != before
    assert os.path.commonpath([before, cache.folder()]) == str(before.parent)


@pytest.mark.parametrize("place", ["NUMBA_CACHE_DIR", "XDG_CACHE_HOME"])
def test_the_cache_is_keyed_wherever_it_lies(tmp_path, monkeypatch, place):
    """Numba's own setting, or one that a parent with other sources left behind, must not name a stale folder."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv(place, str(tmp_path))
    expected = tmp_path / cache.OURS / cache.sources_digest()[:16]
    assert cache.folder() == expected
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / cache.OURS / "0123456789abcdef"))
    assert cache.folder() == expected


CHOICE = """
import numpy as np
from simulator.engine import compiled, plain
value = np.random.default_rng(3).normal(size=(1, 2, 9))
ids = np.arange(200, dtype=np.uint64)
zero = np.zeros(200, dtype=np.int64)
for engine in (compiled, plain):
    print(engine.choose_place(value, np.arange(9), ids, zero, zero, 1, 2).sum())
"""


@pytest.mark.slow
def test_an_edited_equation_is_what_runs_next(tmp_path):
    """A copied tree, run, edited and run again: the compiled loop follows the equation in another file."""
    import shutil

    shutil.copytree(ROOT / "simulator", tmp_path / "simulator")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    chosen = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", CHOICE],
            cwd=tmp_path,
            capture_output=True,
            env=environment,
            check=True,
        )
        chosen.append(done.stdout.split())
        equation = tmp_path / "simulator" / "mechanisms" / "location.py"
        old, new = "return -log(-log(uniform))", "return log(-log(uniform))"
        equation.write_text(equation.read_text().replace(old, new))
    (compiled_before, plain_before), (compiled_after, plain_after) = chosen
    assert compiled_before == plain_before and compiled_after == plain_after
    assert compiled_before != compiled_after
