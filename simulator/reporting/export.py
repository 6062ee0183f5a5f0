"""A run as tables for other programs: CSV and Parquet in IAMC order, a netCDF file, or a workbook.

The long tables have a row for each member, series and year (annual figures: mean of a flow's four
quarters, last quarter of a stock): model, scenario, region, variable, unit, year, value, then
member. CSV is UTF-8 with a byte order mark, so that spreadsheets show Chinese. The netCDF file
holds every series by quarter, with its dimensions named. The workbook is for reading: targets, series by year with
their spread, assumptions and where everything comes from, in the language asked for. The same run gives the same bytes
of CSV and Parquet.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from simulator.experiments.extras import extra
from simulator.experiments.runs import folder_name
from simulator.foundation.files import drafted
from simulator.foundation.findings import UsageError, did_you_mean
from simulator.observables import observable_of
from simulator.registry import Registry
from simulator.reporting import Ensemble, Lang
from simulator.reporting.workbook import write_workbook
from simulator.targets import Floats

Integers = NDArray[np.int64]
Format = Literal["csv", "parquet", "netcdf", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)
COLUMNS = ("model", "scenario", "region", "variable", "unit", "year", "value", "member")

_SUFFIX = {"csv": ".csv", "parquet": ".parquet", "netcdf": ".nc", "xlsx": ".xlsx"}


class Exportable(Ensemble, Protocol):
    """An ensemble that also numbers its members and draws."""

    @property
    def version(self) -> str:
        """The version of the program that computed it."""

    @property
    def members(self) -> Integers:
        """The numbers of the members with results."""

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the drawn parameters."""


def export(
    run: Exportable,
    path: str | Path,
    form: str = "csv",
    *,
    force: bool = False,
    lang: Lang = "both",
) -> tuple[Path, ...]:
    """Write the run to `path` in the format; the files written.

    `path` is a file with the format's ending, or a folder, where the file is called after the
    scenario and the start of its digest. CSV writes the drawn parameters beside it, as
    `<name>-parameters.csv`. UsageError for another format, FileExistsError for a file that is
    there already unless `force`. `lang` is the language of a workbook.
    """
    if form not in FORMATS:
        hint = did_you_mean(form, FORMATS)
        raise UsageError(
            f"no format {form!r}; allowed: {', '.join(FORMATS)}{hint.en}",
            f"没有格式 {form!r}；可用：{'、'.join(FORMATS)}{hint.zh}",
        )
    target = _file(run, Path(path), form)
    writers: dict[str, list[tuple[Path, Callable[[Path], None]]]] = {
        "csv": [
            (target, lambda to: _write_csv(run, to)),
            (
                target.with_name(f"{target.stem}-parameters.csv"),
                lambda to: _write_parameters(run, to),
            ),
        ],
        "parquet": [(target, lambda to: _write_parquet(run, to))],
        "netcdf": [(target, lambda to: _write_netcdf(run, to))],
        "xlsx": [(target, lambda to: write_workbook(run, to, lang))],
    }
    chosen = writers[form]
    for file, _ in chosen:
        if file.exists() and not force:
            raise FileExistsError(17, "file exists; --force overwrites it", str(file))
    target.parent.mkdir(parents=True, exist_ok=True)
    for file, writer in chosen:
        # A reader never meets half a file.
        with drafted(file) as draft:
            writer(draft)
    return tuple(file for file, _ in chosen)


def _file(run: Exportable, path: Path, form: Format) -> Path:
    if path.suffix == _SUFFIX[form]:
        return path
    if path.suffix in _SUFFIX.values():
        raise UsageError(
            f"{path.name} does not end in {_SUFFIX[form]}, the ending of {form}",
            f"{path.name} 的后缀应为 {_SUFFIX[form]}（格式 {form}）",
        )
    return path / f"{folder_name(run.scenario.stem, run.hash)}{_SUFFIX[form]}"


def _region_and_variable(registry: Registry, series: str) -> tuple[str, str]:
    """Places are regions below the city, chains are variables below the observable."""
    city, observable = registry.city.name.en, observable_of(series)
    element = _element(series)
    if observable.dimension == "district":
        apart = " without its functional zones" if registry.zones_of(element) else ""
        return f"{city}|{element}{apart}", observable.key
    variable = f"{observable.key}|{element}" if element else observable.key
    return city, variable


def _blocks(run: Exportable) -> Iterator[tuple[str, str, str, Floats]]:
    """For each series: region, variable, unit, annual figures by member and year."""
    for series in run.series:
        observable = observable_of(series)
        region, variable = _region_and_variable(run.library.registry, series)
        yield region, variable, observable.unit, run.annual(series)


def _write_csv(run: Exportable, path: Path) -> None:
    model, scenario = f"simulate {run.version}", run.scenario.stem
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for region, variable, unit, annual in _blocks(run):
            writer.writerows(
                (model, scenario, region, variable, unit, year, value, member)
                for member, row in zip(run.members.tolist(), annual.tolist(), strict=True)
                for year, value in zip(run.years, row, strict=True)
            )


def _write_parameters(run: Exportable, path: Path) -> None:
    names = run.parameter_names
    drawn = [run.parameters(name).tolist() for name in names]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("member", *names))
    writer.writerows(zip(run.members.tolist(), *drawn, strict=True))
    path.write_bytes(buffer.getvalue().encode("utf-8-sig"))


def _write_parquet(run: Exportable, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    model, years, members = f"simulate {run.version}", len(run.years), run.n
    text = pa.dictionary(pa.int32(), pa.string())
    kinds = (text, text, text, text, text, pa.int32(), pa.float64(), pa.int64())
    schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))

    def repeated(value: str) -> object:
        return pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(years * members, dtype=np.int32)), pa.array([value])
        )

    # A row group for each series: readers that want one read only that one.
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for region, variable, unit, annual in _blocks(run):
            columns = [
                *(repeated(v) for v in (model, run.scenario.stem, region, variable, unit)),
                pa.array(np.tile(np.asarray(run.years, dtype=np.int32), members)),
                pa.array(annual.reshape(-1)),
                pa.array(np.repeat(run.members, years)),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _write_netcdf(run: Exportable, path: Path) -> None:
    with extra("netCDF4", "netcdf").Dataset(path, "w", format="NETCDF4") as file:
        file.title = f"simulate {run.version}: {run.scenario.name.en}"
        file.scenario = run.scenario.stem
        file.run = folder_name(run.scenario.stem, run.hash)
        file.scenario_digest = run.scenario.digest()
        file.seed = np.int64(run.seed)
        file.createDimension("member", run.n)
        file.createDimension("quarter", len(run.quarters))
        file.createVariable("member", "i8", ("member",))[:] = run.members
        labels = file.createVariable("quarter", str, ("quarter",))
        labels[:] = np.array([str(quarter) for quarter in run.quarters], dtype=object)
        grouped: dict[str, list[str]] = {}
        elements: dict[str, list[str]] = {}
        for series in run.series:
            observable = observable_of(series)
            grouped.setdefault(observable.key, []).append(series)
            known, one = elements.setdefault(observable.dimension, []), _element(series)
            if one not in known:
                known.append(one)
        for key, names in grouped.items():
            _add_variable(file, run, key, names, elements[observable_of(key).dimension])
        for name in run.parameter_names:
            variable = file.createVariable(f"parameter_{name}", "f8", ("member",), zlib=True)
            variable[:] = run.parameters(name)


def _element(series: str) -> str:
    """The chain, place or target that a series is of; empty for the city."""
    return series.partition("[")[2].rstrip("]")


def _add_variable(
    file: Any, run: Exportable, key: str, names: Sequence[str], elements: Sequence[str]
) -> None:
    """One observable: members by quarters, by chains, places or targets too; those that it is not of are missing."""
    observable = observable_of(key)
    dimensions: tuple[str, ...] = ("member", "quarter")
    values = run.values(names[0])
    if observable.dimension != "city":
        if observable.dimension not in file.dimensions:
            file.createDimension(observable.dimension, len(elements))
            labels = file.createVariable(observable.dimension, str, (observable.dimension,))
            labels[:] = np.array(elements, dtype=object)
        dimensions = (*dimensions, observable.dimension)
        values = np.full((*values.shape, len(elements)), np.nan)
        for name in names:
            values[..., elements.index(_element(name))] = run.values(name)
    variable = file.createVariable(key, "f8", dimensions, zlib=True)
    variable.units = observable.unit
    variable.long_name = observable.name.en
    variable.long_name_zh = observable.name.zh
    variable.kind = observable.kind
    variable[:] = values
