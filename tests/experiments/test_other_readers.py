"""The parts of a run are read by other programs, and by the library a column at a time."""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulator.experiments.ledger import MEMBERS
from simulator.experiments.store import open_run

README = Path(__file__).parents[2] / "results" / "README.md"


def test_the_query_of_the_readme_gives_the_medians(lab, tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    made = lab.run(230, out=tmp_path / "results" / "latest")
    told = re.search(r'duckdb\.sql\(\s*"(.+)"\s*\)\.show', README.read_text(encoding="utf-8"))
    assert told is not None
    monkeypatch.chdir(tmp_path)
    rows = duckdb.sql(told[1]).fetchall()
    values = made.values("core_revenue")
    first = made.quarters[0].year
    expected = [
        (
            year,
            float(np.median(values[:, [k for k, q in enumerate(made.quarters) if q.year == year]])),
        )
        for year in range(first, 2028)
    ]
    assert rows == expected


def test_pandas_takes_the_files_of_one_kind(lab, tmp_path):
    made = lab.run(120, out=tmp_path / "run")
    files = sorted((made.path / "parts").glob("members-*.parquet"))
    frame = pd.concat(
        pd.read_parquet(
            file, columns=["member", "core_revenue"], filters=[("quarter", ">=", 4 * 2027)]
        )
        for file in files
    )
    assert frame.member.nunique() == 120 and len(frame) == 120 * 4
    assert (
        frame.core_revenue.to_numpy().reshape(120, 4).tolist()
        == made.values("core_revenue")[:, 9:].tolist()
    )


def test_one_series_takes_the_memory_of_one_series_and_of_no_more_than_the_block_allows(
    lab, tmp_path, monkeypatch
):
    monkeypatch.setattr("simulator.experiments.folder.os.fsync", lambda descriptor: None)
    monkeypatch.setattr("simulator.experiments.store._BLOCK_BYTES", 4000 * 13 * 8)
    opened = open_run(lab.run(4000, out=tmp_path / "run").path)
    opened.members  # noqa: B018  counted once
    tracemalloc.start()
    size = opened.values("core_revenue").nbytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 4000 * 13 * 8
    assert peak < 1.5 * size


def test_the_head_of_a_run_is_its_first_members(lab):
    made = lab.run(230)
    assert made.head(100).members.tolist() == list(range(100))
    assert made.head(101).members.tolist() == list(range(150))
    assert made.head(MEMBERS).members.tolist() == list(range(230))
