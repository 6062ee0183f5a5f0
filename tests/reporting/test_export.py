"""Exports read back to the numbers of the run."""

import csv
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulator.experiments.runs import run as simulate
from simulator.foundation.findings import UsageError
from simulator.reporting.export import COLUMNS, FORMATS, export
from tests.reporting.ensembles import Made, ensemble


@pytest.fixture(scope="module")
def run() -> Made:
    full = ensemble(n=12)
    kept = (
        "core_revenue",
        "firms_10",
        "chain_core_revenue[big_data]",
        "district_core_revenue[xiqing]",
    )
    return replace(full, table={name: full.table[name] for name in kept})


def test_csv_is_long_tidy_and_opens_in_a_spreadsheet(run: Made, tmp_path: Path) -> None:
    table, drawn = export(run, tmp_path / "out", "csv")
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    assert b"\r\n" not in table.read_bytes()
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert {(row["model"], row["scenario"]) for row in rows} == {("simulate 0.1.0", "baseline")}
    assert len(rows) == 4 * run.n * len(run.years)
    regions = {(row["region"], row["variable"]) for row in rows}
    assert regions == {
        ("Tianjin", "core_revenue"),
        ("Tianjin", "firms_10"),
        ("Tianjin", "chain_core_revenue|big_data"),
        ("Tianjin|xiqing", "district_core_revenue"),
    }
    found = [float(row["value"]) for row in rows if row["variable"] == "core_revenue"]
    assert found == run.annual("core_revenue").reshape(-1).tolist()
    with drawn.open(encoding="utf-8-sig", newline="") as file:
        parameters = list(csv.DictReader(file))
    assert [float(row["base_core_revenue"]) for row in parameters] == run.drawn[
        "base_core_revenue"
    ].tolist()


def test_a_file_is_named_after_its_run_and_a_district_says_what_it_leaves_out(
    tmp_path: Path,
) -> None:
    table = {f"district_core_revenue[{id_}]": np.ones((12, 13)) for id_ in ("binhai", "xiqing")}
    run = replace(ensemble(n=12), table=table)
    other = replace(run, hash="f" * 64)
    (tmp_path / "out").mkdir()
    names = {export(each, tmp_path / "out", "csv")[0].name for each in (run, other)}
    assert names == {"baseline-01234567.csv", "baseline-ffffffff.csv"}
    with (tmp_path / "out" / "baseline-01234567.csv").open(encoding="utf-8-sig") as file:
        regions = {row["region"] for row in csv.DictReader(file)}
    assert regions == {"Tianjin|binhai without its functional zones", "Tianjin|xiqing"}


def test_parquet_holds_the_same_rows_as_csv(run: Made, tmp_path: Path) -> None:
    (path,) = export(run, tmp_path / "run.parquet", "parquet")
    table, _ = export(run, tmp_path / "run.csv", "csv")
    frame = pq.read_table(path)
    assert tuple(frame.column_names) == COLUMNS
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    read = [
        [*(str(cell) for cell in row[:5]), row[5], row[6], row[7]]
        for row in zip(*(frame.column(name).to_pylist() for name in COLUMNS), strict=True)
    ]
    assert read == [[*row[:5], int(row[5]), float(row[6]), int(row[7])] for row in rows]


def test_a_link_is_written_through_and_a_pipe_gives_the_same_bytes(
    run: Made, tmp_path: Path
) -> None:
    (plain,) = export(run, tmp_path / "plain.parquet", "parquet")
    link, pipe = tmp_path / "link.parquet", tmp_path / "pipe.parquet"
    link.symlink_to("real.parquet")
    export(run, link, "parquet")
    assert link.is_symlink() and link.read_bytes() == plain.read_bytes()
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()), daemon=True)
    reader.start()
    export(run, pipe, "parquet", force=True)
    reader.join(10)
    assert heard == [plain.read_bytes()] and pipe.is_fifo()
    assert {path.name for path in tmp_path.iterdir()} == {
        *("plain.parquet", "link.parquet", "real.parquet", "pipe.parquet"),
    }


def test_netcdf_names_its_dimensions_and_units(run: Made, tmp_path: Path) -> None:
    netcdf = pytest.importorskip("netCDF4")
    (path,) = export(run, tmp_path, "netcdf")
    with netcdf.Dataset(path) as file:
        assert list(file["quarter"][:]) == [str(quarter) for quarter in run.quarters]
        np.testing.assert_array_equal(file["core_revenue"][:], run.values("core_revenue"))
        assert file["core_revenue"].units == "亿元"
        assert file["core_revenue"].dimensions == ("member", "quarter")
        assert file["chain_core_revenue"].dimensions == ("member", "quarter", "chain")
        np.testing.assert_array_equal(
            file["district_core_revenue"][:, :, 0], run.values("district_core_revenue[xiqing]")
        )
        assert list(file["district"][:]) == ["xiqing"]
        np.testing.assert_array_equal(file["parameter_construction"][:], run.drawn["construction"])
        assert file.scenario_digest == run.scenario.digest()


def test_netcdf_keeps_targets_that_only_some_observables_are_of(tmp_path: Path) -> None:
    netcdf = pytest.importorskip("netCDF4")
    full = simulate("scenarios/baseline.yaml", n=2, out=tmp_path / "run")
    (path,) = export(full, tmp_path / "out", "netcdf")
    with netcdf.Dataset(path) as file:
        for series in full.series:
            key, _, element = series.partition("[")
            values = file[key][:]
            if element:
                labels = list(file[file[key].dimensions[2]][:])
                values = values[..., labels.index(element.rstrip("]"))]
            np.testing.assert_array_equal(values, full.values(series))
        assert np.isnan(file["project_size_begun"][:]).any()
        assert not np.isnan(file["milestones_delivered"][:]).all()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_run_gives_the_same_bytes(run: Made, tmp_path: Path, form: str) -> None:
    first, second = export(run, tmp_path / "a", form), export(run, tmp_path / "b", form)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_overwritten_unasked(run: Made, tmp_path: Path, form: str) -> None:
    written = export(run, tmp_path, form)
    with pytest.raises(FileExistsError):
        export(run, tmp_path, form)
    assert export(run, tmp_path, form, force=True) == written
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_without_the_netcdf_package_the_message_says_so(
    run: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "netCDF4", None)
    with pytest.raises(UsageError, match="netCDF4"):
        export(run, tmp_path, "netcdf")
    assert not list(tmp_path.iterdir())


def test_wrong_formats_and_endings_are_usage_errors(run: Made, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean parquet"):
        export(run, tmp_path, "parket")
    with pytest.raises(UsageError, match=r"does not end in \.csv"):
        export(run, tmp_path / "a.parquet", "csv")
    assert not list(tmp_path.iterdir())
