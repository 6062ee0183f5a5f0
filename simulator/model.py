"""The model: a founded world and the schedule that moves it, one quarter a step.

`prepare` turns a scenario into a `Study`, everything its members share. `TianjinAI` is one member as a Mesa model:

    study = prepare(load_scenario("scenarios/baseline.yaml"))
    model = TianjinAI(study, member=0)
    model.step()            # one quarter
    model.measures["core_revenue"]

`Study.simulate` runs a member to the end and returns its recorded block.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import mesa
import numpy as np
import numpy.typing as npt

from simulator.engine.choose import Engine, choose
from simulator.foundation.calendar import Quarter
from simulator.policy.effects import LeverEffect, counted_targets, lever_tables, sized_targets
from simulator.policy.levers import Channels, open_channels
from simulator.registry import Library, Registry, Target
from simulator.scenario import Scenario
from simulator.world.draws import ParameterDraws
from simulator.world.founding import (
    TIER,
    Base,
    BirthPlan,
    Draw,
    closing_rate,
    found_2017,
    found_2024,
    lay_out_births,
    node_depreciation,
    settle_links,
    settle_research,
)
from simulator.world.goals import (
    Backdrop,
    lay_out_backdrop,
    measure_named,
    measure_related,
    named_firm_targets,
    stand_ins,
)
from simulator.world.listed import Listed, found_listed, listed_firms
from simulator.world.measures import (
    CORE_REVENUE,
    CORE_REVENUE_PUBLISHED,
    FEATURE_CLUSTERS,
    FUND_COMMITTED,
    FUND_PAID_IN,
    LEADING_FIRMS_TOP3,
    SPECIALISED_SMES,
    OwnSeries,
    measure_names,
    measures_of,
)
from simulator.world.paths import contract_spending, fund_paths, growth_paths
from simulator.world.people import people_paths, settle_people
from simulator.world.pipelines import (
    INVESTED_IN,
    Reserved,
    carrier_of,
    projects_so_far,
    run_pipelines,
)
from simulator.world.places import Ground, count_feature_areas, load_ground
from simulator.world.state import (
    Forcing,
    Stretch,
    Switches,
    World,
    open_stocks,
    parameters_of,
)
from simulator.world.titles import count_titles, open_titles, review_titles

Number = npt.NDArray[np.float64]

DT = 0.25
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
        self.sized: tuple[str, ...] = sized_targets(self.effects, self.registry)
        # Who stands for a named firm is known where the firms of 2017 are founded.
        by_name = named_firm_targets(self.ground) if scenario.founding == "2017Q4" else ()
        self.named: tuple[str, ...] = by_name
        due = {target.id for target in self.registry.targets if target.deadline.year in self.years}
        self.clusters = tuple(c for c in self.ground.goal_clusters if c.target in due)
        named = tuple(cluster.target for cluster in self.clusters)
        self.own = OwnSeries(*(self._keys(ids) for ids in (self.sized, by_name, named)))
        self.series: tuple[str, ...] = measure_names(
            self.ground.chains, self.ground.places, self._keys(self.counted), self.own
        )
        end = len(self.series) - len(self.own.names)
        self.delivered = slice(end - len(self.counted), end)  # columns of a recorded row
        self.last_stage = last_stages(self.registry)
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
        prior = self.library.priors["arrivals_rate"].distribution
        self.closes_entry_account: bool = scenario.assumptions["arrivals_rate"] == prior

    @property
    def measured_by_quarter(self) -> bool:
        """Whether a target names firms or a cluster, which the firms' columns answer quarter by quarter."""
        return bool(self.named or self.clusters)

    def _keys(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.registry.target(target).key for target in targets)

    def values_asked(self, targets: tuple[str, ...]) -> Number:
        """What each target asks for, in its unit; shape (targets,)."""
        return np.array([self.registry.target(target).value or 0.0 for target in targets])

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
        """Exposure tables of the scenario's levers."""
        assumptions = lever_tables(self.library).assumptions
        return open_channels(
            self.scenario.levers, assumptions, self.effects, self.ground, self.simulated
        )

    def simulate(self, member: int, engine: str = "auto", luck: int | None = None) -> MemberResult:
        """Run one member to the end of the period; thread-safe, a function of (scenario, seed, member, luck).

        With `luck`, the member keeps its parameters and base value, and draws all else as member `luck` does.
        """
        model = TianjinAI(self, member, engine=engine, luck=luck)
        model.advance(len(self.simulated))
        result = MemberResult(model.block, model.parameter_row)
        model.close()
        return result


def last_stages(registry: Registry) -> dict[str, str]:
    """For each target that is a dated stage of something, the last stage: all of them are one row of projects."""
    stages = [target for target in registry.targets if target.comparator == "by_date"]
    last: dict[tuple[str, str], Target] = {}
    for target in sorted(stages, key=lambda target: target.deadline):
        last[target.document, target.metric] = target
    return {target.id: last[target.document, target.metric].id for target in stages}


def prepare(scenario: Scenario) -> Study:
    """Everything the members of a scenario share."""
    return Study(scenario)


class TianjinAI(mesa.Model):  # type: ignore[misc]
    """One member of a study as a Mesa model; ``step()`` is one quarter.

    ``model.world`` holds the firms as columns, ``model.block`` the recorded series (quarters, series), of which
    row 0 is the founding state, and ``model.measures`` the latest row by name. ``luck`` is the member whose draws of
    everything but parameters it takes: its own, unless the same parameters are to meet other luck.
    """

    def __init__(
        self,
        study: Study | Scenario,
        member: int = 0,
        *,
        engine: str = "auto",
        luck: int | None = None,
    ) -> None:
        """Found the world of one member. Raises ValueError when no world fits the drawn parameters."""
        self.study = study if isinstance(study, Study) else prepare(study)
        seed = self.study.scenario.seed
        super().__init__(rng=np.random.SeedSequence([seed, member]))
        self.member = member
        self.luck = member if luck is None else luck
        self.engine: Engine = choose(engine)
        self.quarters_done = 0
        ground = self.study.ground
        rows = len(self.study.quarters)
        self.block = np.zeros((rows, len(self.study.series)))
        self.cells = np.zeros((rows, len(ground.chains), len(ground.places)))
        self.draw = Draw(seed, self.luck, self.engine.uniforms, self.engine.choose_place)
        self.world, self.backdrop, self.parameter_row = found_world(self.study, member, self.draw)
        end = self.study.delivered.stop
        self.block[1:, end - self.world.projects.shape[1] : end] = self.world.projects
        self._own = self.block[:, end:]
        self._own[1:, : 2 * len(self.study.sized)] = self._sizes()
        self._measure_founding()

    def step(self) -> None:
        """Advance one quarter: exits, entry, growth, finance, demand, recording (the schedule of the model).

        Raises RuntimeError past the end of the period or when a result is not a finite number.
        """
        self.advance(1)

    def advance(self, quarters: int) -> None:
        """Advance some quarters, as so many steps do; the engine gets as many at a time as the calendar allows.

        Raises RuntimeError past the end of the period or when a result is not a finite number.
        """
        study = self.study
        end = self.quarters_done + quarters
        if end > len(study.simulated):
            raise RuntimeError(f"the period ends with {study.simulated[-1]}")
        while self.quarters_done < end:
            now = study.simulated[self.quarters_done].quarter
            longest = 1 if study.measured_by_quarter else QUARTERS_A_YEAR + 1 - now
            self._compute(min(end, self.quarters_done + longest))

    def _compute(self, stop: int) -> None:
        """Compute the quarters up to step ``stop``, all of one calendar year, and measure them."""
        study, world = self.study, self.world
        start = self.quarters_done
        world.firms.reserve(int(world.first_birth[stop] - world.first_birth[start]))
        world.firms.n = self.engine.quarters(
            world.firms.columns,
            world.firms.n,
            world.births.columns,
            world.first_birth,
            world.parameters,
            world.forcing,
            world.links,
            world.stocks,
            Stretch(
                study.scenario.seed,
                self.luck,
                study.simulated[0].index,
                Quarter(study.years[0], 1).index,
                start,
                stop,
            ),
            self.block,
            self.cells,
        )
        self.quarters_done = stop
        rows = slice(start + 1, stop + 1)
        titles = slice(SPECIALISED_SMES, LEADING_FIRMS_TOP3 + 1)
        self.block[rows, titles] = self.block[start, titles]
        if self.quarter.quarter == QUARTERS_A_YEAR and world.parameters.switches.firms > 0.0:
            review_titles(world.firms, self.quarter.year, world.parameters.titles)
            self._count_titles()
        self.block[rows, study.delivered] += world.stocks.delivered[start:stop]
        self.block[rows, study.delivered.start + world.hired] += projects_so_far(
            world.stocks.people.hired[start:stop]
        )
        self._measure(rows)
        finite = np.isfinite(self.block[rows])
        if not finite.all():
            step, odd = np.argwhere(~finite)[0]
            quarter = study.simulated[start + step]
            raise RuntimeError(
                f"{study.series[odd]} is not a finite number in {quarter} (member {self.member})"
            )

    def close(self) -> None:
        """Let go of everything: Mesa ties a model to itself, so its columns would wait for the collector."""
        self.__dict__.clear()

    @property
    def quarter(self) -> Quarter:
        """The quarter last computed."""
        return self.study.quarters[self.quarters_done]

    @property
    def measures(self) -> dict[str, float]:
        """Latest recorded row by series name."""
        return dict(zip(self.study.series, self.block[self.quarters_done].tolist(), strict=True))

    def _measure_founding(self) -> None:
        world = self.world
        measures = measures_of(self.block[0], self.cells[0])
        self.engine.record(world.firms.columns, world.firms.n, world.parameters, measures)
        measures.city[FUND_COMMITTED] = world.parameters.finance.fund_committed
        measures.city[FUND_PAID_IN] = world.parameters.finance.fund_paid_in
        measures.city[CORE_REVENUE_PUBLISHED] = measures.city[CORE_REVENUE]
        self.engine.count_people(world.stocks.people, measures)
        self._count_titles()
        self._measure(slice(0, 1))

    def _count_titles(self) -> None:
        world, now = self.world, self.quarters_done
        first = float(self.backdrop.niche_first[now])
        count_titles(world.firms, first, world.parameters.titles, self.draw, self.block[now])

    def _measure(self, rows: slice) -> None:
        """Write what the engines do not sum: areas, clusters, related revenue, and what single targets ask for."""
        study, p = self.study, self.world.parameters
        ground = study.ground
        areas = count_feature_areas(ground.areas, self.cells[rows], p.clusters.cluster_threshold)
        self.block[rows, FEATURE_CLUSTERS] = areas
        measure_related(rows, self.block, len(ground.chains), self.backdrop, p)
        if study.measured_by_quarter:
            self._own[self.quarters_done, 2 * len(study.sized) :] = measure_named(
                self.world.firms,
                self.quarters_done,
                self.backdrop,
                study.clusters,
                study.values_asked(study.named),
                p,
            )

    def _sizes(self) -> Number:
        """Size of the single projects begun, then of those delivered; (T, 2·sized)."""
        study, projects = self.study, self.world.projects
        columns = [study.counted.index(target) for target in study.sized]
        planned = study.values_asked(study.sized)
        delivered = planned * self.world.parameters.milestones.project_size_realised
        begun = projects[:, columns] * planned
        return np.hstack(
            [begun, projects[:, len(study.counted) + np.array(columns, dtype=int)] * delivered]
        )


def found_world(study: Study, member: int, draw: Draw) -> tuple[World, Backdrop, Number]:
    """Found one member: draw its parameters, then its firms, its paths and the firms to come with the draw's luck."""
    scenario, ground = study.scenario, study.ground
    values, construction, drift = study.draws.of(member)
    p = parameters_of(values, study.switches)
    if study.listed is not None:
        construction = NO_CONSTRUCTION
        firms = found_listed(ground, study.listed, _listed_base(study.listed, values), p, draw)
    elif scenario.founding == "2024Q4":
        base = _base(study, values, construction, member)
        firms = found_2024(ground, base, p, draw)
    else:
        firms = found_2017(ground, p, draw)
    open_titles(firms, study.quarters[0].year, p.titles)
    named = stand_ins(firms, ground, draw) if study.named else ()
    links = settle_links(firms, ground, p)
    depreciation = node_depreciation(ground, p)
    settle_research(firms, depreciation, p)
    columns = firms.columns.firms
    listed = columns.catalogue[: firms.n] > 0
    external, sales = columns.external[: firms.n], columns.sales[: firms.n]
    median = float(np.median(external))
    founding_year = study.quarters[0].year
    growth = growth_paths(study.years, founding_year, drift, ground, p, draw)
    backdrop = lay_out_backdrop(study.quarters, growth.national, study.clusters, named, p, draw)
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
    shape = (len(study.simulated), len(ground.chains), len(ground.places))
    channels = study.channels

    def channel(name: str, shape: tuple[int, ...]) -> Number:
        return channels.channel(name, values.__getitem__, shape)

    by_chain = columns.chain[: firms.n]
    chain_sales = np.asarray(np.bincount(by_chain, sales, len(ground.chains)), dtype=np.float64)
    chain_external = np.bincount(by_chain, external, len(ground.chains))
    final_share = np.where(chain_sales > 0.0, chain_external / np.maximum(chain_sales, 1e-300), 1.0)
    entry = 1.0 + channel("entry", shape) @ ground.place_share
    year_of = np.array([q.year - study.years[0] for q in study.simulated])
    births, first_birth = lay_out_births(
        BirthPlan(
            study.simulated[0].index,
            firms.n,
            float(np.median(sales)),
            final_share,
            index[year_of],
            entry,
            channel("location", shape),
            rate,
            tuple((s.lever, s.rates, s.chain_weights) for s in channels.signings),
        ),
        ground,
        p,
        draw,
    )
    settle_research(births, depreciation, p)
    grants = np.zeros((len(study.years), len(ground.chains)))
    np.add.at(grants, year_of, DT * channel("knowledge", shape[:2]))
    year_start = np.array([study.simulated.index(Quarter(q.year, 1)) for q in study.simulated])
    reserved = [
        Reserved(
            r.target,
            r.technology,
            (values[r.parameter] if r.parameter else 1.0) * r.rates,
            carrier_of(study.registry.target(r.target).metric, r.technology),
            study.registry.target(r.target).metric in INVESTED_IN,
            r.target in study.sized,
            study.last_stage.get(r.target, ""),
        )
        for r in channels.reservations
    ]
    pipelines = run_pipelines(
        reserved, ground.carried, study.counted, year_start, p.milestones, draw
    )
    # Promised people by target: those who come, and are hired once a firm has a post for them.
    of_people = tuple(sorted({r.target for r in channels.recruits}))
    promised = np.zeros((shape[0], len(of_people), shape[2]))
    for r in channels.recruits:
        strength = p.milestones.execution_counts * (values[r.parameter] if r.parameter else 1.0)
        promised[:, of_people.index(r.target)] += strength * r.rates
    funds = fund_paths(channel("fund", shape[:1]), p, draw)
    forcing = Forcing(
        drift=growth.drift,
        reference=median * index,
        published=growth.published,
        growth=channel("growth", shape),
        survival=channel("survival", shape),
        linkage=channel("linkage", shape) @ ground.place_share,
        contracts=contract_spending(channel("demand", shape[:2]), p.contracts.contract_duration),
        fund=funds.stocks,
        tickets=funds.tickets,
        first_ticket=funds.first_ticket,
        people=people_paths(
            study.years, growth.national, channel("talent_supply", shape[::2]), promised, p.talent
        ),
        grants=grants,
        research_depreciation=depreciation,
        projects=pipelines.carried,
    )
    reference = float(np.median(external[listed])) if listed.any() else median
    by_place = columns.place[: firms.n]
    place_sales = np.asarray(np.bincount(by_place, sales, shape[2]), dtype=np.float64)
    people = settle_people(
        place_sales, founding_year, (shape[0], len(of_people)), p.talent, p.switches.talent
    )
    able = int(np.sum(columns.ai[: firms.n])) + int(np.sum(births.column("ai")))
    stocks = open_stocks(
        len(funds.tickets),
        chain_sales,
        reference,
        people,
        holders=able,
        lag=int(np.floor(p.research.lag_rd / DT + 0.5)),
        projects=len(pipelines.carried.begun),
        counted=(shape[0], len(study.counted)),
    )
    derived = (
        float(construction),
        float(np.count_nonzero(listed & (sales >= TIER))),
        float(np.count_nonzero(listed)),
        rate,
    )
    row = np.array([*(values[name] for name in study.draws.names), *derived])
    # Of people, those who come are started and those hired are delivered, as the engine finds them posts.
    hired = np.array([study.counted.index(target) for target in of_people], dtype=np.int64)
    projects = np.hstack((pipelines.started, pipelines.delivered))
    projects[:, hired] += projects_so_far(np.cumsum(DT * promised.sum(axis=2), axis=0))
    world = World(firms, births, first_birth, p, forcing, links, stocks, projects, hired)
    return world, backdrop, row


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
