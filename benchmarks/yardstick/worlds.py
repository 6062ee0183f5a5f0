"""Founded worlds for the yardsticks: any number of firms, fresh copies, and the quarters to walk through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.engine.choose import choose
from simulator.foundation.calendar import Quarter
from simulator.foundation.randomness import Origin, entity_ids
from simulator.model import Study, found_world, prepare
from simulator.scenario import load_scenario
from simulator.world.firms import Firms, Label, Number, Table
from simulator.world.founding import Draw
from simulator.world.measures import BY_CHAIN, BY_PLACE, CITY, FIRMS, measures_of
from simulator.world.state import Address, Stocks, Stretch, World

QUARTERS_A_YEAR = 4
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
BASELINE, HINDCAST = SCENARIOS / "baseline.yaml", SCENARIOS / "hindcast.yaml"


class Start(NamedTuple):
    """A world at its founding, with the study that knows its calendar."""

    study: Study
    world: World
    member: int


def founded(
    quarters: int = 40, firms: int | None = None, member: int = 0, scenario: Path = BASELINE
) -> Start:
    """A member of a scenario, run for `quarters` (whole years), with `firms` founding firms.

    More firms than are founded are copies of them with ids of their own; fewer are the first rows.
    """
    first = load_scenario(scenario).period.quarters[0]
    end = f"{first.year + quarters // QUARTERS_A_YEAR - 1}Q4"
    study = prepare(load_scenario(scenario, {"period.end": end}))
    plain = choose("plain")
    draw = Draw(study.scenario.seed, member, plain.uniforms, plain.choose_place)
    world = found_world(study, member, draw).world
    if firms is not None:
        world = replace(world, firms=_resized(world.firms, firms))
    return Start(study, world, member)


def _resized(table: Table, firms: int) -> Table:
    rows = np.arange(firms) % table.n
    made = _table(table, rows)
    copies = max(firms - table.n, 0)
    made.columns.ids[firms - copies : firms] = entity_ids(Origin.FOUNDING, 77, 1, copies)
    return made


def _table(table: Table, rows: Label | slice) -> Table:
    """Some rows of a table as a table of their own, with the spare rows that founding leaves."""
    ids = table.ids[rows]
    made = Table(0)
    made.reserve(len(ids))
    made.n = len(ids)
    made.columns.ids[: made.n] = ids
    for name in Firms._fields:
        made.column(name)[:] = table.column(name)[rows]
    return made


def fresh(start: Start) -> World:
    """A copy that may be stepped: firms and stocks are new, all else is only read."""
    world = start.world
    people = type(world.stocks.people)(*(part.copy() for part in world.stocks.people))
    stocks = Stocks(
        *(people if part is world.stocks.people else part.copy() for part in world.stocks)
    )
    return replace(world, firms=_table(world.firms, slice(None)), stocks=stocks)


def addresses(start: Start) -> Iterator[Address]:
    """The calendar of a run, quarter by quarter."""
    years = start.study.years
    for step, now in enumerate(start.study.simulated):
        yield Address(
            start.study.scenario.seed,
            start.member,
            now.index,
            step,
            now.year - years[0],
            now.quarter == 1,
        )


def stretches(start: Start) -> Iterator[Stretch]:
    """The calendar of a run by years: what a member gives to the engine at a time."""
    study = start.study
    first = study.simulated[0].index, Quarter(study.years[0], 1).index
    for begin in range(0, len(study.simulated), QUARTERS_A_YEAR):
        stop = begin + QUARTERS_A_YEAR
        yield Stretch(study.scenario.seed, start.member, *first, begin, stop)


def walk(start: Start, world: World, engine_name: str) -> tuple[dict[str, float], int]:
    """Step a fresh world through its period; its totals, and the firm-steps that took."""
    engine = choose(engine_name)
    block, cells = _room(world)
    for when in stretches(start):
        world.firms.reserve(int(world.first_birth[when.stop] - world.first_birth[when.start]))
        world.firms.n = engine.quarters(
            world.firms.columns,
            world.firms.n,
            world.births.columns,
            world.first_birth,
            world.parameters,
            world.forcing,
            world.links,
            world.stocks,
            when,
            block,
            cells,
        )
    measures = measures_of(block[-1], cells[-1])
    found = {name: float(measures.city[CITY.index(name)]) for name in TOTALS}
    found |= flat(BY_CHAIN, measures.chain) | flat(BY_PLACE[:3], measures.place)
    found |= flat(("delivered",), world.stocks.delivered[-1:])
    found |= flat(("hired",), world.stocks.people.hired[-1:])
    return found, int(block[1:, FIRMS].sum())


def walk_by_quarters(start: Start, world: World, quarter: Callable[..., int]) -> None:
    """Step a fresh world with a function for one quarter, as the engines have inside."""
    block, cells = _room(world)
    world.firms.reserve(world.births.n)
    for now in addresses(start):
        t = now.step
        first, last = (int(part) for part in world.first_birth[t : t + 2])
        world.firms.n = quarter(
            world.firms.columns,
            world.firms.n,
            world.births.columns,
            first,
            last,
            world.parameters,
            world.forcing,
            world.links,
            world.stocks,
            now,
            measures_of(block[t + 1], cells[t + 1]),
        )


def _room(world: World) -> tuple[Number, Number]:
    """Room for what a run records: rows of the city, chains and places, and cells."""
    quarters, chains, places = world.forcing.growth.shape
    width = len(CITY) + len(BY_CHAIN) * chains + len(BY_PLACE) * places
    return np.zeros((quarters + 1, width)), np.zeros((quarters + 1, chains, places))


def flat(names: Iterable[str], rows: Iterable[Iterable[float]]) -> dict[str, float]:
    """Rows of figures, flat and named: ``name[k]``."""
    return {
        f"{name}[{k}]": float(value)
        for name, row in zip(names, rows, strict=False)
        for k, value in enumerate(row)
    }


TOTALS = (
    "core_revenue",
    "core_revenue_consolidated",
    "core_scale",
    "software_revenue",
    "ecosystem_revenue",
    "contract_revenue",
    "intermediate_revenue",
    "lost_to_capacity",
    "top10_share",
    "firms",
    "catalogue_firms",
    "firms_10",
    "firms_50",
    "firms_100",
    "exits",
    "fund_invested",
    "private_coinvestment",
    "tickets",
    "talent_pool",
    "talent_wanted",
    "talent_fill",
    "grants_paid",
    "project_investment",
    "project_sales",
)
"""City measures that every yardstick computes, besides those by chain and place, deliveries and people hired."""


def divided(start: Start, factor: int) -> Start:
    """The same firms in `factor` times as many chain × place cells: every chain and place split in √factor ones.

    `factor` is a square. What drives a cell is repeated, so that only the number of cells differs.
    """
    k = round(factor**0.5)
    world = start.world
    chains, places = world.forcing.growth.shape[1:]
    nodes = len(world.links.node_chain)
    forcing = world.forcing._replace(
        drift=np.tile(world.forcing.drift, (1, k)),
        growth=np.tile(world.forcing.growth, (1, k, k)),
        survival=np.tile(world.forcing.survival, (1, k, k)),
        linkage=np.tile(world.forcing.linkage, (1, k)),
        contracts=np.tile(world.forcing.contracts, (1, k)) / k,
        grants=np.tile(world.forcing.grants, (1, k)) / k,
        research_depreciation=np.tile(world.forcing.research_depreciation, (1, k)),
        people=world.forcing.people._replace(
            programme=np.tile(world.forcing.people.programme, (1, k)),
            promised=np.tile(world.forcing.people.promised, (1, 1, k)),
        ),
    )
    links = world.links._replace(
        purchases=np.tile(world.links.purchases, (k, k)) / k,
        node_chain=np.concatenate([world.links.node_chain + chains * j for j in range(k)]),
        coverage=np.tile(world.links.coverage, k),
    )
    tables = []
    for table in (world.firms, world.births):
        made = _table(table, slice(None))
        turn = np.arange(table.n) % k
        made.column("chain")[:] += chains * turn
        made.column("node")[:] += nodes * turn
        made.column("place")[:] += places * (np.arange(table.n) // k % k)
        tables.append(made)
    sales = np.bincount(tables[0].column("chain"), tables[0].column("sales"), chains * k)
    people = world.stocks.people
    by_place = {name: np.tile(getattr(people, name), k) for name in people._fields[:-1]}
    stocks = world.stocks._replace(
        people=people._replace(**by_place),
        grant_pot=np.tile(world.stocks.grant_pot, k),
        chain_sales=sales,
        chain_contract=np.tile(world.stocks.chain_contract, k),
    )
    return Start(
        start.study,
        replace(
            world, firms=tables[0], births=tables[1], forcing=forcing, links=links, stocks=stocks
        ),
        start.member,
    )
