"""Core revenue by chain and place at once, which a run's series by chain and by place are the sums of.

A run records chains and places but not their cross, some 175 more series. Who asks for it meets the run's members
again: draws are addressed, so that they are the same members, and what they add up to is held against what the run
recorded. The cross is kept in the run's folder, so that it is computed once.
"""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import default_workers
from simulator.foundation.files import write_alone
from simulator.foundation.findings import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from simulator.experiments.store import Run

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

FILE: Final = "cross.parquet"
KEY: Final = "core_revenue"
CLOSE: Final = 1e-9
"""How far sums over the cross may lie from the recorded series, relative: both add the same firms, in another order."""


class Cross(NamedTuple):
    """Annual core revenue in 亿元, float64[members, years, chains, places], with what its axes hold.

    A firm in a functional zone counts in the zone's place only.
    """

    members: npt.NDArray[np.int64]
    years: tuple[int, ...]
    chains: tuple[str, ...]
    places: tuple[str, ...]
    table: Floats


def record_cross(
    run: "Run", workers: int | None = None, engine: str = "auto", progress: Progress | None = None
) -> Cross:
    """Compute the cross of the run's members and keep it in the run's folder; the same bytes for any workers.

    UsageError where the installed sources give other members than those that were recorded.
    """
    from simulator.model import Member, prepare

    study = prepare(run.scenario)
    quarters = np.array([quarter.year for quarter in study.quarters])
    rows = [np.flatnonzero(quarters == year) for year in run.years]

    def cells(member: int) -> Floats:
        one = Member(study, member, engine=engine)
        one.advance(len(study.simulated))
        found = np.stack([one.cells[own].mean(axis=0) for own in rows])
        one.close()
        return found

    found = []
    with ThreadPoolExecutor(workers or default_workers()) as pool:
        for done, table in enumerate(pool.map(cells, run.members.tolist()), 1):
            found.append(table)
            if progress is not None:
                progress(done, run.n)
    registry = run.library.registry
    chains = tuple(chain.id for chain in registry.chains)
    places = tuple(place.id for place in registry.places)
    cross = Cross(run.members, run.years, chains, places, np.array(found))
    if odd := _adds_up(run, cross):
        raise UsageError(
            f"the installed sources give other members than {run.path} holds ({odd}); run the scenario again "
            "with --force",
            f"已安装的源码算出的成员与 {run.path} 所存不同（{odd}）；请用 --force 重新运行该情景",
        )
    write_alone(run.path / FILE, _encoded(run, cross))
    return cross


def stored_cross(run: "Run") -> Cross | None:
    """The cross in the run's folder; None without one, or where it is damaged, of another run or of fewer members."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path: Path = run.path / FILE
    if not path.is_file():
        return None
    registry = run.library.registry
    chains = tuple(chain.id for chain in registry.chains)
    places = tuple(place.id for place in registry.places)
    try:
        table = pq.read_table(path)
        members = np.unique(table.column("member").to_numpy())
        column = table.column(KEY).to_numpy()
    except (pa.ArrowException, OSError, KeyError):
        return None
    shape = (len(members), len(run.years), len(chains), len(places))
    same = (table.schema.metadata or {}).get(b"run") == run.hash.encode()
    if not same or not np.array_equal(members, run.members) or column.size != np.prod(shape):
        return None
    cross = Cross(members, run.years, chains, places, column.reshape(shape))
    return cross if _adds_up(run, cross) is None else None


def cross_frame(run: "Run") -> "pd.DataFrame":
    """The stored cross as a table: member, year, chain, district, core_revenue; UsageError where there is none."""
    import pyarrow.parquet as pq

    if stored_cross(run) is None:
        raise UsageError(
            f"{run.path} holds no cross of chains and districts; simulate plot {run.path} cross records it",
            f"{run.path} 没有产业链与区的交叉表；simulate plot {run.path} cross 可补记",
        )
    frame: pd.DataFrame = pq.read_table(run.path / FILE).to_pandas()
    return frame


def _adds_up(run: "Run", cross: Cross) -> str | None:
    """The first recorded series by chain or by place that the cross does not add up to; None where there is none."""
    for key, elements, axis in (
        ("chain_core_revenue", cross.chains, 3),
        ("district_core_revenue", cross.places, 2),
    ):
        sums = cross.table.sum(axis=axis)
        for place, element in enumerate(elements):
            recorded = run.annual(f"{key}[{element}]")
            if not np.allclose(sums[:, :, place], recorded, rtol=CLOSE, atol=CLOSE):
                return f"{key}[{element}]"
    return None


def _encoded(run: "Run", cross: Cross) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    n, years, chains, places = cross.table.shape

    def words(names: tuple[str, ...], each: int, times: int) -> pa.DictionaryArray:
        places = np.tile(np.repeat(np.arange(len(names), dtype=np.int32), each), times)
        return pa.DictionaryArray.from_arrays(places, list(names))

    columns = {
        "member": np.repeat(cross.members, years * chains * places),
        "year": np.tile(np.repeat(np.array(cross.years), chains * places), n),
        "chain": words(cross.chains, places, n * years),
        "district": words(cross.places, 1, n * years * chains),
        KEY: cross.table.reshape(-1),
    }
    table = pa.table(columns).replace_schema_metadata({"run": run.hash, "unit": "亿元"})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
