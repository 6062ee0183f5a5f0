"""A reference ensemble: members simulated in memory, and what they say of some series and parameters.

Fits, backtests and their recovery all read the same table of draws and statistics. With a folder to keep them in, the
members that are done survive an interruption, under a name that only the same scenario, data and source have.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from simulator.engine.choose import Engine, choose
from simulator.experiments.inference import Floats, Integers
from simulator.experiments.moments import Block
from simulator.experiments.provenance import identify
from simulator.foundation.files import write_alone
from simulator.model import Study, prepare
from simulator.scenario import load_scenario
from simulator.world.founding import Draw
from simulator.world.paths import growth_paths
from simulator.world.state import parameters_of

Progress = Callable[[int, int], None]
CHUNK = 25
"""Members that are simulated, and kept, together."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Draws (n, P) by `names`, and the recorded series that were kept, by member."""

    study: Study
    members: Integers
    names: tuple[str, ...]
    draws: Floats
    block: Block

    def column(self, name: str) -> Floats:
        """One parameter, (n,)."""
        return np.asarray(self.draws[:, self.names.index(name)])

    def bounds(self, names: Sequence[str]) -> Floats:
        """Lowest and highest value of each prior, (P, 2)."""
        priors = [self.study.scenario.assumptions[name] for name in names]
        return np.array([[prior.lower, prior.upper] for prior in priors])


def simulate_reference(
    scenario: Path,
    data: Path,
    members: int,
    series: Sequence[str],
    *,
    seed: int = 1,
    until: int = 2025,
    workers: int = 2,
    engine: str = "auto",
    progress: Progress | None = None,
    kept: Path | None = None,
) -> Reference:
    """Run `members` members of a scenario on a data folder; `series` are kept, and national growth.

    Members that `kept` holds from an interrupted call are read instead of simulated. Neither threads nor interruptions
    change a byte. Raises InputError for a bad folder and whatever a member raises.
    """
    overrides = {"seed": str(seed), "period.end": f"{until}Q4"}
    study = prepare(load_scenario(scenario, overrides, data))
    columns = [study.series.index(name) for name in series]
    chosen = choose(engine)
    width = len(study.parameter_names)
    rows = np.empty((members, width + len(study.years) + len(series) * len(study.quarters)))
    folder = None
    if kept is not None:
        told = json.dumps([asdict(identify(study.scenario)), list(series)], sort_keys=True)
        folder = kept / hashlib.sha256(told.encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)

    def one(member: int) -> Floats:
        result = study.simulate(member, engine)
        paths = result.values[:, columns].T.ravel()
        return np.concatenate([result.parameters, _national(study, member, chosen), paths])

    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, members, CHUNK):
            chunk = range(first, min(first + CHUNK, members))
            file = folder / f"{chunk.start:06d}-{chunk.stop:06d}.npy" if folder else None
            found = _read(file, (len(chunk), rows.shape[1]))
            if found is None:
                found = np.stack(list(pool.map(one, chunk)))
                if file is not None:
                    _write(file, found)
            rows[chunk.start : chunk.stop] = found
            if progress is not None:
                progress(chunk.stop, members)
    draws, national, values = np.split(rows, [width, width + len(study.years)], axis=1)
    paths = values.reshape(members, len(series), len(study.quarters))
    block = Block(
        tuple(study.quarters),
        {name: np.ascontiguousarray(paths[:, i]) for i, name in enumerate(series)},
        {year: np.ascontiguousarray(national[:, i]) for i, year in enumerate(study.years)},
    )
    numbers = np.arange(members, dtype=np.int64)
    return Reference(study, numbers, study.parameter_names, np.ascontiguousarray(draws), block)


def _read(file: Path | None, shape: tuple[int, int]) -> Floats | None:
    """Rows kept by an interrupted call; None where there are none, or the file is not whole."""
    if file is None or not file.is_file():
        return None
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return found if isinstance(found, np.ndarray) and found.shape == shape else None


def _write(file: Path, rows: Floats) -> None:
    buffer = io.BytesIO()
    np.save(buffer, rows)
    write_alone(file, buffer.getvalue())


def _national(study: Study, member: int, engine: Engine) -> Floats:
    """ln(1+g) of the nation in each year, as the member draws it (M1)."""
    values, _, drift = study.draws.of(member)
    p = parameters_of(values, study.switches)
    draw = Draw(study.scenario.seed, member, engine.uniforms, engine.choose_place)
    founding = study.quarters[0].year
    return growth_paths(study.years, founding, drift, study.ground, p, draw).national
