"""A reference ensemble: members simulated in memory, and what they say of some series and parameters.

Fits, backtests and their recovery all read the same table of draws and statistics; nothing of it goes to disk.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.engine.choose import Engine, choose
from simulator.experiments.inference import Floats, Integers
from simulator.experiments.moments import Block
from simulator.model import Study, prepare
from simulator.scenario import load_scenario
from simulator.world.founding import Draw
from simulator.world.paths import growth_paths
from simulator.world.state import parameters_of

Progress = Callable[[int, int], None]
CHUNK = 25


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
) -> Reference:
    """Run `members` members of a scenario on a data folder; `series` are kept, and national growth.

    Threads change no byte. Raises InputError for a bad folder and whatever a member raises.
    """
    study = prepare(load_scenario(scenario, {"seed": str(seed), "period.end": f"{until}Q4"}, data))
    numbers = np.arange(members, dtype=np.int64)
    columns = [study.series.index(name) for name in series]
    values = np.empty((len(series), members, len(study.quarters)))
    draws = np.empty((members, len(study.parameter_names)))
    chosen = choose(engine)
    national = np.empty((members, len(study.years)))
    done = 0

    def one(member: int) -> None:
        result = study.simulate(member, engine)
        values[:, member, :] = result.values[:, columns].T
        draws[member] = result.parameters
        national[member] = _national(study, member, chosen)

    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, members, CHUNK):
            chunk = range(first, min(first + CHUNK, members))
            for _ in pool.map(one, chunk):
                done += 1
            if progress is not None:
                progress(done, members)
    block = Block(
        tuple(study.quarters),
        {name: values[i] for i, name in enumerate(series)},
        {year: national[:, i] for i, year in enumerate(study.years)},
    )
    return Reference(study, numbers, study.parameter_names, draws, block)


def _national(study: Study, member: int, engine: Engine) -> Floats:
    """ln(1+g) of the nation in each year, as the member draws it (M1)."""
    values, _, drift = study.draws.of(member)
    p = parameters_of(values, study.switches)
    draw = Draw(study.scenario.seed, member, engine.uniforms, engine.choose_place)
    founding = study.quarters[0].year
    return growth_paths(study.years, founding, drift, study.ground, p, draw).national
