"""The model: a founded world and the schedule that moves it, one quarter a step.

`prepare` turns a scenario into a `Study`, everything its members share. `TianjinAI` is one member as a Mesa model:

    study = prepare(load_scenario("scenarios/baseline.yaml"))
    model = TianjinAI(study, member=0)
    model.step()            # one quarter
    model.measures["core_revenue"]

`Study.simulate` runs a member to the end and returns its recorded block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import mesa
import numpy as np
import numpy.typing as npt

from simulator.engine.choose import Engine, choose
from simulator.foundation.calendar import Quarter
from simulator.policy.budgets import MUNICIPALITY, Office, office_of, offices
from simulator.policy.effects import LeverEffect, counted_targets, lever_tables, revenue_goal
from simulator.policy.governments import Government, forget
from simulator.policy.levers import Channels, open_channels
from simulator.registry import Library, Registry
from simulator.scenario import Scenario
from simulator.world.draws import ParameterDraws
from simulator.world.firms import Table
from simulator.world.founding import (
    TIER,
    Base,
    BirthPlan,
    Draw,
    closing_rate,
    found_2017,
    found_2024,
    lay_out_births,
    settle_links,
)
from simulator.world.listed import Listed, found_listed, listed_firms
from simulator.world.measures import (
    BUDGET_FACTOR,
    CORE_REVENUE,
    CORE_REVENUE_PUBLISHED,
    FEATURE_CLUSTERS,
    FUND_COMMITTED,
    FUND_PAID_IN,
    PLACE_BUDGET_FACTOR,
    PLACE_CORE_REVENUE,
    Measures,
    measure_names,
    measures_of,
)
from simulator.world.paths import GrowthPaths, contract_spending, fund_paths, growth_paths
from simulator.world.pipelines import Reserved, run_pipelines
from simulator.world.places import Ground, count_feature_areas, load_ground
from simulator.world.state import (
    Address,
    Forcing,
    Parameters,
    Switches,
    World,
    carry_tickets,
    open_stocks,
    parameters_of,
)

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]

QUARTERS_A_YEAR = 4
NO_CONSTRUCTION = -1  # recorded where a list of firms states the base value
DERIVED = ("construction", "n10_founding", "catalogue_founding", "arrivals_signed")


class MemberResult(NamedTuple):
    """One member: recorded series (quarters, series) and its drawn parameters (parameters,)."""

    values: Number
    parameters: Number


class Study:
    """What all members of a scenario share: ground, channels, distributions, calendar."""

    def __init__(self, scenario: Scenario) -> None:
        """Read the ground and open the channels; raises InputError for bad data."""
        self.scenario = scenario
        self.library: Library = scenario.library
        self.registry: Registry = self.library.registry
        self.ground: Ground = load_ground(self.library)
        self.simulated: tuple[Quarter, ...] = scenario.period.quarters
        self.quarters: tuple[Quarter, ...] = (self.simulated[0].shift(-1), *self.simulated)
        self.years: tuple[int, ...] = scenario.period.years
        self.effects: tuple[LeverEffect, ...] = lever_tables(self.library).effects
        self.counted: tuple[str, ...] = counted_targets(self.effects)
        self.series: tuple[str, ...] = measure_names(
            self.ground.chains,
            self.ground.places,
            tuple(self.registry.target(target).key for target in self.counted),
        )
        self.switches = Switches(**{k: float(on) for k, on in scenario.mechanisms.items()})
        self.constructions = self.library.constructions
        self.draws = ParameterDraws(
            scenario.assumptions,
            self.constructions,
            scenario.base_construction,
            self.years,
            scenario.seed,
        )
        self.parameter_names: tuple[str, ...] = (*self.draws.names, *DERIVED)
        self.year_start: Label = np.array(
            [self.simulated.index(Quarter(q.year, 1)) for q in self.simulated]
        )
        prior = self.library.priors["arrivals_rate"].distribution
        self.closes_entry_account: bool = scenario.assumptions["arrivals_rate"] == prior

    @cached_property
    def listed(self) -> Listed | None:
        """The user's own list of firms as columns; None where the catalogue is drawn."""
        population = self.scenario.population
        if population is None:
            return None
        nodes = tuple(node.id for chain in self.registry.chains for node in chain.nodes)
        return listed_firms(population, self.ground, nodes)

    @cached_property
    def channels(self) -> Channels:
        """Exposure tables of the scenario's levers, all as planned."""
        return self._open(None)

    def scaled_channels(self, factors: Mapping[str, Number]) -> Channels:
        """Exposure tables when each government scales the doses of its levers, (T,) by its id."""
        levers = self.scenario.levers
        return self._open({s.lever.id: factors[office_of(s, self.ground)] for s in levers})

    def _open(self, factors: Mapping[str, Number] | None) -> Channels:
        assumptions = lever_tables(self.library).assumptions
        levers = self.scenario.levers
        return open_channels(
            levers, assumptions, self.effects, self.ground, self.simulated, factors
        )

    @cached_property
    def offices(self) -> tuple[Office, ...]:
        """The governments of the city, the municipality first, with their planned budgets."""
        assumptions = lever_tables(self.library).assumptions
        return offices(self.scenario.levers, assumptions, self.ground, self.simulated)

    @cached_property
    def goal(self) -> tuple[float, int] | None:
        """Core revenue (亿元) and year that adaptive governments steer for; None without a target in force."""
        target = revenue_goal(self.registry, self.scenario.plans, self.quarters[0].year)
        if target is None or target.value is None:
            return None
        return target.value, target.deadline.year

    def simulate(self, member: int, engine: str = "auto") -> MemberResult:
        """Run one member to the end of the period; thread-safe, a function of (scenario, seed, member)."""
        model = TianjinAI(self, member, engine=engine)
        for _ in self.simulated:
            model.step()
        result = MemberResult(model.block, model.parameter_row)
        model.close()
        return result


def prepare(scenario: Scenario) -> Study:
    """Everything the members of a scenario share."""
    return Study(scenario)


class TianjinAI(mesa.Model):  # type: ignore[misc]
    """One member of a study as a Mesa model; ``step()`` is one quarter.

    ``model.world`` holds the firms as columns, ``model.block`` the recorded series (quarters, series), of which
    row 0 is the founding state, and ``model.measures`` the latest row by name. Its agents are the governments; firms
    are columns, being too many for objects.
    """

    def __init__(
        self,
        study: Study | Scenario,
        member: int = 0,
        *,
        engine: str = "auto",
    ) -> None:
        """Found the world of one member. Raises ValueError when no world fits the drawn parameters."""
        self.study = study if isinstance(study, Study) else prepare(study)
        seed = self.study.scenario.seed
        super().__init__(rng=np.random.SeedSequence([seed, member]))
        self.member = member
        self.engine: Engine = choose(engine)
        self.quarters_done = 0
        self.block = np.zeros((len(self.study.quarters), len(self.study.series)))
        self.world, self.parameter_row, self.layout = found_world(self.study, member, self.engine)
        self._measure_founding()
        self.governments = self._seat_governments()
        self._record_factors(0)
        self.factors = {g.office.id: np.ones(len(self.study.simulated)) for g in self.governments}
        self.block[1:, -2 * len(self.study.counted) :] = self.world.projects

    def step(self) -> None:
        """Advance one quarter: exits, entry, growth, finance, demand, recording (the schedule of the model).

        Raises RuntimeError past the end of the period or when a result is not a finite number.
        """
        study, world = self.study, self.world
        t = self.quarters_done
        if t >= len(study.simulated):
            raise RuntimeError(f"the period ends with {study.simulated[-1]}")
        now = study.simulated[t]
        if now.quarter == 1:
            self._set_budgets(t)
        first, last = int(world.first_birth[t]), int(world.first_birth[t + 1])
        world.firms.reserve(last - first)
        address = Address(
            study.scenario.seed,
            self.member,
            now.index,
            t,
            now.year - study.years[0],
            now.quarter == 1,
        )
        ground = study.ground
        row = self.block[t + 1]
        measures = measures_of(row, len(ground.chains), len(ground.places))
        world.firms.n = self.engine.quarter(
            world.firms.columns,
            world.firms.n,
            world.births.columns,
            first,
            last,
            world.parameters,
            world.forcing,
            world.links,
            world.stocks,
            address,
            measures,
        )
        self._count_areas(measures)
        self._record_factors(t + 1)
        self.quarters_done = t + 1
        if self.quarters_done == len(study.simulated):
            forget(self)
        if not np.isfinite(row).all():
            odd = study.series[int(np.argmin(np.isfinite(row)))]
            raise RuntimeError(f"{odd} is not a finite number in {now} (member {self.member})")

    def close(self) -> None:
        """Let go of everything: Mesa ties a model to itself, so its columns would wait for the collector."""
        forget(self)
        self.__dict__.clear()

    def lay_out(self, channels: Channels) -> None:
        """Lay out again what levers move, from the coming year on; what has happened stays.

        To be called between two years, since a year's projects are listed at once; ``channels`` must be those of the
        present layout in every year that is over.
        """
        world = self.world
        issued = int(world.forcing.first_ticket[self.quarters_done])
        world.births, world.first_birth, world.forcing, world.projects = self.layout.lay_out(
            channels
        )
        world.stocks = carry_tickets(world.stocks, len(world.forcing.tickets), issued)
        self.block[1:, -2 * len(self.study.counted) :] = world.projects

    @property
    def quarter(self) -> Quarter:
        """The quarter last computed."""
        return self.study.quarters[self.quarters_done]

    @property
    def measures(self) -> dict[str, float]:
        """Latest recorded row by series name."""
        return dict(zip(self.study.series, self.block[self.quarters_done].tolist(), strict=True))

    def _measure_founding(self) -> None:
        ground, world = self.study.ground, self.world
        measures = measures_of(self.block[0], len(ground.chains), len(ground.places))
        self.engine.record(world.firms.columns, world.firms.n, world.parameters, measures)
        measures.city[FUND_COMMITTED] = world.parameters.finance.fund_committed
        measures.city[FUND_PAID_IN] = world.parameters.finance.fund_paid_in
        measures.city[CORE_REVENUE_PUBLISHED] = measures.city[CORE_REVENUE]
        self._count_areas(measures)

    def _seat_governments(self) -> tuple[Government, ...]:
        """The governments, each with the founding revenue of its places and its share of the target."""
        study = self.study
        place, whole = self._published(slice(0, 1))
        gain = self.world.parameters.budgets.adaptive_gain
        seated = []
        for office in study.offices:
            base = float(place[list(office.places)].sum()) if office.id else whole
            goal = study.goal[0] * base / whole if study.goal is not None and whole > 0.0 else None
            seated.append(Government(self, office, gain, base, goal))
        return tuple(seated)

    def _set_budgets(self, t: int) -> None:
        """Let every government set its budget for the year that begins with step ``t`` (M21)."""
        study = self.study
        year = study.simulated[t].year
        if t == 0 or study.scenario.government == "fixed" or study.goal is None:
            for government in self.governments:
                government.keep_to_plan(year - study.years[0])
            return
        place, whole = self._published(slice(t + 1 - QUARTERS_A_YEAR, t + 1))
        place = place * self.world.forcing.published[year - 1 - study.years[0]]
        founding_year = study.quarters[0].year
        passed = (year - 1 - founding_year) / (study.goal[1] - founding_year)
        for government in self.governments:
            office = government.office
            published = float(place[list(office.places)].sum()) if office.id else whole
            government.adapt(year - study.years[0], passed, published)
            self.factors[office.id][t : t + QUARTERS_A_YEAR] = government.factor
        # The present layout has this year as planned.
        if any(government.factor != 1.0 for government in self.governments):
            self.lay_out(study.scaled_channels(self.factors))

    def _published(self, rows: slice) -> tuple[Number, float]:
        """Mean over recorded rows: true core revenue by place (P,) and the published figure of the city, 亿元."""
        ground = self.study.ground
        views = [measures_of(r, len(ground.chains), len(ground.places)) for r in self.block[rows]]
        place = np.mean([view.place[PLACE_CORE_REVENUE] for view in views], axis=0)
        return place, float(np.mean([view.city[CORE_REVENUE_PUBLISHED] for view in views]))

    def _record_factors(self, row: int) -> None:
        ground = self.study.ground
        measures = measures_of(self.block[row], len(ground.chains), len(ground.places))
        for government in self.governments:
            office = government.office
            if office.id == MUNICIPALITY:
                measures.city[BUDGET_FACTOR] = government.factor
            else:
                measures.place[PLACE_BUDGET_FACTOR, list(office.places)] = government.factor

    def _count_areas(self, measures: Measures) -> None:
        threshold = self.world.parameters.clusters.cluster_threshold
        areas = count_feature_areas(self.study.ground.areas, measures.cell, threshold)
        measures.city[FEATURE_CLUSTERS] = areas


class Laid(NamedTuple):
    """All that policy moves and no firm does, over the T quarters of a period."""

    births: Table
    first_birth: Label  # (T + 1,)
    forcing: Forcing
    projects: Number  # (T, 2·targets)


@dataclass(frozen=True)
class Layout:
    """What a member's quarters are laid out from, whatever its levers do: draws, paths, sizes at founding.

    Every draw is addressed, so laying out again with other doses from some quarter on gives the quarters before it
    again, bit for bit.
    """

    study: Study
    values: dict[str, float]
    parameters: Parameters
    draw: Draw
    growth: GrowthPaths
    reference: Number  # (Y,) size against which hazard measures a firm, 亿元/yr
    unmoved: BirthPlan  # who would come without policy

    def lay_out(self, channels: Channels) -> Laid:
        """Births, forcing and projects when levers act through these channels."""
        study, p, draw = self.study, self.parameters, self.draw
        ground = study.ground
        shape = (len(study.simulated), len(ground.chains), len(ground.places))

        def channel(name: str, shape: tuple[int, ...]) -> Number:
            return channels.channel(name, self.values.__getitem__, shape)

        plan = self.unmoved._replace(
            entry=1.0 + channel("entry", shape) @ ground.place_share,
            incentive=channel("location", shape),
            policy=tuple((s.lever, s.rates, s.chain_weights) for s in channels.signings),
        )
        births, first_birth = lay_out_births(plan, ground, p, draw)
        funds = fund_paths(channel("fund", shape[:1]), p, draw)
        forcing = Forcing(
            drift=self.growth.drift,
            reference=self.reference,
            published=self.growth.published,
            growth=channel("growth", shape),
            survival=channel("survival", shape),
            linkage=channel("linkage", shape) @ ground.place_share,
            contracts=contract_spending(
                channel("demand", shape[:2]), p.contracts.contract_duration
            ),
            fund=funds.stocks,
            tickets=funds.tickets,
            first_ticket=funds.first_ticket,
        )
        reserved = [
            Reserved(
                r.target,
                r.technology,
                (self.values[r.parameter] if r.parameter else 1.0) * r.rates,
            )
            for r in channels.reservations
        ]
        projects = run_pipelines(
            reserved, ground.carried, study.counted, study.year_start, p.milestones, draw
        )
        return Laid(births, first_birth, forcing, np.hstack(projects))


def found_world(study: Study, member: int, engine: Engine) -> tuple[World, Number, Layout]:
    """Found one member: draw its parameters, its firms, its paths and the firms to come.

    Returns the world, the row of drawn parameters, and what the quarters were laid out from.
    """
    scenario, ground = study.scenario, study.ground
    values, construction, drift = study.draws.of(member)
    draw = Draw(scenario.seed, member, engine.uniforms, engine.choose_place)
    p = parameters_of(values, study.switches)
    if study.listed is not None:
        construction = NO_CONSTRUCTION
        firms = found_listed(ground, study.listed, _listed_base(study.listed, values), p, draw)
    elif scenario.founding == "2024Q4":
        base = _base(study, values, construction, member)
        firms = found_2024(ground, base, p, draw)
    else:
        firms = found_2017(ground, p, draw)
    links = settle_links(firms, ground, p)
    columns = firms.columns.firms
    listed = columns.catalogue[: firms.n] > 0
    external, sales = columns.external[: firms.n], columns.sales[: firms.n]
    median = float(np.median(external))
    growth = growth_paths(study.years, study.quarters[0].year, drift, ground, p, draw)
    index = np.exp(np.cumsum(growth.drift @ ground.chain_mix))
    x0 = float(np.sum(sales[listed]))
    loading = p.demand.loading_national * float(np.log1p(p.demand.g_nat_ai))
    rate = values["arrivals_rate"]
    if study.closes_entry_account:
        rate = closing_rate(
            firms,
            p,
            p.demand.net_entry_share_national * loading * x0,
            (1.0 - p.demand.net_entry_share_national) * loading,
            median,
        )
    by_chain = columns.chain[: firms.n]
    chain_sales = np.asarray(np.bincount(by_chain, sales, len(ground.chains)), dtype=np.float64)
    chain_external = np.bincount(by_chain, external, len(ground.chains))
    final_share = np.where(chain_sales > 0.0, chain_external / np.maximum(chain_sales, 1e-300), 1.0)
    year_of = np.array([q.year - study.years[0] for q in study.simulated])
    unmoved = BirthPlan(
        first_quarter=study.simulated[0].index,
        n_founding=firms.n,
        median_size=float(np.median(sales)),
        final_share=final_share,
        size_index=index[year_of],
        entry=np.ones(1),
        incentive=np.zeros(1),
        base_rate=rate,
        policy=(),
    )
    layout = Layout(study, values, p, draw, growth, median * index, unmoved)
    laid = layout.lay_out(study.channels)
    reference = float(np.median(external[listed])) if listed.any() else median
    stocks = open_stocks(len(laid.forcing.tickets), chain_sales, reference)
    derived = (
        float(construction),
        float(np.count_nonzero(listed & (sales >= TIER))),
        float(np.count_nonzero(listed)),
        rate,
    )
    row = np.array([*(values[name] for name in study.draws.names), *derived])
    world = World(
        firms, laid.births, laid.first_birth, p, laid.forcing, links, stocks, laid.projects
    )
    return world, row, layout


def _listed_base(listed: Listed, values: dict[str, float]) -> Base:
    """The stock of 2024 as a list of firms states it; the values drawn for it are overwritten."""
    revenue = listed.in_catalogue
    values["base_core_revenue"] = float(revenue.sum())
    values["n10_2024"] = float(np.count_nonzero(revenue >= TIER))
    values["catalogue_firms"] = float(len(revenue))
    names = ("catalogue_firms", "ecosystem_firms", "founding_tail", "unnamed_max_size")
    stated = values["base_core_revenue"], NO_CONSTRUCTION, values["n10_2024"]
    return Base(*stated, *(values[name] for name in names))


def _base(study: Study, values: dict[str, float], construction: int, member: int) -> Base:
    """The stock of 2024, with the count above the tier drawn from its prior inside what X₀ leaves room for."""
    chosen = study.constructions[construction]
    inside = dict(chosen.inside)
    named = [firm.revenue * inside[firm.id] for firm in study.ground.named if firm.id in inside]
    above = sum(revenue >= TIER for revenue in named)
    room = values["base_core_revenue"] - sum(named)
    most = above + int(0.6 * room / TIER)
    drawn = study.draws.truncated("n10_2024", member, above - 0.5, most + 0.5)
    n10 = float(min(max(round(drawn), above), most))
    values["n10_2024"] = n10
    names = ("catalogue_firms", "ecosystem_firms", "founding_tail", "unnamed_max_size")
    return Base(values["base_core_revenue"], construction, n10, *(values[n] for n in names))
