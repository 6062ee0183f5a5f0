"""The cross of chains and districts: it adds up to what was recorded, and is the same for any number of workers."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulator.experiments.cross import FILE, cross_frame, record_cross, stored_cross
from simulator.experiments.runs import run
from simulator.experiments.store import Run, open_run
from simulator.foundation.findings import UsageError

SHEET = "scenarios/push.yaml"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(SHEET, n=3, engine="plain", out=tmp_path_factory.mktemp("cross") / "run")


def test_it_adds_up_and_is_read_back(stored: Run) -> None:
    with pytest.raises(UsageError, match=r"plot .* cross records it"):
        stored.to_frame("cross")
    assert stored_cross(stored) is None
    told: list[tuple[int, int]] = []
    found = record_cross(stored, 2, "plain", lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert found.table.shape == (3, len(stored.years), len(found.chains), len(found.places))
    whole = found.table.sum(axis=(2, 3))
    assert whole == pytest.approx(stored.annual("core_revenue"), rel=1e-9)
    one = found.table[:, :, 0].sum(axis=2)
    assert one == pytest.approx(stored.annual(f"chain_core_revenue[{found.chains[0]}]"), rel=1e-9)
    again = stored_cross(open_run(stored.path))
    assert again is not None and again.places == found.places
    assert np.array_equal(again.table, found.table) and np.array_equal(again.members, found.members)
    frame = stored.to_frame("cross")
    assert list(frame.columns) == ["member", "year", "chain", "district", "core_revenue"]
    row = frame[(frame.member == 1) & (frame.year == 2027) & (frame.chain == found.chains[2])]
    assert row.district.tolist() == list(found.places)
    assert row.core_revenue.to_numpy() == pytest.approx(found.table[1, -1, 2], rel=0.0, abs=0.0)


def test_workers_change_no_byte(stored: Run) -> None:
    record_cross(stored, 1, "plain")
    first = (stored.path / FILE).read_bytes()
    record_cross(stored, 3, "plain")
    assert (stored.path / FILE).read_bytes() == first


def test_a_cross_of_another_run_is_not_used(stored: Run, tmp_path: Path) -> None:
    record_cross(stored, 1, "plain")
    other = run(SHEET, n=2, seed=2, engine="plain", out=tmp_path / "other")
    (other.path / FILE).write_bytes((stored.path / FILE).read_bytes())
    assert stored_cross(other) is None
    with pytest.raises(UsageError, match="holds no cross"):
        cross_frame(other)


@pytest.mark.parametrize("damage", ["cut", "altered"])
def test_a_damaged_cross_is_as_none(stored: Run, tmp_path: Path, damage: str) -> None:
    record_cross(stored, 1, "plain")
    path = stored.path / FILE
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        table = pq.read_table(path)
        wrong = pa.array(table.column("core_revenue").to_numpy() * 1.001)
        pq.write_table(table.set_column(4, "core_revenue", wrong), path)
    assert stored_cross(stored) is None
    path.write_bytes(whole)
    assert stored_cross(stored) is not None


def test_members_that_differ_from_what_was_recorded_are_refused(
    stored: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Run.annual
    monkeypatch.setattr(Run, "annual", lambda self, series: recorded(self, series) * 1.0001)
    with pytest.raises(UsageError, match="other members"):
        record_cross(stored, 1, "plain")
