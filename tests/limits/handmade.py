"""Worlds built by hand, moved by the model's own engine: everything off unless a test asks for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine.choose import choose
from simulator.foundation.calendar import Quarter
from simulator.foundation.parameters import Distribution, load_priors
from simulator.foundation.randomness import Origin, entity_ids
from simulator.scenario import Scenario, load_scenario
from simulator.world.firms import Table
from simulator.world.measures import CITY, Measures, measure_names, measures_of
from simulator.world.people import PeoplePaths, settle_people
from simulator.world.state import (
    Address,
    Forcing,
    Links,
    Parameters,
    Projects,
    Stocks,
    Switches,
    open_stocks,
    parameters_of,
)

Number = npt.NDArray[np.float64]

ENGINE = choose("auto")
OFF = Switches(*([0.0] * len(Switches._fields)))._replace(firms=1.0)
START = Quarter(2025, 1).index
SCENARIOS = Path(__file__).parents[2] / "scenarios"
NOTHING = dict.fromkeys(Switches._fields, False) | {"firms": True}


def scenario(
    stem: str = "no_policy",
    mechanisms: Mapping[str, bool] | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    centred: bool = False,
    **values: float,
) -> Scenario:
    """A shipped scenario with some switches turned and some assumptions fixed, or all at their centre."""
    loaded = load_scenario(SCENARIOS / f"{stem}.yaml", overrides or {})
    centre = {name: prior.central for name, prior in loaded.parameters.items()} if centred else {}
    assert set(values) <= set(loaded.assumptions), "no such assumption"
    fixed = {name: Distribution.fixed(value) for name, value in (centre | values).items()}
    return dataclasses.replace(
        loaded,
        assumptions={**loaded.assumptions, **fixed},
        mechanisms={**loaded.mechanisms, **(mechanisms or {})},
    )


def with_doses(case: Scenario, doses: Mapping[str, float]) -> Scenario:
    """The scenario with the given constant doses for levers by id; the others as they are."""
    assert set(doses) <= {setting.lever.id for setting in case.levers}, "no such lever"
    return dataclasses.replace(
        case,
        levers=tuple(
            dataclasses.replace(
                setting,
                dose=dataclasses.replace(setting.dose, points=((None, doses[setting.lever.id]),)),
            )
            if setting.lever.id in doses
            else setting
            for setting in case.levers
        ),
    )


def no_doses(case: Scenario) -> dict[str, float]:
    """Dose zero for every lever of a scenario."""
    return {setting.lever.id: 0.0 for setting in case.levers}


def parameters(switches: Switches = OFF, **changed: float) -> Parameters:
    """Parameters at the centre of their priors, some of them changed."""
    priors = load_priors()
    centre = {name: prior.central for name, prior in priors.items()} | changed
    assert centre.keys() == priors.keys(), "no such parameter"
    return parameters_of(centre, switches)


def no_projects(years: int = 1) -> Projects:
    """No project for firms to carry, in any year."""
    none = np.zeros(0, dtype=np.int64)
    first = np.zeros(years + 1, dtype=np.int64)
    return Projects(first, none, none, none, none, none, np.zeros(0))


def still(
    years: int = 1,
    quarters: int = 1,
    chains: int = 1,
    places: int = 1,
    **changed: npt.ArrayLike,
) -> Forcing:
    """Forcing without growth, policy or money; ``changed`` replaces whole arrays."""
    cells = (quarters, chains, places)
    forcing = Forcing(
        drift=np.zeros((years, chains)),
        reference=np.ones(years),
        published=np.ones(years),
        growth=np.zeros(cells),
        survival=np.zeros(cells),
        linkage=np.zeros(cells[:2]),
        contracts=np.zeros(cells[:2]),
        fund=np.zeros((quarters, 2)),
        tickets=np.zeros(0),
        first_ticket=np.zeros(quarters + 1, dtype=np.int64),
        people=PeoplePaths(
            per_head=np.full(years, 0.025),
            national_fill=np.ones(years),
            programme=np.zeros((quarters, places)),
            promised=np.zeros((quarters, 0, places)),
        ),
        grants=np.zeros((years, chains)),
        research_depreciation=np.zeros((2, chains)),  # one node a chain
        projects=no_projects(years),
    )
    return forcing._replace(
        **{
            name: value
            if name == "projects"
            else np.ascontiguousarray(value, dtype=getattr(forcing, name).dtype)
            for name, value in changed.items()
        }
    )


class Handmade:
    """A world of given firms. ``columns`` set columns of firms, the rest are zero but for quality."""

    def __init__(
        self,
        external: npt.ArrayLike,
        p: Parameters,
        forcing: Forcing | None = None,
        purchases: npt.ArrayLike | None = None,
        **columns: npt.ArrayLike,
    ) -> None:
        external = np.asarray(external, dtype=float)
        forcing = still() if forcing is None else forcing
        n_chains = forcing.drift.shape[1]
        firms = Table(len(external))
        given = {
            "external": external,
            "sales": external,
            "capacity": 1e9,
            "quality": 1.0,
            "ai_share": 1.0,
            "catalogue": 1,
            "ai": 1,
            "age": 40,
            "node": columns.get("chain", 0),
        } | columns
        firms.append(entity_ids(Origin.FOUNDING, 9, 0, len(external)), **given)
        links = Links(
            np.zeros((n_chains, n_chains))
            if purchases is None
            else np.ascontiguousarray(purchases, dtype=float),
            np.arange(n_chains, dtype=np.int64),  # one node a chain
            np.ones(n_chains),
        )
        place_sales = np.bincount(
            firms.column("place"), firms.column("sales"), forcing.growth.shape[2]
        )
        quarters = len(forcing.growth)
        people = settle_people(
            place_sales, 2024, forcing.people.promised.shape[:2], p.talent, p.switches.talent
        )
        stocks = open_stocks(
            len(forcing.tickets),
            np.zeros(n_chains),
            1.0,
            people,
            holders=len(external),
            lag=round(p.research.lag_rd / 0.25),
            projects=len(forcing.projects.begun),
            counted=(quarters, int(max(forcing.projects.target, default=-1)) + 1),
        )
        self.world = SimpleNamespace(
            firms=firms, births=Table(1), parameters=p, forcing=forcing, links=links, stocks=stocks
        )
        names = measure_names(
            tuple(map(str, range(n_chains))), tuple(map(str, range(forcing.growth.shape[2])))
        )
        self.row = np.zeros(len(names))

    def __getattr__(self, name: str) -> Any:
        return self.world.firms.column(name)

    @property
    def measures(self) -> Measures:
        """Measures of the last quarter."""
        forcing = self.world.forcing
        cell = np.zeros((forcing.drift.shape[1], forcing.growth.shape[2]))
        return measures_of(self.row, cell)

    def city(self, name: str) -> float:
        """One city measure of the last quarter."""
        return float(self.row[CITY.index(name)])

    @property
    def stocks(self) -> Stocks:
        """What lives on between quarters besides the firms."""
        stocks: Stocks = self.world.stocks
        return stocks

    def step(
        self,
        number: int = 0,
        *,
        first_of_year: bool = True,
        at: int = 0,
        year: int = 0,
        births: tuple[int, int] = (0, 0),
        seed: int = 1,
        member: int = 0,
        engine: Any = ENGINE,
    ) -> None:
        """One quarter of the engine: ``number`` makes its calendar quarter, ``at`` reads the forcing."""
        world = self.world
        world.firms.reserve(births[1] - births[0])
        now = Address(seed, member, START + number, at, year, first_of_year)
        world.firms.n = engine.quarter(
            world.firms.columns,
            world.firms.n,
            world.births.columns,
            *births,
            world.parameters,
            world.forcing,
            world.links,
            world.stocks,
            now,
            self.measures,
        )


def hill(values: Number, k: int) -> float:
    """Hill's estimate of a tail exponent from the ``k`` largest values; standard error about 1/√k of it."""
    largest = np.sort(values)[::-1]
    return float(1.0 / np.mean(np.log(largest[:k] / largest[k])))
