"""Founding by compiled loops: every array of a member's beginning has the bytes that the numpy text gives it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from simulator.model import TianjinAI, prepare
from simulator.scenario import load_scenario
from simulator.world.founding import fit_sizes

ROOT = Path(__file__).resolve().parents[2]
loops = pytest.importorskip("simulator.engine.founding", reason="Numba is not installed")


def arrays(name: str, value: object) -> Iterator[tuple[str, bytes]]:
    """Every array inside nested tuples, by its path."""
    if isinstance(value, np.ndarray):
        yield name, value.tobytes() + str((value.dtype, value.shape)).encode()
    elif isinstance(value, tuple):
        fields = getattr(value, "_fields", range(len(value)))
        for field, part in zip(fields, value, strict=True):
            yield from arrays(f"{name}.{field}", part)
    else:
        yield name, repr(value).encode()


def beginning(study, member, engine):
    model = TianjinAI(study, member, engine=engine)
    world, found = model.world, {}
    for name in ("firms", "births"):
        table = getattr(world, name)
        rows = (table.ids, *(block[:, : table.n] for block in table.columns[1:3]))
        found |= arrays(name, tuple(np.ascontiguousarray(block) for block in rows))
    for name in ("first_birth", "forcing", "links", "stocks", "projects", "hired"):
        found |= arrays(name, getattr(world, name))
    return found | dict(arrays("backdrop", model.backdrop))


@pytest.mark.parametrize("name", ["push", "hindcast", "plans/tj-2018-2020"])
def test_a_member_begins_with_the_same_bytes(name):
    study = prepare(load_scenario(ROOT / "scenarios" / f"{name}.yaml"))
    for member in (0, 67, 149):
        plain, compiled = (beginning(study, member, engine) for engine in ("plain", "compiled"))
        assert [key for key in plain if plain[key] != compiled[key]] == []
        assert plain.keys() == compiled.keys()


def test_a_compiled_sum_is_numpys():
    rng = np.random.default_rng(1)
    for n in (*range(280), 1353, 5000):
        column = rng.lognormal(size=n)
        assert loops._sum(column) == column.sum(), n


def test_sizes_are_fitted_to_the_same_bytes():
    rng = np.random.default_rng(2)
    for n in (1, 7, 130, 900):
        luck = rng.random(n)
        for mean in (0.25, 1.0, 9.0):
            plain = fit_sizes(luck, mean * n, 0.2, 10.0)
            assert fit_sizes(luck, mean * n, 0.2, 10.0, loops).tobytes() == plain.tobytes()
