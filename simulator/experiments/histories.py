"""Histories of single firms: what a run folder does not keep, recorded for the few members that need it.

Members are stepped here as Mesa models and looked at after every quarter. A history is yearly: revenue of a year is
the mean of its four quarterly rates, as for the city, and exists for firms that were there in all four.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.foundation.randomness import Origin
from simulator.mechanisms.linkages import local_share
from simulator.model import Member, Study
from simulator.world.founding import Draw
from simulator.world.paths import growth_paths
from simulator.world.places import node_coverage

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.uint64]

QUARTERS = 4
OLDEST = 60  # years; older firms share the last class of the life table


@dataclass(frozen=True, slots=True)
class History:
    """One member's firms over Y years, the founding year first; F firms in order of id.

    Money is 亿元 a year. `revenue` is NaN where a firm was not there all year; in the founding year it is
    the founding revenue. `lived` and `died` are start-ups of the period by completed years of age: quarters begun and
    exits. `national` is the yearly growth of the national industry, `multiplier` the mean output multiplier of
    the chains through local links at founding.
    """

    member: int
    years: tuple[int, ...]
    ids: Ids  # (F,)
    revenue: Floats  # (Y, F)
    present: Flags  # (Y, F) at the end of the year
    young: Floats  # (Y,) share of firms younger than five years at its end
    catalogue: Flags  # (Y, F) at the end of the year
    lived: Floats  # (OLDEST,)
    died: Floats  # (OLDEST,)
    exits: Floats  # (Y − 1,) firms that left within the year
    national: Floats  # (Y − 1,)
    multiplier: float
    parameters: dict[str, float]
    series: dict[str, Floats]  # recorded city series by name, (quarters,)


def record(study: Study, member: int, engine: str = "auto") -> History:
    """Step one member to the end of its period and keep what its firms did.

    Raises ValueError when the period does not consist of whole years.
    """
    years = study.years
    if len(study.simulated) != QUARTERS * len(years):
        raise ValueError("histories need a period of whole years")
    model = Member(study, member, engine=engine)
    table = model.world.firms
    ids = [table.ids.copy()]
    sales = [np.array(table.column("sales"), dtype=np.float64)]
    stock = [_stock(model)]
    lived, died = np.zeros(OLDEST), np.zeros(OLDEST)
    exits = np.zeros(len(years))
    multiplier, national = _multiplier(model), _national(model)
    for t in range(len(study.simulated)):
        before, age = table.ids.copy(), np.array(table.column("age"))
        model.step()
        ids.append(table.ids.copy())
        sales.append(np.array(table.column("sales"), dtype=np.float64))
        gone = ~np.isin(before, ids[-1], assume_unique=True)
        born = (before >> np.uint64(60)) == np.uint64(Origin.STARTUP)
        classes = np.minimum(age[born] // QUARTERS, OLDEST - 1)
        lived += np.bincount(classes, minlength=OLDEST)
        died += np.bincount(classes, gone[born], minlength=OLDEST)
        exits[t // QUARTERS] += np.count_nonzero(gone)
        if t % QUARTERS == QUARTERS - 1:
            stock.append(_stock(model))
    everyone = np.unique(np.concatenate(ids))
    shape = (len(years) + 1, len(everyone))
    revenue = np.full(shape, np.nan)
    present, catalogue = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    revenue[0, np.searchsorted(everyone, ids[0])] = sales[0]
    for y in range(len(years)):
        total, seen = np.zeros(len(everyone)), np.zeros(len(everyone))
        for t in range(QUARTERS * y + 1, QUARTERS * y + QUARTERS + 1):
            rows = np.searchsorted(everyone, ids[t])
            total[rows] += sales[t]
            seen[rows] += 1.0
        whole = seen == QUARTERS
        revenue[y + 1, whole] = total[whole] / QUARTERS
    for y, (there, listed, _) in enumerate(stock):
        rows = np.searchsorted(everyone, there)
        present[y, rows] = True
        catalogue[y, rows] = listed
    history = History(
        member,
        (study.quarters[0].year, *years),
        everyone,
        revenue,
        present,
        np.array([young for _, _, young in stock]),
        catalogue,
        lived,
        died,
        exits,
        national,
        multiplier,
        dict(zip(study.parameter_names, model.parameter_row.tolist(), strict=True)),
        {
            name: model.block[:, column].copy()
            for column, name in enumerate(study.series)
            if "[" not in name
        },
    )
    model.close()
    return history


def record_all(
    study: Study,
    members: Sequence[int],
    workers: int = 2,
    engine: str = "auto",
    done: Callable[[], None] = lambda: None,
) -> tuple[History, ...]:
    """Histories of several members, in their order; threads change no byte. `done` is called after each."""
    found = []
    with ThreadPoolExecutor(workers) as pool:
        for history in pool.map(lambda member: record(study, member, engine), members):
            found.append(history)
            done()
    return tuple(found)


def _stock(model: Member) -> tuple[Ids, Flags, float]:
    """Ids of the living, whether each is in the catalogue, and the share younger than five years."""
    table = model.world.firms
    young = np.asarray(table.column("age")) < 5 * QUARTERS
    return table.ids.copy(), np.asarray(table.column("catalogue")) > 0, float(young.mean())


def _multiplier(model: Member) -> float:
    """Mean column sum of (I − R̂A)^{-1} at founding (M11): output for a yuan of final sales."""
    links, p, table = model.world.links, model.world.parameters, model.world.firms
    coverage = node_coverage(
        np.asarray(table.column("node"), dtype=np.int64),
        np.asarray(table.column("sales"), dtype=np.float64),
        p.linkages.capable_node_size,
        links.node_chain,
    )
    shares = local_share(p.linkages.rpc, coverage, links.coverage, np.zeros(len(coverage)))
    local = np.linalg.inv(np.eye(len(shares)) - np.asarray(shares)[:, np.newaxis] * links.purchases)
    return float(local.sum(axis=0).mean())


def _national(model: Member) -> Floats:
    """Growth of the national industry in each year of the period (M1), as a share."""
    study = model.study
    draw = Draw(study.scenario.seed, model.member, model.engine.uniforms, model.engine.choose_place)
    paths = growth_paths(
        study.years,
        study.quarters[0].year,
        np.zeros(len(study.years)),
        study.ground,
        model.world.parameters,
        draw,
    )
    return np.asarray(np.expm1(paths.national))
